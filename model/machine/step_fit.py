"""Fits what all systems share in a step, from runs marked `calibrate`: few constants, each with a sourced prior.

A serving software has an overhead of its own under one prior; where its devices are of another kind, a ratio of its
efficiencies to those elsewhere, too. Priors are rows of data/priors.csv, whose bounds are 5 and 95 % points.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import least_squares

from model.laws import step as laws
from model.machine.estimate import Fitted
from model.machine.machine import POOLED, Machine
from model.machine.priors import priors
from model.machine.readings_fit import solved
from model.machine.step import Asked, columns, halved, may_overlap, with_constants
from model.machine.step_points import POINT, points, read
from model.notation.nomenclature import step_time
from model.numbers.facts import Facts

SHARED = (
    *("memory_efficiency", "product_efficiency", "skew", "activation_time", "activation_exponent", "block_scaling"),
    *("reduce_startup", "overlap_slowdown", "compute_slowdown"),
)
ASSUMED = ("activation_reference", "exposed_share", "dense_kernels")
CLOSE = 0.055  # about how far single runs lie from a law that holds: where robust weights begin to count
# A few steps do not tell constants apart: another installation is slower in all that takes time alike.
SLOWER = dict.fromkeys(("layer_overhead", "activation_time", "reduce_startup"), 1.0)
SLOWER |= dict.fromkeys(("memory_efficiency", "product_efficiency"), -1.0)
WORDS = ["system", "workload", "precision", "engine"]


@cache
def names():
    """Return (fit, quantity) of each constant in order: those that all share, then each serving software's own."""
    own = priors()
    own = own[own.fit.isin(own.fit[own.quantity == "layer_overhead"])]
    return (*(("step", name) for name in SHARED), *zip(own.fit, own.quantity, strict=True))


@dataclass(frozen=True)
class StepFit(Fitted):
    """Logarithms of the constants by name (fit, quantity), the scatter of log times, and which runs they rest on."""

    scatter: float
    systems: frozenset
    workloads: frozenset

    def constants(self, engine=None, sampler=None):
        """Return the constants of a step under a serving software, by name: floats, or arrays of shape (draws, 1).

        None stands for the pooled software: its overhead lies where those of the softwares with runs lie.
        """
        logs = list(self.mean)
        if sampler:
            logs = sampler.normal([f"step {fit} {name}" for fit, name in self.names], self.mean, self.covariance)
        overheads = [mean for mean, (_, name) in zip(self.mean, self.names, strict=True) if name == "layer_overhead"]
        spread = float(np.std(overheads, ddof=1))
        return _named(dict(zip(self.names, map(np.exp, logs), strict=True)), engine, sampler, spread)


def _named(values, engine, sampler=None, spread=0.0):
    """Return the columns of one step from the values of all constants; spread: of overheads, between softwares."""
    found = {name: values["step", name] for name in SHARED} | _assumed(sampler)
    if engine is None or engine == POOLED:
        overheads = [np.log(values[each]) for each in values if each[1] == "layer_overhead"]
        between = sampler.scatter("pooled layer_overhead", spread) if sampler else 1.0
        found["layer_overhead"] = np.exp(sum(overheads) / len(overheads)) * between
        return found
    if (engine, "layer_overhead") not in values:
        known = ", ".join(fit for fit, name in values if name == "layer_overhead")
        raise ValueError(f"data/priors.csv has no serving software {engine}: choose one of {known}")
    found["layer_overhead"] = values[engine, "layer_overhead"]
    for name in ("memory_efficiency", "product_efficiency"):
        found[name] = found[name] * values.get((engine, "efficiency_ratio"), 1.0)
    return found


def _assumed(sampler=None):
    """Return what a step needs that no run tells apart: by name, numbers or draws."""
    if sampler is None:
        return _recorded()
    facts = Facts("priors", "step", sampler)
    return {name: facts(name) for name in ASSUMED}


@cache
def _recorded():
    facts = Facts("priors", "step")
    return {name: facts(name) for name in ASSUMED}


@cache
def fit(without=None):
    """Return the StepFit that all systems share, by least squares on log time, robust beyond two scatters.

    without: a system, or a mapping of columns to values as pairs, whose rows are left out. Repeats of one operating
    point count once together.
    """
    rows = points("calibrate")
    left = (("system", without),) if isinstance(without, str) else without or ()
    for column, value in left:
        rows = rows[rows[column] != value]
    return fitted(rows.reset_index(drop=True))


@cache
def fit_with(readings, system, usual, without=None):
    """Return the StepFit of a system with a reader's rows, and the positions of all rows of it, held back or not.

    usual: the serving software of rows that name none; without: the system whose rows the study's part leaves out.
    """
    found = fit(without)
    rows = read(readings, system, usual)
    given = rows[rows.role == "calibrate"].reset_index(drop=True)
    if given.empty:
        return found, frozenset(rows.position)
    ready, room, facts = prepare(given), 0.0, Facts("priors", "step")
    if system not in found.systems:
        room += facts("unseen_system") ** 2
    if not set(given.workload) <= found.workloads:
        room += facts("unseen_workload") ** 2

    def log_time(logs):
        return np.log(answer(ready, dict(zip(found.names, np.exp(logs), strict=True)), len(given)))

    way = np.array([[SLOWER.get(name, 0.0) for _, name in found.names]])
    mean, covariance, scatter = solved(log_time, given, found, way, room, weights(given))
    known = found.systems | {system}, found.workloads | set(given.workload)
    own = StepFit(found.names, mean, covariance, found.rows + len(given), scatter, *known)
    return own, frozenset(rows.position)


def fitted(rows):
    """Return the StepFit of given rows of `points`."""
    ready, seen, weight = prepare(rows), np.log(rows.time.to_numpy()), weights(rows)
    table = priors().set_index(["fit", "quantity"]).loc[list(names())]
    mean, sd = table["mean"].to_numpy(), table.sd.to_numpy()

    def misfit(logs):
        values = dict(zip(names(), np.exp(logs), strict=True))
        return weight * (np.log(answer(ready, values, len(rows))) - seen)

    def residuals(logs):
        return np.concatenate([misfit(logs) / CLOSE, (logs - mean) / sd])

    found = least_squares(residuals, mean, loss="soft_l1", f_scale=2.0)
    # The scatter of single runs about the fit; the constants' own freedom is in their covariance. Few systems are
    # easily fitted: what is left there understates how far runs of one more lie off.
    scatter = max(float(np.sqrt(np.sum(misfit(found.x) ** 2) / np.sum(weight**2))), CLOSE)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    return StepFit(names(), found.x, covariance, len(rows), scatter, frozenset(rows.system), frozenset(rows.workload))


def prepare(rows):
    """Return what the law needs of rows of `points` besides the fitted constants, group by group of equal words."""
    ready = []
    for words, group in rows.groupby(WORDS, sort=False):
        system, workload, precision, engine = words
        machine, asked = Machine(system), Asked(workload, "decode", precision, engine)
        point = {name: group[name].to_numpy(float) for name in POINT}
        overlap = point.pop("overlap")
        tried = np.where(np.isnan(overlap), may_overlap(machine, asked, point), overlap > 0)
        whole = columns(machine, asked, point)
        halves = halved(whole) if tried.any() else None
        ready.append((group.index.to_numpy(), machine, engine, whole, halves, tried))
    return ready


def answer(ready, values, number):
    """Return the step times, s, of prepared rows under the values of all constants by (fit, quantity).

    Where a run overlapped, its software took the shorter of one batch and two microbatches.
    """
    times = np.empty(number)
    for places, machine, engine, one, half, tried in ready:
        constants = _named(values, engine)
        (time,) = laws.one_batch.answers(with_constants(machine, one, constants), (step_time,)).values()
        if half is not None:
            (both,) = laws.two_batches.answers(with_constants(machine, half, constants), (step_time,)).values()
            time = np.where(tried, np.minimum(time, both), time)
        times[places] = time
    return times


def predict(fitted_to, rows):
    """Return the step times, s, that a StepFit gives for rows of `points`."""
    values = dict(zip(fitted_to.names, np.exp(fitted_to.mean), strict=True))
    return answer(prepare(rows), values, len(rows))


@cache
def sources():
    """Return the source keys of the runs and priors behind the fit."""
    table = priors().set_index(["fit", "quantity"])
    return frozenset(points("calibrate").source) | frozenset(table.loc[list(names())].source)


def weights(rows):
    """Return weights so that repeats of one operating point (another layout of prefill, say) count once together."""
    keys = ["system", "precision", "engine", "ranks", "tensor_devices", "expert_devices", "context", "overlap"]
    repeats = rows.groupby([*(rows[key] for key in keys), rows.batch.round(1)], dropna=False).time.transform("size")
    return 1 / np.sqrt(repeats.to_numpy(float))
