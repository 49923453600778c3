"""Runs of decode against the law: groups by hand, sets that no fit saw, and the forms of the law in their order."""

import numpy as np
import pandas as pd
import pytest

from model.machine import step_fit
from model.studies import decode_runs

ROWS = pd.DataFrame(
    {
        "ranks": [8.0, 8, 72, 72],
        "tensor_devices": [8.0, 1, 1, 1],
        "expert_devices": [1.0, 8, 72, 72],
        "mode": ["disaggregated", "disaggregated", None, None],
        "error": [0.1, -0.1, 0.2, 0.4],
        "inside": [True, True, True, False],
        "half_width": [0.1, 0.3, 0.2, 0.4],
        "error_without": [0.3, -0.1, np.nan, -0.5],
        "inside_without": [True, False, True, True],
    }
)


def test_a_layout_is_named_by_its_devices_and_a_row_without_a_mode_is_published():
    found = decode_runs.named(ROWS)
    assert found.layout.tolist() == ["8 / 8 / 1", "8 / 1 / 8", "72 / 1 / 72", "72 / 1 / 72"]
    assert found.published.tolist() == [False, False, True, True]
    assert not decode_runs.named(ROWS.drop(columns="mode")).published.any()


def test_errors_of_a_group_are_mean_sizes_and_their_bias_keeps_its_sign():
    found = decode_runs.by(ROWS, "ranks")
    assert found.rows.tolist() == [2, 2]
    assert found.error.tolist() == pytest.approx([0.1, 0.3]) and found.bias.tolist() == pytest.approx([0, 0.3])
    assert found.inside.tolist() == [1, 0.5] and found.half_width.tolist() == pytest.approx([0.2, 0.3])
    assert found.error_without.tolist() == pytest.approx([0.2, 0.5])
    assert found.inside_without.tolist() == [0.5, 1]
    assert list(decode_runs.by(ROWS[["ranks", "error"]], "ranks")) == ["rows", "error", "bias"]
    assert decode_runs.by(ROWS, "mode").rows.tolist() == [2, 2], "a missing word is a group, too"


@pytest.fixture(scope="module")
def forms():
    return decode_runs.forms()


def test_sets_that_no_fit_saw_are_met_as_the_search_for_the_form_recorded(forms):
    """The search ran under earlier laws of exchange: within two points of its record."""
    found = decode_runs.left_out()
    rows = step_fit.points("calibrate")
    assert found.rows["sglang"] == (rows.engine == "sglang").sum()
    assert found.rows["nvfp4"] == (rows.precision == "nvfp4").sum()
    judging = step_fit.points()
    judging = judging[judging.role.notna()]
    groups = list(zip(judging.ranks, judging.tensor_devices, strict=True))
    assert found.rows["wide"] == sum(ranks > 8 and tensor < ranks for ranks, tensor in groups)
    for name, column in (("sglang", "sglang_left_out"), ("nvfp4", "nvfp4_left_out")):
        recorded = forms.loc[decode_runs.FORM, column]
        assert 100 * found.error[name] == pytest.approx(100 * recorded, abs=2), name
    assert (found.bias.abs() <= found.error).all() and found.error["wide"] < 0.20


def test_the_chosen_form_stands_first_and_no_other_is_clearly_better_on_what_was_left_out(forms):
    assert forms.index[0] == decode_runs.FORM
    others = forms.mean_left_out.iloc[1:]
    assert others.is_monotonic_increasing and set(decode_runs.JUDGES) <= set(forms)
    assert forms.mean_left_out.iloc[0] < others.iloc[0] + 5e-4, "one that is as good has another reason against it"
    assert forms.constants[decode_runs.FORM] == len(step_fit.names())
