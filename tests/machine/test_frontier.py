"""The frontier of serving: what it finds is a step of the law, nothing tried by hand beats it, limits hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from model.machine import frontier, layouts, step
from model.machine.memory import fewest_devices, largest_batch
from model.machine.scenario import Scenario
from model.predictions.answer import predict
from model.predictions.inputs import InputError

CONDITIONS = {"context": 4096.0, "kv_bytes_per_element": 2.0}
SPEEDS = np.array([5.0, 10.0, 20.0, 50.0, 100.0, 150.0])


def search(system, speeds=SPEEDS, precision="fp8", changes=None, accepted=1.0, **conditions):
    """Return (scenario, asked, curves, throughput, batch, place) over all layouts that are possible."""
    scenario, asked = Scenario(system, changes=changes), step.Asked("deepseek-v3", "decode", precision)
    tried = layouts.possible(scenario, "deepseek-v3")
    found = frontier.curves(scenario, asked, CONDITIONS | conditions, tried, accepted)
    return scenario, asked, found, *(each[0] for each in frontier.best(scenario, asked, found, speeds))


def best(*arguments, **keywords):
    return search(*arguments, **keywords)[3]


@pytest.mark.parametrize("system", ["hgx-b200", "gb200-nvl72"])
def test_faster_users_never_raise_throughput(system):
    throughput = best(system, np.geomspace(5, 800, 40))
    assert np.all(np.diff(throughput) <= 2e-3 * throughput[0])
    assert throughput[0] > 0 == throughput[-1]


def test_the_frontier_is_a_step_that_the_law_times():
    """At the chosen layout and batch the step takes the time that the speed allows, by the law itself."""
    scenario, asked, found, throughput, batch, place = search("gb200-nvl72")
    for i in np.flatnonzero(throughput):
        chosen = found.layout[place[i]]
        rows = {name: np.array([getattr(chosen, name)]) for name in ("ranks", "tensor_devices", "expert_devices")}
        rows |= {"batch": batch[i : i + 1], "processed": np.array([1.0])}
        rows |= {name: np.array([number]) for name, number in CONDITIONS.items()}
        time = step.duration(scenario, asked, rows)[0]
        assert throughput[i] == pytest.approx(batch[i] / time, rel=0.005)
        assert time <= 1.005 / SPEEDS[i]
        assert batch[i] <= 1.000001 * largest_batch(scenario, "deepseek-v3", "fp8", rows)[0]


@pytest.mark.parametrize("system", ["hgx-h800", "gb200-nvl72", "cloudmatrix384"])
def test_no_layout_that_is_tried_by_hand_beats_the_frontier(system):
    precision = "int8" if system == "cloudmatrix384" else "fp8"
    scenario, asked, _, throughput, *_ = search(system, precision=precision)
    rng, tried = np.random.default_rng(3), 0
    for _ in range(40):
        rows = {"ranks": np.array([2.0 ** rng.integers(4, 8)]), "batch": np.array([2.0 ** rng.uniform(0, 8)])}
        rows |= {name: np.array([number]) for name, number in CONDITIONS.items()}
        if rows["batch"] > largest_batch(scenario, "deepseek-v3", precision, rows):
            continue
        tried += 1
        speed = 1 / step.duration(scenario, asked, rows)
        assert np.all(throughput[speed >= SPEEDS] >= 0.995 * (rows["batch"] * speed).item())
    assert tried > 10


def test_a_larger_domain_never_serves_less():
    small, large = (best("gb200-nvl72", changes={"domain": size}) for size in (8.0, 72.0))
    assert np.all(large >= small * (1 - 1e-3))
    gain = large[small > 0] / small[small > 0]  # the fastest speeds may be out of reach of both
    assert len(gain) >= 3 and gain.max() > 1.05 * gain.min()  # not the same factor everywhere


def test_memory_too_small_for_the_weights_is_out_of_reach():
    assert np.all(best("hgx-h100", changes={"memory_capacity": 2e9}) == 0)


def test_a_longer_context_and_wider_cache_serve_fewer():
    short, long = best("hgx-h200"), best("hgx-h200", context=16384.0)
    assert np.all(long <= short)
    likely = short > 0.05 * short.max()  # where a few users are all that is in reach, the grid of batches shows
    assert likely.sum() >= 3
    assert np.all(best("hgx-h200", kv_bytes_per_element=1.0)[likely] >= 0.999 * short[likely])


def test_drafts_are_made_where_they_pay():
    scenario, asked, found, throughput, _, place = search("gb200-nvl72", accepted=None)
    assert set(found.drafts) == {0, 1, 2, 3}
    chosen = found.drafts[place][throughput > 0]
    assert chosen[-1] > 0  # few fast users leave work to spare
    assert np.all(throughput >= 0.995 * best("gb200-nvl72"))


def test_the_best_depth_of_drafts_is_the_best_of_each_alone():
    scenario, asked, found, throughput, *_ = search("gb200-nvl72", accepted=None)
    alone = []
    for depth in set(found.drafts):
        own = np.flatnonzero(found.drafts == depth)
        parts = {name: getattr(found, name)[:, own] for name in ("credit", "batch", "time")}
        layout = [found.layout[place] for place in own]
        part = replace(found, layout=layout, drafts=found.drafts[own], **parts)
        alone.append(frontier.best(scenario, asked, part, SPEEDS)[0][0])
    assert len(alone) == 4 and throughput == pytest.approx(np.max(alone, axis=0), rel=0.01)


def test_a_speed_that_one_request_alone_reaches_is_in_reach_and_a_faster_one_is_not():
    scenario, asked, found, *_ = search("hgx-h100")
    fastest = 1 / found.time[np.isfinite(found.time)].min()
    served = frontier.best(scenario, asked, found, fastest * np.array([0.9999, 1.0001]))[0][0]
    assert served[0] > 0 == served[1]


# Layouts and memory.


def test_possible_layouts_split_groups_evenly_within_a_domain():
    scenario = Scenario("hgx-h200")
    found = layouts.possible(scenario, "deepseek-v3")
    assert len(found) == len(set(found))
    for ranks, tensor, spread, *_ in found:
        assert tensor <= 8 and ranks % tensor == 0
        assert 1 <= spread <= min(ranks, 256) and (spread == min(ranks, 256) or tensor == ranks)
    assert {8, 72, 160} <= {each.ranks for each in found}
    dense = layouts.possible(scenario, "llama-3.1-70b")
    assert [each[:3] for each in dense] == [(each, each, 1) for each in (1, 2, 4, 8)]


@pytest.mark.parametrize(
    ("system", "model", "widest"), [("gb200-nvl72", "qwen3-30b", 32), ("cloudmatrix384", "kimi-k2", 32)]
)
def test_no_rank_of_a_tensor_group_is_without_a_head_of_attention(system, model, widest):
    found = layouts.possible(Scenario(system), model)  # 32 heads on one die a device, 64 on two
    assert max(each.tensor_devices for each in found) == widest == layouts.widest_tensor_group(Scenario(system), model)


def test_layouts_that_were_run_are_those_of_the_machine_where_some_are_known():
    racks, servers = layouts.run("gb200-nvl72"), layouts.run("hgx-h800")
    assert {each.ranks for each in servers} == {128, 144}
    assert max(each.ranks for each in racks) <= 72
    assert all(0 < each.least < each.most for each in (*racks, *servers))
    assert len(layouts.run("feixing-2")) > len(racks)  # where none is known, those of all


def test_a_limit_of_devices_leaves_smaller_layouts_and_refuses_none():
    found = layouts.possible(Scenario("hgx-h200"), "deepseek-v3")
    assert {each.ranks for each in layouts.within(found, 8)} == {1, 2, 3, 4, 5, 6, 8}
    assert layouts.within(found, None) == found
    with pytest.raises(ValueError, match="no layout has 4 devices or fewer: the smallest has 128"):
        layouts.within(layouts.run("hgx-h800"), 4)


@pytest.mark.parametrize("requests", [1, 64, 1024])
def test_the_fewest_devices_hold_the_requests_and_fewer_do_not(requests):
    scenario = Scenario("hgx-h200")
    needed = float(fewest_devices(scenario, "deepseek-v3", "fp8", requests, 4096.0))

    def most(size):
        ways = [(1.0, size)] + [(size, 1.0)] * (size <= 8)
        rows = ({"ranks": size, "tensor_devices": t, "expert_devices": e, "context": 4096.0} for t, e in ways)
        return max(float(largest_batch(scenario, "deepseek-v3", "fp8", each)) for each in rows) * size

    assert most(needed) >= requests
    smaller = [m * 2.0**i for m in (1, 3) for i in range(12) if m * 2**i < needed]
    assert all(most(size) < requests for size in smaller)


def test_more_requests_or_longer_ones_never_need_fewer_devices():
    requests = np.geomspace(1, 1e5, 30)
    needed = fewest_devices(Scenario("hgx-b200"), "deepseek-v3", "fp8", requests, 4096.0)
    longer = fewest_devices(Scenario("hgx-b200"), "deepseek-v3", "fp8", requests, 32768.0)
    assert (np.diff(needed) >= 0).all() and (longer >= needed).all()


# As it is asked.


def test_rows_of_different_conditions_are_answered_as_if_alone():
    frame = pd.DataFrame({"speed": [20, 50, 20, 4000], "context": [2048, 4096, 4096, 2048], "model": "deepseek-v3"})
    frame = frame.assign(precision="fp8", layouts="all")
    together, sources = predict("decode_frontier", frame, "hgx-h200", draws=20)
    alone = [predict("decode_frontier", frame.iloc[[i]], "hgx-h200", interval=False)[0].value.item() for i in range(4)]
    assert together.value.tolist() == alone
    assert alone[-1] == 0 and together.low.iloc[-1] == 0
    assert np.all(together.low <= together.value) and np.all(together.value <= together.high)
    assert "deepseek2024v3" in sources


def test_a_precision_that_the_machine_lacks_is_refused_by_name():
    frame = pd.DataFrame([{"speed": 20, "context": 2048, "model": "deepseek-v3", "precision": "nvfp4"}])
    with pytest.raises(InputError, match="hgx-h100 has no peak_nvfp4"):
        predict("decode_frontier", frame, "hgx-h100")
