"""Inputs of a quantity: what each accepts, and the check of rows of them, by row and column."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sympy as sp

from model.notation.nomenclature import NOMENCLATURE
from model.notation.spelling import meant, nearest, suggest
from model.numbers import catalog

OPTIONAL = "optional"
BASE_UNITS = {"us": "s", "ms": "s", "min": "s", "h": "s", "day": "s", "1/(device h)": "1/s", "1/h": "1/s"}


class RowError(ValueError):
    """What is wrong with one row of those that a quantity's function was given; row counts from 0."""

    def __init__(self, row, message):
        super().__init__(message)
        self.row = row


class InputError(ValueError):
    """Inputs that cannot be answered; the sentence names the place and what would be accepted."""


@dataclass(frozen=True)
class Input:
    """One input. choices: the words it takes, or what returns them; without any, a number from low to high, in the
    base unit of its symbol.

    default: what stands in where it is left out; None where it must be given; OPTIONAL where the quantity says what
    leaving it out means.
    """

    name: str
    default: float | str | None = None
    low: float = 0.0
    high: float = float("inf")
    choices: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    meaning: str = ""
    files: str = ""  # the end of a file's name that is taken in place of a word
    whole: bool = False  # a number of things that come whole: what is sought among them is a whole number

    @property
    def words(self):
        """Return the words that a text input takes, ("*",) for any; () for a number."""
        return self.choices() if callable(self.choices) else self.choices

    @property
    def unit(self):
        """Return the base unit in which the input is given."""
        entry = NOMENCLATURE.get(sp.Symbol(self.name, positive=True))
        return "" if self.choices else BASE_UNITS.get(entry.unit, entry.unit) if entry else "1"


def count(name, low=1.0, **more):
    """Return the Input of a count of things, from low on."""
    return Input(name, low=low, high=1e9, whole=low >= 1, **more)


def check(what, frame, system, where, first=1, passed=()):
    """Return (numbers, texts) of the inputs, checked row by row.

    numbers: arrays in base units; texts: for each text input, the code of each row's word and the words, "" for one
    that was left out. passed: columns that are no input however much they look like one.
    """
    if len(frame) == 0:
        raise InputError(f"{where} is empty: give at least one row")
    if frame.columns.has_duplicates:
        raise InputError(f"{where}: the column {frame.columns[frame.columns.duplicated()][0]} stands there twice")
    names = [each.name for each in what.inputs]
    for column in others(what, frame.columns):
        if column not in passed and (near := _alike(str(column), [*names, "system"])):
            raise InputError(
                f"{where}: unknown column {column}; did you mean {near}? If it is no input, say --pass {column}"
            )
    numbers: dict[str, np.ndarray] = {}
    texts = {"system": _systems(what, frame, system, where, first)}
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


def others(what, columns):
    """Return the columns that are no inputs of a quantity: they pass through."""
    return [column for column in columns if column != "system" and column not in {each.name for each in what.inputs}]


def _alike(column, names):
    """Return the input that a column may have meant: near in letters, or sharing a whole word with it; or None."""
    words = set(re.split(r"[\W_]+", column.lower())) - {""}
    shared = [name for name in names if words & set(name.split("_"))]
    return nearest(column, names) or (shared[0] if shared else None)


def describe(each):
    """Return in words what an input accepts."""
    if each.words == ("*",):
        return "a name listed by `python -m model systems`"
    if each.choices:
        return "one of " + ", ".join(each.words) + (f", or the path of a {each.files} file" if each.files else "")
    high = "" if each.high == float("inf") else f" to {each.high:g}"
    return f"a number from {each.low:g}{high}" + (f", in {each.unit}" if each.unit not in ("", "1") else "")


def _coded(column):
    """Return (code of each row's word, words): words as stripped text, "" for an empty one."""
    values = column.to_numpy(object, na_value=None)
    if np.all(values == values[0]):  # one word in all rows, as in most tables: a glance in place of a dictionary
        codes, words = np.zeros(len(values), int), values[:1]
    else:
        codes, words = pd.factorize(column, use_na_sentinel=False)
    return codes, ["" if pd.isna(word) else str(word).strip() for word in words]


def _systems(what, frame, system, where, first):
    known = list(catalog.read("systems").system.unique())
    codes, words = _coded(frame["system"]) if "system" in frame else (np.zeros(len(frame), int), [""])
    words = [word or system or "" for word in words]
    words = [meant(word, known) or word for word in words]
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
    if (accepted := each.words) != ("*",):
        words = [meant(word, accepted) or word for word in words]
        for code, word in enumerate(words):
            if (
                (word or each.default != OPTIONAL)
                and word not in accepted
                and not (each.files and word.endswith(each.files))
            ):
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
