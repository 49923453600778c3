"""One decode step in closed form: the law of a step with its exchanges, for one machine, its domain as a symbol."""

import numpy as np
import sympy as sp

from model.laws import exchange, serving
from model.laws import step as laws
from model.machine import collectives, step
from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    all_to_all_time,
    batch,
    batch_limit,
    bytes_per_element,
    compute_time,
    copies,
    crossings,
    decode_throughput,
    devices,
    dies,
    domain,
    exchange_idle,
    exchange_start,
    exchange_time,
    exchange_transfer,
    expert_devices,
    group_devices,
    growth,
    handled_copies,
    imbalance_idle,
    inner_efficiency,
    local_ranks,
    merging,
    outer_copies,
    outer_efficiency,
    package_ranks,
    ranks,
    requests,
    scale_bytes,
    scale_out_bandwidth,
    scale_up_bandwidth,
    skew,
    startup,
    step_time,
    step_tokens,
    tokens,
    tokens_per_step,
    useful_time,
    user_speed,
)

OWN = (  # numbers of each operation
    *(startup, growth, merging, handled_copies, inner_efficiency, outer_efficiency),
    *(bytes_per_element, scale_bytes),
)
LEFT = ("batch", "context", "kv_bytes_per_element")  # to the caller, beside devices, domain and tokens_per_step


def decode_step(scenario, asked, overlap=False):
    """Return (law, numbers): a Model of one decode step, and the numbers of its other inputs, in base units by name.

    Inputs left to the caller: devices (of the group), domain, batch, context, tokens_per_step, kv_bytes_per_element.
    The law holds idle shares, speed and throughput; the two exchanges' own constants stand in it as numbers. Attention
    is in data parallel, experts are spread over the whole group. Raises ValueError for a software that does not use the
    scale-up network: no domain matters to it.
    """
    software = scenario.software("all_to_all_time")
    if not software("uses_scale_up"):
        raise ValueError(f"{software.name} sends nothing over the scale-up network of {scenario.name}")
    start, transfer = _exchange(scenario, asked, software)
    turns = laws.overlapped if overlap else laws.serial
    apart = step.separation(scenario, asked.model, asked.engine)

    def held(expression):
        return sp.sympify(expression).subs(apart, simultaneous=True)

    share = sp.Rational(1, 2) if overlap else sp.Integer(1)
    equations = (
        Equation(requests, share * batch / dies),
        Equation(step_tokens, requests * sp.ceiling(tokens_per_step)),
        Equation(group_devices, devices * dies),
        Equation(expert_devices, devices * dies),
        *(Equation(each.lhs, held(each.rhs), each.source) for each in laws.work.equations),
        Equation(exchange_start, held(start)),
        Equation(exchange_transfer, held(transfer)),
        turns[exchange_time],
        turns[step_time],
        Equation(useful_time, held(laws.work.solve(compute_time)).subs(skew, 0)),
        Equation(exchange_idle, 1 - compute_time / share / step_time),
        Equation(imbalance_idle, (compute_time - useful_time) / share / step_time),
        serving.speed[user_speed],
        serving.speed[decode_throughput],
        Equation(batch_limit, held(serving.memory.solve(batch_limit)) * dies),
    )
    law = Model(equations, laws.serial.assumptions[:1], (sp.Ge(devices, 2),))
    return law, _numbers(scenario, asked)


def _numbers(scenario, asked):
    point = {name: np.array([1.0]) for name in (*LEFT, "processed", "drafts")} | {"ranks": np.array([2.0])}
    point["drafts"] = np.array([0.0])
    found = step.columns(scenario, asked, point)
    found = step.with_constants(scenario, found, scenario.step_constants(step.engine_of(scenario, asked.engine)))
    made = {
        "requests",
        "step_tokens",
        "group_devices",
        "expert_devices",
        "exchange_start",
        "exchange_transfer",
        "ranks",
    }
    numbers = {
        name: float(np.ravel(each)[0]) for name, each in found.items() if name not in made.union(LEFT, ["ranks"])
    }
    for name in ("scale_up_bandwidth", "scale_out_bandwidth", "scale_out_latency", "domain"):
        numbers[name] = float(scenario.system(name))
    numbers["dies"] = float(scenario.system("dies", 1))
    numbers["memory_capacity"] = float(scenario.system("memory_capacity")) / numbers["dies"]
    numbers["memory_usable"] = float(scenario.facts("assumptions", "serving")("memory_usable"))
    return numbers


def _exchange(scenario, asked, software):
    """Return start-ups and transfers of a layer's dispatch and combine as expressions of group, domain and tokens."""
    workload = scenario.facts("workloads", asked.model)
    group = devices * dies
    near = group / sp.ceiling(devices / domain)  # collectives.local_ranks
    sent = (exchange.merged_copies if software("merges_copies") else exchange.unmerged_copies).rhs.subs(ranks, group)
    places = {
        scale_up_bandwidth: scale_up_bandwidth / dies,
        scale_out_bandwidth: scale_out_bandwidth / dies,
        ranks: group,
        local_ranks: near,
        package_ranks: sp.Min(dies, near),
        copies: sent,
        outer_copies: sent,
        tokens: step_tokens,
        crossings: sp.Piecewise((2, devices > domain), (0, True)),
    }
    apart = np.array([2.0 * scenario.system("domain") * scenario.system("dies", 1)])  # ranks that cross domains
    starts, transfers = sp.Float(collectives.prepare_time(software)), sp.Integer(0)
    for op in ("dispatch", "combine"):
        formats = scenario.facts("formats", step.WIDTH[op] or asked.precision)
        rows = {"ranks": apart, "tokens": 1.0, "hidden": workload("hidden"), "topk": workload("topk")}
        rows |= {"experts": workload("experts"), "bytes_per_element": formats(f"{op}_bytes")}
        own = collectives.all_to_all_columns(scenario.system, software, rows)
        own |= scenario.constants("all_to_all_time", software.name, op)
        numbers = {symbol: sp.Float(float(np.ravel(own[str(symbol)])[0])) for symbol in OWN}
        put = {**places, **numbers}
        transfer = exchange.all_to_all.solve(exchange.transfer).subs(put, simultaneous=True)
        starts += exchange.all_to_all.solve(all_to_all_time - exchange.transfer).subs(put, simultaneous=True)
        transfers += transfer
    return starts, transfers
