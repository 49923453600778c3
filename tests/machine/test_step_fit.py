"""What all systems share in a step: few constants near their priors, from calibrating rows alone, good on what is new.

Errors of given runs stand in tests/studies/test_validation.py; here are those of whole sets that no fit has seen.
"""

import statistics

import numpy as np
import pandas as pd
import pytest
from rescaling import rescale

from model.machine import step_fit
from model.machine.scenario import Scenario
from model.numbers import catalog, readings
from model.numbers.draws import Sampler

SERVERS = ("hgx-h200", "hgx-b200")


@pytest.fixture(scope="module")
def fit():
    return step_fit.fit()


@pytest.fixture(scope="module")
def runs():
    """Return the disaggregated runs of servers that calibrate."""
    rows = step_fit.points("calibrate")
    return rows[rows.system.isin(SERVERS)]


def mean_error(fitted_to, rows):
    rows = rows.reset_index(drop=True)
    return float(np.abs(step_fit.predict(fitted_to, rows) / rows.time - 1).mean())


def near(one, other):
    return one.mean == pytest.approx(other.mean, abs=1e-9)


# Constants.


def test_few_constants_are_shared_and_a_software_has_its_own_overhead_alone(fit):
    owners = [owner for owner, _ in step_fit.names()]
    assert owners.count("step") == len(step_fit.SHARED) <= 9
    own = [name for name in step_fit.names() if name[0] != "step"]
    assert {quantity for _, quantity in own} == {"layer_overhead", "efficiency_ratio"}
    assert fit.rows == len(step_fit.points("calibrate")) > 4 * len(owners)


def test_no_constant_lies_beyond_what_its_prior_allows(fit):
    priors = step_fit.priors().set_index(["fit", "quantity"]).loc[list(step_fit.names())]
    away = (fit.mean - priors["mean"].to_numpy()) / priors.sd.to_numpy()
    assert np.abs(away).max() < 2


def test_runs_narrow_what_they_tell_and_leave_the_prior_of_what_they_do_not(fit):
    """Robust weights loosen a prior that a run pulls at, by a quarter at most."""
    priors = step_fit.priors().set_index(["fit", "quantity"]).sd
    errors = fit.standard_errors
    assert all(errors[name] <= 1.25 * priors[name] for name in errors)
    assert errors["step", "memory_efficiency"] < 0.5 * priors["step", "memory_efficiency"]
    for unseen in (("step", "skew"), ("vllm", "layer_overhead")):  # no run tells
        assert errors[unseen] == pytest.approx(priors[unseen], rel=0.02)


def test_efficiencies_are_shares(fit):
    constants = fit.constants("trtllm")
    assert 0.5 < constants["memory_efficiency"] < 1 and 0.3 < constants["product_efficiency"] < 1
    assert constants["overlap_slowdown"] > 1 > constants["compute_slowdown"] > 0
    assert (np.linalg.eigvalsh(fit.covariance) > 0).all()


def test_a_pooled_software_lies_among_those_that_were_fitted(fit):
    overheads = [fit.constants(each)["layer_overhead"] for each, name in step_fit.names() if name == "layer_overhead"]
    assert min(overheads) < fit.constants()["layer_overhead"] < max(overheads)
    with pytest.raises(ValueError, match="no serving software llama.cpp: choose one of .*sglang"):
        fit.constants("llama.cpp")


def test_known_constants_are_found_again():
    """Times made by the law itself, with one row ten times too long; what no row tells apart stays near its prior."""
    rows = step_fit.points("calibrate")
    truth = {name: np.exp(mean) for name, mean in zip(step_fit.names(), step_fit.fit().mean, strict=True)}
    truth["step", "memory_efficiency"], truth["step", "block_scaling"] = 0.7, 1.3
    time = step_fit.answer(step_fit.prepare(rows), truth, len(rows))
    time[20] *= 10
    found = step_fit.fitted(rows.assign(time=time))
    for name in (("step", "memory_efficiency"), ("step", "block_scaling"), ("trtllm", "layer_overhead")):
        mean = found.mean[step_fit.names().index(name)]
        assert np.exp(mean) == pytest.approx(truth[name], rel=0.05), name


# Which rows enter.


def test_judging_rows_never_enter_a_fit_and_calibrating_rows_do(data, refit):
    before = step_fit.fit()
    for table in ("serving", "serving_runs"):
        rescale(data / f"{table}.csv", lambda rows: rows.role == "validate", 10)
    refit()
    assert near(step_fit.fit(), before)
    for table in ("serving", "serving_runs"):
        rescale(data / f"{table}.csv", lambda rows: rows.role == "calibrate", 0.8)
    refit()
    assert not near(step_fit.fit(), before)


def test_a_step_without_a_system_uses_no_row_of_it(data, refit):
    before = step_fit.fit("hgx-h200")
    assert "hgx-h200" not in before.systems
    rescale(data / "serving_runs.csv", lambda rows: (rows.system == "hgx-h200") & (rows.role == "calibrate"), 0.5)
    refit()
    assert near(step_fit.fit("hgx-h200"), before)


def test_calibrating_rows_are_split_runs_of_servers_and_published_wide_groups():
    rows = step_fit.points()
    fitted = rows[rows.role == "calibrate"]
    assert set(fitted.workload) == {"deepseek-v3"}
    assert fitted.ranks[fitted.system.isin(SERVERS)].eq(8).all()
    assert not fitted.system.str.contains("nvl72").any()
    across = rows[(rows.system == "hgx-h100") & (rows.tensor_devices > 8)]
    assert len(across) >= 8 and (across.role == "validate").all()  # its sums are the library's, not an engine's


# What no fit has seen.


def test_given_runs_are_met_within_nine_per_cent(fit, runs):
    assert len(runs) >= 80
    assert mean_error(fit, runs) < 0.09


@pytest.mark.parametrize("system", SERVERS)
def test_a_server_that_is_left_out_is_met_within_twelve_per_cent(runs, system):
    assert mean_error(step_fit.fit(system), runs[runs.system == system]) < 0.12


@pytest.mark.parametrize(("column", "word"), [("engine", "sglang"), ("precision", "nvfp4")])
def test_a_software_or_precision_that_is_left_out_is_met_within_twelve_per_cent(runs, column, word):
    assert mean_error(step_fit.fit(((column, word),)), runs[runs[column] == word]) < 0.12


def test_servers_alone_say_how_wide_groups_step(runs):
    wide = step_fit.points()
    wide = wide[wide.ranks > 64]
    assert len(wide) >= 7
    assert mean_error(step_fit.fitted(runs.reset_index(drop=True)), wide) < 0.20


def test_what_is_unseen_widens_a_step():
    known, system, workload = (
        np.log(step.step_scatter(name)).std()
        for step, name in (
            (drawn("hgx-b200"), "deepseek-v3"),
            (drawn("gb200-nvl72"), "deepseek-v3"),
            (drawn("hgx-b200"), "qwen3-235b"),
        )
    )
    assert step_fit.CLOSE * 0.95 < known < system < workload
    assert Scenario("hgx-b200").step_scatter("deepseek-v3") == 1


def drawn(system):
    return Scenario(system, Sampler(2000, 1))


def test_what_a_workload_hides_is_alike_on_two_machines():
    def spread(workload):
        one, other = (
            np.log(Scenario(each, Sampler(2000, 1)).step_scatter(workload)) for each in ("hgx-h200", "hgx-b200")
        )
        return float(np.std(one)), float(np.std(one - other))

    known, unseen = spread("deepseek-v3"), spread("kimi-k2")
    assert unseen[0] > known[0] * 1.2 and unseen[1] == pytest.approx(known[1], rel=0.05)


def test_runs_that_overlap_and_runs_that_do_not_are_timed_as_if_alone(runs):
    """Of one machine and its words: one row each way, and both together."""
    of = ["system", "workload", "precision", "engine"]
    server = runs[runs.system == "hgx-h200"].iloc[[0]].assign(expert_devices=64.0, tensor_devices=1.0, context=4096.0)
    one = server.assign(ranks=64.0, batch=512.0, overlap=0.0)
    both = pd.concat([one, one.assign(overlap=1.0)], ignore_index=True)
    assert len(both[of].drop_duplicates()) == 1
    fit = step_fit.fit()
    together = step_fit.predict(fit, both)
    assert together.tolist() == [step_fit.predict(fit, both.iloc[[i]].reset_index(drop=True))[0] for i in (0, 1)]
    assert together[1] < step_fit.predict(fit, both.assign(overlap=0.0))[1]


def test_pooled_software_takes_the_middle_overhead_and_in_draws_differs_as_they_do():
    fit = step_fit.fit()
    logs = [mean for (_, name), mean in zip(fit.names, fit.mean, strict=True) if name == "layer_overhead"]
    assert len(logs) >= 3 and fit.constants()["layer_overhead"] == pytest.approx(np.exp(np.mean(logs)), rel=1e-12)
    sampler, known = Sampler(4000, 0), Sampler(4000, 0)
    drawn = np.log(fit.constants(sampler=sampler)["layer_overhead"])
    own = [
        np.log(fit.constants(engine, known)["layer_overhead"]) for engine, name in fit.names if name == "layer_overhead"
    ]
    between = drawn - np.mean(own, axis=0)
    assert np.std(between) == pytest.approx(statistics.stdev(np.mean(each) for each in own), rel=0.02)


# By hand.


def test_repeats_of_one_operating_point_count_once_together():
    row = {"system": "hgx-h200", "precision": "fp8", "engine": "sglang", "ranks": 8.0, "tensor_devices": 8.0}
    row |= {"expert_devices": 8.0, "context": 4096.0, "overlap": np.nan, "batch": 4.04, "time": 0.01}
    rows = pd.DataFrame([row, row | {"time": 0.02}, row | {"batch": 4.0}, row | {"batch": 5.0}, row | {"context": 1.0}])
    weights = step_fit.weights(rows)
    assert weights == pytest.approx([3**-0.5, 3**-0.5, 3**-0.5, 1, 1])
    assert (weights[:3] ** 2).sum() == pytest.approx(1)


def test_rows_that_the_law_itself_made_scatter_no_less_than_single_runs_do(fit, runs):
    """Few systems are easily fitted: what is left there understates how far one more lies off."""
    rows = runs.reset_index(drop=True)
    found = step_fit.fitted(rows.assign(time=step_fit.predict(fit, rows)))
    assert found.scatter == step_fit.CLOSE
    left = np.abs(np.log(step_fit.predict(fit, rows) / rows.time))
    assert 0.5 * step_fit.CLOSE < np.median(left) < 1.5 * step_fit.CLOSE  # which is about how far they do


def test_one_run_alone_hardly_moves_a_prior(runs):
    found = step_fit.fitted(runs.iloc[[0]].reset_index(drop=True))
    priors = step_fit.priors().set_index(["fit", "quantity"]).loc[list(step_fit.names())]
    narrowed = np.sqrt(np.diag(found.covariance)) / priors.sd.to_numpy()
    assert (narrowed <= 1 + 1e-6).all() and np.sort(narrowed)[3:].min() > 0.9
    assert np.abs(found.mean - priors["mean"].to_numpy()).max() < 1.5 * priors.sd.max()


def test_efficiencies_of_a_software_are_those_of_all_times_its_own_ratio(fit):
    ratio = dict(zip(fit.names, np.exp(fit.mean), strict=True))["cann", "efficiency_ratio"]
    own, others = fit.constants("cann"), fit.constants("vllm")
    for name in ("memory_efficiency", "product_efficiency"):
        assert own[name] == pytest.approx(ratio * others[name], rel=1e-12)
    assert own["skew"] == others["skew"] and ratio != 1


def test_sources_are_those_of_runs_and_of_priors():
    rows = step_fit.priors().set_index(["fit", "quantity"]).loc[list(step_fit.names())]
    assert step_fit.sources() == frozenset(step_fit.points("calibrate").source) | frozenset(rows.source)
    assert set(rows.source) - set(step_fit.points("calibrate").source)  # a union of two


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return a function: a reader's steps that are slower by a factor, to (fit, how far the fit was opened up)."""
    kept = {}

    def solved(log_time, rows, found, ways, room=0.0, weight=1.0):
        kept.update(log_time=log_time, ways=ways, room=room, weight=weight)
        return found.mean, found.covariance, found.scatter

    monkeypatch.setattr(step_fit, "solved", solved)

    def asked(**more):
        row = {"system": "hgx-h200", "workload": "deepseek-v3", "ranks": 16, "context": 2000, "precision": "fp8"}
        row |= {"quantity": "decode_throughput", "value": 1000, "unit": "token/s", "role": "calibrate"} | more
        pd.DataFrame([row | {"batch": batch} for batch in (1, 32)]).to_csv(tmp_path / "mine.csv", index=False)
        read = readings.read(tmp_path / "mine.csv")
        kept["readings"] = read
        return step_fit.fit_with(read, row["system"], "pooled"), kept

    return asked


@pytest.mark.parametrize(
    ("more", "unseen"),
    [
        ({}, ()),
        ({"system": "gb200-nvl72"}, ("system",)),
        ({"workload": "kimi-k2"}, ("workload",)),
        ({"system": "gb200-nvl72", "workload": "kimi-k2"}, ("system", "workload")),
    ],
    ids=["seen", "another system", "another workload", "both"],
)
def test_what_no_run_told_of_has_the_room_of_both_variances(own, fit, more, unseen):
    facts = catalog.load("priors").loc["step"]
    (found, positions), kept = own(**more)
    assert kept["room"] == pytest.approx(sum(facts[f"unseen_{each}"] ** 2 for each in unseen))
    assert found.systems == fit.systems | {more.get("system", "hgx-h200")}
    assert found.workloads == fit.workloads | {more.get("workload", "deepseek-v3")}
    assert found.rows == fit.rows + 2 and positions == {0, 1} and kept["weight"].tolist() == [1, 1]


def test_another_installation_is_slower_in_all_that_takes_time_by_about_as_much(own, fit):
    _, kept = own()
    (way,) = kept["ways"]
    moved = kept["log_time"](fit.mean + 0.1 * way) - kept["log_time"](fit.mean)
    assert (moved > 0.07).all() and (moved < 0.101).all()


def test_rows_held_back_are_told_and_leave_the_fit(own, fit):
    _, kept = own()
    for read, system, positions in (
        (kept["readings"].held(), "hgx-h200", {0, 1}),
        (kept["readings"], "hgx-b200", set()),
    ):
        found, told = step_fit.fit_with(read, system, "pooled")
        assert found is step_fit.fit(None) and told == positions
