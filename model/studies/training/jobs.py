"""A training job on a machine at the layout that is best in each draw, and where the time of its step goes."""

from typing import NamedTuple

import numpy as np

from model.laws import training as laws
from model.machine import training_search, training_step
from model.machine.training_step import JOB, LAYOUT, Training

SEARCHED = 64  # layouts, the fastest at recorded numbers, among which each draw takes its own best
BLOCK = 256  # draws that are worked through at once
WHOLE = training_search.EXPERTS * training_search.STAGES  # devices that every layout tried divides
PARTS = ("useful", "memory", "exchange", "launches", "bubble", "gradients")  # of the time of a step
WORDS = {  # part of a step: in words
    "useful": "products and attention",
    "memory": "memory traffic, layers computed again",
    "exchange": "exchanges and collectives",
    "launches": "start-ups and launches",
    "bubble": "pipeline",
    "gradients": "gradients and optimiser",
}
KEPT = (*LAYOUT, *JOB, "recompute", "needed_bytes", "training_step_time", "training_throughput")


class Job(NamedTuple):
    """What is trained, on how many devices, and by what software: release None is the mean of all."""

    model: str
    devices: float
    sequences: float
    sequence: float
    precision: str
    release: str | None = None

    @property
    def asked(self):
        """Return the Training of the job."""
        return Training(self.model, self.precision, self.release)

    @property
    def sizes(self):
        """Return {name: number} of the columns JOB."""
        return {name: float(getattr(self, name)) for name in JOB}


def of_devices(scenario, model, devices, device_sequences=None):
    """Return the Job of a model on that many devices, in the narrowest format that training is known in.

    Sequences of a device and their tokens: topic `training` of data/assumptions.csv, or device_sequences. Of many
    devices the job takes a whole number of WHOLE; the rest, at most a few per cent, waits.
    """
    assumed = scenario.facts("assumptions", "training")
    devices = devices // WHOLE * WHOLE if devices >= WHOLE else devices
    sequences = devices * float(np.median(device_sequences or assumed("device_sequences")))
    precision = "fp8" if "peak_fp8" in scenario.system else "bf16"
    return Job(model, float(devices), sequences, float(np.median(assumed("sequence"))), precision)


def searched(scenario, job, overlap=True, layout=None, software=None):
    """Return the columns of the law at the best layout of each draw: {name: array (draws or 1, 1)}, and PARTS, in s.

    layout: mapping of parts of the layout that are set; software: columns of the law in place of fitted ones. Each draw
    chooses among SEARCHED layouts. A draw in which none fits trains nothing. Raises ValueError where none fits at
    recorded numbers.
    """
    point = {**job.sizes, "overlap": float(overlap)}
    recorded = {**scenario.undrawn().training_columns(job.asked), **(software or {})}
    grid = training_search.fastest(recorded, job.sizes, layout or {}, point["overlap"], SEARCHED)
    if not grid:
        raise ValueError(
            f"no layout of {job.devices:,.0f} devices of {scenario.name} holds {job.model}: ask for more devices"
        )
    columns = {**scenario.training_columns(job.asked), **(software or {})}
    columns = {name: np.asarray(each, float) for name, each in columns.items()}
    draws = scenario.sampler.draws if scenario.sampler else 1
    blocks = []
    for first in range(0, draws, BLOCK):
        part = {name: each[first : first + BLOCK] if each.ndim else each for name, each in columns.items()}
        blocks.append(_best({**part, **point, **grid}, (min(BLOCK, draws - first), len(grid["stages"]))))
    found = {name: np.concatenate([each[name] for each in blocks]) for name in blocks[0]}
    found["training_throughput"] = found["training_throughput"] / scenario.training_scatter(job.model)
    return found


def _best(columns, shape):
    """Return KEPT and PARTS of the fastest layout that fits in each draw, arrays of shape (draws, 1)."""
    found = laws.answers(columns)
    found["training_throughput"] = np.where(training_step.fits(found), found["training_throughput"], 0.0)
    place = np.broadcast_to(found["training_throughput"], shape).argmax(axis=1)[:, None]
    kept = {name: found[name] for name in KEPT} | parts(found)
    return {
        name: np.take_along_axis(np.broadcast_to(np.asarray(each, float), shape), place, axis=1)
        for name, each in kept.items()
    }


def parts(found):
    """Return where the seconds of a step go, by PARTS, which sum to its time; found: columns as laws.answers gives.

    useful: products and attention, once; that time is the same at every layout.
    """
    rounds = found["microbatches"]
    once = laws.answers({**found, "recompute": 0.0}, (laws.work,))
    useful = once["product_time"] + once["attention_time"]
    waits = found["evenness"] * (found["collective_time"] + found["exchange_wait"]) + found["hop_time"]
    launched = found["startup_time"] + found["microbatch_time"] - found["device_time"]
    uneven = (found["evenness"] - 1) * found["work_time"]
    return {
        "useful": rounds * useful,
        "memory": rounds * (found["work_time"] - useful),
        "exchange": rounds * waits,
        "launches": rounds * launched,
        "bubble": found["pipeline_time"] - rounds * (found["microbatch_time"] - uneven),
        "gradients": found["gradient_time"] + found["optimiser_time"],
    }
