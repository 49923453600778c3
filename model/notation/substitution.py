"""An equation with the numbers of an example put in: each with its unit, and what comes out."""

import re
from typing import Any

import numpy as np
import sympy as sp
from sympy.printing.latex import LatexPrinter

from model.notation.equation import Equation, Model, arranged, compute, latex
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import size

# Units of one dimension, smallest first, and from how many of itself on each is used: people say 90 min and 40 h.
SCALES = (
    (("B", 1), ("kB", 1), ("MB", 1), ("GB", 1), ("TB", 1)),
    (("ns", 1), ("us", 1), ("ms", 1), ("s", 1), ("min", 5), ("h", 2), ("day", 3)),
    (("W", 1), ("kW", 10)),
)
WORDS = {"us": r"\mu s", "1/(device h)": "h^{-1}", "1/h": "h^{-1}", "1/s": "s^{-1}", "%": r"\%", "1": "", "day": "days"}
DIGITS = 3


class _Printer(LatexPrinter):
    """Puts a number that carries a unit or a power of ten into brackets where it is raised to a power."""

    def _helper_print_standard_power(self, expr: sp.Pow, template: str) -> str:
        base = self.parenthesize(expr.base, sp.printing.precedence.PRECEDENCE["Pow"])
        if expr.base.is_Symbol and re.search(r"\\[,t]", base):
            base = rf"\left({base}\right)"
        return template % (base, self._print(expr.exp))


def shown(number: float, unit: str = "1") -> str:
    """Return a number in base units as LaTeX with its unit: three digits, whole counts in full, bytes and times scaled.

    A share within a hundredth of one keeps two digits of what it lacks. unit: of notation.units.
    """
    for scale in SCALES:
        if unit in dict(scale) and number:
            fits = [name for name, least in scale if abs(number) >= least * size(name) * (1 - 0.5 * 10.0**-DIGITS)]
            unit = fits[-1] if fits else scale[0][0]
    word = WORDS.get(unit, unit)
    lacking = abs(1 - number)
    if unit == "1" and 0 < lacking < 0.01:  # a share of nearly one: what it lacks is the news
        return f"{number:.{1 - int(np.floor(np.log10(lacking)))}f}"
    return digits(number / size(unit)) + (rf"\,\mathrm{{{word}}}" if word else "")


def digits(number: float) -> str:
    """Return a plain number as LaTeX: three digits, whole counts in full, a power of ten where it is long."""
    number = float(number)
    if number == round(number) and abs(number) < 1e6:
        return f"{number:,.0f}".replace(",", "{,}")
    text, _, power = f"{number:.{DIGITS}g}".partition("e")
    if (power and int(power) < -4) or abs(number) >= 1e6:
        text, _, power = f"{number:.{DIGITS - 1}e}".partition("e")
        return rf"{text}\times 10^{{{int(power)}}}"
    return f"{float(f'{number:.{DIGITS}g}'):,.15g}".replace(",", "{,}")


def columns_of(law: Model, calls: list[tuple[Any, Any]], target: Any = None) -> dict[str, float]:
    """Return the numbers that a prediction put into a law, by name: the first of `calls`, which `equation.kept` gave.

    target: the left-hand side that was asked for, where the law was solved for it; without, the law itself was asked.
    Ask the prediction once before: the first time its constants are fitted, by the same law. Raises ValueError where
    nothing asked it.
    """
    asked = law if target is None else law.solve(target)
    found = [columns for each, columns in calls if each is asked or (target is not None and each == asked)]
    if not found:
        raise ValueError("nothing asked this law: take the calls of a prediction that rests on it")
    return {str(name): float(np.ravel(number)[0]) for name, number in found[0].items()}


def example(law: Model, columns: dict[str, float]) -> dict[str, float]:
    """Return columns, base units by name, with every left-hand side of the law that they lead to."""
    known = dict(columns)
    for equation in law.equations:
        if all(str(each) in known for each in equation.rhs.free_symbols):
            known[str(equation.lhs)] = float(compute(equation.rhs, known))
    return known


def substituted(law: Any, columns: dict[str, float], unit: str = "") -> str:
    """Return a law as LaTeX with the numbers of `columns` (base units, by name) put in, and what comes out.

    law: an Equation, a sympy relation, or a sympy expression; unit: of the right side, of notation.units; left out,
    that of the symbol on the left, or none. Raises ValueError where a number is missing.
    """
    left, sign, right = parts(law)
    unit = unit or (NOMENCLATURE[left].unit if left in NOMENCLATURE else "1")
    put = {
        symbol: shown(_known(columns, symbol), NOMENCLATURE[symbol].unit)
        for symbol in right.free_symbols - set(_indices(right))
    }
    worked = _Printer({"symbol_names": put, "mul_symbol": "times", "order": arranged(right)}).doprint(right)
    outcome = shown(float(compute(right, columns)), unit)
    head = f"{latex(left)} {sign} " if left is not None else ""
    return head + (outcome if worked == outcome else f"{worked} = {outcome}")


def parts(law: Any) -> tuple[Any, str, Any]:
    """Return (left side or None, sign, right side) of an Equation, a sympy relation or an expression."""
    if isinstance(law, Equation):
        return law.lhs, "=", law.rhs
    if isinstance(law, sp.Rel):
        signs = {"==": "=", "<=": r"\leq", ">=": r"\geq", "<": "<", ">": ">"}
        return law.lhs, signs[law.rel_op], law.rhs
    return None, "=", law


def letters(law: Any) -> list[sp.Symbol]:
    """Return the symbols of a law in the order in which they stand in it, the left side first."""
    left, _, right = parts(law)
    found = [each for side in (left, right) if side is not None for each in sp.preorder_traversal(side)]
    return [each for each in dict.fromkeys(found) if each in NOMENCLATURE]


def _indices(expression: sp.Expr) -> list[sp.Symbol]:
    """Return symbols that stand for no number: indices of sums."""
    return [each for part in expression.atoms(sp.Sum) for each, *_ in part.limits]


def _known(columns: dict[str, float], symbol: sp.Symbol) -> float:
    try:
        return float(np.ravel(columns[str(symbol)])[0])
    except KeyError:
        raise ValueError(f"the example lacks {symbol}: give its number, in base units") from None
