"""Useful work over domain sizes for all workloads at once: of a device, of a watt, of a dollar."""

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.numbers.draws import ratio
from model.studies.domain_size.bill import bill
from model.studies.domain_size.work import serving_work, training_work

MEASURES = ("device", "watt", "dollar")


def survey(system, sizes, jobs, speeds, precision, conditions, model, sampler=None, **options):
    """Return {workload: array (draws or 1, sizes)}: useful work of one installed device in domains of each size.

    system: whose devices, network cards and prices are put into domains of the sizes. jobs: devices of training jobs,
    workloads named by them, tokens trained per second and installed device; speeds: tokens per second and user,
    workloads named by them, tokens served. precision, conditions: of serving, as in machine.frontier. options go to
    work.training_work.
    """
    found = {("training", job): [] for job in jobs} | {("serving", speed): [] for speed in speeds}
    for size in sizes:
        scenario = Scenario(system, sampler, changes={"domain": float(size)})
        for job in jobs:
            found["training", job].append(training_work(scenario, float(job), model, **options)[1]["trained"])
        if len(speeds):
            served, _ = serving_work(scenario, model, precision, conditions, np.asarray(speeds, dtype=float))
            for i, speed in enumerate(speeds):
                found["serving", speed].append(served[:, i : i + 1])
    return {workload: np.hstack(np.broadcast_arrays(*each)) for workload, each in found.items()}


def rates(system, sizes, sampler=None):
    """Return {measure: array (draws or 1, sizes)} by which to divide the work of a device: 1, W, USD."""
    costs = bill(Scenario(system, sampler), sizes)
    return {"device": np.ones((1, len(sizes))), "watt": costs["device_draw"], "dollar": costs["device_price"]}


def optimum(work, sizes):
    """Return (size, work there over that of the first size), arrays of draws.

    work: array (draws, sizes). Of equal sizes the smallest: the first, with a gain of one, where none does any work.
    """
    top = work.argmax(axis=1)
    gain = ratio(np.take_along_axis(work, top[:, None], axis=1)[:, 0], work[:, 0]).drawn
    return np.asarray(sizes, float)[top], gain


def turning(labels, work, sizes):
    """Return what keeping the first row's best size costs when one assumption after another changes, worst first.

    labels, work: as sensitivity.one_at_a_time returns them, work of shape (1 + 2 x labels, sizes). Columns factor, end
    (low or high), size (best then), gain (there, over the first size), regret: the share of useful work that is lost at
    the size that was best with all numbers in the middle.
    """
    size, gain = optimum(work, sizes)
    usual = list(sizes).index(size[0])
    frame = pd.DataFrame({"factor": np.repeat(labels, 2), "end": ["low", "high"] * len(labels)})
    frame = frame.assign(size=size[1:], gain=gain[1:], regret=1 - ratio(work[1:, usual], work[1:].max(axis=1)).drawn)
    return frame.sort_values("regret", ascending=False, ignore_index=True)


def worth(sampler, system, sizes, measure, **asked):
    """Return the useful work for one device, watt or dollar, shape (draws or 1, workloads, sizes).

    asked: the other arguments of survey. The sampler comes first, for model.predictions.sensitivity.
    """
    work = survey(system, sizes, sampler=sampler, **asked)
    return np.stack(np.broadcast_arrays(*work.values()), axis=1) / rates(system, sizes, sampler)[measure][:, None, :]


def gain(sampler, system, sizes, measure, **asked):
    """Return the logarithm of what one of two sizes gains over the other for one workload, shape (draws or 1, 1)."""
    work = worth(sampler, system, sizes, measure, **asked)[:, 0]
    with np.errstate(divide="ignore"):
        return np.log(ratio(work[:, 1:], work[:, :1]).drawn)
