"""Bandwidth: how unequal two networks are, what a domain saves at best, and exchanges and all-reduces over ranks."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import all_reduce, exchange, two_tiers
from model.notation import nomenclature as symbols
from model.notation.equation import Equation, kept
from model.notation.substitution import columns_of, example
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict
from model.predictions.inputs import COPIES
from model.simulations import routing

NETWORKS = ["domain", "scale_up_bandwidth", "scale_out_bandwidth"]
RANKS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)  # along the curves
BASE = "hgx-h100"  # to which the others are compared, where it is among them
HIDDEN, TOKENS = 7000.0, 32.0  # of the published bound that is worked again


def chosen(systems):
    """Return the names of systems to compare: those given, or all that have rows, in their order."""
    return systems or list(catalog.read("systems").system.unique())


def networks(systems):
    """Return the recorded bandwidths of systems, base units: NETWORKS, ratio, and total of a domain.

    systems: names, empty for all; only those of a known domain and scale-up bandwidth are compared.
    """
    frame = catalog.load("systems").reindex(chosen(systems))[NETWORKS].dropna(subset=NETWORKS[:2])
    ratio = frame.scale_up_bandwidth / frame.scale_out_bandwidth
    return frame.assign(ratio=ratio, total=frame.scale_up_bandwidth * frame.domain)


def missing(systems):
    """Return which of NETWORKS nobody published, a row for each system that lacks any; systems as in networks."""
    absent = catalog.load("systems").reindex(chosen(systems))[NETWORKS].isna()
    absent = absent[absent.any(axis=1)]
    words = [", ".join(absent.columns[row]) for row in absent.to_numpy()]
    return pd.DataFrame({"system": absent.index, "missing": words})


def bound(groups, system):
    """Return the time of an exchange over domains of every size up to the group's, and nothing but two bandwidths.

    Columns ranks, domain, the two bandwidths of the system, time (both tiers at once), serial (one after the other),
    relative (to domains of one device), meeting (the domain at which the tiers take the same time). Law:
    laws.two_tiers.two_tier.
    """
    machine = catalog.load("systems").loc[system]
    sizes = np.unique(np.round(np.geomspace(1, 1024, 61)).astype(int))
    rows = [(group, each) for group in groups for each in sizes if each <= group]
    frame = pd.DataFrame(rows, columns=["ranks", "domain"]).assign(**machine[NETWORKS[1:]], volume=1.0)
    frame["time"] = two_tiers.two_tier.evaluate(symbols.parallel_time, frame)
    frame["serial"] = two_tiers.two_tier.evaluate(symbols.serial_time, frame)
    alone = frame.ranks.map(frame[frame.domain == 1].set_index("ranks").time)
    frame["relative"] = frame.time / alone
    frame["meeting"] = two_tiers.two_tier.evaluate(two_tiers.meeting_domain(), frame)
    return frame.drop(columns="volume")


def points(networks, ranks):
    """Return the systems and ranks that can be asked: RANKS and `ranks`, within the domain where none leads out."""
    dies = catalog.load("systems").dies.reindex(networks.index)
    reach = networks.domain.where(networks.scale_out_bandwidth.isna(), np.inf) * dies
    rows = [(name, each) for name in networks.index for each in sorted({*RANKS, ranks})]
    frame = pd.DataFrame(rows, columns=["system", "ranks"])
    return frame[frame.ranks <= frame.system.map(reach)].reset_index(drop=True)


def exchanges(points, tokens, workload, draws, seed):
    """Return dispatch (one byte an element) and combine (two) of a workload's layer at points: value, low, high, s.

    Points with more ranks than a layer's experts can be copied to are not asked.
    """
    shape = catalog.load("workloads").loc[workload]
    points = points[points.ranks <= COPIES * shape.experts]
    asked = points.assign(tokens=tokens, hidden=shape.hidden, experts=shape.experts, topk=shape.topk)
    parts = []
    for op, width in (("dispatch", 1), ("combine", 2)):
        part = asked.assign(op=op, bytes_per_element=width)
        parts.append(part.join(predict("all_to_all_time", part, seed=seed, draws=draws)[0]))
    return pd.concat(parts, ignore_index=True)


def speed_ups(exchanged):
    """Return how much faster each system is than BASE, or the first where that is missing, dispatch and combine."""
    total = exchanged.groupby("system", sort=False).value.sum()
    return total[BASE if BASE in total else total.index[0]] / total


def measured(systems, tokens):
    """Return the measured dispatches of one byte an element that the exchange's curves pass: system, ranks, value."""
    rows = catalog.chosen("network")
    rows = rows[(rows.op == "dispatch") & (rows.tokens == tokens) & (rows.bytes_per_element == 1)]
    return rows[rows.system.isin(systems) & (rows.ranks >= RANKS[0])]


def reductions(points, message, draws, seed):
    """Return an all-reduce of `message` bytes at points: value, low, high, s."""
    asked = points.assign(bytes=message)
    return asked.join(predict("all_reduce_time", asked, seed=seed, draws=draws)[0])


def layer_bounds(workload):
    """Return the published bound on a layer's exchange at two rates, worked again: rows ib and nvl.

    Columns rate (GB/s), layer_us, step_ms, and tokens, hidden, layers that go in. ib: a server's network; nvl: a rack's
    scale-up. Law: laws.exchange.layer_bound.
    """
    frame = _published(workload)
    layer, step = (exchange.layer_bound.evaluate(each.lhs, frame) for each in exchange.layer_bound.equations)
    found = frame[["tokens", "hidden", "layers"]].assign(rate=frame.scale_out_bandwidth / size("GB"))
    return found.assign(layer_us=layer / size("us"), step_ms=step / size("ms"))


def halving():
    """Return the domain at which the transfers between domains take half of the time without a domain."""
    time = two_tiers.two_tier.solve(symbols.outer_time)
    [found] = sp.solve(sp.Eq(time, time.subs(symbols.domain, 1) / 2), symbols.domain)
    return Equation(symbols.domain, sp.simplify(found))


def wire_rate(put):
    """Return what one rank sends in a second, B/s, while switches add, and the bus bandwidth that a benchmark prints.

    put: numbers of the all-reduce law by name, with what follows from them. Rows wire and bus.
    """
    time, ranks, message = put["all_reduce_time"], put["ranks"], put["message"]
    sent = message * (put["local_ranks"] + 1) / put["local_ranks"]
    return pd.Series({"wire": sent / time, "bus": 2 * (ranks - 1) / ranks * message / time})


def _published(workload):
    """Return what goes into the published bound, base units, at a server's network (ib) and a rack's scale-up (nvl)."""
    machines, shape = catalog.load("systems"), catalog.load("workloads").loc[workload]
    rates = [machines.scale_out_bandwidth["hgx-h800"], machines.scale_up_bandwidth["gb200-nvl72"]]
    frame = pd.DataFrame({"scale_out_bandwidth": rates}, index=["ib", "nvl"]).assign(
        bytes_per_element=1.0, tokens=TOKENS, hidden=HIDDEN, copies=shape.topk + shape.shared_experts
    )
    return frame.assign(layers=shape.layers)


def examples(ranks, tokens, workload, message, system=BASE):
    """Return the numbers that the chapter's example puts into its laws: {law: {name: number in base units}}.

    One dispatch of a workload's layer at one byte an element, and one all-reduce of `message` bytes, among `ranks` of a
    machine, server by server, as the predictions compute them.
    """
    shape, machine = catalog.load("workloads").loc[workload], catalog.load("systems").loc[system]
    asked = pd.DataFrame({"system": [system], "ranks": float(ranks), "tokens": float(tokens), "bytes": float(message)})
    asked = asked.assign(op="dispatch", bytes_per_element=1.0, **shape[["hidden", "experts", "topk"]])
    for _ in range(2):  # a second time, when what is fitted has been fitted
        with kept() as calls:
            predict("all_to_all_time", asked.drop(columns="bytes"), interval=False)
            reduced = predict("all_reduce_time", asked[["system", "ranks", "bytes"]], interval=False)[0].value[0]
    sent = columns_of(exchange.all_to_all, calls, symbols.all_to_all_time)
    added = columns_of(all_reduce.all_reduce, calls, symbols.all_reduce_time)
    two = {"ranks": float(ranks), "domain": min(machine.domain, ranks), "volume": sent["tokens"] * sent["hidden"]}
    two["volume"] *= sent["topk"]
    bus = {"ranks": float(ranks), "message": float(message)}
    bus["bus_bandwidth"] = 2 * (ranks - 1) / ranks * message / reduced
    places = {"destinations": 8.0, "experts": shape.experts, "topk": shape.topk}
    return {
        "two_tiers": example(two_tiers.two_tier, two | machine[NETWORKS[1:]].to_dict()),
        "exchange": sent,
        "all_reduce": added,
        "bus": bus,
        "routing": places | {"place_limit": shape.node_limit if pd.notna(shape.node_limit) else 4.0},
        "layer": _published(workload).loc["ib"].to_dict(),
    }


def servers(workload, seed, of=8):
    """Return how many of `of` servers a token visits: free (random experts), limited (by the gate), gate, node_limit.

    gate: simulated as the workload's gate chooses. A workload without a limit of its own has `free` alone.
    """
    shape = catalog.load("workloads").loc[workload]
    point = pd.DataFrame({"destinations": [float(of)], "experts": [shape.experts], "topk": [shape.topk]})
    found = {"free": exchange.random_routing.evaluate(exchange.distinct, point)[0]}
    if pd.notna(shape.node_limit):
        limited = point.assign(place_limit=shape.node_limit)
        found["limited"] = exchange.limited_routing.evaluate(exchange.distinct, limited)[0]
        chosen = int(shape.node_limit), int(shape.experts), int(shape.topk)
        found["gate"], _ = routing.simulate_gate(of, *chosen, tokens=20_000, seed=seed)
        found["node_limit"] = shape.node_limit
    return pd.Series(found)


def copies(workload, seed):
    """Return a token's copies inside and between servers of eight among sixty-four ranks: sampled, and by the law."""
    shape = catalog.load("workloads").loc[workload]
    group = {"ranks": 64, "local_ranks": 8, "package_ranks": 1}
    experts, topk = int(shape.experts), int(shape.topk)
    drawn = routing.simulate_copies(**group, experts=experts, topk=topk, tokens=64, seed=seed)
    (inner, _), (outer, _) = drawn
    one = pd.DataFrame([{**group, "tokens": 1, "copies": shape.topk, "outer_copies": shape.topk}]).astype(float)
    one = one.assign(hidden=1.0, bytes_per_element=1.0, scale_bytes=0.0)
    law = [exchange.all_to_all.evaluate(each, one)[0] for each in (symbols.inner_volume, symbols.outer_volume)]
    return pd.Series(
        {"ranks": group["ranks"], "inner": inner, "outer": outer, "law_inner": law[0], "law_outer": law[1]}
    )
