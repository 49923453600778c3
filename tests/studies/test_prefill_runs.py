"""Measured prefill against the law: at the layout and the tokens of a step that were run, by constants of decode."""

import pandas as pd
import pytest

from model.machine import step_points
from model.predictions.answer import predict
from model.studies import prefill_runs


@pytest.fixture(scope="module")
def rows():
    return prefill_runs.compare(draws=200).set_index("set")


def test_no_fit_has_seen_a_row_of_prefill(rows):
    assert not set(rows.index) & set(step_points.points().set)
    assert set(rows.role.dropna()) == {"validate"}


def test_what_makers_expect_of_balanced_experts_judges_nothing(rows):
    assert rows.role[rows.kind == "estimate"].isna().all()
    assert rows.role[rows.kind != "estimate"].notna().all()


def test_balanced_experts_are_predicted_faster_and_nearest_to_what_was_measured(rows):
    """As the page says in words: too fast where routers send tokens as they like, nearest where they do not."""
    alike = rows.loc[["sglang-h100-prefill", "sglang-h100-prefill-balanced"]].predicted
    assert alike.iloc[0] < alike.iloc[1]
    measured = rows[rows.role == "validate"]
    assert (measured.error[measured["skew"] != 0] > 0).all()
    assert measured.error.abs().idxmin() == "h800-profile-prefill"


def test_the_tokens_of_a_step_as_run_stand_in_for_those_that_the_quantity_assumes(rows):
    """A step of 16,384 tokens pays a layer's overhead half as often as one of the assumed 8,192: it is faster."""
    asked = {"model": "deepseek-v3", "ranks": 32, "sequence": 4096, "precision": "fp8", "engine": "sglang"}
    assumed = predict("prefill_throughput", pd.DataFrame([asked]), "hgx-h100", interval=False)[0].value[0]
    assert assumed < rows.predicted["sglang-h100-prefill"] < 1.1 * assumed


def test_every_measured_row_lies_inside_its_interval_as_the_record_says(rows):
    assert rows.inside[rows.role == "validate"].all()
    assert (rows.low < rows.predicted).all() and (rows.predicted < rows.high).all()
