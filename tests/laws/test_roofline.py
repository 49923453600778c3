"""What a device computes in a step: limits of the roofline, and counts that follow from published sizes."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws.roofline import compute, expert_use
from model.notation.equation import compute as evaluate
from model.notation.nomenclature import (
    attention_flop,
    attention_time,
    compute_time,
    dense_bytes,
    dense_flop,
    dense_time,
    expert_bytes,
    expert_flop,
    expert_time,
    ffn_utilisation,
    kv_bytes,
    layer_overhead,
    layers,
    memory_bandwidth,
    passes,
    peak,
    peak_bf16,
    roofline_efficiency,
    skew,
)
from model.numbers import catalog

PARTS = {
    dense_time: (dense_flop, peak, dense_bytes),
    expert_time: (expert_flop, peak, expert_bytes),
    attention_time: (attention_flop, peak_bf16, kv_bytes),
}


@pytest.fixture(scope="module")
def deepseek():
    return catalog.load("workloads").loc["deepseek-v3"].dropna()


def step(deepseek, **changed):
    """Return the columns of one decode step of DeepSeek-V3 on one device of 64."""
    point = {name: deepseek[name] for name in deepseek.index}
    point |= {
        "group_devices": 64,
        "batch": 32,
        "requests": 32,
        "step_tokens": 32,
        "context": 4000,
        "dies": 1,
        "tensor_devices": 1,
    }
    point |= {"weight_bytes": 1, "kv_bytes_per_element": 2, "peak": 2e15, "peak_bf16": 1e15, "memory_bandwidth": 3e12}
    point |= {"passes": 1, "load_ratio": 1, "skew": 1, "roofline_efficiency": 0.5, "layer_overhead": 0}
    return point | changed


@pytest.mark.parametrize("time", PARTS, ids=str)
def test_with_endless_memory_bandwidth_work_sets_the_time(deepseek, time):
    work, rate, _ = PARTS[time]
    point = step(deepseek, memory_bandwidth=1e30, load_ratio=1.0)
    assert evaluate(compute.solve(time), point) == pytest.approx(
        evaluate(compute.solve(work), point) / point[str(rate)] / 0.5, rel=1e-12
    )


@pytest.mark.parametrize("time", PARTS, ids=str)
def test_with_endless_compute_bytes_set_the_time(deepseek, time):
    _, _, traffic = PARTS[time]
    point = step(deepseek, peak=1e40, peak_bf16=1e40)
    assert evaluate(compute.solve(time), point) == pytest.approx(
        evaluate(compute.solve(traffic), point) / 3e12 / 0.5, rel=1e-12
    )


@given(st.floats(1, 4096), st.floats(1, 1e5), st.sampled_from([8, 64, 256]))
def test_no_part_beats_its_roofline_and_nothing_is_forgotten(load, length, group):
    deepseek = catalog.load("workloads").loc["deepseek-v3"].dropna()
    point = step(deepseek, step_tokens=load, requests=load, context=length, group_devices=group, layer_overhead=1e-5)
    times = [evaluate(compute.solve(time), point) for time in PARTS]
    for time, (work, rate, traffic) in zip(times, PARTS.values(), strict=True):
        bounds = evaluate(compute.solve(work), point) / point[str(rate)], evaluate(compute.solve(traffic), point) / 3e12
        assert time * 0.5 == pytest.approx(max(bounds), rel=1e-12)
    whole = sum(times) + deepseek.layers * 1e-5
    assert evaluate(compute.solve(compute_time), point) == pytest.approx(whole, rel=1e-12)


def test_what_the_constants_stretch():
    time = compute.solve(compute_time)
    assert sp.simplify(time.diff(layer_overhead) - passes * layers) == 0
    busy = time.subs(layer_overhead, 0)
    assert sp.simplify(roofline_efficiency * busy.diff(roofline_efficiency) / busy) == -1
    assert sp.simplify(time - passes * time.subs(passes, 1)) == 0
    slow = compute.solve(expert_time) + compute.solve(attention_time)
    assert sp.simplify(time.diff(skew) - slow) == 0


def test_a_busier_rank_works_longer_and_reads_no_more(deepseek):
    time = compute.solve(expert_time)
    for bandwidth, expected in ((1e30, 1.5), (1.0, 1.0)):
        even, busy = (evaluate(time, step(deepseek, memory_bandwidth=bandwidth, load_ratio=u)) for u in (1, 1.5))
        assert busy / even == pytest.approx(expected)


@pytest.mark.parametrize("name", ["load_ratio", "skew"])
def test_a_busiest_rank_less_busy_than_the_mean_is_refused(deepseek, name):
    with pytest.raises(ValueError, match=f"{name} >= 1 fails"):
        compute.evaluate(compute_time, pd.DataFrame([step(deepseek, **{name: 0.9})]))


# Published sizes of DeepSeek-V3.


def test_absorbed_attention_multiplies_latent_and_positional_parts(deepseek):
    heads, latent, positional = 128, 512, 64
    assert deepseek.attention_flop_per_context == heads * 2 * (latent + positional + latent) == 278_528


def test_expanded_attention_multiplies_each_head(deepseek):
    assert deepseek.attention_flop_per_context_expanded == 128 * 2 * (128 + 64 + 128)


def test_a_token_of_context_holds_70_272_bytes(deepseek):
    point = step(deepseek, context=1, requests=1)
    assert evaluate(compute.solve(kv_bytes), point) == 61 * (512 + 64) * 2 == 70_272


def test_an_expert_is_three_matrices(deepseek):
    assert deepseek.expert_parameters == 3 * deepseek.hidden * deepseek.expert_hidden
    assert deepseek.expert_parameters == pytest.approx(44.04e6, rel=1e-4)


def test_work_adds_up_to_two_operations_for_each_active_parameter(deepseek):
    point = step(deepseek, step_tokens=1)
    dense, routed = (evaluate(compute.solve(each), point) for each in (dense_flop, expert_flop))
    assert dense + routed == pytest.approx(2 * 37e9, rel=1e-12)
    assert routed == pytest.approx(2 * 58 * 8 * 44.04e6, rel=1e-4)


def test_weights_add_up_to_the_model(deepseek):
    one = step(deepseek, group_devices=1, step_tokens=1e6)  # one device holds everything, every expert is visited
    total = sum(evaluate(compute.solve(each), one) for each in (dense_bytes, expert_bytes))
    assert total == pytest.approx(671e9, rel=1e-12)
    replicated = deepseek.replicated_parameters + 58 * deepseek.shared_experts * deepseek.expert_parameters
    assert evaluate(compute.solve(dense_bytes), one) == pytest.approx(replicated, rel=0.01)  # totals rounded to 1e9


@pytest.mark.parametrize(("experts", "topk", "load"), [(256, 8, 1), (256, 8, 20), (16, 2, 5)])
def test_as_many_experts_are_read_as_sampled_tokens_visit(deepseek, experts, topk, load):
    rng = np.random.default_rng(0)
    visited = [len({e for _ in range(load) for e in rng.choice(experts, topk, replace=False)}) for _ in range(800)]
    point = step(deepseek, experts=experts, topk=topk, step_tokens=load, group_devices=1)
    point |= {"moe_layers": 1, "expert_parameters": 1}
    error = np.std(visited, ddof=1) / np.sqrt(len(visited))
    assert abs(evaluate(compute.solve(expert_bytes), point) - np.mean(visited)) <= 4 * error + 1e-9


def test_a_device_of_two_dies_holds_at_least_two_experts(deepseek):
    point = step(deepseek, dies=2, group_devices=256, step_tokens=1e6)
    assert evaluate(compute.solve(expert_bytes), point) == pytest.approx(58 * 2 * deepseek.expert_parameters)


# How well experts use their matrix units (MegaScale-Infer, section 2.3: Mixtral 8x22B on A100).

MIXTRAL = {"experts": 8, "topk": 2, "group_devices": 1, "weight_bytes": 2, "peak": 312e12, "memory_bandwidth": 2e12}
USE = expert_use.solve(ffn_utilisation)


def test_mixtral_uses_a_quarter_where_a_dense_model_uses_all():
    published = catalog.chosen("serving").set_index(["set", "quantity"]).value["mixtral-a100"]
    batch = published["saturation_batch"]
    assert batch == 156 == 312e12 / 2e12
    assert evaluate(USE, MIXTRAL | {"topk": 8, "step_tokens": batch}) == 1
    assert evaluate(USE, MIXTRAL | {"topk": 8, "step_tokens": 0.99 * batch}) < 1
    assert evaluate(USE, MIXTRAL | {"step_tokens": batch}) * 100 == published["ffn_utilisation"] == 25


@given(st.floats(0.1, 1e5), st.floats(1, 1000))
def test_utilisation_never_exceeds_one_and_grows_with_tokens(load, factor):
    few, many = (evaluate(USE, MIXTRAL | {"step_tokens": each}) for each in (load, load * factor))
    assert 0 < few <= many <= 1
    assert many == 1 or many == pytest.approx(few * factor)


def test_memory_bound_and_compute_bound_meet_at_full_utilisation():
    ratio = USE.args[0] if USE.args[0] != 1 else USE.args[1]
    assert sp.simplify(ratio.diff(memory_bandwidth) * memory_bandwidth - ratio) == 0
    assert sp.simplify(ratio.diff(peak) * peak + ratio) == 0
