"""Ratios of a number computed to a number given, in groups: one line each, a mark with a bar for each ratio."""

from model.views import figures
from model.views.charts import GREY, dress

SHAPES = {"equals": "o", "at least": ">", "at most": "<", "order of magnitude": "D"}


def by_group(rows, tones, limits, label):
    """Return a drawing of ratios on a logarithmic axis, grouped from the top, with a line at one.

    rows: frame of group, relation (of SHAPES), tone (of tones), value, low, high; tones: {word: colour}, explained
    above the axes; limits: of the axis; label: what it shows.
    """
    order = sorted(rows.group.unique(), reverse=True)
    drawing, axis = figures.axes(height=1.0 + 0.42 * len(order))
    for name, group in rows.groupby("group"):
        for number, row in enumerate(group.itertuples()):
            place = order.index(name) + (0.35 - 0.7 * number / (len(group) - 1) if len(group) > 1 else 0)
            axis.plot([row.low, row.high], [place, place], color=tones[row.tone], linewidth=2, alpha=0.6)
            axis.plot(row.value, place, SHAPES[row.relation], color=tones[row.tone], markersize=4.5)
    axis.axvline(1, color=GREY, linewidth=1)
    _explain(axis, tones)
    axis.set_yticks(range(len(order)), order)
    ticks = [10.0**i for i in range(-3, 3)]
    dress(axis, ticks, xscale="log", xlim=limits, ylim=(-0.7, len(order) - 0.3), xlabel=label)
    return drawing


def _explain(axis, tones):
    """Write above the axes which colour and which shape mean what."""
    style = {"transform": axis.transAxes, "fontsize": 9}
    for place, (word, tone) in zip((0, 0.08, 0.34), tones.items(), strict=False):
        axis.text(place, 1.015, word, color=tone, **style)
    shapes = "right: at least, left: at most, dot: equals, diamond: magnitude"
    axis.text(1.0, 1.015, shapes, ha="right", **style)
