"""What every notebook keeps to, so that the build, papermill and readers can rely on it."""

import ast
import json
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

LONGEST = 15  # lines of a code cell that a reader takes in at once

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def code(path):
    """Return the code cells' sources, without lines that only IPython reads."""
    cells = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    return ["\n".join(line for line in source.split("\n") if not line.startswith(("%", "!"))) for source in sources]


def test_is_stored_without_results(path):
    for number, cell in enumerate(read(path)["cells"], 1):
        assert not cell.get("outputs"), f"{path.name}, cell {number}: clear its outputs"
        assert cell.get("execution_count") is None, f"{path.name}, cell {number}: clear its execution count"
        assert "id" in cell, f"{path.name}, cell {number}: has no id, so two builds would differ"


def test_runs_in_the_kernel_of_the_environment(path):
    assert read(path)["metadata"]["kernelspec"]["name"] == "python3"


def test_starts_with_its_title(path):
    first = read(path)["cells"][0]
    assert first["cell_type"] == "markdown"
    assert "".join(first["source"]).startswith("# ")


def test_has_one_parameters_cell_of_plain_literals(path):
    tagged = [cell for cell in read(path)["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for statement in ast.parse("".join(tagged[0]["source"])).body:
        assert isinstance(statement, ast.Assign | ast.AnnAssign), f"line {statement.lineno}: only assignments"
        ast.literal_eval(statement.value)  # papermill does not recompute what other parameters gave


def test_defines_nothing(path):
    defines = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    for source in code(path):
        found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, defines)]
        assert not found, f"{path.name}: {ast.unparse(found[0])!r} belongs in model/"


def test_has_short_cells_or_says_why_not(path):
    long = {
        number: len(lines)
        for number, source in enumerate(code(path), 1)
        if len(lines := [line for line in source.split("\n") if line.strip()]) > LONGEST
        and not lines[0].startswith("# long: ")
    }
    assert not long, f"{path.name}: cells with more than {LONGEST} lines: {long}; move their arithmetic to model/"


def test_says_before_each_cell_what_it_does(path):
    bare = [
        number
        for number, (before, cell) in enumerate(pairwise(read(path)["cells"]), 2)
        if before["cell_type"] == cell["cell_type"] == "code"
        and "parameters" not in before["metadata"].get("tags", [])  # the check of parameters follows them
    ]
    assert not bare, f"{path.name}: cells {bare} have no sentence before them"


def test_lists_the_tables_that_it_reads(path):
    for table in read(path)["metadata"]["study"]["tables"]:
        assert table == "references" or (ROOT / "data" / f"{table}.csv").is_file(), f"no data/{table}.csv"
