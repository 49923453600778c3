"""What limits a cluster: the parts of each answer, and what binds at the best layout of serving."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import reliability
from model.laws.all_reduce import all_reduce
from model.laws.exchange import all_to_all
from model.machine import collectives, frontier, layouts, step
from model.notation.equation import compute
from model.notation.nomenclature import (
    best_interval,
    crossings,
    down_share,
    inner_time,
    outer_time,
    parts,
    rework_share,
    scale_out_latency,
    serial_share,
    startup,
    write_share,
)
from model.numbers.facts import Missing
from model.studies.cluster.machine import RECOVERY, failure_rate
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
    return _terms("dispatch", all_to_all, columns | scenario.constants("all_to_all_time", software.name, "dispatch"))


def _all_reduce(cluster):
    """Return the terms of the all-reduce law, by the faster protocol."""
    scenario, (_, inputs) = cluster.scenario(), questions(cluster)["all_reduce"]
    software, rows = scenario.software("all_reduce_time"), _arrays(inputs)
    large, small = collectives.reduce_times(scenario, software, rows)
    protocol = collectives.LARGE if large <= small else collectives.SMALL
    columns = collectives.OPERATIONS[protocol][2](scenario.system, software, rows)
    columns |= scenario.constants(protocol, software.name, "all_reduce")
    filling = ("all_reduce", "filling and draining the pipeline", serial_share * sp.Min(inner_time, outer_time))
    return _terms("all_reduce", all_reduce, columns, parts, filling)


def _terms(question, law, columns, starts=1, *more):
    inner, outer = (_number(law, each, columns) for each in (inner_time, outer_time))
    tier = "transfer inside domains" if inner >= outer else "transfer between domains"
    terms = [
        (question, "start-up", starts * startup),
        (question, "latency between domains", crossings * scale_out_latency),
        *more,
    ]
    rows = [(question, part, _number(law, term, columns), None) for question, part, term in terms]
    return [*rows, (question, tier, max(inner, outer), None)]


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
