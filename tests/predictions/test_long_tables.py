"""Long tables, by a program of its own: answers that depend on no worker, and nothing left over."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from model.predictions import table

SMALL = 2_000  # rows of a block, of tables of three blocks whose every answer has an interval
PROGRAM = f"import sys; from model.predictions import table; table.BLOCK = {SMALL}; "
PROGRAM += "from model.__main__ import run; sys.exit(run(sys.argv[1:]))"
SHORT = ("-c", PROGRAM)


def command(path, workers, *more, program=("-m", "model")):
    return [sys.executable, *program, "predict", "job_mtbf", "--table", path, "--workers", str(workers), *more]


def three_blocks(path, size):
    """Write a table of three blocks of a size, and return its path."""
    rows = "".join(f"{1 + n % 1000},{'llama3-16k' if n % 2 else 'gb200-nvl72'}\n" for n in range(2 * size + 5))
    path.write_text("devices,system\n" + rows, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """Return the path of a table that takes a while."""
    return three_blocks(tmp_path_factory.mktemp("long") / "points.csv", table.BLOCK)


@pytest.fixture
def short(tmp_path):
    """Return the path of a table of three small blocks, for SHORT."""
    return three_blocks(tmp_path / "points.csv", SMALL)


def test_answers_are_the_same_bytes_whatever_the_number_of_workers(short):
    asked = [command(short, workers, program=SHORT) for workers in (1, 3)]
    said = [subprocess.run(each, capture_output=True, check=True) for each in asked]
    assert said[0].stdout == said[1].stdout
    assert [each.stderr for each in said] == [b"", b""]  # no bar where nobody looks
    rows = said[0].stdout.decode().splitlines()
    assert len(rows) == 2 * SMALL + 6
    assert rows[1] == rows[SMALL + 1]  # draws start anew in each block


def test_a_bad_row_of_the_last_block_leaves_nothing_on_standard_output(short, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(short.read_text(encoding="utf-8") + "-3,gb200-nvl72\n8,gb200-nvl27\n", encoding="utf-8")
    done = subprocess.run(command(path, 2, "--no-interval", program=SHORT), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "unknown system gb200-nvl27" in done.stderr
    path.write_text(short.read_text(encoding="utf-8") + "-3,gb200-nvl72\n", encoding="utf-8")
    done = subprocess.run(command(path, 2, "--no-interval", program=SHORT), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path} row {2 * SMALL + 6}: devices is '-3'" in done.stderr


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_the_program_that_started_them(long, sent):
    program = psutil.Popen(command(long, 2), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    children = []
    while len(children) < 2 and program.poll() is None:
        children = program.children()
    assert len(children) == 2
    program.send_signal(sent)
    out, _ = program.communicate(timeout=60)
    assert out == b""
    gone, alive = psutil.wait_procs(children, timeout=60)
    assert not [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]


def test_a_terminal_sees_a_bar(short):
    import fcntl
    import struct
    import termios

    screen, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    at_once = ("-c", f"from model.predictions import table; table.BAR_AFTER = 0; {PROGRAM}")
    with subprocess.Popen(command(short, 2, program=at_once), stdout=subprocess.DEVNULL, stderr=terminal) as program:
        os.close(terminal)
        shown = b""
        try:
            while part := os.read(screen, 1024):
                shown += part
        except OSError:  # the other side is closed
            pass
    os.close(screen)
    assert program.returncode == 0
    assert b"100%" in shown
