"""The public face: lists make points, changes change the machine, draws are paired, an explanation adds up."""

import numpy as np
import pandas as pd
import pytest

import model
from model.predictions.inputs import InputError

LAYER = {"hidden": 7168, "experts": 256, "topk": 8, "bytes_per_element": 1, "tokens": 128, "op": "dispatch"}


def test_every_name_of_the_face_is_documented_and_nothing_else_is_offered():
    assert set(model.__all__) <= set(dir(model))
    assert all(getattr(model, name).__doc__ and getattr(model, name).__annotations__ for name in model.__all__)
    assert all(f"`{name}`" in model.__doc__ for name in model.__all__)


def test_what_a_quantity_needs_and_what_it_can_take_are_told_apart():
    told = model.quantities()
    assert told.loc["job_mtbf", ["needs", "takes"]].tolist() == ["devices", "failure_rate"]
    needs = told.needs["all_to_all_time"].split(", ")
    assert needs == ["op", "ranks", "tokens", "hidden", "experts", "topk", "bytes_per_element"]
    for name in needs:
        with pytest.raises(InputError, match=name):
            given = {each: number for each, number in (LAYER | {"ranks": 8}).items() if each != name}
            model.predict("all_to_all_time", system="hgx-h100", **given)


def test_lists_make_every_combination_a_row():
    table = model.predict("all_to_all_time", system=["hgx-h100", "gb200-nvl72"], ranks=[8, 64, 256], **LAYER)
    assert len(table) == 6
    assert list(table.columns[-4:]) == ["value", "low", "high", "unit"]
    assert table.attrs["equation"] and table.attrs["sources"] and table.attrs["assumptions"]


def test_a_frame_of_points_and_lists_say_the_same():
    points = pd.DataFrame({"ranks": [8, 64], "system": ["hgx-h100", "gb200-nvl72"]})
    asked = model.predict("all_to_all_time", points, **LAYER)
    for row in asked.itertuples():
        alone = model.predict("all_to_all_time", system=row.system, ranks=row.ranks, **LAYER).iloc[0]
        assert (alone.value, alone.low, alone.high) == (row.value, row.low, row.high)
    with pytest.raises(InputError, match="tokens stands beside a frame"):
        model.predict("all_to_all_time", points, **LAYER | {"tokens": [1, 2]})


def test_workload_is_another_name_for_model():
    point = {"system": "hgx-h800", "ranks": 64, "batch": 64, "context": 4096, "precision": "fp8", "interval": False}
    asked = [model.predict("decode_throughput", **point | {key: "deepseek-v3"}) for key in ("model", "workload")]
    assert asked[0].value[0] == asked[1].value[0]


def test_changes_change_the_machine_and_nothing_else():
    ask = {"system": "hgx-h100", "ranks": 64, **LAYER, "interval": False}
    before = model.predict("all_to_all_time", **ask).value[0]
    assert model.predict("all_to_all_time", changes={"domain": 8}, **ask).value[0] == before
    assert model.predict("all_to_all_time", changes={"domain": 64}, **ask).value[0] < before


def test_draws_of_one_seed_are_paired_and_end_where_the_interval_does():
    ask = {"devices": [1024, 16384]}
    drawn = model.draws("job_mtbf", system="llama3-16k", **ask)
    assert np.allclose(drawn[:, 0] / drawn[:, 1], 16)  # one rate behind both
    table = model.predict("job_mtbf", system="llama3-16k", **ask)
    assert np.allclose(np.percentile(drawn, [5, 95], axis=0), [table.low, table.high], rtol=1e-12)


def test_a_speed_that_nothing_reaches_is_explained_by_no_law():
    asked = {"system": "hgx-h100", "model": "deepseek-v3", "speed": 5000, "context": 4096, "precision": "fp8"}
    assert model.predict("decode_frontier", interval=False, **asked).value[0] == 0
    with pytest.raises(InputError, match="no layout that fits reaches what was asked"):
        model.explain("decode_frontier", **asked)


def test_drivers_name_what_varies_most():
    found = model.drivers("job_mtbf", system="hgx-h100", devices=1024)
    assert found.factor[0] == "fleet"
    assert found.total[0] == pytest.approx(1)


def test_an_input_that_a_quantity_does_not_have_is_refused_by_name():
    with pytest.raises(InputError, match="has no input rate; did you mean failure_rate"):
        model.predict("job_mtbf", devices=1, rate=1e-9)
    with pytest.raises(InputError, match="did you mean hgx-h100"):
        model.predict("job_mtbf", system="H100 SXM", devices=1)


def test_the_law_of_a_quantity_is_a_model_that_sympy_can_read():
    law = model.law("job_mtbf")
    assert law.inputs(law.equations[0].lhs) == ["devices", "failure_rate"]


def test_lists_of_what_can_be_asked_have_every_name():
    assert "gb200-nvl72" in model.systems().index
    assert "deepseek-v3" in model.workloads().index
    assert "all_to_all_time" in model.quantities().index
