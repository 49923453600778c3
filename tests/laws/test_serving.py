"""Serving: memory, speed, cost, and the frontier of throughput against speed per user."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp

from model.laws.roofline import compute as roofline
from model.laws.serving import cost, memory, speed
from model.machine import frontier, step
from model.machine.scenario import Scenario
from model.notation.equation import compute
from model.notation.nomenclature import (
    batch_limit,
    break_even,
    busy_share,
    decode_throughput,
    rent,
    request_bytes,
    token_cost,
    token_energy,
    token_price,
    users,
)
from model.numbers import catalog
from model.predictions.answer import predict
from model.predictions.inputs import InputError

CONDITIONS = {"context": 4096.0, "tokens_per_step": 1.0, "kv_bytes_per_element": 2.0}
SPEEDS = np.array([5.0, 10.0, 20.0, 50.0, 100.0, 150.0])


def best(system, speeds=SPEEDS, precision="fp8", changes=None, **conditions):
    scenario = Scenario(system, changes=changes)
    return frontier.best(scenario, "deepseek-v3", precision, CONDITIONS | conditions, speeds)[0][0]


# Laws.


def test_1920_tokens_at_20_per_user_are_96_users():
    said = catalog.chosen("serving").set_index(["set", "quantity"]).value
    point = {"decode_throughput": said["article-cm384-decode", "decode_throughput"]}
    point |= {"user_speed": said["article-cm384-decode", "user_speed"]}
    assert compute(speed[users].rhs, point) == pytest.approx(96)
    assert sp.simplify(speed.solve(users) - sp.Symbol("batch", positive=True)) == 0  # throughput / speed is the batch


def test_the_day_of_deepseek_closes():
    """608 and 168 billion tokens at the published rates of a server take the servers that were counted."""
    said = catalog.chosen("serving").set_index(["set", "quantity"]).value
    day, seconds = "deepseek-day", 86400
    prefill = said[day, "input_tokens"] / (8 * said["h800-service-prefill-cached", "prefill_throughput"] * seconds)
    decode = said[day, "output_tokens"] / (8 * said["h800-service-decode", "decode_throughput"] * seconds)
    assert prefill == pytest.approx(95.5, abs=0.05) and decode == pytest.approx(131.4, abs=0.05)
    assert prefill + decode == pytest.approx(said[day, "nodes_average"], rel=0.002)
    rate = Scenario("hgx-h800").system("rent") * 3600
    assert said[day, "nodes_average"] * 8 * 24 * rate == pytest.approx(said[day, "cost"], rel=1e-9)


def test_a_token_costs_rent_over_throughput_and_breaks_even_where_it_sells_for_that():
    point = {
        "rent": 2 / 3600,
        "decode_throughput": 2000.0,
        "busy_share": 1.0,
        "serving_power": 1000.0,
        "token_price": 1e-6,
    }
    assert compute(cost.solve(token_cost), point) * 1e6 == pytest.approx(2 / 3600 / 2000 * 1e6)
    assert compute(cost.solve(token_energy), point) == 0.5
    assert sp.solve(sp.Eq(cost.solve(token_cost), token_price), busy_share)[0] == cost.solve(break_even)
    assert cost.elasticity(token_cost, rent) == 1 and cost.elasticity(token_cost, decode_throughput) == -1
    with pytest.raises(ValueError, match="fails"):
        cost.evaluate(token_cost, pd.DataFrame([point | {"busy_share": 1.5}]))


def test_memory_holds_the_batch_limit_and_no_more():
    shape = {name: Scenario("hgx-h200").facts("workloads", "deepseek-v3")(name) for name in step.WORKLOAD}
    point = shape | {"group_devices": 16.0, "tensor_devices": 2.0, "dies": 1.0, "weight_bytes": 1.0, "context": 4096.0}
    point |= {"kv_bytes_per_element": 2.0, "memory_capacity": 141e9, "memory_usable": 0.9}
    most = compute(roofline.solve(memory.solve(batch_limit)), point)
    cache = most * compute(memory.solve(request_bytes), point)
    dense = (shape["total_parameters"] - 58 * 256 * 44_040_192) / 2
    assert cache + dense + 58 * 16 * 44_040_192 == pytest.approx(0.9 * 141e9, rel=1e-9)


# The tensor layout.


def columns(ranks, tensor, system="hgx-b200", overlap=False):
    rows = {"ranks": np.array([ranks]), "tensor_devices": np.array([tensor]), "batch": np.array([4.0])}
    rows |= {"context": np.array([4096.0]), "processed": np.array([1.0]), "kv_bytes_per_element": 2.0}
    return step.columns(Scenario(system), "deepseek-v3", "decode", "fp8", rows, share=0.5 if overlap else 1.0)


def test_a_tensor_group_splits_weights_but_not_the_latent_cache():
    one, four = columns(8.0, 1.0), columns(8.0, 4.0)
    names = roofline.equations
    sizes = {str(each.lhs): [compute(roofline.solve(each.lhs), part).item() for part in (one, four)] for each in names}
    assert sizes["dense_bytes"][1] == pytest.approx(sizes["dense_bytes"][0] / 4)
    assert sizes["kv_bytes"][1] == pytest.approx(sizes["kv_bytes"][0] * 4)
    for same in ("dense_flop", "expert_flop", "attention_flop", "expert_bytes"):
        assert sizes[same][1] == pytest.approx(sizes[same][0])
    assert one["reduce_time"] == 0 < four["reduce_time"]
    assert four["dispatch_time"] == one["dispatch_time"]


def test_a_group_that_splits_everything_sends_no_token_and_waits_for_nobody():
    whole = columns(8.0, 8.0)
    assert whole["dispatch_time"] == 0
    assert whole["combine_time"] == whole["reduce_time"] > 0
    assert whole["skew"] == whole["load_ratio"] == 1


def sums():
    """Return rows of a library's all-reduces of up to 2 MiB, as an engine's tuner times them, and our times, s."""
    rows = catalog.chosen("network")
    rows = rows[(rows.op == "all_reduce") & (rows.bytes <= 2**21) & (rows.source == "aiconfigurator2026")]
    for row in rows.itertuples():
        part = {"tensor_devices": np.array([float(row.ranks)]), "step_tokens": 1.0, "hidden": row.bytes / 2 / row.ranks}
        yield row, step._reduce(Scenario(row.system), None, part).item() / (row.value * catalog.size(row.unit))


def test_small_sums_take_no_longer_than_a_library_needs_and_not_much_less():
    """No fit of the exchange's start-up time has seen these rows, nor those of two MiB any fit."""
    ratios = [(row.bytes, ratio) for row, ratio in sums()]
    assert len(ratios) >= 12
    assert all(0.55 < ratio < 1 for size, ratio in ratios if size <= 131072)
    assert [ratio for size, ratio in ratios if size == 2**21] == pytest.approx(3 * [1], rel=0.1)


def test_a_sum_is_never_faster_than_the_wire_less_the_flags_of_small_ones():
    group, sizes = np.full(200, 8.0), np.geomspace(1e3, 1e9, 200)
    part = {"tensor_devices": group, "step_tokens": 1.0, "hidden": sizes / 2 / group}
    times = step._reduce(Scenario("hgx-b200"), None, part)
    slope = np.diff(times) / np.diff(sizes)
    wire = 1 / Scenario("hgx-b200").system("scale_up_bandwidth")
    assert (slope > 9 / 8 * wire).all()  # what a switch that adds leaves to send
    assert (np.diff(times) > 0).all()


# The frontier.


def test_faster_users_never_raise_throughput():
    for system in ("hgx-b200", "gb200-nvl72"):
        throughput = best(system, np.geomspace(5, 400, 60))
        assert np.all(np.diff(throughput) <= 1e-9 * throughput[0])
        assert throughput[0] > 0 == throughput[-1]


def test_the_frontier_is_a_step_that_the_law_times():
    """At the chosen layout and batch the step takes the time that the speed allows, by the law itself."""
    scenario = Scenario("gb200-nvl72")
    throughput, batch, layout = frontier.best(scenario, "deepseek-v3", "fp8", CONDITIONS, SPEEDS)
    tried = frontier.curves(scenario, "deepseek-v3", "fp8", CONDITIONS)
    for i in np.flatnonzero(throughput[0]):
        chosen = tried[layout[0, i]].layout
        rows = {"ranks": np.array([float(chosen.ranks)]), "tensor_devices": np.array([float(chosen.tensor_devices)])}
        rows |= {"batch": batch[:, i], "context": np.array([4096.0]), "processed": np.array([1.0])}
        time, _, _ = step.step(scenario, "deepseek-v3", "decode", "fp8", chosen.overlap, rows)
        assert throughput[0, i] == pytest.approx(batch[0, i] / time[0], rel=0.005)
        assert time[0] <= 1.005 / SPEEDS[i]
        assert batch[0, i] <= 1.000001 * frontier.largest_batch(scenario, "deepseek-v3", "fp8", rows | CONDITIONS)[0]


@pytest.mark.parametrize("system", ["hgx-h800", "gb200-nvl72", "cloudmatrix384"])
def test_no_layout_that_is_tried_by_hand_beats_the_frontier(system):
    precision = "int8" if system == "cloudmatrix384" else "fp8"
    throughput = best(system, precision=precision)
    rng = np.random.default_rng(3)
    for _ in range(40):
        rows = {"ranks": np.array([2.0 ** rng.integers(4, 8)]), "batch": np.array([2.0 ** rng.uniform(0, 8)])}
        limit = frontier.largest_batch(
            Scenario(system), "deepseek-v3", precision, rows | CONDITIONS | {"tensor_devices": 1.0}
        )
        if rows["batch"] > limit:
            continue
        frame = pd.DataFrame({**{name: each for name, each in rows.items()}, "context": 4096})
        frame = frame.assign(model="deepseek-v3", precision=precision)
        answer = predict("decode_throughput", frame, system, interval=False)[0].value.item()
        slower = answer / rows["batch"] >= SPEEDS
        assert np.all(throughput[slower] >= 0.995 * answer)


def test_a_larger_domain_never_serves_less():
    small, large = (best("gb200-nvl72", changes={"domain": size}) for size in (8.0, 72.0))
    assert np.all(large >= small * (1 - 1e-9))
    gain = large[small > 0] / small[small > 0]  # the fastest speeds are out of reach of both
    assert len(gain) >= 3 and gain.max() > 1.1 * gain.min()  # not the same factor everywhere


def test_memory_too_small_for_the_weights_is_out_of_reach():
    assert np.all(best("hgx-h100", changes={"memory_capacity": 5e9}) == 0)


def test_a_longer_context_and_wider_cache_serve_fewer():
    short, long = best("hgx-h200"), best("hgx-h200", context=16384.0)
    assert np.all(long <= short)
    likely = short > 0.05 * short.max()  # where a few users are all that is in reach, the grid of batches shows
    assert likely.sum() >= 3
    assert np.all(best("hgx-h200", kv_bytes_per_element=1.0)[likely] >= 0.999 * short[likely])


def test_rows_of_different_conditions_are_answered_as_if_alone():
    frame = pd.DataFrame({"speed": [20, 50, 20, 400], "context": [2048, 4096, 4096, 2048], "model": "deepseek-v3"})
    frame = frame.assign(precision="fp8")
    together, sources = predict("decode_frontier", frame, "hgx-h200", draws=50)
    alone = [predict("decode_frontier", frame.iloc[[i]], "hgx-h200", draws=50)[0].value.item() for i in range(4)]
    assert together.value.tolist() == alone
    assert alone[-1] == 0 and together.low.iloc[-1] == 0
    assert np.all(together.low <= together.value) and np.all(together.value <= together.high)
    assert "deepseek2024v3" in sources


def test_a_precision_that_the_machine_lacks_is_refused_by_name():
    frame = pd.DataFrame([{"speed": 20, "context": 2048, "model": "deepseek-v3", "precision": "nvfp4"}])
    with pytest.raises(InputError, match="hgx-h100 has no peak_nvfp4"):
        predict("decode_frontier", frame, "hgx-h100")
