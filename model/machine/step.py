"""From a system, a model and its operating conditions to the time of one step, and where that step waits."""

import numpy as np
import pandas as pd

from model.laws.exchange import limited_routing
from model.laws.idle import balls_in_bins, idle, overlapped, serial
from model.laws.roofline import compute
from model.machine import collectives
from model.machine.machine import POOLED
from model.notation.equation import compute as evaluate
from model.notation.nomenclature import (
    attention_flop,
    attention_time,
    compute_time,
    dense_bytes,
    dense_flop,
    dense_time,
    distinct,
    exchange_time,
    expert_bytes,
    expert_flop,
    expert_time,
    kv_bytes,
    load_ratio,
    step_time,
)

WORKLOAD = (
    *("total_parameters", "active_parameters", "expert_parameters", "layers", "moe_layers"),
    *("experts", "topk", "hidden", "kv_elements"),
)
WIDTH = {"dispatch": None, "combine": "combine"}  # the format that sets the bytes on the wire; None: the precision
ROOFLINES = {  # part: its time, its work, its bytes, and the peak that it runs at
    "dense": (dense_time, dense_flop, dense_bytes, "peak"),
    "experts": (expert_time, expert_flop, expert_bytes, "peak"),
    "attention": (attention_time, attention_flop, kv_bytes, "peak_bf16"),
}
PASSES = {"decode": (1, 1), "prefill": (1, 1), "training": (3, 2)}  # of compute, of exchanges: forward and backward


def columns(scenario, model, phase, precision, rows, software=None, share=1.0, balanced=False):
    """Return the columns of one step, or of a share of it (one of two microbatches), times of its parts included.

    rows: mapping of arrays ranks (devices), batch, context and, where it matters, processed (tokens per request and
    step), kv_bytes_per_element and tensor_devices. balanced: every rank carries the same load. Where the tensor group
    is the whole group, it splits every expert, too: no token is sent to another rank, and none carries more.
    """
    system, workload = scenario.system, scenario.facts("workloads", model)
    shape = {name: workload(name) for name in WORKLOAD}
    length = rows.get("processed", 1.0) if phase == "decode" else rows["context"]
    requests = rows["batch"] * share
    dies = system("dies", 1)
    tensor = rows.get("tensor_devices", 1.0)
    split = (tensor > 1) & (tensor == rows["ranks"])  # attention and experts alike
    compute_passes, exchange_passes = PASSES[phase]
    result = {
        **rows,
        **shape,
        **scenario.step_constants(),
        "tensor_devices": tensor,
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
    waits = (result["group_devices"] > 1) & ~split  # one device waits for nobody
    result["skew"] = np.where(waits, result["skew"], 1.0)
    result["load_ratio"] = 1.0 if balanced else np.where(split, 1.0, evaluate(balls_in_bins.solve(load_ratio), result))
    result["compute_time"] = evaluate(compute.solve(compute_time), result)
    result["reduce_time"] = _reduce(scenario, software, result)
    for op, instead in (("dispatch", 0.0), ("combine", result["reduce_time"])):
        sent = _exchange(scenario, workload, phase, op, precision, software, result)
        result[f"{op}_time"] = np.where(split, instead, sent)
    result["exchange_time"] = evaluate(serial.solve(exchange_time), {**result, "passes": exchange_passes})
    return result


def step(scenario, model, phase, precision, overlap, rows, software=None):
    """Return (step time, busy time, busy time of a balanced load), in s; overlap: two microbatches or one batch."""
    time, part, share = _timed(scenario, model, phase, precision, overlap, rows, software)
    fair = evaluate(compute.solve(compute_time), {**part, "load_ratio": 1.0, "skew": 1.0})
    return time, part["compute_time"] / share, fair / share


def duration(scenario, model, phase, precision, overlap, rows, software=None):
    """Return the step time alone, in s: the first of what `step` returns."""
    return _timed(scenario, model, phase, precision, overlap, rows, software)[0]


def _timed(scenario, model, phase, precision, overlap, rows, software):
    """Return (step time, columns of a batch or microbatch, its share of the step)."""
    share = 0.5 if overlap else 1.0
    part = columns(scenario, model, phase, precision, rows, software, share)
    facts = scenario.facts("software", "overlap")
    price = {name: facts(name) for name in ("overlap_slowdown", "exposed_share")} if overlap else {}
    return evaluate((overlapped if overlap else serial)[step_time].rhs, {**part, **price}), part, share


def parts(scenario, model, phase, precision, overlap, rows):
    """Return a frame of the parts of one step, for one row of inputs: part, seconds, binds.

    binds: memory or compute for what has a roofline, None for the rest. rows: mapping of arrays of length one.
    """
    share = 0.5 if overlap else 1.0
    time, busy, fair = step(scenario, model, phase, precision, overlap, rows)
    part = columns(scenario, model, phase, precision, rows, share=share, balanced=True)
    found = []
    for name, (seconds, work, traffic, rate) in ROOFLINES.items():
        seconds, work, traffic = (evaluate(compute.solve(each), part) for each in (seconds, work, traffic))
        binds = "compute" if np.ravel(work / part[rate] > traffic / part["memory_bandwidth"])[0] else "memory"
        found.append((name, seconds / share, binds))
    found.append(("layer overhead", part["passes"] * part["layers"] * part["layer_overhead"] / share, None))
    found += [("slower rank", busy - fair, None), ("exchange", time - busy, None)]
    rows = [(name, float(np.ravel(seconds)[0]), binds) for name, seconds, binds in found]
    return pd.DataFrame(rows, columns=["part", "seconds", "binds"])


def idle_shares(time, busy, fair, stages=1, microbatches=1):
    """Return the idle shares of a step by part: exchange, imbalance, bubble, all."""
    values = {
        "step_time": time,
        "compute_time": busy,
        "useful_time": fair,
        "stages": stages,
        "microbatches": microbatches,
    }
    names = {
        "exchange": "exchange_idle",
        "imbalance": "imbalance_idle",
        "bubble": "bubble_idle",
        "all": "moe_idle_share",
    }
    solved = {str(equation.lhs): idle.solve(equation.lhs) for equation in idle.equations}
    return {part: evaluate(solved[name], values) for part, name in names.items()}


def _attention(workload, phase):
    """Return operations per token and token of context: absorbed in decode; causal, so half the context, otherwise."""
    if phase == "decode":
        return workload("attention_flop_per_context")
    return workload("attention_flop_per_context_expanded") / 2


def _reduce(scenario, software, step_columns):
    """Return the time in which a tensor group adds up the activations of one layer; a group of one adds nothing up.

    The rates are those of the all-reduce. A small sum starts up as fast as the exchange's kernels: what an engine
    launches waits for no host, as most benchmarks of all-reduces do.
    """
    tensor = np.asarray(step_columns["tensor_devices"], dtype=float)
    if not np.any(tensor > 1):
        return 0.0
    message = step_columns["step_tokens"] * tensor * step_columns["hidden"]
    message = message * scenario.facts("formats", "combine")("combine_bytes")
    kernels = scenario.software("all_to_all_time", software)
    times = collectives.reduce_times(
        scenario,
        scenario.software("all_reduce_time"),
        {"ranks": np.maximum(tensor, 2.0), "bytes": message},
        startup=scenario.constants("all_to_all_time", kernels.name, "dispatch")["startup"],
    )
    return np.where(tensor > 1, np.minimum(*times), 0.0)


def _exchange(scenario, workload, phase, op, precision, software, step_columns):
    """Return the time of one dispatch or combine, whose ranks are dies; one rank exchanges nothing.

    Decode runs the low-latency kernels that were measured. Prefill and training send a token once to each domain that
    the router lets it visit, and use the scale-up network also where the low-latency kernels do not.
    """
    chosen = scenario.software("all_to_all_time", software)
    if phase != "decode" and not chosen("uses_scale_up"):
        chosen = scenario.software("all_to_all_time", POOLED)
    dies = step_columns["dies"]
    ranks = np.asarray(step_columns["ranks"] * dies, dtype=float)
    rows = {
        "ranks": np.maximum(ranks, 2.0),
        "tokens": step_columns["step_tokens"] / dies,
        "hidden": step_columns["hidden"],
        "topk": step_columns["topk"],
        "bytes_per_element": scenario.facts("formats", WIDTH[op] or precision)(f"{op}_bytes"),
    }
    if phase != "decode":
        domains = np.ceil(rows["ranks"] / (scenario.system("domain") * dies))
        limit = np.minimum(workload("node_limit", np.inf), domains)
        routing = {"destinations": domains, "place_limit": limit, "experts": step_columns["experts"]}
        rows["outer_copies"] = evaluate(limited_routing.solve(distinct), {**routing, "topk": rows["topk"]})
    inputs = collectives.all_to_all_columns(scenario.system, chosen, rows)
    constants = scenario.constants("all_to_all_time", chosen.name, op)
    prepare = collectives.prepare_time(chosen) if op == "dispatch" else 0.0
    return np.where(ranks > 1, prepare + collectives.time("all_to_all_time", inputs, constants), 0.0)
