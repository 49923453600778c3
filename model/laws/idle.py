"""Where a mixture-of-experts step waits: exchanges that compute does not hide, busier ranks, pipeline bubbles."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    backward_time,
    batch,
    bubble_idle,
    bubble_time,
    chunks,
    combine_time,
    compute_time,
    decode_throughput,
    dispatch_time,
    exchange_idle,
    exchange_time,
    experts,
    exposed_share,
    forward_time,
    group_devices,
    imbalance_idle,
    layers,
    load_ratio,
    microbatches,
    moe_idle_share,
    moe_layers,
    overlap_slowdown,
    paired_time,
    passes,
    reduce_time,
    stages,
    step_time,
    step_tokens,
    tokens_per_step,
    topk,
    useful_time,
    weight_time,
)

serial = Model(
    equations=(
        Equation(
            exchange_time,
            passes * (moe_layers * (dispatch_time + combine_time) + layers * reduce_time),
            "deepseek2024v3",
        ),
        Equation(step_time, compute_time + exchange_time),
        Equation(decode_throughput, batch * tokens_per_step / step_time),
    ),
    assumptions=(
        "one dispatch and one combine for each mixture-of-experts layer, each waited for",
        "a tensor group adds up the activations of every layer once more, also waited for",
    ),
)

# compute_time, dispatch_time and combine_time are those of one of two microbatches, each with half the tokens: fixed
# parts (reads of weights, overhead of a layer, start-up of an exchange) are paid twice.
overlapped = Model(
    equations=(
        Equation(
            exchange_time,
            passes * (moe_layers * (dispatch_time + combine_time) + layers * reduce_time),
            "deepseek2024v3",
        ),
        Equation(
            step_time,
            2
            * (
                sp.Max(compute_time, overlap_slowdown * exchange_time)
                + exposed_share * sp.Min(compute_time, overlap_slowdown * exchange_time)
            ),
            "deepseek2025insights",
        ),
        Equation(decode_throughput, batch * tokens_per_step / step_time),
    ),
    assumptions=(
        "two microbatches take turns: one computes while the other exchanges",
        "transfers that run beside compute are slower by one factor",
        "the other microbatch's work fills the time in which one waits for a slower rank",
        "a small share stays in the open: the ends, where only one microbatch is at work",
    ),
)

idle = Model(
    equations=(
        Equation(exchange_idle, (step_time - compute_time) / step_time),
        Equation(imbalance_idle, (compute_time - useful_time) / step_time),
        Equation(
            bubble_idle,
            (stages - 1) / (microbatches + stages - 1),
            "huang2019gpipe",
        ),
        Equation(moe_idle_share, 1 - (1 - exchange_idle - imbalance_idle) * (1 - bubble_idle)),
    ),
    assumptions=(
        "compute_time is the whole step's, on the busiest rank; useful_time is the same with a balanced load",
        "a bubble stretches compute and exchange alike",
    ),
    valid=(sp.Ge(step_time, compute_time), sp.Ge(compute_time, useful_time)),
)

balls_in_bins = Model(
    equations=(
        Equation(
            load_ratio,
            1 + sp.sqrt(2 * sp.log(group_devices) * (1 - topk / experts) / (step_tokens * topk)),
            "raab1998",
        ),
    ),
    assumptions=(
        "each token draws its k experts at random, all equally popular: the least imbalance that random routing leaves",
        "each rank's mean load is step_tokens x topk copies, many enough for the heavily loaded limit",
    ),
)

# Bubbles of one stage in a step: the published counts, a lower bound, for no schedule hides a late message.
BUBBLES = {
    "1F1B": Equation(bubble_time, (stages - 1) * (forward_time + backward_time), "huang2019gpipe"),
    "interleaved": Equation(bubble_time, (stages - 1) / chunks * (forward_time + backward_time), "narayanan2021"),
    "ZB1P": Equation(bubble_time, (stages - 1) * (forward_time + backward_time - 2 * weight_time), "dualpipe2025"),
    "DualPipe": Equation(
        bubble_time, (stages / 2 - 1) * (paired_time + backward_time - 3 * weight_time), "dualpipe2025"
    ),
}
