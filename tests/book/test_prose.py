"""No number is typed into prose: it is quoted from a notebook, names a case, or belongs to a name."""

import csv
import json
import re
from pathlib import Path

import pytest
import yaml
from prose import PAGES, blocks

from model.numbers.draws import HIGH, LOW

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

NAMES = {
    r"\bC\d\d\b": "claims, by their row",
    r"\bNVL\d+|CloudMatrix384|Feixing-2|Atlas [\d-]+\w*": "systems",
    r"\b(?:[AH]|G?[BH])\d{2,3}\b|\b910[BC]\b|\bhgx-[hb]\d+|\bgb\d+-nvl\d+|\bcloudmatrix384": "devices and systems",
    r"\b(?:racks?|domains?) of 72\b|\bsupernode of 384\b": "the sizes that NVL72 and CloudMatrix384 are named for",
    r"72 個裝置的(?:機櫃|域)|384 個裝置的超節點": "the same sizes",
    r"^\*\*\d+\.\*\*": "the numbers of problems",
    r"\b(?:FP|BF|INT|NVFP)\d+\b|\b8-bit\b": "number formats",
    r"\bDeepSeek-V3(?:\.\d)?|\bDeepSeek-R1|\bLlama 3(?:\.1)?|\bQwen\d\S*|\bRSC-[12]\b|\bTPU v4": "models and clusters",
    r"\b1F1B\b": "a schedule of pipelines",
    r"\b(?:19|20)\d\d\b(?: 年 \d+ 月)?": "dates",
    rf"\b{LOW} (?:to|and|到|和|與) {HIGH} %": "the interval, everywhere the same: another LOW or HIGH would fail here",
    r"\bper 1,000 (?:server-)?days\b|\b1,000 servers\b": "units in which the field counts failures",
    r"每 1,000 (?:台八卡伺服器|伺服器日|天)": "the same units",
    r"\bJupyter Book 1(?:, not |，不是 )2|\bVersion [12]\b|第 [12] 版|\bPython 3(?:\.\d+)?": "versions",
    r"\bApache-2\.0|\bCC BY 4\.0": "licences",
    r"^Table \d|\bTable \d+ of\b|的表 \d": "places in a source",
}


def typed(block):
    """Return the numbers typed into a block that are no part of a name and no label of a value quoted there."""
    cases = {number for key in re.findall(r"::([\w.-]+)", block) for number in re.findall(r"\d+", key)}
    text = re.sub(r"\{[\w:]+\}`[^`]*`|`[^`]*`|\$[^$]*\$|\]\([^)]*\)|^\([\w-]+\)=$|^\s*\d+\. ", " ", block, flags=re.M)
    text = re.sub("|".join(NAMES), " ", text.strip())
    found = re.findall(r"(?<![\w.])\d[\d,.]*(?<![,.])|(?<=\w)\d+", text)
    return [number for number in found if number.replace(",", "") not in cases]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT / "book").with_suffix("").as_posix())
def test_pages_quote_their_numbers(path):
    found = {block: numbers for block in blocks(path.read_text(encoding="utf-8")) if (numbers := typed(block))}
    assert not found, "\n".join(f"{', '.join(numbers)}: {block.strip()[:300]}" for block, numbers in found.items())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_type_no_numbers_between_their_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert not [number for each in text for block in blocks(each) for number in typed(block)]


def test_the_check_sees_typed_numbers_and_only_them():
    assert typed("It takes 12.5 µs on 64 ranks.") == ["12.5", "64"]
    assert typed("At 1,024 {glue:text}`executed/a.ipynb::share_1024:.0%`, at 72 less.") == ["72"]
    assert not typed("An H100 in NVL72 (2024), `--ranks 8`, $x = 3$, {cite:p}`zuo2025`, [there](page2.md).")
    page = "---\na: 1\n---\n# Two\n\n```bash\nrun 1\n```\n\n```{glue:figure} a.ipynb::b\n:name: c-4\n\nOver 7.\n```\n"
    assert [number for block in blocks(page) for number in typed(block)] == ["7"]


COUNTED = re.compile(r"(?:^|[._])(?:rows|number|held|all|points|devices)(?:$|[._])")  # how many rows an error is of
ERRORS = re.compile(r"(?<!random_)error(?:$|[._])")
BEST_OF = {"domain_size": "gain."}  # values at the best of several sizes in each draw: they cannot fall below one
SAID = ("best", "最佳", "最好")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT / "book").with_suffix("").as_posix())
def test_no_error_is_quoted_without_its_rows_and_no_best_of_without_saying_so(path):
    """In each paragraph, item, caption and row of a table in prose; tables that notebooks glue have columns for it."""
    rows, best = [], []
    for block in blocks(path.read_text(encoding="utf-8")):
        quoted = re.findall(r"executed/(\w+)\.ipynb::([\w.-]+):", block)
        errors = [key for _, key in quoted if ERRORS.search(key)]
        rows += [] if not errors or any(COUNTED.search(key) for _, key in quoted) else [block[:200]]
        kept = [key for notebook, key in quoted if key.startswith(BEST_OF.get(notebook, " "))]
        best += [block[:200]] if kept and not any(word in block for word in SAID) else []
    assert not rows, f"say of how many rows: {rows}"
    assert not best, f"say that it is the best of several: {best}"


def chapters():
    """Return the pages of the argument, as the table of contents lists them, but the method; and their halves."""
    listed = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))["parts"][0]["chapters"]
    names = [each["file"] for each in listed if each["file"] != "method"]
    return [f"{folder}{name}" for folder in ("", "zh/") for name in names]


@pytest.mark.parametrize("name", chapters())
def test_a_chapter_begins_with_a_scene_and_a_number(name):
    title, scene, question = blocks((ROOT / "book" / f"{name}.md").read_text(encoding="utf-8"))[:3]
    assert title.strip().startswith("# ") and question.strip().startswith(("**Question.**", "**問題。**"))
    assert re.search(GIVEN, scene) and len(re.findall(r"[.:;,。：；，]", scene)) > 1, "tell who or what, and a number"


PROBLEM = re.compile(r"^\*\*\d+\.\*\* (.*?)\n+:::+\{dropdown\} (?:Answer|解答)\n(.*?)^:::+$", re.MULTILINE | re.DOTALL)
GIVEN = r"\{glue:text\}"
STEP = r"\{eq\}|\{glue:math\}|\{glue:text\}|\$[^$]+\$"  # a law by number or printed, a value on the way, mathematics


@pytest.mark.parametrize("folder", ["", "zh"])
def test_an_edition_has_forty_worked_problems_each_with_givens_and_an_answer_in_steps(folder):
    found = {path.stem: PROBLEM.findall(path.read_text("utf-8")) for path in (ROOT / "book" / folder).glob("*.md")}
    asked = {f"{page} {number}": each for page, many in found.items() for number, each in enumerate(many, 1)}
    numbered = sum(
        len(re.findall(r"^\*\*\d+\.\*\* ", path.read_text("utf-8"), re.M))
        for path in (ROOT / "book" / folder).glob("*.md")
    )
    assert len(asked) == numbered >= 40
    assert not [place for place, (question, _) in asked.items() if not re.search(GIVEN, question)]
    assert not [place for place, (_, answer) in asked.items() if len(re.findall(STEP, answer)) < 2]


def test_every_name_on_the_list_is_still_needed():
    text = "".join(path.read_text(encoding="utf-8") for path in [*PAGES, *NOTEBOOKS])
    assert not [reason for name, reason in NAMES.items() if not re.search(name, text, re.MULTILINE)]


def test_the_chinese_summary_quotes_what_the_english_pages_quote_and_every_verdict():
    chinese = (ROOT / "book" / "summary_zh.md").read_text(encoding="utf-8")
    english = "".join(path.read_text("utf-8") for path in (ROOT / "book").glob("*.md") if path.stem != "summary_zh")
    quoted = set(re.findall(r"executed/\w+\.ipynb::[\w.-]+", chinese))
    assert len(quoted) > 50
    assert not quoted - set(re.findall(r"executed/\w+\.ipynb::[\w.-]+", english))
    table = (ROOT / "data" / "claims.csv").read_text(encoding="utf-8").splitlines()
    claims = {row["claim"] for row in csv.DictReader(table)}
    assert set(re.findall(r"\{verdict\}`(C\d\d)`", chinese)) == claims
    for there, back in (("index.md", "summary_zh.md"), ("summary_zh.md", "index.md")):
        assert f"]({back})" in (ROOT / "book" / there).read_text(encoding="utf-8"), f"{there} does not link to {back}"
