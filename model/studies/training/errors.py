"""How far the law of a training step is off where a machine, a release or a model is left out of its fit."""

from itertools import combinations

import pandas as pd

from model.machine import training_fit
from model.machine.training_step import JOB, LAYOUT
from model.numbers.draws import Sampler, low_high
from model.predictions.answer import predict
from model.studies import validation
from model.studies.against import against

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


def ratios(without, draws, seed=0):
    """Return pairs of calibrating runs that differ in machine: their ratio, measured and predicted, and its interval.

    A pair shares workload, release and precision, and neither went over a transport of its own; layouts are those that
    were run. without: a column (system, release, workload), of which each value in turn is left out of the fit and its
    pairs judged; a machine's pairs are those with any other. Columns: without, value, system, other, workload, release,
    precision, and those of `against`. Draws are paired, as whoever asks for a gain has them.
    """
    rows, found = training_fit.points("calibrate"), []
    rows = rows[rows.transport.isna()].reset_index(drop=True)
    for value in rows[without].unique():
        fit = training_fit.fit((without, value))
        held = (rows if without == "system" else rows[rows[without] == value]).reset_index(drop=True)
        ready = training_fit.prepare(held, fit.names)
        level, drawn = (
            training_fit.predicted(ready, fit.mean),
            validation.training_draws(fit, ready, held, Sampler(draws, (seed, 0))),
        )
        for words, group in held.groupby(["workload", "release", "precision"], sort=False):
            for one, other in combinations(group.index, 2):
                machines = held.system[one], held.system[other]
                if machines[0] == machines[1] or (without == "system" and value not in machines):
                    continue
                ends = low_high(drawn[:, one] / drawn[:, other])
                ratio = held.measured[one] / held.measured[other], level[one] / level[other], *ends
                found.append((without, value, *machines, *words, *ratio))
    names = ["without", "value", "system", "other", "workload", "release", "precision"]
    pairs = pd.DataFrame(found, columns=[*names, "measured", "predicted", "low", "high"])
    return pairs.assign(**against(pairs.measured, pairs.predicted, pairs.low, pairs.high))


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
