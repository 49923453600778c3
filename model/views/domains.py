"""A drawing of one machine: its devices, the tiers of switches above them and both links, at one scale for all."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from model.notation.units import size

CELL, SQUARE = 4.0, 3.0  # points from one device to the next, and of a device
WIDTH = 50 * size("GB/s")  # bandwidth that one point of a link's width stands for
LEAST, EDGE, LINE = 178.0, 8.0, 11.0  # points: narrowest drawing, margin, height of a line of words
INSIDE, OUTSIDE = "C0", "C1"


def columns(devices):
    """Return how many devices stand side by side: twice as many as one above the other, about."""
    return int(2 ** np.ceil(np.log2(np.sqrt(2 * devices)))) if devices & (devices - 1) == 0 else _near(devices)


def _near(devices):
    """Return the divisor of a number that is nearest to the root of its double."""
    divisors = [each for each in range(1, devices + 1) if devices % each == 0]
    return min(divisors, key=lambda each: abs(np.log(each / np.sqrt(2 * devices))))


def words(machine):
    """Return the lines below a drawing: the domain, and the one-way bandwidth of a device inside it and out of it.

    machine: mapping with name, domain, dies, tiers, and in B/s scale_up_bandwidth and scale_out_bandwidth, which is nan
    where it is unknown.
    """
    devices, tiers = int(machine["domain"]), int(machine["tiers"])
    dies = f" of {machine['dies']:.0f} dies" if machine["dies"] > 1 else ""
    outside = machine["scale_out_bandwidth"] / size("GB/s")
    return [
        f"{devices:,} devices{dies}, {tiers} tier{'s' * (tiers > 1)} of switches",
        f"inside {machine['scale_up_bandwidth'] / size('GB/s'):,.0f} GB/s a device",
        f"outside {outside:,.0f} GB/s a device" if np.isfinite(outside) else "outside: not known",
    ]


def alt(machine):
    """Return what a reader who cannot see the drawing is told, in numbers."""
    first, inside, outside = words(machine)
    return f"Drawing of {machine['name']}: one domain of {first}; {inside}, one direction; {outside}."


def draw(machine):
    """Return the matplotlib drawing of a machine; machine: as in `words`."""
    devices, tiers = int(machine["domain"]), int(machine["tiers"])
    across = columns(devices)
    rows = -(-devices // across)
    link = machine["scale_up_bandwidth"] / WIDTH
    out = machine["scale_out_bandwidth"] / WIDTH
    width = max(LEAST, across * CELL + 2 * EDGE + 30)
    stack = 9 * tiers + 3  # of the tiers of switches
    height = 4 * LINE + rows * CELL + stack + 12
    drawing = plt.figure(figsize=(width / 72, height / 72))
    axis = drawing.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, width), ylim=(0, height))
    axis.axis("off")
    bottom, left, wide = 3 * LINE + 4, EDGE, across * CELL
    squares = [
        Rectangle((left + CELL * (each % across), bottom + CELL * (each // across)), SQUARE, SQUARE)
        for each in range(devices)
    ]
    axis.add_collection(PatchCollection(squares, facecolor="#8a8a94", linewidth=0))
    top = bottom + rows * CELL
    for tier in range(tiers):
        base = top + 9 * tier
        axis.add_patch(Rectangle((left + wide / 2 - link / 2, base), link, 6, facecolor=INSIDE, linewidth=0))
        axis.add_patch(Rectangle((left, base + 6), max(wide - 1, link), 2.2, facecolor="#16161d", linewidth=0))
    if np.isfinite(out):
        axis.add_patch(
            Rectangle((left + wide, bottom + rows * CELL / 2 - out / 2), 26, out, facecolor=OUTSIDE, linewidth=0)
        )
    else:
        axis.plot([left + wide, left + wide + 26], [bottom + rows * CELL / 2] * 2, ":", color=OUTSIDE, linewidth=1)
    axis.text(left, height - LINE, machine["name"], fontsize=9, fontweight="bold")
    for number, (line, color) in enumerate(zip(words(machine), ("#16161d", INSIDE, OUTSIDE), strict=True)):
        axis.text(left, bottom - 3 - LINE * (number + 1), line, fontsize=8, color=color, va="bottom")
    return drawing
