"""Serving: what memory holds, the speed of a user, the cost of a token, against what was published."""

import pandas as pd
import pytest
import sympy as sp

from model.laws.serving import cost, memory, speed
from model.machine.scenario import Scenario
from model.machine.step import WORKLOAD
from model.notation.equation import compute
from model.notation.nomenclature import (
    batch_limit,
    break_even,
    busy_share,
    decode_throughput,
    held_bytes,
    rent,
    request_bytes,
    token_cost,
    token_energy,
    token_price,
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
