"""Lets everybody read: a page says in which language it is, and no role that the markup gives it is wrong."""

from docutils import nodes

WRONG_ROLES = (' role="list" class="citation-list"', ' class="citation-list"'), (' role="doc-biblioentry"', "")


def mend_page(app, pagename, templatename, context, doctree):
    """Name the language that the page's front matter gives; take off roles whose elements do not fit them."""
    context["language"] = (context.get("meta") or {}).get("lang", context["language"])
    for wrong, right in WRONG_ROLES:
        context["body"] = context.get("body", "").replace(wrong, right)


def mark_language(app, doctree):
    """Give the page's own part its language, too: where chapters are joined into one page nothing else does."""
    if language := app.env.metadata[app.env.docname].get("lang"):
        next(doctree.findall(nodes.section))["classes"].append(f"language-{language}")


def setup(app):
    app.connect("doctree-read", mark_language)
    app.connect("html-page-context", mend_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
