"""What the page holds, as JSON can: programs, numbers and words; where it starts, and what the study says there."""

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import HIGH, LOW
from model.numbers.facts import REACHED
from model.predictions.along import Along
from model.predictions.ask import predict
from model.predictions.changes import change
from model.predictions.program import Making, Noting, Pool, write
from model.predictions.quantities import QUANTITIES, quantity
from model.predictions.serving import HELD_NOWHERE
from model.studies.your_machine import serving, training
from model.studies.your_machine.inputs import HELD, inputs, meaning, page_name, relations
from model.studies.your_machine.programs import Shelf, both, both_sides, changeable, key, packed, use, words
from model.studies.your_machine.steps import STEPS, bind_bytes, functions, shared_numbers, step_uses

AREAS = {  # of what is asked: its quantities
    "a step of serving": ("decode_throughput", "prefill_throughput", "moe_idle_share", "devices_needed"),
    "an exchange": ("all_to_all_time", "all_reduce_time", "all_gather_time", "reduce_scatter_time"),
    "faults of a large job": ("job_mtbf", "effective_training_share", "spare_devices", "whole_domain_share"),
    "a step of training": training.QUANTITIES,
    "a service": serving.QUANTITIES,
}
OFFERED = tuple(name for names in AREAS.values() for name in names)
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


def page(asked):
    """Return what the page holds, as JSON can: codes, making of draws, machines, workloads, quantities with uses."""
    codes, making, found, taken = Shelf(), Making(), {}, set()
    known = {name: both(name, asked, making) for name in asked.systems}
    shelves = Pool(), Shelf(), Shelf(), Shelf()
    trained, asked_for = held_of_training(known, asked, making)
    served = held_of_serving(known, codes, making)
    asked_for |= serving.names(served)
    taken |= facts_among(asked_for)
    for name in OFFERED:
        what, uses = quantity(name), {}
        if name in training.QUANTITIES:
            uses = {each: {"value": {"quantity": name, "columns": place}} for each, place in trained["uses"].items()}
            uses = {each: {**one, "drawn": one["value"]} for each, one in uses.items()}
            found[name] = told(what, asked, uses)
            continue
        if sides := functions(name):
            uses = step_uses(what, sides, known, asked, shelves)
        if name == HELD:
            uses = {each: {side: {"holding": place} for side, place in one.items()} for each, one in uses.items()}
        for system, scenarios in known.items() if not sides and name not in serving.QUANTITIES else ():
            for choices in words(what):
                each = use(what, scenarios, choices, asked, codes, making)
                taken |= facts_among(bound for one in (*each["value"], *each["drawn"]) for bound in one[1])
                uses[key(system, choices)] = each
        found[name] = told(what, asked, uses)
    asked_for |= {each for each in shelves[0].names if isinstance(each, str)}
    taken |= facts_among(asked_for)
    return {
        "interval": [LOW, HIGH],
        "seed": [asked.seed, 0],
        "codes": codes.kept,
        "lines": list(shelves[0].lines),
        "names": [bind_bytes(each, making) for each in shelves[0].names],
        **dict(zip(("lists", "sequences", "refusals"), (each.kept for each in shelves[1:]), strict=True)),
        **shared_numbers(known, asked_for, asked, making),
        "systems": {name: {"facts": machine(name, taken, asked, making)} for name in asked.systems},
        "sought": {name: vars(along(name)) for name in sorted(taken)},
        "training": {name: each for name, each in trained.items() if name != "uses"},
        "serving": served,
        "making": making.lines,
        "made": making.functions,
        "workloads": {name: workload(name) for name in asked.workloads},
        "nowhere": HELD_NOWHERE,
        "domainless": {
            name: why for name in asked.systems if (why := serving.refusal(Scenario(name).system, "domain"))
        },
        "areas": AREAS,
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


def told(what, asked, uses):
    """Return what the page holds of a quantity beside its programs; draws: as many as on the command line, or more."""
    draws = max(asked.draws, what.draws)
    return {"meaning": what.meaning, "unit": what.unit, "draws": draws, "inputs": inputs(what), "uses": uses}


def held_of_training(known, asked, making):
    """Return what the page holds of training, and the names of what it takes besides, a set; known: of `both`."""
    sides = {name: tuple(scenario for scenario, _ in each.values()) for name, each in known.items()}
    kept, names = training.held(sides, asked.workloads, lambda *each: both_sides(*each, making), making)
    return kept, set(names)


def held_of_serving(known, codes, making):
    """Return what the page holds of serving, for JSON; known: of `both`."""

    def priced(system, find):
        found = {}
        for side, (scenario, facts) in known[system].items():

            def asked(columns, scenario=scenario):
                return find(scenario.given({key[1]: column for key, column in columns.items()}))

            found[side] = [packed(write(asked, facts), codes, making)]
        return found

    return serving.held(tuple(known), priced)


def facts_among(bounds):
    """Return the numbers of the machine for which arguments stand, a set of names."""
    precisions = quantity(STEPS[0]).input("precision").words
    named = {each[2:] for each in bounds if isinstance(each, str) and each.startswith("f:")}
    return {each.format(precision=precision) for each in named for precision in precisions}


def machine(name, taken, asked, making):
    """Return the numbers of a system that answers take: value, bounds, unit, kind, source, and their draws."""
    scenario, drawn = Scenario(name), Scenario(name, Noting(asked.draws, (asked.seed, 0), making))
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
            **({"draws": making.place(draws)} if draws.size > 1 else {}),
            **({"reached_of": rate} if (rate := REACHED.get(fact)) in changeable(name) else {}),
            **{word: str(getattr(row, word)) for word in ("kind", "source", "locator")},
            "meaning": meaning(fact),
            "accepts": list(change(fact)),
        }
    return found


def along(name):
    """Return the Places among which a number of the machine is sought, as the study has them."""
    return Along(quantity(OFFERED[0]), name, {}, None, {}, 1, 0, "").places


def workload(name):
    """Return the numbers of a workload that the quantities of the page take."""
    facts = catalog.load("workloads").loc[name]
    taken = {page_name(name, each.name) for name in OFFERED for each in QUANTITIES[name].inputs}
    return {each: float(facts[each]) for each in sorted(taken) if each in facts.index and np.isfinite(facts[each])}


def start(held, system, workload, job):
    """Return where a page starts: {system, workload, inputs: {name: text}} of a job, {input: number or word}.

    Inputs that a workload has are its own; those that may be left out are left out. Raises ValueError where an input
    that must be given is not.
    """
    texts = {}
    for what in held["quantities"].values():
        for each in what["inputs"]:
            if each.get("words") == ["*"]:  # a machine's own software stands in, and the workload is chosen
                continue
            name = each["name"]
            number = job.get(name, held["workloads"][workload].get(name))
            if number is None and not each["optional"]:
                raise ValueError(f"the job lacks {name}: {each['accepts']}")
            texts[name] = "" if number is None else number if isinstance(number, str) else f"{number:.12g}"
    return {"system": system, "workload": workload, "inputs": texts}


def answers(start):
    """Return what the study answers where the page starts: quantity, value, low, high, unit, in the order of OFFERED.

    start: {system, workload, inputs: {name: text}}, as the page holds it.
    """
    rows = []
    for name in OFFERED:
        what = quantity(name)
        given = {"model": start["workload"], **start["inputs"]}
        given = {each.name: given.get(page_name(name, each.name), "") for each in what.inputs}
        found = predict(
            name, pd.DataFrame([{key: word for key, word in given.items() if word != ""}]), system=start["system"]
        )
        rows.append((name, *found.loc[0, ["value", "low", "high"]], what.unit))
    return pd.DataFrame(rows, columns=["quantity", "value", "low", "high", "unit"])
