"""Seconds of `make book` in a copy of the project whose environment is there: with nothing made yet, and made."""

import subprocess

import checkout
import programs


def measure(records, folder, quick):
    """Add duration and processor time of a cold and of warm builds; quick: of one notebook alone."""
    project = checkout.copy(folder / "project")
    environment = {name: word for name, word in checkout.ENVIRONMENT.items() if name != "NO_PDF"}
    target = ["SNAKEMAKE_OPTIONS=-- book/executed/systems.ipynb"] if quick else []
    command = [*checkout.MAKE, "book", *target]
    where = {"cwd": project, "env": environment, "stdout": subprocess.DEVNULL}
    cold = programs.run(command, watch=True, **where)
    warm = [programs.run(command, **where) for _ in range(2 if quick else 5)]
    subject = "make book, one notebook" if quick else "make book"
    for tool, costs in (("cold", [cold]), ("warm", warm)):
        for quantity in ("duration", "processor_time"):
            records.add("builds", subject, tool, "", quantity, [getattr(cost, quantity) for cost in costs])
    records.add("builds", subject, "cold", "", "peak_memory", cold.peak_memory)
