"""The recorded table of speeds is read as it stands, and growth is found where it is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.numbers import catalog
from model.studies import speed


@given(st.floats(0.1, 10), st.floats(0.01, 10), st.floats(0.5, 2))
def test_growth_finds_what_made_the_costs(start, each, exponent):
    numbers = np.array([1, 5, 20, 60, 200, 1000])
    assert speed.growth(numbers, start + each * numbers**exponent) == pytest.approx((start, each, exponent), rel=0.02)


def test_a_cost_without_start_grows_as_a_power():
    numbers = np.geomspace(1e3, 1e7, 5)
    start, _, exponent = speed.growth(numbers, 1e-6 * numbers)
    assert exponent == pytest.approx(1, abs=0.01)
    assert start < 1e-4


def test_two_points_show_no_growth():
    with pytest.raises(ValueError, match="2 points do not show"):
        speed.growth([1, 2], [1, 2])


def test_tools_stand_side_by_side_in_the_order_of_the_rows():
    rows = pd.DataFrame(
        {
            "subject": ["b", "b", "a"],
            "tool": ["study", "numpy", "study"],
            "quantity": "rate",
            "value": [3.0, 4.0, 5.0],
        }
    )
    frame = speed.side_by_side(rows, "rate")
    assert list(frame.index) == ["b", "a"]
    assert frame.study.tolist() == [3, 5]
    assert np.isnan(frame.numpy["a"])


def test_an_unknown_part_is_refused_with_those_that_are_there():
    with pytest.raises(ValueError, match="no part flights: choose one of builds, laws, machine, sweeps, tables"):
        speed.part("flights")


def test_the_recorded_run_is_one_whole_run():
    rows = catalog.read("speed")
    assert (rows.source == "thisbench").all()
    ratios = rows[rows.quantity == "ratio"]
    assert ((ratios.low <= ratios.value) & (ratios.value <= ratios.high)).all()
    rates = speed.side_by_side(speed.part("laws"), "rate")
    of_hand = ratios[(ratios.part == "laws") & (ratios.tool == "numpy")].set_index("subject").value
    assert (rates.study / rates.numpy)[of_hand.index].to_numpy() == pytest.approx(of_hand.to_numpy(), rel=0.25)


def test_what_is_said_of_the_record_is_in_the_record():
    laws, tables, sweeps = (speed.part(name) for name in ("laws", "tables", "sweeps"))
    facts = speed.ratio_facts(speed.ratios(laws))
    assert (facts.least <= facts.most).all()
    shown = speed.law_table(laws)
    assert shown["of by hand"].min() == facts.least["numpy"]
    largest = speed.largest_table(tables)
    assert (largest.low <= largest.value).all()
    assert (largest.value <= largest.high).all()
    assert speed.table_costs(tables)["per core of by hand"].iloc[-1] == largest.value["ratio"]
    lines = speed.growth_lines(tables, sweeps)
    runs = lines[lines.of == "scenarios"]
    assert (runs.each * runs["rows"]).to_numpy() == pytest.approx(runs.value.to_numpy())


def test_twice_as_many_at_once_halve_what_grows_and_leave_the_start():
    sweeps = speed.part("sweeps")
    costs = speed.sweep_costs(sweeps)
    one, two = (speed.sweep_facts(sweeps, costs, 1000, each) for each in (32, 64))
    assert one.foretold - one.start == pytest.approx(2 * (two.foretold - two.start))
    assert one.foretold_hours == two.foretold_hours
    assert speed.builds().duration["warm"] < speed.builds().duration["cold"]
