"""Checks the parameters of a notebook run before any result: unknown names, wrong types, values out of range."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from model.notation.spelling import nearest
from model.numbers import catalog

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class ParameterError(ValueError):
    """A parameter that the notebook does not have or cannot take."""


@dataclass(frozen=True)
class Range:
    """A number from low to high; whole numbers only where whole is set."""

    low: float
    high: float
    whole: bool = False

    @property
    def words(self):
        """Return what is taken, in words."""
        return f"{'a whole number' if self.whole else 'a number'} from {self.low:,.10g} to {self.high:,.10g}"

    def problem(self, value):
        """Return what is wrong with value, or None."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high or (self.whole and value != int(value)):
            return f"takes {self.words}"
        return None


@dataclass(frozen=True)
class Choice:
    """One of the words in options; many: a list of them."""

    options: tuple[str, ...]
    many: bool = False

    @property
    def words(self):
        """Return what is taken, in words."""
        return f"{'a list of' if self.many else 'one of'} {', '.join(self.options)}"

    def problem(self, value):
        """Return what is wrong with value, or None."""
        if self.many != isinstance(value, list):
            return f"takes {self.words}"
        for word in value if self.many else [value]:
            if word not in self.options:
                near = nearest(str(word), self.options, most=4)
                return f"has '{word}'" + (
                    f"; did you mean {near}?" if near else f"; it takes {', '.join(self.options)}"
                )
        return None


@dataclass(frozen=True)
class Text:
    """Any text, a file's name, say; what it may be is for its reader to tell."""

    words = "a text"

    def problem(self, value):
        """Return what is wrong with value, or None."""
        return None if isinstance(value, str) and value else f"takes {self.words}"


@dataclass(frozen=True)
class File:
    """The name of a file that is there and ends in `ending`, or "" for none."""

    ending: str = ".csv"

    @property
    def words(self):
        """Return what is taken, in words."""
        return f"the name of a {self.ending} file, or an empty text for none"

    def problem(self, value):
        """Return what is wrong with value, or None."""
        if not isinstance(value, str) or (value and not value.endswith(self.ending)):
            return f"takes {self.words}"
        return (
            None if not value or Path(value).is_file() else f"names no file here ({Path.cwd()}): it takes {self.words}"
        )


@dataclass(frozen=True)
class Optional:
    """What `allowed` takes, or None for what is known already."""

    allowed: Range | Choice | Text

    @property
    def words(self):
        """Return what is taken, in words."""
        return f"{self.allowed.words}, or None"

    def problem(self, value):
        """Return what is wrong with value, or None."""
        if value is None or (problem := self.allowed.problem(value)) is None:
            return None
        return f"{problem}, or None for the system's own"


def count(low, high):
    """Return the check of a whole number from low to high."""
    return Range(low, high, whole=True)


def systems():
    """Return the check of a list of systems, empty for all."""
    return Choice(tuple(catalog.read("systems").system.unique()), many=True)


def workload(needs="layers"):
    """Return the check of one workload that has the quantity that is needed."""
    rows = catalog.read("workloads")
    return Choice(tuple(rows[(rows.quantity == needs) & rows.value.notna()].workload.unique()))


DRAWS, SEED = count(100, 100_000), count(0, 2**32 - 1)


def check(namespace, **parameters):
    """Stop the run unless the notebook's namespace holds exactly these parameters, each within its range.

    namespace: globals() of the notebook, in the first cell after its parameters; parameters: name = Range or Choice.
    draws and seed belong to every notebook and need not be listed. Raises ParameterError naming the nearest parameter.
    """
    parameters = {**parameters, "draws": DRAWS, "seed": SEED}
    shell = {"In", "Out", "get_ipython", "exit", "quit", "open", "papermill"}
    given = [name for name in namespace if not name.startswith("_") and name not in shell]
    for name in given:
        if name not in parameters:
            near = nearest(name, parameters, most=3)
            raise ParameterError(
                f"unknown parameter {name}"
                + (f"; did you mean {near}?" if near else f": this notebook has {', '.join(parameters)}")
            )
    for name, allowed in parameters.items():
        if name not in namespace:
            raise ParameterError(f"the parameter {name} is missing from the parameters cell")
        if problem := allowed.problem(namespace[name]):
            raise ParameterError(f"parameter {name} = {namespace[name]!r}: {name} {problem}")


def listed(notebook, namespace, accepts):
    """Return a frame of a notebook's parameters: parameter, meaning, default, yours, takes; one row each, in order.

    notebook: its name; its comments are the meanings. namespace: globals() of the run; accepts: what `check` was given.
    """
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    lines, accepts, rows = source.splitlines(), {**accepts, "draws": DRAWS, "seed": SEED}, []
    for statement in ast.parse(source).body:
        name, default = statement.targets[0].id, ast.literal_eval(statement.value)
        meaning = lines[statement.end_lineno - 1].encode()[statement.end_col_offset :].decode().lstrip(" #")
        rows.append((name, meaning, str(default), str(namespace[name]), accepts[name].words))
    return pd.DataFrame(rows, columns=["parameter", "meaning", "default", "yours", "takes"])
