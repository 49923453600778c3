"""The chapter on what a larger domain costs: counts, prices, spares and pools against what must hold."""

import numpy as np
import pandas as pd
import pytest

from model.machine import fabric_prices
from model.numbers.draws import Sampler
from model.studies.domain_costs import clusters, pools, scale_up, spares, topologies


@pytest.fixture(scope="module")
def prices():
    return topologies.prices(topologies.pairs(), Sampler(100, 0))


@pytest.fixture(scope="module")
def points():
    return spares.points("gb200-nvl72", Sampler(100, 0))


def test_every_published_count_comes_out():
    counted = topologies.counts()
    assert counted.attrs["agree"] == counted[[*topologies.COUNTED]].size


def test_each_node_of_the_supernode_has_a_switch_of_each_plane_and_the_rack_has_nine_trays():
    counted = topologies.supernode()
    assert counted.first_switches == counted.nodes * counted.planes  # one of each plane in each node
    assert topologies.rack().trays == 9  # nvidia's own count of one rack
    shape = topologies.shapes()
    assert shape.order_below < shape.order < shape.order_above


def test_the_best_pair_explains_the_prices_that_it_was_not_told(prices):
    fitted, drawn = prices
    recorded = fabric_prices.recorded_topologies()
    cost = fitted[0] * recorded.switches + fitted[1] * recorded.links
    assert (cost / recorded.fabric_cost).to_numpy() == pytest.approx(np.ones(len(cost)), abs=0.05)
    assert (drawn > 0).all()


def test_an_endpoint_of_three_tiers_costs_more_and_the_published_ones_lie_on_the_curves(prices):
    endpoints = topologies.endpoints(*prices, Sampler(100, 0))
    tiers = topologies.at_published_radix(endpoints)
    assert (tiers.loc["three"] > tiers.loc["two"]).all()
    assert (endpoints.cost_low <= endpoints.cost_high).all()
    published = topologies.published_points(endpoints)
    assert published.cost["fat-tree-2"] == pytest.approx(tiers.cost["two"], rel=0.05)


def test_a_domain_costs_more_only_where_a_tier_is_added(prices):
    by_domain = scale_up.by_domain("gb200-nvl72", *prices, Sampler(100, 1))
    assert by_domain.relative_cost.iloc[0] == 1
    assert by_domain.cost.is_monotonic_increasing
    assert by_domain.cost.round(6).nunique() == 3
    tiers = scale_up.tiers(*prices).value
    assert 3 < tiers["two"] < tiers["three"]


def test_optics_and_the_bound_of_a_machine_are_in_proportion(prices):
    optics = scale_up.optics("gb200-nvl72", Sampler(100, 0))
    ratio = optics.loc["watts"] / optics.loc["module"]
    assert ratio.to_numpy() == pytest.approx(ratio["value"])
    bound = scale_up.price_bound("cloudmatrix384", *prices)
    price = scale_up.device_price("cloudmatrix384", bound)
    assert bound.value["fabric"] * bound.value["ratio_most"] == pytest.approx(price.value)
    assert price.high > price.value


def test_spares_and_shares_keep_their_order(points):
    surveyed = spares.survey(*points, (16_384,), (8, 72, 384), spares.conditions(), 0.99)
    ends = spares.ends(surveyed).loc[16_384]
    assert (ends.fewest == ends[["inside", "outside"]].min(axis=1)).all()
    assert ends.whole.is_monotonic_decreasing
    assert (ends.share_swapped >= ends.share_installed).all()
    change = spares.change(surveyed, 384).loc[16_384]
    assert change.value["installed"] == pytest.approx(ends.share_installed[384] - ends.share_installed[8])
    assert (change.low <= change.high).all()


def test_a_domain_without_faults_is_whole(points):
    calm = points[0] | {"failure_rate": 0.0, "domain": 384}
    assert spares.whole(calm) == 1
    assert spares.whole(calm | {"failure_rate": 1e-8}) < 1


def test_a_simulation_that_knows_nothing_of_the_laws_agrees():
    checks = spares.simulated(0, events=20_000)
    assert checks.worst.max() < 4


def test_a_tray_held_back_pays_once_repair_takes_longer_than_the_threshold(points):
    trays = spares.trays("gb200-nvl72", points[0])
    hours = pd.Series({"short": 0.5 * trays.repair_hours, "long": 2 * trays.repair_hours})
    gain = spares.held_back(points[0], trays.number, hours).gain
    assert gain["short"] < 0 < gain["long"]


def test_faults_that_come_together_need_more_and_leave_fewer_whole(points):
    cubes = clusters.cubes()
    together = clusters.together(16_384, points[0]["failure_rate"], cubes, 0.99)
    assert together.needed.is_monotonic_increasing
    assert together.whole.is_monotonic_decreasing
    assert together.over[0] == 1


def test_a_pool_of_one_is_as_busy_as_its_chance_of_waiting_and_larger_ones_busier():
    busy = pools.utilisation(0.2)
    assert busy[1] == pytest.approx(0.2)
    assert busy.is_monotonic_increasing
    problem = pools.problem(0.75)
    assert problem.wait[8] < problem.wait[32]
    assert problem.load[160] == pytest.approx(0.75 * 384 / 320)


def test_equal_instances_strand_the_remainder_of_a_domain():
    pool = pools.pools(0.2).set_index(["domain", "job_devices"])
    assert pool.stranded[384, 320] == pytest.approx(64 / 384)
    assert pool.stranded[384, 8] == 0
    assert (pool.used <= pool.utilisation).all()


def test_the_law_of_waiting_agrees_with_simulated_queues():
    assert pools.worst_queue(0) < 4


def test_every_size_of_pool_is_busier_the_more_may_wait_and_the_larger_it_is():
    found = pools.utilisations().pivot(index="servers", columns="waiting_probability", values="utilisation")
    assert (np.diff(found.to_numpy(), axis=1) > 0).all() and (np.diff(found.to_numpy(), axis=0) > 0).all()
    assert found.loc[1].to_numpy() == pytest.approx(np.array(found.columns)), "one server: busy as often as it waits"


def test_recorded_mixes_are_instances_that_run_and_powers_of_two_between_their_ends():
    mixes = pools.mixes()
    assert mixes["serving instances"] == sorted(set(mixes["serving instances"])) and 160 in mixes["serving instances"]
    powers = mixes["powers of two"]
    assert np.diff(np.log2(powers)).tolist() == [1] * (len(powers) - 1)


def test_jobs_that_are_known_at_once_strand_no_more_than_those_that_come_and_go(monkeypatch):
    """In domains of eight every instance of more devices is refused, and in one whole cluster least is left."""
    monkeypatch.setattr(pools, "DOMAINS", (64, 192))
    monkeypatch.setattr(pools, "mixes", lambda: {"serving instances": [8, 16, 32]})
    found = pools.stranded(384, 0).set_index("domain")
    assert found.index.tolist() == [64, 192, 384]
    assert (found.packed <= found.online + 2 * (found.packed_error + found.online_error)).all()
    assert found.online[384] <= found.online[64] and found[["packed", "online"]].stack().between(0, 1).all()
    ends = pools.online(found.reset_index(), (64, 384))
    assert ((ends.low + ends.high) / 2).to_numpy() == pytest.approx(ends.value.to_numpy())
    assert (ends.high - ends.low).to_numpy() == pytest.approx(2 * 1.645 * found.online_error[[64, 384]].to_numpy())


def test_facts_of_faults_are_in_hours_and_what_is_out_grows_with_the_domain(points):
    centre, scatter = points
    facts = spares.fault_facts(centre, scatter)
    assert facts.value["fault_hours"] * 3600 * centre["failure_rate"] == pytest.approx(1)
    share = facts.loc["drain_share"]
    assert share.low <= share.value <= share.high
    out = spares.devices_out(centre, scatter, (72, 384))
    assert out.value[72] < out.value[384] < 1 and (out.low <= out.high).all()
