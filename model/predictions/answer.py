"""Evaluates a quantity on rows of inputs as arrays, and puts a seeded interval around each prediction."""

import numpy as np
import pandas as pd

from model.machine import operation_fit
from model.machine.machine import POOLED
from model.machine.scenario import Scenario
from model.numbers.draws import Sampler, around
from model.predictions.inputs import InputError, RowError, check
from model.predictions.quantities import quantity
from model.predictions.quantity import Found

CELLS = 1_000_000  # numbers of one drawn array at a time, which bounds memory
ROWS = 2**14  # of one array that is not drawn: it stays in a core's cache from one operation to the next
SEARCHED = 2**16  # of one search: rows share what it lays out before it looks at any of them
STUDY = ("value_study", "low_study", "high_study")  # columns of the answer without a reader's own measurements


def predict(
    name,
    frame,
    system=None,
    interval=True,
    seed=0,
    draws=None,
    where="input",
    own=True,
    first=1,
    changes=None,
    readings=None,
):
    """Return a frame with columns value, unit, low, high, and the layout that a search found, and the sources used.

    frame: columns are inputs of the quantity in base units (others are passed over), one may be `system`; system: for
    rows without one; own=False leaves each system's own calibration rows out; draws: of the interval, None for as many
    as the quantity takes; first: number of the first row, for messages; changes: numbers of the machine, in base
    units, in place of the recorded ones; readings: a reader's own measurements, to be fitted with the study's. Raises
    InputError for anything that cannot be answered, naming row and column.
    """
    what = quantity(name)
    draws = what.draws if draws is None else draws
    numbers, texts = check(what, frame, system, where, first)
    result = np.full((3, len(frame)), np.nan)
    layout: dict[str, np.ndarray] = {}
    sources, options = set(), {"own": own, "changes": changes, "readings": readings}
    for choices, rows in _groups(texts, len(frame)):
        try:
            with np.errstate(all="ignore"):  # what has no finite value is refused below, by row
                sources |= _evaluate(what, choices, numbers, rows, result, layout, interval, seed, draws, options)
        except ValueError as error:
            at = error.row if isinstance(error, RowError) else 0
            row = first + int(rows.start + at if isinstance(rows, slice) else rows[at])
            raise InputError(f"{where} row {row}: {error}") from error
    if (bad := ~np.isfinite(result[0])).any():
        row = first + int(np.argmax(bad))
        raise InputError(f"{where} row {row}: {name} has no finite value there: move the inputs towards usual sizes")
    unit = pd.Categorical.from_codes(np.zeros(len(frame), np.int8), [what.unit])  # one word, not a million
    answer = {"value": result[0], "unit": unit, "low": result[1], "high": result[2], **layout}
    return pd.DataFrame(answer, index=frame.index, copy=False), sorted(sources)


def with_and_without(readings, *asked, **options):
    """Return (answers, sources) as `predict` does, with a reader's measurements, and the columns STUDY without them.

    asked, options: arguments of `predict`. readings.used tells on which rows the answers rest.
    """
    without, _ = predict(*asked, **{**options, "readings": readings.held()})
    found, sources = predict(*asked, **{**options, "readings": readings})
    known = {column: without[end] for column, end in zip(STUDY, ("value", "low", "high"), strict=True)}
    return found.assign(**known), sources


def _groups(texts, length):
    """Yield (choices, rows) for the rows that share all text inputs; rows is a slice where that is all of them."""
    if not texts or all(len(words) == 1 for _, words in texts.values()):
        yield {name: words[0] for name, (_, words) in texts.items() if words[0]}, slice(0, length)
        return
    shape = [len(words) for _, words in texts.values()]
    combined = np.ravel_multi_index([codes for codes, _ in texts.values()], shape)
    for group in pd.unique(combined):
        picked = zip(texts, np.unravel_index(group, shape), strict=True)
        words = {name: texts[name][1][code] for name, code in picked}
        yield {name: word for name, word in words.items() if word}, np.flatnonzero(combined == group)


def _evaluate(what, choices, numbers, rows, result, layout, interval, seed, draws, options):
    """Fill result[:, rows] (value, low, high) for rows that share all text inputs; return the source keys used.

    layout: columns of what a search found, by name, filled for the same rows; options: of the Scenario.
    """
    name = choices.pop("system", None)
    scenario = Scenario(name, **options)
    done = 0
    for part in _parts(rows, SEARCHED if what.layout else ROWS):
        try:
            found = what.evaluate(scenario, choices, _asked(numbers, part))
        except RowError as error:
            error.row += done
            raise
        done += result[0, part].size
        if isinstance(found, Found):
            for column, values in found.layout.items():
                layout.setdefault(column, np.full(result.shape[1], np.nan))[part] = values
        result[0, part] = _values(found)
    if interval:
        drawn = Scenario(name, Sampler(draws, (seed, 0)), **options)
        for part in _parts(rows, max(CELLS // draws, 1)):
            values = _values(what.evaluate(drawn, choices, _asked(numbers, part)))
            values = np.broadcast_to(values, (draws, result[0, part].size))
            result[1:, part] = around(result[0, part], values, axis=0)
    return set(scenario.sources())


def _asked(numbers, part):
    """Return the columns of a part of the rows; one that is the same in all of them as an array of one number.

    Laws broadcast it, so that what rests on it alone is worked out once.
    """
    columns = {key: values[part] for key, values in numbers.items()}
    return {key: values[:1] if np.all(values == values[0]) else values for key, values in columns.items()}


def _values(found):
    return found.values if isinstance(found, Found) else found


def _parts(rows, size):
    """Yield rows, a slice or an array of positions, in parts of at most size."""
    if isinstance(rows, slice):
        yield from (slice(start, min(start + size, rows.stop)) for start in range(0, rows.stop, size))
    else:
        yield from (rows[start : start + size] for start in range(0, len(rows), size))


def software_names(system):
    """Return, for each operation with fits, the software names that a system accepts."""
    return {name: (*operation_fit.softwares(system, name), POOLED) for name in ("all_to_all_time", "all_reduce_time")}
