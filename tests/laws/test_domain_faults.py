"""Domains: published figures, thresholds derived anew, limits, clusters of faults, and a simulated fleet."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from model.laws import domain_faults as fleet
from model.laws import domain_spares as spares
from model.laws import reliability
from model.notation.equation import compute
from model.notation.nomenclature import (
    devices_out,
    devices_out_bound,
    dispersion,
    domains_out_variance,
    drain_availability,
    drain_share,
    drain_time,
    installed_share,
    output_spared,
    output_whole,
    recovery,
    spare_devices,
    tray_availability,
    trays,
    whole_domain_share,
)
from model.notation.units import size
from model.numbers import catalog
from model.simulations import domains

HOUR = size("h")
POINT = {
    "devices": 4_608,
    "domain": 72,
    "failure_rate": 1e-4 / HOUR,
    "drain_share": 0.1,
    "tray_devices": 4,
    "tray_repair": 4 * HOUR,
    "drain_repair": 20 * HOUR,
}


# Published figures.


def test_google_s_130_of_144_need_a_cube_at_0935():
    recorded = catalog.load("reliability").loc["google-ironwood"]
    share = fleet.availability_needed(recorded.cubes_whole, recorded.cubes, recorded.confidence)
    assert round(share, 3) == 0.935
    assert fleet.whole_domains(144, share + 1e-6, 0.95) == 130
    assert fleet.whole_domains(144, share - 1e-4, 0.95) == 129


def test_holding_back_two_of_18_trays_pays_only_below_09935():
    threshold = fleet.worthwhile_availability(18)
    assert round(threshold, 4) == 0.9935
    for share, sign in ((threshold - 1e-4, 1), (threshold + 1e-4, -1)):
        gain = fleet.held_back.solve(output_spared - output_whole).subs({trays: 18, tray_availability: share})
        assert sp.sign(gain) == sign


def test_that_threshold_comes_out_of_the_binomial_too():
    grid = np.linspace(0.98, 0.9999, 19_901)
    gain = 16 * binom.sf(15, 18, grid) - 18 * binom.pmf(18, 18, grid)
    assert grid[np.flatnonzero(gain < 0)[0]] == pytest.approx(fleet.worthwhile_availability(18), abs=2e-6)


@given(st.integers(3, 40), st.floats(0.5, 0.9999))
def test_the_output_with_two_spares_is_the_binomial_tail(number, share):
    law = compute(fleet.held_back[output_spared].rhs, {"trays": number, "tray_availability": share})
    assert law == pytest.approx((number - 2) * binom.sf(number - 3, number, share), rel=1e-9)


# Two rates.


def test_without_drains_a_tray_is_all_that_a_fault_takes():
    bound = fleet.two_rates.solve(devices_out_bound)
    none, all_ = bound.subs(drain_share, 0), bound.subs(drain_share, 1)
    assert "domain" not in map(str, none.free_symbols)
    assert "tray_devices" not in map(str, all_.free_symbols)
    assert sp.diff(bound, drain_share, 2) == 0


def test_where_all_faults_drain_the_two_laws_are_those_of_one_rate():
    point = POINT | {"drain_share": 1.0}
    units = compute(reliability.spares.equations[0].rhs, {**point, "repair": point["drain_repair"]})
    assert compute(fleet.two_rates.solve(devices_out_bound), point) == pytest.approx(units * 72)


@given(st.floats(0, 1), st.floats(1e-7, 1e-3), st.sampled_from([8, 72, 384, 1_024]))
def test_the_bound_is_a_bound_and_is_met_where_faults_are_rare(share, rate, number):
    point = POINT | {"drain_share": share, "failure_rate": rate / HOUR, "domain": number}
    exact = compute(fleet.two_rates.solve(devices_out), point)
    bound = compute(fleet.two_rates.solve(devices_out_bound), point)
    assert 0 < exact <= bound * (1 + 1e-9)
    rare = point | {"failure_rate": 1e-10 / HOUR}
    assert compute(fleet.two_rates.solve(devices_out), rare) == pytest.approx(
        compute(fleet.two_rates.solve(devices_out_bound), rare), rel=1e-4
    )


def test_trays_of_one_device_and_no_drains_are_the_whole_domain_law():
    point = POINT | {"drain_share": 0.0, "tray_devices": 1}
    tray = compute(fleet.two_rates.solve(tray_availability), point)
    law = compute(
        reliability.whole_domain.solve(whole_domain_share),
        {"unavailability": 1 - tray, "domain": 72, "fabric_availability": 1.0},
    )
    assert law == pytest.approx(tray**72)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("share", "number", "spare"), [(0.1, 72, 5), (0.5, 72, 6), (0.01, 24, 4), (0.3, 384, 5)])
def test_a_simulated_fleet_agrees_with_the_closed_forms(share, number, spare, seed):
    point = POINT | {"drain_share": share, "domain": number}
    (out, out_error), (short, short_error) = domains.simulate_domains(point, spare, 60_000, seed)
    assert abs(out - compute(fleet.two_rates.solve(devices_out), point)) <= 4 * out_error
    up = compute(fleet.two_rates.solve(tray_availability), point) ** (number / 4)
    up *= compute(fleet.two_rates.solve(drain_availability), point)
    expected = binom.sf(spare, 4_608 / number + spare, 1 - up)
    assert expected > 1e-3
    assert abs(short - expected) <= 4 * short_error


# Spares.


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("number", [8, 72, 384])
def test_spares_are_the_fewest_that_suffice(number, share):
    point = POINT | {"domain": number, "failure_rate": 2e-5 / HOUR, "drain_share": share}
    spare = spares.outside(point, 0.99) / number
    up = compute(fleet.two_rates.solve(tray_availability), point) ** (number / 4)
    out = 1 - up * compute(fleet.two_rates.solve(drain_availability), point)
    count = np.ceil(4_608 / number)
    assert binom.cdf(spare, count + spare, out) >= 0.99
    assert spare == 0 or binom.cdf(spare - 1, count + spare - 1, out) < 0.99


def test_spares_inside_serve_large_domains_and_whole_domains_serve_small_ones():
    rare = POINT | {"failure_rate": 2e-5 / HOUR, "devices": 16_384}
    for number, better in ((8, "outside"), (384, "inside")):
        inside, outside = (
            spares.inside(rare | {"domain": number}, 0.99)[0],
            spares.outside(rare | {"domain": number}, 0.99),
        )
        assert (inside < outside) == (better == "inside")


def test_what_is_held_back_holds_in_all_domains_at_once():
    point = POINT | {"domain": 384, "devices": 16_384}
    spare, held = spares.inside(point, 0.99)
    tray = compute(fleet.two_rates.solve(tray_availability), point)
    count = np.ceil(16_384 / (384 - held * 4))
    assert binom.cdf(held, 96, 1 - tray) ** count >= 0.99**0.5
    assert (spare + 16_384) % 384 == 0
    assert spare >= count * held * 4 - 384


@given(st.sampled_from([8, 72, 384]), st.floats(1e-6, 5e-5), st.floats(0.5, 0.99))
def test_more_faults_and_more_confidence_never_need_fewer_spares(number, rate, confidence):
    point = POINT | {"domain": number, "failure_rate": rate / HOUR}
    now = spares.outside(point, confidence)
    assert spares.outside(point | {"failure_rate": 1.5 * rate / HOUR}, confidence) >= now
    assert spares.outside(point, confidence + 0.009) >= now


def test_recovery_and_installed_share_have_their_limits():
    law = fleet.two_recoveries.solve(recovery)
    assert law.subs(drain_share, 1) == drain_time
    assert fleet.two_recoveries.solve(installed_share).subs(spare_devices, 0).free_symbols == {
        sp.Symbol("effective_training_share", positive=True)
    }


# Clusters of faults.


def test_the_variance_of_correlated_domains_is_the_beta_binomial_one():
    point = {"domains": 43, "domain_unavailability": 0.1, "correlation": 0.05}
    weight = (1 - 0.05) / 0.05
    law = compute(fleet.clustered_domains.solve(domains_out_variance), point)
    assert law == pytest.approx(betabinom.var(43, 0.1 * weight, 0.9 * weight))
    assert compute(fleet.clustered_domains.solve(dispersion), point) == pytest.approx(1 + 42 * 0.05)
    assert compute(fleet.clustered_domains.solve(dispersion), point | {"domains": 1}) == pytest.approx(1)


def test_clustered_counts_become_independent_ones():
    assert fleet.units_needed(8.0, 0.99, 1.0001) == fleet.units_needed(8.0, 0.99)
    assert fleet.out_quantile(43, 0.1, 0.99, 1e-9) == fleet.out_quantile(43, 0.1, 0.99)


def test_a_cluster_lengthens_the_tail_and_keeps_the_mean():
    need = [fleet.units_needed(8.0, 0.99, each) for each in (1, 1.5, 2, 5, 10)]
    assert need == sorted(set(need))
    rng = np.random.default_rng(0)
    rates = rng.gamma(8 / 4, 4, 200_000)  # a Poisson count whose rate varies: variance over mean is 1 + 4
    counts = rng.poisson(rates)
    assert counts.mean() == pytest.approx(8, rel=0.02)
    assert counts.var() / counts.mean() == pytest.approx(5, rel=0.03)
    assert np.quantile(counts, 0.99) == pytest.approx(fleet.units_needed(8.0, 0.99, 5), abs=1)


def test_correlated_domains_are_whole_less_surely():
    whole = [fleet.whole_domains(144, 0.935, 0.95, each) for each in (0.0, 0.01, 0.05, 0.2)]
    assert whole[0] == 130
    assert whole == sorted(set(whole), reverse=True)


def test_the_search_for_spares_finds_what_counting_up_finds():
    rng = np.random.default_rng(3)
    count, out = np.ceil(10 ** rng.uniform(0, 3, 200)), 10 ** rng.uniform(-5, -0.3, 200)
    out[:5] = 0
    found = spares._spare_domains(count, out, 0.99)
    assert (found[:5] == 0).all()
    assert (binom.cdf(found, count + found, out) >= 0.99).all()
    few = np.maximum(found - 1, 0)
    assert (binom.cdf(few, count + few, out) < 0.99)[found > 0].all()


def test_nobody_reserves_domains_that_are_hardly_ever_whole():
    point = {"devices": 16_384.0, "domain": 8192.0, "drain_share": 0.05, "tray_devices": 4.0}
    point |= {"tray_repair": 5e5, "drain_repair": 9e4, "failure_rate": np.array([1e-11, 1e-8, 1e-7])}
    found = spares.outside(point, 0.99)
    assert np.isfinite(found[0]) and np.isinf(found[2])
    assert np.isfinite(spares.inside(point, 0.99)[0][:2]).all()  # trays held back inside suffice


def test_a_device_is_out_with_its_tray_or_its_domain_or_both():
    columns = {"tray_devices": 4.0, "tray_repair": 40 * HOUR, "drain_repair": 20 * HOUR, **POINT}
    asked = (devices_out, tray_availability, drain_availability)
    found = {str(each): compute(fleet.two_rates.solve(each), columns) for each in asked}
    up = found["tray_availability"] * found["drain_availability"]
    assert found["devices_out"] == pytest.approx(POINT["devices"] * (1 - up), rel=1e-9)


def test_trays_are_held_back_from_three_on():
    assert fleet.held_back.valid[0].subs(trays, 3) == sp.true
    assert fleet.held_back.valid[0].subs(trays, 2) == sp.false
