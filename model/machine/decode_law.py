"""One decode step in closed form: the laws of model/step.py for one machine, its domain and batch left as symbols."""

import numpy as np
import sympy as sp

from model.laws import exchange, idle, roofline, serving
from model.machine import collectives, step
from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    all_to_all_time,
    batch,
    batch_limit,
    bytes_per_element,
    combine_time,
    compute_time,
    copies,
    crossings,
    decode_throughput,
    dies,
    dispatch_time,
    domain,
    exchange_idle,
    exchange_time,
    group_devices,
    growth,
    handled_copies,
    imbalance_idle,
    inner_efficiency,
    load_ratio,
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


def decode_step(scenario, model, precision, overlap=False):
    """Return (law, numbers): a Model of one decode step, and the numbers of its other inputs, in base units by name.

    Inputs left to the caller: group_devices, domain, batch, context, tokens_per_step, kv_bytes_per_element. The law
    holds idle shares, speed and throughput; the two exchanges' own constants stand in it as numbers. Tensor groups are
    left out. Raises ValueError for a software that does not use the scale-up network: no domain matters to it.
    """
    software = scenario.software("all_to_all_time")
    if not software("uses_scale_up"):
        raise ValueError(f"{software.name} sends nothing over the scale-up network of {scenario.name}")
    sent = [_exchange(scenario, model, precision, software, op) for op in ("dispatch", "combine")]
    share = sp.Rational(1, 2) if overlap else sp.Integer(1)
    busy, fair = _computing(share, balanced=False), _computing(share, balanced=True)
    turns = idle.overlapped if overlap else idle.serial
    equations = (
        *busy,
        *(Equation(time, law) for time, law in zip((dispatch_time, combine_time), sent, strict=True)),
        turns[exchange_time],
        turns[step_time],
        Equation(useful_time, Model(fair, ()).solve(compute_time)),
        Equation(exchange_idle, 1 - compute_time / share / step_time),
        Equation(imbalance_idle, (compute_time - useful_time) / share / step_time),
        serving.speed[user_speed],
        serving.speed[decode_throughput],
        Equation(batch_limit, roofline.compute.solve(serving.memory.solve(batch_limit))),
    )
    law = Model(equations, idle.serial.assumptions[:1], (sp.Ge(group_devices, 2),))
    return law, _numbers(scenario, model, precision)


def _numbers(scenario, model, precision):
    row = {name: np.array([1.0]) for name in ("batch", "context")} | {"ranks": np.array([2.0])}
    found = step.columns(scenario, model, "decode", precision, row)
    left = {
        "batch",
        "context",
        "ranks",
        "group_devices",
        "requests",
        "step_tokens",
        "load_ratio",
        "kv_bytes_per_element",
    }
    found = {name: float(np.ravel(number)[0]) for name, number in found.items() if name not in left}
    for name in ("scale_up_bandwidth", "scale_out_bandwidth", "scale_out_latency", "memory_capacity", "domain"):
        found[name] = float(scenario.system(name))
    for name, table in (("memory_usable", "serving"), ("overlap_slowdown", "overlap"), ("exposed_share", "overlap")):
        found[name] = float(scenario.facts("software", table)(name))
    return found


def _computing(share, balanced):
    ratio = sp.Integer(1) if balanced else idle.balls_in_bins[load_ratio].rhs
    waits = [] if share == 1 and not balanced else [Equation(skew, sp.Integer(1))]
    return (
        Equation(requests, share * batch),
        Equation(step_tokens, requests * sp.ceiling(tokens_per_step)),
        Equation(load_ratio, ratio),
        *waits,
        *roofline.compute.equations,
    )


def _exchange(scenario, model, precision, software, op):
    """Return the time of one dispatch or combine as an expression of the group, the domain and the step's tokens."""
    workload, formats = scenario.facts("workloads", model), scenario.facts("formats", step.WIDTH[op] or precision)
    apart = np.array([2.0 * scenario.system("domain") * scenario.system("dies", 1)])  # ranks that cross domains
    rows = {"ranks": apart, "tokens": 1.0, "hidden": workload("hidden"), "topk": workload("topk")}
    rows["bytes_per_element"] = formats(f"{op}_bytes")
    own = collectives.all_to_all_columns(scenario.system, software, rows)
    own |= scenario.constants("all_to_all_time", software.name, op)
    group = group_devices * dies
    near = group / sp.ceiling(group_devices / domain)  # collectives.local_ranks
    sent = (exchange.merged_copies if software("merges_copies") else exchange.unmerged_copies).rhs.subs(ranks, group)
    places = {
        scale_up_bandwidth: scale_up_bandwidth / dies,
        scale_out_bandwidth: scale_out_bandwidth / dies,
        ranks: group,
        local_ranks: near,
        package_ranks: sp.Min(dies, near),
        copies: sent,
        outer_copies: sent,
        tokens: step_tokens / dies,
        crossings: sp.Piecewise((2, group_devices > domain), (0, True)),
    }
    numbers = {symbol: sp.Float(float(np.ravel(own[str(symbol)])[0])) for symbol in OWN}
    prepare = collectives.prepare_time(software) if op == "dispatch" else 0
    return exchange.all_to_all.solve(all_to_all_time).subs({**places, **numbers}, simultaneous=True) + prepare
