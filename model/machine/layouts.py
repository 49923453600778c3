"""How a workload can lie on the devices of one serving instance: layouts that somebody has run, or all that can be."""

from functools import cache
from typing import NamedTuple

import numpy as np

from model.numbers import catalog

MULTIPLES = (1, 3, 5, 9)  # times powers of two: the group sizes that are tried, 72 and 160 among them
DOUBLINGS = 12  # powers of two that are tried
# Ranks over experts at most: the largest published deployment keeps 64 more ranks than 256 experts.
SPARE_EXPERTS = 1.25
NEAR = 2.0  # a batch so many times larger or smaller than one that was run still counts as run


class Layout(NamedTuple):
    """Devices of a group, of a tensor group of attention, over which experts are spread; least and most batch."""

    ranks: float
    tensor_devices: float
    expert_devices: float
    least: float = 0.0
    most: float = np.inf


def run(system):
    """Return the decode layouts that somebody has run on a system, or on any where none is known for it.

    Batches are those that were run, widened by NEAR; layouts of data/layouts.csv and of the published decode runs.
    """
    return list(_run(system))


@cache  # read off the tables it takes longer than all that a search asks of the law at one place
def _run(system):
    """Return the layouts of `run` as a tuple."""
    rows = catalog.chosen("layouts")
    rows = rows[rows.phase == "decode"]
    fields = ["system", "ranks", "tensor_devices", "expert_devices"]
    wide = rows.pivot_table(index=fields, columns="quantity", values="value", sort=False).reset_index()
    published = catalog.chosen("serving")
    published = published[(published.quantity == "decode_throughput") & published.engine.notna()]
    found = [
        (row.system, Layout(*map(float, row[fields[1:]]), row.least_batch / NEAR, row.most_batch * NEAR))
        for _, row in wide.iterrows()
    ]
    found += [
        (row.system, Layout(row.ranks, 1.0, row.ranks, row.batch / NEAR, row.batch * NEAR))
        for row in published.itertuples()
    ]
    own = [layout for name, layout in found if name == system]
    return tuple(dict.fromkeys(own or [layout for _, layout in found]))


def possible(scenario, model):
    """Return every Layout to be tried on a system.

    Groups have a power of two, times 1, 3, 5 or 9, of devices, and at most 1.25 ranks for each expert. A tensor group
    lies in one domain, has a head of attention for each rank, and divides the group; experts are spread over all
    devices, or split with the tensor group where that is the whole group. A dense workload knows tensor groups alone.
    """
    workload, (dies, domain) = scenario.facts("workloads", model), bounds(scenario)
    experts = workload("experts") if workload("moe_layers") else 0.0
    widest = max(SPARE_EXPERTS * experts / dies, domain if not experts else 1.0)
    split = widest_tensor_group(scenario, model)
    sizes = sorted({m * 2**i for m in MULTIPLES for i in range(DOUBLINGS) if m * 2**i <= widest})
    found = []
    for size in map(float, sizes):
        groups = [2.0**i for i in range(DOUBLINGS) if 2**i <= min(split, size) and size % 2**i == 0]
        if not experts:
            found += [Layout(size, size, 1.0)] if size in groups else []
            continue
        for group in groups:
            found.append(Layout(size, group, min(size, experts)))
            if group == size > 1:
                found.append(Layout(size, group, 1.0))
    return found


def bounds(scenario):
    """Return (dies of a device, devices of a domain), which bound the layouts of a system; Missing where unknown."""
    return _middle(scenario.system("dies", 1)), _middle(scenario.system("domain"))


def widest_tensor_group(scenario, model):
    """Return the devices of the widest tensor group: of one domain, and a head of attention or more for each rank."""
    dies, domain = bounds(scenario)
    return min(domain, max(scenario.facts("workloads", model)("attention_heads") // dies, 1.0))


def within(layouts, devices):
    """Return the layouts of at most so many devices; ValueError where there is none."""
    if devices is None:
        return layouts
    if not (few := [each for each in layouts if each.ranks <= devices]):
        least = min(each.ranks for each in layouts)
        raise ValueError(f"no layout has {devices:g} devices or fewer: the smallest has {least:g}")
    return few


def _middle(number):
    """Return a number, or the median of its draws: layouts are the same in every draw."""
    return float(np.median(number))
