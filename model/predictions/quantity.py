"""A quantity that can be predicted, beside the function that predicts it."""

from collections.abc import Callable
from dataclasses import dataclass

from model.notation.equation import Equation
from model.predictions.inputs import Input


@dataclass(frozen=True)
class Quantity:
    """A quantity that can be predicted; evaluate is its function.

    It takes (scenario, choices, rows): choices are the text inputs (op, software, model, ...), rows a mapping of
    arrays in base units, an input that was left out missing from it. It returns an array of the rows' length, or of
    shape (draws, rows) where the scenario draws.
    """

    name: str
    unit: str
    meaning: str
    equation: Equation
    inputs: tuple[Input, ...]
    evaluate: Callable
    system: str = "required"  # or "optional", where every number may be given
    fitted: str = ""  # the operation whose calibration rows give the software names

    def input(self, name):
        """Return the input of that name."""
        return next(each for each in self.inputs if each.name == name)
