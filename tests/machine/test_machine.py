"""A machine: what it is asked once it keeps, what is changed stays changed, and what it used it can name."""

import numpy as np
import pytest

from model.machine import memory, operation_fit
from model.machine.collectives import LARGE, SMALL
from model.machine.machine import POOLED, Machine
from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.numbers.facts import Facts

ALL_TO_ALL = "all_to_all_time"


def drawn(system, **more):
    return Machine(system, Sampler(400, (0, 0)), **more)


# Numbers.


def test_numbers_of_one_name_are_drawn_once():
    machine = drawn("gb200-nvl72")
    assert machine.system is machine.system and machine.facts("formats", "fp8") is machine.facts("formats", "fp8")
    assert machine.system("scale_out_latency") is machine.system("scale_out_latency")
    assert np.ptp(machine.system("scale_out_latency")) > 0


def test_changes_are_those_of_the_hardware_and_of_how_often_it_fails():
    machine = Machine("hgx-h100", changes={"domain": 16.0, "failure_rate": 1e-8, "memory_usable": 0.5})
    assert machine.system("domain") == 16 and machine.facts("reliability", "hgx-h100")("failure_rate") == 1e-8
    assert machine.facts("assumptions", "serving")("memory_usable") != 0.5
    assert machine.facts("systems", "hgx-h200")("domain") == 8


def test_a_file_is_read_as_a_workload_and_as_nothing_else(tmp_path):
    with pytest.raises(ValueError, match="own.json"):
        Machine("hgx-h100").facts("workloads", str(tmp_path / "own.json"))
    assert "layers" in Machine("hgx-h100").facts("workloads", "deepseek-v3")
    assert "layers" not in Machine("hgx-h100").facts("formats", "own.json")


# Software and its constants.


def test_the_software_is_the_one_named_or_the_first_with_rows_or_the_pooled_one():
    servers, racks = Machine("hgx-h100"), Machine("nvl288")
    first = operation_fit.own_softwares("hgx-h100", ALL_TO_ALL)[0]
    assert servers.software(ALL_TO_ALL).name == servers.software(ALL_TO_ALL, first).name == first
    assert servers.software(ALL_TO_ALL, POOLED).name == racks.software(ALL_TO_ALL).name == POOLED
    with pytest.raises(ValueError, match="hgx-h100 has no rows to fit the software cann-ep: choose one of .*pooled"):
        servers.software(ALL_TO_ALL, "cann-ep")


def test_a_start_up_that_is_changed_is_that_of_exchanges_alone():
    usual, changed = Machine("hgx-h100"), Machine("hgx-h100", changes={"startup": 1e-4})
    software = usual.software(ALL_TO_ALL).name
    before, after = (each.constants(ALL_TO_ALL, software, "dispatch") for each in (usual, changed))
    assert after == before | {"startup": 1e-4} and before["startup"] < 1e-4
    reduce = usual.software("all_reduce_time").name
    assert changed.constants(SMALL, reduce, "all_reduce") == usual.constants(SMALL, reduce, "all_reduce")


def test_small_all_reduces_reach_what_large_ones_do_and_start_by_themselves():
    machine = drawn("hgx-h100")
    software = machine.software("all_reduce_time").name
    large, small = (machine.constants(each, software, "all_reduce") for each in (LARGE, SMALL))
    own = operation_fit.fit(SMALL, "hgx-h100", software, "all_reduce").names
    assert set(small) == {*large, *own} and "ring_efficiency" not in own
    assert np.median(small["startup"]) < np.median(large["startup"])
    assert small["ring_efficiency"] is large["ring_efficiency"]
    assert machine.constants(SMALL, software, "all_reduce") is small


def test_constants_without_its_own_rows_are_those_of_the_others():
    own, others = Machine("hgx-h100"), Machine("hgx-h100", own=False)
    software = own.software(ALL_TO_ALL).name
    asked = ALL_TO_ALL, "hgx-h100", software, "dispatch"
    assert own.constants(ALL_TO_ALL, software, "dispatch") == operation_fit.fit(*asked).constants()
    assert others.constants(ALL_TO_ALL, software, "dispatch") == operation_fit.fit_without(*asked).constants()
    assert own.constants(ALL_TO_ALL, software, "dispatch") != others.constants(ALL_TO_ALL, software, "dispatch")


def test_an_exchange_scatters_more_with_each_halving_below_the_fewest_ranks_that_were_fitted():
    machine = drawn("hgx-h100")
    asked = ALL_TO_ALL, machine.software(ALL_TO_ALL).name, "dispatch"
    fit = operation_fit.fit(ALL_TO_ALL, "hgx-h100", *asked[1:])
    ranks = fit.fewest * np.array([2.0, 1.0, 0.5, 0.25])
    width = np.log(machine.scatter(*asked, ranks)).std(axis=0)
    more = Facts("priors", "exchange")("fewer_ranks") * np.array([0, 0, 1, 2])
    assert width == pytest.approx(np.hypot(fit.scatter, more), rel=0.02)
    alone = machine.scatter(*asked)
    assert alone.shape == (400, 1) and np.log(alone).std() == pytest.approx(fit.scatter, rel=0.02)
    np.testing.assert_array_equal(machine.scatter(*asked, ranks[:2]), alone)
    assert Machine("hgx-h100").scatter(*asked, ranks) == 1


# Machines like it.


def test_a_changed_machine_is_the_same_one_each_time_with_the_same_draws():
    machine = drawn("gb200-nvl72", changes={"startup": 1e-5})
    other = machine.changed(domain=36.0)
    assert other is machine.changed(domain=36.0) is not machine.changed(domain=8.0)
    assert other.system("domain") == 36 and machine.system("domain") == 72
    np.testing.assert_array_equal(other.system("scale_out_latency"), machine.system("scale_out_latency"))
    assert np.all(other.constants(ALL_TO_ALL, "trtllm-one-sided", "dispatch")["startup"] == 1e-5)
    software = machine.software(ALL_TO_ALL).name
    without = Machine("gb200-nvl72", own=False)
    for each in (without.changed(domain=36.0), without.undrawn()):
        assert each.constants(ALL_TO_ALL, software, "dispatch") == without.constants(ALL_TO_ALL, software, "dispatch")
    plain = Machine("gb200-nvl72").changed(domain=36.0).constants(ALL_TO_ALL, software, "dispatch")
    assert plain == Machine("gb200-nvl72").constants(ALL_TO_ALL, software, "dispatch")


def test_what_is_kept_between_searches_is_kept_apart_for_each_machine():
    machine = Machine("gb200-nvl72")
    assert machine.changed(domain=36.0).kept is None
    machine.kept = {}
    other = machine.changed(domain=36.0)
    other.kept["step"] = 1
    assert machine.changed(domain=36.0).kept == {"step": 1} and machine.kept == {} == machine.changed(domain=8.0).kept
    machine.kept = None
    assert machine.changed(domain=36.0).kept is None


def test_without_draws_changes_are_their_medians():
    numbers = np.array([[8.0], [16.0], [64.0]])
    machine = drawn("hgx-h100", changes={"domain": numbers})
    assert machine.undrawn().system("domain") == 16 and machine.undrawn().sampler is None
    plain = Machine("hgx-h100")
    assert plain.undrawn() is plain


def test_the_roomiest_machine_has_the_largest_share_of_memory_that_is_recorded_as_usable():
    machine = drawn("hgx-h100", changes={"domain": 16.0})
    roomy = machine.roomiest()
    assert roomy is machine.roomiest() and roomy.sampler is None and roomy.system("domain") == 16
    usable = roomy.facts("assumptions", "serving")("memory_usable")
    assert usable == catalog.load("assumptions", "high").memory_usable["serving"]
    assert usable == pytest.approx(np.max(machine.facts("assumptions", "serving")("memory_usable")), rel=0.01)
    given = machine.with_facts("assumptions", "serving", {"memory_usable": 0.25})
    assert given.facts("assumptions", "serving")("memory_usable") == 0.25


# What it used.


def test_rows_and_sources_are_those_of_what_was_asked_here_and_of_machines_like_it():
    machine = Machine("hgx-h100")
    assert machine.rows().empty and machine.sources() == []
    machine.system("domain"), machine.system("memory_bandwidth")
    rows = machine.rows()
    assert rows[["table", "name", "quantity"]].to_numpy().tolist() == [
        ["systems", "hgx-h100", "domain"],
        ["systems", "hgx-h100", "memory_bandwidth"],
    ]
    assert (
        rows.value.tolist() == [8, 3.35]
        and rows.index.tolist() == [0, 1]
        and machine.sources() == sorted(set(rows.source))
    )
    other = machine.changed(domain=16.0)
    other.system("memory_bandwidth"), other.system("scale_out_bandwidth")
    assert machine.rows().quantity.tolist() == ["domain", "memory_bandwidth", "scale_out_bandwidth"]
    software = other.software(ALL_TO_ALL).name
    other.constants(ALL_TO_ALL, software, "dispatch")
    assert operation_fit.sources(ALL_TO_ALL, "hgx-h100", software, "dispatch") <= set(machine.sources())


# With what all machines share in a step.


def test_a_step_without_draws_scatters_not_at_all_and_with_them_more_where_nothing_was_run():
    plain, known, unknown = (Scenario(name, sampler) for name, sampler in SCENARIOS.items())
    assert plain.step_scatter("deepseek-v3") == plain.training_scatter("deepseek-v3") == 1
    one, other = (np.log(each.step_scatter("deepseek-v3")).std() for each in (known, unknown))
    assert 0.01 < one < other
    assert (known.step_scatter("deepseek-v3").shape, known.training_scatter("deepseek-v3").shape) == (
        (400, 1),
        (400, 1),
    )


SCENARIOS = {"hgx-h100": None, "hgx-b200": Sampler(400, (0, 0)), "nvl288": Sampler(400, (0, 0))}


def test_constants_of_a_step_are_kept_and_their_sources_named():
    scenario = Scenario("hgx-b200")
    before = scenario.sources()
    constants = scenario.step_constants("vllm")
    assert scenario.step_constants("vllm") is constants and scenario.step_constants() != constants
    assert before == [] != scenario.sources()
    drawn = Scenario("hgx-b200", Sampler(20, (0, 0))).step_constants("vllm")
    assert drawn["memory_efficiency"].shape == (20, 1)
    assert drawn["layer_overhead"].min() < constants["layer_overhead"] < drawn["layer_overhead"].max()
    without = Scenario("hgx-b200", own=False).step_constants("vllm")
    assert without["memory_efficiency"] != constants["memory_efficiency"]


def test_how_many_devices_would_hold_it_is_said_in_words():
    scenario = Scenario("hgx-h200")
    few = memory.fewest_devices(scenario, "deepseek-v3", "fp8", 1, 4096.0)
    said = scenario.would_hold("deepseek-v3", "fp8", 1, 4096.0)
    assert said == f"{int(few)} devices would hold that many requests in all"
    assert scenario.would_hold("deepseek-v3", "fp8", 1e12, 4096.0) == "no group would"


def test_a_scenario_without_a_readers_rows_has_the_studys_fits():
    scenario, machine = Scenario("hgx-h100"), Machine("hgx-h100")
    software = machine.software(ALL_TO_ALL).name
    assert scenario.software(ALL_TO_ALL).name == software and Scenario("nvl288").software(ALL_TO_ALL).name == POOLED
    asked = ALL_TO_ALL, software, "dispatch"
    assert scenario.constants(*asked) == machine.constants(*asked)
    assert scenario.changed(domain=16.0).readings is scenario.readings is None
