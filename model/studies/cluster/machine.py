"""A cluster of the reader's own: a known system, what differs from it, and a job."""

from dataclasses import dataclass, field, replace

import numpy as np
import sympy as sp

from model.machine import prices
from model.machine.scenario import Scenario
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.numbers.facts import Missing
from model.numbers.readings import Readings
from model.predictions.reliability import failure_rate

# What may differ from the known system, under the names of the nomenclature and in its units.
NUMBERS = (
    *("domain", "scale_up_bandwidth", "scale_out_bandwidth", "scale_out_latency", "startup"),
    *("memory_capacity", "memory_bandwidth", "peak", "peak_bf16", "failure_rate"),
    *("rent", "device_price", "serving_power"),
)
RECOVERY = ("checkpoint_write", "downtime", "reload")
JOB = (
    *("devices", "ranks", "batch", "context", "tokens_per_step", "speed", "message", "busy_share"),
    *(*RECOVERY, "repair", "withdrawn", "confidence"),
)


@dataclass(frozen=True)
class Cluster:
    """A known system, what differs from it, and a job.

    given: numbers in base units, or draws of them, under names of NUMBERS, None or absent where they are the system's.
    job: numbers in base units under the names of JOB, and the words model and precision. readings: a reader's own
    measurements on the known system, or None.
    """

    system: str
    given: dict = field(default_factory=dict)
    job: dict = field(default_factory=dict)
    readings: Readings | None = None

    def scenario(self, draws=None, seed=0):
        """Return a fresh Scenario of the machine; with draws, one that answers in arrays of shape (draws, 1)."""
        changes = {name: number for name, number in self.given.items() if number is not None}
        if "peak" in changes:
            form = f"peak_{self.job['precision']}"
            if np.any(changes.get(form, changes["peak"]) != changes["peak"]):
                raise ValueError(f"peak and {form} are one number and differ: give one of them")
            changes[form] = changes.pop("peak")
        sampler = Sampler(draws, (seed, 0)) if draws else None
        return Scenario(self.system, sampler, changes=changes, readings=self.readings)

    def change(self, **numbers):
        """Return the same cluster with some numbers of the machine or the job changed."""
        job = {name: number for name, number in numbers.items() if name in JOB}
        machine = {name: number for name, number in numbers.items() if name not in JOB}
        return replace(self, given=self.given | machine, job=self.job | job)


def unit(name):
    """Return the unit in which a reader gives one of NUMBERS: a rate as the command line takes it, for each second."""
    return "1/s" if name == "failure_rate" else NOMENCLATURE[sp.Symbol(name, positive=True)].unit


def in_base_units(numbers):
    """Return a mapping of NUMBERS from the nomenclature's units to base units; None stays None."""
    return {name: None if number is None else number * size(unit(name)) for name, number in numbers.items()}


def precisions(system):
    """Return the formats in which a system has a dense peak, narrowest first."""
    widths = catalog.load("formats").weight_bytes.dropna().sort_values()
    facts = Scenario(system).system
    return [name for name in widths.index if f"peak_{name}" in facts]


def known(cluster, number, draws=None, seed=0):
    """Return a number of the machine or its job, given or recorded, in base units; None where neither.

    With draws, an array of shape (draws, 1) where the number is uncertain. A start-up time is that of a dispatch; a
    rent may follow from a price.
    """
    given = (cluster.job if number in JOB else cluster.given).get(number)
    if given is not None:
        return given
    scenario = cluster.scenario(draws, seed)
    try:
        if number == "failure_rate":
            return failure_rate(scenario)
        if number == "startup":
            software = scenario.software("all_to_all_time").name
            return scenario.constants("all_to_all_time", software, "dispatch")["startup"]
        if number in ("rent", "serving_power"):
            return (hourly if number == "rent" else power)(cluster, scenario)
        return scenario.system(f"peak_{cluster.job['precision']}" if number == "peak" else number)
    except Missing:
        return None


def power(cluster, scenario):
    """Return what a device draws, with its share of the machine, W: given, or the machine's. Raises Missing."""
    given = cluster.given.get("serving_power")
    return prices.power(scenario) if given is None else given


def hourly(cluster, scenario):
    """Return the rent of a device, USD/s: given, from a price that is given, recorded, or from the machine's price.

    As in machine.prices. Raises Missing.
    """
    price = cluster.given.get("device_price")
    if cluster.given.get("rent") is not None:
        return cluster.given["rent"]
    return prices.hourly(scenario) if price is None else prices.rent_of_price(scenario, price)
