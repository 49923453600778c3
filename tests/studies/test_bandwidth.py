"""The chapter on bandwidth: bounds, curves and copies against what must hold."""

import numpy as np
import pytest

import model
from model.laws import all_reduce, exchange, two_tiers
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.substitution import example
from model.studies import bandwidth


@pytest.fixture(scope="module")
def exchanged():
    networks = bandwidth.networks(["hgx-h100", "gb200-nvl72", "cloudmatrix384"])
    return bandwidth.exchanges(bandwidth.points(networks, 48), 128, "deepseek-v3", 100, 0)


def test_a_system_is_compared_or_named_with_what_it_lacks():
    compared, lacking = set(bandwidth.networks([]).index), bandwidth.missing([]).set_index("system").missing
    assert compared | set(lacking.index) == set(bandwidth.chosen([]))
    assert all("domain" in lacking[name] or "scale_up" in lacking[name] for name in set(lacking.index) - compared)


def test_a_domain_of_one_device_saves_nothing_and_one_of_the_whole_group_leaves_the_inner_network_alone():
    bound = bandwidth.bound([16, 64], "gb200-nvl72")
    for ranks, line in bound.groupby("ranks"):
        line = line.set_index("domain")
        assert line.relative[1] == 1
        assert line.relative[ranks] == pytest.approx(line.scale_out_bandwidth[1] / line.scale_up_bandwidth[1])
        assert (line.serial >= line.time).all()


def test_the_meeting_domain_takes_the_same_time_in_both_tiers():
    bound = bandwidth.bound([64], "gb200-nvl72")
    best = bound.loc[bound.time.idxmin()]
    before = bound[bound.domain < bound.meeting.iloc[0]].time
    assert before.is_monotonic_decreasing
    assert best.domain >= bound.meeting.iloc[0] * 0.9


def test_a_machine_without_a_network_between_domains_is_asked_only_inside_one():
    networks = bandwidth.networks([])
    points = bandwidth.points(networks, 48)
    alone = networks.index[networks.scale_out_bandwidth.isna()]
    assert len(alone)
    for name in alone:
        assert points.ranks[points.system == name].max() < bandwidth.RANKS[-1]
    assert set(points[points.system == "hgx-h100"].ranks) == {*bandwidth.RANKS, 48}


def test_a_wider_group_takes_no_less_time_and_the_base_is_as_fast_as_itself(exchanged):
    assert (exchanged.low <= exchanged.high).all()
    for _, line in exchanged[exchanged.ranks.isin(bandwidth.RANKS[3:])].groupby(["system", "op"]):
        assert (np.diff(line.value) > -1e-9).all()
    speed_up = bandwidth.speed_ups(exchanged[exchanged.ranks == 48])
    assert speed_up[bandwidth.BASE] == 1
    assert speed_up["gb200-nvl72"] > 1


def test_a_larger_message_takes_longer():
    points = bandwidth.points(bandwidth.networks(["hgx-h100"]), 64)
    small, large = (bandwidth.reductions(points, each, 100, 0).value for each in (2**24, 2**30))
    assert (small < large).all()


def test_the_published_bound_comes_out_and_falls_with_the_rate():
    bounds = bandwidth.layer_bounds("deepseek-v3")
    assert bounds.layer_us["ib"] == pytest.approx(120.96)  # the arithmetic of deepseek2025insights, section 2.3.2
    assert bounds.layer_us["ib"] / bounds.layer_us["nvl"] == pytest.approx(bounds.rate["nvl"] / bounds.rate["ib"])


def test_a_limited_gate_visits_no_more_servers_than_its_limit():
    servers = bandwidth.servers("deepseek-v3", 0)
    assert servers.limited < servers.node_limit
    assert servers.gate <= servers.node_limit
    assert servers.limited < servers.free < 8


def test_the_law_counts_the_copies_that_a_simulation_counts():
    copies = bandwidth.copies("deepseek-v3", 0)
    assert copies.inner == pytest.approx(copies.law_inner, rel=0.05)
    assert copies.outer == pytest.approx(copies.law_outer, rel=0.05)


def test_the_domain_that_halves_the_transfers_between_domains_is_nearly_half_of_the_group():
    law = bandwidth.halving()
    assert law.lhs == symbols.domain
    for ranks in (16.0, 256.0):
        half = float(compute(law.rhs, {"ranks": ranks}))
        point = {"ranks": ranks, "volume": 1e6, "scale_up_bandwidth": 9e11, "scale_out_bandwidth": 5e10}
        time = two_tiers.two_tier.solve(symbols.outer_time)
        alone, halved = (compute(time, point | {"domain": each}) for each in (1.0, half))
        assert halved == pytest.approx(alone / 2) and half == pytest.approx((ranks + 1) / 2)


@pytest.fixture(scope="module")
def put():
    return bandwidth.examples(64, 128, "deepseek-v3", 2**30)


def test_an_example_s_numbers_lead_to_the_predicted_times(put):
    shape = {"hidden": 7168, "experts": 256, "topk": 8, "bytes_per_element": 1}
    sent = model.predict(
        "all_to_all_time", system=bandwidth.BASE, op="dispatch", ranks=64, tokens=128, interval=False, **shape
    ).value[0]
    added = model.predict("all_reduce_time", system=bandwidth.BASE, ranks=64, bytes=2**30, interval=False).value[0]
    assert example(exchange.all_to_all, put["exchange"])["all_to_all_time"] == pytest.approx(sent)
    assert example(all_reduce.all_reduce, put["all_reduce"])["all_reduce_time"] == pytest.approx(added)
    assert put["bus"]["bus_bandwidth"] == pytest.approx(2 * 63 / 64 * 2**30 / added)
    assert put["two_tiers"]["volume"] == 128 * 7168 * 8 and put["two_tiers"]["domain"] == 8
    assert put["routing"] == {"destinations": 8, "experts": 256, "topk": 8, "place_limit": 4}
    layer = compute(exchange.layer_bound.equations[0].rhs, put["layer"])
    assert 1e6 * layer == pytest.approx(120.96)  # as deepseek2025insights reckons


def test_while_switches_add_a_rank_sends_its_message_once_and_a_part_and_the_benchmark_counts_nearly_twice(put):
    """In a server of eight: (n + 1)/n of the message on the wire, 2 (n - 1)/n by the benchmark's convention."""
    one = example(all_reduce.all_reduce, bandwidth.examples(8, 128, "deepseek-v3", 2**30)["all_reduce"])
    found = bandwidth.wire_rate(one)
    assert found.wire * one["all_reduce_time"] == pytest.approx(2**30 * 9 / 8)
    assert found.bus / found.wire == pytest.approx((2 * 7 / 8) / (9 / 8))


def test_dispatches_that_were_measured_are_those_of_the_curve_s_tokens_and_width():
    rows = bandwidth.measured(["hgx-h100", "gb200-nvl72"], 128)
    assert len(rows) and set(rows.system) <= {"hgx-h100", "gb200-nvl72"}
    assert (rows.tokens == 128).all() and (rows.bytes_per_element == 1).all() and (rows.op == "dispatch").all()
    assert rows.ranks.min() >= bandwidth.RANKS[0]
    assert bandwidth.measured(["hgx-h100"], 127).empty
