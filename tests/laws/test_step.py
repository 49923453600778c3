"""The law of one step: limits of its rooflines, sizes that were published, experts that a simulation reads, overlap."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws.step import credited, decode_tokens, overlapped, serial, work
from model.notation.equation import compute
from model.notation.nomenclature import (
    attention_flop,
    attention_time,
    compute_slowdown,
    compute_time,
    decode_throughput,
    dense_bytes,
    dense_flop,
    dense_time,
    draft_acceptance,
    drafts,
    exchange_start,
    exchange_time,
    exchange_transfer,
    expert_bytes,
    expert_flop,
    expert_slots,
    expert_time,
    kv_bytes,
    load_ratio,
    memory_efficiency,
    processed,
    product_efficiency,
    read_experts,
    reduce_time,
    reduction_time,
    requests,
    small_kernels,
    step_time,
    tokens_per_step,
)
from model.numbers import catalog
from model.simulations.routing import simulate_read_experts

PARTS = {  # time: (work, its peak, bytes)
    dense_time: (dense_flop, "peak", dense_bytes),
    expert_time: (expert_flop, "peak", expert_bytes),
    attention_time: (attention_flop, "attention_peak", kv_bytes),
}
DEEPSEEK = catalog.load("workloads").loc["deepseek-v3"].dropna()
BANDWIDTH, READS, PRODUCTS = 3e12, 0.8, 0.5


def step(**changed):
    """Return the columns of one decode step of DeepSeek-V3 on one rank of 64."""
    point = {name: DEEPSEEK[name] for name in DEEPSEEK.index}
    point |= {"group_devices": 64, "expert_devices": 64, "tensor_devices": 1, "redundant_experts": 0, "drafts": 0}
    point |= {"batch": 32, "requests": 32, "step_tokens": 32, "context": 4000, "state_width": 4}
    point |= {"weight_bytes": 1, "dense_weight_bytes": 1, "kv_bytes_per_element": 2, "block_scaled": 0}
    point |= {"peak": 2e15, "dense_peak": 2e15, "attention_peak": 1e15, "memory_bandwidth": BANDWIDTH}
    point |= {"memory_efficiency": READS, "product_efficiency": PRODUCTS, "skew": 0, "passes": 1, "exchange_passes": 1}
    point |= {"layer_overhead": 0, "activation_time": 0, "activation_exponent": 0.7, "activation_reference": 128}
    point |= {"block_scaling": 1.4, "dense_kernels": 0.7, "reductions": 1, "reduce_time": 0}
    return point | changed


def found(symbol, **changed):
    return compute(work.solve(symbol), step(**changed))


# Rooflines.


@pytest.mark.parametrize("time", PARTS, ids=str)
def test_with_endless_memory_bandwidth_work_sets_the_time(time):
    done, peak, _ = PARTS[time]
    assert found(time, memory_bandwidth=1e30) == pytest.approx(found(done) / step()[peak] / PRODUCTS, rel=1e-12)


@pytest.mark.parametrize("time", PARTS, ids=str)
def test_with_endless_compute_bytes_set_the_time(time):
    endless = dict.fromkeys(("peak", "dense_peak", "attention_peak"), 1e40)
    assert found(time, **endless) == pytest.approx(found(PARTS[time][2]) / BANDWIDTH / READS, rel=1e-12)


@given(st.floats(1, 4096), st.floats(1, 1e5), st.sampled_from([8, 64, 256]))
def test_no_part_beats_its_roofline_and_nothing_is_forgotten(load, length, group):
    asked = {"step_tokens": load, "requests": load, "context": length, "group_devices": group, "expert_devices": group}
    asked |= {"layer_overhead": 1e-5}
    for time, (done, peak, traffic) in PARTS.items():
        bounds = found(done, **asked) / step()[peak] / PRODUCTS, found(traffic, **asked) / BANDWIDTH / READS
        assert found(time, **asked) == pytest.approx(max(bounds), rel=1e-12)
    overhead = (58 + 0.7 * 3) * 1e-5
    whole = sum(found(time, **asked) for time in PARTS) + overhead
    assert found(compute_time, **asked) == pytest.approx(whole, rel=1e-12)


def test_a_backward_pass_is_worth_two_forward_ones():
    assert found(compute_time, layer_overhead=1e-5, passes=3) == pytest.approx(
        3 * found(compute_time, layer_overhead=1e-5)
    )


@pytest.mark.parametrize("time", PARTS, ids=str)
def test_efficiencies_shorten_what_they_bound_and_nothing_else(time):
    work_bound, byte_bound = {"memory_bandwidth": 1e30}, dict.fromkeys(("peak", "dense_peak", "attention_peak"), 1e40)
    for bound, own, other in (
        (work_bound, "product_efficiency", "memory_efficiency"),
        (byte_bound, "memory_efficiency", "product_efficiency"),
    ):
        base = found(time, **bound)
        assert found(time, **bound, **{own: step()[own] / 2}) == pytest.approx(2 * base)
        assert found(time, **bound, **{other: step()[other] / 2}) == pytest.approx(base)
    assert not work[small_kernels].rhs.has(memory_efficiency, product_efficiency)


def test_popular_experts_stretch_work_and_no_reads():
    for bandwidth, stretched in ((1e30, True), (1.0, False)):
        even, busy = (found(expert_time, memory_bandwidth=bandwidth, skew=each) for each in (0.0, 1.2))
        assert busy / even == pytest.approx(1 + 1.2 * np.sqrt(64 / 256) if stretched else 1)


def test_one_rank_that_holds_all_experts_is_no_busier_than_the_mean():
    assert found(load_ratio, skew=1.2, expert_devices=1, group_devices=8) == 1
    assert found(load_ratio, skew=0) == 1
    few, many = (found(load_ratio, skew=1.2, expert_devices=each) for each in (8, 64))
    assert 1 < few < many


@pytest.mark.parametrize("name", ["expert_devices", "tensor_devices"])
def test_a_split_over_more_ranks_than_the_group_has_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} fails|group_devices >= {name}"):
        work.evaluate(compute_time, pd.DataFrame([step(**{name: 65})]))


# A tensor group.


@pytest.mark.parametrize("degree", [2, 8])
def test_a_tensor_group_splits_weights_but_not_a_latent_cache(degree):
    split, whole = ({"tensor_devices": each} for each in (degree, 1))
    assert found(dense_bytes, **split) == pytest.approx(found(dense_bytes, **whole) / degree)
    assert found(kv_bytes, **split) == pytest.approx(found(kv_bytes, **whole) * degree)
    for same in (dense_flop, expert_flop, attention_flop, expert_bytes):
        assert found(same, **split) == found(same, **whole)


def test_key_value_heads_are_split_until_each_rank_has_one():
    ratios = [
        found(kv_bytes, tensor_devices=each, key_value_heads=8) / found(kv_bytes, key_value_heads=8)
        for each in (2, 8, 16)
    ]
    assert ratios == pytest.approx([1, 1, 2])


def test_experts_split_over_all_ranks_read_as_much_as_their_share_of_all_that_are_touched():
    """An expert over eight ranks: every rank reads an eighth of each, and none more than another."""
    many = {"step_tokens": 1e6, "group_devices": 8}
    assert found(expert_bytes, expert_devices=1, **many) == pytest.approx(found(expert_bytes, expert_devices=8, **many))
    few = {"step_tokens": 1, "group_devices": 8}
    assert found(expert_bytes, expert_devices=1, **few) < found(expert_bytes, expert_devices=8, **few)


def test_a_group_of_one_that_adds_nothing_up_waits_for_no_sum():
    assert found(reduction_time, reduce_time=0) == 0
    assert found(reduction_time, reduce_time=1e-5, reductions=2) == pytest.approx(2 * 61e-5)


# Published sizes of DeepSeek-V3.


def test_absorbed_attention_multiplies_latent_and_positional_parts():
    heads, latent, positional = 128, 512, 64
    assert DEEPSEEK.attention_flop_per_context == heads * 2 * (latent + positional + latent) == 278_528


def test_expanded_attention_multiplies_each_head():
    assert DEEPSEEK.attention_flop_per_context_expanded == 128 * 2 * (128 + 64 + 128)


def test_a_token_of_context_holds_70_272_bytes():
    assert found(kv_bytes, context=1, requests=1) == 61 * (512 + 64) * 2 == 70_272


def test_an_expert_is_three_matrices():
    assert DEEPSEEK.expert_parameters == 3 * DEEPSEEK.hidden * DEEPSEEK.expert_hidden
    assert DEEPSEEK.expert_parameters == pytest.approx(44.04e6, rel=1e-4)


def test_work_adds_up_to_two_operations_for_each_active_parameter():
    """37 billion are stated; the input table, which only looks up, is not among the products."""
    dense, routed = (found(each, step_tokens=1) for each in (dense_flop, expert_flop))
    assert dense + routed == pytest.approx(2 * 37e9, rel=0.02)
    assert routed == pytest.approx(2 * 58 * 8 * 44.04e6, rel=1e-4)


def test_weights_add_up_to_the_model():
    one = {"group_devices": 1, "expert_devices": 1, "step_tokens": 1e6}  # one rank holds all and visits every expert
    total = sum(found(each, **one) for each in (dense_bytes, expert_bytes)) + DEEPSEEK.embedding_parameters
    assert total == pytest.approx(671e9, rel=1e-9)


# Experts that are read.


@pytest.mark.parametrize(("experts", "topk", "load"), [(256, 8, 1), (256, 8, 20), (16, 2, 5)])
def test_as_many_experts_are_read_as_sampled_tokens_visit(experts, topk, load):
    rng = np.random.default_rng(0)
    visited = [len({e for _ in range(load) for e in rng.choice(experts, topk, replace=False)}) for _ in range(800)]
    one = {"group_devices": 1, "expert_devices": 1, "moe_layers": 1, "expert_parameters": 1}
    error = np.std(visited, ddof=1) / np.sqrt(len(visited))
    read = found(expert_bytes, experts=experts, topk=topk, step_tokens=load, **one)
    assert abs(read - np.mean(visited)) <= 4 * error + 1e-9


FULLEST = [(256, 8, ranks, load) for ranks, load in ((8, 0.5), (8, 4), (8, 16), (32, 0.5), (32, 4), (64, 1), (64, 8))]
FULLEST += [(128, 8, 8, 1), (384, 8, 32, 2), (32, 4, 4, 1)]


@pytest.mark.parametrize(("experts", "topk", "ranks", "load"), FULLEST)
def test_the_rank_that_reads_most_reads_about_as_many_experts_as_it_does_when_sampled(experts, topk, ranks, load):
    """Counts are small and whole where the law takes them as normal: within 12 % of the sampled maximum, and 0.4."""
    sampled, error = simulate_read_experts(ranks, experts, topk, round(ranks * load), trials=60, seed=2)
    asked = {"experts": experts, "topk": topk, "group_devices": ranks, "expert_devices": ranks, "step_tokens": load}
    law = found(read_experts, **asked)
    assert law == pytest.approx(sampled, rel=0.12, abs=0.4 + 3 * error)


def test_no_rank_reads_more_experts_than_it_holds_and_one_that_is_alone_reads_the_mean():
    for load in (1e-3, 1, 1e3, 1e6):
        assert found(read_experts, step_tokens=load) <= found(expert_slots) == 4
    assert found(read_experts, step_tokens=1e6) == pytest.approx(4)
    assert found(read_experts, expert_devices=1, group_devices=1, step_tokens=1) == pytest.approx(8)
    assert simulate_read_experts(1, 256, 8, 1, trials=5, seed=0) == (8, 0)


@given(st.floats(0.01, 4096), st.floats(1, 8), st.sampled_from([1, 8, 32, 256]))
def test_more_tokens_never_read_fewer_experts(load, factor, ranks):
    few, many = (
        found(read_experts, step_tokens=each, group_devices=ranks, expert_devices=ranks)
        for each in (load, load * factor)
    )
    assert few <= many * (1 + 1e-12)


def test_a_rank_that_holds_no_whole_number_of_experts_has_room_for_one_more():
    assert found(expert_slots, expert_devices=72, group_devices=72) == 4  # 256 over 72: 3.6
    assert found(expert_slots, expert_devices=72, group_devices=72, redundant_experts=32) == 4  # all full


# Small kernels.


def test_small_kernels_of_the_reference_load_take_overhead_and_the_time_of_activations():
    one = {"layer_overhead": 50e-6, "activation_time": 1e-10, "step_tokens": 128}
    assert found(small_kernels, **one) == pytest.approx((58 + 2.1) * (50e-6 + 7168 * 128e-10))
    assert found(small_kernels, **one, block_scaled=1) == pytest.approx(1.4 * found(small_kernels, **one))
    doubled = found(small_kernels, **one | {"layer_overhead": 0, "step_tokens": 256})
    assert doubled / found(small_kernels, **one | {"layer_overhead": 0}) == pytest.approx(2**0.7)


# Overlap.

times = st.floats(1e-6, 1.0)
slowdowns = st.floats(1, 3)


def parts(computing, exchanging, slowdown=1.0, exposed=0.0, start=0.0):
    """Return the columns of a step of one layer: its computing, the transfers and start-ups of its exchange."""
    point = {"compute_time": computing, "reduction_time": 0, "exchange_start": start, "exchange_transfer": exchanging}
    point |= {"moe_layers": 1, "drafts": 0, "exchange_passes": 1, "exchanging": 1, "compute_slowdown": 0}
    return point | {"overlap_slowdown": slowdown, "exposed_share": exposed, "batch": 8, "tokens_per_step": 1.7}


@given(times, times, times)
def test_in_turn_the_parts_add_up(computing, exchanging, start):
    point = parts(computing, exchanging, start=start)
    whole = computing + exchanging + start
    assert compute(serial.solve(step_time), point) == pytest.approx(whole, rel=1e-12)
    assert compute(serial.solve(decode_throughput), point) * whole == pytest.approx(8 * 1.7, rel=1e-12)
    assert compute(serial.solve(step_time), point | {"reduction_time": 0.5}) == pytest.approx(whole + 0.5)


@given(times, times, st.floats(0, 1))
def test_overlap_lies_between_hiding_all_and_hiding_nothing(computing, exchanging, exposed):
    hidden, partly, open_ = (
        compute(overlapped.solve(step_time), parts(computing, exchanging, exposed=share))
        for share in (0.0, exposed, 1.0)
    )
    assert hidden <= partly <= open_ * (1 + 1e-12)
    assert open_ == pytest.approx(2 * (computing + exchanging), rel=1e-12)


@given(times, times, slowdowns)
def test_overlap_never_beats_the_longer_part(computing, exchanging, slowdown):
    both = compute(overlapped.solve(step_time), parts(computing / 2, exchanging / 2, slowdown))
    assert both == pytest.approx(max(computing, exchanging * slowdown), rel=1e-12)


@given(times, times)
def test_overlap_for_free_gains_at_most_a_factor_two(computing, exchanging):
    in_turn = compute(serial.solve(step_time), parts(computing, exchanging))
    at_once = compute(overlapped.solve(step_time), parts(computing / 2, exchanging / 2))
    assert at_once * (1 - 1e-12) <= in_turn <= 2 * at_once * (1 + 1e-12)


def test_what_does_not_shrink_with_the_batch_is_paid_twice():
    fixed, variable, start, moved = 5e-3, 1e-3, 1e-3, 2e-3
    in_turn = compute(serial.solve(step_time), parts(fixed + variable, moved, start=start))
    at_once = compute(overlapped.solve(step_time), parts(fixed + variable / 2, moved / 2, 1.7, start=start))
    assert at_once == pytest.approx(2 * fixed + variable)
    assert at_once > in_turn  # as measured at small batch


def test_what_runs_beside_another_is_slower_and_start_ups_are_not():
    exchange = overlapped[exchange_time].rhs
    assert sp.diff(exchange, exchange_transfer) / sp.diff(exchange, exchange_start) == sp.Symbol(
        "overlap_slowdown", positive=True
    )
    at = parts(1.0, 0.1) | {"compute_slowdown": 0.1}
    assert compute(overlapped.solve(step_time), at) == pytest.approx(2.2)
    assert not serial.solve(step_time).has(compute_slowdown)


def test_a_sum_of_a_tensor_group_is_never_hidden_by_computing():
    for law in (serial, overlapped):
        assert law.solve(step_time).has(reduction_time)
    hidden = parts(1.0, 1e-3)
    assert compute(overlapped.solve(step_time), hidden | {"reduction_time": 0.2}) == pytest.approx(2.4)
    assert work.solve(reduction_time).has(reduce_time)


def test_every_layer_of_experts_and_every_draft_exchanges():
    point = parts(0, 2e-4) | {"moe_layers": 58, "exchange_passes": 2}
    assert compute(serial.solve(exchange_time), point) == pytest.approx(2 * 58 * 2e-4)
    assert compute(serial.solve(exchange_time), point | {"drafts": 1}) == pytest.approx(2 * 59 * 2e-4)
    assert compute(serial.solve(exchange_time), point | {"exchanging": 0}) == 0
    alike = overlapped.solve(exchange_time).subs("overlap_slowdown", 1)
    assert sp.simplify(alike.subs(sp.Symbol("overlap_slowdown", positive=True), 1) - serial.solve(exchange_time)) == 0


# Drafts.


def test_a_step_processes_each_request_and_its_drafts():
    assert decode_tokens.rhs == requests * processed


def test_accepted_drafts_are_credited_as_a_sampled_run_of_them_is():
    rng = np.random.default_rng(5)
    for chance, depth in ((0.7, 1), (0.7, 3), (0.3, 2)):
        accepted = rng.random((100_000, depth)) < chance
        sampled = 1 + np.cumprod(accepted, axis=1).sum(axis=1)
        law = compute(credited.solve(tokens_per_step), {"draft_acceptance": chance, "drafts": float(depth)})
        assert law == pytest.approx(sampled.mean(), abs=4 * sampled.std() / np.sqrt(len(sampled)))


def test_limits_of_the_credit():
    law = credited.solve(tokens_per_step)
    assert compute(law, {"draft_acceptance": 1 - 1e-9, "drafts": 3.0}) == pytest.approx(4)  # all accepted
    assert compute(law, {"draft_acceptance": 0.7, "drafts": 0.0}) == pytest.approx(1)  # none made
    assert compute(law, {"draft_acceptance": 1e-12, "drafts": 3.0}) == pytest.approx(1)  # none accepted
    assert {draft_acceptance, drafts} == law.free_symbols
    with pytest.raises(ValueError, match="draft_acceptance < 1"):
        credited.evaluate(tokens_per_step, pd.DataFrame([{"draft_acceptance": 1.0, "drafts": 3.0}]))


@pytest.mark.parametrize("name", ["weight_bytes", "expert_parameters", "read_experts", "moe_layers"])
def test_experts_are_read_in_proportion_to_what_they_are_made_of(name):
    law = work[expert_bytes].rhs
    point = {str(each): 3.0 for each in law.free_symbols}
    assert compute(law, {**point, name: 6.0}) == pytest.approx(2 * compute(law, point), rel=1e-12)
