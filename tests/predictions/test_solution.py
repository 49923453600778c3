"""Where a quantity reaches a target: closed forms of reliability solved by hand, and how an answer is told."""

import numpy as np
import pandas as pd
import pytest

import model as face
from model.predictions import solution
from model.predictions.along import Along
from model.predictions.inputs import InputError
from model.predictions.quantities import quantity
from model.predictions.solution import solved

JOB = {"devices": 16384, "failure_rate": 5e-9, "checkpoint_write": 10, "downtime": 300, "reload": 300}
SPARES = {"failure_rate": 5e-9, "withdrawn": 8, "repair": 86400, "confidence": 0.99}


def need(name, of, target, system=None, interval=True, draws=200, **given):
    return solved(Along(quantity(name), of, given, system, {}, draws, 0, "here"), target, interval)


def only(found):
    (reached,) = found.reached
    assert found.answer == "value"
    return reached


def share(interval):
    """Return the useful share of JOB at an interval between checkpoints."""
    return face.predict(
        "effective_training_share", pd.DataFrame([{**JOB, "interval": interval}]), interval=False
    ).value[0]


# Closed forms.


@pytest.mark.parametrize("target", [3e6, 3e5, 3.3e4])
def test_a_rate_is_one_over_the_target_and_the_devices_and_has_no_other_ends(target):
    found = need("job_mtbf", "failure_rate", target, devices=1000)
    reached = only(found)
    for number in (reached.value, reached.low, reached.high):
        assert number == pytest.approx(1 / (1000 * target), rel=1e-12)
    assert reached.there == pytest.approx(target, rel=1e-12) and not reached.upward and reached.open == ()
    assert (found.whole, found.at_most, found.steady, found.met, found.unit) == (False, False, False, False, "s")
    assert found.inputs == {"devices": 1000} and found.input_unit == "1/s" and found.system is None


def test_of_whole_devices_the_last_that_meets_the_target_is_the_answer():
    found = need("job_mtbf", "devices", 3e5, failure_rate=1e-9)
    reached = only(found)
    assert reached.value == np.floor(1e9 / 3e5) == reached.low == reached.high
    assert reached.there == pytest.approx(1e9 / 3333) and found.whole and not reached.upward
    assert found.words() == (
        "job_mtbf of at least 300000 s needs devices = 3333 or less (5 to 95 %: 3333 to 3333), with 300030 s there"
    )


def test_what_is_to_be_small_is_met_from_below():
    found = need("spare_devices", "devices", 100.0, interval=False, **SPARES)
    reached = only(found)

    def spares(devices):
        return face.predict("spare_devices", devices=devices, interval=False, **SPARES).value[0]

    assert found.at_most and not reached.upward and reached.low is reached.high is None
    assert spares(reached.value) <= 100 < spares(reached.value + 1)
    assert "of at most 100 needs" in found.words() and "5 to 95" not in found.words()


def test_an_interval_ends_where_the_ends_of_the_prediction_reach_the_target():
    for target in (2e4, 5e3):
        reached = only(need("job_mtbf", "devices", target, "llama3-16k"))
        asked = [reached.low, reached.low + 1, reached.high, reached.high + 1]
        ends = face.predict("job_mtbf", devices=asked, system="llama3-16k", draws=200)
        assert reached.low < reached.value < reached.high
        assert ends.low[0] >= target > ends.low[1]  # so many devices, and even then it is met with confidence
        assert ends.high[2] >= target > ends.high[3]


def test_an_end_beyond_all_that_can_be_asked_is_open():
    target = face.predict("job_mtbf", devices=99_000_000, system="llama3-16k", interval=False).value[0]
    rare = need("job_mtbf", "devices", target, "llama3-16k")  # of a hundred million devices at most
    reached = only(rare)
    assert reached.open == ("high",) and reached.high is None and reached.low < reached.value
    assert "to no end)" in rare.words()


def test_checkpoints_too_rare_and_too_frequent_are_both_named_in_order():
    found = need("effective_training_share", "interval", 0.9, interval=False, **JOB)
    assert found.answer == "not unique" and [each.upward for each in found.reached] == [True, False]
    few, many = (each.value for each in found.reached)
    assert few < many and share(few) == pytest.approx(0.9) == share(many)
    assert found.words().startswith("not unique: effective_training_share of 0.9 lies at interval = ")


def test_a_target_next_to_the_best_is_reached_on_both_sides_of_it():
    best = face.predict("effective_training_share", interval=False, **JOB).value[0]
    found = need("effective_training_share", "interval", best * (1 - 1e-7), interval=False, **JOB)
    few, many = (each.value for each in found.reached)
    assert few < np.sqrt(2 * 10 / (16384 * 5e-9)) * 1.05 and few < many < 1.01 * few
    assert need("effective_training_share", "interval", best * 1.001, interval=False, **JOB).reached == ()


# Out of reach, and steady.


def test_what_is_out_of_reach_has_a_nearest_value_and_says_which_side():
    found = need("job_mtbf", "devices", 1e12, failure_rate=1e-9)
    assert (found.answer, found.met, found.steady) == ("out of reach", False, False)
    assert found.nearest == (pytest.approx(1e9), 1.0) and found.limits == (1.0, 1e8)
    assert "it is less for all of devices from 1 to 1e+08; the nearest is 1e+09 s at devices = 1" in found.words()
    found = need("job_mtbf", "devices", 1e-3, failure_rate=1e-9)
    assert found.met and "it is more for all" in found.words() and "every value will do" in found.words()
    assert found.nearest == (pytest.approx(10.0), 1e8)


def test_what_nothing_moves_is_the_same_whatever_the_input_is():
    given = {"unavailability": 0.0, "fabric_availability": 0.9}
    off, on = (need("whole_domain_share", "domain", target, **given) for target in (0.85, 0.9))
    assert off.steady and on.steady and (off.answer, on.answer) == ("out of reach", "not unique")
    assert "it is 0.9 whatever domain is" in on.words() and on.met and off.met
    assert not need("whole_domain_share", "domain", 0.95, **given).met


def test_what_only_comes_to_the_target_touches_it():
    found = need("whole_domain_share", "fabric_availability", 1.0, domain=8, unavailability=0.0)
    assert only(found).value == pytest.approx(1.0) and only(found).there == 1


def test_what_comes_to_the_target_at_one_place_alone_is_told_with_that_place():
    found = need("whole_domain_share", "domain", 0.999, unavailability=0.001, interval=False)  # of one device, at most
    assert only(found).value == 1 and not only(found).upward
    best = need("whole_domain_share", "domain", 0.999 * (1 + 1e-12), unavailability=0.001, interval=False)
    assert only(best).value == 1 and best.answer == "value"  # it comes to it, but for rounding


def test_where_nothing_can_be_asked_it_is_refused():
    with pytest.raises(InputError, match="here: .*has no price"):
        users = {"model": "deepseek-v3", "precision": "fp8", "speed": 50.0, "input_tokens": 4096, "output_tokens": 1024}
        need("users_of_purchase", "purchase_budget", 1e5, "hgx-h200", **users)


# Numbers of a machine, and searches.


def test_a_number_of_the_machine_put_in_again_gives_the_target():
    given = {"ranks": 8, "bytes": 1e9}
    found = need("all_gather_time", "scale_up_bandwidth", 3e-3, "hgx-h100", draws=50, **given)
    reached = only(found)
    assert reached.upward and found.at_most and found.input_unit == "B/s"  # a wider link, a shorter time
    for place, side in ((reached.value, "value"), (reached.low, "low"), (reached.high, "high")):
        changes = {"scale_up_bandwidth": place}
        there = face.predict("all_gather_time", system="hgx-h100", changes=changes, draws=50, **given)
        assert there[side][0] == pytest.approx(3e-3, rel=1e-4)


# How it is told.


def test_a_record_has_the_answer_in_one_place_where_it_is_unique():
    one = need("job_mtbf", "failure_rate", 3e5, devices=1000).record()
    assert one["value"] == one["values"][0]["value"] == pytest.approx(1 / 3e8)
    assert (one["low"], one["high"]) == (one["values"][0]["low"], one["values"][0]["high"])
    assert (one["answer"], one["nearest"], one["target"], one["for"]) == ("value", None, 3e5, "failure_rate")
    none = need("job_mtbf", "devices", 1e12, failure_rate=1e-9).record()
    assert none["value"] is none["low"] is None and none["nearest"] == {"value": pytest.approx(1e9), "at": 1.0}
    assert none["values"] == [] and none["limits"] == [1.0, 1e8] and not none["met_everywhere"]
    assert "without" not in none and none["sentence"].startswith("out of reach")


def test_every_time_but_that_between_interruptions_is_to_be_small():
    assert {"spare_devices", "devices_needed", "moe_idle_share"} == set(solution.AT_MOST)
    long = need("all_gather_time", "bytes", 1.0, "hgx-h100", interval=False, ranks=8)
    assert long.at_most and not only(long).upward  # at most a second: so many bytes, or fewer
