"""A table on the command line: the study against a script by hand, its memory, and how its cost grows with rows."""

import csv
import json
import os
import subprocess
import sys

import cases
import programs

QUANTITY = "all_to_all_time"
SIZES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]
PART = 500_000  # rows written at a time


def measure(records, folder, quick):
    """Add duration, processor time, peak memory of tables of growing size, and the ratio per core to the script."""
    sizes = [500, 1000] if quick else SIZES
    numbers, points = folder / "numbers.json", folder / "points.csv"
    numbers.write_text(json.dumps(vars(cases.numbers(QUANTITY))), encoding="utf-8")
    cores = len(os.sched_getaffinity(0))
    for size in sizes:
        _write(points, size)
        ways = {
            "study": _command(points, cores),
            "study-one-core": _command(points, 1),
            "script": [sys.executable, cases.HERE / "script.py", numbers, points, folder / "script.csv"],
        }
        repetitions = 2 if quick else 3 if size >= 1_000_000 else 5
        costs = {name: [] for name in ways}
        for _ in range(repetitions):
            for name, command in ways.items():
                answers = folder / f"{name}.csv"
                with answers.open("wb") as out:
                    costs[name].append(programs.run(command, watch=True, stdout=out))
        _compare(folder)
        for name, each in costs.items():
            for quantity in ("duration", "processor_time", "peak_memory"):
                values = [getattr(cost, quantity) for cost in each]
                records.add("tables", "predict --table", name, size, quantity, values)
        for name in ("study", "study-one-core"):
            pairs = zip(costs[name], costs["script"], strict=True)
            ratios = [theirs.processor_time / ours.processor_time for ours, theirs in pairs]
            note = f"rows per second of processor time over the script's, median and range of {repetitions}"
            records.add("tables", "predict --table", name, size, "ratio", ratios, note)


def _command(points, workers):
    ask = [sys.executable, "-m", "model", "predict", QUANTITY, "--system", cases.SYSTEMS[QUANTITY], "--no-interval"]
    return [*ask, "--workers", str(workers), "--table", points]


def _write(path, size):
    with path.open("w", newline="", encoding="utf-8") as file:
        for start in range(0, size, PART):
            rows = cases.rows(QUANTITY, min(PART, size - start), seed=start).astype(int)
            rows.assign(**cases.WORDS[QUANTITY]).to_csv(file, index=False, header=start == 0)


def _compare(folder):
    """Stop where the study's answers depend on its workers, or differ from the script's by more than rounding."""
    if subprocess.call(["cmp", "--silent", folder / "study.csv", folder / "study-one-core.csv"]):
        raise RuntimeError("answers depend on the number of workers")
    with (folder / "study.csv").open(newline="") as ours, (folder / "script.csv").open(newline="") as theirs:
        for number, (mine, other) in enumerate(zip(csv.DictReader(ours), csv.DictReader(theirs), strict=True)):
            if abs(float(mine["value"]) / float(other["value"]) - 1) > 1e-9:
                raise RuntimeError(f"row {number + 1}: the study says {mine['value']}, the script {other['value']}")
            if number == PART:
                return
