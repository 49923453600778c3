"""What a token of decode costs and draws, and how busy a dearer machine must be before it is the cheaper one."""

import numpy as np
import pandas as pd

from model.laws import serving
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.studies.cluster.machine import Cluster, hourly, power

MILLION = 1e6
SIDES = ("value", "low", "high")


def device(service, system, drawn=False):
    """Return (rent, USD/s, power, W) of a device of a system, numbers or draws."""
    scenario = service.scenario(system, drawn)
    return hourly(Cluster(system), scenario), power(Cluster(system), scenario)


def rents(service, systems):
    """Return dollars per hour and watts of a device by system."""
    found = {name: device(service, name) for name in systems}
    rows = {name: (np.ravel(rent)[0] * size("h"), np.ravel(watts)[0]) for name, (rent, watts) in found.items()}
    return pd.DataFrame(rows, index=["rent", "watts"]).T


def tokens(service, curves, speeds, paces):
    """Return cost (USD) and energy (J) of a million tokens by system and name of a speed, with value, low, high.

    curves: mapping of system to (frame, draws) as from `frontiers.curve`; always busy, decode devices alone. A bound is
    infinite where too many draws are out of reach.
    """
    rows = []
    for name, (frame, many) in curves.items():
        known = frame.set_index("speed").throughput
        for pace, speed in paces.items():
            if speed not in known.index:
                continue
            drawn = many[:, list(speeds).index(speed)][:, None]
            for target in (symbols.token_cost, symbols.token_energy):
                value = _token(target, device(service, name), known[speed])
                spread = _token(target, device(service, name, drawn=True), drawn)
                low, high = np.quantile(spread, [0.05, 0.95], method="nearest")
                rows.append((name, pace, str(target), float(value[0]), low, high))
    frame = pd.DataFrame(rows, columns=["system", "pace", "quantity", *SIDES])
    return frame.set_index(["system", "pace", "quantity"])


def break_even(service, curves, speeds, speed, large, small):
    """Return (value, draws): share of time that a machine must be busy to be as cheap as a fully busy other one."""
    place, found = list(speeds).index(speed), []
    for drawn in (False, True):
        if drawn:
            above, below = (curves[name][1][:, place][:, None] for name in (large, small))
        else:
            above, below = (curves[name][0].set_index("speed").throughput[speed] for name in (large, small))
        price = _token(symbols.token_cost, device(service, small, drawn), below) / MILLION
        point = {
            "rent": device(service, large, drawn)[0],
            "token_price": price[:, None],
            "decode_throughput": above,
        }
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(np.ravel(compute(serving.cost.solve(symbols.break_even), point)))
    return float(found[0][0]), found[1][np.isfinite(found[1])]


def _token(target, machine, throughput):
    rent, watts = machine
    point = {"rent": rent, "serving_power": watts, "busy_share": 1.0, "decode_throughput": throughput}
    with np.errstate(divide="ignore"):
        return np.ravel(compute(serving.cost.solve(target), point)) * MILLION
