"""A CSV file as blocks of whole records, checked for their number of fields; only a few blocks are held at a time."""

import csv
import io
import os
import re
import sys
from contextlib import contextmanager
from itertools import chain, islice

import numpy as np

from model.notation.spelling import NUMBER, shortened
from model.numbers.files import divided, problem
from model.predictions.inputs import InputError

# Records of a block. Draws start anew in each block and each group of words in it, so that intervals rest on this
# number: it is part of the answer, and workers share the rows out by it.
BLOCK = 200_000
COMMA, END = b",\n"
# A quote counts at the start of a field alone; there it opens one that ends at the next quote that is not doubled.
# What follows up to the comma belongs to the field, as in every other reader of CSV.
QUOTED = r'(?:[^"]|"")*+"[^,]*+(?:,|\Z)'
REST, FIELDS = re.compile(QUOTED), re.compile(rf'(?:(?:"{QUOTED}|(?!")[^,]*+(?:,|\Z)))*+')
STANDARD_INPUT = "-"


class Table:
    """An open CSV file: its name for messages, its header as written, the columns' names, and its blocks, read once."""

    def __init__(self, path, stream):
        self.path, self._stream = path, stream
        begin = stream.peek(64)[:64] if hasattr(stream, "peek") else b""
        if told := problem(begin):
            raise InputError(f"{path} {told}")
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        self._records, self._read = records(self._text), 0
        with self._told():
            self.record = next(self._records, "")
            fields = next(csv.reader(io.StringIO(self.record, newline="")), [])
        self.columns = [field.strip() for field in fields]
        self._refuse_header()

    def release(self):
        """Leave the stream open, to whoever opened it."""
        self._text.detach()

    def blocks(self, size):
        """Yield (text, position) for each block: its records, divided by line feeds, and the bytes of the file read."""
        while True:
            with self._told():
                text = _block(self._text, size)
            if not text:
                return
            if "\0" in text:
                row = self._read + text[: text.index("\0")].count("\n") + 1
                raise InputError(f"{self.path} row {row}: holds a zero byte: save the table as text in UTF-8")
            self._read += text.count("\n") + 1
            yield text, self._stream.tell() if self._stream.seekable() else 0

    @contextmanager
    def _told(self):
        """Say of what cannot be read which file it is, and about where."""
        try:
            yield
        except UnicodeDecodeError as error:
            line = self._read + error.object[: error.start].count(b"\n") + 1
            raise InputError(
                f"{self.path} cannot be read as CSV: about line {line} holds a byte that is not UTF-8: save it in UTF-8"
            ) from error
        except (OSError, csv.Error) as error:
            raise InputError(f"{self.path} cannot be read as CSV: {error}") from error

    def _refuse_header(self):
        """Refuse a header that is none, or that another dialect divides: with what the first line looks like."""
        line, columns = self.record, self.columns
        if not columns:
            raise InputError(f"{self.path} is empty: give a header and at least one row")
        if "\0" in line:
            raise InputError(f"{self.path}: the first line holds zero bytes: save the table as text in UTF-8")
        if told := no_header(line, columns):
            raise InputError(f"{self.path}: {told}")
        for column in columns:
            if columns.count(column) > 1:
                named = f"the column {shortened(column)} stands there twice" if column else "two columns have no name"
                raise InputError(f"{self.path}: {named}")


def no_header(line, columns):
    """Return why the first line of a CSV file is no header, a sentence without its subject, or "" where it may be one.

    columns: the fields that commas make of it.
    """
    first = f"the first line, '{shortened(line)}',"
    if line.startswith(("#", "//")) or line.lower().startswith("sep="):
        return f"{first} is a comment where the header must stand: take comment lines out"
    if line.lstrip().startswith(("{", "[", "<")):
        return f"{first} is no header of a CSV file"
    if told := divided([line] if len(columns) == 1 else columns):
        return f"the first line is divided by {told}: divide fields by commas"
    if columns and NUMBER.fullmatch(columns[0]):
        return f"{first} holds numbers where the names of the columns must stand: give a header"
    return ""


@contextmanager
def opened(path):
    """Give the Table of the CSV file at path, of standard input where path is -; InputError where it is none."""
    if str(path) == STANDARD_INPUT and sys.stdin is None:
        raise InputError("standard input is closed, and the table is to come from it")
    try:
        raw = sys.stdin.buffer if str(path) == STANDARD_INPUT else open(path, "rb")  # noqa: SIM115 closed below
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{shortened(path)} cannot be read as CSV: {reason}") from error
    table = None
    try:
        table = Table(path, raw)
        yield table
    finally:
        if table is not None:
            table.release()
        if str(path) != STANDARD_INPUT:
            raw.close()


def size(path):
    """Return the bytes of a file, None of what has no size, as a pipe."""
    return os.path.getsize(path) if os.path.isfile(path) else None


def _block(file, size):
    """Return the next records of an open file as one text; where each line is a record, the lines as they come."""
    lines = list(islice(file, size))
    text = "".join(lines)
    if not any(odd in text for odd in ('"', "\r", "\n\n")) and not text.startswith("\n"):
        return text.removesuffix("\n")
    return "\n".join(islice(records(chain(lines, file)), size))


def split(text):
    """Return the records of a block's text."""
    return list(records(io.StringIO(text, newline=""))) if '"' in text else text.split("\n")


def records(lines):
    """Yield records as text without line end; a quoted field may span lines, empty lines are passed over."""
    lines = iter(lines)
    for line in lines:
        parts, inside = [line], _ends_inside(line, False)
        while inside and (more := next(lines, "")):
            parts.append(more)
            inside = _ends_inside(more, True)
        if record := "".join(parts).rstrip("\r\n"):
            yield record


def _ends_inside(line, inside):
    """Tell whether a line ends inside a quoted field, from whether it begins inside one."""
    if not inside and '"' not in line:
        return False
    start = 0
    if inside:
        rest = REST.match(line)
        if rest is None:
            return True
        start = rest.end()
    whole = FIELDS.match(line, start)
    return whole is None or whole.end() < len(line)


def refuse_ragged(text, fields, path, first):
    """Refuse a row with more or fewer fields than the header, which would put its answer under another column."""
    if '"' not in text:
        letters = np.frombuffer(f"{text}\n".encode(), np.uint8)
        marks = letters[(letters == COMMA) | (letters == END)]
        counts = np.diff(np.flatnonzero(marks == END), prepend=-1)
    else:
        counts = np.array([_fields(record, path, row) for row, record in enumerate(split(text), first)])
    if (bad := counts != fields).any():
        row = int(np.argmax(bad))
        record = split(text)[row]
        hint = ": it begins as a comment does: take comment lines out" if record.startswith(("#", "//")) else ""
        hint = hint or (": it is blank: take it out" if not record.strip() else "")
        raise InputError(
            f"{path} row {first + row}: has {counts[row]} field{'' if counts[row] == 1 else 's'} where the header has "
            f"{fields}{hint}"
        )


def _fields(record, path, row):
    if '"' not in record:
        return record.count(",") + 1
    try:
        return len(next(csv.reader(io.StringIO(record, newline=""))))
    except csv.Error as error:
        raise InputError(f"{path} row {row} cannot be read as CSV: {error}") from error
