"""What a token of decode costs and draws, and how busy a dearer machine must be before it is the cheaper one."""

import numpy as np
import pandas as pd

from model.laws import serving
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers.draws import around, ratio
from model.studies.cluster.machine import Cluster, hourly, power

MILLION = 1e6
SIDES = ["value", "low", "high"]


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

    curves: mapping of system to (frame, draws) as from `frontiers.curve`; always busy, decode devices alone. A draw in
    which the speed is out of reach costs without bound; `out` is their share.
    """
    rows = []
    for name, (frame, many) in curves.items():
        known = frame.set_index("speed").throughput
        for pace, speed in paces.items():
            if speed not in known.index:
                continue
            drawn = many[:, list(speeds).index(speed)][:, None]
            for target in (symbols.token_cost, symbols.token_energy):
                value = float(_token(target, device(service, name), known[speed])[0])
                spread = _token(target, device(service, name, drawn=True), drawn)
                rows.append((name, pace, str(target), value, *around(value, spread), (drawn == 0).mean()))
    frame = pd.DataFrame(rows, columns=["system", "pace", "quantity", *SIDES, "out"])
    return frame.set_index(["system", "pace", "quantity"])


def break_even(service, curves, speeds, speed, large, small):
    """Return (value, Ratio): share of time that a machine must be busy to be as cheap as a fully busy other one.

    Tokens of a dollar on the other over those on the one, both fully busy: law model.laws.serving.cost. Nothing where
    the other does not reach the speed, without bound where the machine itself does not, one where neither does.
    """
    place, found = list(speeds).index(speed), []
    for drawn in (False, True):
        tokens = []
        for name in (small, large):
            frame, many = curves[name]
            level = many[:, place][:, None] if drawn else frame.set_index("speed").throughput[speed]
            tokens.append(MILLION / _token(symbols.token_cost, device(service, name, drawn), level))
        found.append(ratio(*tokens))
    return float(found[0].drawn[0]), found[1]


def _token(target, machine, throughput):
    rent, watts = machine
    point = {"rent": rent, "serving_power": watts, "busy_share": 1.0, "decode_throughput": throughput}
    with np.errstate(divide="ignore"):
        return np.ravel(compute(serving.cost.solve(target), point)) * MILLION
