"""The frontier of serving: at each speed per user the best throughput over layout, drafts and batch."""

from dataclasses import dataclass

import numpy as np

from model.laws.serving import speed
from model.laws.step import credited
from model.machine import step
from model.machine.layouts import Layout
from model.machine.memory import largest_batch
from model.notation.equation import compute
from model.notation.nomenclature import decode_throughput, tokens_per_step

POINTS = 24  # batches at which a layout's step is timed, from one request per tensor group to what memory holds
REFINEMENTS = 3  # straight lines that close in on the batch that a speed allows: steps are nearly linear in it
CELLS = 1_000_000  # numbers of one array, which bounds memory
DEEPEST = 3  # tokens drafted ahead of a step, at most


@dataclass(frozen=True)
class Curves:
    """Steps of decode over layouts and drafts: arrays (draws or 1, layouts, POINTS) of batch (per device) and time, s.

    layout, drafts, credit: of each layout, drafts of a step and tokens credited. In a draw in which not even one
    request for each tensor group fits, a layout's times are infinite.
    """

    layout: list[Layout]
    drafts: np.ndarray
    credit: np.ndarray
    batch: np.ndarray
    time: np.ndarray
    conditions: dict


def credit(scenario, model, accepted=None):
    """Return {drafts: (processed, credited tokens)} to be tried; accepted: tokens per step in place of a choice.

    Without it, as many drafts are tried as the workload can make, credited by its acceptance. Law: laws.step.credited.
    """
    if accepted is not None:
        return {np.ceil(accepted) - 1: (np.ceil(accepted), accepted)}
    workload = scenario.facts("workloads", model)
    if "draft_acceptance" not in workload:
        return {0.0: (1.0, 1.0)}
    chance = workload("draft_acceptance")
    law = credited.solve(tokens_per_step)
    return {
        float(depth): (1.0 + depth, compute(law, {"draft_acceptance": chance, "drafts": float(depth)}))
        for depth in range(DEEPEST + 1)
    }


def curves(scenario, asked, conditions, layouts, accepted=None):
    """Return the Curves of those layouts that fit into memory, for each number of drafts.

    conditions: mapping of numbers context and, where given, kv_bytes_per_element; accepted: as in `credit`.
    """
    tried = credit(scenario, asked.model, accepted)
    chosen, drafts, credits, batches, times = [], [], [], [], []
    kept = _kept(scenario, asked, conditions)
    for depth, (processed, tokens) in tried.items():
        for layout in layouts:
            if (place := (layout, processed)) not in kept:
                kept[place] = _steps(scenario, asked, _rows(layout, processed, depth, conditions), layout)
            if kept[place] is None:
                continue
            batch, time = kept[place]
            chosen.append(layout)
            drafts.append(depth)
            credits.append(tokens)
            batches.append(batch)
            times.append(time)
    if not chosen:
        return None
    shape = np.broadcast_shapes(*(each.shape for each in (*batches, *times)))
    stack = [np.stack([np.broadcast_to(each, shape) for each in many], axis=1) for many in (batches, times)]
    credits = np.stack([np.broadcast_to(each, (shape[0], 1))[:, 0] for each in credits], axis=1)
    return Curves(chosen, np.array(drafts), credits, *stack, dict(conditions))


def _kept(scenario, asked, conditions):
    """Return the mapping of (layout, tokens processed) to its steps that a machine keeps, for these conditions alone.

    A new one where it keeps none.
    """
    if scenario.kept is None:
        return {}
    key = asked, tuple(sorted(conditions.items()))
    if key not in scenario.kept:
        scenario.kept.clear()  # of one point at a time: draws of all layouts take some 10 MB
        scenario.kept[key] = {}
    return scenario.kept[key]


def _steps(scenario, asked, rows, layout):
    """Return (batch, time) of a layout as in Curves, without the axis of layouts; None where no draw of it fits."""
    least = max(1 / layout.tensor_devices, layout.least)
    most = np.minimum(largest_batch(scenario, asked.model, asked.precision, rows), layout.most)
    fits = np.atleast_1d(most >= least)
    if not fits.any():
        return None
    batch = np.atleast_2d(least * (np.maximum(most, least) / least) ** np.linspace(0, 1, POINTS))
    time = step.duration(scenario, asked, {**rows, "batch": batch})
    return batch, np.where(fits.reshape(-1, 1), time, np.inf)


def best(scenario, asked, found, speeds, slower=1.0):
    """Return (throughput, batch, place): arrays (draws or 1, speeds) of the best of Curves at each speed, per device.

    throughput 0 where a speed is out of reach; place: position in the lists of Curves. slower: factors, of shape
    (draws, 1), by which every step takes longer than its law says: at a fixed speed the batch has to give way, which
    moves the throughput by several times as much. The largest batch whose step is short enough is bracketed by two
    timed batches, the best layout picked by straight lines between them, and the batch of that one closed in on by the
    law itself. A layout may serve faster users than were asked for, where it was run with no larger batch.
    """
    speeds = np.asarray(speeds, float) * np.atleast_2d(slower)
    if found is None:
        nothing = np.zeros(speeds.shape)
        return nothing, nothing, nothing.astype(int)
    allowed = found.credit[:, :, None] / speeds[:, None]  # draws, layouts, speeds
    low, high, shortest, longest = _bracket(found, allowed)
    batch = _between(low, high, shortest, longest, allowed)
    reached = shortest <= allowed
    time = np.minimum(allowed, longest)  # a layout at its largest batch may well be faster than it has to be
    place = np.where(reached, batch / time * found.credit[:, :, None], 0.0).argmax(axis=1)

    def picked(each):
        each = np.broadcast_to(each, allowed.shape)
        return np.take_along_axis(each, place[:, None], axis=1)[:, 0]

    tokens = picked(found.credit[:, :, None])
    low, high, shortest, longest, allowed, reached = map(picked, (low, high, shortest, longest, allowed, reached))
    rows = _picked_rows(found, place)
    for _ in range(REFINEMENTS):
        batch = _between(low, high, shortest, longest, allowed)
        time = step.duration(scenario, asked, {**rows, "batch": batch})
        fast = time <= allowed
        low, shortest = np.where(fast, batch, low), np.where(fast, time, shortest)
        high, longest = np.where(fast, high, batch), np.where(fast, longest, time)
    # Steps bend downwards over the batch, so the slow end of the bracket closes in and the fast one may stay.
    batch, time = _between(low, high, shortest, longest, allowed), np.minimum(allowed, longest)
    columns = {"batch": batch, "tokens_per_step": tokens, "step_time": time * slower}
    return np.where(reached, compute(speed.solve(decode_throughput), columns), 0.0), batch, place


def _bracket(found, allowed):
    """Return batch and time of the largest timed batch that is fast enough, and of the next: draws, layouts, speeds."""
    passed = (found.time[..., None] <= allowed[:, :, None]).sum(axis=2)
    below = np.clip(passed - 1, 0, POINTS - 1)
    above = np.minimum(below + 1, POINTS - 1)
    batch, time = (np.broadcast_to(each, (len(allowed), *each.shape[1:])) for each in (found.batch, found.time))
    low, high = (np.take_along_axis(batch, side, axis=2) for side in (below, above))
    return low, high, *(np.take_along_axis(time, side, axis=2) for side in (below, above))


def _between(low, high, shortest, longest, allowed):
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (allowed - shortest) / (longest - shortest)
    return low + (high - low) * np.clip(np.nan_to_num(share), 0.0, 1.0)


def _rows(layout, processed, drafts, conditions):
    rows = {name: float(number) for name, number in conditions.items()}
    rows |= {name: float(getattr(layout, name)) for name in ("ranks", "tensor_devices", "expert_devices")}
    return {name: np.array([number]) for name, number in (rows | {"processed": processed, "drafts": drafts}).items()}


def _picked_rows(found, place):
    """Return the operating columns of the layouts picked, arrays in the shape of place."""
    layouts = np.array([each[:3] for each in found.layout], float)
    rows = dict(zip(("ranks", "tensor_devices", "expert_devices"), layouts[place].transpose(2, 0, 1), strict=True))
    rows |= {name: np.full(place.shape, float(number)) for name, number in found.conditions.items()}
    return rows | {"drafts": found.drafts[place], "processed": 1.0 + found.drafts[place]}
