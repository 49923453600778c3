"""Runs a notebook once for each row of a scenario file: python notebooks/sweep.py NOTEBOOK SCENARIOS [PROFILE]

Checks the whole file, lets Snakemake run what is not there yet, here or with a profile on a cluster, and writes
sweeps/NOTEBOOK/results.csv with the executed notebooks beside it. Stopped and started again, it goes on. The variable
SWEEPS names another folder than sweeps, for a project that lies where nobody may write.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import batch
import execute
import psutil
import results
import scenarios
import yaml
from execute import ROOT
from tqdm import tqdm

from model.numbers.catalog import DataError


def place():
    """Return the folder of all sweeps: SWEEPS, from the project's folder, or sweeps in it."""
    return (ROOT / Path(os.environ.get("SWEEPS") or "sweeps").expanduser()).resolve()


def plan(folder, source, digest, runs, jobs):
    """Write at most `jobs` plans of about as many runs each; return the stamps that Snakemake is to make."""
    plans = folder / "batches"
    shutil.rmtree(plans, ignore_errors=True)
    plans.mkdir()
    names, jobs = list(runs), min(jobs, len(runs))
    for number in range(jobs):
        part = {name: runs[name] for name in names[number::jobs]}
        about = {"notebook": str(source.relative_to(ROOT)), "fingerprint": digest, "limit": execute.limit()}
        (plans / f"{number + 1}.json").write_text(json.dumps(about | {"runs": part}, indent=1), encoding="utf-8")
    return [f"{folder.name}/batches/{number + 1}.done" for number in range(jobs)]


def submit(stamps, folder, profile, log):
    """Start Snakemake on these stamps, which lie in a folder; what it keeps lies there, too."""
    where = ["--profile", str(profile.resolve())] if profile else ["--cores", "all"]
    rules = ["--snakefile", str(ROOT / "notebooks" / "sweep.smk"), "--directory", str(folder)]
    command = [sys.executable, "-m", "snakemake", "--nolock", "--rerun-incomplete", *where, *rules]
    cache = os.environ | {"XDG_CACHE_HOME": str(folder / ".snakemake" / "cache")}  # not everybody can write to a home
    if not profile:
        cache[batch.SWEEP] = batch.mark(psutil.Process())
    quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
    return subprocess.Popen([*command, "--", *stamps], cwd=folder, env=cache, **quiet)


def stop(process, profile):
    """End Snakemake with its jobs here; with a profile it is asked to end, for it has to tell the cluster."""
    if profile:
        process.terminate()
        process.wait()
        return
    jobs = psutil.Process(process.pid).children(recursive=True)
    process.kill()  # asked to end it would wait for its jobs
    process.wait()
    for each in jobs:
        with suppress(psutil.NoSuchProcess):
            each.terminate()
    for each in psutil.wait_procs(jobs, 10)[1]:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def follow(process, folder, names):
    """Show one line of progress until the process ends; return the outcomes of the runs by their name."""
    outcomes = {}
    form = "{desc} |{bar:20}| {elapsed} so far, {remaining} to go"
    quiet = {} if sys.stderr.isatty() else {"mininterval": 10}
    with tqdm(total=len(names), desc=folder.name, bar_format=form, **quiet) as bar:
        running = True
        while running:
            running = process is not None and process.poll() is None
            there = {path.stem for path in folder.glob("*.ipynb")}
            for name in [name for name in names if name in there and name not in outcomes]:
                outcomes[name] = results.outcome(folder / f"{name}.ipynb")
            failed = sum(outcome.failed is not None for outcome in outcomes.values())
            done, left = len(outcomes) - failed, len(names) - len(outcomes)
            bar.set_description_str(f"{folder.name}: {done} done, {failed} failed, {left} left", refresh=False)
            bar.update(len(outcomes) - bar.n)
            if running:
                time.sleep(0.2)
        bar.refresh()
    return outcomes


def sweep(name, file, profile=None):
    """Run the sweep; return the exit code: 0 with a complete table, 1 where runs are missing, 2 for bad input."""
    name = Path(name).stem if name.endswith(".ipynb") else name
    source, folder = ROOT / "notebooks" / f"{name}.ipynb", place() / name
    if not source.is_file():
        known = ", ".join(sorted(path.stem for path in source.parent.glob("*.ipynb")))
        return _refuse(f"there is no notebook {name}; there are {known}")
    if profile and not (profile / "config.yaml").is_file():
        return _refuse(f"{profile} is no Snakemake profile: it holds no config.yaml")
    notebook = execute.read(source)
    try:
        wanted = scenarios.read(file, scenarios.interface(notebook))
    except (scenarios.ScenarioError, DataError) as error:
        return _refuse(f"{error}\nNothing was run.")
    digest = batch.fingerprint(source, notebook.metadata.study.tables)
    runs = {batch.key(digest, each.parameters): each.parameters for each in wanted}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go of it when this process ends
            except BlockingIOError:
                return _refuse(f"another sweep of {name} runs in this folder: wait for it, or stop it")
            except OSError as error:
                print(f"two sweeps are not kept apart here: locks: {error.strerror}", file=sys.stderr)
            return _run(folder, source, digest, wanted, runs, profile)
    except OSError as error:
        where = error.filename or folder
        return _refuse(f"{where} cannot be written: {error.strerror}. SWEEPS=folder puts results elsewhere")


def _run(folder, source, digest, wanted, runs, profile):
    for path in folder.glob("*.ipynb"):
        if path.stem in runs and results.outcome(path).died:
            path.unlink()  # it may have been the machine
    left = {name: parameters for name, parameters in runs.items() if not (folder / f"{name}.ipynb").exists()}
    process, log = None, folder / "log.txt"
    try:
        if left:
            jobs = yaml.safe_load((profile / "config.yaml").read_text(encoding="utf-8"))["jobs"] if profile else 1
            with log.open("w") as file:
                process = submit(plan(folder, source, digest, left, jobs), folder.parent, profile, file)
        outcomes = follow(process, folder, list(runs))
    finally:
        if process is not None and process.poll() is None:
            stop(process, profile)
    if missing := len(runs) - len(outcomes):
        print(log.read_text(encoding="utf-8", errors="replace")[-3000:], file=sys.stderr)
        print(f"{missing} of {len(runs)} runs are missing; the same command goes on from here.", file=sys.stderr)
        return 1
    rows = []
    for each in wanted:
        name = batch.key(digest, each.parameters)
        rows.append((each.texts, outcomes[name], f"{name}.ipynb"))
    execute.write(folder / "results.csv", results.table(rows))
    for path in folder.iterdir():  # of other laws and scenarios, and pieces of runs that were stopped
        if path.name.endswith(".part") or (path.suffix == ".ipynb" and path.stem not in runs):
            path.unlink()
    failed = sum(outcome.failed is not None for _, outcome, _ in rows)
    table = folder / "results.csv"
    shown = table.relative_to(ROOT) if table.is_relative_to(ROOT) else table
    print(f"{len(rows)} scenarios, {failed} failed: {shown}")
    return 0


def _refuse(message):
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    for each in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) != signal.SIG_IGN:  # as nohup has it
            signal.signal(each, lambda number, _: sys.exit(128 + number))
    sys.exit(sweep(sys.argv[1], Path(sys.argv[2]), *(Path(each) for each in sys.argv[3:] if each)))
