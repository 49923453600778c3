"""Frontiers fall with speed and keep the law, a machine gains nothing over itself, factors multiply, costs close."""

import numpy as np
import pytest

from model.machine import step
from model.machine.scenario import Scenario
from model.studies.serving import costs, example, frontiers, gains, published

SERVICE = frontiers.Service("deepseek-v3", 4096, draws=40)
SPEEDS = np.array([10.0, 20.0, 50.0, 100.0])


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


def test_a_slower_step_moves_the_throughput_by_its_leverage(server):
    row = server[0].iloc[2]
    assert frontiers.leverage(SERVICE, row) > 1


def test_fewer_devices_than_any_layout_leave_nothing():
    alone = frontiers.Service("deepseek-v3", 4096, devices=4, draws=40)
    assert frontiers.lines(alone, ["cloudmatrix384"], SPEEDS, drawn=False) == {}


def test_the_parts_of_the_worked_step_sum_to_it():
    made = example.parts(example.columns(SERVICE, "hgx-b200", "fp8", 8, 32)).set_index("part").seconds
    assert made.drop("the step").sum() == pytest.approx(made["the step"])


def test_cost_and_throughput_multiply_to_the_rent(server):
    priced = costs.tokens(SERVICE, {"hgx-b200": server}, SPEEDS, {"middle": 50.0}).value["hgx-b200", "middle"]
    rate = server[0].set_index("speed").throughput[50.0]
    rent = costs.rents(SERVICE, ["hgx-b200"]).rent["hgx-b200"]
    assert priced["token_cost"] * rate * 3600 / 1e6 == pytest.approx(rent)


def test_the_published_day_closes():
    day = published.day()
    assert day.nodes == pytest.approx(day.nodes_said, rel=0.01)
    assert day.cost_computed == pytest.approx(day.cost, rel=0.01)
