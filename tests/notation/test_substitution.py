"""Numbers put into a law: what is printed is what comes out, and nothing is put in that the example lacks."""

import math

import pytest
import sympy as sp

from model.laws import reliability, two_tiers
from model.notation import nomenclature as symbols
from model.notation.equation import kept
from model.notation.substitution import columns_of, digits, example, letters, shown, substituted

POINT = {"ranks": 64.0, "domain": 8.0, "volume": 7.34e6, "scale_up_bandwidth": 450e9, "scale_out_bandwidth": 50e9}


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (7.34e6, "B", r"7.34\,\mathrm{MB}"),
        (999.9e3, "B", r"1\,\mathrm{MB}"),
        (450e9, "GB/s", r"450\,\mathrm{GB/s}"),
        (130.4e-6, "s", r"130\,\mathrm{\mu s}"),
        (166 * 60.0, "s", r"2.77\,\mathrm{h}"),
        (90.0, "s", r"90\,\mathrm{s}"),
        (600.0, "s", r"10\,\mathrm{min}"),
        (0.0, "s", r"0\,\mathrm{s}"),
        (2.9e-5 / 3600, "1/(device h)", r"2.90\times 10^{-5}\,\mathrm{h^{-1}}"),
        (16384, "1", "16{,}384"),
    ],
)
def test_numbers_carry_units_that_people_use(number, unit, text):
    assert shown(number, unit) == text


@pytest.mark.parametrize("number", [3e-9, 0.00123, 0.0451, 0.9, 1.4142, 57.67, 123.4, 98765.4, 1.5e9, 6.6e23])
def test_three_digits_are_within_half_of_the_last(number):
    mantissa, _, power = digits(number).replace("{,}", "").partition(r"\times 10^")
    assert float(mantissa) * 10 ** float(power.strip("{}") or 0) == pytest.approx(number, rel=5.1e-3)


def test_a_share_of_nearly_one_keeps_what_it_lacks():
    assert shown(0.99877) == "0.9988"
    assert 1 - float(shown(1 - 2.3e-5)) == pytest.approx(2.3e-5, rel=0.03)


def test_a_law_is_printed_with_its_numbers_and_its_result():
    put = example(two_tiers.two_tier, POINT)
    outer = two_tiers.two_tier[symbols.outer_time]
    result = (1 - 7 / 63) * 7.34e6 / 50e9
    assert put["outer_time"] == pytest.approx(result, rel=1e-15)
    assert substituted(outer, put) == (
        r"T_\rightarrow = \frac{7.34\,\mathrm{MB} \times \left(1 - 0.111\right)}{50\,\mathrm{GB/s}}"
        rf" = {digits(result * 1e6)}\,\mathrm{{\mu s}}"
    )


def test_an_expression_needs_a_unit_and_a_relation_keeps_its_sign():
    assert substituted(symbols.volume / symbols.scale_out_bandwidth, POINT, "s").endswith(r"= 147\,\mathrm{\mu s}")
    assert substituted(sp.Le(symbols.inner_share, symbols.domain / symbols.ranks), POINT) == (
        r"g \leq \frac{8}{64} = 0.125"
    )


def test_a_number_with_a_unit_is_raised_to_a_power_in_brackets():
    assert r"\left(450\,\mathrm{GB/s}\right)^{2}" in substituted(symbols.scale_up_bandwidth**2, POINT)
    assert "64^{2}" in substituted(symbols.ranks**2, POINT)


def test_a_missing_number_is_named():
    with pytest.raises(ValueError, match="lacks inner_share"):
        substituted(two_tiers.two_tier[symbols.outer_time], POINT)


def test_letters_stand_in_the_order_of_the_law_and_once():
    names = [str(each) for each in letters(reliability.checkpointing[symbols.effective_training_share])]
    assert names[0] == "effective_training_share"
    assert sorted(names[1:]) == ["checkpoint_write", "downtime", "interval", "job_mtbf", "reload"]


def test_the_numbers_of_a_prediction_are_those_of_its_first_call():
    law = reliability.counting
    with kept() as calls:
        for count in (419.0, 148.0):
            law.answers({"interruptions": count, "devices": 16384.0, "observation": 54 * 86400.0})
    put = example(law, columns_of(law, calls))
    assert math.isclose(put["failure_rate"], 419 / 16384 / 54 / 86400)
    with pytest.raises(ValueError, match="nothing asked"):
        columns_of(reliability.clock, calls)
