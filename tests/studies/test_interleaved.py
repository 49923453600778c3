"""Services that mix prompts with decode: the law against requests served one by one, and what no fit has seen."""

import numpy as np
import pytest

from model.laws.serving import interleaved
from model.notation.equation import compute
from model.notation.nomenclature import token_time
from model.studies import interleaved as study

TIME = interleaved.solve(token_time)


def served(requests, answer, prompt, step):
    """Return the time per token of the answers, s: requests in places of one group, each followed by the next.

    A step takes `step` s; a request that has its `answer` tokens leaves, and the prompt of the next holds all up.
    """
    left = np.linspace(answer, 1, requests).astype(int)  # the places are out of phase
    clock, began, taken = 0.0, np.zeros(requests), []
    while len(taken) < 20 * requests:
        clock += step
        left -= 1
        for place in np.flatnonzero(left == 0):
            taken.append((clock - began[place]) / answer)
            clock += prompt
            left[place], began[place] = answer, clock
    return np.mean(taken[10 * requests :])


@pytest.mark.parametrize(("requests", "answer"), [(1, 40), (4, 100), (16, 64), (32, 256)])
def test_requests_served_one_by_one_take_as_long_per_token(requests, answer):
    prompt, step, devices = 3.0, 0.25, 8
    numbers = {"batch": requests / devices, "group_devices": devices, "step_time": step}
    numbers |= {"input_tokens": 48.0, "output_tokens": answer, "prefill_throughput": 48.0 / prompt / devices}
    assert served(requests, answer, prompt, step) == pytest.approx(compute(TIME, numbers), rel=0.02)


@pytest.fixture(scope="module")
def compared():
    rows = study.runs()
    return study.compare(rows[~rows.workload.isin(study.untold(rows).index)].reset_index(drop=True), draws=100)


def test_another_model_comes_out_within_a_fifth_and_nine_in_ten_lie_inside(compared):
    minimax = compared[compared.workload == "minimax-m2.5"]
    assert len(minimax) > 100
    assert minimax.error.abs().mean() < 0.2
    assert 0.8 < minimax.inside.mean() <= 0.97


def test_no_run_is_left_out_but_of_a_model_without_a_shape(compared):
    rows = study.runs()
    assert set(study.untold(rows).index) == {"qwen3.5-397b"}
    assert len(compared) + study.untold(rows).sum() == len(rows)
    assert rows.role.eq("validate").all()


def test_a_value_lies_in_its_interval(compared):
    assert ((compared.low <= compared.predicted) & (compared.predicted <= compared.high)).all()


def test_the_example_is_the_run_of_the_middle_time_and_its_law_gives_the_prediction(compared):
    row, numbers = study.example(compared, "minimax-m2.5")
    times = np.sort(compared.time[compared.workload == "minimax-m2.5"])
    assert row.time == times[(len(times) - 1) // 2]
    assert numbers["token_time"] == pytest.approx(row.predicted)
    with pytest.raises(ValueError, match="no run of gpt-oss-120b"):
        study.example(compared, "gpt-oss-120b")
