"""Columns of exchanges and all-reduces from a machine's numbers: by hand, and at the limits of what they share out."""

import numpy as np
import pytest

from model.machine import collectives, memory, step
from model.machine.scenario import Scenario
from model.numbers.facts import Facts

EXCHANGE = {"ranks": np.array([64.0]), "tokens": 4096.0, "hidden": 7168.0, "topk": 8.0, "bytes_per_element": 1.0}
STEP = {"ranks": np.array([64.0]), "batch": np.array([32.0]), "context": np.array([4096.0])}


def test_a_machine_without_a_row_of_dies_has_one():
    facts = Facts("systems", "hgx-h100")
    given = {name: facts(name) for name in facts.rows if name != "dies"}
    plain, said = (Scenario("feixing-2", changes=given | more) for more in ({}, {"dies": 1.0}))
    assert "dies" not in plain.system
    asked = step.Asked("deepseek-v3", "decode", "fp8")
    found = [
        (
            collectives.all_to_all_columns(each.system, each.software("all_to_all_time"), EXCHANGE),
            step.columns(each, asked, STEP),
            {"most": memory.largest_batch(each, "deepseek-v3", "fp8", STEP)},
        )
        for each in (plain, said)
    ]
    for one, other in zip(*found, strict=True):
        assert {name: np.ravel(each).tolist() for name, each in one.items()} == {
            name: np.ravel(each).tolist() for name, each in other.items()
        }


def test_scales_travel_with_bytes_and_not_with_wider_elements():
    widths = collectives.widths(Facts("software", "deepep"), 7168.0, np.array([0.5, 1.0, 2.0]))
    assert widths["scale_bytes"].tolist() == [224.0, 224.0, 0.0]  # 4 bytes for each block of 128


def test_a_token_visits_ranks_of_the_domains_that_the_router_lets_it_visit():
    """64 ranks in 8 domains, 4 of them allowed, which hold 128 of 256 experts; 8 experts of a token, not the same."""
    software = Facts("software", "deepep-throughput")
    found = collectives.all_to_all_columns(Facts("systems", "hgx-h100"), software, EXCHANGE | {"experts": 256.0})

    def visited(places, experts=128.0, topk=8):
        """One less the chance that all picks miss a place: experts of the others over all that are left."""
        others = experts - experts / places
        missed = np.prod([(others - pick) / (experts - pick) for pick in range(topk)])
        return places * (1 - missed)

    assert found["domain_copies"] == pytest.approx(visited(4), rel=1e-12)
    assert found["rank_copies"] == pytest.approx(visited(32), rel=1e-12)
    with pytest.raises(ValueError, match="give the number of experts"):
        collectives.all_to_all_columns(Facts("systems", "hgx-h100"), software, EXCHANGE)


def test_an_all_reduce_drives_between_the_least_cards_and_all_of_them():
    def driven(share, local=72.0):
        software = {"uplink_least": 8.0, "uplink_share": share}.__getitem__
        return collectives.uplink(np.array([local]), software)[0]

    assert [driven(share) for share in (0.0, 0.5, 1.0)] == pytest.approx([8.0, 24.0, 72.0])
    assert driven(0.5, 4.0) == 4.0  # no more than there are


def test_groups_halve_from_what_a_domain_holds_down_to_the_least():
    def groups(ranks, domain, least):
        return [each.tolist() for each in collectives.groupings(np.array(ranks), domain, least)]

    assert groups([64.0], 16.0, 4.0) == [[16.0], [8.0], [4.0]]
    assert groups([72.0], 72.0, 8.0) == [[72.0], [36.0], [18.0], [9.0], [8.0]]
    assert groups([20.0, 8.0], 16.0, 8.0) == [[10.0, 8.0], [20 / 3, 8.0]]  # each as many as it can have


def test_a_tensor_group_in_a_domain_adds_up_in_two_shots_of_all_but_its_part():
    scenario = Scenario("hgx-h100")
    asked, sizes = step.Asked("deepseek-v3", "decode", "fp8"), np.array([1.0, 2.0, 8.0])
    constants = scenario.step_constants()
    rows = {name: np.repeat(column, 3) for name, column in STEP.items()} | {"tensor_devices": sizes}
    found = step.with_constants(scenario, step.columns(scenario, asked, rows), constants)
    ring = scenario.constants(collectives.LARGE, scenario.software("all_reduce_time").name, "all_reduce")
    message = 32.0 * sizes * 7168 * scenario.facts("formats", "combine")("combine_bytes")
    rate = ring["ring_efficiency"] * scenario.system("scale_up_bandwidth")
    sums = constants["reduce_startup"] + 2 * message * (sizes - 1) / sizes / rate
    assert found["reduce_time"] == pytest.approx(np.where(sizes > 1, sums, 0.0), rel=1e-12)


def test_a_prompt_attends_to_half_of_itself_and_a_request_in_decode_to_all():
    scenario = Scenario("hgx-h100")
    held = [step.columns(scenario, step.Asked("deepseek-v3", each, "fp8"), STEP) for each in ("decode", "prefill")]
    assert [each["context"].tolist() for each in held] == [[4096.0], [2048.0]]
    assert [np.ravel(each["step_tokens"]).tolist() for each in held] == [[32.0], [32.0 * 4096]]


def test_a_group_that_splits_all_alike_adds_up_twice_a_layer_and_sends_no_token():
    rows = {name: np.repeat(column, 3) for name, column in STEP.items()} | {"ranks": np.full(3, 8.0)}
    rows["tensor_devices"] = np.array([1.0, 4.0, 8.0])
    found = step.columns(Scenario("hgx-h100"), step.Asked("deepseek-v3", "decode", "fp8"), rows)
    assert found["reductions"].tolist() == [1.0, 1.0, 2.0] and found["exchanging"].tolist() == [1.0, 1.0, 0.0]
