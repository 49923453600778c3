"""Figures and values of a notebook: one style, alternative text, the data behind each as CSV, and glue."""

import html
import io
import os
import re
from functools import partial
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sympy as sp
from IPython.display import HTML, Latex, display
from myst_nb import glue

from model.notation.equation import latex
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import size
from model.numbers.draws import around

STYLE = Path(__file__).with_name("study.mplstyle")
INK = "#16161d"  # becomes the colour of the page's text, so that a figure reads in light and in dark

mpl.use("agg")
plt.style.use(STYLE)


def value(name, number, low=None, high=None):
    """Glue a number under its name, and its bounds as name_low and name_high where given, all as plain floats.

    What has no bound is glued in words, so that a page that quotes it as a number stops the build.
    """
    for key, each in ((name, number), (f"{name}_low", low), (f"{name}_high", high)):
        if each is not None:
            whole = isinstance(each, str | int) and not isinstance(each, bool)
            glue(key, each if whole else unbounded(float(each), float), display=False)


def unbounded(number, shown):
    """Return what `shown` makes of a number, and words where it is infinite."""
    words = {np.inf: "without bound", -np.inf: "without bound below"}
    return words[number] if isinstance(number, float) and number in words else shown(number)


def values(prefix, table):
    """Glue each cell of a frame as `prefix.row.column`, each of a Series or a mapping as `prefix.row`.

    Row and column are labels, of several levels joined by dots, so that a name quoted in a page is found by
    searching for its prefix and its labels. Numbers become plain floats, words stay; a missing cell is not glued, so
    that a page that quotes it stops the build. Raises ValueError where a label would not fit into a page's role.
    """
    cells = pd.Series(table, dtype=object) if not isinstance(table, pd.DataFrame) else table.stack(future_stack=True)
    for labels, cell in cells.items():
        labels = labels if isinstance(labels, tuple) else (labels,)
        name = ".".join([prefix, *(f"{each:.15g}" if isinstance(each, float) else str(each) for each in labels)])
        if re.search(r"[\s:`]", name):
            raise ValueError(f"figures.values cannot glue {name!r}: use labels without blanks, colons and backticks")
        if not pd.isna(cell):
            value(name, str(cell) if isinstance(cell, str) else cell)


def draws(name, number, drawn):
    """Glue a number with the 5 and 95 % points of its draws."""
    value(name, number, *around(number, drawn))


def law(name, equation):
    """Glue an Equation, a sympy expression or Latex as mathematics, so that a page can number it and refer to it."""
    glue(name, Latex(f"${latex(equation)}$") if isinstance(equation, sp.Basic) else equation, display=False)


def inline(mathematics):
    """Return LaTeX, or a sympy expression, as HTML that a page shows as mathematics within a cell of a table."""
    text = mathematics if isinstance(mathematics, str) else latex(mathematics)
    return rf'<span class="math">\({html.escape(text)}\)</span>'


def numbered(name, equation, columns, unit=""):
    """Glue an Equation with the numbers of `columns` (base units, by name) put in, and what comes out, in a unit.

    Three lines: the left side with the law, the law with every symbol replaced by its number, the result. unit: of
    notation.units, the nomenclature's where empty.
    """
    unit = unit or NOMENCLATURE[equation.lhs].unit
    put = {symbol: _digits(columns[str(symbol)]) for symbol in equation.rhs.free_symbols}
    outcome = _digits(columns[str(equation.lhs)] / size(unit))
    words = r"\," + unit.replace("%", r"\%") if unit != "1" else ""
    lines = (
        f"{latex(equation.lhs)}&={latex(equation.rhs)}",
        f"&={sp.latex(equation.rhs, symbol_names=put, mul_symbol='times')}",
    )
    body = r"\\".join((*lines, rf"&={outcome}\;\mathrm{{{words}}}"))
    glue(name, Latex(rf"$\begin{{aligned}}{body}\end{{aligned}}$"), display=False)


def _digits(number):
    """Return a number as LaTeX with three digits, in brackets where it needs a power of ten."""
    digits, _, power = f"{float(number):.3g}".partition("e")
    return rf"\left({digits}\times 10^{{{int(power)}}}\right)" if power else digits


def laws(*models, prefix="law"):
    """Glue every equation of some Models as prefix_SYMBOL, after the symbol on its left side."""
    for equation in dict.fromkeys(equation for each in models for equation in each.equations):
        law(f"{prefix}_{equation.lhs}", equation)


def figure(name, drawing, data, alt):
    """Glue a matplotlib figure as SVG in the page, show it, and write it with its data beside the notebook's outputs.

    name: of the glue and of the files; data: frame of what is drawn; alt: what a reader who cannot see it is told.
    """
    show(name, picture(name, drawing, data, alt))


def picture(name, drawing, data, alt):
    """Write a matplotlib figure and its data as `figure` does, and return it as SVG fit for a page."""
    with mpl.rc_context({"svg.hashsalt": name}):
        buffer = io.StringIO()
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        if folder := _write(name, data):  # on white, for use outside the book
            drawing.savefig(
                folder / f"{name}.svg", facecolor="white", transparent=False, metadata={"Date": None, "Creator": None}
            )
    plt.close(drawing)
    return _inline(buffer.getvalue(), name, alt)


def table(name, data, formats=None):
    """Glue a frame as an HTML table, show it, and write it as CSV. formats: column to format; no index is shown.

    What has no bound is said in words.
    """
    _write(name, data)
    forms = {column: form if callable(form) else form.format for column, form in (formats or {}).items()}
    formats = {column: partial(unbounded, shown=form) for column, form in forms.items()}
    style = data.style.hide(axis="index").format(formats, na_rep="–", escape=None).set_uuid(name)
    style = style.set_table_attributes('class="table sortable"')
    show(name, style.to_html())


def show(name, markup):
    """Glue HTML under its name, and show it."""
    shown = HTML(markup)
    glue(name, shown, display=False)
    display(shown)


def output_folder():
    """Return the folder, made where it is missing, in which the build wants a notebook's files; None outside one."""
    if (folder := os.environ.get("STUDY_OUTPUT")) is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


def axes(width=7.2, height=4.2, **subplots):
    """Return (figure, axes) of the study's size; keywords go to matplotlib's subplots."""
    return plt.subplots(figsize=(width, height), layout="constrained", **subplots)


def label_lines(axis, gap=1.02):
    """Write each line's label at its right end, in its colour, instead of a legend; labels that meet move apart."""
    lines = [line for line in axis.get_lines() if not line.get_label().startswith("_") and len(line.get_xdata())]
    to_axes = axis.transData + axis.transAxes.inverted()
    ends = [float(to_axes.transform((line.get_xdata()[-1], line.get_ydata()[-1]))[1]) for line in lines]
    low = -np.inf
    for i in np.argsort(ends):
        low = max(ends[i], low + 0.055)
        axis.text(gap, low, lines[i].get_label(), transform=axis.transAxes, color=lines[i].get_color(), va="center")


def _write(name, data):
    """Write the data where the build asks for it, and return that folder; nothing and None elsewhere."""
    if folder := output_folder():
        data.to_csv(folder / f"{name}.csv", index=False)
    return folder


def _inline(svg, name, alt):
    """Return SVG text fit for a page: no header, own ids, the page's ink, and its alternative text."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = svg.replace(INK, "currentColor")
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return svg.replace("<svg", f'<svg class="study-figure" role="img" aria-label="{html.escape(alt)}"', 1)
