"""Serving: what memory holds, the speed of a user, the cost of a token, against what was published."""

import pandas as pd
import pytest
import sympy as sp

from model.laws.serving import cost, interleaved, memory, rent_from_price, service, speed
from model.machine.scenario import Scenario
from model.machine.step import WORKLOAD
from model.notation.equation import compute
from model.notation.nomenclature import (
    batch_limit,
    break_even,
    busy_share,
    decode_throughput,
    domain_price,
    held_bytes,
    input_tokens,
    output_tokens,
    prefill_share,
    prefill_throughput,
    rent,
    request_bytes,
    service_throughput,
    step_time,
    token_cost,
    token_energy,
    token_price,
    token_time,
    user_speed,
    users,
)
from model.numbers import catalog


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


def held(**changed):
    """Return the columns of memory of one rank of 16 that serves DeepSeek-V3, tensor groups of two."""
    shape = {name: Scenario("hgx-h200").facts("workloads", "deepseek-v3")(name) for name in WORKLOAD}
    point = shape | {"group_devices": 16, "expert_devices": 16, "tensor_devices": 2, "redundant_experts": 0}
    point |= {"context": 4096.0, "weight_bytes": 1.0, "dense_weight_bytes": 1.0, "kv_bytes_per_element": 2.0}
    return point | {"state_width": 4, "memory_capacity": 141e9, "memory_usable": 0.9} | changed


def test_memory_holds_the_batch_limit_and_no_more():
    most, cache, weights = (compute(memory.solve(each), held()) for each in (batch_limit, request_bytes, held_bytes))
    assert most * cache + weights == pytest.approx(0.9 * 141e9, rel=1e-9)
    routed = 58 * 256 * 44_040_192
    assert weights == pytest.approx((671e9 - routed) / 2 + routed / 16, rel=1e-9)
    assert cache == 2 * 70_272 * 4096 / 2 * 2  # whole on both ranks of the group


def test_weights_on_one_rank_are_the_whole_model():
    one = held(group_devices=1, expert_devices=1, tensor_devices=1)
    assert compute(memory.solve(held_bytes), one) == pytest.approx(671e9, rel=1e-9)
    assert compute(memory.solve(batch_limit), one) < 0


def test_replicas_take_room():
    more = [compute(memory.solve(batch_limit), held(redundant_experts=each)) for each in (0, 16, 32)]
    assert more[0] > more[1] > more[2]
    experts = [compute(memory.solve(held_bytes), held(redundant_experts=each)) for each in (0, 16)]
    assert experts[1] - experts[0] == pytest.approx(58 * 44_040_192)


def test_a_window_bounds_the_cache():
    windowed = {"kv_elements": 0, "kv_elements_windowed": 1000, "attention_window": 128}
    sizes = [compute(memory.solve(request_bytes), held(**windowed, context=each)) for each in (64, 128, 4096)]
    assert sizes[1] == sizes[2] == 2 * sizes[0]


def test_a_group_holds_every_expert_once_and_the_rest_once_for_each_tensor_group():
    """Counted over the group, in formats of two widths: what is on all of its devices together."""
    shape = held(group_devices=32, expert_devices=8, tensor_devices=2, weight_bytes=0.5, dense_weight_bytes=2.0)
    routed = 58 * 256 * 44_040_192
    narrow = shape["dense_ffn_parameters"]
    wide = 671e9 - routed - narrow
    together = 32 * compute(memory.solve(held_bytes), shape)
    assert together == pytest.approx(16 * (0.5 * narrow + 2 * wide) + 0.5 * routed, rel=1e-9)


def test_a_state_is_kept_whatever_the_context_and_is_no_cache():
    small, large = (compute(memory.solve(request_bytes), held(state_elements=1e6, context=each)) for each in (1, 4097))
    none = [compute(memory.solve(request_bytes), held(state_elements=0, context=each)) for each in (1, 4097)]
    assert [small - none[0], large - none[1]] == pytest.approx([4e6, 4e6], rel=1e-9)


def test_a_step_gives_each_request_its_tokens():
    point = {"tokens_per_step": 1.7, "step_time": 0.04, "batch": 24.0}
    assert compute(speed.solve(user_speed), point) * 0.04 == pytest.approx(1.7)
    assert compute(speed.solve(decode_throughput), point) * 0.04 == pytest.approx(24 * 1.7)


SERVED = {"input_tokens": 4000.0, "output_tokens": 500.0, "prefill_throughput": 9000.0, "decode_throughput": 1500.0}


def test_prefill_gets_the_devices_with_which_it_keeps_pace_with_decode():
    """Requests a second, per device of all: as many are read by the share of prefill as are answered by the rest."""
    share, rate = (compute(service.solve(each), SERVED) for each in (prefill_share, service_throughput))
    read, answered = share * 9000 / 4000, (1 - share) * 1500 / 500
    assert read == pytest.approx(answered, rel=1e-12)
    assert rate == pytest.approx((4000 + 500) * read, rel=1e-12)
    everything = service.solve(service_throughput)
    assert sp.limit(everything, prefill_throughput, sp.oo).equals(
        (input_tokens + output_tokens) / output_tokens * decode_throughput
    )
    assert everything.subs(input_tokens, 0) == decode_throughput
    assert service.solve(prefill_share).subs(input_tokens, 0) == 0


def test_a_group_that_takes_prompts_in_between_is_played_through():
    """While one answer is written each other request of the group ends once, and the next one's prompt runs."""
    point = {"step_time": 0.05, "batch": 2.0, "group_devices": 4, **SERVED}
    clock, prompts = 0.0, 0
    for token in range(1, 501):
        clock += 0.05
        while prompts < (2 * 4 - 1) * token / 500:  # they come evenly
            clock, prompts = clock + 4000 / (4 * 9000), prompts + 1
    assert compute(interleaved.solve(token_time), point) * 500 == pytest.approx(clock, rel=1e-12)
    alone = point | {"batch": 0.25}
    assert interleaved.evaluate(token_time, pd.DataFrame([alone])).tolist() == [0.05]
    with pytest.raises(ValueError, match="fails"):
        interleaved.evaluate(token_time, pd.DataFrame([alone | {"batch": 0.2}]))
    assert interleaved.solve(token_time).diff(step_time) == 1


def test_a_machine_is_rented_at_the_ratio_of_the_one_that_has_both():
    law = rent_from_price.solve(rent)
    point = {"rent_ratio": 2e-8, "domain_price": 72 * 50_000.0, "domain": 72.0}
    assert compute(law, point) == pytest.approx(50_000 * 2e-8)
    assert law.diff(domain_price) * domain_price == law


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_busy_share_up_to_one_is_answered_and_makes_tokens_dearer(share):
    point = {"rent": 2 / 3600, "decode_throughput": 2000.0, "serving_power": 1000.0, "token_price": 1e-6}
    for target, whole in ((token_cost, 2 / 3600 / 2000), (token_energy, 0.5)):
        found = cost.evaluate(target, pd.DataFrame([point | {"busy_share": share}]))
        assert found.tolist() == pytest.approx([whole / share], rel=1e-12)
