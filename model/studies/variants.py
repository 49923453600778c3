"""Exchange laws that were considered and are not the chosen one, judged where nothing was fitted: on more ranks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import sympy as sp

from model.laws.exchange import all_to_all, random_routing
from model.machine import operation_fit
from model.machine.collectives import OPERATIONS, time
from model.notation.equation import Equation
from model.notation.nomenclature import (
    all_to_all_time,
    copies,
    crossings,
    destinations,
    distinct,
    inner_time,
    inner_volume,
    local_ranks,
    outer_time,
    outer_volume,
    package_ranks,
    payload,
    ranks,
    scale_out_latency,
    scale_up_bandwidth,
    startup,
    tokens,
)
from model.numbers.facts import Facts

_latency = crossings * scale_out_latency
_longer = sp.Max(inner_time, outer_time)
_merged = random_routing[distinct].rhs.subs(destinations, ranks)


def _variant(*equations):
    """Return the chosen law with the equations of the same left-hand sides replaced."""
    changed = {equation.lhs: equation for equation in equations}
    law = replace(all_to_all, equations=tuple(changed.get(each.lhs, each) for each in all_to_all.equations))
    used = {sp.Symbol(name, positive=True) for name in law.inputs(all_to_all_time)}
    return replace(law, valid=tuple(condition for condition in law.valid if condition.free_symbols <= used))


VARIANTS = {
    "chosen: longer tier, start-up, two crossings": all_to_all,
    "tiers in turn": _variant(Equation(all_to_all_time, startup + _latency + inner_time + outer_time)),
    "no latency between domains": _variant(Equation(all_to_all_time, startup + _longer)),
    "start-up once for each tier": _variant(Equation(all_to_all_time, startup * (1 + crossings / 2) + _longer)),
    "start-up for each peer": _variant(Equation(all_to_all_time, startup * (ranks - 1) + _latency + _longer)),
    "half-rate message in place of start-up": _variant(
        Equation(
            all_to_all_time,
            _latency + _longer * (1 + startup * scale_up_bandwidth * ranks / (tokens * copies * payload)),
            "hockney1994",
        )
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

    Each variant is fitted on the rows of each group with the fewest ranks, and judged by the calibration rows with
    more; sets weigh equally, whatever their number of rows.
    """
    quantity = "all_to_all_time"
    held = operation_fit.measured(quantity, "calibrate")
    fewest = held.groupby(operation_fit.GROUP).ranks.transform("min")
    judged = held[held.ranks > fewest]
    errors = []
    for name, law in VARIANTS.items():
        for group, rows in judged.groupby(operation_fit.GROUP, sort=False):
            constants = operation_fit.fit(quantity, *group, law=law, fewest=True).constants()
            error = np.abs(_predict(rows, law, constants) / rows.time - 1).mean()
            errors.append({"variant": name, "set": f"{group[0]}, {group[1]}", "error": error})
    table = pd.DataFrame(errors).pivot_table(index="variant", columns="set", values="error", sort=False)
    return table.assign(**{"all sets": table.mean(axis=1)}).loc[list(VARIANTS)].reset_index()


def _predict(rows, law, constants):
    system, software = Facts("systems", rows.system.iloc[0]), Facts("software", rows.software.iloc[0])
    inputs = {name: rows[name].to_numpy(float) for name in operation_fit.INPUTS}
    return time("all_to_all_time", OPERATIONS["all_to_all_time"][2](system, software, inputs), constants, law)
