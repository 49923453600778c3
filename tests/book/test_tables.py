"""Tables of the book as readers see them: names for things, no column of one value, digits that the intervals bear."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import EXECUTED, SITE
from myst_nb.ext.glue import extract_glue_data_cell

from model.numbers import catalog

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(EXECUTED.glob("*.ipynb"))
WORDS = {"pooled", "nccl"}  # identifiers that are words of the field as well
TYPED = {  # tables of what a reader types or looks up: identifiers are meant
    ("your_cluster", "parameters"),
    ("reference", "nomenclature"),
    ("reference", "assumptions"),
    ("your_machine", "machine"),
}
PHONE = {"width": 390, "height": 844}  # points of a usual one
FILLED = {"your-own-machine", "zh-your-own-machine"}  # by a script, with fields that scroll in their own box
SHOWN = sorted([*SITE.glob("*.html"), *SITE.glob("zh/*.html")])
TOO_WIDE = """() => [...document.querySelectorAll("main table")].filter(table => table.rows.length).map(table => {
    table.closest("details")?.setAttribute("open", "");
    let box = table.parentElement;
    while (box && !["auto", "scroll"].includes(getComputedStyle(box).overflowX)) box = box.parentElement;
    const room = box ? box.clientWidth : innerWidth;
    const name = table.closest("figure")?.id ?? "", columns = table.rows[0].cells.length;
    return {name, columns, room, width: table.scrollWidth};
}).filter(table => table.width > table.room + 1 && table.columns > 1)"""
SEVERAL = 3  # rows, from which on a column of one value says what a caption says better
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
INTERVAL = re.compile(r"(-?[\d,]*\.?\d+) \((-?[\d,]*\.?\d+) to (-?[\d,]*\.?\d+)\)")


def tables(markup):
    """Return (heads, rows of cells), all as text, of each table in HTML."""
    found, soup = [], BeautifulSoup(markup, "html.parser")
    for letters in soup.select(".math"):
        letters.replace_with(f"({hash(letters.get_text())})")  # mathematics, told apart and not read
    for table in soup.select("table"):
        heads = [head.get_text(" ", strip=True) for head in table.select("thead tr:last-child th")]
        rows = [[cell.get_text(" ", strip=True) for cell in row.select("td, th")] for row in table.select("tbody tr")]
        found.append((heads, rows))
    return found


@cache
def glued(path):
    """Return {key: (heads, rows)} of the tables that an executed notebook glues."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    values = dict(pair for cell in cells for pair in extract_glue_data_cell(cell))
    markup = {key: "".join(value["data"].get("text/html", "")) for key, value in values.items()}
    return {key: tables(text)[0] for key, text in markup.items() if "<table" in text}


@cache
def known():
    return set(catalog.words("names").name) - WORDS


def identifiers(text):
    """Return the identifiers of data/names.csv that stand in a text by themselves, and words with underscores."""
    words = re.findall(r"(?<![\w./-])[\w.-]*\w(?![\w/-])", text)
    return {word for word in words if word in known() or re.fullmatch(r"[a-z]\w*_\w+", word)}


def constant(heads, rows):
    """Return the heads of columns that hold one value in more than SEVERAL rows."""
    whole = [row for row in rows if len(row) == len(heads)]  # others have cells that go over several columns
    columns = zip(*whole, strict=True)
    return [head for head, cells in zip(heads, columns, strict=False) if len(whole) > SEVERAL and len(set(cells)) == 1]


def idle_digits(text):
    """Return the numbers in a text that have more digits than they bear.

    Beside an interval: more than three digits of its width. Alone: more than five digits, where a decimal point is
    among them.
    """
    found = []
    for match in INTERVAL.finditer(text):
        value, low, high = (float(each.replace(",", "")) for each in match.groups())
        places = len(match[1].partition(".")[2])
        if high > low and places and 10.0**-places < (high - low) / 1000 * 0.999:
            found.append(match[0])
    for each in NUMBER.findall(INTERVAL.sub("", text)):
        digits = each.replace(",", "").lstrip("-0.").replace(".", "")
        if "." in each and len(digits) > 5:
            found.append(each)
    return found


def faults(heads, rows, typed=False):
    """Return what is wrong with a table, in words."""
    cells = [*heads, *(cell for row in rows for cell in row)]
    named = set() if typed else set().union(*map(identifiers, cells))
    said = [f"shows identifiers: {sorted(named)}"] if named else []
    said += [f"has one value in all rows of {head!r}" for head in constant(heads, rows)]
    idle = [] if typed else [each for cell in cells for each in idle_digits(cell)]
    return said + ([f"shows digits that nobody bears: {idle[:5]}"] if idle else [])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_tables_of_a_notebook_are_for_readers(path):
    bad = {}
    for key, (heads, rows) in glued(path).items():
        if found := faults(heads, rows, (path.stem, key) in TYPED):
            bad[key] = found
    assert not bad, f"notebooks/{path.stem}.ipynb: names.formats, hidden=figures.alike(...), draws.told: {bad}"


@pytest.mark.browser
@pytest.mark.skipif(not SHOWN, reason="there is no built site: run make book")
def test_no_column_of_a_table_is_off_the_screen_of_a_phone(browser):
    """Each table of either edition fits its box, or stands on end and names every cell."""
    tab = browser.new_page(viewport=PHONE)
    wide, seen = {}, 0
    for path in SHOWN:
        tab.goto(path.as_uri(), wait_until="domcontentloaded")
        seen += tab.locator("main table").count()
        for table in tab.evaluate(TOO_WIDE):
            if table["name"] not in FILLED:
                wide[f"{path.relative_to(SITE)}#{table['name']}"] = f"{table['width']} of {table['room']}"
    named = "table.stacked tbody td:not(:first-child):not([data-head])"
    for page in ("claims.html", "zh/systems.html", "method.html"):
        tab.goto((SITE / page).as_uri(), wait_until="domcontentloaded")
        assert tab.locator("table.stacked").count() and not tab.locator(named).count()
    tab.close()
    assert seen > 100
    assert not wide, f"fewer columns, or shorter words that do not break: {wide}"


def test_the_check_sees_what_is_wrong_with_a_table():
    heads, rows = ["system", "value", "kind"], [[f"hgx-h{i}00", f"{i}.0", "spec"] for i in (1, 2, 3, 4)]
    assert faults(heads, rows) == ["shows identifiers: ['hgx-h100', 'hgx-h200']", "has one value in all rows of 'kind'"]
    assert faults(heads, rows[:3], typed=True) == []
    assert faults(["outer_efficiency"], [["1"]]) == ["shows identifiers: ['outer_efficiency']"]
    assert idle_digits("1.28511e-05 s") == ["1.28511"] and idle_digits("71,430,000 and 0.000131 and 7,143.5") == []
    assert idle_digits("0.0641 (0.0493 to 0.0802)") == [] and idle_digits("1.604 (0.5 to 9.5)") == [
        "1.604 (0.5 to 9.5)"
    ]
    markup = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>GB200 <b>NVL72</b></td></tr></tbody></table>"
    assert tables(markup) == [(["a"], [["GB200 NVL72"]])]
