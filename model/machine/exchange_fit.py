"""Fits the constants of exchanges from the rows marked `calibrate`, each group with what the others say as its prior.

A group is one (system, software, operation). Its start-up time and the work of a rank on a token are its own; how
start-up grows with ranks, what one-token messages reach of the scale-out network and what the scale-up link achieves
are shared or sourced, and enter its fit with a prior, so that a group measured on few ranks says how little it knows.
The prior rests on the other (system, software) pairs alone: with no rows it is the answer.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from model.laws.exchange import all_to_all
from model.machine import measurements
from model.machine.collectives import all_to_all_columns, time
from model.machine.estimate import ENOUGH, OPEN, Fit, Prior, few, natural, pooled, recorded, solve, together
from model.machine.measurements import GROUP
from model.notation.equation import Model, compute
from model.notation.nomenclature import all_to_all_time
from model.numbers import catalog
from model.numbers.facts import Facts

QUANTITY = "all_to_all_time"
SERVER = 8  # ranks from which groups tell how start-up grows, and up to which they tell the constants of their own
TELLING = 3  # numbers of ranks from which a group tells its own growth
FLAT = 1e-4  # sd of a constant that is known as well as fixed


class Basis(NamedTuple):
    """What a family of fits rests on: a law (None: the chosen), the ranks of the rows (None: all that calibrate)."""

    law: Model | None = None
    ranks: tuple[int, ...] | None = None


def fitted_names(software):
    """Return the names of a software's constants; those for many tokens have two rates alone."""
    if "place_limit" in software:
        return ("inner_efficiency", "outer_efficiency")
    names = ("startup", "growth", "outer_efficiency")
    if software("uses_scale_up"):
        names += ("handled_copies", "inner_efficiency")
    return names + (("merging",) if software("merges_copies") else ())


ALL = Basis()


@cache
def _facts(table, name):
    """Return the Facts of a name in a table: many fits ask for the same ones."""
    return Facts(table, name)


@cache
def fit(system, software, op, basis=ALL, own=True):
    """Return the Fit of a group; own=False: what the other pairs of system and software alone would say."""
    facts = _facts("software", software)
    if "place_limit" in facts:
        return _throughput(software, None if own else system)
    others = _others(basis, (system, software))
    names = fitted_names(facts)
    prior = _prior(names, system, op, others)
    rows = _groups(basis).get((system, software, op)) if own else None
    if rows is None:
        return Fit(names, prior.mean, prior.covariance, 0, others.scatter, SERVER)
    mean, covariance, scatter = _fitted(rows, names, prior, basis.law, others.scatter)
    scatter = together(scatter, len(rows), others.scatter)
    return Fit(names, mean, covariance, len(rows), scatter, int(rows.ranks.min()))


def _fitted(rows, names, prior, law, typical):
    """Return (mean, covariance, scatter) of a group's constants.

    From three numbers of ranks on its rows tell its growth. From fewer they do not: growth keeps what the others say,
    and the start-up time takes out what moves all of the rows alike.
    """
    if rows.ranks.nunique() >= TELLING:
        return _solve(rows, names, prior, law, typical)
    i, j = names.index("growth"), names.index("startup")
    variance, held = prior.covariance[i, i], prior.covariance.copy()
    held[i, i] = FLAT**2
    mean, covariance, scatter = _solve(rows, names, Prior(prior.mean, held), law, typical)
    if "growth" in (law or all_to_all).inputs(all_to_all_time):
        shift = float(np.mean(np.log(rows.ranks / SERVER)))
        covariance[i, i] += variance
        covariance[j, j] += variance * shift**2
        covariance[[i, j], [j, i]] -= variance * shift
    return mean, covariance, scatter


class Others(NamedTuple):
    """What a set of groups says of one more: (mean, sd) of constants by name and by (name, op), and their scatter."""

    shared: dict
    scatter: float


@cache
def _others(basis, without):
    """Return the Others of all pairs but one."""
    groups = {name: rows for name, rows in _groups(ALL).items() if name[:2] != without}
    shared, alone = dict(_unread()), [_alone(basis.law, name) for name in groups]
    grown = [each["growth"] for each in alone if "growth" in each]
    pairs = {name[:2] for name, each in zip(groups, alone, strict=True) if "growth" in each}
    if grown:
        middle, sd = pooled(*zip(*grown, strict=True))
        shared["growth", None] = max(middle, 0.0), few(len(pairs)) * sd
    for name in ("startup", "handled_copies", "merging"):
        means, errors = np.array([each[name] for each in alone if name in each]).reshape(-1, 2).T
        if len(means) > 1:
            shared[name, None] = float(np.mean(means)), float(np.sqrt(np.var(means, ddof=1) + np.mean(errors**2)))
    for (_, _, op), each in zip(groups, alone, strict=True):
        if "outer_efficiency" in each:
            shared["outer_efficiency", op] = each["outer_efficiency"]
    scatter = float(np.sqrt(np.mean([each["scatter"] ** 2 for each in alone if "scatter" in each])))
    return Others(shared, scatter)


@cache
def _alone(law, group):
    """Return what one group tells of constants, without any other: (value, standard error) by name, and its scatter.

    Growth from groups measured on several numbers of ranks; what messages reach outside from software that stays there;
    the rest from ranks of a server, where growth hardly matters.
    """
    system, software, op = group
    rows = _groups(ALL)[group]
    names = fitted_names(_facts("software", software))
    prior, found = _prior(names, system, op, Others(_unread(), 0.0)), {}

    def told(rows, *wanted):
        mean, covariance, scatter = _solve(rows, names, prior, law)
        errors = np.sqrt(np.diag(covariance))
        found.update({name: (mean[i], errors[i]) for i, name in enumerate(names) if name in wanted})
        return scatter

    if rows.ranks[rows.ranks >= SERVER].nunique() > 1:
        told(rows, "growth")
    if "handled_copies" not in names:
        told(rows, "outer_efficiency")
        return found
    rows = rows[rows.ranks <= SERVER]
    if len(rows) >= ENOUGH:
        found["scatter"] = told(rows, "startup", "handled_copies", "merging")
    return found


@cache
def _unread():
    """Return what is known of shared constants before any row is read."""
    names = ("growth", "merging", "handled_copies", "outer_efficiency")
    return {(name, None): recorded("priors", "exchange", name) for name in names}


def _prior(names, system, op, others):
    known = {"startup": (np.log(2e-5), OPEN), "inner_efficiency": _link(system)}
    found = [
        others.shared.get((name, op)) or others.shared.get((name, None)) or known[name]
        if name != "inner_efficiency"
        else known[name]
        for name in names
    ]
    mean, sd = np.array(found).T
    return Prior(mean, np.diag(np.maximum(sd, FLAT) ** 2))


@cache
def _link(system):
    """Return (mean, sd) of the logarithm of what a system's scale-up link achieves of what is specified."""
    facts = _facts("systems", system)
    if "scale_up_achievable" not in facts:
        return 0.0, FLAT
    achieved, sd = recorded("systems", system, "scale_up_achievable")
    return achieved - float(np.log(facts("scale_up_bandwidth"))), sd


def _solve(rows, names, prior, law=None, typical=None):
    columns = all_to_all_columns(
        _facts("systems", rows.system.iloc[0]), _facts("software", rows.software.iloc[0]), measurements.inputs(rows)
    )

    time(QUANTITY, columns, natural(names, prior.mean), law)  # refuses rows outside the law's region, once
    expression = (law or all_to_all).solve(all_to_all_time)

    def log_time(fitted):
        return np.log(compute(expression, {**columns, **natural(names, fitted)}))

    return solve(log_time, np.log(rows.time.to_numpy()), prior, typical)


@cache
def _groups(basis):
    """Return the calibrating rows of each group, in order of the table; kernels for many tokens have another law."""
    rows = measurements.measured(QUANTITY, "calibrate")
    rows = rows[~rows.software.isin(throughput_softwares())]
    if basis.ranks:
        rows = rows[rows.ranks.isin(basis.ranks)]
    return dict(iter(rows.groupby(GROUP, sort=False)))


@cache
def throughput_softwares():
    """Return the names of the software for many tokens: its constants are shared by all systems."""
    rows = catalog.chosen("software")
    return tuple(rows.software[rows.quantity == "place_limit"])


@cache
def _throughput(software, without):
    """Return the Fit of the two rates that all systems share, both operations alike; without: a system left out."""
    rows = measurements.measured(QUANTITY, "calibrate")
    rows = rows[(rows.software == software) & (rows.system != (without or ""))]
    names = fitted_names(_facts("software", software))
    mean, sd = np.array([recorded("priors", "throughput", name) for name in names]).T
    parts = [
        (
            all_to_all_columns(_facts("systems", system), _facts("software", software), measurements.inputs(own)),
            np.log(own.time.to_numpy()),
        )
        for system, own in rows.groupby("system", sort=False)
    ]

    def log_time(fitted):
        constants = natural(names, fitted)
        return np.concatenate([np.log(time(QUANTITY, columns, constants)) for columns, _ in parts])

    observed = np.concatenate([each for _, each in parts])
    mean, covariance, scatter = solve(log_time, observed, Prior(mean, np.diag(sd**2)))
    return Fit(names, mean, covariance, len(rows), scatter)
