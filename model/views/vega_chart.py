"""The Vega specification of a figure with sliders: laws as formulas of its data, sliders as its signals."""

import sympy as sp

from model.notation.units import size
from model.views import vega

POINTS = 240  # of a curve
COLORS = ("#0072b2", "#d55e00", "#009e73", "#b35c9e")  # as in study.mplstyle
DASHES = ((), (7, 3), (2, 2), (7, 2, 2, 2))  # curves differ in more than colour


def specification(swept, horizontal, vertical, curves, sliders, fixed):
    """Return the Vega specification, a mapping that JSON can hold; arguments as in model.views.sliders.figure.

    The first curve's points are the data set curve0, its rows as x and y in the units of the axes, and so on.
    """
    symbol, low, high = swept
    names = {sp.Symbol(name, positive=True): f"({number!r})" for name, number in fixed.items()}
    names |= {each.symbol: f"(slider_{each.symbol} * {each.size!r})" for each in sliders}
    axes = {"x": horizontal, "y": vertical}
    ink = {f"{part}Color": "currentColor" for part in ("label", "title", "domain", "tick")}
    words = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    labels = [curve.label for curve in curves]
    styles = {"stroke": COLORS, "strokeDash": [list(dash) or [1, 0] for dash in DASHES]}
    return {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "width": 640,
        "height": 300,
        "padding": {"left": 2, "right": 14, "top": 2, "bottom": 2},
        "config": {
            "axis": {**ink, **words, "gridColor": "#8a8a94", "gridOpacity": 0.35, "aria": False},
            "legend": {"labelColor": "currentColor", "labelFontSize": 12, "labelLimit": 320, "aria": False},
            "title": {"color": "currentColor", "fontSize": 12, "fontWeight": "normal", "aria": False},
        },
        "title": {"text": vertical.label, "anchor": "start", "frame": "group"},
        "signals": [{"name": f"slider_{each.symbol}", "value": each.start} for each in sliders],
        "data": [
            _rows(f"curve{i}", curve, symbol, (low, high), names, (horizontal, vertical))
            for i, curve in enumerate(curves)
        ],
        "scales": [
            {"name": key, "type": axis.scale, "domain": [axis.low, axis.high], "range": edge, "nice": False}
            for (key, axis), edge in zip(axes.items(), ("width", "height"), strict=True)
        ]
        + [
            {"name": style, "type": "ordinal", "domain": labels, "range": list(looks[: len(labels)])}
            for style, looks in styles.items()
        ],
        "axes": [
            {"scale": key, "orient": side, "grid": True, "labelOverlap": True, "labelBound": False, "format": "~"}
            | ({"values": list(axes[key].ticks)} if axes[key].ticks else {"tickCount": 6})
            | ({"title": axes[key].label} if key == "x" else {})
            | {"encode": {"labels": {"update": {"text": {"signal": "format(datum.value, ',~r')"}}}}}
            for key, side in (("x", "bottom"), ("y", "left"))
        ],
        "legends": [
            {style: style for style in styles}
            | {"orient": "top", "symbolType": "stroke", "symbolSize": 500, "symbolStrokeWidth": 2.2, "offset": 4}
            | {"columns": {"signal": "width < 420 ? 1 : 3"}}
        ]
        if len(labels) > 1
        else [],
        "marks": [_mark(f"curve{i}", label, axes) for i, label in enumerate(labels)],
    }


def _rows(name, curve, symbol, bounds, names, axes):
    """Return the data set of one curve: a row for each point, law and all written as formulas."""
    low, high = (f"{float(bound)!r}" for bound in bounds)
    names = {**names, symbol: "datum.swept"}
    names |= {sp.Symbol(str(own), positive=True): f"({float(number)!r})" for own, number in curve.fixed.items()}
    formulas = [("swept", f"{low} * pow({high} / {low}, datum.i / {POINTS})")]
    holds = " && ".join(vega.text(condition, names) for condition in curve.valid) or "true"
    for key, expression, axis in zip("xy", (curve.across or symbol, curve.value), axes, strict=True):
        formulas += vega.steps(sp.sympify(expression), names, f"{key}_")
        formulas.append((key, f"{holds} ? datum.{formulas[-1][0]} / {size(axis.unit)!r} : NaN"))
    sequence = {"type": "sequence", "start": 0, "stop": POINTS + 1, "as": "i"}
    return {
        "name": name,
        "transform": [sequence, *({"type": "formula", "as": key, "expr": code} for key, code in formulas)],
    }


def _mark(data, label, axes):
    drawn = [f"isFinite(datum.{key})" for key in axes]
    drawn += [f"datum.{key} > 0" for key, axis in axes.items() if axis.scale == "log"]
    looks = {style: {"scale": style, "value": label} for style in ("stroke", "strokeDash")}
    places = {key: {"scale": key, "field": key} for key in axes} | {"defined": {"signal": " && ".join(drawn)}}
    update = {**places, **looks, "strokeWidth": {"value": 2.2}}
    return {"type": "line", "from": {"data": data}, "clip": True, "aria": False, "encode": {"update": update}}
