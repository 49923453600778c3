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
    volume = tokens * copies * payload / ranks
    inner = volume * (local - np.minimum(c.dies, local)) * (c.dies / (c.inner_efficiency * c.scale_up))
    outer = volume * (ranks - local) * (c.dies / (c.outer_efficiency * c.scale_out))
    return c.startup + np.where(ranks > local, 2 * c.latency, 0) + np.maximum(inner, outer)


def all_reduce_time(c, ranks, bytes, **_):
    """Return the time of one all-reduce, s, by the faster of two protocols."""
    local = ranks / np.ceil(ranks / c.domain)
    ring = bytes * (2 / local * (local - 1))
    switch = bytes * ((local + 1) / local)
    return np.minimum(
        one_protocol(c, c.large, ranks, bytes, local, c.in_switch * switch + (1 - c.in_switch) * ring, local, 1.0),
        one_protocol(c, c.small, ranks, bytes, local, ring, 1.0, c.message_share),
    )


def one_protocol(c, fit, ranks, message, local, sent, parts, share):
    """Return the time of an all-reduce whose ranks send that many bytes inside the domain, in parts, beside flags."""
    servers = ranks / local
    inner = sent / (share * fit.inner_efficiency * c.scale_up)
    outer = 2 * (servers - 1) / servers * message / local / (share * fit.outer_efficiency * c.scale_out)
    crossing = 2 * np.log2(servers) * c.latency
    return parts * fit.startup + crossing + np.maximum(inner, outer) + c.serial_share * np.minimum(inner, outer)


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
