"""Builds the whole book once more in another place and names each file that differs: python tests/reproduce.py

The other place is a copy of the project in another folder, time zone and language, with another hash seed, on one core.
What both hold must be the same bytes, but for the page that says how long each notebook took.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from checkout import ENVIRONMENT, MAKE, ROOT, copy

MADE = ("book/executed", "book/_build/html")
CLOCK = "book/_build/html/status.html"
ELSEWHERE = {
    **{"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "123"},
    **{"MPLBACKEND": "svg", "COLUMNS": "40"},
}
# A copy has no history of its own: pages take their dates from this one's.
_GIT = subprocess.run(
    ["git", "rev-parse", "--absolute-git-dir"], cwd=ROOT, capture_output=True, text=True
).stdout.strip()


def history(work):
    """Return the environment in which git shows this project's history of the files in a folder."""
    return {"GIT_DIR": _GIT, "GIT_WORK_TREE": str(work)} if _GIT else {}


def on_one_core(command):
    """Return a command that has one core alone, where the system can hold it to that."""
    one = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    return [*one, *command]


def contents(folder, *made):
    """Return the bytes of each file below some parts of a folder, by path."""
    files = sorted(path for each in made for path in (folder / each).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def differing(one, other):
    """Return the names of the files that are not in both, or not the same in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def judged(one, other):
    """Say in lines how two books differ; return (whether they are the same, the lines)."""
    if not one.keys() & other.keys() - {CLOCK}:
        return False, ["Nothing to compare: run make book first."]
    if names := [name for name in differing(one, other) if name != CLOCK or name not in one.keys() & other.keys()]:
        return False, [f"{len(names)} files are not the same in both:", *names]
    size = sum(map(len, one.values())) / 1e6
    return True, [f"{len(one):,} files, {size:.0f} MB: the same bytes in both builds, {CLOCK} aside."]


def main():
    environment = ENVIRONMENT | ELSEWHERE
    if "NO_PDF" not in os.environ:  # the book of this folder has its PDF
        del environment["NO_PDF"]
    with tempfile.TemporaryDirectory(prefix="ein Ordner, größer ") as place:
        folder = copy(Path(place) / "study")
        command = on_one_core([*MAKE, "book"])
        environment |= history(folder) | {"PYTHONPATH": str(folder)}
        done = subprocess.run(command, cwd=folder, env=environment)
        if done.returncode:
            sys.exit("The second build failed.")
        same, lines = judged(contents(ROOT, *MADE), contents(folder, *MADE))
    print("\n".join(lines))
    sys.exit(not same)


if __name__ == "__main__":
    main()
