"""The speed table: python tests/bench/bench.py FILE.csv [quick]

Measures the study against laws by hand and against other tools, its tables, builds and sweeps, in one run, and writes
the table. What is compared takes turns, for the machine may have other work. quick: a few rows of each, to see that it
works; its numbers say nothing.
"""

import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(ROOT / "notebooks"), str(ROOT)]
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # rates are of one core

import builds  # noqa: E402
import laws  # noqa: E402
import records  # noqa: E402
import sweeps  # noqa: E402
import tables  # noqa: E402

OURS = ("numpy", "pandas", "scipy", "sympy", "papermill", "snakemake", "jupyter-book")
THEIRS = ("mlsysim", "genz-llm", "numexpr")


def environment():
    """Return the Python of .bench/, where the other tools are; make it where it is not there or out of date."""
    folder, wanted = ROOT / ".bench", HERE / "requirements.txt"
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists() or ready.read_bytes() != wanted.read_bytes():
        print("Making .bench from tests/bench/requirements.txt (a minute, once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted]
        subprocess.run(install, check=True)
        ready.write_bytes(wanted.read_bytes())
    return python


def machine(found, python):
    """Add the machine, the day and the versions."""
    names = ",".join(THEIRS)
    ask = f"from importlib.metadata import version; print(*(version(n) for n in '{names}'.split(',')))"
    theirs = subprocess.check_output([python, "-c", ask], text=True).split()
    versions = [f"{name} {version(name)}" for name in OURS]
    versions += [f"{name} {number}" for name, number in zip(THEIRS, theirs, strict=True)]
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    system = f"{_processor()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    found.add(
        "machine", "all", "", "", "cores", len(os.sched_getaffinity(0)), f"{day}; {system}; {', '.join(versions)}"
    )


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main(target, quick=False):
    """Measure everything and write the table to target; .bench/last.csv holds what a run that stopped had got to."""
    found, start = records.Records(), time.perf_counter()
    python = environment()
    machine(found, python)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, part in (
            ("laws", lambda: laws.measure(found, python, folder, quick)),
            ("tables", lambda: tables.measure(found, folder, quick)),
            ("sweeps", lambda: sweeps.measure(found, folder, quick)),
            ("builds", lambda: builds.measure(found, folder, quick)),
        ):
            print(f"{time.perf_counter() - start:6.0f} s: {name}", flush=True)
            part()
            found.write(ROOT / ".bench" / "last.csv")
    found.write(target)
    print(f"{time.perf_counter() - start:6.0f} s: {target}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["quick"]):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), quick=bool(sys.argv[2:]))
