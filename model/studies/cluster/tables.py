"""Frames of the report: what differs from the known machine, answers in plain words, two machines side by side."""

import numpy as np
import pandas as pd

from model.notation.units import size
from model.numbers.draws import low_high
from model.numbers.facts import Missing
from model.predictions.serving import decode_frontier
from model.studies.cluster.machine import NUMBERS, known, precisions, unit

ANSWERS = {  # question: title, unit in which it is shown, its size in base units
    "dispatch": ("one dispatch", "µs", 1e-6),
    "combine": ("one combine", "µs", 1e-6),
    "all_reduce": ("one all-reduce", "ms", 1e-3),
    "mtbf": ("time between interruptions of the job", "h", size("h")),
    "training_share": ("effective training share", "%", 0.01),
    "spares": ("devices to keep in reserve", "", 1.0),
    "whole_domain": ("share of time in which a domain is whole", "%", 0.01),
    "idle": ("idle share of a decode step, overlapped where its software does", "%", 0.01),
    "idle_one_batch": ("idle share of a decode step, one batch", "%", 0.01),
    "batch_limit": ("requests that a device's memory holds", "", 1.0),
    "throughput": ("decode throughput of a device at this batch", "tokens/s", 1.0),
    "frontier": ("best decode throughput of a device at this speed", "tokens/s", 1.0),
    "token_cost": ("cost of a million tokens at this speed", "USD", 1e-6),
    "token_energy": ("energy of a million tokens at this speed", "kJ", 1e-3),
}
TITLES = {question: title for question, (title, _, _) in ANSWERS.items()}


def precision(system, asked=None, peak=None):
    """Return the format asked for, or the narrowest that the system has, BF16 where none is known.

    Raises ValueError where the system has peaks, none of them in the format asked for, and no peak is given.
    """
    has = precisions(system)
    found = asked or next(iter(has), "bf16")
    if has and found not in has and peak is None:
        raise ValueError(f"{system} has no peak in {found}: choose {', '.join(has)} as precision, or give peak")
    return found


def machines(start, ours):
    """Return the numbers of two clusters, in the units in which a reader gives them: number, unit, recorded, yours."""
    rows = []
    for name in NUMBERS:
        pair = (known(each, name) for each in (start, ours))
        recorded, yours = (np.nan if each is None else each / size(unit(name)) for each in pair)
        rows.append({"number": name, "unit": unit(name), "recorded": recorded, "yours": yours})
    return pd.DataFrame(rows)


def predictions(answers):
    """Return a frame of questions.answers in the units of ANSWERS and in their order, by question.

    Columns prediction, value, low, high, unit, and missing, the number that is not known, where there is any.
    """
    rows = {}
    for row in answers.set_index("question").loc[list(ANSWERS)].itertuples():
        title, shown, scale = ANSWERS[row.Index]
        numbers = {side: getattr(row, side) / scale for side in ("value", "low", "high")}
        rows[row.Index] = {"prediction": title, **numbers, "unit": shown, "missing": row.missing}
    frame = pd.DataFrame(rows).T.infer_objects()
    return frame if frame.missing.any() else frame.drop(columns="missing")


def interruptions(answers, seconds):
    """Return how often a job of that length is interrupted: value, low, high; missing where its rate is not known."""
    mean = answers.set_index("question").loc["mtbf"]
    return pd.Series({"value": seconds / mean.value, "low": seconds / mean.high, "high": seconds / mean.low})


def beside(ours, theirs, name):
    """Return two frames of `predictions` side by side, with their ratio. name: of theirs."""
    frame = ours[["prediction", "unit"]].assign(**{"your cluster": ours.value, name: theirs.value})
    return frame.assign(ratio=frame["your cluster"] / frame[name])


def frontiers(clusters, speeds, draws, seed):
    """Return (curves, gaps): best decode throughput over speeds of each cluster, and why there is none, by name.

    clusters: {name: Cluster}; curves: machine, speed, value, low, high.
    """
    lines, gaps = [], {}
    for name, cluster in clusters.items():
        job = cluster.job
        choices = {"model": job["model"], "precision": job["precision"], "layouts": "run"}
        rows = {name: np.full(len(speeds), job[name]) for name in ("context", "tokens_per_step")} | {"speed": speeds}
        try:
            middle, many = (
                decode_frontier(each, choices, rows).values
                for each in (cluster.scenario(), cluster.scenario(draws, seed))
            )
        except Missing as gap:
            gaps[name] = str(gap)
            continue
        low, high = low_high(many, axis=0)
        lines.append(pd.DataFrame({"machine": name, "speed": speeds, "value": middle, "low": low, "high": high}))
    return pd.concat(lines, ignore_index=True) if lines else pd.DataFrame(), gaps
