"""Equations and models: every law that model/ holds is found by looking, so a new one is tested from its first day."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from truth import EQUATIONS, MODELS

from model.laws import exchange, reliability, step, two_tiers
from model.notation.equation import Equation, call, compute, is_homogeneous, latex
from model.notation.nomenclature import (
    NOMENCLATURE,
    domain,
    inner_time,
    job_mtbf,
    outer_time,
    parallel_time,
    ranks,
    scale_out_bandwidth,
    scale_up_bandwidth,
    serial_time,
    startup,
    symbol,
    tokens,
    tokens_least,
    volume,
)
from model.notation.units import UNITS
from model.numbers import catalog

each_equation = pytest.mark.parametrize("equation", EQUATIONS.values(), ids=EQUATIONS)
each_model = pytest.mark.parametrize("laws", MODELS.values(), ids=MODELS)


def test_the_search_finds_laws_of_every_kind():
    assert {"two_tiers.two_tier", "idle.idle", "reliability.checkpointing"} <= MODELS.keys()
    assert {"exchange.merged_copies", "idle.BUBBLES[DualPipe]", "two_tiers.two_tier:outer_time"} <= EQUATIONS.keys()


@each_equation
def test_both_sides_carry_the_same_unit(equation):
    assert all(is_homogeneous(equation, np.random.default_rng(seed)) for seed in range(3))


@each_equation
def test_the_source_is_ours_or_in_the_references(equation):
    assert equation.source == "derived" or equation.source in catalog.sources()


@each_equation
def test_each_symbol_is_declared_with_a_unit_that_exists(equation):
    assert all(NOMENCLATURE[name].unit in UNITS for name in equation.rhs.free_symbols | {equation.lhs})


@each_model
def test_a_model_is_written_in_order_of_derivation(laws):
    left = [equation.lhs for equation in laws.equations]
    assert len(set(left)) == len(left)
    for number, equation in enumerate(laws.equations):
        assert not equation.rhs.free_symbols & set(left[number:])
    assert all(not laws.solve(target).free_symbols & set(left) for target in left)


@each_model
def test_a_model_says_what_it_assumes(laws):
    assert laws.assumptions
    assert all(len(words.split()) > 1 for words in laws.assumptions)


@each_model
def test_a_region_is_told_in_inputs(laws):
    inputs = set().union(*(equation.rhs.free_symbols | {equation.lhs} for equation in laws.equations))
    told = inputs | {tokens_least}  # a bound that a software brings along, on tokens
    assert all(condition.free_symbols <= told for condition in laws.valid)


@each_model
def test_one_letter_means_one_thing_within_a_model(laws):
    names = set().union(*(equation.rhs.free_symbols | {equation.lhs} for equation in laws.equations))
    letters = [NOMENCLATURE[name].latex for name in names]
    assert len(letters) == len(set(letters)), sorted(f"{NOMENCLATURE[name].latex} {name}" for name in names)


DIGITS = 60  # of the points: as good as exact, where sympy would take minutes for the roots of long fractions

EXPRESSIONS = {name: equation.rhs for name, equation in EQUATIONS.items()}
for _name, _model in MODELS.items():
    EXPRESSIONS |= {f"{_name}: solved {each.lhs}": _model.solve(each.lhs) for each in _model.equations}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_numpy_computes_what_sympy_means(expression):
    rng = np.random.default_rng(1)
    names = sorted(expression.free_symbols, key=str)
    compared = 0
    for _ in range(200):
        point = {name: round(float(10 ** rng.uniform(-0.5, 1.2)), 3) for name in names}
        try:
            exact = sp.N(expression.xreplace({name: sp.Float(str(value), DIGITS) for name, value in point.items()}), 30)
        except ValueError:  # sympy does not order complex numbers in a Max
            continue
        if not (exact.is_real and exact.is_finite) or abs(exact) < 1e-6:
            continue  # outside the law's domain, or all digits cancelled
        got = float(compute(expression, {str(name): np.float64(value) for name, value in point.items()}))
        assert got == pytest.approx(float(exact), rel=1e-12), point
        compared += 1
        if compared == 4:
            return
    assert compared, "no point lay in the law's domain"


# Wrong laws, as they are written by accident.

WRONG = {
    "a hidden constant": (outer_time, volume / scale_out_bandwidth + sp.Float(1e-6)),
    "a sum of unlike units": (outer_time, volume / scale_out_bandwidth + volume),
    "the exponential of a time": (outer_time, startup * sp.exp(startup)),
    "the logarithm of bytes": (outer_time, startup * sp.log(volume)),
    "a maximum with one branch wrong": (parallel_time, sp.Max(inner_time, volume)),
    "a minimum with one branch wrong": (parallel_time, sp.Min(inner_time, 1 / scale_up_bandwidth)),
    "a rate for a time": (job_mtbf, scale_out_bandwidth / volume),
    "a square root left out": (reliability.young_interval, 2 * reliability.checkpoint_write * job_mtbf),
    "bits for nothing": (outer_time, volume),
}


@pytest.mark.parametrize(("left", "right"), WRONG.values(), ids=WRONG)
def test_a_wrong_unit_is_seen(left, right):
    assert not any(is_homogeneous(Equation(left, right), np.random.default_rng(seed)) for seed in range(5))


def test_a_law_without_any_finite_value_does_not_pass():
    assert not is_homogeneous(Equation(outer_time, startup * sp.log(-tokens)), np.random.default_rng(0))


def test_an_undeclared_symbol_is_refused():
    with pytest.raises(ValueError, match="surprise.*nomenclature"):
        Equation(outer_time, sp.Symbol("surprise", positive=True))


def test_a_symbol_that_is_not_positive_is_another_symbol():
    with pytest.raises(ValueError, match="volume"):
        Equation(outer_time, sp.Symbol("volume") / scale_out_bandwidth)


def test_a_name_means_one_thing():
    with pytest.raises(ValueError, match="ranks already means"):
        symbol("ranks", "P", "1", "something else altogether")
    with pytest.raises(ValueError, match="furlong"):
        symbol("distance_of_nothing", "x", "furlong", "no such unit")
    assert sp.Symbol("distance_of_nothing", positive=True) not in NOMENCLATURE


# Solve and evaluate.


def points(**changed):
    columns = {
        "ranks": [16, 64],
        "domain": [8, 8],
        "volume": [1e6, 2e6],
        "scale_up_bandwidth": 450e9,
        "scale_out_bandwidth": 50e9,
    }
    return pd.DataFrame(columns | changed, index=["first", "second"])


def test_solve_leaves_inputs_alone():
    assert two_tiers.two_tier.inputs(serial_time) == [
        "domain",
        "ranks",
        "scale_out_bandwidth",
        "scale_up_bandwidth",
        "volume",
    ]
    assert two_tiers.two_tier.solve(volume) == volume
    ratio = two_tiers.two_tier.solve(inner_time / outer_time)
    expected = (domain - 1) / (ranks - domain) * scale_out_bandwidth / scale_up_bandwidth
    assert sp.simplify(ratio - expected) == 0


def test_evaluate_keeps_rows_and_passes_other_columns_over():
    frame = points(remark=["x", "y"])
    answer = two_tiers.two_tier.evaluate(outer_time, frame)
    assert list(answer.index) == ["first", "second"]
    assert answer.name == "outer_time"
    assert answer.to_numpy() == pytest.approx([8 / 15 * 1e6 / 50e9, 56 / 63 * 2e6 / 50e9], rel=1e-14)


def test_a_constant_law_has_one_value_for_each_row():
    assert call(exchange.unmerged_copies.rhs, pd.DataFrame({"topk": [8, 4]})).tolist() == [8, 4]
    assert call(sp.Integer(3), pd.DataFrame({"topk": [8, 4]})).tolist() == [3, 3]


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match=r"\['volume'\] are missing"):
        two_tiers.two_tier.evaluate(outer_time, points().drop(columns="volume"))


def test_a_row_outside_the_region_is_named():
    with pytest.raises(ValueError, match=r"ranks >= domain fails for \['second'\]"):
        two_tiers.two_tier.evaluate(outer_time, points(domain=[8, 128]))
    with pytest.raises(ValueError, match="and more"):
        two_tiers.two_tier.evaluate(outer_time, pd.concat([points(domain=128)] * 3, ignore_index=True))


def test_the_elasticity_of_a_power_is_its_exponent():
    assert reliability.optimum.elasticity(reliability.young_interval, reliability.checkpoint_write) == sp.Rational(1, 2)
    assert two_tiers.two_tier.elasticity(outer_time, scale_out_bandwidth) == -1


def test_latex_shows_the_short_letters():
    assert latex(volume / scale_out_bandwidth) == r"\frac{V}{B_\rightarrow}"
    assert step.serial.equations[1]._repr_latex_() == r"$T = T_c + T_x + T_{\Sigma r}$"
    assert two_tiers.two_tier._repr_markdown_().count("$$") == 2 * len(two_tiers.two_tier.equations)
