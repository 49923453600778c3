"""The blind record: what it says of itself is right, failures come first, and an empty table is no obstacle."""

import numpy as np
import pytest

from model.numbers import records
from model.studies import blind

FIRST = "67fb61a"  # the laws that were judged first


@pytest.fixture(scope="module")
def sets():
    return blind.forecasts(draws=200)


@pytest.fixture(scope="module")
def first(sets):
    return sets[sets.commit == FIRST]


def test_error_and_inside_follow_from_what_was_said_and_what_came():
    rows = records.read("blind")
    assert len(rows) >= 53
    assert np.allclose(rows.error, rows.predicted / rows.measured - 1, atol=1.5e-3)
    assert ((rows.low <= rows.measured) & (rows.measured <= rows.high) == (rows.inside == 1)).all()


@pytest.mark.parametrize("table", ["blind", "forecasts"])
def test_a_recorded_prediction_lies_inside_its_own_interval(table):
    rows = records.read(table)
    assert ((rows.low <= rows.predicted) & (rows.predicted <= rows.high)).all()


def test_an_opened_set_gives_the_summary_that_was_told_while_it_was_closed(first):
    told = records.read("blind_sets").set_index("set")
    opened = first[first.opened == first.rows].set_index("set")
    assert len(opened) >= 5
    for name in ("rows", "mean_error", "worst_error", "inside"):
        assert np.allclose(opened[name], told[name][opened.index], atol=6e-3), name


def test_a_set_that_is_open_in_part_keeps_its_summary(first):
    part = first.set_index("set").loc["cm384-slo"]
    assert part.opened < part.rows == 4
    rows = blind.answered("decode_throughput", draws=100)
    assert part.worst_error == pytest.approx(rows.error[rows["set"] == "cm384-slo"].abs().max())


def test_failures_come_first_and_no_row_is_lost(sets, first):
    assert sets.inside.is_monotonic_increasing
    told = records.read("blind_sets")
    assert first.rows.sum() == told.rows[told.commit == FIRST].sum()
    assert sets.opened.sum() == len(records.read("blind"))
    whole = blind.total(first)
    assert whole.held == 74 and whole.inside == pytest.approx(74 / 129) and whole.missed_sets == 7


def test_sets_that_are_closed_have_no_answer_of_today(sets):
    closed = sets.opened == 0
    assert sets.now_error[closed].isna().all() and sets.now_error[~closed].notna().all()


def test_one_quantity_or_one_system_can_be_asked():
    (gain,) = blind.forecasts("decode_frontier_ratio").itertuples()
    assert (gain.rows, gain.held, gain.opened) == (7, 1, 0)
    assert set(blind.forecasts(systems=["hgx-h800"], draws=100).system) == {"hgx-h800"}
    nothing = blind.forecasts(systems=["nvl288"])
    assert len(nothing) == 0 and blind.total(nothing).rows == 0
    assert len(blind.ratios(blind.answered(systems=["nvl288"]), [])) == 0


def test_sets_of_a_figure_stand_apart_in_the_order_asked(sets):
    rows = blind.ratios(blind.answered(draws=100), list(sets["set"]))
    assert list(rows["set"].unique()) == [each for each in sets["set"] if each in set(rows["set"])]
    assert set(np.diff(rows.place)) == {1, 1 + blind.GAP}
    assert np.allclose(rows.ratio - 1, rows.error, atol=1.5e-3)


def test_a_forecast_waits_until_it_is_judged(data):
    rows = records.read("blind").drop(columns="digest").iloc[:2].astype(str)
    for table in ("forecasts", "blind"):
        path = data / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8").split("\n")[0] + "\n", encoding="utf-8")
    assert len(blind.waiting()) == 0
    records.append("forecasts", rows)
    assert blind.waiting().rows.to_list() == [2]
    records.append("blind", rows.iloc[:1])
    assert blind.waiting().rows.to_list() == [1]
    records.append("blind", rows.iloc[1:])
    assert len(blind.waiting()) == 0


def test_bad_luck_explains_one_inside_of_ten_less_than_eight():
    assert blind.chance(10, 1) < 1e-7 < blind.chance(10, 8) < 1
    assert blind.chance(10, 10) == 1
