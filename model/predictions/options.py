"""What a question may say beside its inputs: how many draws, from which seed, with or without an interval."""

import numpy as np

from model.notation.spelling import shortened
from model.predictions.inputs import InputError


def refuse_numbers(draws, seed):
    """Refuse a number of draws, or a seed, that is none."""
    for name, number, low, high in (("draws", draws, 20, 10**6), ("seed", seed, 0, 2**63)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not low <= number <= high:
            raise InputError(f"{name} is {shortened(repr(number))}; it takes a whole number from {low} to {high:g}")


def refuse_no_truth(**given):
    """Refuse what is neither True nor False: a word is true whatever it says."""
    for name, each in given.items():
        if not isinstance(each, bool | np.bool_):
            raise InputError(f"{name} is {shortened(repr(each))}; it takes True or False")
