"""A training step from its idle shares, as a report gives them: what the study of the domain's size still rests on."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    active_parameters,
    attention_flop_per_context,
    bubble_idle,
    context,
    device_tokens,
    domain,
    exchange_idle,
    gradient_bytes,
    gradient_exposed,
    gradient_time,
    group_devices,
    held_parameters,
    imbalance_idle,
    layers,
    model_flop_utilisation,
    optimiser_time,
    outer_efficiency,
    peak_bf16,
    replicas,
    scale_out_bandwidth,
    stage_experts,
    stage_parameters,
    state_bytes,
    token_flop,
    training_bytes,
    training_efficiency,
    training_step_time,
    work_time,
)

_copies = sp.Max(1, replicas / group_devices)  # of one expert, and how many of them a domain holds
_near = sp.Max(1, domain / group_devices)


def _beyond(number, near):
    """Return the share of a buffer that each of `number` devices sends out of its domain to add the buffers up.

    `near` of them share a domain and add up first; each then sends its part of the sum to the other domains.
    """
    near = sp.Min(near, number)
    return (number - near) / (number * near)


training = Model(
    equations=(
        Equation(
            token_flop, 6 * active_parameters + 3 * layers * attention_flop_per_context * context, "deepseek2024v3"
        ),
        Equation(work_time, token_flop * device_tokens / (training_efficiency * peak_bf16), "narayanan2021"),
        Equation(held_parameters, stage_parameters + stage_experts / group_devices),
        Equation(training_bytes, held_parameters * state_bytes, "rajbhandari2020zero"),
        Equation(
            gradient_time,
            (stage_parameters * _beyond(replicas, domain) + stage_experts / group_devices * _beyond(_copies, _near))
            * gradient_bytes
            / (outer_efficiency * scale_out_bandwidth),
            "patarasuk2009",
        ),
        Equation(
            training_step_time,
            work_time / ((1 - exchange_idle - imbalance_idle) * (1 - bubble_idle))
            + gradient_exposed * gradient_time
            + optimiser_time,
        ),
        Equation(
            model_flop_utilisation, token_flop * device_tokens / (training_step_time * peak_bf16), "narayanan2021"
        ),
    ),
    assumptions=(
        "six operations for each active parameter and token, and attention over the half of the context before it",
        "exchanges and bubbles stretch the work; gradients and optimiser come after it",
        (
            "gradients are added up inside a domain first, which costs nothing, then between domains, as parameters "
            "are gathered: ranks of one stage lie side by side"
        ),
        "recomputed operations are in the efficiency",
    ),
)
