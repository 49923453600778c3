"""The questions that the bench asks of each quantity: rows of inputs, and the numbers that a law by hand needs."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from model.machine import frontier, layouts
from model.machine.scenario import Scenario
from model.machine.step import WORKLOAD
from model.machine.training_step import Training
from model.notation import limits

HERE = Path(__file__).parent
REDUCTIONS = ("all_reduce_time", "all_gather_time", "reduce_scatter_time")
SYSTEMS = {"all_to_all_time": "hgx-h100"} | dict.fromkeys(REDUCTIONS, "gb200-nvl72")
SERVING = ("moe_idle_share", "decode_throughput", "decode_frontier", "devices_needed")
PROMPTS = ("prefill_throughput", "service_frontier")
SYSTEMS |= dict.fromkeys((*SERVING, *PROMPTS, "training_throughput"), "gb200-nvl72")
WORDS = {  # inputs that are the same in every row
    "all_to_all_time": {"op": "dispatch"},
    "moe_idle_share": {"model": "deepseek-v3", "precision": "fp8", "phase": "decode", "overlap": 0},
    "decode_throughput": {"model": "deepseek-v3", "precision": "fp8"},
    "decode_frontier": {"model": "deepseek-v3", "precision": "fp8"},
    **{
        name: {"model": "deepseek-v3", "precision": "fp8"}
        for name in ("devices_needed", *PROMPTS, "training_throughput")
    },
}
RECOVERY = {"checkpoint_write": 1, "downtime": limits.QUICKEST_RECOVERY, "reload": 1}  # s, the least of each
RANKS = np.array([8, 16, 32, 64, 72, 128, 144, 256])


def rows(quantity, count, seed=0):
    """Return a frame of `count` rows of the numbers that a quantity asks for."""
    rng = np.random.default_rng(seed)
    withdrawn = np.array([8, 72])  # a fault withdraws devices of the job: no job has fewer
    job = {"devices": rng.integers(withdrawn.max(), 100_000, count), "failure_rate": rng.uniform(1e-9, 1e-8, count)}
    step = {"ranks": rng.choice(RANKS[1:-1], count), "batch": rng.integers(1, 128, count)}
    step |= {"context": rng.integers(100, 8000, count)}
    inputs = {
        "all_to_all_time": {
            "ranks": rng.choice(RANKS, count),
            "tokens": rng.integers(1, 8192, count),
            "hidden": np.full(count, 7168),
            "experts": np.full(count, 256),
            "topk": np.full(count, 8),
            "bytes_per_element": rng.choice([1, 2], count),
        },
        "all_reduce_time": {"ranks": rng.choice(RANKS, count), "bytes": rng.integers(1e3, 1e9, count)},
        "all_gather_time": {"ranks": rng.choice(RANKS, count), "bytes": rng.integers(2**22, 2**30, count)},
        "reduce_scatter_time": {"ranks": rng.choice(RANKS, count), "bytes": rng.integers(2**22, 2**30, count)},
        "job_mtbf": job,
        "effective_training_share": job | {name: rng.uniform(low, 600, count) for name, low in RECOVERY.items()},
        "spare_devices": job
        | {"withdrawn": rng.choice(withdrawn, count), "repair": rng.uniform(1e4, 5e5, count)}
        | {"confidence": np.full(count, 0.99)},
        "whole_domain_share": {"domain": rng.choice(RANKS, count), "unavailability": rng.uniform(0, 0.01, count)},
        "moe_idle_share": step,
        "decode_throughput": step,
        "devices_needed": {"batch": rng.integers(1, 30_000, count), "context": step["context"]},
        "prefill_throughput": {"ranks": step["ranks"], "sequence": rng.integers(256, 8192, count)},
        "service_frontier": {
            "speed": rng.uniform(10, 100, count),
            "input_tokens": rng.choice([1024, 8192], count),
            "output_tokens": np.full(count, 1024),
        },
        "training_throughput": {
            "devices": rng.choice([512, 1024, 2048, 4096], count),
            "sequences": 1024 * rng.integers(4, 9000, count),  # hardly two jobs alike: each is a search
        },
        "decode_frontier": {"speed": rng.uniform(10, 100, count), "context": np.full(count, 4096)},
    }
    return pd.DataFrame({name: values.astype(float) for name, values in inputs[quantity].items()})


QUANTITIES = (  # those with a law by hand
    *("all_to_all_time", *REDUCTIONS, "job_mtbf", "effective_training_share", "spare_devices", "whole_domain_share"),
    *(*SERVING, *PROMPTS, "training_throughput"),
)


def numbers(quantity):
    """Return the numbers that the law by hand takes as given, as plain floats."""
    if quantity not in SYSTEMS:
        return SimpleNamespace()
    scenario = Scenario(SYSTEMS[quantity])
    if quantity == "all_to_all_time":
        return _exchange(scenario, WORDS[quantity]["op"])
    if quantity == "training_throughput":
        columns = scenario.training_columns(Training(release=None, **WORDS[quantity]))
        return SimpleNamespace(**columns, sequence=4096.0)
    return _reduce(scenario) if quantity in REDUCTIONS else _step(scenario, **WORDS[quantity])


def _fabric(scenario):
    scale_out = scenario.system("scale_out_bandwidth")
    return {
        "domain": scenario.system("domain"),
        "dies": scenario.system("dies", 1),
        "scale_up": scenario.system("scale_up_bandwidth"),
        "scale_out": scale_out,
        "latency": scenario.system("scale_out_latency"),
        "outer_efficiency": scenario.system("scale_out_achievable", scale_out) / scale_out,
    }


def _exchange(scenario, op, message=None):
    software = scenario.software("all_to_all_time")
    constants = {"inner_efficiency": 1.0, "handled_copies": 0.0, "merging": 0.0}
    constants |= scenario.constants("all_to_all_time", software.name, op)
    flags = {name: software(name) for name in ("uses_scale_up", "merges_copies")}
    scales = {"scale_bytes": software("scale_bytes", 0.0), "scale_block": software("scale_block", 1.0)}
    numbers = _fabric(scenario) | flags | scales | constants
    return SimpleNamespace(**numbers, message=message, prepare=software("exchange_prepare_time", 0.0))


def _reduce(scenario, startup=None):
    software = scenario.software("all_reduce_time")
    small = scenario.constants("small_all_reduce_time", software.name, "all_reduce")["startup"]
    names = ("tree_hop", "flag_hop", "ring_hop", "uplink_least", "uplink_share", "message_share")
    return SimpleNamespace(
        **_fabric(scenario),
        **{name: software(name) for name in names},
        **scenario.constants("all_reduce_time", software.name, "all_reduce"),
        small_startup=small if startup is None else startup,
        in_switch=scenario.system("in_switch_reduction", 0.0) * software("reduces_in_switch"),
        switch_efficiency=scenario.system("switch_efficiency"),
    )


def _step(scenario, model, precision, **_):
    workload, formats = scenario.facts("workloads", model), scenario.facts("formats", precision)
    ways = {}
    for op, width in (("dispatch", formats("dispatch_bytes")), ("combine", 2.0)):
        message = {"hidden": workload("hidden"), "topk": workload("topk"), "bytes_per_element": width}
        ways[op] = _exchange(scenario, op, message)
    widths = {name: formats(name) for name in ("weight_bytes", "dense_weight_bytes", "block_scaled")}
    peak = scenario.system(f"peak_{precision}")
    credits = frontier.credit(scenario, model).items()
    return SimpleNamespace(
        **{name: workload(name) for name in WORKLOAD},
        **{name: scenario.system(name) for name in ("memory_bandwidth", "memory_capacity", "domain")},
        **widths,
        **ways,
        **scenario.step_constants(),
        reduce=_reduce(scenario),
        peak=peak,
        dense_peak=peak,
        attention_peak=scenario.system("peak_bf16"),
        combine_bytes=scenario.facts("formats", "combine")("combine_bytes"),
        kv_bytes=formats("kv_bytes_per_element"),
        attention_flop=workload("attention_flop_per_context"),
        attention_expanded=workload("attention_flop_per_context_expanded"),
        node_limit=workload("node_limit", np.inf),
        prefill_tokens=scenario.facts("assumptions", "prefill")("prefill_tokens"),
        memory_usable=scenario.facts("assumptions", "serving")("memory_usable"),
        credits=[(drafts, float(tokens)) for drafts, (_, tokens) in credits],
        layouts=[tuple(layout) for layout in layouts.run(scenario.name)],
    )
