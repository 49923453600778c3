"""Below each printed law: every letter explained once in the open, and at each later law in a fold; an example."""

import html
import re
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest
from conftest import EXECUTED, SITE
from docutils import nodes
from docutils.utils import new_document
from myst_nb.ext.glue import extract_glue_data_cell

from model.laws import reliability, two_tiers
from model.views import figures

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import letters  # noqa: E402

LAWS = re.compile(r"\{glue:math\} executed/(\w+)\.ipynb::([\w.-]+)")
PAGES = {path.stem: LAWS.findall(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "book").glob("*.md"))}
PAGES = {name: laws for name, laws in PAGES.items() if laws}
WORKED = (  # every law of these chapters has an example
    *("bandwidth", "domain_size", "fabric", "moe_idle", "purchase", "reliability", "serving", "training", "validation"),
)


@cache
def glued(name):
    """Return what an executed notebook glues, by name; the test is skipped where the book has not been made."""
    path = EXECUTED / f"{name}.ipynb"
    if not path.is_file():
        pytest.skip("there is no executed notebook: run make book")
    notebook = nbformat.read(path, as_version=4)
    return dict(pair for cell in notebook.cells if cell.cell_type == "code" for pair in extract_glue_data_cell(cell))


def block(equation, example=None):
    """Return a printed law as the directive makes it."""
    law = figures.Law(equation, example)
    return nodes.math_block(law.text, law.text, law=law.behind)


def page(*parts):
    document = new_document("page")
    document += parts
    seen = set()
    for run in letters.runs(document):
        letters.below(run, seen)
    return document


def explained(notes):
    """Return (letters explained in the open, letters explained in the fold) of what stands below some laws."""
    folded = [each for fold in notes.findall(letters.fold) for each in fold.findall(nodes.paragraph)]
    opened = [each for each in notes.children if isinstance(each, nodes.paragraph)]
    return tuple({each.astext() for part in parts for each in part.findall(nodes.math)} for parts in (opened, folded))


def test_letters_are_explained_below_each_law_in_the_open_or_in_a_fold():
    inner, outer = (two_tiers.two_tier.equations[number] for number in (1, 2))
    document = page(block(inner), nodes.paragraph("", "and"), block(outer))
    first, second = document.findall(nodes.container)
    assert explained(first) == ({r"T_\uparrow", "g", "V", r"B_\uparrow"}, set())
    assert explained(second) == ({r"T_\rightarrow", r"B_\rightarrow"}, {"g", "V"})
    assert "bytes that each rank sends in all (B)" in first.astext()


def test_laws_one_below_the_other_share_their_lines():
    document = page(*map(block, two_tiers.two_tier.equations[:3]))
    [notes] = document.findall(nodes.container)
    assert document.index(notes) == 3
    assert len(explained(notes)[0]) == 8


def test_the_example_stands_below_its_law():
    document = page(block(reliability.series_system.equations[0], {"devices": 8.0, "failure_rate": 1e-5}))
    [_, worked] = document.findall(nodes.math_block)
    assert worked.astext().endswith(r"= 3.47\,\mathrm{h}")


@pytest.mark.parametrize("name", PAGES)
def test_every_law_that_a_page_prints_brings_its_letters(name):
    laws = {key: glued(notebook)[key]["data"] for notebook, key in PAGES[name]}
    bare = [key for key, data in laws.items() if not data.get(figures.LAW, {}).get("letters")]
    assert not bare, f"glue {bare} by figures.law or figures.laws"
    meanings = {}
    for data in laws.values():
        for each in data[figures.LAW]["letters"]:
            meanings.setdefault(each["latex"], set()).add(each["name"])
    twice = {latex: names for latex, names in meanings.items() if len(names) > 1}
    assert not twice, f"{name}.md uses a letter for two things: {twice}"


@pytest.mark.parametrize("name", WORKED)
def test_every_law_of_the_worked_chapters_has_its_numbers(name):
    laws = {key: glued(notebook)[key]["data"] for notebook, key in PAGES[name]}
    put = {key: data[figures.LAW]["example"] or r"\\&=" in data["text/latex"] for key, data in laws.items()}
    assert not [key for key, worked in put.items() if not worked]  # in a line of its own, or figures.numbered


@pytest.mark.parametrize("folder", ["", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_the_site_explains_each_letter_below_its_law(name, folder):
    path = ROOT / "book" / "_build" / "html" / folder / f"{name}.html"
    if not path.is_file():
        pytest.skip("there is no built site, or no Chinese half: run make book")
    text = html.unescape(path.read_text(encoding="utf-8"))
    notes = re.findall(r'<div class="law-notes.*?</div>\s*(?=<p|<div|<section|</|<figure|<aside|<ul)', text, re.DOTALL)
    words = " ".join(notes)
    chinese = letters.said_in_chinese() if folder else {}
    shown = [each for book, key in PAGES[name] for each in letters_behind(book, key)]
    letters_of = {each["latex"]: chinese.get(each["name"], each["meaning"]) for each in shown}
    assert not [latex for latex, meaning in letters_of.items() if latex not in words or meaning not in words]


@pytest.mark.browser
@pytest.mark.skipif(not (SITE / "moe_idle.html").is_file(), reason="there is no built site: run make book")
def test_mathematics_is_no_stop_of_the_keyboard_and_a_formula_that_scrolls_is_one(browser):
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto((SITE / "moe_idle.html").as_uri())
    tab.wait_for_function("window.MathJax?.startup?.promise")
    tab.evaluate("MathJax.startup.promise")
    scrolls = "box => box.scrollWidth > box.clientWidth"
    formulas = "[...document.querySelectorAll('mjx-container')].filter(box => !box.closest('details:not([open])'))"
    tab.wait_for_function("document.querySelectorAll('mjx-container[display][tabindex]').length > 0")
    stops = tab.evaluate(f"{formulas}.filter(box => box.tabIndex === 0).length")
    assert stops == tab.evaluate(f"{formulas}.filter(box => box.hasAttribute('display')).filter({scrolls}).length")
    assert 0 < stops < tab.locator("mjx-container").count() / 4
    tab.close()


def letters_behind(notebook, key):
    return glued(notebook)[key]["data"][figures.LAW]["letters"]
