"""Runs one notebook for the book: python notebooks/execute.py notebooks/NAME.ipynb book/executed/NAME.ipynb"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
FAILED = ROOT / "book" / "_build" / "failed"


def prepare(tables, output, scratch):
    """Set what the kernel inherits: nothing of it depends on who runs it, or where."""
    os.environ |= {
        "STUDY_TABLES": ",".join(tables),
        "STUDY_OUTPUT": str(output),
        "PYTHONPATH": str(ROOT),  # the laws of this checkout, wherever the installed ones point
        "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter")),  # before a kernel "python3" in the user's home
        "IPYTHONDIR": str(scratch / "ipython"),  # no start-up files of the user
        "MPLCONFIGDIR": str(Path(sys.prefix, "matplotlib")),  # no matplotlibrc of the user
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "0",
    }
    import matplotlib.font_manager  # noqa: F401  (builds its cache once, here: it prints when it does)


def strip(notebook):
    """Return its text without what differs between two runs, so that two builds of one commit are identical."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    text = nbformat.writes(notebook).replace(f"{ROOT}/", "") + "\n"
    return re.sub(r" at 0x[0-9a-f]+>", ">", text)  # where an object lay in memory


def execute(source, target):
    """Write the executed notebook to target and its figure data to the folder beside it, or neither."""
    from papermill import PapermillExecutionError, execute_notebook

    tables = nbformat.read(source, as_version=4).metadata.get("study", {}).get("tables")
    if tables is None:
        sys.exit(f'{source}: its metadata lacks "study": {{"tables": [...]}}, the names of the data tables it reads')
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        output, run = scratch / "output", scratch / source.name
        output.mkdir()
        prepare(tables, output, scratch)
        quiet = {"progress_bar": False, "extra_arguments": ["--log-level=CRITICAL"]}
        try:
            notebook = execute_notebook(source, run, kernel_name="python3", cwd=ROOT / "notebooks", **quiet)
        except Exception as error:
            where, what = source, f"{type(error).__name__}: {error}"  # the kernel died, say
            if isinstance(error, PapermillExecutionError):
                where, what = f"{source}, cell {error.cell_index + 1}", f"{error.ename}: {error.evalue}"
            FAILED.mkdir(parents=True, exist_ok=True)
            shutil.copy(run, FAILED)
            kept = (FAILED / source.name).relative_to(ROOT)
            sys.exit(f"{where}: {what}\nThe failed run is kept: {kept}")
        (FAILED / source.name).unlink(missing_ok=True)
        shutil.rmtree(target.with_suffix(""), ignore_errors=True)
        shutil.copytree(output, target.with_suffix(""))
        # Beside the target first: a move within one folder is all or nothing.
        target.with_suffix(".part").write_text(strip(notebook), encoding="utf-8")
        target.with_suffix(".part").replace(target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    execute(Path(sys.argv[1]), Path(sys.argv[2]))
