"""How large a domain should be: useful work of the same devices in domains of another size, and where one pays."""

import numpy as np

from model.laws import domain_faults, domain_spares, reliability
from model.laws.domain_size import useful
from model.machine import frontier, layouts
from model.machine.scenario import Scenario
from model.machine.step import Asked
from model.notation.equation import compute
from model.notation.nomenclature import (
    device_tokens,
    devices_out,
    drain_availability,
    effective_training_share,
    gradient_time,
    installed_share,
    recovery,
    served,
    training_bytes,
    training_step_time,
    tray_availability,
    work_time,
)
from model.studies import training_run as training
from model.studies.training_run import fitted_efficiency, run, shape

GROUPS = 2.0 ** np.arange(3, 9)  # devices of the expert-parallel groups that are tried in training
TENSOR = 8  # devices of a tensor group, at most: a survey asks dozens of machines, and wider ones serve very fast users
RACK = 72  # devices: groups of as many, and of two and four times as many, are tried beside powers of two
PARTS = ("spares", "faults", "gradients", "bubble", "imbalance", "exchange", "useful")  # of installed device-time


def fault_point(scenario, devices=1.0):
    """Return the columns of the laws of faults for a job of that many devices, in base units.

    The failure rate is the system's own. Trays, repair times and the share of draining faults are assumed, by analogy
    with the one machine of which any of them is recorded: topic `domain-faults` of data/assumptions.csv.
    """
    assumed = scenario.facts("assumptions", "domain-faults")
    return {
        "devices": devices,
        "domain": scenario.system("domain"),
        "failure_rate": scenario.facts("reliability", scenario.name)("failure_rate"),
        **{name: assumed(name) for name in ("drain_share", "tray_devices", "tray_repair", "drain_repair")},
    }


def training_work(scenario, devices, model, groups=GROUPS, overlap=True, **faults):
    """Return ({part: share of installed device-time}, group): where a training job's device-time goes.

    Arrays of shape (draws or 1, 1); parts: PARTS, which sum to one. group: the expert-parallel group with the shortest
    step among `groups` that fits into memory. overlap: two microbatches, or one that waits for its exchanges. faults:
    options of training_faults. Laws: model.studies.training_run, model.laws.domain_faults, useful.
    """
    system, facts = scenario.system, scenario.facts("assumptions", "training")
    groups = groups[groups * np.median(system("dies", 1)) <= scenario.facts("workloads", model)("experts")]
    columns = _run(scenario, model, groups, devices, overlap=overlap) | {"state_bytes": facts("state_bytes")}
    solved = {
        symbol: compute(training.training.solve(symbol), columns)
        for symbol in (training_bytes, training_step_time, work_time, gradient_time)
    }
    fits = solved[training_bytes] <= facts("state_memory") * system("memory_capacity")
    times = np.where(fits, solved[training_step_time], np.inf)
    picked = np.atleast_2d(times).argmin(axis=1)[:, None]

    def best(number):
        return np.take_along_axis(np.broadcast_to(number, (len(picked), len(groups))), picked, axis=1)

    time, work, gradients = best(times), best(solved[work_time]), best(solved[gradient_time])
    exchange, imbalance, bubble = (best(columns[f"{part}_idle"]) for part in ("exchange", "imbalance", "bubble"))
    stretched = work / (1 - exchange - imbalance)
    up, installed = training_faults(scenario, devices, **faults)
    shares = {
        "gradients": (columns["gradient_exposed"] * gradients + columns["optimiser_time"]) / time,
        "bubble": stretched * bubble / (1 - bubble) / time,
        "imbalance": stretched * imbalance / time,
        "exchange": stretched * exchange / time,
        "useful": work / time,
    }
    shares = {part: share * installed for part, share in shares.items()}
    spares = 1 - installed / up
    return {"spares": spares, "faults": 1 - spares - installed, **shares}, groups[picked]


def training_rate(scenario, model):
    """Return the tokens per second that a device trains on while nothing waits, shape (draws or 1, 1)."""
    return np.atleast_2d(compute(training.training.solve(device_tokens / work_time), _run(scenario, model)))


def _run(scenario, model, *shaped, **options):
    """Return the columns of a run in the narrowest format that training uses, as efficient as the fitted run."""
    precision = "fp8" if "peak_fp8" in scenario.system else "bf16"
    efficiency = fitted_efficiency(Scenario(run().system, scenario.sampler))
    return shape(scenario, model, *shaped, precision=precision, **options) | {"training_efficiency": efficiency}


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
