"""Domains against groups: throughput of a dollar over both, where a larger domain breaks even, and worked problems."""

import numpy as np
import pandas as pd

from model.laws import exchange
from model.laws import training as laws
from model.laws.domain_faults import two_rates
from model.laws.domain_size import bare, break_even, resized, useful
from model.machine import memory
from model.machine.scenario import Scenario
from model.machine.step import Asked, columns, step
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.substitution import example
from model.predictions.serving import decode_throughput
from model.studies.domain_size import survey as surveys
from model.studies.domain_size.bill import bill
from model.studies.domain_size.work import fault_point, training_work, tried
from model.studies.training import jobs

UP = (symbols.tray_availability, symbols.drain_availability)  # shares of time
WIDTHS = 2.0 ** np.arange(3, 9)  # devices of the groups that share the experts


def widths(surveyed, batch):
    """Return those of WIDTHS whose dies are no more than the widest, and whose memory holds the batch and weights."""
    scenario, asked = Scenario(surveyed.system), surveyed.asked
    groups = WIDTHS[WIDTHS * scenario.system("dies", 1) <= WIDTHS[-1]]
    rows = {"ranks": groups, "context": np.full_like(groups, asked.conditions["context"])}
    return groups[memory.largest_batch(scenario, asked.model, surveyed.precision, rows) >= batch]


def throughputs(surveyed, batch):
    """Return decode throughput of a device and of a dollar over that in the smallest domains, by domain and group.

    Columns domain, group, device, dollar. batch: requests of a device; groups that do not hold it are left out.
    """
    asked, system = surveyed.asked, surveyed.system
    groups = widths(surveyed, batch)
    point = {"ranks": groups} | {name: np.full_like(groups, each) for name, each in _point(asked, batch).items()}
    choices = {"model": asked.model, "precision": surveyed.precision}
    grid = np.array([decode_throughput(_resized(system, each), choices, point) for each in asked.sizes])
    dollars = surveyed.rate["dollar"][0]
    device = grid / grid[0]
    dollar = device * (dollars[0] / dollars)[:, None]
    frame = {"domain": np.repeat(asked.sizes, len(groups)), "group": np.tile(groups, len(asked.sizes))}
    return pd.DataFrame({**frame, "device": device.ravel(), "dollar": dollar.ravel()})


def even(surveyed, domains, group, batch):
    """Return where larger domains break even with eight: by domain premium, needed, ranks, compute_time, volume.

    needed: share of the exchange that must leave the smaller domain; ranks: the least group for it, infinite where no
    group will do; compute_time, s, and volume, B, of a step of that group at that batch.
    """
    rows = {}
    for domain in domains:
        line = _line(surveyed, domain, group, batch)
        needed = float(compute(break_even.solve(symbols.needed_share), line)[0])
        least = float(compute(break_even.solve(symbols.break_even_ranks), line)[0]) if needed < 1 else np.inf
        numbers = {name: float(np.ravel(line[name])[0]) for name in ("premium", "compute_time", "volume")}
        rows[domain] = numbers | {"needed": needed, "ranks": least}
    return pd.DataFrame(rows).T


def _line(surveyed, domain, group, batch):
    """Return what a domain and a group at a batch put into the law of break-even, arrays or numbers by name."""
    asked, price = surveyed.asked, surveyed.rate["dollar"][0]
    sent = exchange.layer_bound.solve(symbols.layer_exchange_time * symbols.scale_out_bandwidth * symbols.moe_layers)
    scenario = _resized(surveyed.system, domain)
    point = {name: np.array([each]) for name, each in {"ranks": group, **_point(asked, batch)}.items()}
    point["processed"] = np.ceil(point["tokens_per_step"])
    decode = Asked(asked.model, "decode", surveyed.precision)
    _, busy, _ = step(scenario, decode, point, False)
    found = columns(scenario, decode, point)
    shape = {name: found[name] for name in ("hidden", "moe_layers")}
    shape |= {"tokens": found["step_tokens"], "copies": found["topk"], "bytes_per_element": 1.0}
    return {
        "volume": compute(sent, shape | {"scale_out_bandwidth": 1.0}),
        "compute_time": busy,
        "small_domain": float(asked.sizes[0]),
        "scale_up_bandwidth": scenario.system("scale_up_bandwidth"),
        "scale_out_bandwidth": scenario.system("scale_out_achievable"),
        "premium": price[asked.sizes.index(domain)] / price[0],
    }


def examples(surveyed, domain, devices, group, batch):
    """Return what the chapter's example puts into its laws: {law: {name: number in base units}}.

    The surveyed devices in domains of that size, one of its sizes. useful: a training job of so many devices, and a
    serving instance of a group; bare: the machine as sold; resized: a device in the domain; even: a group at a batch
    that one domain holds, against the smallest domains.
    """
    system, scenario = surveyed.system, _resized(surveyed.system, domain)
    _, found = training_work(scenario, float(devices), surveyed.asked.model)
    useful_put = {name: float(np.ravel(found[name])[0]) for name in ("trained", "training_throughput")}
    useful_put["installed_share"] = useful_put["trained"] / useful_put["training_throughput"]
    useful_put |= _instance(scenario, group)
    sold = Scenario(system).system
    costs = bill(Scenario(system), [int(sold("domain")), domain])["fabric_device_cost"][0]
    price = {"domain_price": sold("price"), "domain": sold("domain"), "fabric_device_cost": float(costs[0])}
    bare_put = example(bare, price)
    line = {name: float(np.ravel(each)[0]) for name, each in _line(surveyed, domain, group, batch).items()}
    return {
        "useful": example(useful, useful_put),
        "bare": bare_put,
        "resized": example(resized, {"bare_price": bare_put["bare_price"], "fabric_device_cost": float(costs[1])}),
        "even": example(break_even, line | {"ranks": float(group)}),
    }


def _instance(scenario, group):
    """Return what faults of a domain leave an instance of that many devices: columns of the law of its share."""
    found = {name: float(np.ravel(each)[0]) for name, each in fault_point(scenario).items()}
    found |= {name: float(each) for name, each in two_rates.answers(found, UP).items()}
    recovers = scenario.facts("assumptions", "recovery")
    return found | {"group_devices": float(group), "instance_recovery": float(recovers("instance_recovery"))}


def problems(system, domains):
    """Return the worked problem of each domain: up, group, serving (share of time), price and power of a device."""
    spent = surveys.rates(system, list(domains))
    rows = {}
    for i, domain in enumerate(domains):
        scenario, group = _resized(system, domain), min(domain, 72)
        faults = fault_point(scenario)
        up = compute(two_rates.solve(symbols.tray_availability * symbols.drain_availability), faults)
        faults |= {"group_devices": group, "tray_availability": up, "drain_availability": 1.0}
        faults["instance_recovery"] = scenario.facts("assumptions", "recovery")("instance_recovery")
        rows[domain] = {
            "up": float(up),
            "group": group,
            "serving": float(compute(useful.solve(symbols.serving_share), faults)),
            "price": spent["dollar"][0, i],
            "power": spent["watt"][0, i],
        }
    return pd.DataFrame(rows).T


def state(system, model, devices, layout, groups):
    """Return the bytes that training keeps on a device of a job, by devices that share the experts.

    layout: mapping of the other parts of the layout. Weights, gradients and optimiser alone. Law: laws.training.
    """
    scenario = Scenario(system)
    job = jobs.of_devices(scenario, model, devices)
    point = {**scenario.training_columns(job.asked), **job.sizes, **layout, "overlap": 1.0}
    point |= {"expert_devices": np.asarray(groups, float)}
    return pd.Series(laws.answers(point, laws.PARTS[:2])["training_bytes"], index=list(groups))


def one_tier(system, model, sizes):
    """Return the devices that one tier of switches or copper joins (tier), and the size that no group outgrows."""
    tier = Scenario().facts("fabric", "scale-up")
    widest = max(each.ranks for each in tried(Scenario(system), model))
    most = min(each for each in sizes if each >= widest)
    return pd.Series({"tier": min(tier("radix"), tier("copper_domain")), "most_useful": most})


def _point(asked, batch):
    """Return the conditions of a decode step at a batch."""
    return {"batch": float(batch), **asked.conditions}


def _resized(system, domain):
    return Scenario(system, changes={"domain": float(domain)})
