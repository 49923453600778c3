"""One training step of a model on many devices: what is held, computed, moved and waited for, and how it adds up.

Tensor groups lie innermost, then context groups; experts spread over devices of one stage that lie side by side, then
come replicas, stages last. Five models in turn, each using what the ones before it give: evaluated by `answers`.
"""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    activation_bytes,
    activation_crossings,
    activation_traffic,
    attention_efficiency,
    attention_elements,
    attention_flop,
    attention_flop_per_context,
    attention_kept_elements,
    attention_time,
    attention_window,
    chunks,
    collective_time,
    compute_slowdown,
    compute_width,
    context_bytes,
    context_devices,
    context_elements,
    context_rate,
    copy_bytes,
    covering_share,
    data_devices,
    dense_parameters,
    dense_weight_traffic,
    device_time,
    devices,
    dispatch_width,
    domain,
    embedding_parameters,
    evenness,
    exchange_wait,
    expert_devices,
    expert_domains,
    expert_elements,
    expert_hidden,
    expert_parameters,
    expert_replicas,
    expert_weight_traffic,
    experts,
    exposed_gradient,
    exposed_inside,
    exposed_outside,
    exposed_tensor,
    feedforward_elements,
    gradient_inner_bytes,
    gradient_outer_bytes,
    gradient_rounds,
    gradient_time,
    gradient_width,
    held_dense,
    held_experts,
    hidden,
    hop_rate,
    hop_time,
    host_time,
    in_flight,
    inner_copies,
    inner_efficiency,
    inner_time,
    launch_time,
    layer_elements,
    layer_startup,
    layers,
    mean_context,
    memory_bandwidth,
    memory_capacity,
    memory_efficiency,
    memory_share,
    memory_time,
    merged,
    microbatch,
    microbatch_time,
    microbatches,
    moe_layers,
    near_expert_replicas,
    near_replicas,
    needed_bytes,
    optimiser_time,
    optimiser_width,
    outer_copies,
    outer_efficiency,
    outer_time,
    overlap,
    paired,
    peak,
    peak_bf16,
    pipeline_time,
    place_limit,
    product_efficiency,
    product_flop,
    product_time,
    recompute,
    release_factor,
    replicas,
    scale_out_bandwidth,
    scale_up_bandwidth,
    sequence,
    sequences,
    sharded,
    stage_layers,
    stages,
    startup_time,
    step_tokens,
    stored_width,
    tensor_bytes,
    tensor_devices,
    topk,
    training_bytes,
    training_step_time,
    training_throughput,
    weight_traffic,
    windowed_layers,
    work_time,
    working_bytes,
)

_repeats = 1 + recompute / 3  # of what the forward pass is a third of: traffic, start-ups, collectives
_inner_rate = inner_efficiency * scale_up_bandwidth
_outer_rate = outer_efficiency * scale_out_bandwidth
_kept_again = sp.Rational(1, 10)  # of a layer's activations where they are computed again: its input


def _where(condition, one, other):
    return sp.Piecewise((one, condition), (other, True))


placement = Model(
    equations=(
        Equation(data_devices, devices / (tensor_devices * context_devices * stages), "narayanan2021"),
        Equation(microbatches, sequences / (data_devices * microbatch), "narayanan2021"),
        Equation(step_tokens, microbatch * sequence / (tensor_devices * context_devices)),
        Equation(replicas, data_devices * context_devices),
        Equation(expert_replicas, sp.Max(1, devices / (stages * expert_devices))),
        Equation(held_dense, (dense_parameters + embedding_parameters) / (tensor_devices * stages), "shoeybi2019"),
        Equation(held_experts, moe_layers * experts * expert_parameters / (expert_devices * stages)),
        Equation(stage_layers, sp.ceiling(layers / (stages * chunks)) * chunks, "narayanan2021"),
        Equation(evenness, stage_layers * stages / layers),
        Equation(expert_domains, sp.ceiling(expert_devices / domain)),
        Equation(
            paired,
            _where(expert_domains <= 1, 0, _where(chunks > 1, overlap, _where(stages <= 1, overlap, 0))),
            "deepseek2024v3",
        ),
    ),
    assumptions=(
        "a stage holds whole layers, the same number in each of its chunks, and the fullest sets the pace",
        "parameters outside routed experts are spread evenly over stages and tensor groups",
        "another microbatch covers an exchange between domains where stages interleave, or there is one stage",
    ),
)

_spread = (compute_width + gradient_width, optimiser_width)


def _state(number):
    """Return the bytes kept for a parameter of which `number` devices hold a replica."""
    fixed, optimiser = _spread
    return fixed * (1 - sharded + sharded / number) + optimiser / number


_kept = layers * (4 * hidden + attention_kept_elements + 2 * feedforward_elements / 3) + moe_layers * topk * (
    hidden + 2 * expert_hidden
)
memory = Model(
    equations=(
        Equation(
            training_bytes,
            held_dense * _state(replicas) + held_experts * _state(expert_replicas),
            "rajbhandari2020zero",
        ),
        Equation(layer_elements, 6 * hidden + attention_elements + feedforward_elements),
        Equation(expert_elements, topk * (2 * hidden + 3 * expert_hidden)),
        Equation(
            working_bytes,
            step_tokens
            * compute_width
            * sp.Max(2 * (layer_elements + expert_elements), _where(stages <= 1, 3 * embedding_parameters / hidden, 0)),
        ),
        Equation(
            in_flight,
            sp.Min(microbatches, stages + _where(chunks > 1, (stages - 1) / chunks, 0)) / stages
            + _where(expert_devices > domain, overlap / (stages * chunks), 0),
            "narayanan2021",
        ),
        Equation(activation_bytes, in_flight * evenness * step_tokens * stored_width * _kept),
        Equation(
            recompute,
            sp.Min(
                1,
                sp.Max(
                    0,
                    (training_bytes + working_bytes + activation_bytes - memory_share * memory_capacity)
                    / ((1 - _kept_again) * activation_bytes),
                ),
            ),
        ),
        Equation(needed_bytes, training_bytes + working_bytes + (1 - (1 - _kept_again) * recompute) * activation_bytes),
    ),
    assumptions=(
        "weights in BF16, gradients and optimiser wider; what the optimiser keeps is spread over replicas",
        "where one stage holds the loss over the vocabulary, it needs room beside all activations",
        "what does not fit beside the state is computed again, and not a layer more",
        "two microbatches that cover each other's exchanges are both held, in one chunk",
    ),
)

work = Model(
    equations=(
        Equation(
            product_flop,
            (6 + 2 * recompute) * (dense_parameters + topk * moe_layers * expert_parameters) / stages * step_tokens,
            "narayanan2021",
        ),
        Equation(product_time, product_flop / (product_efficiency * peak)),
        Equation(mean_context, sequence / 2 - windowed_layers / layers * sp.Max(0, sequence / 2 - attention_window)),
        Equation(
            attention_flop,
            (3 + recompute) * layers / stages * attention_flop_per_context * mean_context * step_tokens,
            "deepseek2024v3",
        ),
        Equation(attention_time, attention_flop / (attention_efficiency * peak_bf16)),
        Equation(
            activation_traffic,
            _repeats
            * compute_width
            * activation_crossings
            * step_tokens
            * (layers * layer_elements + moe_layers * release_factor * expert_elements)
            / stages,
        ),
        Equation(weight_traffic, dense_weight_traffic * held_dense + expert_weight_traffic * held_experts),
        Equation(
            memory_time, (activation_traffic + weight_traffic) / (memory_efficiency * memory_bandwidth), "williams2009"
        ),
        Equation(
            work_time, (1 + compute_slowdown * paired) * (product_time + attention_time + memory_time), "deepseek2024v3"
        ),
    ),
    assumptions=(
        "two operations forward and four backward for each parameter and token; a layer computed again adds two",
        "a token attends to half of its sequence, on average, or to its window; attention stays in BF16",
        "products and what crosses memory take turns: small kernels lie between products",
        "where another microbatch's exchange runs beside, multiprocessors are set aside for it, and all work is slower",
        "weights cross memory once a microbatch: the fewer tokens an expert has, the more of its time they take",
    ),
)

_places = expert_devices / expert_domains  # ranks of one domain


def _distinct(places):
    """Return how many of `places` a token's experts lie in, on average."""
    return places * (1 - (1 - 1 / places) ** topk)


exchange = Model(
    equations=(
        Equation(
            tensor_bytes,
            (2 * exposed_tensor * (layers - moe_layers) + moe_layers)
            / stages
            * compute_width
            * hidden
            * step_tokens
            * (tensor_devices - 1)
            * 5,
            "shoeybi2019",
        ),
        Equation(
            context_bytes,
            3 * compute_width * layers / stages * context_elements * step_tokens * (context_devices - 1),
            "dubey2024llama3",
        ),
        Equation(context_rate, _where(tensor_devices * context_devices > domain, _outer_rate, _inner_rate)),
        Equation(
            collective_time, _repeats * tensor_bytes / _inner_rate + exposed_tensor * context_bytes / context_rate
        ),
        Equation(
            inner_copies,
            merged * _distinct(expert_devices) * (expert_devices - 1) / expert_devices
            + (1 - merged) * topk * (_places - 1) / expert_devices,
        ),
        Equation(
            outer_copies,
            (merged * sp.Min(_distinct(expert_domains), place_limit) + (1 - merged) * topk)
            * (expert_domains - 1)
            / expert_domains,
            "deepseek2024v3",
        ),
        Equation(
            copy_bytes,
            (2 + recompute) * (dispatch_width + compute_width) * hidden * step_tokens * moe_layers / stages,
            "deepseek2024v3",
        ),
        Equation(inner_time, copy_bytes * inner_copies / _inner_rate),
        Equation(outer_time, copy_bytes * outer_copies / _outer_rate),
        Equation(
            exchange_wait,
            sp.Max(
                overlap * exposed_inside * inner_time + (1 - overlap) * inner_time,
                paired * sp.Max(exposed_outside * outer_time, outer_time - covering_share * work_time)
                + (1 - paired) * outer_time,
            ),
        ),
    ),
    assumptions=(
        "random experts; a token travels once to each rank of its domain and once to each domain that it visits",
        "exchanges inside and between domains run at the same time, and the longer one is waited for",
        "layers with experts do not hide the collectives of a tensor group behind products, other layers do in part",
    ),
)


def _beyond(number, near):
    """Return the share of a buffer that each of `number` devices sends out of its domain, where `near` share one."""
    return (number - near) / (number * near)


step = Model(
    equations=(
        Equation(startup_time, stage_layers * moe_layers / layers * layer_startup * release_factor * _repeats),
        Equation(launch_time, stage_layers * moe_layers / layers * host_time * _repeats),
        Equation(hop_rate, _where(devices > domain, _outer_rate, _inner_rate)),
        Equation(
            hop_time, _where(stages > 1, 2 * compute_width * hidden * step_tokens / hop_rate, 0), "huang2019gpipe"
        ),
        Equation(
            device_time,
            evenness * (work_time + collective_time + exchange_wait) + startup_time + hop_time,
        ),
        Equation(microbatch_time, (device_time**4 + launch_time**4) ** sp.Rational(1, 4)),
        Equation(pipeline_time, (microbatches + (stages - 1) / chunks) * microbatch_time, "narayanan2021"),
        Equation(near_replicas, sp.Min(replicas, sp.Max(1, domain / tensor_devices))),
        Equation(near_expert_replicas, sp.Min(expert_replicas, sp.Max(1, domain / expert_devices))),
        Equation(
            gradient_outer_bytes,
            (gradient_width + compute_width)
            * (
                held_dense * _beyond(replicas, near_replicas)
                + held_experts * _beyond(expert_replicas, near_expert_replicas)
            ),
            "patarasuk2009",
        ),
        Equation(
            gradient_inner_bytes,
            (gradient_width + compute_width)
            * (
                held_dense * (near_replicas - 1) / near_replicas
                + held_experts * (near_expert_replicas - 1) / near_expert_replicas
            ),
            "patarasuk2009",
        ),
        Equation(
            gradient_rounds,
            1
            - sharded
            + sharded * microbatches * (2 * compute_width + gradient_width) / (gradient_width + compute_width),
            "rajbhandari2020zero",
        ),
        Equation(
            gradient_time,
            exposed_gradient
            * gradient_rounds
            * (gradient_outer_bytes / _outer_rate + gradient_inner_bytes / _inner_rate),
        ),
        Equation(
            optimiser_time,
            (2 * optimiser_width + gradient_width + compute_width)
            * (held_dense / replicas + held_experts / expert_replicas)
            / (memory_efficiency * memory_bandwidth),
        ),
        Equation(training_step_time, pipeline_time + gradient_time + optimiser_time),
        Equation(training_throughput, sequences * sequence / (training_step_time * devices)),
    ),
    assumptions=(
        "a host launches kernels while the device runs earlier ones: the slower of the two sets the pace, blended",
        "one forward and one backward pass in turn; chunks shorten filling and draining of the pipeline",
        "gradients are added up inside a domain first, then between domains, as parameters are gathered",
        "stages lie in different domains as soon as a job is larger than one",
    ),
)

PARTS = (placement, memory, work, exchange, step)


def answers(columns, parts=PARTS):
    """Return the columns with all that some of the models, in turn, give from them: numbers or arrays that broadcast.

    columns: mapping of symbol names to numbers or arrays, in base units.
    """
    found = dict(columns)
    for each in parts:
        found |= each.answers(found)
    return found
