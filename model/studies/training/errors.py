"""How far the law of a training step is off where a machine, a release or a model is left out of its fit."""

import pandas as pd

from model.machine import training_fit
from model.machine.training_step import JOB, LAYOUT
from model.predictions.answer import predict

OMITTED = {"system": "machine", "release": "release of the software", "workload": "model"}  # column: words


def summary(frames):
    """Return, by what is left out: rows, error (mean absolute), bias, inside, width (median of high over low).

    frames: {column of OMITTED: frame of validation.training_errors without it, with draws}.
    """
    rows = {
        column: {
            "rows": len(frame),
            "error": frame.error.abs().mean(),
            "bias": frame.error.mean(),
            "inside": frame.inside.mean(),
            "width": (frame.high / frame.low).median(),
        }
        for column, frame in frames.items()
    }
    return pd.DataFrame(rows).T


def by_value(frames):
    """Return the mean absolute error, bias and rows of each value left out: columns left, value, rows, error, bias."""
    parts = []
    for column, frame in frames.items():
        each = frame.groupby(column, sort=False).error.agg(["size", lambda e: e.abs().mean(), "mean"]).reset_index()
        parts.append(each.set_axis(["value", "rows", "error", "bias"], axis=1).assign(left=OMITTED[column]))
    return pd.concat(parts, ignore_index=True)[["left", "value", "rows", "error", "bias"]]


def published(systems):
    """Return layouts that were run beside the best of the law: system, workload, precision, devices, LAYOUT, reached.

    reached: throughput by the law at that layout over that at its own best, for the same machine and job. Runs over a
    transport of their own, and runs that shard weights, are left out: a layout is searched for without either.
    """
    rows = training_fit.points("calibrate")
    rows = rows[rows.system.isin(systems) & rows.transport.isna() & (rows.sharded == 0)]
    names = ["system", "workload", "precision", *JOB]
    rows = rows.drop_duplicates([*names, *LAYOUT]).reset_index(drop=True)
    asked = rows[names].rename(columns={"workload": "model"})
    best = predict("training_throughput", asked, interval=False)[0].value
    run = predict("training_throughput", asked.join(rows[list(LAYOUT)]), interval=False)[0].value
    return rows[[*names, *LAYOUT]].assign(reached=run / best)
