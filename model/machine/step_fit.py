"""Fits what all systems share in a step, roofline efficiency and skew, from decode rows marked `calibrate`."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.optimize import least_squares

from model.machine.machine import Machine
from model.machine.operation_fit import Fit
from model.machine.step import duration
from model.notation.units import size
from model.numbers import catalog

# Where an exchange sets the pace a row knows no efficiency, where microbatches overlap it knows no skew. Weak priors
# keep such a fit finite and its interval wide: half of the roofline, half as long again, each within a factor of two.
NAMES = ("roofline_efficiency", "skew")
PRIOR, WITHIN = np.log([0.5, 0.5]), np.log(2.0)
NODES = 4  # overheads of a layer at which the rows are fitted
CONDITIONS = ("ranks", "batch", "context")


def points(role=None):
    """Return the measured decode throughputs whose operating conditions are published, all or those of a role."""
    rows = catalog.chosen("serving")
    rows = rows[(rows.quantity == "decode_throughput") & rows.role.notna()]
    rows = rows[rows[list(CONDITIONS)].notna().all(axis=1)]
    return rows if role is None else rows[rows.role == role]


@dataclass(frozen=True)
class StepFit(Fit):
    """A Fit whose second logarithm is that of skew - 1, so that no rank is slower than the slowest."""

    def constants(self, sampler=None, label=""):
        """Return both constants by name: floats, or arrays of shape (draws, 1)."""
        drawn = super().constants(sampler, label)
        return {**drawn, "skew": 1 + drawn["skew"]}


@cache
def fit(without=None, overhead=None):
    """Return the StepFit that all systems share, by least squares on log throughput.

    without: a system left out; overhead: of a layer, s, in place of the chosen one.
    """
    rows = points("calibrate")
    rows = rows if without is None else rows[rows.system != without]
    # Shared by the scenarios, which look the numbers of their systems up once.
    constants = {} if overhead is None else {"layer_overhead": overhead}
    scenarios = [(Machine(row.system, step_constants=constants), row) for row in rows.itertuples()]

    def misfit(logarithms):
        constants["roofline_efficiency"], constants["skew"] = np.exp(logarithms) + [0, 1]
        return np.array([np.log(predict(scenario, row) / row.value) for scenario, row in scenarios])

    def residuals(logarithms, width):
        return np.concatenate([misfit(logarithms) / width, (logarithms - PRIOR) / WITHIN])

    start = misfit(least_squares(residuals, PRIOR, args=(0.1,)).x)
    scatter = float(np.sqrt(np.sum(start**2) / max(len(rows) - len(NAMES), 1)))
    solution = least_squares(residuals, PRIOR, args=(scatter,))
    return StepFit(NAMES, solution.x, np.linalg.inv(solution.jac.T @ solution.jac), scatter, len(rows))


def follow(overhead, without=None):
    """Return the StepFit whose mean follows an assumed overhead of a layer: an array, s, of shape (draws, 1).

    The rows are fitted anew at a few overheads between the least and the most recorded; in between the logarithms are
    interpolated. The longer a layer takes for nothing, the more efficient must be what is left.
    """
    row = catalog.chosen("assumptions").query("quantity == 'layer_overhead'").iloc[0]
    nodes = np.geomspace(row.low, row.high, NODES) * size(row.unit)
    means = np.array([fit(without, float(node)).mean for node in nodes])
    mean = [np.interp(np.log(overhead), np.log(nodes), means[:, i]) for i in range(len(NAMES))]
    return replace(fit(without), mean=mean)


def predict(scenario, row):
    """Return the decode throughput, in token/s per device, of one row of points()."""
    accepted = row.tokens_per_step if np.isfinite(row.tokens_per_step) else 1.0
    inputs = {name: np.array([getattr(row, name)]) for name in CONDITIONS} | {"processed": np.ceil(accepted)}
    time = duration(scenario, row.workload, "decode", row.precision, row.overlap == 1, inputs)
    return float(row.batch * accepted / time[0])
