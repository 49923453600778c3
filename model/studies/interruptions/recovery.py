"""What recovery time is worth: the useful share of jobs, and the largest job that keeps a share."""

import numpy as np
import pandas as pd

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict
from model.studies.interruptions.rates import RUN, at_rates

INTERVALS = {"young": symbols.young_interval, "daly": symbols.daly_interval, "exact": symbols.best_interval}
TESTS = {"day": 24 * size("h"), "six_hours": 6 * size("h"), "quarter_hour": 15 * size("min")}  # Daly's, by MTBF
TEST_ROWS = {"day": "daly-test-24h", "six_hours": "daly-test-6h", "quarter_hour": "daly-test-15min"}


def recoveries():
    """Return published times of recovery: label as it is written, seconds, minutes, by a short name.

    Three are a maker's, best case, by rescheduling, and at most; the last is how long a default timeout may need to
    notice a fault at all.
    """
    facts = catalog.load("reliability")
    seconds = {
        "30s": facts.recovery_time_process["cloudmatrix384"],
        "3min": facts.recovery_time_rescheduling["cloudmatrix384"],
        "10min": facts.recovery_time["cloudmatrix384"],
        "30min": facts.detection_time["pytorch-default"],
    }
    frame = pd.DataFrame({"label": ["30 s", "3 min", "10 min", "30 min"], "seconds": seconds}, index=seconds)
    return frame.assign(minutes=frame.seconds / size("min"))


def conditions(recoveries, checkpoint_write, split):
    """Return inputs of the effective share at each recovery; split: the part of it that detects and replaces."""
    inputs = {"downtime": recoveries.seconds * split, "reload": recoveries.seconds * (1 - split)}
    return pd.DataFrame(inputs).assign(checkpoint_write=checkpoint_write)


def shares(conditions, devices, rates):
    """Return the useful share by recovery and devices, at each of the rates; conditions: of conditions()."""
    points = conditions.rename_axis("recovery").reset_index().merge(pd.DataFrame({"devices": devices}), how="cross")
    return points[["recovery", "devices"]].join(at_rates("effective_training_share", points, rates))


def gains(conditions, jobs, rates, slow="10min", quick="30s"):
    """Return what the quick recovery adds to the useful share of each job: value, low, high.

    jobs: Series of devices by name. low and high: over the count's interval; the gain need not be monotonic in the
    rate, and is looked at in the middle and at both ends.
    """
    found = {}
    for name, devices in jobs.items():
        ends = conditions.loc[[quick, slow]].merge(
            pd.DataFrame({"failure_rate": rates[["value", "least", "most"]]}), how="cross"
        )
        kept = predict("effective_training_share", ends.assign(devices=devices), interval=False)[0].value.to_numpy()
        gain = kept[:3] - kept[3:]
        found[name] = gain[0], gain.min(), gain.max()
    return pd.DataFrame.from_dict(found, orient="index", columns=["value", "low", "high"])


def largest(conditions, writes, rates, target):
    """Return the devices of the largest job that keeps the target share, by recovery and name of a checkpoint write.

    writes: Series of seconds by name. Columns value, low, high, rsc1, rsc2. The share depends on devices and rate
    through their product alone, so one search serves every rate, and bounds of the rate become bounds of the size.
    """
    grid = pd.DataFrame({"devices": np.unique(np.geomspace(10, 1e7, 1201).round()), "failure_rate": rates["value"]})
    found = {}
    for recovery, row in conditions.iterrows():
        for name, seconds in writes.items():
            points = grid.assign(downtime=row.downtime, reload=row.reload, checkpoint_write=seconds)
            kept = predict("effective_training_share", points, interval=False)[0].value
            found[recovery, name] = float(np.exp(np.interp(-target, -kept, np.log(points.devices))))
    middle = pd.Series(found) * rates["value"]
    sides = {"value": "value", "low": "most", "high": "least", "rsc1": "rsc1", "rsc2": "rsc2"}
    return pd.DataFrame({side: middle / rates[rate] for side, rate in sides.items()})


def eaten(recoveries, rates):
    """Return the devices at which a recovery lasts as long as the time between interruptions: value, low, high."""
    sides = {"value": "value", "low": "most", "high": "least"}
    return pd.DataFrame({side: 1 / (rates[rate] * recoveries.seconds) for side, rate in sides.items()})


def optima(jobs, write, rate):
    """Return of each job the intervals between checkpoints of three laws, s, the share at each, and what Young's loses.

    jobs: Series of devices by name; write: checkpoint_write, downtime, reload; rate: 1/s per device. Columns devices,
    young, daly, exact, young_share, daly_share, exact_share, young_loss.
    """
    points = pd.DataFrame({"devices": jobs}).assign(**write, failure_rate=rate)
    found = points[["devices"]].copy()
    for name, target in INTERVALS.items():
        found[name] = reliability.optimum.evaluate(target, points)
        at = points.assign(interval=found[name])
        found[f"{name}_share"] = reliability.checkpointing.evaluate(symbols.effective_training_share, at)
    return found.assign(young_loss=found.exact_share - found.young_share)


def swept_intervals(jobs, write, rate, longest):
    """Return the share of each job over intervals between checkpoints from 20 s to the longest: devices, interval."""
    points = pd.DataFrame({"devices": sorted(set(jobs))}).assign(**write, failure_rate=rate)
    points = points.merge(pd.DataFrame({"interval": np.geomspace(20, longest, 121)}), how="cross")
    share = reliability.checkpointing.evaluate(symbols.effective_training_share, points)
    return points[["devices", "interval"]].assign(share=share)


def daly_tests():
    """Return Daly's published optima beside the three laws, minutes, by the time between interruptions, s."""
    rows = catalog.chosen("reliability").set_index(["system", "quantity"]).value
    points = pd.DataFrame({"mtbf": TESTS}).assign(devices=1.0, checkpoint_write=5 * size("min"))
    points["failure_rate"] = 1 / points.mtbf
    published = [rows[TEST_ROWS[name], "optimum_interval"] for name in points.index]
    found = pd.DataFrame({"mtbf": points.mtbf, "published": published})
    for name, target in INTERVALS.items():
        found[name] = reliability.optimum.evaluate(target, points) / size("min")
    return found


def writes(asked):
    """Return times for which a checkpoint blocks, s: of the run (its bytes over its storage), the asked, a measured."""
    facts = catalog.load("reliability").checkpoint_write
    return pd.Series({"llama": facts[RUN], "asked": asked, "bloom": facts["bloom-a100"]})


def shares_by_write(devices, rate, downtime, reload):
    """Return the useful share over times from 0.01 to 100 s for which a checkpoint blocks: a Series by that time."""
    points = pd.DataFrame({"checkpoint_write": np.geomspace(0.01, 100, 801)})
    points = points.assign(devices=devices, failure_rate=rate, downtime=downtime, reload=reload)
    kept = predict("effective_training_share", points, interval=False)[0].value
    return kept.set_axis(points.checkpoint_write)


def problem(devices, rate, quick, target, asked):
    """Return what keeps the target share: write_most with the quick recovery, write_bound with none at all, s.

    quick: a row of conditions(). share_no_recovery: what the write that was asked for leaves if recovery took no time.
    """
    found = {}
    for name, downtime, reload in (("write_most", quick.downtime, quick.reload), ("write_bound", 0.0, 0.0)):
        kept = shares_by_write(devices, rate, downtime, reload)
        found[name] = np.exp(np.interp(-target, -kept, np.log(kept.index)))
    return pd.Series(found | {"share_no_recovery": np.interp(np.log(asked), np.log(kept.index), kept)})
