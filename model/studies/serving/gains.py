"""What one machine gains over another at the same speed per user, drawn in pairs, and which of its parts gains it."""

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.numbers.draws import around, ratio
from model.studies.serving import frontiers

CARD = ("scale_out_bandwidth", "scale_out_achievable", "scale_out_latency")


def gain(large, small, speeds, least_share):
    """Return what one frontier gains over another: speed, gain, low, high, large_out, small_out.

    large, small: pairs as from `frontiers.curve`. Only speeds at which, at recorded numbers, the smaller delivers at
    least `least_share` of its best, and the larger anything; of those every draw counts. large_out, small_out: share
    of draws in which that one does not reach the speed, where the gain is nothing or without bound. Both were drawn
    under the same labels: what they share cancels.
    """
    (above, many), (below, few) = large, small
    top, base = (
        each.set_index("speed").throughput.reindex(speeds, fill_value=0.0).to_numpy() for each in (above, below)
    )
    held = (base > least_share * base.max()) & (top > 0)
    value, drawn = top[held] / base[held], ratio(many[:, held], few[:, held])
    low, high = around(value, drawn.drawn, axis=0)
    frame = pd.DataFrame({"speed": speeds[held], "gain": value, "low": low, "high": high})
    return frame.assign(large_out=drawn.above, small_out=drawn.below)


def named(gained, paces):
    """Return gain, low, high as value, low, high at speeds with names, and at the first and last that are held.

    Beside them large_out and small_out, the shares of draws that do not reach the speed.
    """
    rows = gained.rename(columns={"gain": "value"}).set_index("speed")
    rows = rows[["value", "low", "high", "large_out", "small_out"]]
    found = {name: rows.loc[pace] for name, pace in paces.items() if pace in rows.index}
    return pd.DataFrame(found | {"first": rows.iloc[0], "last": rows.iloc[-1], "most": rows.loc[rows.value.idxmax()]}).T


def ends(gained):
    """Return the speeds at which a gain begins, ends and is largest, as first, last, most."""
    rows = gained.set_index("speed").gain
    return pd.Series({"first": rows.index[0], "last": rows.index[-1], "most": rows.idxmax()})


def waterfall(service, small, large, precision, speed):
    """Return what makes the gain of a machine over another at a speed, one row for each step.

    Columns step, throughput, factor, low, high, out, base_out. In this order: the other machine with its server's
    domain and network card (its device: memory, peaks, links, software of its exchange), its own card, its own domain.
    Over all layouts, for cut machines were never run. out, base_out: share of draws in which the machine after the
    change, and before it, does not reach the speed.
    """
    server, machine = Scenario(small).system, Scenario(large).system
    card = {name: server(name) for name in CARD if name in server and name in machine}
    cut = {"domain": server("domain")}
    variants = {
        "server": (small, {}),
        "device": (large, cut | card),
        "card": (large, cut),
        "domain": (large, {}),
    }
    speeds = np.array([float(speed)])
    level = {name: _level(service, *each, precision, speeds) for name, each in variants.items()}
    rows = [("server", level["server"][0], *[np.nan] * 5)]
    names = list(variants)
    for before, name in (*zip(names, names[1:], strict=False), ("server", "all")):
        after = level[names[-1] if name == "all" else name]
        value, over = ratio(after[0], level[before][0]).drawn, ratio(after[1], level[before][1])
        rows.append((name, after[0], value, *around(value, over.drawn), over.above, over.below))
    return pd.DataFrame(rows, columns=["step", "throughput", "factor", "low", "high", "out", "base_out"])


def _level(service, system, changes, precision, speeds):
    """Return (throughput, its draws) of a machine with some numbers changed, over all layouts."""
    value = frontiers.best(service, system, precision, speeds, "all", changes=changes)[0]
    many = frontiers.best(service, system, precision, speeds, "all", drawn=True, changes=changes)[0]
    return value[0, 0], many[:, 0]
