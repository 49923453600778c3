"""What switches and links cost, inferred from the prices of whole fabrics, and what follows for other fabrics."""

from itertools import combinations

import numpy as np
import pandas as pd

from model.laws.fabric import cost, dragonfly, fat_tree, prime_powers, scale_up, slim_fly
from model.notation.equation import compute
from model.notation.nomenclature import endpoints, fabric_cost, links, radix, switches
from model.numbers import catalog
from model.numbers.facts import Facts


def recorded_topologies():
    """Return the priced topologies of data/fabric.csv: counts, price and its rounding, one row each, in base units.

    Columns endpoints, switches, links, fabric_cost, low, high: the price lies where the roundings of the printed
    total and of the printed price per endpoint both allow it.
    """
    value, low, high = (catalog.load("fabric", column) for column in ("value", "low", "high"))
    frame = value[value.cost.notna()][["endpoints", "switches", "links", "radix"]].copy()
    low, high = low.loc[frame.index], high.loc[frame.index]
    frame["low"] = np.maximum(low.cost, low.cost_per_endpoint * frame.endpoints)
    frame["high"] = np.minimum(high.cost, high.cost_per_endpoint * frame.endpoints)
    frame["fabric_cost"] = value.cost.loc[frame.index].clip(frame.low, frame.high)
    return frame


def prices_from(topologies, first, second):
    """Return (switch_price, link_price) in USD that explain the prices of two topologies, nan where they cannot.

    Two topologies with the same links for each switch say one thing twice.
    """
    pair = topologies.loc[[first, second]]
    counts, ends = pair[["switches", "links"]].to_numpy(), pair.endpoints.to_numpy()
    if abs(np.linalg.det(counts / ends[:, None])) < 1e-9:
        return np.array([np.nan, np.nan])
    return _explaining(counts, ends, pair.fabric_cost.to_numpy())


def _explaining(counts, endpoints, price):
    """Return the prices of a switch and a link, (..., 2), that explain two topologies.

    counts: switches and links of both, (..., 2, 2); endpoints, price: of both, (..., 2).
    """
    return np.linalg.solve(counts / endpoints[..., None], (price / endpoints)[..., None])[..., 0]


def fitted_prices(topologies, fabric_cost=None):
    """Return (switch_price, link_price) in USD that explain all topologies with the least squared relative error."""
    price = topologies.fabric_cost if fabric_cost is None else fabric_cost
    matrix = topologies[["switches", "links"]].to_numpy() / price.to_numpy()[:, None]
    return np.linalg.lstsq(matrix, np.ones(len(topologies)), rcond=None)[0]


def price_pairs(topologies):
    """Return what each pair of topologies infers and how far it then misses the others, best first.

    Columns first, second, switch_price, link_price, mean_error, worst_error (absolute, relative to the recorded price,
    over the topologies outside the pair), worst_topology.
    """
    rows = []
    for first, second in combinations(topologies.index, 2):
        prices = prices_from(topologies, first, second)
        rest = topologies.drop([first, second])
        columns = {"switches": rest.switches, "links": rest.links}
        columns |= {"switch_price": prices[0], "link_price": prices[1]}
        error = (compute(cost.solve(fabric_cost), columns) / rest.fabric_cost - 1).abs()
        worst = error.idxmax() if error.notna().all() else None
        rows.append((first, second, *prices, error.mean(), error.max(), worst))
    columns = ["first", "second", "switch_price", "link_price", "mean_error", "worst_error", "worst_topology"]
    return pd.DataFrame(rows, columns=columns).sort_values("worst_error").reset_index(drop=True)


def drawn_prices(topologies, sampler, tolerance=0.05):
    """Return (switch_price, link_price), arrays of shape (draws, 1), as consistent with the printed prices.

    Each draw takes prices within their rounding and one of the pairs whose prices are positive and miss no other
    topology by more than the tolerance.
    """
    shares = np.hstack([sampler.unit(f"price of {name}") for name in topologies.index])
    drawn = topologies.low.to_numpy() + (topologies.high - topologies.low).to_numpy() * shares
    pairs = price_pairs(topologies)
    pairs = pairs[(pairs.worst_error <= tolerance) & (pairs[["switch_price", "link_price"]] > 0).all(axis=1)]
    picked = (sampler.unit("pair of topologies")[:, 0] * len(pairs)).astype(int)
    both = np.stack([topologies.index.get_indexer(pairs[each]) for each in ("first", "second")], axis=1)[picked]
    counts, ends = topologies[["switches", "links"]].to_numpy()[both], topologies.endpoints.to_numpy()[both]
    return _explaining(counts, ends, np.take_along_axis(drawn, both, axis=1)).T[:, :, None]


def curves(most=128):
    """Return switches, links and endpoints of full topologies of every even radix up to most, one row each.

    Columns topology, radix, endpoints, switches, links. Slim Flies and Dragonflies are balanced: as many endpoints for
    each switch as their authors advise.
    """
    even = np.arange(8, most + 1, 2, dtype=float)
    kinds = {"fat-tree-2": (2, 1), "multi-plane-fat-tree-2": (2, 8), "fat-tree-3": (3, 1)}
    made = [(name, fat_tree, {"radix": even, "tiers": t, "planes": p}) for name, (t, p) in kinds.items()]
    order, remainder = np.array(prime_powers(2 * most // 3), float).T
    half = np.ceil((3 * order - remainder) / 4)
    made.append(("slim-fly", slim_fly, dict(field_order=order, field_remainder=remainder, switch_endpoints=half)))
    one = np.arange(2, (most + 1) // 4 + 1, dtype=float)
    shape = {"group_switches": 2 * one, "global_links": one, "switch_endpoints": one, "groups": 2 * one**2 + 1}
    made.append(("dragonfly", dragonfly, shape))
    frames = []
    for name, laws, inputs in made:
        frame = pd.DataFrame(inputs)
        for target in (endpoints, switches, links, radix):
            frame[str(target)] = laws.evaluate(target, frame) if str(target) not in inputs else frame[str(target)]
        frames.append(frame[["radix", "endpoints", "switches", "links"]].assign(topology=name))
    return pd.concat(frames, ignore_index=True)


def domain_fabric(targets, sizes, bandwidth, prices, sampler=None, **given):
    """Return one array for each target of model.laws.fabric.scale_up, for domains of the sizes given.

    Shape (sizes,), or (draws, sizes) with a sampler. bandwidth: of a device, B/s; prices: (switch_price, link_price) of
    the recorded topologies; a switch costs in proportion to its ports, which the topic `switch-price` of
    data/assumptions.csv counts. Other inputs come from the rows `scale-up` of data/fabric.csv, given replaces some.
    """
    facts = Facts("fabric", "scale-up", sampler, given)
    names = ("radix", "copper_domain", "port_bandwidth", "price_ratio", "module_power", "port_power")
    point = {name: facts(name) for name in names} | {"scale_up_bandwidth": bandwidth, "link_price": prices[1]}
    point["switch_price"] = prices[0] * point["radix"] / Facts("assumptions", "switch-price")("radix")
    point["domain"] = np.asarray(sizes, float)
    shape = np.broadcast_shapes(*(np.shape(each) for each in point.values()))
    frame = pd.DataFrame({name: np.broadcast_to(each, shape).ravel() for name, each in point.items()})
    return [scale_up.evaluate(target, frame).to_numpy().reshape(shape) for target in targets]
