"""A reader's own measurements: whether an answer rests on them, and the error on those held back from the fit."""

import numpy as np
import pandas as pd

from model.laws.all_reduce import LARGE, SMALL
from model.machine import measurements, step_points
from model.machine.collectives import HALVES
from model.machine.machine import POOLED
from model.machine.scenario import Scenario
from model.machine.step import Asked, duration
from model.numbers import catalog
from model.numbers import readings as reading
from model.numbers.draws import Sampler, low_high
from model.numbers.readings import Readings
from model.predictions.held_back import HeldBack
from model.predictions.inputs import InputError, describe
from model.predictions.quantities import QUANTITIES

FAR = 50.0  # times: nobody's software is so much slower than the study says, and a minute is more seconds than that
OPERATIONS = ("all_to_all_time", "all_reduce_time")  # whose inputs rows of operations have
STEPS = ("decode_throughput",)


def read(path: str) -> Readings:
    """Return the Readings of a reader's file, its numbers within what the inputs of the same names take.

    catalog.DataError, or InputError, names file, row and column, and what would be accepted.
    """
    readings = reading.read(path)
    table = readings.table
    names = OPERATIONS if table == "network" else STEPS
    known = {each.name: each for name in names for each in QUANTITIES[name].inputs if not each.choices}
    for name, each in known.items():
        if name not in readings.rows or not readings.rows[name].notna().any():
            continue
        numbers = readings.rows[name].to_numpy(float)
        if (bad := (numbers < each.low) | (numbers > each.high)).any():
            row = int(np.argmax(bad))
            raise InputError(f"{path} row {row + 1}: {name} is {numbers[row]:g}; it takes {describe(each)}")
    return readings


def refuse_far(readings: Readings, rows: pd.DataFrame) -> None:
    """Raise InputError for the first row whose time lies so far from the study's that its unit must be another."""
    for system, own in rows.groupby("system", sort=False):
        value, seen = _times(Scenario(system, readings=readings.held()), readings, own)
        apart = seen / value
        if (bad := (apart > FAR) | (apart < 1 / FAR)).any():
            at = int(np.argmax(bad))
            more = f"{apart[at]:,.0f} times as long as" if apart[at] > 1 else f"{1 / apart[at]:,.0f} times less than"
            raise InputError(
                f"{readings.file}: one of the rows on {system} says {seen[at]:.3g} s, {more} the study's "
                f"{value[at]:.3g} s: is its unit right?"
            )


def rests(readings: Readings) -> bool:
    """Tell whether an answer rested on a row that was fitted."""
    return bool(readings.used & set(readings.rows.index[readings.rows.role == "calibrate"]))


def refuse_unused(name: str, readings: Readings) -> None:
    """Raise InputError where no row that was fitted bears on what was asked, or one of another unit does."""
    if rests(readings):
        refuse_far(readings, readings.rows.loc[sorted(readings.used)])
        return
    rows = readings.rows
    told = rows[[each for each in ("system", "software", "op", "engine") if each in rows]].drop_duplicates()
    kinds = "; ".join(
        " ".join(str(word) for word in row if pd.notna(word)) for row in told.head(4).itertuples(index=False)
    )
    more = "" if len(told) <= 4 else f" and {len(told) - 4} more"
    raise InputError(
        f"{readings.file}: {name} as asked rests on none of the rows fitted ({kinds}{more}): ask it of their system, "
        f"with their software and op, or give rows of what it rests on"
    )


def held_back(readings: Readings, interval: bool = True, seed: int = 0, draws: int = 1000) -> HeldBack:
    """Return how the rows held back of the operations in readings.used come out, with the others' rows and without."""
    used = readings.rows.loc[sorted(readings.used)]
    held = used[used.role == "validate"]
    told = HeldBack(readings.file, int((used.role == "calibrate").sum()), len(held), readings.rule)
    if held.empty:
        return told
    found: dict[str, float | None] = {}
    for end, own in (("", readings), ("_study", readings.held())):
        errors, inside = [], []
        for _, alike in held.groupby("system", sort=False):
            system = alike.system.iloc[0]
            value, seen = _times(Scenario(system, readings=own), readings, alike)
            errors.append(np.abs(value / seen - 1))
            if interval:
                drawn, _ = _times(Scenario(system, Sampler(draws, (seed, 0)), readings=own), readings, alike)
                low, high = low_high(np.broadcast_to(drawn, (draws, len(seen))), axis=0)
                inside.append((low <= seen) & (seen <= high))
        found[f"error{end}"] = float(np.mean(np.concatenate(errors)))
        found[f"inside{end}"] = float(np.mean(np.concatenate(inside))) if interval else None
    return HeldBack(**{**told.record(), **found})


def _times(scenario, readings, rows):
    """Return (predicted, measured) times, s, of rows of one system, (draws, rows) where the scenario draws."""
    if readings.table == "network":
        return _operations(scenario, rows)
    points = step_points.read(readings, scenario.name, POOLED)
    points = points[points.position.isin(rows.index)]
    predicted = np.empty((scenario.sampler.draws if scenario.sampler else 1, len(points)))
    words = points[["workload", "precision", "engine", "overlap"]].astype(object).fillna("").to_numpy()
    keys = [tuple(each) for each in words]
    for key in dict.fromkeys(keys):
        workload, precision, engine, overlap = key
        same = np.array([each == key for each in keys])
        asked = Asked(workload, "decode", precision, engine)
        own = points[same]
        point = {each: own[each].to_numpy(float) for each in step_points.POINT if each != "overlap"}
        usual = catalog.load("formats").kv_bytes_per_element[precision]
        point["kv_bytes_per_element"] = own.kv_bytes_per_element.fillna(usual).to_numpy(float)
        time = duration(scenario, asked, point, False if overlap == 0 else None)
        predicted[:, same] = time * scenario.step_scatter(workload)
    return (predicted if scenario.sampler else predicted[0]), points.time.to_numpy(float)


def _operations(scenario, rows):
    """Return (predicted, measured) times, s, of rows of data/network.csv's form."""
    predicted, seen = [], []
    for quantity in ("all_to_all_time", LARGE, SMALL, *HALVES):
        timed = measurements.measured(quantity, rows=rows)
        what = QUANTITIES[LARGE if quantity == SMALL else quantity]
        for (software, op), own in timed.groupby(["software", "op"], dropna=False, sort=False):
            choices = {"op": op} | ({} if pd.isna(software) else {"software": software})
            asked = {name: own[name].to_numpy(float) for name in measurements.INPUTS if own[name].notna().all()}
            predicted.append(np.atleast_2d(what.evaluate(scenario, choices, asked)))
            seen.append(own.time.to_numpy(float))
    joined = np.concatenate(predicted, axis=1)
    return (joined if scenario.sampler else joined[0]), np.concatenate(seen)
