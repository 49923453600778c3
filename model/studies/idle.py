"""Idle time of a step: where it waits over ranks, batch and domain, what it is made of, bubbles, what was measured."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import idle
from model.laws import step as laws
from model.machine import step
from model.machine.memory import largest_batch
from model.machine.scenario import Scenario
from model.machine.step import Asked
from model.notation import nomenclature as symbols
from model.notation.equation import Equation, compute
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import low_high
from model.simulations import routing
from model.studies.case import Case as Case  # under this name, too: what all functions here take

NEEDED = ("domain", "scale_up_bandwidth", "memory_bandwidth", "memory_capacity", "peak_bf16")
RANKS = (8, 16, 32, 48, 64, 72, 96, 128, 144, 192, 256, 320)  # devices along the curves
BATCHES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # requests on a device along the curves
WAYS, SIDES = {"serial": False, "overlapped": True}, ("value", "low", "high")


def precisions():
    """Return the format of one byte in which each system has a peak, by system; the model's weights are as wide."""
    widths, machines = catalog.load("formats").weight_bytes, catalog.load("systems")
    peaks = machines[[f"peak_{name}" for name in widths.index[widths == 1]]].dropna(how="all")
    return peaks.notna().idxmax(axis=1).str.removeprefix("peak_")


def reach():
    """Return the most devices of a group by system: its domain where nothing leads out of it."""
    machines = catalog.load("systems")
    return machines.domain.where(machines.scale_out_bandwidth.isna(), np.inf)


def compared(systems, ranks):
    """Return those of the systems whose numbers are known and that reach so many devices. Raises ValueError if none."""
    known = catalog.load("systems").reindex(systems)[list(NEEDED)].notna().all(axis=1)
    forms, far = precisions(), reach()
    found = [name for name in systems if known[name] and name in forms and ranks <= far[name]]
    if not found:
        raise ValueError(f"none of {systems} has all of {', '.join(NEEDED)} and a peak at one byte: choose others")
    return found


def timed(case, system, rows, drawn=False, changes=None):
    """Return {way: (step, busy, busy of a balanced load)}, s, of a step of decode with one batch and with two."""
    scenario, asked = case.scenario(system, drawn, changes), case.asked(precisions()[system])
    return {way: step.step(scenario, asked, rows, turns) for way, turns in WAYS.items()}


def shares(times):
    """Return {(way, part): share of a step that waits}: exchange, imbalance and lost, serial, overlapped and faster.

    lost counts as work only a serial step with a balanced load: what overlap pays twice is lost, too. faster: the
    better of the two ways.
    """
    found = {}
    fair = times["serial"][2]
    for way, (time, busy, even) in times.items():
        parts = step.idle_shares(time, busy, even)
        found |= {(way, part): parts[part] for part in ("exchange", "imbalance")}
        found[way, "lost"] = 1 - fair / time
    found["faster", "lost"] = 1 - fair / np.minimum(times["serial"][0], times["overlapped"][0])
    found["faster", "gain"] = times["serial"][0] / times["overlapped"][0] - 1  # throughput that overlap gains
    return found


def survey(case, systems, ranks, batch):
    """Return how each system waits over devices and requests on each: system, ranks, batch, way, part, SIDES, fits.

    ranks, batch: numbers or arrays that broadcast. fits: whether weights and cache fit into memory there.
    """
    rows, far, frames = case.rows(ranks, batch), reach(), []
    for name in systems:
        own = {key: each[rows["ranks"] <= far[name]] for key, each in rows.items()}
        values, many = (shares(timed(case, name, own, drawn)) for drawn in (False, True))
        fits = largest_batch(Scenario(name), case.workload, precisions()[name], own) >= own["batch"]
        for (way, part), value in values.items():
            low, high = low_high(many[way, part], axis=0)
            frame = pd.DataFrame(
                {"system": name, "ranks": own["ranks"], "batch": own["batch"], "way": way, "part": part}
            )
            frames.append(frame.assign(value=value, low=low, high=high, fits=fits))
    return pd.concat(frames, ignore_index=True)


def picked(surveyed, **at):
    """Return SIDES of a survey at given devices or requests, by way, part and system."""
    for column, number in at.items():
        surveyed = surveyed[surveyed[column] == number]
    return surveyed.set_index(["way", "part", "system"])[list(SIDES)].sort_index()


def overlap_pays(surveyed):
    """Return, by system, the fewest requests of a survey from which overlap gains (0: none), and the most that fit."""
    gains = surveyed[surveyed.part == "gain"]
    first = gains[gains.value > 0].groupby("system").batch.min()
    most = gains[gains.fits].groupby("system").batch.max()
    frame = pd.DataFrame({"overlap_from": first, "largest_batch": most}, index=gains.system.unique())
    return frame.fillna(0.0)


def parts(case, systems, ranks, batch):
    """Return what a step is made of: system, way, part, milliseconds, binds (memory, compute or empty)."""
    frames = []
    for name in systems:
        asked = case.asked(precisions()[name])
        for way, turns in WAYS.items():
            frame = step.parts(Scenario(name), asked, case.rows(ranks, batch), turns)
            frame.insert(0, "way", way)
            frame.insert(0, "system", name)
            frames.append(frame)
    found = pd.concat(frames, ignore_index=True)
    found["milliseconds"] = found.pop("seconds") / size("ms")
    return found.fillna({"binds": ""})


def changed_by_overlap(made):
    """Return, by system, the milliseconds that overlap hides of the network and adds elsewhere, and both steps."""
    total = made.groupby(["system", "way"], sort=False).milliseconds.sum().unstack()
    network = made[made.part == "network"].set_index(["system", "way"]).milliseconds.unstack()
    rest = total - network
    hidden, paid = network.serial - network.overlapped, rest.overlapped - rest.serial
    return total[list(WAYS)].assign(hidden=hidden, paid=paid)


def floor(case, system, ranks, batch, drawn=False):
    """Return the share that a serial step waits for start-ups alone: with links of endless bandwidth."""
    scenario, asked = case.scenario(system, drawn), case.asked(precisions()[system])
    rows = case.rows(ranks, batch)
    found = step.with_constants(scenario, step.columns(scenario, asked, rows), scenario.step_constants())
    busy = timed(case, system, rows, drawn)["serial"][1]
    waits = found["exchange_passes"] * found["exchanging"] * found["moe_layers"] * found["exchange_start"]
    return np.ravel(compute(waiting().rhs, {"compute_time": busy, "reduction_time": 0.0, "exchange_time": waits}))


def waiting():
    """Return the share that a serial step waits, from laws.idle and laws.step, as one Equation."""
    whole = laws.serial[symbols.step_time].rhs
    return Equation(
        symbols.exchange_idle, sp.simplify(idle.idle[symbols.exchange_idle].rhs.subs(symbols.step_time, whole))
    )


def summary(case, systems, ranks, batch):
    """Return one row for each system: how a step waits serially and overlapped, what overlap gains, what is lost."""
    at = picked(survey(case, systems, ranks, batch))
    rows = []
    for name in systems:
        lost = at.loc["faster", "lost", name]
        rows.append(
            {
                "system": name,
                "exchange": at.value["serial", "exchange", name],
                "startup": float(floor(case, name, ranks, batch)[0]),
                "imbalance": at.value["serial", "imbalance", name],
                "overlapped": at.value["overlapped", "exchange", name],
                "gain": at.value["faster", "gain", name],
                **lost.rename({"value": "lost"}),
            }
        )
    return pd.DataFrame(rows)


def by_domain(case, systems, ranks, batch, domains):
    """Return (frame, draws): waiting for exchanges of each system's own devices in domains of other sizes.

    Only systems with a network between domains whose exchange uses both networks. Frame: system, domain, SIDES; draws
    by (system, domain), the same in every domain.
    """
    rows, many, machines = [], {}, catalog.load("systems")
    for name in systems:
        usable = np.isfinite(machines.scale_out_bandwidth[name])
        if not usable or not Scenario(name).software("all_to_all_time")("uses_scale_up"):
            continue
        for domain in domains:
            value, drawn = (
                shares(timed(case, name, case.rows(ranks, batch), each, {"domain": float(domain)}))[
                    "serial", "exchange"
                ]
                for each in (False, True)
            )
            many[name, domain] = np.ravel(drawn)
            rows.append((name, domain, float(value[0]), *low_high(np.ravel(drawn))))
    return pd.DataFrame(rows, columns=["system", "domain", *SIDES]), many


def removed(frame, many, ranks, before, half):
    """Return SIDES of the waiting in a small domain, in half of the group, in one that holds it, and what is gone."""
    found = {}
    for name, line in frame.groupby("system", sort=False):
        at = line.set_index("domain")[list(SIDES)]
        found |= {
            (label, name): at.loc[size_] for label, size_ in (("before", before), ("half", half), ("after", ranks))
        }
        gone = 1 - many[name, ranks] / many[name, before]
        value = 1 - at.value[ranks] / at.value[before]
        found["removed", name] = pd.Series([value, *low_high(gone)], index=SIDES)
    return pd.DataFrame(found).T


def gains(case):
    """Return (measured, lines): gains of two microbatches that were measured, predicted with SIDES, and over batches.

    A gain whose tokens are not said has one a request, or two with multi-token prediction; where its context is not
    said it is that of the same system's throughput. lines: the same devices and context over BATCHES.
    """
    serving, shape = catalog.chosen("serving"), catalog.load("workloads").loc[case.workload]
    found = serving[(serving.quantity == "overlap_gain") & serving.ranks.notna()].copy()
    simulated = found.note.fillna("").str.contains("multi-token prediction")
    found["processed"] = np.ceil(found.tokens_per_step.fillna(1 + shape.draft_acceptance * simulated))
    alike = serving[serving.quantity.isin(("decode_throughput", "prefill_throughput"))]
    alike = alike.groupby(["system", "phase", "ranks"])[["batch", "context", "engine"]].first()
    same = alike.reindex(pd.MultiIndex.from_frame(found[["system", "phase", "ranks"]])).set_axis(found.index)
    found["context"] = found.context.fillna(same.context)
    found["batch"] = found.batch.fillna(same.batch.where(found.phase == "prefill"))
    found["engine"] = found.engine.fillna(same.engine)
    found = found[found.batch.notna()].reset_index(drop=True)
    found["measured"] = found.value * found.unit.map(size)
    keys = ["system", "ranks", "context", "precision", "processed", "engine", "phase"]
    lines = found[(found.phase == "decode") & found.batch.gt(32)][keys].drop_duplicates()
    lines = lines.merge(pd.DataFrame({"batch": BATCHES}), how="cross")
    return _gained(case, found), _gained(case, lines)


def _gained(case, frame):
    """Return rows with SIDES: the throughput that two microbatches gain by the law."""
    sides = []
    for row in frame.itertuples():
        inputs = {name: np.array([float(getattr(row, name))]) for name in ("ranks", "batch", "context")}
        inputs |= {"processed": np.array([float(row.processed)])}
        asked = Asked(case.workload, row.phase, row.precision, row.engine if isinstance(row.engine, str) else None)
        gain = []
        for drawn in (False, True):
            one, two = (
                step.duration(case.scenario(row.system, drawn), asked, inputs, turns) for turns in WAYS.values()
            )
            gain.append(np.ravel(one / two - 1))
        sides.append((gain[0][0], *low_high(gain[1])))
    return frame.drop(columns=[*SIDES], errors="ignore").join(pd.DataFrame(sides, columns=SIDES, index=frame.index))


def random_loads(case, groups, tokens):
    """Return the load ratio of random routing by the law of balls in bins, over ranks and tokens of each."""
    shape = catalog.load("workloads").loc[case.workload]
    frame = pd.DataFrame(
        [(group, each) for group in groups for each in tokens], columns=["group_devices", "step_tokens"]
    )
    frame = frame.assign(topk=shape.topk, experts=shape.experts)
    return frame.assign(load_ratio=idle.balls_in_bins.evaluate(symbols.load_ratio, frame))


def simulated_loads(case, most):
    """Return the same by simulation, with the law's error; most: {ranks: most tokens of each that are simulated}."""
    rows = [(group, each) for group, limit in most.items() for each in (8, 32, 128, 512) if each <= limit]
    shape = catalog.load("workloads").loc[case.workload]
    ends = int(shape.experts), int(shape.topk)
    found = [(*row, *routing.simulate_load_ratio(row[0], *ends, row[1], 12, case.seed)) for row in rows]
    frame = pd.DataFrame(found, columns=["group_devices", "step_tokens", "load_ratio", "standard_error"])
    law = idle.balls_in_bins.evaluate(symbols.load_ratio, frame.assign(topk=shape.topk, experts=shape.experts))
    return frame.assign(error=law / frame.load_ratio - 1)


def losses(case):
    """Return measured losses of prefill to uneven experts: system, tokens, measured, and the law's SIDES."""
    serving = catalog.chosen("serving")
    rows = serving[serving.quantity == "imbalance_loss"].reset_index(drop=True)
    sides = []
    for row in rows.itertuples():
        inputs = {name: np.array([float(getattr(row, name))]) for name in ("ranks", "batch", "context")}
        asked = Asked(case.workload, "prefill", row.precision)
        value, many = (
            np.ravel(step.idle_shares(*step.step(case.scenario(row.system, drawn), asked, inputs, False))["imbalance"])
            for drawn in (False, True)
        )
        sides.append((value[0], *low_high(many)))
    frame = rows.assign(tokens=rows.batch * rows.context, measured=rows.value * rows.unit.map(size))
    return frame.drop(columns=[*SIDES]).join(pd.DataFrame(sides, columns=SIDES))


def balancing():
    """Return what copies of popular experts gained by phase, and the share of a dispatch that waits for others."""
    serving = catalog.chosen("serving")
    gained = serving[serving.quantity == "balancing_gain"].set_index("phase").value
    alone = serving[serving.set == "sglang-h100-dispatch"].set_index("quantity").value
    waits = 1 - alone.dispatch_time_alone / alone.dispatch_time_in_service
    return pd.Series({"prefill": gained["prefill"], "decode": gained["decode"], "dispatch_waiting": waits})


def reported_run():
    """Return the row of data/serving.csv of the training step whose report gives its time.

    Raises ValueError unless exactly one such row has a role.
    """
    rows = catalog.chosen("serving")
    rows = rows[(rows.phase == "training") & (rows.quantity == "step_time") & rows.role.notna()]
    if len(rows) != 1:
        raise ValueError(
            f"data/serving.csv gives a role to {len(rows)} step times of training: the chapter shows one, mark one row"
        )
    return rows.iloc[0]


def schedule():
    """Return the columns of laws.idle.BUBBLES at the measured times of a training run, with its microbatches."""
    row = reported_run()
    run, times = catalog.load("runs").loc[row.workload], _times(row.set)
    stages = run.pipeline
    microbatches = run.batch_sequences / (run.training_devices / stages)  # of one sequence each, per pipeline
    columns = {"stages": stages, "chunks": 2.0, "paired_time": times.steady_time / (microbatches - stages)}
    columns |= {name: times[name] / stages for name in ("forward_time", "backward_time", "weight_time")}
    return columns | {"microbatches": microbatches}


def bubbles(columns, counts=None):
    """Return the bubble of each schedule, s, its work and its share of a step; counts: microbatches, or the run's."""
    counts = np.atleast_1d(columns["microbatches"] if counts is None else counts)
    apart, frames = columns["forward_time"] + columns["backward_time"], []
    for name, equation in idle.BUBBLES.items():
        bubble = float(compute(equation.rhs, columns))
        work = counts * (columns["paired_time"] if name == "DualPipe" else apart)
        frames.append(pd.DataFrame({"schedule": name, "microbatches": counts, "seconds": bubble, "work": work}))
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(share=frame.seconds / (frame.seconds + frame.work))


def remainder():
    """Return what a measured training step leaves beside its listed parts: seconds, and share of the step."""
    times = _times(reported_run().set)
    listed = times[["forward_time", "backward_time", "weight_time", "steady_time", "optimiser_time"]].sum()
    return pd.Series({"seconds": times.step_time - listed, "share": 1 - listed / times.step_time})


def trace():
    """Return what a published trace of training shows: pair (ms), busy, idle, exchange, hidden, and units it gives."""
    rows = catalog.chosen("serving")
    rows = rows[rows.set == "h800-training-trace"]
    times = rows.set_index("quantity").value
    machine, percent = catalog.load("systems").loc[rows.system.iloc[0]], size("%")
    return pd.Series(
        {
            "pair": times.chunk_pair_time,
            "busy": times.compute_busy_share * percent,
            "idle": 1 - times.compute_busy_share * percent,
            "exchange": times.exchange_share * percent,
            "hidden": times.hidden_exchange_share * percent,
            "units": machine.multiprocessors,
            "given": machine.communication_multiprocessors,
        }
    )


def trained(case):
    """Return SIDES of the share that an overlapped training step of the reported run waits for exchanges."""
    row = reported_run()
    run = catalog.load("runs").loc[row.workload]
    inputs = {name: np.array([number]) for name, number in (("ranks", run.expert_parallel), ("batch", 1.0))}
    inputs["context"] = np.array([run.sequence])
    asked = Asked(row.workload, "training", row.precision)
    value, many = (
        np.ravel(step.idle_shares(*step.step(case.scenario(row.system, drawn), asked, inputs, True))["exchange"])
        for drawn in (False, True)
    )
    return pd.Series([value[0], *low_high(many)], index=SIDES)


def _times(name):
    rows = catalog.chosen("serving")
    rows = rows[rows.set == name]
    return pd.Series((rows.value * rows.unit.map(size)).to_numpy(), index=rows.quantity)


def tokens_needed():
    """Return the tokens of a rank at which random routing leaves a load ratio, as an Equation."""
    [found] = sp.solve(sp.Eq(symbols.load_ratio, idle.balls_in_bins[symbols.load_ratio].rhs), symbols.step_tokens)
    return Equation(symbols.step_tokens, found)


def microbatches_needed():
    """Return the microbatches at which the bubble of 1F1B is a given share, as an Equation."""
    [found] = sp.solve(sp.Eq(symbols.bubble_idle, idle.idle[symbols.bubble_idle].rhs), symbols.microbatches)
    return Equation(symbols.microbatches, found)


def tokens_at(case, share, ranks):
    """Return the tokens of a rank at which its mean rank waits that share of the experts' time, by random routing."""
    shape = catalog.load("workloads").loc[case.workload]
    point = {"load_ratio": 1 / (1 - share), "topk": shape.topk, "experts": shape.experts, "group_devices": float(ranks)}
    return float(compute(tokens_needed().rhs, point))


def microbatches_at(share, stages):
    """Return the microbatches at which the bubble of 1F1B is that share of a step."""
    return float(compute(microbatches_needed().rhs, {"bubble_idle": share, "stages": stages}))
