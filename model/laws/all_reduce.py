"""All-reduce: reduction in switches with a tree between domains, a ring over all ranks, both for small ones; halves."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    all_gather_time,
    all_reduce_time,
    bus_bandwidth,
    flag_hop,
    inner_time,
    local_ranks,
    message,
    message_share,
    outer_efficiency,
    outer_time,
    ranks,
    reduce_scatter_time,
    ring_efficiency,
    ring_hop,
    scale_out_bandwidth,
    scale_up_bandwidth,
    servers,
    startup,
    switch_efficiency,
    switch_share,
    tree_crossings,
    tree_hop,
    uplink,
    waiting,
)

LARGE, SMALL = "all_reduce_time", "small_all_reduce_time"  # names of the two protocols of an all-reduce

_sent = (ranks - 1) / ranks * message  # bytes of one way around a ring; an all-reduce goes around twice

ring = Model(
    equations=(Equation(all_reduce_time, startup + 2 * _sent / scale_out_bandwidth, "patarasuk2009"),),
    assumptions=("each rank sends to one neighbour and receives from the other", "one tier of network"),
    valid=(sp.Ge(ranks, 1),),
)

REGION = (sp.Ge(ranks, local_ranks), sp.Gt(ranks, 1))
_start = startup * local_ranks / 8  # a part of the message for each rank of a domain
_leaves = sp.Min(servers - 1, 1)  # nothing leaves a single domain
_two_trees = sp.Min(servers - 1, servers / 2, 2)  # sends of the busiest domain where each tree carries a half

all_reduce = Model(
    equations=(
        Equation(servers, ranks / local_ranks),
        Equation(tree_crossings, _two_trees, "derived"),
        Equation(
            inner_time,
            (local_ranks + 1)
            / local_ranks
            * (local_ranks / 8) ** waiting
            * message
            / (switch_share * switch_efficiency * scale_up_bandwidth),
            "klenk2020nvls",
        ),
        Equation(outer_time, tree_crossings * message / (uplink * outer_efficiency * scale_out_bandwidth), "derived"),
        Equation(
            all_reduce_time,
            _start + 2 * sp.log(servers, 2) * tree_hop + sp.Max(inner_time, outer_time),
            "nccl2026tuning",
        ),
    ),
    assumptions=(
        "ranks are spread evenly over domains, as many as make it fastest",
        "where switches reduce, a rank sends its buffer once and receives the result and its part's operands once",
        "two trees between domains carry half of the buffer each, so that no domain is a leaf of both",
        "chunks flow through both tiers at the same time",
        "a message is cut into a part for each rank of the domain, and each part costs its share of the start-up time",
    ),
    valid=REGION,
)

ring_reduce = Model(
    equations=(
        Equation(servers, ranks / local_ranks),
        Equation(
            inner_time,
            2 * _sent / (ring_efficiency * scale_up_bandwidth),
            "patarasuk2009",
        ),
        Equation(
            outer_time,
            _leaves * 2 * _sent / (uplink * outer_efficiency * scale_out_bandwidth),
            "patarasuk2009",
        ),
        Equation(
            all_reduce_time,
            _start + 2 * (ranks - local_ranks) * ring_hop + sp.Max(inner_time, outer_time),
            "nccl2026tuning",
        ),
    ),
    assumptions=(
        "rings run through all ranks, domain by domain, and leave a domain over several cards at once",
        "steps inside the first domain belong to the start-up time",
        "chunks flow through both tiers at the same time",
    ),
    valid=REGION,
)


def _flagged(leaving, hops, shape, *counted):
    """Return the law of a small all-reduce, in which `leaving` bytes leave a domain and `hops` is their latency."""
    return Model(
        equations=(
            Equation(servers, ranks / local_ranks),
            *counted,
            Equation(inner_time, 2 * _sent / (message_share * ring_efficiency * scale_up_bandwidth), "nccl2026tuning"),
            Equation(
                outer_time,
                leaving / (message_share * uplink * outer_efficiency * scale_out_bandwidth),
                "nccl2026tuning",
            ),
            Equation(all_reduce_time, startup + hops + sp.Max(inner_time, outer_time), "nccl2026tuning"),
        ),
        assumptions=(
            "a flag beside each word tells that it has arrived, so no step waits for another signal",
            "the message is not cut into parts: one start-up time, which holds the steps inside the first domain",
            shape,
        ),
        valid=REGION,
    )


small_ring = _flagged(
    _leaves * 2 * _sent,
    2 * (ranks - local_ranks) * ring_hop,
    "a ring runs through all ranks, domain by domain",
)
small_tree = _flagged(
    tree_crossings * message,
    2 * sp.log(servers, 2) * flag_hop,
    "sums go up a tree over domains and the result comes down",
    Equation(tree_crossings, _two_trees, "derived"),
)


def _half(target):
    """Return the law of one half of a ring's all-reduce: reduce-scatter, or all-gather."""
    return Model(
        equations=(
            Equation(servers, ranks / local_ranks),
            Equation(inner_time, _sent / (ring_efficiency * scale_up_bandwidth), "patarasuk2009"),
            Equation(outer_time, _leaves * _sent / (uplink * outer_efficiency * scale_out_bandwidth), "patarasuk2009"),
            Equation(
                target, _start / 2 + (ranks - local_ranks) * ring_hop + sp.Max(inner_time, outer_time), "patarasuk2009"
            ),
        ),
        assumptions=("half of the steps and of the bytes of a ring's all-reduce; the message is the whole buffer",),
        valid=REGION,
    )


reduce_scatter, all_gather = _half(reduce_scatter_time), _half(all_gather_time)

# nccl-tests' convention: what a ring would have had to carry in the time that was measured.
bus = Model(
    equations=(
        Equation(all_reduce_time, 2 * _sent / bus_bandwidth, "nccl2026issue267"),
        Equation(all_gather_time, _sent / bus_bandwidth, "nccl2026issue267"),
        Equation(reduce_scatter_time, _sent / bus_bandwidth, "nccl2026issue267"),
    ),
    assumptions=("a convention: above the wire rate where switches reduce",),
)
