"""The numbers that the chapter's example puts into its laws."""

from model.laws import idle
from model.laws import step as laws
from model.machine import step
from model.notation.equation import kept
from model.notation.substitution import columns_of, example
from model.numbers import catalog
from model.studies.idle.machines import precisions
from model.studies.idle.pipelines import schedule
from model.studies.idle.steps import WAYS


def examples(case, system, ranks, batch):
    """Return what the example puts into the laws of the chapter: {law: {name: number in base units}}.

    serial, overlapped: one step of decode on a machine, of one batch and of one of two microbatches; waits: the idle
    shares of the serial one; pipeline: the training run whose report gives its times; random: routing at random.
    """
    scenario, asked, rows = case.scenario(system), case.asked(precisions()[system]), case.rows(ranks, batch)
    step.step(scenario, asked, rows)  # so that what is fitted has been fitted
    found = {}
    for way, law in (("serial", laws.one_batch), ("overlapped", laws.two_batches)):
        with kept() as calls:
            step.step(scenario, asked, rows, WAYS[way])
        found[way] = example(law, columns_of(law, calls))
    even = example(laws.one_batch, found["serial"] | {"skew": 0.0})
    waits = {name: found["serial"][name] for name in ("step_time", "compute_time")}
    waits |= {"useful_time": even["compute_time"], "stages": 1.0, "microbatches": 1.0}
    shape = catalog.load("workloads").loc[case.workload]
    thrown = {"group_devices": float(ranks), "step_tokens": float(batch), "topk": shape.topk, "experts": shape.experts}
    found |= {"waits": example(idle.idle, waits), "pipeline": schedule(), "random": thrown}
    return found
