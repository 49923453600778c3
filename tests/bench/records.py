"""Rows of data/speed.csv: medians and ranges over repetitions that took turns."""

import csv
import math
import statistics
from dataclasses import dataclass, field
from pathlib import Path

HEADER = ["part", "subject", "tool", "rows", "quantity", "value", "unit", "low", "high", "kind", "chosen"]
HEADER += ["source", "locator", "note"]
UNITS = {"rate": "1/s", "ratio": "1", "law_ratio": "1", "duration": "s", "processor_time": "s", "peak_memory": "B"}
UNITS |= {"cores": "1", "same_outputs": "1"}


@dataclass
class Records:
    """What has been measured so far."""

    rows: list = field(default_factory=list)

    def add(self, part, subject, tool, rows, quantity, values, note=""):
        """Add the median of the values with their range; one value has no range."""
        values = [values] if isinstance(values, int | float) else list(values)
        spread = [_text(min(values)), _text(max(values))] if len(values) > 1 else ["", ""]
        unit = UNITS[quantity]
        middle = _text(statistics.median(values))
        note = note or (f"median and range of {len(values)}" if len(values) > 1 else "")
        self._append(part, subject, tool, rows, quantity, middle, unit, *spread, note)

    def none(self, part, subject, tool, quantity, reason):
        """Add a row that says why a tool has no such number."""
        self._append(part, subject, tool, "", quantity, "", UNITS[quantity], "", "", f"missing: {reason}")

    def _append(self, part, subject, tool, rows, quantity, value, unit, low, high, note):
        known = [part, subject, tool, rows, quantity, value, unit, low, high, "measured", "", "thisbench"]
        self.rows.append([*known, "make bench", note])

    def write(self, path):
        """Write the table whole or not at all."""
        part = Path(path).with_name(f".{Path(path).name}.part")
        with part.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([HEADER, *self.rows])
        part.replace(path)


def _text(number):
    """Return a number with four digits, or as it is where it is whole and short."""
    if float(number).is_integer() and abs(number) < 1e6:
        return str(int(number))
    return f"{number:.{max(0, 3 - math.floor(math.log10(abs(number))))}f}" if abs(number) < 1e4 else f"{number:.4g}"
