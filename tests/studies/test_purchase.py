"""The comparison of a purchase: what a page holds is what the command line says, and the rest is arithmetic."""

import json

import numpy as np
import pandas as pd
import pytest

import model
from model.numbers import catalog
from model.studies import purchase
from model.studies.purchase import Asked, Deal

ASKED = Asked(("deepseek-v3",), ((1024.0, 1024.0),), (20.0, 50.0, 100.0), 100, 0)
MIX = "1024|1024"


@pytest.fixture(scope="module")
def held():
    """What a page would hold of two machines, once through JSON as the page reads it."""
    return json.loads(json.dumps(purchase.table(["gb200-nvl72", "hgx-b200"], ASKED)))


def made(first, second, speeds=(10.0, 20.0, 40.0)):
    """Return what a page holds of two machines a and b with the throughputs and draws given at each speed."""
    found = {f"{name}|m|{MIX}": {"value": each[0], "draws": each[1]} for name, each in (("a", first), ("b", second))}
    machines = {name: {"rent": 2.0} for name in ("a", "b")}
    return {"speeds": list(speeds), "throughputs": found, "machines": machines}


def deal(**given):
    usual = {"first": "a", "second": "b", "model": "m", "lengths": MIX, "speed": 20.0}
    return Deal(**{**usual, "first_rent": 2.0, "second_rent": 2.0, "busy": 1.0, **given})


FLAT = [100.0] * 3, [[90.0, 100.0, 110.0]] * 3


def test_a_page_holds_what_the_command_line_says(held):
    asked = {"model": "deepseek-v3", "input_tokens": 1024, "output_tokens": 1024, "precision": "nvfp4"}
    for system in ("gb200-nvl72", "hgx-b200"):
        each = held["throughputs"][f"{system}|deepseek-v3|{MIX}"]
        said = model.predict("service_frontier", system=system, speed=list(ASKED.speeds), interval=False, **asked)
        np.testing.assert_allclose(each["value"], said.value, rtol=1e-9)
        drawn = model.draws("service_frontier", system=system, speed=[50], number=ASKED.draws, **asked)
        np.testing.assert_allclose(each["draws"][1], drawn[:, 0], rtol=1e-6)


def test_rents_at_the_start_are_the_recorded_ones(held):
    known = catalog.load("systems").rent * 3600
    for name, machine in held["machines"].items():
        assert machine["rent"] == pytest.approx(known[name])
        assert machine["rent_low"] <= machine["rent"] <= machine["rent_high"]


def test_a_machine_against_itself_is_even(held):
    own = Deal("hgx-b200", "hgx-b200", "deepseek-v3", MIX, 50.0, 2.0, 2.0, 0.5)
    found = purchase.answer(held, own)
    assert found[["gain", "gain_low", "gain_high"]].tolist() == [1, 1, 1]
    assert (found.gaining, found.busy, found.rent) == (0, 0.5, 2.0)
    assert np.isnan(found.crossing)


def test_the_cost_is_rent_over_tokens_and_busy_share():
    found = purchase.answer(made(FLAT, FLAT), deal(first_rent=3.6, busy=0.5))
    assert found["first"] == pytest.approx(3.6 / 3600 / (0.5 * 100) * 1e6)
    assert found.first_low == pytest.approx(3.6 / 3600 / (0.5 * 110) * 1e6)
    assert found.gain == pytest.approx(2 / 3.6)


def test_at_the_rent_and_at_the_busy_share_named_both_cost_the_same(held):
    asked = Deal("gb200-nvl72", "hgx-b200", "deepseek-v3", MIX, 100.0, 2.21, 1.95, 0.6)
    found = purchase.answer(held, asked)
    even = purchase.answer(held, Deal(*list(vars(asked).values())[:5], found.rent, 1.95, 0.6))
    assert even["first"] == pytest.approx(even.second)
    assert purchase.cost(2.21, found.busy, 1.0)[0] / purchase.cost(2.21, 0.6, 1.0)[0] == pytest.approx(
        found.second / found["first"]
    )


def test_a_dearer_machine_gains_less_and_no_other_number_of_it_moves():
    cheap, dear = (purchase.answer(made(FLAT, FLAT), deal(first_rent=rent)) for rent in (2.0, 4.0))
    assert dear.gain == cheap.gain / 2 and dear.rent == cheap.rent and dear.second == cheap.second


def test_curves_cross_between_two_stops_straight_in_logarithms():
    middle = (200.0 * 100.0) ** 0.5
    falling = [200.0, 100.0, 50.0], [[200.0], [100.0], [50.0]]
    level = [middle] * 3, [[middle]] * 3
    found = purchase.answer(made(falling, level), deal())
    assert found.crossing == found.crossing_last == pytest.approx((10 * 20) ** 0.5)
    back = [middle * 2, middle / 2, middle * 2], [[1.0]] * 3
    both = purchase.answer(made(back, level), deal())
    assert (both.crossing, both.crossing_last) == pytest.approx(((10 * 20) ** 0.5, (20 * 40) ** 0.5))
    assert np.isnan(purchase.answer(made(falling, FLAT), deal(first_rent=0.5)).crossing)


def test_a_speed_out_of_reach_costs_without_bound_and_its_draws_count():
    short = [100.0, 0.0, 0.0], [[100.0, 100.0], [0.0, 60.0], [0.0, 0.0]]
    other = [100.0, 80.0, 0.0], [[100.0, 100.0], [80.0, 80.0], [0.0, 0.0]]
    found = purchase.answer(made(short, other), deal())
    assert found["first"] == np.inf and found.gain == 0 and found.gain_high == pytest.approx(0.75)
    assert found.busy == np.inf
    turned = purchase.answer(made(other, short), deal())
    assert turned.gain == turned.gain_high == np.inf and turned.gaining == 1
    neither = purchase.answer(made(short, other), deal(speed=40.0, first_rent=9.0))
    assert neither[["gain", "gain_low", "gain_high"]].tolist() == [1, 1, 1]


def test_stops_hold_the_speeds_that_are_named():
    found = purchase.stops(10, 300, 15, (20, 50, 100))
    assert found[0] == 10 and found[-1] == 300 and {20.0, 50.0, 100.0} <= set(found)
    assert list(found) == sorted(set(found))


def test_words_have_the_digits_of_the_interval():
    frame = pd.DataFrame({"value": [0.0466, 12.3, np.inf], "low": [0.0382, 8.0, 1.0], "high": [0.0592, np.inf, np.inf]})
    assert purchase.told(frame).tolist() == ["0.047 (0.038 to 0.059)", "12 (8 to no bound)", "out of reach"]
    assert purchase.percent(pd.Series([0.954, 1.2, np.inf])).tolist() == ["95%", "never", "never"]


def test_curves_cost_what_a_dollar_buys_the_other_way_round_and_end_where_nothing_is_delivered():
    page = made(FLAT, ([200.0, 100.0, 0.0], [[200.0] * 3, [90.0, 100.0, 110.0], [0.0] * 3]))
    found = purchase.curves(page, "m", MIX, ["a", "b"]).set_index(["system", "speed"])
    assert found.index.tolist() == [("a", 10), ("a", 20), ("a", 40), ("b", 10), ("b", 20)]
    assert found.value["a", 10] == pytest.approx(1e6 * 2 / 3600 / 100)
    assert found.value["b", 10] == pytest.approx(found.value["a", 10] / 2)
    assert (found.low <= found.value).all() and (found.value <= found.high).all()
    half = purchase.curves(page, "m", MIX, ["a"], busy=0.5)
    assert half.value.to_numpy() == pytest.approx(2 * found.value["a"].to_numpy())


@pytest.fixture
def bought():
    page = made(([200.0, 100.0, 0.0], [[190.0, 210.0], [90.0, 110.0], [0.0, 0.0]]), ([100.0] * 3, [[100.0] * 2] * 3))
    return purchase.bought(page, "m", MIX, ["a", "b"], "b", [10.0, 20.0, 40.0])


def test_each_machine_is_asked_at_each_speed_against_the_one(bought):
    assert bought.gain["a"].tolist() == [2, 1, 0] and bought.gain["b"].tolist() == [1, 1, 1]
    assert bought.gaining["a"].tolist() == [1, 0.5, 0]
    assert bought.busy["a", 10] == 0.5 and bought.busy["a", 20] == 1 and np.isinf(bought.busy["a", 40])


def test_a_table_for_readers_says_what_is_out_of_reach_and_nothing_of_a_machine_over_itself(bought):
    found = purchase.shown(bought, {"a": "A rack", "b": "Servers"}, "b").set_index(["machine", "speed"])
    assert found.cost["A rack", 40] == "out of reach" and found.busy["A rack", 40] == "never"
    assert found.gain["A rack", 10] == "2.00 (1.90 to 2.10)"
    assert found.loc[("A rack", 20), ["gaining", "busy"]].tolist() == ["50%", "100%"]
    assert (found.loc["Servers", ["gain", "gaining", "busy"]] == "–").all(axis=None)
    assert (found.cost["Servers"] == found.cost["Servers"].iloc[0]).all()


def test_what_a_dollar_buys_is_listed_by_speed_and_then_for_training(bought):
    gain = bought[["gain", "gain_low", "gain_high"]].set_axis(["value", "low", "high"], axis=1)
    gain.index = gain.index.set_levels([f"{each:.0f}" for each in gain.index.levels[1]], level=1)
    trained = pd.Series({"devices": 16_384, "dollar": 0.9, "dollar_low": 0.8, "dollar_high": 1.0})
    found = purchase.worth(gain, {"a": "A rack"}, {"slow": 10.0, "fast": 40.0}, trained, "a")
    assert found.label.tolist() == [
        "10 tokens/s: A rack",
        "40 tokens/s: A rack, out of reach",
        "16,384 devices train: A rack",
    ]
    assert found.kind.tolist() == ["serving", "serving", "training"]
    assert found.value.tolist()[::2] == [2, 0.9] and found.loc[1, ["value", "low", "high"]].isna().all()
