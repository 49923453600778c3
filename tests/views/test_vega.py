"""The printer of Vega expressions against numpy, each in its own engine: vl-convert runs Vega without a browser."""

import mpmath
import numpy as np
import pytest
import sympy as sp
import vl_convert

from model.laws import exchange, idle, reliability, step, two_tiers
from model.notation.equation import Model, compute
from model.views import vega

x, y, z = sp.symbols("x y z", positive=True)
POINTS = 60
EXPRESSIONS = [
    x + 2 * y - z / 3,
    -x * y / z + sp.Rational(22, 7),
    (x + y) ** 3 / (x * z) ** 2,
    x ** sp.Rational(2, 3) - y ** (-x / 10) + 2.5**z,
    sp.sqrt(x / y) + 1 / sp.sqrt(z),
    sp.log(x) / sp.log(1 + y) - sp.exp(-z) + sp.exp(1) + sp.pi,
    sp.Max(x, y, z) / sp.Min(x, 2 * y, sp.Rational(7, 2)),
    sp.Max(sp.Min(x, y), sp.Min(y, z)) + sp.Abs(x - y),
    sp.ceiling(3 * x) * sp.floor(y) - sp.ceiling(-z),
    sp.Piecewise((x, x < y), (y**2, y <= z), (sp.log(z), True)),
    sp.Piecewise(
        (1, sp.And(x > 1, y >= 1)), (2, sp.Or(x < z, sp.Eq(y, 2))), (sp.Piecewise((3, x > 2), (4, True)), True)
    ),
    sp.Piecewise((x, sp.Not(sp.And(x < y, z < y))), (-x, True)),
    sp.LambertW(x * y),
    sp.LambertW(-sp.exp(-1 - x)) + z,
    sp.LambertW(-sp.exp(-1 - x), -1) * y,
    sp.LambertW(sp.LambertW(x) + y) / sp.LambertW(-1 / (4 * sp.E * (1 + x)), -1),
]
LAWS = [
    *(equation.rhs for law in (two_tiers.two_tier, two_tiers.one_tier) for equation in law.equations),
    *(law.solve(law.equations[-1].lhs) for law in (reliability.checkpointing, reliability.first_order, idle.idle)),
    *(equation.rhs for equation in reliability.optimum.equations),
    *(equation.rhs for law in (step.serial, step.overlapped, idle.balls_in_bins) for equation in law.equations),
    step.work.solve(step.work.equations[-1].lhs),
    exchange.all_to_all.solve(exchange.all_to_all.equations[-1].lhs),
]


def evaluate(expression, columns):
    """Return what Vega computes for each row of columns, a mapping from symbols to arrays."""
    fields = {symbol: f"datum.in{i}" for i, symbol in enumerate(columns)}
    written = vega.steps(expression, fields, "f")
    rows = [{f"in{i}": float(number) for i, number in enumerate(row)} for row in zip(*columns.values(), strict=True)]
    shown = {"text": {"signal": f"'' + datum.{written[-1][0]}"}}
    formulas = [{"type": "formula", "as": field, "expr": code} for field, code in written]
    drawing = {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "data": [{"name": "rows", "values": rows, "transform": formulas}],
        "marks": [{"type": "text", "from": {"data": "rows"}, "encode": {"update": shown}}],
    }
    (marks,) = vl_convert.vega_to_scenegraph(drawing)["scenegraph"]["items"][0]["items"]
    return np.array([float(item["text"]) for item in marks["items"]])


def numbers(expression, rng, low=-1, high=1):
    symbols = sorted(expression.free_symbols, key=str)
    return {symbol: 10 ** rng.uniform(low, high, POINTS) for symbol in symbols}


def in_numpy(expression, columns):
    return np.broadcast_to(compute(expression, {str(s): each for s, each in columns.items()}), POINTS)


@pytest.mark.parametrize("expression", EXPRESSIONS + LAWS, ids=str)
def test_vega_computes_what_numpy_computes(expression):
    columns = numbers(expression, np.random.default_rng(5))
    with np.errstate(invalid="ignore", over="ignore"):
        expected = in_numpy(expression, columns)
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(evaluate(expression, columns), expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("branch", [0, -1])
def test_lambert_holds_near_the_branch_point(branch):
    """x is the distance from it in the exponent; the function falls off like a root there, and so do its digits.

    Against mpmath: on the lower branch scipy itself loses half of the digits there.
    """
    columns = {x: np.geomspace(1e-12, 100, POINTS)}
    found = evaluate(sp.LambertW(-sp.exp(-1 - x), branch), columns)
    expected = [float(mpmath.lambertw(mpmath.mpf(each), branch).real) for each in -np.exp(-1 - columns[x])]
    miss = abs(found / expected - 1)
    assert np.all(miss < 1e-14 + 1e-15 / np.sqrt(columns[x]))
    np.testing.assert_allclose(found * np.exp(found), -np.exp(-1 - columns[x]), rtol=2e-15 * np.max(abs(found)))


@pytest.mark.parametrize("branch, sign, end", [(0, 1, 300), (0, -1, -1), (-1, -1, -1)])
def test_lambert_holds_to_the_ends(branch, sign, end):
    columns = {x: np.geomspace(1e-300, 10.0**end, POINTS)}
    expression = sp.LambertW(sign * x, branch)
    np.testing.assert_allclose(evaluate(expression, columns), in_numpy(expression, columns), rtol=1e-14)


def test_a_ceiling_steps_where_numpys_does():
    """Whole multiples: a quotient rounded another way would lie on the other side."""
    ranks, domain = (each.ravel().astype(float) for each in np.meshgrid(np.arange(1, 60), np.arange(1, 60)))
    expression = x / sp.ceiling(x / y)
    written = evaluate(expression, {x: ranks, y: domain})
    np.testing.assert_array_equal(written, ranks / np.ceil(ranks / domain))


@pytest.mark.parametrize("expression, name", [(sp.binomial(x, y), "binomial"), (1 + sp.sin(x) / 2, "sin")])
def test_an_unsupported_function_is_named(expression, name):
    with pytest.raises(ValueError, match=f"^{name} is not known"):
        vega.steps(expression, {x: "datum.x", y: "datum.y"}, "f")


def test_what_has_no_value_is_named():
    with pytest.raises(ValueError, match="^y has no value"):
        vega.steps(x + y, {x: "datum.x"}, "f")
    with pytest.raises(ValueError, match="branch 3"):
        vega.steps(sp.LambertW(x, 3), {x: "datum.x"}, "f")
    with pytest.raises(ValueError, match="oo|Infinity"):
        vega.text(sp.oo * 1, {})


def test_the_printing_is_the_same_each_time():
    law = reliability.checkpointing
    expression = law.solve(law.equations[-1].lhs)
    names = {symbol: f"datum.{symbol}" for symbol in expression.free_symbols}
    assert isinstance(law, Model)
    assert vega.steps(expression, names, "f") == vega.steps(expression, names, "f")
