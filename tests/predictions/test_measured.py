"""A reader's own measurements: how they move an answer and narrow it, what they leave alone, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import model
from model.machine import operation_fit, step_fit
from model.machine.scenario import Scenario
from model.numbers import catalog, readings
from model.numbers.draws import Sampler
from model.predictions import measured
from model.predictions.inputs import InputError
from model.predictions.quantities import QUANTITIES
from model.studies import own_rows
from model.studies.cluster.machine import Cluster
from model.views import parameters

SHAPE = {"hidden": 7168.0, "topk": 8.0, "experts": 256.0, "bytes_per_element": 1.0}
EXCHANGE = {"op": "dispatch", "ranks": 32, "tokens": 128, **SHAPE}
POINTS = [(ranks, tokens) for ranks in (8, 16, 32) for tokens in (32.0, 128.0)]
DECODE = {"model": "deepseek-v3", "ranks": 16, "context": 2000, "precision": "fp8", "engine": "sglang"}
DRAWS = 300


def exchange_rows(system="hgx-h100", factor=1.0, points=POINTS, startup=None, **more):
    """Return rows that the study's own law gives, times a factor, or with another start-up time, s."""
    scenario = Scenario(system, changes={} if startup is None else {"startup": startup})
    rows = {"ranks": np.array([each[0] for each in points], float), "tokens": np.array([each[1] for each in points])}
    asked = rows | {name: np.full(len(points), number) for name, number in SHAPE.items()}
    time = QUANTITIES["all_to_all_time"].evaluate(scenario, {"op": "dispatch"}, asked)
    rows = {"system": system, "op": "dispatch", **asked, "value": time * factor * 1e6, "unit": "us", **more}
    return pd.DataFrame(rows)


def reduce_rows(system="hgx-b200", factor=1.0, sizes=(2**26, 2**28, 2**30, 2**32), **more):
    sizes = np.array(sizes, float)
    asked = {"ranks": np.full(len(sizes), 8.0), "bytes": sizes}
    time = QUANTITIES["all_reduce_time"].evaluate(Scenario(system), {}, asked)
    rows = {"system": system, "op": "all_reduce", **asked, "value": time * factor * 1e3, "unit": "ms", **more}
    return pd.DataFrame(rows)


def decode_rows(system="hgx-h200", factor=1.0, batches=(16, 24, 32, 48, 64, 96), **more):
    asked = {"batch": np.array(batches, float)}
    asked |= {name: np.full(len(batches), float(DECODE[name])) for name in ("ranks", "context")}
    words = {name: DECODE[name] for name in ("model", "precision", "engine")}
    rate = QUANTITIES["decode_throughput"].evaluate(
        Scenario(system), words, asked | {"tokens_per_step": np.ones(len(batches))}
    )
    words = {"workload" if name == "model" else name: word for name, word in words.items()}
    return pd.DataFrame({"system": system, **asked, **words, "value": rate / factor, "unit": "token/s", **more})


@pytest.fixture
def write(tmp_path):
    def written(rows, name="mine.csv"):
        path = tmp_path / name
        rows.to_csv(path, index=False)
        return str(path)

    return written


CASES = {  # of each law: what is asked, of which system, and what makes rows for it
    "exchange": ("all_to_all_time", "hgx-h100", EXCHANGE, exchange_rows),
    "all-reduce": ("all_reduce_time", "hgx-b200", {"ranks": 8, "bytes": 2.0**29}, reduce_rows),
    "small all-reduce": (
        "all_reduce_time",
        "hgx-b200",
        {"ranks": 8, "bytes": 2.0**14},
        lambda system="hgx-b200", **more: reduce_rows(system, sizes=(2**12, 2**13, 2**15, 2**16), **more),
    ),
    "decode": ("decode_throughput", "hgx-h200", {**DECODE, "batch": 40}, decode_rows),
}


def ask(case, path, system=None, **more):
    name, usual, inputs, _ = CASES[case]
    return model.predict(name, system=system or usual, measured=path, draws=DRAWS, **inputs, **more)


def wide(row, end=""):
    return np.log(row[f"high{end}"] / row[f"low{end}"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("slower", [0.8, 1.25])
def test_an_installation_that_is_slower_throughout_moves_the_answer_there(write, case, slower):
    found = ask(case, write(CASES[case][3](factor=slower, role="calibrate"))).iloc[0]
    sign = -1 if case == "decode" else 1
    moved = sign * np.log(found.value / found.value_study)
    assert 0.8 * np.log(slower) > moved > 1.2 * np.log(slower) or 0.8 * np.log(slower) < moved < 1.2 * np.log(slower)
    assert found.low <= found.value_study * slower**sign <= found.high


def test_a_longer_start_up_lengthens_small_exchanges_and_hardly_large_ones(write):
    startup = 1.5 * operation_fit.fit("all_to_all_time", "hgx-b200", "deepep", "dispatch").constants()["startup"]
    points = [(8, tokens) for tokens in (8.0, 16.0, 64.0, 512.0, 2048.0)]
    path = write(exchange_rows("hgx-b200", points=points, startup=startup, role="calibrate"))
    asked = {**EXCHANGE, "ranks": 8, "tokens": [16, 1024]}
    small, large = model.predict("all_to_all_time", system="hgx-b200", measured=path, draws=DRAWS, **asked).itertuples()
    expected = [
        QUANTITIES["all_to_all_time"].evaluate(
            Scenario("hgx-b200", changes={"startup": startup}),
            {"op": "dispatch"},
            {name: np.array([float(number)]) for name, number in {**asked, "tokens": tokens}.items() if name != "op"},
        )[0]
        for tokens in (16, 1024)
    ]
    assert small.value == pytest.approx(expected[0], rel=0.05)
    assert large.value == pytest.approx(expected[1], rel=0.05)
    assert small.value / small.value_study > 1.1 * large.value / large.value_study


@pytest.mark.parametrize("case", CASES)
def test_rows_that_say_what_the_study_says_leave_the_value_and_narrow_the_interval(write, case):
    rows = CASES[case][3](role="calibrate")
    few, many = (ask(case, write(pd.concat([rows] * times))).iloc[0] for times in (1, 4))
    for found in (few, many):
        assert found.value == pytest.approx(found.value_study, rel=0.01)
    assert wide(many) < wide(few) < wide(few, "_study")


@pytest.mark.parametrize("case", CASES)
def test_a_machine_that_the_study_never_measured_is_told_by_its_rows(write, case):
    name, _, inputs, make = CASES[case]
    known = {"exchange": "vera-rubin-nvl144", "decode": "hgx-b300"}.get(case, "vera-rubin-nvl144")
    if case == "decode":
        assert known not in step_fit.fit().systems
    found = ask(case, write(make(system=known, factor=1.1, role="calibrate")), known).iloc[0]
    assert wide(found) < wide(found, "_study")
    sign = -1 if case == "decode" else 1
    assert 0.05 < sign * np.log(found.value / found.value_study) < 0.13


def test_another_system_and_what_is_asked_afterwards_are_as_before(write):
    frames = [model.predict("all_to_all_time", system=["hgx-h100", "gb200-nvl72"], draws=DRAWS, **EXCHANGE)]
    path = write(exchange_rows(factor=1.3))
    with_rows = model.predict(
        "all_to_all_time", system=["hgx-h100", "gb200-nvl72"], draws=DRAWS, measured=path, **EXCHANGE
    )
    frames.append(model.predict("all_to_all_time", system=["hgx-h100", "gb200-nvl72"], draws=DRAWS, **EXCHANGE))
    pd.testing.assert_frame_equal(*frames)
    ends = ["value", "low", "high"]
    assert list(with_rows.loc[1, ends]) == list(frames[0].loc[1, ends])
    assert list(with_rows[["value_study", "low_study", "high_study"]].loc[0]) == list(frames[0].loc[0, ends])
    assert with_rows.value[0] > 1.1 * frames[0].value[0]


def test_steps_of_another_system_are_as_before(write):
    path = write(decode_rows(factor=1.3))
    both = model.predict(
        "decode_throughput", system=["hgx-h200", "hgx-h100"], measured=path, draws=DRAWS, batch=40, **DECODE
    )
    assert both.value[1] == both.value_study[1]
    assert both.low[1] == both.low_study[1]
    assert both.value[0] < 0.85 * both.value_study[0]


def test_an_exchange_that_was_measured_slower_slows_the_step_that_asks_for_it(write):
    path = write(exchange_rows(factor=1.5, points=[(16, 32.0), (16, 64.0), (32, 64.0)]))
    asked = {**DECODE, "batch": 40, "system": "hgx-h100"}
    found = model.predict("decode_throughput", measured=path, draws=DRAWS, **asked).iloc[0]
    assert 0.6 < found.value / found.value_study < 0.99


@pytest.mark.parametrize("case", ["exchange", "decode"])
def test_the_order_of_rows_does_not_matter(write, case):
    rows = CASES[case][3]() * 1
    rng = np.random.default_rng(3)
    rows["value"] *= np.exp(rng.normal(0.1, 0.05, len(rows)))
    paths = write(rows), write(rows.sample(frac=1, random_state=1), "other.csv")
    one, other = (ask(case, path) for path in paths)
    for column in ("value", "low", "high"):
        assert one[column][0] == pytest.approx(other[column][0], rel=1e-6)
    held = [frame.attrs["held_back"] for frame in (one, other)]
    assert held[0]["error"] == pytest.approx(held[1]["error"], rel=1e-6)
    assert held[0]["rows"] == held[1]["rows"] == 1


def test_the_seed_moves_the_interval_alone(write):
    path = write(exchange_rows(factor=1.1))
    one, other = (ask("exchange", path, seed=seed).iloc[0] for seed in (1, 2))
    assert one.value == other.value
    assert one.low != other.low
    assert one.low == pytest.approx(other.low, rel=0.05)


def test_what_is_held_back_is_judged_and_not_fitted(write):
    rows = exchange_rows(factor=1.2, role="calibrate")
    rows.loc[5, ["role", "value"]] = "validate", rows.value[5] * 2
    frame = ask("exchange", write(rows))
    held = frame.attrs["held_back"]
    assert (held["fitted"], held["rows"], held["inside"], held["inside_study"]) == (5, 1, 0.0, 0.0)
    assert held["error"] == pytest.approx(0.5, abs=0.03)  # twice as slow as five rows say
    assert held["error_study"] == pytest.approx(1 - 1 / 2.4, abs=0.01)
    assert frame.value[0] == ask("exchange", write(rows[:5])).value[0]


def test_where_no_row_has_a_role_the_largest_quarter_is_held_back_whatever_was_measured(write):
    rows = exchange_rows(points=[(ranks, tokens) for ranks in (8, 16, 32, 64) for tokens in (32.0, 128.0)])
    for values in (rows.value, rows.value[::-1].to_numpy(), 1 / rows.value):
        read = readings.read(write(rows.assign(value=values)))
        assert list(read.rows.index[read.rows.role == "validate"]) == [6, 7]
    assert "largest quarter" in read.rule
    assert "no operation 4 points" in readings.read(write(rows[:3])).rule


def test_many_machines_one_interval(write):
    """Rows that scatter about a changed law as the study says rows do lie in their intervals nine times in ten."""
    fit = operation_fit.fit("all_to_all_time", "hgx-h100", "deepep", "dispatch")
    rng, inside = np.random.default_rng(0), []
    points = [(ranks, tokens) for ranks in (8, 16, 32, 64) for tokens in (16.0, 64.0, 128.0)]
    for number in range(12):
        rows = exchange_rows(factor=np.exp(rng.normal(0, 0.15)), points=points)
        rows["value"] *= np.exp(rng.normal(0, fit.scatter, len(rows)))
        held = ask("exchange", write(rows, f"{number}.csv")).attrs["held_back"]
        inside.append(held["inside"])
    assert 0.75 <= np.mean(inside) <= 1.0


def test_runs_and_points_of_one_measurement_say_the_same(write):
    """A disaggregated run whose requests are always in decode is a point of data/serving.csv, in other columns."""
    rows = decode_rows("hgx-h200", factor=1.2, role="calibrate", overlap=0, drafts=0)
    points = ask("decode", write(rows)).iloc[0]
    runs = pd.DataFrame(
        {
            **{name: rows[name] for name in ("system", "workload", "ranks", "precision", "engine", "role", "drafts")},
            **{"set": [f"run {number}" for number in rows.index], "tensor_devices": 1, "expert_devices": rows.ranks},
            **{"instances": 1, "concurrency": rows.batch * rows.ranks, "input_tokens": 1500, "output_tokens": 1000},
        }
    )
    waits = runs.assign(quantity="time_per_output_token", value=rows.batch / rows.value, unit="s")
    first = runs.assign(quantity="time_to_first_token", value=1e-6, unit="ms")
    found = ask("decode", write(pd.concat([waits, first]), "runs.csv")).iloc[0]
    assert found.value == pytest.approx(points.value, rel=0.01)


def test_time_for_a_token_is_taken_as_throughput_is(write):
    rows = decode_rows(factor=1.2, role="calibrate")
    waits = rows.assign(quantity="time_per_output_token", value=1e3 * rows.batch / rows.value, unit="ms")
    one, other = (ask("decode", write(each)).value[0] for each in (rows, waits))
    assert one == pytest.approx(other, rel=1e-9)


def test_bus_bandwidth_is_taken_as_the_time_it_stands_for(write):
    rows = reduce_rows(factor=1.1, role="calibrate")
    rates = rows.assign(quantity="bus_bandwidth", value=rows.bytes * 2 * 7 / 8 / (rows.value * 1e-3) / 1e9, unit="GB/s")
    one, other = (ask("all-reduce", write(each)).value[0] for each in (rows, rates))
    assert one == pytest.approx(other, rel=1e-9)


def test_a_software_that_the_study_never_saw_on_a_machine_can_be_asked_for_with_rows_of_it(write):
    path = write(exchange_rows("gb200-nvl72", software="deepep", factor=2.0))
    found = model.predict("all_to_all_time", system="gb200-nvl72", software="deepep", measured=path, **EXCHANGE)
    assert np.isfinite(found.value[0])
    with pytest.raises(InputError, match="has no rows to fit the software deepep"):
        model.predict("all_to_all_time", system="gb200-nvl72", software="deepep", **EXCHANGE)


def test_draws_and_explain_see_the_rows(write):
    path = write(exchange_rows(factor=1.3, role="calibrate"))
    asked = {"system": "hgx-h100", **EXCHANGE}
    drawn = model.draws("all_to_all_time", measured=path, number=DRAWS, **asked)
    found = model.predict("all_to_all_time", measured=path, draws=DRAWS, **asked).iloc[0]
    assert np.percentile(drawn, 5) == pytest.approx(found.low)
    why = model.explain("all_to_all_time", measured=path, **asked).equations
    assert why.value[why.symbol == "all_to_all_time"].iloc[-1] == pytest.approx(found.value)


# The command line


@pytest.fixture
def run(request):
    """Return the command line, whose usual name is the package's here."""
    return request.getfixturevalue("model")


WORDS = [f"{name}={number}" for name, number in EXCHANGE.items()]


def test_text_json_table_and_python_say_the_same(run, write, tmp_path):
    rows = exchange_rows(factor=1.3)
    path = write(rows)
    known = model.predict("all_to_all_time", system="hgx-h100", measured=path, **EXCHANGE)
    row, held = known.iloc[0], known.attrs["held_back"]
    code, out, err = run("predict", "all_to_all_time", "--system", "hgx-h100", *WORDS, f"measured={path}", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["value"], said["low"], said["high"]) == (row.value, row.low, row.high)
    assert said["with"] == {"value": row.value, "low": row.low, "high": row.high}
    assert said["without"] == {"value": row.value_study, "low": row.low_study, "high": row.high_study}
    assert said["held_back"] == held
    assert (held["fitted"], held["rows"], held["file"]) == (5, 1, path)
    assert path in said["sources"]
    code, out, _ = run("predict", "all_to_all_time", "--system", "hgx-h100", *WORDS, f"measured={path}")
    assert f"{row.value:.6g} s" in out
    assert f"with 5 rows of {path}; without them: {row.value_study:.6g} s" in out
    assert f"held back: 1 row, mean error {held['error']:.1%}" in out
    asked = tmp_path / "points.csv"
    asked.write_text(f"system,{','.join(EXCHANGE)}\nhgx-h100,{','.join(map(str, EXCHANGE.values()))}\n")
    code, out, err = run("predict", "all_to_all_time", "--table", asked, f"measured={path}")
    header, answer = (line.split(",") for line in out.splitlines())
    assert header[-7:] == ["value", "unit", "low", "high", "value_study", "low_study", "high_study"]
    assert [float(each) for each in (*answer[-7:-6], *answer[-5:])] == [
        row[name] for name in ("value", "low", "high", "value_study", "low_study", "high_study")
    ]
    assert "held back: 1 row" in err
    assert code == 0


def test_without_intervals_both_values_stand_alone(run, write):
    path = write(exchange_rows(factor=1.3))
    asked = "predict", "all_to_all_time", "--system", "hgx-h100", *WORDS, f"measured={path}", "--no-interval"
    said = json.loads(run(*asked, "--json")[1])
    assert said["low"] is said["without"]["low"] is said["held_back"]["inside"] is None
    assert "5 to 95" not in run(*asked)[1]


GOOD = exchange_rows()
BAD = {
    "unknown column": (GOOD.assign(nodes=1), "unknown column nodes"),
    "misspelt column": (GOOD.rename(columns={"tokens": "token"}), "unknown column token; did you mean tokens?"),
    "no table": (pd.DataFrame({"a": [1]}), "it needs one of op (data/network.csv)"),
    "empty": (GOOD[:0], "is empty: give a header and at least one row"),
    "unit of another quantity": (GOOD.assign(unit="GB/s"), "row 1: unit is 'GB/s': write s, ns, us, ms"),
    "unit": (GOOD.assign(unit=["us"] * 5 + ["usec"]), "row 6: unit is 'usec': write s, ns, us, ms"),
    "system": (GOOD.assign(system=["hgx-h100"] * 3 + ["my-box"] * 3), "row 4: system is 'my-box': choose one of"),
    "software": (GOOD.assign(software="deep-ep2"), "row 1: software is 'deep-ep2'; did you mean deepep?"),
    "library": (GOOD.assign(software="nccl"), "row 1: software is 'nccl': choose one of"),
    "operation": (GOOD.assign(op="broadcast"), "row 1: op is 'broadcast': choose one of"),
    "quantity": (GOOD.assign(quantity="bus_bandwidth"), "row 1: quantity is 'bus_bandwidth': write all_to_all_time"),
    "text": (GOOD.astype({"value": object}).assign(value="fast"), "row 1: hgx-h100 dispatch"),
    "negative": (GOOD.assign(value=-1.0), "row 1: value is -1; it takes a number above 0"),
    "no tokens": (GOOD.drop(columns="tokens"), "row 1: tokens is empty: fill it"),
    "one rank": (GOOD.assign(ranks=1), "row 1: ranks is 1; it takes a number from 2"),
    "infinite": (GOOD.assign(tokens=np.inf), "row 1: tokens is inf"),
    "role": (GOOD.assign(role="train"), "row 1: hgx-h100 dispatch"),
    "some roles": (GOOD.assign(role=["calibrate"] * 5 + [""]), "row 6: role is empty: write calibrate or validate"),
    "all held back": (GOOD.assign(role="validate"), "column role: every row is held back"),
    "kind": (GOOD.assign(kind="assumed"), "row 1: kind is 'assumed': only what was measured is fitted"),
    "another operation": (
        GOOD.assign(op="combine"),
        "all_to_all_time as asked rests on none of the rows fitted (hgx-h100 combine)",
    ),
    "another system": (GOOD.assign(system="gb200-nvl72"), "rests on none of the rows fitted (gb200-nvl72 dispatch)"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_in_one_sentence(run, write, fault):
    rows, words = BAD[fault]
    path = write(rows)
    code, out, err = run("predict", "all_to_all_time", "--system", "hgx-h100", *WORDS, f"measured={path}")
    assert (code, out) == (2, "")
    assert err.startswith(path)
    assert words in err
    assert err.count("\n") == 1


DECODED = decode_rows()
BAD_STEPS = {
    "workload": (DECODED.assign(workload="gpt-9"), "row 1: workload is 'gpt-9'"),
    "engine": (DECODED.assign(engine="tgi"), "row 1: engine is 'tgi': choose one of"),
    "precision": (DECODED.assign(precision="fp9"), "row 1: precision is 'fp9'"),
    "phase": (DECODED.assign(phase="prefill"), "row 1: phase 'prefill' is not fitted: write decode"),
    "unit": (DECODED.assign(unit="ms"), "row 1: unit is 'ms': write token/s, token/day"),
    "no batch": (DECODED.assign(batch=[16.0, None, 32, 48, 64, 96]), "row 2: batch is empty"),
    "runs without a first token": (
        DECODED[["system", "workload", "precision", "engine", "ranks"]].assign(
            set="mine", tensor_devices=1, expert_devices=16, instances=1, input_tokens=1000, output_tokens=1000,
            concurrency=64, drafts=0, value=30, unit="ms",
        ),
        "row 1: set 'mine' has no row of time_to_first_token",
    ),
}  # fmt: skip


def test_steps_whose_software_is_not_named_count_for_the_pooled_one(write):
    rows = decode_rows(factor=1.3).drop(columns="engine")
    asked = {name: word for name, word in DECODE.items() if name != "engine"}
    found = model.predict("decode_throughput", system="hgx-h200", measured=write(rows), draws=100, batch=40, **asked)
    assert found.value[0] < 0.95 * found.value_study[0]
    assert found.attrs["held_back"]["rows"] == 1


def test_a_row_for_which_the_study_lacks_a_number_is_named_by_its_file(write):
    path = write(decode_rows(precision="nvfp4"))
    with pytest.raises(InputError, match=r"mine\.csv: hgx-h200 has no peak_nvfp4"):
        ask("decode", path)


@pytest.mark.parametrize("fault", BAD_STEPS)
def test_a_bad_file_of_steps_is_refused(write, fault):
    rows, words = BAD_STEPS[fault]
    with pytest.raises(catalog.DataError) as refused:
        ask("decode", write(rows))
    assert words in str(refused.value)


def test_a_file_that_is_not_there_or_no_text(run, tmp_path):
    for name in (tmp_path / "none.csv", tmp_path):
        code, out, err = run("predict", "all_to_all_time", "--system", "hgx-h100", *WORDS, f"measured={name}")
        assert (code, out) == (2, "")
        assert str(name) in err
    assert run("predict", "all_to_all_time", "--system", "hgx-h100", *WORDS, "measured=")[0] == 2


def test_a_table_beside_rows_on_which_it_does_not_rest_answers_nothing(run, write, tmp_path):
    asked = tmp_path / "points.csv"
    asked.write_text(f"system,{','.join(EXCHANGE)}\nhgx-h100,{','.join(map(str, EXCHANGE.values()))}\n")
    path = write(exchange_rows("hgx-b200", points=[(8, 16.0)]))
    code, out, err = run("predict", "all_to_all_time", "--table", asked, f"measured={path}")
    assert (code, out) == (2, "")
    assert "rests on none of the rows fitted (hgx-b200 dispatch)" in err


def test_rows_narrow_what_the_sampler_draws():
    """Without a reader's rows a scenario is the machine that it always was."""
    sampler = Sampler(DRAWS, 0)
    one = Scenario("hgx-h100", sampler).constants("all_to_all_time", "deepep", "dispatch")
    other = Scenario("hgx-h100", sampler, readings=None).constants("all_to_all_time", "deepep", "dispatch")
    assert all(np.array_equal(one[name], other[name]) for name in one)


# Notebooks and the example


EXAMPLE = Path(__file__).parents[2] / "notebooks" / "scenarios" / "measured.csv"


def test_the_example_is_marked_as_made_up_and_answers(run):
    assert set(pd.read_csv(EXAMPLE).note) == {"made up from the law, not measured"}
    words = [each for each in WORDS if not each.startswith("measured")]
    code, out, _ = run("predict", "all_to_all_time", "--system", "gb200-nvl72", *words, f"measured={EXAMPLE}", "--json")
    said = json.loads(out)
    assert code == 0
    assert 1.1 < said["with"]["value"] / said["without"]["value"] < 1.3
    assert said["held_back"]["error"] < said["held_back"]["error_study"]
    assert (said["held_back"]["fitted"], said["held_back"]["rows"]) == (6, 2)


def test_a_chapter_asks_its_questions_with_both_answers(write):
    path = write(exchange_rows("gb200-nvl72", factor=1.3))
    found = own_rows.compared(path, own_rows.exchanges(64, 128, "deepseek-v3", 2**30), draws=DRAWS)
    assert list(found.question) == ["dispatch"]  # neither combine nor all-reduce rests on these rows
    assert found.value[0] > 1.1 * found.value_study[0]
    assert len(own_rows.compared("", own_rows.exchanges(64, 128, "deepseek-v3", 2**30))) == 0
    with pytest.raises(InputError, match="rests on none of the rows fitted"):
        own_rows.compared(path, [("all_reduce", "all_reduce_time", {"ranks": 8, "bytes": 2**30})], draws=DRAWS)


def test_a_frontier_is_asked_in_the_format_and_software_of_the_rows(write):
    path = write(decode_rows("hgx-h200", factor=1.3))
    [(question, _, inputs)] = own_rows.frontiers(path, "deepseek-v3", 30, 2000)
    assert question == "frontier_fp8_sglang"
    assert inputs["engine"] == "sglang"
    found = own_rows.compared(path, [(question, "decode_frontier", inputs)], draws=100)
    assert found.value[0] < 0.95 * found.value_study[0]


def test_a_cluster_answers_with_the_rows(write):
    readings_of = readings.read(write(exchange_rows("gb200-nvl72", factor=1.5)))
    job = {"model": "deepseek-v3", "precision": "fp8"}
    study, ours = (Cluster("gb200-nvl72", {}, job, each) for each in (None, readings_of))
    times = [each.scenario().constants("all_to_all_time", "trtllm-two-sided", "dispatch") for each in (study, ours)]
    assert times[1]["startup"] > times[0]["startup"]
    assert replace(ours, readings=None) == study


def test_a_parameter_names_a_file_that_is_there(write):
    taken = parameters.File()
    assert taken.problem("") is taken.problem(write(GOOD)) is None
    for wrong in (None, 3, "mine.txt", "none.csv"):
        assert ".csv file, or an empty text" in taken.problem(wrong)


def test_the_first_system_of_a_file_whose_times_lie_far_off_is_named_and_nearer_ones_are_taken(write):
    """Fifty times as long as the study says, or as short, is another unit; forty is slow."""
    far, short = exchange_rows("hgx-h20", 60.0, role="calibrate"), exchange_rows("hgx-h100", 1 / 60, role="calibrate")
    own = measured.read(write(pd.concat([far, short])))
    with pytest.raises(InputError, match=r"rows on hgx-h20 says .* 60 times as long as the study's .*: is its unit"):
        measured.refuse_far(own, own.rows)
    with pytest.raises(InputError, match=r"rows on hgx-h100 says .* 60 times less than the study's"):
        measured.refuse_far(own, own.rows[own.rows.system == "hgx-h100"])
    near = exchange_rows("hgx-h100", 40.0, role="calibrate")
    slow = measured.read(write(near))
    measured.refuse_far(slow, slow.rows)
