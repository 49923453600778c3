"""Vega expressions of sympy ones: what a page computes under its reader's sliders is printed from the law itself."""

from model.notation.script import COMMON, Dialect

FUNCTIONS = COMMON
VEGA = Dialect("model.views.vega", FUNCTIONS, earlier="datum.{}")


def text(expression, names):
    """Return one Vega expression, every operation in brackets; names and errors as in Dialect.text."""
    return VEGA.text(expression, names)


def steps(expression, names, prefix):
    """Return [(field, Vega expression), ...], in order; each is written on a datum and may use the fields before it.

    The last holds the value. As Dialect.steps: LambertW becomes steps, since Vega does not know it.
    """
    return VEGA.steps(expression, names, prefix)
