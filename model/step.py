"""From a system, a model and its operating conditions to the time of one step, and where that step waits."""

import numpy as np

from model import collectives
from model.equation import compute as evaluate
from model.moe import balls_in_bins, idle, overlapped, serial
from model.nomenclature import compute_time, exchange_time, load_ratio, step_time
from model.roofline import compute

WORKLOAD = (
    *("total_parameters", "active_parameters", "expert_parameters", "layers", "moe_layers"),
    *("experts", "topk", "hidden", "kv_elements"),
)
PASSES = {"decode": (1, 1), "prefill": (1, 1), "training": (3, 2)}  # of compute, of exchanges: forward and backward


def columns(scenario, model, phase, precision, rows, software=None, share=1.0, balanced=False):
    """Return the columns of one step, or of a share of it (one of two microbatches), times of its parts included.

    rows: mapping of arrays ranks (devices), batch, context and, where it matters, processed (tokens per request and
    step) and kv_bytes_per_element. balanced: every rank carries the same load.
    """
    system, workload = scenario.system, scenario.facts("workloads", model)
    shape = {name: workload(name) for name in WORKLOAD}
    length = rows.get("processed", 1.0) if phase == "decode" else rows["context"]
    requests = rows["batch"] * share
    dies = system("dies", 1)
    compute_passes, exchange_passes = PASSES[phase]
    result = {
        **rows,
        **shape,
        **scenario.step_constants(),
        "group_devices": rows["ranks"],
        "requests": requests,
        "step_tokens": requests * length,
        "weight_bytes": scenario.facts("formats", precision)("weight_bytes"),
        "kv_bytes_per_element": rows.get("kv_bytes_per_element", 2.0),
        "attention_flop_per_context": _attention(workload, phase),
        "peak": system(f"peak_{precision}"),
        "peak_bf16": system("peak_bf16"),
        "memory_bandwidth": system("memory_bandwidth"),
        "dies": dies,
        "passes": compute_passes,
    }
    if balanced or share < 1:  # a second microbatch fills the waits for slower ranks
        result["skew"] = 1.0
    result["skew"] = np.where(result["group_devices"] > 1, result["skew"], 1.0)  # one device waits for nobody
    result["load_ratio"] = 1.0 if balanced else evaluate(balls_in_bins.solve(load_ratio), result)
    result["compute_time"] = evaluate(compute.solve(compute_time), result)
    for op in ("dispatch", "combine"):
        result[f"{op}_time"] = _exchange(scenario, op, precision, software, result, dies)
    result["exchange_time"] = evaluate(serial.solve(exchange_time), {**result, "passes": exchange_passes})
    return result


def step(scenario, model, phase, precision, overlap, rows, software=None):
    """Return (step time, busy time, busy time of a balanced load), in s; overlap: two microbatches or one batch."""
    share = 0.5 if overlap else 1.0
    part = columns(scenario, model, phase, precision, rows, software, share)
    fair = columns(scenario, model, phase, precision, rows, software, share, balanced=True)
    slowdown = {"overlap_slowdown": scenario.facts("software", "overlap")("overlap_slowdown")} if overlap else {}
    law, target = (overlapped if overlap else serial), step_time
    time = evaluate(law[target].rhs, {**part, **slowdown})
    return time, part["compute_time"] / share, fair["compute_time"] / share


def idle_shares(time, busy, fair, stages=1, microbatches=1):
    """Return the idle shares of a step by part: exchange, imbalance, bubble, all."""
    values = {"step_time": time, "compute_time": busy, "useful_time": fair, "stages": stages, "microbatches": microbatches}
    names = {"exchange": "exchange_idle", "imbalance": "imbalance_idle", "bubble": "bubble_idle", "all": "moe_idle_share"}
    solved = {str(equation.lhs): idle.solve(equation.lhs) for equation in idle.equations}
    return {part: evaluate(solved[name], values) for part, name in names.items()}


def _attention(workload, phase):
    """Return operations per token and token of context: absorbed in decode; causal, so half the context, otherwise."""
    if phase == "decode":
        return workload("attention_flop_per_context")
    return workload("attention_flop_per_context_expanded") / 2


def _exchange(scenario, op, precision, software, step_columns, dies):
    """Return the time of one dispatch or combine, whose ranks are dies; one rank exchanges nothing."""
    chosen = scenario.software("all_to_all_time", software)
    width = scenario.facts("formats", precision)("dispatch_bytes") if op == "dispatch" else scenario.facts("formats", "combine")("combine_bytes")
    ranks = np.asarray(step_columns["ranks"] * dies, dtype=float)
    rows = {
        "ranks": np.maximum(ranks, 2.0),
        "tokens": step_columns["step_tokens"] / dies,
        "hidden": step_columns["hidden"],
        "topk": step_columns["topk"],
        "bytes_per_element": width,
    }
    inputs = collectives.all_to_all_columns(scenario.system, chosen, rows)
    constants = scenario.constants("all_to_all_time", chosen.name, op)
    return np.where(ranks > 1, collectives.time("all_to_all_time", inputs, constants), 0.0)
