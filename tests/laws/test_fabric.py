"""Fabrics: published counts, graphs that exist, prices that two topologies infer, and domains of every size."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws import fabric
from model.machine import fabric_prices
from model.notation.equation import compute
from model.notation.nomenclature import (
    device_ports,
    endpoint_cost,
    endpoint_power,
    endpoints,
    fabric_cost,
    fabric_device_cost,
    fabric_device_power,
    first_switches,
    links,
    optical_links,
    planes,
    radix,
    second_switches,
    switch_degree,
    switch_price,
    switch_trays,
    switches,
    tiers,
)
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import Sampler

GOLDEN = {
    "fat-tree-2": (fabric.fat_tree, (2_048, 96, 2_048)),
    "multi-plane-fat-tree-2": (fabric.fat_tree, (16_384, 768, 16_384)),
    "fat-tree-3": (fabric.fat_tree, (65_536, 5_120, 131_072)),
    "slim-fly": (fabric.slim_fly, (32_928, 1_568, 32_928)),
    "dragonfly": (fabric.dragonfly, (261_632, 16_352, 384_272)),
}


@pytest.fixture(scope="module")
def facts():
    return catalog.load("fabric")


@pytest.fixture(scope="module")
def topologies():
    return fabric_prices.recorded_topologies()


# Counts.


@pytest.mark.parametrize("topology", GOLDEN)
def test_the_counts_are_the_published_ones(facts, topology):
    laws, expected = GOLDEN[topology]
    row = facts.loc[[topology]].dropna(axis=1).drop(columns=["endpoints", "switches", "links"])
    counted = [laws.evaluate(target, row).iloc[0] for target in (endpoints, switches, links)]
    assert counted == list(expected)
    assert facts.loc[topology, ["endpoints", "switches", "links"]].tolist() == list(expected)


@pytest.mark.parametrize("topology", ["slim-fly", "dragonfly"])
def test_no_switch_has_more_ports_than_the_radix(facts, topology):
    laws = GOLDEN[topology][0]
    ports = laws.evaluate(radix, facts.loc[[topology]])
    assert ports.iloc[0] == 63 <= facts.radix[topology]


@pytest.mark.parametrize("number", [4, 8, 16, 64])
@pytest.mark.parametrize("height", [1, 2, 3])
def test_every_port_of_a_fat_tree_is_used_once(number, height):
    """Ports of switches are taken by endpoints, one each, and by links, two each."""
    point = {"radix": number, "tiers": height, "planes": 1}
    ends = [compute(fabric.fat_tree.solve(each), point) for each in (endpoints, switches, links)]
    assert ends[0] + 2 * ends[2] == ends[1] * number


def test_every_port_of_a_slim_fly_and_of_a_dragonfly_is_used_once():
    fly = fabric.slim_fly.solve(switches * radix - endpoints - 2 * links)
    assert sp.simplify(fly) == 0
    assert sp.simplify(fabric.dragonfly.solve(switches * radix - endpoints - 2 * links)) == 0


def built_clos(number):
    """Return (endpoints, switches, links) of a fat tree of three tiers, counted by building it pod by pod."""
    pods, half = number, number // 2
    found, switch_set, hosts = set(), set(), 0
    for pod in range(pods):
        for leaf in range(half):
            hosts += half
            for spine in range(half):
                found.add((("leaf", pod, leaf), ("spine", pod, spine)))
        for spine in range(half):
            for core in range(half):
                found.add((("spine", pod, spine), ("core", spine, core)))
    for pair in found:
        switch_set.update(pair)
    return hosts, len(switch_set), len(found)


@pytest.mark.parametrize("number", [2, 4, 8])
def test_a_fat_tree_built_pod_by_pod_has_as_many_parts(number):
    point = {"radix": number, "tiers": 3, "planes": 1}
    laws = tuple(compute(fabric.fat_tree.solve(each), point) for each in (endpoints, switches, links))
    assert laws == built_clos(number)


def slim_fly_graph(order, generator):
    """Return the neighbours of each switch of a Slim Fly over the integers modulo a prime 4w + 1."""
    even = {pow(generator, 2 * i, order) for i in range((order - 1) // 2)}
    odd = {pow(generator, 2 * i + 1, order) for i in range((order - 1) // 2)}
    near = {(s, x, y): set() for s in (0, 1) for x in range(order) for y in range(order)}
    for _, x, y in [each for each in near if each[0] == 0]:
        near[0, x, y] |= {(0, x, (y + step) % order) for step in even}
        near[1, x, y] |= {(1, x, (y + step) % order) for step in odd}
        for m in range(order):
            other = (1, m, (y - m * x) % order)
            near[0, x, y].add(other)
            near[other].add((0, x, y))
    return near


@pytest.mark.parametrize(("order", "generator"), [(5, 2), (13, 2)])
def test_a_slim_fly_built_switch_by_switch_has_as_many_links_and_two_hops(order, generator):
    near = slim_fly_graph(order, generator)
    point = {"field_order": order, "field_remainder": 1, "switch_endpoints": 1}
    assert len(near) == compute(fabric.slim_fly.solve(switches), point)
    assert {len(each) for each in near.values()} == {compute(fabric.slim_fly.solve(switch_degree), point)}
    assert sum(map(len, near.values())) / 2 == compute(fabric.slim_fly.solve(links), point)
    for start in ((0, 0, 0), (1, 2, 3)):
        reached = near[start].union(*(near[each] for each in near[start])) | {start}
        assert len(reached) == len(near)


def test_the_published_slim_fly_is_over_no_field(facts):
    orders = dict(fabric.prime_powers(40))
    assert facts.field_order["slim-fly"] not in orders
    assert {25, 27, 29}.issubset(orders)
    assert all((q - remainder) % 4 == 0 and abs(remainder) <= 1 for q, remainder in orders.items())


def test_a_dragonfly_of_one_group_more_than_it_has_links_is_refused(facts):
    row = facts.loc[["dragonfly"]].assign(groups=514)
    with pytest.raises(ValueError, match="groups"):
        fabric.dragonfly.evaluate(endpoints, row)


def test_cloudmatrix_has_336_and_112_chips(facts):
    row = facts.loc[["multi-plane-cloudmatrix384"]]
    machine = catalog.load("systems").loc["cloudmatrix384"]
    assert fabric.two_level_planes.evaluate(first_switches, row).iloc[0] == 48 * 7 == machine.l1_switches
    assert fabric.two_level_planes.evaluate(second_switches, row).iloc[0] == 7 * 16 == machine.l2_switches
    assert fabric.two_level_planes.evaluate(links, row).iloc[0] * machine.port_bandwidth == pytest.approx(
        336 * machine.l1_uplink
    )
    assert row.device_ports.iloc[0] * machine.port_bandwidth == pytest.approx(machine.scale_up_bandwidth)


def test_a_rack_of_72_has_nine_switch_trays(facts):
    row = facts.loc[["one-tier-nvl72"]]
    assert fabric.one_tier_planes.evaluate(switches, row).iloc[0] == 18 == row.device_ports.iloc[0]
    assert fabric.one_tier_planes.evaluate(switch_trays, row).iloc[0] == 9 == row.switch_trays.iloc[0]


def test_the_power_of_a_module_is_about_what_copper_saves(facts):
    saved = catalog.load("systems").copper_power_saved["gb200-nvl72"]
    rack = facts.loc["one-tier-nvl72"]
    rows = catalog.read("fabric").query("topology == 'scale-up' and quantity == 'module_power'").set_index("kind").value
    assert rows.derived == pytest.approx(saved / (2 * rack.devices * rack.device_ports), rel=1e-5)
    assert facts.module_power["scale-up"] == rows.spec
    assert rows.to_numpy() == pytest.approx(rows.spec, rel=0.15)  # a sheet, a word, a bill of materials


# Prices.


def test_a_pair_reproduces_the_prices_that_it_was_made_from(topologies):
    for row in fabric_prices.price_pairs(topologies).dropna().itertuples():
        columns = topologies.loc[[row.first, row.second]].assign(
            switch_price=row.switch_price, link_price=row.link_price
        )
        assert fabric.cost.evaluate(fabric_cost, columns).to_numpy() == pytest.approx(
            columns.fabric_cost.to_numpy(), rel=1e-9
        )


def test_made_up_prices_are_recovered_by_every_pair(topologies):
    made = topologies.assign(fabric_cost=70_000 * topologies.switches + 600 * topologies.links)
    pairs = fabric_prices.price_pairs(made).dropna()
    assert pairs.switch_price.to_numpy() == pytest.approx(70_000)
    assert pairs.link_price.to_numpy() == pytest.approx(600)
    assert pairs.worst_error.max() < 1e-9
    assert fabric_prices.fitted_prices(made) == pytest.approx([70_000, 600])


def test_all_pairs_are_shown_and_two_of_one_mix_infer_nothing(topologies):
    pairs = fabric_prices.price_pairs(topologies)
    assert len(pairs) == 10
    lost = pairs[pairs.switch_price.isna()]
    assert lost[["first", "second"]].to_numpy().tolist() == [["fat-tree-2", "multi-plane-fat-tree-2"]]


def test_two_topologies_predict_the_other_three(topologies):
    pairs = fabric_prices.price_pairs(topologies).dropna()
    assert pairs.worst_error.iloc[0] < 0.02  # fat tree of three tiers and Slim Fly
    assert pairs.worst_error.max() < 0.07  # pairs of nearly one mix
    assert {pairs["first"].iloc[0], pairs.second.iloc[0]} == {"fat-tree-3", "slim-fly"}


def test_the_price_per_endpoint_is_price_over_endpoints_to_its_printed_digits(topologies):
    rows = catalog.read("fabric").set_index(["topology", "quantity"])
    for name, row in topologies.iterrows():
        printed = rows.loc[(name, "cost_per_endpoint")]
        assert printed.low <= row.fabric_cost / row.endpoints <= printed.high
        assert row.low <= row.fabric_cost <= row.high


def test_each_draw_is_what_its_pair_infers(topologies):
    """Without roundings a draw is one of the pairs' own prices, to the last bit."""
    exact = topologies.assign(low=topologies.fabric_cost, high=topologies.fabric_cost)
    pairs = fabric_prices.price_pairs(exact)
    pairs = pairs[(pairs.worst_error <= 0.05) & (pairs[["switch_price", "link_price"]] > 0).all(axis=1)]
    drawn = np.hstack(fabric_prices.drawn_prices(exact, Sampler(400, 1)))
    known = {tuple(each) for each in pairs[["switch_price", "link_price"]].to_numpy()}
    assert {tuple(each) for each in drawn} == known and len(known) > 2


def test_drawn_prices_are_positive_and_hold_the_fitted_switch_price_within_a_twentieth(topologies):
    switch, link = fabric_prices.drawn_prices(topologies, Sampler(400, 1))
    assert switch.shape == link.shape == (400, 1)
    assert (switch > 0).all() and (link > 0).all()
    fitted = fabric_prices.fitted_prices(topologies)
    assert switch.min() < fitted[0] < 1.05 * switch.max()


def test_two_planes_cost_twice_and_each_endpoint_the_same():
    laws = fabric.fat_tree.solve(endpoint_cost.subs(endpoint_cost, fabric.cost.solve(endpoint_cost)))
    assert sp.simplify(laws.diff(planes)) == 0
    watts = fabric.fat_tree.solve(fabric.cost.solve(endpoint_power))
    assert sp.simplify(watts.diff(planes)) == 0


# A scale-up domain of any size.

MACHINE = {
    "scale_up_bandwidth": 900e9,
    "port_bandwidth": 50e9,
    "radix": 64.0,
    "copper_domain": 72.0,
    "price_ratio": 1.0,
    "switch_price": 80_000.0,
    "link_price": 600.0,
    "port_power": 12.0,
    "module_power": 8.0,
}


def at(*sizes, **changed):
    return pd.DataFrame({"domain": np.array(sizes, float)}).assign(**MACHINE | changed)


def test_tiers_change_where_the_fat_tree_is_full():
    frame = at(8, 64, 65, 2_048, 2_049, 65_536)
    assert fabric.scale_up.evaluate(tiers, frame).tolist() == [1, 1, 2, 2, 3, 3]
    with pytest.raises(ValueError, match="domain"):
        fabric.scale_up.evaluate(tiers, at(65_537))


@pytest.mark.parametrize(("height", "number"), [(1, 64), (2, 2_048), (3, 65_536)])
def test_a_full_domain_costs_and_draws_what_its_fat_tree_does(height, number):
    tree = {"radix": 64.0, "tiers": height, "planes": 18, **MACHINE}
    frame = at(number, copper_domain=64.0)
    price = compute(fabric.fat_tree.solve(fabric.cost.solve(endpoint_cost)), tree) * 18
    watts = compute(fabric.fat_tree.solve(fabric.cost.solve(endpoint_power)), tree) * 18
    assert fabric.scale_up.evaluate(fabric_device_cost, frame).iloc[0] == pytest.approx(price)
    assert fabric.scale_up.evaluate(fabric_device_power, frame).iloc[0] == pytest.approx(watts)


def test_copper_ends_where_it_is_said_to():
    frame = at(32, 72, 73, 144, 2_049, radix=144.0)
    assert fabric.scale_up.evaluate(optical_links, frame).tolist() == [0, 0, 1, 1, 1]
    assert fabric.scale_up.evaluate(device_ports, frame).tolist() == [18] * 5


@given(st.integers(2, 60_000), st.integers(2, 60_000), st.sampled_from([48, 64, 72, 144]))
def test_a_larger_domain_never_costs_less_nor_draws_less(one, other, ports):
    small, large = sorted((one, other))
    frame = at(small, large, radix=float(ports))
    frame = frame[frame.domain <= ports**3 / 4]
    for target in (fabric_device_cost, fabric_device_power):
        answer = fabric.scale_up.evaluate(target, frame).to_numpy()
        assert (np.diff(answer) >= 0).all()


def test_cost_is_proportional_to_bandwidth():
    twice = fabric.scale_up.evaluate(fabric_device_cost, at(384, scale_up_bandwidth=1.8e12)).iloc[0]
    assert twice == pytest.approx(2 * fabric.scale_up.evaluate(fabric_device_cost, at(384)).iloc[0])


def test_at_scale_out_prices_the_fabric_of_cloudmatrix_would_cost_more_than_the_whole(topologies):
    """Why scale-up is taken to be cheaper for its bandwidth: see price_ratio in data/fabric.csv."""
    machine = catalog.load("systems").loc["cloudmatrix384"]
    prices = dict(zip(("switch_price", "link_price"), fabric_prices.fitted_prices(topologies), strict=True))
    frame = at(384, scale_up_bandwidth=machine.scale_up_bandwidth, **prices)
    share = fabric.scale_up.evaluate(fabric_device_cost, frame).iloc[0] / (machine.price / 384)
    assert 1 / share == pytest.approx(0.62, abs=0.01)
    assert catalog.load("fabric").price_ratio["scale-up"] < 1 / share


def test_units_of_the_prices_are_dollars(topologies):
    assert size("USD") == 1
    assert str(switch_price) in fabric.cost.inputs(fabric_cost)


def test_curves_pass_through_the_published_fat_trees_and_hold_no_port_twice():
    made = fabric_prices.curves()
    at_64 = made[made.radix == 64].set_index("topology")
    for name in ("fat-tree-2", "multi-plane-fat-tree-2", "fat-tree-3"):
        assert tuple(at_64.loc[name, ["endpoints", "switches", "links"]]) == GOLDEN[name][1]
    assert (made.endpoints + 2 * made.links == made.switches * made.radix).all()
    assert set(made.topology) == set(GOLDEN)


def test_a_domain_is_priced_as_its_fat_tree_whatever_the_radix_of_its_switches(topologies):
    prices = fabric_prices.fitted_prices(topologies)
    for ports, number in ((48.0, 1_000), (64.0, 2_000), (72.0, 2_592)):
        given_ = {"radix": ports, "price_ratio": 1.0}
        found = fabric_prices.domain_fabric([fabric_device_cost], [number], 50e9, prices, **given_)[0]
        assert found[0] == pytest.approx(3 / 64 * prices[0] + prices[1])


def test_drawn_domains_have_a_row_for_each_draw(topologies):
    sampler = Sampler(100, 2)
    prices = fabric_prices.drawn_prices(topologies, sampler)
    found = fabric_prices.domain_fabric([fabric_device_cost, fabric_device_power], [8, 72, 384], 9e11, prices, sampler)
    assert all(each.shape == (100, 3) for each in found)
    assert all((np.diff(each, axis=1) >= 0).all() for each in found)


def test_curves_are_balanced_as_their_authors_say():
    """Slim Fly: half as many endpoints as links of a switch, rounded up; Dragonfly: a = 2p = 2h in ah + 1 groups."""
    drawn = fabric_prices.curves(64).set_index("topology")
    flies = drawn.loc["slim-fly"]
    attached = flies.endpoints / flies.switches
    network = 2 * flies.links / flies.switches
    assert attached.tolist() == np.ceil(network / 2).tolist() and (flies.radix == network + attached).all()
    assert flies.radix.max() > 60
    dragons = drawn.loc["dragonfly"]
    half = (dragons.radix + 1) / 4
    assert (dragons.switches == 2 * half * (2 * half**2 + 1)).all() and (
        dragons.endpoints == half * dragons.switches
    ).all()
    planes = drawn.loc["multi-plane-fat-tree-2"].set_index("radix"), drawn.loc["fat-tree-2"].set_index("radix")
    for column in ("endpoints", "switches", "links"):
        assert (planes[0][column] == 8 * planes[1][column]).all()
    assert (planes[1].endpoints == planes[1].index ** 2 / 2).all()
    three = drawn.loc["fat-tree-3"]
    assert (three.endpoints == three.radix**3 / 4).all() and (three.switches == 5 * three.radix**2 / 4).all()


def test_a_price_lies_where_both_its_roundings_allow_it(topologies):
    bounds = {name: fabric_prices.catalog.load("fabric", name).loc[topologies.index] for name in ("low", "high")}
    for name, side in (("low", 1), ("high", -1)):
        own, shared = bounds[name].cost, bounds[name].cost_per_endpoint * topologies.endpoints
        assert (side * topologies[name] >= side * own).all() and (side * topologies[name] >= side * shared).all()
        assert ((topologies[name] == own) | (topologies[name] == shared)).all()
