"""Every name that a page quotes is found by searching its notebook, or by the scheme of the function that glues it."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from model.notation.nomenclature import NOMENCLATURE

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "book").glob("*.md")) + sorted((ROOT / "book" / "zh").glob("*.md"))
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").glob("*.ipynb"))
SYMBOLS = set(map(str, NOMENCLATURE))
OWN = {"measured", "held_back"}  # glued where a reader gives measurements of their own: no page can quote it
MADE = {"equations_": "one table for each module of model/laws, named after it"}
WORDS = (
    "model/notation/nomenclature.py",
    "model/numbers/catalog.py",
    "data/blind_sets.csv",
    "data/claims.csv",
)  # labels from lists of the study


def quoted(text, name):
    """Return the names that a page's text quotes from a notebook."""
    return set(re.findall(rf"executed/{name}\.ipynb::([\w.-]*\w)", text))


def source(path):
    """Return the code of a notebook as one text."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def studies(code):
    """Return the text of the modules of model/studies that a notebook's code imports."""
    text = ""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("model.studies"):
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                path = ROOT / f"{name.replace('.', '/')}.py"
                text += path.read_text(encoding="utf-8") if path.is_file() else ""
    return text


def is_found(key, code, labels):
    """Tell whether a name is glued: written out, with _low or _high, by figures.laws, or by figures.values.

    code: of the notebook; labels: text in which rows and columns of frames are looked for.
    """
    if any(f'"{each}"' in code for each in (key, re.sub(r"_(low|high)$", "", key))):
        return True
    prefixes = set(re.findall(r'figures\.laws\([^\n]*prefix="(\w+)"\)', code)) | (
        {"law"} if "figures.laws(" in code else set()
    )
    if any(key.startswith(f"{each}_") and key[len(each) + 1 :] in SYMBOLS for each in prefixes):
        return True
    parts = key.split(".")
    for cut in range(1, len(parts)):
        prefix, rest = ".".join(parts[:cut]), parts[cut:]
        if re.search(rf'figures\.values\(\s*"{re.escape(prefix)}"', code):
            return all(re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", labels) for each in rest)
    return any(key.startswith(each) and f'f"{each}{{' in code for each in MADE)


@cache
def pages():
    return "".join(path.read_text(encoding="utf-8") for path in PAGES)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_quoted_name_is_found_by_searching(path):
    code = source(path)
    labels = code + studies(code) + "".join((ROOT / name).read_text(encoding="utf-8") for name in WORDS)
    keys = quoted(pages(), path.stem)
    assert keys
    lost = sorted(key for key in keys if not is_found(key, code, labels))
    assert not lost, f"notebooks/{path.name}: {lost} are quoted, and no search finds where they are glued"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_is_glued_for_no_page(path):
    keys = quoted(pages(), path.stem) | set(re.findall(rf"executed/{path.stem}/([\w-]+)\.csv", pages()))
    written = set(re.findall(r'figures\.(?:value|draws|law|table|figure|gallery)\(\s*"([\w.-]+)"', source(path)))
    assert not written - keys - OWN, "quote it or take it out"
    prefixes = set(re.findall(r'figures\.values\(\s*"([\w.-]+)"', source(path)))
    assert not {each for each in prefixes - OWN if not any(key.startswith(f"{each}.") for key in keys)}


def test_the_search_finds_what_is_glued_and_nothing_else():
    code = 'figures.value("mean", 1, 0, 2)\nfigures.values("share", frame)\nfigures.laws(counting)\nrow = "large"\n'
    code += 'figures.laws(two_tier, prefix="two_tier")\nfigures.values(\n    "a.b", {"gb200-nvl72": 1})'
    for key in ("mean", "mean_low", "share.large.value", "law_failure_rate", "two_tier_outer_time", "a.b.gb200-nvl72"):
        assert is_found(key, code, code + "value"), key
    for key in ("median", "mean_middle", "share.small.value", "law_no_symbol", "shares.large.value", "a.b.gb200"):
        assert not is_found(key, code, code + "value"), key
    assert quoted("{glue:text}`executed/a.ipynb::b.c-d.e:.2f`. executed/a.ipynb::f", "a") == {"b.c-d.e", "f"}
