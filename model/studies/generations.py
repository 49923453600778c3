"""Machines sold and announced on the same workloads: one dispatch, one training job, serving at several speeds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.machine import operation_fit
from model.machine.scenario import Scenario
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import Sampler, low_high
from model.numbers.facts import Missing
from model.predictions.network import all_to_all_time
from model.studies.cluster.machine import precisions
from model.studies.domain_size.work import serving_work, training_work

LENT = ("scale_up_bandwidth", "scale_out_bandwidth", "scale_out_achievable")  # numbers that a predecessor may lend
NARROW = ("peak_fp8", "peak_nvfp4")  # peaks from which that in BF16 is guessed, in the ratio of the predecessor


@dataclass(frozen=True)
class Workloads:
    """What every machine is asked, in base units.

    ranks, tokens: devices of one FP8 dispatch, and tokens of each; devices: of the training job; speeds: tokens per
    second and user; conditions: of serving, as in machine.frontier.
    """

    model: str
    ranks: float
    tokens: float
    devices: float
    speeds: tuple
    conditions: dict

    def titles(self):
        """Return {key: title} of every answer; a speed is one answer."""
        named = {"dispatch": "one dispatch", "training": f"training, {self.devices:,.0f} devices"}
        return named | {f"serving_{pace:.0f}": f"serving, {pace:.0f} tokens/s" for pace in self.speeds}


def stand_ins(predecessors):
    """Return (changes, frame): numbers for those that a machine lacks, as {system: {number: value}}, and listed.

    predecessors: {system: the one before it}. Bandwidths are the predecessor's; a peak in BF16 follows from the
    narrowest known one in the predecessor's ratio. Frame: system, number, stand-in, unit, from.
    """
    changes, rows = {}, []
    for name, before in predecessors.items():
        own, old = Scenario(name).system, Scenario(before).system
        lent = {quantity: (old(quantity), "GB/s", f"as on {before}") for quantity in LENT if quantity not in own}
        if "peak_bf16" not in own:
            narrow = next(each for each in NARROW if each in own)
            same = narrow if narrow in old else "peak_int8"
            words = f"{narrow} in {before}'s ratio of BF16 to {same.removeprefix('peak_')}"
            lent["peak_bf16"] = own(narrow) * old("peak_bf16") / old(same), "TFLOP/s", words
        changes[name] = {quantity: value for quantity, (value, _, _) in lent.items()}
        for quantity, (value, unit, origin) in lent.items():
            row = {"system": name, "number": quantity, "stand-in": value / size(unit), "unit": unit, "from": origin}
            rows.append(row)
    return changes, pd.DataFrame(rows)


def answers(names, workloads, changes, draws, seed):
    """Return (answers, gaps): what each machine answers, and the number that it lacks where it cannot.

    Answers: system, question (a key of Workloads.titles), value, low, high: us of a dispatch, tokens/s per device of
    the rest, 0 where a speed is out of reach. Gaps: system, workload, missing.
    """
    found, gaps = [], []
    for name in names:
        for question, keys in _questions(workloads):
            try:
                scenarios = (Scenario(name, each, changes=changes.get(name)) for each in (None, Sampler(draws, seed)))
                middle, many = (np.atleast_2d(question(each, workloads)) for each in scenarios)
            except Missing as gap:
                lacks = str(gap).split(" in data/")[0]
                gaps.append({"system": name, "workload": question.__name__, "missing": lacks})
                continue
            for i, key in enumerate(keys):
                low, high = low_high(many[:, i])
                found.append({"system": name, "question": key, "value": middle[0, i], "low": low, "high": high})
    numbers = ["system", "question", "value", "low", "high"]
    return pd.DataFrame(found, columns=numbers), pd.DataFrame(gaps, columns=["system", "workload", "missing"])


def _questions(workloads):
    """Yield each question, a function, with the keys of its answers."""
    keys = list(workloads.titles())
    yield dispatch, keys[:1]
    yield training, keys[1:2]
    yield serving, keys[2:]


def dispatch(scenario, workloads):
    """Return the time of one dispatch, us, in which every device takes part with all of its dies."""
    shape, dies = scenario.facts("workloads", workloads.model), Scenario(scenario.name).system("dies")
    point = {"ranks": workloads.ranks * dies, "tokens": workloads.tokens / dies, "bytes_per_element": 1.0}
    point |= {name: shape(name) for name in ("hidden", "experts", "topk")}
    point = {name: np.array([float(number)]) for name, number in point.items()}
    return all_to_all_time(scenario, {"op": "dispatch"}, point) / size("us")


def training(scenario, workloads):
    """Return the tokens per second and device of the training job."""
    _narrowest(scenario)
    return training_work(scenario, float(workloads.devices), workloads.model)[1]["trained"]


def serving(scenario, workloads):
    """Return the tokens per second and device at each speed, of the best layouts."""
    speeds = np.array(workloads.speeds)
    return serving_work(scenario, workloads.model, _narrowest(scenario), workloads.conditions, speeds)[0]


def _narrowest(scenario):
    formats = precisions(scenario.name)
    if not formats:
        raise Missing(f"{scenario.name} has no peak in data/systems.csv: add a row with its source")
    return formats[0]


def known(names, changes):
    """Return what is known of each machine, by system: how (known_by), stand_ins, domain, precision."""
    machines = catalog.load("systems")
    kinds = catalog.chosen("systems").query("quantity == 'domain'").set_index("system").kind
    runs = [operation_fit.measured(operation) for operation in ("all_to_all_time", "all_reduce_time")]
    measured = set(pd.concat(runs).system)
    rows = {}
    for name in names:
        told = "a specification" if kinds.get(name) == "spec" else "claims"
        rows[name] = {
            "known_by": "measurements" if name in measured else told,
            "stand_ins": len(changes.get(name, {})),
            "domain": machines.domain.get(name),
            "precision": next(iter(precisions(name)), "none"),
        }
    return pd.DataFrame(rows).T.infer_objects()


def over(found, baseline):
    """Return answers over those of one machine, by system and question; none where that machine has none."""
    wide = found[found.value > 0].pivot(index="system", columns="question", values="value")
    return wide / wide.loc[baseline] if baseline in wide.index else wide.iloc[:0]
