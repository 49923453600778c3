"""The table of what was tried: every row of data/tried.csv counted once, under its kind and its outcome."""

import csv
import re
from pathlib import Path
from runpy import run_path

import pytest
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
TRIED = run_path(str(ROOT / "book/_ext/tried.py"))
counts, table, OUTCOMES = TRIED["counts"], TRIED["table"], TRIED["OUTCOMES"]
ROWS = [{"kind": "tables", "outcome": each} for each in ("refused", "answered", "refused")]
ROWS += [{"kind": "a < b", "outcome": each} for each in ("wrong", "traceback")]


def test_each_row_is_counted_under_its_kind_and_outcome_and_in_the_sum():
    found = counts(ROWS)
    assert list(OUTCOMES) == ["answered", "refused", "wrong", "traceback"]
    assert found == {"tables": [3, 1, 2, 0, 0], "a < b": [2, 0, 0, 1, 1], "all": [5, 1, 2, 1, 1]}
    assert list(found)[-1] == "all"


def test_an_outcome_that_is_none_stops_the_build_with_its_line():
    with pytest.raises(ExtensionError, match=r"line 7: outcome is 'fine'; it takes answered, refused"):
        counts([*ROWS, {"kind": "tables", "outcome": "fine"}])


def test_the_page_shows_what_is_in_the_table_with_names_escaped():
    assert "<td>3</td><td>1</td><td>2</td><td>0</td><td>0</td>" in table(ROWS)
    assert "a &lt; b" in table(ROWS) and "a < b" not in table(ROWS)
    assert re.search(r'<tfoot><tr><th scope="row">all</th><td>5</td>', table(ROWS))


def test_all_that_was_tried_is_in_it_and_a_page_shows_it():
    with (ROOT / "data/tried.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = counts(rows)
    assert found["all"][0] == len(rows) == sum(numbers[0] for kind, numbers in found.items() if kind != "all")
    pages = [path.stem for path in (ROOT / "book").glob("*.md") if "{tried-table}" in path.read_text(encoding="utf-8")]
    assert pages == ["method"]
