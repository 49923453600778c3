"""A figure whose curves follow sliders in the page: numpy draws a still picture of a law, Vega the same law live."""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import sympy as sp

from model.notation.equation import compute
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import size
from model.views import figures
from model.views.vega_chart import COLORS, DASHES, POINTS, specification

STOPS = 120  # of a slider


@dataclass(frozen=True)
class Slider:
    """One symbol of the laws that the reader moves: in plain words, with bounds and start in `unit`.

    unit: of notation.units, the nomenclature's where empty; shown: the unit as a reader sees it; whole: whole numbers
    only. The bounds give way to a start outside them, so that a notebook can start from its parameters.
    """

    symbol: sp.Symbol
    label: str
    low: float
    high: float
    start: float
    unit: str = ""
    shown: str = ""
    scale: str = "log"
    whole: bool = False

    @property
    def size(self):
        """Return how many base units one step of the number shown is."""
        return size(self.unit or NOMENCLATURE[self.symbol].unit)

    @property
    def stops(self):
        """Return the numbers, in `unit`, on which the slider can stand: round ones, and the start as it is."""
        low, high = min(self.low, self.start), max(self.high, self.start)
        spaced = (np.geomspace if self.scale == "log" else np.linspace)(low, high, STOPS + 1)
        stops = [round(each) if self.whole else float(f"{each:.3g}") for each in spaced.tolist()]
        return sorted({*stops, low, high, self.start})

    def words(self, stop):
        """Return a stop with its unit, as a reader sees it."""
        return f"{stop:,.6f}".rstrip("0").rstrip(".") + (f" {self.shown}" if self.shown else "")


@dataclass(frozen=True)
class Axis:
    """One axis: its label with the unit in words, bounds in `unit`, and the ticks, chosen by Vega where empty."""

    label: str
    low: float
    high: float
    unit: str = "1"
    scale: str = "linear"
    ticks: tuple = ()


@dataclass(frozen=True)
class Curve:
    """One line: a law's expression for the vertical axis, numbers that are its own, and where the law holds.

    fixed: numbers in base units by symbol or name; valid: conditions as in Model.valid, outside which nothing is drawn;
    across: an expression for the horizontal axis where that is not the swept symbol itself.
    """

    label: str
    value: sp.Expr
    fixed: Mapping = field(default_factory=dict)
    valid: tuple = ()
    across: sp.Expr | None = None

    def points(self, swept, columns):
        """Return (across, value), arrays in base units, from a mapping of names to numbers; nan where not valid."""
        columns = {**columns, **{str(symbol): number for symbol, number in self.fixed.items()}}
        shape = np.shape(columns[str(swept)])
        holds = np.all([np.broadcast_to(compute(each, columns), shape) for each in self.valid], axis=0)
        pair = (compute(sp.sympify(each), columns) for each in (self.across or swept, self.value))
        return tuple(np.where(holds, each, np.nan) for each in pair)


def figure(name, swept, horizontal, vertical, curves, sliders, alt, fixed=None):
    """Glue the figure, show it, and write the still picture, its data, and the laws behind it, as a record for tests.

    swept: (symbol, low, high) in base units, the number that runs along a curve, evenly in its logarithm. fixed:
    numbers in base units, by symbol or name, that all curves share. A symbol that is neither raises ValueError.
    """
    fixed = {str(symbol): float(number) for symbol, number in (fixed or {}).items()}
    symbol, low, high = swept
    starts = {str(each.symbol): each.start * each.size for each in sliders}
    columns = {**fixed, **starts, str(symbol): np.geomspace(low, high, POINTS + 1)}
    lines = [
        (curve.label, *(each / size(axis.unit) for each, axis in zip(pair, (horizontal, vertical), strict=True)))
        for curve in curves
        for pair in [curve.points(symbol, columns)]
    ]
    data = pd.concat(
        pd.DataFrame({"curve": label, horizontal.label: x, vertical.label: y}).dropna() for label, x, y in lines
    )
    still = figures.pictures(name, _draw(horizontal, vertical, lines), data, alt)
    live = specification(swept, horizontal, vertical, curves, sliders, fixed) | {"description": alt}
    if folder := figures.output_folder():
        record = {
            "swept": str(symbol),
            "units": [horizontal.unit, vertical.unit],
            "fixed": fixed,
            "sliders": {f"slider_{each.symbol}": [str(each.symbol), each.size] for each in sliders},
            "curves": [_record(curve, symbol) for curve in curves],
        }
        (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    figures.show(name, _markup(name, still, live, sliders))


def _record(curve, symbol):
    laws = {"across": sp.sympify(curve.across or symbol), "value": sp.sympify(curve.value)}
    return {
        "label": curve.label,
        "fixed": {str(own): float(number) for own, number in curve.fixed.items()},
        "valid": [sp.srepr(condition) for condition in curve.valid],
        **{key: sp.srepr(law) for key, law in laws.items()},
    }


def _draw(horizontal, vertical, lines):
    drawing, axis = figures.axes()
    for (label, x, y), color, dash in zip(lines, COLORS, DASHES, strict=False):
        widths = [length / 2 for length in dash]  # matplotlib counts in widths of the line, Vega in pixels
        axis.plot(x, y, color=color, dashes=widths or (None, None), label=label)
    for side, each in (("x", horizontal), ("y", vertical)):
        axis.set(**{f"{side}scale": each.scale, f"{side}lim": (each.low, each.high), f"{side}label": each.label})
        if each.ticks:
            axis.set(**{f"{side}ticks": each.ticks, f"{side}ticklabels": [f"{tick:,.15g}" for tick in each.ticks]})
    axis.minorticks_off()
    if len(lines) > 1:  # lines that move would run into labels at their ends
        columns = 3 if sum(len(label) for label, *_ in lines) < 60 else 2  # the page's font may be a wide one
        drawing.legend(loc="outside upper left", ncols=columns, fontsize=9)
    return drawing


def _markup(name, still, live, sliders):
    """Return the figure as HTML: the still picture, which book/_ext/sliders.js replaces, and what that needs."""
    controls = []
    for each in sliders:
        key, stops = f"{name}-{each.symbol}", each.stops
        texts = [each.words(stop) for stop in stops]
        place, unit = stops.index(each.start), html.escape(each.words(each.start))
        controls.append(
            f'<div><label for="{key}">{html.escape(each.label)}</label> <span class="shown" aria-hidden="true">{unit}'
            f'</span><input type="range" id="{key}" min="0" max="{len(stops) - 1}" step="1" value="{place}" '
            f'aria-valuetext="{unit}" autocomplete="off" data-signal="slider_{each.symbol}" '
            f'data-stops="{html.escape(json.dumps(stops))}" data-unit="{html.escape(each.shown)}"></div>'
        )
        assert len(texts) == len(set(texts)), f"{each.label}: two stops read alike"
    settings = "; ".join(
        f"<span>{html.escape(each.label)}</span> <span>{html.escape(each.words(each.start))}</span>" for each in sliders
    )
    data = json.dumps(live, separators=(",", ":")).replace("</", "<\\/")
    return (
        f'<div class="slider-figure"><div class="still">{still}<p><span>Drawn for:</span> {settings}.</p></div>'
        '<div class="stage" hidden></div>'
        f"<fieldset hidden><legend>Move a slider and the curves follow</legend>{''.join(controls)}"
        '<button type="button">Back to the start</button></fieldset>'
        f'<script type="application/json">{data}</script></div>'
    )
