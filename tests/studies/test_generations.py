"""Generations: what is lent is the predecessor's, every question is answered or its gap named, ratios close."""

import numpy as np
import pandas as pd
import pytest

from model.machine.scenario import Scenario
from model.predictions.answer import predict
from model.studies import generations

CONDITIONS = {"context": 4096.0, "tokens_per_step": 1.7, "kv_bytes_per_element": 2.0}
ASKED = generations.Workloads("deepseek-v3", 64, 128, 16_384, (20.0, 50.0), CONDITIONS)
SIDES = ["value", "low", "high"]


@pytest.fixture(scope="module")
def answered():
    return generations.answers(["hgx-b200", "gb200-nvl72", "nvl288"], ASKED, {}, draws=20, seed=0)


def test_a_machine_answers_every_question_or_says_what_it_lacks(answered):
    found, gaps = answered
    for name in ("hgx-b200", "gb200-nvl72"):
        assert set(found[found.system == name].question) == set(ASKED.titles())
    assert set(gaps.system) == {"nvl288"}
    assert set(gaps.workload) == {"dispatch", "training", "serving"}
    assert gaps.missing.str.startswith("nvl288 has no ").all()


def test_an_interval_holds_order_and_a_faster_user_costs_throughput(answered):
    found, _ = answered
    assert (found.low <= found.high).all()
    table = found.pivot(index="system", columns="question", values="value")
    assert (table.serving_50 < table.serving_20).all()


def test_a_dispatch_is_the_one_that_the_command_line_predicts(answered):
    found, _ = answered
    point = pd.DataFrame([{"op": "dispatch", "ranks": 64, "tokens": 128, "hidden": 7168, "experts": 256, "topk": 8}])
    point = point.assign(bytes_per_element=1.0)
    alone = predict("all_to_all_time", point, "gb200-nvl72", interval=False)[0].value[0]
    ours = found[(found.system == "gb200-nvl72") & (found.question == "dispatch")].value.item()
    assert ours * 1e-6 == pytest.approx(alone)


def test_ratios_to_a_baseline_are_one_for_itself_and_none_without_it(answered):
    found, _ = answered
    over = generations.over(found, "hgx-b200")
    assert over.loc["hgx-b200"].to_numpy() == pytest.approx(1)
    assert generations.over(found, "hgx-h20").empty


def test_what_a_machine_has_is_not_lent_and_a_peak_keeps_the_ratio():
    changes, listed = generations.stand_ins({"rubin-ultra-nvl576": "vera-rubin-nvl144", "gb200-nvl72": "hgx-b200"})
    assert changes["gb200-nvl72"] == {}
    own, old = Scenario("rubin-ultra-nvl576").system, Scenario("vera-rubin-nvl144").system
    assert not any(number in own for number in changes["rubin-ultra-nvl576"])
    assert set(listed.system) == {"rubin-ultra-nvl576"}
    assert len(listed) == len(changes["rubin-ultra-nvl576"])
    if "peak_bf16" in changes["rubin-ultra-nvl576"]:
        narrow = next(each for each in generations.NARROW if each in own)
        ratio = changes["rubin-ultra-nvl576"]["peak_bf16"] / own(narrow)
        assert ratio == pytest.approx(old("peak_bf16") / old(narrow))


def test_what_is_known_says_how():
    known = generations.known(["gb200-nvl72", "vera-rubin-nvl144", "nvl288"], {"nvl288": {"domain": 288.0}})
    assert known.known_by["gb200-nvl72"] == "measurements"
    assert known.known_by["vera-rubin-nvl144"] in ("a specification", "claims")
    assert known.stand_ins["nvl288"] == 1
    assert known.precision["nvl288"] == "none"
    assert np.isfinite(known.domain["gb200-nvl72"])
