"""Equation and Model. What a reader meets later (LaTeX, numbers, limits, unit checks) is derived from them."""

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import scipy.special
import sympy as sp
from sympy.simplify.cse_main import cse_release_variables

from model.notation import stable
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import BASE, dimension

LEADING_MINUS = re.compile(r"(?:^|[{(\[])\s*-")


def _select(conditions, choices, default):
    """Return what numpy.select does; of two branches, the usual case, ten times as fast."""
    if len(conditions) == 2 and conditions[1] is True:
        return np.where(conditions[0], *choices)
    return np.select(conditions, choices, default)


def _poisson_quantile(probability, mean):
    """Return the least count that a Poisson count of that mean does not exceed with that probability."""
    from scipy.stats import poisson  # here: it would take a third of the command line's start

    return poisson.ppf(probability, mean)


NUMERIC = [
    {
        "LambertW": lambda x, k=0: scipy.special.lambertw(x, k).real,
        "binomial": scipy.special.binom,
        "select": _select,
        "poisson_quantile": _poisson_quantile,
        **stable.NUMERIC,
    },
    "scipy",
    "numpy",
]


@dataclass(frozen=True)
class Equation:
    """``lhs = rhs``, with the key in book/references.bib of where it comes from ("derived" where it is ours)."""

    lhs: sp.Symbol
    rhs: sp.Expr
    source: str = "derived"

    def __post_init__(self):
        if unknown := ({self.lhs} | self.rhs.free_symbols) - NOMENCLATURE.keys():
            raise ValueError(
                f"{self.lhs}: {sorted(map(str, unknown))} not in model.notation.nomenclature: declare it there once"
            )

    def _repr_latex_(self):
        return f"${latex(self.lhs)} = {latex(self.rhs)}$"


@dataclass(frozen=True, eq=False)  # a model is itself alone: what is kept for it is found without reading it through
class Model:
    """Equations in order of derivation (each uses inputs and earlier left-hand sides only), assumptions in words,
    and the conditions outside which the model refuses to answer."""

    equations: tuple[Equation, ...]
    assumptions: tuple[str, ...]
    valid: tuple[sp.Rel, ...] = ()

    def __getitem__(self, symbol):
        """Return the equation whose left-hand side is symbol."""
        return next(equation for equation in self.equations if equation.lhs == symbol)

    @cache  # noqa: B019 (models are module-level constants that live as long as the process)
    def solve(self, target):
        """Return target, a symbol or an expression, in terms of the inputs alone."""
        target, solved = sp.sympify(target), dict[sp.Basic, sp.Basic]()
        for equation in self.chain(target.free_symbols)[1]:  # in order: each right-hand side is rebuilt once, and short
            solved[equation.lhs] = equation.rhs.xreplace(solved)
        return target.xreplace(solved)

    def answers(self, columns, targets=None):
        """Return {name: value} of left-hand sides, those of the tuple targets or all, on numbers or arrays.

        The same numbers as `compute(self.solve(target), columns)`, without one large expression: the equations that are
        needed are evaluated in turn, each once. columns: a mapping from names of inputs, in base units.
        """
        names, wanted, function = self._in_turn(targets)
        if (calls := _kept.get()) is not None:
            calls.append((self, columns))
        if (tape := _written.get()) is not None:
            return tape.in_turn(self, targets, _picked(columns, names), names)
        return dict(zip(wanted, function(*_picked(columns, names)), strict=True))

    @cache  # noqa: B019 (as above)
    def _in_turn(self, targets):
        """Return (names of inputs, names of targets, numpy code that works through the equations that they need)."""
        targets = tuple(each.lhs for each in self.equations) if targets is None else targets
        inputs, chain = self.chain(targets)
        names = sorted(map(str, inputs))
        steady = [(equation.lhs, stable.stable(equation.rhs)) for equation in chain]
        released = cse_release_variables(
            steady, list(targets)
        )  # what is not needed any more leaves the cache to others
        function = sp.lambdify(names, targets, NUMERIC, cse=lambda _: released)
        return names, list(map(str, targets)), function

    def chain(self, targets):
        """Return (inputs, a set of symbols; equations in order) that symbols need, left-hand sides or not."""
        needed, chain = set(targets), list[Equation]()
        for equation in reversed(self.equations):
            if equation.lhs in needed:
                needed = needed - {equation.lhs} | equation.rhs.free_symbols
                chain.insert(0, equation)
        return needed, chain

    def inputs(self, target):
        """Return the names of the inputs that target, a symbol or an expression, depends on, sorted."""
        return sorted(map(str, self.chain(sp.sympify(target).free_symbols)[0]))

    def elasticity(self, target, symbol):
        """Return d ln target / d ln symbol: per cent gained per per cent spent."""
        expression = self.solve(target)
        return sp.simplify(symbol * expression.diff(symbol) / expression)

    def evaluate(self, target, frame):
        """Return target as a Series, one number for each row of frame, whose columns are symbol names in base units.

        Raises ValueError where a column is missing or a row lies outside the region of validity.
        """
        for condition in self.valid:
            if not (holds := call(condition, frame)).all():
                rows = list(frame.index[~holds])
                raise ValueError(f"{target}: {condition} fails for {rows[:5]}{' and more' if len(rows) > 5 else ''}")
        return pd.Series(call(self.solve(target), frame), index=frame.index, name=str(target))

    def _repr_markdown_(self):
        return "\n".join(f"$${latex(equation.lhs)} = {latex(equation.rhs)}$$" for equation in self.equations)


def latex(expression):
    """Return expression as LaTeX, with the short letters of the nomenclature and, where it can be, no leading minus."""
    return _letters(expression, arranged(expression))


def arranged(expression):
    """Return the order of terms, for sympy's printers, that begins with the fewest minus signs."""
    orders = (None, "none", "rev-lex")
    return min(orders, key=lambda order: len(LEADING_MINUS.findall(_letters(expression, order))))


def _letters(expression, order):
    return sp.latex(expression, symbol_names={s: entry.latex for s, entry in NOMENCLATURE.items()}, order=order)


@cache
def compiled(expression):
    """Return (names, function): numpy code of a sympy expression, in forms that keep their digits, common
    subexpressions shared, kept between calls."""
    names = tuple(sorted(map(str, expression.free_symbols)))
    return names, sp.lambdify(names, stable.stable(expression), NUMERIC, cse=True)


_kept: ContextVar[list | None] = ContextVar("kept", default=None)


@contextmanager
def kept():
    """Keep what `compute` and models are asked inside a with block: yield the list of (law, columns), oldest first."""
    calls: list = []
    token = _kept.set(calls)
    try:
        yield calls
    finally:
        _kept.reset(token)


_written: ContextVar[Any] = ContextVar("written", default=None)


@contextmanager
def written(tape):
    """Have `compute` and models write down laws, inside a with block, in place of evaluating them.

    tape: its `law(expression, picked, names)` and `in_turn(model, targets, picked, names)` stand in for the numpy code
    of either; picked are the columns of those names.
    """
    token = _written.set(tape)
    try:
        yield tape
    finally:
        _written.reset(token)


def tape():
    """Return what writes laws down at the moment, or None."""
    return _written.get()


def compute(expression, columns):
    """Evaluate a sympy expression on a mapping from symbol names to numbers or arrays that broadcast together."""
    names, function = compiled(expression)
    if (calls := _kept.get()) is not None:
        calls.append((expression, columns))
    if (tape := _written.get()) is not None:
        return tape.law(expression, _picked(columns, names), names)
    return function(*_picked(columns, names))


def _picked(columns, names):
    """Return the columns of those names; ValueError says which are missing."""
    try:
        return [columns[name] for name in names]
    except KeyError:
        missing = [name for name in names if name not in columns]
        raise ValueError(f"the columns {missing} are missing; given are {list(columns)}") from None


def call(expression, frame):
    """Evaluate a sympy expression on the columns of frame, as one array of its length."""
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    return np.broadcast_to(compute(expression, columns), len(frame))


def is_homogeneous(equation, rng):
    """Tell whether both sides of the equation carry the same unit.

    A law does not care how long a second is: rescale the base units at random and both sides must follow. By powers of
    two, which floating-point numbers take without rounding, so that differences of nearly equal terms follow too.
    """
    exponents = rng.choice(np.arange(3, 20), len(BASE), replace=False)
    stretch = {base: 2 ** int(exponent) for base, exponent in zip(BASE, exponents, strict=True)}
    inputs = sorted(equation.rhs.free_symbols, key=str)
    factor = {s: float(dimension(NOMENCLATURE[s].unit).subs(stretch)) for s in (*inputs, equation.lhs)}
    columns = {str(s): 10 ** rng.uniform(-2, 2, 256) for s in inputs}  # wide: each branch of a Max
    scaled = {str(s): columns[str(s)] * factor[s] for s in inputs}
    with np.errstate(invalid="ignore", over="ignore"):  # points outside a law's domain give nan on both sides
        before, after = compute(equation.rhs, columns) * factor[equation.lhs], compute(equation.rhs, scaled)
    known = np.isfinite(before) & np.isfinite(after) & (np.minimum(abs(before), abs(after)) > np.finfo(float).tiny)
    return bool(known.any() and np.allclose(after[known], before[known], rtol=1e-12, atol=0))
