"""Where a mixture-of-experts step waits: exchanges that compute does not hide, busier ranks, pipeline bubbles."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    backward_time,
    bubble_idle,
    bubble_time,
    chunks,
    compute_time,
    exchange_idle,
    experts,
    forward_time,
    group_devices,
    imbalance_idle,
    load_ratio,
    microbatches,
    moe_idle_share,
    paired_time,
    stages,
    step_time,
    step_tokens,
    topk,
    useful_time,
    weight_time,
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
        Equation(moe_idle_share, exchange_idle + imbalance_idle + bubble_idle * (1 - exchange_idle - imbalance_idle)),
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
