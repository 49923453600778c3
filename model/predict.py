"""Checks rows of inputs, evaluates a quantity on them as arrays, and puts a seeded interval around each prediction."""

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA

from model import calibration, catalog
from model.quantities import OPTIONAL, QUANTITIES
from model.scenario import POOLED, Scenario

DRAWS, CELLS = 1000, 4_000_000  # draws of an interval; numbers held at once, which bounds memory
LOW, HIGH = 5, 95  # per cent


class InputError(ValueError):
    """Inputs that cannot be answered; the sentence names the place and what would be accepted."""


def nearest(word, words, most=2):
    """Return the word at most two letters away (and nearer than its own length), or None."""
    scored = [(OSA.distance(word, each), each) for each in words]
    close = [(distance, each) for distance, each in scored if distance <= most and distance < len(each)]
    return min(close)[1] if close else None


def quantity(name):
    """Return the Quantity of that name; InputError names the nearest one."""
    if name not in QUANTITIES:
        near = nearest(name, QUANTITIES, most=6)
        raise InputError(f"unknown quantity {name}" + (f"; did you mean {near}?" if near else f": choose one of {', '.join(QUANTITIES)}"))
    return QUANTITIES[name]


def predict(name, frame, system=None, interval=True, seed=0, draws=DRAWS, where="input", own=True):
    """Return a frame with columns value, unit, low, high, one row for each row of frame, and the sources used.

    frame: columns are inputs of the quantity in base units (others are passed over), one may be `system`; system: for
    rows without one; own=False leaves each system's own calibration rows out. Raises InputError for anything that cannot be answered, naming row and column.
    """
    what = quantity(name)
    columns, texts = check(what, frame, system, where)
    result = np.full((3, len(frame)), np.nan)
    sources = set()
    keys = pd.DataFrame(texts, index=range(len(frame)), dtype="string").fillna("")
    groups = keys.groupby(list(keys.columns), sort=False).indices if len(keys.columns) else {(): np.arange(len(frame))}
    for number, (key, rows) in enumerate(groups.items()):
        choices = {column: value for column, value in zip(keys.columns, np.atleast_1d(key), strict=True) if value}
        try:
            sources |= _evaluate(what, choices, columns, rows, result, interval, (seed, number), draws, own)
        except ValueError as error:
            raise InputError(f"{where}: {error}") from error
    bad = ~np.isfinite(result[0])
    if bad.any():
        raise InputError(f"{where} row {int(np.argmax(bad)) + 1}: {name} has no finite value there: move the inputs towards usual sizes")
    out = pd.DataFrame({"value": result[0], "unit": what.unit, "low": result[1], "high": result[2]}, index=frame.index)
    return out, sorted(sources)


def _evaluate(what, choices, columns, rows, result, interval, seed, draws, own):
    """Fill result[:, rows] (value, low, high) for rows that share all text inputs; return the source keys used."""
    name = choices.pop("system", None)
    scenario = Scenario(name, own=own)
    whole = len(rows) == result.shape[1]
    step = CELLS // 8
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        pick = slice(start, start + step) if whole else part
        result[0, part] = what.evaluate(scenario, choices, {key: values[pick] for key, values in columns.items()})
    if interval:
        step = max(CELLS // draws // 4, 1)
        drawn = Scenario(name, draws, seed, own=own)
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            values = what.evaluate(drawn, choices, {key: values[part] for key, values in columns.items()})
            values = np.broadcast_to(values, (draws, len(part)))
            result[1:, part] = np.percentile(values, [LOW, HIGH], axis=0)
    return set(scenario.sources())


def check(what, frame, system, where):
    """Return (numbers, texts): arrays in base units and text columns of the inputs, checked row by row."""
    if len(frame) == 0:
        raise InputError(f"{where} is empty: give at least one row")
    names = [each.name for each in what.inputs]
    for column in frame.columns:
        if column not in names and column != "system" and (near := nearest(str(column), [*names, "system"])):
            raise InputError(f"{where}: unknown column {column}; did you mean {near}?")
    numbers, texts = {}, {}
    systems = _systems(what, frame, system, where)
    if systems is not None:
        texts["system"] = systems
    for each in what.inputs:
        if each.name not in frame:
            if each.default is None:
                raise InputError(f"{where}: {what.name} needs {each.name} ({describe(each)})")
            if each.default != OPTIONAL:
                target = texts if each.choices else numbers
                target[each.name] = np.full(len(frame), each.default) if not each.choices else each.default
        elif each.choices:
            texts[each.name] = _words(each, frame[each.name], where)
        else:
            numbers[each.name] = _numbers(each, frame[each.name], where)
    return numbers, texts


def describe(each):
    """Return in words what an input accepts."""
    if each.choices == ("*",):
        return "a name listed by `python -m model systems`"
    if each.choices:
        return "one of " + ", ".join(each.choices)
    high = "" if each.high == float("inf") else f" to {each.high:g}"
    return f"a number from {each.low:g}{high}" + (f", in {each.unit}" if each.unit not in ("", "1") else "")


def _systems(what, frame, system, where):
    known = list(catalog.read("systems").system.unique())
    names = frame["system"].astype("string").replace("", pd.NA) if "system" in frame else pd.Series(pd.NA, index=frame.index, dtype="string")
    names = names.fillna(system) if system else names
    for name in names.unique():
        if pd.isna(name):
            if what.system == "required":
                raise InputError(f"{where}: {what.name} needs a system: give --system or a column system, one of {', '.join(known)}")
        elif name not in known:
            near = nearest(name, known, most=4)
            raise InputError(f"{where}: unknown system {name}" + (f"; did you mean {near}?" if near else f": choose one of {', '.join(known)}"))
    return names if names.notna().any() else None


def _words(each, column, where):
    words = column.astype("string").str.strip()
    if each.name == "overlap":
        words = words.str.replace(r"\.0$", "", regex=True)
    if each.default is None or each.choices != ("*",):
        bad = ~words.fillna(each.default or "").isin(each.choices)
        if bad.any():
            raise InputError(f"{where} row {_row(bad)}: {each.name} is '{column[bad].iloc[0]}'; it takes {describe(each)}")
    return words.fillna(each.default) if each.default not in (None, OPTIONAL) else words


def _numbers(each, column, where):
    numbers = pd.to_numeric(column, errors="coerce")
    empty = column.isna() | (column.astype("string").str.strip() == "")
    bad = numbers.isna() & ~empty
    if each.default is None:
        bad |= empty
    if bad.any():
        raise InputError(f"{where} row {_row(bad)}: {each.name} is '{column[bad].iloc[0]}'; it takes {describe(each)}")
    numbers = numbers.fillna(each.default) if each.default not in (None, OPTIONAL) else numbers
    outside = (numbers < each.low) | (numbers > each.high) | np.isinf(numbers)
    if outside.any():
        raise InputError(f"{where} row {_row(outside)}: {each.name} is {numbers[outside].iloc[0]:g}; it takes {describe(each)}")
    return numbers.to_numpy(float)


def _row(mask):
    return int(np.argmax(mask.to_numpy())) + 1


def software_names(system):
    """Return, for each operation with fits, the software names that a system accepts."""
    return {name: (*calibration.softwares(system, name), POOLED) for name in ("all_to_all_time", "all_reduce_time")}
