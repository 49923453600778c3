"""Tables of records: every row counted once, and a record that cannot be, stopped with its line."""

import csv
import re
from pathlib import Path
from runpy import run_path

import pytest
from sphinx.errors import ExtensionError
from truth import ALLOWED, expressions

ROOT = Path(__file__).parents[2]
COUNTED = run_path(str(ROOT / "book/_ext/counted.py"))
tried, planted, digits, table = (COUNTED[name] for name in ("tried", "planted", "digits", "table"))
TABLES, OUTCOMES = COUNTED["TABLES"], COUNTED["OUTCOMES"]
LEAST = 0.85  # of the faults of each room that was judged


def rows(name):
    with (ROOT / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cells(markup):
    """Return what stands in the cells of a table, each of which repeats its head for a phone."""
    return re.findall(r'<td data-head="[^"]+">([^<]+)</td>', markup)


@pytest.mark.parametrize("name", TABLES)
def test_the_page_of_the_method_shows_all_of_a_record_in_both_languages(name):
    record, count, columns = TABLES[name]
    found = count(rows(record))
    assert list(found)[-1] == "all" and len(found) > 3
    first = [numbers[0] for numbers in found.values()]
    assert first[-1] == sum(first[:-1]) and all(len(numbers) == len(columns) - 1 for numbers in found.values())
    texts = {path.stem: path.read_text("utf-8") for path in (ROOT / "book").glob("*.md")}
    assert [page for page, text in texts.items() if f"{{{name}}}" in text] == ["method"]
    assert f"{{{name}}}" in (ROOT / "book/zh/method.md").read_text("utf-8")


TRIED = [{"kind": "tables", "outcome": each} for each in ("refused", "answered", "refused")]
TRIED += [{"kind": "a < b", "outcome": each} for each in ("wrong", "traceback")]


def test_what_was_tried_is_counted_under_its_kind_and_outcome_and_in_the_sum():
    found = tried(TRIED)
    assert list(OUTCOMES) == ["answered", "refused", "wrong", "traceback"]
    assert found == {"tables": [3, 1, 2, 0, 0], "a < b": [2, 0, 0, 1, 1], "all": [5, 1, 2, 1, 1]}
    written = table(found, TABLES["tried-table"][2])
    assert cells(written)[:5] == ["3", "1", "2", "0", "0"]
    assert "a &lt; b" in written and "a < b" not in written
    assert cells(written[written.index("<tfoot>") :])[0] == "5"
    assert tried(rows("data/tried.csv"))["all"][0] == len(rows("data/tried.csv"))


def test_an_outcome_that_is_none_stops_the_build_with_its_line():
    with pytest.raises(ExtensionError, match=r"line 7: outcome is 'fine'; it takes answered, refused"):
        tried([*TRIED, {"kind": "tables", "outcome": "fine"}])


def fault(module, faults, some, caught):
    return {"module": module, "faults": faults, "planted": some, "caught": caught}


PLANTED = [fault("model/laws/a.py", "9", "3", "2"), fault("model/laws/b.py", "1", "1", "1")]
PLANTED += [fault("model/numbers/c.py", 7, 2, 2)]


def test_each_module_is_counted_in_its_room_and_in_the_sum():
    found = planted(PLANTED)
    assert found == {"laws": [2, 10, 4, 3, 75], "numbers": [1, 7, 2, 2, 100], "all": [3, 17, 6, 5, 83]}
    assert list(found)[-1] == "all"


@pytest.mark.parametrize("wrong", [("3", "4", "1"), ("3", "2", "3"), ("3", "0", "0")])
def test_a_score_that_cannot_be_stops_the_build_with_its_line(wrong):
    with pytest.raises(ExtensionError, match="line 5"):
        planted([*PLANTED, fault("model/laws/d.py", *wrong)])


def test_every_survivor_is_listed_with_a_reason_and_few_are():
    survivors = rows("tests/survivors.csv")
    assert all(len(each["why"].split()) > 3 for each in survivors), [each for each in survivors if not each["why"]]
    for each in rows("tests/mutants.csv"):
        own = [survivor for survivor in survivors if survivor["module"] == each["module"]]
        assert len(own) == int(each["planted"]) - int(each["caught"]), each["module"]
        assert (ROOT / each["module"]).is_file()
    found = planted(rows("tests/mutants.csv"))
    assert all(caught >= LEAST * some for _, _, some, caught, _ in found.values()), found


def right(law, expressions, points, error):
    return {"law": law, "expressions": expressions, "points": points, "error": error}


DIGITS = [right("idle.idle", "3", "60", "2e-15"), right("idle.pipeline", "1", "20", "5e-16")]
DIGITS += [right("serving.speed", "2", "40", "1e-16")]


def test_the_largest_error_of_a_module_is_that_of_its_worst_law():
    found = digits(DIGITS)
    assert found == {"idle": [4, 80, 2e-15], "serving": [2, 40, 1e-16], "all": [6, 120, 2e-15]}
    assert cells(table(found, TABLES["digits-table"][2]))[:3] == ["4", "80", "2 × 10⁻¹⁵"]


@pytest.mark.parametrize("wrong", [("1", "0", "0.0"), ("0", "3", "0.0"), ("1", "20", "inf"), ("1", "20", "nan")])
def test_digits_that_cannot_be_stop_the_build_with_their_line(wrong):
    with pytest.raises(ExtensionError, match=r"truth\.csv line 5"):
        digits([*DIGITS, right("step.work", *wrong)])


def test_the_record_of_digits_holds_every_law_and_no_large_error():
    found = {each["law"]: float(each["error"]) for each in rows("tests/truth.csv")}
    laws = {name.split(":")[0] for name, (expression, _) in expressions().items() if expression.free_symbols}
    assert found.keys() == laws, "make truth RECORD=1 writes them all"
    assert max(found.values()) < ALLOWED
