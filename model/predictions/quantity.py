"""A quantity that can be predicted, beside the function that predicts it."""

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from model.notation.equation import Equation, Model
from model.predictions.inputs import Input


@dataclass(frozen=True)
class Quantity:
    """A quantity that can be predicted; evaluate is its function.

    It takes (scenario, choices, rows): choices are the text inputs (op, software, model, ...), rows a mapping of arrays
    in base units, an input that was left out missing from it. It returns an array of the rows' length, or of shape
    (draws, rows) where the scenario draws. law: the equations behind it, target: the symbol of theirs that it is.
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

    @property
    def equation(self) -> Equation:
        """Return the equation that gives the quantity from inputs and earlier equations of its law."""
        return self.law[self.target]

    def input(self, name: str) -> Input:
        """Return the input of that name."""
        return next(each for each in self.inputs if each.name == name)
