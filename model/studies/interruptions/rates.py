"""Rates of interruptions that were counted, the evidence beside them, and any answer at each of the rates."""

import numpy as np
import pandas as pd

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict

RUN = "llama3-16k"  # the run whose interruptions were counted and published
CLUSTERS = {"rsc1": "meta-rsc-1", "rsc2": "meta-rsc-2"}
SHORT = ("gpu", "hbm3", "sram", "nic", "nccl", "ssd", "io", "cpu")  # written in capitals in the names of causes
EVIDENCE = (  # what is shown, system, quantity, and what that count is worth
    ("Llama 3 run: interruptions", RUN, "interruptions", "measured"),
    ("RSC-1: hardware faults", "meta-rsc-1", "node_failure_rate", "measured"),
    ("RSC-2: hardware faults", "meta-rsc-2", "node_failure_rate", "measured"),
    ("RSC-1: failed jobs of 1,024 devices", "meta-rsc-1", "job_mtbf_1024", "other definition"),
    ("TPU v4: machines alone", "google-tpu-v4", "failure_rate", "other definition"),
    ("Epoch: H100", "hgx-h100", "device_hours_per_failure", "restates another"),
    ("SPARe: 600,000 devices", "spare-600000", "job_mtbf_600000", "restates another"),
    ("RSC-1 at 16,384", "meta-rsc-1", "job_mtbf_16384", "restates another"),
    ("RSC-1 at 131,072", "meta-rsc-1", "job_mtbf_131072", "restates another"),
    ("SemiAnalysis: H100", "hgx-h100", "device_days_per_interruption", "estimate"),
    ("SemiAnalysis: GB200 NVL72", "gb200-nvl72", "device_days_per_interruption", "estimate"),
    ("Huawei: more than 24 h at 10,000", "cloudmatrix384", "job_mtbf_10000", "claim"),
)


def rates():
    """Return failure rates of one device, 1/s: value, least and most of the run's count (5 to 95 %), and each cluster.

    A Series with the labels value, least, most, rsc1, rsc2. Law: laws.reliability.counting.
    """
    facts = catalog.load("reliability")
    run = facts.loc[RUN]
    least, most = reliability.rate_interval(run.interruptions, run.devices * run.observation)
    counted = {"value": compute(reliability.counting.solve(symbols.failure_rate), run), "least": least, "most": most}
    return pd.Series(counted | {key: facts.node_failure_rate[name] for key, name in CLUSTERS.items()}, dtype=float)


def at_rates(quantity, points, rates):
    """Return a prediction for each row of points at each of the rates: columns value, low, high, rsc1, rsc2.

    low and high: the least and the greatest answer between the ends of the count's interval. One number is uncertain,
    the rate, so its 5 and 95 % points give those of all that follows from it, without draws.
    """
    answers = pd.DataFrame(
        {
            name: predict(quantity, points.assign(failure_rate=rate), interval=False)[0].value
            for name, rate in rates.items()
        }
    )
    ends = answers[["least", "most"]]
    sides = pd.DataFrame({"value": answers.value, "low": ends.min(axis=1), "high": ends.max(axis=1)})
    return sides.join(answers[list(CLUSTERS)])


def run_facts(rates):
    """Return what was counted in the run, as a Series in words that people use; rates: of rates()."""
    run = catalog.load("reliability").loc[RUN]
    return pd.Series(
        {
            "devices": run.devices,
            "days": run.observation / size("day"),
            "interruptions": run.interruptions,
            "planned": run.planned_interruptions,
            "hardware_share": run.hardware_share,
            "device_hours": 1 / rates["value"] / size("h"),
            "share": run.effective_training_share,
            "mean_life_years": 1 / rates["value"] / (365 * size("day")),
            "age": run.observation * rates["value"],  # in mean lives of a device
        }
    )


def run_intervals(rates):
    """Return value, low, high of the run's hours between interruptions and of its rate per 1,000 server-days."""
    run = catalog.load("reliability").loc[RUN]
    hours = 1 / (rates[["value", "most", "least"]] * run.devices) / size("h")
    node_rate = rates[["value", "least", "most"]] / size("1/(1000 node day)")
    rows = {"hours": hours.to_numpy(), "node_rate": node_rate.to_numpy()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def clusters():
    """Return of each other cluster its faults per 1,000 server-days and the share of them that came together."""
    facts = catalog.load("reliability").loc[list(CLUSTERS.values())].set_axis(list(CLUSTERS))
    node_rate = facts.node_failure_rate / size("1/(1000 node day)")
    return pd.DataFrame({"node_rate": node_rate, "cooccurring": facts.cooccurring_failures})


def causes():
    """Return the causes of the run's interruptions, most frequent first: cause, part, interruptions, low, high, share.

    Raises ValueError where the causes do not sum to the interruptions counted.
    """
    rows = catalog.chosen("reliability").set_index(["system", "quantity"]).loc[RUN]
    found = rows[rows.index.str.startswith("interruptions:")]
    words = found.index.str.removeprefix("interruptions:").str.replace("-", " ")
    for short in SHORT:
        words = words.str.replace(rf"\b{short}\b", short.upper(), regex=True)
    counts = found.value.to_numpy()
    if counts.sum() != rows.value["interruptions"]:
        raise ValueError(f"data/reliability.csv: the causes of {RUN} sum to {counts.sum():g}, not to its interruptions")
    low, high = reliability.rate_interval(counts, 1.0)
    part = found.note.str.extract(r"category ([^;]+)")[0].to_numpy()
    frame = pd.DataFrame({"cause": words, "part": part, "interruptions": counts, "low": low, "high": high})
    return frame.assign(share=counts / counts.sum()).sort_values("interruptions", ascending=False, ignore_index=True)


def evidence(intervals):
    """Return published figures as device-hours per fault: evidence, system, quantity, kind, device_hours, low, high.

    intervals: of run_intervals, which stands for the run's row. A time between faults of a job counts once for each of
    its devices; a rate is turned over.
    """
    frame = pd.DataFrame(EVIDENCE, columns=["evidence", "system", "quantity", "kind"])
    rows = catalog.chosen("reliability").set_index(["system", "quantity"])
    rows = rows.loc[list(zip(frame.system, frame.quantity, strict=True))]
    devices = frame.quantity.str.extract(r"job_mtbf_(\d+)")[0].astype(float).fillna(1)
    for column, name in (("value", "device_hours"), ("low", "low"), ("high", "high")):
        frame[name] = rows[column].to_numpy(float) * rows.unit.map(size).to_numpy(float) * devices / size("h")
    turned = frame.quantity.str.endswith("failure_rate")
    frame.loc[turned, "device_hours"] = 1 / frame.device_hours[turned] / size("h") ** 2
    devices = catalog.load("reliability").devices[RUN]
    frame.loc[0, ["device_hours", "low", "high"]] = intervals.loc["hours"].to_numpy() * devices
    return frame


def curves(grid, rates, draws, seed):
    """Return the time between interruptions over sizes of jobs: rate, devices, value, low, high, unit, one row each.

    The counted rates, and what is estimated or claimed for supernodes; only counts and estimates have an interval.
    """
    points = pd.DataFrame({"devices": grid})
    counted = at_rates("job_mtbf", points, rates)
    parts = [points.join(counted[["value", "low", "high"]]).assign(rate="Llama 3 run", unit="s")]
    for label, name in (("GB200 NVL72, estimate", "gb200-nvl72"), ("CloudMatrix384, claim", "cloudmatrix384")):
        answer, _ = predict("job_mtbf", points, name, seed=seed, draws=draws)
        parts.append(points.join(answer).assign(rate=label))
    parts += [
        points.assign(value=counted[key], low=np.nan, high=np.nan, rate=label, unit="s")
        for key, label in (("rsc1", "RSC-1"), ("rsc2", "RSC-2"))
    ]
    return pd.concat(parts, ignore_index=True)[["rate", "devices", "value", "low", "high", "unit"]]


def kinds(systems):
    """Return what the rate of each system rests on, by name, of those that have one; systems: names, empty for all."""
    rows = catalog.chosen("reliability").set_index(["system", "quantity"]).kind
    found = {}
    for name in systems or catalog.read("systems").system.unique():
        if (name, "failure_rate") in rows.index:
            found[name] = rows[name, "failure_rate"]
        elif (name, "interruptions") in rows.index:
            found[name] = "measured"
    return pd.Series(found, dtype=object)
