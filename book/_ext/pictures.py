"""Says in Chinese what figures on Chinese pages carry: labels, alternative texts, the words of sliders and choices.

The drawing stays the notebook's: its texts alone are replaced, each at its own anchor, by rows of book/zh/words.csv.
What a script writes into a figure it asks of the words that stand beside it, in `script.words`.
"""

import html
import json
import re
from functools import cache
from pathlib import Path

from chinese import PHRASES, WORDS, english_words, in_figure
from docutils import nodes
from halves import is_chinese
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

FIGURES = ("study-figure", "slider-figure", "purchase-figure")  # not a page of its own, as your-machine is
SVG = re.compile(r"<svg\b.*?</svg>", re.S)
SCRIPT = re.compile(r'(<script type="application/json">)(.*?)(</script>)', re.S)
GROUP = re.compile(r'(<g id="[^"]*text_\d+">\s*)((?:<text\b[^>]*>[^<]*</text>\s*)+)(?=</g>)')  # the lines of one text
LINE = re.compile(r"<text\b([^>]*)>([^<]*)</text>")
ANCHORED = re.compile("text-anchor: (?:middle|end)")
SIZE = re.compile(r"([\d.]+)px")
PLACE = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)(?: rotate\((-?\d+)\))?")
SAID = re.compile(r'\b(aria-label|data-alt|aria-valuetext)="([^"]*)"')
BETWEEN = re.compile(r">([^<>]*\w[^<>]*)<")
FAMILY = re.compile(r"'DejaVu Sans'(?:, '[^']*')*, sans-serif")  # of the style of the figures
SMALLEST = 0.8  # of its size: no text is made smaller to find room
ASKED = re.compile(r'\bsay\(\s*"([^"]+)"')  # in the script of an interactive figure


@cache
def _font():
    return FT2Font(font_manager.findfont("DejaVu Sans"))


def width(text, size):
    """Return about how wide a text is drawn, in the unit of `size`: a Chinese letter takes a square."""
    font, wide = _font(), sum(ord(each) > 0x2E80 for each in text)
    font.set_size(100, 72)
    font.set_text("".join(each for each in text if ord(each) <= 0x2E80))
    return size * (wide + font.get_width_height()[0] / 6400)


def _anchored(lines):
    """Return [(attributes, text)] of lines that stand apart, each with the anchor at which they all meet.

    lines: [(attributes, English, Chinese)]. matplotlib writes the lines of one text from their starts, wherever they
    are aligned; with other words only the true anchor keeps them together.
    """
    sizes = [float(SIZE.search(look)[1]) for look, *_ in lines]
    places = [PLACE.search(look) for look, *_ in lines]
    if len(lines) < 2 or not all(places):
        return [(look, chinese) for look, _, chinese in lines]
    up = places[0][3] == "-90"
    starts = [-float(place[2]) if up else float(place[1]) for place in places]
    widths = [width(english, size) for (_, english, _), size in zip(lines, sizes, strict=True)]
    spread = {}
    for anchor, share in (("start", 0), ("middle", 0.5), ("end", 1)):
        ends = [start + share * wide for start, wide in zip(starts, widths, strict=True)]
        spread[anchor] = max(ends) - min(ends), sum(ends) / len(ends)
    anchor = min(spread, key=lambda each: spread[each][0])
    if anchor == "start":
        return [(look, chinese) for look, _, chinese in lines]
    along = spread[anchor][1]
    moved = []
    for (look, _, chinese), place in zip(lines, places, strict=True):
        x, y = (place[1], f"{-along:.2f}") if up else (f"{along:.2f}", place[2])
        there = f"translate({x} {y})" + (f" rotate({place[3]})" if place[3] else "")
        look = look.replace(place[0], there).replace('style="', f'style="text-anchor: {anchor}; ', 1)
        moved.append((look, chinese))
    return moved


def _spoken(lines, up):
    """Return the Chinese of the lines of one text: line by line where the dictionary has them, else of all as one.

    lines: [(attributes, English)]; up: they run upward, beside an axis. What was one phrase stands in the line next to
    the axis where it fits, else in two halves.
    """
    each = [text.replace(text.strip(), in_figure(text.strip())) for _, text in lines]
    whole = in_figure(" ".join(text.strip() for _, text in lines))
    if len(lines) == 1 or not any(map(english_words, each)) or english_words(whole):
        return each
    rest = [""] * (len(lines) - 2)
    if width(whole, 1) <= max(width(text, 1) for _, text in lines):
        return ["", *rest, whole] if up else [whole, *rest, ""]
    breaks = [
        place for place in range(1, len(whole)) if not re.match(r"[\w.,%)）][\w.,%)），、]", whole[place - 1 :], re.A)
    ]
    place = min(breaks, key=lambda place: abs(place - len(whole) / 2) - 4 * (whole[place - 1] in "，、；"))
    halves = [whole[:place].strip(), whole[place:].strip()]
    return rest + halves if up else halves + rest


def _small(look, english, chinese):
    """Return the attributes of a text that begins at its place with a size at which Chinese takes no more room.

    A label beside the right edge has the room of its English words; down to SMALLEST of its size.
    """
    room = width(english, 1) / width(chinese, 1) if chinese and not ANCHORED.search(look) else 1
    if room >= 1:
        return look
    return SIZE.sub(lambda size: f"{max(room, SMALLEST) * float(size[1]):.2f}px", look, count=1)


def drawn(svg):
    """Return an SVG of a notebook with its texts in Chinese, in the fonts of the page."""

    def said(group):
        lines = [(look, html.unescape(text)) for look, text in LINE.findall(group[2])]
        chinese = _spoken(lines, up="rotate(-90)" in lines[0][0])
        spoken = _anchored([(_small(*line, text), line[1], text) for line, text in zip(lines, chinese, strict=True)])
        return group[1] + "".join(
            f"<text{look}>{html.escape(text, quote=False)}</text>" for look, text in spoken if text
        )

    return FAMILY.sub("var(--pst-font-family-base)", GROUP.sub(said, svg))


def live(specification):
    """Return the Vega specification of model.views.vega_chart with its words in Chinese."""
    words = {name for scale in specification["scales"] if scale["type"] == "ordinal" for name in scale["domain"]}
    words |= {axis["title"] for axis in specification["axes"] if "title" in axis}
    words |= {specification["title"]["text"], specification["description"]}
    spoken = {word: in_figure(word) for word in words}

    def said(part):
        if isinstance(part, dict):
            return {key: said(each) for key, each in part.items()}
        return [said(each) for each in part] if isinstance(part, list) else spoken.get(part, part)

    told = said(specification)
    for axis in told["axes"]:
        number = "format({}, ',~r')"
        axis["encode"]["labels"]["update"]["text"]["signal"] = (
            f"datum.value >= 1e8 ? {number.format('datum.value / 1e8')} + ' 億' : "
            f"datum.value >= 1e4 ? {number.format('datum.value / 1e4')} + ' 萬' : {number.format('datum.value')}"
        )
    return told


def asked_of(script):
    """Return {English: Chinese} of what the script of an interactive figure says; KeyError where a row is missing."""
    text = Path(__file__).with_name(script).read_text(encoding="utf-8")
    rows = WORDS | {english: chinese for english, (_, chinese) in PHRASES.items()}
    return {each: rows[each] for each in ASKED.findall(text)}


def pictured(markup):
    """Return the HTML of a figure with all its words in Chinese, where the dictionary has them."""

    def between(found):
        text = html.unescape(found[1])
        return f">{html.escape(text.replace(text.strip(), in_figure(text.strip())), quote=False)}<"

    def unit(found):
        return f'data-unit="{html.escape(in_figure(f"1 {html.unescape(found[1])}").removeprefix("1 "))}"'

    pieces, end = [], 0
    for held in re.finditer(f"{SVG.pattern}|{SCRIPT.pattern}", markup, re.S):
        pieces.append(BETWEEN.sub(between, markup[end : held.start()]))
        if held[0].startswith("<svg"):
            pieces.append(drawn(held[0]))
        else:
            told = live(json.loads(held[2]))
            data = json.dumps(told, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
            pieces.append(held[1] + data + held[3])
        end = held.end()
    pieces.append(BETWEEN.sub(between, markup[end:]))
    whole = "".join(pieces)
    whole = SAID.sub(lambda said: f'{said[1]}="{html.escape(in_figure(html.unescape(said[2])))}"', whole)
    whole = re.sub(r'data-unit="([^"]+)"', unit, whole)
    if 'class="purchase-figure"' in whole:
        words = json.dumps(asked_of("purchase.js"), ensure_ascii=False)
        whole = whole.replace(
            '<div class="purchase-figure">',
            f'<div class="purchase-figure"><script type="application/json" class="words">{words}</script>',
        )
    return whole


def is_figure(markup):
    """Tell whether HTML is a figure whose words are said here."""
    return any(f'class="{each}' in markup for each in FIGURES)


def say_figures(app, doctree):
    """Say the words of figures in Chinese on a Chinese page."""
    if is_chinese(app.env.docname):
        for shown in doctree.findall(nodes.raw):
            if shown.get("format") == "html" and is_figure(shown.astext()):
                app.env.note_dependency(str(Path(__file__).parents[1] / "zh" / "words.csv"))
                shown.children = [nodes.Text(pictured(shown.astext()))]


def setup(app):
    app.connect("doctree-read", say_figures, priority=400)  # before `editions` marks what stays English
    return {"parallel_read_safe": True, "parallel_write_safe": True}
