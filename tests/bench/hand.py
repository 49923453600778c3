"""The study's laws written by hand in numpy, with the numbers given as plain floats: as fast as numpy lets them be.

A second derivation, too: tests/test_bench.py compares each with the study's own prediction.
"""

from functools import partial

import hand_training
import numpy as np
from scipy.special import binom, lambertw
from scipy.stats import poisson

training_throughput = hand_training.training_throughput


def all_to_all_time(c, ranks, tokens, hidden, topk, bytes_per_element, startless=False, visits=None, **_):
    """Return the time of one dispatch or combine, s; ranks are dies; visits: copies that leave, where fewer do."""
    local = ranks / np.ceil(ranks / (c.domain * c.dies)) if c.uses_scale_up else 1.0
    copies = np.minimum(topk, ranks) if c.merges_copies else topk
    payload = hidden * bytes_per_element + np.where(bytes_per_element < 2, hidden * (c.scale_bytes / c.scale_block), 0)
    sent = tokens * payload
    wire = copies / ranks * (local - np.minimum(c.dies, local))
    inner = sent * (wire + c.handled_copies) * (c.dies / (c.inner_efficiency * c.scale_up))
    leaving = copies if visits is None else visits
    outer = sent * (leaving / ranks) * (ranks - local) * (c.dies / (c.outer_efficiency * c.scale_out))
    moved = np.maximum(inner, outer)
    if startless:
        return moved
    start = c.startup * np.exp(c.growth * np.log(ranks / 8)) * (copies / topk) ** c.merging
    return start + np.where(ranks > local, 2 * c.latency, 0) + moved


def all_reduce_time(c, ranks, bytes, **_):
    """Return the time of one all-reduce, s: small messages, a ring, or switches that reduce with a tree between."""
    local = ranks / np.ceil(ranks / c.domain)
    far = ranks - local
    ring = 2 * bytes * (ranks - 1) / ranks
    cards = np.where(far > 0, 1 / (c.scale_out * c.outer_efficiency * drive(c, local)), 0)
    flags = np.maximum(ring / (c.ring_efficiency * c.scale_up), ring * cards) / c.message_share + 2 * c.ring_hop * far
    domains = ranks / local
    tree = np.maximum(ring / (c.ring_efficiency * c.scale_up), bytes * crossed(domains) * cards) / c.message_share
    small = c.small_startup + np.minimum(flags, tree + 2 * c.flag_hop * np.log2(domains))
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


def crossed(domains):
    """Return how often the busiest domain of two trees sends the whole buffer."""
    return np.where(domains < 2, 0.0, np.where(domains > 4, 2.0, domains / 2))


def by_tree(c, ranks, bytes, local):
    """Return the time by switches inside domains of at most a rack and two trees between them, s."""
    domains = ranks / local
    inner = (1 + 1 / local) * (local / 8) ** c.waiting / (c.switch_share * c.switch_efficiency * c.scale_up)
    outer = crossed(domains) / (drive(c, local) * c.outer_efficiency * c.scale_out)
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
    busy, sums, (starts, transfers) = decode_parts(c, ranks, batch, context, c.skew)
    fair, *_ = decode_parts(c, ranks, batch, context, 0.0)
    time = busy + sums + c.moe_layers * (starts + transfers)
    return (time - fair) / time


def decode_throughput(c, ranks, batch, context, **_):
    """Return tokens per second and device, two overlapped batches where they leave the domain and are faster."""
    time, across = serial(c, ranks, batch, context), ranks > c.domain
    time[across] = np.minimum(time[across], overlapped(c, ranks[across], batch[across], context[across]))
    return batch / time


def serial(c, ranks, batch, context, tensor=1.0, spread=None, drafts=0.0):
    """Return the time of a decode step of one batch, s."""
    busy, sums, (starts, transfers) = decode_parts(c, ranks, batch, context, c.skew, tensor, spread, drafts)
    return busy + sums + (c.moe_layers + drafts) * (starts + transfers)


def overlapped(c, ranks, batch, context, tensor=1.0, spread=None, drafts=0.0):
    """Return the time of a decode step of two microbatches in turn, s."""
    busy, sums, (starts, transfers) = decode_parts(c, ranks, batch / 2, context, c.skew, tensor, spread, drafts)
    computing = (1 + c.compute_slowdown) * (busy + sums)
    exchanging = (c.moe_layers + drafts) * (starts + c.overlap_slowdown * transfers)
    return 2 * (np.maximum(computing, exchanging) + c.exposed_share * np.minimum(computing, exchanging))


def decode_parts(c, ranks, batch, context, skew, tensor=1.0, spread=None, drafts=0.0):
    """Return (computing, sums, (start-ups, transfers of one layer's exchanges)) of a decode step, s."""
    tokens = batch * (1 + drafts)
    cache = batch * c.kv_elements * context * c.kv_bytes * tensor / np.minimum(tensor, c.key_value_heads)
    looked = tokens * c.attention_flop * c.attention_layers * context
    return parts(c, ranks, tokens, cache, looked, skew, tensor, ranks if spread is None else spread, drafts)


def prefill_parts(c, ranks, tokens, sequence, tensor=1.0, spread=None):
    """Return (computing, sums, (start-ups, transfers of one layer's exchanges)) of a step of prompts, s."""
    looked = tokens * c.attention_expanded * c.attention_layers * sequence / 2
    domains = np.ceil(ranks / c.domain)
    return parts(
        c, ranks, tokens, 0.0, looked, c.skew, tensor, ranks if spread is None else spread, 0.0, visited(c, domains)
    )


def visited(c, domains):
    """Return how many domains a token visits: those of its experts, drawn from as many as the router allows."""
    most = np.minimum(c.node_limit, domains)
    living = c.experts * most / domains
    return most * (1 - binom(living - living / most, c.topk) / binom(living, c.topk))


def parts(c, ranks, tokens, cache, looked, skew, tensor, spread, drafts, visits=None):
    """Return (computing, sums, (start-ups, transfers of one layer's exchanges)) of a step, s.

    cache: bytes of it that a rank reads; looked: attention's operations; visits: copies that leave, where fewer do.
    """
    touched = 1 - (1 - c.topk / c.experts) ** (tokens * ranks)
    slots = np.ceil(c.experts / spread)
    read = np.minimum(slots, slots * touched + np.sqrt(np.log(spread) * slots * touched * (1 - touched)))
    load = np.where(spread > 1, 1 + skew * np.sqrt(spread / c.experts), 1.0)
    reads, works = c.memory_efficiency * c.memory_bandwidth, c.product_efficiency
    wide = c.dense_parameters - c.dense_ffn_parameters
    weights = (c.dense_ffn_parameters * c.weight_bytes + wide * c.dense_weight_bytes) / tensor
    dense = np.maximum(weights / reads, 2 * tokens * (c.dense_ffn_parameters / c.peak + wide / c.dense_peak) / works)
    held = c.moe_layers * c.expert_parameters * c.weight_bytes * read * spread / ranks
    experts = np.maximum(
        held / reads, load * 2 * c.moe_layers * c.topk * c.expert_parameters * tokens / (c.peak * works)
    )
    attention = np.maximum(cache / reads, looked / (c.attention_peak * works))
    each = (
        c.layer_overhead
        + c.activation_time
        * c.hidden
        * c.activation_reference
        * (tokens / c.activation_reference) ** c.activation_exponent
    )
    layers = c.moe_layers + c.dense_kernels * (c.layers - c.moe_layers) + drafts
    small = layers * (1 + c.block_scaled * (c.block_scaling - 1)) * each
    busy = (1 + drafts / c.layers) * (dense + experts + attention) + small
    whole = tensor >= ranks
    sums = (c.layers + drafts) * np.where(whole, 2, 1) * sum_up(c, tensor, tokens)
    return busy, sums, tuple(np.where(whole, 0.0, each) for each in exchange(c, ranks, spread, tokens, visits))


def exchange(c, ranks, spread, tokens, visits):
    """Return (start-ups, transfers) of one dispatch and one combine, s."""
    starts, transfers, group = c.dispatch.prepare, 0.0, np.maximum(ranks, 2.0)
    for way in (c.dispatch, c.combine):
        message = way.message | {"topk": np.minimum(way.message["topk"] * ranks / spread, group)}
        whole = all_to_all_time(way, group, tokens, **message, visits=visits)
        transfer = all_to_all_time(way, group, tokens, **message, visits=visits, startless=True)
        starts, transfers = starts + whole - transfer, transfers + transfer
    return np.where(ranks > 1, starts, 0.0), np.where(ranks > 1, transfers, 0.0)


def sum_up(c, tensor, tokens):
    """Return the time in which a tensor group of one domain adds up the activations of one layer, s."""
    message = tokens * tensor * c.hidden * c.combine_bytes
    inside = c.reduce_startup + 2 * (tensor - 1) / tensor * message / (c.reduce.ring_efficiency * c.reduce.scale_up)
    return np.where(tensor > 1, inside, 0.0)


def decode_frontier(c, speed, context, **_):
    """Return the best tokens per second and device at each speed, 0 out of reach; rows of one context."""
    best = np.zeros(len(speed))
    for drafts, credit in c.credits:
        allowed = credit / speed
        for ranks, tensor, spread, least, most in c.layouts:
            fewest = max(1 / tensor, least)
            largest = min(held(c, ranks, tensor, spread, context[0]), most)
            if largest >= fewest:
                batches = np.geomspace(fewest, largest, 24)
                timed = partial(quickest, c, ranks, context=context[0], tensor=tensor, spread=spread, drafts=drafts)
                low, time, reached = close_in(timed, batches, allowed)
                best = np.maximum(best, np.where(reached, low * credit / time, 0.0))
    return best


def prefill_throughput(c, ranks, sequence, tensor=1.0, spread=None, **_):
    """Return prompt tokens per second and device, two overlapped batches where they leave the domain and are faster."""
    tokens = c.prefill_tokens
    busy, sums, (starts, transfers) = prefill_parts(c, ranks, tokens, sequence, tensor, spread)
    time = busy + sums + c.moe_layers * (starts + transfers)
    busy, sums, (starts, transfers) = prefill_parts(c, ranks, tokens / 2, sequence, tensor, spread)
    computing = (1 + c.compute_slowdown) * (busy + sums)
    exchanging = c.moe_layers * (starts + c.overlap_slowdown * transfers)
    other = 2 * (np.maximum(computing, exchanging) + c.exposed_share * np.minimum(computing, exchanging))
    return tokens / np.where(ranks > c.domain, np.minimum(time, other), time)


def service_frontier(c, speed, input_tokens, output_tokens, **_):
    """Return tokens in and out per second and device of all devices, at the best of both layouts; 0 out of reach."""
    total = np.zeros(len(speed))
    few = float(devices_needed(c, np.ones(1), input_tokens.max())[0])
    for prompt, answer in sorted(set(zip(input_tokens, output_tokens, strict=True))):
        rows = (input_tokens == prompt) & (output_tokens == answer)
        decode = decode_frontier(c, speed[rows], np.array([prompt + answer / 2]))
        fill = 0.0
        for ranks in (few, 2 * few, 4 * few):
            for tensor, spread in ((1.0, ranks), (ranks, ranks), (ranks, 1.0)):
                if tensor <= c.domain and held(c, ranks, tensor, spread, prompt) > 0:
                    fill = max(fill, float(prefill_throughput(c, ranks, prompt, tensor, spread)))
        with np.errstate(divide="ignore"):
            total[rows] = (prompt + answer) / (answer / decode + prompt / fill)
    return total


def held(c, ranks, tensor, spread, context):
    """Return the requests per device that memory holds."""
    dense = c.dense_ffn_parameters * c.weight_bytes
    dense += (c.dense_parameters - c.dense_ffn_parameters + c.embedding_parameters) * c.dense_weight_bytes
    experts = c.moe_layers * np.ceil(c.experts / spread) * spread / ranks * c.expert_parameters * c.weight_bytes
    each = c.kv_elements * context * c.kv_bytes * tensor / min(tensor, c.key_value_heads)
    return (c.memory_usable * c.memory_capacity - dense / tensor - experts) / each


def devices_needed(c, batch, context, **_):
    """Return the fewest devices that hold the requests: experts and cache over all, or a tensor group of a domain."""
    needed = np.full(len(batch), np.inf)
    for size in sorted((m * 2.0**i for m in (1, 3) for i in range(13) if m * 2**i <= 4096), reverse=True):
        for tensor, spread in ((1.0, size), (size, 1.0)) if size <= c.domain else ((1.0, size),):
            needed = np.where(held(c, size, tensor, spread, context) * size >= batch, size, needed)
    return needed


def quickest(c, ranks, batch, context, **layout):
    """Return the time of a decode step, s: two microbatches where they leave the domain and are faster."""
    time = serial(c, ranks, batch, context, **layout)
    return np.minimum(time, overlapped(c, ranks, batch, context, **layout)) if ranks > c.domain else time


def close_in(timed, batches, allowed):
    """Return (batch, time, reached) of the largest batch whose step is short enough, by straight lines."""
    times = timed(batches)
    passed = (times[:, None] <= allowed).sum(axis=0)
    below = np.clip(passed - 1, 0, 23)
    above = np.minimum(below + 1, 23)
    low, high, shortest, longest = batches[below], batches[above], times[below], times[above]
    for _ in range(3):
        time = timed(batch := between(low, high, shortest, longest, allowed))
        fast = time <= allowed
        low, shortest = np.where(fast, batch, low), np.where(fast, time, shortest)
        high, longest = np.where(fast, high, batch), np.where(fast, longest, time)
    return between(low, high, shortest, longest, allowed), np.minimum(allowed, longest), passed > 0


def between(low, high, shortest, longest, allowed):
    """Return the batch at which a straight line meets the time allowed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num((allowed - shortest) / (longest - shortest))
    return low + (high - low) * np.clip(share, 0, 1)
