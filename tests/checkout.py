"""A copy of the project, and make in it: for tests that build, break, stop and start things."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Without what a make or a test above this one set; every program of the copy is this environment's.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTEST"))}
ENVIRONMENT["NO_PDF"] = "1"  # printing the book would take most of a build's time
MAKE = ["make", "--old-file", ".venv/ready", f"BIN={Path(sys.executable).parent}"]


def copy(folder, root=ROOT):
    """Copy what git tracks or would track of a project into a folder that is not there yet, and return it."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, cwd=root, text=True).split("\0"):
        if name and (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    return folder


def make(folder, *words, **environment):
    """Run a make target there; return its exit code and all that it printed."""
    printed = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    run = subprocess.run([*MAKE, *words], cwd=folder, env=ENVIRONMENT | environment, **printed)
    return run.returncode, run.stdout
