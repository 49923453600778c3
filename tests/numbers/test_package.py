"""data/ as a data package: its description is current, every table keeps to it, and a broken one is noticed."""

import csv
import hashlib
import json
import re
import zipfile

import pytest
from frictionless import Package

from model.numbers import catalog, package

PACKAGE = json.loads(package.FILE.read_text(encoding="utf-8"))
RESOURCES = {each["path"]: each for each in PACKAGE["resources"]}


def faults(rows, schema):
    """Return what is wrong with rows of texts by a table schema, one sentence each."""
    names = [field["name"] for field in schema["fields"]]
    found = [] if list(rows[0]) == names else [f"the header is {list(rows[0])}, not {names}"]
    for field in schema["fields"]:
        rules, name = field.get("constraints", {}), field["name"]
        for line, row in enumerate(rows, 2):
            text = row[name]
            if text in schema["missingValues"]:
                found += [f"line {line}: {name} is empty"] if rules.get("required") else []
            elif "enum" in rules and text not in rules["enum"]:
                found.append(f"line {line}: {name} is {text!r}")
            elif field["type"] == "number" and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
                found.append(f"line {line}: {name} is no number: {text!r}")
    return found


def read(path):
    with path.open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def test_the_description_is_current():
    assert package.FILE.read_text(encoding="utf-8") == package.text(), "run python -m model.numbers.package"


def test_the_package_keeps_to_the_rules_of_data_packages():
    assert re.fullmatch(r"[a-z0-9._-]+", PACKAGE["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", PACKAGE["version"])
    assert PACKAGE["licenses"][0].keys() >= {"name", "path"}
    names = [each["name"] for each in PACKAGE["resources"]]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z0-9._-]+", name) for name in names)
    types = {field["type"] for each in PACKAGE["resources"] for field in each["schema"]["fields"]}
    assert types == {"number", "string"}
    assert set(RESOURCES) == {path.name for path in catalog.DATA.glob("*.csv")}


@pytest.mark.parametrize("name", RESOURCES)
def test_every_table_is_the_one_described_and_keeps_to_its_schema(name):
    path, described = catalog.DATA / name, RESOURCES[name]
    assert described["hash"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert described["bytes"] == path.stat().st_size
    assert not faults(read(path), described["schema"])[:5]


@pytest.mark.parametrize(
    ("column", "text"), [("unit", "GBs"), ("kind", "guess"), ("value", "1,979"), ("source", ""), ("system", "")]
)
def test_a_broken_row_is_noticed(column, text):
    rows = read(catalog.DATA / "systems.csv")
    rows[3][column] = text
    [fault] = faults(rows, RESOURCES["systems.csv"]["schema"])
    assert fault.startswith("line 5: ") and column in fault


def test_two_packs_of_the_same_data_are_the_same_bytes_and_hold_all_of_it(tmp_path):
    first, second = tmp_path / "one.zip", tmp_path / "two.zip"
    package.pack(first)
    package.pack(second)
    assert {*tmp_path.iterdir()} == {first, second}, "a part is left"
    assert first.read_bytes() == second.read_bytes()
    held = set(zipfile.ZipFile(first).namelist())
    assert held >= {*RESOURCES, "datapackage.json", "README.md", "references.bib"}


@pytest.fixture
def unpacked(tmp_path):
    """The archive that the site offers, unpacked."""
    package.pack(tmp_path / "data.zip")
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(tmp_path / "data.zip").extractall(folder)
    return folder


def test_the_archive_that_readers_take_away_is_valid_for_frictionless(unpacked):
    report = Package(str(unpacked / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])[:5]
    assert len(report.tasks) == len(RESOURCES)


@pytest.mark.parametrize("field", ["unit", "value", "source"])
def test_frictionless_sees_a_table_that_was_changed(unpacked, field):
    rows = read(unpacked / "systems.csv")
    rows[3][field] = {"unit": "GBs", "value": "many", "source": ""}[field]
    with (unpacked / "systems.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    report = Package(str(unpacked / "datapackage.json")).validate()
    [task] = [task for task in report.tasks if not task.valid]
    found = {(error.type, getattr(error, "field_name", "")) for error in task.errors}
    wrong = ("type-error" if field == "value" else "constraint-error", field)
    assert task.name == "systems" and ("hash-count", "") in found and wrong in found
