"""What the page on a reader's own machine holds: predictions written down as programs, and the numbers they take.

A program is one branch of a quantity's own function (model.predictions.program). Branches are found by asking many
examples; what no branch of the page answers the page refuses, and names the command that answers it.
"""

import base64
from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import HIGH, LOW, Sampler
from model.predictions.ask import predict
from model.predictions.changes import change
from model.predictions.inputs import OPTIONAL, RELATIONS, describe, fitting
from model.predictions.program import write
from model.predictions.quantities import QUANTITIES, quantity

OFFERED = ("all_to_all_time", "all_reduce_time", "job_mtbf", "effective_training_share", "spare_devices")
OFFERED += ("whole_domain_share",)
# Parameters of notebooks/your_cluster.ipynb that the page knows: an input or a number of the machine, and its unit.
PARAMETERS = {
    "domain": ("fact", "domain", "1"),
    "scale_up_bandwidth": ("fact", "scale_up_bandwidth", "GB/s"),
    "scale_out_bandwidth": ("fact", "scale_out_bandwidth", "GB/s"),
    "scale_out_latency": ("fact", "scale_out_latency", "us"),
    "failure_rate": ("input", "failure_rate", "1/s"),
    "devices": ("input", "devices", "1"),
    "checkpoint_write": ("input", "checkpoint_write", "s"),
    "downtime": ("input", "downtime", "s"),
    "reload": ("input", "reload", "s"),
    "repair": ("input", "repair", "s"),
    "withdrawn": ("input", "withdrawn", "1"),
    "confidence": ("input", "confidence", "1"),
    "ranks": ("input", "ranks", "1"),
    "message": ("input", "bytes", "B"),
}
LEVELS = 2**16 - 1  # steps between the least and the largest of an array of draws that a page holds


@dataclass(frozen=True)
class Asked:
    """What the page is built for: systems, workloads, examples that seek branches, draws, seed."""

    systems: tuple
    workloads: tuple
    examples: int
    draws: int
    seed: int


class Rewritten(Scenario):
    """A Scenario that is asked again and again with other numbers of its system, and keeps all else that it knows."""

    def given(self, changes):
        """Return itself with changes in place of the numbers of its system."""
        self._changes, self._roomiest = changes, None
        self._facts.pop(("systems", self.name), None)
        return self


class Shelf:
    """Things that many uses share, each kept once: put returns its place."""

    def __init__(self):
        self.kept, self._places = [], {}

    def put(self, identity, thing):
        """Return the place of a thing; identity: what tells it from others."""
        if identity not in self._places:
            self._places[identity] = len(self.kept)
            self.kept.append(thing)
        return self._places[identity]


def changeable(system):
    """Return the numbers of a system that a reader may change, by name: rows of data/systems.csv.

    A number that the reliability of a fleet is counted with bears the same name as one of the machine, and stays.
    """
    fleet = catalog.recorded("reliability", system)
    return {name: row for name, row in catalog.recorded("systems", system).items() if name not in fleet}


def examples(what, number, rng, facts):
    """Yield mappings from a quantity's numbers and a system's facts to examples, far apart, some of them left out.

    Inputs that do not fit each other are refused before a quantity is asked, and are no examples.
    """
    numbers = [each for each in what.inputs if not each.choices]
    done = 0
    while done < number:
        found = {}
        for each in numbers:
            low, high = max(each.low, each.least, 1e-12), min(each.high, 1e12)
            drawn = float(np.exp(rng.uniform(np.log(low), np.log(min(high, low * 10 ** rng.uniform(0.5, 13))))))
            found[each.name] = np.floor(drawn) if each.whole else drawn
            if each.default == OPTIONAL and rng.random() < 0.5:
                found[each.name] = np.nan
            elif each.low == 0 and rng.random() < 0.05:
                found[each.name] = 0.0
        if all(fitting({name: np.array([value]) for name, value in found.items()}, name).all() for name in found):
            done += 1
            yield {("input", name): np.array([value]) for name, value in found.items()} | another_domain(facts, rng)


def another_domain(facts, rng):
    """Return facts, in half of all cases with a domain some powers of two away: a reader may change it."""
    key = ("fact", "domain")
    if key not in facts or rng.random() < 0.5:
        return facts
    return facts | {key: np.maximum(facts[key] * 2.0 ** rng.integers(-3, 4), 2.0)}


def programs(what, scenario, facts, choices, asked):
    """Return the distinct Programs of a quantity on one system, under one set of words, as examples find them.

    scenario: a Rewritten; facts: {("fact", name): number or draws}.
    """

    def predict(columns):
        rows = {key[1]: column for key, column in columns.items() if key[0] == "input"}
        changes = {key[1]: column for key, column in columns.items() if key[0] == "fact"}
        return what.evaluate(scenario.given(changes), dict(choices), rows)

    found = {}
    for numbers in examples(what, asked.examples, np.random.default_rng(asked.seed), facts):
        each = write(predict, numbers)
        found.setdefault((each.code, str(each.refusal)), each)
    return list(found.values())


def words(what):
    """Yield the mappings of words that a quantity takes: every op; the software that is taken where none is named."""
    found = [{}]
    for each in what.inputs:
        if not each.choices:
            continue
        accepted = ("",) if each.words == ("*",) else each.words
        found = [{**one, each.name: word} for one in found for word in accepted]
    yield from found


def key(system, choices):
    """Return the key of a use: the system and its words."""
    return "|".join([system, *choices.values()])


def page(asked):
    """Return what the page holds, as JSON can: codes, arrays of draws, machines, workloads, quantities with uses."""
    codes, arrays, found, taken = Shelf(), Shelf(), {}, set()
    known = {name: both(name, asked) for name in asked.systems}
    for name in OFFERED:
        what, uses = quantity(name), {}
        for system, scenarios in known.items():
            for choices in words(what):
                each = use(what, scenarios, choices, asked, codes, arrays)
                taken |= {bound[2:] for one in (*each["value"], *each["drawn"]) for bound in one[1] if is_fact(bound)}
                uses[key(system, choices)] = each
        found[name] = {"meaning": what.meaning, "unit": what.unit, "inputs": inputs(what), "uses": uses}
    return {
        "draws": asked.draws,
        "interval": [LOW, HIGH],
        "levels": LEVELS,
        "codes": codes.kept,
        "systems": {name: {"facts": machine(name, taken, asked, arrays)} for name in asked.systems},
        "arrays": arrays.kept,
        "workloads": {name: workload(name) for name in asked.workloads},
        "quantities": found,
        "choices": {
            each["name"]: each["words"]
            for what in found.values()
            for each in what["inputs"]
            if each.get("words", ["*"]) != ["*"]
        },
        "relations": relations(),
        "parameters": [[name, kind, of, float(size(unit))] for name, (kind, of, unit) in PARAMETERS.items()],
    }


def is_fact(bound):
    """Tell whether an argument stands for a number of the machine."""
    return isinstance(bound, str) and bound.startswith("f:")


def use(what, scenarios, choices, asked, codes, arrays):
    """Return {value: programs, drawn: programs} of a quantity on a system, for JSON; scenarios: of `both`."""
    given = {name: word for name, word in choices.items() if word}
    found = {side: programs(what, *each, given, asked) for side, each in scenarios.items()}
    return {side: [packed(each, codes, arrays) for each in one] for side, one in found.items()}


def both(system, asked):
    """Return {value or drawn: (a Rewritten, numbers or draws of its system)}."""
    found = {}
    for side, sampler in (("value", None), ("drawn", Sampler(asked.draws, (asked.seed, 0)))):
        facts = Scenario(system, sampler).system
        numbers = {("fact", name): np.asarray(facts(name), float) for name in changeable(system)}
        found[side] = Rewritten(system, sampler), numbers
    return found


def packed(program, codes, arrays):
    """Return a Program as JSON can hold it: [place of its code, what its arguments stand for, refusal if it is one]."""
    bound = [bind(each, arrays) for each in program.bound]
    return [codes.put(program.code, program.code), bound, *([list(program.refusal)] if program.refusal else [])]


def bind(each, arrays):
    """Return what an argument stands for, as JSON: a number, a place of draws ("d7"), an input or a fact by name."""
    if isinstance(each, tuple):
        return f"{each[0][0]}:{each[1]}"
    if isinstance(each, np.ndarray):
        return f"d{arrays.put(each.tobytes(), squeezed(each))}"
    return "nan" if np.isnan(each) else each


def squeezed(drawn):
    """Return draws as JSON: 65,535 steps between their ends, of the logarithm where all are positive, as base64."""
    positive = bool(np.all(drawn > 0))
    numbers = np.log(drawn) if positive else np.asarray(drawn, float)
    if not np.isfinite(numbers).all():
        raise ValueError("a draw is infinite or no number: the page cannot hold it")
    low, high = float(numbers.min()), float(numbers.max())
    steps = np.rint((numbers - low) / (high - low) * LEVELS).astype("<u2")
    return [int(positive), low, high, base64.b64encode(steps.tobytes()).decode()]


def machine(name, taken, asked, arrays):
    """Return the numbers of a system that answers take: value, bounds, unit, kind, source, and their draws."""
    scenario, drawn = Scenario(name), Scenario(name, Sampler(asked.draws, (asked.seed, 0)))
    found = {}
    for fact, row in changeable(name).items():
        if fact not in taken:
            continue
        draws = np.asarray(drawn.system(fact), float)
        found[fact] = {
            "value": float(scenario.system(fact)),
            "unit": row.unit,
            "size": float(size(row.unit)),
            **{side: float(getattr(row, side)) for side in ("low", "high") if np.isfinite(getattr(row, side))},
            **({"draws": arrays.put(draws.tobytes(), squeezed(draws[:, 0]))} if draws.size > 1 else {}),
            **{word: str(getattr(row, word)) for word in ("kind", "source", "locator")},
            "meaning": meaning(fact),
            "accepts": list(change(fact)),
        }
    return found


def meaning(name):
    """Return what the nomenclature says of a name, or nothing."""
    return next((entry.meaning for symbol, entry in NOMENCLATURE.items() if str(symbol) == name), "")


def workload(name):
    """Return the numbers of a workload that the quantities of the page take."""
    facts = catalog.load("workloads").loc[name]
    taken = {each.name for quantity in OFFERED for each in QUANTITIES[quantity].inputs}
    return {each: float(facts[each]) for each in sorted(taken) if each in facts.index and np.isfinite(facts[each])}


def inputs(what):
    """Return what each input of a quantity accepts, as the study checks it and says it."""
    return [
        {
            "name": each.name,
            "meaning": each.meaning or meaning(each.name),
            "unit": each.unit,
            "accepts": describe(each),
            "optional": each.default is not None,
            **({} if each.default in (None, OPTIONAL) else {"default": each.default}),
            **({"beyond": each.beyond} if each.beyond else {}),
            **(
                {"words": list(each.words)}
                if each.choices
                else {
                    "low": each.low,
                    "high": min(each.high, np.finfo(float).max),
                    "least": each.least,
                    "whole": each.whole,
                }
            ),
        }
        for each in what.inputs
    ]


def relations():
    """Return what must hold between two inputs: names, a program that tells it, what is accepted, what is meant."""
    numbers = {("input", "own"): np.array([2.0]), ("input", "other"): np.array([4.0])}
    found = []
    for each in RELATIONS:
        program = write(
            lambda columns, each=each: each.fits(columns["input", "own"], columns["input", "other"]), numbers
        )
        found.append(
            [each.name, each.other, program.code, [name[1] for name in program.bound], each.accepted, each.else_meant]
        )
    return found


def start(held, system, workload, job):
    """Return where a page starts: {system, workload, inputs: {name: text}} of a job, {input: number or word}.

    Inputs that a workload has are its own; those that may be left out are left out. Raises ValueError where an input
    that must be given is not.
    """
    texts = {}
    for what in held["quantities"].values():
        for each in what["inputs"]:
            name = each["name"]
            number = job.get(name, held["workloads"][workload].get(name))
            if number is None and not each["optional"]:
                raise ValueError(f"the job lacks {name}: {each['accepts']}")
            if each.get("words") != ["*"]:  # a machine's own software stands in
                texts[name] = "" if number is None else number if isinstance(number, str) else f"{number:.12g}"
    return {"system": system, "workload": workload, "inputs": texts}


def answers(start):
    """Return what the study answers where the page starts: quantity, value, low, high, unit, in the order of OFFERED.

    start: {system, workload, inputs: {name: text}}, as the page holds it.
    """
    rows = []
    for name in OFFERED:
        what = quantity(name)
        given = {each.name: start["inputs"].get(each.name, "") for each in what.inputs}
        found = predict(
            name, pd.DataFrame([{key: word for key, word in given.items() if word != ""}]), system=start["system"]
        )
        rows.append((name, *found.loc[0, ["value", "low", "high"]], what.unit))
    return pd.DataFrame(rows, columns=["quantity", "value", "low", "high", "unit"])


def elsewhere():
    """Return the quantities that the page does not answer: quantity, meaning, and the command that asks for it."""
    rows = [
        (name, what.meaning, " ".join(["python -m model predict", name, *needed(what)]))
        for name, what in QUANTITIES.items()
        if name not in OFFERED
    ]
    return pd.DataFrame(rows, columns=["quantity", "meaning", "command"])


def needed(what):
    """Return what a command must give: the system and every input without a default."""
    inputs = [f"{each.name}=..." for each in what.inputs if each.default is None]
    return ["--system ...", *inputs] if what.system == "required" else inputs
