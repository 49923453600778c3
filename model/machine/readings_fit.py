"""Fits a reader's own rows: what the study found of an operation, or of steps (`step_fit`), is their prior.

Rows that lie where the study expects them narrow its constants. Where all lie off alike, by more than the constants'
covariance and the scatter explain, this installation is another than those that the study knows: the excess
(dersimonian1986) loosens the prior in the ways in which installations differ, so that the rows decide. They speak for
the machine on which they were measured and for no other.
"""

from functools import cache

import numpy as np
import pandas as pd

from model.laws.all_reduce import LARGE, SMALL
from model.machine import measurements, operation_fit
from model.machine.collectives import HALVES, all_reduce_columns, all_to_all_columns, large_reduce_time, time
from model.machine.estimate import EXPONENTS, Fit, Prior, natural, solve, together
from model.numbers.facts import Facts

TINY = 1e-4  # step of a constant, in the terms of a fit, for a slope
LEAST = 0.05  # squared slopes of log time along all ways below which rows hardly tell of them: loosened no further


def rows_of(readings, system, quantity, usual):
    """Return the reader's rows behind a fitted operation of a system, of any role, with times, s, as `time`.

    usual: the software of rows that name none. An all-gather and a reduce-scatter tell of large all-reduces, too.
    """
    rows = readings.of(system, "network")
    rows = rows.assign(software=rows.software.fillna(usual))
    laws = (LARGE, *HALVES) if quantity == LARGE else (quantity,)
    parts = [measurements.measured(each, rows=rows).assign(law=each) for each in laws]
    return pd.concat([each for each in parts if len(each)] or parts[:1])


@cache
def softwares(readings, system, quantity, role=None):
    """Return the software of which a reader has rows on a system, any or of a role, and the study has none."""
    asked = (quantity,) if quantity == "all_to_all_time" else (LARGE, SMALL)
    rows = pd.concat([rows_of(readings, system, each, pd.NA) for each in asked]).sort_index()
    named = rows.software[(rows.role == role) if role else rows.role.notna()].dropna().unique()
    return tuple(name for name in named if name not in operation_fit.softwares(system, quantity))


@cache
def operation(readings, quantity, system, software, op, usual, own=True):
    """Return the Fit of an operation with a reader's rows, and the positions of all rows of it, held back or not.

    own=False: the study's part leaves the system's own rows out.
    """
    find = operation_fit.fit if own else operation_fit.fit_without
    found = find(quantity, system, software, op)
    fitted = operation_fit.QUANTITIES.get(quantity, quantity)
    rows = rows_of(readings, system, fitted, usual)
    if quantity == "all_to_all_time":
        rows = rows[(rows.software == software) & (rows.op == op)]
    order = ["law", "software", "ranks", "time"]  # so that sums round alike in whatever order a reader lists rows
    given = rows[rows.role == "calibrate"].sort_values(order)
    if given.empty:
        return found, frozenset(rows.index)
    base = operation(readings, LARGE, system, software, op, usual, own)[0].constants() if fitted == SMALL else {}
    log_time = _log_time(found.names, given, {name: base[name] for name in base if name not in found.names})
    ways = np.eye(len(found.names))[[name not in EXPONENTS for name in found.names]]  # each constant by itself
    mean, covariance, scatter = solved(log_time, given, found, ways)
    fewest = min(found.fewest, int(given.ranks.min()))
    return Fit(found.names, mean, covariance, found.rows + len(given), scatter, fewest), frozenset(rows.index)


def _log_time(names, rows, base):
    """Return the function from constants, in the terms of a fit, to the log times of rows, in the order of rows."""
    parts = []
    for (software, law), own in rows.groupby(["software", "law"], sort=False):
        facts = Facts("systems", own.system.iloc[0]), Facts("software", software)
        make = all_to_all_columns if law == "all_to_all_time" else all_reduce_columns
        places = rows.index.get_indexer(own.index)
        parts.append((law, facts, make(*facts, measurements.inputs(own)), places))

    def log_time(fitted):
        constants, times = base | natural(names, fitted), np.empty(len(rows))
        for law, facts, columns, places in parts:
            known = large_reduce_time(*facts, columns, constants) if law == LARGE else time(law, columns, constants)
            times[places] = np.log(known)
        return times

    return log_time


def solved(log_time, rows, found, ways, room=0.0, weight=1.0):
    """Return (mean, covariance, scatter) of what the study found once a reader's rows have spoken; as in `loosened`."""
    observed = np.log(rows.time.to_numpy(float))
    prior = loosened(
        log_time, observed, Prior(np.asarray(found.mean, float), found.covariance), ways, found.scatter, room
    )
    mean, covariance, scatter = solve(log_time, observed, prior, found.scatter, weight)
    return mean, covariance, together(scatter, len(rows), found.scatter)


def loosened(log_time, observed, prior, ways, scatter, room=0.0):
    """Return the Prior with as much freedom more as rows need that lie off all alike; arguments as for `solve`.

    ways: directions, of shape (ways, constants), in which one installation may differ from another; room: the variance
    of log time by which this one is expected to lie off before its rows speak.
    """
    steps = TINY * np.eye(len(prior.mean))
    slopes = [(log_time(prior.mean + each) - log_time(prior.mean - each)) / (2 * TINY) for each in steps]
    slope = np.mean(slopes, axis=1)
    explained = slope @ prior.covariance @ slope + scatter**2 / len(observed)
    off = float(np.median(observed - log_time(prior.mean)))
    excess = max(off**2 - explained, room)
    reach = max(float(np.sum(np.square(ways @ slope))), LEAST)
    return Prior(prior.mean, prior.covariance + excess / reach * ways.T @ ways)
