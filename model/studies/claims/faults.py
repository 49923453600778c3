"""Readings about faults: how often they come, what recovery leaves of a job's time, and what links cost beside them."""

import numpy as np
import pandas as pd

from model.laws.reliability import rate_interval
from model.machine.machine import POOLED
from model.machine.step import Asked, idle_shares, step
from model.notation.limits import QUICKEST_RECOVERY
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict
from model.predictions.network import all_to_all_time
from model.studies.claims.conditions import columns, ratio
from model.studies.claims.rule import NUMBERS, frame, intervals, predicted, reading, said
from model.studies.training import jobs

HOUR, MINUTE = size("h"), size("min")
RECOVERIES = np.geomspace(QUICKEST_RECOVERY, 3600, 25)  # seconds of one recovery: what is drawn
WAYS = {"serial": "nothing overlapped", "overlapped": "overlapped"}


def counted(job, conditions):
    """Return the readings of C03: hours between faults of a job whose interruptions were counted, and its devices."""
    devices = pd.DataFrame({"devices": [said()["C03", "devices"]]})
    mean, _ = predict("job_mtbf", devices, job, interval=False)
    record = catalog.load("reliability").loc[job]
    rates = rate_interval(record.interruptions, record.observation / HOUR)  # exact for a count
    low, high = sorted(float(1 / each) for each in rates)
    gap = {"value": mean.value[0] / HOUR, "low": low, "high": high}
    _, sampler = conditions.samplers()
    gap["drawn"] = np.ravel(record.observation / HOUR / sampler.count(job, record.interruptions))
    return frame(
        {
            "gap": {"claim": "C03", "quantity": "job_mtbf", "reading": "mean time between faults", **gap},
            "devices": reading("C03", "devices", "devices of the job", catalog.load("systems").devices[job]),
        }
    )


def recovery_times(promised, measured):
    """Return the seconds of one recovery as a Series: fast and slow as a maker promises, flash as one job measured."""
    known = catalog.load("reliability")
    fast, slow = known.recovery_time_process[promised], known.recovery_time[promised]
    return pd.Series({"fast": fast, "flash": known.recovery_time[measured], "slow": slow})


def shares(job, devices, times, conditions):
    """Return the useful share of jobs at the failure rate of one: devices, downtime (s), value, low, high.

    devices, times: every combination of them.
    """
    asked = pd.DataFrame({"devices": devices}).merge(pd.DataFrame({"downtime": times}), how="cross")
    asked = asked.assign(checkpoint_write=conditions.checkpoint_write, reload=0.0)
    return asked.join(predict("effective_training_share", asked, job, **conditions.interval())[0])


def by_recovery(found, times):
    """Return of a frame of `shares` those at the times of recovery, by size of the job and name of the time.

    The rows are called 16k.fast, 100k.slow and so on: thousands of devices and the name of the time.
    """
    found = found[found.downtime.isin(times)]
    names = {seconds: name for name, seconds in times.items()}
    thousands = found.devices.div(1000).map("{:.0f}k".format)
    return found.set_index(thousands + "." + found.downtime.map(names))[["devices", "downtime", *NUMBERS]]


def recoveries(at, times):
    """Return the readings of C10: minutes of one recovery, and the useful share of jobs. at: as of `by_recovery`."""
    found = {
        "measured": reading("C10", "recovery_time", "measured on 4,800 Ascend", times.flash / MINUTE),
        "promised": reading("C10", "recovery_time", "maker's word", times.slow / MINUTE),
    }
    for devices in (said()["C03", "devices"], said()["C21", "devices"]):
        for name, minutes in (("slow", "{:.0f}"), ("flash", "{:.1f}")):
            row = at[(at.devices == devices) & (at.downtime == times[name])].iloc[0]
            text = f"{devices:,.0f} devices, recovery in {minutes.format(times[name] / MINUTE)} min"
            found[row.name] = predicted("C10", "effective_training_share", text, row)
    return frame(found)


def largest(job, times, conditions):
    """Return the devices of the largest job whose useful share meets C10, by name of the recovery: value, low, high."""
    tried = shares(job, np.geomspace(1e3, 1e6, 400).round(), times.tolist(), conditions)
    target = said()["C10", "effective_training_share"]
    met = {
        name: [tried.devices[(tried.downtime == seconds) & (tried[side] >= target)].max() for side in NUMBERS]
        for name, seconds in times.items()
    }
    return pd.DataFrame.from_dict(met, orient="index", columns=list(NUMBERS))


def lost(found):
    """Return what a frame of value, low, high leaves over to one."""
    return (1 - found[["value", "high", "low"]]).set_axis(list(NUMBERS), axis=1)


def waits(system, domains, conditions):
    """Return {(domain, way): (share, draws)} of a training step that waits for exchanges, way: serial or overlapped.

    The workload trains as its report says, on the system with its devices in domains of other sizes.
    """
    reported, found = conditions.run_facts(), {}
    point = columns({"ranks": reported("expert_parallel"), "batch": 1.0, "context": reported("sequence")})
    asked = Asked(conditions.workload, "training", "fp8")
    for domain in domains:
        for way in WAYS:
            pair = conditions.scenarios(system, changes={"domain": float(domain)})
            timed = [step(each, asked, point, way == "overlapped") for each in pair]
            found[domain, way] = tuple(np.ravel(idle_shares(*each)["exchange"]) for each in timed)
    return found


def linked(system, conditions):
    """Return (share, draws) of a step that links take in a job of the claim's devices, by the law that runs judge.

    Exchanges, collectives and gradients, the optimiser included, at the best layout on the system.
    """
    found = []
    for each in conditions.scenarios(system):
        job = jobs.of_devices(each, conditions.workload, said()["C21", "devices"])
        columns = jobs.searched(each, job)
        found.append(np.ravel((columns["exchange"] + columns["gradients"]) / columns["training_step_time"]))
    return tuple(found)


def links_over_faults(links, waiting, at, times, conditions):
    """Return the readings of C21: time lost to exchanges over time lost to faults, by domain, way and recovery.

    links: as `linked` returns it; waiting: as `waits` does; at: as `by_recovery`, of the claim's job. Keys: run.TIME
    and DOMAIN.WAY.TIME.
    """
    recorded, sampler = conditions.samplers()
    waiting, found = {("run", "links"): links, **waiting}, {}
    for (domain, way), exchange in waiting.items():
        for name in ("slow", "fast"):
            row = at[(at.devices == said()["C21", "devices"]) & (at.downtime == times[name])].iloc[0]
            faults = 1 - row.value, 1 - sampler.bounds("share", row.low, row.high)
            run = domain == "run"
            words = "servers, by the law of training" if run else f"domains of {domain}, {WAYS[way]}"
            text = f"{words}, recovery in {times[name] / MINUTE:g} min"
            both = [np.ravel(each) for each in faults]
            found[f"run.{name}" if run else f"{domain}.{way}.{name}"] = reading(
                "C21", "link_over_fault", text, *ratio(exchange, both)
            )
    return frame(found)


def dispatches(system, domains, conditions, software=None):
    """Return the time of one dispatch, s, on a system with its devices in domains of other sizes: value, low, high.

    Every device of the conditions' ranks takes part with all of its dies.
    """
    choices = {"op": "dispatch", **({"software": software} if software else {})}
    dies = conditions.facts(system)[0]("dies", 1)
    found = {}
    for domain in domains:
        pair = conditions.scenarios(system, changes={"domain": float(domain)})
        point = conditions.dispatch(ranks=conditions.ranks * dies)
        found[str(domain)] = tuple(all_to_all_time(each, choices, point) for each in pair)
    return intervals(found)


def platform(rates, downtime, conditions):
    """Return (gaps, readings) of C22: hours between faults of its job, and its useful share, by failure rate.

    rates: {key: (system whose failure rate is taken, words)}; downtime: s of one recovery.
    """
    devices = said()["C22", "devices"]
    gaps, found = {}, {}
    for key, (name, words) in rates.items():
        gap, _ = predict("job_mtbf", pd.DataFrame({"devices": [devices]}), name, **conditions.interval())
        gaps[key] = gap.iloc[0][list(NUMBERS)] / HOUR
        share = shares(name, [devices], [downtime], conditions).iloc[0]
        found[key] = predicted("C22", "effective_training_share", words, share)
    return pd.DataFrame(gaps).T, frame(found)


def gap_between_faults(job, devices, conditions):
    """Return the seconds between faults of a job of that many devices at the failure rate of another: NUMBERS."""
    found, _ = predict("job_mtbf", pd.DataFrame({"devices": [devices]}), job, **conditions.interval())
    return found.iloc[0][list(NUMBERS)]


def pooled_dispatches(system, domains, conditions):
    """Return `dispatches` with the software that stands for one that was never measured."""
    return dispatches(system, domains, conditions, POOLED)
