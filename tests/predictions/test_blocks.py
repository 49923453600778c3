"""A CSV file in blocks: whole records whatever a field holds, and what is no table is told by its file and row."""

import csv
import io
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.predictions.blocks import STANDARD_INPUT, opened, records, refuse_ragged, size, split
from model.predictions.inputs import InputError

FIELDS = st.text(st.sampled_from('ab,"\n\r é'), max_size=6)
TABLES = st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1, max_size=30)
ENDS = st.sampled_from(["\n", "\r\n"])


def written(row, end):
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)  # quotes a field that holds one of these
    return text.getvalue().removesuffix("\r\n") + end


@given(TABLES, ENDS, st.integers(1, 7), st.lists(st.integers(0, 30), max_size=3))
def test_blocks_of_any_size_hold_the_records_in_order(tmp_path_factory, rows, end, size, empty):
    lines = [written(row, end) for row in rows]
    for place in empty:
        lines.insert(place, end)  # empty lines are no records
    path = tmp_path_factory.mktemp("blocks") / "points.csv"
    path.write_bytes(("x,y" + end + "".join(lines)).encode())
    with opened(path) as table:
        texts = [text for text, _ in table.blocks(size)]
    records = [record for text in texts for record in split(text)]
    assert [next(csv.reader(io.StringIO(record, newline=""))) for record in records] == rows
    assert all(len(split(text)) == size for text in texts[:-1])
    for text in texts:
        refuse_ragged(text, 2, path, 1)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=20))
def test_quotes_do_not_change_which_row_is_ragged(counts):
    plain = "\n".join(",".join("a" * count) for count in counts)
    quoted = "\n".join(",".join('"a"' for _ in range(count)) for count in counts)
    said = []
    for text in (plain, quoted):
        try:
            refuse_ragged(text, 2, "points.csv", 5)
            said.append("")
        except InputError as error:
            said.append(str(error))
    assert said[0] == said[1]
    assert (said[0] == "") == (set(counts) == {2})


@given(st.text(st.sampled_from('ab,"\n'), max_size=30))
def test_records_end_where_pythons_reader_ends_them(text):
    """Of any letters, quotes that open or close nothing among them: as many records, each of as many fields."""
    rows = [len(row) for row in csv.reader(io.StringIO(text, newline="")) if row]
    found = list(records(io.StringIO(text, newline="")))
    assert [len(next(csv.reader(io.StringIO(record, newline="")))) for record in found] == rows


@given(st.lists(st.lists(FIELDS, min_size=1, max_size=4), min_size=1, max_size=8))
def test_the_first_row_that_is_ragged_is_the_one_that_is_named(rows):
    text = "\n".join(written(row, "") for row in rows)
    ragged = [number for number, row in enumerate(rows, 5) if len(row) != 2]
    if not ragged:
        refuse_ragged(text, 2, "points.csv", 5)
        return
    fields = len(rows[ragged[0] - 5])
    with pytest.raises(InputError, match=f"points.csv row {ragged[0]}: has {fields} field") as told:
        refuse_ragged(text, 2, "points.csv", 5)
    assert ("fields where" in str(told.value)) == (fields != 1)


def test_what_a_ragged_row_may_be_is_told():
    for row, words in (("# 3", "comment lines out"), ("// 3", "comment lines out"), ("  ", "take it out"), ("3", "")):
        with pytest.raises(InputError, match="has 1 field where the header has 2") as told:
            refuse_ragged(f"1,2\n{row}", 2, "points.csv", 1)
        assert str(told.value).endswith(words or "has 2")
        assert "row 2" in str(told.value)


# What is read, and how far.


def blocks(path, number):
    with opened(path) as table:
        return table.columns, list(table.blocks(number))


def test_the_columns_are_stripped_and_positions_grow_to_the_end_of_the_file(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("\ufeffx , y\n" + "1,2\n" * 50_000, encoding="utf-8")
    columns, found = blocks(path, 20_000)
    assert columns == ["x", "y"]
    assert [text.count("\n") + 1 for text, _ in found] == [20_000, 20_000, 10_000]
    places = [place for _, place in found]
    assert places == sorted(places) and 0 < places[0] < places[-1] == size(path)


def test_a_block_without_quotes_is_read_as_one_with_them(tmp_path):
    plain, quoted = tmp_path / "plain.csv", tmp_path / "quoted.csv"
    for first in ("1,2\n", "\n1,2\n", "1,2\n\n\n", "1,2\r\n"):
        plain.write_bytes(f"x,y\n{first}3,4\n5,6".encode())
        quoted.write_bytes(f'x,y\n{first}3,"4"\n5,6'.encode())
        for number in (1, 2, 5):
            texts = [text for text, _ in blocks(plain, number)[1]]
            assert texts == [text.replace('"', "") for text, _ in blocks(quoted, number)[1]]
            assert ",".join(texts).replace("\n", ",") == "1,2,3,4,5,6"


def test_a_pipe_has_no_size_and_no_place_in_it():
    read, write = os.pipe()
    os.write(write, b"x,y\n1,2\n")
    os.close(write)
    with os.fdopen(read) as pipe:
        path = f"/dev/fd/{pipe.fileno()}"
        assert size(path) is None
        assert blocks(path, 5) == (["x", "y"], [("1,2", 0)])


def test_standard_input_is_read_and_stays_open(monkeypatch):
    with tempfile.TemporaryFile() as file:
        file.write(b"x\n1\n")
        file.seek(0)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file, encoding="utf-8"))
        assert blocks(STANDARD_INPUT, 5)[1][0][0] == "1"
        assert not file.closed


def test_a_file_is_closed_also_where_it_is_refused(tmp_path, monkeypatch):
    files = []
    for content in ("x\n1\n", ""):
        path = tmp_path / "points.csv"
        path.write_text(content)
        file = open(path, "rb")  # noqa: SIM115 closed by what is tested
        files.append(file)
        monkeypatch.setattr("builtins.open", lambda *_, file=file: file)
        try:
            blocks(path, 5)
        except InputError:
            assert not content
        monkeypatch.undo()
    assert [file.closed for file in files] == [True, True]


REFUSED = {  # content: what is told
    "nothing": (b"", "is empty: give a header"),
    "zeros in the header": (b"x\0,y\n", "first line holds zero bytes"),
    "zeros later": (b"x,y\n1,2\n3,\0\n", "row 2: holds a zero byte"),
    "zeros in a later block": (b"x,y\n" + b"1,2\n" * 4 + b"3,\0\n", "row 5: holds a zero byte"),
    "another encoding": (b"x,y\n1,2\n3,\xff\n", "about line 3 holds a byte that is not UTF-8"),
    "another encoding in the header": (b"x,\xff\n1,2\n", "about line 1 holds a byte that is not UTF-8"),
    "an archive": (b"PK\x03\x04....", "is a zip archive"),
    "a comment": (b"# made by hand\nx,y\n", "is a comment where the header must stand"),
    "another comment": (b"// made by hand\nx,y\n", "is a comment where the header must stand"),
    "a spreadsheet's line": (b"SEP=;\nx;y\n", "is a comment where the header must stand"),
    "json": (b' {"x": 1}\n', "is no header of a CSV file"),
    "semicolons": (b"x;y\n1;2\n", "is divided by semicolons"),
    "numbers": (b"1.5,2\n", "holds numbers where the names"),
    "a name twice": (b"x,y,x\n", "the column x stands there twice"),
    "no names": (b"x,,\n", "two columns have no name"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_table_is_told_by_its_file(tmp_path, content, words):
    path = tmp_path / "points.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as told:
        blocks(path, 2)
    assert str(told.value).startswith(str(path))


def test_a_file_that_is_not_there_or_cannot_be_is_told_by_its_name(tmp_path):
    for path, words in ((tmp_path / "none.csv", "No such file"), (Path("a\0b"), "null"), (tmp_path, "directory")):
        with pytest.raises(InputError, match=f"cannot be read as CSV: .*{words}"):
            blocks(path, 5)
