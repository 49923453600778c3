"""The fitted constants of an operation, start-up time and rates, from the rows marked `calibrate` and no other.

Few rows say little, so each fit starts from what the others found: with no rows at all that is the answer, and the
wide interval says so. Nothing is stored: constants are computed when they are needed. See `exchange_fit`,
`reduce_fit`.
"""

from functools import cache

import pandas as pd

from model.machine import exchange_fit, reduce_fit
from model.machine.collectives import HALVES, LARGE, SMALL
from model.machine.estimate import Fit
from model.machine.measurements import GROUP, INPUTS, LIMIT, measured

__all__ = ["GROUP", "INPUTS", "LIMIT", "Fit", "fit", "fit_without", "measured", "own_softwares", "softwares", "sources"]
QUANTITIES = dict.fromkeys(HALVES, LARGE)  # what is fitted as another


def fit(quantity, system, software, op):
    """Return the Fit that predictions use; a pair without rows gets the constants and spread of the others."""
    return _fit(quantity, system, software, op, own=True)


def fit_without(quantity, system, software, op):
    """Return the Fit that the others alone would give: no row of this system and software is used."""
    return _fit(quantity, system, software, op, own=False)


def _fit(quantity, system, software, op, own):
    if quantity == "all_to_all_time":
        return exchange_fit.fit(system, software, op, own=own)
    return reduce_fit.fit(QUANTITIES.get(quantity, quantity), system, own=own)


@cache
def sources(quantity, system, software, op):
    """Return the source keys of the rows behind a fit: the group's own, or all where it has none."""
    rows = measured(QUANTITIES.get(quantity, quantity), "calibrate")
    own = rows[(rows.system == system) & (rows.software == software)]
    if quantity == "all_to_all_time":
        own = own[own.op == op]
    return frozenset((rows if own.empty else own).source)


@cache
def own_softwares(system, quantity="all_to_all_time"):
    """Return the software with rows of its own on a system, in the order of data/network.csv, none for many tokens.

    An exchange needs rows that calibrate. What a library takes for reductions is fitted to all machines together, so
    that any of its rows says that it runs there.
    """
    if quantity == "all_to_all_time":
        rows = measured(quantity, "calibrate")
    else:
        rows = pd.concat([measured(each) for each in (LARGE, SMALL)])
        rows = rows[rows.role.notna()].sort_index()
    own = rows.software[rows.system == system].unique()
    return tuple(name for name in own if name not in exchange_fit.throughput_softwares())


def softwares(system, quantity="all_to_all_time"):
    """Return the names of software that may be asked for: a system's own, then those whose constants all share."""
    shared = exchange_fit.throughput_softwares() if quantity == "all_to_all_time" else ()
    return (*own_softwares(system, quantity), *shared)
