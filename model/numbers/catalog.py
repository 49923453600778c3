"""Reads data/*.csv: one number a row, with its unit, its kind, its source and where to find it there."""

import csv
import io
import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from model.notation.nomenclature import NOMENCLATURE
from model.notation.spelling import guess, shortened
from model.notation.units import UNITS, dimension, size
from model.numbers.files import text

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
KINDS = ("spec", "measured", "claim", "estimate", "derived", "assumed")
ROLES = ("calibrate", "validate")
COLUMNS = ("quantity", "value", "unit", "low", "high", "kind", "chosen", "source", "locator", "note")
NUMBERS = ("value", "low", "high")
RESERVED = {*COLUMNS, "role"}
TINY = float(np.finfo(float).tiny)
LEAST = {"positive": TINY, "zero": 0.0, "any": -np.inf}  # what a quantity takes: its least number
QUOTES = "put quotes around a field that holds a comma or a quote"


class DataError(ValueError):
    """A row of data/ that does not fit the schema, or fits it and makes no sense."""


def read(table):
    """Return data/<table>.csv as a frame, as written, after every check; DataError names file, line and fix.

    While the environment variable STUDY_TABLES is set (a build does so, from the notebook's metadata), a table that
    it does not list is refused: otherwise a change of that table would not rerun the notebook.
    """
    _declared(table)
    return _checked(DATA / f"{table}.csv").rows.copy()


def words(table, optional=()):
    """Return data/<table>.csv, a table of words that holds no number, as written; DataError names file, line and fix.

    Every field is filled, but for those of the optional columns, and no row is written twice. STUDY_TABLES counts as
    for `read`.
    """
    _declared(table)
    path = DATA / f"{table}.csv"
    rows = texts(path)
    empty = rows[[name for name in rows.columns if name not in optional]].isna()
    refuse(path, rows, empty.any(axis=1), lambda row: "has an empty field: fill it", names=rows.columns)
    refuse(path, rows, rows.duplicated(), lambda row: "is written twice: remove one of the rows", names=rows.columns)
    return rows


@cache
def other_names(table):
    """Return {name: name in a table of data/} of the other names that data/aliases.csv has for it.

    Which name a reader wrote changes no answer, so that no notebook lists that table.
    """
    rows = texts(DATA / "aliases.csv")
    rows = rows[rows.table == table]
    return dict(zip(rows.name, rows.stands_for, strict=True))


def keys(rows):
    """Return the columns that tell rows apart: all before `quantity`, and `quantity`."""
    return [*rows.columns[: rows.columns.get_loc("quantity")], "quantity"]


def chosen(table):
    """Return the rows that the study uses: value known and, where rows compete, the one marked as chosen."""
    rows = read(table)
    return rows[rows.value.notna() & (rows.chosen.fillna("") != "no")]


def recorded(table, name):
    """Return {quantity: row} of the rows of `chosen` of one name in the first column; a row is a named tuple.

    It is made once for each name, because every prediction asks for some dozens.
    """
    _declared(table)
    checked = _checked(DATA / f"{table}.csv")
    if name not in checked.named:
        rows = checked.rows[checked.rows[checked.rows.columns[0]].to_numpy(object) == name]
        rows = rows[rows.value.notna() & (rows.chosen.fillna("") != "no")]
        checked.named[name] = {row.quantity: row for row in rows.itertuples(index=False)}
    return dict(checked.named[name])


def load(table, column="value"):
    """Return one row for each name in the first column, one column for each quantity, in base units.

    column is value, low or high; a bound that is not recorded equals the value.
    """
    rows = chosen(table)
    name = rows.columns[0]
    number = rows[column].fillna(rows.value) * rows.unit.map(size)
    return rows.assign(number=number).pivot(index=name, columns="quantity", values="number")


def provenance(table, name, quantities=None):
    """Return the rows behind one name (a system, a workload), all or those of the quantities given, as written."""
    rows = read(table)
    rows = rows[rows[rows.columns[0]] == name]
    return rows if quantities is None else rows[rows.quantity.isin([str(quantity) for quantity in quantities])]


@cache
def sources():
    """Return the entries of book/references.bib by key, each a mapping of its fields."""
    from pybtex.database import parse_file

    return dict(parse_file(str(ROOT / "book" / "references.bib"), bib_format="bibtex").entries)


def _declared(table):
    """Refuse a table that the notebook which is being built does not list."""
    declared = os.environ.get("STUDY_TABLES")
    if declared is not None and table not in declared.split(","):
        raise DataError(f"data/{table}.csv is read, but study.tables in the notebook's metadata lists only {declared}")


def named(path):
    """Return how a message names a file: a table by its place in the project, a reader's file as it was given."""
    return f"data/{path.name}" if path.parent == DATA else str(path)


def place(path, position):
    """Return how a message names the row at a position, from 0: a table's line, or the row of a reader's file."""
    return f"{named(path)} line {position + 2}" if path.parent == DATA else f"{named(path)} row {position + 1}"


def texts(path):
    """Return the fields of a file as text, empty ones as missing; DataError names the line that is no record."""
    try:
        content = text(path)
    except ValueError as error:
        raise DataError(f"{named(path)} cannot be read: {error}") from error
    header = next(csv.reader(io.StringIO(content, newline="")), [])
    if not "".join(header).strip():
        raise DataError(f"{named(path)} line 1: is empty: the first line holds the names of the columns")
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"{named(path)} line 1: the column {shortened(name)} stands there twice: take one out")
        if name != name.strip() or not name:
            raise DataError(f"{named(path)} line 1: the column '{shortened(name)}' needs a name without blanks around")
    try:
        rows = pd.read_csv(io.StringIO(content), keep_default_na=False, dtype="string", skip_blank_lines=False)
    except pd.errors.ParserError as error:  # names the line
        raise DataError(f"{named(path)}: {str(error).strip()}: {QUOTES}") from error
    if not isinstance(rows.index, pd.RangeIndex):
        raise DataError(f"{place(path, 0)}: has more fields than the header: {QUOTES}")
    return rows.replace("", pd.NA)


class _Table(NamedTuple):
    """A table after every check, and what `recorded` made of it so far, by name."""

    rows: pd.DataFrame
    named: dict[str, dict[str, Any]]


@cache
def _checked(path):
    rows = texts(path)
    if missing := [name for name in COLUMNS if name not in rows.columns]:
        raise DataError(f"{named(path)}: the columns {missing} are missing; the header needs {list(COLUMNS)}")
    for name in rows.columns:
        if name in NUMBERS or (name not in RESERVED and _is_numeric(rows[name])):
            rows[name] = numbers(path, rows, name)
    _refuse(path, rows)
    return _Table(rows, {})


def _is_numeric(column):
    known = column.dropna()
    return len(known) > 0 and pd.to_numeric(known, errors="coerce").notna().mean() > 0.5


def numbers(path, rows, name):
    """Return a column of texts as numbers; DataError names the first row that holds none and is not empty."""
    found = pd.to_numeric(rows[name], errors="coerce").astype(float)
    bad = rows[name].notna() & found.isna()
    refuse(path, rows, bad, lambda row: f"has the {name} '{row[name]}': write a number or leave it empty")
    return found


def _refuse(path, rows):
    identity = keys(rows)
    competing = rows.duplicated(identity, keep=False)
    picked = (rows.chosen == "yes").groupby([rows[key] for key in identity], dropna=False).transform("sum")
    checks = [
        (rows[identity[0]].isna(), lambda row: f"has no {identity[0]}: name it"),
        (rows.quantity.isna(), lambda row: "has no quantity: name it"),
        *_named_without_blanks(rows, identity),
        (rows.source.isna(), lambda row: "has no source: write a key of book/references.bib"),
        (~rows.source.isin(sources()), lambda row: f"has the source '{row.source}', which book/references.bib lacks"),
        (rows.value.notna() & rows.locator.isna() & rows.note.isna(), _without_locator),
        *sound(rows),
        *_registered(rows),
        (rows.value.isna() & rows.note.isna(), lambda row: "has no value: say in the note what is missing"),
        (
            competing & (picked != 1),
            lambda row: "is written more than once: mark exactly one of the rows as chosen 'yes', say why in its note",
        ),
        (competing & rows.chosen.isna(), lambda row: "competes with a chosen row: mark it as chosen 'no'"),
        (
            ~competing & rows.chosen.notna(),
            lambda row: f"stands alone, yet has '{row.chosen}' as chosen: leave it empty",
        ),
    ]
    for bad, message in checks:
        refuse(path, rows, bad.fillna(False), message)


def _named_without_blanks(rows, identity):
    """Return the checks of names: a blank around one would make it another name, and a default stand in for it."""
    texts_ = [name for name in (*identity, "unit", "kind", "source") if not pd.api.types.is_numeric_dtype(rows[name])]
    return [
        (
            rows[name].astype("string") != rows[name].astype("string").str.strip(),
            lambda row, name=name: f"has the {name} '{row[name]}': take the blanks around it out",
        )
        for name in texts_
    ]


def _without_locator(row):
    return (
        "has no locator: say where in its source it stands (section, table, page), or in the note why that is not known"
    )


def registry() -> dict[str, tuple[set[Any], float]]:
    """Return {quantity: (dimensions, least)}: in what it may be measured, and its least number, as in LEAST.

    From the nomenclature, whose symbols are positive, and from data/quantities.csv, which adds what is no symbol, and
    what may be zero or negative or has another unit in a table.
    """
    return _registry(DATA / "quantities.csv")


@cache
def _registry(path):
    known = {str(symbol): ({dimension(entry.unit)}, TINY) for symbol, entry in NOMENCLATURE.items()}
    rows = texts(path)
    for column, words in (("unit", UNITS), ("takes", LEAST)):
        strange = ~rows[column].isin(words)
        refuse(path, rows, strange, lambda row, name=column: f"has the {name} '{row[name]}'", ["quantity"])
    for row in rows.itertuples():
        dimensions, least = known.get(row.quantity, (set(), np.inf))
        known[row.quantity] = dimensions | {dimension(row.unit)}, min(least, LEAST[row.takes])
    return known


def _registered(rows):
    """Return the checks of a row's quantity, of its unit, and of the sign of its numbers against the registry."""
    known = registry()
    dimensions = {unit: own for unit, (_, own) in UNITS.items()}
    strange = ~rows.quantity.isin(known)
    pairs = zip(rows.quantity, rows.unit, strict=True)
    foreign = [q in known and unit in dimensions and dimensions[unit] not in known[q][0] for q, unit in pairs]
    least = rows.quantity.map(lambda quantity: known[quantity][1] if quantity in known else -np.inf)
    return [
        (
            strange,
            lambda row: (
                f"is a quantity that nobody declared{guess(row.quantity, known, most=3)}; a new one is a row of "
                f"data/quantities.csv, or a symbol"
            ),
        ),
        (
            pd.Series(foreign, index=rows.index),
            lambda row: f"has the unit '{row.unit}', in which it is not measured: write one like {_units(known, row)}",
        ),
        *(
            (
                rows[name] < (least if name == "value" else least.clip(upper=0.0)),
                lambda row, name=name: f"has the {name} {row[name]:g}, where it takes {_takes(known, row)}: correct it",
            )
            for name in NUMBERS
        ),
    ]


def _units(known, row):
    same = [unit for unit, (_, own) in UNITS.items() if own in known[row.quantity][0]]
    return ", ".join(same[:6])


def _takes(known, row):
    return "no negative number" if known[row.quantity][1] == 0 else "a positive number"


def sound(rows):
    """Return what no row may be, wherever it comes from: pairs of which rows are so, and what to say of one."""
    role = rows.get("role", pd.Series(pd.NA, index=rows.index, dtype="string"))
    return [
        (
            ~rows.unit.isin(UNITS),
            lambda row: f"has the unit '{row.unit}': write one of model.notation.units.UNITS or add it there",
        ),
        (~rows.kind.isin(KINDS), lambda row: f"has the kind '{row.kind}': write one of {', '.join(KINDS)}"),
        (
            ~role.fillna("").isin(("", *ROLES)),
            lambda row: f"has the role '{row.role}': write one of {', '.join(ROLES)} or nothing",
        ),
        (
            ~rows.chosen.fillna("").isin(("", "yes", "no")),
            lambda row: f"has '{row.chosen}' as chosen: write yes, no or nothing",
        ),
        (rows.low > rows.high, lambda row: f"has low {row.low:g} above high {row.high:g}: exchange or correct them"),
        (
            (rows.value < rows.low) | (rows.value > rows.high),
            lambda row: (
                f"has the value {row.value:g} outside its own bounds {row.low:g} to {row.high:g}: widen "
                f"them or correct it"
            ),
        ),
        (
            np.isinf(rows[list(NUMBERS)].fillna(0)).any(axis=1),
            lambda row: "has an infinite number: leave an open bound empty",
        ),
    ]


def refuse(path, rows, bad, message, names=None):
    """Raise DataError for the first row that is bad: its place, what names it, and what `message` says of it."""
    if bad.any():
        row = rows[bad].iloc[0]
        name = " ".join(str(row[key]) for key in (keys(rows) if names is None else names) if pd.notna(row[key]))
        raise DataError(f"{place(path, bad.idxmax())}: {name} {message(row)}")
