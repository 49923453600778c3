"""Says of each figure and table, in a JSON file, what its CSV holds: caption, columns, laws, rows of data/, sources.

`rows` are the numbers that its notebook had asked for, one by one, when it was drawn; of its own systems, where it
names some. `tables` are all that the notebook reads, also those that it reads as a whole, as a fit does.
"""

import csv
import json
import re
from functools import cache
from pathlib import Path

import nbformat
from docutils import nodes
from furniture import description_of
from glued import glued_caption, glued_table
from halves import is_chinese
from sphinx import addnodes

from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import UNITS
from model.numbers import package

MEANINGS = {str(symbol): entry.meaning for symbol, entry in NOMENCLATURE.items()}
MEANINGS |= {"low": "5 % point", "high": "95 % point", "value": "middle"}
DATA = re.compile(r"executed/(\w+)/([\w-]+)\.csv$")


def describe(app, doctree, docname):
    """Write the description of each figure and table of an English page beside the site's pages."""
    if app.builder.name != "html" or docname.startswith("executed/") or is_chinese(docname):
        return
    for shown in (*doctree.findall(nodes.figure), *doctree.findall(glued_table)):
        for link in shown.findall(addnodes.download_reference):
            if found := DATA.search(link["reftarget"]):
                target = Path(app.outdir, description_of(*found.groups()))
                target.parent.mkdir(parents=True, exist_ok=True)
                words = description(app.env, docname, shown, Path(app.srcdir), *found.groups())
                target.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def description(env, docname, shown, folder, name, key):
    """Return what is said of one figure or table, as a mapping."""
    caption = next(iter((*shown.findall(nodes.caption), *shown.findall(glued_caption))))
    with (folder / "executed" / name / f"{key}.csv").open(encoding="utf-8") as table:
        reader = csv.DictReader(table)
        names, rows = reader.fieldnames, list(reader)
    systems = frozenset(row["system"] for row in rows if row.get("system"))
    asked, sources = _rows(folder, name, key, systems), {}
    for table in _tables(folder / "executed" / f"{name}.ipynb"):
        named = {row["source"] for row in asked if row["table"] == table}  # of other machines, too
        sources[table] = sorted(named | _sources(folder.parent / "data" / f"{table}.csv", systems))
    return {
        "name": key,
        "page": f"{docname}.html",
        "notebook": f"executed/{name}.html",
        "caption": re.sub(r"\s*Data \(CSV\)\s*$", "", caption.astext()),
        "file": f"{key}.csv",
        "length": len(rows),
        "columns": [_column(each, rows) for each in names],
        "laws": sorted(_laws(env, caption)),
        "tables": sources,
        "rows": asked,
        "licence": "CC BY 4.0",
    }


def _column(name, rows):
    found = {"name": name} | ({"meaning": MEANINGS[name]} if name in MEANINGS else {})
    word = name.rpartition(", ")[2].replace("µ", "u")
    units = {row["unit"] for row in rows if row.get("unit")} if name in ("value", "low", "high") else set()
    unit = word if word in UNITS and word != name else next(iter(units)) if len(units) == 1 else ""
    return found | ({"unit": unit} if unit else {})


def _laws(env, caption):
    """Return the labels of the equations that a caption names, as the pages number them."""
    labels = env.get_domain("math").equations
    names = {each.get("refid") or each.get("refuri", "").partition("#")[2] for each in caption.findall(nodes.reference)}
    return {label for label in labels if f"equation-{label}" in names}


def _rows(folder, name, key, systems):
    """Return the rows of data/ behind a figure as mappings of table, line of the file, name, quantity, source."""
    asked = json.loads((folder / "executed" / name / f"{key}.rows.json").read_text(encoding="utf-8"))
    asked = [each for each in asked if each[0] != "systems" or not systems or each[1] in systems]
    lines = {table: _lines(folder.parent / "data" / f"{table}.csv") for table in {each[0] for each in asked}}
    columns = ("table", "line", "name", "quantity", "source")
    return [
        dict(zip(columns, (table, lines[table][about, quantity], about, quantity, source), strict=True))
        for table, about, quantity, source in asked
    ]


@cache
def _lines(path):
    """Return {(name, quantity): line of the file} of the rows of a table that are used."""
    with path.open(encoding="utf-8") as table:
        reader = csv.DictReader(table)
        first = reader.fieldnames[0]
        rows = [(row[first], row["quantity"], reader.line_num) for row in reader if row.get("chosen") != "no"]
    return {(name, quantity): line for name, quantity, line in rows}


@cache
def _tables(path):
    return nbformat.read(path, as_version=4).metadata["study"]["tables"]


@cache
def _sources(path, systems):
    """Return the keys of the references behind a table, of those systems alone where both name systems."""
    if not path.is_file():
        return set()
    with path.open(encoding="utf-8") as table:
        named = [row for row in csv.DictReader(table) if row.get("source")]
        return {row["source"] for row in named if not systems or row.get("system", "") in ("", *systems)}


def pack(app):
    """Put all data, as a package, where the page on systems offers it."""
    package.pack(Path(app.srcdir, "executed", "data.zip"))


def setup(app):
    app.connect("builder-inited", pack)
    app.connect("doctree-resolved", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
