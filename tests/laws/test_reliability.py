"""Faults: published figures, exact coverage, optima that are optima, and simulations that agree with closed forms."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from model.laws.reliability import (
    checkpointing,
    clock,
    counting,
    first_order,
    fresh_parts,
    losses,
    optimum,
    rate_interval,
    series_system,
    spare_devices,
    spare_devices_in_domains,
)
from model.notation.equation import compute
from model.notation.nomenclature import (
    best_interval,
    checkpoint_write,
    daly_interval,
    devices,
    down_share,
    downtime,
    effective_training_share,
    failure_rate,
    first_failure,
    first_order_share,
    interval,
    job_mtbf,
    part_life,
    rework_share,
    shape,
    uptime_availability,
    wall_availability,
    wall_interval,
    write_share,
    young_interval,
)
from model.notation.units import size
from model.numbers import catalog
from model.simulations.failures import simulate_fleet, simulate_renewal_share, simulate_share

HOUR, MINUTE, DAY = size("h"), size("min"), size("day")
NODE_DAYS = size("1/(1000 node day)")


def recorded(system):
    return catalog.load("reliability").loc[system].dropna()


@pytest.fixture(scope="module")
def llama():
    """Rate of the Llama 3 run, per device and second."""
    return compute(counting.solve(failure_rate), recorded("llama3-16k"))


# Counts and rates.


def test_llama_3_was_interrupted_every_three_hours(llama):
    mtbf = compute(series_system.solve(job_mtbf), {"devices": 16384, "failure_rate": llama})
    assert mtbf / HOUR == pytest.approx(3.093, abs=0.0005)
    assert 1 / llama / HOUR == pytest.approx(50_677, abs=0.5)  # device-hours per interruption
    assert llama / NODE_DAYS == pytest.approx(3.79, abs=0.005)


RSC_1 = [(16384, 1.803, 1.8, 0.1), (131072, 0.225, 0.23, 0.01)]


@pytest.mark.parametrize(("number", "exact", "printed", "digit"), RSC_1)
def test_rsc_1_gives_the_published_extrapolations(number, exact, printed, digit):
    rate = recorded("meta-rsc-1").node_failure_rate
    hours = compute(series_system.solve(job_mtbf), {"devices": number, "failure_rate": rate}) / HOUR
    assert hours == pytest.approx(exact, abs=0.0005)
    assert abs(hours - printed) <= digit / 2
    assert recorded("meta-rsc-1")[f"job_mtbf_{number}"] == pytest.approx(printed * HOUR)


@pytest.mark.parametrize(("confidence", "low", "high"), [(0.95, 3.43, 4.17), (0.90, 3.49, 4.11)])
def test_the_bounds_of_llama_3_are_the_exact_ones(confidence, low, high):
    exposure = 16384 / 8 / 1000 * 54  # thousands of eight-device node-days
    assert rate_interval(419, exposure, confidence) == pytest.approx((low, high), abs=0.005)


@pytest.mark.parametrize("mean", [0.3, 1, 2.5, 10, 60])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_bounds_hold_the_rate_at_least_as_often_as_they_say(mean, confidence):
    counts = np.arange(300)
    low, high = rate_interval(counts, 1.0, confidence)
    assert poisson.pmf(counts, mean)[(low <= mean) & (mean <= high)].sum() >= confidence


def test_no_fault_seen_bounds_the_rate_from_above():
    low, high = rate_interval(0, 10.0, 0.90)
    assert low == 0
    assert np.exp(-high * 10) == pytest.approx(0.05)  # so high a rate would have shown itself in 95 % of cases


def test_parts_in_series_add_their_rates():
    job = series_system.solve(job_mtbf)
    assert sp.simplify(1 / job.subs(devices, 24) - 1 / job.subs(devices, 16) - 1 / job.subs(devices, 8)) == 0


# Parts that age.


def test_only_the_exponential_law_gives_one_over_the_number():
    law = fresh_parts.solve(first_failure)
    assert law.subs(shape, 1) == part_life / devices
    assert law.subs(devices, 1) == part_life
    assert sp.simplify(fresh_parts.elasticity(first_failure, devices) + 1 / shape) == 0


@pytest.mark.parametrize("form", [0.7, 1.0, 1.5, 3.0])
def test_the_first_failure_of_new_parts_is_as_sampled(form):
    rng, number = np.random.default_rng(5), 50
    lives = rng.weibull(form, (4000, number))
    lives *= 100 / rng.weibull(form, 4_000_000).mean()
    first = lives.min(axis=1)
    expected = compute(fresh_parts.solve(first_failure), {"part_life": 100, "devices": number, "shape": form})
    assert abs(first.mean() - expected) <= 4 * first.std(ddof=1) / np.sqrt(len(first)) + 0.003 * expected


@pytest.mark.parametrize("form", [0.7, 1.0, 2.0])
def test_a_fleet_long_in_service_fails_at_the_same_rate_whatever_the_shape(form):
    parts, life, horizon = 400, 10.0, 400.0
    times = simulate_fleet(parts, life, form, horizon, seed=6)
    late = times[times > horizon / 2]
    assert len(late) / (parts * horizon / 2) == pytest.approx(1 / life, rel=0.04)
    early = np.sum(times < life / 20) / (parts * life / 20) * life  # over the rate of old age
    assert (early > 1.3) == (form < 1)
    assert (early < 0.7) == (form > 1)


# Checkpoints.

DALY = [(24 * 60, "24h", 117, 1, 116.69), (6 * 60, "6h", 57, 1, 56.71), (15, "15min", 9.1, 0.1, 9.17)]


@pytest.mark.parametrize(("mtbf", "name", "printed", "digit", "exact"), DALY)
def test_the_optimal_intervals_are_the_published_ones(mtbf, name, printed, digit, exact):
    point = {"devices": 1, "failure_rate": 1 / (mtbf * MINUTE), "checkpoint_write": 5 * MINUTE}
    assert abs(compute(optimum.solve(daly_interval), point) / MINUTE - printed) <= digit / 2
    assert recorded(f"daly-test-{name}").optimum_interval / MINUTE == pytest.approx(printed)
    assert compute(optimum.solve(best_interval), point) / MINUTE == pytest.approx(exact, abs=0.005)


SHARE = checkpointing.solve(effective_training_share)
GRID = [
    {"devices": n, "failure_rate": 1e-8, "checkpoint_write": write, "reload": load, "downtime": 120.0}
    for n in (1_000, 16_384, 131_072)
    for write in (2.5, 60.0, 600.0)
    for load in (60.0, 900.0)
]


@pytest.mark.parametrize("point", GRID)
def test_the_best_interval_is_a_maximum(point):
    exact = {sp.Symbol(key, positive=True): sp.Rational(str(value)) for key, value in point.items()}
    best = sp.N(optimum.solve(best_interval).xreplace(exact), 40)
    slope = SHARE.diff(interval).xreplace(exact).xreplace({interval: best}) * best
    assert abs(sp.N(slope, 30)) < 1e-25
    around = float(best) * np.linspace(0.5, 2, 4001)
    top = around[np.argmax(compute(SHARE, point | {"interval": around}))]
    assert top == pytest.approx(float(best), rel=2e-3)
    assert compute(optimum.solve(best_interval), point) == pytest.approx(float(best), rel=1e-6)


def test_the_series_are_the_exact_optimum_where_faults_are_rare():
    def error(series, mtbf):
        point = {"devices": 1, "failure_rate": 1 / mtbf, "checkpoint_write": 1.0}
        best = compute(optimum.solve(best_interval), point)
        return abs(compute(optimum.solve(series), point) / best - 1)

    # Young leaves out the writing itself, of order sqrt(C/M); Daly's series errs by order (C/M)^(3/2).
    assert error(young_interval, 1e2) / error(young_interval, 1e4) == pytest.approx(10, rel=0.1)
    assert error(daly_interval, 1e2) / error(daly_interval, 1e4) > 900
    assert error(daly_interval, 1e2) < 1e-3


def test_daly_stops_where_writing_takes_longer_than_faults_leave():
    point = {"devices": 1, "failure_rate": 1 / 100, "checkpoint_write": np.array([199.0, 201.0, 1000.0])}
    assert compute(optimum.solve(daly_interval), point)[1:].tolist() == [100, 100]


def test_without_faults_only_writing_costs():
    rare = sp.limit(SHARE.subs({devices: 1}), failure_rate, 0)
    assert sp.simplify(rare - interval / (interval + checkpoint_write)) == 0


@given(st.floats(100, 1e5), st.floats(1, 1e3), st.floats(0, 1e3), st.floats(0, 1e3), st.floats(10, 1e5))
def test_a_share_is_a_share_and_falls_with_devices_and_with_every_cost(number, write, load, down, work):
    point = {"devices": number, "failure_rate": 1e-8, "checkpoint_write": write, "reload": load, "downtime": down}
    point["interval"] = work
    share = compute(SHARE, point)
    assert 0 < share < 1
    for key in ("devices", "failure_rate", "checkpoint_write"):
        assert compute(SHARE, point | {key: point[key] * 1.5}) < share
    for key in ("reload", "downtime"):
        assert compute(SHARE, point | {key: point[key] + 100}) < share


# First order.


def servers(rate, number):
    return {"devices": number, "failure_rate": rate * NODE_DAYS}


@pytest.mark.parametrize(("rate", "write", "printed"), [(1, 300, 0.898), (6.5, 10, 0.921)])
def test_the_first_order_share_is_the_published_one(rate, write, printed):
    point = servers(rate, 12_000) | {"checkpoint_write": write, "restart": 300}
    point["checkpoint_gap"] = compute(optimum.solve(young_interval), point)
    share = first_order.evaluate(first_order_share, pd.DataFrame([point]))[0]
    assert share == pytest.approx(printed, abs=0.0005)


def first_order_error(mtbf, write, gap):
    point = {"devices": 1, "failure_rate": 1 / mtbf, "checkpoint_write": write, "restart": 300, "checkpoint_gap": gap}
    exact = compute(SHARE, point | {"interval": gap, "reload": 200, "downtime": 100})
    return abs(compute(first_order.solve(first_order_share), point) - exact)


@pytest.mark.parametrize("mtbf", [1e6, 3e6])
def test_the_first_order_form_errs_to_second_order_where_writing_is_free(mtbf):
    assert first_order_error(mtbf, 0, 3600) / first_order_error(2 * mtbf, 0, 3600) == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("mtbf", [1e7, 1e8])
def test_the_first_order_form_errs_to_first_order_at_young_s_interval(mtbf):
    errors = [first_order_error(each, 60, np.sqrt(2 * 60 * each)) for each in (mtbf, 4 * mtbf)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def test_the_first_order_form_is_refused_where_a_fifth_is_lost():
    frame = pd.DataFrame([{"checkpoint_write": 60.0, "restart": 300.0, "checkpoint_gap": 1400.0, "devices": 1.0}] * 2)
    frame["failure_rate"] = [0.1999 / 1000, 0.2001 / 1000]
    assert first_order.evaluate(first_order_share, frame[:1])[0] > 0.7
    with pytest.raises(ValueError, match=r"first_order_share: .* fails for \[1\]"):
        first_order.evaluate(first_order_share, frame)


# Simulations.


@pytest.mark.parametrize("length", [0.3, 1.0, 3.0], ids=["short", "best", "long"])
@pytest.mark.parametrize("point", GRID, ids=lambda each: "-".join(str(each[key]) for key in ("devices", "reload")))
def test_simulated_faults_agree_with_the_closed_form(point, length):
    work = float(compute(optimum.solve(best_interval), point)) * length
    simulated, error = simulate_share(**point, interval=work, cycles=4000, seed=7)
    assert abs(simulated - compute(SHARE, point | {"interval": work})) <= 3.3 * error  # 3.3: one in a thousand of 54


def test_some_of_those_points_lie_where_first_order_breaks():
    lost = [point["devices"] * 1e-8 * (120 + point["reload"] + 600 / 2) for point in GRID]
    assert max(lost) > 0.2 > min(lost)


@pytest.mark.parametrize("point", GRID[::4], ids=lambda each: f"{each['devices']}-{each['checkpoint_write']}")
def test_renewals_of_exponential_life_are_the_closed_form(point):
    work = float(compute(optimum.solve(best_interval), point))
    simulated, error = simulate_renewal_share(**point, shape=1.0, interval=work, faults=20_000, seed=8)
    assert abs(simulated - compute(SHARE, point | {"interval": work})) <= 4 * error


# Clocks.


def test_the_two_clocks_agree_where_the_interval_is_uptime_and_downtime():
    by_wall = clock.solve(wall_availability).subs(wall_interval, job_mtbf + downtime)
    assert sp.simplify(by_wall - clock.solve(uptime_availability)) == 0
    assert clock.solve(uptime_availability).subs(downtime, 0) == 1
    assert clock.solve(wall_availability).subs(wall_interval, downtime) == 0


def test_mistaking_the_clock_is_an_error_of_second_order():
    wrong = clock.solve(wall_availability).subs(wall_interval, job_mtbf) - clock.solve(uptime_availability)
    assert sp.limit(wrong / downtime**2, downtime, 0) == -1 / job_mtbf**2


# Spares.


@pytest.mark.parametrize(("withdrawn", "expected"), [(8, 120), (72, 1080), (384, 5760)])
def test_spares_at_the_rate_of_llama_3(llama, withdrawn, expected):
    assert spare_devices(16384, llama, withdrawn, DAY, 0.99) == expected


def test_whole_domains_cannot_be_out_twice(llama):
    assert spare_devices_in_domains(16384, llama, 384, DAY, 0.99) == 4992
    assert spare_devices_in_domains(16384, llama, 1, DAY, 0.99) == pytest.approx(
        spare_devices(16384, llama, 1, DAY, 0.99), abs=1
    )


@given(st.integers(8, 200_000), st.sampled_from([1, 8, 72]), st.floats(0.5, 0.999), st.floats(0.1, 5))
def test_the_reserve_is_the_least_that_gives_the_confidence(number, withdrawn, confidence, days):
    mean = number * 5e-9 * days * DAY
    units = spare_devices(number, 5e-9, withdrawn, days * DAY, confidence) / withdrawn
    assert poisson.cdf(units, mean) >= confidence
    assert units == 0 or poisson.cdf(units - 1, mean) < confidence


REPAIRS = {
    "always the same": lambda rng, size: np.full(size, 1.0),
    "exponential": lambda rng, size: rng.exponential(1.0, size),
    "a long tail": lambda rng, size: rng.lognormal(-0.5, 1.0, size),  # of mean one
}


@pytest.mark.parametrize("law", REPAIRS)
def test_units_in_repair_depend_on_the_mean_repair_alone(law):
    """Faults over forty mean repairs, looked at once at the end: how many are still in repair."""
    rng, mean, horizon = np.random.default_rng(9), 6.0, 40.0
    faults = rng.poisson(mean * horizon, 3000)
    open_ = np.array([np.sum(REPAIRS[law](rng, n) > rng.uniform(0, horizon, n)) for n in faults])
    assert open_.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / 3000))
    assert open_.var() == pytest.approx(mean, rel=0.12)
    reserve = spare_devices(1000, mean / 1000, 1, 1.0, 0.99)
    assert np.mean(open_ <= reserve) >= 0.99 - 4 * np.sqrt(0.01 / 3000)


@given(st.floats(1e2, 1e5), st.floats(1.0, 600.0), st.floats(30.0, 5e3), st.floats(0.0, 3e3), st.floats(0.0, 3e3))
def test_useful_time_and_all_that_is_lost_are_the_whole(mtbf, write, every, down, reload):
    """Of a job of one device that goes down every mtbf seconds."""
    point = {"devices": 1.0, "failure_rate": 1 / mtbf, "checkpoint_write": write, "interval": every}
    point |= {"downtime": down, "reload": reload}
    shares = (effective_training_share, write_share, down_share, rework_share)
    assert sum(compute(losses.solve(each), point) for each in shares) == pytest.approx(1.0, rel=1e-9)
