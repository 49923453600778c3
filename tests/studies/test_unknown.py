"""Answers in symbols: with a number put in they are what `predict` says, and so is the break-even."""

import json

import numpy as np
import pandas as pd
import pytest
import sympy as sp

import model as face
from model.numbers import catalog
from model.predictions.inputs import InputError
from model.studies.unknown import POWERS, TRIED, _written, in_symbols, rounded

EXCHANGE = {"op": "dispatch", "ranks": 64, "tokens": 128, "hidden": 7168, "experts": 256, "topk": 8}
EXCHANGE |= {"bytes_per_element": 1}
STEP = {"model": "deepseek-v3", "ranks": 32, "batch": 64, "context": 4096, "precision": "nvfp4"}
SERVICE = {"model": "deepseek-v3", "speed": 50, "input_tokens": 4096, "output_tokens": 1024, "precision": "nvfp4"}
ULTRA, RUBIN, RACK = "rubin-ultra-nvl576", "vera-rubin-nvl144", "gb200-nvl72"
CASES = {  # what is asked, of which system, numbers of it that are given, and the unknown one with two places
    "all_to_all_time": (ULTRA, EXCHANGE, {}, ("scale_up_bandwidth", 5e11, 6e12)),
    "all_reduce_time": (ULTRA, {"ranks": 144, "bytes": 1e12}, {}, ("scale_up_bandwidth", 5e11, 6e12)),
    "decode_throughput": (ULTRA, STEP, {"peak_fp8": 9e15, "peak_bf16": 4e15}, ("scale_up_bandwidth", 5e11, 6e12)),
    "users_of_power": (RUBIN, SERVICE | {"site_power": 1e7}, {}, ("system_power", 1e5, 5e5)),
}


def value(name, system, point, changes):
    return face.predict(name, pd.DataFrame([point]), system=system, changes=changes, interval=False).value[0]


@pytest.mark.parametrize("name", CASES)
def test_a_number_put_in_for_the_symbol_gives_what_predict_gives_with_it(name):
    system, point, given, (unknown, *places) = CASES[name]
    found = in_symbols(name, system, {**point, **given})
    assert found.lacking == (unknown,) and not found.between
    assert {str(each) for each in found.expression.free_symbols} == {unknown}
    for place in places:
        said = float(found.expression.subs(sp.Symbol(unknown, positive=True), place))
        assert said == pytest.approx(value(name, system, point, {**given, unknown: place}), rel=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_at_the_break_even_both_systems_answer_alike(name):
    system, point, given, (unknown, *_) = CASES[name]
    (even,) = in_symbols(name, system, {**point, **given}, against=RACK, interval=False).even
    (reached,) = even.reached
    theirs, own = value(name, RACK, point, {}), value(name, system, point, {**given, unknown: reached.value})
    assert own == pytest.approx(theirs, rel=1e-6)
    side = 2.0 if reached.upward else 0.5
    better = value(name, system, point, {**given, unknown: side * reached.value})
    assert better < theirs if name.endswith("time") else better > theirs


@pytest.mark.slow
def test_two_unknown_numbers_stand_side_by_side_and_the_larger_of_two_times_with_them():
    found = in_symbols("decode_throughput", ULTRA, STEP | {"peak_fp8": 9e15}, against=RACK, interval=False)
    assert found.lacking == ("peak_bf16", "scale_up_bandwidth") and found.expression.has(sp.Max)
    numbers = {"peak_bf16": 1e14, "scale_up_bandwidth": 1e12}
    said = float(found.expression.subs({sp.Symbol(name, positive=True): each for name, each in numbers.items()}))
    assert said == pytest.approx(value("decode_throughput", ULTRA, STEP, {"peak_fp8": 9e15, **numbers}), rel=1e-9)
    assert [each.input for each in found.even] == list(found.lacking)  # each with the other as on the rack
    (reached,) = found.even[1].reached
    changes = {"peak_fp8": 9e15, "peak_bf16": catalog.load("systems").peak_bf16[RACK]}
    own = value("decode_throughput", ULTRA, STEP, changes | {"scale_up_bandwidth": reached.value})
    assert own == pytest.approx(value("decode_throughput", RACK, STEP, {}), rel=1e-6)


@pytest.mark.slow
def test_the_range_of_a_break_even_holds_that_of_most_draws():
    (even,) = in_symbols("users_of_power", *CASES["users_of_power"][:2], against=RACK, draws=200).even
    (one,) = even.reached
    assert one.low < one.value < one.high
    words = in_symbols("users_of_power", *CASES["users_of_power"][:2], against=RACK, interval=False).words()
    assert f"is as good as {RACK} where system_power <= {one.value:.4g} W" in words


def test_a_system_that_lacks_nothing_is_one_number():
    found = in_symbols("all_to_all_time", RACK, EXCHANGE)
    assert found.lacking == () and float(found.expression) == pytest.approx(
        value("all_to_all_time", RACK, EXCHANGE, {}), rel=1e-9
    )


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize(("constant", "slope"), [(0.0, 3.0), (7.0, 3.0), (7.0, -0.5)])
def test_a_column_that_moves_with_a_power_of_the_unknown_number_is_written_out(power, constant, slope):
    x, stand_in = sp.Symbol("domain", positive=True), 40.0
    values = [constant + slope * (times * stand_in) ** power for times in TRIED]
    found = _written("domain", stand_in, np.array(values))
    for place in (3.0, 500.0):
        assert float(found.subs(x, place)) == pytest.approx(constant + slope * place**power, rel=1e-11)
    assert found.has(sp.Add) == bool(constant)


def test_a_column_that_moves_otherwise_is_not_written_out():
    assert _written("domain", 40.0, np.array([np.log(times * 40.0) for times in TRIED])) is None


def test_numbers_are_rounded_and_whole_ones_stay_so():
    x = sp.Symbol("scale_up_bandwidth", positive=True)
    assert str(rounded(sp.Float(9999.0) * x)) == "9999*scale_up_bandwidth"
    assert str(rounded(sp.Float(12346.0) * x)) == "1.235e+4*scale_up_bandwidth"  # four digits, of a whole one, too
    assert (
        str(rounded(sp.Float(64.0) / (sp.Float(1.0) * x + sp.Float(0.0141968)))) == "64/(scale_up_bandwidth + 0.0142)"
    )


def test_the_command_line_prints_what_is_found(model):
    system, point, _, _ = CASES["all_to_all_time"]
    words = [f"{name}={each}" for name, each in point.items()]
    asked = ["symbols", "all_to_all_time", "--system", system, *words, "--against", RACK, "--no-interval"]
    found = in_symbols("all_to_all_time", system, point, against=RACK, interval=False)
    assert model(*asked) == (0, found.words() + "\n", "")
    record = json.loads(model(*asked, "--json")[1])
    assert (
        record["lacking"] == ["scale_up_bandwidth"]
        and record["break_even"][0]["value"] == found.even[0].reached[0].value
    )
    assert record["sentences"][0] == f"{system} lacks scale_up_bandwidth in data/systems.csv"


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("decode_frontier", {**STEP, "speed": 50}, "has no input ranks"),
        (
            "decode_frontier",
            {"model": "deepseek-v3", "context": 4096, "precision": "nvfp4", "speed": 1e4},
            "no layout that fits reaches",
        ),
        ("all_to_all_time", EXCHANGE | {"scale_up_bandwidt": 1}, "did you mean scale_up_bandwidth"),
        (
            "all_to_all_time",
            EXCHANGE | {"scale_up_bandwidth": "fast"},
            "scale_up_bandwidth is 'fast'; it takes a number",
        ),
        ("all_to_all_time", EXCHANGE | {"scale_up_bandwidth": 900}, "it takes a number from"),
        ("all_to_all_time", EXCHANGE | {"scale_up_bandwidth": "9_00e9"}, "it takes a number from"),
        ("all_to_all_time", EXCHANGE | {"scale_up_bandwidth": True}, "it takes a number from"),
        ("all_to_all_time", EXCHANGE | {"domain": "7.5"}, "it takes a number from 1 to .*, whole"),
        ("decode_throughput", STEP | {"ranks": 2, "batch": 1e5}, "devices would hold|no group of up to"),
        ("job_mtbf", {"gpus": 8}, "did you mean devices"),
        ("all_to_all_time", {"op": "dispatch"}, "needs ranks"),
    ],
)
def test_what_cannot_be_put_in_symbols_is_refused(name, given, words):
    with pytest.raises(InputError, match=words):
        in_symbols(name, ULTRA, given)
