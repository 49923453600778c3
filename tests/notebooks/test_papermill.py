"""papermill as readers call it: no key of a parameter file is ever run as code, with the entry point of the project."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from checkout import ROOT
from papermill.translators import papermill_translators

import supernode_papermill
from supernode_papermill import NamedParameters, NotAName

KEYS = {
    "lines of code": "devices = 1\nimport os\nos.system('touch planted')\nseed",
    "a statement": "devices = 1; import os; os.system('touch planted'); seed",
    "a call": "print(open('planted', 'w')) or seed",
    "an item": "globals()['seed']",
    "an attribute": "sys.path",
    "a comment": "seed = 0 #",
    "a star": "*seed",
    "nothing": "",
    "a blank": " seed",
    "a keyword": "import",
    "a private name": "__builtins__",
    "a number": 7,
    "a number in other letters": "\u0664",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_that_is_no_name_is_refused(key):
    with pytest.raises(NotAName, match="nothing was run"):
        NamedParameters.codify({key: 0})


def test_names_pass_and_values_are_quoted():
    text = 'x"\nimport os\n"'
    code = NamedParameters.codify({"devices": 8, "systems": [text], "note": text, "of": {text: text}})
    found = {}
    exec(code, {}, found)
    assert found == {"devices": 8, "systems": [text], "note": text, "of": {text: text}}


def test_our_own_engine_refuses_them_too():
    import engine  # noqa: F401

    assert papermill_translators.find_translator("python3", "python") is NamedParameters


def test_the_project_declares_the_entry_point():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    (target,) = declared["papermill.engine"].values()
    module, _, name = target.partition(":")
    assert module == supernode_papermill.__name__ and hasattr(supernode_papermill, name)


@pytest.mark.parametrize("name", ["reliability", "serving", "your_cluster"])
def test_help_for_a_notebook_says_the_type_of_each_parameter(name):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    found = NamedParameters.inspect(cell)
    assert {each.name for each in found} >= {"draws", "seed"}
    assert {each.inferred_type_name for each in found} <= {"int", "float", "str", "bool", "list"}


@pytest.fixture
def installed(tmp_path):
    """What pip writes of the entry points, on a path of its own: the environment may be of another checkout."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    ((name, target),) = declared["papermill.engine"].items()
    folder = tmp_path / "site" / "supernode_entry-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: supernode-entry\nVersion: 1\n")
    (folder / "entry_points.txt").write_text(f"[papermill.engine]\n{name} = {target}\n")
    return os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder.parent}"}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["-f", "-y", "-p"])
def test_papermill_itself_runs_no_key_of_a_file(installed, tmp_path, way):
    parameters = nbformat.v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]})
    made = nbformat.v4.new_notebook(cells=[parameters, nbformat.v4.new_code_cell("open('ran', 'w')")])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, tmp_path / "x.ipynb")
    text = yaml.safe_dump({KEYS["lines of code"]: 0})
    (tmp_path / "x.yaml").write_text(text)
    words = {"-f": ["-f", "x.yaml"], "-y": ["-y", text], "-p": ["-p", KEYS["lines of code"], "0"]}[way]
    papermill = [str(Path(sys.executable).with_name("papermill")), "--no-progress-bar", "x.ipynb", "out.ipynb", *words]
    run = subprocess.run(papermill, cwd=tmp_path, env=installed, capture_output=True, text=True)
    assert run.returncode == 2
    assert "is no name of a parameter; nothing was run" in run.stderr and "Traceback" not in run.stderr
    assert not (tmp_path / "planted").exists() and not (tmp_path / "ran").exists()
