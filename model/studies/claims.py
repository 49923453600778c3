"""Verdicts on what others claim: a rule sets a number said against a number computed with its interval."""

import numpy as np
import pandas as pd

from model.numbers import catalog
from model.numbers.draws import low_high

VERDICTS = HOLDS, CONDITION, FAILS, UNTESTED = (
    "holds",
    "holds with a condition",
    "fails",
    "cannot be tested here",
)
RELATIONS = ("equals", "at least", "at most", "order of magnitude")
STRENGTH = ("measured", "spec", "derived", "claim", "estimate", "assumed")  # of evidence, strongest first


def accepted(claimed, relation, tolerance=0.0):
    """Return (least, most), the numbers that agree with a claimed one.

    tolerance: relative, widens `equals` only. An order of magnitude is a factor of ten to either side.
    """
    if relation not in RELATIONS:
        raise ValueError(f"unknown relation {relation!r}: choose one of {', '.join(RELATIONS)}")
    return {
        "equals": (claimed * (1 - tolerance), claimed * (1 + tolerance)),
        "at least": (claimed, np.inf),
        "at most": (-np.inf, claimed),
        "order of magnitude": (claimed / 10, claimed * 10),
    }[relation]


def verdict(claimed, computed, low, high, relation, tolerance=0.0):
    """Return the verdict on a claimed number.

    It holds where the whole interval low to high of the computed number is accepted, fails where none of it is, and
    holds with a condition in between, whatever the middle. A number that is missing on either side cannot be tested.
    A bound that is missing equals the computed number; ValueError where low lies above high. The middle itself may lie
    outside: a chosen value can sit at one end of its bounds.
    """
    if np.isnan(claimed) or np.isnan(computed):
        return UNTESTED
    low, high = (computed if np.isnan(side) else side for side in (low, high))
    if low > high:
        raise ValueError(f"low {low:g} lies above high {high:g}: exchange them")
    least, most = accepted(claimed, relation, tolerance)
    if least <= low and high <= most:
        return HOLDS
    return FAILS if high < least or low > most else CONDITION


def combine(verdicts):
    """Return the verdict on a claim from those on its readings: they agree, or which reading is meant is the condition.

    Readings that cannot be tested are passed over, unless nothing else is left.
    """
    tested = set(verdicts) - {UNTESTED}
    if not tested:
        return UNTESTED
    return tested.pop() if len(tested) == 1 else CONDITION


def tolerance(row):
    """Return the relative tolerance that the bounds of a claim's row leave, 0 where it has none."""
    sides = [abs(side / row.value - 1) for side in (row.low, row.high) if not np.isnan(side)]
    return max(sides, default=0.0)


def result(claim, quantity, reading, computed, drawn=None):
    """Return one computed number as a mapping, with the 5 and 95 % points of its draws; without draws it is exact."""
    low, high = (computed, computed) if drawn is None else low_high(drawn)
    numbers = {"computed": float(computed), "low": float(low), "high": float(high)}
    return {"claim": claim, "quantity": quantity, "reading": reading, **numbers}


def predicted(claim, quantity, reading, row):
    """Return a row of `predict`'s answer (value, low, high) as a mapping, as `result` does."""
    numbers = {"computed": row.value, "low": row.low, "high": row.high}
    return {"claim": claim, "quantity": quantity, "reading": reading, **numbers}


def judge(results):
    """Return a frame of results with what data/claims.csv says (claimed, unit, relation) and the verdict on each.

    results: mappings as `result` and `predicted` return them, numbers in the unit of the claim's row. KeyError names a
    result without a claimed number.
    """
    rows = catalog.read("claims").set_index(["claim", "quantity"])
    judged = []
    for each in results:
        row = rows.loc[each["claim"], each["quantity"]]
        allowed = tolerance(row) if row.relation == "equals" else 0.0
        answer = verdict(row.value, each["computed"], each["low"], each["high"], row.relation, allowed)
        said = {"claimed": row.value, "unit": row.unit, "relation": row.relation, "tolerance": allowed}
        judged.append({**each, **said, "verdict": answer})
    return pd.DataFrame(judged)


def weakest(kinds):
    """Return the weakest kind of evidence among kinds; ValueError names an unknown one."""
    kinds = list(kinds)
    if unknown := set(kinds) - set(STRENGTH):
        raise ValueError(f"unknown kinds {sorted(unknown)}: choose among {', '.join(STRENGTH)}")
    return max(kinds, key=STRENGTH.index)


def evidence(references):
    """Return the rows behind a claim as a frame: table, name, quantity, kind, source.

    references: (table, name, quantity) each, the name in the table's first column. Where rows compete the chosen one
    counts. KeyError names a reference without a row.
    """
    found = []
    for table, name, quantity in dict.fromkeys(references):
        rows = catalog.read(table)
        rows = rows[(rows[rows.columns[0]] == name) & (rows.quantity == quantity)]
        rows = rows[rows.chosen.fillna("") != "no"]
        if rows.empty:
            raise KeyError(f"data/{table}.csv has no {quantity} of {name}")
        found += [(table, name, quantity, row.kind, row.source) for row in rows.itertuples()]
    return pd.DataFrame(found, columns=["table", "name", "quantity", "kind", "source"])
