"""A CSV file as blocks of whole records, checked for their number of fields; only a few blocks are held at a time."""

import csv
import io
from itertools import chain, islice

import numpy as np

from model.predictions.inputs import InputError

# Records of a block. Draws start anew in each block and each group of words in it, so that intervals rest on this
# number: it is part of the answer, and workers share the rows out by it.
BLOCK = 200_000
COMMA, END = b",\n"


def opened(path):
    """Return the file opened as text whose line ends stay as they are; a mark at its start is left out."""
    return open(path, newline="", encoding="utf-8-sig")


def header(path):
    """Return (record, columns) of the header of an open CSV file's path; refuses a column that stands there twice."""
    try:
        with opened(path) as file:
            record = next(records(file), "")
            columns = next(csv.reader(io.StringIO(record, newline="")), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    if not columns:
        raise InputError(f"{path} is empty: give a header and at least one row")
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(f"{path}: the column {column} stands there twice")
    return record, columns


def blocks(path, size):
    """Yield (text, position) for each block: its records, divided by line feeds, and the bytes of the file read."""
    try:
        with opened(path) as file:
            next(records(file))
            while text := _block(file, size):
                yield text, file.buffer.tell()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error


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
        while line.count('"') % 2 and (more := next(lines, "")):
            line += more
        if record := line.rstrip("\r\n"):
            yield record


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
        raise InputError(f"{path} row {first + row}: has {counts[row]} fields where the header has {fields}")


def _fields(record, path, row):
    if '"' not in record:
        return record.count(",") + 1
    try:
        return len(next(csv.reader(io.StringIO(record, newline=""))))
    except csv.Error as error:
        raise InputError(f"{path} row {row} cannot be read as CSV: {error}") from error
