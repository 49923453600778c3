"""Runs that end as they should not: named with their cell, and what they started ends with them."""

import json
import os
import signal
import subprocess
import sys
import time

import execute
import executed
import nbformat
import psutil
import pytest
from checkout import ENVIRONMENT, ROOT


def leave(code):
    return lambda at: (at(3), os._exit(code))


def ended(call, seconds=None):
    (end,) = execute.fork([call], 1, seconds)
    assert end.call is call
    return end


def test_a_run_that_returns_is_whole():
    end = ended(lambda at: at(5))
    assert (end.whole, end.code, end.told, end.late) == (True, 0, False, None)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (leave(0), "ended in cell 3 with exit code 0 and no error, as os._exit does"),
        (leave(7), "ended in cell 3 with exit code 7 and no error, as os._exit does"),
        (lambda at: os._exit(0), "ended with exit code 0 and no error, as os._exit does"),
        (lambda at: (at(2), os.kill(os.getpid(), signal.SIGKILL)), "was ended by SIGKILL in cell 2"),
    ],
)
def test_a_run_that_ends_without_a_word_is_told(call, words):
    end = ended(call)
    assert not end.whole and not end.told
    assert end.words == words


def test_a_full_disk_is_one_sentence(capfd):
    def full(at):
        raise OSError(28, "No space left on device", "book/executed/x.ipynb")

    end = ended(full)
    assert end.told and not end.whole and end.code == 1
    assert capfd.readouterr().err == "book/executed/x.ipynb: No space left on device\n"


@pytest.mark.parametrize("busy", [False, True], ids=["asleep", "busy"])
def test_a_run_is_stopped_at_its_limit_beside_others_that_are_not(busy):
    def hang(at):
        at(4)
        while True:
            time.sleep(0 if busy else 1000)

    start = time.monotonic()
    ends = {end.call: end for end in execute.fork([hang, leave(0), lambda at: None], 2, 4)}
    assert time.monotonic() - start >= 4
    assert len(ends) == 3
    assert ends[hang].words == "was stopped in cell 4 after 4 s; NOTEBOOK_LIMIT=seconds allows another time"
    assert [end.late for call, end in ends.items() if call is not hang] == [None, None]


def test_a_thread_that_a_run_leaves_does_not_keep_it():
    from threading import Thread

    assert ended(lambda at: Thread(target=time.sleep, args=(1000,)).start(), 100).whole


@pytest.mark.parametrize("code", [None, 3], ids=["whole", "left"])
@pytest.mark.parametrize("session", [False, True], ids=["its group", "a session of its own"])
def test_what_a_run_started_ends_with_it(session, code, tmp_path):
    def start(at):
        asleep = [sys.executable, "-c", "import time; time.sleep(1000)"]
        (tmp_path / "pid").write_text(str(subprocess.Popen(asleep, start_new_session=session).pid))
        if code:
            os._exit(code)

    ended(start)
    assert gone(int((tmp_path / "pid").read_text()))


def steal_away(path):
    """Leave a process behind by forks alone: in a session of its own, with no file open, started by no program."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            path.write_text(str(os.getpid()))
            os.closerange(0, 4096)
            while True:
                time.sleep(1000)
        os._exit(0)
    while not (path.exists() and path.read_text()):
        time.sleep(0.01)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="a fork is known by memory with a name, as Linux has it")
@pytest.mark.parametrize("end", [None, 3, "late"], ids=["whole", "left", "late"])
def test_a_fork_that_leaves_the_group_of_its_run_ends_with_it_and_not_with_another(end, tmp_path):
    def start(at, name):
        steal_away(tmp_path / name)
        if end == "late" or name == "long":
            time.sleep(1000)
        if end:
            os._exit(end)

    ends = execute.fork([lambda at: start(at, "short"), lambda at: start(at, "long")], 2, 3)
    for number, _ in enumerate(ends):
        pids = {name: int((tmp_path / name).read_text()) for name in ("short", "long")}
        if end != "late":
            assert gone(pids["long" if number else "short"])
            assert number or psutil.Process(pids["long"]).is_running()
    assert all(map(gone, pids.values()))


def test_a_session_of_its_own_ends_at_the_limit_of_its_run_and_not_with_another_run(tmp_path):
    def start(at, name, seconds):
        asleep = [sys.executable, "-c", "import time; time.sleep(1000)"]
        (tmp_path / name).write_text(str(subprocess.Popen(asleep, start_new_session=True).pid))
        time.sleep(seconds)

    def pid(name):
        return int((tmp_path / name).read_text())

    calls = [lambda at: start(at, "short", 0.5), lambda at: start(at, "long", 1000)]
    for number, end in enumerate(execute.fork(calls, 2, 8)):
        assert end.whole == (number == 0) and gone(pid(["short", "long"][number]))
        assert number or psutil.Process(pid("long")).is_running()


def test_a_run_ends_with_the_program_that_started_it(tmp_path):
    """Killed so that it can clean up nothing, with two runs and what they started."""
    program = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT / "notebooks")!r})
import execute, subprocess
def start(at):
    asleep = [sys.executable, "-c", "import time; time.sleep(1000)"]
    children = [subprocess.Popen(asleep, start_new_session=session).pid for session in (False, True)]
    if sys.platform == "linux":
        children.append(os.fork())
        if not children[-1]:
            os.setsid()
            time.sleep(1000)
    os.write(1, (" ".join(map(str, [os.getpid(), *children])) + "\\n").encode())  # at once, beside the other run
    time.sleep(1000)
list(execute.fork([start, start], 2))
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    pids = [int(word) for _ in range(2) for word in process.stdout.readline().split()]
    process.kill()
    process.wait()
    process.stdout.close()
    assert len(pids) == (8 if sys.platform == "linux" else 6) and all(map(gone, pids))


@pytest.mark.parametrize("number", execute.STOPPING)
def test_a_program_that_is_stopped_while_it_forks_a_run_stops(number):
    """In a callback of the fork an exception is printed, and lost: every fourth sweep that was stopped went on."""
    program = f"""
import os, signal, sys, time
sys.path.insert(0, {str(ROOT / "notebooks")!r})
import execute
signal.signal({number:d}, lambda *_: sys.exit(3))
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), {number:d}))
list(execute.fork([lambda at: time.sleep(1000)], 1, 20))
"""
    ended = subprocess.run([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (3, "")


def gone(pid):
    """Tell whether a process ends, or is one that only waits to be counted."""
    for _ in range(600):
        if not psutil.pid_exists(pid):
            return True
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("word", ["0", "-3", "an hour", "nan"])
def test_a_limit_that_is_none_is_refused(word, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_LIMIT", word)
    with pytest.raises(SystemExit, match="NOTEBOOK_LIMIT.*seconds"):
        execute.limit()


def test_a_limit_is_given_in_seconds(monkeypatch):
    monkeypatch.setenv("NOTEBOOK_LIMIT", "90")
    assert execute.limit() == 90
    monkeypatch.setenv("NOTEBOOK_LIMIT", "")
    assert execute.limit() == 1800


@pytest.fixture
def built(tmp_path):
    notebook = tmp_path / "x.ipynb"
    notebook.write_text("{}")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "figure.csv").write_text("1")
    executed.record(notebook)
    return notebook


DAMAGE = {
    "an edit": lambda path: path.write_text("{ }"),
    "a cut": lambda path: path.write_text(""),
    "edited data of a figure": lambda path: (path.with_suffix("") / "figure.csv").write_text("2"),
    "data that is gone": lambda path: (path.with_suffix("") / "figure.csv").unlink(),
    "data from elsewhere": lambda path: (path.with_suffix("") / "more.csv").write_text("1"),
    "another name": lambda path: (path.with_suffix("") / "figure.csv").rename(path.with_suffix("") / "other.csv"),
    "no record": lambda path: path.with_name(".x.sha256").unlink(),
    "a broken record": lambda path: path.with_name(".x.sha256").write_bytes(b"\xff"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_run_is_seen(built, damage):
    assert executed.whole(built)
    (built.with_suffix("") / executed.STAMP).touch()  # Snakemake's
    assert executed.whole(built)
    damage(built)
    assert not executed.whole(built)


# With a kernel: one program runs a notebook for each fate, as the book does.

FATES = {
    "fine": "1",
    "sys.exit": "import sys\nsys.exit()",
    "sys.exit of an error": "import sys\nsys.exit(3)",
    "os._exit": "import os\nos._exit(0)",
    "endless output": "while True:\n    print('x' * 1000)",
    "endless output, caught": "while True:\n    try:\n        print('x' * 1000)\n    except Exception:\n        break",
    "output of a program": "import os\nos.system('yes | head -c 20000000')",
    "hang": "while True:\n    pass",
}
SAID = {
    "fine": "whole",
    "sys.exit": "cell 3: it left by sys.exit(), and what follows was not run",
    "sys.exit of an error": "cell 3: SystemExit: 3",
    "os._exit": "ended in cell 3 with exit code 0 and no error",
    "endless output": "cell 3: TooMuchOutput: more than 1,000,000 characters were printed",
    "endless output, caught": "cell 3: TooMuchOutput: more than 1,000,000 characters were printed",
    "output of a program": "cell 3: TooMuchOutput: more than 1,000,000 characters were printed",
    "hang": "was stopped in cell 3 after",
}
PROGRAM = f"""
import json, sys
sys.path.insert(0, {str(ROOT / "notebooks")!r})
import execute, engine
from functools import partial
from pathlib import Path
folder = Path(sys.argv[1])
execute.FAILED = folder
execute.ROOT = folder
(folder / "notebooks").mkdir()
calls = dict()
for path in sorted(folder.glob("*.ipynb")):
    calls[partial(execute.build, path, folder / "executed" / path.name)] = path.stem
(folder / "executed").mkdir()
ends = execute.fork(list(calls), 2, 45)
print("SAID", json.dumps({{calls[end.call]: "whole" if end.whole else end.words for end in ends}}), flush=True)
"""


@pytest.mark.slow
def test_a_notebook_that_leaves_hangs_or_never_stops_printing_is_named_with_its_cell(tmp_path):
    for number, source in enumerate(FATES.values()):
        tags = {"tags": ["parameters"]}
        cells = [nbformat.v4.new_code_cell("draws = 1", metadata=tags), nbformat.v4.new_code_cell("draws")]
        made = nbformat.v4.new_notebook(cells=[*cells, *map(nbformat.v4.new_code_cell, (source, "draws"))])
        made.metadata.update(
            kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"}, study={"tables": []}
        )
        nbformat.write(made, tmp_path / f"{number}.ipynb")
    environment = ENVIRONMENT | execute.ENVIRONMENT
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    said = next(line for line in run.stdout.splitlines() if line.startswith("SAID "))
    said = json.loads(said.removeprefix("SAID "))
    assert len(said) == len(FATES), run.stderr
    for number, name in enumerate(FATES):
        spoken = [said[str(number)], *(line for line in run.stderr.splitlines() if f"/{number}.ipynb, " in line)]
        assert any(SAID[name] in line for line in spoken), (name, spoken)
        assert (tmp_path / "executed" / f"{number}.ipynb").exists() == (name == "fine")
