"""From a system, a workload and a layout to the time of one training step."""

from typing import NamedTuple

import numpy as np

LAYOUT = ("microbatch", "tensor_devices", "context_devices", "expert_devices", "stages", "chunks")
JOB = ("devices", "sequences", "sequence")
WORKLOAD = (
    *("layers", "moe_layers", "hidden", "experts", "topk", "expert_parameters", "dense_parameters"),
    *("embedding_parameters", "attention_elements", "attention_kept_elements", "feedforward_elements"),
    *("context_elements", "windowed_layers", "attention_window"),
)
MACHINE = ("domain", "scale_up_bandwidth", "scale_out_bandwidth", "memory_bandwidth", "memory_capacity", "peak_bf16")
FIXED = (  # constants that are sourced and not fitted: rows of data/priors.csv
    *("memory_efficiency", "inner_efficiency", "outer_efficiency", "dense_weight_traffic"),
    *("gradient_width", "optimiser_width", "dispatch_width", "memory_share"),
)
PEAKS = {"mxfp8": "fp8"}  # formats that run at the peak, and the efficiency, of another
ROUNDING = 1 + 1e-9  # what is computed again fills memory exactly


class Training(NamedTuple):
    """What a training step is asked for: a workload, a precision, and a release of the software (None: pooled)."""

    model: str
    precision: str
    release: str | None = None


def columns(machine, asked):
    """Return the columns of the law that job and layout do not set, fitted constants left out.

    machine: a Machine; asked: a Training. Numbers, or arrays of shape (draws, 1) where the machine draws.
    """
    system, workload = machine.system, machine.facts("workloads", asked.model)
    fixed, formats = machine.facts("priors", "training"), machine.facts("formats", asked.precision)
    software = machine.facts("priors", asked.release) if asked.release else None

    def of_release(name, usual):
        return software(name, usual) if software is not None else usual

    return {
        **{name: workload(name) for name in WORKLOAD},
        **{name: system(name) for name in MACHINE},
        **{name: fixed(name) for name in FIXED},
        "peak": system(f"peak_{PEAKS.get(asked.precision, asked.precision)}"),
        "attention_flop_per_context": workload("attention_flop_per_context_expanded"),
        "expert_hidden": workload("expert_hidden", 0.0),
        "place_limit": workload("node_limit", np.inf),
        "compute_width": machine.facts("formats", "bf16")("weight_bytes"),
        "stored_width": of_release("stored_width", formats("stored_width")),
        "dispatch_width": of_release("dispatch_width", fixed("dispatch_width")),
        "sharded": of_release("sharded", 0.0),
        "merged": 1.0,
    }


def fits(found):
    """Tell which rows of `answers` fit into memory."""
    return found["needed_bytes"] <= found["memory_share"] * found["memory_capacity"] * ROUNDING
