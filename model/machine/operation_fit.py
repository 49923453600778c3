"""Fits the constants of an operation, start-up time and efficiency, from the rows marked `calibrate` and no other.

One fit for each (system, software, operation): robust least squares on the logarithm of the time. Few rows say little,
so each fit starts from what the others found (its prior: their mean, how far they lie apart and how unsure each is):
with no rows at all the prior itself is the answer, and the wide interval says so. Nothing is stored: constants are
computed when they are needed.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from model.laws.all_reduce import bus
from model.machine.collectives import LARGE, OPERATIONS, SMALL, fitted_names, time
from model.notation.equation import Model
from model.notation.nomenclature import all_reduce_time
from model.notation.units import size
from model.numbers import catalog
from model.numbers.facts import Facts

GROUP = ["system", "software", "op"]
INPUTS = ("ranks", "tokens", "hidden", "experts", "topk", "bytes_per_element", "bytes")
CLOSE = 0.03  # about how far repeated measurements of a time lie apart: where a fit that knows no scatter starts
LIMIT = 4 * 2**20  # bytes below which an all-reduce is taken to run the protocol for small messages
ENOUGH = 4  # rows from which a fit of two constants stands alone and joins the prior of the others


@dataclass(frozen=True)
class Fit:
    """Constants of one (system, software, operation): logarithms with their covariance, and the scatter of log time."""

    names: tuple[str, ...]
    mean: np.ndarray
    covariance: np.ndarray
    scatter: float
    rows: int

    def constants(self, sampler=None, label=""):
        """Return the constants by name: floats, or arrays of shape (draws, 1) that vary as their covariance says."""
        if sampler is None:
            return dict(zip(self.names, map(float, np.exp(self.mean)), strict=True))
        drawn = sampler.normal([f"{label} {name}" for name in self.names], self.mean, self.covariance)
        return {name: np.exp(each) for name, each in zip(self.names, drawn, strict=True)}

    @property
    def standard_errors(self):
        """Return the relative standard error of each constant, by name."""
        return dict(zip(self.names, map(float, np.sqrt(np.diag(self.covariance))), strict=True))


def measured(quantity, role=None):
    """Return the measured rows of data/network.csv for a quantity, all or of a role, with their times, s, as `time`.

    all_reduce_time: from LIMIT bytes on; small_all_reduce_time: below.
    """
    rows = catalog.chosen("network")
    rows = rows[rows.op.isin(("dispatch", "combine")) if quantity == "all_to_all_time" else rows.op == "all_reduce"]
    if quantity != "all_to_all_time":
        rows = rows[(rows.bytes < LIMIT) == (quantity == SMALL)]
    rows = rows if role is None else rows[rows.role == role]
    rows = rows.assign(time=rows.value * rows.unit.map(size))
    convention = rows.quantity == "bus_bandwidth"  # not a wire rate: turned back into the time that was measured
    as_time = bus.evaluate(
        all_reduce_time, pd.DataFrame({"ranks": rows.ranks, "message": rows.bytes, "bus_bandwidth": rows.time})
    )
    return rows.assign(time=as_time.where(convention, rows.time))


def fit(quantity, system, software, op, law=None, fewest=False):
    """Return the Fit that predictions use; a pair without rows gets the constants and spread of the others.

    law: a variant in place of the chosen law. fewest: of each group only the rows with its smallest number of ranks
    enter, so that the rest can judge how the law reaches more ranks.
    """
    return _fit(Basis(quantity, law, fewest), system, software, op, without=None)


def fit_without(quantity, system, software, op):
    """Return the Fit that the other systems and softwares alone would give: no row of this pair is used."""
    return _fit(Basis(quantity), system, software, op, without=(system, software))


@cache
def sources(quantity, system, software, op):
    """Return the source keys of the rows behind a fit: the group's own, or all where it has none."""
    groups = _groups(Basis(quantity))
    rows = [groups[system, software, op]] if (system, software, op) in groups else groups.values()
    return frozenset(source for each in rows for source in each.source)


@cache
def softwares(system, quantity="all_to_all_time"):
    """Return the names under which a system has calibration rows, in the order of data/network.csv."""
    rows = measured(quantity, "calibrate")
    return tuple(rows.software[rows.system == system].unique())


class Basis(NamedTuple):
    """What a family of fits rests on: a quantity, a law (None: the chosen one), and which rows."""

    quantity: str
    law: Model | None = None
    fewest: bool = False


@cache
def _fit(basis, system, software, op, without):
    rows = _groups(basis).get((system, software, op)) if without is None else None
    others = [
        alone
        for name, alone in _alone(basis).items()
        if name != (system, software, op) and (without is None or name[:2] != without)
    ]
    mean = np.mean([alone.mean for alone in others], axis=0)
    between = np.var([alone.mean for alone in others], axis=0, ddof=1)
    spread = np.sqrt(between + np.mean([np.diag(alone.covariance) for alone in others], axis=0))
    pooled = float(np.sqrt(np.mean([alone.scatter**2 for alone in others])))
    if rows is None:
        return Fit(fitted_names(basis.quantity, Facts("software", software)), mean, np.diag(spread**2), pooled, 0)
    given = _fit(Basis(LARGE), system, software, op, None).constants() if basis.quantity == SMALL else {}
    return _least_squares(basis, rows, given, prior=(mean, spread), scatter=pooled)


@cache
def _alone(basis):
    """Return, for each group with enough rows, its fit without any prior."""
    fits = {}
    large = _alone(Basis(LARGE)) if basis.quantity == SMALL else {}
    for name, rows in _groups(basis).items():
        if len(rows) >= ENOUGH and (name in large or basis.quantity != SMALL):
            fits[name] = _least_squares(basis, rows, large[name].constants() if large else {})
    return fits


@cache
def _groups(basis):
    groups = dict(iter(measured(basis.quantity, "calibrate").groupby(GROUP, sort=False)))
    return {name: rows[rows.ranks == rows.ranks.min()] if basis.fewest else rows for name, rows in groups.items()}


def _least_squares(basis, rows, given, prior=None, scatter=None):
    """Fit the logarithms of the constants; residuals beyond three scatters count less (soft L1).

    given: constants that another fit has found; what this one finds goes before them.
    """
    system, software = Facts("systems", rows.system.iloc[0]), Facts("software", rows.software.iloc[0])
    names = fitted_names(basis.quantity, software)
    inputs = {name: rows[name].to_numpy(float) for name in INPUTS}
    columns = given | OPERATIONS[basis.quantity][2](system, software, inputs)
    observed = np.log(rows.time.to_numpy())
    start = np.log([rows.time.min(), 0.5])[: len(names)]
    mean, spread = prior or (start, np.full(len(names), np.inf))

    def misfit(logarithms):
        constants = dict(zip(names, np.exp(logarithms), strict=True))
        return np.log(time(basis.quantity, columns, constants, basis.law)) - observed

    def solve(width, loss):
        def residuals(logarithms):
            return np.concatenate([misfit(logarithms) / width, (logarithms - mean) / spread])

        return least_squares(residuals, start, loss=loss, f_scale=3.0)

    width = scatter or _typical(misfit(solve(CLOSE, "soft_l1").x), len(names))
    solution = solve(width, "soft_l1")
    own = _scatter(misfit(solution.x), len(names)) if len(rows) >= ENOUGH else width
    covariance = np.linalg.inv(solution.jac.T @ solution.jac) * (own / width) ** 2
    return Fit(names, solution.x, covariance, own, len(rows))


def _scatter(residuals, constants):
    """Return the standard deviation of log residuals about a fit of some constants."""
    return float(np.sqrt(np.sum(residuals**2) / max(len(residuals) - constants, 1)))


def _typical(residuals, constants):
    """Return the standard deviation as the median tells it, so that one gross error does not hide itself in it."""
    freedom = max(len(residuals) - constants, 1)
    return float(1.4826 * np.median(np.abs(residuals)) * np.sqrt(len(residuals) / freedom))
