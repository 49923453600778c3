"""What would help a cluster most, and which known system is nearest to it."""

import numpy as np
import pandas as pd

from model import catalog
from model.cluster import NUMBERS, ask, rates
from model.facts import Missing

COMPARED = ("domain", "scale_up_bandwidth", "scale_out_bandwidth", "memory_capacity", "memory_bandwidth", "peak_bf16")
ENOUGH = 4  # of COMPARED that must be known on both sides


def elasticities(cluster, names, draws=None, seed=0, step=0.05):
    """Return a frame of per cent gained per per cent that a number of the machine grows: number, question, value.

    A centred difference of logarithms, from the same draws on both sides; with draws also low and high. Numbers that
    the machine lacks are left out, questions that it cannot answer too.
    """
    rows = []
    for number in NUMBERS:
        now = known(cluster, number)
        if now is None:
            continue
        sides = [cluster.change(**{number: now * factor}) for factor in (1 - step, 1 + step)]
        for name in names:
            for many in (None, draws) if draws else (None,):
                try:
                    low, high = (np.asarray(ask(side, name, many, seed)) for side in sides)
                except Missing:
                    break
                with np.errstate(divide="ignore", invalid="ignore"):
                    slope = np.log(high / low) / np.log((1 + step) / (1 - step))
                if many is None:
                    row = [number, name, float(slope), np.nan, np.nan]
                elif np.isfinite(slope).any():
                    row[3:] = np.nanpercentile(np.where(np.isfinite(slope), slope, np.nan), [5, 95])
            else:
                rows.append(row)
    return pd.DataFrame(rows, columns=["number", "question", "value", "low", "high"])


def nearest(cluster):
    """Return a frame of the known systems, nearest first: system, distance, and the numbers that both have.

    The distance is the root mean square of the logarithms of the ratios of COMPARED numbers, of which at least ENOUGH
    must be known on both sides; the cluster's own system is among them.
    """
    mine = cluster.scenario().system
    own = {name: float(mine(name)) if name in mine else np.nan for name in COMPARED}
    table = catalog.load("systems").reindex(columns=list(COMPARED))
    ratios = np.log(table / pd.Series(own))
    shared = ratios.notna().sum(axis=1)
    distance = np.sqrt((ratios**2).mean(axis=1)).where(shared >= ENOUGH)
    frame = table.assign(distance=distance, shared=shared).dropna(subset="distance")
    return frame.sort_values("distance", kind="stable").rename_axis("system").reset_index()


def known(cluster, number):
    """Return a number of the machine, given or recorded, in base units; None where neither."""
    if (given := cluster.given.get(number)) is not None:
        return given
    scenario = cluster.scenario()
    try:
        if number == "failure_rate":
            return scenario.facts("reliability", cluster.system)(number)
        if number == "startup":
            software = scenario.software("all_to_all_time").name
            return scenario.constants("all_to_all_time", software, "dispatch")["startup"]
        if number in ("rent", "device_price", "serving_power"):
            return None if number == "device_price" else float(np.ravel(rates(scenario, cluster)[number])[0])
        return scenario.system(f"peak_{cluster.job['precision']}" if number == "peak" else number)
    except Missing:
        return None
