"""The search for a training layout written by hand in numpy, with the numbers given as plain floats: see hand.py."""

import numpy as np


def training_throughput(c, devices, sequences, **_):
    """Return tokens per second and device at the best layout that fits, jobs that are asked twice searched once."""
    jobs = np.stack([devices, sequences], axis=1)
    different, place = np.unique(jobs, axis=0, return_inverse=True)
    return np.array([best(c, *job) for job in different])[np.ravel(place)]


def best(c, devices, sequences):
    """Return tokens per second and device of one job at its best layout."""
    layout = [each.ravel() for each in np.meshgrid(*choices(), indexing="ij")]
    size, tensor, spread, stages, chunks = layout
    data = devices / (tensor * stages)
    rounds = sequences / (data * size)
    good = (data >= 1) & (data % 1 == 0) & (rounds >= 1) & (rounds % 1 == 0) & (stages * chunks <= c.layers)
    good &= (devices >= spread * stages) & ((stages > 1) | (chunks == 1))
    good &= (chunks == 1) | (rounds % np.minimum(stages, np.maximum(rounds, 1)) == 0)
    layout = [each[good] for each in layout]
    again, fits = held(c, devices, sequences, *layout)
    time = step(c, devices, sequences, again[fits], *(each[fits] for each in layout))
    return sequences * c.sequence / (devices * time.min())


def choices():
    """Return microbatches, tensor groups, devices that share the experts, stages and chunks that are tried."""
    few, many, some = (2.0 ** np.arange(1 + np.log2(most)) for most in (8, 64, 32))
    return few, few[:3], many, some, few


def shares(c, devices, tensor, spread, stages):
    """Return a device's parameters outside experts and inside them, and how many devices hold the same of each."""
    dense = (c.dense_parameters + c.embedding_parameters) / (tensor * stages)
    experts = c.moe_layers * c.experts * c.expert_parameters / (spread * stages)
    return dense, experts, devices / (tensor * stages), np.maximum(1.0, devices / (stages * spread))


def fullest(c, stages, chunks):
    """Return the layers of the fullest stage."""
    return np.ceil(c.layers / (stages * chunks)) * chunks


def held(c, devices, sequences, size, tensor, spread, stages, chunks):
    """Return the share of layers that are computed again, and which layouts then fit into memory."""
    dense, experts, alike, same = shares(c, devices, tensor, spread, stages)
    state = (c.compute_width + c.gradient_width) * (dense + experts)
    state = state + c.optimiser_width * (dense / alike + experts / same)
    tokens, layer = size * c.sequence / tensor, 6 * c.hidden + c.attention_elements + c.feedforward_elements
    routed = c.topk * (2 * c.hidden + 3 * c.expert_hidden)
    loss = np.where(stages == 1, 3 * c.embedding_parameters / c.hidden, 0.0)
    working = tokens * c.compute_width * np.maximum(2 * (layer + routed), loss)
    rounds = sequences * tensor * stages / (devices * size)
    flying = np.minimum(rounds, stages + np.where(chunks > 1, (stages - 1) / chunks, 0)) / stages
    flying = flying + np.where(spread > c.domain, 1 / (stages * chunks), 0)
    kept = c.layers * (4 * c.hidden + c.attention_kept_elements + 2 * c.feedforward_elements / 3)
    kept = kept + c.moe_layers * c.topk * (c.hidden + 2 * c.expert_hidden)
    kept = flying * fullest(c, stages, chunks) * stages / c.layers * tokens * c.stored_width * kept
    room = c.memory_share * c.memory_capacity
    again = np.clip((state + working + kept - room) / (0.9 * kept), 0, 1)
    return again, state + working + (1 - 0.9 * again) * kept <= room * (1 + 1e-9)


def step(c, devices, sequences, again, size, tensor, spread, stages, chunks):
    """Return the time of one step, s."""
    dense, experts, alike, same = shares(c, devices, tensor, spread, stages)
    tokens = size * c.sequence / tensor
    inner, outer = c.inner_efficiency * c.scale_up_bandwidth, c.outer_efficiency * c.scale_out_bandwidth
    domains = np.ceil(spread / c.domain)
    beside = (domains > 1) & ((chunks > 1) | (stages == 1))
    more = 1 + again / 3
    busy = work(c, tokens, again, stages, dense, experts) * np.where(beside, 1 + c.compute_slowdown, 1.0)
    reduced = 5 * c.compute_width * c.hidden * tokens * (tensor - 1) / stages
    reduced = more * reduced * (2 * c.exposed_tensor * (c.layers - c.moe_layers) + c.moe_layers) / inner
    copy = (2 + again) * (c.dispatch_width + c.compute_width) * c.hidden * tokens * c.moe_layers / stages
    near = copy * visited(c, spread) * (1 - 1 / spread) / inner
    far = copy * np.minimum(visited(c, domains), c.place_limit) * (1 - 1 / domains) / outer
    left = np.maximum(c.exposed_outside * far, far - c.covering_share * busy)
    waited = np.maximum(c.exposed_inside * near, np.where(beside, left, far))
    layers = fullest(c, stages, chunks)
    hop = 2 * c.compute_width * c.hidden * tokens / np.where(devices > c.domain, outer, inner)
    device = layers * stages / c.layers * (busy + reduced + waited) + np.where(stages > 1, hop, 0.0)
    launches = layers * c.moe_layers / c.layers * more
    device = device + launches * c.layer_startup * c.release_factor
    each = (device**4 + (launches * c.host_time) ** 4) ** 0.25
    rounds = sequences * tensor * stages / (devices * size)
    moved = c.gradient_width + c.compute_width
    inside, between = 0.0, 0.0
    for parameters, number, group in ((dense, alike, tensor), (experts, same, spread)):
        local = np.minimum(number, np.maximum(1.0, c.domain / group))
        inside = inside + moved * parameters * (1 - 1 / local)
        between = between + moved * parameters * (1 / local - 1 / number)
    optimiser = (2 * c.optimiser_width + moved) * (dense / alike + experts / same)
    end = c.exposed_gradient * (between / outer + inside / inner) + optimiser / (
        c.memory_efficiency * c.memory_bandwidth
    )
    return (rounds + (stages - 1) / chunks) * each + end


def work(c, tokens, again, stages, dense, experts):
    """Return the time in which a microbatch is computed where nothing runs beside, s."""
    products = (6 + 2 * again) * (c.dense_parameters + c.topk * c.moe_layers * c.expert_parameters) / stages * tokens
    looked = (3 + again) * c.layers / stages * c.attention_flop_per_context * c.sequence / 2 * tokens
    layer = c.layers * (6 * c.hidden + c.attention_elements + c.feedforward_elements)
    routed = c.moe_layers * c.release_factor * c.topk * (2 * c.hidden + 3 * c.expert_hidden)
    crossed = (1 + again / 3) * c.compute_width * c.activation_crossings * tokens * (layer + routed) / stages
    weights = c.dense_weight_traffic * dense + c.expert_weight_traffic * experts
    return (
        products / (c.product_efficiency * c.peak)
        + looked / (c.attention_efficiency * c.peak_bf16)
        + (crossed + weights) / (c.memory_efficiency * c.memory_bandwidth)
    )


def visited(c, places):
    """Return how many places a token's experts lie in, on average."""
    return places * (1 - (1 - 1 / places) ** c.topk)
