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


# What others published.


def test_a_published_day_closes_by_its_own_arithmetic():
    """DeepSeek: 608 billion tokens in, 168 out, 226.75 servers of eight on average, 87,072 USD at 2 USD an hour."""
    day = published.day()
    assert day.cost == pytest.approx(87_072) and day.rent == 2
    assert day.cost_computed == pytest.approx(226.75 * 8 * 24 * 2) == pytest.approx(day.cost, rel=1e-3)
    assert day.decode == pytest.approx(168e9 / (8 * day.measured * 86_400))
    assert day.nodes == pytest.approx(day.prefill + day.decode) == pytest.approx(day.nodes_said, rel=0.15)
    assert day.busy == pytest.approx(226.75 / 278)


def test_a_claim_says_how_many_users_share_a_device_and_a_measured_run_its_speed():
    """CloudMatrix384: 1,943 tokens/s a device at 49.4 ms each: 96 requests."""
    runs = published.runs(["cloudmatrix384"]).set_index("set")
    row, spent = runs.loc["cm384-decode"], published.said()["cm384-decode", "time_per_output_token"]
    assert row.throughput == 1943 and row.speed == pytest.approx(1e3 / spent)
    assert row.throughput / row.speed == pytest.approx(96, rel=0.01)
    numbers = published.said()
    both = [
        name for name, quantity in numbers.index if quantity == "user_speed" and (name, "decode_throughput") in numbers
    ]
    assert both
    for name in both:
        claim = published.claim(name)
        assert claim.users * claim.user_speed == pytest.approx(claim.decode_throughput)


def test_the_best_at_one_speed_is_the_frontier_there_and_nothing_where_it_is_out_of_reach(server):
    frame, many = server
    level = published.level(SERVICE, "hgx-b200", "nvfp4", 50.0)
    row = frame.set_index("speed").loc[50.0]
    assert level[["value", "ranks", "batch"]].tolist() == pytest.approx(row[["throughput", "ranks", "batch"]].tolist())
    assert level.low <= level.value <= level.high
    assert published.level(SERVICE, "hgx-b200", "nvfp4", 1e4).tolist() == [0, 0, 0]


def test_memory_of_a_device_holds_weights_and_requests_and_no_more():
    """Latent attention: 61 layers of 576 elements for each of 4,096 tokens; what is left holds the most requests."""
    found = published.memory(SERVICE, "hgx-h200", "fp8", (64, 16))
    assert found.request / (61 * 576 * 4096) in (1, 2), "a byte or two an element"
    assert found.wide > found.narrow > 0
    room = found.usable * found.capacity
    assert found.narrow * found.request + found.dense < room
    held = [room - found[name] * found.request for name in ("wide", "narrow")]
    experts = 58 * 256 * 3 * 7168 * 2048  # bytes of all, one each
    assert held[1] - held[0] == pytest.approx(experts / 16 - experts / 64, rel=0.02)


# Gains.


def test_gains_are_named_at_their_speeds_and_at_their_ends(server):
    frame, many = server
    slower = frame.assign(throughput=frame.throughput / np.array([1, 2, 3, 2]))
    gained = gains.gain((frame, many), (slower, many / np.array([1, 2, 3, 2])), SPEEDS, 0.0)
    assert gains.ends(gained).to_dict() == {"first": 10, "last": 100, "most": 50}
    named = gains.named(gained, {"slow": 20.0, "never": 15.0})
    assert named.value.to_dict() == pytest.approx({"slow": 2, "first": 1, "last": 2, "most": 3})
    assert list(named) == ["value", "low", "high", "large_out", "small_out"]


def test_steps_from_a_server_to_a_rack_change_one_thing_at_a_time_and_multiply_to_the_whole_gain(monkeypatch):
    """Throughput is made the product of device, domain and card; the rack has twice the device of the server.

    One draw in four of it does not reach the speed in a small domain.
    """

    def best(service, system, precision, speeds, which, drawn=False, changes=None):
        assert (precision, which, speeds.tolist()) == ("nvfp4", "all", [50.0])
        numbers = Scenario(system).system
        own = {name: numbers(name) for name in (*gains.CARD, "domain") if name in numbers} | (changes or {})
        value = (2.0 if system == "gb200-nvl72" else 1.0) * own["domain"] * own["scale_out_bandwidth"]
        reached = np.array([1.0, 1, 1, 0 if own["domain"] == 8 else 1])
        return (value * (reached[:, None] if drawn else np.ones((1, 1))),)

    monkeypatch.setattr(gains.frontiers, "best", best)
    found = gains.waterfall(SERVICE, "hgx-b200", "gb200-nvl72", "nvfp4", 50).set_index("step")
    assert found.index.tolist() == ["server", "device", "card", "domain", "all"] and np.isnan(found.factor["server"])
    server, rack = (Scenario(each).system for each in ("hgx-b200", "gb200-nvl72"))
    card = rack("scale_out_bandwidth") / server("scale_out_bandwidth")
    assert found.factor[1:].tolist() == pytest.approx([2, card, 72 / 8, 2 * card * 72 / 8])
    assert found.throughput["all"] == found.throughput["domain"]
    assert found.loc["domain", ["out", "base_out"]].tolist() == [0, 0.25] and np.isinf(found.high["domain"])
    assert found.loc["card", ["out", "base_out"]].tolist() == [0.25, 0.25], "nothing over nothing is no difference"
    assert found.low["card"] == min(1, card)
