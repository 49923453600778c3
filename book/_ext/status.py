"""Makes two lists from the project itself: how each notebook ran, and how the study is cited."""

import ast
import csv
import html
import platform
import tomllib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import yaml
from docutils import nodes
from myst_nb.ext.glue import extract_glue_data_cell
from nbformat import read
from packaging.requirements import Requirement
from sphinx.util.docutils import SphinxDirective

# What differs between two builds of one commit stands on this page alone, and is put in after the search index is made.
PAGE = "status"
COLUMNS = ["Notebook", "Parameters", "Result", "Seconds", "Most memory, MB", "Finished (UTC)"]
UNKNOWN = "not measured"


def parameters(notebook):
    """Return the notebook's parameters as assignments."""
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    return [ast.unparse(each) for each in ast.parse(cell.source).body]


def result(notebook):
    """Say what the notebook gave; a build with one that fails never gets here."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    glued = [value["data"] for cell in cells for _, value in extract_glue_data_cell(cell)]
    kinds = ["text/html" in each and ("figure" if "<svg" in str(each["text/html"]) else "table") for each in glued]
    figures, shown, values = kinds.count("figure"), kinds.count("table"), kinds.count(False)
    return f"complete: {values} values, {figures} figures, {shown} tables"


class RunTable(SphinxDirective):
    """One row for each notebook; what the clock says is left open."""

    def run(self):
        rows = []
        for path in sorted(Path(self.env.srcdir, "executed").glob("*.ipynb")):
            self.env.note_dependency(str(path))
            notebook = read(path, as_version=4)
            given = "<br>".join(f"<code>{html.escape(each)}</code>" for each in parameters(notebook))
            link = f'<a href="executed/{path.stem}.html">{path.stem}</a>'
            cells = [link, given, result(notebook), *(f"{{{path.stem}:{column}}}" for column in COLUMNS[3:])]
            named = zip(COLUMNS, cells, strict=True)
            rows.append("<tr>" + "".join(f'<td data-head="{head}">{cell}</td>' for head, cell in named) + "</tr>")
        head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
        head, body = f"<thead><tr>{head}</tr></thead>", f"<tbody>{''.join(rows)}</tbody>"
        table = f'<table class="table sortable stacked">{head}{body}</table>'
        return [nodes.raw(text=table, format="html", classes=["output", "text_html"])]


class Versions(SphinxDirective):
    """The versions of Python and of the packages that the project names."""

    def run(self):
        project = Path(self.env.srcdir, "../pyproject.toml")
        named = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
        versions = [f"{name} {version(name)}" for name in (Requirement(each).name for each in named)]
        return [nodes.paragraph("", ", ".join([f"Python {platform.python_version()}", *versions]) + ".")]


class Citation(SphinxDirective):
    """The entry for a bibliography, from CITATION.cff."""

    def run(self):
        cff = yaml.safe_load(Path(self.env.srcdir, "../CITATION.cff").read_text(encoding="utf-8"))
        authors = " and ".join(f"{{{author['name']}}}" for author in cff["authors"])
        fields = {"title": f"{{{cff['title']}}}", "author": authors, "note": f"Version {cff['version']}"}
        fields |= {"url": cff["repository-code"]} if "repository-code" in cff else {}
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
        return [nodes.literal_block(text="\n".join(["@misc{supernodes,", *lines, "}"]), language="bibtex")]


def measured(record):
    """Return the seconds and megabytes of a run, as text, from what `make book` recorded; UNKNOWN without a record."""
    if not record.is_file():  # the notebook was run by other means
        return UNKNOWN, UNKNOWN
    with record.open(encoding="utf-8", newline="") as file:
        run = next(csv.DictReader(file, delimiter="\t"))
    return f"{float(run['s']):.1f}", run["max_rss"]


def put_in_runs(app, pagename, templatename, context, doctree):
    """Fill in what each run took and when it ended, which is known of every executed notebook."""
    if pagename != PAGE or app.builder.name != "html":
        return
    for path in sorted(Path(app.srcdir, "executed").glob("*.ipynb")):
        took = measured(Path(app.srcdir, "_build", "runs", f"{path.stem}.tsv"))
        finished = f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M}"
        for column, value in zip(COLUMNS[3:], (*took, finished), strict=True):
            context["body"] = context["body"].replace(f"{{{path.stem}:{column}}}", value)


def setup(app):
    app.add_directive("run-table", RunTable)
    app.add_directive("versions", Versions)
    app.add_directive("citation", Citation)
    app.connect("html-page-context", put_in_runs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
