"""Expert parallelism's exchange: how many copies of a token travel, how far, and how long dispatch or combine takes."""

import numpy as np
import sympy as sp

from model.equation import Equation, Model
from model.nomenclature import (
    all_to_all_time,
    bytes_per_element,
    copies,
    crossings,
    destinations,
    distinct,
    experts,
    hidden,
    inner_efficiency,
    inner_time,
    inner_volume,
    layer_exchange_time,
    layers,
    local_ranks,
    outer_copies,
    outer_efficiency,
    outer_time,
    outer_volume,
    package_ranks,
    payload,
    place_limit,
    ranks,
    scale_bytes,
    scale_out_bandwidth,
    scale_out_latency,
    scale_up_bandwidth,
    startup,
    step_exchange_time,
    tokens,
    topk,
)

all_to_all = Model(
    equations=(
        Equation(payload, hidden * bytes_per_element + scale_bytes, "deepseek2024v3"),
        Equation(inner_volume, tokens * copies * payload * (local_ranks - package_ranks) / ranks),
        Equation(outer_volume, tokens * outer_copies * payload * (ranks - local_ranks) / ranks),
        Equation(inner_time, inner_volume / (inner_efficiency * scale_up_bandwidth), "hockney1994"),
        Equation(outer_time, outer_volume / (outer_efficiency * scale_out_bandwidth), "hockney1994"),
        Equation(
            all_to_all_time, startup + crossings * scale_out_latency + sp.Max(inner_time, outer_time), "williams2009"
        ),
    ),
    assumptions=(
        "experts are spread evenly and the router loads them evenly: every rank gets the same share of the copies",
        "ranks are spread evenly over as few domains as hold them",
        "copies for the own package do not load the network",
        "both tiers transfer at the same time",
        "the start-up time does not grow with the number of ranks",
        (
            "a transfer that leaves the domain crosses the network twice in turn: the data, then the flag that "
            "announces them"
        ),
    ),
    valid=(sp.Ge(ranks, local_ranks), sp.Ge(local_ranks, package_ranks), sp.Gt(ranks, 1)),
)

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


def simulate_copies(ranks, local_ranks, package_ranks, experts, topk, tokens, seed, merged=False):
    """Return ((inner, standard error), (outer, standard error)): copies per token that leave a rank, sampled.

    A second derivation of inner_volume and outer_volume: each rank draws topk experts for each of its tokens at random
    without repetition, experts are spread evenly over ranks (which must divide them), and copies are counted by where
    they go; merged: one copy for each rank, however many of the token's experts live there.
    """
    if experts % ranks:
        raise ValueError(f"{ranks} ranks do not divide {experts} experts: choose a divisor")
    rng = np.random.default_rng(seed)
    sender = np.repeat(np.arange(ranks), tokens)
    chosen = np.argpartition(rng.random((ranks * tokens, experts)), topk - 1, axis=1)[:, :topk] // (experts // ranks)
    visits = np.zeros((ranks * tokens, ranks), dtype=int)
    np.add.at(visits, (np.arange(ranks * tokens)[:, None], chosen), 1)
    visits = np.minimum(visits, 1) if merged else visits
    place = np.arange(ranks)
    same_domain = place // local_ranks == (sender // local_ranks)[:, None]
    same_package = place // package_ranks == (sender // package_ranks)[:, None]
    counts = (visits * (same_domain & ~same_package)).sum(axis=1), (visits * ~same_domain).sum(axis=1)
    return tuple((each.mean(), each.std(ddof=1) / np.sqrt(len(each))) for each in counts)


def simulate_gate(servers, place_limit, experts, topk, tokens, seed):
    """Return (mean servers visited, its standard error) by a gate that limits servers and picks them by their scores.

    Scores are random and equally likely for every expert. The gate keeps the place_limit servers whose topk/place_limit
    best experts have the largest sum, then the topk best experts among them. limited_routing is the same with servers
    picked at random, and visits fewer. Source: deepseek2024v3, section 2.1.2.
    """
    rng = np.random.default_rng(seed)
    scores = rng.random((tokens, servers, experts // servers))
    best = np.sort(scores, axis=2)[:, :, -(topk // place_limit) :].sum(axis=2)
    kept = np.argsort(best, axis=1)[:, -place_limit:]
    masked = np.zeros_like(scores)
    np.put_along_axis(masked, kept[:, :, None], np.take_along_axis(scores, kept[:, :, None], axis=1), axis=1)
    chosen = np.argsort(masked.reshape(tokens, -1), axis=1)[:, -topk:] // (experts // servers)
    visited = np.array([len(set(row)) for row in chosen.tolist()])
    return visited.mean(), visited.std(ddof=1) / np.sqrt(tokens)
