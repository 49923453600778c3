"""Rows per second and core of each quantity: the study, its law by hand, numexpr, and other tools, taking turns.

study: `predict` with every check; study-law: its law alone, on arrays that need none; numpy: the law by hand.
"""

import json
import subprocess
import time

import cases
import hand
import numpy as np

from model.machine.scenario import Scenario
from model.predictions.answer import predict
from model.predictions.quantities import QUANTITIES

TOOLS = ("numexpr", "mlsysim", "genz-llm")
COUNTS = {"decode_frontier": 20_000, "service_frontier": 20_000, "devices_needed": 100_000, "training_throughput": 200}
COUNT = 1_000_000
BUDGETS = {False: 0.4, True: 0.02}  # s that one measurement takes, about; True: quick


def measure(records, python, folder, quick):
    """Add rate of each tool, of one core's own time, and what the study and its law alone are of it.

    python: of the environment in which the other tools are installed.
    """
    repetitions = 2 if quick else 5
    with subprocess.Popen(
        [python, cases.HERE / "peers.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as peers:
        for quantity in cases.QUANTITIES:
            count = 2000 if quick else COUNTS.get(quantity, COUNT)
            rows = cases.rows(quantity, count)
            rates = _quantity(peers, quantity, rows, folder, repetitions, BUDGETS[quick], records)
            for tool, each in rates.items():
                records.add("laws", quantity, tool, count, "rate", each)
                if not tool.startswith("study"):
                    for ratio, ours in (("ratio", "study"), ("law_ratio", "study-law")):
                        ratios = [mine / theirs for mine, theirs in zip(rates[ours], each, strict=True)]
                        records.add("laws", quantity, tool, count, ratio, ratios)
        peers.stdin.close()


def _quantity(peers, quantity, rows, folder, repetitions, budget, records):
    asked = rows.assign(**cases.WORDS.get(quantity, {}))
    system, numbers = cases.SYSTEMS.get(quantity), cases.numbers(quantity)
    columns = {name: rows[name].to_numpy() for name in rows}
    file = folder / f"{quantity}.npz"
    np.savez(file, numbers=json.dumps(numbers, default=vars), **columns)
    law, by_hand = _law(quantity, columns, system), getattr(hand, quantity)
    calls = {
        "study": lambda: predict(quantity, asked, system, interval=False)[0].value.to_numpy(),
        "study-law": law,
        "numpy": lambda: by_hand(numbers, **columns),
    }
    first = calls["numpy"]()[0]
    rates, tools = {name: [] for name in calls}, {}
    for tool in TOOLS:
        answer = _ask(peers, tool, quantity, file, 0.0)
        if "none" in answer:
            records.none("laws", quantity, tool, "rate", answer["none"])
        else:
            tools[tool] = rates[tool] = []
            if "first" in answer and not np.isclose(answer["first"], first, rtol=1e-9):
                raise RuntimeError(f"{tool} says {answer['first']} for {quantity}, by hand it is {first}")
    for _ in range(repetitions):
        for name, call in calls.items():
            rates[name].append(_rate(call, len(rows), budget))
        for tool, each in tools.items():
            answer = _ask(peers, tool, quantity, file, budget)
            each.append(answer["rows"] / answer["seconds"])
    return rates


def _law(quantity, columns, system):
    """Return a call of the study's own law on arrays that need no check."""
    what, scenario = QUANTITIES[quantity], Scenario(system)
    words = {name: str(word) for name, word in cases.WORDS.get(quantity, {}).items()}
    rows = dict(columns)
    for each in what.inputs:
        if each.name not in {*words, *rows} and each.default not in (None, "optional"):
            target = words if each.choices else rows
            target[each.name] = (
                each.default if each.choices else np.full(len(next(iter(columns.values()))), each.default)
            )
    return lambda: what.values(scenario, words, rows)


def _rate(call, rows, budget):
    """Return rows per second of this process; the first call, which may fill caches, is not counted."""
    call()
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < budget:
        call()
        done += rows
    return done / spent


def _ask(peers, tool, quantity, file, budget):
    peers.stdin.write(json.dumps({"tool": tool, "quantity": quantity, "file": str(file), "budget": budget}) + "\n")
    peers.stdin.flush()
    answer = peers.stdout.readline()
    if not answer:
        raise RuntimeError(f"{tool} failed on {quantity}: see what it printed above")
    return json.loads(answer)
