"""Predicted against measured: every row that may judge a law, with the laws' own error where its set was left out."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from model.machine import fleets, operation_fit, step_fit, training_fit
from model.machine.collectives import LARGE, SMALL
from model.machine.scenario import Scenario
from model.machine.step import Asked, step
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import HIGH, Sampler, low_high
from model.numbers.facts import Facts
from model.predictions.answer import predict
from model.studies.against import against

INPUTS = {
    "all_to_all_time": ["op", "ranks", "tokens", "hidden", "experts", "topk", "bytes_per_element", "software"],
    "all_reduce_time": ["ranks", "bytes", "software"],
    "small_all_reduce_time": ["ranks", "bytes", "software"],  # rows of its own, predicted by all_reduce_time
    "all_gather_time": ["ranks", "bytes", "software"],
    "reduce_scatter_time": ["ranks", "bytes", "software"],
}
QUANTITIES = (*INPUTS, "decode_throughput")


def measured(quantity):
    """Return the measured rows of a quantity that carry a role, in base units as column `measured`."""
    if quantity == "decode_throughput":
        rows = step_fit.points()
        rows = rows.assign(measured=rows.batch * rows.tokens_per_step / rows.time)
    else:
        rows = operation_fit.measured(quantity).rename(columns={"time": "measured"})
    return rows[rows.role.notna()].reset_index(drop=True)


def compare(quantity, draws=1000, seed=0):
    """Return measured rows with columns predicted, low, high, error, and the same without the row's own set.

    error is predicted over measured less one; inside tells whether the measurement lies in the 5 to 95 % interval;
    half_width is half of its ln(high/low); error_without, inside_without and half_width_without are the same where no
    row of the same (system, software), or system, entered a fit.
    decode_throughput: at the layout, batch, drafts and balance of the run, its cache as wide as the fit takes it to be.
    """
    rows = measured(quantity)
    if quantity == "decode_throughput":
        (own, low, high), (other, *bounds) = (_throughput(rows, draws, seed, each) for each in (True, False))
    else:
        asked, predicted = rows[[*INPUTS[quantity], "system"]], quantity.removeprefix("small_")
        frames = [predict(predicted, asked, seed=seed, draws=draws, own=each)[0] for each in (True, False)]
        (own, low, high), (other, *bounds) = ((each.value, each.low, each.high) for each in frames)
    without = {f"{name}_without": each for name, each in against(rows.measured, other, *bounds).items()}
    return rows.assign(predicted=own, low=low, high=high, **against(rows.measured, own, low, high), **without)


def _throughput(rows, draws, seed, own):
    """Return (value, low, high), arrays: tokens a second and device of rows of `step_fit.points`."""
    found = np.empty((3, len(rows)))
    serial = rows.overlap == 0  # else the software took the shorter of one batch and two microbatches, if it may
    for (*words, alone), group in rows.groupby([*step_fit.WORDS, serial], sort=False):
        system, workload, precision, engine = words
        asked, credited = Asked(workload, "decode", precision, engine), group.batch * group.tokens_per_step
        point = {name: group[name].to_numpy(float) for name in step_fit.POINT if name != "overlap"}
        usual = catalog.load("formats").kv_bytes_per_element[precision]
        point["kv_bytes_per_element"] = group.kv_bytes_per_element.fillna(usual).to_numpy(float)
        for sampler in (None, Sampler(draws, (seed, 0))):
            scenario = Scenario(system, sampler, own=own)
            time = step(scenario, asked, point, False if alone else None)[0] * scenario.step_scatter(workload)
            rate = credited.to_numpy() / time
            found[slice(1, 3) if sampler else 0, group.index] = low_high(rate, axis=0) if sampler else rate
    return found


def training_errors(role=None, without=None, draws=None, seed=0):
    """Return the measured training steps, all or of a role, with columns predicted and error, at the layout of each.

    Each under the constants of its release and transport, where it has some. without: a column (system, release,
    workload) whose values are left out of the fit in turn, each judged by the others' constants. With draws also
    inside and half_width of the 5 to 95 % interval that the fit and the scatter of single runs span.
    """
    rows = training_fit.points(role)
    found = np.full((3, len(rows)), np.nan)
    for value in [None] if without is None else rows[without].unique():
        fit = training_fit.fit(None if value is None else (without, value))
        judged = np.full(len(rows), True) if value is None else (rows[without] == value).to_numpy()
        held = rows[judged].reset_index(drop=True)
        ready = training_fit.prepare(held, fit.names)
        found[0, judged] = training_fit.predicted(ready, fit.mean)
        if draws:
            found[1:, judged] = low_high(training_draws(fit, ready, held, Sampler(draws, (seed, 0))), axis=0)
    predicted, low, high = found
    if not draws:
        return rows.assign(predicted=predicted, error=predicted / rows.measured - 1)
    return rows.assign(predicted=predicted, low=low, high=high, **against(rows.measured, predicted, low, high))


def training_draws(fit, ready, rows, sampler):
    """Return draws of throughput, (draws, rows): constants as unsure as their fit, runs that scatter about its law."""
    logs, facts = fit.logs(sampler), Facts("priors", "training")
    asked = list(zip(rows.system, rows.workload, strict=True))
    scatter = {each: fit.scatter(sampler, *each, facts) for each in sorted(set(asked))}
    apart = np.concatenate([scatter[each] for each in asked], axis=1)
    return training_fit.predicted(ready, np.concatenate([logs[name] for name in fit.names], axis=1)) / apart


def fleets_left_out():
    """Return the counted fleets, each predicted from the others: fleet, measured, predicted, low, high (1/s) and more.

    error: predicted over measured less one; inside, half_width: of the 5 to 95 % interval of one more fleet.
    """
    found = []
    for name, (rate, _) in fleets.counted().items():
        mean, sd, freedom = fleets.another(name)
        away = sd * stdtrit(freedom, HIGH / 100)
        found.append((name, *np.exp([rate, mean, mean - away, mean + away])))
    rows = pd.DataFrame(found, columns=["fleet", "measured", "predicted", "low", "high"])
    return rows.assign(**against(rows.measured, rows.predicted, rows.low, rows.high))


def by_set(rows):
    """Return, for each set of rows and role, the number of rows, the mean absolute errors and the share inside."""
    grouped = rows.groupby(["role", "system", "set"], sort=False)
    return grouped.agg(
        rows=("error", "size"),
        error=("error", lambda error: error.abs().mean()),
        bias=("error", "mean"),
        inside=("inside", "mean"),
        error_without=("error_without", lambda error: error.abs().mean()),
    ).reset_index()


def constants():
    """Return every fitted constant with its relative standard error, the rows behind it and the scatter of its fit."""
    listed = []
    for quantity in ("all_to_all_time", LARGE, SMALL):
        rows = operation_fit.measured(quantity, "calibrate")
        if quantity != "all_to_all_time":  # one fit for a machine, whichever way its library went
            rows = rows.assign(software="nccl")
        groups = rows.groupby(operation_fit.GROUP, sort=False)
        for (system, software, op), rows in groups:
            fit = operation_fit.fit(quantity, system, software, op)
            name = f"small {op}" if quantity == SMALL else op
            listed += _listed(fit, system, software, name, rows.source.unique())
    return pd.DataFrame(listed + _listed_step())


def peers(ours):
    """Return the other tools' predictions of exchanges beside the measurement and ours, in s, with their errors.

    ours: `compare` of exchanges.
    """
    theirs = catalog.chosen("peers")
    theirs = theirs[theirs.quantity == "all_to_all_time"]
    theirs = theirs.assign(predicted_theirs=theirs.value * theirs.unit.map(size))
    ours = ours[(ours.tokens == 128) & (ours.experts == 256) & ((ours.op == "combine") | (ours.bytes_per_element == 1))]
    ours = ours[ours.software != "trtllm-one-sided"].drop_duplicates(["system", "op", "ranks"], keep="last")
    joined = theirs.merge(ours, on=["system", "op", "ranks"], suffixes=("_tool", ""))
    return joined.assign(error_theirs=joined.predicted_theirs / joined.measured - 1)


def _listed(fit, system, software, op, sources):
    values, errors = fit.constants(), fit.standard_errors
    return [
        {
            "system": system,
            "software": software,
            "op": op,
            "constant": name,
            "value": values[name],
            "standard_error": errors[name],
            "rows": fit.rows,
            "scatter": fit.scatter,
            "sources": ", ".join(sources),
        }
        for name in fit.names
    ]


def _listed_step():
    fit = step_fit.fit()
    values, errors = dict(zip(step_fit.names(), np.exp(fit.mean), strict=True)), fit.standard_errors
    sources = ", ".join(step_fit.points("calibrate").source.unique())
    return [
        {
            "system": "all",
            "software": "all" if owner == "step" else owner,
            "op": "decode",
            "constant": name,
            "value": value,
            "standard_error": errors[owner, name],
            "rows": fit.rows,
            "scatter": fit.scatter,
            "sources": sources,
        }
        for (owner, name), value in values.items()
    ]


def coverage(rows, column="inside"):
    """Return (share of rows inside their interval, standard error of that share); column: or of those left out."""
    share = rows[column].mean()
    return float(share), float(np.sqrt(share * (1 - share) / len(rows)))
