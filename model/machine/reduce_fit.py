"""Fits the constants of all-reduces from servers' rows: shared by all machines, and each machine's own about them.

Large messages: start-up, what reduction in switches reaches, what a ring reaches, waiting for the slowest. The other
machines' rows fit all four together, and how far machines lie apart (data/priors.csv, reduce-machines) makes that a
prior for a machine's own rows. Small messages: the start-up time, which benchmarks of like machines disagree on.
"""

from functools import cache

import numpy as np

from model.machine import measurements
from model.machine.collectives import (
    LARGE,
    SMALL,
    all_reduce_columns,
    large_reduce_time,
    time,
)
from model.machine.estimate import OPEN, Fit, Prior, natural, recorded, solve, together
from model.numbers.facts import Facts

NAMES = ("startup", "switch_share", "ring_efficiency", "waiting")
AGREEMENT = 0.04  # about how far benchmarks of one machine lie apart, large messages
SMALL_SCATTER = 0.08  # of log time about the law of small messages


@cache
def fit(quantity, system, own=True):
    """Return the Fit of a system; own=False: what the other systems alone would say."""
    if quantity == SMALL:
        return _small(system, own)
    shared, scatter = _shared(system)
    between = [Facts("priors", "reduce-machines")(name) for name in NAMES]
    prior = Prior(shared.mean, shared.covariance + np.diag(np.square(between)))
    rows = _rows(LARGE)
    rows = rows[rows.system == system] if own else rows[:0]
    if len(rows) == 0:
        return Fit(NAMES, prior.mean, prior.covariance, 0, scatter)
    mean, covariance, own_scatter = _solve(rows, prior)
    return Fit(NAMES, mean, covariance, len(rows), together(own_scatter, len(rows), scatter))


@cache
def _shared(without):
    """Return (Prior of what the machines but one say together, scatter of their rows about it)."""
    rows = _rows(LARGE)
    known = {"startup": (np.log(1e-4), OPEN)} | {name: recorded("priors", "reduce", name) for name in NAMES[1:]}
    mean, sd = np.array([known[name] for name in NAMES]).T
    mean, covariance, scatter = _solve(rows[rows.system != without], Prior(mean, np.diag(sd**2)))
    return Prior(mean, covariance), scatter


def _solve(rows, prior):
    """Fit rows of several systems together."""
    parts = []
    for (system, software), own in rows.groupby(["system", "software"], sort=False):
        facts = Facts("systems", system), Facts("software", software)
        parts.append((*facts, all_reduce_columns(*facts, measurements.inputs(own)), own))

    def log_time(fitted):
        constants = natural(NAMES, fitted)
        return np.log(np.concatenate([large_reduce_time(*each[:3], constants) for each in parts]))

    observed = np.log(np.concatenate([own.time for *_, own in parts]))
    sets = np.concatenate([own.set for *_, own in parts])
    return solve(log_time, observed, prior, AGREEMENT, weights(sets), given=True)


def weights(sets):
    """Return the weight of each row, by the set it is of: every set weighs the same, all rows as many as they are."""
    sizes = np.array([np.sum(sets == each) for each in sets])
    return np.sqrt(len(sets) / len(set(sets)) / sizes)


@cache
def _rows(quantity):
    rows = measurements.measured(quantity, "calibrate")
    return rows[rows.ranks <= 8]


@cache
def _starts():
    """Return the logarithm of the start-up time of small messages by set of measurements, and each set's system."""
    found, systems = {}, {}
    for name, rows in _rows(SMALL).groupby("set", sort=False):
        system = rows.system.iloc[0]
        facts = Facts("systems", system), Facts("software", rows.software.iloc[0])
        columns = all_reduce_columns(*facts, measurements.inputs(rows))
        constants = fit(LARGE, system).constants() | {"startup": 0.0}
        rest = rows.time - time(SMALL, columns, constants)
        found[name], systems[name] = float(np.log(np.median(rest))), system
    return found, systems


@cache
def _small(system, own):
    """Return the Fit of the start-up time of small messages.

    A benchmark of the same machine tells as much as those of all other machines together.
    """
    starts, systems = _starts()
    mine = [start for name, start in starts.items() if own and systems[name] == system]
    others = [start for name, start in starts.items() if systems[name] != system]
    weight = len(mine) / (len(mine) + 1)
    mean = weight * (np.mean(mine) if mine else 0.0) + (1 - weight) * np.mean(others)
    variance = np.var(list(others), ddof=1) * (1 / (len(mine) + 1) + 1 / 4)
    rows = _rows(SMALL)
    number = int((rows.system == system).sum()) if mine else 0
    return Fit(("startup",), np.array([mean]), np.array([[variance]]), number, SMALL_SCATTER)
