"""The best layout of one job on each machine, what limits it there, and the running example's numbers."""

import numpy as np
import pandas as pd

from model.laws import training as laws
from model.machine.scenario import Scenario
from model.machine.training_step import LAYOUT
from model.numbers.draws import Sampler, low_high
from model.studies.training import jobs


def best(systems, job, draws, seed):
    """Return the best layout on each system: system, value, low, high, LAYOUT, memory, limit, share, and jobs.PARTS.

    value, low, high: tokens per second and device; memory: share of a device's that is needed; limit: the part of a
    step, products apart, that takes most of it, in words, and its share; PARTS: shares of the step. A system without
    FP8 trains in BF16.
    """
    rows = []
    for name in systems:
        scenario = Scenario(name)
        own = job._replace(precision=job.precision if "peak_fp8" in scenario.system else "bf16")
        found = jobs.searched(scenario, own)
        drawn = jobs.searched(Scenario(name, Sampler(draws, (seed, 0))), own)
        found = {each: float(number[0, 0]) for each, number in found.items()}
        low, high = low_high(drawn["training_throughput"])
        shares = {part: found[part] / found["training_step_time"] for part in jobs.PARTS}
        limit = max(jobs.PARTS[1:], key=shares.get)
        rows.append(
            {
                "system": name,
                "precision": own.precision,
                "value": found["training_throughput"],
                "low": low,
                "high": high,
                **{each: found[each] for each in LAYOUT},
                "memory": found["needed_bytes"] / scenario.system("memory_capacity"),
                "limit": jobs.LIMITS[limit],
                "share": shares[limit],
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
    frame = pd.DataFrame({"part": seconds.index.map(jobs.LIMITS), "seconds": seconds.to_numpy()})
    return frame.assign(share=frame.seconds / found["training_step_time"])
