"""Routing of tokens to experts, sampled: how many copies travel, how far, and how unevenly they load."""

import numpy as np


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


def simulate_load_ratio(ranks, experts, topk, tokens_per_rank, trials, seed):
    """Return (mean of busiest over mean load, its standard error) from random routing, k of E without repetition.

    Experts are spread evenly over ranks, which must divide them. A second derivation of balls_in_bins.
    """
    if experts % ranks:
        raise ValueError(f"{ranks} ranks do not divide {experts} experts: choose a divisor")
    rng = np.random.default_rng(seed)
    total = ranks * tokens_per_rank
    ratios = np.empty(trials)
    for trial in range(trials):
        choice = np.argpartition(rng.random((total, experts), dtype=np.float32), topk - 1, axis=1)[:, :topk]
        loads = np.bincount((choice // (experts // ranks)).ravel(), minlength=ranks)
        ratios[trial] = loads.max() / loads.mean()
    return ratios.mean(), ratios.std(ddof=1) / np.sqrt(trials)


def simulate_read_experts(ranks, experts, topk, tokens, trials, seed):
    """Return (mean of the most experts that a rank reads, its standard error): tokens of a group draw k of E at random.

    Experts are spread evenly over ranks, which must divide them; a rank reads each of its experts that some token
    visits once. A second derivation of read_experts, for the rank on which most of them are visited.
    """
    if experts % ranks:
        raise ValueError(f"{ranks} ranks do not divide {experts} experts: choose a divisor")
    rng = np.random.default_rng(seed)
    most = np.empty(trials)
    for trial in range(trials):
        choice = np.argpartition(rng.random((tokens, experts), dtype=np.float32), topk - 1, axis=1)[:, :topk]
        read = np.zeros(experts, dtype=bool)
        read[choice.ravel()] = True
        most[trial] = read.reshape(ranks, -1).sum(axis=1).max()
    return most.mean(), most.std(ddof=1) / np.sqrt(trials)
