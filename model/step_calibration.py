"""Fits the roofline efficiency that all systems share from the decode rows marked `calibrate` in data/serving.csv."""

from functools import cache

import numpy as np
from scipy.optimize import least_squares

from model import catalog
from model.calibration import Fit
from model.step import step

# Where an exchange sets the pace a row does not know the efficiency: a weak prior, half of the roofline within a factor
# of two, keeps such a fit finite and its interval wide.
HALF, WITHIN = np.log([0.5]), np.log(2.0)
CONDITIONS = ("ranks", "batch", "context")


def points(role=None):
    """Return the measured decode throughputs whose operating conditions are published, all or those of a role."""
    rows = catalog.chosen("serving")
    rows = rows[(rows.quantity == "decode_throughput") & (rows.workload == "deepseek-v3") & rows.role.notna()]
    rows = rows[rows[list(CONDITIONS)].notna().all(axis=1)]
    return rows if role is None else rows[rows.role == role]


@cache
def fit(without=None):
    """Return the Fit of the shared efficiency, least squares on log throughput; without: a system whose rows are left out."""
    from model.scenario import Scenario

    rows = points("calibrate")
    rows = rows if without is None else rows[rows.system != without]

    constants = {}  # shared by the scenarios, which look the numbers of their systems up once
    scenarios = [(Scenario(row.system, step_constants=constants), row) for row in rows.itertuples()]

    def misfit(logarithms):
        constants["roofline_efficiency"] = float(np.exp(logarithms[0]))
        return np.array([np.log(predict(scenario, row) / row.value) for scenario, row in scenarios])

    def residuals(logarithms, width):
        return np.concatenate([misfit(logarithms) / width, (logarithms - HALF) / WITHIN])

    start = misfit(least_squares(residuals, HALF, args=(1.0,)).x)
    scatter = float(np.sqrt(np.mean(start**2)))
    solution = least_squares(residuals, HALF, args=(scatter,))
    return Fit(("roofline_efficiency",), solution.x, np.linalg.inv(solution.jac.T @ solution.jac), scatter, len(rows))


def predict(scenario, row):
    """Return the decode throughput, in token/s per device, of one row of points()."""
    accepted = row.tokens_per_step if np.isfinite(row.tokens_per_step) else 1.0
    inputs = {name: np.array([getattr(row, name)]) for name in CONDITIONS} | {"processed": np.ceil(accepted)}
    time, _, _ = step(scenario, row.workload, "decode", row.precision, row.overlap == 1, inputs)
    return float(row.batch * accepted / time[0])
