"""One step of decode with its numbers put in: what each part reads and computes, and how long that takes."""

import numpy as np
import pandas as pd

from model.laws import step as laws
from model.machine import step
from model.notation import nomenclature as symbols
from model.numbers.draws import low_high

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
