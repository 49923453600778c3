"""How a step waits over ranks and batch, serially and with two microbatches, and what it is made of."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import idle
from model.laws import step as laws
from model.machine import step
from model.machine.memory import largest_batch
from model.machine.scenario import Scenario
from model.notation import nomenclature as symbols
from model.notation.equation import Equation, compute
from model.notation.units import size
from model.numbers.draws import low_high
from model.studies.idle.machines import precisions, reach

RANKS = (8, 16, 32, 48, 64, 72, 96, 128, 144, 192, 256, 320)  # devices along the curves
BATCHES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # requests on a device along the curves
WAYS, SIDES = {"serial": False, "overlapped": True}, ("value", "low", "high")


def timed(case, system, rows, drawn=False, changes=None):
    """Return {way: (step, busy, busy of a balanced load)}, s, of a step of decode with one batch and with two."""
    scenario, asked = case.scenario(system, drawn, changes), case.asked(precisions()[system])
    return {way: step.step(scenario, asked, rows, turns) for way, turns in WAYS.items()}


def shares(times):
    """Return {(way, part): share of a step that waits}: exchange, imbalance and lost, serial, overlapped and faster.

    lost counts as work only a serial step with a balanced load: what overlap pays twice is lost, too. faster: the
    better of the two ways.
    """
    found = {}
    fair = times["serial"][2]
    for way, (time, busy, even) in times.items():
        parts = step.idle_shares(time, busy, even)
        found |= {(way, part): parts[part] for part in ("exchange", "imbalance")}
        found[way, "lost"] = 1 - fair / time
    found["faster", "lost"] = 1 - fair / np.minimum(times["serial"][0], times["overlapped"][0])
    found["faster", "gain"] = times["serial"][0] / times["overlapped"][0] - 1  # throughput that overlap gains
    return found


def survey(case, systems, ranks, batch):
    """Return how each system waits over devices and requests on each: system, ranks, batch, way, part, SIDES, fits.

    ranks, batch: numbers or arrays that broadcast. fits: whether weights and cache fit into memory there.
    """
    rows, far, frames = case.rows(ranks, batch), reach(), []
    for name in systems:
        own = {key: each[rows["ranks"] <= far[name]] for key, each in rows.items()}
        values, many = (shares(timed(case, name, own, drawn)) for drawn in (False, True))
        fits = largest_batch(Scenario(name), case.workload, precisions()[name], own) >= own["batch"]
        for (way, part), value in values.items():
            low, high = low_high(many[way, part], axis=0)
            frame = pd.DataFrame(
                {"system": name, "ranks": own["ranks"], "batch": own["batch"], "way": way, "part": part}
            )
            frames.append(frame.assign(value=value, low=low, high=high, fits=fits))
    return pd.concat(frames, ignore_index=True)


def picked(surveyed, **at):
    """Return SIDES of a survey at given devices or requests, by way, part and system."""
    for column, number in at.items():
        surveyed = surveyed[surveyed[column] == number]
    return surveyed.set_index(["way", "part", "system"])[list(SIDES)].sort_index()


def overlap_pays(surveyed):
    """Return, by system, the fewest requests of a survey from which overlap gains (0: none), and the most that fit."""
    gains = surveyed[surveyed.part == "gain"]
    first = gains[gains.value > 0].groupby("system").batch.min()
    most = gains[gains.fits].groupby("system").batch.max()
    frame = pd.DataFrame({"overlap_from": first, "largest_batch": most}, index=gains.system.unique())
    return frame.fillna(0.0)


def parts(case, systems, ranks, batch):
    """Return what a step is made of: system, way, part, milliseconds, binds (memory, compute or empty)."""
    frames = []
    for name in systems:
        asked = case.asked(precisions()[name])
        for way, turns in WAYS.items():
            frame = step.parts(Scenario(name), asked, case.rows(ranks, batch), turns)
            frame.insert(0, "way", way)
            frame.insert(0, "system", name)
            frames.append(frame)
    found = pd.concat(frames, ignore_index=True)
    found["milliseconds"] = found.pop("seconds") / size("ms")
    return found.fillna({"binds": ""})


def changed_by_overlap(made):
    """Return, by system, the milliseconds that overlap hides of the network and adds elsewhere, and both steps."""
    total = made.groupby(["system", "way"], sort=False).milliseconds.sum().unstack()
    network = made[made.part == "network"].set_index(["system", "way"]).milliseconds.unstack()
    rest = total - network
    hidden, paid = network.serial - network.overlapped, rest.overlapped - rest.serial
    return total[list(WAYS)].assign(hidden=hidden, paid=paid)


def floor(case, system, ranks, batch, drawn=False):
    """Return the share that a serial step waits for start-ups alone: with links of endless bandwidth."""
    scenario, asked = case.scenario(system, drawn), case.asked(precisions()[system])
    rows = case.rows(ranks, batch)
    found = step.with_constants(scenario, step.columns(scenario, asked, rows), scenario.step_constants())
    busy = timed(case, system, rows, drawn)["serial"][1]
    waits = found["exchange_passes"] * found["exchanging"] * found["moe_layers"] * found["exchange_start"]
    return np.ravel(compute(waiting().rhs, {"compute_time": busy, "reduction_time": 0.0, "exchange_time": waits}))


def waiting():
    """Return the share that a serial step waits, from laws.idle and laws.step, as one Equation."""
    whole = laws.serial[symbols.step_time].rhs
    return Equation(
        symbols.exchange_idle, sp.simplify(idle.idle[symbols.exchange_idle].rhs.subs(symbols.step_time, whole))
    )


def summary(case, systems, ranks, batch):
    """Return one row for each system: how a step waits serially and overlapped, what overlap gains, what is lost."""
    at = picked(survey(case, systems, ranks, batch))
    rows = []
    for name in systems:
        lost = at.loc["faster", "lost", name]
        rows.append(
            {
                "system": name,
                "exchange": at.value["serial", "exchange", name],
                "startup": float(floor(case, name, ranks, batch)[0]),
                "imbalance": at.value["serial", "imbalance", name],
                "overlapped": at.value["overlapped", "exchange", name],
                "gain": at.value["faster", "gain", name],
                **lost.rename({"value": "lost"}),
            }
        )
    return pd.DataFrame(rows)
