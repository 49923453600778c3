"""The measured rows of data/network.csv, by the quantity that a law predicts, with their times."""

import numpy as np
import pandas as pd

from model.laws.all_reduce import LARGE, SMALL, bus
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import size
from model.numbers import catalog

GROUP = ["system", "software", "op"]
INPUTS = ("ranks", "tokens", "hidden", "experts", "topk", "bytes_per_element", "bytes")
LIMIT = 4 * 2**20  # bytes below which an all-reduce is taken to run the protocol for small messages
OPS = {
    "all_to_all_time": ("dispatch", "combine"),
    LARGE: ("all_reduce",),
    SMALL: ("all_reduce",),
    "all_gather_time": ("all_gather",),
    "reduce_scatter_time": ("reduce_scatter",),
}


def measured(quantity, role=None, rows=None):
    """Return the measured rows of a quantity, all or of a role, with their times, s, as `time`.

    all_reduce_time: from LIMIT bytes on; small_all_reduce_time: below. rows: of the same columns, in place of those of
    data/network.csv.
    """
    rows = catalog.chosen("network") if rows is None else rows
    rows = rows[rows.op.isin(OPS[quantity])]
    if quantity in (LARGE, SMALL):
        rows = rows[(rows.bytes < LIMIT) == (quantity == SMALL)]
    rows = rows if role is None else rows[rows.role == role]
    rows = rows.assign(time=rows.value * rows.unit.map(size))
    convention = rows.quantity == "bus_bandwidth"  # not a wire rate: turned back into the time that was measured
    if not convention.any():
        return rows
    columns = pd.DataFrame({"ranks": rows.ranks, "message": rows.bytes, "bus_bandwidth": rows.time})
    time = bus.evaluate(_target(quantity), columns)
    return rows.assign(time=np.where(convention, time, rows.time))


def inputs(rows):
    """Return the columns of rows that laws take as inputs, as arrays."""
    return {name: rows[name].to_numpy(float) for name in INPUTS}


def _target(quantity):
    name = LARGE if quantity == SMALL else quantity
    return next(symbol for symbol in NOMENCLATURE if symbol.name == name)
