"""One job of a sweep, here or on a node of a cluster: python notebooks/batch.py NAME/batches/1.json PROCESSES

The plan names the notebook and, by key, the parameters of each run. What another try has finished is not run again.
"""

import hashlib
import json
import os
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path

import execute
import psutil
from execute import ROOT

SWEEP = "STUDY_SWEEP"  # in the environment of a job here: which process its sweep is; jobs of a cluster have none
GLANCE = 0.5  # s from one look whether the sweep still runs to the next


def mark(process):
    """Return what tells a process from all others of this machine, those that get its number later among them."""
    return f"{process.pid} {process.create_time()}"


def follow(sweep):
    """End this process with the sweep that asked for it, however that ended: an orphan would do another's work.

    By an alarm, which no fork inherits, and not in a thread, which a fork would miss.
    """

    def look(*_):
        number = int(sweep.split()[0])
        if not psutil.pid_exists(number) or mark(psutil.Process(number)) != sweep:
            sys.exit("the sweep that asked for this ended")

    look()
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, GLANCE, GLANCE)


def fingerprint(source, tables):
    """Return a digest of all that results rest on beside parameters: notebook, tables, laws, packages, engine."""
    named = [ROOT / ("book/references.bib" if each == "references" else f"data/{each}.csv") for each in tables]
    laws = [path for path in sorted((ROOT / "model").rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    engine = [ROOT / "notebooks" / name for name in ("engine.py", "execute.py")]
    digest = hashlib.sha256()
    for path in [source, *named, *laws, *engine, ROOT / "requirements.txt"]:
        digest.update(f"{path.relative_to(ROOT)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()


def key(digest, parameters):
    """Return the name of a run: the same only where all that its result rests on is the same.

    What stands in a reader's file of measurements is a part of that; one that is not there fails in its run.
    """
    own = ROOT / "notebooks" / str(parameters.get("measured", ""))  # notebooks run there
    read = hashlib.sha256(own.read_bytes()).hexdigest() if own.is_file() else ""
    return hashlib.sha256(f"{digest}{json.dumps(parameters, sort_keys=True)}{read}".encode()).hexdigest()[:16]


def run(source, parameters, target, at):
    """Write the executed notebook to target, whole or not at all; its metadata says why it failed, if it did."""
    os.environ.pop("STUDY_OUTPUT", None)
    with tempfile.TemporaryDirectory() as scratch:
        notebook, error = execute.run(source, parameters, Path(scratch), at)
    if error:
        notebook.metadata.study["failed"] = " ".join(error.split())
    execute.write(target, execute.strip(notebook))


def main(path, processes):
    """Run what is left of the plan; twice where a run died, and then leave the notebook unrun with the reason."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    source, folder = ROOT / plan["notebook"], path.parent.parent
    notebook = execute.read(source)
    if fingerprint(source, notebook.metadata.study.tables) != plan["fingerprint"]:
        sys.exit("the notebook, model/, data/ or the packages changed since this sweep started: start it again")
    runs = {folder / f"{name}.ipynb": parameters for name, parameters in plan["runs"].items()}
    left = [target for target in runs if not target.exists()]
    if left:
        import engine

        engine.load(notebook)
    died = {}
    for _ in range(2):
        calls = [partial(run, source, runs[target], target) for target in left]
        ends = {end.call.args[2]: end for end in execute.fork(calls, processes, plan["limit"])}
        died |= {target: end for target, end in ends.items()}
        died = {target: end for target, end in died.items() if not end.whole and not target.exists()}
        if stopped := {-signal.SIGINT, -signal.SIGTERM} & {end.code for end in died.values()}:
            sys.exit(f"stopped by {signal.Signals(-stopped.pop()).name}")
        left = [target for target, end in died.items() if not end.late]
    for target, end in died.items():
        if end.told:
            sys.exit(1)  # an error of ours or of the machine, which the log shows
        notebook.metadata.study.update(failed=f"the run {end.words}{'' if end.late else ', twice'}", died=True)
        execute.write(target, execute.strip(notebook))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    execute.start_clean()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    if SWEEP in os.environ:
        follow(os.environ[SWEEP])
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]))
