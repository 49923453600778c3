"""The public face: what a notebook or a script asks of the study; an answer knows its law and its sources."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pandas as pd
import sympy as sp

from model.machine.scenario import Scenario
from model.notation.equation import Model, kept, latex
from model.notation.nomenclature import NOMENCLATURE
from model.notation.spelling import shortened
from model.notation.units import base
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.predictions import answer, sensitivity
from model.predictions import measured as own_rows
from model.predictions.changes import checked
from model.predictions.inputs import SYNONYMS, InputError, check, synonyms, unknown
from model.predictions.options import refuse_no_truth, refuse_numbers
from model.predictions.quantities import QUANTITIES, quantity


def systems() -> pd.DataFrame:
    """Return one row for each system, by name: domain and devices in all, and the softwares fitted on it."""
    known = catalog.load("systems").reindex(catalog.read("systems").system.unique())
    names = [answer.software_names(name) for name in known.index]
    exchange, reduce = ([", ".join(each[key]) for each in names] for key in ("all_to_all_time", "all_reduce_time"))
    return known[["domain", "devices"]].assign(exchange=exchange, all_reduce=reduce).rename_axis("system")


def workloads() -> pd.DataFrame:
    """Return one row for each workload of data/, by name, and a column for each of its numbers, in base units."""
    return catalog.load("workloads").reindex(catalog.read("workloads").workload.unique()).rename_axis("workload")


def quantities() -> pd.DataFrame:
    """Return one row for each quantity, by name: meaning, unit, the inputs it needs and those it can take."""
    rows = [
        (
            what.name,
            what.meaning,
            what.unit,
            ", ".join(each.name for each in what.inputs if each.default is None),
            ", ".join(each.name for each in what.inputs if each.default is not None),
        )
        for what in QUANTITIES.values()
    ]
    return pd.DataFrame(rows, columns=["quantity", "meaning", "unit", "needs", "takes"]).set_index("quantity")


def predict(
    name: str,
    points: pd.DataFrame | None = None,
    *,
    system: str | Iterable[str] | None = None,
    changes: Mapping[str, float] | None = None,
    interval: bool = True,
    draws: int | None = None,
    seed: int = 0,
    own: bool = True,
    measured: str = "",
    **inputs: Any,
) -> pd.DataFrame:
    """Return a frame of predictions, one row a point: inputs, the layout found, value, low, high (5 and 95 %), unit.

    Points are the product of the lists given (`ranks=[8, 64]`, `system=[...]`), or the rows of the frame `points` with
    every other input added. Numbers are in base units; `workload` is another name for `model`. changes: numbers of the
    machine in place of the recorded ones (`{"domain": 144}`). own=False leaves the system's own measurements out of
    its constants. measured: a CSV file of the reader's own measurements, in the columns of data/network.csv or
    data/serving.csv, made on the system as it is recorded, whatever the changes; value, low, high are then the answer
    with them, and value_study, low_study, high_study without. draws: of the interval; left out: as many as the
    quantity needs for another seed to move an end by no more than 2 %.
    attrs of the frame: equation (LaTeX), sources (keys of the references, and that file), assumptions (sentences), and
    with `measured` held_back (rows, error, inside, ..., by name). Raises InputError, or catalog.DataError for that
    file, for what cannot be answered, naming row, input and what would be accepted.
    """
    what = quantity(name)
    name, frame = what.name, _points(what, points, system, inputs)
    draws = what.draws if draws is None else draws
    refuse_numbers(draws, seed)
    refuse_no_truth(interval=interval, own=own)
    changes = checked(changes, frame)
    asked = None, interval, seed, draws
    options: dict[str, Any] = {"where": f"{name}(...)", "own": own, "changes": changes}
    readings = _readings(measured)
    if readings is None:
        found, sources = answer.predict(name, frame, *asked, **options)
    else:
        found, sources = answer.with_and_without(readings, name, frame, *asked, **options)
        own_rows.refuse_unused(name, readings)
    layout = {column: found[column] for column in found.columns[4:] if column not in frame}
    frame = frame.assign(**layout, value=found.value, low=found.low, high=found.high, unit=what.unit)
    equation = what.equation
    held = {"held_back": own_rows.held_back(readings, interval, seed, draws).record()} if readings else {}
    frame.attrs = {
        **held,
        "equation": f"{latex(equation.lhs)} = {latex(equation.rhs)}",
        "sources": sources,
        "assumptions": list(what.law.assumptions),
    }
    return frame


def draws(
    name: str,
    points: pd.DataFrame | None = None,
    *,
    system: str | Iterable[str] | None = None,
    changes: Mapping[str, float] | None = None,
    number: int | None = None,
    seed: int = 0,
    own: bool = True,
    measured: str = "",
    **inputs: Any,
) -> np.ndarray:
    """Return the draws behind an interval, an array (number, points), in the order of the rows of `predict`.

    Draws of one seed are paired: two machines, or a machine with and without changes, see the same of what they share,
    so that a ratio or a sum of draws has its own honest interval. Arguments and errors as in `predict`.
    """
    what = quantity(name)
    frame = _points(what, points, system, inputs)
    number = what.draws if number is None else number
    refuse_numbers(number, seed)
    refuse_no_truth(own=own)
    changes, readings = checked(changes, frame), _readings(measured)
    found = np.empty((number, len(frame)))
    for row in range(len(frame)):
        choices, numbers, where = _one(what, frame.iloc[[row]])
        _answered(what, Scenario(where, own=own, changes=changes, readings=readings), choices, numbers)
        scenario = Scenario(where, Sampler(number, (seed, 0)), own=own, changes=changes, readings=readings)
        found[:, row] = np.broadcast_to(what.values(scenario, choices, numbers), (number, 1))[:, 0]
    return found


@dataclass(frozen=True)
class Explanation:
    """Why an answer is what it is: `equations` with their values, `numbers` put in, `rows` of data/ behind them."""

    equations: pd.DataFrame
    numbers: pd.DataFrame
    rows: pd.DataFrame
    assumptions: tuple[str, ...]


def explain(
    name: str,
    *,
    system: str | None = None,
    changes: Mapping[str, float] | None = None,
    measured: str = "",
    **inputs: Any,
) -> Explanation:
    """Return the Explanation of one answer: its law line by line, the numbers put in, and where they come from.

    equations: symbol, value, unit, text, equation (LaTeX) and source, in order of derivation; numbers: symbol, value,
    unit, meaning; rows: table, name, quantity, value, unit, low, high, kind, source, locator. changes,
    measured and errors as in `predict`.
    """
    what = quantity(name)
    frame = _points(what, None, system, inputs)
    choices, numbers, where = _one(what, frame)
    scenario = Scenario(where, changes=checked(changes, frame), readings=_readings(measured))
    law, columns = behind(what, scenario, choices, numbers)
    needed = set(law.inputs(what.target))
    equations = [
        (str(lhs), _number(law, lhs, columns), base(NOMENCLATURE[lhs].unit), str(rhs), latex(rhs), source)
        for lhs, rhs, source in ((each.lhs, each.rhs, each.source) for each in law.equations)
        if set(law.inputs(lhs)) <= columns.keys()
    ]
    put_in = [
        (each, float(np.ravel(columns[each])[0]), base(NOMENCLATURE[symbol].unit), NOMENCLATURE[symbol].meaning)
        for each in sorted(needed & columns.keys())
        for symbol in [sp.Symbol(each, positive=True)]
    ]
    return Explanation(
        pd.DataFrame(equations, columns=["symbol", "value", "unit", "text", "equation", "source"]),
        pd.DataFrame(put_in, columns=["symbol", "value", "unit", "meaning"]),
        scenario.rows(),
        law.assumptions,
    )


def behind(what, scenario, choices, numbers):
    """Return (law, columns): the law whose outcome is the undrawn answer of one point, and the numbers put into it.

    A law may be asked more than once, of two protocols, say: the one that comes nearest, and of those as near the last.
    Raises InputError where there is no answer, or none that a law gives: a search that finds nothing.
    """
    answered = _answered(what, scenario, choices, numbers)
    with kept() as calls:  # a second time, when what is fitted has been fitted
        what.values(scenario, choices, numbers)
    laws = {law: set(law.inputs(what.target)) for law in (what.law, *what.others)}
    asked = [(law, given) for _, given in [(None, numbers), *calls] for law in laws if laws[law] <= given.keys()]
    apart = [abs(_number(law, what.target, given) - answered) for law, given in asked]
    if not asked or (what.layout and answered == 0 and min(apart) > 0):
        raise InputError(
            f"{what.name} is {answered:g}: no layout that fits reaches what was asked, so no law says more"
        )
    return asked[len(apart) - 1 - apart[::-1].index(min(apart))]


def drivers(name: str, *, system: str | None = None, points: int = 512, seed: int = 0, **inputs: Any) -> pd.DataFrame:
    """Return which uncertain numbers drive an answer: factor, first (alone) and total share of its variance (Sobol).

    points: of each of the two samples that are compared, a power of two.
    """
    what = quantity(name)
    refuse_numbers(what.draws, seed)
    is_whole = isinstance(points, int | np.integer) and not isinstance(points, bool)
    if not is_whole or not 2 <= points <= 2**20 or points & (points - 1):
        raise InputError(f"points is {shortened(repr(points))}; it takes a power of two from 2 to {2**20}")
    choices, numbers, where = _one(what, _points(what, None, system, inputs))
    _answered(what, Scenario(where), choices, numbers)
    return sensitivity.indices(
        lambda sampler: what.values(Scenario(where, sampler=sampler), choices, numbers), points, seed
    )


def law(name: str) -> Model:
    """Return the Model behind a quantity: sympy equations with their sources, assumptions, and where it holds."""
    return quantity(name).law


MOST_POINTS = 10_000_000  # of a product of lists: more are a table for the command line


def _points(what, points, system, inputs):
    """Return the frame of points to be asked; refuses an input that the quantity does not have."""
    for other, name in SYNONYMS.items():
        if {other, name} <= set(inputs):
            raise InputError(f"{what.name}: {other} and {name} are one input: give one of them")
    inputs = {SYNONYMS.get(key, key): value for key, value in inputs.items()}
    names = [each.name for each in what.inputs]
    for key in inputs:
        if key not in names:
            raise InputError(f"{what.name} has no input {shortened(key)}{unknown(what, key, inputs)}")
    given = {"system": system, **inputs} if system is not None else inputs
    listed = {key: _listed(what, key, each) for key, each in given.items()}
    if points is None:
        if (number := prod(map(len, listed.values()))) > MOST_POINTS:
            raise InputError(f"{what.name}: these lists make {number:,} points: ask for {MOST_POINTS:,} at most")
        return pd.DataFrame(list(product(*listed.values())), columns=list(listed))
    if not isinstance(points, pd.DataFrame):
        raise InputError(f"{what.name}: points are a {type(points).__name__}: give a pandas DataFrame")
    if many := [key for key, values in listed.items() if len(values) != 1]:
        raise InputError(f"{what.name}: {many[0]} stands beside a frame of points: give one value, or a column")
    single = {key: values[0] for key, values in listed.items()}
    return points.rename(columns=synonyms(what, points.columns)).assign(**single).reset_index(drop=True)


def _listed(what, key, given):
    """Return what is given for an input as a list of values, or InputError."""
    if isinstance(given, np.ndarray) and given.ndim == 0:
        return [given.item()]
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        return [given]
    if isinstance(given, Mapping | pd.DataFrame) or getattr(given, "ndim", 1) > 1:
        raise InputError(f"{what.name}: {key} is a {type(given).__name__}: give one value, or a list of them")
    return list(given)


def _readings(measured):
    """Return the Readings of a reader's file, None where none is given."""
    return None if measured is None or (isinstance(measured, str) and not measured) else own_rows.read(measured)


def _answered(what, scenario, choices, numbers):
    """Return the undrawn answer of one point, or raise InputError with why there is none: a draw alone is no answer."""
    try:
        return float(np.ravel(what.values(scenario, choices, numbers))[0])
    except ValueError as error:
        raise InputError(f"{what.name}: {error}") from error


def _one(what, frame):
    """Return (choices, numbers, system) of a frame of one point, checked."""
    if len(frame) != 1:
        raise InputError(f"{what.name}: {len(frame)} points are asked: give one value for each input")
    numbers, texts = check(what, frame, None, f"{what.name}(...)")
    choices = {key: words[codes[0]] for key, (codes, words) in texts.items()}
    where = choices.pop("system") or None
    return {key: word for key, word in choices.items() if word}, numbers, where


def _number(law, target, columns):
    with np.errstate(divide="ignore"):  # a way that the machine lacks, as reduction in switches, takes for ever
        return float(np.ravel(law.answers(columns, (target,))[str(target)])[0])
