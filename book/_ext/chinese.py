"""Says the verdicts of the claims in Chinese, for the page that is written in it: {verdict}`C01`."""

from pathlib import Path

from docutils import nodes
from glued import glued_values
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

logger = logging.getLogger(__name__)
VERDICTS = {
    "true": "屬實",
    "true in part": "部分屬實",
    "open": "未定",
    "unsupported": "無旁證",
    "misleading": "誤導",
    "false": "不實",
    "not testable": "無法檢驗",
}


class Verdict(SphinxRole):
    """The verdict that the claims notebook computed; one that is not known here is a warning, which stops the build."""

    def run(self):
        path = Path(self.env.srcdir, "executed", "claims.ipynb")
        self.env.note_dependency(str(path))
        glued = glued_values(str(path)).get(f"verdict.{self.text}")
        verdict = "".join(glued["data"]["text/plain"]).strip("'") if glued else None
        if verdict not in VERDICTS:
            logger.warning(
                f"verdict: {path.name} has none of {self.text} that is known here", location=self.get_location()
            )
        return [nodes.strong("", VERDICTS.get(verdict, "?"))], []


def setup(app):
    app.add_role("verdict", Verdict())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
