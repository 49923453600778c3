"""Where a dollar of training goes over domain sizes, and which assumption or way of running turns the answer."""

from functools import partial

import pandas as pd

from model.machine.scenario import Scenario
from model.numbers.draws import Sampler
from model.predictions import sensitivity
from model.studies.domain_size import survey as surveys
from model.studies.domain_size.bill import bill
from model.studies.domain_size.work import training_work
from model.studies.training import jobs

PARTS = (*jobs.PARTS, "faults", "spares", "fabric")  # of a dollar
SHOWN = ("expert_devices", "stages", "tensor_devices")  # of the layout that a size chooses


def stacks(system, asked):
    """Return where a dollar of each training job goes, by size: devices, domain, SHOWN, PARTS.

    The parts sum to one; the fabric's comes first off the dollar, the others share what it leaves.
    """
    costs = bill(Scenario(system), asked.sizes)
    fabrics = (costs["fabric_device_cost"] / costs["device_price"])[0]
    rows = []
    for devices in asked.arguments()["jobs"]:
        for domain, fabric in zip(asked.sizes, fabrics, strict=True):
            scenario = Scenario(system, changes={"domain": float(domain)})
            shares, found = training_work(scenario, float(devices), asked.model)
            left = {part: float(share[0, 0]) * (1 - fabric) for part, share in shares.items()}
            layout = {name: float(found[name][0, 0]) for name in SHOWN}
            rows.append({"devices": devices, "domain": domain, **layout, "fabric": fabric, **left})
    return pd.DataFrame(rows)


def turning(surveyed):
    """Return which assumption, at an end of its bounds, costs most if a dollar's best size is kept, worst first.

    Columns workload (its name), and those of survey.turning.
    """
    asked = surveyed.asked
    arguments = asked.arguments(precision=surveyed.precision, system=surveyed.system, measure="dollar")
    assumptions, swung = sensitivity.one_at_a_time(partial(surveys.worth, **arguments))
    frames = [
        surveys.turning(assumptions, swung[:, i], asked.sizes).assign(workload=name)
        for i, name in enumerate(asked.names().values())
    ]
    return pd.concat(frames, ignore_index=True)


def ways(surveyed, options):
    """Return the best domain of training under other ways of running, by way and workload.

    options: {way: options of work.training_work}. Columns devices, and of a device and of a dollar the size of the best
    domain and its gain over the smallest: size_device, gain_device, size_dollar, gain_dollar.
    """
    asked, rows = surveyed.asked, {}
    for way, option in options.items():
        arguments = asked.arguments(precision=surveyed.precision, speeds=[])
        trained = surveys.survey(surveyed.system, **arguments, **option)
        for (_, devices), work in trained.items():
            row = rows[way, asked.names()["training", devices]] = {"devices": devices}
            for measure in ("device", "dollar"):
                size, gain = surveys.optimum(work / surveyed.rate[measure], asked.sizes)
                row |= {f"size_{measure}": size[0], f"gain_{measure}": gain[0]}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["way", "workload"])


def drivers(surveyed, pair, asked_of, seed):
    """Return what drives a larger domain's gain for a device: workload, factor, first, total; six factors each.

    pair: the two sizes; asked_of: {(kind, number): points of the sequence}, of workloads that Asked.names lists.
    """
    asked, rankings = surveyed.asked, []
    for (kind, number), points in asked_of.items():
        only = {"jobs": [number], "speeds": []} if kind == "training" else {"jobs": [], "speeds": [number]}
        arguments = asked.arguments(precision=surveyed.precision, sizes=list(pair), **only)
        gain = partial(surveys.gain, system=surveyed.system, measure="device", **arguments)
        ranking = sensitivity.indices(gain, points=points, seed=seed, ranked=True).head(6)
        rankings.append(ranking.assign(workload=asked.names()[kind, number]))
    return pd.concat(rankings, ignore_index=True)[["workload", "factor", "first", "total"]]


def contradicting(system, draws, seed):
    """Return the share of draws in which the fabric by itself would cost more than the machine as sold."""
    return float(bill(Scenario(system, Sampler(draws, (seed, 0))), [])["contradicts"].mean())
