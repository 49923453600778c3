"""Plain JavaScript of sympy expressions: what a page computes is printed from the laws themselves, without a library.

A language that computes with JavaScript's operators is a Dialect: which functions it has and how it refers to what was
computed before. `SCRIPT` is JavaScript; Vega's, which has fewer functions, is in model.views.vega.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from model.notation import stable

OPERATORS = {sp.Add: "+", sp.And: "&&", sp.Or: "||"}
OPERATORS |= {sp.Gt: ">", sp.Ge: ">=", sp.Lt: "<", sp.Le: "<=", sp.Eq: "==", sp.Ne: "!="}
HALLEY_STEPS = 5  # from the starts below four reach the last digit nearly everywhere
RESERVED = re.compile(
    r"arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|"
    r"false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|"
    r"public|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while|with|yield"
)


@dataclass(frozen=True)
class Dialect:
    """Names of functions by sympy's kind or name, of power and root, and how a value computed before is referred to.

    home: the module that an error about an unknown function names. LambertW, where it is no function of the dialect, is
    printed as a start and steps.
    """

    home: str
    functions: Mapping
    power: str = "pow"
    root: str = "sqrt"
    earlier: str = "{}"

    def text(self, expression, names):
        """Return one expression, every operation in brackets.

        names: mapping from symbols to text of their values. Raises ValueError for a symbol without one and, by its
        name, for a function that is not known.
        """

        def each(part):
            return self.text(part, names)

        kind = expression.func
        if expression in names:
            return names[expression]
        if expression.is_Symbol:
            raise ValueError(f"{expression} has no value: give it a slider, or a number in fixed")
        if expression in (sp.true, sp.false, sp.nan):
            return {sp.true: "true", sp.false: "false", sp.nan: "NaN"}[expression]
        if expression.is_Integer and abs(expression) < 2**53:
            return str(expression) if expression >= 0 else f"({expression})"
        if expression.is_number and not expression.has(sp.zoo, sp.oo, -sp.oo) and not expression.args:
            return f"({float(expression)!r})"
        if expression.is_Mul or expression.is_Pow:
            return self._quotient(expression, each)
        if known := self.functions.get(kind) or self.functions.get(kind.__name__):
            return f"{known}({', '.join(map(each, expression.args))})"
        if kind in OPERATORS:
            return f"({f' {OPERATORS[kind]} '.join(map(each, expression.args))})"
        if kind is sp.Not:
            return f"(!{each(expression.args[0])})"
        if kind is sp.Piecewise:
            result = "NaN"  # where no condition holds, as in numpy
            for value, condition in reversed(expression.args):
                result = each(value) if condition == sp.true else f"({each(condition)} ? {each(value)} : {result})"
            return result
        raise ValueError(f"{kind.__name__} is not known to {self.home}: add it to FUNCTIONS, with a test against numpy")

    def _quotient(self, expression, each):
        """Return a product or power as one division, as numpy computes it: rounded otherwise, a ceiling would move."""
        above: list[str] = []
        below: list[str] = []
        for part in sp.Mul.make_args(expression):
            base, exponent = part.as_base_exp() if part.is_Pow else (part, sp.Integer(1))
            side = below if exponent.is_Rational and exponent < 0 else above
            exponent = -exponent if side is below else exponent
            if exponent == 1:
                side.append(each(base))
            elif exponent == sp.Rational(1, 2):
                side.append(f"{self.root}({each(base)})")
            else:
                side.append(f"{self.power}({each(base)}, {each(exponent)})")
        over, under = (side[0] if len(side) == 1 else f"({' * '.join(side)})" for side in (above or ["1"], below))
        return f"({over} / {under})" if below else over

    def steps(self, expression, names, prefix):
        """Return [(name, text), ...], in order; each may use those before it, and the last holds the value.

        Common subexpressions become steps of their own, and LambertW, where it is no function of the dialect, a start
        and Halley steps. names: as in `text`; prefix: of the names of the steps.
        """
        names = dict(names)
        found: list[tuple[str, str]] = []

        def keep(part):
            name = f"{prefix}{len(found)}"
            found.append((name, self.text(part, names)))
            symbol = sp.Symbol(f"{prefix} {len(found)}", real=True)
            names[symbol] = self.earlier.format(name)
            return symbol

        def without_lambert(part):
            if sp.LambertW in self.functions:
                return part
            while waiting := [each for each in part.atoms(sp.LambertW) if not each.args[0].has(sp.LambertW)]:
                first = min(waiting, key=sp.default_sort_key)
                part = part.xreplace({first: self._lambert(*first.args, keep=keep)})
            return part

        shared, (rest,) = sp.cse([expression], symbols=sp.numbered_symbols(f"{prefix} shared "))
        for symbol, part in shared:
            names[symbol] = names[keep(without_lambert(part))]
        keep(without_lambert(rest))
        return found

    def _lambert(self, argument, branch=0, *, keep):
        """Keep a start and Halley steps of w exp(w) = argument, and return the last. Source: corless1996."""
        if branch not in (0, -1):
            raise ValueError(f"LambertW on branch {branch} is not real: {self.home} knows 0 and -1")
        x = keep(argument)
        p = keep((1 if branch == 0 else -1) * sp.sqrt(2 * (sp.E * x + 1)))  # no number where x < -1/e
        near = -1 + p - p**2 / 3 + 11 * p**3 / 72 - 43 * p**4 / 540  # about the branch point
        if branch == 0:
            big = sp.log(1 + x)
            far = big * (1 - sp.log(1 + big) / (2 + big))
        else:
            big = sp.log(-x)
            far = big - sp.log(-big) + sp.log(-big) / big
        w = keep(sp.Piecewise((near, x < -sp.Rational(1, 4)), (far, True)))
        for _ in range(HALLEY_STEPS):
            miss = keep(w * sp.exp(w) - x)
            closer = w - miss / (sp.exp(w) * (w + 1) - (w + 2) * miss / (2 * w + 2))
            # At the branch point itself, where the step divides by nothing, the start is exact.
            w = keep(sp.Piecewise((w, sp.Abs(w + 1) < sp.Rational(1, 10**6)), (closer, True)))
        return w


COMMON = {sp.exp: "exp", sp.log: "log", sp.Max: "max", sp.Min: "min", sp.Abs: "abs"}  # every such language has them
COMMON |= {sp.ceiling: "ceil", sp.floor: "floor"}
MATH = {kind: f"Math.{name}" for kind, name in COMMON.items()} | {expm1: "Math.expm1", log1p: "Math.log1p"}
# What JavaScript lacks: script.js and RUNTIME define it.
OWN = {sp.LambertW: "lambertw", sp.binomial: "binomial", sp.erf: "erf", sp.gamma: "gamma", sp.loggamma: "loggamma"}
OWN |= {"poisson_quantile": "poisson_quantile"} | {name: name for name in stable.NUMERIC}
HOME = "model.notation.script"
FUNCTIONS = MATH | OWN
SCRIPT = Dialect(HOME, FUNCTIONS, "Math.pow", "Math.sqrt")
_BARE = Dialect(HOME, MATH, "Math.pow", "Math.sqrt")  # prints LambertW itself


def name(symbol):
    """Return the name of a symbol in JavaScript; ValueError where it is no name there."""
    word = str(symbol)
    if not re.fullmatch(r"[A-Za-z_]\w*", word, re.ASCII):
        raise ValueError(f"{word} is no name in JavaScript: rename the symbol")
    return f"{word}_" if RESERVED.fullmatch(word) else word


def function(expression):
    """Return (names, JavaScript of a function of them, in that order), as `equation.compiled` does for numpy.

    In forms that keep their digits, common subexpressions shared. It calls functions of `runtime()`. Raises ValueError
    for what cannot be printed, by its name.
    """
    names = tuple(sorted(map(str, expression.free_symbols)))
    given = {symbol: name(symbol) for symbol in expression.free_symbols}
    *steps, (_, value) = SCRIPT.steps(stable.stable(expression), given, _unused("t", given.values()))
    return names, _arrow(map(name, names), steps, value)


def law(model, targets):
    """Return (names, JavaScript of a function that returns an object of targets, by name), as `Model.answers` does.

    model: a model.notation.equation.Model; targets: left-hand sides of it. The equations that are needed are computed
    in turn, each once, and keep their names.
    """
    needed, chain = model.chain(targets)
    inputs = sorted(needed, key=str)
    given = {symbol: name(symbol) for symbol in (*inputs, *(each.lhs for each in chain))}
    steps = []
    for equation in chain:
        left = given[equation.lhs]
        *shared, (_, value) = SCRIPT.steps(stable.stable(equation.rhs), given, f"{left}_")
        steps += [*shared, (left, value)]
    value = f"({{ {', '.join(given[each] for each in targets)} }})"
    return tuple(map(str, inputs)), _arrow([given[each] for each in inputs], steps, value)


def _arrow(names, steps, value):
    lines = [f"  const {left} = {right};\n" for left, right in steps]
    return f"({', '.join(names)}) => {{\n{''.join(lines)}  return {value};\n}}"


def _unused(prefix, names):
    """Return a prefix with which none of the names begins and goes on in digits."""
    while any(re.fullmatch(rf"{prefix}\d+", each) for each in names):
        prefix += "_"
    return prefix


@cache
def runtime():
    """Return the functions that printed laws call and JavaScript lacks: declarations, to be put before them."""
    written = Path(__file__).with_name("script.js").read_text(encoding="utf-8")
    x = sp.Symbol("x", real=True)
    branches = []
    for branch, own in ((0, "upper_lambertw"), (-1, "lower_lambertw")):
        *steps, (_, value) = _BARE.steps(sp.LambertW(x, branch), {x: "x"}, "w")
        branches.append(f"const {own} = {_arrow(['x'], steps, value)};\n")
    series = f"const BRANCH_SERIES = {[float(each) for each in stable.SERIES]!r}, BRANCH_NEAR = {stable.NEAR!r};\n"
    return "".join([*branches, series, written])


@cache
def drawing():
    """Return the functions that make draws again in a page: declarations, to be put after those of `runtime`."""
    return Path(__file__).with_name("draws.js").read_text(encoding="utf-8")
