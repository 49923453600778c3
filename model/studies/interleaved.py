"""Services that take prompts on the devices that decode: their time per token, predicted from runs that do not."""

import numpy as np

from model.laws.serving import interleaved
from model.machine import step_fit, step_points
from model.machine.scenario import Scenario
from model.machine.step import Asked, duration
from model.notation.equation import compute
from model.notation.nomenclature import token_time
from model.notation.substitution import example as example_of
from model.numbers import catalog
from model.numbers.draws import Sampler, low_high
from model.predictions.serving import prefill_rate
from model.studies.against import against


def runs():
    """Return the runs of data/serving_runs.csv with a role that mix prompts and decode, as points of a step.

    Columns as `step_points.points`, `time` per output token in s, input_tokens and output_tokens.
    """
    rows = catalog.chosen("serving_runs")
    return step_points.in_decode(rows[(rows["mode"] == "aggregated") & (rows.drafts == 0)]).reset_index(drop=True)


def untold(rows):
    """Return the workloads of rows whose shape data/workloads.csv does not have, with the number of their runs."""
    told = catalog.chosen("workloads").workload.unique()
    return rows.workload[~rows.workload.isin(told)].value_counts()


def compare(rows, draws=1000, seed=0):
    """Return rows with predicted, low, high (s), error, inside and half_width, as `validation.compare` does.

    Constants of a step come from runs of DeepSeek-V3 that decode and nothing else. Law: laws.serving.interleaved.
    """
    found = np.empty((3, len(rows)))
    for words, group in rows.groupby(step_fit.WORDS, sort=False):
        for sampler in (None, Sampler(draws, (seed, 0))):
            time = _time(words, group, sampler)
            found[slice(1, 3) if sampler else 0, group.index] = low_high(time, axis=0) if sampler else time
    predicted, low, high = found
    return rows.assign(predicted=predicted, low=low, high=high, **against(rows.time, predicted, low, high))


def example(rows, workload):
    """Return (row, numbers) of the run of a workload with the middle measured time, and what it puts into the law.

    rows: of `compare`; numbers: by name, in base units, with what follows from them. Of an even count the faster run of
    the two in the middle. Raises ValueError where no run is of that workload.
    """
    found = rows[rows.workload == workload].sort_values("time", kind="stable")
    if found.empty:
        raise ValueError(f"no run of {workload} mixes prompts with decode: take one of {sorted(set(rows.workload))}")
    row = found.iloc[[(len(found) - 1) // 2]]
    columns = _columns(row[step_fit.WORDS].iloc[0], row, None)
    return row.iloc[0], example_of(interleaved, {name: float(np.ravel(each)[0]) for name, each in columns.items()})


def _time(words, rows, sampler):
    """Return the time per output token of runs of the same words, s: an array, or of shape (draws, rows)."""
    return compute(interleaved.solve(token_time), _columns(words, rows, sampler))


def _columns(words, rows, sampler):
    """Return what runs of the same words put into the law: arrays, or of shape (draws, rows), by name."""
    system, workload, precision, engine = words
    scenario = Scenario(system, sampler)
    layout = {name: rows[name].to_numpy(float) for name in ("ranks", "tensor_devices", "expert_devices")}
    lengths = {name: rows[name].to_numpy(float) for name in ("input_tokens", "output_tokens")}
    point = {name: rows[name].to_numpy(float) for name in ("batch", "context", "processed", "drafts")}
    step = duration(scenario, Asked(workload, "decode", precision, engine), {**layout, **point})
    asked = {"model": workload, "precision": precision, "engine": engine}
    return {
        **lengths,
        "group_devices": layout["ranks"],
        "batch": point["batch"],
        "step_time": step * scenario.step_scatter(workload),
        "prefill_throughput": prefill_rate(scenario, asked, {**layout, "sequence": lengths["input_tokens"]}),
    }
