"""The best layout of one job on each machine, what limits it there, and the running example's numbers."""

import numpy as np
import pandas as pd

from model.laws import training as laws
from model.machine import training_step
from model.machine.scenario import Scenario
from model.machine.training_step import LAYOUT
from model.numbers import catalog
from model.numbers.draws import Sampler, low_high
from model.studies.training import jobs

FORMATS = (("mxfp8", "peak_nvfp4"), ("fp8", "peak_fp8"))  # format of training, and the peak that tells who has it


def best(systems, job, draws, seed):
    """Return the best layout on each system: system, precision, value, low, high, LAYOUT, filled, and jobs.PARTS.

    value, low, high: tokens per second and device; filled: share of a device's memory; PARTS: shares of the step, which
    say what limits it. Machines that scale FP8 in small blocks train in MXFP8, others in FP8, without it in BF16.
    """
    rows = []
    for name in systems:
        scenario = Scenario(name)
        own = job._replace(precision=next((form for form, peak in FORMATS if peak in scenario.system), "bf16"))
        found = jobs.searched(scenario, own)
        drawn = jobs.searched(Scenario(name, Sampler(draws, (seed, 0))), own)
        found = {each: float(number[0, 0]) for each, number in found.items()}
        low, high = low_high(drawn["training_throughput"])
        shares = {part: found[part] / found["training_step_time"] for part in jobs.PARTS}
        rows.append(
            {
                "system": name,
                "precision": own.precision,
                "value": found["training_throughput"],
                "low": low,
                "high": high,
                **{each: found[each] for each in LAYOUT},
                "filled": found["needed_bytes"] / scenario.system("memory_capacity"),
                **shares,
            }
        )
    return pd.DataFrame(rows)


def example(system, job, layout):
    """Return every column of the law at one layout of a job, as plain floats by name."""
    columns = Scenario(system).training_columns(job.asked)
    found = laws.answers({**columns, **job.sizes, **layout, "overlap": 1.0})
    return {name: float(np.ravel(each)[0]) for name, each in found.items()}


def times(found):
    """Return a frame of the parts of a step from `example`: part, seconds, share."""
    seconds = pd.Series(jobs.parts(found))
    frame = pd.DataFrame({"part": seconds.index.map(jobs.WORDS), "seconds": seconds.to_numpy()})
    return frame.assign(share=frame.seconds / found["training_step_time"])


def asked(systems, usual):
    """Return those of the systems, of the usual ones where none is given, that have every number the law needs.

    Raises ValueError where none has.
    """
    numbers = catalog.load("systems").reindex(columns=[*training_step.MACHINE]).notna().all(axis=1)
    found = [name for name in systems or usual if numbers.get(name, False)]
    if not found:
        raise ValueError(f"none of {systems} has all of {list(training_step.MACHINE)}: choose others")
    return found


def problems(server, rack, job, layout):
    """Return the numbers of the worked problems, a Series in base units; layout: of the running example.

    narrow, wide: bytes of state with experts over 8 and over 64 devices; bubble, chunked, longer: share of the
    pipeline's time that fills and drains it, with one chunk, with the layout's, with eight times the microbatches;
    outer, inner: seconds of a microbatch's exchange out of servers, and inside a rack; waited, waited_rack: what is
    waited for; leaves: copies of a token that leave a server.
    """
    small = example(server, job, layout)
    large = example(rack, job, layout)
    groups = (min(each, small["experts"]) for each in (8.0, 64.0))
    narrow, wide = (example(server, job, layout | {"expert_devices": each})["training_bytes"] for each in groups)
    ramp, rounds = small["stages"] - 1, small["microbatches"]
    return pd.Series(
        {
            "narrow": narrow,
            "wide": wide,
            "bubble": ramp / (rounds + ramp),
            "chunked": ramp / small["chunks"] / (rounds + ramp / small["chunks"]),
            "longer": ramp / (8 * rounds + ramp),
            "outer": small["outer_time"],
            "inner": large["inner_time"],
            "waited": small["exchange_wait"],
            "waited_rack": large["exchange_wait"],
            "leaves": small["outer_copies"],
        }
    )
