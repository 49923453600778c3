"""Faults that are not exponential: what a Weibull shape changes, and what it leaves as it was."""

import numpy as np
import pandas as pd
from scipy.stats import weibull_min

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.units import size
from model.numbers import catalog
from model.simulations import failures

LIVES, BINS = 4, 80  # mean lives of a part over which a fleet is looked at, and the steps in them


def shapes():
    """Return three shapes by name: parts that fail early (recorded), at a constant rate, and that wear out."""
    return pd.Series({"bursty": catalog.load("reliability").weibull_shape["lanl"], "constant": 1.0, "ageing": 1.5})


def fleet_ages(shapes, parts, seed):
    """Return the interruptions of a simulated fleet over its age: shape, age in mean lives, rate over the constant."""
    edges = np.linspace(0, LIVES, BINS + 1)
    found = []
    for shape in shapes:
        counts, _ = np.histogram(failures.simulate_fleet(parts, 1.0, shape, LIVES, seed), edges)
        relative = counts / (parts * LIVES / BINS)
        found.append(pd.DataFrame({"shape": shape, "age": (edges[1:] + edges[:-1]) / 2, "relative_rate": relative}))
    return pd.concat(found, ignore_index=True)


def effects(shapes, ages, devices, rate, write, interval, seed):
    """Return what each shape changes at the same mean rate, by name of the shape.

    ages: of fleet_ages; write: checkpoint_write, downtime, reload; interval: between checkpoints, s. Columns shape,
    first_minutes (until the first fault of new parts), share and error (simulated, with its standard error), widening
    (of the interval of a count), start_rate (of a new fleet, over the constant one).
    """
    frame = pd.DataFrame({"shape": shapes}).assign(devices=float(devices), part_life=1 / rate)
    first = reliability.fresh_parts.evaluate(symbols.first_failure, frame) / size("min")
    point = {**write, "devices": devices, "failure_rate": rate, "interval": interval}
    kept = [failures.simulate_renewal_share(shape=shape, faults=200_000, seed=seed, **point) for shape in shapes]
    young = ages[ages.age < LIVES / BINS].groupby("shape").relative_rate.mean()
    return pd.DataFrame(
        {
            "shape": shapes,
            "first_minutes": first,
            "share": [share for share, _ in kept],
            "error": [error for _, error in kept],
            "widening": weibull_min.std(shapes) / weibull_min.mean(shapes),
            "start_rate": shapes.map(young),
        }
    )
