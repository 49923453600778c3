"""A quantity: its inputs by name, its values with and without the layout of a search, and how it is called."""

import numpy as np
import pytest

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.predictions.inputs import InputError, count
from model.predictions.quantities import QUANTITIES, quantity
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


def test_a_quantity_answers_to_its_name_in_any_letters_and_to_no_other():
    for name, each in QUANTITIES.items():
        assert each.name == name and quantity(name) is quantity(name.upper().replace("_", " ")) is each
    with pytest.raises(InputError, match="unknown quantity job_mtfb; did you mean job_mtbf?"):
        quantity("job_mtfb")
    with pytest.raises(InputError, match="unknown quantity 7: choose one of all_to_all_time"):
        quantity(7)
