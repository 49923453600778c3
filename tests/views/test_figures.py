"""Names under which values are glued."""

import numpy as np
import pandas as pd
import pytest

from model.laws import reliability
from model.views import figures


@pytest.fixture
def glued(monkeypatch):
    """What is glued in the test, by name."""
    kept = {}
    monkeypatch.setattr(figures, "glue", lambda name, value, display: kept.update({name: value}))
    return kept


def test_a_frame_is_glued_by_prefix_row_and_column(glued):
    frame = pd.DataFrame({"value": [1.5, 2.0], "kind": ["measured", "claim"]}, index=["small", "gb200-nvl72"])
    figures.values("share", frame)
    assert glued == {
        "share.small.value": 1.5,
        "share.small.kind": "measured",
        "share.gb200-nvl72.value": 2.0,
        "share.gb200-nvl72.kind": "claim",
    }
    assert type(glued["share.small.value"]) is float


def test_levels_of_rows_are_joined_and_numbers_are_written_without_a_tail(glued):
    index = pd.MultiIndex.from_product([["job"], [72.0, 100_000, np.float64(0.5)]])
    figures.values("domain", pd.DataFrame({"gain": [1, 2, 3]}, index=index))
    assert list(glued) == ["domain.job.72.gain", "domain.job.100000.gain", "domain.job.0.5.gain"]


def test_a_series_and_a_mapping_are_glued_by_prefix_and_row(glued):
    figures.values("run", pd.Series({"hours": np.float32(0.5)}))
    figures.values("run", {"name": "Llama", "devices": 8})
    assert glued == {"run.hours": 0.5, "run.name": "Llama", "run.devices": 8}


def test_a_missing_cell_is_not_glued(glued):
    figures.values("share", pd.DataFrame({"value": [1.0, 2.0], "low": [0.5, None]}, index=["a", "b"]))
    assert list(glued) == ["share.a.value", "share.a.low", "share.b.value"]


def test_what_has_no_bound_is_said_in_words(glued, monkeypatch):
    figures.values("gain", {"low": 0.5, "high": np.inf, "least": -np.inf})
    assert glued == {"gain.low": 0.5, "gain.high": "without bound", "gain.least": "without bound below"}
    shown = {}
    monkeypatch.setattr(figures, "show", lambda name, markup: shown.update({name: markup}))
    frame = pd.DataFrame({"system": ["a", "b"], "gain": [1.234, np.inf], "share": [np.nan, 0.5]})
    figures.table("gains", frame, {"gain": "{:.2f}", "share": "{:.0%}".format})
    assert ">1.23<" in shown["gains"] and ">without bound<" in shown["gains"] and ">–<" in shown["gains"]
    assert "inf<" not in shown["gains"]


@pytest.mark.parametrize("label", ["with a blank", "a:b", "a`b"])
def test_a_label_that_a_page_cannot_quote_is_refused(glued, label):
    with pytest.raises(ValueError, match="blanks, colons and backticks"):
        figures.values("share", {label: 1.0})
    assert not glued


def test_laws_are_glued_by_the_symbol_on_their_left_side_and_once(glued):
    figures.laws(reliability.counting, reliability.optimum, reliability.counting)
    assert {"law_failure_rate", "law_best_interval"} <= glued.keys()
    assert len(glued) == len(set(glued.values()))
