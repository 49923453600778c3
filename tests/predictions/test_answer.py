"""Predictions: values with their intervals, from arrays of rows, the same in every run."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.notation.spelling import nearest
from model.notation.units import size
from model.numbers import catalog
from model.predictions import serving
from model.predictions.answer import predict
from model.predictions.ask import explain
from model.predictions.inputs import OPTIONAL, InputError, check
from model.predictions.quantities import QUANTITIES, quantity

EXCHANGE = {"op": "dispatch", "ranks": 64, "tokens": 128, "hidden": 7168, "experts": 256, "topk": 8}
EXCHANGE |= {"bytes_per_element": 1}
STEP = {"model": "deepseek-v3", "ranks": 64, "batch": 64, "context": 4096, "precision": "fp8"}
JOB = {"devices": 16384, "failure_rate": 5e-9}
RUN = {"model": "deepseek-v3", "devices": 256, "sequences": 4096, "precision": "mxfp8"}
SERVICE = {"model": "deepseek-v3", "speed": 20, "input_tokens": 1024, "output_tokens": 1024, "precision": "fp8"}
POINTS = {  # quantity: (system, inputs)
    "all_to_all_time": ("hgx-h100", EXCHANGE),
    "all_reduce_time": ("hgx-h100", {"ranks": 64, "bytes": 1e9}),
    "reduce_scatter_time": ("hgx-h100", {"ranks": 64, "bytes": 1e9}),
    "all_gather_time": ("hgx-h100", {"ranks": 64, "bytes": 1e9}),
    "job_mtbf": ("llama3-16k", {"devices": 16384}),
    "effective_training_share": (
        "llama3-16k",
        {"devices": 16384, "checkpoint_write": 60, "downtime": 300, "reload": 300},
    ),
    "moe_idle_share": ("hgx-h800", STEP | {"phase": "decode", "overlap": "0"}),
    "decode_throughput": ("hgx-h800", STEP),
    "spare_devices": ("llama3-16k", {"devices": 16384, "withdrawn": 8, "repair": 86400, "confidence": 0.99}),
    "whole_domain_share": (None, {"domain": 72, "unavailability": 0.001}),
    "decode_frontier": (
        "hgx-h800",
        {"model": "deepseek-v3", "speed": 20, "context": 4096, "precision": "fp8"},
    ),
    "prefill_throughput": (
        "hgx-h200",
        {"model": "deepseek-v3", "ranks": 16, "sequence": 4096, "precision": "fp8"},
    ),
    "service_frontier": ("hgx-b200", SERVICE),
    "users_of_fleet": ("hgx-b200", SERVICE | {"fleet": 4096}),
    "users_of_power": ("hgx-b200", SERVICE | {"site_power": 1e7}),
    "users_of_rent": ("hgx-b200", SERVICE | {"monthly_budget": 1e7}),
    "users_of_purchase": ("cloudmatrix384", SERVICE | {"purchase_budget": 1e9, "precision": "int8"}),
    "break_even_premium": ("hgx-b200", SERVICE | {"domain": 64, "layouts": "run"}),
    "devices_needed": ("hgx-h200", {"model": "deepseek-v3", "batch": 1024, "context": 4096, "precision": "fp8"}),
    "training_throughput": ("hgx-b200", RUN),
    "training_step_time": ("hgx-b200", RUN),
}
WHOLE = {"spare_devices", "devices_needed"}  # counts that a law's number leads to, and is not
OFFERED = [name for name in POINTS if name in QUANTITIES]

each_quantity = pytest.mark.parametrize("name", OFFERED)


def ask(name, *changes, **keywords):
    system, point = POINTS[name]
    frame = pd.DataFrame([point | change for change in changes or [{}]])
    return predict(name, frame, keywords.pop("system", system), **keywords)


def test_every_quantity_is_tested_here():
    assert set(QUANTITIES) <= set(POINTS)


@each_quantity
def test_an_answer_has_value_unit_bounds_and_sources(name):
    answer, sources = ask(name)
    assert list(answer) == ["value", "unit", "low", "high", *QUANTITIES[name].layout]
    assert answer.unit[0] == QUANTITIES[name].unit
    assert np.isfinite(answer.value[0])
    assert answer.low[0] <= answer.high[0]
    assert set(sources) <= catalog.sources().keys()


@each_quantity
def test_an_explanation_comes_to_the_answer_in_base_units_and_names_its_rows(name):
    system, point = POINTS[name]
    why = explain(name, system=system, **point)
    value = ask(name, interval=False)[0].value[0]
    if name in WHOLE:
        assert value == np.ceil(value)
    else:
        assert np.isclose(why.equations.value, value, rtol=1e-9).any()
    assert all(size(unit) == 1 for unit in (*why.equations.unit, *why.numbers.unit))
    assert (why.numbers.meaning != "").all()
    assert system is None or len(why.rows)


SPREAD = [
    ("all_to_all_time", "hgx-h100", [{"ranks": r, "tokens": t} for r in (8, 32, 288) for t in (1, 128, 8192)]),
    ("all_to_all_time", "gb200-nvl72", [{"op": op, "ranks": r} for op in ("dispatch", "combine") for r in (4, 48, 72)]),
    ("all_to_all_time", "cloudmatrix384", [{"ranks": r} for r in (8, 144, 320)]),
    ("all_reduce_time", "hgx-h200", [{"ranks": 8, "bytes": b} for b in (1e6, 1e8, 1e10)]),
    ("job_mtbf", "llama3-16k", [{"devices": n} for n in (1, 1000, 1e6)]),
    ("job_mtbf", "gb200-nvl72", [{"devices": n} for n in (72, 16384)]),
    ("effective_training_share", "llama3-16k", [{"devices": n} for n in (1000, 16384, 131072)]),
]


@pytest.mark.parametrize(("name", "system", "changes"), SPREAD, ids=lambda each: each if isinstance(each, str) else "")
def test_the_value_lies_between_its_bounds(name, system, changes):
    """Where the law is monotone in each number and the bounds lie on both sides of it."""
    answer, _ = ask(name, *changes, system=system)
    assert (answer.low < answer.value).all()
    assert (answer.value < answer.high).all()


def test_a_value_at_its_own_bound_lies_in_its_interval():
    """One die a device is recorded, up to two are possible: every draw but the recorded number lies to one side."""
    asked = {"op": "dispatch", "ranks": 144, "tokens": 512, "hidden": 7168, "experts": 256, "topk": 8}
    (answer,) = predict("all_to_all_time", pd.DataFrame([asked | {"bytes_per_element": 2}]), "vera-rubin-nvl144")[:1]
    assert answer.low[0] <= answer.value[0] < answer.high[0]


@each_quantity
def test_the_seed_repeats_the_interval_and_another_moves_it(name):
    one, again, other = (ask(name, seed=seed)[0] for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one, again)
    assert one.value[0] == other.value[0]
    if name not in ("spare_devices", "whole_domain_share", "devices_needed"):  # steps, or nothing uncertain
        assert (one.low[0], one.high[0]) != (other.low[0], other.high[0])
    assert other.high[0] == pytest.approx(one.high[0], rel=0.2)


@each_quantity
def test_without_interval_the_value_is_the_same_and_the_bounds_are_empty(name):
    answer, _ = ask(name, interval=False)
    assert answer.value[0] == ask(name)[0].value[0]
    assert answer[["low", "high"]].isna().all(axis=None)


def test_more_draws_do_not_move_the_bounds_far():
    few, many = (ask("all_to_all_time", draws=draws)[0] for draws in (1000, 20_000))
    assert few.low[0] == pytest.approx(many.low[0], rel=0.02)
    assert few.high[0] == pytest.approx(many.high[0], rel=0.02)


ROWS = {
    "all_to_all_time": [{"ranks": r, "op": op} for r in (8, 64) for op in ("dispatch", "combine")],
    "all_reduce_time": [{"bytes": b} for b in (1e6, 1e9)],
    "reduce_scatter_time": [{"bytes": b} for b in (1e7, 1e9)],
    "all_gather_time": [{"bytes": b} for b in (1e7, 1e9)],
    "job_mtbf": [{"devices": n} for n in (8, 800)],
    "effective_training_share": [{"interval": i} for i in (600.0, None, 6000.0)],
    "moe_idle_share": [{"part": p, "overlap": o} for p in ("all", "exchange", "imbalance") for o in (0, 1)],
    "decode_throughput": [{"batch": b, "precision": p} for b in (8, 32) for p in ("fp8", "bf16")],
    "spare_devices": [{"withdrawn": w} for w in (8, 72)],
    "whole_domain_share": [{"domain": d} for d in (8, 72)],
    "decode_frontier": [{"speed": s} for s in (20, 50)],
    "prefill_throughput": [{"sequence": s, "tensor_devices": t} for s in (512, 8192) for t in (1, 8)],
    "users_of_fleet": [{"fleet": 4096}, {"speed": 40}, {"engine": "sglang"}],
    "users_of_power": [{"site_power": 3e7}, {"speed": 40}],
    "users_of_rent": [{"monthly_budget": 3e7}, {"speed": 40}],
    "users_of_purchase": [{"purchase_budget": 3e9}, {"speed": 15}],
    "break_even_premium": [{"domain": 32}, {"domain": 16}, {"speed": 40}, {"small_domain": 4}],
    "service_frontier": [{"speed": s, "output_tokens": n} for s in (20, 50) for n in (128, 4096)],
    "devices_needed": [{"batch": b, "precision": p} for b in (1, 512) for p in ("fp8", "bf16")],
    "training_throughput": [{"stages": p, "overlap": o} for p in (None, 8) for o in (0, 1)],
    "training_step_time": [{"devices": n, "expert_devices": e} for n in (256, 512) for e in (8, None)],
}


@each_quantity
def test_a_table_says_what_its_rows_say_one_by_one(name):
    table, _ = ask(name, *ROWS[name], interval=False)
    said = [{key: value for key, value in row.items() if value is not None} for row in ROWS[name]]
    alone = [ask(name, row, interval=False)[0].value[0] for row in said]
    assert table.value.to_numpy() == pytest.approx(alone, rel=1e-12)


def test_rows_of_several_systems_and_the_system_for_the_others():
    frame = pd.DataFrame([EXCHANGE | {"system": name} for name in ("gb200-nvl72", "", "hgx-h100")])
    both, _ = predict("all_to_all_time", frame, "hgx-h100", interval=False)
    alone = [ask("all_to_all_time", system=each, interval=False)[0].value[0] for each in ("gb200-nvl72", "hgx-h100")]
    assert both.value.tolist() == pytest.approx([alone[0], alone[1], alone[1]], rel=1e-12)


def test_rows_that_differ_in_their_only_word_are_each_answered_by_their_own():
    frame = pd.DataFrame({"system": ["llama3-16k", "gb200-nvl72"], "devices": 16384})
    both = predict("job_mtbf", frame, interval=False)[0].value.tolist()
    assert both == [predict("job_mtbf", frame.iloc[[row]], interval=False)[0].value.item() for row in (0, 1)]
    assert both[0] != both[1]


def test_the_order_of_rows_does_not_matter():
    rows = [{"ranks": r, "tokens": t} for r in (8, 64, 72) for t in (16, 512)]
    forth, back = (ask("all_to_all_time", *each, interval=False)[0].value.to_numpy() for each in (rows, rows[::-1]))
    assert forth == pytest.approx(back[::-1], rel=1e-12)


def test_a_hundred_thousand_rows_are_one_array():
    frame = pd.DataFrame([JOB]).loc[np.zeros(100_000, int)].reset_index(drop=True)
    frame["devices"] = np.arange(1, 100_001)
    answer, _ = predict("job_mtbf", frame, interval=False)
    assert answer.value.to_numpy() == pytest.approx(1 / (frame.devices * 5e-9).to_numpy())


# Laws that a prediction must keep to whatever was fitted.


@given(st.sampled_from(["hgx-h100", "gb200-nvl72", "cloudmatrix384", "hgx-b200"]), st.integers(1, 10))
def test_twice_the_tokens_take_longer_and_at_most_twice_as_long(system, power):
    rows = {"tokens": 2**power}, {"tokens": 2 ** (power + 1)}
    answer, _ = ask("all_to_all_time", *rows, system=system, interval=False)
    assert answer.value[0] < answer.value[1] <= 2 * answer.value[0]


def test_an_interval_of_ones_own_never_beats_the_optimum():
    given = [{"interval": each} for each in (60.0, 600.0, 1e4, 1e5)]
    best, *others = ask("effective_training_share", {}, *given, interval=False)[0].value
    assert best > max(others)


def test_a_checkpoint_that_costs_nothing_has_its_limit():
    share = ask("effective_training_share", {"checkpoint_write": 0, "failure_rate": 5e-9})[0].value[0]
    mtbf = 1 / (16384 * 5e-9)
    assert share == pytest.approx(mtbf * np.exp(-300 / mtbf) / (mtbf + 300), rel=1e-6)


def test_shares_are_shares():
    for name in ("effective_training_share", "moe_idle_share"):
        answer, _ = ask(name, *ROWS[name])
        assert answer[["value", "low", "high"]].ge(0).all(axis=None)
        assert answer[["value", "low", "high"]].le(1).all(axis=None)


def test_the_bubble_is_the_pipeline_s_own():
    rows = {"phase": "training", "part": "bubble", "stages": 16, "microbatches": 60, "batch": 1}
    assert ask("moe_idle_share", rows, interval=False)[0].value[0] == pytest.approx(15 / 75)


def test_the_mtbf_is_one_over_all_rates():
    assert predict("job_mtbf", pd.DataFrame([JOB]), interval=False)[0].value[0] == pytest.approx(1 / (16384 * 5e-9))
    low, high = ask("job_mtbf")[0][["low", "high"]].iloc[0] / 3600
    assert (low, high) == pytest.approx((54 * 24 / 453.9, 54 * 24 / 385.9), rel=0.01)  # Poisson bounds of 419


# Names and descriptions.


def test_every_input_is_described():
    for what in QUANTITIES.values():
        assert what.equation.rhs.free_symbols
        for each in what.inputs:
            assert each.choices or each.low < each.high
            assert each.default in (None, OPTIONAL) or not each.choices or each.default in each.choices
            assert what.input(each.name) is each


def test_contract_quantities_and_their_units():
    units = {"all_to_all_time": "s", "all_reduce_time": "s", "job_mtbf": "s", "effective_training_share": "1"}
    units |= {"moe_idle_share": "1", "decode_throughput": "token/s"}
    assert {name: quantity(name).unit for name in units} == units
    assert {"bf16", "fp8", "int8", "nvfp4"} == set(serving.PRECISIONS)


@pytest.mark.parametrize(
    ("word", "near"),
    [("rank", "ranks"), ("toknes", "tokens"), ("tpok", "topk"), ("ranks", "ranks"), ("measured", None), ("set", None)],
)
def test_the_nearest_name_is_at_most_two_letters_away(word, near):
    assert nearest(word, ["op", "ranks", "tokens", "topk", "experts"]) == near


def test_check_returns_numbers_and_words():
    frame = pd.DataFrame([{key: str(value) for key, value in EXCHANGE.items()}])
    numbers, texts = check(quantity("all_to_all_time"), frame, "hgx-h100", "here")
    assert {name: values.tolist() for name, values in numbers.items()}["ranks"] == [64]
    assert {"op", "software", "system"} <= set(texts)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ranks": 1}, ["row 2", "ranks", "'1'", "from 2"]),
        ({"ranks": "many"}, ["row 2", "ranks", "many"]),
        ({"topk": 300}, ["row 2", "topk", "300", "experts"]),
        ({"op": "gather"}, ["row 2", "op", "gather", "dispatch, combine"]),
        ({"software": "cann-ep"}, ["row 2", "software", "cann-ep", "deepep"]),
        ({"system": "nvl288"}, ["row 2", "nvl288", "domain"]),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, dict) else "",
)
def test_a_bad_row_is_named(change, words):
    frame = pd.DataFrame([EXCHANGE, EXCHANGE | change])
    with pytest.raises(InputError) as refusal:
        predict("all_to_all_time", frame, "hgx-h100", interval=False, where="points.csv")
    assert all(word in str(refusal.value) for word in ["points.csv", *words]), refusal.value


def test_no_rows_and_columns_that_stand_twice_are_refused():
    with pytest.raises(InputError, match="points.csv is empty: give at least one row"):
        predict("job_mtbf", pd.DataFrame({"devices": [], "failure_rate": []}), where="points.csv")
    twice = pd.DataFrame([[8, 16, 1e-6]], columns=["devices", "devices", "failure_rate"])
    with pytest.raises(InputError, match="points.csv: the column devices stands there twice"):
        predict("job_mtbf", twice, where="points.csv")
