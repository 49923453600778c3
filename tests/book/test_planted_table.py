"""The table of planted faults: every module that was judged counted once, and a reason for each fault that survived."""

import csv
from pathlib import Path
from runpy import run_path

import pytest
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
PLANTED = run_path(str(ROOT / "book/_ext/planted.py"))
counts, table = PLANTED["counts"], PLANTED["table"]
LEAST = 0.85  # of the faults of each room that was judged


def rows(name):
    with (ROOT / "tests" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def row(module, faults, planted, caught):
    return {"module": module, "faults": faults, "planted": planted, "caught": caught}


ROWS = [
    row("model/laws/a.py", "9", "3", "2"),
    row("model/laws/b.py", "1", "1", "1"),
    row("model/numbers/c.py", 7, 2, 2),
]


def test_each_module_is_counted_in_its_room_and_in_the_sum():
    assert counts(ROWS) == {"laws": [2, 10, 4, 3], "numbers": [1, 7, 2, 2], "all": [3, 17, 6, 5]}
    assert list(counts(ROWS))[-1] == "all"
    assert "<td>2</td><td>10</td><td>4</td><td>3</td><td>75</td>" in table(ROWS)


@pytest.mark.parametrize("wrong", [("3", "4", "1"), ("3", "2", "3"), ("3", "0", "0")])
def test_a_score_that_cannot_be_stops_the_build_with_its_line(wrong):
    with pytest.raises(ExtensionError, match="line 5"):
        counts([*ROWS, row("model/laws/d.py", *wrong)])


def test_every_survivor_is_listed_with_a_reason_and_few_are():
    survivors = rows("survivors.csv")
    assert all(len(each["why"].split()) > 3 for each in survivors), [each for each in survivors if not each["why"]]
    for each in rows("mutants.csv"):
        own = [survivor for survivor in survivors if survivor["module"] == each["module"]]
        assert len(own) == int(each["planted"]) - int(each["caught"]), each["module"]
        assert (ROOT / each["module"]).is_file()
    found = counts(rows("mutants.csv"))
    assert all(caught >= LEAST * planted for _, _, planted, caught in found.values()), found


def test_a_page_shows_it():
    pages = [path.stem for path in (ROOT / "book").glob("*.md") if "{planted-table}" in path.read_text("utf-8")]
    assert pages == ["method"]
