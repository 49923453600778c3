"""What is watched of predictions: their errors, how many measurements their intervals hold, how wide these are.

data/recorded.csv holds each number with the band in which it may move; a build that leaves a band stops.
"""

import pandas as pd

from model.numbers import catalog
from model.studies import validation, variants

WORDS = {  # quantity: words
    "all_to_all_time": "exchange",
    "all_reduce_time": "all-reduce",
    "small_all_reduce_time": "small all-reduce",
    "all_gather_time": "all-gather",
    "reduce_scatter_time": "reduce-scatter",
    "decode_throughput": "decode",
    "training_throughput": "training",
    "failure_rate": "failures of a fleet",
}
ROWS = {  # which rows: words
    "calibrate": "fitted",
    "validate": "held back",
    "left_out": "own rows left out",
    "more_ranks": "more ranks than fitted",
    "more_ranks_flat": "more ranks, start-up that does not grow",
}
BESIDE = "more_ranks_flat"  # a law that was rejected: shown beside, not watched
WATCHED = ("mean_absolute_error", "coverage", "half_width")


def summary(compared, draws, seed):
    """Return rows, mean_absolute_error, coverage and half_width (the median) by (prediction, rows), shares.

    compared: mapping of quantities to frames of `validation.compare`; the quantities that it lacks are compared here.
    rows: by role; `left_out` of all rows that have a role, each predicted without the rows of its own system and
    software, its own system (decode, training) or its own count (fleets); `more_ranks` fitted on a server's ranks and
    judged on more, and the same without the growth of start-up. No row is left out.
    """
    found = {}
    for quantity in validation.QUANTITIES:
        rows = compared[quantity] if quantity in compared else validation.compare(quantity, draws, seed)
        found |= _roles(quantity, rows)
        names = [f"{name}_without" for name in ("error", "inside", "half_width")]
        found[quantity, "left_out"] = _numbers(*(rows[name] for name in names))
    found |= _roles("training_throughput", validation.training_errors(draws=draws, seed=seed))
    others = {
        ("training_throughput", "left_out"): validation.training_errors(without="system", draws=draws, seed=seed),
        ("failure_rate", "left_out"): validation.fleets_left_out(),
        ("all_to_all_time", "more_ranks"): variants.intervals(variants.CHOSEN, draws, seed),
        ("all_to_all_time", BESIDE): variants.intervals(variants.FLAT, draws, seed),
    }
    found |= {key: _numbers(rows.error, rows.inside, rows.half_width) for key, rows in others.items()}
    table = pd.DataFrame(found).T.rename_axis(["prediction", "rows"])
    ordered = [(quantity, rows) for quantity in WORDS for rows in ROWS if (quantity, rows) in found]
    return table.loc[ordered]


def _roles(quantity, rows):
    return {(quantity, role): _numbers(own.error, own.inside, own.half_width) for role, own in rows.groupby("role")}


def _numbers(error, inside, half_width):
    numbers = error.abs().mean(), inside.mean(), half_width.median()
    return {"number": len(error), **dict(zip(WATCHED, numbers, strict=True))}


def bands():
    """Return the recorded numbers by (prediction, rows, quantity): value and the band low to high, shares.

    An error has no lower bound, and may exceed the recorded one by the table's margin.
    """
    table = catalog.chosen("recorded")
    scaled = table.assign(**{name: table[name] / 100 for name in ("value", "low", "high")})
    scaled = scaled.set_index(["prediction", "rows", "quantity"])[["value", "low", "high"]]
    margin = scaled.value["margin", "all", "mean_absolute_error"]
    scaled = scaled[scaled.index.get_level_values("prediction") != "margin"].copy()
    grows = scaled.index.get_level_values("quantity") == "mean_absolute_error"
    scaled.loc[grows, "low"], scaled.loc[grows, "high"] = 0.0, scaled.value[grows] + margin
    return scaled


def refuse_worse(found):
    """Raise ValueError where a number of `summary` leaves its band in data/recorded.csv, or one of either is alone."""
    recorded, numbers = bands(), found[list(WATCHED)].drop(index=BESIDE, level="rows").stack()
    if alone := sorted({*numbers.index} ^ {*recorded.index}):
        raise ValueError(
            f"{' '.join(alone[0])}: data/recorded.csv and what is computed differ in it: every number that is watched "
            "has a row, and every row is computed"
        )
    for (prediction, rows, name), number in numbers.items():
        low, high = recorded.loc[(prediction, rows, name), ["low", "high"]]
        if not low <= number <= high:
            raise ValueError(
                f"{prediction}, {ROWS[rows]}: {name} is {number:.1%}, outside its band of {low:.1%} to {high:.1%}: "
                "mend the law, or record the new number and its band in data/recorded.csv and say why in CHANGELOG.md"
            )


def shown(found):
    """Return `summary` for a page: words for prediction and rows, the numbers, and the bands of coverage and width."""
    held = bands()
    table = found.copy()
    for name in ("coverage", "half_width"):
        ends = [None if key[1] == BESIDE else held.loc[(*key, name), ["low", "high"]] for key in found.index]
        table[f"{name}_band"] = [None if each is None else f"{each.low:.0%} to {each.high:.0%}" for each in ends]
    table = table.reset_index()
    return table.assign(prediction=table.prediction.map(WORDS), rows=table.rows.map(ROWS))
