"""One step of a model on one rank of a group: what it computes, reads, sends and waits for, in decode and in prefill.

A rank is a device, or a die where a device has several that exchange on their own. The same equations hold for mixtures
of experts and, with no expert layers, for dense models; for latent, grouped-query and windowed attention alike.
"""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    activation_exponent,
    activation_reference,
    activation_time,
    attention_flop,
    attention_flop_per_context,
    attention_layers,
    attention_peak,
    attention_time,
    attention_window,
    batch,
    block_scaled,
    block_scaling,
    compute_slowdown,
    compute_time,
    context,
    decode_throughput,
    dense_bytes,
    dense_ffn_parameters,
    dense_flop,
    dense_kernels,
    dense_parameters,
    dense_peak,
    dense_time,
    dense_weight_bytes,
    draft_acceptance,
    drafts,
    exchange_passes,
    exchange_start,
    exchange_time,
    exchange_transfer,
    exchanging,
    expert_bytes,
    expert_devices,
    expert_flop,
    expert_parameters,
    expert_slots,
    expert_time,
    experts,
    exposed_share,
    group_devices,
    hidden,
    key_value_heads,
    kv_bytes,
    kv_bytes_per_element,
    kv_elements,
    kv_elements_windowed,
    layer_overhead,
    layers,
    load_ratio,
    memory_bandwidth,
    memory_efficiency,
    moe_layers,
    overlap_slowdown,
    passes,
    peak,
    prefill_throughput,
    prefill_tokens,
    processed,
    product_efficiency,
    read_experts,
    reduce_time,
    reduction_time,
    reductions,
    redundant_experts,
    requests,
    shared_experts,
    skew,
    small_kernels,
    state_elements,
    state_width,
    step_time,
    step_tokens,
    tensor_devices,
    tokens_per_step,
    topk,
    touched_share,
    weight_bytes,
    window_context,
    windowed_layers,
)

# Serving: what a rank holds of experts and cache, also asked by the law of memory.
slots = Equation(expert_slots, sp.ceiling((experts + redundant_experts) / expert_devices), "trtllm2025blog4")
window = Equation(window_context, sp.Min(context, attention_window))
cached = kv_elements * context + kv_elements_windowed * window_context  # elements for one request
cache_copies = tensor_devices / sp.Min(tensor_devices, key_value_heads)  # of what a tensor group cannot split


def _roofline(work, traffic):
    """Return the longer of the products' time at their peaks and the traffic's, each at its efficiency."""
    return passes * sp.Max(traffic / (memory_efficiency * memory_bandwidth), work / product_efficiency)


_wide = dense_parameters - dense_ffn_parameters
work = Model(
    equations=(
        Equation(touched_share, 1 - (1 - topk / experts) ** (step_tokens * group_devices)),
        slots,
        Equation(
            read_experts,
            sp.Min(
                expert_slots,
                expert_slots * touched_share
                + sp.sqrt(sp.log(expert_devices) * expert_slots * touched_share * (1 - touched_share)),
            ),
        ),
        Equation(
            load_ratio,
            sp.Piecewise((1 + skew * sp.sqrt(expert_devices / experts), expert_devices > 1), (1, True)),
            "trtllm2025blog4",
        ),
        Equation(dense_flop, 2 * dense_parameters * step_tokens, "deepseek2024v3"),
        Equation(
            dense_bytes,
            (dense_ffn_parameters * weight_bytes + _wide * dense_weight_bytes) / tensor_devices,
            "shoeybi2019",
        ),
        Equation(
            dense_time,
            _roofline(2 * step_tokens * (dense_ffn_parameters / peak + _wide / dense_peak), dense_bytes),
            "williams2009",
        ),
        Equation(expert_flop, 2 * moe_layers * topk * expert_parameters * step_tokens, "deepseek2024v3"),
        Equation(
            expert_bytes,
            moe_layers * read_experts * expert_devices / group_devices * expert_parameters * weight_bytes,
        ),
        Equation(expert_time, _roofline(load_ratio * expert_flop / peak, expert_bytes), "williams2009"),
        window,
        Equation(
            kv_bytes,
            requests * (cached * kv_bytes_per_element * cache_copies + 2 * state_width * state_elements),
            "deepseek2024v3",
        ),
        Equation(
            attention_flop,
            step_tokens * attention_flop_per_context * (attention_layers * context + windowed_layers * window_context),
            "deepseek2024v3",
        ),
        Equation(attention_time, _roofline(attention_flop / attention_peak, kv_bytes), "williams2009"),
        Equation(
            small_kernels,
            passes
            * (moe_layers + dense_kernels * (layers - moe_layers) + drafts)
            * (1 + block_scaled * (block_scaling - 1))
            * (
                layer_overhead
                + activation_time
                * hidden
                * activation_reference
                * (step_tokens / activation_reference) ** activation_exponent
            ),
        ),
        Equation(compute_time, (1 + drafts / layers) * (dense_time + expert_time + attention_time) + small_kernels),
        Equation(reduction_time, exchange_passes * (layers + drafts) * reductions * reduce_time),
    ),
    assumptions=(
        "every machine reaches the same share of its memory bandwidth, and the same share of its peaks",
        (
            "the layer waits for the rank that reads most experts: of nearly normal counts the largest lies the root "
            "of their number's logarithm above the mean, in standard deviations"
        ),
        "popular experts stretch work, not the read of weights; ranks that hold fewer experts average less of it out",
        "cached keys and values are read once a step; ranks that cannot split the cache each read all of it",
        "activations stay in caches: their time is alike on every machine and grows slower than the tokens",
        "a layer for each drafted token costs as much as any other layer",
    ),
    valid=(sp.Ge(group_devices, expert_devices), sp.Ge(group_devices, tensor_devices)),
)

# Shared experts on the ranks that routed ones and their copies leave over, as one more expert that every token chooses.
_apart = sp.Piecewise((shared_experts, expert_devices > experts + redundant_experts), (0, True))
separated = (
    Equation(experts, experts + _apart, "zuo2025cloudmatrix"),
    Equation(topk, topk + _apart, "zuo2025cloudmatrix"),
    *(
        Equation(number, number - _apart * moe_layers * expert_parameters, "zuo2025cloudmatrix")
        for number in (dense_parameters, dense_ffn_parameters)
    ),
)

# A step of decode processes, for each request, the token before and the drafts.
decode_tokens = Equation(step_tokens, requests * processed)

serial = Model(
    equations=(
        Equation(
            exchange_time,
            exchange_passes * exchanging * (moe_layers + drafts) * (exchange_start + exchange_transfer),
            "deepseek2024v3",
        ),
        Equation(step_time, compute_time + reduction_time + exchange_time),
        Equation(decode_throughput, batch * tokens_per_step / step_time),
    ),
    assumptions=(
        "one dispatch and one combine for each layer of experts, each waited for",
        "a tensor group adds up attention once a layer, and experts once more where it splits them, also waited for",
    ),
)

# The columns are those of one of two microbatches, each with half the requests: fixed parts (reads of weights, overhead
# of a layer, start-up of an exchange) are paid twice.
_computing = (1 + compute_slowdown) * (compute_time + reduction_time)
overlapped = Model(
    equations=(
        Equation(
            exchange_time,
            exchange_passes
            * exchanging
            * (moe_layers + drafts)
            * (exchange_start + overlap_slowdown * exchange_transfer),
            "deepseek2024v3",
        ),
        Equation(
            step_time,
            2 * (sp.Max(_computing, exchange_time) + exposed_share * sp.Min(_computing, exchange_time)),
            "deepseek2025insights",
        ),
        Equation(decode_throughput, batch * tokens_per_step / step_time),
    ),
    assumptions=(
        "two microbatches take turns: one computes while the other exchanges, and each waits for its slowest rank",
        "transfers beside computing are slower by one factor, start-ups are not; computing is slower by another",
        "a small share stays in the open: the ends, where only one microbatch is at work",
    ),
)

# A whole step: of one batch, and of two microbatches from the columns of one.
one_batch, two_batches = (
    Model((*work.equations, *turns.equations), (*work.assumptions, *turns.assumptions), work.valid)
    for turns in (serial, overlapped)
)

# Prefill fills a step with prompts: the same two ways, and what comes of them.
filled_one_batch, filled_two_batches = (
    Model((*step.equations, Equation(prefill_throughput, prefill_tokens / step_time)), step.assumptions, step.valid)
    for step in (one_batch, two_batches)
)

credited = Model(
    equations=(
        Equation(
            tokens_per_step,
            (1 - draft_acceptance ** (drafts + 1)) / (1 - draft_acceptance),
            "leviathan2023",
        ),
    ),
    assumptions=("a drafted token counts where all before it were accepted; each is, with the same probability",),
    valid=(sp.Lt(draft_acceptance, 1),),
)
