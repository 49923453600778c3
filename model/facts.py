"""The numbers of one system, software or workload: as recorded, or drawn within their recorded bounds."""

import numpy as np

from model import catalog
from model.units import size


class Missing(ValueError):
    """A number that a prediction needs and data/ does not have."""


class Facts:
    """Numbers of one name in one table of data/, in base units.

    facts("memory_bandwidth") returns a float or, with draws, an array of shape (draws, 1): each number is drawn once,
    log-uniformly between its bounds, so that all that follows from it moves together. `used` keeps the rows read.
    """

    def __init__(self, table, name, draws=0, rng=None):
        rows = catalog.chosen(table)
        self.table, self.name, self.draws, self.rng = table, name, draws, rng
        self.rows = rows[rows[rows.columns[0]] == name].set_index("quantity")
        self.used = {}
        self._drawn = {}

    def __contains__(self, quantity):
        return str(quantity) in self.rows.index

    def __call__(self, quantity, default=None):
        """Return the number; default stands in where none is recorded, and without one Missing says what is missing."""
        quantity = str(quantity)
        if quantity not in self.rows.index:
            if default is not None:
                return default
            raise Missing(f"{self.name} has no {quantity} in data/{self.table}.csv: add a row with its source")
        if quantity not in self._drawn:
            row = self.rows.loc[quantity]
            self.used[quantity] = row
            self._drawn[quantity] = self._number(row)
        return self._drawn[quantity]

    def _number(self, row):
        scale = size(row.unit)
        low, high = (row.value if np.isnan(row[side]) else row[side] for side in ("low", "high"))
        if not self.draws or low == high:
            return row.value * scale
        if low <= 0:
            return scale * self.rng.uniform(low, high, (self.draws, 1))
        return scale * np.exp(self.rng.uniform(np.log(low), np.log(high), (self.draws, 1)))
