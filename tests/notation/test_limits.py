"""Limits that another unit does not pass: all that is recorded lies within them, and beyond them in the likely unit."""

import numpy as np
import pandas as pd
import pytest

from model.machine import fleets
from model.notation import limits
from model.notation.units import size
from model.numbers import catalog

HOUR, MINUTE = size("h"), size("min")


def rates():
    """Every rate of failure of a device that the study holds, 1/s: recorded with its bounds, or counted."""
    rows = catalog.read("reliability")
    rows = rows[rows.quantity == "failure_rate"]
    recorded = [(rows[side] * rows.unit.map(size)).dropna() for side in ("value", "low", "high")]
    return np.concatenate([*recorded, np.exp([each for each, _ in fleets.counted().values()])])


def recoveries():
    """Every time of recovery that the study holds, s, with its bounds."""
    rows = catalog.read("reliability")
    rows = rows[rows.quantity.str.startswith("recovery_time")]
    return pd.concat([(rows[side] * rows.unit.map(size)).dropna() for side in ("value", "low", "high")]).to_numpy()


def test_every_recorded_rate_passes_for_each_second_and_none_for_each_hour():
    assert len(rates()) > 20
    for rate in rates():
        assert limits.problem({"failure_rate": rate}) is None
        name, words = limits.problem({"failure_rate": rate * HOUR})
        assert name == "failure_rate" and "per hour" in words


def test_the_limit_leaves_room_above_the_worst_fleet_and_none_for_a_rate_for_each_hour():
    assert 2 * rates().max() < limits.MOST_FAILURES < 0.2 * rates().min() * HOUR
    assert limits.problem({"failure_rate": limits.MOST_FAILURES}) is None


def test_every_recorded_recovery_passes_in_seconds_and_no_usual_one_in_minutes():
    for seconds in recoveries():
        for part in (0.0, 0.1, 0.5, 0.7, 1.0):  # of it, reloading; the sum of two parts is rounded
            assert limits.problem({"downtime": seconds * (1 - part), "reload": seconds * part}) is None
    for minutes in (0.5, 1, 3, 5, 10, 20):
        name, words = limits.problem({"downtime": minutes, "reload": minutes / 3})
        assert name == "downtime" and "minutes" in words
    assert recoveries().min() == limits.QUICKEST_RECOVERY


@pytest.mark.parametrize("given", [{}, {"downtime": 5}, {"reload": 5}, {"failure_rate": None, "downtime": None}])
def test_what_is_not_given_is_no_problem(given):
    assert limits.problem(given) is None


def test_two_parts_of_the_quickest_recovery_pass_whatever_their_sum_is_rounded_to():
    part = np.linspace(0, 1, 1001) * limits.QUICKEST_RECOVERY
    down, load = part, limits.QUICKEST_RECOVERY * (1 - np.linspace(0, 1, 1001))
    assert (down + load < limits.QUICKEST_RECOVERY).any() and limits.recovers(down, load).all()


def test_no_recovery_at_all_is_a_question_of_its_own_and_arrays_are_told_row_by_row():
    down, load = np.array([0.0, 0.0, 1.0, 29.0, 30.0]), np.array([0.0, 1.0, 0.0, 0.9, 0.0])
    assert limits.recovers(down, load).tolist() == [True, False, False, False, True]
