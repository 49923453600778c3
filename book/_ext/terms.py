"""Links a term of the glossary of its edition where a page first uses it."""

import re
from pathlib import Path

from docutils import nodes
from halves import FOLDER, is_chinese
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

LEFT_OUT = ("executed/", "glossary", "nomenclature", "references", "status", "changelog", "about", "summary_zh")
ELSEWHERE = {  # words that mean something else on a page
    "reliability": {"software", "軟體"},
    "sweeps": {"kernel"},
    "training": {"context", "上下文"},
}
PLAIN = (nodes.reference, nodes.title, nodes.literal, nodes.literal_block, nodes.caption, nodes.raw, nodes.rubric)
PLAIN += (nodes.math, nodes.math_block, addnodes.pending_xref, nodes.citation, nodes.table)


def glossary(path):
    """Return the terms of a glossary as {word as prose uses it: term}, longest first, so that none hides in another.

    A Chinese term is followed by the English one in brackets, which prose leaves out.
    """
    text = path.read_text(encoding="utf-8")
    listed = re.findall(r"^(\w[^\n]*)\n  ", text[text.index("{glossary}") :], re.MULTILINE)
    words = {re.sub(r"（.*）$", "", term): term for term in listed}
    return {word: words[word] for word in sorted(words, key=len, reverse=True)}


class FirstTerms(SphinxTransform):
    """The first use of each term in the paragraphs of a page leads to the glossary."""

    default_priority = 400

    def apply(self):
        edition = FOLDER if is_chinese(self.env.docname) else ""
        path = Path(self.env.srcdir, edition, "glossary.md")
        page = self.env.docname.removeprefix(edition)
        if page.startswith(LEFT_OUT) or not path.is_file():
            return
        self.env.note_dependency(str(path))
        other = ELSEWHERE.get(page, set())
        terms = {word: term for word, term in glossary(path).items() if word not in other}
        for text in list(self.document.findall(nodes.Text)):
            if terms and _in_prose(text):
                self._link(text, terms)

    def _link(self, text, terms):
        """Replace a text by itself with links, taking out of terms those that were found."""
        rest, parts = text.astext(), []
        while terms and (found := re.search("|".join(map(_pattern, terms)), rest, re.IGNORECASE)):
            word = next(each for each in terms if re.fullmatch(_pattern(each), found[0], re.IGNORECASE))
            term = terms.pop(word)
            link = {"refdomain": "std", "reftype": "term", "reftarget": term, "refwarn": True, "refexplicit": True}
            inner = nodes.inline("", found[0], classes=["xref", "std", "std-term"])
            parts += [nodes.Text(rest[: found.start()]), addnodes.pending_xref("", inner, **link)]
            parts[-1]["refdoc"] = self.env.docname
            rest = rest[found.end() :]
        if parts:
            text.parent.replace(text, [*parts, nodes.Text(rest)])


def _pattern(word):
    """Return what finds a word: an English one whole, also in its plural; a Chinese one wherever it stands."""
    return rf"\b{re.escape(word)}s?\b" if word.isascii() else re.escape(word)


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
