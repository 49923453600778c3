"""Results of a sweep: what each executed notebook glued, joined with the scenarios in one table."""

import ast
import csv
import io
import json
from dataclasses import dataclass, field

ADDED = ("status", "reason", "notebook")  # columns between those of the scenario and the results


@dataclass(frozen=True)
class Outcome:
    """What one run came to: its glued numbers and words as texts, by name, and why it failed, if it did."""

    values: dict[str, str] = field(default_factory=dict)
    failed: str | None = None
    died: bool = False  # ended by a signal, say, and not by an error of the notebook: another try may do better


def outcome(path):
    """Return the Outcome of an executed notebook; figures, tables and laws that it glued are no values."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    study = notebook["metadata"].get("study", {})
    values = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if glued := output.get("metadata", {}).get("scrapbook"):
                text = "".join(output["data"].get(glued["mime_prefix"] + "text/plain", ""))
                if (value := _plain(text)) is not None:
                    values[glued["name"]] = value
    return Outcome(values, study.get("failed"), study.get("died", False))


def _plain(text):
    """Return a number as it is written, a word without its quotes, None for anything else."""
    if text in ("nan", "inf", "-inf"):
        return text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str) else text if isinstance(value, int | float) else None


def table(rows):
    """Return the CSV text of (scenario texts, Outcome, name of the notebook), one line each, in their order.

    A result with the name of a scenario's column gets `result_` before it. A failed run has the results it got to.
    """
    columns = list(rows[0][0])
    names = list(dict.fromkeys(name for _, each, _ in rows for name in each.values))
    taken = {*columns, *ADDED}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *ADDED, *(f"result_{name}" if name in taken else name for name in names)])
    for texts, each, notebook in rows:
        added = ["failed" if each.failed else "done", each.failed or "", notebook]
        writer.writerow([*texts.values(), *added, *(each.values.get(name, "") for name in names)])
    return text.getvalue()
