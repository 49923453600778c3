"""A fit: constants with their covariance, found by robust least squares on log time from a prior and measured rows."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import ndtri, stdtrit

from model.notation.units import size
from model.numbers.facts import Facts

CLOSE = 0.03  # about how far repeated measurements of a time lie apart: where a fit that knows no scatter starts
ENOUGH = 4  # rows from which a fit tells its own scatter
OPEN = 3.0  # standard deviation of the logarithm of a constant of which nothing is known
EXPONENTS = ("growth", "merging", "waiting")  # fitted as they are, all others as logarithms


@dataclass(frozen=True)
class Fitted:
    """Constants by name: logarithms, exponents as they are, with their covariance, and the rows behind them."""

    names: tuple
    mean: np.ndarray
    covariance: np.ndarray
    rows: int

    @property
    def standard_errors(self):
        """Return the standard error of each constant, relative but for exponents, by name."""
        return dict(zip(self.names, map(float, np.sqrt(np.diag(self.covariance))), strict=True))


@dataclass(frozen=True)
class Fit(Fitted):
    """Constants of one operation, the scatter of log time, and the fewest ranks of the rows behind it (0: any)."""

    scatter: float
    fewest: int = 0

    def constants(self, sampler=None, label=""):
        """Return the constants by name: floats, or arrays of shape (draws, 1) that vary as their covariance says."""
        if sampler is None:
            return natural(self.names, map(float, self.mean))
        return natural(
            self.names, sampler.normal([f"{label} {name}" for name in self.names], self.mean, self.covariance)
        )


def natural(names, fitted):
    """Return constants by name from what a fit works with. More ranks never start up sooner: growth is not negative."""
    found = {name: each if name in EXPONENTS else np.exp(each) for name, each in zip(names, fitted, strict=True)}
    if "growth" in found:
        found["growth"] = np.maximum(found["growth"], 0.0)
    return found


@dataclass(frozen=True)
class Prior:
    """What is known of constants before the rows of an operation speak: mean and covariance, in the terms of a fit."""

    mean: np.ndarray
    covariance: np.ndarray


def solve(log_time, observed, prior, width=None, weight=1.0, given=False):
    """Return (mean, covariance, scatter) of constants by least squares; residuals beyond three scatters count less.

    log_time: function of the constants; observed: log times; width: the scatter to reckon with, where the rows are too
    few to tell theirs, or where it is given; weight: of each row.
    """
    root = np.linalg.cholesky(prior.covariance)  # constants in units of what the prior leaves open, so steps are small

    def run(scatter):
        def residuals(steps):
            own = (log_time(prior.mean + root @ steps) - observed) / scatter * weight
            return np.concatenate([own, steps])

        found = least_squares(residuals, np.zeros(len(prior.mean)), loss="soft_l1", f_scale=3.0)
        spread = root @ np.linalg.inv(found.jac.T @ found.jac) @ root.T
        return prior.mean + root @ found.x, spread

    freedom = max(len(observed) - 2, 1)
    if (
        len(observed) >= ENOUGH and not given
    ):  # as the median tells it, so that one gross error does not hide itself in it
        first = log_time(run(width or CLOSE)[0]) - observed
        width = max(float(1.4826 * np.median(np.abs(first)) * np.sqrt(len(first) / freedom)), 0.01)
    width = width or CLOSE
    mean, covariance = run(width)
    if len(observed) < ENOUGH:
        return mean, covariance, width
    clipped = np.minimum(np.abs(log_time(mean) - observed), 3 * width)
    return mean, covariance, float(np.sqrt(np.sum(clipped**2) / freedom))


def together(own, rows, typical):
    """Return the scatter to reckon with: a group's own, and that of the others as if of ENOUGH rows more."""
    return float(np.sqrt((rows * own**2 + ENOUGH * typical**2) / (rows + ENOUGH))) if rows >= ENOUGH else typical


def few(number):
    """Return by how much to widen a standard deviation that so many cases tell, for Student's 5 and 95 % points."""
    return float(stdtrit(max(number - 1, 1), 0.95) / ndtri(0.95))


def pooled(values, errors):
    """Return (mean, sd) to expect of one more value like these, each with its error. Source: dersimonian1986."""
    values, variances = np.asarray(values), np.asarray(errors) ** 2
    weights = 1 / variances
    middle = np.sum(weights * values) / np.sum(weights)
    excess = np.sum(weights * (values - middle) ** 2) - (len(values) - 1)
    between = max(0.0, excess / (np.sum(weights) - np.sum(weights**2) / np.sum(weights))) if len(values) > 1 else 0.0
    weights = 1 / (variances + between)
    return float(np.sum(weights * values) / np.sum(weights)), float(np.sqrt(between + 1 / np.sum(weights)))


def spread(quantity, low, high):
    """Return the standard deviation of a number drawn between its bounds, in the terms of a fit; 0 without bounds."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return 0.0
    return float((high - low if quantity in EXPONENTS else np.log(high / low)) / (2 * ndtri(0.95)))


def scatter(sampler, kind, fit, system, workload, width, facts):
    """Return the factors, of shape (draws, 1), by which the time of a kind of step scatters about its law.

    Single runs scatter by width, the standard deviation of a logarithm. A system, and a workload, without calibrating
    rows of its own lies further off, by `unseen_system` and `unseen_workload` of facts: a system whatever it runs, a
    workload wherever it runs, so that what is alike cancels in a ratio. fit: a fit with systems and workloads.
    """
    found = sampler.scatter(f"{system} {workload} {kind}", width)
    for unseen, name, known in (("system", system, fit.systems), ("workload", workload, fit.workloads)):
        if name not in known:
            found = found * sampler.scatter(f"unseen {unseen} {name} {kind}", facts(f"unseen_{unseen}"))
    return found


def recorded(table, name, quantity):
    """Return (mean, standard deviation) of a number of data/ in the terms of a fit: its logarithm, or an exponent."""
    row = Facts(table, name).rows[quantity]
    number = float(row.value) if quantity in EXPONENTS else float(np.log(row.value * size(row.unit)))
    return number, spread(quantity, row.low, row.high)
