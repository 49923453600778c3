"""One function for each quantity: from a scenario and rows of inputs to an array of predictions in base units.

Every function takes (scenario, choices, rows): choices are the text inputs (op, software, model, ...), rows a mapping
of arrays in base units, an input that was left out missing from it. It returns an array of the rows' length, or of
shape (draws, rows) where the scenario draws. model.quantities lists them with their inputs.
"""

import numpy as np

from model import collectives, frontier, reliability
from model.equation import compute
from model.facts import Missing
from model.nomenclature import best_interval, failure_rate
from model.nomenclature import effective_training_share as training_share
from model.nomenclature import job_mtbf as mtbf
from model.nomenclature import whole_domain_share as whole_share
from model.step import duration, idle_shares, step


def all_to_all_time(scenario, choices, rows):
    """Return the time of one dispatch or combine, s. Law: model.exchange.all_to_all."""
    software = scenario.software("all_to_all_time", choices.get("software"))
    columns = collectives.all_to_all_columns(scenario.system, software, rows)
    return _operation(scenario, "all_to_all_time", software.name, choices["op"], columns)


def all_reduce_time(scenario, choices, rows):
    """Return the time of one all-reduce, s, by the faster of two protocols, for large messages and for small ones.

    Law: model.all_reduce.all_reduce. Measurements scatter about the protocol that runs.
    """
    software = scenario.software("all_reduce_time", choices.get("software"))
    large, small = collectives.reduce_times(scenario, software, rows)
    scattered = (
        time * scenario.scatter(protocol, software.name, "all_reduce", len(rows["ranks"]))
        for protocol, time in ((collectives.LARGE, large), (collectives.SMALL, small))
    )
    return np.where(large <= small, *scattered)


def job_mtbf(scenario, choices, rows):
    """Return the mean time between interruptions of a job, s. Law: model.reliability.series_system."""
    return compute(reliability.series_system.solve(mtbf), {**rows, "failure_rate": _rate(scenario, rows)})


def effective_training_share(scenario, choices, rows):
    """Return useful over wall-clock time, at the best interval where none is given. Law: reliability.checkpointing."""
    columns = {**rows, "failure_rate": _rate(scenario, rows)}
    mean = compute(reliability.optimum.solve(mtbf), columns)
    # Where writing costs nothing the best interval is zero, and the share its limit there.
    best = np.fmax(compute(reliability.optimum.solve(best_interval), columns), 1e-6 * mean)
    given = rows.get("interval", np.nan)
    columns["interval"] = np.where(np.isnan(given), best, given)
    return compute(reliability.checkpointing.solve(training_share), columns)


def spare_devices(scenario, choices, rows):
    """Return the devices to keep in reserve. Laws: model.reliability.spares and a Poisson quantile."""
    names = ("devices", "withdrawn", "repair", "confidence")
    return reliability.spare_devices(failure_rate=_rate(scenario, rows), **{name: rows[name] for name in names})


def whole_domain_share(scenario, choices, rows):
    """Return the share of time in which every device of a domain works. Law: model.reliability.whole_domain."""
    return compute(reliability.whole_domain.solve(whole_share), rows)


def moe_idle_share(scenario, choices, rows):
    """Return the share of a step in which compute units wait, or one part of it. Laws: model.moe, model.roofline."""
    shares = idle_shares(
        *step(scenario, choices["model"], choices["phase"], choices["precision"], choices["overlap"] == "1", rows),
        rows.get("stages", 1.0),
        rows.get("microbatches", 1.0),
    )
    return shares[choices["part"]] + 0 * rows["ranks"]


def decode_throughput(scenario, choices, rows):
    """Return tokens accepted per second and device, the better of one batch and two overlapped microbatches."""
    rows = {**rows, "processed": np.ceil(rows["tokens_per_step"])}
    times = [
        duration(scenario, choices["model"], "decode", choices["precision"], overlap, rows) for overlap in (False, True)
    ]
    throughput = rows["batch"] * rows["tokens_per_step"] / np.minimum(*times)
    return throughput * scenario.step_scatter(len(rows["batch"]))


def decode_frontier(scenario, choices, rows):
    """Return the best tokens per second and device at a speed per user, 0 out of reach. Law: model.frontier."""
    names = ("context", "tokens_per_step", "kv_bytes_per_element")
    columns = np.broadcast_arrays(*(rows[name] for name in names))
    distinct, place = np.unique(np.stack(columns), axis=1, return_inverse=True)
    result = np.zeros((scenario.sampler.draws if scenario.sampler else 1, len(rows["speed"])))
    for number, values in enumerate(distinct.T):
        same = np.ravel(place) == number
        conditions = dict(zip(names, map(float, values), strict=True))
        throughput, *_ = frontier.best(
            scenario, choices["model"], choices["precision"], conditions, rows["speed"][same]
        )
        result[:, same] = throughput
    return (result if scenario.sampler else result[0]) * scenario.step_scatter(len(rows["speed"]))


def _operation(scenario, quantity, software, op, columns):
    time = collectives.time(quantity, columns, scenario.constants(quantity, software, op))
    return time * scenario.scatter(quantity, software, op, len(columns["ranks"]))


def _rate(scenario, rows):
    """Return the failure rate given, or the system's: recorded, or counted interruptions over device-time."""
    given = rows.get("failure_rate", np.nan)
    if not np.any(np.isnan(given)):
        return given
    if scenario.name is None:
        raise Missing("failure_rate is not given: give it, or name a system")
    facts = scenario.facts("reliability", scenario.name)
    if "failure_rate" in facts or "interruptions" not in facts:
        recorded = facts("failure_rate")
    else:
        counted = {name: facts(name) for name in ("interruptions", "devices", "observation")}
        if scenario.sampler:
            counted["interruptions"] = scenario.sampler.count(
                f"{scenario.name} interruptions", counted["interruptions"]
            )
        recorded = compute(reliability.counting.solve(failure_rate), counted)
    return np.where(np.isnan(given), recorded, given)
