"""Training steps: limits, what a wider domain may do, what does not fit, runs that were not fitted, the best layout."""

import re

import numpy as np
import pandas as pd
import pytest

from model.laws import training as laws
from model.machine import training_fit, training_search
from model.machine.scenario import Scenario
from model.machine.training_step import LAYOUT, Training
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.numbers.facts import Facts
from model.predictions.answer import predict
from model.predictions.inputs import InputError
from model.predictions.training import training_throughput
from model.studies.validation import training_errors

JOB = {"devices": 256.0, "sequences": 4096.0, "sequence": 4096.0}
ALONE = dict.fromkeys(LAYOUT, 1.0)


def columns(system, model="deepseek-v3", precision="mxfp8", **changes):
    return Scenario(system, changes=changes).training_columns(Training(model, precision))


def step(system, layout, model="deepseek-v3", precision="mxfp8", changes=None, **job):
    rows = {**columns(system, model, precision, **(changes or {})), **JOB, "overlap": 1.0, **layout, **job}
    return {name: np.asarray(each) for name, each in laws.answers(rows).items()}


def asked(system, **more):
    frame = pd.DataFrame([{"model": "deepseek-v3", "precision": "mxfp8", **JOB, **more}])
    return predict("training_throughput", frame, system, draws=200)[0].iloc[0]


def test_one_device_exchanges_hands_on_and_gathers_nothing():
    alone = step("hgx-b200", ALONE, "llama-3.1-8b", devices=1.0, sequences=16.0)
    for name in ("exchange_wait", "collective_time", "hop_time", "gradient_time", "launch_time", "startup_time"):
        assert alone[name] == 0, name
    assert alone["training_step_time"] == pytest.approx(16 * alone["work_time"] + alone["optimiser_time"], rel=1e-12)


def test_one_stage_has_no_bubble_and_chunks_shorten_it():
    whole = step("hgx-b200", ALONE | {"expert_devices": 64.0})
    assert whole["pipeline_time"] == pytest.approx(whole["microbatches"] * whole["microbatch_time"], rel=1e-12)
    times = [step("hgx-b200", ALONE | {"expert_devices": 8.0, "stages": 8.0, "chunks": c}) for c in (1.0, 2.0, 4.0)]
    bubbles = [each["pipeline_time"] / each["microbatch_time"] - each["microbatches"] for each in times]
    assert bubbles == pytest.approx([7, 3.5, 1.75])


def test_one_expert_group_on_one_device_sends_no_token():
    assert step("hgx-b200", ALONE)["exchange_wait"] == 0
    assert step("hgx-b200", ALONE | {"expert_devices": 8.0})["outer_time"] == 0


def test_a_window_as_long_as_the_sequence_is_no_window():
    given = {**columns("hgx-b200", "gpt-oss-120b"), **JOB, "overlap": 1.0, **ALONE}
    wide = laws.answers({**given, "attention_window": JOB["sequence"]})
    assert wide["mean_context"] == JOB["sequence"] / 2
    assert laws.answers(given)["mean_context"] < wide["mean_context"]


def test_more_sequences_a_step_never_train_slower():
    layout = ALONE | {"stages": 8.0, "chunks": 2.0, "expert_devices": 32.0}
    speeds = [step("hgx-b200", layout, sequences=32.0 * 2**n)["training_throughput"] for n in range(10)]
    assert (np.diff(speeds) > 0).all()


@pytest.mark.parametrize("model", ["deepseek-v3", "qwen3-30b", "gpt-oss-120b", "llama-3.1-405b"])
@pytest.mark.parametrize("system", ["hgx-h100", "hgx-b200", "hgx-b300"])
def test_a_wider_domain_is_never_slower_at_the_same_layout(system, model):
    moe = catalog.load("workloads").moe_layers[model] > 0
    grid = training_search.layouts(128.0 if moe else 1.0, 48.0, 8.0, 256.0, 4096.0)
    speeds = [
        step(system, grid, model, "fp8", {"domain": wide})["training_throughput"] for wide in (8.0, 16.0, 72.0, 256.0)
    ]
    for narrow, wide in zip(speeds[:-1], speeds[1:], strict=True):
        assert (wide / narrow).min() >= 1 - 1e-12


def test_what_does_not_fit_is_computed_again_and_not_a_layer_more():
    layout = ALONE | {"stages": 8.0, "expert_devices": 8.0, "microbatch": 4.0}
    tight = step("hgx-b300", layout)
    assert 0 < tight["recompute"] < 1
    assert tight["needed_bytes"] == pytest.approx(tight["memory_share"] * tight["memory_capacity"], rel=1e-12)
    roomy = step("hgx-b300", layout, changes={"memory_capacity": 1e13})
    assert roomy["recompute"] == 0
    assert roomy["training_throughput"] > tight["training_throughput"]


def test_a_layout_that_does_not_fit_is_refused_with_one_that_does():
    layout = ALONE | {"expert_devices": 8.0}
    with pytest.raises(InputError, match=r"row 1: this layout needs \d+ GiB of each device.*stages=.* would fit"):
        asked("hgx-h100", precision="fp8", **layout)
    with pytest.raises(InputError, match=r"no layout of 8 devices does with that: \d+ devices would hold this job"):
        asked("hgx-h100", precision="fp8", devices=8.0)


@pytest.mark.parametrize(
    ("layout", "rule"),
    [
        ({"stages": 3.0}, "stages divide devices"),
        ({"expert_devices": 512.0}, "expert_devices"),
        ({"stages": 16.0, "chunks": 8.0}, "at most layers"),
        (ALONE | {"microbatch": 7.0, "stages": 8.0, "expert_devices": 8.0}, "divides sequences"),
    ],
)
def test_a_layout_that_does_not_divide_is_refused_with_the_rule(layout, rule):
    with pytest.raises(InputError, match=f"row 1: this layout cannot be: .*{rule}"):
        asked("hgx-b200", **layout)


def test_a_dense_model_has_no_experts_to_spread():
    with pytest.raises(InputError, match="expert_devices are at most 1 "):
        asked("hgx-b200", model="llama-3.1-70b", expert_devices=8.0)


def test_the_best_is_never_worse_than_a_layout_that_was_run():
    rows = training_fit.points()
    rows = rows[rows.transport.isna() & (rows.sharded == 0) & rows.system.isin(["hgx-b200", "hgx-b300", "hgx-h100"])]
    rows = rows.drop_duplicates(["system", "workload", "precision", *LAYOUT, "devices", "sequences"])
    names = ["system", "precision", "devices", "sequences", "sequence"]
    frame = rows[names].assign(model=rows.workload)
    given = frame.join(rows[list(LAYOUT)])
    reached = given[rows.chunks.isin(training_search.CHUNKS)]
    best, _ = predict("training_throughput", frame.loc[reached.index], interval=False)
    run, _ = predict("training_throughput", reached, interval=False)
    assert len(reached) > 10
    assert (best.value >= run.value * (1 - 1e-12)).all()


def test_given_parts_stay_and_the_rest_is_the_best():
    free = asked("hgx-b200")
    part = asked("hgx-b200", stages=8.0)
    again = asked("hgx-b200", **{name: free[name] for name in LAYOUT})
    assert part.stages == 8
    assert part.value <= free.value == again.value


def test_a_time_is_tokens_over_throughput():
    frame = pd.DataFrame([{"model": "deepseek-v3", "precision": "fp8", **JOB}])
    time = predict("training_step_time", frame, "hgx-b200", draws=200)[0].iloc[0]
    speed = asked("hgx-b200", precision="fp8")
    tokens = JOB["sequences"] * JOB["sequence"] / JOB["devices"]
    assert time[["value", "low", "high"]].tolist() == pytest.approx(
        [tokens / speed[x] for x in ("value", "high", "low")], rel=1e-3
    )


@pytest.mark.parametrize("system", ["hgx-h100", "hgx-b200", "gb200-nvl72", "gb300-nvl72", "hgx-h200"])
@pytest.mark.parametrize("model", ["deepseek-v3", "llama-3.1-405b", "kimi-k2"])
def test_a_value_lies_in_its_interval(system, model):
    found = asked(system, model=model, precision="fp8", devices=1024.0)
    assert found.low < found.value < found.high


def test_an_interval_is_wider_for_what_was_not_seen():
    def width(**more):
        found = asked("hgx-b200", **more, **ALONE | {"stages": 16.0, "expert_devices": 8.0})
        return found.high / found.low

    assert width() > width(release="mbridge-260401")
    assert width(model="kimi-k2", release="mbridge-260401") > width(release="mbridge-260401")


def test_runs_that_no_constant_was_fitted_to():
    """DeepSeek-V3's own run on 2,048 H800 and Llama 3's on 16,384 H100."""
    errors = training_errors().set_index("set").error
    assert abs(errors["v3-training-mpft"]) < 0.1
    assert abs(errors["llama3-16k-run"]) < 0.1


@pytest.mark.parametrize("pair", [("gb200-nvl72", "hgx-b200"), ("gb300-nvl72", "hgx-b300")])
@pytest.mark.parametrize("model", ["qwen3-30b", "llama-3.1-8b"])
def test_with_eight_devices_a_rack_and_a_server_differ_by_the_chip_alone(pair, model):
    layout = ALONE | {"expert_devices": 8.0 if model == "qwen3-30b" else 1.0, "microbatch": 4.0}
    job = {"devices": 8.0, "sequences": 512.0}
    rack, server = (step(each, layout, model, **job)["training_throughput"] for each in pair)
    assert 0.95 <= rack / server <= 1.10


def test_the_fit_rests_on_rows_that_calibrate_alone():
    fit = training_fit.fit()
    assert fit.rows == (catalog.chosen("training_runs").role == "calibrate").sum()
    assert {"hgx-h800", "llama3-16k", "hgx-h200"}.isdisjoint(name for name, _ in fit.names)


def test_a_machine_left_out_falls_back_on_what_all_share():
    own, other = (
        Scenario("hgx-b200", own=own).training_columns(Training("qwen3-30b", "mxfp8")) for own in (True, False)
    )
    fit = training_fit.fit("hgx-b200")
    assert fit.rows < training_fit.fit().rows
    factor = dict(zip(fit.names, fit.mean, strict=True))["hgx-b200", "machine_factor"]
    assert factor == pytest.approx(0, abs=1e-6)
    assert own["product_efficiency"] != other["product_efficiency"]


def test_a_stack_of_constants_is_answered_row_by_row():
    fit = training_fit.fit()
    ready = training_fit.prepare(training_fit.points("calibrate"), fit.names)
    stacked = training_fit.predicted(ready, np.stack([fit.mean, fit.mean + 0.1]))
    for each, moved in zip(stacked, (0, 0.1), strict=True):
        assert each == pytest.approx(training_fit.predicted(ready, fit.mean + moved), rel=1e-12)


def test_releases_close_in_time_are_alike_before_any_run_speaks():
    names = training_fit.fit().names
    found = training_fit.together(names)
    spread = np.sqrt(np.diag(found))
    alike = pd.DataFrame(found / np.outer(spread, spread), names, names)

    def between(one, other):
        return alike.loc[[(one, "release_factor")], [(other, "release_factor")]].iloc[0, 0]

    memory = Facts("priors", "training")("release_memory")
    apart = Facts("priors", "mbridge-2604")("released") - Facts("priors", "mbridge-2511")("released")
    assert between("mbridge-2604", "mbridge-2511") == pytest.approx(np.exp(-apart / memory))
    assert between("mbridge-2604", "mbridge-260401") > between("mbridge-2604", "mbridge-2606") > 0
    assert between("mbridge-2604", "aws-dsv3-b300") == 0  # another software, whose day is not known
    own = [name for name in names if name[1] != "release_factor"]
    assert (alike.loc[own, own] == np.eye(len(own))).all().all()
    assert np.linalg.eigvalsh(found).min() > 0


def test_a_release_that_is_left_out_lies_between_its_neighbours():
    logs, own = (training_fit.fit(each).logs() for each in (("release", "mbridge-2604"), None))
    left = logs["mbridge-2604", "release_factor"]
    near = [logs[f"mbridge-{each}", "release_factor"] for each in ("260201", "260401")]
    assert min(near) - 0.05 < left < max(near) + 0.05
    assert abs(left - own["mbridge-2604", "release_factor"]) < abs(own["mbridge-2604", "release_factor"])


def test_an_empty_release_in_a_table_is_the_mean_of_all():
    rows = pd.DataFrame(
        [{"model": "deepseek-v3", "precision": "fp8", **JOB, "release": r} for r in ("mbridge-2509", "")]
    )
    named, pooled = predict("training_throughput", rows, "hgx-b200", interval=False)[0].value
    assert pooled == asked("hgx-b200", precision="fp8").value != named


def test_a_release_that_keeps_activations_in_a_byte_needs_less_memory():
    """DeepSeek's own software, of which no row calibrates."""
    own, pooled = (
        Scenario("hgx-h800").training_columns(Training("deepseek-v3", "fp8", r)) for r in ("deepseek-v3", None)
    )
    assert (own["stored_width"], pooled["stored_width"]) == (1, 2)
    assert own["release_factor"] == pooled["release_factor"]


def test_a_draw_in_which_a_layout_does_not_fit_trains_nothing():
    """Of four draws of a machine's memory one holds a fiftieth: the layout that is the best of the usual one fails."""
    usual = Facts("systems", "hgx-b200")("memory_capacity")
    memory = usual * np.array([[1.0], [1.0], [0.02], [1.0]])
    scenario = Scenario("hgx-b200", Sampler(4, (0, 0)), changes={"memory_capacity": memory})
    rows = {name: np.array([number]) for name, number in JOB.items()}
    found = training_throughput(scenario, {"model": "deepseek-v3", "precision": "mxfp8", "overlap": "1"}, rows)
    assert (found.values[:, 0] > 0).tolist() == [True, True, False, True]
    assert found.values[2, 0] == 0


def test_a_refusal_says_how_much_of_a_device_may_be_filled():
    share, memory = (Facts(*each) for each in (("priors", "training"), ("systems", "hgx-b200")))
    room = share("memory_share") * memory("memory_capacity") / 1024**3
    with pytest.raises(InputError, match="this layout needs") as told:
        asked("hgx-b200", **ALONE | {"microbatch": 1.0})
    needs, fills = re.search(r"needs ([\d,]+) GiB of each device, which may fill ([\d,]+):", str(told.value)).groups()
    assert float(fills.replace(",", "")) == pytest.approx(room, abs=0.5)
    step_needs = step("hgx-b200", ALONE)["needed_bytes"] / 1024**3
    assert float(needs.replace(",", "")) == pytest.approx(float(step_needs), abs=0.5) and step_needs > room


def test_the_row_of_several_whose_layout_cannot_be_is_the_one_that_is_named():
    fine = {"model": "deepseek-v3", "precision": "mxfp8", **JOB}
    frame = pd.DataFrame([fine, fine | {"tensor_devices": 3.0}, fine])
    with pytest.raises(InputError, match="row 2: this layout cannot be"):
        predict("training_throughput", frame, "hgx-b200", interval=False)
