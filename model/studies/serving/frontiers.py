"""Frontiers of machines: at each speed per user the best throughput, on layouts that were run and on all there are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.machine import frontier, layouts, step
from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.draws import low_high
from model.studies.case import Case
from model.studies.cluster.machine import precisions

NEEDED = ("domain", "scale_up_bandwidth", "memory_bandwidth", "memory_capacity", "peak_bf16")  # of a machine
LAYOUT = ("ranks", "tensor_devices", "expert_devices")
NUDGE = 1.02  # of a batch, up and down, to see how the step follows


@dataclass(frozen=True)
class Service(Case):
    """A Case, and the most devices that an instance may have; None: any number."""

    devices: float | None = None


def lacking(systems):
    """Return a frame of systems over NEEDED and `peak`: whether the number is missing. systems: empty for all."""
    machines = catalog.load("systems")
    absent = machines.reindex(systems or machines.index)[list(NEEDED)].isna()
    return absent.assign(peak=[not precisions(name) for name in absent.index])


def missing(systems):
    """Return which numbers keep a system from being asked, one row for each that lacks any."""
    absent = lacking(systems)
    absent = absent[absent.any(axis=1)]
    words = [", ".join(absent.columns[row]) for row in absent.to_numpy()]
    return pd.DataFrame({"system": absent.index, "missing": words})


def compared(systems):
    """Return those of the systems that can be asked, in their order. Raises ValueError where there is none."""
    absent = lacking(systems).any(axis=1)
    if absent.all():
        raise ValueError(f"none of {systems} has all of {', '.join(NEEDED)} and a peak: choose others")
    return [name for name in absent.index if not absent[name]]


def narrowest(system):
    """Return the narrowest number format in which a system has a peak."""
    return precisions(system)[0]


def known(service, system, which):
    """Return the layouts that are tried on a system: those near what was run (`run`), or `all`; maybe none."""
    found = layouts.run(system) if which == "run" else layouts.possible(Scenario(system), service.workload)
    return [each for each in found if service.devices is None or each.ranks <= service.devices]


def best(service, system, precision, speeds, which="run", drawn=False, changes=None):
    """Return (throughput, batch, place, Curves): what machine.frontier.best finds at each speed, and among what."""
    scenario, asked = service.scenario(system, drawn, changes), service.asked(precision)
    tried = known(service, system, which)
    found = frontier.curves(scenario, asked, {"context": float(service.context)}, tried)
    slower = scenario.step_scatter(service.workload)
    return *frontier.best(scenario, asked, found, speeds, slower), found


def curve(service, system, precision, speeds, which="run", drawn=True):
    """Return (frame, draws): the frontier of one machine, and its throughput in every draw, None without draws.

    Columns system, precision, layouts, speed, throughput, low, high, batch, LAYOUT and drafts of the best; speeds out
    of reach have no row. draws: shape (draws, speeds), 0 out of reach.
    """
    throughput, batch, place, found = best(service, system, precision, speeds, which)
    frame = pd.DataFrame({"speed": speeds, "throughput": throughput[0], "batch": batch[0]})
    many = best(service, system, precision, speeds, which, drawn=True)[0] if drawn else None
    frame["low"], frame["high"] = (np.nan, np.nan) if many is None else low_high(many, axis=0)
    for name in LAYOUT:
        frame[name] = [getattr(found.layout[each], name) if found else np.nan for each in place[0]]
    frame["drafts"] = found.drafts[place[0]] if found else np.nan
    frame.insert(0, "layouts", which)
    frame.insert(0, "precision", precision)
    frame.insert(0, "system", system)
    return frame[frame.throughput > 0].reset_index(drop=True), many


def reach(frame, many, speeds):
    """Return (fastest speed of a frontier, its draws) in tokens per second and user."""
    return frame.speed.max(), np.where(many > 0, speeds, 0.0).max(axis=1)


def lines(service, systems, speeds, which="run", drawn=True):
    """Return {system: (frame, draws)} as from `curve`, each in its narrowest format; systems without a layout left out.

    The draws of one system and of another share what the machines share.
    """
    found = {name: curve(service, name, narrowest(name), speeds, which, drawn) for name in systems}
    return {name: each for name, each in found.items() if len(each[0])}


def untested(run, every, margin=0.02):
    """Return the rows of the frontier over all layouts that lie above the one over layouts that were run.

    margin: share by which they must. A speed that no layout reaches that was run is untested, too.
    """
    tested = run.set_index(["system", "speed"]).throughput
    beside = tested.reindex(pd.MultiIndex.from_frame(every[["system", "speed"]])).fillna(0.0).to_numpy()
    return every[every.throughput > (1 + margin) * beside]


def point(service, row):
    """Return the operating columns of a row of `curve`, arrays of length one."""
    columns = {name: np.array([float(row[name])]) for name in (*LAYOUT, "batch", "drafts")}
    return columns | {"processed": 1 + columns["drafts"], "context": np.array([float(service.context)])}


def leverage(service, row):
    """Return how many per cent the batch moves for each per cent of the step's time, at a fixed speed.

    One over d ln t / d ln b; a frontier's error is about that many times the error of a step.
    """
    scenario, asked, rows = Scenario(row["system"]), service.asked(row["precision"]), point(service, row)
    more, less = (
        float(step.duration(scenario, asked, rows | {"batch": rows["batch"] * by})[0]) for by in (NUDGE, 1 / NUDGE)
    )
    return 2 * np.log(NUDGE) / np.log(more / less)


def overlaps(service, row):
    """Tell whether the machine's software takes two microbatches in turn at a row of `curve`."""
    scenario, asked, rows = Scenario(row["system"]), service.asked(row["precision"]), point(service, row)
    return bool(step.duration(scenario, asked, rows)[0] < step.duration(scenario, asked, rows, False)[0])


def bound(service, row):
    """Return (longest part of the step, its share), with what binds it in brackets, at a row of `curve`."""
    scenario, asked = Scenario(row["system"]), service.asked(row["precision"])
    pieces = step.parts(scenario, asked, point(service, row), overlaps(service, row)).set_index("part")
    longest = pieces.seconds.idxmax()
    binds = pieces.binds[longest]
    return f"{longest} ({binds})" if pd.notna(binds) else longest, pieces.seconds[longest] / pieces.seconds.sum()


def described(service, frame):
    """Return rows of `curve` with what binds them, its share of the step, leverage, and whether two batches turn."""
    rows = [row for _, row in frame.iterrows()]
    binding = [bound(service, row) for row in rows]
    return frame.assign(
        longest=[each for each, _ in binding],
        share=[each for _, each in binding],
        leverage=[leverage(service, row) for row in rows],
        turns=[overlaps(service, row) for row in rows],
    )


def at(frame, paces):
    """Return throughput with its interval as value, low, high, by system and the name of each speed in `paces`.

    paces: mapping of names to speeds; what is out of reach has no row.
    """
    rows = frame.set_index(["system", "speed"])[["throughput", "low", "high"]].set_axis(
        ["value", "low", "high"], axis=1
    )
    found = {
        (system, name): rows.loc[system, speed]
        for system in frame.system.unique()
        for name, speed in paces.items()
        if (system, speed) in rows.index
    }
    return pd.DataFrame(found).T
