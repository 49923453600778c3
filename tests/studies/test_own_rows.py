"""A reader's own measurements in a chapter: the same questions with them and without, and nothing where none bears."""

import pandas as pd
import pytest

import model
from model.numbers import catalog
from model.predictions.inputs import InputError
from model.studies import own_rows

SHAPE = {"hidden": 7168.0, "experts": 256.0, "topk": 8.0}
DRAWS = 50


@pytest.fixture
def mine(tmp_path):
    """Return a file of dispatches on hgx-h100 that take twice what the study predicts, one of them held back."""
    points = pd.DataFrame({"ranks": [8.0, 8, 16, 16, 32], "tokens": [32.0, 128, 32, 128, 64]})
    points = points.assign(op="dispatch", bytes_per_element=1.0, **SHAPE)
    known = model.predict("all_to_all_time", points, system="hgx-h100", interval=False).value
    rows = points.assign(system="hgx-h100", value=2e6 * known, unit="us", role=["calibrate"] * 4 + ["validate"])
    path = tmp_path / "mine.csv"
    rows.to_csv(path, index=False)
    return str(path)


def test_without_a_file_there_is_nothing_to_compare():
    found = own_rows.compared("", own_rows.exchanges(64, 128, "deepseek-v3", 2**30))
    assert found.empty and list(found) == [*own_rows.COLUMNS, *own_rows.HELD]
    assert own_rows.frontiers("", "deepseek-v3", 50, 4096) == []


def test_only_questions_that_rest_on_the_rows_are_answered_and_twice(mine):
    """The rows are dispatches: neither combine nor all-reduce rests on one."""
    found = own_rows.compared(mine, own_rows.exchanges(64, 128, "deepseek-v3", 2**30), draws=DRAWS)
    assert found.question.tolist() == ["dispatch"] and found.system.tolist() == ["hgx-h100"]
    row = found.iloc[0]
    inputs = {"op": "dispatch", "ranks": 64, "tokens": 128, "bytes_per_element": 1, **SHAPE}
    with_rows, without = (
        model.predict("all_to_all_time", system="hgx-h100", draws=DRAWS, **inputs, **more).iloc[0]
        for more in ({"measured": mine}, {})
    )
    assert row[["value", "low", "high"]].tolist() == with_rows[["value", "low", "high"]].tolist()
    assert row[["value_study", "low_study", "high_study"]].tolist() == without[["value", "low", "high"]].tolist()
    assert row.value == pytest.approx(2 * row.value_study, rel=0.1)
    assert (row.fitted, row.rows, row.unit) == (4, 1, "s")
    assert row.error < 0.1 and row.error_study == pytest.approx(0.5), "the study says half of the row held back"


def test_a_system_that_the_file_does_not_measure_is_refused(mine):
    questions = own_rows.exchanges(64, 128, "deepseek-v3", 2**30)
    with pytest.raises(InputError, match="dispatch and combine and all_reduce as asked rests on none of the rows"):
        own_rows.compared(mine, questions, ["gb200-nvl72"], DRAWS)


def test_exchanges_are_those_of_one_token_s_layer_a_byte_out_and_two_back():
    questions = {name: (quantity, inputs) for name, quantity, inputs in own_rows.exchanges(64, 128, "kimi-k2", 2**30)}
    shape = catalog.load("workloads").loc["kimi-k2"]
    for op, width in (("dispatch", 1), ("combine", 2)):
        quantity, inputs = questions[op]
        assert quantity == "all_to_all_time" and inputs["op"] == op and inputs["bytes_per_element"] == width
        assert {name: inputs[name] for name in SHAPE} == {name: shape[name] for name in SHAPE}
        assert (inputs["ranks"], inputs["tokens"]) == (64, 128)
    assert questions["all_reduce"] == ("all_reduce_time", {"ranks": 64, "bytes": 2**30})


def test_a_frontier_is_asked_for_each_format_and_software_that_a_file_names(mine, tmp_path):
    asked = {"model": "deepseek-v3", "speed": 50, "context": 4096}
    plain = ("frontier_fp8", "decode_frontier", {**asked, "precision": "fp8", "engine": ""})
    assert own_rows.frontiers(mine, "deepseek-v3", 50, 4096) == [plain], "rows of exchanges name neither"
    rows = pd.DataFrame({"precision": ["fp8", "fp8", "nvfp4"], "engine": ["sglang", "sglang", None]})
    rows = rows.assign(system="hgx-b200", workload="deepseek-v3", ranks=8, batch=[4, 8, 8], context=2000)
    rows = rows.assign(quantity="decode_throughput", value=1000.0, unit="token/s", role="calibrate")
    path = tmp_path / "steps.csv"
    rows.to_csv(path, index=False)
    found = own_rows.frontiers(str(path), "deepseek-v3", 50, 4096)
    assert [name for name, *_ in found] == ["frontier_fp8_sglang", "frontier_nvfp4"]
    assert [(inputs["precision"], inputs["engine"]) for *_, inputs in found] == [("fp8", "sglang"), ("nvfp4", "")]
