"""What others publish of services: measured runs at a speed per user, a day of one service, claims at one speed."""

import numpy as np
import pandas as pd

from model.laws import serving
from model.laws import step as laws
from model.machine.memory import largest_batch
from model.machine.scenario import Scenario
from model.machine.step import WORKLOAD
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import low_high
from model.studies.serving import frontiers


def said():
    """Return the published numbers by set and quantity, in the units of their rows."""
    return catalog.chosen("serving").set_index(["set", "quantity"]).value


def runs(systems):
    """Return measured decode of given systems that carry a role: system, speed (per user), throughput, set, source."""
    rows = catalog.chosen("serving")
    numbers = said()
    rows = rows[(rows.quantity == "decode_throughput") & rows.role.notna() & rows.system.isin(systems)]
    rows = rows[[(name, "time_per_output_token") in numbers.index for name in rows.set]]
    spent = np.array([numbers[name, "time_per_output_token"] for name in rows.set], float) * size("ms")
    return rows.assign(speed=1 / spent, throughput=rows.value)[["system", "set", "speed", "throughput", "source"]]


def day():
    """Return DeepSeek's day by its own arithmetic: servers of prefill and decode, cost, share of the peak.

    Servers follow from tokens of a day over the published rates of one; cost from their rent.
    """
    numbers, seconds = said(), size("day")
    rate = {
        "prefill": numbers["h800-service-prefill-cached", "prefill_throughput"],
        "decode": numbers["h800-service-decode", "decode_throughput"],
    }
    work = {"prefill": "input_tokens", "decode": "output_tokens"}
    rows = catalog.chosen("serving")
    system = Scenario(rows[rows.set == "h800-service-decode"].system.iloc[0]).system
    local = system("domain")
    nodes = {phase: numbers["deepseek-day", work[phase]] / (local * rate[phase] * seconds) for phase in rate}
    average = numbers["deepseek-day", "nodes_average"]
    return pd.Series(
        {
            **nodes,
            "nodes": sum(nodes.values()),
            "nodes_said": average,
            "cost": numbers["deepseek-day", "cost"],
            "cost_computed": average * local * seconds * system("rent"),
            "rent": system("rent") * size("h"),
            "busy": average / numbers["deepseek-day", "nodes_peak"],
            "speed": numbers["deepseek-day", "user_speed"],
            "context": numbers["deepseek-day", "context"],
            "measured": rate["decode"],
        }
    )


def level(service, system, precision, speed, which="run"):
    """Return value, low, high of the best throughput at one speed, and the devices and batch behind the value."""
    frame, many = frontiers.curve(service, system, precision, np.array([float(speed)]), which)
    low, high = low_high(many)
    if frame.empty:
        return pd.Series({"value": 0.0, "low": low, "high": high})
    row = frame.iloc[0]
    return pd.Series({"value": row.throughput, "low": low, "high": high, "ranks": row.ranks, "batch": row.batch})


def claim(name):
    """Return a claimed throughput and speed, and the users per device that it says. Law: laws.serving.speed."""
    numbers = said()
    point = {key: numbers[name, key] for key in ("decode_throughput", "user_speed")}
    return pd.Series(point | {"users": compute(serving.speed[symbols.users].rhs, point)})


def memory(service, system, precision, groups):
    """Return what one device holds: most requests by group of devices, and bytes of a request and of dense weights."""
    rows = {"ranks": np.array(groups, float), "context": np.full(len(groups), float(service.context))}
    most = largest_batch(Scenario(system), service.workload, precision, rows)
    scenario = Scenario(system)
    workload, formats = scenario.facts("workloads", service.workload), scenario.facts("formats", precision)
    point = {name: workload(name) for name in WORKLOAD} | {"tensor_devices": 1.0, "context": service.context}
    point |= {name: formats(name) for name in ("weight_bytes", "dense_weight_bytes", "kv_bytes_per_element")}
    point |= {"state_width": scenario.facts("priors", "step")("state_width")}
    return pd.Series(
        {
            "wide": most[0],
            "narrow": most[1],
            "request": compute(serving.memory.solve(symbols.request_bytes), point),
            "capacity": scenario.system("memory_capacity"),
            "usable": scenario.facts("assumptions", "serving")("memory_usable"),
            "dense": compute(laws.work.solve(symbols.dense_bytes), point),
            "bandwidth": scenario.system("memory_bandwidth"),
        }
    )
