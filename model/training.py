"""One training step: work, what exchanges and the pipeline leave idle, gradients, and the optimiser."""

import numpy as np

from model import catalog
from model.equation import Equation, Model, compute
from model.nomenclature import (
    active_parameters,
    attention_flop_per_context,
    bubble_idle,
    context,
    device_tokens,
    exchange_idle,
    gradient_bytes,
    gradient_exposed,
    gradient_time,
    held_parameters,
    imbalance_idle,
    layers,
    model_flop_utilisation,
    optimiser_time,
    outer_efficiency,
    peak_bf16,
    replicas,
    scale_out_bandwidth,
    token_flop,
    training_efficiency,
    training_step_time,
    work_time,
)
from model.scenario import Scenario
from model.step import idle_shares, step

training = Model(
    equations=(
        Equation(
            token_flop, 6 * active_parameters + 3 * layers * attention_flop_per_context * context, "deepseek2024v3"
        ),
        Equation(work_time, token_flop * device_tokens / (training_efficiency * peak_bf16), "narayanan2021"),
        Equation(
            gradient_time,
            held_parameters * gradient_bytes * (replicas - 1) / replicas / (outer_efficiency * scale_out_bandwidth),
            "patarasu2009",
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
        "gradients are reduced and parameters gathered over the scale-out network",
        "recomputed operations are in the efficiency",
    ),
)

RUN = "v3-training-mpft"  # the set of data/serving.csv that the efficiency is fitted to


def shape(scenario, model="deepseek-v3"):
    """Return the columns of a training run of the model as its report describes it, on a scenario's system.

    Held parameters: a stage's share of the dense ones, and of the experts spread over the expert-parallel group.
    """
    workload = scenario.facts("workloads", model)
    stages, group, devices = (workload(name) for name in ("pipeline", "expert_parallel", "training_devices"))
    routed = workload("moe_layers") * workload("experts") * workload("expert_parameters")
    tokens = workload("batch_sequences") * workload("sequence")
    system = scenario.system
    scale_out = system("scale_out_bandwidth")
    return {
        "active_parameters": workload("active_parameters"),
        "layers": workload("layers"),
        "attention_flop_per_context": workload("attention_flop_per_context_expanded") / 2,
        "context": workload("sequence"),
        "device_tokens": tokens / devices,
        "peak_bf16": system("peak_bf16"),
        "held_parameters": (workload("total_parameters") - routed + routed / group) / stages,
        "gradient_bytes": scenario.facts("software", "training")("gradient_bytes"),
        "gradient_exposed": scenario.facts("software", "training")("gradient_exposed"),
        "replicas": devices / stages,
        "outer_efficiency": system("scale_out_achievable", scale_out) / scale_out,
        "scale_out_bandwidth": scale_out,
        "optimiser_time": measured("optimiser_time"),
        **idle(scenario, model, stages, group, microbatches=tokens / devices * stages / workload("sequence")),
    }


def idle(scenario, model, stages, group, microbatches):
    """Return the idle shares of an overlapped training step: exchange, imbalance, bubble."""
    workload = scenario.facts("workloads", model)
    rows = {"ranks": np.array([group]), "batch": np.array([1.0]), "context": np.array([workload("sequence")])}
    shares = idle_shares(*step(scenario, model, "training", "fp8", True, rows), stages, microbatches)
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
