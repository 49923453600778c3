"""What can be asked of reliability: interruptions, useful time, spares, whole domains."""

from dataclasses import replace

import numpy as np

from model.laws import reliability
from model.machine import fleets
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.limits import LEAST_FAILURES, MOST_FAILURES, PER_HOUR
from model.numbers.facts import Missing
from model.predictions.inputs import OPTIONAL, Input, RowError, count
from model.predictions.quantity import Quantity

# Limits that a number in another unit does not pass: a rate for each hour or day, hours for seconds, milliseconds,
# per cent for a share, the share of time in use for the share out of it.
DEVICES = count("devices", high=1e8)
RATE = Input(
    "failure_rate",
    OPTIONAL,
    low=LEAST_FAILURES,
    high=MOST_FAILURES,
    meaning="of a device and second; left out: the system's",
    beyond=PER_HOUR,
)
DAY = 86_400.0
FLEETS = 10_000  # draws: fleets differ so much that an end lies where one draw is far from the next
VAIN = 20.0  # times the mean between interruptions: one interval in half a billion would end with a checkpoint


def job_mtbf(scenario, choices, rows):
    """Return the mean time between interruptions of a job, s. Law: laws.reliability.series_system."""
    return compute(reliability.series_system.solve(symbols.job_mtbf), {**rows, "failure_rate": _rate(scenario, rows)})


def effective_training_share(scenario, choices, rows):
    """Return useful over wall-clock time, at the best interval where none is given. Law: reliability.checkpointing."""
    columns = {**rows, "failure_rate": _rate(scenario, rows)}
    mean = compute(reliability.optimum.solve(symbols.job_mtbf), columns)
    # Where writing costs nothing the best interval is zero, and the share its limit there.
    best = np.fmax(compute(reliability.optimum.solve(symbols.best_interval), columns), 1e-6 * mean)
    given = rows.get("interval", np.nan)
    if scenario.sampler is None and (vain := np.broadcast_to(given > VAIN * mean, np.shape(mean + given))).any():
        row = int(np.argmax(vain))
        asked, own = (np.broadcast_to(each, vain.shape)[row] for each in (given, mean))
        raise RowError(
            row,
            f"interval is {asked:g} s, and the job is interrupted every {own:,.3g} s: hardly any work would ever be "
            f"kept; were milliseconds meant?",
        )
    columns["interval"] = np.where(np.isnan(given), best, given)
    return compute(reliability.checkpointing.solve(symbols.effective_training_share), columns)


def spare_devices(scenario, choices, rows):
    """Return the devices to keep in reserve. Laws: laws.reliability.spares and a Poisson quantile.

    The law has devices fail as if all of them worked: refused where more than half of the job would be out of use on
    average. A reserve larger than the job is as large as the job.
    """
    names = ("devices", "withdrawn", "repair", "confidence")
    rate, most = _rate(scenario, rows), rows["devices"]
    found = reliability.spare_devices(failure_rate=rate, **{name: rows[name] for name in names})
    out = np.broadcast_to(rate * rows["repair"] * rows["withdrawn"], found.shape)
    if scenario.sampler is None and (many := out > 0.5).any():
        row = int(np.argmax(many))
        least, job = (np.broadcast_to(each, many.shape)[row] for each in (found, most))
        raise RowError(
            row,
            f"the reserve would have {least:,.0f} devices for a job of {job:,.0f}, most of which would await repair: "
            f"check failure_rate, for each device and second, repair, in seconds, and withdrawn",
        )
    return np.minimum(found, most)


def whole_domain_share(scenario, choices, rows):
    """Return the share of time in which every device of a domain works. Law: laws.reliability.whole_domain."""
    return compute(reliability.whole_domain.solve(symbols.whole_domain_share), rows)


def failure_rate(scenario):
    """Return the interruptions of a device, 1/s: recorded for a system's like, or counted over device-time.

    What is recorded by analogy or reckoned holds for the middle of many fleets: draws differ as counted fleets do.
    Raises Missing where a system has neither.
    """
    facts = scenario.facts("reliability", scenario.name)
    if "failure_rate" in facts or "interruptions" not in facts:
        recorded = facts("failure_rate")
        if scenario.sampler and "failure_rate" in facts.used:  # nobody counted this fleet, and fleets differ
            recorded = recorded * fleets.spread(scenario.sampler)
        return recorded
    counted = {name: facts(name) for name in ("interruptions", "devices", "observation")}
    if scenario.sampler:
        counted["interruptions"] = scenario.sampler.count(f"{scenario.name} interruptions", counted["interruptions"])
    return compute(reliability.counting.solve(symbols.failure_rate), counted)


def _rate(scenario, rows):
    """Return the failure rate given, or the system's."""
    given = rows.get("failure_rate", np.nan)
    if not np.any(np.isnan(given)):
        return given
    if scenario.name is None:
        raise Missing("failure_rate is not given: give it, or name a system")
    return np.where(np.isnan(given), failure_rate(scenario), given)


QUANTITIES = (
    Quantity(
        "job_mtbf",
        "s",
        "mean time between interruptions of a job",
        reliability.series_system,
        symbols.job_mtbf,
        (DEVICES, RATE),
        job_mtbf,
        system="optional",
        draws=FLEETS,
    ),
    Quantity(
        "effective_training_share",
        "1",
        "useful over wall-clock time of a training job",
        reliability.checkpointing,
        symbols.effective_training_share,
        (
            DEVICES,
            RATE,
            Input("checkpoint_write", high=7200.0, meaning="for which a checkpoint blocks the job"),
            Input("downtime", high=2.5 * DAY, least=1.0, meaning="to detect a fault and replace what failed"),
            Input("reload", high=DAY, least=1.0, meaning="to load the last checkpoint and start again"),
            Input(
                "interval",
                OPTIONAL,
                low=1.0,
                high=1e6,
                meaning="work between two checkpoints; left out: the optimum",
            ),
        ),
        effective_training_share,
        system="optional",
        draws=FLEETS,
    ),
    Quantity(
        "spare_devices",
        "1",
        "devices to keep in reserve so that faults are replaced at once",
        reliability.spares,
        symbols.units_in_repair,
        (
            DEVICES,
            replace(RATE, low=0.0),  # devices that never fail need no reserve
            count("withdrawn", high=1e5),
            Input("repair", low=600.0, high=100 * DAY, meaning="mean time out of use"),
            Input("confidence", low=0.01, high=0.999999, meaning="share of time in which the reserve suffices"),
        ),
        spare_devices,
        system="optional",
        draws=FLEETS,
    ),
    Quantity(
        "whole_domain_share",
        "1",
        "share of time in which every device of a domain works",
        reliability.whole_domain,
        symbols.whole_domain_share,
        (
            count("domain", high=1e6),
            Input("unavailability", high=0.2, meaning="share of time in which one device is out of use"),
            Input("fabric_availability", 1.0, low=0.8, high=1.0),
        ),
        whole_domain_share,
        system="optional",
    ),
)
