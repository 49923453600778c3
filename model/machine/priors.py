"""Priors of fitted constants: rows of data/priors.csv, whose bounds are 5 and 95 % points of a log-normal."""

from functools import cache

import numpy as np

from model.machine.estimate import spread
from model.notation.units import size
from model.numbers import catalog


@cache
def priors():
    """Return a frame of the priors of fitted constants: fit, quantity, and mean and sd of the logarithm."""
    rows = catalog.chosen("priors")
    rows = rows[rows.low.notna() & (rows.low > 0) & (rows.low < rows.high)]
    base = rows.unit.map(size)
    wide = [spread(row.quantity, row.low, row.high) for row in rows.itertuples()]
    return rows.assign(mean=np.log(rows.value * base), sd=wide)
