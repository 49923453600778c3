"""Expert parallelism's exchange: how many copies of a token travel, how far, and how long dispatch or combine takes."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    all_to_all_time,
    bytes_per_element,
    copies,
    crossings,
    destinations,
    distinct,
    domain_copies,
    experts,
    growth,
    handled_copies,
    hidden,
    inner_efficiency,
    inner_time,
    inner_volume,
    layer_exchange_time,
    layers,
    local_ranks,
    merging,
    outer_copies,
    outer_efficiency,
    outer_time,
    outer_volume,
    package_ranks,
    payload,
    place_limit,
    rank_copies,
    ranks,
    scale_bytes,
    scale_out_bandwidth,
    scale_out_latency,
    scale_up_bandwidth,
    start_time,
    startup,
    step_exchange_time,
    tokens,
    tokens_least,
    topk,
)

all_to_all = Model(
    equations=(
        Equation(payload, hidden * bytes_per_element + scale_bytes, "deepseek2024v3"),
        Equation(inner_volume, tokens * copies * payload * (local_ranks - package_ranks) / ranks),
        Equation(outer_volume, tokens * outer_copies * payload * (ranks - local_ranks) / ranks),
        Equation(
            inner_time,
            (inner_volume + tokens * payload * handled_copies) / (inner_efficiency * scale_up_bandwidth),
            "hockney1994",
        ),
        Equation(outer_time, outer_volume / (outer_efficiency * scale_out_bandwidth), "hockney1994"),
        Equation(start_time, startup * (ranks / 8) ** growth * (copies / topk) ** merging),
        Equation(
            all_to_all_time,
            start_time + crossings * scale_out_latency + sp.Max(inner_time, outer_time),
            "williams2009",
        ),
    ),
    assumptions=(
        "experts are spread evenly and the router loads them evenly: every rank gets the same share of the copies",
        "ranks are spread evenly over as few domains as hold them",
        "copies for the own package do not load the network",
        "a rank handles each of its tokens at the pace of its scale-up link, wherever its copies go",
        "both tiers transfer at the same time",
        "the start-up time grows with a power of the ranks, and falls where copies of a token are merged",
        (
            "a transfer that leaves the domain crosses the network twice in turn: the data, then the flag that "
            "announces them"
        ),
    ),
    valid=(sp.Ge(ranks, local_ranks), sp.Ge(local_ranks, package_ranks), sp.Gt(ranks, 1)),
)

# Kernels for many tokens: one copy of a token for each domain that it visits, passed on there to its ranks.
throughput = Model(
    equations=(
        all_to_all[payload],
        Equation(
            inner_time,
            tokens * payload * rank_copies * (1 - 1 / local_ranks) / (inner_efficiency * scale_up_bandwidth),
            "deepep2025",
        ),
        Equation(
            outer_time,
            tokens * payload * domain_copies * (1 - local_ranks / ranks) / (outer_efficiency * scale_out_bandwidth),
            "deepep2025",
        ),
        Equation(all_to_all_time, sp.Max(inner_time, outer_time), "williams2009"),
    ),
    assumptions=(
        "the router picks domains, then experts at random among those that live there",
        "a copy leaves its domain over the card of its own rank, and is passed on inside over the scale-up network",
        "both tiers transfer at the same time, and so many tokens hide the start-up time",
    ),
    valid=(sp.Ge(tokens, tokens_least), sp.Ge(ranks, local_ranks), sp.Gt(ranks, 1)),
)

# What of it grows with the bytes: the longer tier.
transfer = sp.Max(inner_time, outer_time)

# Between domains a software sends as many copies as inside, or one for each domain that holds experts of the token.
unmerged_copies = Equation(copies, topk, "deepep2025")  # one copy for each expert
merged_copies = Equation(copies, sp.Min(topk, ranks), "aiconfigurator2026")  # one for each rank, routing balanced

random_routing = Model(
    equations=(
        Equation(
            distinct,
            destinations * (1 - sp.binomial(experts - experts / destinations, topk) / sp.binomial(experts, topk)),
        ),
    ),
    assumptions=("each token visits k of E experts drawn at random without repetition", "experts are spread evenly"),
)

limited_routing = Model(
    equations=(
        Equation(
            distinct,
            place_limit
            * (
                1
                - sp.binomial(experts * place_limit / destinations * (1 - 1 / place_limit), topk)
                / sp.binomial(experts * place_limit / destinations, topk)
            ),
        ),
    ),
    assumptions=(
        "the router first picks M places, then k experts at random among those that live there",
        "experts are spread evenly",
    ),
    valid=(sp.Ge(destinations, place_limit),),
)

# The bound that DeepSeek gives: dispatch at one byte and combine at two, nine copies (eight routed, one shared) of a
# token, two microbatches in turn, no start-up time.
layer_bound = Model(
    equations=(
        Equation(
            layer_exchange_time,
            (bytes_per_element + 2 * bytes_per_element) * tokens * copies * hidden / scale_out_bandwidth,
            "deepseek2025insights",
        ),
        Equation(step_exchange_time, 2 * layers * layer_exchange_time, "deepseek2025insights"),
    ),
    assumptions=("combine sends twice the bytes of dispatch", "all copies cross the network", "latency is left out"),
)
