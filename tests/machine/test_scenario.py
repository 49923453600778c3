"""A scenario: a machine with the steps that all share, each part fitted once, and with a reader's own rows of it."""

import numpy as np
import pandas as pd
import pytest

from model.laws.all_reduce import LARGE
from model.machine import memory, operation_fit, readings_fit, step_fit, training_fit
from model.machine.scenario import Scenario
from model.machine.training_step import Training
from model.numbers import readings
from model.numbers.draws import Sampler

EXCHANGE = "all_to_all_time"


def drawn(system, **options):
    return Scenario(system, Sampler(200, (0, 0)), **options)


# Steps.


def test_constants_of_a_step_are_the_fit_s_and_come_once():
    scenario = Scenario("hgx-h200")
    assert scenario.step_constants("sglang") == step_fit.fit().constants("sglang")
    assert scenario.step_constants() == step_fit.fit().constants()
    assert scenario.step_constants() is scenario.step_constants() is not scenario.step_constants("sglang")
    assert step_fit.sources() <= set(scenario.sources())


def test_a_machine_without_its_own_rows_has_the_fit_of_the_others():
    own, others = Scenario("hgx-h200"), Scenario("hgx-h200", own=False)
    assert others.step_constants() == step_fit.fit("hgx-h200").constants() != own.step_constants()


def test_only_a_drawn_step_scatters_and_an_unseen_workload_more():
    assert Scenario("hgx-h200").step_scatter("deepseek-v3") == 1
    known, unseen = (drawn("hgx-h200").step_scatter(each) for each in ("deepseek-v3", "kimi-k2"))
    assert known.shape == unseen.shape == (200, 1)
    assert np.median(known) == pytest.approx(1, abs=0.01) and np.log(known).std() < np.log(unseen).std()


def test_a_training_step_has_its_columns_once_for_each_of_what_is_asked():
    scenario, bf16 = Scenario("hgx-b200"), Training("deepseek-v3", "bf16")
    found = scenario.training_columns(bf16)
    assert found is scenario.training_columns(bf16) is not scenario.training_columns(Training("deepseek-v3", "mxfp8"))
    assert found["peak"] == scenario.system("peak_bf16") and found["layers"] == 61
    constants = training_fit.constants(training_fit.fit(), scenario, bf16)
    assert constants and all(found[name] == number for name, number in constants.items())
    assert training_fit.sources() <= set(scenario.sources())


def test_only_a_drawn_training_step_scatters():
    assert Scenario("hgx-b200").training_scatter("deepseek-v3") == 1
    scatter = drawn("hgx-b200").training_scatter("deepseek-v3")
    assert scatter.shape == (200, 1) and np.median(scatter) == pytest.approx(1, abs=0.02) and np.ptp(scatter) > 0


def test_what_would_hold_requests_is_said_in_devices_or_that_nothing_would():
    scenario = Scenario("hgx-h200")
    asked = ("deepseek-v3", "fp8")
    few = memory.fewest_devices(scenario, *asked, 1.0, 4096.0)
    weights = 671e9 / scenario.system("memory_capacity")  # a byte each
    assert weights < few < 2 * weights
    assert scenario.would_hold(*asked, 1.0, 4096.0) == f"{few:.0f} devices would hold that many requests in all"
    assert scenario.would_hold(*asked, 1e12, 4096.0) == "no group would"


# A reader's own rows.


@pytest.fixture
def reading(tmp_path):
    """Return a function: Readings of rows that share some columns; others by name, lists among them."""

    def read(**columns):
        path = tmp_path / "mine.csv"
        pd.DataFrame(columns).to_csv(path, index=False)
        return readings.read(str(path))

    return read


EXCHANGES = {"ranks": [8, 16], "tokens": 128, "hidden": 7168, "experts": 256, "topk": 8, "bytes_per_element": 1}
EXCHANGES |= {"op": "dispatch", "value": [90.0, 200.0], "unit": "us", "role": "calibrate"}
REDUCES = {"op": "all_reduce", "ranks": 8, "bytes": [2**28, 2**30], "value": [2, 8], "unit": "ms", "role": "calibrate"}
STEPS = {"workload": "deepseek-v3", "ranks": 160, "batch": [64, 96], "context": 4096, "precision": "int8"}
STEPS |= {"quantity": "decode_throughput", "value": [900, 1000], "unit": "token/s", "role": "calibrate"}


def test_rows_of_an_exchange_join_its_fit_alone_and_are_noted(reading):
    own = reading(system="hgx-h100", **EXCHANGES)
    scenario, study = Scenario("hgx-h100", readings=own), Scenario("hgx-h100")
    for each in (scenario, study):
        each.constants(EXCHANGE, "deepep", "combine")
    assert not own.used and own.file not in scenario.sources(), "the rows are of the other way"
    found = scenario.constants(EXCHANGE, "deepep", "dispatch")
    asked = (own, EXCHANGE, "hgx-h100", "deepep", "dispatch", "deepep")
    assert found == readings_fit.operation(*asked)[0].constants()
    assert found != study.constants(EXCHANGE, "deepep", "dispatch")
    assert own.used == {0, 1} and own.file in scenario.sources()


def test_without_the_system_s_own_rows_a_reader_s_join_what_the_others_say(reading):
    own = reading(system="hgx-h100", **EXCHANGES)
    asked = (own, EXCHANGE, "hgx-h100", "deepep", "dispatch", "deepep")
    usual, without = (readings_fit.operation(*asked, each)[0].constants() for each in (True, False))
    found = [
        Scenario("hgx-h100", readings=own, own=each).constants(EXCHANGE, "deepep", "dispatch") for each in (True, False)
    ]
    assert found == [usual, without] and usual != without


def test_rows_that_name_no_software_are_of_the_usual_one_of_their_operation(reading):
    """On hgx-h100 exchanges are by default DeepEP's, reductions NCCL's."""
    for columns, quantity, software, op in (
        (EXCHANGES, EXCHANGE, "deepep", "dispatch"),
        (REDUCES, LARGE, "nccl", "all_reduce"),
    ):
        assert operation_fit.own_softwares("hgx-h100", quantity)[0] == software
        own = reading(system="hgx-h100", **columns)
        Scenario("hgx-h100", readings=own).constants(quantity, software, op)
        assert own.used == {0, 1}, quantity


def test_a_software_of_a_reader_s_own_is_known_and_usual_where_the_study_has_none(reading):
    own = reading(system="vera-rubin-nvl144", software="trtllm-one-sided", **EXCHANGES)
    scenario = Scenario("vera-rubin-nvl144", readings=own)
    assert Scenario("vera-rubin-nvl144").software(EXCHANGE).name == "pooled"
    assert scenario.software(EXCHANGE).name == "trtllm-one-sided"
    assert scenario.software(EXCHANGE, "trtllm-one-sided").name == "trtllm-one-sided"
    beside = Scenario("hgx-h100", readings=reading(system="hgx-h100", software="trtllm-one-sided", **EXCHANGES))
    assert beside.software(EXCHANGE).name == "deepep", "the study's own comes first"
    assert beside.software(EXCHANGE, "trtllm-one-sided").name == "trtllm-one-sided"
    held = Scenario("vera-rubin-nvl144", readings=own.held())
    assert held.software(EXCHANGE).name == "pooled", "nothing of it is fitted"


@pytest.mark.parametrize(("system", "usual"), [("cloudmatrix384", "cann"), ("hgx-h200", "pooled")])
def test_steps_that_name_no_software_are_of_the_one_that_runs_there(reading, system, usual):
    own = reading(system=system, **STEPS | {"precision": "int8" if usual == "cann" else "fp8"})
    scenario = Scenario(system, readings=own)
    expected = step_fit.fit_with(own, system, usual)[0]
    assert scenario.step_constants(None) == expected.constants(None) != step_fit.fit().constants(None)
    assert own.used == {0, 1} and own.file in scenario.sources()
    other = step_fit.fit_with(own, system, "sglang")[0]
    assert other.constants(None) != expected.constants(None)


def test_rows_for_which_a_number_is_missing_are_refused_with_their_file(reading):
    own = reading(system="nvl288", **EXCHANGES)
    with pytest.raises(ValueError, match=f"^{own.file}: nvl288 has no "):
        Scenario("nvl288", readings=own).constants(EXCHANGE, "pooled", "dispatch")


def test_a_machine_made_of_another_keeps_its_readings(reading):
    own = reading(system="hgx-h100", **EXCHANGES)
    scenario = drawn("hgx-h100", readings=own)
    assert scenario.undrawn().readings is scenario.changed(domain=16.0).readings is own
    assert scenario.roomiest().readings is own
    assert scenario.undrawn().sampler is None
