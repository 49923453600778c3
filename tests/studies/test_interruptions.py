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


def test_the_authors_arithmetic_comes_out_and_the_exact_law_keeps_less_of_a_job_at_its_edge(rate):
    """They state 90 % for 12,000 devices, twice, to first order."""
    stated = published.arithmetic(rate["rsc1"])
    assert stated.first_order.to_numpy() == pytest.approx([0.9, 0.9], abs=0.03)
    assert (stated.exact.sub(stated.first_order).abs() < 0.03).all()


def test_the_longest_restart_is_the_one_at_which_the_run_keeps_its_reported_share(rate):
    run = catalog.load("reliability").loc[rates.RUN]
    minutes = published.longest_restart(rate["value"])
    points = pd.DataFrame({"reload": 60 * minutes * np.array([0.95, 1, 1.05])}).assign(
        devices=run.devices, checkpoint_write=run.checkpoint_write, downtime=0.0
    )
    below, at, above = rates.at_rates("effective_training_share", points, rate).value
    assert at == pytest.approx(run.effective_training_share, abs=2e-4) and below > at > above


def test_all_that_is_compared_stands_in_one_table_with_what_its_published_number_is(rate):
    parts = (
        published.extrapolations(rate["rsc1"]),
        published.arithmetic(rate["rsc1"]),
        published.measured_shares(rate, 10.0),
    )
    table = published.checks(*parts)
    kinds = table["the published number"].value_counts()
    assert kinds.to_dict() == {
        "restates the rate": 2,
        "other definition": 1,
        "authors' arithmetic": 4,
        "measured, a lower limit": 4,
    }
    near = table["the published number"] == "restates the rate"
    assert (table.predicted[near] / table.published[near]).to_numpy() == pytest.approx(1, rel=0.03)
    limits = table["the published number"] == "measured, a lower limit"
    assert table.predicted[limits].tolist() == parts[2].predicted.tolist()
    assert table.what.is_unique


def test_practice_gained_where_it_was_tried_and_reports_are_in_the_units_people_use():
    found = published.practice()
    assert found.after["gemini"] > found.before["gemini"], "goodput rose"
    assert found.after["alibaba"] < found.before["alibaba"], "time down fell"
    told = published.reported()
    facts = catalog.load("reliability")
    assert told.restart_minutes * 60 == facts.restart_time[rates.RUN]
    assert told.recovery_seconds == facts.recovery_time["ascend-4800"] and told.recovery_devices > 4000


def test_what_was_counted_is_said_in_words_and_other_clusters_by_thousand_server_days(rate):
    """419 interruptions in 54 days among 16,384 devices: one in 50,700 device-hours."""
    facts = rates.run_facts(rate)
    assert facts[["devices", "days", "interruptions"]].tolist() == [16_384, 54, 419]
    assert facts.device_hours == pytest.approx(16_384 * 54 * 24 / 419)
    assert facts.mean_life_years == pytest.approx(facts.device_hours / 24 / 365)
    assert facts.age * facts.mean_life_years * 365 == pytest.approx(54)
    others = rates.clusters()
    assert others.node_rate["rsc1"] * 1e-3 / 8 / 86_400 == pytest.approx(rate["rsc1"])
    assert others.cooccurring.dropna().between(0, 1).all()


def test_curves_fall_with_the_devices_and_only_counts_and_estimates_have_an_interval(rate):
    grid = np.array([1e3, 1e4])
    curves = rates.curves(grid, rate, 50, 0)
    for name, line in curves.groupby("rate"):
        assert line.value.to_numpy() * grid == pytest.approx(line.value.iloc[0] * 1e3), "one over the devices"
        bare = name.startswith("RSC")
        assert line.low.isna().all() == bare and ((line.low < line.value) | bare).all()
    assert set(curves.rate) == {"Llama 3 run", "GB200 NVL72, estimate", "CloudMatrix384, claim", "RSC-1", "RSC-2"}


def test_what_a_rate_rests_on_is_the_kind_of_its_row_or_a_count():
    found = rates.kinds([])
    rows = catalog.chosen("reliability").set_index(["system", "quantity"]).kind
    assert found["llama3-16k"] == "measured" and ("llama3-16k", "failure_rate") not in rows.index
    assert found["cloudmatrix384"] == rows["cloudmatrix384", "failure_rate"]
    assert rates.kinds(["nobody"]).empty


def test_a_recovery_eats_all_time_at_the_size_at_which_faults_come_as_often(rate):
    recoveries = recovery.recoveries()
    eaten = recovery.eaten(recoveries, rate)
    for side, name in (("value", "value"), ("low", "most"), ("high", "least")):
        gap = 1 / (eaten[side] * rate[name])
        assert gap.to_numpy() == pytest.approx(recoveries.seconds.to_numpy())
    assert (eaten.low < eaten.value).all() and (eaten.value < eaten.high).all()


def test_a_constant_rate_keeps_the_share_of_the_law_and_early_failures_strike_sooner(rate):
    shapes = ageing.shapes()
    ages = ageing.fleet_ages(shapes, 2_000, 0)
    found = ageing.effects(shapes, ages, 4096, rate["value"], WRITE, 2_000.0, 0)
    point = pd.DataFrame({"devices": [4096.0], "interval": 2_000.0}).assign(**WRITE)
    law = rates.at_rates("effective_training_share", point, rate).value[0]
    constant = found[found["shape"] == 1].iloc[0]
    assert abs(constant.share - law) < 4 * constant.error
    assert constant.first_minutes * 60 == pytest.approx(1 / (4096 * rate["value"])) and constant.widening == 1
    assert constant.start_rate == pytest.approx(1, abs=0.2)
    assert found.loc["bursty", "start_rate"] > constant.start_rate > found.loc["ageing", "start_rate"]
    assert found.loc["bursty", "first_minutes"] < constant.first_minutes < found.loc["ageing", "first_minutes"]
    assert found.loc["bursty", "widening"] > 1 > found.loc["ageing", "widening"]


def test_the_loss_is_one_less_the_share_and_a_bound_holds_from_above():
    law, text = bounds.loss()
    assert law.lhs == 1 - symbols.effective_training_share and law.rhs == bounds.first_order_loss()
    assert text.endswith("^{-3/2})"), "the next term has one root more"
    first = bounds.at_most(bounds.bounds()["no_writes"])
    assert first.lhs == symbols.effective_training_share and first.rel_op == "<="
