"""Readings about exchanges: what a large domain makes faster, what waits for them, and what is left of the waiting."""

import numpy as np
import pandas as pd

from model.machine.step import Asked, idle_shares, step
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict
from model.predictions.ask import draws
from model.predictions.network import all_reduce_time, all_to_all_time
from model.studies.claims.conditions import columns, ratio
from model.studies.claims.rule import frame, predicted, reading
from model.studies.training import jobs

WAYS = ("nothing overlapped", "overlapped where that is faster")


def speed_ups(server, rack, conditions):
    """Return the readings of C04: a rack over a server of eight, in exchanges, reductions and compute of a domain.

    Keys: domain, dispatch, combine, dispatch_8, reduce, reduce_8, compute.
    """
    ranks = conditions.ranks
    dispatch, reduce = {"op": "dispatch"}, columns({"ranks": ranks, "bytes": conditions.message})
    asked = {
        "dispatch": (f"dispatch, {ranks} ranks", all_to_all_time, dispatch, conditions.dispatch()),
        "combine": (
            f"combine, {ranks} ranks",
            all_to_all_time,
            {"op": "combine"},
            conditions.dispatch(bytes_per_element=2.0),
        ),
        "dispatch_8": ("dispatch, 8 ranks", all_to_all_time, dispatch, conditions.dispatch(ranks=8)),
        "reduce": (f"all-reduce, {ranks} ranks", all_reduce_time, {}, reduce),
        "reduce_8": ("all-reduce, 8 ranks", all_reduce_time, {}, reduce | columns({"ranks": 8})),
    }
    (ours, _), (theirs, _) = conditions.facts(rack), conditions.facts(server)
    found = {"domain": reading("C04", "domain", "packages of one domain", ours("domain"))}
    for key, (text, law, choices, point) in asked.items():
        # Seeds apart: what two machines' measurements scatter by has nothing in common.
        pairs = conditions.scenarios(server), conditions.scenarios(rack, later=1)
        times = [[law(each, choices, point) for each in pair] for pair in pairs]
        found[key] = reading("C04", "speed_up", text, *ratio(*times))
    gain = ours("domain") * ours("peak_bf16") / (theirs("domain") * theirs("peak_bf16"))
    found["compute"] = reading("C04", "speed_up", "dense compute of a domain", gain)
    return frame(found)


def decode_waits(spans, conditions):
    """Return the readings of C06: share of a decode step that waits for exchanges, by system, devices and overlap.

    spans: (system, ranks, precision) each. Keys: SYSTEM.RANKS.OVERLAP.
    """
    asked = pd.DataFrame(spans, columns=["system", "ranks", "precision"])
    asked = asked.merge(pd.DataFrame({"overlap": [0, 1]}), how="cross").assign(phase="decode", part="exchange")
    asked = asked.assign(model=conditions.workload, batch=conditions.batch, context=conditions.context)
    answers = asked.join(predict("moe_idle_share", asked, **conditions.interval())[0])
    found = {}
    for place, row in enumerate(answers.itertuples()):
        text = f"{row.system}, {row.ranks} devices, {WAYS[row.overlap]}"
        many = draws("moe_idle_share", asked.iloc[[place]], **conditions.numbered())
        found[f"{row.system}.{row.ranks}.{row.overlap}"] = predicted("C06", "exchange_idle", text, row, many)
    return frame(found)


def training(system, conditions):
    """Return the inputs of `moe_idle_share` for the workload's training run as its report describes it."""
    reported = conditions.run_facts()
    stages = reported("pipeline")
    return {
        "system": system,
        "model": conditions.workload,
        "phase": "training",
        "ranks": reported("expert_parallel"),
        "batch": 1,
        "context": reported("sequence"),
        "precision": "fp8",
        "stages": stages,
        "microbatches": reported("batch_sequences") / (reported("training_devices") / stages),
    }


def training_losses(system, conditions):
    """Return where a training step waits: part, overlap, value, low, high, under the keys PART.OVERLAP."""
    asked = pd.DataFrame({"part": ["exchange", "imbalance", "bubble", "all"]})
    asked = asked.merge(pd.DataFrame({"overlap": [0, 1]}), how="cross").assign(**training(system, conditions))
    found = asked.join(predict("moe_idle_share", asked, **conditions.interval())[0])
    return found.set_index(found.part + "." + found.overlap.astype(str))[["part", "overlap", "value", "low", "high"]]


def uneven(sets):
    """Return the measured share of prefill that unequal experts cost, by key. sets: {key: set of data/serving.csv}."""
    recorded = catalog.chosen("serving").set_index(["set", "quantity"]).value
    return pd.Series({key: recorded[name, "imbalance_loss"] * size("%") for key, name in sets.items()})


def trained(system, conditions):
    """Return (share, draws) of a training step that exchanges and collectives take, by the law that runs judge.

    The workload's training run with devices, experts and stages as its report describes them.
    """
    reported = conditions.run_facts()
    sizes = (reported(name) for name in ("training_devices", "batch_sequences", "sequence"))
    job = jobs.Job(conditions.workload, *map(float, sizes), "fp8")
    layout = {"expert_devices": float(reported("expert_parallel")), "stages": float(reported("pipeline"))}
    found = [jobs.searched(each, job, layout=layout) for each in conditions.scenarios(system)]
    return tuple(np.ravel(each["exchange"] / each["training_step_time"]) for each in found)


def idle(losses, exchanged, measured):
    """Return the readings of C15: what leaves devices idle, of a frame of `training_losses` and as measured.

    exchanged: as of `trained`. Keys: run, the parts and ways of the frame, measured.
    """
    run = reading("C15", "idle_share", "exchange, as the run is described, by the law of training", *exchanged)
    shown = losses[losses.part.isin(["exchange", "imbalance"])]
    found = {"run": run}
    for row in shown.itertuples():
        found[row.Index] = predicted("C15", "idle_share", f"{row.part}, {WAYS[row.overlap]}", row)
    text = "unequal experts, measured on H100 prefill"
    return frame(found | {"measured": reading("C15", "idle_share", text, measured)})


def left(servers, others, measured, conditions):
    """Return the readings of C16: what large domains leave of the waiting on servers of eight.

    servers: system; others: {system: precision of a decode step there}; measured: the loss to unequal experts on a
    large domain over that on servers. Keys: the systems, measured, bubble.
    """

    def waiting(name, precision):
        asked = Asked(conditions.workload, "decode", precision)
        timed = (step(each, asked, conditions.decode(), False) for each in conditions.scenarios(name))
        return [np.ravel(idle_shares(*each)["exchange"]) for each in timed]

    base, found = waiting(servers, "fp8"), {}
    for name, precision in others.items():
        text = f"exchange, {name} over servers of eight"
        found[name] = reading("C16", "idle_left", text, *ratio(waiting(name, precision), base))
    text = f"unequal experts, measured, {list(others)[-1]} over H100 servers"
    found["measured"] = reading("C16", "idle_left", text, measured)
    runs = [training(servers, conditions), training(list(others)[-1], conditions)]
    asked = pd.DataFrame(runs).assign(precision=["fp8", list(others.values())[-1]], overlap=1, part="bubble")
    bubble = predict("moe_idle_share", asked, interval=False)[0].value
    found["bubble"] = reading("C16", "idle_left", "bubble of the same pipeline", bubble[1] / bubble[0])
    return frame(found)
