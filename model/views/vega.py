"""Vega expressions of sympy ones: what a page computes under its reader's sliders is printed from the law itself."""

import sympy as sp

FUNCTIONS = {sp.exp: "exp", sp.log: "log", sp.Max: "max", sp.Min: "min", sp.Abs: "abs"}
FUNCTIONS |= {sp.ceiling: "ceil", sp.floor: "floor"}
OPERATORS = {sp.Add: "+", sp.And: "&&", sp.Or: "||"}
OPERATORS |= {sp.Gt: ">", sp.Ge: ">=", sp.Lt: "<", sp.Le: "<=", sp.Eq: "==", sp.Ne: "!="}
HALLEY_STEPS = 5  # from the starts below four reach the last digit nearly everywhere


def text(expression, names):
    """Return one Vega expression, every operation in brackets.

    names: mapping from symbols to Vega expressions of their values. Raises ValueError for a symbol without one and,
    by its name, for a function that is not supported; LambertW needs `steps`.
    """

    def each(part):
        return text(part, names)

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
        return _quotient(expression, each)
    if kind in FUNCTIONS:
        return f"{FUNCTIONS[kind]}({', '.join(map(each, expression.args))})"
    if kind in OPERATORS:
        return f"({f' {OPERATORS[kind]} '.join(map(each, expression.args))})"
    if kind is sp.Not:
        return f"(!{each(expression.args[0])})"
    if kind is sp.Piecewise:
        result = "NaN"  # where no condition holds, as in numpy
        for value, condition in reversed(expression.args):
            result = each(value) if condition == sp.true else f"({each(condition)} ? {each(value)} : {result})"
        return result
    raise ValueError(
        f"{kind.__name__} is not known to model.views.vega: add it to FUNCTIONS, with a test against numpy"
    )


def _quotient(expression, each):
    """Return a product or power as one division, as numpy computes it: rounded another way, a ceiling would move."""
    above, below = [], []
    for part in sp.Mul.make_args(expression):
        base, exponent = part.as_base_exp() if part.is_Pow else (part, sp.Integer(1))
        side = below if exponent.is_Rational and exponent < 0 else above
        exponent = -exponent if side is below else exponent
        if exponent == 1:
            side.append(each(base))
        elif exponent == sp.Rational(1, 2):
            side.append(f"sqrt({each(base)})")
        else:
            side.append(f"pow({each(base)}, {each(exponent)})")
    above, below = (side[0] if len(side) == 1 else f"({' * '.join(side)})" for side in (above or ["1"], below))
    return f"({above} / {below})" if below != "()" else above


def steps(expression, names, prefix):
    """Return [(field, Vega expression), ...], in order; each is written on a datum and may use the fields before it.

    The last holds the value. Common subexpressions become fields of their own, and LambertW a start and Halley steps,
    since Vega knows neither. names: as in `text`; prefix: of the fields.
    """
    names, found = dict(names), []

    def keep(part):
        field = f"{prefix}{len(found)}"
        found.append((field, text(part, names)))
        symbol = sp.Symbol(f"{prefix} {len(found)}", real=True)
        names[symbol] = f"datum.{field}"
        return symbol

    def without_lambert(part):
        while waiting := [each for each in part.atoms(sp.LambertW) if not each.args[0].has(sp.LambertW)]:
            first = min(waiting, key=sp.default_sort_key)
            part = part.xreplace({first: _lambert(*first.args, keep=keep)})
        return part

    shared, (rest,) = sp.cse([expression], symbols=sp.numbered_symbols(f"{prefix} shared "))
    for symbol, part in shared:
        names[symbol] = names[keep(without_lambert(part))]
    keep(without_lambert(rest))
    return found


def _lambert(argument, branch=0, *, keep):
    """Keep a start and Halley steps of w exp(w) = argument, and return the last. Source: corless1996."""
    if branch not in (0, -1):
        raise ValueError(f"LambertW on branch {branch} is not real: model.views.vega knows 0 and -1")
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
