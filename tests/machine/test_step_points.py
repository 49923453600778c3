"""Measured steps as operating points: requests in decode, times of a step and what a row leaves out, by hand."""

import numpy as np
import pandas as pd
import pytest

from model.machine import step_points
from model.machine.step_points import POINT, points
from model.numbers import catalog, readings

RUN = {"set": "mine", "system": "hgx-h200", "workload": "deepseek-v3", "ranks": 8, "tensor_devices": 8}
RUN |= {"expert_devices": 8, "instances": 2, "input_tokens": 2000, "output_tokens": 1000, "concurrency": 64}
RUN |= {"drafts": 1, "precision": "fp8", "role": "calibrate"}
WAITS = {"time_per_output_token": (20.0, "ms"), "time_to_first_token": (5.0, "s")}
STEP = {"system": "hgx-h200", "workload": "deepseek-v3", "ranks": 16, "batch": 32, "context": 2000}
STEP |= {"precision": "fp8", "quantity": "decode_throughput", "value": 1000, "unit": "token/s", "role": "calibrate"}


@pytest.fixture
def read(tmp_path):
    """Return a function that reads rows, as a reader's own, as points of a system."""

    def found(rows, system="hgx-h200", usual="pooled"):
        pd.DataFrame(rows).to_csv(tmp_path / "mine.csv", index=False)
        return step_points.read(readings.read(tmp_path / "mine.csv"), system, usual)

    return found


def runs(waits=WAITS, **more):
    return [RUN | more | {"quantity": name, "value": value, "unit": unit} for name, (value, unit) in waits.items()]


# Runs.


def test_requests_in_decode_are_the_one_and_the_share_of_the_others_lives_that_is_spent_there(read):
    """32 on each of two instances; a life is 5 s to the first token and 20 s of decode: four fifths of the others."""
    point = read(runs()).iloc[0]
    assert point.batch == pytest.approx((1 + 31 * 20 / 25) / 8)
    assert (point.time, point.context, point.processed, point.drafts) == (0.020, 2500, 2, 1)
    assert (point.tokens_per_step, point.redundant_experts, point.overlap) == (1, 0, 0)
    assert np.isnan(point["skew"]) and (point.ranks, point.tensor_devices, point.expert_devices) == (8, 8, 8)


def test_a_request_that_is_alone_is_in_decode(read):
    for concurrency in (1, 2):  # on two instances
        assert read(runs(concurrency=concurrency)).batch[0] == 1 / 8


def test_units_of_the_two_times_of_a_run_may_differ(read):
    waits = {"time_per_output_token": (20_000.0, "us"), "time_to_first_token": (5_000.0, "ms")}
    one, other = read(runs()).iloc[0], read(runs(waits)).iloc[0]
    for name in ("batch", "time"):
        assert one[name] == pytest.approx(other[name], rel=1e-12)


def test_each_run_of_a_file_is_a_point_of_its_own(read):
    rows = runs() + runs(set="theirs", concurrency=640, drafts=0)
    found = read(rows).set_index("set")
    assert found.index.tolist() == ["mine", "theirs"] and found.processed.tolist() == [2, 1]
    assert found.batch["theirs"] == pytest.approx((1 + 319 * 0.8) / 8)


# Steps.


def test_a_step_lasts_as_long_as_its_batch_takes_to_be_credited(read):
    assert read([STEP]).time[0] == pytest.approx(32 / 1000)
    assert read([STEP | {"tokens_per_step": 1.7}]).time[0] == pytest.approx(32 * 1.7 / 1000)
    waiting = {"quantity": "time_per_output_token", "value": 40.0, "unit": "ms"}
    assert read([STEP | waiting]).time[0] == pytest.approx(0.040)
    assert read([STEP | waiting | {"tokens_per_step": 1.7}]).time[0] == pytest.approx(0.040 * 1.7)


def test_what_a_row_leaves_out_is_as_usual(read):
    point = read([STEP]).iloc[0]
    assert (point.tensor_devices, point.expert_devices, point.redundant_experts) == (1, 16, 0)
    assert (point.processed, point.drafts, point.engine, point.position) == (1, 0, "pooled", 0)
    assert np.isnan(point["skew"]) and np.isnan(point.overlap) and np.isnan(point.kv_bytes_per_element)
    credited = read([STEP | {"tokens_per_step": 1.7}]).iloc[0]
    assert (credited.processed, credited.drafts) == (2, 1)
    told = {"tensor_devices": 4, "expert_devices": 8, "redundant_experts": 32, "processed": 4, "drafts": 1}
    told |= {"skew": 0.3, "overlap": 1, "engine": "sglang"}
    point = read([STEP | told]).iloc[0]
    assert {name: point[name] for name in told} == told


def test_rows_of_other_systems_are_no_points_of_this_one_and_places_are_those_of_the_file(read):
    rows = [STEP | {"system": "hgx-h100"}, STEP, STEP | {"batch": 64}]
    assert read(rows).position.tolist() == [1, 2]
    assert read(rows, "hgx-h100").position.tolist() == [0] and read(rows, "gb200-nvl72").empty


# The study's.


def test_every_point_is_a_row_that_somebody_published_or_a_run_with_a_role():
    rows, found = catalog.chosen("serving"), points()
    published = rows[rows.engine.notna() & rows.role.notna() & (rows.quantity == "decode_throughput")]
    assert set(published.set) <= set(found.set)
    for row in published.itertuples():
        point = found[found.set == row.set].iloc[0]
        accepted = 1.0 if np.isnan(row.tokens_per_step) else row.tokens_per_step
        assert point.time == pytest.approx(row.batch * accepted / row.value, rel=1e-12)
    runs = found[found["mode"].notna()]
    assert len(runs) + len(published) == len(found) and set(runs["mode"]) == {"disaggregated"}
    assert (runs.batch * runs.ranks >= 1 - 1e-12).all() and (runs.time < 1).all()
    assert (runs.batch * runs.ranks <= runs.concurrency + 1e-9).all()
    assert all(found[name].dtype.kind == "f" for name in POINT)


def test_roles_divide_the_points():
    found = points()
    assert found.role.notna().all()
    parts = [points(role) for role in sorted(set(found.role))]
    assert sum(map(len, parts)) == len(found) and all(part.index.tolist() == list(range(len(part))) for part in parts)
