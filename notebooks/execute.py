"""Runs a notebook, each run in a fork of its own.

For the book: python notebooks/execute.py notebooks/NAME.ipynb book/executed/NAME.ipynb
"""

import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
from collections import deque
from multiprocessing import connection
from pathlib import Path

# Seconds of every start go into its grammars, for formats that no notebook has; jsonschema does without.
sys.modules["rfc3987_syntax"] = None
import nbformat  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
FAILED = ROOT / "book" / "_build" / "failed"
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


def run(source, parameters, scratch):
    """Run a notebook in this process, which must end after it; return it as executed, and its error or None."""
    import engine
    from papermill import PapermillExecutionError, execute_notebook

    target = scratch / source.name
    quiet = {"progress_bar": False, "request_save_on_cell_execute": False}
    try:
        with_kernel = {"engine_name": engine.NAME, "kernel_name": "python3", "cwd": ROOT / "notebooks"}
        return execute_notebook(source, target, parameters, **with_kernel, **quiet), None
    except PapermillExecutionError as error:
        cell = error.cell_index + (0 if parameters else 1)  # of the notebook as it is stored
        return nbformat.read(target, as_version=4), f"cell {cell}: {error.ename}: {error.evalue}"


def write(target, text):
    """Write target whole or not at all: a move within one folder is all or nothing."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(target)


def fork(calls, processes):
    """Call each in a fork of this process, at most `processes` at once; yield (call, exit code) as they end.

    A fork starts with what this process has imported and with nothing of another run. Its exit code is negative where
    a signal ended it.
    """
    waiting, running = deque(calls), {}
    context = multiprocessing.get_context("fork")
    try:
        while waiting or running:
            while waiting and len(running) < processes:
                child = context.Process(target=_alone, args=(waiting[0],))
                child.start()
                running[child.sentinel] = child, waiting.popleft()
            for ended in connection.wait(running):
                child, call = running.pop(ended)
                child.join()
                yield call, child.exitcode
    finally:
        for child, _ in running.values():
            child.terminate()


def _alone(call):
    for each in (signal.SIGINT, signal.SIGTERM):  # a run that is stopped ends, and is no failed one
        signal.signal(each, signal.SIG_DFL)
    call()


def build(source, target):
    """Write the executed notebook to target and its figure data to the folder beside it, or neither, for the book."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "output")
        output.mkdir()
        os.environ["STUDY_OUTPUT"] = str(output)
        notebook, error = run(source, {}, Path(scratch))
        if error:
            FAILED.mkdir(parents=True, exist_ok=True)
            write(FAILED / source.name, strip(notebook))
            kept = (FAILED / source.name).relative_to(ROOT)
            sys.exit(f"{source}, {error}\nThe failed run is kept: {kept}")
        (FAILED / source.name).unlink(missing_ok=True)
        shutil.rmtree(target.with_suffix(""), ignore_errors=True)
        shutil.copytree(output, target.with_suffix(""))
        write(target, strip(notebook))


def main(source, target):
    """Build one notebook of the book."""
    read(source)
    for _, code in fork([lambda: build(source, target)], 1):
        if code < 0:
            sys.exit(f"{source}: the run was ended by {signal.Signals(-code).name}")
        sys.exit(code)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    start_clean()
    main(Path(sys.argv[1]), Path(sys.argv[2]))
