"""A process that has loaded what notebooks import, and forks a run for each notebook that a build asks for.

The build starts it, python notebooks/host.py, reads from it a folder of sockets and closes its input to end it. The
jobs of the build ask it: python notebooks/host.py notebooks/NAME.ipynb book/executed/NAME.ipynb. Where there is none, a
job runs its notebook alone, with the same result and some seconds more.

It is two processes. One has loaded; the other, forked from it, has fitted constants, too, and takes the notebooks that
list every table behind the fits: what a process keeps rests on no table that a run of it does not name.
"""

import json
import multiprocessing
import os
import socket
import sys
from contextlib import suppress
from multiprocessing import connection
from pathlib import Path

ADDRESS = "STUDY_HOST"  # in the environment of the build's jobs: the folder of the sockets
FITTED = [
    "formats",
    "network",
    "priors",
    "serving",
    "serving_runs",
    "software",
    "systems",
    "workloads",
]  # the tables behind the fits
QUEUE = 256  # jobs that may wait to be taken: more than a build runs at once
LONGEST = 65_536  # bytes of a request, which is two paths


def load():
    """Import what every notebook imports; what fails is left to the run, which meets it again and names its cell.

    A module that reads a table when it is imported fails here: nobody could tell which notebook has to list that table.
    """
    import engine
    import execute

    for source in sorted((execute.ROOT / "notebooks").glob("*.ipynb")):
        with suppress(Exception):
            notebook = execute.read(source)
            os.environ["STUDY_TABLES"] = ""
            engine.load(notebook)
    os.environ.pop("STUDY_TABLES", None)


def fit():
    """Fit what exchanges and steps of decode ask for, from the tables FITTED and no other."""
    import gc

    os.environ["STUDY_TABLES"] = ",".join(FITTED)
    with suppress(Exception):  # a row that is refused, mostly: the run meets it again
        from model.machine import operation_fit, step_fit
        from model.machine.collectives import LARGE, SMALL

        for quantity in ("all_to_all_time", LARGE, SMALL):
            rows = operation_fit.measured(quantity, "calibrate")
            for group in rows[operation_fit.GROUP].drop_duplicates().itertuples(index=False):
                operation_fit.fit(quantity, *group)
        step_fit.fit()
    os.environ.pop("STUDY_TABLES")
    gc.freeze()  # as engine.load does


def attend(source, target, streams):
    """Run a notebook in a fork, as `execute.main` does alone, with the streams of the job that asked."""
    import execute

    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
    execute.main(Path(source), Path(target))


def serve(listener, build):
    """Take jobs from a socket and tell each the exit code of its run, until the pipe from the build ends."""
    runs = {}  # (process, job) by the sentinel of the process, and by the socket of the job
    while True:
        for ready in connection.wait([listener, build, *runs]):
            if ready == build:
                for process, _ in runs.values():
                    process.kill()  # its run ends with it
                return
            if ready is listener:
                if started := _start(listener.accept()[0]):
                    runs |= dict.fromkeys((started[0].sentinel, started[1]), started)
            elif ready in runs:
                process, job = runs.pop(ready)
                if ready is job:  # it was stopped
                    process.kill()
                process.join()
                for end in (process.sentinel, job):
                    runs.pop(end, None)
                with suppress(OSError), job:
                    job.sendall(str(abs(process.exitcode)).encode())


def _start(job):
    """Start the run that a job asks for; return the process that attends it, and the job; None for one that is gone."""
    request, streams, *_ = socket.recv_fds(job, LONGEST, 2)
    if not request:
        return None
    process = multiprocessing.get_context("fork").Process(target=attend, args=(*json.loads(request), streams))
    process.start()
    for stream in streams:
        os.close(stream)
    return process, job


def host():
    """Offer both sockets; load, fork and fit when the first job comes."""
    import signal
    import tempfile

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it as it ends the build
    with tempfile.TemporaryDirectory(prefix="study-") as folder:
        listeners = {name: _listen(Path(folder, name)) for name in ("loaded", "fitted")}
        print(folder, flush=True)
        build = os.dup(0)  # a fork of multiprocessing has no standard input
        if build in connection.wait([build, *listeners.values()]):
            return
        load()
        loaded, fitted = listeners.values()
        process = multiprocessing.get_context("fork").Process(target=_serve_fitted, args=(fitted, loaded, build))
        process.start()
        fitted.close()
        serve(loaded, build)
        process.join()


def _serve_fitted(listener, other, build):
    other.close()
    fit()
    serve(listener, build)


def _listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(QUEUE)
    return listener


def ask(folder, source, target):
    """Have a host run a notebook; return the exit code."""
    tables = json.loads(Path(source).read_bytes())["metadata"].get("study", {}).get("tables", [])
    name = "fitted" if set(FITTED) <= set(tables) else "loaded"
    with socket.socket(socket.AF_UNIX) as job:
        job.connect(str(Path(folder, name)))
        socket.send_fds(job, [json.dumps([source, target]).encode()], [1, 2])
        answer = job.recv(LONGEST)
    return int(answer) if answer else f"{source}: the process that forks the runs has ended"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        if folder := os.environ.get(ADDRESS):
            sys.exit(ask(folder, *sys.argv[1:]))
        alone = Path(__file__).with_name("execute.py")
        os.execv(sys.executable, [sys.executable, str(alone), *sys.argv[1:]])
    elif len(sys.argv) == 1:
        import execute

        execute.start_clean()
        try:
            host()
        except OSError as error:
            sys.exit(f"No process forks the runs here, each loads by itself: {error.strerror or error}")
    else:
        sys.exit(__doc__)
