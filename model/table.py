"""Predictions for a CSV file of any length: read in chunks, answered as arrays, written with the file's own bytes."""

import csv
import io
from itertools import chain, islice

import numpy as np
import pandas as pd

from model.predict import InputError, predict, quantity

CHUNK = 200_000  # rows read at a time
ANSWER = ("value", "unit", "low", "high")


def predict_file(name, path, out, system=None, interval=True, seed=0):
    """Write the CSV at path to out with the columns value, unit, low, high after its own, which stay as they are.

    Every row is checked and answered before the first is written, so that bad input writes nothing; only the answers
    are kept meanwhile, 24 bytes a row. Raises InputError naming file, row and column.
    """
    what = quantity(name)
    header = _header(path)
    if taken := [column for column in ANSWER if column in header]:
        raise InputError(f"{path}: the column {taken[0]} is one of the answer's: rename it")
    _refuse_ragged(path, header)
    answers = [answer for answer in _answers(name, path, header, system, interval, seed)]
    values, lows, highs = (np.concatenate(column) for column in zip(*answers, strict=True))
    with open(path, newline="", encoding="utf-8-sig") as file:
        records = _records(file)
        out.write(next(records) + "," + ",".join(ANSWER) + "\n")
        for start in range(0, len(values), CHUNK):
            part = slice(start, start + CHUNK)
            rows = zip(islice(records, CHUNK), *_texts(values[part], what.unit, lows[part], highs[part]), strict=False)
            out.write("\n".join(chain(map(",".join, rows), [""])))


def _answers(name, path, header, system, interval, seed):
    """Yield (value, low, high) arrays, chunk by chunk."""
    inputs = {each.name for each in quantity(name).inputs} | {"system"}
    wanted = [column for column in header if column in inputs]
    first = 1
    try:
        with pd.read_csv(
            path, chunksize=CHUNK, usecols=wanted or None, na_values=[""], keep_default_na=False
        ) as chunks:
            for chunk in chunks:
                others = {column: "" for column in header if column not in inputs} if first == 1 else {}
                answer, _ = predict(name, chunk.assign(**others), system, interval, seed, where=str(path), first=first)
                yield answer.value.to_numpy(), answer.low.to_numpy(), answer.high.to_numpy()
                first += len(chunk)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    if first == 1:
        raise InputError(f"{path} is empty: give at least one row")


def _header(path):
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    if not header:
        raise InputError(f"{path} is empty: give a header and at least one row")
    for column in header:
        if header.count(column) > 1:
            raise InputError(f"{path}: the column {column} stands there twice")
    return header


def _refuse_ragged(path, header):
    """Refuse a row with more or fewer fields than the header, which would put its answer under another column."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for row, record in enumerate(_records(file)):
                fields = len(next(csv.reader(io.StringIO(record)))) if '"' in record else record.count(",") + 1
                if fields != len(header):
                    raise InputError(f"{path} row {row}: has {fields} fields where the header has {len(header)}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error


def _records(file):
    """Yield the file's records as text without line end; a quoted field may span lines."""
    for line in file:
        while line.count('"') % 2 and (more := next(file, "")):
            line += more
        if record := line.rstrip("\r\n"):
            yield record


def _texts(values, unit, lows, highs):
    """Return the four answer columns as lists of text; a bound that was not asked for is empty."""
    empty = [""] * len(values)
    bounds = [empty if np.isnan(side).all() else map(repr, side.tolist()) for side in (lows, highs)]
    return map(repr, values.tolist()), [unit] * len(values), *bounds
