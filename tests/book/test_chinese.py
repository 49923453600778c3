"""What the build itself says in Chinese: letters of laws, round numbers, navigation, numbers of figures, and search."""

import csv
import html
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from conftest import EXECUTED, SITE
from docutils import nodes
from docutils.utils import new_document
from sphinx import addnodes

from model.laws import two_tiers
from model.notation.nomenclature import NOMENCLATURE
from model.views import figures

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import chinese  # noqa: E402
import counted  # noqa: E402
import editions  # noqa: E402
import glued  # noqa: E402
import letters  # noqa: E402
import searching  # noqa: E402
import terms  # noqa: E402


def test_every_letter_has_its_meaning_in_chinese_and_of_the_words_that_stand_in_english():
    with letters.CHINESE.open(encoding="utf-8", newline="") as table:
        rows = {row["name"]: row for row in csv.DictReader(table)}
    meanings = {str(symbol): entry.meaning for symbol, entry in NOMENCLATURE.items()}
    assert rows.keys() == meanings.keys(), "book/zh/letters.csv has one row for each symbol of the nomenclature"
    old = [name for name, row in rows.items() if row["english"] != meanings[name]]
    assert not old, f"say {old} anew in book/zh/letters.csv, with the English words beside them"
    assert not [name for name, row in rows.items() if not re.search("[一-鿿]", row["chinese"])]


def test_letters_of_a_law_are_explained_in_chinese_on_a_chinese_page():
    laws = [figures.Law(equation) for equation in two_tiers.two_tier.equations[1:3]]
    document = new_document("page")
    document += [nodes.math_block(law.text, law.text, law=law.behind) for law in laws]
    letters.below(list(document.children), {"inner_share"}, chinese=True)
    notes = document.children[-1].astext()
    assert notes.startswith("其中 ") and notes.endswith("。") and "前文已說明：" in notes
    assert "V 每個 rank 總共送出的位元組（B）；" in notes


@pytest.mark.parametrize(
    "printed, said",
    [
        ("10,000", "1 萬"),
        ("100,000", "10 萬"),
        ("15,000", "1.5 萬"),
        ("300,000,000", "3 億"),
        ("120,000,000", "1.2 億"),
        ("71,430,000", "7,143 萬"),
        ("16,384", "16,384"),
        ("2,000", "2,000"),
        ("0.51", "0.51"),
        ("always", "always"),
    ],
)
def test_round_numbers_are_counted_in_myriads_and_stay_what_they_are(printed, said):
    assert chinese.in_myriads(printed) == said
    units = {word: unit for unit, word in chinese.MYRIADS.items()}
    digits, _, word = said.replace(",", "").partition(" ")
    if word:
        assert round(float(digits) * units[word]) == int(printed.replace(",", ""))


@pytest.mark.parametrize(
    "printed, scale, said",
    [
        ("526", "千", "52.6 萬"),
        ("1,240", "千", "124 萬"),
        ("10", "千", "1 萬"),
        ("5", "千", "5 千"),
        ("83", "百萬", "8,300 萬"),
        ("0.85", "百萬", "85 萬"),
        ("6.80", "百萬", "680 萬"),
        ("120", "百萬", "1.2 億"),
    ],
)
def test_thousands_and_millions_are_counted_in_myriads_and_stay_what_they_are(printed, scale, said):
    assert chinese.rescaled(printed, scale) == said
    units = chinese.SCALES | {word: unit for unit, word in chinese.MYRIADS.items()}
    digits, word = said.replace(",", "").split()
    assert float(digits) * units[word] == pytest.approx(float(printed.replace(",", "")) * units[scale])


def test_a_scale_behind_a_glued_number_goes_into_it_and_other_words_stay():
    def value(number):
        return nodes.inline("", number, classes=["pasted-text"])

    linked = nodes.reference("", "", value("66"))
    texts = [nodes.Text(each) for each in (" 千 tokens/s 對 ", " 千。又 ", " 千分之 ", " 百萬套")]
    prose = nodes.paragraph(
        "", "", value("526"), texts[0], linked, texts[1], value("30"), texts[2], value("83"), texts[3]
    )
    cell = nodes.table("", nodes.paragraph("", "", value("6.8"), nodes.Text(" 百萬元")))
    document = new_document("page")
    document += [prose, cell]
    chinese.say_glued(None, document, "zh/generations")
    assert cell.astext() == "680 萬元"
    assert prose.astext() == "52.6 萬 tokens/s 對 6.6 萬。又 30 千分之 8,300 萬套"


def test_no_chinese_page_leaves_a_number_in_thousands_or_millions_to_the_reader():
    """What the notebooks give in thousands or millions is followed by its scale, which the build takes into it."""
    for page in [*(ROOT / "book" / "zh").glob("*.md"), ROOT / "book" / "summary_zh.md"]:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"（\{glue[^）]*）(千|百萬)", text), (
            f"{page.name}: a scale behind brackets reaches one number"
        )
        assert not re.search(r"\d ?千(?![分萬億])", text), f"{page.name}: a number typed in thousands"


def test_numbers_of_prose_are_counted_and_those_of_tables_are_not():
    def value():
        return nodes.inline("", "100,000", classes=["pasted-text"])

    prose = nodes.paragraph("", "", nodes.Text("共 "), value(), nodes.Text(" 個裝置"))
    linked = nodes.paragraph("", "", nodes.reference("", "", value()), nodes.Text(" tokens"))
    table = nodes.table("", nodes.paragraph("", "", value()))
    word = nodes.inline("", "small kernels", classes=["pasted-text"])
    words = nodes.paragraph("", "", nodes.Text("最長的是 "), word, nodes.Text(" 的時間"))
    document = new_document("page")
    document += [prose, linked, table, words]
    chinese.say_glued(None, document, "bandwidth")
    assert document.astext().count("100,000") == 3
    chinese.say_glued(None, document, "zh/bandwidth")
    assert [each.astext() for each in document.children] == [
        "共 10 萬個裝置",
        "10 萬 tokens",
        "100,000",
        "最長的是小 kernel 的時間",
    ]


@pytest.mark.parametrize(
    "words, said",
    [
        ("small kernels", "小 kernel"),
        ("8 × H100 server", "八卡 H100 伺服器"),
        ("0.064 (0.049 to 0.080)", "0.064（0.049 到 0.080）"),
        ("8, 32 and 160", "8、32 與 160"),
        ("16, 32, 1,024", "16、32、1,024"),
        ("gb200-nvl72", "gb200-nvl72"),
    ],
)
def test_words_that_are_glued_are_said_in_chinese(words, said):
    assert chinese.in_words(words) == said


NAMES = {str(symbol) for symbol in NOMENCLATURE} | {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")}
KEPT = {"english.", "words.", "host."}  # what stands in a language of its own, and names of software


def test_no_word_that_is_glued_into_a_chinese_page_stays_english():
    if not list(EXECUTED.glob("*.ipynb")):
        pytest.skip("there is no executed notebook: run make book")
    lost = {}
    for path in (ROOT / "book" / "zh").glob("*.md"):
        quoted = re.findall(r"executed/(\w+)\.ipynb::([\w.-]+):s`", path.read_text(encoding="utf-8"))
        for notebook, key in quoted:
            bundle = glued.glued_values(str(EXECUTED / f"{notebook}.ipynb"))[key]["data"]
            words = chinese.in_words("".join(bundle["text/plain"]).strip("'"))
            english = set(re.findall(r"\b[a-z]{3,}\b", words)) - NAMES - {"kernel", "rank"}
            if english and not key.startswith(tuple(KEPT)):
                lost[f"{path.stem}: {key}"] = words
    assert not lost, "say them in book/zh/words.csv"


def test_both_halves_count_alike_and_english_does_not_count_chinese():
    numbers = {
        "a": {"figure": {"x": (1,), "y": (2,)}},
        "zh/a": {"figure": {"zh-y": (3,), "zh-own": (4,), "zh-x": (5,)}},
        "b": {"figure": {"id7": (6,)}, "displaymath": {"equation-eq-p": (2,)}},
        "zh/b": {"figure": {"zh-z": (7,)}, "displaymath": {"equation-zh-eq-p": (1,)}},
    }
    editions.renumber(numbers, {("b", "id7"): "z"})
    assert numbers["a"]["figure"] == {"x": (1,), "y": (2,)}
    assert numbers["zh/a"]["figure"] == {"zh-x": (1,), "zh-y": (2,), "zh-own": (4,)}
    assert numbers["b"] == {"figure": {"id7": (3,)}, "displaymath": {"equation-eq-p": (1,)}}
    assert numbers["zh/b"] == {"figure": {"zh-z": (3,)}, "displaymath": {"equation-zh-eq-p": (1,)}}


def test_a_page_goes_on_in_its_own_edition():
    order = ["index", "a", "summary_zh", "zh/a", "b"]
    ends = zip([None, *order], order, [*order[1:], None], strict=False)
    relations = {name: [None, before, after] for before, name, after in ends}
    assert editions.neighbour(relations, "a", 2) == "b" and editions.neighbour(relations, "b", 1) == "a"
    assert editions.neighbour(relations, "summary_zh", 2) == "zh/a"
    assert editions.neighbour(relations, "summary_zh", 1) is None and editions.neighbour(relations, "zh/a", 2) is None


def test_the_book_as_one_page_leaves_the_chinese_chapters_out():
    toctree = addnodes.toctree(entries=[(None, "a"), (None, "zh/a")], includefiles=["a", "zh/a"])
    link = addnodes.pending_xref("", reftarget="zh/a")
    document = new_document("page")
    document += [toctree, nodes.paragraph("", "", link)]
    env = SimpleNamespace(docname="summary_zh", metadata={})
    editions.leave_out_of_one_page(SimpleNamespace(builder=SimpleNamespace(name="html"), env=env), document)
    assert len(toctree["entries"]) == 2 and link["reftarget"] == "zh/a"
    editions.leave_out_of_one_page(SimpleNamespace(builder=SimpleNamespace(name="singlehtml"), env=env), document)
    assert toctree["entries"] == [(None, "a")] and toctree["includefiles"] == ["a"] and link["reftarget"] == "a"


def test_the_index_holds_what_a_query_asks_for(browser):
    language = searching.EnglishAndChinese({})
    tab = browser.new_page()
    tab.evaluate(f"(() => {{ {language.js_splitter_code} window.splitQuery = splitQuery; }})()")
    for query in ("超節點", "域", "H100 上的頻寬", "scale_up 縱向擴展域", "expert parallelism", "MTBF、可靠度", "µs"):
        asked = tab.evaluate("query => splitQuery(query)", query)
        assert asked and set(asked) <= set(language.split(query)), query
    assert tab.evaluate("splitQuery('在H100上量測')") == ["在", "H100", "上量", "量測"]
    assert tab.evaluate("splitQuery('')") == []
    tab.close()


def test_every_term_of_the_glossary_has_its_chinese_half():
    english, said = (terms.glossary(ROOT / "book" / folder / "glossary.md") for folder in ("", "zh"))
    named = {re.search(r"（(.*)）$", term)[1] if term[0] > "~" else term.partition("（")[0] for term in said.values()}
    assert named == set(english), "book/glossary.md and book/zh/glossary.md list the same terms"
    assert not [term for term in said.values() if not re.search("[一-鿿]", term)]


def test_a_word_that_means_something_else_on_a_page_leads_nowhere_there():
    for page, words in terms.ELSEWHERE.items():
        listed = [terms.glossary(ROOT / "book" / folder / "glossary.md") for folder in ("", "zh")]
        assert (ROOT / "book" / f"{page}.md").is_file() and words <= set(listed[0]) | set(listed[1])


def test_a_glossary_gives_the_words_that_prose_uses(tmp_path):
    page = tmp_path / "glossary.md"
    page.write_text(
        "# 詞彙表\n\n:::{glossary}\n域（domain）\n  甲。\n\n縱向擴展域（scale-up domain）\n  乙。\n:::\n", "utf-8"
    )
    assert list(terms.glossary(page)) == ["縱向擴展域", "域"]
    assert terms.glossary(page)["域"] == "域（domain）"


@pytest.mark.skipif(not (SITE / "zh").is_dir(), reason="there is no built site: run make book")
@pytest.mark.parametrize("path", sorted((SITE / "zh").glob("*.html")), ids=lambda path: path.stem)
def test_halves_lead_to_each_other_and_carry_the_same_numbers(path):
    there = SITE / path.name
    text, english = path.read_text(encoding="utf-8"), there.read_text(encoding="utf-8")
    assert f'<a class="edition" href="../{path.name}" hreflang="en" lang="en">English</a>' in text
    assert f'<a class="edition" href="zh/{path.name}" hreflang="zh-Hant" lang="zh-Hant">中文</a>' in english
    for page, own, other in ((text, "", "../"), (english, "zh/", "")):
        assert (
            f'hreflang="zh-Hant" href="{own}{path.name}"' in page and f'hreflang="en" href="{other}{path.name}"' in page
        )
    for pattern in (r'class="caption-number">\D*(\d+) ?<', r'class="eqno">\((\d+)\)'):
        assert re.findall(pattern, text) == re.findall(pattern, english)


@pytest.mark.skipif(not (SITE / "zh").is_dir(), reason="there is no built site: run make book")
def test_the_side_bar_and_the_words_around_a_chinese_page_are_chinese():
    text = (SITE / "zh" / "bandwidth.html").read_text(encoding="utf-8")
    bar = re.search(r'<nav class="bd-links.*?</nav>', text, re.DOTALL)[0]
    listed = re.findall(r'class="reference internal" href="([^"#]*)', bar)
    assert listed[0] == "../summary_zh.html" and listed.count("../summary_zh.html") == 1
    assert "method.html" in listed and "../references.html" in listed
    assert "../method.html" not in listed and "../index.html" not in listed
    assert not re.search(r"On this page|Skip to main content|>previous<|>next<|Fig\. \d|>equation \d|>Contents<", text)
    english = (SITE / "bandwidth.html").read_text(encoding="utf-8")
    bar = re.search(r'<nav class="bd-links.*?</nav>', english, re.DOTALL)[0]
    assert "summary_zh.html" in bar and "zh/" not in bar


@pytest.mark.skipif(not (SITE / "search_zh.html").is_file(), reason="there is no built site: run make book")
def test_the_search_page_of_the_chinese_edition_speaks_chinese(browser):
    for page in ("summary_zh.html", "zh/bandwidth.html"):
        [field] = BeautifulSoup((SITE / page).read_text("utf-8"), "html.parser").select("form.bd-search[action]")[:1]
        assert field["action"].removeprefix("../") == "search_zh.html"
    assert 'action="search.html"' in (SITE / "bandwidth.html").read_text(encoding="utf-8")
    tab = browser.new_page()
    troubles = []
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    for words, found in (("超節點", "頁"), ("這裡沒有的詞彙組合", "找不到")):
        tab.goto(f"{(SITE / 'search_zh.html').as_uri()}?q={words}")
        tab.wait_for_function("word => document.querySelector('main').innerText.includes(word)", arg=found)
        text = tab.locator(".bd-search-container").inner_text()
        assert not re.search(r"\b(?:Search|search|found|page|Your)\b", text), text
    tab.goto(f"{(SITE / 'search_zh.html').as_uri()}?q=超節點")
    tab.wait_for_selector("#search-results li a")
    links = tab.locator("#search-results li a").evaluate_all("links => links.map(link => link.href)")
    assert [link for link in links if link.split("#")[0].split("?")[0].endswith("/zh/systems.html")]
    assert not troubles
    tab.close()


@pytest.mark.skipif(not (SITE / "zh" / "nomenclature.html").is_file(), reason="there is no built site: run make book")
def test_the_chinese_nomenclature_says_what_every_symbol_means():
    soup = BeautifulSoup((SITE / "zh" / "nomenclature.html").read_text("utf-8"), "html.parser")
    shown = {cell.get_text(strip=True) for cell in soup.select("#zh-nomenclature-table td")}
    known = letters.said_in_chinese()
    used = {name for name in known if name in shown}
    assert len(used) == len(soup.select("#zh-nomenclature-table tbody tr")) > 300
    assert not [name for name in used if known[name] not in shown]
    assert {cell.get_text(strip=True) for cell in soup.select("#zh-nomenclature-table thead th")} >= {"符號", "意義"}


@pytest.mark.skipif(not (SITE / "_data").is_dir(), reason="there is no built site: run make book")
def test_what_is_said_of_data_is_said_of_the_english_page():
    pages = {json.loads(path.read_text(encoding="utf-8"))["page"] for path in (SITE / "_data").rglob("*.json")}
    assert pages and not [page for page in pages if page.startswith("zh/") or page.startswith("summary_zh")]


def heads_shown():
    """Return the heads of tables that Chinese pages show, as notebooks glue them, and those of counted records."""
    found = {head for _, _, heads in counted.TABLES.values() for head in heads}
    for path in [*(ROOT / "book" / "zh").glob("*.md"), ROOT / "book" / "summary_zh.md"]:
        shown = re.findall(r"\{glue:\w+\} (?:\.\./)?executed/(\w+)\.ipynb::(\S+)", path.read_text(encoding="utf-8"))
        for notebook, key in shown:
            markup = glued.glued_values(str(EXECUTED / f"{notebook}.ipynb"))[key]["data"].get("text/html", "")
            found |= {html.unescape(head) for head in re.findall(r"<th[^>]*>([^<>]+)</th>", "".join(markup))}
    return {head.strip() for head in found} - {""}


def test_no_head_of_a_table_on_a_chinese_page_stays_english():
    if not list(EXECUTED.glob("*.ipynb")):
        pytest.skip("there is no executed notebook: run make book")
    heads = heads_shown()
    assert len(heads) > 200
    left = sorted(head for head in heads if chinese.english_words(chinese.in_table(head)))
    assert not left, "say them in book/zh/words.csv"


def said_in_cells():
    """Yield (notebook, key, text) of each piece of text in the cells of tables that Chinese pages show, as they do."""
    for path in [*(ROOT / "book" / "zh").glob("*.md"), ROOT / "book" / "summary_zh.md"]:
        shown = re.findall(r"\{glue:\w+\} (?:\.\./)?executed/(\w+)\.ipynb::(\S+)", path.read_text(encoding="utf-8"))
        for notebook, key in shown:
            bundle = glued.glued_values(str(EXECUTED / f"{notebook}.ipynb"))[key]["data"]
            markup = "".join(bundle.get("text/html", ""))
            if "<table" not in markup or "<fieldset" in markup or "<script" in markup:
                continue
            soup = BeautifulSoup(chinese.table_said(markup), "html.parser")
            for kept in soup.select(".math, code, [lang='zh-Hant']"):
                kept.decompose()
            for cell in soup.select("tbody td, tbody th, tfoot td"):
                yield from ((notebook, key, str(piece).strip()) for piece in cell.find_all(string=True))


def test_no_words_in_a_cell_of_a_table_on_a_chinese_page_stay_english():
    """Names without a blank stay, as of sets of rows and releases, and commands, which are typed as they are."""
    if not list(EXECUTED.glob("*.ipynb")):
        pytest.skip("there is no executed notebook: run make book")
    pieces = list(said_in_cells())
    left = {each for each in pieces if " " in each[2] and chinese.english_words(each[2])}
    left = {each for each in left if not each[2].startswith("python -m model ")}
    assert len(pieces) > 1000
    assert not left, "say them in book/zh/words.csv, or a clause of them: " + "\n".join(map(str, sorted(left)))


def test_captions_of_chinese_pages_are_chinese():
    for path in [*(ROOT / "book" / "zh").glob("*.md"), ROOT / "book" / "summary_zh.md"]:
        text = path.read_text(encoding="utf-8")
        for caption in re.findall(r"^```\{glue:(?:table|figure)\}.*\n(?::.*\n)*\n(.*)", text, re.MULTILINE):
            prose = re.sub(r"\{[\w:]+\}`[^`]*`", "", caption)
            assert re.search("[一-鿿]{4}", prose), f"{path.name}: {caption}"
            english = re.findall(r"(?:\b[a-z]{3,}\b[ ,]+){4,}", prose)
            assert not english, f"{path.name}: {english}"


@pytest.mark.parametrize(
    "cell, said",
    [
        ("training, 16,384 devices", "訓練、16,384 個裝置"),
        ("our reading: at least 0.9", "我們的解讀：至少 0.9"),
        ("DeepSeek-V3, experts on 64 devices", "DeepSeek-V3、專家在 64 個裝置上"),
        ("B200 left out", "略去 B200"),
        ("0.047 (0.038 to 0.061)", "0.047（0.038 到 0.061）"),
        ("0.91", "0.91"),
        ("11.52 EFLOP/s, sparse; as a reader takes it 12 devices", "11.52 EFLOP/s、稀疏；依讀者的理解 12 個裝置"),
        ("devices in one scale-up domain", "一個縱向擴展域的裝置數"),
        ("24% to -52%", "24% 到 -52%"),
        ("a whole number from 2 to 4,096, or None", "2 到 4,096 的整數、或 None"),
        ("a sentence that nobody translated", "a sentence that nobody translated"),
    ],
)
def test_cells_of_tables_are_said_whole_or_by_their_parts(cell, said):
    assert chinese.in_table(cell) == said
    assert bool(chinese.english_words(said)) == cell.startswith("a sentence")


def test_a_table_says_its_words_and_marks_them_as_chinese():
    markup = '<table><tr><th class="x">gain</th></tr><tr><td data-head="mean error">yes</td><td>GB200</td></tr></table>'
    assert chinese.table_said(markup) == (
        '<table><tr><th class="x" lang="zh-Hant">增益</th></tr><tr>'
        '<td data-head="平均誤差" lang="zh-Hant">是</td><td>GB200</td></tr></table>'
    )
    parted = (
        "<table><tr><td><b>C01</b> gain<br>H100</td><td>no <i>and so on</i></td><td><code>gain</code></td></tr></table>"
    )
    assert chinese.table_said(parted) == (
        '<table><tr><td><b>C01</b> <span lang="zh-Hant">增益</span><br>H100</td>'
        '<td><span lang="zh-Hant">否</span> <i>and so on</i></td><td><code>gain</code></td></tr></table>'
    )
