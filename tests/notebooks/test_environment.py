"""The environment is replaced by a whole one or not at all. In folders with pins of nothing, without a network."""

import os
import shutil
import subprocess
import sys
import time

import environment
import pytest
from checkout import ENVIRONMENT, ROOT

pytestmark = pytest.mark.slow
PROJECT = '[project]\nname = "small"\nversion = "1"\n'


@pytest.fixture
def study(tmp_path):
    """A folder whose name has a space, with pins of nothing."""
    folder = tmp_path / "my study"
    (folder / "notebooks").mkdir(parents=True)
    shutil.copy2(ROOT / "notebooks" / "environment.py", folder / "notebooks")
    shutil.copy2(ROOT / "Makefile", folder)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "requirements.txt").write_text("# nothing\n")
    return folder


def start(folder, **more):
    words = ["make", ".venv/ready", f"PYTHON={sys.executable}"]
    offline = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    printed = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(words, cwd=folder, env=ENVIRONMENT | offline | more, **printed)


def make(folder, **more):
    process = start(folder, **more)
    printed, _ = process.communicate()
    return process.returncode, printed


def works(folder):
    """Tell whether its Python runs, and where its packages lie."""
    program = "import sys, pip; print(sys.prefix)"
    run = subprocess.run([folder / ".venv/bin/python", "-c", program], capture_output=True, text=True)
    scripts = subprocess.run([folder / ".venv/bin/pip", "--version"], capture_output=True, text=True)
    return run.returncode == 0 and scripts.returncode == 0 and str(folder) in run.stdout + scripts.stdout


def test_the_life_of_an_environment(study):
    """Made once; a new date makes nothing; a pin that cannot be had leaves it; a new whole one takes its place."""
    code, printed = make(study)
    assert code == 0 and works(study), printed
    first = (study / ".venv").resolve()
    assert make(study)[1].strip().endswith("up to date.")
    os.utime(study / "requirements.txt", (time.time() + 2, time.time() + 2))  # a checkout does that
    code, printed = make(study)
    assert code == 0 and "Making .venv" not in printed
    assert (study / ".venv").resolve() == first
    (study / "requirements.txt").write_text("no-such-package-at-all==1.0\n")
    code, printed = make(study)
    assert code != 0 and "no-such-package-at-all" in printed
    assert "The environment that was here stays." in printed and "Traceback" not in printed
    assert (study / ".venv").resolve() == first and works(study)
    (study / "requirements.txt").write_text("# nothing again\n")
    code, printed = make(study)
    assert code == 0 and works(study), printed
    assert (study / ".venv").resolve() != first and not first.exists()
    assert [path.name for path in study.glob(".venv-*") if path.is_dir()] == [(study / ".venv").resolve().name]


def test_two_makes_in_a_fresh_folder_share_the_work(study):
    both = [start(study), start(study)]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert sum("Making .venv" in each for each in printed) == 1
    assert works(study)
    assert len([path for path in study.glob(".venv-*") if path.is_dir()]) == 1


def test_one_that_was_killed_half_way_is_made_again_and_the_old_one_serves_meanwhile(study):
    assert make(study)[0] == 0
    old = (study / ".venv").resolve()
    (study / "requirements.txt").write_text("# other\n")
    half = study / f".venv-{environment.digest(study)}"
    (half / "bin").mkdir(parents=True)  # as a kill leaves it
    assert works(study)
    code, printed = make(study)
    assert code == 0 and works(study), printed
    assert not old.exists()


def test_a_folder_of_an_earlier_version_is_replaced(study):
    (study / ".venv" / "bin").mkdir(parents=True)
    (study / ".venv" / "ready").touch()
    os.utime(study / ".venv" / "ready", (0, 0))
    code, printed = make(study)
    assert code == 0 and works(study), printed
    assert (study / ".venv").is_symlink()


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(study):
    (study / ".venv-lock").mkdir()  # as good as read-only, also for root
    code, printed = make(study)
    assert code != 0
    assert "the environment was not made" in printed and "Traceback" not in printed
