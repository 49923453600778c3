"""Figures of a sweep's table of results: a heat map over two columns, and parallel axes over many."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps

from model.views import figures

ROOT = Path(__file__).parents[2]
ADDED = ["status", "reason", "notebook"]  # after the scenario's columns, before the results


def read(path):
    """Return (frame, names of the scenario's columns, names of the numbers) of a results.csv.

    path: as it is, or from the project's folder. Raises FileNotFoundError, and ValueError where it is no such table.
    """
    there = [each for each in (Path(path), ROOT / path) if each.is_file()]
    if not there:
        raise FileNotFoundError(f"there is no {path}: make sweep writes sweeps/NOTEBOOK/results.csv")
    frame = pd.read_csv(there[0])
    if not set(ADDED) <= set(frame):
        raise ValueError(f"{path} is no table of a sweep: it lacks {', '.join(set(ADDED) - set(frame))}")
    scenario = list(frame.columns[: frame.columns.get_loc(ADDED[0])])
    return frame, scenario, list(frame.select_dtypes("number").columns)


def cells(frame, x, y, value):
    """Return the values as a table of y by x, the mean where several rows share a cell, NaN where none is done."""
    return frame.pivot_table(index=y, columns=x, values=value, aggfunc="mean", dropna=False).sort_index()


def heat_map(frame, x, y, value):
    """Return (drawing, the table drawn, alternative text): value by colour and in figures over two columns."""
    table = cells(frame, x, y, value)
    drawing, axis = figures.axes()
    image = axis.imshow(table, aspect="auto", origin="lower", cmap="viridis")
    axis.set_xticks(range(len(table.columns)), [_text(each) for each in table.columns])
    axis.set_yticks(range(len(table.index)), [_text(each) for each in table.index])
    axis.set(xlabel=x, ylabel=y)
    axis.grid(False)
    middle = np.nanmean([np.nanmin(table), np.nanmax(table)])
    for (row, column), each in np.ndenumerate(table.to_numpy(float)):
        ink = "#16161d" if np.isnan(each) else "white" if each < middle else "black"
        axis.text(column, row, _text(each), ha="center", va="center", color=ink)
    drawing.colorbar(image, label=value)
    highest = table.stack().idxmax()
    alt = (
        f"Heat map: {value} by {x} and {y}, from {_text(np.nanmin(table))} to {_text(np.nanmax(table))}; "
        f"highest at {y} {_text(highest[0])} and {x} {_text(highest[1])}."
    )
    return drawing, table.reset_index(), alt


def parallel(frame, columns, value):
    """Return (drawing, the rows drawn, alternative text): one line a scenario over axes of their own, by value."""
    rows = frame[[*columns, value]].dropna()
    if rows.empty:
        raise ValueError(f"no row has all of {', '.join([*columns, value])}")
    low, high = rows.min(), rows.max()
    wide = {name: low[name] > 0 and high[name] > 30 * low[name] for name in rows}
    places = pd.DataFrame({name: np.log(rows[name]) if wide[name] else rows[name] for name in rows})
    places = (places - places.min()) / (places.max() - places.min()).replace(0, 1)
    drawing, axis = figures.axes()
    colors = colormaps["viridis"](0.85 * places[value])  # its end is too pale for a line
    for line, color in zip(places.to_numpy(), colors, strict=True):
        axis.plot(range(len(rows.columns)), line, color=color, linewidth=1.2)
    for number, column in enumerate(rows):
        axis.axvline(number, color="#8a8a94", linewidth=1)
        ends = {0: low[column], 1: high[column]} if low[column] < high[column] else {0: low[column]}
        for height, each in ends.items():
            axis.annotate(
                _text(each), (number, height), (4, 4 if height else -12), textcoords="offset points", fontsize="small"
            )
    axis.set_xticks(range(len(rows.columns)), [f"{name}, log" if wide[name] else name for name in rows])
    axis.set_yticks([])
    axis.margins(x=0.08, y=0.1)
    axis.grid(False)
    axis.spines[["left", "bottom"]].set_visible(False)
    best = rows.loc[rows[value].idxmax()]
    alt = (
        f"Parallel axes of {len(rows)} scenarios over {', '.join(columns)} and {value}; the highest {value}, "
        f"{_text(best[value])}, is at {', '.join(f'{name} {_text(best[name])}' for name in columns)}."
    )
    return drawing, rows, alt


def _text(value):
    if isinstance(value, str):
        return value
    return "–" if np.isnan(value) else f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
