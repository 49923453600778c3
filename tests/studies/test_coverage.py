"""What is watched: errors that may not grow, shares inside and widths that may not leave their band, none forgotten."""

import numpy as np
import pytest

from model.numbers import catalog
from model.studies import coverage, validation, variants

pytestmark = pytest.mark.xdist_group("coverage")  # whose frames, some ten seconds of work, are made once


@pytest.fixture(scope="module")
def watched():
    return coverage.summary({}, 1000, 0)


def test_the_laws_keep_to_every_band(watched):
    coverage.refuse_worse(watched)


def test_another_seed_and_fewer_draws_keep_to_every_band():
    coverage.refuse_worse(coverage.summary({}, 300, 1))


@pytest.mark.parametrize(
    ("key", "name", "number", "words"),
    [
        (
            ("all_reduce_time", "validate"),
            "mean_absolute_error",
            0.6,
            "all_reduce_time, held back: mean_absolute_error is 60",
        ),
        (("all_reduce_time", "validate"), "mean_absolute_error", np.nan, "mean_absolute_error is nan"),
        (
            ("all_to_all_time", "left_out"),
            "coverage",
            0.80,
            "own rows left out: coverage is 80.0%, outside its band of 85",
        ),
        (("all_to_all_time", "left_out"), "coverage", 0.99, "coverage is 99.0%, outside its band"),
        (("training_throughput", "left_out"), "half_width", 0.60, "half_width is 60.0%, outside its band"),
        (("decode_throughput", "calibrate"), "half_width", 0.05, "half_width is 5.0%, outside its band"),
    ],
)
def test_a_number_that_leaves_its_band_stops_a_build(watched, key, name, number, words):
    worse = watched.copy()
    worse.loc[key, name] = number
    with pytest.raises(ValueError, match=words):
        coverage.refuse_worse(worse)


def test_a_smaller_error_stops_nothing(watched):
    better = watched.copy()
    better["mean_absolute_error"] = 0.001
    coverage.refuse_worse(better)


def test_a_number_that_nobody_computes_or_nobody_recorded_is_named(watched, data):
    with pytest.raises(ValueError, match="failure_rate left_out coverage"):
        coverage.refuse_worse(watched.drop(index="failure_rate", level="prediction"))
    path = data / "recorded.csv"
    text = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in text if not line.startswith("all_gather_time,validate,coverage")))
    catalog._checked.cache_clear()
    with pytest.raises(ValueError, match="all_gather_time validate coverage: data/recorded.csv"):
        coverage.refuse_worse(watched)


def test_every_band_holds_nine_in_ten_or_says_what_falls_short():
    rows = catalog.chosen("recorded")
    rows = rows[rows.quantity == "coverage"]
    assert len(rows) >= 20
    assert ((rows.low <= 90) & (rows.high >= 90)).all()
    short = rows[rows.value < 85]
    assert short.note.str.contains("too few of").all()


def test_every_row_with_a_role_is_counted(watched):
    for quantity in validation.QUANTITIES:
        rows = validation.measured(quantity)
        for role, number in rows.role.value_counts().items():
            assert watched.number[quantity, role] == number
        assert watched.number[quantity, "left_out"] == len(rows)
    assert watched.number["training_throughput", "left_out"] == len(validation.training_errors())
    assert watched.number["failure_rate", "left_out"] >= 8


def test_growth_of_start_up_is_worth_what_the_page_says(watched):
    grown, flat = (watched.loc[("all_to_all_time", each)] for each in ("more_ranks", "more_ranks_flat"))
    assert grown.mean_absolute_error < flat.mean_absolute_error
    assert abs(grown.coverage - 0.9) < abs(flat.coverage - 0.9)
    rows = variants.intervals(variants.CHOSEN, 200, 0)
    assert (rows.ranks > 8).all() and len(rows) == grown.number


def test_intervals_of_training_hold_the_prediction_and_widen_where_the_machine_is_unseen():
    own = validation.training_errors(draws=300)
    assert ((own.low <= own.predicted) & (own.predicted <= own.high)).all()
    unseen = validation.training_errors(without="system", draws=300)
    assert unseen.half_width.median() > own.half_width.median()


def test_a_fleet_is_predicted_from_the_others_alone():
    rows = validation.fleets_left_out()
    assert ((rows.low <= rows.predicted) & (rows.predicted <= rows.high)).all()
    assert np.allclose(np.log(rows.high / rows.low) / 2, rows.half_width)
    assert rows.predicted.nunique() == len(rows)
