"""Times of exchanges and reductions as they are asked: measurements scatter about the protocol that runs."""

import numpy as np
import pytest

import model as face
from model.machine import collectives
from model.machine.scenario import Scenario
from model.predictions import network
from model.predictions.inputs import InputError

SCATTER = {"all_to_all_time": 5.0, collectives.LARGE: 2.0, collectives.SMALL: 3.0}
LAYER = {"tokens": 128, "hidden": 7168, "experts": 256, "topk": 8, "bytes_per_element": 1, "op": "dispatch"}
BYTES = np.array([1e3, 1e10])  # one of either protocol


class Scattered(Scenario):
    """A machine on which every measurement lies off its law by a factor of its protocol."""

    def scatter(self, quantity, software, op, ranks=None):
        return SCATTER[quantity]


def times(function, choices, rows):
    rows = {"ranks": np.full(2, 8.0)} | rows
    scattered, law = (function(kind("hgx-h100"), choices, rows) for kind in (Scattered, Scenario))
    return scattered / law


def test_a_time_scatters_as_measurements_of_its_own_protocol_do():
    point = {name: np.full(2, float(each)) for name, each in LAYER.items() if name != "op"}
    assert times(network.all_to_all_time, {"op": "combine"}, point) == pytest.approx([5.0, 5.0], rel=1e-12)
    assert times(network.all_reduce_time, {}, {"bytes": BYTES}) == pytest.approx([3.0, 2.0], rel=1e-12)
    for half in (network.all_gather_time, network.reduce_scatter_time):
        assert times(half, {}, {"bytes": BYTES}) == pytest.approx([2.0, 2.0], rel=1e-12)


def test_which_protocol_runs_is_said_by_the_laws_and_not_by_their_scatter():
    """Where the law of large messages is the faster one it runs, however far its measurements lie off."""
    rows = {"ranks": np.full(40, 8.0), "bytes": np.geomspace(1e3, 1e10, 40)}
    scenario = Scenario("hgx-h100")
    large, small = collectives.reduce_times(scenario, scenario.software("all_reduce_time"), rows)
    factor = network.all_reduce_time(Scattered("hgx-h100"), {}, rows) / np.minimum(large, small)
    assert factor == pytest.approx(np.where(large <= small, 2.0, 3.0), rel=1e-12) and set(large <= small) == {
        True,
        False,
    }


def ask(**point):
    return face.predict("all_to_all_time", system="hgx-h100", interval=False, **LAYER | point).value[0]


def test_an_exchange_has_two_ranks_or_more_and_elements_of_four_bytes_or_fewer():
    assert 0 < ask(ranks=2) < ask(ranks=8)
    assert ask(ranks=8, bytes_per_element=4) > ask(ranks=8, bytes_per_element=2)
    for name, wrong in (("ranks", 1), ("bytes_per_element", 4.5), ("bytes_per_element", 0.2)):
        with pytest.raises(InputError, match=name):
            ask(**{"ranks": 8, name: wrong})
