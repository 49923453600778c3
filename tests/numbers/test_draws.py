"""Ends of draws, and ratios of paired draws: limits, infinities, and nothing that falls out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from model.numbers.draws import HIGH, LOW, Sampler, around, four_digits, low_high, ratio, told
from model.numbers.facts import Facts

some = st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e3)), min_size=1, max_size=40)


@given(st.floats(1e-15, 1e15), st.sampled_from([-1, 1]))
def test_a_number_of_four_digits_reads_as_the_number(size, sign):
    text = four_digits(sign * size)
    digits, _, power = text.partition(" × 10")
    raised = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or "0"
    assert float(f"{digits.replace(',', '')}e{raised}") == pytest.approx(sign * size, rel=5.001e-4)
    assert ("," in digits) == (abs(float(digits.replace(",", ""))) >= 1e3)
    assert "e" not in text and (not power or not 1e-4 <= size < 9.999e9)


def test_finite_draws_end_where_their_percentiles_lie():
    drawn = np.random.default_rng(1).lognormal(size=(200, 3))
    assert low_high(drawn, axis=0) == pytest.approx(np.percentile(drawn, [LOW, HIGH], axis=0), rel=1e-15)


@pytest.mark.parametrize(("without", "bounded"), [(0, True), (9, True), (11, False), (100, False), (200, False)])
def test_an_end_is_without_bound_where_that_share_of_draws_is(without, bounded):
    """Of 200 draws ten are the twentieth part; the low end stays until the nineteen others are without bound, too."""
    drawn = np.append(np.arange(200.0 - without), np.full(without, np.inf))
    low, high = low_high(drawn)
    assert np.isfinite(high) == bounded
    assert low == (np.inf if without == 200 else pytest.approx(9.95))
    assert low_high(-drawn)[::-1] == pytest.approx([-low, -high])


def test_columns_without_bound_leave_the_others_alone():
    drawn = np.column_stack([np.arange(100.0), np.full(100, np.inf), np.append(np.arange(50.0), np.full(50, np.inf))])
    low, high = low_high(drawn, axis=0)
    assert low == pytest.approx([4.95, np.inf, 4.95])
    assert high == pytest.approx([94.05, np.inf, np.inf])
    assert around(np.array([1.0, 2.0, 3.0]), drawn, axis=0)[0] == pytest.approx([1, 2, 3])


@given(some, st.randoms())
def test_no_draw_falls_out_and_none_is_unknown(above, rng):
    below = [rng.choice([0.0, rng.uniform(1e-3, 1e3)]) for _ in above]
    found = ratio(above, below)
    assert len(found.drawn) == len(above)
    assert (found.drawn >= 0).all()  # which no nan is
    assert not np.isnan(low_high(found.drawn)).any()
    assert found.above == pytest.approx(np.mean(np.equal(above, 0)))
    assert found.below == pytest.approx(np.mean(np.equal(below, 0)))


@given(some, st.randoms())
def test_turning_a_ratio_round_turns_every_draw_round(above, rng):
    below = [rng.choice([0.0, rng.uniform(1e-3, 1e3)]) for _ in above]
    there, back = ratio(above, below).drawn, ratio(below, above).drawn
    with np.errstate(divide="ignore"):
        assert there == pytest.approx(1 / back, rel=1e-12)


def test_each_case_has_its_outcome():
    found = ratio([6.0, 1.0, 0.0, 0.0], [3.0, 0.0, 2.0, 0.0])
    assert found.drawn.tolist() == [2.0, np.inf, 0.0, 1.0]
    assert (found.above, found.below) == (0.5, 0.5)
    assert ratio(np.inf, [np.inf, 1.0]).drawn.tolist() == [1.0, np.inf]  # costs of what is not delivered


def test_shares_are_those_of_each_column():
    found = ratio(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0], [0.0]]))
    assert found.drawn.tolist() == [[1, 0], [np.inf, np.inf]]
    assert found.above.tolist() == [0, 0.5] and found.below.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("unknown", [np.nan, -1.0])
def test_a_draw_without_an_outcome_is_refused(unknown):
    with pytest.raises(ValueError, match="give every draw an outcome"):
        ratio([1.0, unknown], [1.0, 1.0])


@pytest.mark.parametrize(
    "numbers, text",
    [
        ((0.064, 0.049, 0.08), "0.064 (0.049 to 0.080)"),
        ((1678.4, 1038.0, 2178.0), "1,700 (1,000 to 2,200)"),
        ((5.54, 4.33, 6.86), "5.5 (4.3 to 6.9)"),
        ((11.52, 11.52, 11.52), "11.52"),
        ((1234567.0, 1234567.0, 1234567.0), "1,235,000"),
        ((2.0, 1.0, np.inf), "2.0 (1.0 to no bound)"),
    ],
)
def test_a_number_is_told_with_the_digits_that_its_interval_bears(numbers, text):
    assert told(*numbers) == text


def test_a_number_of_money_has_few_decimal_places():
    assert told(0.06412, 0.06401, 0.06423, most=3) == "0.064 (0.064 to 0.064)"


# What a Sampler draws.

MANY = Sampler(1000, 3)


def test_a_label_draws_one_number_of_each_equal_step_in_an_order_of_its_own():
    one, other, again = MANY.unit("one"), MANY.unit("other"), Sampler(1000, 3).unit("one")
    assert one.shape == (1000, 1)
    assert np.array_equal(np.sort(np.floor(one[:, 0] * 1000)), np.arange(1000))
    assert np.array_equal(one, again) and not np.array_equal(one, Sampler(1000, 4).unit("one"))
    assert abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) < 0.1  # a hundredth of pairs lie beyond, this one does not


def test_a_label_beside_another_fills_their_square_and_keeps_its_own_steps():
    """Each of 32 by 32 equal squares holds one of 1,024 draws, where chance puts four and more into some."""
    many = Sampler(1024, 3)
    fleet, rate, other = many.unit("fleet"), many.unit("rate", "fleet"), many.unit("other", "fleet")
    assert np.array_equal(np.sort(np.floor(rate[:, 0] * 1024)), np.arange(1024))
    assert not np.array_equal(rate, many.unit("rate")) and np.array_equal(many.unit("fleet"), fleet)

    def fullest(one, two):
        return np.histogram2d(one[:, 0], two[:, 0], bins=32, range=[(0, 1), (0, 1)])[0].max()

    assert fullest(fleet, rate) == fullest(fleet, other) == 1 and fullest(fleet, many.unit("rate")) >= 4
    for one, two in ((fleet, rate), (rate, other)):
        assert abs(np.corrcoef(one[:, 0], two[:, 0])[0, 1]) < 0.1
    assert np.array_equal(many.bounds("rate", 0.0, 5.0, "fleet"), 5.0 * rate)
    odd = Sampler(1000, 3)  # no square number: the last run of neighbours is cut
    assert np.array_equal(np.sort(np.floor(odd.unit("rate", "fleet")[:, 0] * 1000)), np.arange(1000))


def test_a_failure_rate_is_drawn_beside_its_fleet_and_two_machines_apart():
    draws = Sampler(900, 0)
    rates = [Facts("reliability", name, draws)("failure_rate")[:, 0] for name in ("gb200-nvl72", "cloudmatrix384")]
    for each in rates:
        square = np.histogram2d(np.argsort(np.argsort(each)), np.argsort(np.argsort(draws.unit("fleet")[:, 0])), 30)[0]
        assert square.max() == 1
    assert abs(np.corrcoef(rates)[0, 1]) < 0.1


def test_bounds_are_kept_and_filled_by_logarithm_or_from_zero_evenly():
    share = MANY.unit("rate")
    assert MANY.bounds("rate", 2.0, 32.0) == pytest.approx(2.0 * 16.0**share, rel=1e-12)
    assert MANY.bounds("rate", 0.0, 5.0) == pytest.approx(5.0 * share, rel=1e-12)
    assert MANY.bounds("rate", -1.0, 3.0) == pytest.approx(4.0 * share - 1.0, rel=1e-12)


def test_joint_draws_have_their_means_and_their_covariance():
    covariance = np.array([[4.0, 1.5, 0.0], [1.5, 1.0, -0.3], [0.0, -0.3, 0.25]])
    drawn = np.concatenate(Sampler(40_000, 1).normal(["a", "b", "c"], [1.0, -2.0, 5.0], covariance), axis=1)
    assert drawn.mean(axis=0) == pytest.approx([1.0, -2.0, 5.0], abs=0.01)
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=0.05)


def test_a_count_may_have_come_of_the_means_whose_quantiles_say_so():
    """The ends are where the count, or one less, would be met by so few: Jeffreys' interval lies between the two."""
    low, high = low_high(Sampler(20_000, 1).count("faults", 12)[:, 0])
    assert poisson.sf(12, low) < 0.05 < poisson.sf(11, low) and poisson.cdf(11, high) < 0.05 < poisson.cdf(12, high)


def test_scatter_is_log_normal_of_its_width():
    drawn = np.log(MANY.scatter("time", 0.3)[:, 0])
    assert low_high(drawn) == pytest.approx(0.3 * norm.ppf([LOW / 100, HIGH / 100]), rel=0.01)
    assert np.log(MANY.scatter("time", 0.6)[:, 0]) == pytest.approx(2 * drawn, rel=1e-9)
