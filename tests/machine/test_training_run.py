"""The training step: DeepSeek-V3's published arithmetic closes, and idle time lengthens a step as it must."""

import numpy as np
import pytest

from model.laws.idle_training import training
from model.machine.scenario import Scenario
from model.machine.training_run import fitted_efficiency, measured, run, shape
from model.notation.equation import compute
from model.notation.nomenclature import gradient_time, model_flop_utilisation, token_flop, training_step_time, work_time
from model.numbers import catalog

REPORTED = catalog.load("runs").loc["deepseek-v3"]


@pytest.fixture(scope="module")
def step():
    scenario = Scenario("hgx-h800")
    return {**shape(scenario, "deepseek-v3"), "training_efficiency": float(fitted_efficiency(scenario)[0])}


def solved(target, columns):
    return float(np.ravel(compute(training.solve(target), columns))[0])


def test_published_hours_days_and_steps_close():
    hours = REPORTED.training_device_hours / 3600
    assert hours / 14.8 == pytest.approx(180e3, rel=0.001)
    days = 180e3 / 2048 / 24
    assert days == pytest.approx(3.7, abs=0.05)
    tokens = REPORTED.batch_sequences * REPORTED.sequence
    assert tokens / measured("step_time") * 86400 == pytest.approx(272.8e9, rel=1e-3)


def test_the_fitted_law_gives_back_the_measured_step(step):
    assert solved(training_step_time, step) == pytest.approx(19.926, rel=1e-9)


def test_utilisation_is_the_published_causal_one(step):
    assert solved(model_flop_utilisation, step) == pytest.approx(0.3894, rel=0.015)
    achieved = solved(token_flop, step) * step["device_tokens"] / measured("step_time")
    assert achieved == pytest.approx(measured("achieved_causal"), rel=0.015)


def test_the_efficiency_is_a_share_and_below_the_whole_step_of_nothing_idle(step):
    assert solved(model_flop_utilisation, step) < step["training_efficiency"] < 1


@pytest.mark.parametrize("name", ["exchange_idle", "imbalance_idle", "bubble_idle", "gradient_exposed"])
def test_more_idle_time_lengthens_a_step(step, name):
    assert solved(training_step_time, {**step, name: step[name] + 0.05}) > solved(training_step_time, step)


def test_without_idle_time_a_step_is_work_and_optimiser(step):
    nothing = dict.fromkeys(["exchange_idle", "imbalance_idle", "bubble_idle", "gradient_exposed"], 0.0)
    alone = solved(training_step_time, {**step, **nothing})
    assert alone == pytest.approx(solved(work_time, step) + step["optimiser_time"], rel=1e-12)


def test_gradients_cost_nothing_without_replicas(step):
    assert solved(gradient_time, {**step, "replicas": 1.0}) == 0


def test_the_fitted_run_is_the_one_that_is_marked():
    assert (run().system, run().workload, run().value) == ("hgx-h800", "deepseek-v3", 19.926)


def test_two_marked_runs_are_refused(data):
    path = data / "serving.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(each for each in lines if ",step_time," in each and ",calibrate," in each)
    lines.append(line.replace(line.split(",")[0], "another-run", 1))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    with pytest.raises(ValueError, match="marks 2 step times of training to calibrate with"):
        run()
