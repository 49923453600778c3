"""Digits: what numpy computes of the laws, and what scipy says of counts, against mpmath at fifty digits."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf
from truth import ALLOWED, DIGITS, EQUATIONS, draw, expressions, points, worst

from model.laws import domain_faults, pooling, reliability
from model.notation.nomenclature import (
    NOMENCLATURE,
    domain,
    down_share,
    effective_training_share,
    failure_rate,
    rework_share,
    unavailability,
    write_share,
)
from model.notation.stable import branch_gap, more_than_one, power_of_sum, rest_of_power, rest_of_root, stable

EVERY = {name: each for name, each in expressions().items() if each[0].free_symbols}
# Where a form that reads well loses its digits, and one of each room of the laws.
FIRST = [
    "reliability.losses: solved rework_share",
    "reliability.optimum: solved best_interval",
    "reliability.checkpointing: solved effective_training_share",
    "reliability.whole_domain:whole_domain_share",
    "domain_faults.two_rates: solved devices_out",
    "pooling.queue:waiting_probability",
    "pooling.fragmentation: solved stranded_share",
    "idle.idle:moe_idle_share",
    "step.credited:tokens_per_step",
    "step.work:touched_share",
    "training.exchange:inner_copies",
    "exchange.random_routing:distinct",
    "all_reduce.all_reduce: solved all_reduce_time",
]


def assert_right(name, number):
    expression, valid = EVERY[name]
    error, place, compared = worst(expression, valid, number)
    assert compared >= number / 4, f"only {compared} of {number} points had a value to compare"
    assert error < ALLOWED, f"{error:.1e} at {place}"


@pytest.mark.parametrize("name", FIRST)
def test_digits_stay_where_laws_subtract(name):
    assert_right(name, 24)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_every_law_keeps_its_digits(name):
    assert_right(name, 120)


def test_the_check_sees_a_difference_of_shares():
    """As the share of lost work was written once: one less all others."""
    law = reliability.losses
    difference = 1 - law.solve(effective_training_share + write_share + down_share)
    error, _, compared = worst(difference, law.valid, 24)
    assert compared >= 12 and error > 1e-6
    again = law.solve(rework_share) - difference
    point = {
        "devices": 5,
        "failure_rate": mpf("1e-9"),
        "checkpoint_write": 7,
        "interval": 90,
        "downtime": 60,
        "reload": 8,
    }
    with mpmath.workdps(DIGITS):
        names = sorted(map(str, again.free_symbols))
        assert abs(sp.lambdify(names, again, "mpmath")(*(mpf(point[each]) for each in names))) < 1e-40


def test_random_inputs_reach_both_ends_of_a_share_and_whole_counts():
    rng = np.random.default_rng(0)
    shares, counts, rates = (draw(each, rng, 1000) for each in (unavailability, domain, failure_rate))
    assert shares.min() < 1e-10 and 0 < (1 - shares).min() < 1e-10
    assert np.all(counts == np.round(counts)) and counts.min() == 1
    assert rates.max() < 1e-3
    assert all(len(draw(each, rng, 2)) == 2 for each in NOMENCLATURE)


def test_points_keep_to_the_region_of_validity():
    model = pooling.fragmentation
    columns = points(model.solve(model.equations[1].lhs), model.valid, 50, 1)
    assert len(columns["domain"]) == 50
    assert np.all(columns["job_devices"] <= columns["domain"])


FORMS = {
    "a power": (power_of_sum, lambda x, n: (1 + x) ** n, (-0.3, 7)),
    "the rest of a power": (rest_of_power, lambda x, n: 1 - (1 + x) ** n, (mpf("-1e-13"), 40)),
    "the rest of a root": (rest_of_root, lambda x, n: 1 - x**n, (1 - mpf(2) ** -40, 3)),
    "two events or more": (more_than_one, lambda x: 1 - (1 + x) * mpmath.exp(-x), (mpf(2) ** -30,)),
    "Lambert's function next to its branch point": (
        branch_gap,
        lambda x: 1 + mpmath.lambertw(-mpmath.exp(-1 - x)).real,
        (mpf(2) ** -44,),
    ),
    "and where the series ends": (
        branch_gap,
        lambda x: 1 + mpmath.lambertw(-mpmath.exp(-1 - x)).real,
        (mpf("0.03125"),),
    ),
    "and beyond": (branch_gap, lambda x: 1 + mpmath.lambertw(-mpmath.exp(-1 - x)).real, (mpf("0.0313"),)),
}


@pytest.mark.parametrize(("form", "plain", "at"), FORMS.values(), ids=FORMS)
def test_a_steady_form_is_the_plain_one(form, plain, at):
    from model.notation.stable import NUMERIC

    with mpmath.workdps(DIGITS):
        numbers = [mpf(float(each)) for each in at]
        truth = plain(*numbers)
        assert abs(float(NUMERIC[form.__name__](*map(float, numbers))) / truth - 1) < 1e-14


def test_a_law_is_printed_as_it_was_written():
    law = EQUATIONS["reliability.optimum:best_interval"].rhs
    assert law.has(sp.LambertW) and not stable(law).has(sp.LambertW)
    assert EQUATIONS["reliability.whole_domain:whole_domain_share"].rhs.has(sp.Pow)


# Quantiles: q is the least count that is exceeded no more often than asked.


def is_quantile(found, chance, confidence):
    """chance(n): exact probability of n. Sum from 0, or from above where that is shorter, at fifty digits."""
    below = mpmath.fsum(chance(n) for n in range(int(found)))
    return below < confidence <= below + chance(int(found))


def poisson(mean):
    return lambda n: mpmath.exp(n * mpmath.log(mean) - mean - mpmath.loggamma(n + 1))


def binomial(number, share):
    return lambda n: mpmath.binomial(number, n) * share**n * (1 - share) ** (number - n)


@pytest.mark.parametrize("mean", [1e-12, 0.003, 0.7, 40.0])
@pytest.mark.parametrize("confidence", [0.01, 0.999999])
def test_spares_are_quantiles_of_a_count(mean, confidence):
    point = {"withdrawn": 1.0, "repair": 1.0, "confidence": confidence}
    with mpmath.workdps(DIGITS):
        found = reliability.spare_devices(devices=1000.0, failure_rate=mean / 1000, **point)
        exact = mpf(1000.0 * (mean / 1000))
        assert is_quantile(found, poisson(exact), confidence)
        assert is_quantile(domain_faults.units_needed(mean, confidence), poisson(mpf(mean)), confidence)
        ratio, spread = mpf(mean) / mpf(1.5), mpf(1) / mpf(2.5)  # variance over mean of 2.5

        def clustered(n):
            ways = mpmath.gamma(n + ratio) / mpmath.gamma(ratio) / mpmath.factorial(n)
            return ways * spread**ratio * (1 - spread) ** n

        assert is_quantile(domain_faults.units_needed(mean, confidence, 2.5), clustered, confidence)


@pytest.mark.parametrize("unavailability", [1e-9, 0.002, 0.3])
@pytest.mark.parametrize("confidence", [0.5, 0.999999])
def test_domains_out_are_quantiles_of_a_count(unavailability, confidence):
    with mpmath.workdps(DIGITS):
        found = domain_faults.out_quantile(60, unavailability, confidence)
        assert is_quantile(found, binomial(60, mpf(unavailability)), confidence)
        weight = (1 - mpf(0.1)) / mpf(0.1)
        first, second = mpf(unavailability) * weight, (1 - mpf(unavailability)) * weight

        def together(n):
            return mpmath.binomial(60, n) * mpmath.beta(n + first, 60 - n + second) / mpmath.beta(first, second)

        assert is_quantile(domain_faults.out_quantile(60, unavailability, confidence, 0.1), together, confidence)


@pytest.mark.parametrize("count", [0, 1, 7, 419, 100_000])
def test_the_interval_of_a_rate_leaves_a_twentieth_on_each_side(count):
    low, high = reliability.rate_interval(count, 1.0)
    with mpmath.workdps(DIGITS):
        assert abs(mpmath.gammainc(count + 1, float(high), mpmath.inf, regularized=True) / mpf("0.05") - 1) < 1e-10
        if count:
            assert abs(mpmath.gammainc(count, 0, float(low), regularized=True) / mpf("0.05") - 1) < 1e-10
        else:
            assert low == 0


@pytest.mark.parametrize(("servers", "load"), [(1, 1e-9), (8, 6.5), (72, 71.999), (5000, 4900.0)])
def test_the_probability_of_waiting_is_erlangs(servers, load):
    with mpmath.workdps(DIGITS):
        blocking = mpf(1)
        for number in range(1, servers + 1):
            blocking = load * blocking / (number + load * blocking)
        exact = blocking / (blocking + (1 - blocking) * (1 - mpf(load) / servers))
        assert abs(float(pooling.waiting(servers, load)) / exact - 1) < 1e-10
