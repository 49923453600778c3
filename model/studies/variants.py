"""Exchange laws that were considered and are not the chosen one, judged where nothing was fitted: on more ranks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import sympy as sp

from model.laws.exchange import all_to_all, random_routing
from model.machine import exchange_fit, measurements
from model.machine.collectives import all_to_all_columns, time
from model.machine.exchange_fit import SERVER, Basis
from model.notation.equation import Equation
from model.notation.nomenclature import (
    all_to_all_time,
    copies,
    crossings,
    destinations,
    distinct,
    growth,
    inner_efficiency,
    inner_time,
    inner_volume,
    local_ranks,
    merging,
    outer_time,
    outer_volume,
    package_ranks,
    payload,
    ranks,
    scale_out_latency,
    scale_up_bandwidth,
    start_time,
    startup,
    tokens,
    topk,
)
from model.numbers.draws import Sampler, low_high
from model.numbers.facts import Facts
from model.studies.against import against

SERVERS = tuple(range(2, SERVER + 1))  # ranks of the rows that a variant is fitted on

_latency = crossings * scale_out_latency
_longer = sp.Max(inner_time, outer_time)
_merged = random_routing[distinct].rhs.subs(destinations, ranks)
_by_copies = (copies / topk) ** merging


def _variant(*equations):
    """Return the chosen law with the equations of the same left-hand sides replaced."""
    changed = {equation.lhs: equation for equation in equations}
    law = replace(all_to_all, equations=tuple(changed.get(each.lhs, each) for each in all_to_all.equations))
    used = {sp.Symbol(name, positive=True) for name in law.inputs(all_to_all_time)}
    return replace(law, valid=tuple(condition for condition in law.valid if condition.free_symbols <= used))


CHOSEN, FLAT = (
    "chosen: start-up grows with ranks, a rank handles its tokens, longer tier",
    "start-up that does not grow",
)
VARIANTS = {
    CHOSEN: all_to_all,
    FLAT: _variant(Equation(start_time, startup * _by_copies)),
    "start-up that grows in proportion to ranks": _variant(
        Equation(start_time, startup * (1 + growth * ranks / 8) / (1 + growth) * _by_copies)
    ),
    "start-up that grows with the logarithm of ranks": _variant(
        Equation(start_time, startup * (1 + growth * sp.log(ranks / 8, 2)) * _by_copies)
    ),
    "nothing handled beside what is sent": _variant(
        Equation(inner_time, inner_volume / (inner_efficiency * scale_up_bandwidth))
    ),
    "start-up for each peer": _variant(Equation(start_time, startup * (ranks - 1) / 7 * _by_copies)),
    "tiers in turn": _variant(Equation(all_to_all_time, start_time + _latency + inner_time + outer_time)),
    "no latency between domains": _variant(Equation(all_to_all_time, start_time + _longer)),
    "start-up once for each tier": _variant(Equation(all_to_all_time, start_time * (1 + crossings / 2) + _longer)),
    "start-up and transfer half hidden behind each other": _variant(
        Equation(all_to_all_time, _latency + sp.sqrt(start_time**2 + _longer**2))
    ),
    "copies for the own package travel too": _variant(
        Equation(inner_volume, tokens * copies * payload * local_ranks / ranks)
    ),
    "copies merged for each rank, random routing": _variant(
        Equation(inner_volume, tokens * _merged * payload * (local_ranks - package_ranks) / ranks),
        Equation(outer_volume, tokens * _merged * payload * (ranks - local_ranks) / ranks),
    ),
}


def judge():
    """Return a frame with one row for each variant: mean absolute error on more ranks, by set and over all sets.

    Each variant is fitted on the rows of each group with at most a server's ranks, with what the other pairs of system
    and software say of growth as its prior, and judged by all rows with more; sets weigh equally, whatever their number
    of rows.
    """
    errors = []
    for name, law in VARIANTS.items():
        for group, rows in _further():
            constants = exchange_fit.fit(*group, Basis(law, SERVERS)).constants()
            error = np.abs(_predict(rows, law, constants) / rows.time - 1).mean()
            errors.append({"variant": name, "set": f"{group[0]}, {group[1]}", "error": error})
    table = pd.DataFrame(errors).pivot_table(index="variant", columns="set", values="error", sort=False)
    return table.assign(**{"all sets": table.mean(axis=1)}).loc[list(VARIANTS)].reset_index()


def intervals(variant, draws, seed):
    """Return the rows on more ranks with error, inside and half_width of the interval of 5 to 95 % of a variant."""
    parts = []
    law, sampler = VARIANTS[variant], Sampler(draws, (seed, 0))
    for group, rows in _further():
        fit, label = exchange_fit.fit(*group, Basis(law, SERVERS)), " ".join(group)
        drawn = _predict(rows, law, fit.constants(sampler, label), sampler) * sampler.scatter(label, fit.scatter)
        low, high = low_high(drawn, axis=0)
        parts.append(rows.assign(**against(rows.time, _predict(rows, law, fit.constants()), low, high)))
    return pd.concat(parts, ignore_index=True)


def _further():
    """Return (group, rows) of the exchanges on more ranks than the variants are fitted on."""
    held = measurements.measured("all_to_all_time")
    held = held[held.role.notna() & (held.ranks > SERVER) & ~held.software.isin(exchange_fit.throughput_softwares())]
    return held.groupby(measurements.GROUP, sort=False)


def _predict(rows, law, constants, sampler=None):
    system, software = (
        Facts(table, rows[name].iloc[0], sampler) for table, name in (("systems", "system"), ("software", "software"))
    )
    return time("all_to_all_time", all_to_all_columns(system, software, measurements.inputs(rows)), constants, law)
