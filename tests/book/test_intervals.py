"""Values that the book quotes lie in their intervals, and no paragraph has more intervals than a reader can hold."""

import json
import math
import re

import pytest
from conftest import EXECUTED
from prose import BOOK, PAGES, blocks

NUMBER = re.compile(r"-?\d[\d.]*(?:e[+-]?\d+)?")
MOST = 2  # intervals in a paragraph; a small table holds as many as it needs
QUOTED = r"\{glue:text\}`[^`]*?(\w+)\.ipynb::([\w.-]+):[^`]*`"
PAIR = re.compile(rf"(?P<open>[(（]?){QUOTED} ?(?:[%°]|[A-Za-zµ/]+)? ?(?:to|and|到|與|和|至) ?{QUOTED}")
LOW_END, HIGH_END = r"(?:^|[._])(?:low|least|min)$", r"(?:^|[._])(?:high|most|max)$"
WORDED = re.compile(r"\d[^()（）]*[(（]\S+ (?:to|到) [^()（）]+[)）]")  # an interval within words that a notebook glues


def glued(notebook):
    """Return {name: number} of what an executed notebook glued."""
    found = {}
    for output in (each for cell in notebook["cells"] for each in cell.get("outputs", [])):
        name = output.get("metadata", {}).get("scrapbook", {}).get("name")
        text = next((each for kind, each in output.get("data", {}).items() if kind.endswith("text/plain")), "")
        text = "".join(text) if isinstance(text, list) else text
        if name and NUMBER.fullmatch(text):
            found[name] = float(text)
    return found


def outside(numbers):
    """Return (number of values with an interval, those that lie outside theirs)."""
    several = {name: (f"{name}_low", f"{name}_high") for name in numbers}
    several |= {name: (f"{name[:-6]}.low", f"{name[:-6]}.high") for name in numbers if name.endswith(".value")}
    ends = {name: pair for name, pair in several.items() if set(pair) <= set(numbers)}
    return len(ends), [name for name, (low, high) in ends.items() if not numbers[low] <= numbers[name] <= numbers[high]]


ENDS = ("value", "low", "high")
ALIKE = [  # one question, asked on two pages: (notebook, key) twice
    *((("claims", f"llama.gap.{each}"), ("reliability", f"counted.hours.{each}")) for each in ENDS),
    *(
        (
            ("training", f"size.job.{way}.72.{each}"),
            ("domain_size", f"relative.gb200-nvl72.training_job.{way}.72.{each}"),
        )
        for way in ("device", "dollar")
        for each in ENDS
    ),
    (("claims", "pool.48"), ("fabric", "utilisation.48")),
    (("claims", "demand.peak_load"), ("serving", "day.busy")),
    (("claims", "against.domain.scale_up_bandwidth.value"), ("systems", "total.over")),
    (("claims", "training.bubble.1.value"), ("moe_idle", "bubble.1F1B.share")),
    (("claims", "stranded.160.384"), ("fabric", "pool.384.160.stranded")),
    (("domain_size", "problem_memory.base"), ("serving", "gigabytes.capacity")),
    *((("serving", f"rents.{name}"), ("purchase", f"machine.{name}.rent")) for name in ("gb200-nvl72", "hgx-b200")),
]


def unlike(pairs, numbers):
    """Return the pairs of (notebook, key) whose numbers differ; a number that is not there is a KeyError."""
    return [(one, two) for one, two in pairs if not math.isclose(numbers[one], numbers[two], rel_tol=1e-9)]


def test_the_same_question_has_the_same_answer_on_every_page_and_each_is_quoted():
    names = {notebook for pair in ALIKE for notebook, _ in pair}
    if not all((EXECUTED / f"{name}.ipynb").is_file() for name in names):
        pytest.skip("not every notebook was built: make book")
    read = {name: glued(json.loads((EXECUTED / f"{name}.ipynb").read_text(encoding="utf-8"))) for name in names}
    numbers = {(name, key): number for name, found in read.items() for key, number in found.items()}
    assert not unlike(ALIKE, numbers)
    quoted = set(re.findall(QUOTED, "".join(path.read_text(encoding="utf-8") for path in PAGES)))
    assert not {each for pair in ALIKE for each in pair} - quoted, "compare what pages quote"


def test_an_answer_that_differs_is_seen():
    numbers = {("a", "x"): 1.0, ("b", "y"): 1.0, ("c", "z"): 1.001}
    assert unlike([(("a", "x"), ("b", "y")), (("a", "x"), ("c", "z"))], numbers) == [(("a", "x"), ("c", "z"))]


def test_values_that_the_book_quotes_lie_in_their_intervals():
    notebooks = sorted(EXECUTED.glob("*.ipynb"))
    if not notebooks:
        pytest.skip("no notebook was built: make book")
    counts, lost = 0, []
    for path in notebooks:
        number, found = outside(glued(json.loads(path.read_text(encoding="utf-8"))))
        counts, lost = counts + number, lost + [f"{path.stem}: {name}" for name in found]
    assert not lost
    assert counts or len(notebooks) < 5


def test_a_value_outside_its_interval_is_seen():
    numbers = {"a": 1.0, "a_low": 0.5, "a_high": 0.9, "b.value": 1.0, "b.low": 0.5, "b.high": 2.0, "c_low": 1.0}
    assert outside(numbers) == (2, ["a"])
    output = {"metadata": {"scrapbook": {"name": "x"}}, "data": {"application/papermill.record/text/plain": "1.5e-06"}}
    assert glued({"cells": [{"outputs": [output]}]}) == {"x": 1.5e-6}


def intervals(block, words):
    """Return how many intervals a block of Markdown quotes: pairs of ends, and words that hold one.

    words: {(notebook, key): text} of what notebooks glue as words. Two values in brackets are a pair whatever their
    names, two in open prose where their names say that they are the low and the high end.
    """
    pairs = 0
    for each in PAIR.finditer(block):
        _, _, low, _, high = each.groups()
        pairs += bool(each["open"]) or bool(re.search(LOW_END, low) and re.search(HIGH_END, high))
    return pairs + sum(bool(WORDED.search(words.get(found, ""))) for found in re.findall(QUOTED, block))


def glued_words():
    """Return {(notebook, key): text} of the words that executed notebooks glue, nothing where none was executed."""
    found = {}
    for path in sorted(EXECUTED.glob("*.ipynb")):
        for output in (
            each for cell in json.loads(path.read_text("utf-8"))["cells"] for each in cell.get("outputs", [])
        ):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            text = next((each for kind, each in output.get("data", {}).items() if kind.endswith("text/plain")), "")
            found[path.stem, name] = "".join(text)
    return found


@pytest.fixture(scope="module")
def words():
    return glued_words()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(BOOK).with_suffix("").as_posix())
def test_two_intervals_at_most_in_a_paragraph_item_or_caption_also_in_boxes_and_answers_of_problems(path, words):
    """A paragraph of a box or of a worked problem counts like any other; each given of a list is an item of its own."""
    read = [block.strip() for block in blocks(path.read_text(encoding="utf-8"))]
    full = {block: count for block in read if block[0] != "|" and (count := intervals(block, words)) > MOST}
    assert not full, "a small table holds them, or say fewer:\n" + "\n".join(
        f"{count} in: {block[:300]}" for block, count in full.items()
    )


def test_the_count_sees_intervals_in_both_languages_and_only_them():
    def quote(key, form=".1f"):
        return f"{{glue:text}}`executed/a.ipynb::{key}:{form}`"

    low, high = quote("b.low"), quote("b.high")
    assert (
        intervals(f"It takes {quote('b.value')} ({low} to {high}) µs, 從 {low} 到 {high}，（{low} 到 {high}）", {}) == 3
    )
    assert (
        intervals(f"from {quote('c_least')} % to {quote('c_most')} %, ({quote('d.one')} to {quote('d.two')})", {}) == 2
    )
    assert intervals(f"{quote('b.value')} and {quote('c.value')}, {quote('radix')} to {quote('size')}", {}) == 0
    told = {("a", "told"): "'0.47 (0.40 to 0.55) USD'", ("a", "busy"): "'always (never)'"}
    assert intervals(f"{quote('told', 's')} or {quote('busy', 's')}", told) == 1
    page = f":::{{admonition}} Box\n:class: tip\n- {quote('b.value')} ({low} to {high})\n- ({low} to {high})\n:::\n"
    assert [intervals(block, {}) for block in blocks(page) if intervals(block, {})] == [1, 1]
