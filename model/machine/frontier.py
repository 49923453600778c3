"""The frontier of serving: at each speed per user the best throughput over ranks, tensor groups, overlap and batch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from model.laws.roofline import compute as roofline
from model.laws.serving import memory
from model.machine import step
from model.notation.equation import compute
from model.notation.nomenclature import batch_limit

POINTS = 24  # batches at which a layout's step is timed, from one request per tensor group to what memory holds
REFINEMENTS = 3  # straight lines that close in on the batch that a speed allows: steps are nearly linear in it
MULTIPLES = (1, 3, 5, 9)  # times powers of two: the group sizes that are tried, 72 and 160 among them
SPARE_EXPERTS = (
    1.25  # ranks over experts at most: the largest published deployment keeps 64 more ranks than 256 experts
)


class Layout(NamedTuple):
    """How a model lies on devices: ranks of the whole group, devices of a tensor group, one batch or two in turn."""

    ranks: int
    tensor_devices: int
    overlap: bool


@dataclass(frozen=True)
class Curve:
    """One layout's step: batch (requests per device) and time, s, of shape (draws or 1, POINTS), and timed, the law
    itself: from batches of shape (draws or 1, n) to times of that shape."""

    layout: Layout
    batch: np.ndarray
    time: np.ndarray
    timed: Callable


def layouts(scenario, model):
    """Return every Layout to be tried on a system, without and with overlap.

    Groups have a power of two, times 1, 3, 5 or 9, of devices, and at most 1.25 ranks for each expert. A tensor group
    is a power of two, lies in one domain, divides the group and leaves each slice of an expert one block of weights
    wide. Where it is the whole group, there is nothing to overlap but sums: two batches in turn are tried all the same.
    """
    system, workload = scenario.system, scenario.facts("workloads", model)
    ranks = _middle(SPARE_EXPERTS * workload("experts") / system("dies", 1))
    sizes = sorted({m * 2**i for m in MULTIPLES for i in range(12) if m * 2**i <= ranks})
    widest = min(
        workload("expert_hidden") / scenario.facts("software", "pooled")("scale_block"), _middle(system("domain"))
    )
    groups = [2**i for i in range(12) if 2**i <= widest]
    return [
        Layout(size, group, overlap)
        for size in sizes
        for group in groups
        if size % group == 0
        for overlap in (False, True)
    ]


def curves(scenario, model, precision, conditions):
    """Return the Curve of each layout that fits into memory.

    conditions: mapping of numbers context, tokens_per_step, kv_bytes_per_element. In a draw in which not even one
    request per tensor group fits, the layout's times are infinite.
    """
    found = []
    for layout in layouts(scenario, model):
        rows = {name: np.array([float(number)]) for name, number in conditions.items()}
        rows |= {"ranks": np.array([float(layout.ranks)]), "tensor_devices": np.array([float(layout.tensor_devices)])}
        rows["processed"] = np.ceil(rows["tokens_per_step"])
        least = 1 / layout.tensor_devices
        most = largest_batch(scenario, model, precision, rows)
        fits = most >= least
        if not np.any(fits):
            continue
        batch = np.atleast_2d(least * (np.maximum(most, least) / least) ** np.linspace(0, 1, POINTS))
        timed = partial(step_time, scenario, model, precision, rows, layout.overlap, fits)
        found.append(Curve(layout, batch, timed(batch), timed))
    return found


def step_time(scenario, model, precision, rows, overlap, fits, batch):
    """Return the time of a decode step, s, in the shape of batch; infinite where the layout does not fit."""
    time = step.duration(scenario, model, "decode", precision, overlap, {**rows, "batch": batch})
    return np.where(fits, time, np.inf)


def largest_batch(scenario, model, precision, rows):
    """Return the requests per device that memory holds, at most; negative where the weights alone do not fit.

    rows: mapping of arrays ranks, tensor_devices, context, kv_bytes_per_element. Law: model.laws.serving.memory.
    """
    system, workload = scenario.system, scenario.facts("workloads", model)
    columns = {
        **rows,
        **{name: workload(name) for name in step.WORKLOAD},
        "group_devices": rows["ranks"],
        "dies": system("dies", 1),
        "weight_bytes": scenario.facts("formats", precision)("weight_bytes"),
        "memory_capacity": system("memory_capacity"),
        "memory_usable": scenario.facts("assumptions", "serving")("memory_usable"),
    }
    return compute(roofline.solve(memory.solve(batch_limit)), columns)


def at_speed(curve, speeds, tokens_per_step):
    """Return (throughput, batch) per device of one layout, arrays (draws or 1, speeds); throughput 0 out of reach.

    The largest batch whose step is short enough: bracketed by two timed batches, then approached by straight lines.
    """
    allowed = tokens_per_step / np.asarray(speeds, dtype=float)
    passed = (curve.time[:, :, None] <= allowed).sum(axis=1)  # how many of the timed batches are fast enough
    below = np.clip(passed - 1, 0, POINTS - 1)
    above = np.minimum(below + 1, POINTS - 1)
    low, high = (np.take_along_axis(curve.batch, side, axis=1) for side in (below, above))
    shortest, longest = (np.take_along_axis(curve.time, side, axis=1) for side in (below, above))
    for _ in range(REFINEMENTS):
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (allowed - shortest) / (longest - shortest)
        batch = low + (high - low) * np.clip(np.nan_to_num(share), 0.0, 1.0)
        time = curve.timed(batch)
        fast = time <= allowed
        low, shortest = np.where(fast, batch, low), np.where(fast, time, shortest)
        high, longest = np.where(fast, high, batch), np.where(fast, longest, time)
    throughput = np.where(passed > 0, low * tokens_per_step / shortest, 0.0)
    return throughput, low


def best(scenario, model, precision, conditions, speeds):
    """Return (throughput, batch, layout): arrays (draws or 1, speeds) of the best layout at each speed.

    layout: position in the list that `curves` returns for the same arguments.
    """
    return pick(curves(scenario, model, precision, conditions), speeds, conditions["tokens_per_step"])


def pick(found, speeds, tokens_per_step):
    """Return what `best` does, from the list of Curves found."""
    if not found:
        nothing = np.zeros((1, len(speeds)))
        return nothing, nothing, nothing.astype(int)
    answers = [at_speed(curve, speeds, tokens_per_step) for curve in found]
    throughput, batch = (np.stack(np.broadcast_arrays(*each)) for each in zip(*answers, strict=True))
    picked = throughput.argmax(axis=0)[None]
    return tuple(np.take_along_axis(each, picked, axis=0)[0] for each in (throughput, batch)) + (picked[0],)


def _middle(number):
    """Return a number, or the median of its draws: layouts are the same in every draw."""
    return float(np.median(number))
