"""A papermill engine whose kernel lives in this process: in a fork of a loaded parent, a run starts without imports."""

import ast
import gc
import sys
import threading

# The four that nothing here uses are for the forks: a kernel imports them when it starts, and matplotlib prints
# when it first lists the fonts.
import ipykernel.debugger  # noqa: F401
import IPython.core.completerlib  # noqa: F401
import IPython.core.magics  # noqa: F401
import matplotlib.font_manager  # noqa: F401
from ipykernel.inprocess.manager import InProcessKernelManager
from ipykernel.iostream import OutStream
from nbclient.exceptions import CellExecutionComplete
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

import supernode_papermill  # noqa: F401 (parameters are names, also where the project is not installed)

NAME = "in-process"
MOST = 1_000_000  # characters that a run may print: pages show them all, and a loop that prints never ends
KEPT = 2_000  # characters of them that stay where it printed more
SETTINGS = Config({"HistoryManager": {"enabled": False}})


class TooMuchOutput(Exception):
    """A notebook printed more than MOST characters."""

    def __init__(self):
        super().__init__(f"more than {MOST:,} characters were printed")


class Bounded(OutStream):
    """A stream that takes MOST characters: the cell that goes on gets an error, a program that it started nothing."""

    room = MOST

    def write(self, string):
        """Write to the cell's outputs."""
        self.room -= len(string)
        if self.room >= 0:
            return super().write(string)
        if threading.current_thread() is threading.main_thread():
            raise TooMuchOutput
        return len(string)


class InProcessEngine(Engine):
    """Runs the cells in ipykernel's own kernel and shell, so that outputs are those of a kernel of its own.

    A process runs one notebook with it and ends: the kernel is never cleaned.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, at=lambda index: None, **options):
        """Run the cells in order, up to the first error, which stays in its cell's outputs; tell `at` where it is."""
        manager = InProcessKernelManager(config=SETTINGS)
        manager.start_kernel()
        kernel, client = manager.kernel, manager.client()
        # In a kernel's process these stand in for the streams, and catch what programs started by a cell write.
        streams = [Bounded(kernel.session, kernel.iopub_thread, name) for name in ("stdout", "stderr")]
        kernel.stdout, kernel.stderr = streams
        before, (sys.stdout, sys.stderr) = (sys.stdout, sys.stderr), (kernel.stdout, kernel.stderr)
        client.start_channels()
        client.allow_stdin = False
        reader = PapermillNotebookClient(nb_man, km=manager, record_timing=False)  # kernel's messages to outputs
        reader.reset_execution_trackers()
        for index, cell in enumerate(nb_man.nb.cells):
            nb_man.cell_start(cell, index)
            at(index)
            failed = cell.cell_type == "code" and cell.source.strip() and not _run(client, reader, cell, index)
            if min(stream.room for stream in streams) < 0:
                _cut(cell, failed)
                failed = True
            if failed:
                nb_man.cell_exception(cell, cell_index=index)
            nb_man.cell_complete(cell, cell_index=index)
            if failed:
                break
        sys.stdout, sys.stderr = before
        kernel.stdout.close()
        kernel.stderr.close()
        nb_man.nb.metadata["language_info"] = kernel.language_info


papermill_engines.register(NAME, InProcessEngine)


def _run(client, reader, cell, index):
    """Run one cell, put its outputs into it, and return whether it raised nothing."""
    reader.clear_before_next_output = False
    sent = client.execute(cell.source)
    while True:
        message = client.get_iopub_msg(timeout=60)  # the cell has run, so all messages are on their way
        if message["parent_header"].get("msg_id") != sent:
            continue
        try:
            reader.process_message(message, cell, index)
        except CellExecutionComplete:
            break
    status = client.get_shell_msg(timeout=60)["content"]["status"]
    return status == "ok" or "raises-exception" in cell.metadata.get("tags", [])


def _cut(cell, failed):
    """Cut what a cell printed, and have it end in an error where none says so: a program that it started printed."""
    for output in cell.outputs:
        if output.output_type == "stream":
            output.text = output.text[:KEPT]
    if not failed:
        words = str(TooMuchOutput())
        cell.outputs.append(new_output("error", ename="TooMuchOutput", evalue=words, traceback=[words]))


def load(notebook):
    """Import here what the notebook imports, so that a fork need not; nothing else of it runs, no name is kept."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    code = ["\n".join(line for line in cell.split("\n") if not line.startswith(("%", "!"))) for cell in cells]
    imports = [node for cell in code for node in ast.parse(cell).body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), "imports", "exec"), {})
    gc.freeze()  # what is here now stays in every fork: its collector need not look
