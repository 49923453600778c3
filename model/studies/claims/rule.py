"""Verdicts on what others claim: a rule sets a number said against a number computed with its interval."""

import numpy as np
import pandas as pd

from model.numbers import catalog
from model.numbers.draws import around

VERDICTS = HOLDS, CONDITION, FAILS, UNTESTED = (
    "holds",
    "holds with a condition",
    "fails",
    "cannot be tested here",
)
RELATIONS = ("equals", "at least", "at most", "order of magnitude")
NUMBERS = ("value", "low", "high")  # of a reading


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


def said():
    """Return the claimed numbers of data/claims.csv as a Series, by claim and quantity, in the units of their rows."""
    return catalog.read("claims").set_index(["claim", "quantity"]).value


def reading(claim, quantity, text, value, drawn=None):
    """Return one computed number as a mapping, with the 5 and 95 % points of its draws; without draws it is exact.

    The number is in the unit of the claim's row; text says which way of understanding the claim it answers.
    """
    return {"claim": claim, "quantity": quantity, "reading": text, **_numbers(value, drawn)}


def predicted(claim, quantity, text, row):
    """Return a row of `predict`'s answer (value, low, high) as a mapping, as `reading` does."""
    return {"claim": claim, "quantity": quantity, "reading": text, **{side: getattr(row, side) for side in NUMBERS}}


def intervals(pairs):
    """Return {key: (number, draws)} as a frame, one row each, columns NUMBERS; keys of several words joined by dots."""
    rows = {key if isinstance(key, str) else ".".join(map(str, key)): _numbers(*each) for key, each in pairs.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(NUMBERS))


def _numbers(value, drawn=None):
    low, high = (value, value) if drawn is None else around(value, drawn)
    return {name: float(np.ravel(each)[0]) for name, each in zip(NUMBERS, (value, low, high), strict=True)}


def frame(readings):
    """Return {key: reading} as a frame: one row each under its key, columns claim, quantity, reading, NUMBERS."""
    return pd.DataFrame.from_dict(readings, orient="index", columns=["claim", "quantity", "reading", *NUMBERS])


def judge(readings):
    """Return a frame of readings with what data/claims.csv says (claimed, unit, relation) and the verdict on each.

    readings: a frame as `frame` returns it. KeyError names a reading without a claimed number.
    """
    rows = catalog.read("claims").set_index(["claim", "quantity"])
    judged = []
    for each in readings.rename(columns={"value": "computed"}).to_dict("records"):
        row = rows.loc[each["claim"], each["quantity"]]
        allowed = tolerance(row) if row.relation == "equals" else 0.0
        answer = verdict(row.value, each["computed"], each["low"], each["high"], row.relation, allowed)
        said_of_it = {"claimed": row.value, "unit": row.unit, "relation": row.relation, "tolerance": allowed}
        judged.append({**each, **said_of_it, "verdict": answer})
    return pd.DataFrame(judged)


def ratios(judged, left_out=()):
    """Return the judged readings whose numbers are positive on both sides, computed over claimed.

    Columns claim, reading, relation, claimed, computed, low, high, verdict, and ratio_value, ratio_low, ratio_high,
    no bound below a thousandth. left_out: quantities that are counted, not computed.
    """
    rows = judged[(judged.claimed > 0) & (judged.computed > 0) & ~judged.quantity.isin(left_out)]
    numbers = {"value": rows.computed, "low": rows.low, "high": rows.high}
    over = {f"ratio_{side}": each.clip(lower=rows.claimed * 1e-3) / rows.claimed for side, each in numbers.items()}
    names = ["claim", "reading", "relation", "claimed", "computed", "low", "high", "verdict"]
    return rows[names].assign(**over)
