"""Makes .venv hold what requirements.txt pins: python notebooks/environment.py [FOLDER], with any Python 3.11 or newer.

.venv is a link to a folder .venv-DIGEST beside it. A new environment is made in a folder of its own, whose paths stay
as they are, and the link moves to it once it is whole: until then the old one stays, and stays if anything fails. Where
nothing changed but the date of a file, nothing is made.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

SPOKEN = 2_000  # characters of what pip says that are shown


def digest(folder):
    """Return what an environment is named by: the pins, what the project adds to them, and this Python."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    added = [project["project"].get(key) for key in ("name", "scripts", "entry-points")]
    parts = [
        (folder / "requirements.txt").read_bytes(),
        repr(added).encode(),
        sys.version.encode(),
        sys.prefix.encode(),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def make(folder):
    """Make the environment, or leave the one that is there; return the exit code."""
    new, link = folder / f".venv-{digest(folder)}", folder / ".venv"
    if not (new / "ready").exists():
        print("Making .venv from requirements.txt (a minute or two, once)")
        shutil.rmtree(new, ignore_errors=True)  # one that was stopped half way
        pip = [new / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]
        for command in ([sys.executable, "-m", "venv", new], pip):
            run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if run.returncode:
                shutil.rmtree(new, ignore_errors=True)
                kept = "The environment that was here stays." if link.exists() else "There is no environment yet."
                print(
                    f"{run.stdout[-SPOKEN:]}\nThe packages of requirements.txt were not installed. {kept}",
                    file=sys.stderr,
                )
                return 1
        (new / "ready").touch()
    turn(link, new)
    os.utime(new / "ready")  # make compares its date
    for old in folder.glob(".venv-*"):
        if old != new and old.is_dir():
            shutil.rmtree(old, ignore_errors=True)
    return 0


def turn(link, new):
    """Have the link name the new folder, in one step where it is a link; a folder in its place goes aside first."""
    part = link.with_name(".venv-part")
    part.unlink(missing_ok=True)
    part.symlink_to(new.name)
    if link.is_dir() and not link.is_symlink():
        link.rename(link.with_name(".venv-before"))  # made before there were links; taken away with the others
    part.replace(link)


def main(folder):
    """Make the environment while no other make does."""
    with (folder / ".venv-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another make at the same work: wait, and find it done
        except OSError as error:
            print(f"Two makes are not kept apart here: locks: {error.strerror}", file=sys.stderr)
        return make(folder)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
    except OSError as stop:
        sys.exit(f"{stop.filename}: {stop.strerror}: the environment was not made")
