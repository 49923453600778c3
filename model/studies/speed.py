"""What a recorded table of speeds, data/speed.csv, says: numbers of tools side by side, and how cost grows."""

import numpy as np
from scipy.optimize import least_squares

from model.notation.units import size
from model.numbers import catalog


def part(name):
    """Return the rows of one part of the table in base units: columns as there; a range that is not there is nan."""
    rows = catalog.read("speed")
    if name not in set(rows.part):
        raise ValueError(f"data/speed.csv has no part {name}: choose one of {', '.join(sorted(set(rows.part)))}")
    rows = rows[rows.part == name].reset_index(drop=True)
    numbers = list(catalog.NUMBERS)
    rows[numbers] = rows[numbers].mul(rows.unit.map(size), axis=0)
    return rows


def side_by_side(rows, quantity, index="subject"):
    """Return a frame with one row for each value of index, in their order, and one column for each tool."""
    rows = rows[rows.quantity == quantity]
    return rows.pivot(index=index, columns="tool", values="value").reindex(rows[index].drop_duplicates())


def growth(numbers, costs):
    """Return (start, each, exponent) of cost = start + each x number^exponent, fitted to the logarithms of the costs.

    numbers, costs: arrays of at least three points, ascending, positive; start and each in the unit of the costs.
    """
    numbers, costs = (np.asarray(values, dtype=float) for values in (numbers, costs))
    if len(numbers) < 3:
        raise ValueError(f"{len(numbers)} points do not show how a cost grows: measure at three sizes at least")
    exponent = np.log(costs[-1] / costs[-2]) / np.log(numbers[-1] / numbers[-2])
    first = [np.log(costs[0]), np.log(costs[-1]) - exponent * np.log(numbers[-1]), exponent]
    found = least_squares(_off, first, x_scale="jac", args=(np.log(numbers), np.log(costs))).x
    return float(np.exp(found[0])), float(np.exp(found[1])), float(found[2])


def _off(found, log_numbers, log_costs):
    return np.logaddexp(found[0], found[1] + found[2] * log_numbers) - log_costs
