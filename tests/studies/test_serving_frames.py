"""Frontiers fall with speed and keep the law, a machine gains nothing over itself, factors multiply, costs close."""

import numpy as np
import pytest

from model.laws import serving as laws
from model.machine import step
from model.machine.memory import largest_batch
from model.machine.scenario import Scenario
from model.notation.equation import compute
from model.notation.nomenclature import break_even
from model.notation.substitution import example as example_of
from model.studies.serving import costs, example, frontiers, gains, published

SERVICE = frontiers.Service("deepseek-v3", 4096, draws=40)
SPEEDS = np.array([10.0, 20.0, 50.0, 100.0])
RACK = ("gb200-nvl72", 64, 32)  # devices of the group, requests on each


@pytest.fixture(scope="module")
def server():
    return frontiers.curve(SERVICE, "hgx-b200", "nvfp4", SPEEDS)


def test_a_frontier_falls_with_speed_and_its_value_lies_inside(server):
    frame, many = server
    assert (np.diff(frame.throughput) < 0).all()
    assert ((frame.low <= frame.throughput) & (frame.throughput <= frame.high)).all()
    assert many.shape == (SERVICE.draws, len(SPEEDS))


def test_the_batch_of_a_frontier_takes_the_step_that_its_speed_allows(server):
    for _, row in server[0].iterrows():
        time = step.duration(Scenario("hgx-b200"), SERVICE.asked("nvfp4"), frontiers.point(SERVICE, row))[0]
        credited = sum(0.7**drafted for drafted in range(int(row.drafts) + 1))
        assert row.batch * credited / time == pytest.approx(row.throughput, rel=0.01)


def test_all_layouts_serve_at_least_what_those_serve_that_were_run(server):
    every, _ = frontiers.curve(SERVICE, "hgx-b200", "nvfp4", SPEEDS, "all", drawn=False)
    assert (every.throughput.to_numpy() >= server[0].throughput.to_numpy() * (1 - 1e-3)).all()


def test_a_machine_gains_nothing_over_itself(server):
    gained = gains.gain(server, server, SPEEDS, 0.05)
    assert np.allclose(gained[["gain", "low", "high"]], 1)


def test_a_draw_that_does_not_reach_a_speed_counts(server):
    """Of forty draws six servers, and in one of them the rack, fall short of the slowest speed: no bound above."""
    frame, many = server
    fewer, rack = many.copy(), many.copy()
    fewer[:6, 0], rack[0, 0] = 0.0, 0.0
    gained = gains.gain((frame, rack), (frame, fewer), SPEEDS, 0.05).set_index("speed")
    assert gained.loc[10.0, ["gain", "low", "high"]].tolist() == [1, 1, np.inf]
    assert gained.loc[10.0, ["large_out", "small_out"]].tolist() == [1 / 40, 6 / 40]
    assert np.allclose(gained.loc[20.0:, ["gain", "low", "high"]], 1)


def test_a_slower_step_moves_the_throughput_by_its_leverage(server):
    row = server[0].iloc[2]
    assert frontiers.leverage(SERVICE, row) > 1


def test_fewer_devices_than_any_layout_leave_nothing():
    alone = frontiers.Service("deepseek-v3", 4096, devices=4, draws=40)
    assert frontiers.lines(alone, ["cloudmatrix384"], SPEEDS, drawn=False) == {}


def test_the_parts_of_the_worked_step_sum_to_it():
    made = example.parts(example.columns(SERVICE, "hgx-b200", "fp8", 8, 32)).set_index("part").seconds
    assert made.drop("the step").sum() == pytest.approx(made["the step"])


def test_the_example_says_of_memory_and_cost_what_the_study_says():
    server, rack = (example.columns(SERVICE, name, "fp8", *at) for name, *at in (("hgx-b200", 8, 32), RACK))
    put = example.examples(SERVICE, server, "hgx-b200", ("gb200-nvl72", rack), "cloudmatrix384")
    held = largest_batch(Scenario("hgx-b200"), "deepseek-v3", "fp8", {"ranks": np.array([8.0]), "context": 4096.0})
    assert put["memory"]["batch_limit"] == pytest.approx(held[0])
    rents = costs.rents(SERVICE, ["hgx-b200", "gb200-nvl72", "cloudmatrix384"]).rent
    theirs = rents["gb200-nvl72"] / example.numbers(rack)["decode_throughput"]
    ours = rents["hgx-b200"] / example.numbers(server)["decode_throughput"]
    assert put["cost"]["token_cost"] * 3600 == pytest.approx(ours)
    assert put["cost"]["break_even"] == pytest.approx(ours / theirs)
    assert example_of(laws.rent_from_price, put["rent"])["rent"] * 3600 == pytest.approx(rents["cloudmatrix384"])
    assert put["drafts"]["tokens_per_step"] == pytest.approx(1.7)


def test_cost_and_throughput_multiply_to_the_rent(server):
    priced = costs.tokens(SERVICE, {"hgx-b200": server}, SPEEDS, {"middle": 50.0}).value["hgx-b200", "middle"]
    rate = server[0].set_index("speed").throughput[50.0]
    rent = costs.rents(SERVICE, ["hgx-b200"]).rent["hgx-b200"]
    assert priced["token_cost"] * rate * 3600 / 1e6 == pytest.approx(rent)


def test_the_break_even_is_the_law_s_and_a_machine_breaks_even_with_itself_fully_busy(server):
    curves = {"hgx-b200": server}
    for frame, many in (server, (server[0], np.where(np.arange(40)[:, None] < 4, 0.0, server[1]))):
        value, drawn = costs.break_even(SERVICE, {"hgx-b200": (frame, many)}, SPEEDS, 50.0, "hgx-b200", "hgx-b200")
        assert value == 1 and (drawn.drawn == 1).all()  # where neither reaches the speed, too
        assert drawn.above == drawn.below == (many[:, 2] == 0).mean()
    curves["gb200-nvl72"] = frontiers.curve(SERVICE, "gb200-nvl72", "nvfp4", SPEEDS)
    value, _ = costs.break_even(SERVICE, curves, SPEEDS, 50.0, "gb200-nvl72", "hgx-b200")
    above, below = (curves[name][0].set_index("speed").throughput[50.0] for name in ("gb200-nvl72", "hgx-b200"))
    rack, small = (costs.device(SERVICE, name)[0] for name in ("gb200-nvl72", "hgx-b200"))
    law = laws.cost.solve(break_even)
    assert value == pytest.approx(
        compute(law, {"rent": rack, "token_price": small / below, "decode_throughput": above})
    )


def test_the_published_day_closes():
    day = published.day()
    assert day.nodes == pytest.approx(day.nodes_said, rel=0.01)
    assert day.cost_computed == pytest.approx(day.cost, rel=0.01)
