"""Turns the label of an equation that stands in a cell of a glued table into a link with the equation's number."""

import re

from docutils import nodes
from halves import is_chinese
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)
LABEL = re.compile(r">(eq-[a-z-]+)<")


class EquationLinks(SphinxPostTransform):
    """An unknown label is a warning, which stops the build; on a Chinese page the equation is that of the edition."""

    default_priority = 400
    formats = ("html",)

    def run(self, **_):
        for table in self.document.findall(nodes.raw):
            if LABEL.search(table.astext()):
                table.children = [nodes.Text(LABEL.sub(self._link, table.astext()))]

    def _link(self, found):
        label, known = found[1], self.env.get_domain("math").equations
        if is_chinese(self.env.docname) and f"zh-{label}" in known:
            label = f"zh-{label}"
        page, _ = known.get(label, (None, None))
        if page is None:
            logger.warning(f"a table names the equation {label!r}, which no page has", location=self.env.docname)
            return found[0]
        place = nodes.make_id(f"equation-{label}")
        number = ".".join(map(str, self.env.toc_fignumbers[page]["displaymath"][place]))
        one_page = self.app.builder.name == "singlehtml"
        address = "" if one_page else self.app.builder.get_relative_uri(self.env.docname, page)
        return f'><a class="reference internal" href="{address}#{place}">({number})</a><'


def setup(app):
    app.add_post_transform(EquationLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
