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
            axis.text(np.asarray(x)[widest], centre, name, ha="center", va="center", fontsize=9)


def field(axis, numbers, limits, level=1.0):
    """Colour a table of numbers, written in each field, with a line where they pass `level`; equal sizes of fields.

    numbers: frame, its index across and its columns up; limits: of the colours. The line leaves the first row out,
    which the others are compared with.
    """
    grid, edges = numbers.to_numpy(), [np.arange(each) for each in numbers.shape]
    axis.pcolormesh(*edges, grid.T, cmap="PuOr_r", vmin=limits[0], vmax=limits[1], shading="nearest")
    axis.contour(edges[0][1:], edges[1], grid[1:].T, levels=[level], colors="black", linewidths=2)
    for place in np.ndindex(grid.shape):
        axis.text(*place, f"{grid[place]:.2f}", ha="center", va="center", fontsize=7.5, color="black")
    axis.set_xticks(edges[0], [f"{each:,.0f}" for each in numbers.index], rotation=45)
    axis.set_yticks(edges[1], [f"{each:,.0f}" for each in numbers.columns])
