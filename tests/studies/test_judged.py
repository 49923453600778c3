"""What predictions are held to, in summary: each figure by hand from a few rows, and the chance of rows outside."""

from math import comb

import numpy as np
import pandas as pd
import pytest

from model.studies import judged

ROWS = pd.DataFrame(
    {
        "role": ["validate", "validate", "calibrate", "calibrate"],
        "error": [0.1, -0.3, 0.02, -0.04],
        "error_without": [0.2, -0.4, 0.1, -0.1],
        "inside": [True, False, True, True],
        "ranks": [4.0, 64, 4, 64],
        "topk": [8.0, 8, 8, 8],
        "measured": [20e-6, 123_420e-6, 1.0, 1.0],
        "set": ["one", "other", "one", "one"],
        "system": ["a", "b", "a", "a"],
    }
)


def test_the_headline_holds_rows_that_judge_apart_from_those_fitted():
    found = judged.headline({"all_to_all_time": ROWS}).loc["all_to_all_time"]
    assert found.rows == 2 and found.error == pytest.approx(0.2) and found.inside == 0.5
    assert found.fitted_error == pytest.approx(0.03)
    assert found["without"] == pytest.approx(0.2), "over all rows: each was left out in turn"


def test_exchanges_of_fewer_ranks_than_experts_a_token_are_told_apart():
    enough, few = judged.by_fan_out(ROWS)
    assert enough.index.tolist() == [1] and few.index.tolist() == [0]
    assert judged.by_fan_out(ROWS.assign(ranks=8.0))[0].index.tolist() == [0, 1]


def test_the_chance_of_as_many_rows_outside_is_a_binomial_tail():
    """Of 20 rows two lie outside a 5 to 95 % interval on average; four or more in 13.3 % of cases, by hand."""
    rows = pd.DataFrame({"inside": [False] * 4 + [True] * 16})
    found = judged.chance(rows)
    tail = sum(comb(20, n) * 0.1**n * 0.9 ** (20 - n) for n in range(4, 21))
    assert found.expected == pytest.approx(2) and found.seen == 4
    assert found.chance == pytest.approx(tail) and tail == pytest.approx(0.133, abs=5e-4)
    cumulated = np.cumsum([comb(20, n) * 0.1**n * 0.9 ** (20 - n) for n in range(21)])
    assert found.most == int(np.argmax(cumulated >= 0.95)) == 4
    assert judged.chance(rows.assign(inside=True)).chance == pytest.approx(1)


def test_rows_that_judge_carry_their_size_and_their_measurement_in_words():
    exchange = ROWS.assign(tokens=[128.0, 256.0, 1.0, 1.0])
    reduce = ROWS.iloc[:1].assign(bytes=1e9)
    step = ROWS.iloc[:1].assign(batch=96.0, measured=1942.6)
    found = judged.judging({"all_to_all_time": exchange, "all_reduce_time": reduce, "decode_throughput": step})
    assert found.quantity.tolist() == ["all_to_all_time"] * 2 + ["all_reduce_time", "decode_throughput"]
    assert found["size"].tolist() == [128, 256, 1e9, 96]
    assert found.words.tolist() == ["20 µs", "123,400 µs", "20 µs", "1,943 tokens/s"]
    assert list(found) == [*judged.KEPT, "words", "size"]


def test_errors_by_set_are_named_by_what_was_measured():
    found = judged.by_set({"all_to_all_time": ROWS, "decode_throughput": ROWS.iloc[:1]})
    assert found.quantity.tolist() == ["exchange"] * 3 + ["decode throughput"]
    fitted = found[found.role == "calibrate"].iloc[0]
    assert (fitted.system, fitted.rows) == ("a", 2)
    assert fitted.error == pytest.approx(0.03) and fitted.bias == pytest.approx(-0.01)
    assert fitted.error_without == pytest.approx(0.1)


def test_what_drives_a_prediction_most_comes_first_and_carries_its_title():
    """A time between faults is one over devices and rate, and the rate's count alone is uncertain."""
    found = judged.drivers([("a large job", "job_mtbf", "llama3-16k", {"devices": 16_384})], 0)
    assert (found.prediction == "a large job").all() and found.total.is_monotonic_decreasing
    assert found.factor.tolist() == ["llama3-16k interruptions"]
    assert found.total.iloc[0] == pytest.approx(1, abs=0.05)


def test_other_tools_stand_beside_this_study_on_the_same_exchanges(monkeypatch):
    """Of a tool that sends over another network nothing is said; ours counts once, whatever the number of tools."""
    rows = pd.DataFrame(
        {
            "tool": ["a", "a", "b", "b", "c"],
            "system": ["one", "other", "one", "other", "one"],
            "op": "dispatch",
            "ranks": 8.0,
            "tokens": 128.0,
            "note_tool": [None, "a version", None, None, "not comparable: by NVLink"],
            "error_theirs": [-0.2, 0.4, 0.6, -0.8, 9.0],
            "error": [0.1, -0.05, 0.1, -0.05, 0.1],
            "error_without": [-0.3, 0.2, -0.3, 0.2, -0.3],
        }
    )
    monkeypatch.setattr(judged.validation, "peers", lambda exchanges: exchanges)
    errors, theirs, tokens = judged.tools(rows)
    assert errors.loc["a"].tolist() == [0.2, 0.4] and errors.loc["b"].tolist() == [0.6, 0.8]
    assert errors.loc["this study (rows fitted)"].tolist() == [0.1, 0.05]
    assert errors.loc["this study (own rows left out)"].tolist() == [0.3, 0.2]
    assert "c" not in errors.index and theirs.to_dict() == {"least": 0.2, "most": 0.8} and tokens == 128
