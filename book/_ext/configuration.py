"""The reader of a config.json for a page: one script, the table of model/numbers and what works through it."""

import json
from pathlib import Path

from model.numbers.configuration import TABLE


def script():
    """Return the script that gives a page `readConfiguration(text)`."""
    reader = Path(__file__).with_name("configuration.js").read_text(encoding="utf-8")
    table = json.dumps(TABLE | {"about": ""}, separators=(",", ":"))
    return f"(() => {{\nconst table = {table};\n{reader}}})();\n"
