"""One training step: work, what exchanges and the pipeline leave idle, gradients, and the optimiser."""

import numpy as np
import sympy as sp

from model import catalog
from model.equation import Equation, Model, compute
from model.nomenclature import (
    active_parameters,
    attention_flop_per_context,
    bubble_idle,
    context,
    dense_parameters,
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
    state_bytes,
    token_flop,
    training_bytes,
    training_efficiency,
    training_step_time,
    work_time,
)
from model.scenario import Scenario
from model.step import idle_shares, step

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
        Equation(held_parameters, dense_parameters + stage_experts / group_devices),
        Equation(training_bytes, held_parameters * state_bytes, "rajbhandari2020zero"),
        Equation(
            gradient_time,
            (dense_parameters * _beyond(replicas, domain) + stage_experts / group_devices * _beyond(_copies, _near))
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

RUN = "v3-training-mpft"  # the set of data/serving.csv that the efficiency is fitted to


def shape(scenario, model="deepseek-v3", groups=None, devices=None, precision="fp8", overlap=True):
    """Return the columns of a training run of the model as its report describes it, on a scenario's system.

    groups: array of expert-parallel groups, devices: of the job, in place of the report's; tokens for each device and
    pipeline stages stay.
    """
    workload = scenario.facts("workloads", model)
    stages = workload("pipeline")
    groups = np.array([workload("expert_parallel")]) if groups is None else np.asarray(groups, dtype=float)
    routed = workload("moe_layers") * workload("experts") * workload("expert_parameters")
    device_tokens = workload("batch_sequences") * workload("sequence") / workload("training_devices")
    system = scenario.system
    scale_out = system("scale_out_bandwidth")
    return {
        "active_parameters": workload("active_parameters"),
        "layers": workload("layers"),
        "attention_flop_per_context": workload("attention_flop_per_context_expanded") / 2,
        "context": workload("sequence"),
        "device_tokens": device_tokens,
        "peak_bf16": system("peak_bf16"),
        "dense_parameters": (workload("total_parameters") - routed) / stages,
        "stage_experts": routed / stages,
        "group_devices": groups,
        "domain": system("domain"),
        "gradient_bytes": scenario.facts("software", "training")("gradient_bytes"),
        "gradient_exposed": scenario.facts("software", "training")("gradient_exposed"),
        "replicas": (devices or workload("training_devices")) / stages,
        "outer_efficiency": system("scale_out_achievable", scale_out) / scale_out,
        "scale_out_bandwidth": scale_out,
        "optimiser_time": measured("optimiser_time"),
        **idle(scenario, model, stages, groups, device_tokens * stages / workload("sequence"), precision, overlap),
    }


def idle(scenario, model, stages, groups, microbatches, precision="fp8", overlap=True):
    """Return the idle shares of a training step: exchange, imbalance, bubble; groups: an array of devices."""
    workload = scenario.facts("workloads", model)
    rows = {"ranks": groups, "batch": np.array([1.0]), "context": np.array([workload("sequence")])}
    shares = idle_shares(*step(scenario, model, "training", precision, overlap, rows), stages, microbatches)
    return {f"{part}_idle": shares[part] for part in ("exchange", "imbalance", "bubble")}


def measured(quantity):
    """Return a measured number of the run, in base units."""
    rows = catalog.chosen("serving")
    row = rows[(rows.set == RUN) & (rows.quantity == quantity)].iloc[0]
    return row.value * catalog.size(row.unit)


def fitted_efficiency(scenario=None):
    """Return the efficiency at which the law gives the run's measured step time: one row, one constant."""
    scenario = scenario or Scenario("hgx-h800")
    columns = {**shape(scenario), "training_efficiency": 1.0}
    rest = measured("step_time") - columns["optimiser_time"]
    rest = rest - columns["gradient_exposed"] * compute(training.solve(gradient_time), columns)
    busy = rest * (1 - columns["exchange_idle"] - columns["imbalance_idle"]) * (1 - columns["bubble_idle"])
    return compute(training.solve(work_time), columns) / busy
