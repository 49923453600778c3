"""Holds the two editions of the book together and apart.

A page leads to its half in the other language; side bar, next page and previous page stay in the edition; a figure,
table or equation has one number in both; the book as one page, which is printed, is the English edition with the
Chinese summary.
"""

from bs4 import BeautifulSoup
from docutils import nodes
from halves import FOLDER, SUMMARY, is_chinese, other
from pictures import is_figure
from sphinx import addnodes

LANGUAGES = {True: ("zh-Hant", "中文"), False: ("en", "English")}  # by is_chinese: tag, and what a reader clicks


def half_of(env, name):
    """Return the name of a page's half in the other language, None where there is none."""
    return other(name) if other(name) in env.found_docs else None


def lead_to_half(app, pagename, templatename, context, doctree):
    """Give templates/edition.html the link to the other half, and the head of the page the addresses of both."""
    half = half_of(app.env, pagename) if pagename in app.env.found_docs else None
    if app.builder.name != "html" or not half:
        return
    tag, word = LANGUAGES[is_chinese(half)]
    context["half"] = {"address": context["pathto"](half), "tag": tag, "word": word}
    for name in sorted((pagename, half)):
        tag, _ = LANGUAGES[is_chinese(name)]
        address = app.builder.get_relative_uri(pagename, name) or app.builder.get_target_uri(name).rpartition("/")[2]
        link = f'<link rel="alternate" hreflang="{tag}" href="{address}" />'
        context["metatags"] = context.get("metatags", "") + link


def neighbour(relations, name, step):
    """Return the next page (step 2) or the one before (step 1) in a page's own edition, None at its end."""
    found = relations.get(name, (None, None, None))[step]
    while found and is_chinese(found) != is_chinese(name):
        found = relations[found][step]
    return found


def go_on(app, pagename, templatename, context, doctree):
    """Have the links at the end of a page lead on in its own edition."""
    if app.builder.name != "html" or pagename not in app.env.found_docs:
        return
    for key, step in (("prev", 1), ("next", 2)):
        found = neighbour(app.builder.relations, pagename, step)
        title = found and app.builder.render_partial(app.env.titles[found])["title"]
        context[key] = {"link": context["pathto"](found), "title": title} if found else None


def choose_side_bar(app, pagename, templatename, context, doctree):
    """Have the side bar list a page's own edition, and what has no half; the other one by its first page alone."""
    if app.builder.name != "html" or "generate_toctree_html" not in context:
        return
    whole, chinese = context["generate_toctree_html"], is_chinese(pagename)
    names = {context["pathto"](name): name for name in app.env.found_docs}

    def own(**options):
        bar = BeautifulSoup(str(whole(**options)), "html.parser")
        for entry in bar.select("li.toctree-l1"):
            name = names.get(entry.a["href"], pagename)
            if chinese and (name == SUMMARY or not is_chinese(name) and half_of(app.env, name)):
                entry.decompose()  # the summary heads the bar, as the opening page does the English one
            elif not chinese and is_chinese(name) and name != SUMMARY:
                entry.decompose()
        for caption in bar.select("p.caption"):
            listed = caption.find_next_sibling("ul")
            if not listed.find("li"):
                listed.decompose()
                caption.decompose()
        return bar

    context["generate_toctree_html"] = own
    if chinese:
        context["root_doc"], context["root_title"] = SUMMARY, app.env.titles[SUMMARY].astext()


def renumber(numbers, labels):
    """Give what a Chinese page shows the numbers of its half; no English number depends on the Chinese pages.

    numbers: {page: {kind: {id: (number,)}}} as Sphinx counts through all pages, changed in place; labels: {(page, id):
    label} where a label is not the id itself. What a Chinese page alone shows is numbered after all else.
    """

    def name(page, place):
        return labels.get((page, place), place).replace("zh-", "", 1)

    last = {}
    for kind in {kind for page in numbers.values() for kind in page}:
        listed = [(number, page, place) for page in numbers for place, number in numbers[page].get(kind, {}).items()]
        english = [each for each in sorted(listed) if not is_chinese(each[1])]
        for rank, (_, page, place) in enumerate(english, 1):
            numbers[page][kind][place] = (rank,)
        last[kind] = len(english)
        known = {(page, name(page, place)): numbers[page][kind][place] for _, page, place in english}
        for _, page, place in sorted(listed):
            if is_chinese(page):
                there = known.get((other(page), name(page, place)))
                last[kind] += there is None
                numbers[page][kind][place] = there or (last[kind],)


def count_alike(app, env):
    """Renumber once Sphinx has counted; return the pages that then must be written anew."""
    named = env.get_domain("std").anonlabels
    renumber(env.toc_fignumbers, {(page, place): label for label, (page, place) in named.items()})
    return [name for name in env.toc_fignumbers if is_chinese(name)]


def leave_out_of_one_page(app, doctree):
    """Take the Chinese chapters out of the book as one page, and links to them back to their halves."""
    if app.builder.name != "singlehtml":
        return
    for toctree in doctree.findall(addnodes.toctree):
        for key, name_of in (("entries", lambda each: each[1]), ("includefiles", str)):
            toctree[key] = [each for each in toctree[key] if not name_of(each).startswith(FOLDER)]
    if app.env.docname.startswith(FOLDER):
        app.env.metadata[app.env.docname]["orphan"] = True  # meant, and no warning
    for link in doctree.findall(addnodes.pending_xref):
        link["reftarget"] = link["reftarget"].removeprefix(f"/{FOLDER}").removeprefix(FOLDER)


def say_language(app, doctree):
    """Say of what a notebook shows on a Chinese page that its words are English, but for figures: `pictures`."""
    if is_chinese(app.env.docname):
        for shown in doctree.findall(nodes.raw):
            shows = shown.get("format") == "html" and "text_html" in shown["classes"]
            if shows and not is_figure(shown.astext()):
                shown.children = [nodes.Text(f'<div lang="en">{shown.astext()}</div>')]


def setup(app):
    app.connect("doctree-read", leave_out_of_one_page, priority=100)  # before Sphinx notes what a toctree lists
    app.connect("doctree-read", say_language)
    app.connect("env-get-updated", count_alike, priority=900)  # after Sphinx has counted
    app.connect("html-page-context", lead_to_half)
    app.connect("html-page-context", go_on, priority=900)
    app.connect("html-page-context", choose_side_bar, priority=900)  # after the theme has brought its functions
    return {"parallel_read_safe": True, "parallel_write_safe": True}
