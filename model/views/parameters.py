"""Checks the parameters of a notebook run before any result: unknown names, wrong types, values out of range."""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from model.notation import limits
from model.notation.spelling import NUMBER, meant, nearest
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

    def taken(self, value):
        """Return value as a number where it is the text of one: YAML takes 2e-5 for a word."""
        if not isinstance(value, str) or not NUMBER.fullmatch(value.strip()):
            return value
        return int(float(value)) if self.whole and float(value).is_integer() else float(value)

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

    def taken(self, value):
        """Return the words that are meant, whatever their case and blanks; a text of words is a list of them."""
        if self.many and isinstance(value, str):
            value = [word for word in re.split(r"[\s;,]+", value) if word]
        return [self._meant(word) for word in value] if self.many and isinstance(value, list) else self._meant(value)

    def _meant(self, word):
        return (meant(word, self.options) or word) if isinstance(word, str) else word

    def problem(self, value):
        """Return what is wrong with value, or None."""
        if self.many != isinstance(value, list):
            return f"takes {self.words}"
        if self.many and (twice := [each for each in value if value.count(each) > 1]):
            return f"has '{_short(twice[0])}' twice"
        for word in value if self.many else [value]:
            if word not in self.options:
                near = nearest(str(word)[:LONGEST], self.options, most=4)
                return f"has '{_short(word)}'" + (
                    f"; did you mean {near}?" if near else f"; it takes {', '.join(self.options)}"
                )
        return None


@dataclass(frozen=True)
class Text:
    """Any text, a file's name, say; what it may be is for its reader to tell."""

    words = "a text"

    def taken(self, value):
        """Return value."""
        return value

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

    def taken(self, value):
        """Return value."""
        return value

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

    def taken(self, value):
        """Return value as what is allowed takes it."""
        return None if value is None else self.allowed.taken(value)

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


INJECTED = ("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")  # by papermill --inject-paths
LONGEST = 80  # letters of a value that a message repeats
DRAWS, SEED = count(100, 100_000), count(0, 2**32 - 1)


def check(namespace, **parameters):
    """Stop the run unless the notebook's namespace holds exactly these parameters, each within its range.

    namespace: globals() of the notebook, in the first cell after its parameters; parameters: name = Range or Choice.
    A value that was written another way than Python does is put there as it is meant; one that must be in another unit
    is refused as everywhere (model.notation.limits).
    draws and seed belong to every notebook and need not be listed. Raises ParameterError naming the nearest parameter.
    """
    parameters = {**parameters, "draws": DRAWS, "seed": SEED}
    shell = {"In", "Out", "get_ipython", "exit", "quit", "open", "papermill", *INJECTED}
    given = [name for name in namespace if not name.startswith("_") and name not in shell]
    for name in given:
        if name not in parameters:
            near = nearest(name[:LONGEST], parameters, most=3)
            raise ParameterError(
                f"unknown parameter {_short(name)}"
                + (f"; did you mean {near}?" if near else f": this notebook has {', '.join(parameters)}")
            )
    for name, allowed in parameters.items():
        if name not in namespace:
            raise ParameterError(f"the parameter {name} is missing from the parameters cell")
        namespace[name] = allowed.taken(namespace[name])
        if problem := allowed.problem(namespace[name]):
            raise ParameterError(f"parameter {name} = {_short(repr(namespace[name]))}: {name} {problem}")
    if wrong := limits.problem({name: namespace[name] for name in parameters}):
        name, problem = wrong
        raise ParameterError(f"parameter {name} = {_short(repr(namespace[name]))}: {name} {problem}")


def _short(value):
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def listed(notebook, namespace, accepts):
    """Return a frame of a notebook's parameters: parameter, meaning, default, yours, takes; one row each, in order.

    notebook: its name; its comments are the meanings. namespace: globals() of the run; accepts: what `check` was given.
    """
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    lines, accepts, rows = source.splitlines(), {**accepts, "draws": DRAWS, "seed": SEED}, []
    for statement in ast.parse(source).body:
        target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
        name, default = target.id, ast.literal_eval(statement.value)
        meaning = lines[statement.end_lineno - 1].encode()[statement.end_col_offset :].decode().lstrip(" #")
        rows.append((name, meaning, str(default), str(namespace[name]), accepts[name].words))
    return pd.DataFrame(rows, columns=["parameter", "meaning", "default", "yours", "takes"])
