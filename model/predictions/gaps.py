"""Gaps: which rows a system lacks for which prediction, found by asking and supplying until there is an answer."""

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.facts import Missing
from model.predictions.inputs import check
from model.predictions.quantities import QUANTITIES, quantity

# Usual sizes to ask with, in base units. Which rows are needed depends on them only where a group leaves its domain.
SAMPLE = {"ranks": 64.0, "tokens": 128.0, "hidden": 7168.0, "experts": 256.0, "topk": 8.0, "batch": 1.0}
SAMPLE |= {"context": 1024.0, "speed": 20.0, "bytes": 1e9, "confidence": 0.99, "unavailability": 0.01}
SAMPLE |= {"devices": 4096.0, "sequences": 8192.0, "fleet": 4096.0, "site_power": 1e7, "monthly_budget": 1e7}
SAMPLE |= {"purchase_budget": 1e9}
INSIDE, BEYOND = {"ranks": 2.0}, {"domain": 2.0}  # a group within a domain; one that reaches over many of them


def sample(each, system):
    """Return the word or number with which an Input that must be given is asked for a system."""
    if each.name == "precision":  # a format that the machine computes in
        peaks = set(catalog.provenance("systems", system).dropna(subset="value").quantity)
        return next((word for word in each.words if f"peak_{word}" in peaks), each.words[0])
    if each.name == "model":  # the smallest mixture of experts: it fits wherever a prediction is of use
        shapes = catalog.load("workloads")
        return shapes[shapes.moe_layers > 0].total_parameters.idxmin()
    if each.choices:
        return each.words[0]
    return SAMPLE.get(each.name, np.rint(np.sqrt(max(each.low, 1.0) * min(each.high, 1e3))))


def lacks(name, system, inputs=None, given=None):
    """Return the rows, (table, quantity), that a system lacks for one prediction, in the order in which it asks.

    inputs: in place of the sample's. given: numbers of the system, in base units, that count as known. What is missing
    is supplied by the median of all systems until the prediction answers. Raises Missing where no row of the system
    would help.
    """
    what = quantity(name)
    asked = [each for each in what.inputs if each.default is None or each.name == "layouts"]  # few: those that were run
    point = {each.name: sample(each, system) for each in asked}
    point |= {key: number for key, number in (inputs or {}).items() if key in point}
    numbers, texts = check(what, pd.DataFrame([point]), system, "the sample")
    choices = {key: words[0] for key, (_, words) in texts.items() if words[0] and key != "system"}
    return supplied(what, system, choices, numbers, given)[0]


def supplied(what, system, choices, numbers, given=None):
    """Return (rows that a system lacks for a prediction, numbers of it with medians in their places).

    choices, numbers: as a quantity's function takes them; given, errors: as in `lacks`.
    """
    known = dict(given or {})
    found: list[tuple[str, str]] = []
    while True:
        try:
            with np.errstate(all="ignore"):
                what.values(Scenario(system, changes=known), choices, numbers)
            return found, known
        except Missing as gap:
            if gap.name != system or gap.quantity in known:
                raise
            found.append((gap.table, gap.quantity))
            others = catalog.load(gap.table)
            known[gap.quantity] = others[gap.quantity].median() if gap.quantity in others else 1.0


def missing(system):
    """Return a frame: quantity, table, row, beyond; one line for each row that a system lacks for each prediction.

    beyond: True where the row is needed only by a group larger than a domain.
    """
    found = []
    for name in QUANTITIES:
        always = lacks(name, system, INSIDE)
        wider = [row for row in lacks(name, system, given=BEYOND) if row not in always]
        found += [(name, *row, beyond) for rows, beyond in ((always, False), (wider, True)) for row in rows]
    return pd.DataFrame(found, columns=["quantity", "table", "row", "beyond"])
