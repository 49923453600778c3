"""A cluster of the reader's own: a known system and what differs from it, asked every question of the study."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import sympy as sp

from model import catalog, serving
from model.equation import compute
from model.facts import Missing
from model.nomenclature import NOMENCLATURE, rent, rent_ratio, token_cost, token_energy
from model.predict import check, quantity
from model.sampling import Sampler
from model.scenario import Scenario
from model.units import size

# What may differ from the known system, under the names of the nomenclature and in its units.
NUMBERS = (
    *("domain", "scale_up_bandwidth", "scale_out_bandwidth", "scale_out_latency", "startup"),
    *("memory_capacity", "memory_bandwidth", "peak", "peak_bf16", "failure_rate"),
    *("rent", "device_price", "serving_power"),
)
JOB = (
    *("devices", "ranks", "batch", "context", "tokens_per_step", "speed", "message", "busy_share"),
    *("checkpoint_write", "downtime", "reload", "repair", "withdrawn", "confidence"),
)


@dataclass(frozen=True)
class Cluster:
    """A known system, what differs from it, and a job.

    given: numbers in base units under names of NUMBERS, None or absent where they are the system's. job: numbers in
    base units under the names of JOB, and the words model and precision.
    """

    system: str
    given: dict = field(default_factory=dict)
    job: dict = field(default_factory=dict)

    def scenario(self, draws=None, seed=0):
        """Return a fresh Scenario of the machine; with draws, one that answers in arrays of shape (draws, 1)."""
        changes = {name: number for name, number in self.given.items() if number is not None}
        if "peak" in changes:
            changes[f"peak_{self.job['precision']}"] = changes.pop("peak")
        if "scale_out_bandwidth" in changes:  # transfers reach the share of the rate that they reach on the system
            known = Scenario(self.system).system
            if "scale_out_achievable" in known and "scale_out_bandwidth" in known:
                share = known("scale_out_achievable") / known("scale_out_bandwidth")
                changes["scale_out_achievable"] = share * changes["scale_out_bandwidth"]
        return Scenario(self.system, Sampler(draws, (seed, 0)) if draws else None, changes=changes)

    def change(self, **numbers):
        """Return the same cluster with some of its numbers changed."""
        return replace(self, given={**self.given, **numbers})


def unit(name):
    """Return the unit in which a reader gives one of NUMBERS."""
    return NOMENCLATURE[sp.Symbol(name, positive=True)].unit


def in_base_units(numbers):
    """Return a mapping of NUMBERS from the nomenclature's units to base units; None stays None."""
    return {name: None if number is None else number * size(unit(name)) for name, number in numbers.items()}


def precisions(system):
    """Return the formats in which a system has a dense peak, narrowest first."""
    widths = catalog.load("formats").weight_bytes.dropna().sort_values()
    facts = Scenario(system).system
    return [name for name in widths.index if f"peak_{name}" in facts]


def questions(cluster):
    """Return {name: (quantity, inputs)} of all that is asked about a cluster and its job; inputs in base units."""
    job, scenario = cluster.job, cluster.scenario()
    shape = scenario.facts("workloads", job["model"])
    layer = {name: shape(name) for name in ("hidden", "experts", "topk")}
    dies = scenario.system("dies", 1)
    exchange = layer | {"ranks": job["ranks"] * dies, "tokens": job["batch"] * np.ceil(job["tokens_per_step"]) / dies}
    step = {name: job[name] for name in ("model", "ranks", "batch", "context", "precision")}
    rate = cluster.given.get("failure_rate")
    faults = {"devices": job["devices"]} | ({} if rate is None else {"failure_rate": rate})
    recovery = {name: job[name] for name in ("checkpoint_write", "downtime", "reload")}
    reserve = {name: job[name] for name in ("withdrawn", "repair", "confidence")}
    accepted = {"tokens_per_step": job["tokens_per_step"]}
    served = {name: job[name] for name in ("model", "speed", "context", "precision")}
    asked = {}
    for op, form in (("dispatch", job["precision"]), ("combine", "combine")):
        wide = scenario.facts("formats", form)(f"{op}_bytes")
        asked[op] = ("all_to_all_time", exchange | {"op": op, "bytes_per_element": wide})
    asked["all_reduce"] = ("all_reduce_time", {"ranks": job["ranks"], "bytes": job["message"]})
    asked |= {
        "mtbf": ("job_mtbf", faults),
        "training_share": ("effective_training_share", faults | recovery),
        "spares": ("spare_devices", faults | reserve),
        "idle": ("moe_idle_share", step | {"phase": "decode"}),
        "exchange_idle": ("moe_idle_share", step | {"phase": "decode", "part": "exchange"}),
        "throughput": ("decode_throughput", step | accepted),
        "frontier": ("decode_frontier", served | accepted),
    }
    return asked


def ask(cluster, name, draws=None, seed=0):
    """Return the answer to one question: a float, or an array of draws; cost and energy follow from the frontier.

    Raises Missing where the machine lacks a number that the answer needs.
    """
    if name in ("token_cost", "token_energy"):
        return _spent(cluster, name, draws, seed)
    kind, inputs = questions(cluster)[name]
    what, scenario = quantity(kind), cluster.scenario(draws, seed)
    numbers, texts = check(what, pd.DataFrame([inputs]), cluster.system, "your cluster")
    choices = {key: words[0] for key, (_, words) in texts.items() if words[0]}
    choices.pop("system", None)
    answer = what.evaluate(scenario, choices, numbers)
    return np.broadcast_to(answer, (draws, 1))[:, 0] if draws else float(np.ravel(answer)[0])


def answers(cluster, draws, seed=0):
    """Return a frame: question, value, low, high, missing; one row each; missing says which number is not known."""
    rows = []
    for name in (*questions(cluster), "token_cost", "token_energy"):
        try:
            value, many = ask(cluster, name), ask(cluster, name, draws, seed)
        except Missing as gap:
            rows.append((name, np.nan, np.nan, np.nan, str(gap)))
            continue
        rows.append((name, value, *np.percentile(many, [5, 95]), ""))
    return pd.DataFrame(rows, columns=["question", "value", "low", "high", "missing"])


def rates(scenario, cluster):
    """Return what a device costs an hour and draws: {rent, serving_power}, base units; Missing where neither is known.

    A price without a rent is turned into one at the ratio of gb200-nvl72. Law: model.serving.rent_from_price.
    """
    given, system = cluster.given, scenario.system
    power = given.get("serving_power")
    found = {"serving_power": system("system_power") / system("devices") if power is None else power}
    price = given.get("device_price")
    if given.get("rent") is not None:
        return found | {"rent": given["rent"]}
    if price is None and "rent" in system:
        return found | {"rent": system("rent")}
    if price is None:
        price = system("price") / Scenario(cluster.system).system("devices")
    basis = scenario.facts("systems", "gb200-nvl72")
    law = serving.rent_from_price
    known = {"rent": basis("rent"), "domain_price": basis("price"), "domain": basis("domain")}
    ratio = sp.solve(law[rent].rhs - rent, rent_ratio)[0]
    columns = {"rent_ratio": compute(ratio, known), "domain_price": price, "domain": 1.0}
    return found | {"rent": compute(law.solve(rent), columns)}


def _spent(cluster, name, draws, seed):
    """Return dollars or joules for one token at the frontier; infinite where the speed is out of reach."""
    throughput = np.asarray(ask(cluster, "frontier", draws, seed))[..., None]
    columns = rates(cluster.scenario(draws, seed), cluster)
    columns |= {"busy_share": cluster.job["busy_share"], "decode_throughput": throughput}
    with np.errstate(divide="ignore"):
        spent = compute(serving.cost.solve({"token_cost": token_cost, "token_energy": token_energy}[name]), columns)
    return np.ravel(spent) if draws else float(np.ravel(spent)[0])
