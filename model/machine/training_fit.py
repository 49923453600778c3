"""Fits what all training steps share, from runs marked `calibrate`: few constants, each with a sourced prior.

Each machine has a factor on its efficiencies, each release of the software one on what it does with experts, alike
those of releases close in time, each transport of its own one on the rate between domains. Priors are rows of
data/priors.csv, whose bounds are 5 and 95 % points.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from scipy.special import chdtri

from model.laws import training as laws
from model.machine import estimate
from model.machine.estimate import Fitted
from model.machine.machine import Machine
from model.machine.priors import priors
from model.machine.training_step import JOB, LAYOUT, PEAKS, Training, columns
from model.notation.units import size
from model.numbers import catalog
from model.numbers.facts import Facts

SHARED = (
    *("efficiency_bf16", "efficiency_fp8", "efficiency_nvfp4", "efficiency_attention"),
    *("activation_crossings", "expert_weight_traffic", "exposed_inside", "exposed_outside", "covering_share"),
    "compute_slowdown",
    *("exposed_tensor", "exposed_gradient", "layer_startup", "host_time", "release_factor", "eager_host"),
    "dropping_host",
)
AS_THEY_ARE = SHARED[4:13]  # constants that are columns of the law under their own names
ROW = 0.08  # spread of the logarithm of single runs, where robust weights begin to count
TWINS = 0.03  # the same of two runs' ratio that differ in nothing but the machine
STEP = 1e-5  # of a logarithm, for slopes
DEGREES = 4  # of freedom of Student's t, whose tails are those of the residuals
ALIKE = ["release", "workload", "precision", *JOB, *LAYOUT, "sharded", "overlap"]


@dataclass(frozen=True)
class TrainingFit(Fitted):
    """Logarithms of the constants by name (fit, quantity), and the systems and workloads of the runs."""

    systems: frozenset
    workloads: frozenset

    def logs(self, sampler=None):
        """Return the logarithms by name: floats, or arrays of shape (draws, 1) with the tails of Student's t."""
        if sampler is None:
            return dict(zip(self.names, self.mean, strict=True))
        labels = [f"training {fit} {name}" for fit, name in self.names]
        away = sampler.normal(labels, np.zeros(len(labels)), self.covariance)
        wide = tails(sampler)
        return {name: mean + wide * each for name, mean, each in zip(self.names, self.mean, away, strict=True)}

    def scatter(self, sampler, system, workload, facts):
        """Return the factors, (draws, 1), by which a step's time scatters about the law, with the tails of Student's t.

        facts: those of `training` in the table of priors.
        """
        apart = estimate.scatter(sampler, "training", self, system, workload, facts("row_scatter"), facts)
        return apart ** tails(sampler)


def tails(sampler):
    """Return factors of shape (draws, 1) that turn normal deviations into those of Student's t."""
    return np.sqrt(DEGREES / chdtri(DEGREES, 1 - sampler.unit("training tails")))  # chi-squared, by its upper tail


def points(role=None):
    """Return the measured runs that have a role, all or those of one, as frame: token/s and device as `measured`."""
    rows = catalog.chosen("training_runs")
    rows = rows[rows.role.notna() if role is None else rows.role == role].reset_index(drop=True)
    shape = catalog.load("workloads").loc[rows.workload].reset_index(drop=True)
    flop = 6 * (shape.dense_parameters + shape.topk * shape.moe_layers * shape.expert_parameters)
    flop = flop + 3 * shape.layers * shape.attention_flop_per_context_expanded * rows.sequence / 2  # counted causally
    value = rows.value * rows.unit.map(size)
    of_time = rows.sequences * rows.sequence / (value * rows.devices)
    measured = np.select(
        [rows.quantity == "training_step_time", rows.quantity == "achieved_causal"], [of_time, value / flop], value
    )
    return rows.assign(measured=measured.astype(float))


@cache
def fit(without=None):
    """Return the TrainingFit of all calibrating runs; without: (column, value) whose rows are left out, or a system.

    What is left out keeps its place among the constants, at its prior.
    """
    rows = points("calibrate")
    names = _names(rows)
    if without is not None:
        column, value = ("system", without) if isinstance(without, str) else without
        rows = rows[rows[column] != value].reset_index(drop=True)
    return fitted(rows, names)


def fitted(rows, names):
    """Return the TrainingFit of given rows of `points`, by robust least squares on log throughput under priors."""
    ready, seen = prepare(rows, names), np.log(rows.measured.to_numpy(float))
    middle, unit = _priors(names)[0], np.linalg.inv(np.linalg.cholesky(together(names)))
    one, other = _twins(rows)

    def residuals(logs):
        error = np.log(predicted(ready, logs)) - seen
        gap = np.concatenate([error / ROW, (error[..., one] - error[..., other]) / TWINS], axis=-1)
        robust = np.sign(gap) * np.sqrt(2 * (np.sqrt(1 + gap**2) - 1))  # grows as its root beyond one
        return np.concatenate([robust, (logs - middle) @ unit.T], axis=-1)

    def slopes(logs):  # all at once: the law takes arrays
        ahead, behind = (residuals(logs + sign * STEP * np.eye(len(logs))) for sign in (1, -1))
        return (ahead - behind).T / (2 * STEP)

    found = least_squares(residuals, middle, slopes)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    known = frozenset(rows.system), frozenset(rows.workload)
    return TrainingFit(names, found.x, (covariance + covariance.T) / 2, len(rows), *known)


def prepare(rows, names):
    """Return (columns, places): what the law needs of rows of `points`, and where their own constants stand.

    places: mapping of each kind of constant to an array with its place among the names for each row, the last for none.
    """
    machine = {name: Machine(name) for name in rows.system.unique()}
    asked = rows[["system", "workload", "precision", "release"]].agg(tuple, axis=1)
    known = {each: columns(machine[each[0]], Training(*each[1:])) for each in asked.unique()}
    table = {name: np.array([known[each][name] for each in asked]) for name in next(iter(known.values()))}
    table |= {name: rows[name].to_numpy(float) for name in (*JOB, *LAYOUT, "overlap", "sharded")}
    table["merged"] = (rows.transport.fillna("") != "efa-nccl").to_numpy(float)
    place = {name: number for number, name in enumerate(names)}
    eager = {name: Facts("priors", name)("eager", 0.0) for name in rows.release.unique()}

    def places(*keys):
        return np.array([place.get(key, len(names)) for key in keys])

    return table, {
        "precision": places(*(("training", f"efficiency_{PEAKS.get(each, each)}") for each in rows.precision)),
        "machine": places(*((each, "machine_factor") for each in rows.system)),
        "release": places(*((each, "release_factor") for each in rows.release)),
        "transport": places(*(("training " + key, "transport_factor") for key in _transports(rows))),
        "eager": places(*(("training", "eager_host") if eager[each] else None for each in rows.release)),
        "dropping": places(*(("training", "dropping_host") if each else None for each in rows.dropping)),
        "shared": places(*(("training", name) for name in SHARED)),
    }


def predicted(ready, logs):
    """Return the throughput, token/s and device, of prepared rows under the logarithms of all constants.

    logs: array of the constants' number, or a stack of such; the answer has the rows' number in place of it.
    """
    found, places = ready
    none = np.zeros((*np.shape(logs)[:-1], 1))
    own = {name: np.concatenate([logs, none], axis=-1)[..., place] for name, place in places.items()}
    shared = dict(zip(SHARED, np.moveaxis(own.pop("shared"), -1, 0)[..., None], strict=True))
    constants = named(shared, own["precision"], own["machine"], own["release"], own["eager"] + own["dropping"])
    constants["memory_efficiency"] = constants["memory_efficiency"] * found["memory_efficiency"]
    constants["outer_efficiency"] = np.exp(own["transport"]) * found["outer_efficiency"]
    return laws.answers({**found, **constants})["training_throughput"]


def named(shared, precision, machine, release, host):
    """Return the columns of the law that constants give, from logarithms; memory_efficiency: the machine's factor."""
    return {name: np.exp(shared[name]) for name in AS_THEY_ARE} | {
        "product_efficiency": np.exp(precision + machine),
        "attention_efficiency": np.exp(shared["efficiency_attention"] + machine),
        "memory_efficiency": np.exp(machine),
        "release_factor": np.exp(shared["release_factor"] + release),
        "host_time": np.exp(shared["host_time"] + host),
    }


def constants(fit_, machine, asked):
    """Return the fitted columns of the law for a Machine and a Training: numbers, or arrays of shape (draws, 1).

    A machine or a release without runs takes the factor of all, and scatters as they do.
    """
    sampler = machine.sampler
    logs = fit_.logs(sampler)
    facts = machine.facts("priors", "training")
    shared = {name: logs["training", name] for name in SHARED}
    spread = dict(zip(fit_.names, _priors(fit_.names)[1], strict=True))

    def own(name, quantity, wide):
        if (name, quantity) in logs:
            return logs[name, quantity]
        return np.log(sampler.scatter(f"training {name} {quantity}", wide)) * tails(sampler) if sampler else 0.0

    eager = asked.release is not None and machine.facts("priors", asked.release)("eager", 0.0)
    found = named(
        shared,
        logs["training", f"efficiency_{PEAKS.get(asked.precision, asked.precision)}"],
        own(machine.name, "machine_factor", max(s for (_, name), s in spread.items() if name == "machine_factor")),
        own(asked.release, "release_factor", facts("unseen_release")),
        logs["training", "eager_host"] if eager else 0.0,
    )
    found["memory_efficiency"] = found["memory_efficiency"] * facts("memory_efficiency")
    return found


def together(names):
    """Return the covariance of the logarithms of constants before any row speaks.

    Releases of one software that are close in time are alike: their factors wander, by an Ornstein-Uhlenbeck process
    whose spread is that of all releases, with the memory `release_memory` of data/priors.csv. All else is independent.
    """
    spread = _priors(names)[1]
    dated = [number for number, (_, quantity) in enumerate(names) if quantity == "release_factor"]
    when = np.array([Facts("priors", names[each][0])("released", np.nan) for each in dated])
    apart = np.abs(when[:, None] - when) / Facts("priors", "training")("release_memory")
    alike = np.where(np.isfinite(apart), np.exp(-apart), 0.0)
    np.fill_diagonal(alike, 1.0)
    found = np.eye(len(names))
    found[np.ix_(dated, dated)] = alike
    return found * np.outer(spread, spread)


def releases():
    """Return the names of the releases of training software of which data/priors.csv says anything, sorted."""
    return tuple(sorted(set(points().release) & set(catalog.chosen("priors").fit)))


@cache
def sources():
    """Return the source keys of the runs and priors behind the fit."""
    table = priors()
    return frozenset(points("calibrate").source) | frozenset(table[table.fit == "training"].source)


def _names(rows):
    own = priors()[(priors().quantity == "release_factor") & (priors().fit != "training")].fit
    return (
        *(("training", name) for name in SHARED),
        *((name, "release_factor") for name in own),
        *((name, "machine_factor") for name in sorted(rows.system.unique())),
        *(("training " + name, "transport_factor") for name in sorted(set(_transports(rows)) - {""})),
    )


def _transports(rows):
    return [
        f"{system} {name}" if pd.notna(name) else "" for system, name in zip(rows.system, rows.transport, strict=True)
    ]


def _priors(names):
    """Return (mean, sd) of the logarithm of each constant."""
    table = priors().set_index(["fit", "quantity"])
    keys = [key if key in table.index else ("training", key[1]) for key in names]
    return table.loc[keys, "mean"].to_numpy(float), table.loc[keys, "sd"].to_numpy(float)


def _twins(rows):
    """Return two arrays of places: runs that differ in nothing but the machine; what they share cancels in a ratio."""
    kept = rows[rows.transport.isna()]
    pairs = [
        (group.index[0], other)
        for _, group in kept.groupby(ALIKE, sort=False)
        for other in group.index[1:]
        if group.system[group.index[0]] != rows.system[other]
    ]
    return tuple(np.array(pairs, int).reshape(-1, 2).T)
