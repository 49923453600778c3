"""Predictions on record: appended and judged in their order, dated, refused where they would not be blind."""

import subprocess
from datetime import date

import pandas as pd
import pytest

from model.numbers import catalog, records
from model.predictions.forecasts import points

POINTS = "devices,failure_rate\n1024,1e-8\n16384,1e-8\n"
CAME = "devices,failure_rate,measured,source,locator\n16384,1e-08,6000,llama3herd2024,Table 5\n"


def git(folder, *arguments):
    name = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def study(data):
    """A repository of its own with a copy of data/ whose records are empty, and two tables outside it."""
    for table in ("forecasts", "blind"):
        path = data / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8").split("\n")[0] + "\n", encoding="utf-8")
    (data.parent / "points.csv").write_text(POINTS)
    (data.parent / "came.csv").write_text(CAME.replace("llama3herd2024", known_source()))
    git(data.parent, "init", "-q")
    git(data.parent, "add", "data")
    git(data.parent, "commit", "-q", "-m", "Data")
    return data.parent


def known_source():
    return catalog.read("reliability").source.iloc[0]


def ask(model, study, *more):
    return model("record", "job_mtbf", "--table", study / "points.csv", "--set", "two", *more)


def refused(answered, *words):
    code, out, err = answered
    assert (code, out) == (2, ""), (code, out, err)
    assert err.count("\n") == 1
    for word in words:
        assert word in err, err


def test_a_forecast_is_kept_with_its_day_its_commit_and_its_interval(model, study):
    code, out, err = ask(model, study)
    assert (code, err) == (0, "")
    rows = records.read("forecasts")
    head = git(study, "rev-parse", "--short=7", "HEAD").strip()
    assert out == f"2 predictions of job_mtbf, {date.today()}, laws of {head}: commit data/forecasts.csv\n"
    assert list(rows.commit) == [head] * 2 and list(rows.date) == [str(date.today())] * 2
    assert list(rows.inputs) == ["devices=1024 failure_rate=1e-08", "devices=16384 failure_rate=1e-08"]
    assert rows.predicted.to_list() == pytest.approx([1e8 / 1024, 1e8 / 16384], rel=1e-3)
    assert (rows.low <= rows.predicted).all() and (rows.predicted <= rows.high).all()
    assert points(rows).devices.astype(float).to_list() == [1024, 16384]


def test_what_came_is_held_against_what_was_said(model, study):
    assert ask(model, study)[0] == 0
    git(study, "commit", "-q", "-a", "-m", "Forecasts")
    before = (study / "data/forecasts.csv").read_bytes()
    code, out, err = model("judge", "job_mtbf", "--table", study / "came.csv")
    assert (code, err) == (0, "")
    assert out.startswith("job_mtbf: 0 of 1 inside their intervals, mean error 1.7%, worst 1.7%")
    (row,) = records.read("blind").itertuples()
    assert (row.measured, row.predicted, row.inside) == (6000, 6104, 0)
    assert row.error == pytest.approx(6104 / 6000 - 1, abs=5e-4)
    assert (row.set, row.locator) == ("two", "Table 5")
    assert (study / "data/forecasts.csv").read_bytes() == before
    refused(model("judge", "job_mtbf", "--table", study / "came.csv"), "row 1", "has judged this point already")


def test_a_second_set_goes_behind_the_first_and_leaves_it_as_it_is(model, study):
    assert ask(model, study)[0] == 0
    before = (study / "data/forecasts.csv").read_bytes()
    (study / "points.csv").write_text("devices,failure_rate,set\n8,1e-8,a\n16,1e-8,b\n")
    assert model("record", "job_mtbf", "--table", study / "points.csv")[0] == 0  # the record itself may have changed
    assert (study / "data/forecasts.csv").read_bytes().startswith(before)
    assert list(records.read("forecasts")["set"]) == ["two", "two", "a", "b"]


def test_laws_that_no_commit_holds_record_nothing(model, study):
    with open(study / "data/README.md", "a", encoding="utf-8") as file:
        file.write("\n")
    refused(ask(model, study), "data/README.md changed since", "commit first")
    git(study, "checkout", "-q", "--", "data/README.md")
    (study / "model").mkdir()
    (study / "model/new.py").write_text("")
    refused(ask(model, study), "model/ changed since")
    assert len(records.read("forecasts")) == 0


@pytest.mark.parametrize(
    ("table", "more", "words"),
    [
        (POINTS, ["--set", "a b"], ["row 1", "one word"]),
        (POINTS, ["--set", "a", "--date", "yesterday"], ["--date is 'yesterday'", "2030-12-31"]),
        (POINTS, ["--set", "a", "--date", "2999-01-01"], ["still to come"]),
        (POINTS, ["--set", "a", "--commit", "fffffff"], ["--commit is fffffff", "checked out"]),
        (POINTS, [], ["row 1", "needs a set"]),
        (POINTS.replace("failure_rate", "measured"), ["--set", "a"], ["the column measured has no place here"]),
        (POINTS.replace("1024", "16384"), ["--set", "a"], ["row 2", "a row above it has this point already"]),
        (POINTS.replace("1024", "many"), ["--set", "a"], ["row 1", "devices is 'many'"]),
        ("devices,failure_rate\n", ["--set", "a"], ["is empty"]),
        ("devices,failure_rate,set\n8,1e-8,a\n", ["--set", "a"], ["leave --set out"]),
    ],
)
def test_a_table_that_cannot_be_a_forecast_is_refused(model, study, table, more, words):
    (study / "points.csv").write_text(table)
    refused(model("record", "job_mtbf", "--table", study / "points.csv", *more), *words)
    assert len(records.read("forecasts")) == 0


def test_a_point_is_forecast_once_however_it_is_written(model, study):
    assert ask(model, study)[0] == 0
    (study / "points.csv").write_text("failure_rate,devices\n0.00000001,1024.0\n")
    refused(ask(model, study), "row 1", "data/forecasts.csv has this point already", "its first prediction stands")


def test_a_point_without_a_forecast_in_git_is_not_judged(model, study):
    refused(model("judge", "job_mtbf", "--table", study / "came.csv"), "row 1", "has no forecast", "it is not blind")
    assert ask(model, study)[0] == 0
    refused(model("judge", "job_mtbf", "--table", study / "came.csv"), "row 1", "in no commit yet")
    assert len(records.read("blind")) == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("6000", "soon", ["row 1", "measured is 'soon'", "in s"]),
        ("6000", "0", ["row 1", "measured is '0'"]),
        (",measured,", ",time,", ["the column time has no place here"]),
        (",locator\n", "\n", ["row 1", "5 fields"]),
    ],
)
def test_a_measurement_that_cannot_judge_is_refused(model, study, old, new, words):
    assert ask(model, study)[0] == 0
    git(study, "commit", "-q", "-a", "-m", "Forecasts")
    path = study / "came.csv"
    path.write_text(path.read_text().replace(old, new))
    refused(model("judge", "job_mtbf", "--table", path), *words)


def test_a_source_that_the_references_lack_is_refused_and_nothing_is_written(model, study):
    assert ask(model, study)[0] == 0
    git(study, "commit", "-q", "-a", "-m", "Forecasts")
    path = study / "came.csv"
    path.write_text(path.read_text().replace(known_source(), "hearsay"))
    refused(model("judge", "job_mtbf", "--table", path), "data/blind.csv line 2", "the source 'hearsay'")
    assert len(records.read("blind")) == 0


def test_without_git_the_commit_must_be_named(model, data):
    path = data / "forecasts.csv"
    path.write_text(path.read_text(encoding="utf-8").split("\n")[0] + "\n", encoding="utf-8")
    (data.parent / "points.csv").write_text(POINTS)
    refused(ask(model, data.parent), "no git repository", "--commit")
    assert ask(model, data.parent, "--commit", "abc1234", "--date", "2026-11-28")[0] == 0
    assert set(records.read("forecasts").commit) == {"abc1234"}


def test_the_inputs_of_a_record_are_read_as_they_were_written():
    rows = pd.DataFrame(
        {"inputs": ["model=runs/a=1/config.json ranks=8", "ranks=16 batch=2"], "system": ["one", "two"]}
    )
    assert points(rows).fillna("").to_dict("records") == [
        {"model": "runs/a=1/config.json", "ranks": "8", "batch": "", "system": "one"},
        {"model": "", "ranks": "16", "batch": "2", "system": "two"},
    ]
