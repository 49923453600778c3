"""Records that only grow: a row that is edited, taken out or put in between is seen, and so is a past that changed."""

import subprocess

import pandas as pd
import pytest

from model.numbers import catalog, records
from model.numbers.catalog import DataError

ROW = {"date": "2026-11-29", "commit": "abc1234", "quantity": "job_mtbf", "set": "two", "system": "hgx-h100"}
ROW |= {"inputs": "devices=8", "unit": "s", "predicted": "2", "low": "1", "high": "3"}
each_record = pytest.mark.parametrize("table", records.COLUMNS)


def lines(data, table="blind"):
    return (data / f"{table}.csv").read_text(encoding="utf-8").splitlines()


def refusal(data, changed, table="blind"):
    """Return how the loader refuses a record of these lines; the untouched one must pass before."""
    records.read(table)
    (data / f"{table}.csv").write_text("\n".join(changed) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        records.read(table)
    return str(refused.value)


@each_record
def test_every_record_fits_its_chain(table):
    rows = records.read(table)
    assert rows.digest.is_unique
    assert set(rows.get("source", [])) <= catalog.sources().keys()


@pytest.mark.parametrize(
    ("old", "new"), [(",0,bekman", ",1,bekman"), ("0.000829548", "0.000829549"), (",-0.516,", ",-0.16,")]
)
def test_an_edited_row_is_seen(data, old, new):
    was = lines(data)
    number, line = next((n, line) for n, line in enumerate(was) if old in line)
    message = refusal(data, [*was[:number], line.replace(old, new), *was[number + 1 :]])
    assert f"data/blind.csv line {number + 1}: its digest is" in message
    assert "git checkout HEAD -- data/blind.csv" in message and "model record" in message


@pytest.mark.parametrize("number", [1, 20, 52])
def test_a_row_taken_out_is_seen_by_the_one_behind_it(data, number):
    was = lines(data)
    message = refusal(data, [*was[:number], *was[number + 1 :]])
    assert f"line {number + 1}: its digest" in message and "never edited, taken out or put in between" in message


def test_a_row_put_in_between_is_seen_even_with_a_digest_that_fits_it(data):
    was = lines(data, "blind_sets")
    before = was[3].rsplit(",", 1)[1]
    fields = [*was[3].split(",")[:5], "8", "0.001", "0.001", "1.00", ""]
    new = ",".join([*fields, records.digest(before, fields)])
    message = refusal(data, [*was[:4], new, *was[4:]], "blind_sets")
    assert "data/blind_sets.csv line 6: its digest" in message  # the inserted one fits; the next no longer does


def test_two_rows_that_changed_places_and_a_row_without_digest_are_seen(data):
    was = lines(data)
    assert "line 3: its digest" in refusal(data, [*was[:2], was[3], was[2], *was[4:]])
    (data / "blind.csv").write_text("\n".join(was) + "\n", encoding="utf-8")
    again = was[1].rsplit(",", 1)[0].replace("0.000131", "0.000132")
    assert "its digest is ''" in refusal(data, [*was, f"{again},"])


def test_appending_leaves_what_stands_there_byte_for_byte(data):
    before = (data / "forecasts.csv").read_bytes()
    records.append("forecasts", pd.DataFrame([ROW]))
    records.append("forecasts", pd.DataFrame([ROW | {"inputs": "devices=16", "set": "a"}]))
    after = (data / "forecasts.csv").read_bytes()
    assert after.startswith(before) and after.count(b"\n") == before.count(b"\n") + 2
    assert list(records.read("forecasts").inputs)[-2:] == ["devices=8", "devices=16"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"predicted": "much"}, "has the predicted 'much': write a number"),
        ({"date": "tomorrow"}, "has the date 'tomorrow': write it as"),
        ({"unit": "furlong"}, "has the unit 'furlong'"),
    ],
)
def test_what_makes_no_sense_is_not_appended(data, change, words):
    before = (data / "forecasts.csv").read_bytes()
    with pytest.raises(DataError, match=words):
        records.append("forecasts", pd.DataFrame([ROW | change]))
    assert (data / "forecasts.csv").read_bytes() == before


def test_a_forecast_is_not_dated_before_the_one_above_it(data):
    records.append("forecasts", pd.DataFrame([ROW | {"date": "2999-01-01"}]))
    with pytest.raises(DataError, match="before that of the row above it"):
        records.append("forecasts", pd.DataFrame([ROW]))


def rewritten(versions):
    """Return the places of versions, oldest first, that do not begin with the one before them."""
    return [place for place in range(1, len(versions)) if not versions[place].startswith(versions[place - 1])]


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=catalog.ROOT, capture_output=True, text=True)


@each_record
def test_every_version_in_git_begins_with_the_one_before(table):
    """The chain does not see an end that was cut off, nor a table whose digests were all made anew: git does."""
    name = f"data/{table}.csv"
    commits = git("log", "--first-parent", "--format=%H", "--reverse", "--", name)
    if commits.returncode or not commits.stdout:
        pytest.skip("this is no git repository that knows the record")
    versions = [git("show", f"{commit}:./{name}").stdout for commit in commits.stdout.split()]
    versions.append((catalog.ROOT / name).read_text(encoding="utf-8"))
    assert not rewritten(versions), f"{name}: a row that git knows is no longer there: take it back from git"


def test_an_end_that_was_cut_off_is_seen():
    assert rewritten(["a\n", "a\nb\n", "a\nb\nc\n"]) == []
    assert rewritten(["a\nb\n", "a\n"]) == [1]
    assert rewritten(["a\n", "b\n", "b\nc\n"]) == [1]
