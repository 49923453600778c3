"""The printer of JavaScript against numpy, in Node and in Chromium: every law at random points; its own functions."""

import json
import select
import shutil
import subprocess

import mpmath
import numpy as np
import pytest
import scipy.special
import sympy as sp
from scipy.stats import poisson
from truth import MODELS, expressions, points

from model.notation import script
from model.notation.equation import compiled, compute
from model.predictions.quantities import QUANTITIES

NODE = shutil.which("node")
CLOSE = 1e-9  # relative
EVERY = {name: each for name, each in expressions().items() if each[0].free_symbols}
ONE_BY_ONE = [name for name in EVERY if "solved" not in name]  # right-hand sides; solved for inputs they are long
ASKED = {id(law) for quantity in QUANTITIES.values() for law in (quantity.law, *quantity.others)}
# One less a share next to one: numpy's own digits end so far below one, here and there.
FLOOR = {"exchange.limited_routing:distinct": 1e-12}
x, y, z = sp.symbols("x y z", positive=True)

# Each call of `work` computes one function on columns; what JSON lacks travels as text.
WORK = """
const work = ([code, columns]) => {
  const f = new Function(`${runtime}\\nreturn ${code};`)();
  return columns[0].map((_, row) => {
    const found = f(...columns.map((each) => Number(each[row])));
    return Number.isFinite(found) ? found : String(found);
  });
};
"""


# Each line that comes in is a list of tasks; each that goes out is what they compute.
SERVE = "require('readline').createInterface({input: process.stdin})"
SERVE += ".on('line', (line) => console.log(JSON.stringify(JSON.parse(line).map(work))));"
PATIENCE = 600  # s that Node may take for an answer, which takes it less than one


@pytest.fixture(scope="module")
def in_node():
    """Return a function that has one Node, the same for all tests, compute: an array for each (code, columns)."""
    if not NODE:
        pytest.skip("there is no Node on the path")
    program = f"const runtime = {json.dumps(script.runtime())};\n{WORK}{SERVE}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([NODE, "-e", program], **pipes) as node:

        def ask(tasks):
            print(sent(tasks), file=node.stdin, flush=True)
            if not select.select([node.stdout], [], [], PATIENCE)[0]:
                node.kill()
            found = node.stdout.readline()
            assert found, "Node gave no answer: what it said stands on standard error"
            return received(json.loads(found))

        yield ask


def sent(tasks):
    return json.dumps(
        [[code, [[repr(float(each)) for each in column] for column in columns]] for code, columns in tasks]
    )


def received(found):
    return [np.array([float(str(each).replace("Infinity", "inf")) for each in column]) for column in found]


def task(name, number, seed=3):
    """Return ((code, columns), what numpy computes) of a law at random valid points."""
    expression, valid = EVERY[name]
    columns = points(expression, valid, number, seed)
    names, code = script.function(expression)
    assert names == compiled(expression)[0]
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(compute(expression, columns), len(columns[names[0]]))
    return (code, [columns[each] for each in names]), expected


def assert_alike(found, expected, name):
    """Where numpy has a number JavaScript has it, and where it has none neither has JavaScript."""
    assert len(found) == len(expected) and len(expected) > 0
    assert np.isfinite(expected).any(), f"{name}: no point has a value"
    usual = np.isfinite(expected) & (abs(expected) > 1e-290)
    np.testing.assert_allclose(found[usual], expected[usual], rtol=CLOSE, atol=FLOOR.get(name, 0), err_msg=name)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected), err_msg=name)


def test_every_law_is_computed_as_numpy_does(in_node):
    assert len(ONE_BY_ONE) > 150
    cases = {name: task(name, 30) for name in ONE_BY_ONE}
    found = in_node([each for each, _ in cases.values()])
    for (name, (_, expected)), numbers in zip(cases.items(), found, strict=True):
        assert_alike(numbers, expected, name)


def test_the_laws_of_all_quantities_are_among_them():
    assert not ASKED - {id(each) for each in MODELS.values()}


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_every_law_is_computed_as_numpy_does_at_ten_thousand_points(in_node, name):
    (case, expected) = task(name, 10_000)
    (found,) = in_node([case])
    assert_alike(found, expected, name)


@pytest.mark.browser
def test_a_browser_computes_the_same(browser):
    cases = {name: task(name, 10) for name in ONE_BY_ONE}
    tab = browser.new_page()
    run = (
        f"(tasks) => {{ const runtime = {json.dumps(script.runtime())};\n{WORK}\nreturn JSON.parse(tasks).map(work); }}"
    )
    found = received(tab.evaluate(run, sent([each for each, _ in cases.values()])))
    tab.close()
    for (name, (_, expected)), numbers in zip(cases.items(), found, strict=True):
        assert_alike(numbers, expected, name)


def test_a_law_in_turn_gives_what_each_of_its_equations_does(in_node):
    targets = {name: tuple(each.lhs for each in model.equations) for name, model in MODELS.items()}
    tasks, expected = [], {}
    for name, model in MODELS.items():
        columns = points(sp.Add(*model.solve(targets[name][-1]).free_symbols), (), 12, 5)
        missing = [each for each in model._in_turn(targets[name])[0] if each not in columns]
        columns |= points(sp.Add(*map(symbol, missing)), (), 12, 6) if missing else {}
        names, code = script.law(model, targets[name])
        with np.errstate(all="ignore"):
            answers = model.answers(columns, targets[name])
        for left in targets[name]:
            tasks.append((f"(...each) => ({code})(...each).{left}", [columns[each] for each in names]))
            expected[name, left] = np.broadcast_to(answers[str(left)], 12)
    assert len(expected) > 100
    for (place, numbers), found in zip(expected.items(), in_node(tasks), strict=True):
        same = np.isfinite(numbers)
        np.testing.assert_allclose(found[same], numbers[same], rtol=CLOSE, atol=1e-290, err_msg=str(place))


def symbol(name):
    return sp.Symbol(name, positive=True)


EXPRESSIONS = [
    x + 2 * y - z / 3,
    (x + y) ** 3 / (x * z) ** 2 - sp.sqrt(x / y) + x ** sp.Rational(2, 3),
    sp.Max(x, y, z) / sp.Min(x, 2 * y, sp.Rational(7, 2)) + sp.Abs(x - y) + sp.exp(1) * sp.pi,
    sp.ceiling(3 * x) * sp.floor(y) - sp.ceiling(-z),
    sp.Piecewise((x, sp.And(x < y, y <= z)), (sp.log(z), sp.Or(x > 3, z > 4)), (y**2, sp.Not(x < y))),
    sp.LambertW(x * y) + sp.LambertW(-sp.exp(-1 - x), -1) * y,
    sp.erf(x - y) + sp.gamma(z) + sp.loggamma(x + 20),
    sp.binomial(20 * x + 5, sp.ceiling(y)) + sp.binomial(8, z),
]


def test_expressions_are_computed_as_numpy_does(in_node):
    rng, tasks, expected = np.random.default_rng(2), [], []
    for expression in EXPRESSIONS:
        names, code = script.function(expression)
        columns = {name: 10 ** rng.uniform(-1, 1, 200) for name in names}
        tasks.append((code, [columns[name] for name in names]))
        with np.errstate(invalid="ignore"):
            expected.append(compute(expression, columns))
    for expression, found, numbers in zip(EXPRESSIONS, in_node(tasks), expected, strict=True):
        np.testing.assert_allclose(found, numbers, rtol=1e-11, err_msg=str(expression))


def chosen(n, k):
    return float(mpmath.binomial(n, np.floor(k)))


def test_its_own_functions_have_the_digits_of_scipys(in_node):
    rng = np.random.default_rng(4)
    share, wide = rng.random(300), 10 ** rng.uniform(-6, 6, 300)
    tails = np.concatenate([10 ** rng.uniform(-200, -1, 300), share])
    shape, near = 10 ** rng.uniform(-1, 7, 300), 1 + 0.3 * rng.normal(size=300)
    counts, degrees = np.arange(300) + 0.5, np.arange(300) % 30 + 1.0
    asked = {
        "normal_quantile": ([tails], scipy.special.ndtri(tails)),
        "lower_gamma_quantile": ([counts, share], scipy.special.gammaincinv(counts, share)),
        "student_quantile": ([degrees, share], scipy.special.stdtrit(degrees, share)),
        "chi_squared_of_four": ([share], scipy.special.chdtri(4, share)),
        "erf": ([rng.normal(size=300) * wide], None),
        "loggamma": ([wide + 0.01], scipy.special.gammaln(wide + 0.01)),
        "gamma": ([share * 100 + 0.01], scipy.special.gamma(share * 100 + 0.01)),
        "lower_gamma": ([shape, shape * near], scipy.special.gammainc(shape, shape * near)),
        "upper_gamma": ([shape, shape * near], scipy.special.gammaincc(shape, shape * near)),
        "poisson_quantile": ([share, wide], poisson.ppf(share, wide)),
        # scipy's own has nine digits of some of these
        "binomial": (
            [wide + 3, np.floor(share * 40)],
            [chosen(*each) for each in zip(wide + 3, share * 40, strict=True)],
        ),
    }
    asked["erf"] = (asked["erf"][0], scipy.special.erf(asked["erf"][0][0]))
    found = in_node([(f"(...each) => {name}(...each)", columns) for name, (columns, _) in asked.items()])
    for (name, (_, expected)), numbers in zip(asked.items(), found, strict=True):
        usual = np.abs(expected) > 1e-290
        np.testing.assert_allclose(numbers[usual], np.array(expected)[usual], rtol=1e-9, atol=1e-15, err_msg=name)


def test_what_cannot_be_printed_is_named():
    with pytest.raises(ValueError, match="^sin is not known to model.notation.script"):
        script.function(1 + sp.sin(x) / 2)
    with pytest.raises(ValueError, match="^Sum is not known"):
        script.function(sp.Sum(x**z, (z, 1, y)))
    with pytest.raises(ValueError, match="is no name in JavaScript"):
        script.function(sp.Symbol("x; alert(1)"))


def test_words_of_the_language_are_no_names_of_its_values(in_node):
    new, t0 = sp.symbols("new t0")
    names, code = script.function((new + t0) ** 2 + sp.exp((new + t0) ** 2))
    assert names == ("new", "t0") and "new_" in code
    (found,) = in_node([(code, [np.array([0.3]), np.array([0.4])])])
    assert found[0] == pytest.approx(0.49 + np.exp(0.49), rel=1e-14)
