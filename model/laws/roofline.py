"""How busy the products of a layer of experts can be: work or bytes, whichever takes longer."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    experts,
    ffn_utilisation,
    group_devices,
    memory_bandwidth,
    peak,
    step_tokens,
    topk,
    weight_bytes,
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
