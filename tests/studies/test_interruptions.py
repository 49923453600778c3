"""The chapter on reliability: its counts, its searches and its simulations against what must hold."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp

from model.notation import nomenclature as symbols
from model.notation.units import size
from model.numbers import catalog
from model.studies.interruptions import ageing, bounds, first_order, published, rates, recovery, spares

WRITE = {"checkpoint_write": 10.0, "downtime": 300.0, "reload": 300.0}


@pytest.fixture(scope="module")
def rate():
    return rates.rates()


def test_the_rate_of_the_run_is_its_count_over_its_device_time(rate):
    run = catalog.load("reliability").loc[rates.RUN]
    assert rate["value"] * run.devices * run.observation == pytest.approx(run.interruptions)
    assert rate["least"] < rate["value"] < rate["most"]
    assert rate["rsc2"] < rate["rsc1"]


def test_an_answer_at_the_rates_lies_between_those_of_the_interval(rate):
    answers = rates.at_rates("effective_training_share", pd.DataFrame({"devices": [1e4, 1e5]}).assign(**WRITE), rate)
    assert (answers.low < answers.value).all()
    assert (answers.value < answers.high).all()
    hours = rates.run_intervals(rate).loc["hours"]
    assert hours.low < hours.value < hours.high


def test_the_causes_must_sum_to_the_interruptions(data, refit):
    assert rates.causes().share.sum() == pytest.approx(1)
    path = data / "reliability.csv"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("llama3-16k,interruptions:"))
    fields = line.split(",")
    fields[2] = str(int(fields[2]) + 1)
    path.write_text(text.replace(line, ",".join(fields)), encoding="utf-8")
    catalog._checked.cache_clear()
    with pytest.raises(ValueError, match="not to its interruptions"):
        rates.causes()


def test_evidence_has_one_scale(rate):
    evidence = rates.evidence(rates.run_intervals(rate)).set_index("evidence")
    assert evidence.device_hours["Llama 3 run: interruptions"] == pytest.approx(1 / rate["value"] / size("h"))
    assert evidence.device_hours["RSC-1: hardware faults"] == pytest.approx(1 / rate["rsc1"] / size("h"))
    restated = evidence[evidence.index.str.startswith("RSC-1 at")].device_hours
    assert restated.to_numpy() == pytest.approx(1 / rate["rsc1"] / size("h"), rel=0.03)


def test_the_share_never_exceeds_its_bounds_and_reaches_them():
    limits = bounds.bounds()
    mean, pause = symbols.job_mtbf, symbols.downtime + symbols.reload
    assert sp.simplify(limits["no_faults"] - symbols.interval / (symbols.interval + symbols.checkpoint_write)) == 0
    assert sp.limit(limits["no_writes"], mean, sp.oo) == 1
    first = sp.series(limits["no_writes"].subs(mean, 1 / sp.Symbol("x", positive=True)), sp.Symbol("x", positive=True))
    assert sp.expand(first.coeff(sp.Symbol("x", positive=True), 1) + pause) == 0


def test_the_first_order_of_the_loss_is_a_root_and_a_line():
    write, mean = symbols.checkpoint_write, symbols.job_mtbf
    root = sp.sqrt(2 * write / mean)
    assert sp.limit(bounds.first_order_loss() / root, mean, sp.oo) == 1
    rest = sp.simplify(sp.limit((bounds.first_order_loss() - root) * mean, mean, sp.oo))
    assert rest.coeff(symbols.downtime) == rest.coeff(symbols.reload) == 1


def test_no_interval_beats_the_exact_one(rate):
    jobs = pd.Series({"job": 16_384, "large": 100_000})
    optima = recovery.optima(jobs, WRITE, rate["value"])
    assert (optima.young_loss >= 0).all()
    assert (optima.exact_share >= optima.daly_share).all()
    swept = recovery.swept_intervals(jobs, WRITE, rate["value"], 2e4)
    assert (swept.groupby("devices").share.max() <= optima.set_index("devices").exact_share + 1e-12).all()


def test_daly_comes_out_as_he_published():
    tests = recovery.daly_tests()
    assert tests.daly.to_numpy() == pytest.approx(tests.published.to_numpy(), rel=0.01)


def test_the_largest_job_keeps_the_target_and_no_larger_one_does(rate):
    conditions = recovery.conditions(recovery.recoveries(), 10.0, 0.5)
    largest = recovery.largest(conditions, pd.Series({"asked": 10.0}), rate, 0.9)
    for name, row in conditions.iterrows():
        devices = (largest.value[name, "asked"] * np.array([0.99, 1.01])).round()
        kept = recovery.shares(conditions.loc[[name]], devices, rate).value
        assert kept[0] > 0.9 > kept[1], row
    products = largest.rsc1 * rate["rsc1"]
    assert products.to_numpy() == pytest.approx((largest.value * rate["value"]).to_numpy())


def test_quicker_recovery_helps_and_the_gain_is_that_of_the_shares(rate):
    jobs = pd.Series({"job": 16_384})
    conditions = recovery.conditions(recovery.recoveries(), 10.0, 0.5)
    kept = recovery.shares(conditions, jobs, rate).set_index("recovery").value
    assert kept.is_monotonic_decreasing
    gain = recovery.gains(conditions, jobs, rate).loc["job"]
    assert gain.value == pytest.approx(kept["30s"] - kept["10min"])
    assert 0 < gain.low <= gain.value <= gain.high


def test_the_write_that_keeps_the_target_is_longer_without_recovery(rate):
    quick = recovery.conditions(recovery.recoveries(), 10.0, 0.5).loc["30s"]
    problem = recovery.problem(1e5, rate["value"], quick, 0.9, 10.0)
    assert 0 < problem.write_most < problem.write_bound
    kept = recovery.shares_by_write(1e5, rate["value"], quick.downtime, quick.reload)
    assert np.interp(problem.write_most, kept.index, kept) == pytest.approx(0.9, abs=1e-4)


def test_a_constant_rate_does_not_age():
    shapes = ageing.shapes()
    ages = ageing.fleet_ages(shapes, 4_000, 0)
    flat = ages[ages["shape"] == 1.0].relative_rate
    assert flat.mean() == pytest.approx(1, abs=0.03)
    young = ages[ages.age < 0.2].groupby("shape").relative_rate.mean()
    assert young[shapes["bursty"]] > young[1.0] > young[shapes["ageing"]]


def test_spares_grow_with_what_a_fault_withdraws_and_a_single_device_is_whole_while_it_is_up(rate):
    one = pd.DataFrame({"unit": ["a device"], "withdrawn": [1.0], "repair": [86_400.0]})
    whole = spares.reserves(one, 1024, rate, 86_400.0, 0.99).whole[0]
    assert whole == pytest.approx(1 - spares.unavailability(rate["value"], 86_400.0))
    reserve = spares.reserves(spares.units(86_400.0), 16_384, rate, 86_400.0, 0.99)
    assert reserve.spares[["tray", "server", "rack", "supernode"]].is_monotonic_increasing
    assert (reserve.fewest <= reserve.spares).all()
    assert (reserve.low <= reserve.spares).all()
    assert (reserve.spares <= reserve.high).all()


def test_the_simulation_follows_the_exact_law_and_the_first_order_errs_on_the_dark_side(rate):
    orders = first_order.orders(16_384, 1e6, WRITE, rate["value"], 10_000, 0)
    agreement = first_order.agreement(orders)
    assert agreement.simulated >= 3
    assert agreement.worst_sigma < 4
    beyond = orders.dropna(subset="first_order_refused")
    assert (beyond.first_order_refused <= beyond.exact).all()


def test_uptime_is_the_wall_clock_less_the_restart(rate):
    clock = published.clocks(rate["value"], 16_384, 600.0)
    hours = 1 / (16_384 * rate["value"]) / size("h")
    assert clock.uptime_hours == pytest.approx(hours - 1 / 6)
    assert clock.wall_availability < clock.uptime_availability
    assert clock.share_uptime < clock.share_wall


def test_rsc_extrapolated_by_the_law_and_its_runs_kept_what_the_law_allows(rate):
    extrapolated = published.extrapolations(rate["rsc1"])
    at = extrapolated.loc[["16384", "131072"]]
    assert at.hours.to_numpy() == pytest.approx(at.published.to_numpy(), rel=0.03)
    shares = published.measured_shares(rate, 10.0)
    assert (shares.predicted[["rsc1_small", "rsc1_big"]] > shares.published[["rsc1_small", "rsc1_big"]]).all()


def test_a_claim_is_as_many_times_below_a_rate_as_its_count_says(rate):
    claim = published.claim()
    counts = published.claimed_counts(claim, rate)
    assert published.times_below(claim, rate)["value"] == pytest.approx(counts.value["llama"] / counts.value["claimed"])
    assert (counts.low < counts.value).all()
    assert (counts.value < counts.high).all()
