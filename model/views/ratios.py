"""Ratios of a number computed to a number given, in groups: one line each, a mark with a bar for each ratio."""

from matplotlib.lines import Line2D

from model.views import figures
from model.views.charts import GREY, dress

SHAPES = {"equals": "o", "at least": ">", "at most": "<", "order of magnitude": "D"}


def by_group(rows, tones, limits, label):
    """Return a drawing of ratios on a logarithmic axis, grouped from the top, with a line at one.

    rows: frame of group, relation (of SHAPES), tone (of tones), value, low, high; tones: {word: colour}, explained
    above the axes, the first with filled marks; limits: of the axis; label: what it shows.
    """
    order = sorted(rows.group.unique(), reverse=True)
    drawing, axis = figures.axes(height=1.0 + 0.42 * len(order))
    for name, group in rows.groupby("group"):
        for number, row in enumerate(group.itertuples()):
            place = order.index(name) + (0.35 - 0.7 * number / (len(group) - 1) if len(group) > 1 else 0)
            axis.plot([row.low, row.high], [place, place], color=tones[row.tone], linewidth=2, alpha=0.6)
            fill = "full" if row.tone == next(iter(tones)) else "none"
            axis.plot(row.value, place, SHAPES[row.relation], color=tones[row.tone], markersize=4.5, fillstyle=fill)
    axis.axvline(1, color=GREY, linewidth=1)
    _explain(drawing, tones)
    axis.set_yticks(range(len(order)), order)
    ticks = [10.0**i for i in range(-3, 3)]
    dress(axis, ticks, xscale="log", xlim=limits, ylim=(-0.7, len(order) - 0.3), xlabel=label)
    return drawing


def _explain(drawing, tones):
    """Write above the axes which colour and which shape mean what."""
    fills = ["full", *["none"] * (len(tones) - 1)]
    pairs = zip(tones.values(), fills, strict=True)
    marks = [Line2D([], [], color=tone, marker="o", fillstyle=fill) for tone, fill in pairs]
    marks += [Line2D([], [], color=figures.INK, marker=shape, linestyle="") for shape in SHAPES.values()]
    drawing.legend(marks, [*tones, *SHAPES], loc="outside upper left", ncols=6, fontsize=8.5, columnspacing=1)
