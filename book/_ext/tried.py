"""Makes the table of what was tried with the study, counted by kind and outcome from data/tried.csv."""

import csv
import html
from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

OUTCOMES = {"answered": "Answered rightly", "refused": "Refused clearly", "wrong": "Wrong", "traceback": "Tracebacks"}
COLUMNS = ("What was tried", "Tried", *OUTCOMES.values())


def counts(rows):
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


def table(rows):
    """Return the table as HTML: a row for each kind, and their sum."""
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    *kinds, total = (
        f'<tr><th scope="row">{html.escape(kind)}</th>{"".join(f"<td>{number}</td>" for number in numbers)}</tr>'
        for kind, numbers in counts(rows).items()
    )
    body = f"<tbody>{''.join(kinds)}</tbody><tfoot>{total}</tfoot>"
    return f'<table class="table sortable"><thead><tr>{head}</tr></thead>{body}</table>'


class TriedTable(SphinxDirective):
    """One row for each kind of input that was tried."""

    def run(self):
        path = Path(self.env.srcdir, "../data/tried.csv").resolve()
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [nodes.raw(text=table(rows), format="html", classes=["output", "text_html"])]


def setup(app):
    app.add_directive("tried-table", TriedTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
