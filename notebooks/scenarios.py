"""Scenarios of a sweep: a CSV file whose columns are parameters of a notebook, checked before anything runs."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

from model.notation.spelling import NUMBER, nearest, shortened
from model.numbers import files
from model.predictions.blocks import no_header
from model.views import parameters as notebook_parameters
from model.views.parameters import ParameterError

NAMES = ("name", "case", "scenario", "id", "title", "note", "comment")
LABEL = "label"  # a column that names rows for their reader; no notebook sees it
TOLD = 100  # faults of a file at most: a wrong column has one in each row
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


class ScenarioError(ValueError):
    """Rows of a scenario file that cannot run: one line for each fault."""


@dataclass(frozen=True)
class Scenario:
    """One row: its texts as written, by column, and the parameters that they mean."""

    texts: dict[str, str]
    parameters: dict


@dataclass(frozen=True)
class Interface:
    """What a scenario can set: the values in the notebook's parameters cell, and the notebook's own check of them."""

    defaults: dict
    check: Callable[[dict], None]

    def problem(self, parameters):
        """Return what the notebook says against these parameters, or None."""
        try:
            self.check(self.defaults | parameters)
        except ParameterError as error:
            return str(error)
        return None


def interface(notebook):
    """Return the Interface of a parsed notebook: the first code cell after the parameters is the check.

    That cell is run once, for what it asks of each parameter, and not for each of a hundred thousand rows.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    place = next(i for i, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", []))
    defaults = {}
    exec(code[place].source, {}, defaults)  # plain literals, or tests/test_notebooks.py objects
    defaults.pop("__annotations__", None)
    cell = compile(code[place + 1].source, "the check of the parameters", "exec")
    with patch.object(notebook_parameters, "check") as asked:
        exec(cell, dict(defaults))
    if not asked.called:
        return Interface(defaults, lambda namespace: exec(cell, namespace))
    accepts = asked.call_args.kwargs
    return Interface(defaults, lambda namespace: notebook_parameters.check(namespace, **accepts))


def read(path, accepts):
    """Return the scenarios of the file at path for an Interface; ScenarioError lists the faults of its rows.

    Empty lines are passed over, as in every table. Of very many faults the first are told, and how many more there are.
    """
    header, rows = _table(path)
    _check_header(path, header, accepts)
    scenarios, faults = [], []
    for number, fields in enumerate(rows, 1):
        where = f"{path} row {number}"
        if len(fields) != len(header):
            faults.append(f"{where}: has {len(fields)} fields where the header has {len(header)} columns")
        else:
            scenario, found = _scenario(dict(zip(header, fields, strict=True)), accepts)
            scenarios.append(scenario)
            faults += [f"{where}{fault}" for fault in found]
    if faults:
        more = [f"{path}: {len(faults) - TOLD:,} faults more"] if len(faults) > TOLD else []
        raise ScenarioError("\n".join(faults[:TOLD] + more))
    return scenarios


def _table(path):
    try:
        content = files.text(path)
    except ValueError as error:
        raise ScenarioError(f"{path} cannot be read: {error}") from error
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header, *rows = [[field.strip() for field in fields] for fields in reader if fields] or [[]]
    except csv.Error as error:
        raise ScenarioError(f"{path} line {reader.line_num}: cannot be read as CSV: {error}") from error
    if told := no_header(next(iter(content.splitlines()), ""), header):
        raise ScenarioError(f"{path}: {told}")
    if not header or not rows:
        raise ScenarioError(f"{path} is empty: give a header with names of parameters and at least one row")
    return header, rows


def _check_header(path, header, accepts):
    faults = []
    for place, column in enumerate(header, 1):
        if not column:
            faults.append(f"column {place} has no name")
        elif header.index(column) < place - 1:
            faults.append(f"the column {shortened(column)} stands there twice")
        elif column not in accepts.defaults and column != LABEL:
            near = nearest(column, accepts.defaults, most=3)
            others = f"did you mean {near}?" if near else f"this notebook has {', '.join(accepts.defaults)}"
            others += f"; a column that only names rows is called {LABEL}" * (column.lower() in NAMES)
            faults.append(f"the column {shortened(column)} is no parameter; {others}")
    if faults:
        raise ScenarioError("\n".join(f"{path}: {fault}" for fault in faults))


def _scenario(texts, accepts):
    """Return the Scenario of a row and its faults, each with its column."""
    parameters, faults = {}, []
    for column, text in texts.items():
        if column == LABEL and LABEL not in accepts.defaults:
            continue
        try:
            parameters[column] = _value(text, accepts.defaults[column])
        except ValueError as error:
            faults.append(f", column {column}: {error}")
    if problem := accepts.problem(parameters):
        alone = {column: accepts.problem({column: value}) for column, value in parameters.items()}
        faults += [f", column {column}: {fault}" for column, fault in alone.items() if fault] or [f": {problem}"]
    return Scenario(texts, parameters), faults


def _value(text, default):
    """Return a field as a value like the default in the notebook's parameters cell; ValueError says what to write."""
    if isinstance(default, list):
        return _list(text, default)
    if default is None:  # a number or a word that need not be given
        return None if text in ("", "None") else _number(text) if NUMBER.fullmatch(text) else text
    if text == "":
        raise ValueError(f"is empty; write a value, {default!r} for the notebook's own")
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError(f"'{shortened(text)}' is neither true nor false")
        return text.lower() == "true"
    if isinstance(default, int | float):
        number = _number(text)
        return int(number) if isinstance(default, int) and number == int(number) else number
    return text


def _number(text):
    if not NUMBER.fullmatch(text):
        raise ValueError(f"'{shortened(text)}' is no number; write it like 16384, 0.5 or 1e-6")
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"'{shortened(text)}' is too large a number")
    return int(text) if WHOLE.fullmatch(text) else number


def _list(text, default):
    """Return a list written as JSON, or as words with spaces or semicolons between; nothing is the empty list."""
    if not text.startswith("["):
        words = re.split(r"[;\s]+", text.strip("; \t\n")) if text.strip("; \t\n") else []
        return [_number(word) for word in words] if default and not isinstance(default[0], str) else words
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"'{shortened(text)}' is no list: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError(f"'{shortened(text)}' is no list of numbers or words") from error
