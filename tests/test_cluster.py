"""A cluster of one's own: unchanged it is the known system, and each number moves what it must."""

import numpy as np
import pandas as pd
import pytest

from model import cluster as clusters
from model import cluster_report
from model.facts import Missing
from model.predict import predict
from model.scenario import Scenario

JOB = {
    **{"devices": 16_384.0, "ranks": 64.0, "batch": 64.0, "context": 4096.0, "tokens_per_step": 1.7, "speed": 50.0},
    **{"message": 2.0**30, "busy_share": 1.0, "checkpoint_write": 10.0, "downtime": 300.0, "reload": 300.0},
    **{"repair": 86_400.0, "withdrawn": 8.0, "confidence": 0.99, "model": "deepseek-v3", "precision": "fp8"},
}


def known(system="gb200-nvl72", given=None, **job):
    return clusters.Cluster(system, given or {}, JOB | job)


@pytest.mark.parametrize(("system", "form"), [("gb200-nvl72", "fp8"), ("cloudmatrix384", "int8")])
def test_nothing_changed_is_what_the_command_line_says(system, form):
    same = known(system, precision=form)
    for name, (quantity, inputs) in clusters.questions(same).items():
        (expected,) = predict(quantity, pd.DataFrame([inputs]), system=system, draws=200)[0].itertuples()
        assert clusters.ask(same, name) == expected.value
        low, high = np.percentile(clusters.ask(same, name, draws=200), [5, 95])
        assert (low, high) == (expected.low, expected.high)


def test_giving_the_known_number_changes_nothing():
    for number in ("domain", "memory_bandwidth", "peak", "scale_out_bandwidth", "rent"):
        given = {number: cluster_report.known(known(), number)}
        assert clusters.ask(known(given=given), "token_cost") == pytest.approx(clusters.ask(known(), "token_cost"))


def test_units_are_those_of_the_nomenclature():
    found = clusters.in_base_units({"scale_up_bandwidth": 900.0, "startup": 15e-6, "rent": 3.6, "domain": None})
    assert found == {"scale_up_bandwidth": 900e9, "startup": 15e-6, "rent": 1e-3, "domain": None}


def test_a_shorter_start_up_shortens_an_exchange_by_as_much():
    short, long = (clusters.ask(known(given={"startup": each}), "dispatch") for each in (5e-6, 25e-6))
    assert long - short == pytest.approx(20e-6)


def test_a_price_gives_a_rent_in_proportion():
    cheap, dear = (clusters.ask(known(given={"device_price": each}), "token_cost") for each in (10_000.0, 30_000.0))
    assert dear == pytest.approx(3 * cheap)


def test_what_a_machine_lacks_is_named_and_the_rest_answered():
    report = clusters.answers(known("atlas-950-superpod"), 100).set_index("question")
    assert report.missing["dispatch"] == ""
    assert report.value["dispatch"] > 0
    assert "peak_bf16" in report.missing["throughput"]
    with pytest.raises(Missing, match="peak_bf16"):
        clusters.ask(known("atlas-950-superpod"), "throughput")


def test_elasticities_have_their_signs_and_limits():
    slopes = cluster_report.elasticities(known(), ["dispatch", "training_share", "throughput"])
    wide = slopes.pivot(index="number", columns="question", values="value")
    assert wide.training_share["failure_rate"] < 0
    assert (wide.training_share.drop("failure_rate") == 0).all()
    assert wide.dispatch[["scale_up_bandwidth", "startup"]].abs().sum() == pytest.approx(1, abs=0.01)
    assert (wide.throughput[["memory_bandwidth", "peak_bf16"]] >= 0).all()


def test_a_step_without_overheads_follows_memory_and_peaks_alone():
    given = {"startup": 1e-12, "scale_up_bandwidth": 1e18}
    slopes = cluster_report.elasticities(known(given=given), ["throughput"]).set_index("number").value
    machine = slopes[["memory_bandwidth", "peak", "peak_bf16"]].sum()
    assert 0.5 < machine < 1  # the rest is the overhead of layers, which no number of the machine moves


def test_the_interval_of_an_elasticity_holds_it():
    slopes = cluster_report.elasticities(known(), ["throughput"], draws=100).set_index("number")
    row = slopes.loc["memory_bandwidth"]
    assert 0 <= row.low < row.value < row.high <= 1


def test_a_machine_is_nearest_to_itself_and_a_wider_one_further():
    ranked = cluster_report.nearest(known())
    assert ranked.system[0] == "gb200-nvl72"
    assert ranked.distance[0] == 0
    changed = cluster_report.nearest(known(given={"domain": 8.0, "scale_out_bandwidth": 50e9})).set_index("system")
    assert changed.distance["hgx-b200"] < changed.distance["gb200-nvl72"]


def test_no_system_is_changed_by_what_a_cluster_is_given():
    before = Scenario("gb200-nvl72").constants("all_to_all_time", "trtllm-two-sided", "dispatch")["startup"]
    clusters.ask(known(given={"startup": 1.0}), "dispatch")
    assert Scenario("gb200-nvl72").constants("all_to_all_time", "trtllm-two-sided", "dispatch")["startup"] == before
