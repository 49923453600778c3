"""Figures and values of a notebook: one style, alternative text, the data behind each as CSV, and glue."""

import html
import io
import json
import os
import re
import textwrap
from functools import partial
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sympy as sp
from IPython.display import HTML, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from myst_nb import glue

from model.notation.equation import latex
from model.notation.nomenclature import NOMENCLATURE
from model.notation.substitution import example as example_of
from model.notation.substitution import letters, substituted
from model.numbers.draws import around
from model.numbers.facts import asked

STYLE = Path(__file__).with_name("study.mplstyle")
LAW = "application/vnd.study.law+json"  # what goes with a glued law, for the page that prints it
WIDE = 7.2  # inches
NARROW = 4.5  # inches: a figure of this width can be read on a phone
PHONE, WIDEST, BESIDE = 46, 24, 3  # letters that a line of a table holds there, that a cell holds, and its margins take
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


class Law:
    """A printed law: its mathematics, and for the page what each letter means and the numbers of an example put in."""

    def __init__(self, equation, example=None, unit="", text=""):
        """equation, unit: as in notation.substitution.substituted; example: numbers by name, in base units, or None.

        text: LaTeX in place of the equation's own.
        """
        own = latex(equation) if isinstance(equation, sp.Basic) else equation._repr_latex_().strip("$")
        self.text = f"${text or own}$"
        self.behind = {
            "letters": [{"name": str(each), **NOMENCLATURE[each]._asdict()} for each in letters(equation)],
            "example": substituted(equation, example, unit) if example is not None else "",
        }

    def _repr_mimebundle_(self, **_):
        return {"text/latex": self.text, "text/plain": self.text, LAW: self.behind}


def law(name, equation, example=None, unit="", text=""):
    """Glue an Equation or a sympy expression or relation as mathematics that a page can number and refer to.

    With it go the meanings of its letters and, where an example is given (numbers by name, base units), the law with
    those numbers put in; the page prints both below it. unit: of the result, where no symbol on the left tells it;
    text: LaTeX in place of the law's own.
    """
    glue(name, Law(equation, example, unit, text), display=False)


def inline(mathematics):
    """Return LaTeX, or a sympy expression, as HTML that a page shows as mathematics within a cell of a table."""
    text = mathematics if isinstance(mathematics, str) else latex(mathematics)
    return rf'<span class="math">\({html.escape(text)}\)</span>'


def numbered(name, equation, columns, unit=""):
    """Glue an Equation with the numbers of `columns` (base units, by name) put in, and what comes out, in a unit.

    Lines one below the other: the law, the law with every symbol replaced by its number, the result. unit: of
    notation.units, the nomenclature's where empty.
    """
    _, _, worked = substituted(equation, columns, unit).partition(" = ")
    lines = f"{latex(equation.lhs)}&={latex(equation.rhs)}", *(f"&={each}" for each in worked.split(" = "))
    body = r"\\".join(lines)
    law(name, equation, text=rf"\begin{{aligned}}{body}\end{{aligned}}")


def laws(*models, example=None, prefix="law"):
    """Glue every equation of some Models as prefix_SYMBOL, after the symbol on its left side.

    example: numbers of the models' inputs by name, in base units; what follows from them is worked out law by law, and
    a law for which they do not suffice is glued without numbers.
    """
    done = set()
    for each in models:
        numbers = example_of(each, example or {})
        for equation in [equation for equation in each.equations if equation not in done]:
            done.add(equation)
            known = all(str(symbol) in numbers for symbol in letters(equation))
            law(f"{prefix}_{equation.lhs}", equation, numbers if known else None)


def figure(name, drawing, data, alt, narrow=None):
    """Glue a matplotlib figure as SVG in the page, show it, and write it with its data beside the notebook's outputs.

    Arguments as in `pictures`.
    """
    show(name, pictures(name, drawing, data, alt, narrow))


def pictures(name, drawing, data, alt, narrow=None):
    """Write a matplotlib figure and its data, and return it as SVG fit for a page, and once more for a phone.

    name: of the glue and of the files; data: frame of what is drawn; alt: what a reader who cannot see it is told.
    narrow: a drawing of its own for a phone, NARROW wide, where the same one would not do with a legend of fewer
    columns, labels of several lines and fewer ticks. The phone's is not shown where its words would meet or leave it.
    """
    height = drawing.get_size_inches()[1]
    wide = picture(name, drawing, data, alt)
    slim = narrow or drawing
    slim.set_size_inches(NARROW, narrow.get_size_inches()[1] if narrow else height)
    _slim(slim)
    phone = _inline(_svg(slim, f"{name}-narrow"), f"{name}-narrow", alt) if _fits(slim) else ""
    plt.close(slim)
    if not phone:
        return wide
    both = {"wide": wide, "narrow": phone}
    return "".join(svg.replace("study-figure", f"study-figure {way}", 1) for way, svg in both.items())


def _slim(drawing):
    """Fit a drawing that was made narrower: fewer columns in its legends, labels on several lines, fewer ticks."""
    canvas = FigureCanvasAgg(drawing)  # of its own: pyplot has closed the one that it made

    def settle():
        for _ in range(2):  # a layout takes two rounds
            canvas.draw()

    settle()
    while any([_stack(drawing, legend) for legend in list(drawing.legends)]):  # of fewer columns each may be wider
        settle()
    labels = [(label, axis) for axis in drawing.axes for label in (axis.xaxis.label, axis.yaxis.label)]
    if any([_wrap(label, axis.get_window_extent(), drawing.bbox) for label, axis in labels]):
        settle()
    for axis in drawing.axes:
        end = -np.inf
        for label in axis.get_xticklabels():
            box = label.get_window_extent()
            if label.get_text() and box.width and box.x0 < end + 3:
                label.set_visible(False)
            elif label.get_text():
                end = box.x1


def _stack(drawing, legend):
    """Put a legend outside the axes that is wider than its drawing into fewer columns, and make room for its rows.

    Returns whether it did.
    """
    entries, across = legend.get_texts(), legend.get_window_extent().width
    columns = int(legend._ncols * drawing.bbox.width / across) if across > drawing.bbox.width else 0
    if columns:
        width, height = drawing.get_size_inches()
        size = entries[0].get_fontsize()
        rows = -(-len(entries) // columns) - -(-len(entries) // legend._ncols)
        words = [each.get_text() for each in entries]
        drawn = dict(zip(words, legend.legend_handles, strict=True))
        for axis in drawing.axes:  # a bar with its mark is whole there alone
            drawn |= {word: mark for mark, word in zip(*axis.get_legend_handles_labels(), strict=True) if word in drawn}
        drawing.legend(drawn.values(), words, loc="outside upper left", ncols=columns, fontsize=size)
        legend.remove()
        drawing.set_size_inches(width, height + rows * 1.5 * size / 72)
    return bool(columns)


def _wrap(label, axes, whole):
    """Break the label of an axis that reaches out of its drawing into lines; return whether it did."""
    box, up = label.get_window_extent(), label.get_rotation() == 90
    middle = (axes.y0 + axes.y1) / 2 if up else (axes.x0 + axes.x1) / 2
    room = 2 * min(middle, (whole.height if up else whole.width) - middle)
    long = box.height if up else box.width
    if breaks := long > room and "\n" not in label.get_text():
        lines = int(np.ceil(long / room))
        label.set_text(textwrap.fill(label.get_text(), int(1.15 * len(label.get_text()) / lines)))
    return breaks


def _fits(drawing):
    """Tell whether the words written into a drawing, its labels and legends, stay inside it and clear of each other."""
    legends = [*drawing.legends, *filter(None, (axis.get_legend() for axis in drawing.axes))]
    words = [text for axis in drawing.axes for text in (*axis.texts, axis.xaxis.label, axis.yaxis.label, axis.title)]
    words += [text for legend in legends for text in legend.get_texts()]
    boxes = [text.get_window_extent().padded(-1) for text in words if text.get_visible() and text.get_text().strip()]
    whole = drawing.bbox.padded(1)
    inside = all(
        whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1 for box in boxes
    )
    return inside and not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number])


def _svg(drawing, name):
    """Return a matplotlib figure as SVG text, the same for the same drawing."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        drawing.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def picture(name, drawing, data, alt):
    """Write a matplotlib figure and its data as `figure` does, and return it as SVG fit for a page."""
    drawn = _svg(drawing, name)
    if folder := _write(name, data):  # on white, for use outside the book
        with mpl.rc_context({"svg.hashsalt": name}):
            drawing.savefig(
                folder / f"{name}.svg", facecolor="white", transparent=False, metadata={"Date": None, "Creator": None}
            )
    plt.close(drawing)
    return _inline(drawn, name, alt)


def gallery(name, drawings, data):
    """Glue drawings, (matplotlib figure, alternative text) by key, side by side at one scale, and their data."""
    _write(name, data)
    pieces = []
    for key, (drawing, alt) in drawings.items():
        width = 72 * drawing.get_size_inches()[0]
        svg = _inline(_svg(drawing, f"{name}-{key}"), f"{name}-{key}", alt)
        plt.close(drawing)
        pieces.append(svg.replace("<svg ", f'<svg style="width: {width:.0f}pt" ', 1))
    show(name, f'<div class="gallery">{"".join(pieces)}</div>')


def alike(data):
    """Return the columns of a frame that hold one value in all of its several rows, for `hidden` of `table`."""
    return [column for column in data.columns if len(data) > 1 and data[column].nunique(dropna=False) == 1]


def table(name, data, formats=None, heads=None, hidden=()):
    """Glue a frame as an HTML table, show it, and write it as CSV. formats: column to format; no index is shown.

    heads: column to what the page writes above it, where that is not the name that the CSV keeps; hidden: columns that
    the CSV alone has, as one value in all rows, which a caption says better. What has no bound is said in words.
    A table too wide for a phone stands on end there: the cells of a row follow each other, each after its head.
    """
    _write(name, data)
    forms = {column: form if callable(form) else form.format for column, form in (formats or {}).items()}
    formats = {column: partial(unbounded, shown=form) for column, form in forms.items()}
    style = data.style.hide(axis="index").format(formats, na_rep="–", escape=None).set_uuid(name)
    if len(hidden):
        style = style.hide(list(hidden), axis="columns")
    if heads:
        style = style.format_index(lambda column: heads.get(column, column), axis="columns")
    markup = style.set_table_attributes('class="table sortable"').to_html()
    show(name, stacked(markup, [str((heads or {}).get(column, column)) for column in data.columns]))


def stacked(markup, heads):
    """Return a Styler's table marked to stand on end on a phone, each cell with its head, where it is too wide there.

    heads: of all columns of the frame, hidden ones included, in its order.
    """
    widths = {}
    for column, cell in re.findall(r'<t[dh] [^>]*?_col(\d+)"[^>]*>(.*?)</t[dh]>', markup, re.DOTALL):
        words = html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()
        widths[column] = max(widths.get(column, 0), min(len(words), WIDEST) + BESIDE)
    if sum(widths.values()) <= PHONE:
        return markup
    named = re.sub(
        r'(<td id="\w+_row\d+_col(\d+)")',
        lambda cell: f'{cell[1]} data-head="{html.escape(heads[int(cell[2])], quote=True)}"',
        markup,
    )
    return named.replace('class="table sortable"', 'class="table sortable stacked"', 1)


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


def axes(width=WIDE, height=4.2, **subplots):
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
    """Write the data where the build asks for it, and return that folder; nothing and None elsewhere.

    Beside the CSV stand the rows of data/ that have been asked for until now: [table, name, quantity, source] each.
    """
    if folder := output_folder():
        data.to_csv(folder / f"{name}.csv", index=False)
        rows = [[*row, source] for row, source in sorted(asked.items())]
        (folder / f"{name}.rows.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
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
