"""What is asked of domains of every size, and what one machine's devices answer, as recorded and as drawn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.numbers import catalog
from model.numbers.draws import HIGH, LOW, Sampler, around, ratio
from model.studies.cluster.machine import precisions
from model.studies.domain_size import survey as surveys

NEEDED = ("domain", "scale_up_bandwidth", "memory_bandwidth", "memory_capacity", "peak_bf16", "price", "system_power")


@dataclass(frozen=True)
class Asked:
    """Training jobs and services for which a domain may be large or small.

    sizes: devices of a domain, in order; jobs: {name: devices} of training jobs; speeds: tokens per second and user;
    conditions: of serving, as in machine.frontier.
    """

    model: str
    sizes: tuple
    jobs: dict
    speeds: tuple
    conditions: dict

    def names(self):
        """Return {(kind, number): name} of every workload: training jobs, smallest first, then speeds."""
        jobs = sorted(self.jobs.items(), key=lambda job: job[1])
        named = {("training", devices): name for name, devices in jobs}
        return named | {("serving", pace): f"serving_{pace:.0f}" for pace in self.speeds}

    def titles(self):
        """Return {name: title} of every workload."""
        words = {"training": "training, {:,} devices", "serving": "serving, {:.0f} tokens/s"}
        return {name: words[kind].format(number) for (kind, number), name in self.names().items()}

    def arguments(self, **others):
        """Return the arguments of survey.survey, some of them replaced."""
        jobs = [number for kind, number in self.names() if kind == "training"]
        given = {"sizes": list(self.sizes), "jobs": jobs, "speeds": list(self.speeds), "conditions": self.conditions}
        return {**given, "model": self.model, **others}


@dataclass(frozen=True)
class Surveyed:
    """Useful work over domain sizes of one machine's devices, and what a device costs and draws there.

    work, rate: as survey.survey and survey.rates return them; drawn, drawn_rate: their draws.
    """

    system: str
    precision: str
    asked: Asked
    work: dict
    drawn: dict
    rate: dict
    drawn_rate: dict

    def both(self, key, measure):
        """Return useful work of one device, watt or dollar as recorded, shape (1, sizes), and drawn, (draws, sizes)."""
        return self.work[key] / self.rate[measure], self.drawn[key] / self.drawn_rate[measure]


def bases(systems):
    """Return those of the systems, all where none is given, with every number in NEEDED, the last listed first.

    Raises ValueError where none has them.
    """
    lacking = catalog.load("systems").reindex(columns=list(NEEDED)).isna().any(axis=1)
    found = [name for name in systems or lacking.index[::-1] if not lacking.get(name, True)]
    if not found:
        raise ValueError(f"none of {systems} has all of {list(NEEDED)}: choose others")
    return found


def ask(system, asked, draws, seed):
    """Return the Surveyed of a system in its narrowest format."""
    sampler, precision = Sampler(draws, (seed, 0)), precisions(system)[0]
    arguments = asked.arguments(precision=precision)
    return Surveyed(
        system,
        precision,
        asked,
        surveys.survey(system, **arguments),
        surveys.survey(system, sampler=sampler, **arguments),
        surveys.rates(system, asked.sizes),
        surveys.rates(system, asked.sizes, sampler),
    )


def relative(surveyed):
    """Return useful work over that in the smallest domains, one row for each workload, measure and domain.

    Columns system, workload (its name), measure, domain, recorded (the work itself); value, low, high: over that in
    the smallest domains, as recorded and the ends of all draws; gaining: share of draws that do more than the smallest;
    none, none_smallest: share in which a domain of this size, and the smallest, does no work at all.
    """
    frames = []
    for key, name in surveyed.asked.names().items():
        for measure in surveys.MEASURES:
            work, many = surveyed.both(key, measure)
            over = ratio(many, many[:, :1])
            value = ratio(work, work[:, :1]).drawn[0]
            low, high = around(value, over.drawn, axis=0)
            frame = pd.DataFrame({"workload": name, "measure": measure, "domain": surveyed.asked.sizes})
            frame = frame.assign(recorded=work[0], value=value, low=low, high=high)
            frame = frame.assign(gaining=(over.drawn > 1).mean(axis=0), none=over.above, none_smallest=over.below)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True).assign(system=surveyed.system)


def best(surveyed, clear):
    """Return (sizes, gains), each of value, low, high, clear by workload and measure: the best domain, what it gains.

    value: at recorded numbers; low, high: over all draws, each of which takes its own best. clear, in the second: the
    share of draws in which the gain over the smallest domain is a clear one, by that much.
    """
    sizes, gains = {}, {}
    for key, name in surveyed.asked.names().items():
        for measure in surveys.MEASURES:
            work, many = surveyed.both(key, measure)
            (size, gain), (drawn_size, drawn_gain) = (
                surveys.optimum(each, surveyed.asked.sizes) for each in (work, many)
            )
            ends = np.percentile(drawn_size, [LOW, HIGH], method="nearest")  # of sizes that were asked
            sizes[name, measure] = [size[0], min(ends[0], size[0]), max(ends[1], size[0])]
            gains[name, measure] = [gain[0], *around(gain[0], drawn_gain), (drawn_gain > 1 + clear).mean()]
    numbers = ["value", "low", "high"]
    frames = (
        pd.DataFrame.from_dict(found, orient="index", columns=columns)
        for found, columns in ((sizes, numbers), (gains, [*numbers, "clear"]))
    )
    index = pd.MultiIndex.from_tuples(list(sizes), names=["workload", "measure"])
    return tuple(frame.set_axis(index) for frame in frames)


def together(relatives, titles):
    """Return the frames of `relative` of several systems as one, system first, workloads by their titles."""
    rows = pd.concat(relatives.values(), ignore_index=True)
    rows = rows.assign(workload=rows.workload.map(titles))
    counts = ["gaining", "none", "none_smallest"]
    return rows[["system", "workload", "measure", "domain", "recorded", "value", "low", "high", *counts]]
