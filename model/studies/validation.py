"""Predicted against measured: every row that may judge a law, with the laws' own error where its set was left out."""

import numpy as np
import pandas as pd

from model.machine import operation_fit, step_fit, training_fit
from model.machine.collectives import LARGE, SMALL
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict

INPUTS = {
    "all_to_all_time": ["op", "ranks", "tokens", "hidden", "experts", "topk", "bytes_per_element", "software"],
    "all_reduce_time": ["ranks", "bytes", "software"],
    "small_all_reduce_time": ["ranks", "bytes", "software"],  # rows of its own, predicted by all_reduce_time
    "decode_throughput": ["ranks", "batch", "context", "tokens_per_step", "precision"],
}


def measured(quantity):
    """Return the measured rows of a quantity that carry a role, in base units as column `measured`."""
    if quantity == "decode_throughput":
        rows = step_fit.points()
        rows = rows[rows.overlap != 0]  # decode_throughput is that of the faster way; a serial run judges the gain
        rows = rows.assign(measured=rows.value, model=rows.workload, tokens_per_step=rows.tokens_per_step.fillna(1.0))
    else:
        rows = operation_fit.measured(quantity).rename(columns={"time": "measured"})
    return rows[rows.role.notna()].reset_index(drop=True)


def compare(quantity, draws=1000, seed=0):
    """Return measured rows with columns predicted, low, high, error, and the same without the row's own set.

    error is predicted over measured less one; inside tells whether the measurement lies in the 5 to 95 % interval;
    error_without is the error where no row of the same (system, software), or system, entered a fit.
    """
    rows = measured(quantity)
    names = [*INPUTS[quantity], "system", *(["model"] if quantity == "decode_throughput" else [])]
    asked, predicted = rows[names], quantity.removeprefix("small_")
    own, _ = predict(predicted, asked, seed=seed, draws=draws)
    other, _ = predict(predicted, asked, interval=False, own=False)
    return rows.assign(
        predicted=own.value,
        low=own.low,
        high=own.high,
        error=own.value / rows.measured - 1,
        inside=(own.low <= rows.measured) & (rows.measured <= own.high),
        error_without=other.value / rows.measured - 1,
    )


def training_errors(role=None, without=None):
    """Return the measured training steps, all or of a role, with columns predicted and error, at the layout of each.

    Each under the constants of its release and transport, where it has some. without: a column (system, release,
    workload) whose values are left out of the fit in turn, each judged by the others' constants.
    """
    rows = training_fit.points(role)
    predicted = np.empty(len(rows))
    for value in [None] if without is None else rows[without].unique():
        fit = training_fit.fit(None if value is None else (without, value))
        judged = np.full(len(rows), True) if value is None else (rows[without] == value).to_numpy()
        held = rows[judged].reset_index(drop=True)
        predicted[judged] = training_fit.predicted(training_fit.prepare(held, fit.names), fit.mean)
    return rows.assign(predicted=predicted, error=predicted / rows.measured - 1)


def by_set(rows):
    """Return, for each set of rows and role, the number of rows, the mean absolute errors and the share inside."""
    grouped = rows.groupby(["role", "system", "set"], sort=False)
    return grouped.agg(
        rows=("error", "size"),
        error=("error", lambda error: error.abs().mean()),
        bias=("error", "mean"),
        inside=("inside", "mean"),
        error_without=("error_without", lambda error: error.abs().mean()),
    ).reset_index()


def refuse_worse(errors):
    """Raise ValueError where an error exceeds the one recorded in data/recorded.csv by more than its margin.

    errors: mapping of (prediction, quantity), as in that table, to a mean absolute error, a share.
    """
    recorded = catalog.load("recorded")
    margin = recorded.mean_absolute_error["margin"]
    for (prediction, quantity), error in errors.items():
        limit = recorded[quantity][prediction] + margin
        if not error <= limit:
            raise ValueError(
                f"{prediction}: {quantity} is {error:.1%}, above the recorded {limit - margin:.1%} by more than "
                f"{margin:.1%}: mend the law, or record the new error in data/recorded.csv and say why in CHANGELOG.md"
            )


def constants():
    """Return every fitted constant with its relative standard error, the rows behind it and the scatter of its fit."""
    listed = []
    for quantity in ("all_to_all_time", LARGE, SMALL):
        groups = operation_fit.measured(quantity, "calibrate").groupby(operation_fit.GROUP, sort=False)
        for (system, software, op), rows in groups:
            fit = operation_fit.fit(quantity, system, software, op)
            name = f"small {op}" if quantity == SMALL else op
            listed += _listed(fit, system, software, name, rows.source.unique())
    listed += _listed(step_fit.fit(), "all", "roofline", "decode", step_fit.points("calibrate").source.unique())
    return pd.DataFrame(listed)


def peers():
    """Return the other tools' predictions of exchanges beside the measurement and ours, in s, with their errors."""
    theirs = catalog.chosen("peers")
    theirs = theirs[theirs.quantity == "all_to_all_time"]
    theirs = theirs.assign(predicted_theirs=theirs.value * theirs.unit.map(size))
    ours = compare("all_to_all_time", draws=100)
    ours = ours[(ours.tokens == 128) & (ours.experts == 256) & ((ours.op == "combine") | (ours.bytes_per_element == 1))]
    ours = ours[ours.software != "trtllm-one-sided"].drop_duplicates(["system", "op", "ranks"], keep="last")
    joined = theirs.merge(ours, on=["system", "op", "ranks"], suffixes=("_tool", ""))
    return joined.assign(error_theirs=joined.predicted_theirs / joined.measured - 1)


def _listed(fit, system, software, op, sources):
    values, errors = fit.constants(), fit.standard_errors
    return [
        {
            "system": system,
            "software": software,
            "op": op,
            "constant": name,
            "value": values[name],
            "standard_error": errors[name],
            "rows": fit.rows,
            "scatter": fit.scatter,
            "sources": ", ".join(sources),
        }
        for name in fit.names
    ]


def coverage(rows):
    """Return (share of rows inside their interval, standard error of that share)."""
    share = rows.inside.mean()
    return float(share), float(np.sqrt(share * (1 - share) / len(rows)))
