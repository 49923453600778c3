"""Puts what reads a config.json beside the pages: one script, the table of model/numbers and its reader."""

import json
from pathlib import Path

from model.numbers.configuration import TABLE

OURS = "configuration.js"


def script():
    """Return the script that gives a page `readConfiguration(text)`."""
    reader = Path(__file__).with_name(OURS).read_text(encoding="utf-8")
    return f"(() => {{\nconst table = {json.dumps(TABLE)};\n{reader}}})();\n"


def write(app):
    """Write the script for a page that loads it."""
    if app.builder.name == "html":
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / OURS).write_text(script(), encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
