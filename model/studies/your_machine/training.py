"""What the page on a reader's own machine holds of training: law, rules of layouts, and the numbers they take.

The page tries the layouts that model.machine.training_search tries, with the law printed from its equations.
"""

import numpy as np

from model.laws import training as laws
from model.machine import training_fit, training_search, training_step
from model.machine.training_step import JOB, LAYOUT, Training
from model.notation import nomenclature as symbols
from model.notation import script
from model.notation.equation import Model
from model.predictions.program import write
from model.predictions.training import BLOCK_SCALED, PRECISIONS, TAILS

QUANTITIES = ("training_throughput", "training_step_time")
WHOLE = Model(tuple(each for part in laws.PARTS for each in part.equations), ())
OWN = "config.json"  # a reader's own workload, as the command that the page names calls it
# What else is asked bears the same names on the page: these inputs have names of their own there.
RENAMED = {name: f"training_{name}" for name in ("precision", "sequence", "tensor_devices", "expert_devices")}
SEARCH = {
    "job": JOB,
    "layout": LAYOUT,
    "renamed": RENAMED,
    "tensor": [training_search.TENSOR[dense] for dense in (False, True)],
    "context": [training_search.CONTEXT[dense] for dense in (False, True)],
    "experts": training_search.EXPERTS,
    "stages": training_search.STAGES,
    "chunks": training_search.CHUNKS,
    "microbatch": training_search.MICROBATCH,
    "most_devices": training_search.MOST_DEVICES,
    "rounding": training_step.ROUNDING,
    "draws": TAILS,  # as many as the command line takes: the law of a step is soon evaluated
}


class Names:
    """A Machine that answers with names in place of the numbers of systems and workloads: which column is which.

    scenario: the Scenario that answers all else.
    """

    def __init__(self, scenario):
        self.scenario = scenario

    def system(self, name):
        """Return how a program names a number of the machine; Missing where it has none."""
        self.scenario.system(name)
        return f"f:{name}"

    def facts(self, table, name):
        """Return what names the numbers of a workload, or the Facts of anything else."""
        return _of_workload if table == "workloads" else self.scenario.facts(table, name)


def _of_workload(name, default=None):
    return [f"w:{name}", str(default)] if default is not None and np.isinf(default) else f"w:{name}"


def columns(sides, asked, both_sides):
    """Return {column of the law: what stands for it} of a Training on one system, or why there is none, in words.

    sides: the Scenario without draws and with them; both_sides: function of a number and its draws.
    """
    value, drawn = sides
    if asked.precision in BLOCK_SCALED and BLOCK_SCALED[asked.precision] not in value.system:
        return f"{value.name} has no products of {asked.precision}: give precision=fp8 or bf16"
    try:
        named = training_step.columns(Names(value), asked)
    except ValueError as error:  # a number that the system lacks: as the study says it
        return str(error)
    known = [{**training_step.columns(each, asked), **_constants(each, asked)} for each in sides]
    named |= {name: None for name in known[0] if name not in named} | dict.fromkeys(_constants(value, asked))
    return {
        name: each if isinstance(each, list | str) else both_sides(*(side[name] for side in known))
        for name, each in named.items()
    }


def _constants(scenario, asked):
    return training_fit.constants(training_fit.fit(), scenario, asked)


def held(systems, workloads, both_sides, making):
    """Return what the page holds of training, and the names of machines' and of workloads' numbers that it takes.

    systems: {name: (Scenario without draws, with draws)}; both_sides: function of a number and its draws; making: of
    these draws. uses: {system|precision: place of its columns, or a refusal}; over: {release|precision: what differs}.
    """
    uses, kept, over = {}, [], {}
    for system, sides in systems.items():
        for precision in PRECISIONS:
            found = columns(sides, Training(workloads[0], precision), both_sides)
            if isinstance(found, str):
                uses[f"{system}|{precision}"] = found
                continue
            uses[f"{system}|{precision}"] = len(kept)
            kept.append(found)
            for release in training_fit.releases():
                if f"{release}|{precision}" not in over:  # a release differs alike on all systems
                    other = columns(sides, Training(workloads[0], precision, release), both_sides)
                    over[f"{release}|{precision}"] = {name: each for name, each in other.items() if each != found[name]}
    shared = (
        {name: each for name, each in kept[0].items() if all(other[name] == each for other in kept)} if kept else {}
    )
    scatter = {
        f"{system}|{workload}": making.place(np.ascontiguousarray(drawn.training_scatter(workload)))
        for system, (_, drawn) in systems.items()
        if any(not isinstance(uses[f"{system}|{precision}"], str) for precision in PRECISIONS)
        for workload in (*workloads, OWN)
    }
    names = [each if isinstance(each, str) else each[0] for one in kept for each in one.values() if _is_name(each)]
    return {
        **SEARCH,
        "uses": uses,
        "shared": shared,
        "columns": [{name: each for name, each in one.items() if name not in shared} for one in kept],
        "over": over,
        "scatter": scatter,
        "rules": rules(),
        "even": even(),
        "laws": [list(script.law(WHOLE, targets)) for targets in TARGETS],
    }, sorted(set(names))


TARGETS = (symbols.needed_bytes,), (symbols.needed_bytes, symbols.training_throughput)


def _is_name(each):
    return isinstance(each, str) or (isinstance(each, list) and isinstance(each[0], str))


def _written(tell, names):
    """Return (JavaScript, names of its arguments) of what is told of Columns by name."""
    program = write(lambda given: tell(given), {name: np.array([2.0]) for name in names})
    return [program.code, list(program.bound)]


def rules():
    """Return [sentence, JavaScript, names of arguments, whether a part alone can tell] of what a layout must keep."""

    def each(given):
        return list(training_search.rules(given, given["layers"], given["devices"], given["sequences"]))

    names = (*LAYOUT, "layers", "devices", "sequences")
    plain = each({name: np.array([2.0]) for name in names})
    return [
        [sentence, *_written(lambda given, place=place: each(given)[place][1], names), alone]
        for place, (sentence, _, alone) in enumerate(plain)
    ]


def even():
    """Return (JavaScript, names of its arguments) of training_search.even, where chunks are not set."""
    return _written(
        lambda given: training_search.even(given, given["devices"], given["sequences"], False),
        (*LAYOUT, "devices", "sequences"),
    )
