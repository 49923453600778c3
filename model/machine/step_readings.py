"""A reader's own steps of decode as operating points, and their fit from what the study found of all systems."""

from functools import cache

import numpy as np
import pandas as pd

from model.machine import step_fit
from model.machine.readings_fit import solved
from model.machine.step_fit import StepFit
from model.notation.units import size
from model.numbers.facts import Facts

# A few steps do not tell constants apart: another installation is slower in all that takes time alike.
SLOWER = dict.fromkeys(("layer_overhead", "activation_time", "reduce_startup"), 1.0)
SLOWER |= dict.fromkeys(("memory_efficiency", "product_efficiency"), -1.0)


@cache
def step(readings, system, usual, without=None):
    """Return the StepFit of a system with a reader's rows, and the positions of all rows of it, held back or not.

    usual: the serving software of rows that name none; without: the system whose rows the study's part leaves out.
    """
    found = step_fit.fit(without)
    rows = points(readings, system, usual)
    given = rows[rows.role == "calibrate"].reset_index(drop=True)
    if given.empty:
        return found, frozenset(rows.position)
    ready, room, facts = step_fit.prepare(given), 0.0, Facts("priors", "step")
    if system not in found.systems:
        room += facts("unseen_system") ** 2
    if not set(given.workload) <= found.workloads:
        room += facts("unseen_workload") ** 2

    def log_time(logs):
        return np.log(step_fit.answer(ready, dict(zip(found.names, np.exp(logs), strict=True)), len(given)))

    way = np.array([[SLOWER.get(name, 0.0) for _, name in found.names]])
    mean, covariance, scatter = solved(log_time, given, found, way, room, step_fit.weights(given))
    known = found.systems | {system}, found.workloads | set(given.workload)
    fit = StepFit(found.names, mean, covariance, found.rows + len(given), scatter, *known)
    return fit, frozenset(rows.position)


def points(readings, system, usual):
    """Return the reader's steps on a system as rows of `step_fit.points`, and their `position` in the file.

    A row of data/serving.csv counts drafts and balance as that table does, where it says nothing: tokens credited, in
    whole numbers, are processed, and experts are as balanced as the fit finds. usual: as for `step`.
    """
    rows = pd.concat([_published(readings, system), _runs(readings, system)])
    rows = rows.assign(position=rows.index, engine=rows.engine.fillna(usual))
    for name in step_fit.POINT:
        rows[name] = pd.to_numeric(rows[name])
    return rows.reset_index(drop=True)


def _published(readings, system):
    rows = readings.of(system, "serving")
    waits = rows.quantity == "time_per_output_token"
    number = rows.value * rows.unit.map(size)
    rate = np.where(waits, rows.batch / number, number)
    accepted = rows.tokens_per_step.fillna(1.0)
    processed = rows.processed.fillna(np.ceil(accepted))
    return step_fit.published(rows.assign(value=rate)).assign(
        tensor_devices=rows.tensor_devices.fillna(1.0),
        expert_devices=rows.expert_devices.fillna(rows.ranks),
        processed=processed,
        drafts=rows.drafts.fillna(processed - 1),
        redundant_experts=rows.redundant_experts.fillna(0.0),
    )


def _runs(readings, system):
    rows = readings.of(system, "serving_runs")
    rows = rows.assign(value=rows.value * rows.unit.map(size) / size("ms"), unit="ms")  # one unit for both of a run
    return step_fit.disaggregated(rows) if len(rows) else rows.reindex(columns=[])
