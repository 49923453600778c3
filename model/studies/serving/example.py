"""One step of decode with its numbers put in: what each part reads and computes, and how long that takes."""

import numpy as np
import pandas as pd

from model.laws import serving
from model.laws import step as laws
from model.machine import step
from model.notation import nomenclature as symbols
from model.notation.equation import compute, kept
from model.notation.substitution import columns_of, example
from model.numbers.draws import low_high
from model.studies.cluster.machine import Cluster, hourly
from model.studies.serving import costs

WORK = {  # part: bytes, operations, time
    "dense": (symbols.dense_bytes, symbols.dense_flop, symbols.dense_time),
    "experts": (symbols.expert_bytes, symbols.expert_flop, symbols.expert_time),
    "attention": (symbols.kv_bytes, symbols.attention_flop, symbols.attention_time),
}


def columns(service, system, precision, ranks, batch, drawn=False):
    """Return the columns of one batch's step with all that follows from them, by name.

    Attention is in data parallel, experts are spread over the group of `ranks` devices, nothing is drafted.
    """
    scenario, asked = service.scenario(system, drawn), service.asked(precision)
    rows = {name: np.array([float(number)]) for name, number in (("ranks", ranks), ("batch", batch))}
    rows["context"] = np.array([float(service.context)])
    found = step.with_constants(
        scenario, step.columns(scenario, asked, rows), scenario.step_constants(step.engine_of(scenario))
    )
    wanted = [equation.lhs for equation in laws.one_batch.equations if equation.lhs != symbols.decode_throughput]
    found |= laws.one_batch.answers(found, tuple(wanted))
    speed = 1 / found["step_time"]
    return found | {"tokens_per_step": 1.0, "user_speed": speed, "decode_throughput": rows["batch"] * speed}


def numbers(found):
    """Return the columns as plain floats; what is not a number is left out."""
    return {name: float(np.ravel(each)[0]) for name, each in found.items() if each is not None}


def examples(service, step, machine, rival, priced):
    """Return what the example puts into the chapter's laws: {law: {name: number in base units}}.

    step: the example's, of `columns`; machine: the system that it is of; rival: (system, its columns at as many
    requests), whose token sets the price at which the machine breaks even; priced: a system with a price and no rent.
    memory: of a step, of memory and of speed; cost: of a token, the device always busy; rent: of priced; drafts: one
    drafted token, without `draft_acceptance` where the workload has none.
    """
    put, scenario = numbers(step), service.scenario(machine)
    workload = scenario.facts("workloads", service.workload)
    put |= {
        "memory_capacity": scenario.system("memory_capacity") / scenario.system("dies", 1),
        "memory_usable": float(scenario.facts("assumptions", "serving")("memory_usable")),
    }
    other, theirs = rival
    sold = _priced(service, other, numbers(theirs)["decode_throughput"]) | {"busy_share": 1.0}
    cost = _priced(service, machine, put["decode_throughput"]) | {"busy_share": 1.0}
    cost["token_price"] = float(compute(serving.cost[symbols.token_cost].rhs, sold))
    drafts = {"drafts": 1.0}
    if "draft_acceptance" in workload:
        drafts["draft_acceptance"] = float(workload("draft_acceptance"))
    return {
        "memory": example(serving.memory, put),
        "cost": example(serving.cost, cost),
        "rent": _rented(service, priced),
        "drafts": example(laws.credited, drafts),
    }


def _priced(service, system, throughput):
    """Return rent, USD/s, power, W, and throughput, tokens/s, of a device, as the law of cost takes them."""
    rent, power = costs.device(service, system)
    return {
        "rent": float(np.ravel(rent)[0]),
        "serving_power": float(np.ravel(power)[0]),
        "decode_throughput": throughput,
    }


def _rented(service, system):
    """Return the numbers behind the rent of a system that has a price, of its whole domain, and no rent."""
    scenario = service.scenario(system)
    with kept() as calls:
        hourly(Cluster(system), scenario)
    found = columns_of(serving.rent_from_price, calls, symbols.rent)
    return found | {"domain_price": float(scenario.system("price")), "domain": float(scenario.system("devices"))}


def parts(found):
    """Return a frame of the parts of a step: part, bytes, operations, milliseconds, binds."""
    found, rows = numbers(found), []
    for part, (traffic, work, time) in WORK.items():
        traffic, work, seconds = (found[str(each)] for each in (traffic, work, time))
        rows.append((part, traffic, work, seconds, step.binds(found, seconds, traffic)))
    for part in ("small_kernels", "exchange_time"):
        rows.append((part.removesuffix("_time").replace("_", " "), np.nan, np.nan, found[part], None))
    rows.append(("the step", np.nan, np.nan, found["step_time"], None))
    return pd.DataFrame(rows, columns=["part", "bytes", "operations", "seconds", "binds"])


def interval(found, scatter, name="step_time"):
    """Return (low, high) of a drawn column of the step, with the scatter of single steps about their law."""
    return low_high(found[name] * scatter)
