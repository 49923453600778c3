"""A quantity that can be predicted, beside the function that predicts it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy as sp

from model.notation.equation import Equation, Model
from model.predictions.inputs import Input


@dataclass(frozen=True)
class Found:
    """What a search found: values as a quantity's function returns them, and the layout behind each row, by name."""

    values: np.ndarray
    layout: dict[str, np.ndarray]


@dataclass(frozen=True)
class Quantity:
    """A quantity that can be predicted; evaluate is its function.

    It takes (scenario, choices, rows): choices are the text inputs (op, software, model, ...), rows a mapping of arrays
    in base units, an input that was left out missing from it. It returns an array of the rows' length, or of shape
    (draws, rows) where the scenario draws; a search returns Found. law: the equations behind it, target: the symbol of
    theirs that it is.
    """

    name: str
    unit: str
    meaning: str
    law: Model
    target: sp.Symbol
    inputs: tuple[Input, ...]
    evaluate: Callable
    system: str = "required"  # or "optional", where every number may be given
    others: tuple[Model, ...] = ()  # laws of the same target that may give the answer in place of `law`
    fitted: str = ""  # the operation whose calibration rows give the software names
    layout: tuple[str, ...] = ()  # columns of the layout that a search finds
    draws: int = 1000  # of an interval, unless others are asked for: another seed then moves an end by 2 % at most

    @property
    def equation(self) -> Equation:
        """Return the equation that gives the quantity from inputs and earlier equations of its law."""
        return self.law[self.target]

    def values(self, scenario, choices, rows):
        """Return what `evaluate` does, without the layout that a search found."""
        found = self.evaluate(scenario, choices, rows)
        return found.values if isinstance(found, Found) else found

    def input(self, name: str) -> Input:
        """Return the input of that name."""
        return next(each for each in self.inputs if each.name == name)
