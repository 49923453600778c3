"""All-reduce: a ring, a reduction inside the switches, and the hierarchy of both over two tiers."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    all_reduce_time,
    bus_bandwidth,
    crossings,
    in_switch,
    inner_efficiency,
    inner_time,
    local_ranks,
    message,
    message_share,
    outer_efficiency,
    outer_time,
    parts,
    ranks,
    scale_out_bandwidth,
    scale_out_latency,
    scale_up_bandwidth,
    serial_share,
    servers,
    startup,
)

ring = Model(
    equations=(
        Equation(all_reduce_time, startup + 2 * (ranks - 1) / ranks * message / scale_out_bandwidth, "patarasuk2009"),
    ),
    assumptions=("each rank sends to one neighbour and receives from the other", "one tier of network"),
    valid=(sp.Ge(ranks, 1),),
)

all_reduce = Model(
    equations=(
        Equation(servers, ranks / local_ranks),
        Equation(
            inner_time,
            (in_switch * (local_ranks + 1) + 2 * (1 - in_switch) * (local_ranks - 1))
            / local_ranks
            * message
            / (message_share * inner_efficiency * scale_up_bandwidth),
            "klenk2020nvls",
        ),
        Equation(
            outer_time,
            2
            * (servers - 1)
            / servers
            * message
            / local_ranks
            / (message_share * outer_efficiency * scale_out_bandwidth),
            "patarasuk2009",
        ),
        Equation(crossings, 2 * sp.log(servers, 2), "thakur2005"),
        Equation(
            all_reduce_time,
            parts * startup
            + crossings * scale_out_latency
            + sp.Max(inner_time, outer_time)
            + serial_share * sp.Min(inner_time, outer_time),
            "thakur2005",
        ),
    ),
    assumptions=(
        "ranks are spread evenly over as few domains as hold them",
        "reduce-scatter inside the domain, all-reduce of each rank's part between domains, all-gather inside",
        "chunks flow through both tiers at the same time, but filling and draining the pipeline is not hidden",
        "where switches reduce, a rank sends its buffer once and receives the result and its part's operands once",
        "between domains: a ring's bytes with a tree's depth",
        "a large message is cut into a part for each rank of the domain, and each part costs its start-up time again",
    ),
    valid=(sp.Ge(ranks, local_ranks), sp.Gt(ranks, 1)),
)

# nccl-tests' convention: what a ring would have had to carry in the time that was measured.
bus = Model(
    equations=(Equation(all_reduce_time, 2 * (ranks - 1) / ranks * message / bus_bandwidth, "nccl2026issue267"),),
    assumptions=("a convention: above the wire rate where switches reduce",),
)
