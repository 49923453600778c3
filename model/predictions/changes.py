"""Changes of a machine: which of its numbers a reader may change, and to what."""

from collections.abc import Mapping
from numbers import Real

import sympy as sp

from model.notation.limits import LEAST_FAILURES, MOST_FAILURES, PER_HOUR
from model.notation.nomenclature import NOMENCLATURE
from model.notation.spelling import meant, shortened, suggest
from model.notation.units import base
from model.numbers import catalog
from model.predictions.inputs import InputError, named_system

APART = 1e3  # a changed number lies so far at most from all that are recorded, or it is in another unit
WHOLE = ("domain", "devices", "dies")  # counts of things, one at least
# Numbers that are no rows of systems.csv.
GIVEN = {"startup": (1e-9, 0.1), "failure_rate": (LEAST_FAILURES, MOST_FAILURES)}


def checked(changes, frame):
    """Return changes of a machine, each number checked; InputError for what no machine has, and for another unit.

    A number may lie a thousand times beyond all that are recorded: that is room for any machine, not for GB/s in place
    of B/s. frame: of the points, which name a system and no number that is changed.
    """
    if not changes:
        return changes
    if not isinstance(changes, Mapping):
        raise InputError(f"changes are a {type(changes).__name__}: give a mapping of names to numbers")
    known = catalog.load("systems")
    found, takes = {}, [*known.columns, *GIVEN]
    for key, number in changes.items():
        if (name := meant(str(key), takes)) is None:
            raise InputError(f"changes: a machine has no {shortened(key)}{suggest(str(key), takes, most=3)}")
        if name in found or (name in GIVEN and name in frame):
            raise InputError(f"changes: {name} is given twice: leave one of the two out")
        if not accepts(name, number):
            per_hour = name == "failure_rate" and isinstance(number, Real) and float(number) > MOST_FAILURES
            accepted = change(name)[2] + f"; {PER_HOUR}" * per_hour
            raise InputError(f"changes: {name} is {shortened(repr(number))}; it takes {accepted}")
        found[name] = float(number)
    if "system" not in frame or frame.system.isna().any():
        raise InputError("changes are those of a machine: name the system that they change")
    for system in frame.system.unique() if "devices" in found else ():
        domain = found.get("domain", known.domain.get(named_system(str(system))))
        if domain is not None and found["devices"] < domain:
            raise InputError(
                f"changes: devices is {found['devices']:g}, and a domain of {system} has {domain:g}: change that, too"
            )
    return found


def accepts(name: str, number: object) -> bool:
    """Tell whether a number of a machine may be changed to this, in its base unit."""
    if not isinstance(number, Real) or isinstance(number, bool):
        return False
    low, high = _within(name, catalog.load("systems"))
    return low <= number <= high and (name not in WHOLE or float(number).is_integer())


def change(name: str) -> tuple[float, float, str]:
    """Return (low, high, both in words) of what a number of a machine may be changed to, in its base unit."""
    low, high = _within(name, catalog.load("systems"))
    rows = catalog.read("systems")
    unit = base(_unit(name) if name in GIVEN else rows.unit[rows.quantity == name].iloc[0])
    unit = "" if unit == "1" else f", in {unit}"
    return low, high, f"a number from {max(low, 1e-12):.3g} to {high:.3g}{unit}{', whole' * (name in WHOLE)}"


def _within(name, known):
    low, high = GIVEN.get(name) or (known[name].min() / APART, known[name].max() * APART)
    return (max(low, 1.0) if name in WHOLE else low), high


def _unit(name):
    return NOMENCLATURE[sp.Symbol(name, positive=True)].unit
