"""How large a domain should be: useful work of the same devices in domains of another size, and where one pays."""

import numpy as np

from model.laws import domain_faults, domain_spares, reliability
from model.laws.domain_size import useful
from model.machine import frontier, layouts
from model.machine.step import Asked
from model.notation.equation import compute
from model.notation.nomenclature import (
    devices_out,
    drain_availability,
    effective_training_share,
    installed_share,
    recovery,
    served,
    trained,
    tray_availability,
)
from model.predictions.reliability import failure_rate
from model.studies.training import jobs

TENSOR = 8  # devices of a tensor group, at most: a survey asks dozens of machines, and wider ones serve very fast users
RACK = 72  # devices: groups of as many, and of two and four times as many, are tried beside powers of two
PARTS = ("spares", "faults", *jobs.PARTS)  # of installed device-time


def fault_point(scenario, devices=1.0):
    """Return the columns of the laws of faults for a job of that many devices, in base units.

    The failure rate is the system's own; draws of it lie apart as fleets do. Trays, repair times and the share of
    draining faults are assumed, by analogy with the one machine of which any of them is recorded: topic `domain-faults`
    of data/assumptions.csv.
    """
    assumed = scenario.facts("assumptions", "domain-faults")
    return {
        "devices": devices,
        "domain": scenario.system("domain"),
        "failure_rate": failure_rate(scenario),
        **{name: assumed(name) for name in ("drain_share", "tray_devices", "tray_repair", "drain_repair")},
    }


def training_work(scenario, devices, model, overlap=True, layout=None, device_sequences=None, **faults):
    """Return (shares, found): where a training job's installed device-time goes, and its step at the best layout.

    shares: {part: array (draws or 1, 1)} of PARTS, which sum to one; found: columns as `training.jobs.searched` gives
    them, the layout chosen anew in each draw, with `trained`, tokens per second and installed device. overlap: whether
    another microbatch covers exchanges between domains; layout: parts that are set; device_sequences: of a step.
    faults: options of training_faults. Laws: laws.training, laws.domain_faults, useful.
    """
    found = jobs.searched(scenario, jobs.of_devices(scenario, model, devices, device_sequences), overlap, layout)
    up, installed = training_faults(scenario, devices, **faults)
    shares = {part: found[part] / found["training_step_time"] * installed for part in jobs.PARTS}
    spares = 1 - installed / up
    found["trained"] = compute(useful.solve(trained), found | {"installed_share": installed})
    return {"spares": spares, "faults": 1 - spares - installed, **shares}, found


def training_faults(scenario, devices, confidence=0.99, swap=False, bends=False, given=None):
    """Return (effective training share, the same over all installed devices), arrays of shape (draws or 1, 1).

    The fewer of spares inside and outside the domains; checkpoints at the best interval; times to recover by analogy,
    topic `recovery` of data/assumptions.csv. swap: a spare tray inside the domain takes over in minutes, where that
    gains more than it costs, in place of one recovery time for all faults. bends: the job makes do with unequal
    domains, so that only what is out of use is lost. given: columns in place of those of fault_point. Laws:
    laws.reliability, laws.domain_faults.
    """
    point = fault_point(scenario, devices) | (given or {})
    inside, _ = domain_spares.inside(point, confidence)
    recovers = scenario.facts("assumptions", "recovery")
    elsewhere = recovers("drain_time")
    fewest = np.minimum(inside, domain_spares.outside(point, confidence))
    out = compute(domain_faults.two_rates.solve(devices_out), point)
    point["checkpoint_write"] = recovers("checkpoint_write")
    usual = _shares(point, elsewhere, out if bends else fewest)
    if not swap:
        return usual
    times = point | {"swap_time": recovers("swap_time"), "drain_time": elsewhere}
    swapped = _shares(point, compute(domain_faults.two_recoveries.solve(recovery), times), inside)
    return tuple(np.where(usual[1] >= swapped[1], *pair) for pair in zip(usual, swapped, strict=True))


def _shares(point, reload, spare):
    """Return (effective training share, the same over all installed devices) for one way to recover."""
    columns = point | {"downtime": 0.0, "reload": reload, "spare_devices": spare}
    up = compute(reliability.best_checkpointing.solve(effective_training_share), columns)
    installed = domain_faults.two_recoveries[installed_share].rhs
    return tuple(map(np.atleast_2d, (up, compute(installed, columns | {"effective_training_share": up}))))


def tried(scenario, model):
    """Return the layouts of serving that are tried: groups of powers of two, or of racks, and narrow tensor groups."""
    return [
        each
        for each in layouts.possible(scenario, model)
        if each.tensor_devices <= TENSOR and (np.log2(each.ranks).is_integer() or each.ranks % RACK == 0)
    ]


def serving_work(scenario, model, precision, conditions, speeds):
    """Return (tokens per second and installed device, group), arrays of shape (draws or 1, speeds).

    The best of `tried` at each speed, as in model.machine.frontier, and what faults leave of its time. Law: useful.
    """
    asked = Asked(model, "decode", precision)
    at, accepted = {"context": conditions["context"]}, conditions["tokens_per_step"]
    found = frontier.curves(scenario, asked, at, tried(scenario, model), accepted)
    throughput, _, layout = frontier.best(scenario, asked, found, speeds, scenario.step_scatter(model))
    group = np.array([each.ranks for each in found.layout] if found else [0.0])[layout]
    columns = fault_point(scenario) | {
        "group_devices": group,
        "instance_recovery": scenario.facts("assumptions", "recovery")("instance_recovery"),
        "decode_throughput": throughput,
    }
    for symbol in (tray_availability, drain_availability):
        columns[str(symbol)] = compute(domain_faults.two_rates.solve(symbol), columns)
    return compute(useful.solve(served), columns), group
