"""Training: bubbles of pipelines at measured times, and what one reported step and one trace show."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import idle
from model.machine import step
from model.machine.step import Asked
from model.notation import nomenclature as symbols
from model.notation.equation import Equation, compute
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import low_high
from model.studies.idle.steps import SIDES


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


def microbatches_needed():
    """Return the microbatches at which the bubble of 1F1B is a given share, as an Equation."""
    [found] = sp.solve(sp.Eq(symbols.bubble_idle, idle.idle[symbols.bubble_idle].rhs), symbols.microbatches)
    return Equation(symbols.microbatches, found)


def microbatches_at(share, stages):
    """Return the microbatches at which the bubble of 1F1B is that share of a step."""
    return float(compute(microbatches_needed().rhs, {"bubble_idle": share, "stages": stages}))
