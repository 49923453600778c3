"""What can be asked of reliability: interruptions, useful time, spares, whole domains."""

import numpy as np

from model.laws import reliability
from model.machine import fleets
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.numbers.facts import Missing
from model.predictions.inputs import OPTIONAL, Input, count
from model.predictions.quantity import Quantity

RATE = Input("failure_rate", OPTIONAL, high=1.0, meaning="left out: the system's")


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
    columns["interval"] = np.where(np.isnan(given), best, given)
    return compute(reliability.checkpointing.solve(symbols.effective_training_share), columns)


def spare_devices(scenario, choices, rows):
    """Return the devices to keep in reserve. Laws: laws.reliability.spares and a Poisson quantile."""
    names = ("devices", "withdrawn", "repair", "confidence")
    return reliability.spare_devices(failure_rate=_rate(scenario, rows), **{name: rows[name] for name in names})


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
        (count("devices"), RATE),
        job_mtbf,
        system="optional",
    ),
    Quantity(
        "effective_training_share",
        "1",
        "useful over wall-clock time of a training job",
        reliability.checkpointing,
        symbols.effective_training_share,
        (
            count("devices"),
            RATE,
            Input("checkpoint_write", high=1e7),
            Input("downtime", high=1e7),
            Input("reload", high=1e7),
            Input(
                "interval",
                OPTIONAL,
                low=1e-3,
                high=1e9,
                meaning="work between two checkpoints; left out: the optimum",
            ),
        ),
        effective_training_share,
        system="optional",
    ),
    Quantity(
        "spare_devices",
        "1",
        "devices to keep in reserve so that faults are replaced at once",
        reliability.spares,
        symbols.units_in_repair,
        (
            count("devices"),
            RATE,
            count("withdrawn"),
            Input("repair", high=1e8),
            Input("confidence", low=0.01, high=0.999999, meaning="share of time in which the reserve suffices"),
        ),
        spare_devices,
        system="optional",
    ),
    Quantity(
        "whole_domain_share",
        "1",
        "share of time in which every device of a domain works",
        reliability.whole_domain,
        symbols.whole_domain_share,
        (count("domain"), Input("unavailability", high=1.0), Input("fabric_availability", 1.0, high=1.0)),
        whole_domain_share,
        system="optional",
    ),
)
