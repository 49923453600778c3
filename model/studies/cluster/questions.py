"""Every question of the study, asked about a cluster and its job."""

import numpy as np
import pandas as pd

from model.laws import reliability, serving
from model.machine import memory
from model.notation.equation import compute
from model.notation.nomenclature import token_cost, token_energy, uptime_availability, whole_domain_share
from model.numbers.draws import low_high
from model.numbers.facts import Missing
from model.predictions.inputs import InputError, RowError, check
from model.predictions.quantities import quantity
from model.predictions.reliability import failure_rate
from model.studies.cluster.machine import RECOVERY, hourly, power


def questions(cluster):
    """Return {name: (quantity, inputs)} of what the command line answers, too; inputs in base units."""
    job, scenario = cluster.job, cluster.scenario()
    shape = scenario.facts("workloads", job["model"])
    layer = {name: shape(name) for name in ("hidden", "experts", "topk")}
    dies = scenario.system("dies", 1)
    exchange = layer | {"ranks": job["ranks"] * dies, "tokens": job["batch"] * np.ceil(job["tokens_per_step"]) / dies}
    step = {name: job[name] for name in ("model", "ranks", "batch", "context", "precision")}
    faults = {"devices": job["devices"]}
    recovery = {name: job[name] for name in RECOVERY}
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
        "idle_one_batch": ("moe_idle_share", step | {"phase": "decode", "overlap": "0"}),
        "throughput": ("decode_throughput", step | accepted),
        "frontier": ("decode_frontier", served | accepted),
    }
    return asked


def ask(cluster, name, draws=None, seed=0, at_hand=None):
    """Return the answer to one question: a float, or an array of draws.

    at_hand: {"frontier": its answer} where it is known already. Raises Missing where the machine lacks a number, or the
    memory for what is asked.
    """
    if name in DERIVED:
        answer = DERIVED[name](cluster, cluster.scenario(draws, seed), draws, seed, at_hand or {})
    else:
        kind, inputs = questions(cluster)[name]
        what = quantity(kind)
        try:
            numbers, texts = check(what, pd.DataFrame([inputs]), cluster.system, "your cluster")
            choices = {key: words[0] for key, (_, words) in texts.items() if words[0]}
            choices.pop("system", None)
            answer = what.values(cluster.scenario(draws, seed), choices, numbers)
        except (InputError, RowError) as error:
            raise Missing(str(error)) from error
    return np.broadcast_to(answer, (draws, 1))[:, 0] if draws else float(np.ravel(answer)[0])


def ask_all(cluster, names, draws=None, seed=0):
    """Return {name: answer or Missing} of several questions, the frontier searched once."""
    found = {}
    for name in sorted(names, key=lambda each: each in DERIVED):
        try:
            found[name] = ask(cluster, name, draws, seed, found)
        except Missing as gap:
            found[name] = gap
    return found


def answers(cluster, draws, seed=0):
    """Return a frame: question, value, low, high, missing; one row each; missing says which number is not known."""
    names = [*questions(cluster), *DERIVED]
    middle, many = ask_all(cluster, names), ask_all(cluster, names, draws, seed)
    rows = []
    for name in names:
        lacks = isinstance(middle[name], Missing)
        ends = (np.nan, np.nan) if lacks else low_high(many[name])
        rows.append((name, np.nan if lacks else middle[name], *ends, str(middle[name]) if lacks else ""))
    return pd.DataFrame(rows, columns=["question", "value", "low", "high", "missing"])


def job_row(cluster):
    """Return the operating point of a decode step as `machine.step` takes it: arrays of length one."""
    row = {name: np.array([float(cluster.job[name])]) for name in ("ranks", "batch", "context", "tokens_per_step")}
    return row | {"processed": np.ceil(row["tokens_per_step"])}


def _whole_domain(cluster, scenario, draws, seed, at_hand):
    """Return the share of time in which no device of a domain waits for repair. Laws: model.laws.reliability."""
    each = {"job_mtbf": 1 / failure_rate(scenario), "downtime": cluster.job["repair"]}
    works = compute(reliability.clock.solve(uptime_availability), each)
    columns = {"domain": scenario.system("domain"), "unavailability": 1 - works, "fabric_availability": 1.0}
    return compute(reliability.whole_domain.solve(whole_domain_share), columns)


def _batch_limit(cluster, scenario, draws, seed, at_hand):
    """Return the requests per device that memory holds at the job's ranks; negative where weights do not fit."""
    return memory.largest_batch(scenario, cluster.job["model"], cluster.job["precision"], job_row(cluster))


def _spent(target, name, rate):
    def spent(cluster, scenario, draws, seed, at_hand):
        """Return dollars or joules for one token at the frontier; infinite where the speed is out of reach."""
        throughput = at_hand.get("frontier")
        if throughput is None:
            throughput = ask(cluster, "frontier", draws, seed)
        if isinstance(throughput, Missing):
            raise throughput
        columns = {"decode_throughput": np.asarray(throughput)[..., None], "busy_share": cluster.job["busy_share"]}
        with np.errstate(divide="ignore"):
            return compute(serving.cost.solve(target), columns | {name: rate(cluster, scenario)})

    return spent


DERIVED = {
    "whole_domain": _whole_domain,
    "batch_limit": _batch_limit,
    "token_cost": _spent(token_cost, "rent", hourly),
    "token_energy": _spent(token_energy, "serving_power", power),
}
