"""Which machines can be asked how they wait: their formats, how far a group reaches, what they lack."""

import numpy as np

from model.numbers import catalog

NEEDED = ("domain", "scale_up_bandwidth", "memory_bandwidth", "memory_capacity", "peak_bf16")


def precisions():
    """Return the format of one byte in which each system has a peak, by system; the model's weights are as wide."""
    widths, machines = catalog.load("formats").weight_bytes, catalog.load("systems")
    peaks = machines[[f"peak_{name}" for name in widths.index[widths == 1]]].dropna(how="all")
    return peaks.notna().idxmax(axis=1).str.removeprefix("peak_")


def reach():
    """Return the most devices of a group by system: its domain where nothing leads out of it."""
    machines = catalog.load("systems")
    return machines.domain.where(machines.scale_out_bandwidth.isna(), np.inf)


def compared(systems, ranks):
    """Return those of the systems whose numbers are known and that reach so many devices. Raises ValueError if none."""
    known = catalog.load("systems").reindex(systems)[list(NEEDED)].notna().all(axis=1)
    forms, far = precisions(), reach()
    found = [name for name in systems if known[name] and name in forms and ranks <= far[name]]
    if not found:
        raise ValueError(f"none of {systems} has all of {', '.join(NEEDED)} and a peak at one byte: choose others")
    return found
