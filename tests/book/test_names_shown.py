"""Machines, workloads and software stand under their names, not their identifiers, where a reader reads them."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from conftest import EXECUTED
from myst_nb.ext.glue import extract_glue_data_cell

from model.numbers import catalog

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "book").glob("*.md"))
NAMED = (  # notebooks that show names
    *("bandwidth", "domain_size", "fabric", "moe_idle", "reliability", "serving", "training", "validation"),
    "your_cluster",
)
TYPED = {"parameters"}  # tables of what a reader may type
WORDS = {"pooled", "nccl"}  # identifiers that are words of the field as well


def identifiers(text):
    """Return the identifiers of data/names.csv that stand in a text by themselves."""
    known = set(catalog.words("names").name) - WORDS
    return {each for each in re.findall(r"(?<![\w./-])[\w.-]*[\w](?![\w/-])", text) if each in known}


def read(markdown):
    """Return what a page's reader reads as prose: no code, no role, no directive's first line, options or address."""
    lines, fences = [], []  # of open fences: their marks, and whether they hold code
    for line in markdown.split("\n"):
        if fence := re.match(r"\s*(`{3,}|:{3,})\s*(.*)$", line):
            marks, words = fence.groups()
            if fences and not words and marks == fences[-1][0]:
                fences.pop()
            else:
                fences.append((marks, not words.startswith("{")))
        elif not any(code for _, code in fences) and not re.match(r" {4}|:[\w-]+:", line):
            lines.append(line)
    return re.sub(r"\{[\w:]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)", " ", "\n".join(lines))


@cache
def shown(name):
    """Return {key: text} of the tables and figures that an executed notebook glues, alternative texts with them."""
    path = EXECUTED / f"{name}.ipynb"
    if not path.is_file():
        pytest.skip("there is no executed notebook: run make book")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    glued = dict(pair for cell in cells for pair in extract_glue_data_cell(cell))
    markup = {key: "".join(value["data"].get("text/html", "")) for key, value in glued.items()}
    words = {key: " ".join(re.findall(r'aria-label="([^"]*)"', text)) for key, text in markup.items() if text}
    return {key: words[key] + re.sub(r"<[^>]*>", " ", markup[key]) for key in words}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_prose_calls_things_by_their_names(path):
    assert not identifiers(read(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", NAMED)
def test_tables_and_figures_call_things_by_their_names(name):
    found = {key: each for key, text in shown(name).items() if key not in TYPED and (each := identifiers(text))}
    assert not found, f"notebooks/{name}.ipynb: use names.formats, names.heads or names.shown for {found}"


def test_the_check_sees_identifiers_and_only_them():
    assert identifiers("A table of gb200-nvl72, fp8 (hgx-h100). GB200") == {"gb200-nvl72", "fp8", "hgx-h100"}
    assert not identifiers("a/hgx-h100/b my-fp8 data/hgx-h100.csv GB200 NVL72 FP8 pooled")
    page = "On hgx-h100.\n\n    run hgx-b200\n\n```bash\nrun hgx-h20\n```\n\n`fp8`, {glue:text}`a::hgx-h800.b`\n"
    assert identifiers(read(page)) == {"hgx-h100"}
