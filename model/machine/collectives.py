"""From a system, a software and rows of operating conditions to the columns of the exchange and all-reduce laws."""

import numpy as np

from model.laws.all_reduce import (
    LARGE,
    SMALL,
    all_gather,
    all_reduce,
    reduce_scatter,
    ring_reduce,
    small_ring,
    small_tree,
)
from model.laws.exchange import all_to_all, merged_copies, random_routing, throughput, unmerged_copies
from model.notation.equation import compute
from model.notation.nomenclature import (
    all_gather_time,
    all_reduce_time,
    all_to_all_time,
    distinct,
    reduce_scatter_time,
)

TREE, RING = "tree_all_reduce_time", "ring_all_reduce_time"  # the two ways of large messages
SMALL_TREE = "small_tree_all_reduce_time"  # a way of small ones; SMALL itself is the ring
HALVES = ("all_gather_time", "reduce_scatter_time")


def all_to_all_columns(system, software, rows):
    """Return every column of the exchange law but the fitted constants.

    system, software: Facts. rows: mapping of arrays ranks, tokens, hidden, topk, bytes_per_element, for software that
    sends one copy for each domain (it has a place_limit) experts, and, where fewer copies travel between domains than
    inside, outer_copies.
    """
    ranks, dies = rows["ranks"], system("dies", 1)
    copies = merged_copies if software("merges_copies") else unmerged_copies
    uses_scale_up = software("uses_scale_up")
    local = local_ranks(ranks, system("domain") * dies) if uses_scale_up else np.ones_like(ranks)
    sent = alike(compute(copies.rhs, {"topk": rows["topk"], "ranks": ranks}))
    leaves = ranks > local
    columns = {
        "outer_copies": sent,
        **rows,
        **_fabric(system, dies, np.any(leaves)),
        "copies": sent,
        **widths(software, rows["hidden"], rows["bytes_per_element"]),
        "local_ranks": local,
        "package_ranks": np.minimum(dies, local),
        "crossings": np.where(leaves, 2.0, 0.0),
        # where a software does without them; fitted constants replace them
        **{"inner_efficiency": 1.0, "handled_copies": 0.0, "merging": 0.0, "growth": 0.0},
    }
    return {**columns, **_visits(software, columns)} if "place_limit" in software else columns


def widths(software, hidden, bytes_per_element):
    """Return the columns of what an element, and the scales of a token, take on the wire of a software."""
    scale_bytes = software("scale_bytes", 0.0) * hidden / software("scale_block", 1.0)
    return {"bytes_per_element": bytes_per_element, "scale_bytes": np.where(bytes_per_element < 2, scale_bytes, 0.0)}


def alike(column):
    """Return a column that is the same in all rows as an array of one number: a law broadcasts it."""
    if np.ndim(column) != 1 or np.size(column) == 1:
        return column
    return column[:1] if np.all(column == column[0]) else column


def _visits(software, columns):
    """Return ranks and domains that a token visits where a copy goes to each domain first, and the fewest tokens."""
    if "experts" not in columns:
        raise ValueError(
            f"{software.name} sends a copy for each domain that a token visits: give the number of experts"
        )
    domains = columns["ranks"] / columns["local_ranks"]
    places = np.minimum(domains, software("place_limit"))
    living = columns["experts"] * places / domains  # experts in the domains that the router lets a token visit
    visits = random_routing.solve(distinct)
    routing = {"experts": living, "topk": columns["topk"]}
    return {
        "rank_copies": compute(visits, {**routing, "destinations": places * columns["local_ranks"]}),
        "domain_copies": compute(visits, {**routing, "destinations": places}),
        "tokens_least": software("tokens_least"),
    }


def prepare_time(software):
    """Return the time, s, of what a software runs once before each dispatch and its rows of dispatch leave out."""
    return software("exchange_prepare_time", 0.0)


def all_reduce_columns(system, software, rows):
    """Return every column of the all-reduce laws but the fitted constants; rows: mapping of arrays ranks, bytes."""
    ranks = rows["ranks"]
    local = local_ranks(ranks, system("domain"))
    least = software("group_least") if switches_reduce(system, software) else np.inf  # only trees take smaller groups
    return {
        **_fabric(system, 1, np.any(ranks > np.minimum(local, least))),
        "ranks": ranks,
        "message": rows["bytes"],
        "local_ranks": local,
        "uplink": uplink(local, software),
        "ring_hop": software("ring_hop"),
        "tree_hop": software("tree_hop"),
        "message_share": software("message_share"),
        "switch_efficiency": system("switch_efficiency") if switches_reduce(system, software) else 0.0,
        **({"flag_hop": software("flag_hop")} if "flag_hop" in software else {}),  # none where rings alone run
    }


def switches_reduce(system, software):
    """Tell whether the switches of a system reduce, and the software has them do so."""
    return bool(np.all(software("reduces_in_switch") * system("in_switch_reduction", 0.0)))


def uplink(local, software):
    """Return the devices of a domain whose cards one all-reduce drives: between the least that do and all."""
    least = np.minimum(local, software("uplink_least"))
    return least * (local / least) ** software("uplink_share")


def local_ranks(ranks, domain):
    """Return the ranks that share a domain: spread evenly over as few domains (sizes in ranks) as hold them."""
    return ranks / np.ceil(ranks / domain)


def groupings(ranks, domain, least):
    """Yield the ranks of a group, largest first: as few groups as domains hold the ranks, then each power of two more.

    An all-reduce may take smaller groups than a domain would allow, down to the size `least` up to which domains were
    measured as one group, so that a domain larger than any measured one is not slower than those.
    """
    groups = np.ceil(ranks / domain)
    most = np.ceil(ranks / np.minimum(domain, least))
    yield ranks / groups
    while np.any(groups < most):
        groups = np.minimum(np.exp2(np.floor(np.log2(groups)) + 1), most)
        yield ranks / groups


def _fabric(system, dies, crosses):
    """Return both bandwidths of one rank, and what transfers reach of the outer one where no fit says so.

    Where nothing crosses domains the scale-out network need not be known: its columns then multiply zero bytes.
    """
    inner = {"scale_up_bandwidth": system("scale_up_bandwidth") / dies}
    if not crosses:
        return {**inner, "scale_out_bandwidth": 1.0, "scale_out_latency": 0.0, "outer_efficiency": 1.0}
    scale_out = system("scale_out_bandwidth")
    return {
        **inner,
        "scale_out_bandwidth": scale_out / dies,
        "scale_out_latency": system("scale_out_latency"),
        "outer_efficiency": system("scale_out_achievable", scale_out) / scale_out,
    }


OPERATIONS = {  # quantity: (law, its left-hand side, what makes the columns)
    "all_to_all_time": (all_to_all, all_to_all_time, all_to_all_columns),
    TREE: (all_reduce, all_reduce_time, all_reduce_columns),
    RING: (ring_reduce, all_reduce_time, all_reduce_columns),
    SMALL: (small_ring, all_reduce_time, all_reduce_columns),
    SMALL_TREE: (small_tree, all_reduce_time, all_reduce_columns),
    "all_gather_time": (all_gather, all_gather_time, all_reduce_columns),
    "reduce_scatter_time": (reduce_scatter, reduce_scatter_time, all_reduce_columns),
}


def time(quantity, columns, constants, law=None):
    """Return the time of an operation, in s, from its columns and a mapping of fitted constants; as in `times`."""
    return times(quantity, columns, constants, (OPERATIONS[quantity][1],), law)[0]


def times(quantity, columns, constants, targets, law=None):
    """Return targets of the law of an operation, symbols or expressions, from columns and fitted constants.

    The names decide: constants given replace columns of the same name, and copies for domains ask for the law of many
    tokens. law: a variant in place of the chosen one. Checks the law's region of validity.
    """
    law = law or (throughput if "domain_copies" in columns else OPERATIONS[quantity][0])
    columns = {**columns, **constants}
    for condition in law.valid:
        if not np.all(compute(condition, columns)):
            raise ValueError(f"{quantity}: {condition} fails")
    return tuple(compute(law.solve(target), columns) for target in targets)


def large_reduces(system, software, columns):
    """Yield (way, columns) of a large all-reduce: the ring, and trees over groups where switches reduce."""
    yield RING, columns
    if switches_reduce(system, software):
        for local in groupings(columns["ranks"], system("domain"), software("group_least")):
            yield TREE, {**columns, "local_ranks": local, "uplink": uplink(local, software)}


def small_reduces(columns):
    """Yield (way, columns) of a small all-reduce: the ring, and a tree where the software builds one for them."""
    yield SMALL, columns
    if "flag_hop" in columns:
        yield SMALL_TREE, columns


def fastest(ways, constants):
    """Return the time, s, of the fastest of (way, columns) of an all-reduce under a mapping of fitted constants."""
    times = (time(way, own, constants) for way, own in ways)
    found = next(times)
    for each in times:
        found = np.minimum(found, each)
    return found


def large_reduce_time(system, software, columns, constants):
    """Return the time of a large all-reduce, s, by the fastest of its ways."""
    return fastest(large_reduces(system, software, columns), constants)


def reduce_times(scenario, software, rows, startup=None):
    """Return the times of an all-reduce, s, by the protocols LARGE and SMALL; the faster one is what runs.

    Between domains some clusters run a ring where a tree is faster, below a size: in half of the draws this one does.
    software: Facts; rows: mapping of arrays ranks, bytes; startup: of small messages, s, in place of the fitted one.
    """
    columns = all_reduce_columns(scenario.system, software, rows)
    larger = scenario.constants(LARGE, software.name, "all_reduce")
    smaller = scenario.constants(SMALL, software.name, "all_reduce")
    if startup is not None:
        smaller = {**smaller, "startup": startup}
    large = large_reduce_time(scenario.system, software, columns, larger)
    small = fastest(small_reduces(columns), smaller)
    crosses = columns["ranks"] > columns["local_ranks"]
    if scenario.sampler and np.any(crosses):
        rings = crosses & (scenario.sampler.unit("ring between domains") < 0.5)
        slower = {**columns, "outer_efficiency": columns["outer_efficiency"] * software("ring_reach")}
        taken = rings & (columns["message"] < software("ring_below"))
        large = np.where(taken, time(RING, slower, larger), large)
        small = np.where(rings, time(SMALL, columns, smaller), small)
    yield large
    yield small
