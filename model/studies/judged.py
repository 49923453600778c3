"""What predictions are held to, in summary: errors by quantity, rows for a page, other tools, what drives them."""

import pandas as pd
from scipy.stats import binom

from model.numbers.draws import HIGH, LOW, four_digits
from model.predictions import sensitivity
from model.studies import validation

NAMES = {  # quantity: words
    "all_to_all_time": "exchange",
    "all_reduce_time": "all-reduce",
    "small_all_reduce_time": "small all-reduce",
    "decode_throughput": "decode throughput",
}
KEPT = (
    *("quantity", "set", "system", "software", "op", "ranks", "tokens", "bytes", "batch", "context"),
    *("measured", "predicted", "low", "high", "error", "error_without", "inside", "source", "locator"),
)


def headline(compared):
    """Return, by quantity, over the rows that judge: rows, error, inside; over those fitted: fitted_error; and without.

    compared: mapping of quantities to frames of `validation.compare`; errors are mean absolute ones.
    """
    found = {}
    for quantity, rows in compared.items():
        held, fitted = (rows[rows.role == role] for role in ("validate", "calibrate"))
        found[quantity] = {
            "rows": len(held),
            "error": held.error.abs().mean(),
            "inside": held.inside.mean(),
            "fitted_error": fitted.error.abs().mean(),
            "without": rows.error_without.abs().mean(),
        }
    return pd.DataFrame(found).T


def by_fan_out(rows):
    """Return (usual, few) of judging exchanges: those with as many ranks as experts a token, and those with fewer."""
    held = rows[rows.role == "validate"]
    enough = held.ranks >= held.topk
    return held[enough], held[~enough]


def chance(rows):
    """Return how many rows may lie outside their interval: expected, most (nineteen times of twenty), seen, chance."""
    expected = 1 - (HIGH - LOW) / 100
    outside = len(rows) - rows.inside.sum()
    most, tail = binom.ppf(0.95, len(rows), expected), binom.sf(outside - 1, len(rows), expected)
    return pd.Series({"expected": expected * len(rows), "most": most, "seen": outside, "chance": tail})


def judging(compared):
    """Return the rows that judge, of all quantities, in the columns KEPT, and with their size and words for `measured`.

    size: tokens of a rank, bytes of a buffer or requests of a device.
    """
    parts = [rows[rows.role == "validate"].assign(quantity=quantity) for quantity, rows in compared.items()]
    found = pd.concat(parts, ignore_index=True).reindex(columns=KEPT)
    words = [
        f"{row.measured:,.0f} tokens/s"
        if row.quantity == "decode_throughput"
        else f"{four_digits(row.measured / 1e-6)} µs"
        for row in found.itertuples()
    ]
    return found.assign(words=words, size=found.tokens.fillna(found.bytes).fillna(found.batch))


def by_set(compared):
    """Return errors by set, as validation.by_set, with the quantity in words."""
    parts = [validation.by_set(rows).assign(quantity=NAMES[quantity]) for quantity, rows in compared.items()]
    return pd.concat(parts, ignore_index=True)


def tools(exchanges):
    """Return the mean absolute error of other tools and of this study, by system, on the same exchanges, and tokens.

    exchanges: rows of validation.compare.
    """
    rows = validation.peers(exchanges)
    rows = rows[~rows.note_tool.fillna("").str.startswith("not comparable")]
    errors = rows.assign(size=rows.error_theirs.abs()).pivot_table(index="tool", columns="system", values="size")
    ours = rows.drop_duplicates(["system", "op", "ranks"])
    theirs = pd.Series({"least": errors.min().min(), "most": errors.max().max()})
    errors.loc["this study (rows fitted)"] = ours.error.abs().groupby(ours.system).mean()
    errors.loc["this study (own rows left out)"] = ours.error_without.abs().groupby(ours.system).mean()
    return errors, theirs, ours.tokens.iloc[0]


def drivers(asked, seed):
    """Return the three numbers that drive each prediction most: prediction, factor, first, total (Sobol's indices).

    asked: tuples of a title, a quantity, a system and inputs.
    """
    parts = [
        sensitivity.ranking(name, inputs, system, seed=seed).head(3).assign(prediction=title)
        for title, name, system, inputs in asked
    ]
    found = pd.concat(parts, ignore_index=True)
    return found[found.total > 0.01]
