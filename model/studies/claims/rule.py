"""Verdicts on what others claim, by rule: one reading of each part of a sentence, and the share of draws that agree."""

import numpy as np
import pandas as pd

from model.numbers import catalog
from model.numbers.draws import around

SCALE = TRUE, PART, OPEN, UNSUPPORTED, MISLEADING, FALSE, UNTESTABLE = (
    "true",
    "true in part",
    "open",
    "unsupported",
    "misleading",
    "false",
    "not testable",
)
LIKELY, UNLIKELY = 0.9, 0.1  # shares of the draws: more is true, fewer is false
SUPPORT = ("counted", "sheet", "measured", "law", "maker", "fitted", "none")  # what a reading rests on
OWN = ("maker", "fitted")  # the claim heard twice: a maker's own word alone, or a number fitted to what is claimed
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


def agreeing(claimed, drawn, relation, tolerance=0.0):
    """Return the share of draws that agree with a claimed number; nan where either is missing.

    drawn: every draw of the computed number; an exact number is one draw. A draw that is not a number agrees with
    nothing and counts.
    """
    drawn = np.ravel(np.asarray(drawn, dtype=float))
    if np.isnan(claimed) or np.isnan(drawn).all():
        return np.nan
    least, most = accepted(claimed, relation, tolerance)
    return float(((least <= drawn) & (drawn <= most)).mean())


def decide(share, support, taken=np.nan):
    """Return the verdict on one part of a claim.

    share: of the draws of its primary reading that agree; support: one of SUPPORT; taken: the same share of the reading
    as a reader takes the words, nan where that is the primary one. False below UNLIKELY. Otherwise what rests on the
    claim itself stays unsupported; true above LIKELY, misleading where the reading as taken is false; else open.
    """
    if support not in SUPPORT:
        raise ValueError(f"unknown support {support!r}: choose one of {', '.join(SUPPORT)}")
    if np.isnan(share):
        return UNTESTABLE
    if share < UNLIKELY:
        return FALSE
    if support in OWN:
        return UNSUPPORTED
    if share <= LIKELY:
        return OPEN
    return MISLEADING if taken < UNLIKELY else TRUE


def combine(parts):
    """Return the verdict on a claim from those on its parts, which the sentence asserts together.

    One word where they agree. True and misleading parts make it misleading; a true part beside any other makes it true
    in part; without a true part the worst word counts. Parts that cannot be tested are passed over where nothing is
    true, and alone make it not testable.
    """
    found = set(parts)
    if len(found) < 2:
        return found.pop() if found else UNTESTABLE
    if TRUE in found:
        return MISLEADING if found == {TRUE, MISLEADING} else PART
    return max(found - {UNTESTABLE}, key=SCALE.index)


def tolerance(row):
    """Return the relative tolerance that the bounds of a claim's row leave, 0 where it has none."""
    sides = [abs(side / row.value - 1) for side in (row.low, row.high) if not np.isnan(side)]
    return max(sides, default=0.0)


def said():
    """Return the claimed numbers of data/claims.csv as a Series, by claim and quantity, in the units of their rows."""
    return catalog.read("claims").set_index(["claim", "quantity"]).value


def reading(claim, quantity, text, value, drawn=None):
    """Return one computed number as a mapping, with its draws and their 5 and 95 % points; without draws it is exact.

    The number is in the unit of the claim's row; text says which way of understanding the claim it answers.
    """
    many = np.ravel(value if drawn is None else drawn).astype(float)
    return {"claim": claim, "quantity": quantity, "reading": text, **_numbers(value, drawn), "drawn": many}


def predicted(claim, quantity, text, row, drawn=None):
    """Return a row of `predict`'s answer (value, low, high) as a mapping, as `reading` does.

    drawn: the draws behind it; without them no verdict can rest on this reading.
    """
    many = np.array([np.nan]) if drawn is None else np.ravel(drawn)
    numbers = {side: getattr(row, side) for side in NUMBERS}
    return {"claim": claim, "quantity": quantity, "reading": text, **numbers, "drawn": many}


def intervals(pairs):
    """Return {key: (number, draws)} as a frame, one row each, columns NUMBERS; keys of several words joined by dots."""
    rows = {key if isinstance(key, str) else ".".join(map(str, key)): _numbers(*each) for key, each in pairs.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(NUMBERS))


def _numbers(value, drawn=None):
    low, high = (value, value) if drawn is None else around(value, drawn)
    return {name: float(np.ravel(each)[0]) for name, each in zip(NUMBERS, (value, low, high), strict=True)}


def frame(readings):
    """Return {key: reading} as a frame, one row each: claim, quantity, reading, NUMBERS, drawn."""
    found = pd.DataFrame(list(readings.values()), columns=["claim", "quantity", "reading", *NUMBERS, "drawn"])
    return found.set_axis(list(readings))


def judge(readings):
    """Return a frame of readings with what data/claims.csv says, and the share of draws that agrees with it.

    readings: a frame as `frame` returns it. Columns key, claim, quantity, reading, computed, low, high, claimed, unit,
    relation, tolerance, agreeing. KeyError names a reading of what data/claims.csv does not claim: it has no row of the
    quantity, or one without a relation, which is a number of ours; ValueError two of one key.
    """
    rows, judged = catalog.read("claims").set_index(["claim", "quantity"]), []
    for key, each in zip(
        readings.index, readings.rename(columns={"value": "computed"}).to_dict("records"), strict=True
    ):
        row = _claimed(rows, key, each["claim"], each["quantity"])
        allowed = tolerance(row) if row.relation == "equals" else 0.0
        share = agreeing(row.value, each.pop("drawn"), row.relation, allowed)
        said_of_it = {"claimed": row.value, "unit": row.unit, "relation": row.relation, "tolerance": allowed}
        judged.append({"key": key, **each, **said_of_it, "agreeing": share})
    judged = pd.DataFrame(judged)
    if (twice := judged.duplicated(["claim", "key"])).any():
        row = judged[twice].iloc[0]
        raise ValueError(f"{row.claim} has two readings under the key {row.key}: name them apart")
    return judged


def _claimed(rows, key, claim, quantity):
    """Return the row that says what a reading is compared with; KeyError as in `judge`."""
    if (claim, quantity) not in rows.index:
        raise KeyError(f"data/claims.csv has no {quantity} of {claim}, with which the reading {key} is compared")
    row = rows.loc[claim, quantity]
    if pd.isna(row.relation):
        raise KeyError(
            f"data/claims.csv: {quantity} of {claim} has no relation, so the reading {key} has nothing to be compared "
            f"with: write one of {', '.join(RELATIONS)}"
        )
    return row


def ratios(judged, left_out=()):
    """Return the judged readings whose numbers are positive on both sides, computed over claimed.

    Columns claim, key, reading, relation, claimed, computed, low, high, and ratio_value, ratio_low, ratio_high, no
    bound below a thousandth. left_out: quantities that are counted, not computed.
    """
    rows = judged[(judged.claimed > 0) & (judged.computed > 0) & ~judged.quantity.isin(left_out)]
    numbers = {"value": rows.computed, "low": rows.low, "high": rows.high}
    over = {f"ratio_{side}": each.clip(lower=rows.claimed * 1e-3) / rows.claimed for side, each in numbers.items()}
    names = ["claim", "key", "reading", "relation", "claimed", "computed", "low", "high"]
    return rows[names].assign(**over)
