"""Fits of all-reduces: what weighs how much, and a start-up time between a machine's benchmarks and the others'."""

import statistics

import numpy as np
import pytest

from model.machine import reduce_fit
from model.machine.collectives import LARGE, SMALL


def test_every_set_of_measurements_weighs_the_same_and_all_rows_weigh_their_number():
    sets = np.array(["long"] * 6 + ["short"] * 2 + ["one"])
    squares = reduce_fit.weights(sets) ** 2
    assert [squares[sets == each].sum() for each in ("long", "short", "one")] == pytest.approx([3, 3, 3])


def test_a_fit_of_many_rows_knows_what_a_ring_reaches_and_one_of_none_what_machines_reach():
    """Twenty rows that agree within some four per cent tell a rate to a third of that and better."""
    for system in ("hgx-h200", "hgx-b200"):
        own, others = (reduce_fit.fit(LARGE, system, own=each) for each in (True, False))
        assert own.rows >= 20 and own.standard_errors["ring_efficiency"] < 0.04 / 2
        assert others.standard_errors["ring_efficiency"] > 2 * own.standard_errors["ring_efficiency"]


@pytest.mark.parametrize("system", ["hgx-h100", "hgx-b300", "hgx-h20"])
def test_a_small_start_is_the_mean_of_each_benchmark_of_a_machine_and_of_all_others_together(system):
    starts, systems = reduce_fit._starts()
    mine = [start for name, start in starts.items() if systems[name] == system]
    others = [start for name, start in starts.items() if systems[name] != system]
    assert len(mine) == {"hgx-h100": 2, "hgx-b300": 1, "hgx-h20": 0}[system]
    fit, without = reduce_fit.fit(SMALL, system), reduce_fit.fit(SMALL, system, own=False)
    assert fit.mean[0] == pytest.approx(statistics.mean([*mine, statistics.mean(others)]), rel=1e-12)
    assert without.mean[0] == pytest.approx(statistics.mean(others), rel=1e-12) and without.rows == 0
    spread = statistics.variance(others)  # of one benchmark, and of a mean that counts as four
    assert without.covariance[0, 0] == pytest.approx(spread * (1 + 1 / 4), rel=1e-12)
    assert fit.covariance[0, 0] == pytest.approx(spread * (1 / (len(mine) + 1) + 1 / 4), rel=1e-12)
    assert bool(fit.rows) == bool(mine)
