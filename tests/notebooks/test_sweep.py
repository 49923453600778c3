"""Sweeps: the outputs of a kernel of their own, clean runs, failures as rows, and the same bytes after any stop.

Works on a copy of the project with small notebooks made here.
"""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import execute
import nbformat
import psutil
import pytest
from checkout import ENVIRONMENT, MAKE, copy, make

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sweep")]

CHECK = """import model.views.parameters as _parameters
_parameters.check(globals(), number=_parameters.count(0, 1000), wait=_parameters.Range(0, 60))"""
START = "import numpy as np\nimport pandas as pd\nimport time\nimport os\nimport sys\nfrom model.views import figures"

SHOWS = [
    "print('one')\nprint('two', file=sys.stderr)\nos.system('echo three')\nprint('four')\nnumber + 1",
    "from IPython.display import HTML, Markdown, clear_output, display\n"
    "display(Markdown('*a*'))\nhandle = display(HTML('<b>b</b>'), display_id='b')\nhandle.update(HTML('<b>c</b>'))",
    "print('gone')\nclear_output()\npd.DataFrame({'x': [number]})",
    "drawing, axis = figures.axes()\naxis.plot([0, number])\n"
    "figures.figure('line', drawing, pd.DataFrame({'y': [0, number]}), 'a line')",
    "figures.value('double', 2 * number, 2 * number - 0.5, 2 * number + 1e-9)\nfigures.value('word', 'many')",
    "%timeit -n1 -r1 -q pass\n_ = [each for each in range(3)]\nOut[5]",
    "figures.value('number', number)\n\ndef inverse(x):\n    return 1 / x\n\ninverse(number - 7)",
]
# Each run leaves all that a run can leave behind, and glues what it finds of another's.
LEAKS = """import builtins, locale, random, threading, warnings
import matplotlib as mpl
from model.numbers import catalog
found = {
    "a name": "left" in globals(),
    "a patched law": hasattr(catalog.load, "patched"),
    "a patched builtin": hasattr(builtins, "left"),
    "a module": "left" in sys.modules,
    "a search path": "left" in sys.path,
    "a setting": os.environ.get("LEFT"),
    "a folder": not os.getcwd().endswith("notebooks"),
    "an open file": any("left_open" in os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")),
    "a seed": np.random.get_state()[1][0] == 12345 or random.getstate() == random.Random(12345).getstate(),
    "a style": mpl.rcParams["lines.linewidth"] == 12.5,
    "a filter": warnings.filters[:1] == [("ignore", None, Warning, "left", 0)] or len(warnings.filters) > 40,
    "a thread": any(thread.name == "left" for thread in threading.enumerate()),
    "a history": len(In) > 6,
    "a display option": pd.get_option("display.max_rows") == 7,
    "a cached table": "left" in catalog.read("systems").columns,
    "an umask": os.umask(0o022) == 0o077,
}
figures.value("process", str(os.getpid()))
figures.value("found", ", ".join(name for name, there in found.items() if there) or "nothing")
left = 1
catalog.load.patched = builtins.left = sys.modules["left"] = True
sys.path.append("left")
os.environ["LEFT"] = "yes"
os.chdir("/")
np.random.seed(12345), random.seed(12345)
mpl.rcParams["lines.linewidth"] = 12.5
pd.set_option("display.max_rows", 7)
for _ in range(50):
    warnings.filterwarnings("ignore", module="left")
catalog._checked(catalog.DATA / "systems.csv").rows["left"] = 1
threading.Thread(target=time.sleep, args=(600,), name="left", daemon=True).start()
open_file = open(f"{scratch}/left_open", "a")
os.umask(0o077);"""
FATES = """if number == 3:
    raise ValueError('three\\nis too many')
if number == 5:
    os.kill(os.getpid(), 9)
if number == 6:
    os._exit(4)
time.sleep(wait)
figures.value('wait', wait)
figures.value('root', number**0.5)"""


def notebook(folder, name, cells, *more):
    parameters = nbformat.v4.new_code_cell(
        "\n".join(["number = 0", "wait = 0.0", "draws = 1000", "seed = 0", *more]), metadata={"tags": ["parameters"]}
    )
    code = [nbformat.v4.new_code_cell(source) for source in [CHECK, START, *cells]]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"# {name}"), parameters, *code])
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    made.metadata.update(kernelspec=kernel, study={"tables": ["systems"]})
    nbformat.write(made, folder / "notebooks" / f"{name}.ipynb")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = copy(tmp_path_factory.mktemp("sweep") / "my study")
    notebook(folder, "shows", SHOWS)
    notebook(folder, "leaks", [LEAKS.replace("{scratch}", str(folder))])
    notebook(folder, "fates", [FATES])
    return folder


@pytest.fixture
def sweep(study):
    """Return a function that sweeps over rows of (number, wait) and returns what make said."""

    def run(name, rows, expect=0):
        file = study / f"{name}.csv"
        file.write_text("number,wait\n" + "".join(f"{number},{wait}\n" for number, wait in rows))
        code, printed = make(study, "sweep", f"NOTEBOOK={name}", f"SCENARIOS={file}")
        assert (code != 0) == (expect != 0), printed
        return printed

    return run


def table(study, name):
    with (study / "sweeps" / name / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".csv", ".ipynb")}


def test_outputs_are_those_of_papermill_with_a_kernel_of_its_own(study, sweep, tmp_path, monkeypatch):
    """Streams, results, displays, figures, an error and its traceback: the same bytes but for what each run draws."""
    sweep("shows", [(7, 0)])
    (row,) = table(study, "shows")
    assert (row["status"], row["reason"]) == ("failed", "cell 11: ZeroDivisionError: division by zero")
    assert (row["double"], row["double_low"], row["double_high"]) == ("14", "13.5", "14.000000001")
    assert (row["word"], row["number"], row["result_number"]) == ("many", "7", "7")
    ours = nbformat.read(study / "sweeps/shows" / row["notebook"], as_version=4)
    papermill = [Path(sys.executable).with_name("papermill"), "--cwd", study / "notebooks", "--log-level", "CRITICAL"]
    arguments = [study / "notebooks/shows.ipynb", tmp_path / "shows.ipynb", "-p", "number", "7", "-p", "wait", "0"]
    environment = ENVIRONMENT | execute.ENVIRONMENT | {"PYTHONPATH": str(study), "STUDY_TABLES": "systems"}
    subprocess.run([*papermill, "--no-progress-bar", *arguments], env=environment, capture_output=True)
    theirs = nbformat.read(tmp_path / "shows.ipynb", as_version=4)
    monkeypatch.setattr(execute, "ROOT", study)
    for each in (ours, theirs):
        each.metadata.study.pop("failed", None)
        for cell in each.cells:
            if cell.cell_type == "code":
                cell.outputs = joined(cell.outputs)
    assert json.loads(execute.strip(ours))["cells"] == json.loads(execute.strip(theirs))["cells"]
    assert execute.strip(ours) == execute.strip(theirs)


def joined(outputs):
    """Return outputs with each stream in one piece at its first place: how it is cut is a matter of moments."""
    streams, kept = {}, []
    for output in outputs:
        if output.output_type == "stream" and output.name in streams:
            streams[output.name].text += output.text
        else:
            kept.append(output)
            if output.output_type == "stream":
                streams[output.name] = output
    return sorted(kept, key=lambda output: output.get("name", "~"))


def test_nothing_of_one_run_reaches_the_next(study, sweep):
    """Sixteen kinds of leavings; each run looks for those of the runs before it, and finds nothing."""
    sweep("leaks", [(number, 0) for number in range(6)])
    rows = table(study, "leaks")
    assert [row["found"] for row in rows] == ["nothing"] * 6
    assert len({row["process"] for row in rows}) == 6


def test_failures_are_rows_with_their_reason_and_the_others_go_on(study, sweep):
    printed = sweep("fates", [(number, 0) for number in (4, 3, 5, 9, 6, 3)])
    assert "6 scenarios, 4 failed" in printed
    assert "2 done, 3 failed, 0 left" in printed  # runs: the two rows that are alike share theirs
    rows = table(study, "fates")
    assert [row["number"] for row in rows] == ["4", "3", "5", "9", "6", "3"]
    assert [row["status"] for row in rows] == ["done", "failed", "failed", "done", "failed", "failed"]
    assert [row["root"] for row in rows] == ["2.0", "", "", "3.0", "", ""]
    assert rows[1]["reason"] == rows[5]["reason"] == "cell 5: ValueError: three is too many"
    assert rows[2]["reason"] == "the run was ended by SIGKILL in cell 5, twice"
    assert rows[4]["reason"] == "the run ended in cell 5 with exit code 4 and no error, as os._exit does, twice"
    for row in rows:
        nbformat.validate(nbformat.read(study / "sweeps/fates" / row["notebook"], as_version=4))


NO_LOCKS = """import errno, fcntl, os
if os.environ.get("NO_LOCKS"):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    fcntl.flock = flock
"""


def test_a_run_that_hangs_is_stopped_without_a_home_or_locks_and_labels_name_rows(study):
    """A notebook by its path, a column that names rows, a limit, a home that cannot be written, a file system without
    locks, in a folder whose name has a space."""
    (study / "sitecustomize.py").write_text(NO_LOCKS)
    file = study / "labelled.csv"
    file.write_text('label,number,wait\n"one, two",4,0\n終わらない,4,60\nagain,4,0\n', encoding="utf-8")
    words = ["sweep", "NOTEBOOK=notebooks/fates.ipynb", f"SCENARIOS={file}"]
    code, printed = make(study, *words, NO_LOCKS="1", NOTEBOOK_LIMIT="20", HOME=os.devnull)
    assert code == 0, printed
    assert "not kept apart here" in printed and "Traceback" not in printed
    rows = table(study, "fates")
    assert [row["label"] for row in rows] == ["one, two", "終わらない", "again"]
    assert [row["status"] for row in rows] == ["done", "failed", "done"]
    assert rows[0]["notebook"] == rows[2]["notebook"]
    assert rows[1]["reason"] == "the run was stopped in cell 5 after 20 s; NOTEBOOK_LIMIT=seconds allows another time"


def test_a_place_that_cannot_be_written_is_one_sentence(study):
    file = study / "one.csv"
    file.write_text("number\n1\n")
    place = study / "sweeps"
    if place.exists():
        place.rename(study / "kept")
    place.touch()  # as good as read-only, also for root
    try:
        code, printed = make(study, "sweep", "NOTEBOOK=fates", f"SCENARIOS={file}")
    finally:
        place.unlink()
        if (study / "kept").exists():
            (study / "kept").rename(place)
    assert code != 0
    assert "cannot be written" in printed and "Traceback" not in printed
    assert "SWEEPS=folder puts results elsewhere" in printed


def test_results_go_into_another_folder_where_the_project_cannot_be_written(study, tmp_path):
    """Nothing of the project changes; the name of the folder has a blank and brackets."""
    file, there = study / "one.csv", tmp_path / "my results {a}"
    file.write_text("number\n4\n")
    words = ["sweep", "NOTEBOOK=fates", f"SCENARIOS={file}", f"SWEEPS={there}"]
    before = {path: path.stat().st_mtime_ns for path in study.rglob("*") if "__pycache__" not in path.parts}
    code, printed = make(study, *words)
    assert code == 0, printed
    assert f"1 scenarios, 0 failed: {there}/fates/results.csv" in printed
    with (there / "fates/results.csv").open(newline="") as results:
        assert [row["root"] for row in csv.DictReader(results)] == ["2.0"]
    after = {path: path.stat().st_mtime_ns for path in study.rglob("*") if "__pycache__" not in path.parts}
    assert after == before, "something was written into the project"


def test_a_second_call_runs_only_what_is_new(study, sweep):
    """A row more runs that row; another law runs all again; what the table does not name goes."""
    folder = study / "sweeps/fates"

    def stamps():
        return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.ipynb")}

    sweep("fates", [(1, 0), (2, 0)])
    first = stamps()
    sweep("fates", [(2, 0), (8, 0), (1, 0)])
    second = stamps()
    assert len(first) == 2 and len(second) == 3
    assert first.items() <= second.items()
    law = study / "model/notation/units.py"
    law.write_text(law.read_text() + "# changed\n")
    sweep("fates", [(2, 0)])
    assert len(stamps()) == 1
    assert not stamps().keys() & second.keys()


def test_a_bad_file_runs_nothing(study, sweep):
    printed = sweep("shows", [(1, 0), (-1, 0), (2, 61)], expect=2)
    assert "row 2, column number" in printed and "row 3, column wait" in printed
    assert "row 1" not in printed
    assert "Nothing was run." in printed
    assert not (study / "sweeps/shows/batches/2.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["NOTEBOOK=fate", "SCENARIOS=x.csv"], "there is no notebook fate"),
        (["NOTEBOOK=fates", "SCENARIOS=none.csv"], "none.csv cannot be read"),
        (["NOTEBOOK=notebooks/fate.ipynb", "SCENARIOS=x.csv"], "there is no notebook fate"),
        (["NOTEBOOK=fates"], "make sweep NOTEBOOK=name SCENARIOS=file.csv"),
        (["NOTEBOOK=fates", "SCENARIOS=x.csv", "PROFILE=nowhere"], "nowhere is no Snakemake profile"),
    ],
)
def test_a_wrong_call_is_told(study, words, said):
    code, printed = make(study, "sweep", *words)
    assert code != 0
    assert said in printed


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes(study, sweep):
    """Five times SIGKILL to the whole tree at moments drawn at random; then the table of an undisturbed sweep."""
    rows = [(number, 0.3) for number in range(10, 34)]
    folder = study / "sweeps/fates"
    sweep("fates", rows)
    undisturbed = contents(folder)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    moments, counts = random.Random(20261126), []
    for _ in range(5):
        process = subprocess.Popen(
            [*MAKE, "sweep", "NOTEBOOK=fates", f"SCENARIOS={study / 'fates.csv'}"],
            cwd=study,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(1, 12))
        tree = psutil.Process(process.pid)
        for each in [tree, *tree.children(recursive=True)]:
            try:
                each.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        process.wait()
        counts.append(len(list(folder.glob("*.ipynb"))))
    assert counts == sorted(counts)
    sweep("fates", rows)
    assert contents(folder) == undisturbed
    assert not [path for path in folder.iterdir() if path.name.endswith(".part")]


@pytest.mark.usefixtures("interruptible")
def test_two_sweeps_of_one_notebook_do_not_meet(study):
    """The second says so; a sweep that is stopped by Ctrl-C records no failure."""
    file = study / "slow.csv"
    file.write_text("number,wait\n1,60\n2,60\n")
    words = ["sweep", "NOTEBOOK=fates", f"SCENARIOS={file}"]
    first = subprocess.Popen(
        [*MAKE, *words],
        cwd=study,
        env=ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    plan, until = study / "sweeps/fates/batches/1.json", time.monotonic() + 60
    while not (plan.exists() and '"wait": 60' in plan.read_text()) and time.monotonic() < until:
        time.sleep(0.1)
    code, printed = make(study, *words)
    assert code != 0 and "another sweep of fates runs" in printed
    before = set(contents(study / "sweeps/fates"))
    time.sleep(5)
    os.killpg(first.pid, signal.SIGINT)
    first.wait()
    assert set(contents(study / "sweeps/fates")) <= before


def jobs(folder):
    """Return the processes that work for a sweep of a project: Snakemake, its jobs and their runs."""
    found = [(each, each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    return [each for each, words in found if any(str(folder) in word for word in words)]


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_sweep_that_is_killed_alone_takes_its_jobs_with_it_and_goes_on_when_started_again(study, tmp_path, number):
    """An orphan would run what the next sweep runs, too, in the same folder."""
    file, folder = tmp_path / "fates.csv", tmp_path / "sweeps/fates"
    file.write_text("number,wait\n" + "".join(f"{each},2\n" for each in range(50, 58)))
    command = [sys.executable, study / "notebooks/sweep.py", "fates", file]
    around = {**ENVIRONMENT, "PYTHONPATH": str(study), "SWEEPS": str(tmp_path / "sweeps")}
    quiet = {"cwd": study, "env": around, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process, until = subprocess.Popen(command, **quiet), time.monotonic() + 120
    while not list(folder.glob("*.ipynb")) and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(number)
    assert process.wait(30) in (-number, 128 + number)
    until = time.monotonic() + 20
    while jobs(study) and time.monotonic() < until:
        time.sleep(0.1)
    assert not jobs(study)
    assert 1 <= len(list(folder.glob("*.ipynb"))) < 8
    assert subprocess.run(command, **quiet).returncode == 0
    with (folder / "results.csv").open(newline="") as results:
        assert [(row["number"], row["status"]) for row in csv.DictReader(results)] == [
            (str(each), "done") for each in range(50, 58)
        ]
