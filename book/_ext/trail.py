"""The trail behind a number: from a quoted value to the cell that computed it, and keys in the list of references."""

from docutils import nodes
from glued import glued_where
from myst_nb.ext.glue.utils import PendingGlueReference
from sphinx.transforms.post_transforms import SphinxPostTransform


def anchor(document, number):
    """Return the id of a cell, of its own also where all pages are joined into one."""
    return f"{document.rpartition('/')[2].replace('_', '-')}-cell-{number}"


class ToTheCell(SphinxPostTransform):
    """A quoted value leads to its cell: with a pointer, not with the tab key, for there are hundreds on a page."""

    default_priority = 4  # before the value stands in for its name
    formats = ("html",)

    def run(self, **_):
        if self.app.builder.name == "singlehtml":
            return
        for value in list(self.document.findall(PendingGlueReference)):
            place, _ = glued_where(self.env.doc2path(value.refdoc)).get(value.key, (None, None))
            inside = value.parent
            while inside is not None and not isinstance(inside, nodes.reference | nodes.title):
                inside = inside.parent
            if place is None or inside is not None:
                continue
            address = self.app.builder.get_relative_uri(self.env.docname, value.refdoc)
            link = nodes.reference("", "", internal=True, classes=["to-cell"])
            link["refuri"] = f"{address}#{anchor(value.refdoc, place)}"
            value.replace_self(link)
            link += value


class Keys(SphinxPostTransform):
    """Each reference begins with its key, which rows of data/ and laws name, and can be linked by it."""

    default_priority = 6  # once the list stands
    formats = ("html",)

    def run(self, **_):
        known = {each.citation_id: each.key for each in self.env.get_domain("cite").citations}
        for entry in self.document.findall(nodes.citation):
            keys = [known[each] for each in entry["ids"] if each in known]
            if keys and isinstance(entry.children[-1], nodes.paragraph):
                entry.children[-1].insert(0, nodes.literal("", keys[0], ids=[keys[0]], classes=["source-key"]))
                entry.children[-1].insert(1, nodes.Text(" "))


def name_cells(app, document):
    """Give each cell of an executed notebook an id."""
    if app.env.docname.startswith("executed/"):
        for cell in document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code":
                cell["ids"].append(anchor(app.env.docname, cell["cell_index"]))


def leave_out_of_tabs(app, pagename, templatename, context, doctree):
    """Take the links to cells out of the order in which the tab key goes through a page."""
    context["body"] = context.get("body", "").replace('<a class="to-cell ', '<a tabindex="-1" class="to-cell ')


def setup(app):
    app.connect("doctree-read", name_cells)
    app.connect("html-page-context", leave_out_of_tabs)
    app.add_post_transform(ToTheCell)
    app.add_post_transform(Keys)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
