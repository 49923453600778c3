"""A training run as its report describes it, with the numbers of one machine, and the efficiency that it shows."""

import numpy as np

from model.laws.idle_training import training
from model.machine.scenario import Scenario
from model.machine.step import Asked, idle_shares, step
from model.notation.equation import compute
from model.notation.nomenclature import gradient_time, work_time
from model.notation.units import size
from model.numbers import catalog


def run():
    """Return the row of data/serving.csv that the efficiency is fitted to: a training step's time, to calibrate with.

    Raises ValueError unless exactly one row is marked.
    """
    rows = catalog.chosen("serving")
    rows = rows[(rows.phase == "training") & (rows.quantity == "step_time") & (rows.role == "calibrate")]
    if len(rows) != 1:
        raise ValueError(
            f"data/serving.csv marks {len(rows)} step times of training to calibrate with: the efficiency is one "
            "constant, mark one row"
        )
    return rows.iloc[0]


def shape(scenario, model, groups=None, devices=None, precision="fp8", overlap=True):
    """Return the columns of a training run of the model as its report describes it, on a scenario's system.

    groups: array of expert-parallel groups, devices: of the job, in place of the report's; tokens for each device and
    pipeline stages stay.
    """
    workload = scenario.facts("workloads", model)
    reported = scenario.facts("runs", model)
    stages = reported("pipeline")
    groups = np.array([reported("expert_parallel")]) if groups is None else np.asarray(groups, dtype=float)
    routed = workload("moe_layers") * workload("experts") * workload("expert_parameters")
    device_tokens = reported("batch_sequences") * reported("sequence") / reported("training_devices")
    system = scenario.system
    scale_out = system("scale_out_bandwidth")
    return {
        "active_parameters": workload("active_parameters"),
        "layers": workload("layers"),
        "attention_flop_per_context": workload("attention_flop_per_context_expanded") / 2,
        "context": reported("sequence"),
        "device_tokens": device_tokens,
        "peak_bf16": system("peak_bf16"),
        "stage_parameters": (workload("total_parameters") - routed) / stages,
        "stage_experts": routed / stages,
        "group_devices": groups,
        "domain": system("domain"),
        "gradient_bytes": scenario.facts("assumptions", "training")("gradient_bytes"),
        "gradient_exposed": scenario.facts("assumptions", "training")("gradient_exposed"),
        "replicas": (devices or reported("training_devices")) / stages,
        "outer_efficiency": system("scale_out_achievable", scale_out) / scale_out,
        "scale_out_bandwidth": scale_out,
        "optimiser_time": measured("optimiser_time"),
        **idle(scenario, model, stages, groups, device_tokens * stages / reported("sequence"), precision, overlap),
    }


def idle(scenario, model, stages, groups, microbatches, precision="fp8", overlap=True):
    """Return the idle shares of a training step: exchange, imbalance, bubble; groups: an array of devices."""
    reported = scenario.facts("runs", model)
    rows = {"ranks": groups, "batch": np.array([1.0]), "context": np.array([reported("sequence")])}
    shares = idle_shares(*step(scenario, Asked(model, "training", precision), rows, overlap), stages, microbatches)
    return {f"{part}_idle": shares[part] for part in ("exchange", "imbalance", "bubble")}


def measured(quantity):
    """Return a measured number of the run that the efficiency is fitted to, in base units."""
    rows = catalog.chosen("serving")
    row = rows[(rows.set == run().set) & (rows.quantity == quantity)].iloc[0]
    return row.value * size(row.unit)


def fitted_efficiency(scenario=None):
    """Return the efficiency at which the law gives the run's measured step time: one row, one constant."""
    scenario = scenario or Scenario(run().system)
    columns = {**shape(scenario, run().workload), "training_efficiency": 1.0}
    rest = measured("step_time") - columns["optimiser_time"]
    rest = rest - columns["gradient_exposed"] * compute(training.solve(gradient_time), columns)
    busy = rest * (1 - columns["exchange_idle"] - columns["imbalance_idle"]) * (1 - columns["bubble_idle"])
    return compute(training.solve(work_time), columns) / busy
