"""Makes the tables of records on the page of the method: what was tried, the faults planted, the digits of the laws.

Each is counted from a CSV file while the page is built; a record that cannot be stops the build with its line.
"""

import csv
import html
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from model.numbers.draws import four_digits

OUTCOMES = {"answered": "Answered rightly", "refused": "Refused clearly", "wrong": "Wrong", "traceback": "Tracebacks"}


def tried(rows):
    """Return {kind: [rows, rows of each of OUTCOMES]} in the order of the rows, the total last under "all"."""
    for number, row in enumerate(rows, 2):
        if row["outcome"] not in OUTCOMES:
            known = ", ".join(OUTCOMES)
            raise ExtensionError(f"data/tried.csv line {number}: outcome is '{row['outcome']}'; it takes {known}")
    found = {kind: Counter() for kind in (*(row["kind"] for row in rows), "all")}
    for row in rows:
        for kind in (row["kind"], "all"):
            found[kind][row["outcome"]] += 1
    return {kind: [each.total(), *(each[outcome] for outcome in OUTCOMES)] for kind, each in found.items()}


def planted(rows):
    """Return {room: [modules, faults there are, planted, caught, caught in %]} in their order, all together last."""
    found = {}
    for number, row in enumerate(rows, 2):
        faults, some, caught = (int(row[name]) for name in ("faults", "planted", "caught"))
        if not 0 <= caught <= some <= faults or not some:
            raise ExtensionError(f"tests/mutants.csv line {number}: {caught} of {some} of {faults} faults caught")
        for room in (row["module"].split("/")[1], "all"):
            before = found.pop("all", [0] * 4) if room == "all" else found.get(room, [0] * 4)
            found[room] = [one + more for one, more in zip(before, (1, faults, some, caught), strict=True)]
    return {room: [*numbers, round(100 * numbers[-1] / numbers[-2])] for room, numbers in found.items()}


def digits(rows):
    """Return {module of laws: [expressions, points compared, largest relative error]}, all together last."""
    found = {}
    for number, row in enumerate(rows, 2):
        expressions, points, error = int(row["expressions"]), int(row["points"]), float(row["error"])
        if not 0 <= error < 1 or not 0 < expressions <= points:
            raise ExtensionError(f"tests/truth.csv line {number}: an error of {error:g} in {points} points")
        for module in (row["law"].split(".")[0], "all"):
            before = found.pop("all", [0, 0, 0.0]) if module == "all" else found.get(module, [0, 0, 0.0])
            found[module] = [before[0] + expressions, before[1] + points, max(before[2], error)]
    return found


TABLES = {  # name of the directive: its record, how it is counted, and the heads of its columns
    "tried-table": ("data/tried.csv", tried, ("What was tried", "Tried", *OUTCOMES.values())),
    "planted-table": (
        "tests/mutants.csv",
        planted,
        ("Room", "Modules", "Small faults", "Planted", "Caught", "Caught, %"),
    ),
    "digits-table": ("tests/truth.csv", digits, ("Laws", "Expressions", "Points", "Largest error")),
}


def table(counted, columns):
    """Return counted records as HTML: a row for each name, the last one their sum."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    *rows, total = (
        f'<tr><th scope="row">{html.escape(name)}</th>{"".join(map(_cell, columns[1:], numbers))}</tr>'
        for name, numbers in counted.items()
    )
    body = f"<tbody>{''.join(rows)}</tbody><tfoot>{total}</tfoot>"
    return f'<table class="table sortable stacked"><thead><tr>{head}</tr></thead>{body}</table>'


def _cell(head, number):
    shown = f"{number:,}" if isinstance(number, int) else four_digits(float(f"{number:.2g}"))
    return f'<td data-head="{head}">{shown}</td>'


class CountedTable(SphinxDirective):
    """The table of TABLES by the name of the directive."""

    def run(self):
        record, count, columns = TABLES[self.name]
        path = Path(self.env.srcdir, "..", record).resolve()
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [nodes.raw(text=table(count(rows), columns), format="html", classes=["output", "text_html"])]


def setup(app):
    for name in TABLES:
        app.add_directive(name, CountedTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
