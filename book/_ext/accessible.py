"""Lets everybody read: a page says in which language it is, and no role that the markup gives it is wrong."""

WRONG_ROLES = (' role="list" class="citation-list"', ' class="citation-list"'), (' role="doc-biblioentry"', "")


def mend_page(app, pagename, templatename, context, doctree):
    """Name the language that the page's front matter gives; take off roles whose elements do not fit them."""
    context["language"] = (context.get("meta") or {}).get("lang", context["language"])
    for wrong, right in WRONG_ROLES:
        context["body"] = context.get("body", "").replace(wrong, right)


def setup(app):
    app.connect("html-page-context", mend_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
