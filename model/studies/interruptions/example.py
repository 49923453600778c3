"""The chapter's running example: the numbers that one job puts into every law of reliability."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.equation import Equation
from model.notation.substitution import example
from model.notation.units import size
from model.numbers import catalog
from model.studies.interruptions import ageing, published, rates, spares


def numbers(devices, rate, write, repair, unit="server"):
    """Return numbers of the laws' inputs by name, base units, and what follows from them at the best interval.

    devices: of the job; rate: 1/s per device; write: checkpoint_write, downtime, reload; repair: s. The count is that
    of the run, the shape that of parts that fail early, the domain the unit that a fault withdraws.
    """
    run = catalog.load("reliability").loc[rates.RUN]
    units = spares.units(repair)
    found = {
        "devices": float(devices),
        "failure_rate": rate,
        "interval": 0.0,
        **write,
        "interruptions": run.interruptions,
        "observation": run.observation,
        "part_life": 1 / rate,
        "shape": ageing.shapes()["bursty"],
        "repair": repair,
        "domain": units.withdrawn[unit],
        "unavailability": spares.unavailability(rate, repair),
        "fabric_availability": 1.0,
        "restart": write["downtime"] + write["reload"],
        "wall_interval": 1 / (devices * rate),
    }
    found = example(reliability.best_checkpointing, found)
    return found | {"checkpoint_gap": found["interval"]}


def kept_whole():
    """Return the unavailability of one device at which a domain is whole for a given share of time."""
    law = reliability.whole_domain[symbols.whole_domain_share]
    [found] = sp.solve(sp.Eq(law.lhs, law.rhs.subs(symbols.fabric_availability, 1)), symbols.unavailability)
    return Equation(symbols.unavailability, found)


def week(devices, rate):
    """Return what a week brings a job of that rate, 1/s per device: interruptions, quiet (chance of a day without)."""
    each = devices * rate
    return pd.Series({"interruptions": each * 7 * size("day"), "quiet": np.exp(-each * size("day"))})


def clock(devices, rate):
    """Return the same for the two readings of a published time between interruptions, with the restart measured."""
    mean = 1 / (devices * rate)
    return {"wall_interval": mean, "job_mtbf": mean, "downtime": published.restart()[0]}
