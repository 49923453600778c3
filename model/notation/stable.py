"""Forms that keep their digits: where a law as it is printed would subtract what is nearly equal, it is computed so.

A law stays as a reader knows it, e^x - 1 and all; only the numpy code made from it takes these forms. Each is equal to
what it stands for, which `tests/notation/test_truth.py` shows at fifty digits.
"""

from functools import cache

import numpy as np
import sympy as sp
from scipy import special
from sympy.codegen.rewriting import expm1_opt

power_of_sum = sp.Function("power_of_sum")  # (1 + x)^n
rest_of_power = sp.Function("rest_of_power")  # 1 - (1 + x)^n
rest_of_root = sp.Function("rest_of_root")  # 1 - x^n
branch_gap = sp.Function("branch_gap")  # 1 + W(-exp(-1 - x))
more_than_one = sp.Function("more_than_one")  # 1 - (1 + x) exp(-x): two events or more where x are expected


def _series(length):
    """Return the coefficients of t in powers of sqrt(2 x), where t + ln(1 - t) = -x; from the first power on.

    They follow from t dt/ds = s (1 - t) with s = sqrt(2 x), power by power.
    """
    found = [1.0]
    for power in range(2, length + 1):
        products = sum(k * found[k - 1] * found[power - k] for k in range(2, power))
        found.append(-(found[-1] + products) / (power + 1))
    return np.array(found)


SERIES = _series(14)  # their radius is 3.5, so at NEAR the rest is below 1e-17
NEAR = 0.25


def _branch_gap(x):
    """Return 1 + W(-exp(-1 - x)), x >= 0: next to the branch point, where rounding the argument costs half of the
    digits, by the series in sqrt(2 x). Source: corless1996."""
    root = np.sqrt(2 * np.asarray(x, float))
    far = 1 + special.lambertw(-np.exp(-1 - np.asarray(x, float))).real
    near = np.minimum(root, NEAR)
    return np.where(root < NEAR, near * np.polynomial.polynomial.polyval(near, SERIES), far)[()]


def _log_power(x, n):
    """Return n log(1 + x), nothing where n is 0; of one x above -1 its logarithm is taken once."""
    return n * np.log1p(x) if np.size(x) == 1 and np.all(x > -1) else special.xlog1py(n, x)


NUMERIC = {
    "power_of_sum": lambda x, n: np.exp(_log_power(x, n)),
    "rest_of_power": lambda x, n: 0 - np.expm1(_log_power(x, n)),  # 0 -, so that nothing is 0 and not -0
    "rest_of_root": lambda x, n: 0 - special.powm1(x, n),
    "branch_gap": _branch_gap,
    "more_than_one": lambda x: special.gammainc(2, x),
}


@cache
def stable(expression):
    """Return a sympy expression in forms that keep their digits."""
    if not isinstance(expression, sp.Expr):
        return expression  # a condition
    for kind, form in ((sp.Add, _more_than_one), (sp.LambertW, _lambert), (sp.Add, _rest), (sp.Pow, _power)):
        while found := {each: new for each in expression.atoms(kind) if (new := form(each)) is not None}:
            expression = expression.xreplace(found)
    return expm1_opt(expression) if expression.has(sp.exp) else expression


def _more_than_one(total):
    """Return a sum of which 1 - (1 + x) exp(-x) is a part with that part as one term, or None."""
    for term in total.args if 1 in total.args else ():
        factors = sp.Mul.make_args(-term)
        power = next((each for each in factors if isinstance(each, sp.exp)), None)
        if power is not None and set(factors) == {power, 1 - power.args[0]}:
            return _without(total, 1, term) + more_than_one(-power.args[0])
    return None


def _lambert(each):
    """Return W(-exp(-1 - x)) by its distance from -1, or None: in a sum with 1 that distance stays."""
    if len(each.args) == 1 and isinstance(-each.args[0], sp.exp):
        return branch_gap(-1 - (-each.args[0]).args[0]) - 1
    return None


def _rest(total):
    """Return a sum of which 1 - x^n is a part with that part as one term, or None."""
    for term in total.args if 1 in total.args else ():
        if _open(-term):
            base, power = (-term).args
            rest = rest_of_power(base - 1, power) if _holds_one(base) else rest_of_root(base, power)
            return _without(total, 1, term) + rest
    return None


def _power(each):
    """Return (1 + x)^n without rounding 1 + x, or None."""
    return power_of_sum(each.base - 1, each.exp) if _open(each) and _holds_one(each.base) else None


def _open(each):
    """Tell whether it is a power whose exponent is no number; exp is one of its own."""
    return isinstance(each, sp.Pow) and bool(each.exp.free_symbols)


def _holds_one(each):
    return isinstance(each, sp.Add) and 1 in each.args


def _without(total, *terms):
    return sp.Add(*(each for each in total.args if each not in terms))
