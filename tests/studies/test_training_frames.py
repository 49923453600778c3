"""Frames of the chapter on training: parts close, searches agree, gains are paired, and limits hold."""

import numpy as np
import pandas as pd
import pytest

from model.laws import training as laws
from model.machine import training_fit, training_search
from model.machine.scenario import Scenario
from model.machine.training_step import LAYOUT
from model.numbers.draws import Sampler
from model.predictions.answer import predict
from model.studies import validation
from model.studies.training import dollars, errors, gains, jobs, machines

pytestmark = pytest.mark.xdist_group("training_frames")  # whose frames, some ten seconds of work, are made once

JOB = jobs.Job("deepseek-v3", 256.0, 4096.0, 4096.0, "mxfp8")
DENSE = JOB._replace(model="llama-3.1-70b", precision="fp8")


def drawn(system="gb200-nvl72", **changes):
    return Scenario(system, Sampler(30, 2), changes=changes)


# Jobs.


def test_undrawn_the_job_s_layout_is_the_one_that_is_predicted():
    found = jobs.searched(Scenario("hgx-b200"), JOB)
    asked = pd.DataFrame([{"model": JOB.model, "precision": JOB.precision, **JOB.sizes}])
    alone = predict("training_throughput", asked, "hgx-b200", interval=False)[0].iloc[0]
    assert found["training_throughput"][0, 0] == pytest.approx(alone.value, rel=1e-12)
    assert [found[name][0, 0] for name in LAYOUT] == [alone[name] for name in LAYOUT]


def test_few_layouts_find_what_all_layouts_find():
    """Each draw's best among the fastest at recorded numbers is within a per mille of its best among all."""
    scenario = drawn()
    few = jobs.searched(scenario, JOB)["training_throughput"]
    most = len(training_search.layouts(256.0, 61.0, 72.0, JOB.devices, JOB.sequences)["stages"])
    every = training_search.fastest(Scenario("gb200-nvl72").training_columns(JOB.asked), JOB.sizes, {}, 1.0, most)
    point = {**scenario.training_columns(JOB.asked), **JOB.sizes, **every, "overlap": 1.0}
    found = laws.answers(point)
    fits = found["needed_bytes"] <= found["memory_share"] * found["memory_capacity"] * (1 + 1e-9)
    best = np.where(fits, found["training_throughput"], 0).max(axis=1, keepdims=True)
    best = best / scenario.training_scatter(JOB.model)
    assert few == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("system", ["hgx-b200", "gb200-nvl72", "hgx-h800", "cloudmatrix384"])
@pytest.mark.parametrize("overlap", [True, False])
def test_the_parts_of_a_step_are_the_step(system, overlap):
    job = JOB._replace(precision="fp8" if "peak_fp8" in Scenario(system).system else "bf16")
    found = jobs.searched(drawn(system), job, overlap)
    parts = sum(found[part] for part in jobs.PARTS)
    assert parts == pytest.approx(found["training_step_time"], rel=1e-12)
    assert all((found[part] >= -1e-12).all() for part in jobs.PARTS)


def test_a_part_that_is_set_stays_and_costs():
    free, tied = (jobs.searched(drawn(), JOB, layout=each) for each in (None, {"stages": 16.0}))
    assert (tied["stages"] == 16).all()
    assert (tied["training_throughput"] <= free["training_throughput"] * (1 + 1e-12)).all()


def test_blocks_of_draws_change_nothing(monkeypatch):
    whole = jobs.searched(drawn(), JOB)["training_throughput"]
    monkeypatch.setattr(jobs, "BLOCK", 7)
    assert jobs.searched(drawn(), JOB)["training_throughput"] == pytest.approx(whole, rel=1e-15)


def test_a_job_that_no_layout_holds_is_refused():
    with pytest.raises(ValueError, match="no layout of 8 devices of hgx-h100 holds deepseek-v3: ask for more"):
        jobs.searched(Scenario("hgx-h100"), JOB._replace(devices=8.0))


# Errors.


@pytest.fixture(scope="module")
def frames():
    return {column: validation.training_errors("calibrate", column, 100, 0) for column in errors.OMITTED}


def test_every_calibrating_run_is_judged_without_its_own(frames):
    for column, frame in frames.items():
        assert len(frame) == len(training_fit.points("calibrate"))
        assert set(frame[column]) == set(training_fit.points("calibrate")[column])
        assert (frame.low < frame.predicted).all() and (frame.predicted < frame.high).all()
    table = errors.by_value(frames)
    whole = errors.summary(frames)
    for column, words in errors.OMITTED.items():
        part = table[table.left == words]
        assert (part.error * part.rows).sum() / part.rows.sum() == pytest.approx(whole.error[column])


def test_left_out_the_law_errs_more_than_fitted_and_no_more_than_is_asked(frames):
    rows, fit = training_fit.points("calibrate"), training_fit.fit()
    own = training_fit.predicted(training_fit.prepare(rows, fit.names), fit.mean) / rows.measured - 1
    table = errors.summary(frames)
    assert (table.error >= own.abs().mean()).all()
    assert table.error["system"] < 0.2 and table.error["release"] < 0.2


def test_a_ratio_of_two_machines_is_judged_by_every_pair_and_is_surer_than_its_sides(frames):
    rows = training_fit.points("calibrate")
    rows = rows[rows.transport.isna()]
    pairs = rows.merge(rows, on=["workload", "release", "precision"])
    pairs = pairs[pairs.system_x < pairs.system_y]
    found = errors.ratios("workload", 100)
    assert len(found) == len(pairs)
    assert sorted(found.measured.where(found.system < found.other, 1 / found.measured)) == pytest.approx(
        sorted(pairs.measured_x / pairs.measured_y)
    )
    assert found.half_width.median() < frames["workload"].half_width.median()  # what a model shares cancels
    apart = errors.ratios("system", 30)
    assert ((apart.value == apart.system) | (apart.value == apart.other)).all()
    assert apart.groupby("value").size().sum() == 2 * len(pairs)


def test_what_is_unseen_is_alike_wherever_it_is_asked():
    """A workload's own error cancels between machines, a machine's between workloads; single runs' scatter does not."""
    assert not {"vera-rubin-nvl144", "nvl288"} & training_fit.fit().systems
    assert not {"kimi-k2", "qwen3-235b"} & training_fit.fit().workloads

    def spread(one, other):
        logs = [np.log(Scenario(name, Sampler(2000, 1)).training_scatter(workload)) for name, workload in (one, other)]
        return [float(np.std(each)) for each in (*logs, logs[0] - logs[1])]

    runs = spread(("gb200-nvl72", "deepseek-v3"), ("hgx-b200", "deepseek-v3"))
    assert runs[2] == pytest.approx(runs[0] * 2**0.5, rel=0.05)
    for one, other in (
        (("gb200-nvl72", "kimi-k2"), ("hgx-b200", "kimi-k2")),
        (("nvl288", "deepseek-v3"), ("nvl288", "qwen3-30b")),
    ):
        found = spread(one, other)
        assert found[0] > runs[0] * 1.3 and found[2] == pytest.approx(runs[2], rel=0.05)
    two = spread(("nvl288", "deepseek-v3"), ("vera-rubin-nvl144", "deepseek-v3"))
    assert two[2] == pytest.approx(two[0] * 2**0.5, rel=0.1)  # two machines are unsure each by itself


def test_a_layout_that_was_run_is_no_better_than_the_best_where_it_may_be_chosen():
    found = errors.published(["hgx-b200", "hgx-b300"])
    assert len(found) > 5
    assert (found.reached[found.chunks.isin(training_search.CHUNKS)] <= 1 + 1e-9).all()


# Machines.


def test_each_machine_gets_its_best_and_its_shares_close():
    found = machines.best(["hgx-b200", "gb200-nvl72", "hgx-h800", "cloudmatrix384"], JOB, 100, 0).set_index("system")
    assert found.precision.tolist() == ["mxfp8", "mxfp8", "fp8", "bf16"]
    assert (found.low < found.value).all() and (found.value < found.high).all()
    assert found[list(jobs.PARTS)].sum(axis=1).to_numpy() == pytest.approx(1)
    assert (found.filled <= 0.9 + 1e-9).all()


def test_the_running_example_closes():
    layout = gains.chosen("hgx-b200", JOB)
    found = machines.example("hgx-b200", JOB, layout)
    table = machines.times(found)
    assert table.seconds.sum() == pytest.approx(found["training_step_time"])
    assert table.share.sum() == pytest.approx(1)
    tokens = JOB.sequences * JOB.sequence / JOB.devices
    assert tokens / found["training_throughput"] == pytest.approx(found["training_step_time"])


# Gains.


def test_the_changes_multiply_to_the_whole_gain():
    found = gains.waterfall("hgx-b200", "gb200-nvl72", JOB, 100, 0).set_index("step")
    assert found.factor[list(gains.STEPS)].prod() == pytest.approx(found.factor["all"], rel=1e-9)
    assert found.factor["card"] == 1  # both have cards of one rate
    assert (found.low <= found.high).all()
    assert found.loc[["exchange", "groups"], "factor"].min() >= 1  # a wider domain never loses at recorded numbers
    assert found.low["exchange"] >= 1 - 1e-9  # and in no draw at one layout


def test_the_same_machine_gains_nothing_over_itself():
    found = gains.waterfall("hgx-b200", "hgx-b200", JOB, 100, 0)
    assert found[["factor", "low", "high"]].to_numpy() == pytest.approx(1)


def test_eight_devices_measure_the_chip_alone():
    found = gains.control({"gb200-nvl72": "hgx-b200", "gb300-nvl72": "hgx-b300"})
    assert len(found) >= 8
    assert (found.devices <= 8).all()
    assert found.predicted.between(0.95, 1.10).all()
    assert (found.predicted / found.measured - 1).abs().max() < 0.06


def test_who_has_no_experts_has_nothing_to_spread():
    found = gains.kinds("gb200-nvl72", 8, ["deepseek-v3", "llama-3.1-70b"], DENSE, 100, 0).set_index("model")
    assert found.experts["llama-3.1-70b"] == 0
    assert found.own_experts["llama-3.1-70b"] == 1
    assert (found.gain >= 1 - 1e-9).all()
    assert found.gain["deepseek-v3"] > found.gain["llama-3.1-70b"]
    assert found.high["llama-3.1-70b"] < 1.05


def test_the_gain_falls_as_less_of_an_exchange_is_left_exposed():
    found = gains.hidden("gb200-nvl72", 8, JOB, [1.0, 0.4, 0.15, 0.03], 100, 0)
    assert (np.diff(found.gain) <= 1e-9).all()
    assert found.gain.iloc[0] > 1.1
    assert (np.diff(found.groups) >= 0).all()  # the wider groups, the more is hidden


def test_releases_are_those_that_were_fitted():
    found = gains.releases("gb200-nvl72", 8, JOB, 100, 0)
    assert (np.diff(found.factor) <= 0).all()
    assert set(found.release) <= set(training_fit.releases())
    assert (found.gain >= 1 - 1e-9).all()


# A dollar.


def test_a_dollar_s_tokens_by_size_begin_at_one_and_follow_the_device_in_one_tier():
    found = dollars.sizes_of("gb200-nvl72", "deepseek-v3", [16_384], [8, 72, 144], 100, 0).set_index(
        ["measure", "domain"]
    )
    first = found.xs(8, level="domain")
    assert first[["value", "low", "high"]].to_numpy() == pytest.approx(1)
    assert (first.gaining == 0).all()
    device, dollar = found.loc["device"], found.loc["dollar"]
    assert dollar.value[72] == pytest.approx(device.value[72], rel=1e-9)  # one tier costs a device the same
    assert dollar.value[144] < device.value[144]  # two tiers do not


def test_a_dearer_rack_must_train_as_much_more_to_pay():
    found = dollars.rented("gb200-nvl72", "hgx-b200", "deepseek-v3", [16_384], 100, 0).iloc[0]
    assert found.premium > 1
    assert found.dollar == pytest.approx(found.device / found.premium)
    assert 0 <= found.gaining <= 1
    same = dollars.rented("hgx-b200", "hgx-b200", "deepseek-v3", [16_384], 100, 0).iloc[0]
    assert [same.premium, same.device, same.device_low, same.device_high] == pytest.approx([1, 1, 1, 1])


def test_what_is_left_exposed_between_domains_moves_the_gain_most():
    found = dollars.turning("gb200-nvl72", "deepseek-v3", 16_384, (8, 72))
    assert found.factor[0].endswith("exposed_outside")
    assert found.high[0] > found.low[0]  # the more is exposed, the more a domain gains
    assert (np.diff(found.swing) <= 0).all()


def test_a_machine_without_a_number_is_not_asked():
    assert machines.asked(["nvl288", "hgx-b200"], []) == ["hgx-b200"]
    assert machines.asked([], ["hgx-b200", "gb200-nvl72"]) == ["hgx-b200", "gb200-nvl72"]
    with pytest.raises(ValueError, match="none of .'nvl288'. has all of"):
        machines.asked(["nvl288"], [])


def test_worked_problems_are_the_law_s():
    layout = {**gains.chosen("hgx-b200", JOB), "stages": 4.0, "chunks": 2.0}
    found = machines.problems("hgx-b200", "gb200-nvl72", JOB, layout)
    assert found.narrow > found.wide
    assert found.bubble > found.chunked and found.bubble > found.longer
    example = machines.example("hgx-b200", JOB, layout)
    empty = example["pipeline_time"] / example["microbatch_time"] - example["microbatches"]
    assert found.chunked == pytest.approx(empty / (example["microbatches"] + empty))
    assert found.waited > found.waited_rack
