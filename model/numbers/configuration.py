"""A workload from the config.json that is published with its weights: its shape, or what of it cannot be read.

How fields become columns stands in a table, configuration.json beside this file, whose steps are worked through in
order; book/_ext/configuration.js works through the same, for a page. A step reads a field ("fields", the first that is
not zero; one.other is a field inside another), works out a number ("is"), or refuses ("refuse"); one whose "when" does
not hold reads zero. A field that no step reads and whose name has a "telling" word is refused, unless it is "harmless":
what nobody here has seen may change the shape, and a model of another kind is not taken for one of these.
"""

import json
import math
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from model.numbers.files import text

NAME = re.compile(r"\w{1,60}", re.ASCII)  # of a field that programs read
_OF_FIELDS = ("given", "there", "list", "says")  # operations on a field, which stands first
TABLE = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


class ConfigurationError(ValueError):
    """A config.json that cannot be read as a workload; the message names the file and the field."""


def shape(path: str) -> dict[str, float]:
    """Return the quantities of a workload, by the names of data/workloads.csv, from the path of a config.json.

    Latent and grouped-query attention, with or without windowed layers; dense layers and layers of experts. Raises
    ConfigurationError where the file cannot be read, a field is missing, or attention is of another kind.
    """
    return _of_file(path, columns)


def positions(path: str) -> float:
    """Return the tokens that one request may have by a config.json: infinity where it gives no positions.

    The file may stretch them by a factor, of the positions that the model was trained on or of all; the larger of the
    two counts, for some files give the positions before it and others those after. Raises as `shape` does.
    """
    return float(_of_file(path, _found)["positions"]) or math.inf


def _of_file(path, read):
    """Return what is read of the text of a file; raises ConfigurationError, which names it."""
    try:
        content = text(path, TABLE["longest"])
    except ValueError as error:
        raise ConfigurationError(f"{path} cannot be read as a config.json: {error}") from error
    try:
        return read(content)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}{error}") from error


def columns(content: str) -> dict[str, float]:
    """Return the quantities of a workload from the text of a config.json.

    Raises ConfigurationError, whose message begins where the name of a file is to stand before it.
    """
    found = _found(content)
    return {name: float(found[name]) for name in TABLE["columns"]}


@cache
def _found(content):
    """Return what the steps of the table find in the text of a config.json, by name."""
    fields, known = _fields(content), dict[str, float]()
    for field in fields:
        if _unread(field) and _given(fields[field]):
            raise ConfigurationError(f": {field} {TABLE['unread']}")
    for step in TABLE["steps"]:
        holds = _value(step["when"], fields, known) if "when" in step else True
        if "refuse" in step:
            if holds:
                raise ConfigurationError(f": {step['field']} {step['refuse']}")
        elif "is" in step:
            known[step["name"]] = _value(step["is"], fields, known)
        else:
            known[step["name"]] = _read(step, fields, known) if holds else 0
    return known


def _asked(expression):
    """Return the names of the fields that an expression of the table asks for."""
    if not isinstance(expression, list):
        return []
    operation, *of = expression
    return of[:1] if operation in _OF_FIELDS else [field for each in of for field in _asked(each)]


@cache
def _known_fields():
    """Return the names of the fields that the table reads."""
    known = {name for step in TABLE["steps"] for name in (*step.get("fields", ()), step.get("field"))}
    return known | {name for step in TABLE["steps"] for part in ("when", "is") for name in _asked(step.get(part))}


def _unread(field):
    """Tell whether a field may say another shape and is none that the table reads: its name has a telling word."""
    harmless = any(field.startswith(each[:-1]) if each.endswith("*") else field == each for each in TABLE["harmless"])
    telling = NAME.fullmatch(field) and any(word in field.lower() for word in TABLE["telling"])
    return bool(telling) and not harmless and field not in _known_fields()


def _fields(content):
    """Return the fields of a config.json; those of its language part where a model also sees."""
    if _deepest(content) > TABLE["deepest"]:
        raise ConfigurationError(" cannot be read as a config.json: it is nested too deeply")
    try:
        fields = json.loads(content, parse_constant=_no_constant)
    except ValueError as error:
        raise ConfigurationError(f" cannot be read as a config.json: {error}") from error
    if isinstance(fields, dict):
        fields = fields.get(TABLE["inside"]) or fields
    if not isinstance(fields, dict) or not fields:
        raise ConfigurationError(" holds no fields: give the config.json of a model")
    return fields


def _no_constant(word):
    raise ValueError(f"{word} is no JSON")


def _deepest(content):
    """Return how deep brackets lie in each other, those inside texts counted, too: enough to stop before a parser."""
    depth = most = 0
    for letter in content:
        if letter in "[{":
            depth += 1
            most = max(most, depth)
        elif letter in "]}":
            depth -= 1
    return most


def _read(step, fields, known):
    """Return what a step reads: the first of its fields that is not zero."""
    most = known[step["most"]] if isinstance(step.get("most"), str) else step.get("most", TABLE["most"])
    read = (_KINDS[step["kind"]](each, _at(each, fields), most) for each in step["fields"])
    return next((each for each in read if each), 0)


def _at(field, fields):
    """Return what stands at a field; of one.other, at the other inside the one; None where there is none."""
    for name in field.split("."):
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields


def _whole(field, given, most):
    """Return a whole number, 0 where it is missing or null."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if given is not None and not (number and 0 <= given <= most and given == int(given)):
        raise ConfigurationError(f": {field} is {_said(given, most)}; a whole number up to {most:,.0f} is needed")
    return int(given or 0)


def _number(field, given, most):
    """Return a number, 0 where it is missing or null."""
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if given is not None and not (number and 0 <= given <= most):
        raise ConfigurationError(f": {field} is {_said(given, most)}; a number up to {most:,.0f} is needed")
    return given or 0


def _positive(field, given, most):
    if not (number := _whole(field, given, most)):
        said = "missing" if given is None else "0"
        raise ConfigurationError(f": {field} is {said}; a positive number is needed")
    return number


def _flag(field, given, most):
    if given is not None and not isinstance(given, bool):
        raise ConfigurationError(f": {field} is {_said(given, most)}; true or false is needed")
    return int(given or 0)


def _list(field, given, most):
    """Return a list of at most one item a layer, empty where it is missing or null."""
    if given is not None and not (isinstance(given, list) and len(given) <= most):
        said = "too long a list" if isinstance(given, list) else _said(given, most)
        raise ConfigurationError(f": {field} is {said}; a list of at most one item a layer is needed")
    return given or []


_KINDS = {
    "whole": _whole,
    "number": _number,
    "positive": _positive,
    "flag": _flag,
    "length": lambda *of: len(_list(*of)),
    "given items": lambda *of: sum(map(_given, _list(*of))),
    "sliding_attention": lambda *of: sum(each == "sliding_attention" for each in _list(*of)),
    "full_attention": lambda *of: sum(each == "full_attention" for each in _list(*of)),
}


def _said(given, most):
    """Return what a field holds, in words that repeat nothing of it."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | float):
        return "a number below 0" if given < 0 else "too large a number" if given > most else "a number with a fraction"
    return "text" if isinstance(given, str) else "a list" if isinstance(given, list) else "an object"


def _given(something: Any) -> bool:
    """Tell whether something is neither null, false, zero nor empty."""
    return bool(something)


_WORKED: dict[str, Callable[..., float]] = {
    "+": lambda *each: sum(each),
    "-": lambda one, other: one - other,
    "*": lambda *each: math.prod(each),
    "/": lambda one, other: one / other,
    "floor": lambda one: one // 1,
    "largest": max,
    "not": lambda one: int(not one),
}


def _value(expression, fields, known):
    """Return the number of an expression of the table: a number, a name, or [operation, what it is of, ...]."""
    if not isinstance(expression, list):
        return known[expression] if isinstance(expression, str) else expression
    operation, *of = expression
    if operation == "given":
        return int(_given(fields.get(of[0])))
    if operation == "there":
        return int(fields.get(of[0]) is not None)
    if operation == "list":
        return int(isinstance(fields.get(of[0]), list))
    if operation == "says":  # a field, and words of which it may hold one
        return int(fields.get(of[0]) in of[1:])
    if operation == "if":
        return _value(of[1] if _value(of[0], fields, known) else of[2], fields, known)
    if operation in ("or", "and"):  # the first that is not zero, or the first that is; else the last
        found = 0
        for each in of:
            found = _value(each, fields, known)
            if bool(found) == (operation == "or"):
                break
        return found
    return _WORKED[operation](*(_value(each, fields, known) for each in of))
