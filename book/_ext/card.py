"""Makes the picture that stands for the site where a link to it is shared: domains of machines, to one scale."""

from pathlib import Path
from textwrap import fill

from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from model.numbers import catalog
from model.views.names import shown

FILE = "_static/card.png"
WIDTH, HEIGHT, DOTS = 1200, 630, 100  # pixels, as sites that show links ask for; dots per inch
MACHINES = ("hgx-b200", "gb200-nvl72", "cloudmatrix384")
ROWS, CELL, SQUARE, GAP = 12, 20, 15, 70  # devices that stand on each other; pixels of a device, its square, a gap
INK, SHADES = "#16161d", ("#6A6A75", "#0072B2", "#D55E00")


def draw(title):
    """Return the drawing: the title, and below it a square for each device of each machine's scale-up domain."""
    name, _, rest = title.partition("? ")
    drawing = Figure(figsize=(WIDTH / DOTS, HEIGHT / DOTS), dpi=DOTS, facecolor="white")
    axis = drawing.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axis.axis("off")
    axis.text(60, HEIGHT - 60, fill(f"{name}?", 40), fontsize=32, weight="bold", color=INK, va="top")
    axis.text(60, HEIGHT - 135, rest, fontsize=22, color=INK, va="top")
    left, domains = 60, catalog.load("systems").domain
    for machine, shade in zip(MACHINES, SHADES, strict=True):
        devices = int(domains[machine])
        squares = [
            Rectangle((left + CELL * (each // ROWS), 90 + CELL * (each % ROWS)), SQUARE, SQUARE)
            for each in range(devices)
        ]
        axis.add_collection(PatchCollection(squares, facecolor=shade, linewidth=0))
        axis.text(left, 72, f"{shown(machine)}: {devices}", fontsize=16, color=INK, va="top")
        left += max(CELL * -(-devices // ROWS) + GAP, 235)
    return drawing


def write(app, error):
    """Write the picture beside the site's pages, the same bytes each time."""
    if not error and app.builder.name == "html":
        draw(app.config.html_title).savefig(Path(app.outdir, FILE), metadata={"Software": None})


def setup(app):
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
