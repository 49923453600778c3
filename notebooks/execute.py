"""Runs a notebook, each run in a fork of its own.

For the book: python notebooks/execute.py notebooks/NAME.ipynb book/executed/NAME.ipynb
"""

import mmap
import multiprocessing
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from threading import Thread

import executed
import psutil

# Seconds of every start go into its grammars, for formats that no notebook has; jsonschema does without.
sys.modules["rfc3987_syntax"] = None
import nbformat  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
FAILED = ROOT / "book" / "_build" / "failed"
RUNS = ROOT / "book" / "_build" / "runs"  # what each took
MARK = "STUDY_RUN"  # in the environment of whatever a run starts: which run that was
# What stops a program, held back while it forks: a handler that raises then does so in a callback of the fork, which
# prints the exception and goes on.
STOPPING = (signal.SIGINT, signal.SIGTERM)
MAPPED = "/memfd:study-"  # as /proc says it: the start of the name of memory that a run maps, and whatever it forks
# What Python and its libraries read when they start: the same for everybody. One thread, since runs go side by side.
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),  # the laws of this checkout, wherever the installed ones point
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "IPYTHONDIR": str(Path(sys.prefix, "ipython")),  # no settings of the user
    "MPLCONFIGDIR": str(Path(sys.prefix, "matplotlib")),  # no matplotlibrc of the user
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the kernel's debugger, which nobody uses here, keeps quiet
}


def start_clean():
    """Start this program again with ENVIRONMENT unless it has it: much of that is read before the first line runs."""
    if os.environ | ENVIRONMENT != os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ENVIRONMENT)


def read(source):
    """Return the notebook, and tell the loader of data/ which tables its metadata names."""
    notebook = nbformat.read(source, as_version=4)
    tables = notebook.metadata.get("study", {}).get("tables")
    if tables is None:
        sys.exit(f'{source}: its metadata lacks "study": {{"tables": [...]}}, the names of the data tables it reads')
    os.environ["STUDY_TABLES"] = ",".join(tables)
    return notebook


def strip(notebook):
    """Return its text without what differs between two runs, so that two builds of one commit are identical."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if {"injected-parameters", "papermill-error-cell-tag"} & set(cell.metadata.get("tags", [])):
            cell["id"] = f"papermill-{number}"  # it draws one
    text = nbformat.writes(notebook).replace(f"{ROOT}/", "") + "\n"
    return re.sub(r" at 0x[0-9a-f]+>", ">", text)  # where an object lay in memory


def run(source, parameters, scratch, at=lambda cell: None):
    """Run a notebook in this process, which must end after it; return it as executed, and its error or None.

    at: is told the number of each cell, as the notebook is stored, when it starts.
    """
    import engine
    from papermill import PapermillExecutionError, execute_notebook

    target = scratch / source.name
    first = 0 if parameters else 1  # the cell with the parameters of a run counts for one
    quiet = {"progress_bar": False, "request_save_on_cell_execute": False, "at": lambda index: at(index + first)}
    try:
        with_kernel = {"engine_name": engine.NAME, "kernel_name": "python3", "cwd": ROOT / "notebooks"}
        notebook = execute_notebook(source, target, parameters, **with_kernel, **quiet)
    except PapermillExecutionError as error:
        words = f"cell {error.cell_index + first}: {error.ename}: {error.evalue}"
        return nbformat.read(target, as_version=4), words
    for index, cell in enumerate(notebook.cells):  # papermill takes sys.exit() for a success
        wanted = "raises-exception" in cell.metadata.get("tags", [])
        if not wanted and any(output.output_type == "error" for output in cell.get("outputs", [])):
            return notebook, f"cell {index + first}: it left by sys.exit(), and what follows was not run"
    return notebook, None


def write(target, text):
    """Write target whole or not at all: a move within one folder is all or nothing."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(target)


THROUGH, TOLD = -1, -2  # instead of a cell's number: the call returned; it raised, and said so


@dataclass(frozen=True)
class End:
    """How a run ended. code: of its process, negative for a signal; cell: the one at work then, 0 for none.

    whole: the call returned. told: it said on standard error what is wrong. late: it was stopped at the limit, s.
    """

    call: Callable
    code: int
    cell: int = 0
    whole: bool = False
    told: bool = False
    late: float | None = None

    @property
    def words(self):
        """Return in words how a run ended that is not whole."""
        where = f" in cell {self.cell}" if self.cell > 0 else ""
        if self.late:
            return f"was stopped{where} after {self.late:g} s; NOTEBOOK_LIMIT=seconds allows another time"
        if self.code < 0:
            return f"was ended by {signal.Signals(-self.code).name}{where}"
        return f"ended{where} with exit code {self.code} and no error, as os._exit does"


def limit():
    """Return the seconds that a run may take: NOTEBOOK_LIMIT, or half an hour, many times what any needs."""
    try:
        if (seconds := float(os.environ.get("NOTEBOOK_LIMIT") or 1800)) > 0:
            return seconds
    except ValueError:
        pass
    return sys.exit(f"NOTEBOOK_LIMIT is {os.environ['NOTEBOOK_LIMIT']!r}: it takes seconds, a number above 0")


def fork(calls, processes, seconds=None):
    """Call each in a fork of this process, at most `processes` at once; yield an End of each as they end.

    A fork starts with what this process has imported and with nothing of another run, and is a process group of its
    own: what it started ends with it, programs in a session of their own, too. A call gets a function that takes the
    number of the cell at work. seconds: after them it is stopped.
    """
    waiting, running = deque(calls), {}
    context = multiprocessing.get_context("fork")
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                place, call = context.Value("i", 0, lock=False), waiting.popleft()
                mark = f"{os.getpid()}-{time.time_ns()}"
                child = context.Process(target=_alone, args=(call, place, mark), name=mark)
                with _held_back(STOPPING):
                    child.start()
                    running[child.sentinel] = child, call, place, time.monotonic() + (seconds or float("inf"))
            next_end = min(end for *_, end in running.values()) - time.monotonic()
            for ready in connection.wait(running, None if seconds is None else max(next_end, 0)):
                yield _end(*running.pop(ready)[:3])
            for ready, (child, call, place, end) in list(running.items()):
                if time.monotonic() >= end:
                    del running[ready]
                    _stop(child)
                    yield _end(child, call, place, seconds)
    finally:
        for child, *_ in running.values():
            _stop(child)


@contextmanager
def _held_back(numbers):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(child, call, place, late=None):
    child.join()
    _stop(child)  # what the notebook started and left
    return End(call, child.exitcode, max(place.value, 0), place.value == THROUGH, place.value == TOLD, late)


def _stop(child):
    """Kill a run with all that it started; it may not have made its group yet, or have ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    _stop_marked(child.name)


def _stop_marked(mark):
    """Kill what a run started in groups and sessions of its own, programs and forks, and what those start meanwhile."""
    found = True
    while found:
        found = [each for each in psutil.process_iter() if each.pid != os.getpid() and _is_of(each, mark)]
        for each in found:
            with suppress(psutil.Error):
                each.kill()
                each.wait(1)


def _is_of(process, mark):
    """Tell whether a run started a process: a program says so by its environment, a fork by the memory that it maps.

    False of one that ended, or is another user's. /proc keeps the environment with which the program of a fork began,
    which is that of the run's parent; a mapping stays in a fork whatever it closes, and no program inherits it.
    """
    with suppress(psutil.Error, OSError):
        if process.environ().get(MARK) == mark:
            return True
        maps = Path("/proc", str(process.pid), "maps")
        return maps.exists() and f"{MAPPED}{mark} " in maps.read_text(errors="replace")
    return False


_mapped = []  # what this process, if it is a run, must not give back, nor its forks


def _map(mark):
    """Return memory of this process that bears a mark, None where the system has none such."""
    if not hasattr(os, "memfd_create"):
        return None
    file = os.memfd_create(f"study-{mark}")
    os.ftruncate(file, mmap.PAGESIZE)
    mapped = mmap.mmap(file, mmap.PAGESIZE)
    os.close(file)
    return mapped


def _alone(call, place, mark):
    os.setpgid(0, 0)
    os.environ[MARK] = mark
    _mapped.append(_map(mark))
    for each in STOPPING:  # a run that is stopped ends, and is no failed one
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    Thread(target=_follow, args=(multiprocessing.parent_process().sentinel,), daemon=True).start()

    def at(cell):
        place.value = cell

    try:
        call(at)
        at(THROUGH)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # a thread that the notebook left would keep it
    except OSError as error:  # a full or read-only disk, mostly
        at(TOLD)
        sys.exit(f"{error.filename or 'a file'}: {error.strerror or error}")
    except BaseException:
        at(TOLD)
        raise


def _follow(parent):
    """End with the program that started this run, however it ended."""
    connection.wait([parent])
    _stop_marked(os.environ[MARK])
    os.killpg(0, signal.SIGKILL)


def build(source, target, at):
    """Write the executed notebook to target and its figure data to the folder beside it, or neither, for the book."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "output")
        output.mkdir()
        os.environ["STUDY_OUTPUT"] = str(output)
        notebook, error = run(source, {}, Path(scratch), at)
        if error:
            FAILED.mkdir(parents=True, exist_ok=True)
            write(FAILED / source.name, strip(notebook))
            kept = (FAILED / source.name).relative_to(ROOT)
            sys.exit(f"{source}, {error}\nThe failed run is kept: {kept}")
        (FAILED / source.name).unlink(missing_ok=True)
        shutil.rmtree(target.with_suffix(""), ignore_errors=True)
        shutil.copytree(output, target.with_suffix(""))
        write(target, strip(notebook))
        executed.record(target)


def measured(name, seconds):
    """Write down for the status page what the one run of this process took: seconds, and most memory, MB."""
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    RUNS.mkdir(parents=True, exist_ok=True)
    write(RUNS / f"{name}.tsv", f"s\tmax_rss\n{seconds:.2f}\t{most:.2f}\n")


def main(source, target):
    """Build one notebook of the book."""
    read(source)
    start = time.monotonic()
    for end in fork([lambda at: build(source, target, at)], 1, limit()):
        if not end.whole:
            sys.exit(end.code or 1 if end.told else f"{source}: the run {end.words}")
    measured(target.stem, time.monotonic() - start)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    start_clean()
    main(Path(sys.argv[1]), Path(sys.argv[2]))
