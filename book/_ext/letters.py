"""Puts below each printed law what its letters mean, and the law with the numbers of the chapter's example.

A letter is explained in the open below the first law of a page in which it stands; below later ones it waits in a fold,
so that every law can be read where it is. Meanings, units and examples come with the glued law, Chinese meanings from
zh/letters.csv.
"""

import csv
from functools import cache
from pathlib import Path

from docutils import nodes
from halves import is_chinese
from sphinx.transforms import SphinxTransform

UNITLESS = {"", "1"}
UNITS = {"us": "µs", "1/(device h)": "per device and hour"}
CHINESE_UNITS = UNITS | {"1/(device h)": "每裝置小時"}
CHINESE = Path(__file__).parents[1] / "zh" / "letters.csv"


class fold(nodes.General, nodes.Element):
    """What opens at a click: its first child, a fold_title, is always seen."""


class fold_title(nodes.General, nodes.TextElement):
    """The part of a fold that is always seen."""


class Letters(SphinxTransform):
    """Adds the lines below each run of laws that stand one below the other."""

    default_priority = 850  # when every other text of the page is there

    def apply(self):
        seen, chinese = set(), is_chinese(self.env.docname)
        if chinese:
            self.env.note_dependency(str(CHINESE))
        for laws in runs(self.document):
            below(laws, seen, chinese)


def runs(document):
    """Yield lists of printed laws between which nothing else stands, in the order of the page."""
    run = []
    for block in list(document.findall(nodes.math_block)):
        if not block.get("law"):
            continue
        if run and not _adjoin(run[-1], block):
            yield run
            run = []
        run.append(block)
    if run:
        yield run


def below(laws, seen, chinese=False):
    """Insert the lines below the last of some laws; seen: names of letters explained before, to which theirs go."""
    where, above, explain = "where ", "explained above: ", meanings
    if chinese:
        where, above, explain = "其中 ", "前文已說明：", chinese_meanings
    letters = {each["name"]: each for law in laws for each in law["law"]["letters"]}
    new = [each for name, each in letters.items() if name not in seen]
    old = [each for name, each in letters.items() if name in seen]
    seen.update(letters)
    notes = nodes.container(classes=["law-notes"])
    if new:
        notes += nodes.paragraph("", "", nodes.Text(where), *explain(new), classes=["where"])
    for law in laws:
        if example := law["law"]["example"]:
            worked = nodes.math_block(example, example, nowrap=False, label=None, number=None, classes=["in-numbers"])
            notes += worked
    if old:
        title = fold_title("", "", nodes.Text(above), *_listed(old))
        notes += fold("", title, nodes.paragraph("", "", *explain(old), classes=["where"]))
    if len(notes):
        place = laws[-1].parent
        place.insert(place.index(laws[-1]) + 1, notes)


def meanings(letters):
    """Return the nodes that say what letters mean, each with its unit."""
    parts = []
    for each in letters:
        unit = "" if each["unit"] in UNITLESS else f" ({UNITS.get(each['unit'], each['unit'])})"
        parts += [nodes.Text("; ")] if parts else []
        parts += [nodes.math(each["latex"], each["latex"]), nodes.Text(f" {each['meaning']}{unit}")]
    return [*parts, nodes.Text(".")]


@cache
def said_in_chinese():
    """Return {name of a symbol: what it means, in Chinese}."""
    with CHINESE.open(encoding="utf-8", newline="") as table:
        return {row["name"]: row["chinese"] for row in csv.DictReader(table)}


def chinese_meanings(letters):
    """Return the nodes that say in Chinese what letters mean; a test holds the table to the nomenclature."""
    parts = []
    for each in letters:
        unit = "" if each["unit"] in UNITLESS else f"（{CHINESE_UNITS.get(each['unit'], each['unit'])}）"
        meaning = said_in_chinese().get(each["name"], each["meaning"])
        parts += [nodes.Text("；")] if parts else []
        parts += [nodes.math(each["latex"], each["latex"]), nodes.Text(f" {meaning}{unit}")]
    return [*parts, nodes.Text("。")]


def _listed(letters):
    parts = []
    for each in letters:
        parts += [nodes.Text(", ")] if parts else []
        parts.append(nodes.math(each["latex"], each["latex"]))
    return parts


def _adjoin(first, second):
    """Tell whether two blocks have one parent and nothing but targets between them."""
    parent = first.parent
    if second.parent is not parent:
        return False
    between = parent.children[parent.index(first) + 1 : parent.index(second)]
    return all(isinstance(each, nodes.target) for each in between)


def visit_fold(writer, node):
    writer.body.append(writer.starttag(node, "details"))


def depart_fold(writer, node):
    writer.body.append("</details>\n")


def visit_title(writer, node):
    writer.body.append(writer.starttag(node, "summary", ""))


def depart_title(writer, node):
    writer.body.append("</summary>\n")


def setup(app):
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_title, html=(visit_title, depart_title))
    app.add_transform(Letters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
