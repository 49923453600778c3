"""Checks the parameters of a notebook run before any result: unknown names, wrong types, values out of range."""

from dataclasses import dataclass

from model import catalog
from model.predict import nearest


class ParameterError(ValueError):
    """A parameter that the notebook does not have or cannot take."""


@dataclass(frozen=True)
class Range:
    """A number from low to high; whole numbers only where whole is set."""

    low: float
    high: float
    whole: bool = False

    def problem(self, value):
        """Return what is wrong with value, or None."""
        kind = "a whole number" if self.whole else "a number"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high or (self.whole and value != int(value)):
            return f"takes {kind} from {self.low:,} to {self.high:,}"
        return None


@dataclass(frozen=True)
class Choice:
    """One of the words in options; many: a list of them."""

    options: tuple[str, ...]
    many: bool = False

    def problem(self, value):
        """Return what is wrong with value, or None."""
        if self.many != isinstance(value, list):
            return f"takes {'a list of' if self.many else 'one of'} {', '.join(self.options)}"
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

    def problem(self, value):
        """Return what is wrong with value, or None."""
        return None if isinstance(value, str) and value else "takes a text"


@dataclass(frozen=True)
class Optional:
    """What `allowed` takes, or None for what is known already."""

    allowed: Range | Choice | Text

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
