"""Names that people use, for identifiers that commands and files use: 'GB200 NVL72' for 'gb200-nvl72'."""

import re

import pandas as pd

from model.numbers import catalog
from model.numbers.draws import four_digits

# Columns of tables that hold identifiers, and inputs in words.
COLUMNS = ("system", "systems", "workload", "model", "software", "engine", "precision", "format", "set")
SPELLED = ("missing", "number", "quantity", "op", "from")  # words with identifiers among them
COUNTED = {"ranks": "{:,.0f} ranks", "tokens": "{:,.0f} tokens", "batch": "{:,.0f} requests a device"}
COUNTED |= {"context": "{:,.0f} tokens held each", "devices": "{:,.0f} devices"}
BINARY = {2**30: "GiB", 2**20: "MiB", 2**10: "KiB"}  # in which benchmarks choose their buffers


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

    For labels as 'hgx-h100 deepep dispatch outer_efficiency', which say what was drawn. A word
    that stands there twice in turn is said once.
    """
    text = re.sub(r"\b(\w+) (?=\1\b)", "", text)
    words = re.split(r"([ ,;:]+|'s )", text)
    parts = ([word] if shown(word) != word else word.split("_") for word in words)
    return "".join(" ".join(shown(part, short) for part in each) for each in parts)


def asked(inputs):
    """Return texts of inputs, 'op=dispatch ranks=32' each, in words, without what all of them share.

    What follows from a word, as bytes of a number from `op`, is left out as well. Bytes are counted as benchmarks do.
    """
    points = pd.DataFrame([dict(pair.split("=") for pair in text.split()) for text in inputs], dtype=object)
    several = len(points) > 1
    kept = [name for name in points if not several or points[name].nunique(dropna=False) > 1]
    words = [name for name in kept if pd.to_numeric(points[name], errors="coerce").isna().all()]
    follows = [
        name for name in kept if several and any(points.groupby(word)[name].nunique().max() == 1 for word in words)
    ]
    kept = [*words, *(name for name in kept if name not in (*words, *follows))]
    return [", ".join(_said(name, row[name]) for name in kept if pd.notna(row[name])) for _, row in points.iterrows()]


def _said(name, text):
    """Return one input in words."""
    if name in COUNTED:
        return COUNTED[name].format(float(text))
    if name == "bytes":
        unit = next((unit for unit in BINARY if float(text) % unit == 0), None)
        return f"{float(text) / unit:g} {BINARY[unit]}" if unit else f"{float(text):,.0f} bytes"
    number = pd.to_numeric(text, errors="coerce")
    return shown(text) if pd.isna(number) else f"{name.replace('_', ' ')} {four_digits(number)}"


def heads(columns):
    """Return {column: name as shown} of the columns of a table that are identifiers, for `figures.table`."""
    return {each: shown(each) for each in columns if shown(each) != each}


def formats(frame):
    """Return formatters for `figures.table` that show the names of the identifiers in a frame, by column.

    Only the page shows them: the CSV that goes with a table keeps the identifiers, which commands take.
    """
    ways = dict.fromkeys(COLUMNS, renamed) | dict.fromkeys(SPELLED, spelled)
    return {name: way for name, way in ways.items() if name in frame.columns}


def _known(short):
    rows = catalog.words("names")
    return dict(zip(rows.name, rows.short if short else rows.shown, strict=True))
