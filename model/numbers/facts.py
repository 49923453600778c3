"""The numbers of one system, software or workload: as recorded, or drawn within their recorded bounds."""

import numpy as np

from model.notation.units import size
from model.numbers import catalog

# A quantity, and the label of what it is multiplied with: both have wide bounds, and are laid out beside one another.
BESIDE = {"failure_rate": "fleet", "price": "rent-of-price rent"}
# What transfers reach of a rate: of one that is given in place of the recorded one they reach the same share.
REACHED = {"scale_out_achievable": "scale_out_bandwidth", "scale_up_achievable": "scale_up_bandwidth"}
# {(table, name, quantity): source} of every number that this process has asked for, one by one.
asked: dict[tuple[str, str, str], str] = {}


class Missing(ValueError):
    """A number that a prediction needs and data/ does not have; table, name, quantity say which row would hold it."""

    def __init__(self, message, table=None, name=None, quantity=None):
        super().__init__(message)
        self.table, self.name, self.quantity = table, name, quantity


class Facts:
    """Numbers of one name in one table of data/, in base units.

    facts("memory_bandwidth") returns a float or, with a Sampler, an array of shape (draws, 1): each number is drawn
    once between its bounds. given: numbers in base units that replace recorded ones; what transfers reach of a rate
    scales with it. `used` keeps the rows read.
    """

    def __init__(self, table, name, sampler=None, given=None):
        self.table, self.name, self.sampler = table, name, sampler
        self.rows = catalog.recorded(table, name)
        self.used = {}
        self._given = dict(given or {})
        self._drawn = dict(self._given)

    def __contains__(self, quantity):
        return str(quantity) in self._drawn or str(quantity) in self.rows

    def __call__(self, quantity, default=None):
        """Return the number; default stands in where none is recorded, and without one Missing says what is missing."""
        quantity = str(quantity)
        if quantity in self._drawn:
            return self._drawn[quantity]
        if quantity not in self.rows:
            if default is not None:
                return default
            message = f"{self.name} has no {quantity} in data/{self.table}.csv: add a row with its source"
            raise Missing(message, self.table, self.name, quantity)
        row = self.rows[quantity]
        self.used[quantity] = row
        asked[self.table, self.name, quantity] = row.source
        number = self._number(quantity, row)
        if (rate := REACHED.get(quantity)) in self._given and rate in self.rows:
            number = self._given[rate] / self._number(rate, self.rows[rate]) * number
        self._drawn[quantity] = number
        return number

    def _number(self, quantity, row):
        low, high = (row.value if np.isnan(bound) else bound for bound in (row.low, row.high))
        if self.sampler is None or low == high:
            return row.value * size(row.unit)
        return size(row.unit) * self.sampler.bounds(f"{self.name} {quantity}", low, high, BESIDE.get(quantity))
