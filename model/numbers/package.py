"""data/ as a data package (frictionlessdata.io): a description of every table, made from the loader's own rules.

`python -m model.numbers.package` writes data/datapackage.json again; a test says when it is stale.
"""

import hashlib
import io
import json
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from model.notation.units import UNITS
from model.numbers import catalog, files

FILE = catalog.DATA / "datapackage.json"
MEANINGS = {
    "quantity": "the name that the laws use, in full words",
    "value": "the number as used; empty where it is known to be missing",
    "unit": "of value, low and high",
    "low": "lower bound",
    "high": "upper bound",
    "kind": "where the number comes from",
    "chosen": "yes for the one of competing rows that is used, no for the others",
    "role": "calibrate: fits a constant; validate: judges a prediction",
    "source": "a key of references.bib",
    "locator": "section, table or page in the source",
    "note": "arithmetic, conditions, warnings",
}
ALLOWED = {"unit": tuple(UNITS), "kind": catalog.KINDS, "chosen": ("yes", "no"), "role": catalog.ROLES}
FILLED = ("quantity", "unit", "kind", "source")


def description() -> dict[str, Any]:
    """Return the data package of data/: name, version, licence, one resource with its schema for each table."""
    project = tomllib.loads((catalog.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tables = [resource(path) for path in sorted(catalog.DATA.glob("*.csv"))]
    digest = hashlib.sha256("".join(each["hash"] for each in tables).encode()).hexdigest()
    return {
        "profile": "tabular-data-package",
        "name": project["name"],
        "title": project["description"],
        "version": project["version"],
        "hash": f"sha256:{digest}",
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": tables,
    }


def resource(path: Path) -> dict[str, Any]:
    """Return the description of one table: its file with size and digest, and the schema that the loader checks."""
    content = path.read_bytes()
    return {
        "profile": "tabular-data-resource",
        "name": path.stem.replace("_", "-"),
        "path": path.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": schema(path),
    }


def schema(path: Path) -> dict[str, Any]:
    """Return the schema of one table; only a table of numbers has units, kinds and sources, and keys before them."""
    rows = catalog.texts(path)
    numeric = set(catalog.COLUMNS) <= set(rows.columns)
    first = rows.columns[0]
    fields = []
    for name in rows.columns:
        field: dict[str, Any] = {"name": name, "type": "number" if _is_number(rows, name) else "string"}
        if numeric and name in MEANINGS:
            field["description"] = MEANINGS[name]
        constraints: dict[str, Any] = {}
        if (numeric and name in (*FILLED, first)) or (not numeric and rows[name].notna().all()):
            constraints["required"] = True
        if numeric and name in ALLOWED:
            constraints["enum"] = list(ALLOWED[name])
        fields.append(field | ({"constraints": constraints} if constraints else {}))
    return {"fields": fields, "missingValues": [""]}


def _is_number(rows: pd.DataFrame, name: str) -> bool:
    """Tell whether a column holds numbers: those that the loader reads as such, and others of which each field is."""
    if name in ("commit", "digest", "version"):  # words, which may look like numbers
        return False
    known = rows[name].dropna()
    return name in catalog.NUMBERS or (len(known) > 0 and bool(pd.to_numeric(known, errors="coerce").notna().all()))


def text() -> str:
    """Return datapackage.json as it must be."""
    return json.dumps(description(), indent=1, ensure_ascii=False) + "\n"


def pack(target: Path) -> None:
    """Write all of data/, its description and the references into one zip, the same bytes for the same data.

    Whole or not at all: two builds, of pages and of the page that is printed, write it at the same time.
    """
    held = [*sorted(catalog.DATA.glob("*.csv")), FILE, catalog.DATA / "README.md"]
    held += [catalog.ROOT / "book" / "references.bib", catalog.ROOT / "LICENSE-TEXT"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in held:
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write(target, packed.getvalue())


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(f"wrote {FILE.relative_to(catalog.ROOT)}")
