"""Puts each figure on a bare page of its own, to link or to embed, and a control under the figure that says how.

A page `_embed/ID.html` holds the figure as the chapter shows it, its caption, the sources behind its data and a link
back, in light and dark. It loads files of the site alone: the style sheet, and what draws an interactive figure.
"""

import html
import json
import posixpath
import re
from pathlib import Path

from halves import is_chinese
from interactive import FIGURES, scripts
from sliders import OURS, VEGA

FIGURE = re.compile(r'<figure class="glued align-default[^"]*" id="(?P<id>[\w-]+)">(?P<body>.*?)</figure>', re.S)
CONTROL = re.compile(r'<details class="embed">.*?</details>\s*|<a class="headerlink".*?</a>', re.S)
LINK = re.compile(r'(?<=\s)(href|src)="([^"]*)"')
CSV = re.compile(r'href="[^"]*/([\w-]+)\.csv"')
TITLE = re.compile(r"<title>(.*?)</title>", re.S)
FOLDER, SCRIPT = "_embed", "embed.js"
SIZE = 'width="720" height="560" style="border: 0; width: 100%"'
WORDS = {  # of the control and of the bare page, by language
    False: ("Link, embed", "This figure alone", "To embed it", "Sources", "in data/", "From"),
    True: ("連結、嵌入", "單獨的這張圖", "嵌入用的 HTML", "來源", "見 data/", "出自"),
}
STYLE = """
:root { color-scheme: light dark; --pst-color-text-base: #222832; --pst-color-background: #fff;
  --pst-color-text-muted: #48566b; --pst-color-primary: #0a6272; --pst-color-link: #0a6272; --pst-color-border: #c9c9c9;
  --pst-font-family-base: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  :root { --pst-color-text-base: #ced6dd; --pst-color-background: #14181e; --pst-color-text-muted: #9ca4af;
    --pst-color-primary: #3fb1c5; --pst-color-link: #3fb1c5; --pst-color-border: #48566b; }
  svg.study-figure, .slider-figure .stage svg { filter: brightness(1.35); }
}
body { margin: 0; padding: .6rem; font-family: var(--pst-font-family-base); line-height: 1.4;
  background: var(--pst-color-background); color: var(--pst-color-text-base); }
figure { margin: 0; }
a { color: var(--pst-color-link); }
.behind { font-size: .85em; }
"""


def control(name, up, base, chinese):
    """Return the control under a figure; up: from its page to the site's root; base: the site's address, or ""."""
    summary, alone, embed, *_ = WORDS[chinese]
    place = f"{FOLDER}/{name}.html"
    frame = html.escape(f'<iframe src="{base}{place}" title="{name}" {SIZE} loading="lazy"></iframe>')
    return (
        f'<details class="embed"><summary>{summary}</summary><p><a href="{up}{place}">{alone}</a></p>'
        f'<p><label for="embed-{name}">{embed}</label></p><textarea id="embed-{name}" rows="3" readonly '
        f'data-place="{up}{place}">{frame}</textarea></details>'
    )


def add_controls(app, pagename, templatename, context, doctree):
    """Put a control under each figure of a page."""
    body = context.get("body", "")
    if app.builder.name != "html" or not FIGURE.search(body):
        return
    up, chinese = "../" * pagename.count("/"), is_chinese(pagename)

    def put(found):
        return (
            found[0].removesuffix("</figure>")
            + control(found["id"], up, app.config.html_baseurl, chinese)
            + "</figure>"
        )

    context["body"] = FIGURE.sub(put, body)
    app.add_js_file(SCRIPT, loading_method="defer")


def figures(page):
    """Return {id: inner HTML without its control and its link to itself} of the figures of a page, from its HTML."""
    return {found["id"]: CONTROL.sub("", found["body"]) for found in FIGURE.finditer(page)}


def moved(markup, page):
    """Return HTML of a page, a path in the site, with its relative links as they are from FOLDER."""

    def there(found):
        address = found[2]
        if re.match(r"[a-z]+:|//|/", address):
            return found[0]
        path, mark, fragment = address.partition("#")
        path = posixpath.normpath(posixpath.join("..", posixpath.dirname(page), path)) if path else f"../{page}"
        return f'{found[1]}="{path}{mark}{fragment}"'

    return LINK.sub(there, markup)


def sources(site, page, markup):
    """Return {table: keys of the references} behind a figure, from what the site says of its data; {} without any.

    Of the rows that its notebook asked for one by one, where there are such, else of all tables that it reads.
    """
    if not (named := CSV.search(markup)):
        return {}
    stem = posixpath.basename(page).removesuffix(".html")
    places = sorted(site.glob(f"_data/*/{named[1]}.json"), key=lambda path: (path.parent.name != stem, path))
    if not places:
        return {}
    told, found = json.loads(places[0].read_text(encoding="utf-8")), {}
    for row in told["rows"]:
        found.setdefault(row["table"], set()).add(row["source"])
    return found or told["tables"]


def loads(markup):
    """Return the scripts of the site that a figure needs."""
    held = [each for shown, (name, _) in FIGURES.items() if f'class="{shown}"' in markup for each in scripts(name)]
    held += [VEGA, OURS] if 'class="slider-figure"' in markup else []
    return held + (["mathjax/tex-chtml.js"] if re.search(r'class="[^"]*\bmath\b', markup) else [])


def bare(name, markup, page, title, behind, chinese):
    """Return the bare page of one figure; behind: as `sources` returns them."""
    *_, word, where, origin = WORDS[chinese]
    keys = sorted({key for each in behind.values() for key in each})
    links = ", ".join(f'<a href="../references.html#{key}" target="_top">{key}</a>' for key in keys)
    tables = ", ".join(f"{each}.csv" for each in behind)
    told = f"<details><summary>{word}: {len(keys)}, {where}{tables}</summary><p>{links}</p></details>" if keys else ""
    needed = "".join(f'<script defer src="../_static/{each}"></script>\n' for each in loads(markup))
    body = re.sub(r"<a (?![^>]*\btarget=)", '<a target="_top" ', moved(markup, page))
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-Hant" if chinese else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f'<title>{title}</title>\n<link rel="stylesheet" href="../_static/study.css">\n<style>{STYLE}</style>\n{needed}'
        f'</head>\n<body>\n<main class="bd-article">\n<figure class="glued" id="{name}">{body}</figure>\n'
        f'<div class="behind">\n<p>{origin} <a href="../{page}#{name}" target="_top">{title}</a></p>\n{told}\n</div>\n'
        "</main>\n</body>\n</html>\n"
    )


def write(site, pages):
    """Write the bare page of every figure on pages, paths in the site; return the paths written."""
    (site / FOLDER).mkdir(exist_ok=True)
    written = {}
    for page in pages:
        text = (site / page).read_text(encoding="utf-8")
        for name, markup in figures(text).items():
            if name in written:
                raise ValueError(
                    f"two figures are called {name}, on {written[name]} and {page}: give one another :name:"
                )
            written[name] = page
            behind, title = sources(site, page, markup), TITLE.search(text)[1].strip()
            content = bare(name, markup, page, title, behind, is_chinese(page.removesuffix(".html")))
            (site / FOLDER / f"{name}.html").write_text(content, encoding="utf-8")
    return [site / FOLDER / f"{name}.html" for name in written]


def write_all(app, error):
    """Write the bare pages once the site's own are written, and what fills in their full address."""
    if error is None and app.builder.name == "html":
        site = Path(app.outdir)
        (site / "_static" / SCRIPT).write_text(
            Path(__file__).with_name(SCRIPT).read_text(encoding="utf-8"), encoding="utf-8"
        )
        write(site, [app.builder.get_target_uri(name) for name in sorted(app.env.found_docs)])


def setup(app):
    app.connect("html-page-context", add_controls, priority=350)  # before others make a list of their own of scripts
    app.connect("build-finished", write_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
