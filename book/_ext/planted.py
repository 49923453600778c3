"""Makes the table of faults that were planted in the laws, counted by room from tests/mutants.csv."""

import csv
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

COLUMNS = ("Room", "Modules", "Small faults", "Planted", "Caught", "Caught, %")
NUMBERS = ("faults", "planted", "caught")


def counts(rows):
    """Return {room: [modules, faults there are, planted, caught]} in the order of the rows, all together last."""
    found = {}
    for number, row in enumerate(rows, 2):
        faults, planted, caught = (int(row[name]) for name in NUMBERS)
        if not 0 <= caught <= planted <= faults or not planted:
            raise ExtensionError(f"tests/mutants.csv line {number}: {caught} of {planted} of {faults} faults caught")
        for room in (row["module"].split("/")[1], "all"):
            before = found.pop("all", [0] * 4) if room == "all" else found.get(room, [0] * 4)
            found[room] = [one + more for one, more in zip(before, (1, faults, planted, caught), strict=True)]
    return found


def table(rows):
    """Return the table as HTML: a row for each room of model/, and their sum."""
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    *rooms, total = (
        f'<tr><th scope="row">{room}</th>{"".join(f"<td>{number:,}</td>" for number in numbers)}'
        f"<td>{100 * numbers[-1] / numbers[-2]:.0f}</td></tr>"
        for room, numbers in counts(rows).items()
    )
    body = f"<tbody>{''.join(rooms)}</tbody><tfoot>{total}</tfoot>"
    return f'<table class="table sortable"><thead><tr>{head}</tr></thead>{body}</table>'


class PlantedTable(SphinxDirective):
    """One row for each room whose modules were judged."""

    def run(self):
        path = Path(self.env.srcdir, "../tests/mutants.csv").resolve()
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [nodes.raw(text=table(rows), format="html", classes=["output", "text_html"])]


def setup(app):
    app.add_directive("planted-table", PlantedTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
