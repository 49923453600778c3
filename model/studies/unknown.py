"""An answer in symbols: what is known put into the law, what nobody published left as a symbol, and its break-even."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import sympy as sp

from model.machine.scenario import Scenario
from model.notation.spelling import number, shortened
from model.notation.units import base
from model.numbers import catalog
from model.numbers.draws import around, ratio
from model.predictions.along import Along
from model.predictions.ask import behind
from model.predictions.changes import accepts, change
from model.predictions.gaps import supplied
from model.predictions.inputs import InputError, RowError, check, named_system, synonyms, unknown
from model.predictions.quantities import quantity
from model.predictions.solution import Need, solved

TRIED = (1.0, 2.0, 3.0)  # times a stand-in: three places tell a law a + b x^k, with k of POWERS, from any other
POWERS = (1, -1)
SAME = 1e-9


@dataclass(frozen=True)
class Unknown:
    """A quantity with its unknown numbers as symbols, in base units.

    expression: of `left`, the symbol that the law gives: a sympy expression in the symbols of `lacking` and of
    `between`, numbers of the law that depend on unknown ones in a way that is not printed: {symbol: names of those}.
    sources: of what was put in. even: for each unknown number, where the system breaks even with `against`.
    """

    quantity: str
    unit: str
    system: str
    lacking: tuple[str, ...]
    left: sp.Symbol
    expression: sp.Expr
    between: Mapping[str, tuple[str, ...]]
    sources: tuple[str, ...]
    against: str | None = None
    even: tuple[Need, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return the answer as a mapping for JSON."""
        return {
            "quantity": self.quantity,
            "unit": self.unit,
            "system": self.system,
            "lacking": list(self.lacking),
            "symbol": str(self.left),
            "expression": str(self.expression),
            "between": {name: list(of) for name, of in self.between.items()},
            "against": self.against,
            "break_even": [each.record() for each in self.even],
            "sources": list(self.sources),
            "sentences": self.words().splitlines(),
        }

    def words(self) -> str:
        """Return the answer for a person: what is missing, the law with numbers put in, where it breaks even."""
        lines = [f"{self.system} lacks {', '.join(self.lacking) or 'nothing'} in data/systems.csv"]
        lines.append(f"{self.left} = {rounded(self.expression)}   (base units)")
        lines += [f"  {name} depends on {', '.join(of)}, too" for name, of in self.between.items()]
        return "\n".join([*lines, *(inequality(self.system, self.against, each) for each in self.even)])


def rounded(expression: sp.Expr, digits: int = 4) -> sp.Expr:
    """Return an expression with its numbers to so many digits, whole ones as such."""
    numbers = {
        each: sp.Integer(int(each)) if float(each).is_integer() and abs(each) < 10**digits else each.evalf(digits)
        for each in expression.atoms(sp.Float)
    }
    return expression.xreplace(numbers)


def inequality(system: str, against: str | None, found: Need) -> str:
    """Return where a system is as good as another one, as an inequality in its unknown number and as a range."""
    unit = "" if found.input_unit in ("", "1") else f" {found.input_unit}"
    if not found.reached:
        least, most = (f"{each:.4g}" for each in found.limits)
        outcome = "is as good as" if found.met else "is not as good as"
        return f"{system} {outcome} {against} whatever {found.input} is, from {least} to {most}{unit}"
    parts = []
    for each in found.reached:
        ends = [f"{end:.4g}" if end is not None else "no end" for end in (each.low, each.high)]
        spread = f" (5 to 95 %: {' to '.join(ends)})" if found.interval else ""
        parts.append(f"{found.input} {'>=' if each.upward else '<='} {each.value:.4g}{unit}{spread}")
    return f"{system} is as good as {against} where {' and where '.join(parts)}"


def in_symbols(
    name: str,
    system: str,
    given: Mapping[str, Any] | None = None,
    *,
    against: str | None = None,
    interval: bool = True,
    draws: int | None = None,
    seed: int = 0,
    **inputs: Any,
) -> Unknown:
    """Return the Unknown of a quantity on a system of which numbers are missing.

    given: inputs by name and numbers of the system, such as scale_out_bandwidth, that stand in for missing ones, in
    base units. against: another system, asked the same: where several numbers are missing, the others are then as on
    it. Raises InputError for what cannot be asked, and where the law does not come out as it does in numbers.
    """
    what, system = quantity(name), named_system(system)
    draws = what.draws if draws is None else draws
    point, numbers_of_it = _told(what, {**(given or {}), **inputs})
    numbers, texts = check(what, pd.DataFrame([point], index=[0]), system, f"{what.name} in symbols")
    choices = {key: words[0] for key, (_, words) in texts.items() if words[0] and key != "system"}
    try:
        rows, known = supplied(what, system, choices, numbers, numbers_of_it)
    except RowError as error:
        raise InputError(f"{what.name} on {system}: {error}") from error
    lacking = tuple(row for table, row in rows if table == "systems")
    if other := [f"{row} (data/{table}.csv)" for table, row in rows if table != "systems"]:
        raise InputError(
            f"{system} lacks {', '.join(other)}, which no symbol of the law stands for: give it as an input"
        )
    law, columns, scenario = _asked(what, system, choices, numbers, known)
    put, between = _put(what, system, choices, numbers, known, lacking)
    expression = sp.sympify(_worked(law, what.target, put))
    stand_ins = {sp.Symbol(each, positive=True): known[each] for each in lacking}
    stand_ins |= {sp.Symbol(each, positive=True): columns[each] for each in between}
    there = float(expression.subs(stand_ins).evalf())
    exact = float(np.ravel(law.answers(columns, (what.target,))[str(what.target)])[0])
    if abs(there / exact - 1) > 1e-8:
        raise InputError(f"{what.name}: the law of {system} has branches that symbols do not tell apart there")
    found = Unknown(what.name, what.unit, system, lacking, what.target, expression, between, tuple(scenario.sources()))
    if against is None:
        return found
    other = named_system(against)
    even = [_even(what, each, point, system, other, numbers_of_it, lacking, draws, seed, interval) for each in lacking]
    return replace(found, against=other, even=tuple(even))


def _told(what, given):
    """Return (inputs, numbers of the system) of what is given by name."""
    given = {synonyms(what, given).get(key, key): value for key, value in given.items()}
    names = [each.name for each in what.inputs]
    point = {key: value for key, value in given.items() if key in names}
    numbers, facts = {}, list(catalog.load("systems").columns)
    for key, value in given.items():
        if key in point:
            continue
        if key not in facts:
            near = unknown(what, key, given, facts)
            more = near if "did you mean" in near else f": choose one of {', '.join(names)}"
            raise InputError(f"{what.name} has no input {shortened(key)}{more}, or a number of the system")
        numbers[key] = number(value) if isinstance(value, str) else value
        if not accepts(key, numbers[key]):
            raise InputError(f"{key} is '{shortened(value)}'; it takes {change(key)[2]}")
    return point, numbers


def _asked(what, system, choices, numbers, known):
    """Return (law, columns, scenario): the law whose outcome is the answer's, and the numbers that were put into it."""
    scenario = Scenario(system, changes=known)
    law, given = behind(what, scenario, choices, numbers)
    return law, {each: float(np.ravel(given[each])[0]) for each in law.inputs(what.target)}, scenario


def _put(what, system, choices, numbers, known, lacking):
    """Return ({name: number or expression}, {name: unknown numbers that it depends on and is not written out}).

    A column of the law that moves with one unknown number as a + b x^k is written out; one that moves otherwise, or
    with several, stays a symbol of its own.
    """
    _, usual, _ = _asked(what, system, choices, numbers, known)
    put: dict[str, Any] = {name: sp.Float(number, 17) for name, number in usual.items()}
    moved: dict[str, dict[str, Any]] = {}
    for missing in lacking:
        tried = [
            _asked(what, system, choices, numbers, known | {missing: times * known[missing]})[1] for times in TRIED
        ]
        for name in usual:
            values = np.array([each.get(name, np.nan) for each in tried])
            if not np.allclose(values, values[0], rtol=1e-14, atol=0):
                moved.setdefault(name, {})[missing] = _written(missing, known[missing], values)
    between = {}
    for name, ways in moved.items():
        (way,) = ways.values() if len(ways) == 1 else (None,)
        put[name] = sp.Symbol(name, positive=True) if way is None else way
        if way is None:
            between[name] = tuple(ways)
    return put, between


def _written(unknown, stand_in, values):
    """Return a + b x^k that has these values at TRIED times the stand-in of an unknown number x; None: no such law."""
    symbol = sp.Symbol(unknown, positive=True)
    for power in POWERS:
        first, second, third = (times**power for times in TRIED)
        slope = (values[1] - values[0]) / (second - first)
        constant = values[0] - slope * first
        if abs(constant + slope * third - values[2]) <= SAME * abs(values[2]):
            moving = sp.Float(slope / stand_in**power, 17) * symbol**power
            return moving if abs(constant) <= SAME * abs(values[0]) else sp.Float(constant, 17) + moving
    return None


def _worked(law, target, put):
    """Return the target of a law with numbers put in, equation by equation."""
    known = {sp.Symbol(name, positive=True): each for name, each in put.items()}
    for equation in law.chain((target,))[1]:
        worked = equation.rhs.xreplace(known)
        known[equation.lhs] = worked.doit() if worked.free_symbols else worked.evalf(17)
    return known[target]


@dataclass(frozen=True)
class Against(Along):
    """The quantity of one system over that of another, asked the same, along an unknown number of the one."""

    other: str = ""

    def _asked(self, places, drawn):
        (place,) = places
        value = np.ravel(self._over(None, place))
        if not drawn:
            return value, value, value
        return value, *around(value, self._over(self.draws, place), axis=0)

    def _over(self, draws, place):
        own = self.what.values(self._scenario(draws, place), self.checked[1], self.checked[0])
        return ratio(own, self._theirs_drawn if draws else self._theirs).drawn

    @cached_property
    def _theirs(self):
        return self._of_the_other(None)

    @cached_property
    def _theirs_drawn(self):
        return self._of_the_other(self.draws)

    def _of_the_other(self, draws):
        return self.what.values(self._made_of(self.other, draws, {}), self.checked[1], self.checked[0])


def _even(what, of, point, system, other, given, lacking, draws, seed, interval):
    """Return the Need at which the one system is as good as the other, along one of its unknown numbers."""
    beside = {}
    for name in lacking:
        if name == of:
            continue
        theirs = Scenario(other).system
        if name not in theirs:
            raise InputError(f"{other} has no {name} to stand in: give {name}=, in {base(_unit(name))}")
        beside[name] = theirs(name)
    where = f"{what.name} against {other}"
    along = Against(what, of, point, system, {"changes": {**given, **beside}}, draws, seed, where, other)
    return solved(along, 1.0, interval)


def _unit(name):
    rows = catalog.read("systems")
    return rows[rows["quantity"] == name]["unit"].iloc[0]
