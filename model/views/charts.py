"""Parts of charts that many figures share: lines with bands, measured points, ticks in plain numbers, rows of dots."""

import numpy as np
import pandas as pd

GREY = "#8a8a94"  # of what is beside the point: a mark, a line among many
DASHES = ("-", "--", "-.", ":", "o-")  # where only a legend names the lines, they differ in more than colour
MARKS = "os^Dv"  # and so do points


def lines(axis, frame, x, y, by=None, band=None, colors=None, styles=None, names=None, **look):
    """Draw y against x, one line for each value of the column `by`, in order of appearance, with a band where asked.

    band: the two columns that bound it, or None; it is left out where they are empty. colors, styles: mappings from the
    values of `by`; left out: the cycle of the style, solid. names: mapping to labels; a name that begins with _ gets no
    label. look: goes to matplotlib's plot.
    """
    groups = [(y, frame)] if by is None else frame.groupby(by, sort=False)
    for number, (key, line) in enumerate(groups):
        color, style = (colors or {}).get(key, f"C{number}"), (styles or {}).get(key, "-")
        axis.plot(line[x], line[y], style, color=color, label=(names or {}).get(key, str(key)), **look)
        if band is not None:
            low, high = (line[side] for side in band)
            axis.fill_between(line[x], low, high, color=color, alpha=0.18, linewidth=0)


def dashes(keys):
    """Return {key: style}, for `styles` of `lines`, in which each of at most five lines is told by its dashes."""
    return dict(zip(keys, DASHES, strict=False))


def steps(axis, frame, x, y, band, color="C0"):
    """Draw y against x as steps that hold until the next x, with the band that two columns bound."""
    axis.step(frame[x], frame[y], where="post", color=color)
    low, high = (frame[side] for side in band)
    axis.fill_between(frame[x], low, high, color=color, alpha=0.18, linewidth=0, step="post")


def dress(axis, xticks=None, yticks=None, **settings):
    """Set what matplotlib's `set` takes, then ticks without minor ones.

    xticks, yticks: places, written as plain numbers with commas, or a mapping from places to words.
    """
    axis.set(**settings)
    for ticks, place in ((xticks, axis.set_xticks), (yticks, axis.set_yticks)):
        if ticks is not None:
            words = ticks if isinstance(ticks, dict) else {each: f"{each:,.10g}" for each in ticks}
            place(list(words), list(words.values()))
    axis.minorticks_off()


def errors(axis, frame, x, y, error, by=None, sides=1.645, **look):
    """Draw points with their standard errors times `sides` (1.645: from 5 to 95 %), one look for each `by`."""
    for number, (key, line) in enumerate([(y, frame)] if by is None else frame.groupby(by, sort=False)):
        chosen = {"fmt": "o", "capsize": 3, "color": f"C{number}", "label": str(key)} | look
        axis.errorbar(line[x], line[y], sides * line[error], **chosen)


def rows(axis, frame, value, label, kind, looks, band=("low", "high"), words=True):
    """Draw one dot a row, from top to bottom, with its range where it has one, in the look of its kind.

    looks: kind to (colour, marker); words: write the kind beside each dot, so that colour is not needed to tell.
    """
    places = pd.Series(np.arange(len(frame))[::-1], index=frame.index)
    for each, (color, marker) in looks.items():
        part = frame[frame[kind] == each]
        axis.hlines(places[part.index], part[band[0]], part[band[1]], color=color, linewidth=1.5)
        axis.plot(part[value], places[part.index], marker, color=color, markersize=7, label=each)
        ends = part[band[1]].fillna(part[value])
        look = {"xytext": (6, 0), "textcoords": "offset points", "color": color, "va": "center", "fontsize": 8.5}
        for row, end in ends.items() if words else ():
            axis.annotate(each, (end, places[row]), **look)
    axis.set(ylim=(-0.6, len(frame) - 0.4))
    axis.set_yticks(places, frame[label])
    axis.grid(axis="y", visible=False)


def mark(axis, x=None, y=None):
    """Draw a dotted grey line at a place that the text speaks of."""
    for place, line in ((x, axis.axvline), (y, axis.axhline)):
        if place is not None:
            line(place, color=GREY, linewidth=1, linestyle=":")


def among(axis, frame, x, y, by, colors, band=("low", "high"), names=None):
    """Draw one line for each value of `by`: in its colour, named and with its band, or thin and grey beside those."""
    beside = frame[~frame[by].isin(colors)]
    grey = dict.fromkeys(beside[by].unique(), GREY)
    lines(axis, beside, x, y, by, colors=grey, names=dict.fromkeys(grey, "_beside"), linewidth=1)
    lines(axis, frame[frame[by].isin(colors)], x, y, by, band=band, colors=colors, names=names)


def bubbles(axis, frame, x, y, area, label, solid, left=None):
    """Draw a disc for each row, its area as the root of the column `area`, with a label beside it, clear of the disc.

    solid: column that tells whether the disc is filled; hollow ones, with a label of their colour, stand for what is
    not known. left: column that tells whether the label stands on the left; on the right where there is none.
    """
    for filled, part in frame.groupby(solid):
        look = {"color": "C0", "alpha": 0.75, "linewidth": 0} if filled else {"facecolor": "none", "edgecolor": "C1"}
        axis.scatter(part[x], part[y], s=18 * np.sqrt(part[area]), **look)
    smallest = frame[area].min()
    for _, row in frame.iterrows():
        aside = 5 + 0.55 * row[area] ** 0.5, 5 if row[area] == smallest else -5  # clear of a neighbour's label
        aside_left = left is not None and row[left]
        look = {"xytext": (-aside[0] if aside_left else aside[0], aside[1]), "textcoords": "offset points"}
        look["va"] = "center" if "\n" not in row[label] else "bottom" if aside[1] > 0 else "top"
        look |= {"fontsize": 8, "linespacing": 1.1, "ha": "right" if aside_left else "left"}
        look |= {} if row[solid] else {"color": "C1"}
        axis.annotate(row[label], (row[x], row[y]), **look)


def ratios(axis, span, places):
    """Draw dashed lines of equal ratio over a span of x; places: ratio to the x where it is written above its line."""
    for ratio, place in places.items():
        axis.plot(span, [ratio * each for each in span], color=GREY, linewidth=0.8, linestyle="--")
        look = {"color": "#6A6A75", "fontsize": 8, "ha": "right", "va": "bottom"}
        axis.text(place, place * ratio * 1.03, f"{ratio}:1", **look)


def ranges(axis, frame, order, label, by, marks, names, band=("low", "high")):
    """Draw the column `value` with its range, a row for each label, lowest first in `order`, a mark for each `by`."""
    for number, (key, part) in enumerate(frame.groupby(by, sort=False)):
        spread = [part.value - part[band[0]], part[band[1]] - part.value]
        places = [order.index(each) for each in part[label]]
        axis.errorbar(part.value, places, xerr=spread, fmt=marks[key], color=f"C{number}", label=names[key])
    axis.set_yticks(range(len(order)), order)


def stacked(axis, frame, bar, value, part, order, colors, letter, hatched=()):
    """Draw one horizontal bar for each of `order`, lowest first, stacked of its parts, its total at its end.

    colors: mapping of parts, in order from the left; letter: column written into each piece that has room for it;
    hatched: parts with lines across, which nobody confuses with a neighbour of another colour.
    """
    longest = frame.groupby(bar)[value].sum().max()
    for height, name in enumerate(order):
        pieces, start = frame[frame[bar] == name].set_index(part), 0.0
        for each, color in colors.items():
            long, label = pieces[value][each], each if height == 0 else "_"
            look = {"hatch": "////", "edgecolor": "white", "linewidth": 0} if each in hatched else {}
            axis.barh(height, long, left=start, color=color, alpha=0.8, label=label, height=0.72, **look)
            if long > 0.03 * longest:
                look = {"ha": "center", "va": "center", "fontsize": 9, "color": "black"}
                axis.text(start + long / 2, height, pieces[letter][each], **look)
            start += long
        axis.text(start, height, f"  {start:,.0f}", va="center")
    axis.set_yticks(range(len(order)), order)
    axis.set(xlim=(0, 1.12 * longest))
    axis.grid(axis="y", visible=False)


def equality(axis, frame, x, y, band, unit=1.0, margin=1.4):
    """Draw y against x with its range, and the line on which both are equal; unit: by which all are divided."""
    ends = [frame[x].min() / unit / margin, frame[x].max() / unit * margin]
    axis.plot(ends, ends, color="#16161d", linewidth=0.8)
    spread = [(frame[y] - frame[band[0]]) / unit, (frame[band[1]] - frame[y]) / unit]
    look = {"fmt": "o", "markersize": 3.5, "elinewidth": 1, "alpha": 0.75}
    axis.errorbar(frame[x] / unit, frame[y] / unit, [side.clip(lower=0) for side in spread], **look)
    axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends)


def pairs(axis, frame, first, second, label, roles, names):
    """Draw two values of each row joined by a line: the first filled in the mark of its role, the second hollow.

    roles: mapping of the column `role` to marks; names: labels of each role and, under `second`, of the hollow ones.
    """
    axis.hlines(frame.place, frame[first], frame[second], color=GREY, linewidth=1)
    for role, marker in roles.items():
        part = frame[frame.role == role]
        axis.plot(part[first], part.place, marker, color="C0", label=names[role])
    axis.plot(frame[second], frame.place, "o", color="C1", fillstyle="none", label=names[second])
    ticks = frame.drop_duplicates("place")
    axis.set_yticks(ticks.place, ticks[label])


def filled(axis):
    """Return (marks, labels) of the legend's entries without those of which nothing is drawn."""
    found = [
        (mark, label) for mark, label in zip(*axis.get_legend_handles_labels(), strict=True) if len(mark.get_xdata())
    ]
    return [mark for mark, _ in found], [label for _, label in found]
