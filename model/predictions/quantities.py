"""Every quantity that can be predicted, by name: one file for each subject, and this list of them."""

from model.notation.spelling import suggest
from model.predictions import network, reliability, serving, training
from model.predictions.inputs import InputError
from model.predictions.quantity import Quantity

QUANTITIES = {
    each.name: each
    for each in (*network.QUANTITIES, *reliability.QUANTITIES, *serving.QUANTITIES, *training.QUANTITIES)
}


def quantity(name: str) -> Quantity:
    """Return the Quantity of that name; InputError names the nearest one."""
    if name not in QUANTITIES:
        raise InputError(f"unknown quantity {name}{suggest(name, QUANTITIES, most=6)}")
    return QUANTITIES[name]
