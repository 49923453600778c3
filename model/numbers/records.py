"""Dated records that only grow: predictions before their measurement was seen, and what came of them.

data/forecasts.csv holds what was predicted, data/blind.csv what came of it, data/blind_sets.csv the summary of each
set, also of those whose measurements stay closed. A row carries a digest of its fields and of the digest before it, so
that one that was edited, taken out or put in between no longer fits. An end that was cut off is seen by git alone.
"""

import csv
import io
from datetime import date
from hashlib import sha256

import pandas as pd

from model.notation.units import UNITS
from model.numbers import catalog, files
from model.numbers.catalog import DataError

POINT = ("date", "commit", "quantity", "set", "system", "inputs", "unit")
COLUMNS = {
    "forecasts": (*POINT, "predicted", "low", "high"),
    "blind": (*POINT, "measured", "predicted", "low", "high", "error", "inside", "source", "locator"),
    "blind_sets": (*POINT[:5], "rows", "mean_error", "worst_error", "inside", "note"),
}
NUMBERS = {"measured", "predicted", "low", "high", "error", "inside", "rows", "mean_error", "worst_error"}
LETTERS = 12  # of a digest
OPTIONAL = ("system", "locator", "note", "digest")  # may be empty; a row without its digest is refused for that
MENDED = (
    "rows of this table are never edited, taken out or put in between: take the file back from git "
    "(git checkout HEAD -- {}) and append with `python -m model record` or `judge`"
)


def digest(before, fields):
    """Return the digest of a row: of the digest before it, and of its fields as text."""
    return sha256("\n".join([before, *fields]).encode()).hexdigest()[:LETTERS]


def chained(rows):
    """Return the digest that each row of texts must carry, a list; the first follows from the columns' names."""
    before, found = digest("", rows.columns), []
    for fields in rows.itertuples(index=False):
        before = digest(before, fields)
        found.append(before)
    return found


def read(table):
    """Return data/<table>.csv with its numbers as floats, after every check; DataError names file, line and fix.

    Refused: other columns than the table's, a row whose digest does not follow from the rows before it, dates that
    run backwards, what is no number, a unit that is not known, a source that book/references.bib lacks.
    """
    rows = catalog.words(table, optional=OPTIONAL)
    name, columns = f"data/{table}.csv", [*COLUMNS[table], "digest"]
    if list(rows.columns) != columns:
        raise DataError(f"{name}: its header must be {','.join(columns)}")
    rows = rows.fillna("")
    for line, (given, right) in enumerate(zip(rows.digest, chained(rows[columns[:-1]]), strict=True), 2):
        if given != right:
            raise DataError(
                f"{name} line {line}: its digest is '{given}' where this row after those before it gives '{right}': "
                + MENDED.format(name)
            )
    _refuse(rows, name)
    return rows.astype({column: float for column in rows.columns if column in NUMBERS})


def append(table, rows):
    """Append rows, a frame of texts in the table's columns, to data/<table>.csv with their digests.

    What stands there stays as it is, byte for byte. The file is replaced whole, or not at all where the new rows do not
    pass the checks of `read`.
    """
    read(table)
    path = catalog.DATA / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    known = catalog.words(table, optional=OPTIONAL).drop(columns="digest").fillna("")
    both = pd.concat([known, rows[list(COLUMNS[table])].astype("string")], ignore_index=True)
    _refuse(both, f"data/{table}.csv")
    new = both.assign(digest=chained(both)).iloc[len(known) :]
    files.write(path, (text + _lines(new)).encode())


def _lines(rows):
    """Return rows as the lines of a CSV file."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows.itertuples(index=False))
    return out.getvalue()


def _refuse(rows, name):
    def stop(bad, message):
        if bad.any():
            row = rows[bad].iloc[0]
            raise DataError(f"{name} line {bad.idxmax() + 2}: {message(row)}")

    for column in NUMBERS & set(rows.columns):
        bad = pd.to_numeric(rows[column], errors="coerce").isna()
        stop(bad, lambda row, column=column: f"has the {column} '{row[column]}': write a number")
    days = rows.date.map(_day)
    stop(days.isna(), lambda row: f"has the date '{row.date}': write it as 2030-12-31")
    if "measured" not in rows:  # judged in any order, predicted in this one
        back = rows.date < rows.date.shift(fill_value="")
        stop(back, lambda row: f"has the date {row.date}, before that of the row above it")
    if "unit" in rows:
        stop(~rows.unit.isin(UNITS), lambda row: f"has the unit '{row.unit}': write one of model.notation.units.UNITS")
    if "source" in rows:
        unknown = ~rows.source.isin(catalog.sources())
        stop(unknown, lambda row: f"has the source '{row.source}', which book/references.bib lacks")


def _day(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
