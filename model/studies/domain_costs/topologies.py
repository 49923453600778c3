"""Switched networks of several shapes: what their counts and prices say, and what an endpoint of each then costs."""

import numpy as np
import pandas as pd

from model.laws import fabric
from model.machine import fabric_prices
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import low_high
from model.numbers.facts import Facts

NAMES = {
    "fat-tree-2": "fat tree, two tiers",
    "multi-plane-fat-tree-2": "eight planes of two tiers",
    "fat-tree-3": "fat tree, three tiers",
    "slim-fly": "Slim Fly",
    "dragonfly": "Dragonfly",
}
LAWS = {"slim-fly": fabric.slim_fly, "dragonfly": fabric.dragonfly}  # of the others: fat_tree
COUNTED = {name: getattr(symbols, name) for name in ("endpoints", "switches", "links")}


def counts():
    """Return the counts of each published network by its law, and its price: topology, COUNTED, cost, endpoint_cost.

    Attribute `agree` of the frame: how many of the counts are those that were published.
    """
    facts = catalog.load("fabric")
    published = facts.loc[list(NAMES), list(COUNTED)]
    rows = facts.loc[list(NAMES)].drop(columns=list(COUNTED))
    found = [
        {key: LAWS.get(name, fabric.fat_tree).evaluate(each, rows.loc[[name]]).iloc[0] for key, each in COUNTED.items()}
        for name in NAMES
    ]
    frame = pd.DataFrame(found, index=list(NAMES))
    frame.attrs["agree"] = int((frame == published).to_numpy().sum())
    frame.insert(0, "topology", list(NAMES.values()))
    return frame.assign(cost=rows.cost, endpoint_cost=rows.cost_per_endpoint)


def shapes():
    """Return what fixes the published sizes: the field of a Slim Fly and its neighbours, groups, ports of a switch."""
    facts = catalog.load("fabric")
    order = facts.field_order["slim-fly"]
    orders = [each for each, _ in fabric.prime_powers(40)]
    return pd.Series(
        {
            "order": order,
            "order_below": max(each for each in orders if each < order),
            "order_above": min(each for each in orders if each > order),
            "groups": facts.groups["dragonfly"],
            "most_groups": facts.group_switches["dragonfly"] * facts.global_links["dragonfly"] + 1,
            "radix": facts.radix["fat-tree-2"],
        }
    )


def supernode():
    """Return the switches, links and optical modules of CloudMatrix384's scale-up fabric, counted and reported."""
    machine, row = (
        catalog.load("systems").loc["cloudmatrix384"],
        catalog.load("fabric").loc[["multi-plane-cloudmatrix384"]],
    )
    targets = (symbols.first_switches, symbols.second_switches, symbols.links)
    found = {str(each): fabric.two_level_planes.evaluate(each, row).iloc[0] for each in targets}
    found["modules"] = 2 * found["links"] * machine.port_bandwidth / machine.optical_module_rate
    found |= {"modules_reported": machine.optical_modules, "nodes": row.nodes.iloc[0], "planes": row.planes.iloc[0]}
    return pd.Series(found)


def rack():
    """Return the switches, trays and ports of one switch of the scale-up fabric of NVL72, one tier of switches."""
    row = catalog.load("fabric").loc[["one-tier-nvl72"]]
    targets = {"switches": symbols.switches, "trays": symbols.switch_trays}
    found = {name: fabric.one_tier_planes.evaluate(each, row).iloc[0] for name, each in targets.items()}
    return pd.Series(found | {"ports": row.radix.iloc[0]})


def pairs():
    """Return fabric_prices.price_pairs in words: what two networks infer of a switch and a link, best first."""
    frame = fabric_prices.price_pairs(fabric_prices.recorded_topologies())
    words = {name: frame[name].map(NAMES) for name in ("first", "second", "worst_topology")}
    return frame.assign(**words)


def pair_facts(pairs):
    """Return what the pairs come to: their number, errors, the best pair, how many links come out below nothing."""
    known = pairs.dropna()
    return pd.Series(
        {
            "number": len(pairs),
            "best_error": known.worst_error.min(),
            "worst_error": known.worst_error.max(),
            "first": known["first"].iloc[0],
            "second": known.second.iloc[0],
            "negative": int((known.link_price < 0).sum()),
            "switch_least": known.switch_price.min(),
            "switch_most": known.switch_price.max(),
        }
    )


def prices(pairs, sampler):
    """Return (fitted, drawn): prices of a switch and a link, USD, of the pair that predicts best, and draws of both."""
    fitted = pairs.dropna()[["switch_price", "link_price"]].iloc[0].to_numpy(float)
    return fitted, fabric_prices.drawn_prices(fabric_prices.recorded_topologies(), sampler)


def endpoints(fitted, drawn, sampler):
    """Return price and power of an endpoint over sizes of each topology: cost, watts, each with its low and high.

    fitted, drawn: of prices(). One row for each even radix; a switch costs in proportion to its ports.
    """
    powers = ("port_power", "module_power")
    frame, radix = fabric_prices.curves(), catalog.load("fabric").radix["fat-tree-2"]
    columns = {name: frame[name].to_numpy() for name in ("radix", "endpoints", "switches", "links")}
    both = []
    for (switch, link), given in ((fitted, None), (drawn, sampler)):
        facts = Facts("fabric", "scale-up", given)
        priced = {"switch_price": switch * columns["radix"] / radix, "link_price": link}
        both.append(columns | priced | {name: facts(name) for name in powers})
    for key, target in (("cost", symbols.endpoint_cost), ("watts", symbols.endpoint_power)):
        law = fabric.cost.solve(target)
        frame[key] = compute(law, both[0])
        frame[f"{key}_low"], frame[f"{key}_high"] = low_high(compute(law, both[1]), axis=0)
    return frame


def published_points(endpoints):
    """Return the published networks on the curves: topology, endpoints, cost (as sold), watts (by the law)."""
    recorded = fabric_prices.recorded_topologies()
    radix = catalog.load("fabric").radix["fat-tree-2"]
    large = endpoints[endpoints.radix >= radix - 1].groupby("topology").watts.first()
    cost = recorded.fabric_cost / recorded.endpoints
    return pd.DataFrame({"endpoints": recorded.endpoints, "cost": cost, "watts": large}).loc[list(NAMES)]


def at_published_radix(endpoints):
    """Return cost and watts of an endpoint of the two fat trees, rows two and three (tiers), at the priced radix."""
    radix = catalog.load("fabric").radix["fat-tree-2"]
    rows = endpoints[endpoints.radix == radix].set_index("topology").loc[["fat-tree-2", "fat-tree-3"]]
    return rows[["cost", "watts"]].set_axis(["two", "three"])


def sides(centre, drawn):
    """Return (value, low, high) of a number and its draws."""
    return np.array([centre, *low_high(drawn)], dtype=float)


def link_rate():
    """Return the rate of one link of the scale-up network that is counted, Gbit/s."""
    return catalog.load("fabric").port_bandwidth["scale-up"] / size("Gbit/s")
