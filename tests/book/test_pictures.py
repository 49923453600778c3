"""Figures of the Chinese edition: no English word but names, the same numbers, each text at its anchor, with room."""

import html
import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import EXECUTED, SITE

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import chinese  # noqa: E402
import glued  # noqa: E402
import pictures  # noqa: E402

from model.laws import two_tiers  # noqa: E402
from model.notation.nomenclature import domain, parallel_time, ranks  # noqa: E402
from model.views import sliders, vega_chart  # noqa: E402

ADDRESS = re.compile(r"\{glue:figure\} (?:\.\./)?executed/(\w+)\.ipynb::(\S+)")
PAGES = [*(ROOT / "book" / "zh").glob("*.md"), ROOT / "book" / "summary_zh.md"]
SHOWN = sorted({each for page in PAGES for each in ADDRESS.findall(page.read_text(encoding="utf-8"))})
ALONE = {("your_machine", "machine")}  # a page of its own, whose words are not said here
NUMBER = re.compile(r"(?<![A-Za-z0-9.,])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?: ?([萬億]))?(?!\w*[A-Za-z])")

built = pytest.mark.skipif(not list(EXECUTED.glob("*.ipynb")), reason="there is no executed notebook: run make book")
each_figure = pytest.mark.parametrize("where", [each for each in SHOWN if each not in ALONE], ids="-".join)


def markup_of(where):
    notebook, key = where
    return "".join(glued.glued_values(str(EXECUTED / f"{notebook}.ipynb"))[key]["data"]["text/html"])


def words_of(markup):
    """Return all texts of a figure that somebody sees or hears, in order."""
    outside = re.sub("<script.*?</script>", "", pictures.SVG.sub("", markup), flags=re.S)
    told = [text for svg in pictures.SVG.findall(markup) for _, text in pictures.LINE.findall(svg)]
    told += pictures.BETWEEN.findall(outside) + [text for _, text in pictures.SAID.findall(markup)]
    for _, data, _ in pictures.SCRIPT.findall(markup):
        live = json.loads(data)
        told += [live["title"]["text"], live["description"], *(axis.get("title", "") for axis in live["axes"])]
        told += [name for scale in live["scales"] if scale["type"] == "ordinal" for name in scale["domain"]]
    return [html.unescape(text) for text in told]


def foreign(text):
    """Return the English words of a text that are no names, units or letters."""
    kept = chinese.HELD | chinese.KEPT | chinese.UNITS
    found = re.findall(r"(?<![\w/-])[A-Za-z]{2,}(?![\w/])", text)
    return [word for word in found if word not in kept]


def numbers(texts):
    """Return how often each number stands in texts, counted in 萬 and 億 or not."""
    units = {word: unit for unit, word in chinese.MYRIADS.items()}
    named = [re.sub(r"\b8 × (?=\w+ server)", "", text) for text in texts]  # a name: 八卡 B200 伺服器
    found = [pair for text in named for pair in NUMBER.findall(text)]
    return Counter(round(float(digits.replace(",", "")) * units.get(word, 1), 6) for digits, word in found)


@built
@each_figure
def test_no_figure_of_a_chinese_page_keeps_english_words(where):
    spoken = words_of(pictures.pictured(markup_of(where)))
    left = {text: foreign(text) for text in spoken if foreign(text)}
    assert spoken and not left, "say them in book/zh/words.csv"


@built
@each_figure
def test_a_figure_has_the_same_numbers_in_both_editions(where):
    english = words_of(markup_of(where))
    assert numbers(words_of(pictures.pictured(markup_of(where)))) == numbers(english)


@built
@each_figure
def test_a_label_beside_the_edge_has_room_for_its_chinese_words(where):
    markup = markup_of(where)
    for svg in pictures.SVG.findall(markup):
        for look, text in pictures.LINE.findall(svg):
            english, said = html.unescape(text).strip(), chinese.in_figure(html.unescape(text).strip())
            if english and not pictures.ANCHORED.search(look):
                room = pictures.width(english, 1) / pictures.width(said, 1)
                assert room >= pictures.SMALLEST - 0.01, f"{english}: {said} takes too much room"


def test_every_number_that_is_compared_is_found():
    assert numbers(["16,384 devices of GB200 NVL72, 0.5 to 7"]) == {16384: 1, 0.5: 1, 7: 1}
    assert numbers(["10 萬個裝置", "1.2 億", "（3）"]) == {100_000: 1, 120_000_000: 1, 3: 1}


@pytest.mark.parametrize(
    "english, said",
    [
        ("100,000 devices", "10 萬個裝置"),
        ("16,384 devices", "16,384 個裝置"),
        ("1,000,000", "100 萬"),
        ("GB200 NVL72, rack of 72", "GB200 NVL72、72 個的機櫃"),
        ("RSC-1: failed jobs of 1,024 devices", "RSC-1：1,024 個裝置的失敗作業"),
        ("small all-reduce, 8 × B200 server", "小型全歸約、八卡 B200 伺服器"),
        ("words that nobody translated, 5", "words that nobody translated, 5"),
    ],
)
def test_words_of_figures_are_said_with_their_numbers(english, said):
    assert chinese.in_figure(english) == said


def text(words, x, y, look="", rotate=""):
    return f'<text style="font-size: 10px{look}" transform="translate({x} {y}){rotate}">{words}</text>'


def group(*lines):
    return f'<svg><g id="f-text_1">{"".join(lines)}</g></svg>'


def test_lines_that_were_centred_stay_centred_in_other_words():
    first, second = "work of one device,", "domains of 8 = 1"
    starts = [100 - pictures.width(each, 10) / 2 for each in (first, second)]
    for up in (False, True):
        place = [(9 + 12 * i, -start) if up else (start, 9 + 12 * i) for i, start in enumerate(starts)]
        lines = [text(each, *at, rotate=" rotate(-90)" * up) for each, at in zip((first, second), place, strict=True)]
        said = pictures.LINE.findall(pictures.drawn(group(*lines)))
        assert [words for _, words in said] == ["一個裝置的工作，", "8 個一域 = 1"]
        for look, _ in said:
            along = pictures.PLACE.search(look)[2 if up else 1]
            assert "text-anchor: middle" in look and float(along) == pytest.approx(-100 if up else 100, abs=0.5)


def test_a_phrase_that_was_broken_is_said_whole_beside_its_axis():
    lines = ["share of an exchange between", "domains that is left exposed"]
    across = pictures.drawn(group(*(text(each, 10, 10 + 12 * i) for i, each in enumerate(lines))))
    assert re.findall(r"translate\(\S+ (\d+)\)[^>]*>([^<]+)<", across) == [("10", "域與域之間的交換沒有隱藏的比例")]
    up = pictures.drawn(group(*(text(each, 10 + 12 * i, 0, rotate=" rotate(-90)") for i, each in enumerate(lines))))
    assert [words for _, words in pictures.LINE.findall(up)] == [
        "域與域之間的交換沒有隱藏的比例"
    ] and "translate(22" in up


def test_a_label_beside_the_edge_gets_smaller_and_one_with_an_anchor_does_not():
    beside = pictures.drawn(group(text("64 ranks", 300, 10)))
    size = float(pictures.SIZE.search(beside)[1])
    begun = pictures.drawn(group(text("64 ranks", 300, 10, look="; text-anchor: start")))
    assert begun.replace("; text-anchor: start", "") == beside
    assert pictures.width("64 個 rank", size) <= pictures.width("64 ranks", 10) + 0.1 and size >= 8
    assert "10px" in pictures.drawn(group(text("64 ranks", 300, 10, look="; text-anchor: end")))


def test_a_live_figure_says_chinese_words_and_draws_the_same_law():
    across, up = sliders.Axis("devices in one scale-up domain", 1, 64), sliders.Axis("ranks of the group", 1, 1e6)
    curves = [sliders.Curve(label, two_tiers.two_tier.solve(parallel_time)) for label in ("both at once", "break-even")]
    numbers_of = {"volume": 1e7, "scale_up_bandwidth": 9e11, "scale_out_bandwidth": 5e10}
    moved = [sliders.Slider(ranks, "Ranks that exchange", 2, 64, 8, whole=True)]
    english = vega_chart.specification((domain, 1, 64), across, up, curves, moved, numbers_of) | {"description": "seen"}
    said = pictures.live(english)
    assert said["data"] == english["data"] and said["signals"] == english["signals"]
    assert said["axes"][0]["title"] == "一個縱向擴展域的裝置數" and said["title"]["text"] == "群組的 rank 數"
    assert [scale["domain"] for scale in said["scales"] if scale["type"] == "ordinal"] == [["兩者同時", "打平"]] * 2
    drawn = [mark["encode"]["update"]["stroke"]["value"] for mark in said["marks"]]
    assert drawn == ["兩者同時", "打平"], "a mark finds its colour by its name"
    assert "萬" in said["axes"][1]["encode"]["labels"]["update"]["text"]["signal"]


def test_all_that_the_comparison_of_a_purchase_says_has_its_row():
    script = (ROOT / "book" / "_ext" / "purchase.js").read_text(encoding="utf-8")
    words = pictures.asked_of("purchase.js")
    assert len(words) > 12 and script.count("say(") - 1 <= sum(script.count(f'"{each}"') for each in words)
    for english, said in words.items():
        assert sorted(chinese.HOLE.findall(english)) == sorted(chinese.HOLE.findall(said))


zh = sorted((SITE / "zh").glob("*.html")) + [SITE / "summary_zh.html"] if SITE.exists() else []
INSIDE = """() => [...document.querySelectorAll("svg.study-figure, .stage svg")].flatMap(svg => {
    const whole = svg.getBoundingClientRect();
    if (!whole.width) return [];
    return [...svg.querySelectorAll("text")].filter(text => {
        const box = text.getBoundingClientRect();
        const across = Math.max(whole.left - box.left, box.right - whole.right);
        return box.width && Math.max(across, whole.top - box.top, box.bottom - whole.bottom) > 2;
    }).map(text => text.textContent);
})"""


@pytest.mark.browser
@pytest.mark.skipif(not zh, reason="there is no built site: run make book")
@pytest.mark.parametrize("wide", [390, 1280])
def test_no_word_of_a_chinese_figure_leaves_its_picture(browser, wide):
    tab = browser.new_page(viewport={"width": wide, "height": 800})
    out, seen = {}, 0
    for path in zh:
        tab.goto(path.as_uri(), wait_until="load")
        seen += tab.locator("svg.study-figure").count()
        if found := tab.evaluate(INSIDE):
            out[path.stem] = found
    tab.close()
    assert seen > 90 and not out


@pytest.mark.browser
@pytest.mark.skipif(not zh, reason="there is no built site: run make book")
def test_figures_that_answer_speak_chinese_when_they_are_moved(browser):
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((SITE / "zh" / "purchase.html").as_uri(), wait_until="load")
    figure = tab.locator(".purchase-figure")
    figure.locator(".stage svg").wait_for()
    for model in range(figure.locator("[name=model] option").count()):
        figure.locator("[name=model]").select_option(index=model)
        for stop in (0, 8, 17):
            figure.locator("[name=speed]").fill(str(stop))
            told = figure.locator("output").inner_text() + figure.locator(".answer").inner_text()
            drawn = figure.locator(".stage").text_content()
            assert not foreign(told) and not foreign(drawn) and "{" not in told
    tab.goto((SITE / "zh" / "reliability.html").as_uri(), wait_until="load")
    live = tab.locator(".slider-figure")
    live.locator(".stage svg").wait_for()
    live.locator("input").first.press("ArrowRight")
    assert not foreign(live.inner_text()) and "10 萬" in live.locator(".stage").text_content()
    tab.close()
