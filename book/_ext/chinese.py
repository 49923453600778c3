"""Says in Chinese, on Chinese pages, what the build itself writes: verdicts, glued words, navigation, names of figures.

{verdict}`C01` is the verdict of a claim. A round number in prose is counted in 萬 and 億: 300,000,000 is 3 億, and so
is one that a notebook gives in thousands or millions and 千 or 百萬 follows: 526 千 is 52.6 萬.
"""

import csv
import html
import re
from decimal import Decimal
from pathlib import Path

from docutils import nodes
from glued import glued_values
from halves import SUMMARY, is_chinese
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

logger = logging.getLogger(__name__)
NAVIGATION = {
    "Appendices": "附錄（英文）",
    "Notebooks": "運算筆記本（英文）",
    "Contents": "本頁內容",
    "On this page": "本頁內容",
    "Search": "搜尋",
    "Search...": "搜尋…",
    "Error": "錯誤",
    "Please activate JavaScript to enable the search functionality.": "要搜尋，請啟用 JavaScript。",
    "Skip to main content": "跳到正文",
    "Back to top": "回到頂端",
    "previous": "上一頁",
    "previous page": "上一頁",
    "next": "下一頁",
    "next page": "下一頁",
    "Color mode": "色彩模式",
    "Light": "淺色",
    "Dark": "深色",
    "System Settings": "依系統設定",
    "By": "作者：",
    "Toggle primary sidebar": "顯示或隱藏全書目錄",
    "Toggle secondary sidebar": "顯示或隱藏本頁內容",
    "Fullscreen mode": "全螢幕",
    "Download this page": "下載本頁",
    "Download source file": "下載原始檔",
    "Download notebook file": "下載筆記本",
    "Print to PDF": "列印成 PDF",
}
MARKS = {  # in the text of a page, as Sphinx writes it
    r'(class="(?:caption-number|std std-numref)">)Fig\. ': r"\1圖 ",
    r'(class="(?:caption-number|std std-numref)">)Table ': r"\1表 ",
    r'(<a class="reference internal" href="[^"]*#equation-[^"]*">)equation ': r"\1式 ",
    r'(class="headerlink"[^>]* title=")(?:Link|Permalink) to this [a-z]+"': r'\1連到這裡"',
}
with Path(__file__).parents[1].joinpath("zh", "words.csv").open(encoding="utf-8", newline="") as table:
    WORDS = {row["english"]: row["chinese"] for row in csv.DictReader(table)}  # of glued words, tables and figures
with Path(__file__).parents[1].joinpath("zh", "letters.csv").open(encoding="utf-8", newline="") as table:
    WORDS |= {row["english"]: row["chinese"] for row in csv.DictReader(table)}  # what symbols mean
PATTERNS = {  # in glued words
    r"^8 × (\w+) server$": r"八卡 \1 伺服器",
    r"^([-+]?[\d.,]+ ?%?) to ([-+]?[\d.,]+ ?%?)$": r"\1 到 \2",
    r"(?<=\S) \(([\d.,]+) to ([\d.,]+)\)": r"（\1 到 \2）",
    r"\bmillion CNY\b": "百萬元人民幣",
    r"(?<=\d) and (?=\d)": " 與 ",
    r"\bAscend all-in-one\b": "昇騰一體機",
    r"\bHuawei (?=\w)": "華為 ",
    ", ": "、",
}
# In a row of WORDS: {1} is a number, {a} words that are said in Chinese in their turn, {A} words kept as they are.
HOLE = re.compile(r"\{(\w)\}")


def _pattern(english):
    """Return the regular expression of a row of WORDS that has holes."""
    pieces = HOLE.split(english)
    holes = [rf"(?P<n{each}>\d(?:[\d,.]*\d)?)" if each.isdigit() else f"(?P<{each}>.+?)" for each in pieces[1::2]]
    return re.compile(
        "".join(text for pair in zip(map(re.escape, pieces[::2]), [*holes, ""], strict=True) for text in pair)
    )


# What says most by itself is tried first.
HOLED = sorted((each for each in WORDS if HOLE.search(each)), key=lambda each: -len(HOLE.sub("", each)))
PHRASES = {each: (_pattern(each), WORDS.pop(each)) for each in HOLED}
CELL = re.compile(r"<(th|td)\b([^>]*)>([^<>]+)</\1>")
PARTED = re.compile(r"(<t[hd]\b[^>]*>)((?:(?!</t[hd]>).)*<(?!/t[hd]>).*?)(</t[hd]>)", re.DOTALL)  # a cell with tags
# The names among the words of figures that are the same in both languages.
HELD = {
    *re.findall(
        r"\w+",
        "Young Daly Weibull Slim Fly Dragonfly DualPipe InfiniBand RSC TPU Epoch SPARe SemiAnalysis GenZ RDMA Llama "
        "Rubin Ultra Atlas SuperPOD SuperPoD Vera Maverick DeepSeek Kimi Qwen GPT OSS GLM MiniMax Mixtral MB GB GiB "
        "HBM INT FP NVFP USD numpy",
    )
}
KEPT = {"token", "tokens", "rank", "ranks", "dispatch", "combine", "all", "reduce", "kernel", "prefill", "decode"}
UNITS = {"ms", "us", "ns", "min", "kg", "bit"}
KEPT |= {"numexpr", "mlsysim", "papermill", "gather", "scatter", "op"}  # words that stay, as prose has them
MYRIADS = {10**8: "億", 10**4: "萬"}
SCALES = {"千": 10**3, "百萬": 10**6}  # in which a notebook gives a number, and Chinese does not count
SCALE = re.compile(f" ?({'|'.join(SCALES)})(?![分萬億])")
HAN = "㐀-鿿"


class Verdict(SphinxRole):
    """The verdict that the claims notebook computed; one that is not known here is a warning, which stops the build."""

    def run(self):
        path = Path(self.env.srcdir, "executed", "claims.ipynb")
        self.env.note_dependency(str(path))
        glued = glued_values(str(path)).get(f"verdict.{self.text}")
        verdict = "".join(glued["data"]["text/plain"]).strip("'") if glued else None
        if verdict not in WORDS:
            logger.warning(
                f"verdict: {path.name} has none of {self.text} that is known here", location=self.get_location()
            )
        return [nodes.strong("", WORDS.get(verdict, "?"))], []


def in_myriads(number):
    """Return a number printed as 300,000 the way Chinese counts it, 30 萬; as it is where that is no shorter."""
    if not re.fullmatch(r"\d{1,3}(?:,\d{3})+", number):
        return number
    value = int(number.replace(",", ""))
    for unit, word in MYRIADS.items():
        if value >= unit and value * 10 % unit == 0:
            return f"{value / unit:,.1f}".removesuffix(".0") + f" {word}"
    return number


def rescaled(number, scale):
    """Return a number printed in thousands (千) or millions (百萬) as Chinese counts it: 526 千 is 52.6 萬.

    It keeps its digits; below 萬 it stays as it is.
    """
    value = Decimal(number.replace(",", "")) * SCALES[scale]
    for unit, word in MYRIADS.items():
        if value >= unit:
            digits = f"{value / unit:,f}"
            return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits} {word}"
    return f"{number} {scale}"


def in_words(glued):
    """Return words that a notebook glues in Chinese, and lists with Chinese commas; others as they are."""
    words = WORDS.get(glued, glued)
    for english, chinese in PATTERNS.items():
        words = re.sub(english, chinese, words)
    return words


def in_table(words):
    """Return the words of a table's cell in Chinese: whole, or by their parts among commas; others as they are."""
    if words in WORDS:
        return WORDS[words]
    for pattern, chinese in PHRASES.values():
        if found := pattern.fullmatch(words):
            parts = found.groupdict().items()
            inside = {key.removeprefix("n"): part if key.isupper() else in_table(part) for key, part in parts}
            said = HOLE.sub(lambda hole, inside=inside: "" if hole[1].isupper() else inside[hole[1]], chinese)
            if not english_words(said):
                return HOLE.sub(lambda hole, inside=inside: inside[hole[1]], chinese)
    whole = in_words(words)
    if whole != words and not english_words(whole):
        return whole
    for mark, joint in (("; ", "；"), (", ", "、")):
        parts = words.split(mark) if mark in words else []
        if parts and all(part in WORDS or not english_words(in_table(part)) for part in parts):
            return joint.join(map(in_table, parts))
    return words


def in_figure(words):
    """Return words of a figure in Chinese, as `in_table` does, its round numbers counted in 萬 and 億."""
    counted = re.sub(
        r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w.,]*\d)", lambda number: in_myriads(number[0]), in_table(words)
    )
    return re.sub(f"(?<=[{''.join(MYRIADS.values())}]) (?=[{HAN}])", "", counted)


def english_words(text):
    """Return the English words in a text that Chinese prose does not keep: units, names and letters stay."""
    return [word for word in re.findall(r"(?<![\w/-])[a-z]{2,}(?![\w/])", text) if word not in KEPT | UNITS]


def table_said(markup):
    """Return the HTML of a table with its heads and cells in Chinese, where the dictionary has their words.

    A cell with tags inside, as line breaks, is said piece by piece.
    """

    def said(found):
        tag, attributes, words = found.groups()
        chinese = in_table(html.unescape(words.strip()))
        if chinese == html.unescape(words.strip()):
            return found[0]
        return f'<{tag}{attributes} lang="zh-Hant">{html.escape(chinese, quote=False)}</{tag}>'

    markup = re.sub(
        r'data-head="([^"]*)"', lambda head: f'data-head="{html.escape(in_table(html.unescape(head[1])))}"', markup
    )

    def piece(found):
        before, words, after = re.fullmatch(r"(\s*)(.*?)(\s*)", html.unescape(found[0]), re.DOTALL).groups()
        chinese = in_table(words)
        if not words or chinese == words:
            return found[0]
        return f'{before}<span lang="zh-Hant">{html.escape(chinese, quote=False)}</span>{after}'

    def pieces(found):
        parts = re.split(r"(<code>.*?</code>)", found[2], flags=re.DOTALL)  # what is typed stays as it is
        parts[::2] = [re.sub(r"(?:(?<=>)|\A)[^<>]+(?=<|\Z)", piece, part) for part in parts[::2]]
        return found[1] + "".join(parts) + found[3]

    return PARTED.sub(pieces, CELL.sub(said, markup))


def say_tables(app, doctree):
    """Say in Chinese, on a Chinese page, the words of tables that arrive as HTML; not of one that a script fills."""
    if is_chinese(app.env.docname):
        app.env.note_dependency(str(Path(__file__).parents[1] / "zh" / "words.csv"))
        for shown in doctree.findall(nodes.raw):
            text = shown.astext()
            if shown.get("format") == "html" and "<table" in text and "<script" not in text and "<fieldset" not in text:
                shown.children = [nodes.Text(table_said(text))]


def say_glued(app, doctree, docname):
    """Say what a Chinese page quotes in Chinese: words, and numbers counted in 萬 and 億.

    Round ones in prose, not in tables; those that 千 or 百萬 follows everywhere.
    """
    if not is_chinese(docname):
        return
    for value in list(doctree.findall(nodes.inline)):
        if "pasted-text" in value["classes"]:
            said = in_words(value.astext())
            node = value.parent if isinstance(value.parent, nodes.reference) else value
            said = _take_scale(node, said) or (said if _in_table(value) else in_myriads(said))
            if said != value.astext():
                value.children = [nodes.Text(said)]
                _close_up(node, said)


def _take_scale(node, number):
    """Return a number rescaled by the 千 or 百萬 that follows its node, which goes; None where none follows."""
    after = node.next_node(descend=False, siblings=True)
    found = SCALE.match(after) if isinstance(after, nodes.Text) and re.fullmatch(r"[\d,]+(\.\d+)?", number) else None
    if not found:
        return None
    node.parent.replace(after, nodes.Text(after.removeprefix(found[0])))
    return rescaled(number, found[1])


def _in_table(node):
    while node is not None and not isinstance(node, nodes.table):
        node = node.parent
    return node is not None


def _close_up(node, said):
    """Take away the blanks that Latin letters want beside Chinese ones: 10 萬個, not 10 萬 個."""
    place = node.parent.index(node)
    before, after = (node.parent[each] if 0 <= each < len(node.parent) else None for each in (place - 1, place + 1))
    if isinstance(after, nodes.Text) and re.search(f"[{HAN}）]$", said) and re.match(f" [{HAN}]", after):
        node.parent.replace(after, nodes.Text(after.removeprefix(" ")))
    if isinstance(before, nodes.Text) and re.match(f"[{HAN}]", said) and re.search(f"[{HAN}] $", before):
        node.parent.replace(before, nodes.Text(before.removesuffix(" ")))


def translate(words):
    """Return words of the navigation in Chinese, others as they are."""
    return NAVIGATION.get(words, words)


def speak(app, pagename, templatename, context, doctree):
    """Give a Chinese page's template Chinese words, and its text Chinese names of figures, tables and equations."""
    if app.builder.format != "html" or not is_chinese(pagename):
        return
    for name in ("_", "gettext", "translate"):
        context[name] = translate
    context["theme_search_bar_text"] = translate("Search...")
    context["docstitle"] = app.env.titles[SUMMARY].astext()
    for button in context.get("header_buttons", []):
        for each in (button, *button.get("buttons", [])):
            each["tooltip"] = translate(str(each.get("tooltip", "")))
    for english, chinese in MARKS.items():
        context["body"] = re.sub(english, chinese, context.get("body", ""))
    if whole := context.get("generate_toctree_html"):
        context["generate_toctree_html"] = lambda **options: _captioned(whole(**options))


def _captioned(bar):
    """Return a side bar whose captions are Chinese."""
    for words in bar.select("p.caption .caption-text"):
        words.string = translate(words.get_text())
    return bar


def setup(app):
    app.add_role("verdict", Verdict())
    app.connect("doctree-read", say_tables, priority=400)  # before `editions` marks what stays English
    app.connect("doctree-resolved", say_glued)
    app.connect("html-page-context", speak, priority=950)  # after theme and `editions` have filled the context
    return {"parallel_read_safe": True, "parallel_write_safe": True}
