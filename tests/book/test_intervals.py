"""Every value that the book quotes with an interval lies in it, as the notebooks were last built."""

import json
import re
from pathlib import Path

import pytest

EXECUTED = Path(__file__).parents[2] / "book" / "executed"
NUMBER = re.compile(r"-?\d[\d.]*(?:e[+-]?\d+)?")


def glued(notebook):
    """Return {name: number} of what an executed notebook glued."""
    found = {}
    for output in (each for cell in notebook["cells"] for each in cell.get("outputs", [])):
        name = output.get("metadata", {}).get("scrapbook", {}).get("name")
        text = next((each for kind, each in output.get("data", {}).items() if kind.endswith("text/plain")), "")
        text = "".join(text) if isinstance(text, list) else text
        if name and NUMBER.fullmatch(text):
            found[name] = float(text)
    return found


def outside(numbers):
    """Return (number of values with an interval, those that lie outside theirs)."""
    several = {name: (f"{name}_low", f"{name}_high") for name in numbers}
    several |= {name: (f"{name[:-6]}.low", f"{name[:-6]}.high") for name in numbers if name.endswith(".value")}
    ends = {name: pair for name, pair in several.items() if set(pair) <= set(numbers)}
    return len(ends), [name for name, (low, high) in ends.items() if not numbers[low] <= numbers[name] <= numbers[high]]


def test_values_that_the_book_quotes_lie_in_their_intervals():
    notebooks = sorted(EXECUTED.glob("*.ipynb"))
    if not notebooks:
        pytest.skip("no notebook was built: make book")
    counts, lost = 0, []
    for path in notebooks:
        number, found = outside(glued(json.loads(path.read_text(encoding="utf-8"))))
        counts, lost = counts + number, lost + [f"{path.stem}: {name}" for name in found]
    assert not lost
    assert counts or len(notebooks) < 5


def test_a_value_outside_its_interval_is_seen():
    numbers = {"a": 1.0, "a_low": 0.5, "a_high": 0.9, "b.value": 1.0, "b.low": 0.5, "b.high": 2.0, "c_low": 1.0}
    assert outside(numbers) == (2, ["a"])
    output = {"metadata": {"scrapbook": {"name": "x"}}, "data": {"application/papermill.record/text/plain": "1.5e-06"}}
    assert glued({"cells": [{"outputs": [output]}]}) == {"x": 1.5e-6}
