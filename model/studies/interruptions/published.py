"""Predicted against published: shares, times between interruptions, and a maker's claim."""

import numpy as np
import pandas as pd
from scipy.stats import poisson

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import HIGH, LOW
from model.predictions.answer import predict
from model.studies.interruptions.rates import RUN

MAKER, CLAIMED_DEVICES = "cloudmatrix384", 10_000  # who claims a time between failures, and of a job of which size
ROUND = 12_000  # devices for which the authors of RSC gave rates and writes that leave nine tenths of the time


def restart():
    """Return (value, low, high): the restart measured on RSC, s. It stands in for the run's, which is not published."""
    row = catalog.chosen("reliability").set_index(["system", "quantity"]).loc[("meta-rsc", "restart_overhead")]
    return tuple(row[["value", "low", "high"]].to_numpy(float) * size(row.unit))


def clocks(rate, devices, pause):
    """Return both readings of a published time between interruptions: on the wall clock, or of uptime.

    rate: 1/s per device, as counted on the wall; pause: s of a restart. Shares of time up, the hours of uptime, and
    the run's effective share by either reading.
    """
    facts, mean = catalog.load("reliability"), 1 / (devices * rate)
    point = pd.DataFrame({"wall_interval": [mean], "job_mtbf": [mean], "downtime": [pause]})
    found = {
        str(symbol): reliability.clock.evaluate(symbol, point)[0]
        for symbol in (symbols.wall_availability, symbols.uptime_availability)
    }
    readings = pd.DataFrame({"failure_rate": [rate, 1 / (devices * (mean - pause))], "reload": pause, "downtime": 0.0})
    readings = readings.assign(devices=devices, checkpoint_write=facts.checkpoint_write[RUN])
    wall, uptime = predict("effective_training_share", readings, interval=False)[0].value
    return pd.Series(found | {"uptime_hours": (mean - pause) / size("h"), "share_wall": wall, "share_uptime": uptime})


def extrapolations(rate):
    """Return RSC-1's own times between interruptions beside the law's at its rate: devices, hours, published."""
    facts = catalog.load("reliability").loc["meta-rsc-1"]
    frame = pd.DataFrame({"devices": [16_384, 131_072, 1_024]}, index=["16384", "131072", "1024"])
    points = {"devices": frame.devices, "failure_rate": rate}
    frame["hours"] = compute(reliability.series_system.solve(symbols.job_mtbf), points) / size("h")
    return frame.assign(published=[facts[f"job_mtbf_{name}"] / size("h") for name in frame.index])


def arithmetic(rate):
    """Return what the authors of RSC state for a large job, by the first-order and the exact law: rows rate, write.

    rate: RSC-1's, 1/s per device. Columns words, first_order, exact.
    """
    facts = catalog.load("reliability").loc["meta-rsc"]
    points = pd.DataFrame(
        {
            "failure_rate": [facts.node_failure_rate_for_90_percent_at_12000, rate],
            "checkpoint_write": [5 * size("min"), facts.checkpoint_write_for_90_percent_at_12000],
        },
        index=["rate", "write"],
    ).assign(devices=float(ROUND), restart=5 * size("min"), downtime=0.0, reload=5 * size("min"))
    points["interval"] = points["checkpoint_gap"] = reliability.optimum.evaluate(symbols.young_interval, points)
    words = ["1 fault per 1,000 server-days, write and restart 5 min", "RSC-1's rate, write 10 s, restart 5 min"]
    first = reliability.first_order.evaluate(symbols.first_order_share, points)
    exact = reliability.checkpointing.evaluate(symbols.effective_training_share, points)
    return pd.DataFrame({"words": words, "first_order": first, "exact": exact})


def measured_shares(rates, checkpoint_write):
    """Return the law's shares where lower limits were measured: words, devices, predicted, published, by job.

    rates: of rates.rates; checkpoint_write: of RSC's jobs, s. The run is asked at the middle and the upper end of the
    restart that was measured elsewhere, RSC-1's jobs at the middle, with a checkpoint each hour.
    """
    facts = catalog.load("reliability")
    run, (pause, _, slow) = facts.loc[RUN], restart()
    points = pd.DataFrame(
        {
            "devices": [run.devices, run.devices, 2_048, 4_096],
            "failure_rate": [rates["value"]] * 2 + [rates["rsc1"]] * 2,
            "checkpoint_write": [run.checkpoint_write] * 2 + [checkpoint_write] * 2,
            "reload": [pause, slow, pause, pause],
            "interval": [np.nan] * 2 + [size("h")] * 2,
        },
        index=["llama", "llama_slow", "rsc1_small", "rsc1_big"],
    ).assign(downtime=0.0)
    words = [f"Llama 3 run, restart {each / size('min'):.0f} min" for each in (pause, slow)]
    words += [f"RSC-1, {each:,} devices, hourly checkpoints" for each in (2_048, 4_096)]
    predicted = predict("effective_training_share", points, interval=False)[0].value
    published = [run.effective_training_share] * 2 + [facts.effective_training_share["meta-rsc-1"]] * 2
    return pd.DataFrame(
        {"words": words, "devices": points.devices, "predicted": predicted, "published": published}, index=points.index
    )


def longest_restart(rate):
    """Return the mean restart, min, at which the run's share falls to the one that it reports as a lower limit."""
    run = catalog.load("reliability").loc[RUN]
    points = pd.DataFrame({"reload": np.linspace(60, 3600, 237), "failure_rate": rate, "downtime": 0.0})
    points = points.assign(devices=run.devices, checkpoint_write=run.checkpoint_write)
    kept = predict("effective_training_share", points, interval=False)[0].value
    return np.interp(-run.effective_training_share, -kept, points.reload) / size("min")


def checks(extrapolated, arithmetic, shares):
    """Return one table of all that is compared: what, predicted, published, the published number."""
    rows = [
        (
            f"RSC-1, time between interruptions of {row.devices:,} devices, h",
            row.hours,
            row.published,
            "other definition" if row.devices == 1_024 else "restates the rate",
        )
        for row in extrapolated.itertuples()
    ]
    for row in arithmetic.itertuples():
        for form, word in ((row.first_order, "first order"), (row.exact, "exact")):
            rows.append((f"{ROUND:,} devices, {row.words}: share, {word}", form, 0.9, "authors' arithmetic"))
    rows += [
        (f"{row.words}: share", row.predicted, row.published, "measured, a lower limit") for row in shares.itertuples()
    ]
    return pd.DataFrame(rows, columns=["what", "predicted", "published", "the published number"])


def practice():
    """Return what quicker recovery did where it was put into practice: before, after, by whose."""
    facts = catalog.load("reliability")
    gemini, alibaba = facts.loc["google-tpu-v4"], facts.loc["alibaba-c4"]
    rows = {
        "gemini": (gemini.goodput_before, gemini.goodput_after),
        "alibaba": (alibaba.downtime_share_before, alibaba.downtime_share_after),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after"])


def reported():
    """Return what others reported: the estimate of the run's restart, min, and the quickest recovery at scale, s."""
    facts = catalog.load("reliability")
    recovered = facts.loc["ascend-4800"]
    return pd.Series(
        {
            "restart_minutes": facts.restart_time[RUN] / size("min"),
            "recovery_seconds": recovered.recovery_time,
            "recovery_devices": recovered.devices,
        }
    )


def claim():
    """Return a maker's claim: hours between failures, of how many devices, availability, and what the law says of it.

    The last, `predicted`, is the availability that follows from the claimed time and the claimed recovery.
    """
    facts = catalog.load("reliability").loc[MAKER]
    mean = facts[f"job_mtbf_{CLAIMED_DEVICES}"]
    point = pd.DataFrame({"job_mtbf": [mean], "wall_interval": [mean], "downtime": [facts.recovery_time]})
    predicted = reliability.clock.evaluate(symbols.uptime_availability, point)[0]
    values = {"hours": mean / size("h"), "devices": CLAIMED_DEVICES, "availability": facts.training_availability}
    return pd.Series(values | {"predicted": predicted})


def claimed_counts(claim, rates):
    """Return the interruptions that a run like the counted one would see: value, low, high, at either rate.

    Rows claimed and llama; low and high: 5 and 95 % of a Poisson count.
    """
    span = catalog.load("reliability").observation[RUN]
    counts = {"claimed": span / (claim.hours * size("h")), "llama": span * claim.devices * rates["value"]}
    rows = {name: (each, *poisson.ppf([LOW / 100, HIGH / 100], each)) for name, each in counts.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def times_below(claim, rates):
    """Return how many times the claimed rate lies below each of the counted ones, by their labels."""
    return claim.devices * rates * claim.hours * size("h")
