"""The archive of the source that readers download: whole, the same bytes always, and enough for a first answer."""

import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import source  # noqa: E402


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The archive, unpacked where no git is."""
    folder = tmp_path_factory.mktemp("download")
    with tarfile.open(fileobj=io.BytesIO(source.packed(ROOT))) as archive:
        archive.extractall(folder, filter="data")
    return folder / source.NAME


def test_it_holds_all_that_a_reader_needs_and_nothing_that_a_build_made(unpacked):
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert {"Makefile", "model/__main__.py", "data/systems.csv", "notebooks/environment.py", ".ci/run"} <= names
    assert {"book/index.md", "tests/conftest.py", ".binder/requirements.txt"} <= names
    assert not [name for name in names if source.MADE.search(name)]
    assert os.access(unpacked / ".ci/run", os.X_OK)


def test_it_is_the_same_with_git_and_without(unpacked):
    (unpacked / "book/executed").mkdir()
    (unpacked / "book/executed/left.ipynb").write_text("{}")
    assert source.packed(unpacked) == source.packed(ROOT)


def test_it_answers_the_first_question_of_the_install_page(unpacked):
    page = (ROOT / "book/install.md").read_text(encoding="utf-8")
    [words] = re.findall(r"\.venv/bin/(python -m model predict .*=.*)", page)
    asked = [sys.executable, *words.split()[1:]]
    found = subprocess.run(asked, cwd=unpacked, env=os.environ | {"PYTHONPATH": str(unpacked)}, capture_output=True)
    assert found.returncode == 0, found.stderr.decode()
    seconds = float(re.search(r"job_mtbf = ([\d.]+) s", found.stdout.decode())[1])
    assert 2.5 < seconds / 3600 < 3.5, "the article says three hours, and the count agrees"


def test_binder_is_told_a_python_that_the_project_takes_and_its_pins():
    version = (ROOT / ".binder/runtime.txt").read_text().strip().removeprefix("python-")
    wanted = re.search(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))[1]
    assert SpecifierSet(wanted).contains(version)
    [line] = (ROOT / ".binder/requirements.txt").read_text().split("\n")[:-1]
    assert (ROOT / ".binder" / line.removeprefix("-r ")).resolve() == ROOT / "requirements.txt"
