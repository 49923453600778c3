"""Lets a page show equations, figures and tables that another page's notebook glued.

MyST-NB reaches across pages only with the role {glue:text}; here the directives take the same address:

    {glue:math} executed/bandwidth.ipynb::law      numbered where it has a :label:
    {glue:figure} executed/bandwidth.ipynb::curve  its text/html under a caption, numbered as a figure
    {glue:table} executed/bandwidth.ipynb::fit     the same, numbered as a table
"""

from functools import cache
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.core.render import strip_latex_delimiters
from myst_nb.ext.glue import extract_glue_data_cell
from myst_nb.ext.glue.directives import PasteMathDirective
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
LAW = "application/vnd.study.law+json"  # what model.views.figures glues with a law


class glued_table(nodes.General, nodes.Element):
    """A table that arrives as HTML: numbered among the tables."""


class glued_caption(nodes.caption):
    """The caption of such a table, in a tag of its own: Sphinx gives <figcaption> to figures only."""


@cache
def glued_where(path):
    """Return (number of the cell, value) by name of what an executed notebook glues."""
    found = {}
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "code":
            found |= {key: (number, value) for key, value in extract_glue_data_cell(cell)}
    return found


@cache
def glued_values(path):
    return {key: value for key, (_, value) in glued_where(path).items()}


class Glued(SphinxDirective):
    """Finds the value; a missing one is a warning with the place, which stops the build."""

    required_arguments = 1
    final_argument_whitespace = True
    mime: str

    def value(self):
        file, _, key = self.arguments[0].partition("::")
        _, path = self.env.relfn2path(file)
        self.env.note_dependency(path)
        if not Path(path).is_file():
            problem = f"there is no {file}"
        elif key not in glued_values(path):
            problem = f"{file} glues no {key!r}"
        elif self.mime not in glued_values(path)[key]["data"]:
            problem = f"{key!r} of {file} has no {self.mime}"
        else:
            return "".join(self.bundle()[self.mime])
        logger.warning(f"{self.name}: {problem}", location=self.get_location())
        return None

    def bundle(self):
        """Return all that is glued under the name, by its type."""
        file, _, key = self.arguments[0].partition("::")
        return glued_values(self.env.relfn2path(file)[1])[key]["data"]


class GluedMath(Glued, PasteMathDirective):
    option_spec = PasteMathDirective.option_spec
    mime = "text/latex"

    def run(self):
        if (value := self.value()) is None:
            return []
        latex = strip_latex_delimiters(value)
        label = self.options.get("label", self.options.get("name"))
        node = nodes.math_block(latex, latex, nowrap="nowrap" in self.options, label=label, number=None)
        node["law"] = self.bundle().get(LAW, {})  # for the extension `letters`
        self.add_name(node)
        self.set_source_info(node)
        return self.add_target(node)


class GluedFigure(Glued):
    option_spec = {"name": directives.unchanged, "class": directives.class_option}
    has_content = True
    mime = "text/html"
    node_class, caption_class = nodes.figure, nodes.caption

    def run(self):
        if (value := self.value()) is None:
            return []
        figure = self.node_class("", nodes.raw(text=value, format="html", classes=["output", "text_html"]))
        figure["classes"] += ["glued", *self.options.get("class", [])]
        self.set_source_info(figure)
        self.add_name(figure)
        text = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, text)
        if not len(text) or not isinstance(text[0], nodes.paragraph):
            logger.warning(f"{self.name}: the first paragraph must be the caption", location=self.get_location())
            return []
        figure += self.caption_class(text[0].rawsource, "", *text[0].children)
        if len(text) > 1:
            figure += nodes.legend("", *text[1:])
        return [figure]


class GluedTable(GluedFigure):
    node_class, caption_class = glued_table, glued_caption


def visit_table(writer, node):
    writer.body.append(writer.starttag(node, "figure"))


def depart_table(writer, node):
    writer.body.append("</figure>\n")


def visit_caption(writer, node):
    writer.body.append(writer.starttag(node, "figcaption"))
    writer.visit_caption(node)


def depart_caption(writer, node):
    writer.depart_caption(node)
    writer.body.append("</figcaption>\n")


def setup(app):
    app.add_enumerable_node(glued_table, "table", html=(visit_table, depart_table))
    app.add_node(glued_caption, html=(visit_caption, depart_caption))
    if "glue" not in app.registry.domains:
        raise ExtensionError("glued must come after myst_nb in the list of extensions")
    for name, directive in {"math": GluedMath, "figure": GluedFigure, "table": GluedTable}.items():
        app.add_directive_to_domain("glue", name, directive, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
