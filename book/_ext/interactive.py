"""Gives pages that hold an interactive figure its numbers and its script, both of the site's own."""

import csv
import html
import json
import re
from functools import cache
from pathlib import Path

import configuration
from chinese import HOLE, in_words
from halves import is_chinese
from letters import CHINESE

# Class of a figure: its notebook, whose name its script bears, too, and the file of numbers that the notebook writes.
FIGURES = {"purchase-figure": ("purchase", "throughputs.json")}
FIGURES |= {"your-machine": ("your_machine", "your_machine_numbers.js")}
# Scripts that a figure's own takes in.
BESIDE = {"your_machine": ("state.js", *(f"machine_{each}.js" for each in ("words", "questions", "curve", "panels")))}
READING = ("your_machine",)  # figures that take a config.json
ASIDE = re.compile(r"^[ ]*(?://.*)?\n|^[ ]+", re.M)  # whole lines of comment, empty ones, and indents
FIGURE = re.compile(r'<div class="your-machine".*?<figcaption', re.S)
# What a Chinese page says in Chinese of it; names of inputs are followed by those of the command line.
SAID = re.compile(
    r"(<(?:legend|button|summary|th|small|option(?= value))\b[^>]*>|<br>|"
    r'<label for="\w+-(?:system|workload|file|link)">)([^<>]+)'
)
LABEL = re.compile(r'(<label for="[a-z]+-(\w+)">)([^<>]+)(?=</label>)')


def scripts(name):
    """Return the names of the two scripts of a figure, numbers first."""
    return f"{name}_numbers.js", f"{name}.js"


def load(app, pagename, templatename, context, doctree):
    """Load both scripts, after the page itself has come, only where there is such a figure."""
    if is_chinese(pagename) and "body" in context:
        context["body"] = in_chinese(context["body"])
    held = [name for shown, (name, _) in FIGURES.items() if f'class="{shown}"' in context.get("body", "")]
    for name in held if app.builder.name == "html" else ():
        numbers, own = scripts(name)
        words = [words_script(name)] if is_chinese(pagename) and name in READING else []
        for script in (numbers, *words, own):
            app.add_js_file(script, loading_method="defer")


def in_chinese(body):
    """Return the HTML of a page with what its machine says in Chinese, where zh/words.csv or zh/letters.csv have it."""
    if not FIGURE.search(body):
        return body
    words = dictionary()

    def said(found):
        english = html.unescape(found[2])
        return found[1] + html.escape(words.get(english) or in_words(english), quote=False)

    def labelled(found):
        start, name, label = found.groups()
        _, comma, unit = label.partition(", ")
        called = words.get(f"{name}=")
        return f"{start}{called}（{name}{comma and '，'}{unit}）" if called else found[0]

    return FIGURE.sub(lambda figure: LABEL.sub(labelled, SAID.sub(said, figure[0])), body)


@cache
def dictionary():
    """Return {English: Chinese} of letters.csv and words.csv, rows with holes among them."""
    found = {}
    for path in (CHINESE, CHINESE.with_name("words.csv")):
        with path.open(encoding="utf-8", newline="") as table:
            found |= {row["english"]: row["chinese"] for row in csv.DictReader(table)}
    return found


def words_script(name):
    """Return the name of the script with the Chinese words of a figure."""
    return f"{name}_words.js"


def words_of(text):
    """Return the rows of the dictionary that the script of a page may say: its text holds all of their words.

    A row NAME= is how an input or a number of the machine is called.
    """

    def holds(english):
        return all(piece.strip() in text for piece in HOLE.split(english.removesuffix("="))[::2])

    return {english: said for english, said in dictionary().items() if holds(english)}


def own_script(name):
    """Return the script of a figure with what it takes in, without comments: a page carries no more than it runs."""
    parts = [
        Path(__file__).with_name(each).read_text(encoding="utf-8") for each in (*BESIDE.get(name, ()), f"{name}.js")
    ]
    ours = "".join([*([configuration.script()] if name in READING else []), *parts])
    return f"(() => {{\n{ASIDE.sub('', ours)}}})();\n"


def write(app):
    """Write the numbers of each notebook as a script, for a page from disk may fetch no file, and the page's own."""
    for name, file in FIGURES.values():
        held = Path(app.srcdir, "executed", name, file)
        if app.builder.name == "html" and held.is_file():
            folder = Path(app.outdir, "_static")
            folder.mkdir(parents=True, exist_ok=True)
            numbers, own = scripts(name)
            text = held.read_text(encoding="utf-8")
            text = f"globalThis.{name} = {text.strip()};\n" if held.suffix == ".json" else text
            (folder / numbers).write_text(text, encoding="utf-8")
            (folder / own).write_text(own_script(name), encoding="utf-8")
            if name in READING:
                words = json.dumps(words_of(text + own_script(name)), ensure_ascii=False, separators=(",", ":"))
                (folder / words_script(name)).write_text(f"globalThis.machineWords = {words};\n", encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write)
    app.connect("html-page-context", load, priority=400)  # before others make a list of their own of the scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
