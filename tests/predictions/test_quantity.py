"""A quantity: its inputs by name, and its values with and without the layout of a search."""

import numpy as np
import pytest

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.predictions.inputs import count
from model.predictions.quantity import Found, Quantity

INPUTS = (count("devices"), count("domain"))


def made(evaluate):
    return Quantity("q", "s", "a test's", reliability.series_system, symbols.job_mtbf, INPUTS, evaluate)


def test_values_are_the_same_with_a_layout_and_without():
    numbers = np.array([1.0, 2.0])
    for found in (numbers, Found(numbers, {"ranks": np.array([8.0, 8.0])})):
        assert made(lambda *asked, found=found: found).values(None, {}, {}) is numbers


def test_an_input_is_found_by_its_name_and_the_equation_by_its_target():
    what = made(None)
    assert [what.input(each.name) for each in INPUTS] == list(INPUTS)
    assert what.equation.lhs == symbols.job_mtbf
    with pytest.raises(StopIteration):
        what.input("ranks")
