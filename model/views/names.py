"""Names that people use, for identifiers that commands and files use: 'GB200 NVL72' for 'gb200-nvl72'."""

import re

from model.numbers import catalog

COLUMNS = ("system", "workload", "model", "software", "engine", "precision", "format")  # of tables: identifiers


def shown(name, short=False):
    """Return the name of a system, a workload, a software or a format as prose writes it; another text as it is.

    short: for a chart, where room is scarce. The names are data/names.csv; a notebook that shows them lists it.
    """
    return _known(short).get(name, name)


def labels(names, short=True):
    """Return {identifier: name as shown} of some identifiers, for the labels of a chart."""
    return {name: shown(name, short) for name in names}


def renamed(text, short=False):
    """Return a text in which every identifier that stands alone among commas is the name as shown."""
    return ", ".join(shown(each, short) for each in text.split(", "))


def spelled(text, short=False):
    """Return a text of words among blanks and commas with its identifiers as shown, the rest without underscores.

    For labels as 'hgx-h100 deepep dispatch outer_efficiency', which say what was drawn.
    """
    words = re.split(r"([ ,]+)", text)
    parts = ([word] if shown(word) != word else word.split("_") for word in words)
    return "".join(" ".join(shown(part, short) for part in each) for each in parts)


def heads(columns):
    """Return {column: name as shown} of the columns of a table that are identifiers, for `figures.table`."""
    return {each: shown(each) for each in columns if shown(each) != each}


def formats(frame):
    """Return formatters for `figures.table` that show the names of the identifiers in a frame, by column.

    Only the page shows them: the CSV that goes with a table keeps the identifiers, which commands take.
    """
    return dict.fromkeys([name for name in COLUMNS if name in frame.columns], renamed)


def _known(short):
    rows = catalog.words("names")
    return dict(zip(rows.name, rows.short if short else rows.shown, strict=True))
