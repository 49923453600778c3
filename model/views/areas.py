"""Areas: shares stacked over an axis, and a field of numbers over two."""

import numpy as np


def stack(axis, x, parts, shades, least=0.05):
    """Fill the parts of a whole over x, each named where it is thickest, if it is thicker than `least` there.

    parts: {name: numbers}; shades: a colour for each.
    """
    axis.stackplot(x, *parts.values(), colors=shades, alpha=0.85, linewidth=0)
    tops = np.cumsum([np.asarray(each) for each in parts.values()], axis=0)
    for top, (name, part) in zip(tops, parts.items(), strict=True):
        thick = np.asarray(part)
        widest = int(np.argmax(thick[1:-1])) + 1
        if thick[widest] > least:
            centre = top[widest] - thick[widest] / 2
            axis.text(np.asarray(x)[widest], centre, name, ha="center", va="center", fontsize=9, color="black")


def field(axis, numbers, limits, level=1.0):
    """Colour a table of numbers, written in each field, with a line where they pass `level`; equal sizes of fields.

    numbers: frame, its index across and its columns up; limits: of the colours. The line runs between fields, clear of
    their numbers, and leaves the first column out, which the others are compared with.
    """
    grid, edges = numbers.to_numpy(), [np.arange(each) for each in numbers.shape]
    axis.pcolormesh(*edges, grid.T, cmap="PuOr_r", vmin=limits[0], vmax=limits[1], shading="nearest")
    above = grid >= level
    look = {"color": "black", "linewidth": 2.5, "solid_capstyle": "round"}
    for i, j in np.ndindex(grid.shape):
        if 0 < i < len(grid) - 1 and above[i, j] != above[i + 1, j]:
            axis.plot([i + 0.5] * 2, [j - 0.5, j + 0.5], **look)
        if i > 0 and j < grid.shape[1] - 1 and above[i, j] != above[i, j + 1]:
            axis.plot([i - 0.5, i + 0.5], [j + 0.5] * 2, **look)
    middle, half = sum(limits) / 2, (limits[1] - limits[0]) / 2
    for place in np.ndindex(grid.shape):
        dark = abs(grid[place] - middle) > 0.65 * half  # both ends of the colours are
        ink = "white" if dark else "black"
        axis.text(*place, f"{grid[place]:.2f}", ha="center", va="center", fontsize=7.5, color=ink)
    axis.set_xticks(edges[0], [f"{each:,.0f}" for each in numbers.index], rotation=45)
    axis.set_yticks(edges[1], [f"{each:,.0f}" for each in numbers.columns])
