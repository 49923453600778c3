"""A sweep against the same runs through papermill's command, and how its cost grows with the number of scenarios.

The runs by hand are cut into parts, and sweeps of other sizes lie between them, so that both meet the same machine.
"""

import csv
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import checkout
import execute
import programs
import results

NOTEBOOK = "reliability"
SIZES, PARTS = (1, 5, 20, 60, 200), 4
DRAWS = 100  # of each interval: less than the notebook's own number, so that starts weigh more, for both alike
COLUMNS = ("devices", "checkpoint_write", "draws")


def measure(records, folder, quick):
    """Add duration and processor time of each sweep and of papermill's command, and their ratio for the largest."""
    project = checkout.copy(folder / "sweeps")
    sizes, parts = ((1, 2), 2) if quick else (SIZES, PARTS)
    rows = _scenarios(sizes[-1])
    pieces = [rows[number::parts] for number in range(parts)]
    swept, by_hand = {}, []
    for number in range(max(len(sizes), parts)):
        if number < parts:
            by_hand.append(_papermill(project, folder / "papermill", pieces[number]))
        if number < len(sizes):
            swept[sizes[number]] = _sweep(project, folder, rows[: sizes[number]])
    _compare(project, folder / "papermill", rows)
    for size, cost in swept.items():
        for quantity in ("duration", "processor_time"):
            records.add("sweeps", NOTEBOOK, "study", size, quantity, getattr(cost, quantity))
    parts_note = f"of parts of {len(pieces[0])} runs, two at a time, times {parts}; median and range of {parts}"
    for quantity, clock in (("duration", "wall-clock"), ("processor_time", "processor")):
        whole = [getattr(cost, quantity) / len(piece) * len(rows) for cost, piece in zip(by_hand, pieces, strict=True)]
        records.add("sweeps", NOTEBOOK, "papermill", len(rows), quantity, whole, parts_note)
        ratios = [each / getattr(swept[len(rows)], quantity) for each in whole]
        note = f"{clock} time of papermill's command over the sweep's; median and range of {parts} parts"
        records.add("sweeps", NOTEBOOK, f"study, {clock}", len(rows), "ratio", ratios, note)
    records.add("sweeps", NOTEBOOK, "study", len(rows), "same_outputs", len(rows), "runs with the same glued values")


def _scenarios(count):
    """Return rows of COLUMNS, all different."""
    return [(1024 * (1 + number // 10), 2 * (1 + number % 10), DRAWS) for number in range(count)]


def _sweep(project, folder, rows):
    shutil.rmtree(project / "sweeps", ignore_errors=True)
    file = folder / "scenarios.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([COLUMNS, *rows])
    command = [*checkout.MAKE, "sweep", f"NOTEBOOK={NOTEBOOK}", f"SCENARIOS={file}"]
    return programs.run(command, cwd=project, env=checkout.ENVIRONMENT, stdout=subprocess.DEVNULL)


def _papermill(project, folder, rows):
    """Run papermill's command for each row, two at a time; return the Cost of them all."""
    folder.mkdir(exist_ok=True)
    environment = checkout.ENVIRONMENT | execute.ENVIRONMENT | {"PYTHONPATH": str(project)}
    command = [Path(sys.executable).with_name("papermill"), "--no-progress-bar", "--log-level", "ERROR"]
    command += ["--cwd", project / "notebooks", project / "notebooks" / f"{NOTEBOOK}.ipynb"]

    def run(row):
        given = [word for name, number in zip(COLUMNS, row, strict=True) for word in ("-p", name, str(number))]
        programs.run([*command, _name(folder, row), *given], env=environment, stdout=subprocess.DEVNULL)

    def both():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, rows))

    return programs.call(both)


def _name(folder, row):
    return folder / f"{'-'.join(map(str, row))}.ipynb"


def _compare(project, folder, rows):
    """Stop where a run of the sweep glued other values than papermill's."""
    with (project / "sweeps" / NOTEBOOK / "results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    if len(table) != len(rows):
        raise RuntimeError(f"the sweep of {len(rows)} has {len(table)} results")
    for row, swept in zip(rows, table, strict=True):
        ours = results.outcome(project / "sweeps" / NOTEBOOK / swept["notebook"])
        theirs = results.outcome(_name(folder, row))
        if ours.failed or ours.values != theirs.values or not ours.values:
            differ = [name for name in theirs.values if ours.values.get(name) != theirs.values[name]]
            raise RuntimeError(f"scenario {row}: {ours.failed or differ}")
