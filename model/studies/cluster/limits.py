"""What limits a cluster: the parts of each answer, and what binds at the best layout of serving."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import reliability
from model.laws.exchange import all_to_all
from model.machine import collectives, frontier, layouts, step
from model.machine.collectives import LARGE, SMALL, TREE
from model.notation.equation import compute
from model.notation.nomenclature import (
    all_reduce_time,
    all_to_all_time,
    best_interval,
    crossings,
    down_share,
    inner_time,
    local_ranks,
    outer_time,
    ranks,
    rework_share,
    ring_hop,
    scale_out_latency,
    servers,
    tree_hop,
    write_share,
)
from model.numbers.facts import Missing
from model.predictions.reliability import failure_rate
from model.studies.cluster.machine import RECOVERY
from model.studies.cluster.questions import job_row, questions


def limits(cluster):
    """Return a frame: question, part, share, binds; the largest part of each question first.

    Shares of the time of an operation, of a step, of the time that a training job loses; binds: memory or compute
    where a part has a roofline. Questions for which the machine lacks a number are left out.
    """
    frames = []
    for answer in (_dispatch, _all_reduce, _training, _decode):
        try:
            frame = pd.DataFrame(answer(cluster), columns=["question", "part", "amount", "binds"])
        except Missing:
            continue
        frame["share"] = frame.amount / frame.amount.sum()
        frame = frame[frame.share > 0].sort_values("share", ascending=False, kind="stable")
        frames.append(frame[["question", "part", "share", "binds"]])
    return pd.concat(frames, ignore_index=True)


def decode_parts(cluster):
    """Return (parts, overlap) of the job's decode step, run as one batch or as two in turn, whichever is faster.

    parts: frame of `model.machine.step.parts`. Raises Missing.
    """
    row = job_row(cluster)
    asked = step.Asked(cluster.job["model"], "decode", cluster.job["precision"])
    times = {both: float(step.step(cluster.scenario(), asked, row, both)[0][0]) for both in (False, True)}
    faster = min(times, key=times.get) if step.may_overlap(cluster.scenario(), asked, row)[0] else False
    return step.parts(cluster.scenario(), asked, row, faster), faster


def at_the_frontier(cluster):
    """Return {ranks, tensor_devices, expert_devices, drafts, batch, binds} at the job's speed; None out of reach.

    binds: speed, where a larger batch would be too slow for the users, or memory, where it would not fit.
    """
    job = cluster.job
    scenario, asked = cluster.scenario(), step.Asked(job["model"], "decode", job["precision"])
    tried = layouts.run(cluster.system)
    curves = frontier.curves(scenario, asked, {"context": job["context"]}, tried, job["tokens_per_step"])
    throughput, batch, chosen = (np.ravel(each)[0] for each in frontier.best(scenario, asked, curves, [job["speed"]]))
    if throughput == 0:
        return None
    layout = curves.layout[chosen]
    full = batch >= curves.batch[0, chosen, -1] * (1 - 1e-9)
    found = {name: getattr(layout, name) for name in ("ranks", "tensor_devices", "expert_devices")}
    found |= {"drafts": float(curves.drafts[chosen]), "batch": float(batch)}
    return found | {"binds": "memory or what was run" if full else "speed"}


def _dispatch(cluster):
    """Return the terms of the exchange law."""
    scenario, (_, inputs) = cluster.scenario(), questions(cluster)["dispatch"]
    software = scenario.software("all_to_all_time")
    columns = collectives.all_to_all_columns(scenario.system, software, _arrays(inputs))
    columns |= scenario.constants("all_to_all_time", software.name, "dispatch")
    return _terms("dispatch", all_to_all, all_to_all_time, columns, crossings * scale_out_latency)


def _all_reduce(cluster):
    """Return the terms of the all-reduce law of the fastest way."""
    scenario, (_, inputs) = cluster.scenario(), questions(cluster)["all_reduce"]
    software, rows = scenario.software("all_reduce_time"), _arrays(inputs)
    columns = collectives.all_reduce_columns(scenario.system, software, rows)
    ways = [(SMALL, columns, scenario.constants(SMALL, software.name, "all_reduce"))]
    constants = scenario.constants(LARGE, software.name, "all_reduce")
    ways += [(*way, constants) for way in collectives.large_reduces(scenario.system, software, columns)]
    way, columns, constants = min(ways, key=lambda each: float(collectives.time(*each)[0]))
    hops = 2 * sp.log(servers, 2) * tree_hop if way == TREE else 2 * (ranks - local_ranks) * ring_hop
    return _terms("all_reduce", collectives.OPERATIONS[way][0], all_reduce_time, columns | constants, hops)


def _terms(question, law, target, columns, hops):
    """Return rows of the parts of a time: what the hops between domains and the longer tier leave is the start-up."""
    total, between, inner, outer = (_number(law, each, columns) for each in (target, hops, inner_time, outer_time))
    tier = "transfer inside domains" if inner >= outer else "transfer between domains"
    found = {"start-up": total - between - max(inner, outer), "latency between domains": between}
    found[tier] = max(inner, outer)
    return [(question, part, amount, None) for part, amount in found.items()]


def _training(cluster):
    """Return the parts of the time that a training job loses. Law: model.laws.reliability.losses."""
    columns = {name: cluster.job[name] for name in ("devices", *RECOVERY)}
    columns["failure_rate"] = failure_rate(cluster.scenario())
    columns["interval"] = compute(reliability.optimum.solve(best_interval), columns)
    shares = {
        "writing checkpoints": write_share,
        "detecting and replacing": down_share,
        "lost work and reloading": rework_share,
    }
    return [
        ("training_share", part, _number(reliability.losses, share, columns), None) for part, share in shares.items()
    ]


def _decode(cluster):
    """Return the parts of the job's decode step."""
    pieces, _ = decode_parts(cluster)
    return [("throughput", row.part, row.seconds, row.binds) for row in pieces.itertuples()]


def _arrays(inputs):
    return {name: np.array([number]) for name, number in inputs.items() if not isinstance(number, str)}


def _number(law, target, columns):
    return float(np.ravel(compute(law.solve(target), columns))[0])
