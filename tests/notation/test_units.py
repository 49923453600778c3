"""Units: sizes that the definitions fix, and dimensions that follow from the names."""

import pytest
import sympy as sp

from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import ONE, UNITS, base, dimension, size

DEFINITIONS = [  # so many of the first are one of the second
    ("s", "min", 60),
    ("min", "h", 60),
    ("h", "day", 24),
    ("ns", "us", 1000),
    ("us", "ms", 1000),
    ("ms", "s", 1000),
    ("B", "kB", 1000),
    ("GB", "TB", 1000),
    ("B", "GiB", 1024**3),
    ("TB", "PB", 1000),
    ("Gbit/s", "GB/s", 8),
    ("GB/s", "TB/s", 1000),
    ("TB/s", "PB/s", 1000),
    ("TFLOP/s", "PFLOP/s", 1000),
    ("PFLOP/s", "EFLOP/s", 1000),
    ("FLOP/s", "TFLOP/s", 1e12),
    ("%", "1", 100),
    ("1/h", "1/s", 3600),
    ("token/day", "token/s", 86400),
    ("USD/day", "USD/h", 24),
    ("W", "kW", 1000),
    ("1/(1000 node day)", "1/(device h)", 1000 * 8 * 24),
]


@pytest.mark.parametrize(("small", "large", "times"), DEFINITIONS)
def test_sizes_follow_the_definitions(small, large, times):
    assert size(large) / size(small) == pytest.approx(times, rel=1e-14)
    assert dimension(large) == dimension(small)


QUOTIENTS = [unit for unit in UNITS if "/" in unit and all(part in UNITS for part in unit.split("/"))]


@pytest.mark.parametrize("unit", QUOTIENTS)
def test_a_quotient_is_its_numerator_over_its_denominator(unit):
    above, below = unit.split("/")
    assert size(unit) == pytest.approx(size(above) / size(below), rel=1e-14)
    assert sp.simplify(dimension(unit) - dimension(above) / dimension(below)) == 0


def test_counts_have_no_dimension():
    assert {dimension(unit) for unit in ("1", "%", "token", "FLOP")} == {ONE}


def test_money_of_two_kinds_does_not_add():
    assert dimension("USD") != dimension("CNY")


def test_an_unknown_unit_is_named():
    with pytest.raises(KeyError, match="furlong"):
        size("furlong")


@pytest.mark.parametrize("symbol", NOMENCLATURE, ids=str)
def test_every_symbol_has_a_unit_letters_and_a_meaning(symbol):
    entry = NOMENCLATURE[symbol]
    assert entry.unit in UNITS
    assert entry.latex
    assert len(entry.meaning.split()) > 1
    assert symbol.is_positive
    assert symbol.name.isidentifier()


@pytest.mark.parametrize("unit", UNITS)
def test_a_base_unit_measures_the_same_and_one_without_a_name_is_told_in_words(unit):
    found = base(unit)
    assert (size(found), dimension(found)) == (1, dimension(unit)) if found in UNITS else found.endswith(f" {unit}")


def test_rates_keep_what_they_count():
    assert [base(unit) for unit in ("Gbit/s", "TB/s", "TFLOP/s", "USD/h", "CNY/h")] == [
        *("B/s", "B/s", "FLOP/s", "USD/s"),
        "base units of CNY/h",
    ]
