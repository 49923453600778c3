"""How many digits of the laws are right: each as its numpy code computes it, against mpmath at fifty digits.

python tests/truth.py [POINTS] [record] prints the worst relative error of each law over so many random inputs (200);
with record those of each Model, and of each Equation beside one, go into tests/truth.csv with the commit.
"""

import csv
import importlib
import pkgutil
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import mpmath
import numpy as np
import sympy as sp

from model import laws
from model.notation.equation import Equation, Model, compute
from model.notation.nomenclature import NOMENCLATURE

DIGITS = 50
RECORD = Path(__file__).with_name("truth.csv")
COLUMNS = ("law", "expressions", "points", "error", "worst", "commit")
ALLOWED = 1e-12

# What a valid input is, in powers of ten of its base unit.
POWERS = {
    "s": (-9, 8),
    "us": (-9, -2),
    "ns": (-12, -6),
    "h": (0, 10),
    "day": (3, 9),
    "1/(device h)": (-13, -4),
    "1/h": (-6, -1),
    "B": (0, 14),
    "GiB": (9, 13),
    "GB/s": (7, 15),
    "TB/s": (10, 15),
    "TFLOP/s": (12, 18),
    "FLOP": (3, 20),
    "token/s": (-1, 7),
    "USD": (-6, 6),
    "USD/h": (-5, -1),
    "W": (0, 6),
    "J": (-4, 3),
}
COUNTS = (0, 6)
# Symbols that are no counts: shares, from next to none to all but none, 0 or 1, and exponents and ratios about one.
SHARE = re.compile(
    r"share|availability|utilisation$|correlation|blocking|acceptance|efficiency|probability|exposed_"
    r"|_idle$|_slowdown$|memory_usable|recompute"
)
FLAG = re.compile(r"^(in_switch|block_scaled|exchanging|sharded|overlap|merged|paired)$")
RATIO = re.compile(
    r"^(growth|merging|shape|waiting|\w+_exponent|skew|evenness|load_ratio|release_factor|price_ratio|staffing_margin"
    r"|handled_copies|block_scaling|dense_kernels|premium|domain_gain|in_flight)$"
)
# Within a layer and a machine; a law asks for fewer experts of a token than there are.
WITHIN = {"topk": (0, 1.2), "experts": (1.2, 3), "place_limit": (0, 0.9), "destinations": (0.9, 3), "radix": (1, 3)}
WITHIN |= {name: (0, 4) for name in ("domain", "small_domain", "trays", "local_ranks")}


def draw(symbol, rng, number):
    """Return that many random values of a symbol, in base units; half of the shares lie next to one."""
    name, unit = str(symbol), NOMENCLATURE[symbol].unit
    if FLAG.match(name):
        return rng.integers(0, 2, number).astype(float)
    if SHARE.search(name):
        small = 10 ** rng.uniform(-12, -0.1, number)
        return np.where(rng.random(number) < 0.5, small, 1 - small)
    if RATIO.match(name):
        return 10 ** rng.uniform(-1, 0.7, number)
    values = 10 ** rng.uniform(*(WITHIN.get(name, COUNTS) if unit == "1" else POWERS[unit]), number)
    return np.maximum(np.round(values), 1) if unit == "1" else values


def found(name, value):
    """Yield (name, Model or Equation) of all that value is or holds."""
    if isinstance(value, Model | Equation):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from found(f"{name}[{key}]", each)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from found(f"{name}[{number}]", each)


def holders():
    """Yield every Model and Equation of model/laws once, from the modules that write any."""
    seen = set()
    for module in pkgutil.iter_modules(laws.__path__):
        source = Path(find_spec(f"model.laws.{module.name}").origin).read_text(encoding="utf-8")
        if "Equation(" in source:
            for key, value in vars(importlib.import_module(f"model.laws.{module.name}")).items():
                for name, each in found(f"{module.name}.{key}", value):
                    if id(each) not in seen:
                        seen.add(id(each))
                        yield name, each


MODELS = {name: each for name, each in holders() if isinstance(each, Model)}
EQUATIONS = {name: each for name, each in holders() if isinstance(each, Equation)}
for _name, _model in MODELS.items():
    EQUATIONS |= {f"{_name}:{equation.lhs}": equation for equation in _model.equations}


@cache
def expressions():
    """Return {name: (expression, conditions)}: each right-hand side, and each left-hand side in inputs alone."""
    every = {
        name: (each.rhs, MODELS[name.split(":")[0]].valid if ":" in name else ()) for name, each in EQUATIONS.items()
    }
    for name, model in MODELS.items():
        solved = {equation.lhs: model.solve(equation.lhs) for equation in model.equations}
        every |= {
            f"{name}: solved {equation.lhs}": (solved[equation.lhs], [valid.subs(solved) for valid in model.valid])
            for equation in model.equations
            if solved[equation.lhs] != equation.rhs
        }
    return every


def points(expression, valid, number, seed):
    """Return that many random valid inputs of an expression, as columns of arrays: fewer where few are valid."""
    rng = np.random.default_rng(seed)
    symbols = sorted(set().union(expression.free_symbols, *(each.free_symbols for each in valid)), key=str)
    columns = {str(symbol): draw(symbol, rng, 10 * number) for symbol in symbols}
    kept = np.ones(10 * number, bool)
    for condition in valid:
        kept &= np.broadcast_to(compute(condition, columns), 10 * number)
    return {str(each): columns[str(each)][kept][:number] for each in expression.free_symbols}


def exact(expression):
    """Return (names, a function of mpmath numbers), which answers None where the law has no finite real value."""
    names = sorted(map(str, expression.free_symbols))
    # sympy's printer writes a binomial in gamma functions, with poles where fewer are there than are chosen.
    chosen = expression.replace(sp.binomial, sp.Function("choose"))
    function = sp.lambdify(names, chosen, [{"choose": mpmath.binomial}, "mpmath"], cse=True)

    def answer(*numbers):
        with mpmath.workdps(DIGITS):
            try:
                value = function(*map(mpmath.mpf, numbers))
            except (ZeroDivisionError, TypeError):  # a pole; complex numbers in a Max, outside the law's domain
                return None
            return None if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value) else mpmath.mpf(value)

    return names, answer


def worst(expression, valid=(), number=200, seed=1):
    """Return (largest relative error, the point where, how many points were compared).

    Left out are values beyond what floating-point numbers hold, and zero, where a relative error means nothing.
    """
    columns = points(expression, valid, number, seed)
    names, answer = exact(expression)
    with np.errstate(all="ignore"):
        computed = np.broadcast_to(compute(expression, columns), len(next(iter(columns.values()))))
    error, place, compared = 0.0, {}, 0
    for row, got in enumerate(computed):
        point = {name: float(columns[name][row]) for name in names}
        truth = answer(*point.values())
        if truth is None or not 1e-290 < abs(truth) < 1e290:
            continue
        compared += 1
        with mpmath.workdps(DIGITS):
            off = float(abs(mpmath.mpf(float(got)) / truth - 1)) if np.isfinite(got) else np.inf
        if off > error:
            error, place = off, point
    return error, place, compared


def record(errors):
    """Write a row for each law, from {name of an expression: (error, where, points)}, with the commit of the project.

    Raises SystemExit where a file of model/ differs from that commit, whose digits they would not be.
    """
    git = ["git", "-C", str(RECORD.parent)]
    if subprocess.check_output([*git, "status", "--porcelain", "--", "../model"]):
        raise SystemExit("model/ differs from the last commit: commit first, then record")
    commit = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], text=True).strip()
    of = {}
    for name, found in errors.items():
        of.setdefault(name.split(":")[0], {})[name] = found
    with RECORD.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for law, each in sorted(of.items()):
            name = max(each, key=lambda name: each[name][0])
            points = sum(compared for _, _, compared in each.values())
            writer.writerow([law, len(each), points, f"{each[name][0]:.1e}", name.removeprefix(law), commit])


def main(number=200, keep=False):
    """Print the worst error of each law, the worst last; return 1 where one is too large. keep: into the record."""
    errors = {}
    for name, (expression, valid) in expressions().items():
        if expression.free_symbols:
            errors[name] = worst(expression, valid, number)
    for name, (error, place, compared) in sorted(errors.items(), key=lambda each: each[1][0]):
        print(f"{error:.1e}  {name}, {compared} points" + (f", at {place}" if error > ALLOWED else ""))
    beyond = sum(error > ALLOWED for error, *_ in errors.values())
    print(f"{len(errors)} expressions at {DIGITS} digits, {beyond} with an error above {ALLOWED:g}")
    if keep:
        record(errors)
    return int(beyond > 0)


if __name__ == "__main__":
    _words = sys.argv[1:]
    _keep = _words[-1:] == ["record"]
    _number = _words[: len(_words) - _keep]
    if len(_number) > 1 or not all(map(str.isdecimal, _number)):
        sys.exit("Say python tests/truth.py [POINTS, a whole number] [record]")
    sys.exit(main(*map(int, _number), keep=_keep))
