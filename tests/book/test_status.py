"""The status page: what a run took where the build recorded it, and a plain word where it did not."""

from pathlib import Path
from runpy import run_path

import pytest

measured = run_path(str(Path(__file__).parents[2] / "book/_ext/status.py"))["measured"]


def test_a_recorded_run_tells_its_seconds_and_memory(tmp_path):
    record = tmp_path / "reliability.tsv"
    record.write_text("s\th:m:s\tmax_rss\n12.3456\t0:00:12\t345.67\n", encoding="utf-8")
    assert measured(record) == ("12.3", "345.67")


def test_a_notebook_that_was_run_by_other_means_says_so(tmp_path):
    assert measured(tmp_path / "reliability.tsv") == ("not measured", "not measured")


def test_a_record_of_another_form_stops_the_build(tmp_path):
    record = tmp_path / "reliability.tsv"
    record.write_text("seconds\n12\n", encoding="utf-8")
    with pytest.raises(KeyError):
        measured(record)
