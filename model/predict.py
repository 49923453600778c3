"""Checks rows of inputs, evaluates a quantity on them as arrays, and puts a seeded interval around each prediction."""

import numpy as np
import pandas as pd
from rapidfuzz.distance import OSA

from model import calibration, catalog
from model.quantities import OPTIONAL, QUANTITIES
from model.sampling import Sampler
from model.scenario import POOLED, Scenario

DRAWS, CELLS = 1000, 1_000_000  # draws of an interval; numbers of one drawn array at a time, which bounds memory
ROWS = 2**16  # of one array that is not drawn: it stays in a core's cache from one operation to the next
LOW, HIGH = 5, 95  # per cent


def low_high(drawn, axis=None):
    """Return the low and the high end of draws along an axis: the interval of this study."""
    return np.percentile(drawn, [LOW, HIGH], axis=axis)


class InputError(ValueError):
    """Inputs that cannot be answered; the sentence names the place and what would be accepted."""


def nearest(word, words, most=2):
    """Return the word at most two letters away (and nearer than its own length), or None."""
    scored = [(OSA.distance(word, each), each) for each in words]
    close = [(distance, each) for distance, each in scored if distance <= most and distance < len(each)]
    return min(close)[1] if close else None


def suggest(word, words, most=2):
    """Return the end of a refusal: the nearest word as a question, or all that would be accepted."""
    near = nearest(word, words, most)
    return f"; did you mean {near}?" if near else f": choose one of {', '.join(words)}"


def quantity(name):
    """Return the Quantity of that name; InputError names the nearest one."""
    if name not in QUANTITIES:
        raise InputError(f"unknown quantity {name}{suggest(name, QUANTITIES, most=6)}")
    return QUANTITIES[name]


def predict(name, frame, system=None, interval=True, seed=0, draws=DRAWS, where="input", own=True, first=1):
    """Return a frame with columns value, unit, low, high, one row for each row of frame, and the sources used.

    frame: columns are inputs of the quantity in base units (others are passed over), one may be `system`; system: for
    rows without one; own=False leaves each system's own calibration rows out; first: number of the first row, for
    messages. Raises InputError for anything that cannot be answered, naming row and column.
    """
    what = quantity(name)
    numbers, texts = check(what, frame, system, where, first)
    result = np.full((3, len(frame)), np.nan)
    sources = set()
    for number, (choices, rows) in enumerate(_groups(texts, len(frame))):
        try:
            with np.errstate(all="ignore"):  # what has no finite value is refused below, by row
                sources |= _evaluate(what, choices, numbers, rows, result, interval, (seed, number), draws, own)
        except ValueError as error:
            row = first + int(rows.start if isinstance(rows, slice) else rows[0])
            raise InputError(f"{where} row {row}: {error}") from error
    if (bad := ~np.isfinite(result[0])).any():
        row = first + int(np.argmax(bad))
        raise InputError(f"{where} row {row}: {name} has no finite value there: move the inputs towards usual sizes")
    unit = pd.Categorical.from_codes(np.zeros(len(frame), np.int8), [what.unit])  # one word, not a million
    answer = {"value": result[0], "unit": unit, "low": result[1], "high": result[2]}
    return pd.DataFrame(answer, index=frame.index, copy=False), sorted(sources)


def _groups(texts, length):
    """Yield (choices, rows) for the rows that share all text inputs; rows is a slice where that is all of them."""
    if not texts or all(len(words) == 1 for _, words in texts.values()):
        yield {name: words[0] for name, (_, words) in texts.items() if words[0]}, slice(0, length)
        return
    shape = [len(words) for _, words in texts.values()]
    combined = np.ravel_multi_index([codes for codes, _ in texts.values()], shape)
    for group in pd.unique(combined):
        picked = zip(texts, np.unravel_index(group, shape), strict=True)
        words = {name: texts[name][1][code] for name, code in picked}
        yield {name: word for name, word in words.items() if word}, np.flatnonzero(combined == group)


def _evaluate(what, choices, numbers, rows, result, interval, seed, draws, own):
    """Fill result[:, rows] (value, low, high) for rows that share all text inputs; return the source keys used."""
    name = choices.pop("system", None)
    scenario = Scenario(name, own=own)
    for part in _parts(rows, ROWS):
        result[0, part] = what.evaluate(scenario, choices, {key: values[part] for key, values in numbers.items()})
    if interval:
        drawn = Scenario(name, Sampler(draws, seed), own=own)
        for part in _parts(rows, max(CELLS // draws, 1)):
            values = what.evaluate(drawn, choices, {key: values[part] for key, values in numbers.items()})
            values = np.broadcast_to(values, (draws, result[0, part].size))
            result[1:, part] = low_high(values, axis=0)
    return set(scenario.sources())


def _parts(rows, size):
    """Yield rows, a slice or an array of positions, in parts of at most size."""
    if isinstance(rows, slice):
        yield from (slice(start, min(start + size, rows.stop)) for start in range(0, rows.stop, size))
    else:
        yield from (rows[start : start + size] for start in range(0, len(rows), size))


def check(what, frame, system, where, first=1):
    """Return (numbers, texts) of the inputs, checked row by row.

    numbers: arrays in base units; texts: for each text input, the code of each row's word and the words, "" for one
    that was left out.
    """
    if len(frame) == 0:
        raise InputError(f"{where} is empty: give at least one row")
    if frame.columns.has_duplicates:
        raise InputError(f"{where}: the column {frame.columns[frame.columns.duplicated()][0]} stands there twice")
    names = [each.name for each in what.inputs]
    for column in frame.columns:
        if column not in names and column != "system" and (near := nearest(str(column), [*names, "system"])):
            raise InputError(f"{where}: unknown column {column}; did you mean {near}?")
    numbers, texts = {}, {"system": _systems(what, frame, system, where, first)}
    for each in what.inputs:
        if each.name in frame:
            read, target = (_words, texts) if each.choices else (_numbers, numbers)
            target[each.name] = read(each, frame[each.name], where, first)
        elif each.default is None:
            raise InputError(f"{where}: {what.name} needs {each.name} ({describe(each)})")
        elif each.choices:
            texts[each.name] = np.zeros(len(frame), int), ["" if each.default == OPTIONAL else each.default]
        elif each.default != OPTIONAL:
            numbers[each.name] = np.full(len(frame), each.default)
    if "topk" in numbers and "experts" in numbers:
        few = next(each for each in what.inputs if each.name == "topk")
        _refuse(few, frame["topk"], numbers["topk"] > numbers["experts"], where, first, "a number up to experts")
    return numbers, texts


def describe(each):
    """Return in words what an input accepts."""
    if each.choices == ("*",):
        return "a name listed by `python -m model systems`"
    if each.choices:
        return "one of " + ", ".join(each.choices)
    high = "" if each.high == float("inf") else f" to {each.high:g}"
    return f"a number from {each.low:g}{high}" + (f", in {each.unit}" if each.unit not in ("", "1") else "")


def _coded(column):
    """Return (code of each row's word, words): words as stripped text, "" for an empty one."""
    codes, words = pd.factorize(column, use_na_sentinel=False)
    return codes, ["" if pd.isna(word) else str(word).strip() for word in words]


def _systems(what, frame, system, where, first):
    known = list(catalog.read("systems").system.unique())
    codes, words = _coded(frame["system"]) if "system" in frame else (np.zeros(len(frame), int), [""])
    words = [word or system or "" for word in words]
    for code, word in enumerate(words):
        if not word and what.system == "required":
            row = first + int(np.argmax(codes == code))
            raise InputError(f"{where} row {row}: {what.name} needs a system: give --system or a column system")
        if word and word not in known:
            raise InputError(f"{where}: unknown system {word}{suggest(word, known, most=4)}")
    return codes, words


def _words(each, column, where, first):
    codes, words = _coded(column)
    words = [word.removesuffix(".0") if each.name == "overlap" else word for word in words]
    if each.default not in (None, OPTIONAL):
        words = [word or each.default for word in words]
    if each.choices != ("*",):
        for code, word in enumerate(words):
            if word not in each.choices:
                row = first + int(np.argmax(codes == code))
                raise InputError(f"{where} row {row}: {each.name} is '{word}'; it takes {describe(each)}")
    return codes, words


def _numbers(each, column, where, first):
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(float)
    if each.low <= numbers.min() and numbers.max() <= min(each.high, np.finfo(float).max):
        return numbers  # nothing to fill in or to refuse, as in nearly every table: two looks at it, no copy
    unknown = np.isnan(numbers)
    if unknown.any():
        empty = (column.isna() | (column.astype("string").str.strip() == "")).fillna(True).to_numpy(bool)
        _refuse(each, column, unknown if each.default is None else unknown & ~empty, where, first)
        if each.default != OPTIONAL:
            numbers = np.where(unknown, each.default, numbers)
    _refuse(each, column, (numbers < each.low) | (numbers > each.high) | np.isinf(numbers), where, first)
    return numbers


def _refuse(each, column, bad, where, first, accepted=None):
    if bad.any():
        row = int(np.argmax(bad))
        word = "" if pd.isna(column.iloc[row]) else column.iloc[row]
        raise InputError(f"{where} row {first + row}: {each.name} is '{word}'; it takes {accepted or describe(each)}")


def software_names(system):
    """Return, for each operation with fits, the software names that a system accepts."""
    return {name: (*calibration.softwares(system, name), POOLED) for name in ("all_to_all_time", "all_reduce_time")}
