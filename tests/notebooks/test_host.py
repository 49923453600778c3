"""Runs that a loaded process forks are those of a process of their own, and end with whoever asked for them."""

import json
import os
import subprocess
import sys
import time

import host
import nbformat
import psutil
import pytest
from checkout import ENVIRONMENT, copy

from model.machine import exchange_fit, reduce_fit, step_fit
from model.numbers import catalog

FIT = "from model.machine import exchange_fit\nprint(exchange_fit.fit('hgx-h100', 'deepep', 'dispatch'))"
CELLS = {  # by name: the tables that a notebook lists, its cells
    "fine": (host.FITTED, ["import sys", "import os\nprint(6 * 7)", FIT]),
    "undeclared": (["systems"], ["import os", FIT]),
    "raises": (["systems"], ["1 / 0"]),
    "sleeps": (host.FITTED, ["import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(1000)"]),
}


def test_the_fits_rest_on_the_tables_that_are_named_and_on_no_other(refit, monkeypatch):
    read, declared = set(), catalog._declared
    monkeypatch.setattr(catalog, "_declared", lambda table: (declared(table), read.add(table)))
    host.fit()
    assert step_fit.fit.cache_info().currsize == 1
    assert exchange_fit.fit.cache_info().currsize > 10 and reduce_fit.fit.cache_info().currsize > 5
    assert sorted(read) == host.FITTED
    assert "STUDY_TABLES" not in os.environ


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A copy of the project with small notebooks and no others."""
    folder = copy(tmp_path_factory.mktemp("host") / "my study")
    for path in folder.glob("notebooks/*.ipynb"):
        path.unlink()
    for name, (tables, cells) in CELLS.items():
        made = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
        for number, cell in enumerate(made.cells):
            cell["id"] = f"cell-{number}"
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made.metadata.update(kernelspec=kernel, study={"tables": list(tables)})
        nbformat.write(made, folder / "notebooks" / f"{name}.ipynb")
    (folder / "book" / "executed").mkdir()
    return folder


@pytest.fixture
def serving(study):
    """A host at work there, and a function that starts a job which asks it."""
    command = [sys.executable, "notebooks/host.py"]
    where = {"cwd": study, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=ENVIRONMENT, **where)
    environment = ENVIRONMENT | {host.ADDRESS: process.stdout.readline().strip()}

    def ask(name):
        words = ["-S", "notebooks/host.py", f"notebooks/{name}.ipynb", f"book/executed/{name}.ipynb"]
        return subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, env=environment, **where)

    yield process, ask
    process.stdin.close()
    process.wait()
    process.stdout.close()


def gone(process):
    """Wait until a process has ended."""
    for _ in range(600):
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def asleep(study, job):
    """Wait until the notebook that sleeps does, and return its process."""
    while not ((study / "notebooks/pid").exists() and (study / "notebooks/pid").read_text()):
        assert job.poll() is None, job.communicate()
        time.sleep(0.05)
    run = psutil.Process(int((study / "notebooks/pid").read_text()))
    (study / "notebooks/pid").unlink()
    return run


@pytest.mark.slow
def test_runs_are_those_of_a_process_of_their_own_and_jobs_hear_how_they_ended(study, serving):
    jobs = {name: serving[1](name) for name in ("fine", "undeclared", "raises")}
    said = {name: job.communicate() for name, job in jobs.items()}
    assert [job.returncode for job in jobs.values()] == [0, 1, 1], said
    assert "notebooks/raises.ipynb, cell 1: ZeroDivisionError: division by zero" in said["raises"][1]
    assert "notebooks/undeclared.ipynb, cell 2: DataError: data/" in said["undeclared"][1]
    assert "lists only systems" in said["undeclared"][1]
    forked, record = study / "book/executed/fine.ipynb", study / "book/_build/runs/fine.tsv"
    outputs, measured = forked.read_bytes(), record.read_text().splitlines()
    assert measured[0].split("\t") == ["s", "max_rss"] and all(float(each) > 0 for each in measured[1].split("\t"))
    assert "42" in json.loads(outputs)["cells"][1]["outputs"][0]["text"][0]
    alone = [sys.executable, "notebooks/host.py", "notebooks/fine.ipynb", "book/executed/fine.ipynb"]
    forked.unlink()
    subprocess.run(alone, cwd=study, env=ENVIRONMENT, check=True)
    assert forked.read_bytes() == outputs


@pytest.mark.slow
def test_a_run_ends_with_its_job_and_all_end_with_the_build(study, serving):
    process, ask = serving
    job = ask("sleeps")
    run = asleep(study, job)
    job.kill()
    job.communicate()
    assert gone(run)
    job = ask("sleeps")
    run, served = asleep(study, job), psutil.Process(process.pid).children(recursive=True)
    assert len(served) > 2
    process.stdin.close()
    process.wait()
    assert all(map(gone, [run, *served]))
    assert "the process that forks the runs has ended" in job.communicate()[1]
    assert job.returncode != 0
