"""Predictions made before their measurement was seen: what was said, what came, and what today's law says there."""

import numpy as np
import pandas as pd
from scipy.stats import binom

from model.numbers import records
from model.numbers.draws import HIGH, LOW
from model.predictions.answer import predict
from model.predictions.forecasts import points

SET = ["date", "commit", "quantity", "set", "system"]
WORDS = {  # quantity: words
    "all_to_all_time": "exchange",
    "all_reduce_time": "all-reduce",
    "decode_throughput": "decode throughput",
    "decode_frontier": "decode, best layout",
    "decode_frontier_ratio": "gain of the best layout",
    "training_throughput": "training throughput",
    "job_mtbf": "time between failures",
}
GAP = 2  # places left free between two sets in a figure


def forecasts(quantity=None, systems=(), draws=1000, seed=0):
    """Return one row for each set of blind predictions, failures first: those with the fewest inside, then worst error.

    Columns: date, commit, quantity, set, system, what (words), rows, held (those inside their interval of 5 to 95 %),
    inside (share), mean_error and worst_error (of sizes), opened (rows whose measurement may be seen); now_error and
    now_inside are those of today's law on the opened rows, which is not blind, empty where none is open. A set that is
    still closed has its recorded summary alone. quantity: of one alone; systems: of these alone, all where empty.
    """
    seen = answered(quantity, systems, draws, seed)
    opened = seen.groupby(SET, sort=False).agg(
        rows=("error", "size"),
        mean_error=("error", _mean),
        worst_error=("error", lambda error: error.abs().max()),
        inside=("inside", "mean"),
        now_error=("now_error", _mean),
        now_inside=("now_inside", "mean"),
    )
    closed = _chosen(records.read("blind_sets"), quantity, systems).set_index(SET)
    many = opened.rows.reindex(closed.index).fillna(0)
    closed = closed[many < closed.rows]
    table = pd.concat([opened[~opened.index.isin(closed.index)], closed])[opened.columns[:4]]
    table = table.join(opened.rows.rename("opened")).fillna({"opened": 0}).join(opened[["now_error", "now_inside"]])
    table = table.assign(held=(table.inside * table.rows).round()).reset_index()
    table = table.assign(what=table.quantity.map(WORDS).fillna(table.quantity))
    return table.sort_values(["inside", "mean_error"], ascending=[True, False], ignore_index=True)


def answered(quantity=None, systems=(), draws=1000, seed=0):
    """Return the opened rows of data/blind.csv with today's answers: now, now_low, now_high, now_error, now_inside.

    Today's laws and constants were made when these measurements could be seen: their answers are not blind.
    """
    rows, parts = _chosen(records.read("blind"), quantity, systems), []
    for name, own in rows.groupby("quantity", sort=False):
        today, _ = predict(name, points(own), seed=seed, draws=draws, where="data/blind.csv")
        parts.append(pd.DataFrame({f"now{each}": today[old].to_numpy() for each, old in _NOW.items()}, index=own.index))
    today = pd.concat(parts) if parts else pd.DataFrame(columns=["now", "now_low", "now_high"], dtype=float)
    rows = rows.join(today)
    inside = (rows.now_low <= rows.measured) & (rows.measured <= rows.now_high)
    return rows.assign(now_error=rows.now / rows.measured - 1, now_inside=inside.astype(float))


_NOW = {"": "value", "_low": "low", "_high": "high"}


def total(table):
    """Return over the sets of `forecasts`: sets, rows, held, inside (share), closed (rows still closed), missed_sets.

    missed_sets: those with fewer than eight of ten inside.
    """
    rows, held = table.rows.sum(), table.held.sum()
    return pd.Series(
        {
            "sets": len(table),
            "rows": rows,
            "held": held,
            "inside": held / rows if rows else np.nan,
            "closed": rows - table.opened.sum(),
            "missed_sets": (table.inside < 0.8).sum(),
        }
    )


def chance(rows, held):
    """Return the chance that at most `held` of so many rows lie inside, were each inside as often as is claimed."""
    return float(binom.cdf(held, rows, (HIGH - LOW) / 100))


def waiting(systems=()):
    """Return one row for each set of forecasts that no measurement has judged, of all its machines together.

    Columns date, commit, quantity, set, what (words), systems (joined by commas), rows, half_width; half_width: median
    of half of ln(high/low), as a share.
    """
    rows, judged = _chosen(records.read("forecasts"), None, systems), records.read("blind")
    keys = [*SET, "inputs"]
    rows = rows[~pd.MultiIndex.from_frame(rows[keys]).isin(pd.MultiIndex.from_frame(judged[keys]))]
    rows = rows.assign(half_width=np.log(rows.high / rows.low) / 2, what=rows.quantity.map(WORDS).fillna(rows.quantity))
    return rows.groupby([*SET[:4], "what"], sort=False, as_index=False).agg(
        systems=("system", lambda names: ", ".join(dict.fromkeys(names))),
        rows=("low", "size"),
        half_width=("half_width", "median"),
    )


def ratios(rows, order):
    """Return opened rows for a figure: predicted over measured as ratio, ratio_low, ratio_high, now_ratio, and place.

    order: sets from left to right, those with no opened row passed over; place: along the figure, sets apart.
    """
    shares = {f"ratio{side}": rows[column] / rows.measured for side, column in _SAID.items()}
    found = rows.assign(**shares, now_ratio=rows.now / rows.measured)
    order = [each for each in order if each in set(found["set"])]
    found = found.sort_values("set", key=lambda sets: sets.map(order.index), kind="stable", ignore_index=True)
    new = found["set"] != found["set"].shift(fill_value=found["set"].iloc[0] if len(found) else "")
    return found.assign(place=np.arange(len(found)) + GAP * new.cumsum())


_SAID = {"": "predicted", "_low": "low", "_high": "high"}


def _chosen(rows, quantity, systems):
    """Return the rows of one quantity, or all, and of the systems, or all: a choice of what is asked, not of errors."""
    rows = rows if quantity is None else rows[rows.quantity == quantity]
    return rows[rows.system.isin(systems)] if systems else rows


def _mean(error):
    return error.abs().mean()
