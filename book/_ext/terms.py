"""Links a term of the glossary where a page first uses it."""

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

LEFT_OUT = ("executed/", "glossary", "nomenclature", "references", "status", "changelog", "about", "summary_zh")
PLAIN = (nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.caption, nodes.raw, nodes.rubric)
PLAIN += (nodes.math, nodes.math_block, addnodes.pending_xref, nodes.citation, nodes.table)


def glossary(folder):
    """Return the terms of glossary.md, longest first, so that none hides in a longer one."""
    text = Path(folder, "glossary.md").read_text(encoding="utf-8")
    listed = text[text.index("{glossary}") :]
    return sorted(re.findall(r"^(\w[^\n]*)\n  ", listed, re.MULTILINE), key=len, reverse=True)


class FirstTerms(SphinxTransform):
    """The first use of each term in the paragraphs of a page leads to the glossary."""

    default_priority = 400

    def apply(self):
        if self.env.docname.startswith(LEFT_OUT):
            return
        self.env.note_dependency(str(Path(self.env.srcdir, "glossary.md")))
        terms = glossary(self.env.srcdir)
        for text in list(self.document.findall(nodes.Text)):
            if terms and _in_prose(text):
                self._link(text, terms)

    def _link(self, text, terms):
        """Replace a text by itself with links, taking out of terms those that were found."""
        rest, parts = text.astext(), []
        while terms and (found := re.search(rf"\b({'|'.join(map(re.escape, terms))})s?\b", rest, re.IGNORECASE)):
            term = next(each for each in terms if each.lower() == found[1].lower())
            terms.remove(term)
            link = {"refdomain": "std", "reftype": "term", "reftarget": term, "refwarn": True, "refexplicit": True}
            inner = nodes.inline("", found[0], classes=["xref", "std", "std-term"])
            parts += [nodes.Text(rest[: found.start()]), addnodes.pending_xref("", inner, **link)]
            parts[-1]["refdoc"] = self.env.docname
            rest = rest[found.end() :]
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(rest)])


def _in_prose(node):
    """Tell whether a text is in a paragraph, and neither a link, nor code, mathematics or a heading."""
    above = []
    while node := node.parent:
        above.append(node)
    return any(isinstance(each, nodes.paragraph) for each in above) and not any(
        isinstance(each, PLAIN) for each in above
    )


def setup(app):
    app.add_transform(FirstTerms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
