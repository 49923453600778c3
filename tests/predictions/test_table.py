"""Tables: each row's own bytes with its answer behind them, whatever blocks and workers; bad input says where."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from model.numbers import readings
from model.predictions import table
from model.predictions.answer import STUDY, predict
from model.predictions.inputs import InputError

RATES = [1e-8, 2e-8, 3e-8, 4e-8, 5e-8]
ROWS = "".join(f'"a, {n}",{n},{rate}\n' for n, rate in enumerate(RATES, 1))
POINTS = pd.DataFrame({"devices": range(1, 6), "failure_rate": RATES})


@pytest.fixture
def asked(tmp_path):
    """Return a function: the text of a table, a quantity and more of `predict_file`, to (what is written, returned)."""
    path = tmp_path / "points.csv"

    def ask(text="note,devices,failure_rate\n" + ROWS, name="job_mtbf", **more):
        path.write_text(text, encoding="utf-8")
        out = io.StringIO()
        try:
            told = table.predict_file(name, path, out, **more)
        except InputError:
            assert out.getvalue() == "", "bad input writes nothing"
            raise
        return out.getvalue(), told

    return ask


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_each_row_keeps_its_bytes_and_has_its_answer_behind_them(asked):
    written, told = asked(interval=False)
    head, *lines = written.splitlines()
    assert head == "note,devices,failure_rate,value,unit,low,high" and written.endswith("\n")
    values = predict("job_mtbf", POINTS, interval=False)[0].value
    assert lines == [f"{row},{value!r},s,," for row, value in zip(ROWS.splitlines(), values.tolist(), strict=True)]
    assert told == (["note"], {})


def test_intervals_are_those_that_predict_gives(asked):
    text = "devices,system\n" + "16384,llama3-16k\n512,llama3-16k\n"
    found = pd.DataFrame(rows_of(asked(text, seed=3)[0]))
    expected = predict("job_mtbf", pd.read_csv(io.StringIO(text)), seed=3)[0]
    for side in ("value", "low", "high"):
        assert found[side].astype(float).tolist() == expected[side].tolist()
    other = pd.DataFrame(rows_of(asked(text)[0]))
    assert (other.low != found.low).all() and (other.value == found.value).all()


@pytest.mark.parametrize(("size", "workers"), [(1, 1), (2, 1), (3, 1), (100, 1), (2, 2), (100, 2)])
def test_neither_blocks_nor_workers_change_a_byte(asked, monkeypatch, size, workers):
    expected = asked(interval=False)
    monkeypatch.setattr(table, "BLOCK", size)
    assert asked(interval=False, workers=workers) == expected


class Bar:
    """What stands in for a bar: how far it went, and all steps in turn."""

    made: list = []

    def __init__(self, total, **_):
        self.total, self.n, self.steps = total, 0, []
        Bar.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def update(self, step):
        self.n += step
        self.steps.append(step)


def test_several_blocks_go_to_workers_while_a_bar_goes_on_to_the_end_of_the_file(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(Bar, "made", [])
    monkeypatch.setattr(table, "tqdm", Bar)
    monkeypatch.setattr(table, "BLOCK", 2)
    asked(interval=False)
    assert not Bar.made, "one worker answers here"
    asked(interval=False, workers=2)
    (bar,) = Bar.made
    assert len(bar.steps) == 3 and bar.n == bar.total == (tmp_path / "points.csv").stat().st_size
    monkeypatch.setattr(table, "BLOCK", 5)
    asked(interval=False, workers=2)
    assert len(Bar.made) == 1, "one block is answered here"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("place", range(1, 6))
def test_a_bad_row_is_named_by_its_place_in_the_whole_table(asked, monkeypatch, place, workers):
    monkeypatch.setattr(table, "BLOCK", 2)
    lines = ROWS.splitlines(keepends=True)
    lines[place - 1] = "x,-1,1e-8\n"
    with pytest.raises(InputError, match=rf"points\.csv row {place}: devices is '-1'"):
        asked("note,devices,failure_rate\n" + "".join(lines), interval=False, workers=workers)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("devices,failure_rate\n", "points.csv is empty: give at least one row"),
        ("devices,failure_rate,low\n8,1e-8,3\n", "the column low is one of the answer's: rename it"),
        ("devices,failure_rates\n8,1e-8\n", "failure_rate"),
        ("devices,failure_rate\n8,1e-8,9\n", "row 1"),
    ],
    ids=["no row", "an answer's column", "nearly an input's name", "a field too many"],
)
def test_a_table_that_cannot_be_answered_is_refused(asked, text, words):
    with pytest.raises(InputError, match=words):
        asked(text, interval=False)


def test_a_column_that_looks_like_an_input_passes_where_it_is_named(asked):
    text = "devices,failure_rate,failure_rates\n8,1e-8,7\n"
    written, (others, _) = asked(text, interval=False, passed=["failure_rates"])
    assert rows_of(written)[0]["failure_rates"] == "7" and others == ["failure_rates"]


def test_a_part_of_a_name_is_told_with_the_name_that_was_read(asked, monkeypatch):
    monkeypatch.setattr(table, "BLOCK", 1)
    written, (_, words) = asked("devices,system\n8,GB200\n8,llama3-16k\n", interval=False)
    assert words == {"GB200": "gb200-nvl72"}
    assert [row["system"] for row in rows_of(written)] == ["GB200", "llama3-16k"]


def test_an_answer_of_a_search_carries_its_layout_in_columns_that_the_table_has_not(asked):
    """Out of reach there is none."""
    head = "model,speed,context,precision,batch\n"
    text = head + "deepseek-v3,50,4096,nvfp4,mine\ndeepseek-v3,90000,4096,nvfp4,mine\n"
    more = {"system": "hgx-b200", "interval": False, "passed": ["batch"]}
    reached, beyond = rows_of(asked(text, "decode_frontier", **more)[0])
    assert list(reached)[-4:] == ["ranks", "tensor_devices", "expert_devices", "drafts"] and reached["batch"] == "mine"
    frame = pd.read_csv(io.StringIO(text)).drop(columns="batch")
    layout = predict("decode_frontier", frame, "hgx-b200", interval=False)[0].iloc[0]
    assert [float(reached[name]) for name in ("value", "ranks", "drafts")] == layout[
        ["value", "ranks", "drafts"]
    ].tolist()
    assert float(beyond["value"]) == 0 and beyond["ranks"] == beyond["drafts"] == ""


SHAPE = {"hidden": 7168, "experts": 256, "topk": 8, "bytes_per_element": 1}


@pytest.fixture
def mine(tmp_path):
    """Return Readings of two dispatches on hgx-h100, slow ones."""
    rows = pd.DataFrame({"system": "hgx-h100", "op": "dispatch", "ranks": [8, 16], "tokens": 128, **SHAPE})
    path = tmp_path / "mine.csv"
    rows.assign(value=[150.0, 300.0], unit="us", role="calibrate").to_csv(path, index=False)
    return readings.read(str(path))


@pytest.mark.parametrize("workers", [1, 2])
def test_with_a_reader_s_rows_the_study_s_answer_stands_beside_theirs(asked, monkeypatch, mine, workers):
    monkeypatch.setattr(table, "BLOCK", 1)
    text = ",".join(["ranks", "tokens", "op", *SHAPE]) + "\n"
    text += "".join(f"{ranks},128,dispatch,{','.join(map(str, SHAPE.values()))}\n" for ranks in (8, 16, 32))
    more = {"system": "hgx-h100", "interval": False, "workers": workers}
    found = pd.DataFrame(rows_of(asked(text, "all_to_all_time", readings=mine, **more)[0]))
    assert list(found)[-7:] == [*table.ANSWER, *STUDY]
    alone = pd.DataFrame(rows_of(asked(text, "all_to_all_time", **more)[0]))
    assert found.value_study.tolist() == alone.value.tolist()
    assert (found.value.astype(float) > 1.2 * alone.value.astype(float)).all()
    assert mine.used == {0, 1} and "value_study" not in alone


def test_rows_on_which_no_answer_rests_are_refused(asked, mine):
    with pytest.raises(InputError, match="job_mtbf as asked rests on none of the rows fitted"):
        asked(readings=mine, interval=False)


def test_an_end_is_left_empty_only_where_none_was_asked_for():
    answer = pd.DataFrame({"value": [1.0, 2.0], "low": [0.5, np.inf], "high": [np.nan, np.nan]})
    assert [list(each) for each in table._texts(answer, "value", "low", "high")] == [
        ["1.0", "2.0"],
        ["0.5", "inf"],
        ["", ""],
    ]
