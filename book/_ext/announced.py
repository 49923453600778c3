"""Tells machines what the site holds: a description and a picture of each page, llms.txt, a feed of changes."""

import re
from pathlib import Path
from xml.sax.saxutils import escape

import card
from docutils import nodes

LONGEST = 300  # letters of a description; people who search see the first half
HEADING = re.compile(r"^## (?P<version>\S+) \((?P<day>[^)]*)\)$", re.MULTILINE)


def description(doctree):
    """Return the first paragraph of a page in whole sentences, as many as fit, without its label."""
    paragraph = next((each for each in doctree.findall(nodes.paragraph) if len(each.astext()) > 40), None)
    if paragraph is None:
        return ""
    text = re.sub(r"\s+", " ", re.sub(r"^(?:Question\. |Answer\. |問題。|答案。)", "", paragraph.astext()))
    kept = ""
    for sentence in re.findall(r".+?[.?!。？！](?=\s|$|[一-鿿])|.+$", text):
        if kept and len(kept) + len(sentence) > LONGEST:
            break
        kept += sentence
    return kept.strip() if len(kept) <= LONGEST else kept[: LONGEST - 1].rsplit(" ", 1)[0] + "…"


def describe(app, pagename, templatename, context, doctree):
    """Put the description into the head of a page and keep it for llms.txt."""
    if doctree is None or app.builder.name != "html" or 'name="description"' in context.get("metatags", ""):
        return
    if words := description(doctree):
        told = {"title": context["title"], "description": words, "type": "article", "image": picture(app, context)}
        quoted = {key: escape(re.sub("<[^>]+>", "", text), {'"': "&quot;"}) for key, text in told.items()}
        context["metatags"] = (
            context.get("metatags", "") + f'<meta name="description" content="{quoted["description"]}" />'
        )
        shared = "".join(f'<meta property="og:{key}" content="{text}" />' for key, text in quoted.items())
        context["metatags"] += f'{shared}<meta name="twitter:card" content="summary_large_image" />'
        if not hasattr(app.env, "page_descriptions"):
            app.env.page_descriptions = {}
        app.env.page_descriptions[pagename] = words


def address(app, page):
    """Return the address of a page: whole where html.baseurl says where the site is, else relative to the site."""
    return (app.config.html_baseurl or "") + app.builder.get_target_uri(page)


def picture(app, context):
    """Return the address of the picture of a shared link: whole, as sites ask that show it, where ours is known."""
    return (
        app.config.html_baseurl + card.FILE if app.config.html_baseurl else context["pathto"](card.FILE, resource=True)
    )


def write(app, error):
    """Write llms.txt and feed.xml beside the pages."""
    if error or app.builder.name != "html":
        return
    out, root = Path(app.outdir), Path(app.srcdir).parent
    (out / "llms.txt").write_text(guide(app), encoding="utf-8")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    (out / "feed.xml").write_text(feed(changes, app.config.html_title, address(app, "changelog")), encoding="utf-8")


def guide(app):
    """Return llms.txt: what the study is, its pages with their descriptions, and where its data are."""
    known = getattr(app.env, "page_descriptions", {})
    pages = [name for name in sorted(app.env.found_docs) if not name.startswith("executed/")]
    lines = [f"# {app.config.html_title}", "", f"> {known.get('index', app.config.html_title)}", "", "## Pages", ""]
    for name in pages:
        title = app.env.titles[name].astext()
        lines.append(f"- [{title}]({address(app, name)}): {known.get(name, '')}".rstrip(": "))
    lines += ["", "## Data", ""]
    lines.append(f"- [The systems, and all data as a package]({address(app, 'systems')}#the-data)")
    lines.append("- Beside each figure: its CSV, and a JSON that says caption, columns, laws, tables and sources")
    lines += ["", "Ask one number with `python -m model`; `python -m model quantities` lists what can be asked.", ""]
    return "\n".join(lines)


def feed(changelog, title, page):
    """Return an Atom feed: one entry for each version of the changelog, its first lines as the summary."""
    found = list(HEADING.finditer(changelog))
    entries, days = [], []
    for heading, later in zip(found, [*found[1:], None], strict=True):
        body = changelog[heading.end() : later.start() if later else None]
        lines = [re.sub(r"[*`]", "", line[2:]) for line in body.splitlines() if line.startswith("- ")]
        days.append(heading["day"] if re.fullmatch(r"\d{4}-\d\d-\d\d", heading["day"]) else "")
        day = f"<updated>{days[-1]}T00:00:00Z</updated>" if days[-1] else "<updated>1970-01-01T00:00:00Z</updated>"
        summary = escape("\n".join(lines[:10]))
        entries.append(
            f"<entry><title>Version {escape(heading['version'])} ({escape(heading['day'])})</title>"
            f'<id>urn:supernode-study:{escape(heading["version"])}</id>{day}<link href="{escape(page)}"/>'
            f"<summary>{summary}</summary></entry>"
        )
    updated = max(filter(None, days), default="1970-01-01")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(title)}: changes</title><id>urn:supernode-study:changes</id>"
        f"<updated>{updated}T00:00:00Z</updated><author><name>The supernode study authors</name></author>"
        f'<link href="{escape(page)}"/>\n' + "\n".join(entries) + "\n</feed>\n"
    )


def link_feed(app, pagename, templatename, context, doctree):
    """Let readers' programs find the feed."""
    if app.builder.name == "html" and doctree is not None:
        place = context["pathto"]("feed.xml", 1)
        tag = f'<link rel="alternate" type="application/atom+xml" title="changes" href="{place}" />'
        context["metatags"] = context.get("metatags", "") + tag


def setup(app):
    app.connect("html-page-context", describe)
    app.connect("html-page-context", link_feed)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
