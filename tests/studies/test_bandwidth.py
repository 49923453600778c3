"""The chapter on bandwidth: bounds, curves and copies against what must hold."""

import numpy as np
import pytest

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
