"""What a rack gains over servers in training: by what, at eight devices, by model, and as software hides more."""

import numpy as np
import pandas as pd

from model.machine import training_fit
from model.machine.scenario import Scenario
from model.machine.training_step import LAYOUT
from model.numbers import catalog
from model.numbers.draws import Sampler, around, ratio
from model.studies.training import jobs

CARD = ("scale_out_bandwidth",)
STEPS = ("device", "card", "exchange", "groups", "stages")  # changes that turn a server into a rack, in this order


def gain(above, below):
    """Return (value, low, high) of one throughput over another, pairs of (recorded, drawn) arrays; all draws count."""
    value, many = (ratio(*pair).drawn for pair in zip(above, below, strict=True))
    value = float(np.ravel(value)[0])
    return value, *map(float, around(value, many))


def speed(system, job, draws, seed, changes=None, **options):
    """Return (recorded, drawn) throughput at the best layout; options as of jobs.searched."""
    return tuple(
        jobs.searched(Scenario(system, sampler, changes=changes), job, **options)["training_throughput"]
        for sampler in (None, Sampler(draws, (seed, 0)))
    )


def waterfall(server, rack, job, draws, seed):
    """Return what makes the gain of a rack over servers: step, factor, low, high, LAYOUT; the last row is all.

    Steps: the rack's device at the server's domain, card and best layout; its card; its domain, exchanges alone;
    groups of experts as wide as is best; then the whole layout anew. Layouts are the best at recorded numbers, draws
    are paired.
    """
    small, large = Scenario(server).system, Scenario(rack).system
    domain = {"domain": small("domain")}
    cut = domain | {name: small(name) for name in CARD}
    base = chosen(server, job)
    wide = chosen(rack, job, {name: base[name] for name in LAYOUT if name != "expert_devices"})
    ways = [
        (server, {}, base),
        (rack, cut, base),
        (rack, domain, base),
        (rack, {"domain": large("domain")}, base),
        (rack, {"domain": large("domain")}, wide),
        (rack, {"domain": large("domain")}, chosen(rack, job)),
    ]
    levels = [speed(system, job, draws, seed, changes, layout=layout) for system, changes, layout in ways]
    pairs = [*zip(levels[1:], levels, strict=False), (levels[-1], levels[0])]
    rows = [
        (name, *gain(*pair), *layout.values())
        for name, pair, (_, _, layout) in zip((*STEPS, "all"), pairs, (*ways[1:], ways[-1]), strict=True)
    ]
    return pd.DataFrame(rows, columns=["step", "factor", "low", "high", *LAYOUT])


def chosen(system, job, layout=None, changes=None):
    """Return {part: number} of the best layout at recorded numbers, some parts of it set."""
    found = jobs.searched(Scenario(system, changes=changes), job, layout=layout)
    return {name: float(found[name][0, 0]) for name in LAYOUT}


def control(pairs):
    """Return measured and predicted ratios of runs that differ in nothing but the machine, at eight devices or fewer.

    pairs: {rack: server} of the same chip. Columns rack, server, workload, release, precision, devices, measured,
    predicted: of throughputs; no domain can matter, for both have eight devices that reach one another.
    """
    rows = training_fit.points("calibrate")
    fit = training_fit.fit()
    rows = rows.assign(predicted=training_fit.predicted(training_fit.prepare(rows, fit.names), fit.mean))
    rows = rows[(rows.devices <= 8) & rows.transport.isna()]
    found = []
    for rack, server in pairs.items():
        both = [rows[rows.system == name] for name in (rack, server)]
        joined = both[0].merge(both[1], on=training_fit.ALIKE, suffixes=("", "_server"))
        joined = joined.assign(
            rack=rack,
            server=server,
            measured=joined.measured / joined.measured_server,
            predicted=joined.predicted / joined.predicted_server,
        )
        found.append(joined[["rack", "server", *training_fit.ALIKE[:4], "measured", "predicted"]])
    return pd.concat(found, ignore_index=True)


def kinds(system, small, models, job, draws, seed):
    """Return what the system's own domain gains over one of `small` devices, by model: experts, topk, SIDES of gain.

    Same devices and network cards on both sides, each at its best layout. Columns model, experts (0: dense), gain, low,
    high, own and other: devices that share the experts in either domain.
    """
    shapes, rows = catalog.load("workloads"), []
    for model in models:
        asked = job._replace(model=model)
        pair = [speed(system, asked, draws, seed, changes) for changes in (None, {"domain": float(small)})]
        layouts = [chosen(system, asked, changes=changes) for changes in (None, {"domain": float(small)})]
        shape = shapes.loc[model]
        rows.append(
            (
                model,
                shape.experts if shape.moe_layers > 0 else 0.0,
                *gain(*pair),
                *(each["expert_devices"] for each in layouts),
                *(each["stages"] for each in layouts),
            )
        )
    names = ["model", "experts", "gain", "low", "high", "own_experts", "other_experts", "own_stages", "other_stages"]
    return pd.DataFrame(rows, columns=names)


def hidden(system, small, job, shares, draws, seed):
    """Return what the system's domain gains over one of `small` devices as software leaves less of an exchange exposed.

    shares: of the exchange between domains that work beside it leaves exposed, one means that nothing is hidden.
    Columns exposed, gain, low, high, and `groups`, devices that share the experts in small domains.
    """
    rows = []
    for share in shares:
        software = {"exposed_outside": float(share)}
        if share >= 1:
            software |= {"covering_share": 0.0, "compute_slowdown": 0.0}
        pair = [
            speed(system, job, draws, seed, changes, software=software) for changes in (None, {"domain": float(small)})
        ]
        found = jobs.searched(Scenario(system, changes={"domain": float(small)}), job, software=software)
        rows.append((share, *gain(*pair), float(found["expert_devices"][0, 0])))
    return pd.DataFrame(rows, columns=["exposed", "gain", "low", "high", "groups"])


def releases(system, small, job, draws, seed):
    """Return the gain of `hidden` by release of the software, oldest constants first: release, factor, gain, low, high.

    factor: what the release does with experts over the mean of all.
    """
    logs, rows = training_fit.fit().logs(), []
    for name in training_fit.releases():
        if (name, "release_factor") not in logs:
            continue
        asked = job._replace(release=name)
        pair = [speed(system, asked, draws, seed, changes) for changes in (None, {"domain": float(small)})]
        rows.append((name, float(np.exp(logs[name, "release_factor"])), *gain(*pair)))
    frame = pd.DataFrame(rows, columns=["release", "factor", "gain", "low", "high"])
    return frame.sort_values("factor", ascending=False, ignore_index=True)
