"""The study's laws written by hand in numpy, with the numbers given as plain floats: as fast as numpy lets them be.

A second derivation, too: tests/test_bench.py compares each with the study's own prediction.
"""

import numpy as np
from scipy.special import lambertw
from scipy.stats import poisson


def all_to_all_time(c, ranks, tokens, hidden, topk, bytes_per_element, **_):
    """Return the time of one dispatch or combine, s; ranks are dies."""
    local = ranks / np.ceil(ranks / (c.domain * c.dies)) if c.uses_scale_up else 1.0
    copies = np.minimum(topk, ranks) if c.merges_copies else topk
    payload = hidden * bytes_per_element + np.where(bytes_per_element < 2, hidden * (c.scale_bytes / c.scale_block), 0)
    sent = tokens * payload
    wire = copies / ranks * (local - np.minimum(c.dies, local))
    inner = sent * (wire + c.handled_copies) * (c.dies / (c.inner_efficiency * c.scale_up))
    outer = sent * (copies / ranks) * (ranks - local) * (c.dies / (c.outer_efficiency * c.scale_out))
    start = c.startup * np.exp(c.growth * np.log(ranks / 8)) * (copies / topk) ** c.merging
    return start + np.where(ranks > local, 2 * c.latency, 0) + np.maximum(inner, outer)


def all_reduce_time(c, ranks, bytes, **_):
    """Return the time of one all-reduce, s: small messages, a ring, or switches that reduce with a tree between."""
    local = ranks / np.ceil(ranks / c.domain)
    far = ranks - local
    outside = np.where(far > 0, 1 / c.scale_out, 0)
    ring = 2 * bytes * (ranks - 1) / ranks
    small = ring / c.message_share * np.maximum(1 / (c.ring_efficiency * c.scale_up), outside / local)
    small = small + c.small_startup + 2 * c.ring_hop * far
    cards = outside / (c.outer_efficiency * drive(c, local))
    large = c.startup / 8 * local + 2 * c.ring_hop * far
    large = large + ring * np.maximum(1 / (c.ring_efficiency * c.scale_up), cards)
    if c.in_switch:
        large = np.minimum(large, by_tree(c, ranks, bytes, local))
    return np.minimum(small, large)


def all_gather_time(c, ranks, bytes, **_):
    """Return the time of one all-gather of large buffers, s: half of a ring's all-reduce."""
    local = ranks / np.ceil(ranks / c.domain)
    far = ranks - local
    cards = np.where(far > 0, 1 / (c.scale_out * c.outer_efficiency * drive(c, local)), 0)
    sent = bytes * (ranks - 1) / ranks * np.maximum(1 / (c.ring_efficiency * c.scale_up), cards)
    return c.startup / 16 * local + c.ring_hop * far + sent


reduce_scatter_time = all_gather_time  # as many steps and bytes


def drive(c, local):
    """Return how many cards of a domain one all-reduce drives."""
    least = np.minimum(local, c.uplink_least)
    return least ** (1 - c.uplink_share) * local**c.uplink_share


def by_tree(c, ranks, bytes, local):
    """Return the time by switches inside domains of at most a rack and two trees between them, s."""
    domains = ranks / local
    often = np.where(domains < 2, 0.0, np.where(domains > 4, 2.0, domains / 2))
    inner = (1 + 1 / local) * (local / 8) ** c.waiting / (c.switch_share * c.switch_efficiency * c.scale_up)
    outer = often / (drive(c, local) * c.outer_efficiency * c.scale_out)
    return c.startup / 8 * local + 2 * c.tree_hop * np.log2(domains) + bytes * np.maximum(inner, outer)


def job_mtbf(c, devices, failure_rate, **_):
    """Return the mean time between interruptions, s."""
    return 1 / (devices * failure_rate)


def effective_training_share(c, devices, failure_rate, checkpoint_write, downtime, reload, **_):
    """Return useful over wall-clock time at the best interval."""
    mtbf = 1 / (devices * failure_rate)
    work = mtbf * (1 + lambertw(-np.exp(-1 - checkpoint_write / mtbf)).real)
    work = np.fmax(work, 1e-6 * mtbf)
    return work / (np.exp(reload / mtbf) * (mtbf + downtime) * (np.exp((work + checkpoint_write) / mtbf) - 1))


def spare_devices(c, devices, failure_rate, withdrawn, repair, confidence, **_):
    """Return the devices to keep in reserve."""
    return withdrawn * poisson.ppf(confidence, devices * failure_rate * repair)


def whole_domain_share(c, domain, unavailability, **_):
    """Return the share of time in which every device of a domain works; its fabric always does."""
    return (1 - unavailability) ** domain


def moe_idle_share(c, ranks, batch, context, **_):
    """Return the share of a decode step, without overlap, in which compute units wait."""
    busy, exchange = halves(c, ranks, batch, context, 1.0, 1.0)
    fair, _ = halves(c, ranks, batch, context, 1.0, 1.0, balanced=True)
    return 1 - (1 - (exchange + busy - fair) / (busy + exchange))


def decode_throughput(c, ranks, batch, context, **_):
    """Return tokens per second and device, the better of one batch and two overlapped ones."""
    return batch / np.minimum(*(step_time(c, ranks, batch, context, overlap) for overlap in (False, True)))


def step_time(c, ranks, batch, context, overlap, tensor=1):
    """Return the time of a decode step, s."""
    busy, exchange = halves(c, ranks, batch, context, tensor, 0.5 if overlap else 1.0)
    if not overlap:
        return busy + exchange
    slowed = c.overlap_slowdown * exchange
    return 2 * (np.maximum(busy, slowed) + c.exposed_share * np.minimum(busy, slowed))


def halves(c, ranks, batch, context, tensor, share, balanced=False):
    """Return (compute time, exchange time), s, of a share of a decode step; without exchanges where it is balanced."""
    requests = batch * share
    split = (tensor > 1) & (tensor == ranks)
    used = c.topk / c.experts
    if balanced:
        load = skew = 1.0
    else:
        load = np.where(split, 1.0, 1 + np.sqrt(2 * np.log(ranks) * (1 - used) / (requests * c.topk)))
        skew = np.where((ranks > 1) & ~split & (share == 1), c.skew, 1.0)
    routed = c.moe_layers * c.expert_parameters
    dense = np.maximum(
        requests * (2 * (c.active_parameters - routed * c.topk) / c.peak),
        (c.total_parameters - routed * c.experts) * c.weight_bytes / tensor / c.memory_bandwidth,
    )
    touched = 1 - (1 - used) ** (requests * ranks)
    experts = np.maximum(
        load * requests * (2 * routed * c.topk / c.peak),
        np.maximum(c.experts / ranks, c.dies) * touched * (routed * c.weight_bytes / c.memory_bandwidth),
    )
    attention = (
        context
        * requests
        * np.maximum(
            c.layers * c.attention_flop / c.peak_bf16, c.kv_elements * c.kv_bytes * tensor / c.memory_bandwidth
        )
    )
    busy = (dense + skew * (experts + attention)) / c.efficiency + c.layers * c.layer_overhead
    if balanced:
        return busy, None
    sums = sum_up(c, tensor, requests) if tensor > 1 else 0.0
    dies = np.maximum(ranks * c.dies, 2)
    sent = sum(all_to_all_time(way, dies, requests / c.dies, **way.message) for way in (c.dispatch, c.combine))
    sent = sent + c.dispatch.prepare
    sent = np.where(split, sums, np.where(ranks * c.dies > 1, sent, 0.0))
    return busy, c.moe_layers * sent + c.layers * sums


def sum_up(c, tensor, requests):
    """Return the time in which a tensor group adds up the activations of one layer, s."""
    return all_reduce_time(c.reduce, tensor, requests * tensor * (c.hidden * c.combine_bytes))


def decode_frontier(c, speed, context, **_):
    """Return the best tokens per second and device at each speed, 0 out of reach; rows of one context."""
    allowed, best = 1 / speed, np.zeros(len(speed))
    for ranks, tensor in layouts(c):
        held = (c.total_parameters - c.moe_layers * c.experts * c.expert_parameters) / tensor
        held += c.moe_layers * max(c.experts / ranks, c.dies) * c.expert_parameters
        free = c.memory_usable * c.memory_capacity - held * c.weight_bytes
        most = free / (c.kv_elements * c.kv_bytes * context[0] * tensor)
        if most < 1 / tensor:
            continue
        batches = np.geomspace(1 / tensor, most, 24)
        for overlap in (False, True):
            times = step_time(c, ranks, batches, context[0], overlap, tensor)
            passed = (times[:, None] <= allowed).sum(axis=0)
            below = np.clip(passed - 1, 0, 23)
            above = np.minimum(below + 1, 23)
            low, high, shortest, longest = batches[below], batches[above], times[below], times[above]
            for _ in range(3):
                with np.errstate(divide="ignore", invalid="ignore"):
                    share = np.nan_to_num((allowed - shortest) / (longest - shortest))
                batch = low + (high - low) * np.clip(share, 0, 1)
                time = step_time(c, ranks, batch, context[0], overlap, tensor)
                fast = time <= allowed
                low, shortest = np.where(fast, batch, low), np.where(fast, time, shortest)
                high, longest = np.where(fast, high, batch), np.where(fast, longest, time)
            best = np.maximum(best, np.where(passed > 0, low / shortest, 0.0))
    return best


def layouts(c):
    """Yield (ranks, devices of a tensor group) of every layout that is tried."""
    sizes = sorted({m * 2**i for m in (1, 3, 5, 9) for i in range(12) if m * 2**i <= 1.25 * c.experts / c.dies})
    for ranks in sizes:
        for tensor in (2**i for i in range(12)):
            if tensor <= min(c.expert_hidden / c.scale_block, c.domain) and ranks % tensor == 0:
                yield ranks, tensor
