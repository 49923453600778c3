"""Where a mixture-of-experts step waits: bubbles played through, loads drawn at random, parts that add up."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws.idle import BUBBLES, balls_in_bins, idle
from model.notation.equation import compute
from model.notation.nomenclature import (
    backward_time,
    bubble_idle,
    bubble_time,
    chunks,
    compute_time,
    exchange_idle,
    forward_time,
    imbalance_idle,
    load_ratio,
    microbatches,
    moe_idle_share,
    paired_time,
    stages,
    step_time,
    useful_time,
    weight_time,
)
from model.numbers import catalog
from model.simulations.routing import simulate_load_ratio

# Pipeline bubbles.


def schedule_length(depth, number, forward, backward):
    """Play GPipe through: all forward passes, then all backward passes; return when the last one ends."""
    ends = np.zeros((depth, number))
    for stage in range(depth):
        for each in range(number):
            start = max(ends[stage - 1, each] if stage else 0, ends[stage, each - 1] if each else 0)
            ends[stage, each] = start + forward
    last = ends[-1, -1]
    ends = np.full((depth, number), last)
    for stage in reversed(range(depth)):
        for each in range(number):
            start = max(ends[stage + 1, each] if stage < depth - 1 else last, ends[stage, each - 1] if each else last)
            ends[stage, each] = start + backward
    return ends[0, -1]


@pytest.mark.parametrize(("depth", "number"), [(1, 4), (4, 1), (4, 4), (8, 32), (16, 60)])
def test_the_bubble_is_that_of_a_pipeline_played_through(depth, number):
    forward, backward = 1.13, 1.99
    length, busy = schedule_length(depth, number, forward, backward), number * (forward + backward)
    point = {"stages": depth, "microbatches": number, "forward_time": forward, "backward_time": backward}
    assert compute(idle.solve(bubble_idle), point) == pytest.approx(1 - busy / length, abs=1e-12)
    assert compute(BUBBLES["1F1B"].rhs, point) == pytest.approx(length - busy, abs=1e-9)


def test_the_limits_of_the_bubble():
    law = idle.solve(bubble_idle)
    assert law.subs(stages, 1) == 0
    assert sp.limit(law, microbatches, sp.oo) == 0
    assert sp.limit(law, stages, sp.oo) == 1
    assert law.subs(microbatches, 1) == (stages - 1) / stages


def test_schedules_reduce_to_one_another():
    rhs = {name: equation.rhs for name, equation in BUBBLES.items()}
    assert sp.simplify(rhs["interleaved"].subs(chunks, 1) - rhs["1F1B"]) == 0
    assert sp.simplify(rhs["interleaved"].subs(chunks, 4) - rhs["1F1B"] / 4) == 0
    assert sp.simplify(rhs["ZB1P"].subs(weight_time, 0) - rhs["1F1B"]) == 0
    assert all(rhs[name].subs(stages, 1) == 0 for name in ("1F1B", "interleaved", "ZB1P"))
    assert sp.simplify(rhs["DualPipe"].subs(stages, 2)) == 0
    assert {equation.lhs for equation in BUBBLES.values()} == {bubble_time}


def test_a_schedule_that_splits_backward_passes_waits_for_gradients_of_inputs_and_not_of_weights():
    """As the split is published: a backward pass is the inputs' gradient and then the weights', which fills gaps."""
    inputs = sp.Symbol("inputs", positive=True)
    split = {backward_time: inputs + weight_time, paired_time: forward_time + inputs + weight_time}
    zero, dual = (BUBBLES[name].rhs.subs(split) for name in ("ZB1P", "DualPipe"))
    assert sp.expand(zero - (stages - 1) * (forward_time + inputs - weight_time)) == 0
    assert sp.expand(dual - (stages / 2 - 1) * (forward_time + 2 * inputs - weight_time)) == 0


def test_a_step_that_neither_exchanges_nor_lags_has_its_bubble_alone():
    point = {"step_time": 2.0, "compute_time": 2.0, "useful_time": 2.0, "stages": 4.0, "microbatches": 13.0}
    assert idle.evaluate(moe_idle_share, pd.DataFrame([point])).tolist() == [3 / 16]
    for worse in ({"compute_time": 2.1, "useful_time": 2.0}, {"useful_time": 2.1}):
        with pytest.raises(ValueError, match="fails"):
            idle.evaluate(moe_idle_share, pd.DataFrame([point | worse]))


@pytest.mark.parametrize("fabric", ["v3-training-mpft", "v3-training-mrft"])
@pytest.mark.parametrize("saved", [0.0, 0.3])
def test_dualpipe_waits_least_on_the_measured_times_of_deepseek_v3(fabric, saved):
    measured = catalog.chosen("serving").set_index(["set", "quantity"]).value[fabric]
    point = {name: measured[name] for name in ("forward_time", "backward_time", "weight_time")}
    point |= {"stages": catalog.load("runs").loc["deepseek-v3", "pipeline"]}
    point["paired_time"] = (point["forward_time"] + point["backward_time"]) * (1 - saved)
    bubble = {name: compute(BUBBLES[name].rhs, point) for name in ("DualPipe", "ZB1P", "1F1B")}
    assert 0 < bubble["DualPipe"] < bubble["ZB1P"] < bubble["1F1B"]
    assert bubble["1F1B"] == pytest.approx(15 * (1.13 + 1.99))
    assert {paired_time, backward_time, forward_time, weight_time} <= set().union(
        *(BUBBLES[name].rhs.free_symbols for name in bubble)
    )


# Idle shares.


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.integers(1, 64), st.integers(1, 512))
def test_idle_shares_are_shares_and_add_up(busy, useful, depth, number):
    point = {"step_time": 1.0, "compute_time": busy, "useful_time": busy * useful}
    point |= {"stages": depth, "microbatches": number}
    each = {part: compute(idle.solve(part), point) for part in (exchange_idle, imbalance_idle, bubble_idle)}
    whole = compute(idle.solve(moe_idle_share), point)
    assert all(0 <= share < 1 for share in (*each.values(), whole))
    within = each[exchange_idle] + each[imbalance_idle]
    assert 1 - whole == pytest.approx((1 - within) * (1 - each[bubble_idle]), abs=1e-12)
    assert within == pytest.approx(1 - busy * useful, abs=1e-12)
    assert max(each.values()) - 1e-12 <= whole <= sum(each.values()) + 1e-12


def test_a_device_that_never_waits_is_never_idle():
    point = {"step_time": 1.0, "compute_time": 1.0, "useful_time": 1.0, "stages": 1, "microbatches": 4}
    assert compute(idle.solve(moe_idle_share), point) == 0
    assert sp.simplify(idle.solve(imbalance_idle).subs(useful_time, compute_time)) == 0
    assert idle.solve(exchange_idle).subs(compute_time, step_time) == 0


@pytest.mark.parametrize("wrong", [{"compute_time": 1.1}, {"useful_time": 0.9}])
def test_more_work_than_time_is_refused(wrong):
    point = {"step_time": 1.0, "compute_time": 0.8, "useful_time": 0.7, "stages": 1, "microbatches": 1} | wrong
    with pytest.raises(ValueError, match="fails"):
        idle.evaluate(moe_idle_share, pd.DataFrame([point]))


# Imbalance.

BINS = [(8, 256, 8, 32), (16, 256, 8, 64), (32, 256, 8, 128), (64, 256, 8, 64), (128, 256, 8, 32), (16, 64, 4, 256)]


@pytest.mark.parametrize(("group", "experts", "topk", "load"), BINS)
def test_the_closed_form_is_a_few_per_cent_above_random_routing(group, experts, topk, load):
    simulated, error = simulate_load_ratio(group, experts, topk, load, trials=40, seed=1)
    point = {"group_devices": group, "experts": experts, "topk": topk, "step_tokens": load}
    closed = compute(balls_in_bins.solve(load_ratio), point)
    assert simulated - 3 * error <= closed <= 1.1 * simulated


def test_the_limits_of_imbalance():
    law = balls_in_bins.solve(load_ratio)
    point = {"group_devices": 64, "experts": 256, "topk": 8, "step_tokens": 64}
    assert compute(law, point | {"group_devices": 1}) == 1  # nobody to be busier than
    assert compute(law, point | {"topk": 256}) == 1  # every token visits every expert
    assert compute(law, point | {"step_tokens": 1e12}) == pytest.approx(1, abs=1e-5)
    excess = [compute(law, point | {"step_tokens": tokens}) - 1 for tokens in (64, 256)]
    assert excess[0] / excess[1] == pytest.approx(2)  # falls with the root of the load


def test_simulated_loads_without_a_choice_are_even():
    assert simulate_load_ratio(1, 8, 2, 16, trials=3, seed=0) == (1, 0)
    assert simulate_load_ratio(4, 8, 8, 16, trials=3, seed=0) == (1, 0)


def test_experts_that_cannot_be_spread_evenly_are_refused():
    with pytest.raises(ValueError, match="7 ranks do not divide 256 experts"):
        simulate_load_ratio(7, 256, 8, 1, 1, 0)


def test_measured_imbalance_is_that_of_its_own_throughputs():
    rows = catalog.chosen("serving").set_index(["set", "quantity"]).value
    for name, printed in (("sglang-h100-prefill", 15.2), ("cm384-prefill", 15.4)):
        lost = 1 - rows[name, "prefill_throughput"] / rows[f"{name}-balanced", "prefill_throughput"]
        assert lost * 100 == pytest.approx(printed, abs=0.05)


@given(st.floats(0.1, 1), st.floats(0.1, 1), st.floats(1e-6, 1e3))
def test_shares_are_those_of_the_step_whatever_the_unit_of_time(busy, even, size):
    """A step of one unit, of which busy is work, and even of that as long as even loads would take."""
    point = {"step_time": size, "compute_time": busy * size, "useful_time": even * busy * size}
    assert compute(idle[exchange_idle].rhs, point) == pytest.approx(1 - busy, abs=1e-12)
    assert compute(idle[imbalance_idle].rhs, point) == pytest.approx(busy - even * busy, abs=1e-12)
