"""Writes one HTML file about one cluster: python notebooks/report.py CLUSTER.yaml

The file holds parameters of your_cluster. It is checked as every parameter file is, the notebook runs with it, and
reports/CLUSTER.html shows what came out: without code, without a request to anywhere, in light and in dark.
"""

import html
import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path

import execute
import scenarios
from execute import ROOT
from markdown_it import MarkdownIt

from model.numbers import files
from model.numbers.catalog import DataError

NOTEBOOK = ROOT / "notebooks" / "your_cluster.ipynb"
STYLE = Path(__file__).with_name("report.css")
LONGEST = 2**20  # bytes of a file of parameters
LONG = 20  # rows of a table that a reader opens when he wants it
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
<footer><p>{foot}</p></footer>
</body>
</html>
"""


class ReportError(ValueError):
    """A file that holds no cluster: one sentence that names it and what would be accepted."""


def read(path, accepts):
    """Return the parameters in a YAML file, checked by the notebook's own check; ReportError says what is wrong."""
    try:
        content = files.text(path, LONGEST)
    except ValueError as error:
        raise ReportError(f"{path} cannot be read: {error}") from error
    try:
        given = files.parameters(content)
    except ValueError as error:
        raise ReportError(f"{path} {error}") from error
    if own := given.get("measured"):
        given["measured"] = str(path.resolve().parent / str(own))  # a file's name, as seen from this one
    if problem := accepts.problem(given):
        raise ReportError(f"{path}: {problem}")
    return given


def shown(cell):
    """Return what a cell of an executed notebook shows, as HTML; "" where that is nothing.

    Code is not shown, nor what it glues. A kind of output that this page has no form for is refused, not dropped.
    """
    parts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            parts.append(f"<p>{html.escape(output.text.strip())}</p>")
            continue
        kinds = [kind for kind in output.data if not kind.startswith("application/papermill.record")]
        if "text/html" in kinds:
            parts.append(_block(output.data["text/html"]))
        elif kinds:
            raise ReportError(f"cell {cell.id} of {NOTEBOOK.name} shows {kinds[0]}: the report has no form for that")
    return "\n".join(parts)


def _block(markup):
    """Return a table or a figure in a box that scrolls by itself; a long table folded."""
    markup = re.sub(r"<style[^>]*>\s*</style>\s*", "", markup).strip()
    name = re.search(r'<table id="T_(\w+)"|aria-label="([^"]*)"', markup)
    label = (name[1] or name[2]).replace("_", " ") if name else "what this cell shows"
    box = f'<div class="wide" role="region" tabindex="0" aria-label="{label}">\n{markup}\n</div>'
    folded = markup.count("<tr>") > LONG
    return f"<details>\n<summary>All {label}</summary>\n{box}\n</details>" if folded else box


def body(notebook, given):
    """Return the page's body: what was given, then each text of the notebook that has a heading or shows something."""
    write, cells, parts = MarkdownIt(), notebook.cells, []
    for place, cell in enumerate(cells):
        if cell.cell_type == "code":
            parts.append(shown(cell))
        elif cell.source.startswith("#") or (place + 1 < len(cells) and shown(cells[place + 1])):
            parts.append(write.render(cell.source).strip())
    rows = (
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>'
        for name, value in given.items()
    )
    parts.insert(
        1, "<table>\n<caption>Given; everything else is a default</caption>\n" + "\n".join(rows) + "\n</table>"
    )
    return "\n".join(part for part in parts if part)


def page(notebook, given, name):
    """Return the whole HTML file of an executed notebook; name: of the file that it was made from."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    title = f"{html.escape(name)}: {html.escape(given.get('system', 'your cluster'))}"
    foot = (
        f"Made from {html.escape(name)} by version {version} of the study. From low to high lie the middle nine tenths "
        "of the draws. How to read each table, the laws and the sources: the chapter <i>Your cluster</i> of the book."
    )
    style = STYLE.read_text(encoding="utf-8")
    return PAGE.format(title=title, style=style, body=body(notebook, given), foot=foot)


def build(path, given, target, at):
    """Run the notebook in this process, which must end after it, and write the report whole or not at all.

    at: takes the number of the cell at work.
    """
    os.environ.pop("STUDY_OUTPUT", None)
    with tempfile.TemporaryDirectory() as scratch:
        notebook, error = execute.run(NOTEBOOK, given, Path(scratch), at)
    if error:
        sys.exit(f"{path}: {' '.join(error.split())}")
    target.parent.mkdir(exist_ok=True)
    execute.write(target, page(notebook, given, path.name).replace(f"{ROOT}/", ""))


def report(path):
    """Write the report of the cluster in a file; return the exit code: 0, 1 where the run failed, 2 for a bad file."""
    notebook = execute.read(NOTEBOOK)
    try:
        given = read(path, scenarios.interface(notebook))
    except (ReportError, DataError) as error:
        print(error, file=sys.stderr)
        return 2
    target = ROOT / "reports" / f"{path.stem}.html"
    for end in execute.fork([lambda at: build(path, given, target, at)], 1, execute.limit()):
        if not end.whole:
            if not end.told:
                print(f"{path}: the run {end.words}", file=sys.stderr)
            return 1
    print(f"The report: {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    execute.start_clean()
    sys.exit(report(Path(sys.argv[1])))
