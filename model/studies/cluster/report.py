"""What would help a cluster most, and which known system is nearest to it."""

import numpy as np
import pandas as pd

from model.numbers import catalog
from model.numbers.draws import low_high, ratio
from model.numbers.facts import Missing
from model.studies.cluster.machine import NUMBERS, RECOVERY, known
from model.studies.cluster.questions import ask_all

ASKED = ("dispatch", "all_reduce", "training_share", "throughput", "frontier", "token_cost")
SPENT = ("dispatch", "all_reduce", "token_cost")  # the less, the better
REACH = {  # what a number can move at all; any other number moves all but the useful share of training
    "failure_rate": ("training_share",),
    **dict.fromkeys(RECOVERY, ("training_share",)),
    **dict.fromkeys(("rent", "device_price"), ("token_cost",)),
    "serving_power": (),
}
COMPARED = ("domain", "scale_up_bandwidth", "scale_out_bandwidth", "memory_capacity", "memory_bandwidth", "peak_bf16")
ENOUGH = 4  # of COMPARED that must be known on both sides


def numbers(cluster):
    """Return {name: number in base units} of all that is known of a machine and of its recovery."""
    names = [name for name in (*NUMBERS, *RECOVERY) if (name, cluster.job["precision"]) != ("peak_bf16", "bf16")]
    found = {name: known(cluster, name) for name in names}
    return {name: number for name, number in found.items() if number is not None}


def reach(number, names=ASKED):
    """Return those of the questions that a number can move."""
    others = [name for name in names if name != "training_share"]
    return [name for name in names if name in REACH.get(number, others)]


def elasticities(cluster, draws=None, seed=0, step=0.05):
    """Return a frame of per cent gained per per cent that a number grows: number, question, value, low, high.

    A centred difference of logarithms. With draws, each draw sees the same machine on both sides; low and high are the
    5 and 95 % points of all draws: without bound where a speed is reached on one side alone, nothing where it is on
    neither. Questions that the machine cannot answer, or that a number cannot move, are left out.
    """
    rows = []
    for number, now in numbers(cluster).items():
        names = reach(number)
        middle = _slopes(cluster, number, now, names, step)
        drawn = known(cluster, number, draws, seed) if draws else None
        many = _slopes(cluster, number, drawn, names, step, draws, seed) if draws else {}
        for name, slope in middle.items():
            rows.append((number, name, slope, *(low_high(many[name]) if name in many else (np.nan, np.nan))))
    return pd.DataFrame(rows, columns=["number", "question", "value", "low", "high"])


def helps(slopes, most=3):
    """Return the numbers that would help each question most: question, more or less, number, value, low, high.

    slopes: a frame of `elasticities`; value: per cent by which the answer gets better for each per cent of change.
    """
    rows = []
    for name in ASKED:
        found = slopes[(slopes.question == name) & (slopes.value.abs() > 5e-4)]
        for row in found.sort_values("value", key=abs, ascending=False, kind="stable").head(most).itertuples():
            better = "more" if (row.value > 0) != (name in SPENT) else "less"
            low, high = sorted((row.low, row.high)) if row.value > 0 else sorted((-row.low, -row.high))
            rows.append((name, better, row.number, abs(row.value), low, high))
    return pd.DataFrame(rows, columns=["question", "change", "number", "value", "low", "high"])


def scaled(cluster, factor):
    """Return a frame of per cent by which answers change where one number is multiplied: number, question, value."""
    before, rows = ask_all(cluster, ASKED), []
    for number, now in numbers(cluster).items():
        after = ask_all(cluster.change(**{number: now * factor}), reach(number))
        for name in after:
            if not isinstance(after[name], Missing) and not isinstance(before[name], Missing) and before[name]:
                rows.append((number, name, 100 * (after[name] / before[name] - 1)))
    return pd.DataFrame(rows, columns=["number", "question", "value"])


def nearest(cluster):
    """Return a frame of the known systems, nearest first: system, distance, shared, and the numbers compared.

    The distance is the root mean square of the logarithms of the ratios of COMPARED numbers, of which at least ENOUGH
    must be known on both sides; the cluster's own system is among them. shared: how many are.
    """
    mine = cluster.scenario().system
    own = {name: float(mine(name)) if name in mine else np.nan for name in COMPARED}
    table = catalog.load("systems").reindex(columns=list(COMPARED))
    ratios = np.log(table / pd.Series(own))
    shared = ratios.notna().sum(axis=1)
    distance = np.sqrt((ratios**2).mean(axis=1)).where(shared >= ENOUGH)
    frame = table.assign(distance=distance, shared=shared).dropna(subset="distance")
    return frame.sort_values("distance", kind="stable").rename_axis("system").reset_index()


def neighbour(cluster):
    """Return the nearest known system of which as many numbers as of any are known, or None; itself where it differs.

    What has numbers to compare has numbers to predict from: fewer would leave gaps in the report beside.
    """
    ranked = nearest(cluster)
    if all(number is None for number in cluster.given.values()):
        ranked = ranked[ranked.system != cluster.system]
    ranked = ranked[ranked.shared == ranked.shared.max()]
    return ranked.system.iloc[0] if len(ranked) else None


def _slopes(cluster, number, now, names, step, draws=None, seed=0):
    """Return {question: elasticity, a number or an array of draws} for the questions that can be answered."""
    less, more = (ask_all(cluster.change(**{number: now * (1 + way)}), names, draws, seed) for way in (-step, step))
    width = np.log((1 + step) / (1 - step))
    with np.errstate(divide="ignore"):
        return {
            name: np.log(ratio(more[name], less[name]).drawn) / width
            for name in names
            if not isinstance(less[name], Missing) and not isinstance(more[name], Missing)
        }
