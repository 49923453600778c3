"""A reader's own measurements: a file in the columns of a table of data/, checked as that table is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from model.notation.spelling import meant, suggest
from model.notation.units import BASE, UNITS, dimension, size
from model.numbers import catalog, files

SPLIT = 4  # of an operation's points, one in so many is held back where no row says its role
_, SECOND, *_ = BASE
EXCHANGE = ("tokens", "hidden", "topk", "bytes_per_element")


@dataclass(frozen=True)
class Form:
    """How rows of one table are read: the column that tells it, what a row needs, and the quantities it may hold.

    needs: columns that every row fills; words: the columns of words, each with the table, its column and the quantity
    (None: any) whose rows list what is accepted; groups: what tells operations apart; fixed: columns in which one word
    alone can be fitted, which stands for an empty field; more: columns that the table lacks and a reader may give.
    """

    mark: str
    needs: tuple[str, ...]
    words: Mapping[str, tuple[str, str, str | None]]
    quantities: Mapping[str, Any]  # by name, with the dimension of its unit
    groups: tuple[str, ...]
    fixed: Mapping[str, str]
    more: tuple[str, ...] = ()


def _reductions() -> dict[str, Any]:
    found: dict[str, Any] = {f"{op}_time": SECOND for op in ("all_reduce", "all_gather", "reduce_scatter")}
    return found | {"all_to_all_time": SECOND, "bus_bandwidth": dimension("GB/s")}


SYSTEM = {"system": ("systems", "system", None)}
SERVED = {
    **SYSTEM,
    "workload": ("workloads", "workload", "layers"),
    "precision": ("formats", "format", "weight_bytes"),
    "engine": ("priors", "fit", "layer_overhead"),
}
RUNS = {"all_to_all_time": "merges_copies", "all_reduce_time": "ring_hop"}  # what software says that runs operations
FORMS = {
    "network": Form(
        "op",
        ("system", "op", "ranks"),
        {**SYSTEM, "op": ("network", "op", None), "software": ("software", "software", None)},
        _reductions(),
        ("system", "software", "op"),
        {},
    ),
    "serving_runs": Form(
        "concurrency",
        (
            *("set", "system", "workload", "ranks", "tensor_devices", "expert_devices", "instances"),
            *("input_tokens", "output_tokens", "concurrency", "drafts", "precision"),
        ),
        SERVED,
        {"time_per_output_token": SECOND, "time_to_first_token": SECOND},
        ("system",),
        {"mode": "disaggregated"},
    ),
    "serving": Form(
        "batch",
        ("system", "workload", "ranks", "batch", "context", "precision"),
        SERVED,
        {"decode_throughput": 1 / SECOND, "time_per_output_token": SECOND},
        ("system",),
        {"phase": "decode"},
        ("tensor_devices", "expert_devices"),
    ),
}
TEXTS = {"set", "system", "software", "op", "workload", "phase", "mode", "engine", "version", "date", "precision"}
WHOLE = {"ranks", "hidden", "experts", "topk", "tensor_devices", "expert_devices", "instances", "drafts"}
TIMES = (1e-10, 600.0)  # s: what no exchange, token or prompt takes is another unit
MAY_BE_ZERO = {"overlap", "drafts", "redundant_experts", "skew"}


@dataclass(frozen=True)
class Readings:
    """The rows of a reader's file: `table` says in whose columns, `rule` which of them are held back from every fit.

    rows: as in that table, with a role each, in the order of the file. Two files of one content are equal. used: the
    positions of rows on whose operation an answer rested, kept as the machine asks for them.
    """

    file: str
    table: str
    digest: str
    rule: str = field(compare=False)
    rows: pd.DataFrame = field(compare=False, repr=False)
    used: set[int] = field(default_factory=set, compare=False, repr=False)

    def held(self) -> "Readings":
        """Return the same rows, all of them held back from every fit: what the study alone says where they lie."""
        return Readings(self.file, self.table, f"{self.digest} held back", self.rule, self.rows.assign(role="validate"))

    def of(self, system: str | None, table: str) -> pd.DataFrame:
        """Return the rows of a system, of any role, in the columns of a table; none where the file has another's."""
        found = self.rows if table == self.table else self.rows[:0].reindex(columns=_columns(table))
        return found[found.system == (system or "")]


def read(path: str) -> Readings:
    """Return the Readings of a CSV file; catalog.DataError names file, row and column, and what would be accepted.

    Columns are those of data/network.csv, data/serving.csv or data/serving_runs.csv, told apart by `op`, `batch` and
    `concurrency`; those that a row does not need may be left out, source and locator among them. Where no row has a
    role, the largest quarter of the points of each operation is held back: by ranks, then by what else sets its size.
    """
    if not isinstance(path, str | os.PathLike):
        raise catalog.DataError(f"measured is a {type(path).__name__}: give the path of a CSV file")
    at = Path(path)
    rows = catalog.texts(at).dropna(how="all").reset_index(drop=True)  # empty lines are passed over, as in any table
    if rows.empty:
        raise catalog.DataError(f"{path} is empty: give a header and at least one row")
    table = _table(at, rows)
    form, known = FORMS[table], _columns(table)
    for name in rows.columns:
        if name not in known:
            raise catalog.DataError(f"{path}: unknown column {name}{suggest(name, known, most=3)}")
    rows = rows.reindex(columns=known).astype("string")
    for name in known:
        if name in catalog.NUMBERS or (name not in TEXTS and name not in catalog.RESERVED):
            rows[name] = catalog.numbers(at, rows, name)
    rows = _filled(at, rows, form)
    _refuse(at, rows, form)
    rows["source"], rows["kind"] = rows.source.fillna(at.name), "measured"
    role, rule = _roles(at, rows, form)
    return Readings(path, table, _digest(rows), rule, rows.assign(role=role))


def _digest(rows):
    """Return what tells rows apart from others, also after they were filled in."""
    return sha256(rows.to_csv(index=False).encode()).hexdigest()


def _table(at, rows):
    """Return the table whose columns a file has."""
    for table, form in FORMS.items():
        if form.mark in rows.columns:
            return table
    marks = ", ".join(f"{form.mark} (data/{table}.csv)" for table, form in FORMS.items())
    if told := files.divided(rows.columns):
        raise catalog.DataError(f"{at}: the first line is divided by {told}: divide fields by commas")
    raise catalog.DataError(f"{at}: the columns are of no table that holds measurements: it needs one of {marks}")


def _columns(table):
    rows = catalog.read(table)
    more = FORMS[table].more
    cut = rows.columns.get_loc("quantity")
    return [*rows.columns[:cut], *more, *rows.columns[cut:]]


def _filled(at, rows, form):
    """Return rows with words spelled as the tables spell them, and what a row need not say put in."""
    for name, (table, column, quantity) in form.words.items():
        listed = catalog.read(table)
        accepted = list(listed[column][listed.quantity == quantity if quantity else listed.quantity.notna()].unique())
        rows[name] = _spelled(at, rows[name], name, accepted)
    for name, word in form.fixed.items():
        rows[name] = rows[name].fillna(word)
        _column(at, rows[name] != word, name, lambda row, only=word: f"'{row}' is not fitted: write {only}", rows[name])
    if "op" in rows:
        usual = rows.op.map(
            lambda op: "all_to_all_time" if op in ("dispatch", "combine") else f"{op}_time", na_action="ignore"
        )
    else:
        usual = next(iter(form.quantities))
    return rows.assign(quantity=rows.quantity.fillna(usual), kind=rows.kind.fillna("measured"))


def _spelled(at, words, name, accepted):
    """Return words as the tables spell them; refuses one that is none of those accepted."""
    found = words.map(lambda word: meant(word, accepted) or word, na_action="ignore")
    strange = found.notna() & ~found.isin(accepted)
    _column(at, strange, name, lambda word: f"is '{word}'{suggest(word, accepted, most=3)}", found)
    return found


def _refuse(at, rows, form):
    """Refuse a row that lacks what its law needs, holds what cannot be, or has another quantity's unit."""
    exchange = rows.op.isin(("dispatch", "combine")) if "op" in rows else pd.Series(False, index=rows.index)
    needs = {name: pd.Series(True, index=rows.index) for name in (*form.needs, "value", "unit")}
    if "op" in rows:
        needs |= {name: exchange for name in EXCHANGE} | {"bytes": ~exchange}
        listed = catalog.read("software")
        needs["experts"] = rows.software.isin(listed.software[listed.quantity == "place_limit"])
        for runs, told in zip(RUNS.values(), (exchange, ~exchange), strict=True):
            _spelled(at, rows.software.where(told), "software", list(listed.software[listed.quantity == runs]))
    if "set" in form.needs:
        known = set(rows["set"][rows.quantity == "time_to_first_token"])
        first = "has no row of time_to_first_token beside it, of which a run in data/serving_runs.csv needs one"
        _column(at, ~rows["set"].isin(known), "set", lambda name: f"'{name}' {first}", rows["set"])
    for name, needed in needs.items():
        _column(at, needed & rows[name].isna(), name, lambda _: "is empty: fill it", rows[name])
    for name in rows.columns[: rows.columns.get_loc("quantity")]:
        if name in TEXTS:
            continue
        low = 2.0 if name == "ranks" and "op" in rows else 0.0
        if low or name in MAY_BE_ZERO:
            bad, least = rows[name] < low, f"a number from {low:g}"
        else:
            bad, least = rows[name] <= 0, "a number above 0"
        bad |= np.isinf(rows[name].fillna(0.0))
        _column(at, bad, name, lambda number, takes=least: f"is {number:g}; it takes {takes}", rows[name])
    for name in WHOLE & set(rows.columns):
        bad = rows[name].notna() & (rows[name] % 1 != 0)
        _column(at, bad, name, lambda number: f"is {number:g}; it takes a whole number", rows[name])
    for name, most, times in (("topk", "experts", 1), ("ranks", "experts", 4), ("tensor_devices", "ranks", 1)):
        if {name, most} <= set(rows.columns):
            bad = rows[name] > times * rows[most]
            limit = f"{most} of its row" if times == 1 else f"{times} times {most} of its row"
            _column(at, bad, name, lambda number, up=limit: f"is {number:g}; it takes at most {up}", rows[name])
    _column(at, rows.value <= 0, "value", lambda number: f"is {number:g}; it takes a number above 0", rows.value)
    _column(
        at, rows.kind != "measured", "kind", lambda kind: f"is '{kind}': only what was measured is fitted", rows.kind
    )
    allowed = _allowed(rows, form)
    strange = pd.Series([name not in own for name, own in zip(rows.quantity, allowed, strict=True)], index=rows.index)
    told = pd.Series(list(zip(rows.quantity, allowed, strict=True)), index=rows.index)
    _column(at, strange, "quantity", lambda each: f"is '{each[0]}': write {' or '.join(each[1])}", told)
    wrong = [
        unit not in UNITS or dimension(unit) != form.quantities[name]
        for unit, name in zip(rows.unit, rows.quantity, strict=True)
    ]
    wanted = rows.quantity.map(lambda name: form.quantities[name])
    shown = pd.Series(list(zip(rows.unit, wanted, strict=True)), index=rows.index)
    _column(
        at, pd.Series(wrong, index=rows.index), "unit", lambda each: f"is '{each[0]}': write {_units(each[1])}", shown
    )
    seconds = rows.value * rows.unit.map(size)
    timed = rows.quantity.map(lambda name: form.quantities[name] == SECOND)
    bad = timed & ~seconds.between(*TIMES)
    told = pd.Series(list(zip(rows.value, rows.unit, strict=True)), index=rows.index)
    takes = f"a time from {TIMES[0]:g} to {TIMES[1]:g} s"
    _column(at, bad, "value", lambda each: f"is {each[0]:g} {each[1]}; it takes {takes}: is the unit right?", told)
    for bad, message in catalog.sound(rows):
        catalog.refuse(at, rows, bad.fillna(False), message)


def _allowed(rows, form):
    """Return what quantities each row may hold: of an operation its time, and of a reduction its bus bandwidth."""
    if "op" not in rows:
        return [form.quantities] * len(rows)
    return [
        ("all_to_all_time",) if op in ("dispatch", "combine") else (f"{op}_time", "bus_bandwidth") for op in rows.op
    ]


def _units(wanted):
    """Return the units of a dimension, in words; of those of a rate, the ones that count tokens."""
    names = [name for name, (_, own) in UNITS.items() if own == wanted]
    return ", ".join([name for name in names if name.startswith("token/")] or names)


def _column(at, bad, name, message, values):
    """Raise DataError for the first row that is bad in one column."""
    if (bad := bad.fillna(False).astype(bool)).any():
        row = int(np.argmax(bad))
        raise catalog.DataError(f"{catalog.place(at, row)}: {name} {message(values.iloc[row])}")


def _roles(at, rows, form):
    """Return (role of each row, sentence that says which are held back)."""
    if (given := rows.role.notna()).any():
        _column(
            at, ~given, "role", lambda _: "is empty: write calibrate or validate, or leave the column out", rows.role
        )
        if not (rows.role == "calibrate").any():
            raise catalog.DataError(f"{at}: column role: every row is held back: mark those to fit as calibrate")
        return rows.role, "rows marked validate"
    conditions = [
        name
        for name in ("ranks", *rows.columns[: rows.columns.get_loc("quantity")])
        if name not in TEXTS and rows[name].notna().any()
    ]
    conditions = list(dict.fromkeys(conditions))
    role = pd.Series("calibrate", index=rows.index, dtype="string")
    for _, own in rows.groupby(list(form.groups), dropna=False, sort=False):
        points = own[conditions].drop_duplicates().sort_values(conditions, na_position="first")
        largest = points.tail(len(points) // SPLIT)
        held = pd.MultiIndex.from_frame(own[conditions].fillna(-1)).isin(
            pd.MultiIndex.from_frame(largest.fillna(-1)).to_list()
        )
        role[own.index[held]] = "validate"
    if (role == "calibrate").all():
        return role, f"no row has a role, and no operation {SPLIT} points"
    return role, "the largest quarter of each operation's points, by ranks, then by size, for no row has a role"
