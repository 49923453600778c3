"""The question the other way round: the value of one input at which a quantity reaches a target, with its interval."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from model.notation.spelling import shortened
from model.predictions import measured as own_rows
from model.predictions.along import Along, sought
from model.predictions.changes import checked
from model.predictions.inputs import SYNONYMS, InputError, unknown
from model.predictions.options import refuse_no_truth, refuse_numbers
from model.predictions.quantities import quantity
from model.predictions.solution import Need, solved


def need(
    name: str,
    target: float,
    of: str,
    point: Mapping[str, Any] | None = None,
    *,
    system: str | None = None,
    changes: Mapping[str, float] | None = None,
    interval: bool = True,
    draws: int | None = None,
    seed: int = 0,
    own: bool = True,
    where: str = "",
    measured: str = "",
    **inputs: Any,
) -> Need:
    """Return the Need: the value of the input `of` at which a quantity reaches a target, both in base units.

    of: a number among the quantity's inputs, or a number of the system as `changes` of `predict` takes them
    (scale_up_bandwidth, domain), sought up to a hundred times beyond all that is recorded. The input's whole range is
    scanned; what is refused on it (does not fit into memory) is a hole. An input that is a count takes whole numbers:
    the answer is the last that still meets the target, a time, a share of idle time, spares and devices needed being
    met from below, everything else from above. The interval holds every value for which the target lies within the
    interval of the prediction; where the quantity rises or falls throughout, that is the 5 and 95 % points of the
    input solved in each draw. point: inputs by name, such as that `interval` which is not the argument of this name.
    measured: a CSV file of the reader's own measurements, as in `predict`: the answer is then with them, and its
    `study` the one without. Other arguments as in `predict`; where: what a refusal calls the inputs. Raises InputError
    for what cannot be asked.
    """
    what = quantity(name)
    draws = what.draws if draws is None else draws
    given = {SYNONYMS.get(key, key): value for key, value in {**(point or {}), **inputs}.items()}
    where = where or f"need({name!r}, ...)"
    names = [each.name for each in what.inputs]
    for key in given:
        if key not in names:
            raise InputError(f"{what.name} has no input {shortened(key)}{unknown(what, key, given)}")
    refuse_numbers(draws, seed)
    refuse_no_truth(interval=interval, own=own)
    changes = checked(changes, pd.DataFrame([given | ({} if system is None else {"system": system})]))
    if not np.isfinite(target):
        raise InputError(f"{where}: the target is {target}; it takes a finite number, in {what.unit}")
    of = sought(what, SYNONYMS.get(of, of), given, where)
    options: dict[str, Any] = {"own": own, "changes": changes}
    along = Along(what, of, given, system, options, draws, seed, where)
    if not measured:
        return solved(along, float(target), interval)
    readings = own_rows.read(measured)
    without, found = (
        solved(replace(along, options=options | {"readings": each}), float(target), interval)
        for each in (readings.held(), readings)
    )
    own_rows.refuse_unused(what.name, readings)
    return replace(found, study=without, held=own_rows.held_back(readings, interval, seed, draws))
