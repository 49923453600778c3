"""Faults that come together: the same mean, another tail, and fewer whole domains."""

import pandas as pd

from model.laws import domain_faults as faults
from model.notation.units import size
from model.numbers import catalog

DISPERSIONS = (1.0, 1.5, 2.0, 5.0, 10.0)  # variance over mean of the faults in repair
CORRELATIONS = (0.0, 0.01, 0.05, 0.1, 0.2)  # of two domains being out


def cubes():
    """Return what a maker sells by whole domains: cubes, whole, availability (of one, as that implies), confidence."""
    row = catalog.load("reliability").loc["google-ironwood"]
    needed = faults.availability_needed(row.cubes_whole, row.cubes, row.confidence)
    found = {"number": row.cubes, "whole": row.cubes_whole, "availability": needed, "confidence": row.confidence}
    return pd.Series(found | {"reported": row.cube_availability, "devices": row.cube_devices})


def together(devices, rate, cubes, confidence):
    """Return the faults in repair to be ready for, and the whole cubes, as faults come together more.

    rate: faults of a device, 1/s; a day of them is in repair. Columns dispersion, needed, over (independent faults),
    correlation, whole.
    """
    mean = devices * rate * 24 * size("h")
    needed = [float(faults.units_needed(mean, confidence, each)) for each in DISPERSIONS]
    whole = [float(faults.whole_domains(cubes.number, cubes.reported, cubes.confidence, each)) for each in CORRELATIONS]
    frame = pd.DataFrame({"dispersion": DISPERSIONS, "needed": needed, "correlation": CORRELATIONS, "whole": whole})
    frame.attrs["mean"] = mean
    return frame.assign(over=frame.needed / needed[0])


def cooccurring():
    """Return the shares of hardware faults that came with another one in two clusters: low, high."""
    share = catalog.load("reliability").cooccurring_failures
    return pd.Series({"low": share["meta-rsc-1"], "high": share["meta-rsc-2"]})
