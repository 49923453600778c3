"""What a device computes in a step of a mixture-of-experts model, and how long: work or bytes, whichever is longer."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    active_parameters,
    attention_flop,
    attention_flop_per_context,
    attention_time,
    compute_time,
    context,
    dense_bytes,
    dense_flop,
    dense_time,
    dies,
    expert_bytes,
    expert_flop,
    expert_parameters,
    expert_time,
    experts,
    ffn_utilisation,
    group_devices,
    kv_bytes,
    kv_bytes_per_element,
    kv_elements,
    layer_overhead,
    layers,
    load_ratio,
    local_experts,
    memory_bandwidth,
    moe_layers,
    passes,
    peak,
    peak_bf16,
    requests,
    roofline_efficiency,
    skew,
    step_tokens,
    tensor_devices,
    topk,
    total_parameters,
    weight_bytes,
)

_touched = 1 - (1 - topk / experts) ** (step_tokens * group_devices)


def _roofline(work, rate, traffic):
    return sp.Max(work / rate, traffic / memory_bandwidth) / roofline_efficiency


compute = Model(
    equations=(
        Equation(
            dense_flop, 2 * (active_parameters - moe_layers * topk * expert_parameters) * step_tokens, "deepseek2024v3"
        ),
        Equation(expert_flop, 2 * moe_layers * topk * expert_parameters * step_tokens, "deepseek2024v3"),
        Equation(attention_flop, layers * attention_flop_per_context * context * step_tokens, "deepseek2024v3"),
        Equation(
            dense_bytes,
            (total_parameters - moe_layers * experts * expert_parameters) * weight_bytes / tensor_devices,
            "shoeybi2019",
        ),
        Equation(local_experts, sp.Max(experts / group_devices, dies), "zuo2025cloudmatrix"),
        Equation(expert_bytes, moe_layers * local_experts * _touched * expert_parameters * weight_bytes),
        Equation(
            kv_bytes,
            kv_elements * kv_bytes_per_element * context * requests * tensor_devices,
            "deepseek2024v3",
        ),
        Equation(dense_time, passes * _roofline(dense_flop, peak, dense_bytes), "williams2009"),
        Equation(expert_time, passes * _roofline(load_ratio * expert_flop, peak, expert_bytes), "williams2009"),
        Equation(attention_time, passes * _roofline(attention_flop, peak_bf16, kv_bytes), "williams2009"),
        Equation(compute_time, dense_time + skew * (expert_time + attention_time) + passes * layers * layer_overhead),
    ),
    assumptions=(
        "each part runs at the same share of its own roofline on every system",
        (
            "a tensor group splits attention's weights and heads, but each of its devices reads the latent cache of "
            "all the group's requests"
        ),
        "routed experts are spread over all devices; a rank holds at least one expert",
        "the busiest rank sets the time of the experts",
        (
            "where every layer waits for the slowest rank, unequal requests and popular experts stretch "
            "attention and experts"
        ),
        "cached keys and values are read once per step",
    ),
    valid=(sp.Ge(load_ratio, 1), sp.Ge(skew, 1)),
)

# Of one mixture-of-experts layer: tokens reach an expert in the proportion k/E, so its products stay below the roofline
# until enough tokens share one read of its weights.
expert_use = Model(
    equations=(
        Equation(
            ffn_utilisation,
            sp.Min(2 * topk / experts * step_tokens * group_devices / (weight_bytes * peak / memory_bandwidth), 1),
            "megascaleinfer2025",
        ),
    ),
    assumptions=("balanced routing", "weights are read once per step"),
)
