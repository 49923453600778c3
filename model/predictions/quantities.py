"""Every quantity that can be predicted, by name: one file for each subject, and this list of them."""

from model.notation.spelling import meant, shortened, suggest
from model.predictions import capacity, network, reliability, serving, training
from model.predictions.inputs import InputError
from model.predictions.quantity import Quantity

QUANTITIES = {
    each.name: each for subject in (network, reliability, serving, capacity, training) for each in subject.QUANTITIES
}


def quantity(name: str) -> Quantity:
    """Return the Quantity of that name; InputError names the nearest one."""
    if (known := meant(str(name), QUANTITIES)) is None:
        raise InputError(f"unknown quantity {shortened(name)}{suggest(str(name), QUANTITIES, most=6)}")
    return QUANTITIES[known]
