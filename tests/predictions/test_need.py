"""The question the other way round: `need` finds what `predict`, a closed form or each draw alone would give."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import model as face
from model.predictions.inputs import InputError
from model.predictions.need import need as solver
from model.predictions.quantities import QUANTITIES
from model.predictions.solution import AT_MOST

ROOT = Path(__file__).parents[2]
JOB = {"system": "llama3-16k", "devices": 16384, "checkpoint_write": 10, "downtime": 300, "reload": 300}
EXCHANGE = {"system": "gb200-nvl72", "op": "dispatch", "ranks": 64, "tokens": 1024, "hidden": 7168, "experts": 256}
EXCHANGE |= {"topk": 8, "bytes_per_element": 1}
REDUCE = {"system": "hgx-h100", "ranks": 16, "bytes": 1e9}
SERVE = {"system": "gb200-nvl72", "model": "deepseek-v3", "precision": "fp8"}
STEP = SERVE | {"ranks": 32, "batch": 64.0, "context": 4096, "tensor_devices": 1, "expert_devices": 32}
STEP |= {"kv_bytes_per_element": 1}
SHARED = {"speed": 50.0, "tokens_per_step": 1.7, "kv_bytes_per_element": 1.0, "devices": 72}
TRAIN = SERVE | {"devices": 1024, "sequences": 8192, "sequence": 4096}
USERS = {"speed": 50.0, "input_tokens": 4096, "output_tokens": 1024, "devices": 72}
POINTS = {  # one ordinary question for each quantity, with a value for every number that it can be given
    "all_to_all_time": EXCHANGE,
    "all_reduce_time": REDUCE,
    "all_gather_time": REDUCE,
    "reduce_scatter_time": REDUCE,
    "job_mtbf": {"devices": 16384, "failure_rate": 5e-9},
    "effective_training_share": JOB | {"failure_rate": 5e-9, "interval": 1500},
    "spare_devices": {"devices": 16384, "failure_rate": 5e-9, "withdrawn": 8, "repair": 86400, "confidence": 0.99},
    "whole_domain_share": {"domain": 72, "unavailability": 0.001, "fabric_availability": 0.999},
    "moe_idle_share": STEP | {"phase": "decode", "stages": 1, "microbatches": 1},
    "decode_throughput": STEP | {"tokens_per_step": 1.7, "processed": 2},
    "decode_frontier": SERVE | SHARED | {"context": 4096},
    "prefill_throughput": SERVE | {"ranks": 16, "tensor_devices": 1, "expert_devices": 16, "sequence": 4096},
    "service_frontier": SERVE | {"speed": 50.0, "input_tokens": 4096, "output_tokens": 1024, "devices": 72},
    "users_of_fleet": SERVE | USERS | {"fleet": 4096},
    "users_of_power": SERVE | USERS | {"site_power": 1e7},
    "users_of_rent": SERVE | USERS | {"monthly_budget": 1e6},
    "users_of_purchase": SERVE | USERS | {"purchase_budget": 1e8},
    "break_even_premium": SERVE | USERS | {"domain": 32, "small_domain": 8, "layouts": "run"},
    "devices_needed": SERVE | {"batch": 4096.0, "context": 4096, "kv_bytes_per_element": 1.0},
    "training_throughput": TRAIN,
    "training_step_time": TRAIN,
}
NUMBERS = [
    (name, each.name)
    for name, point in POINTS.items()
    for each in QUANTITIES[name].inputs
    if each.name in point and not each.choices
]


def ask(name, of, target=None, **changed):
    """Return (Need, target): of a target, or of what the quantity is at its ordinary point."""
    point = POINTS[name] | changed
    target = again(name, of, point[of], **changed) if target is None else target
    given = {key: each for key, each in point.items() if key not in (of, "system")}
    return face.need(name, target, of, given, system=point.get("system"), draws=200), target


def again(name, of, value, **changed):
    """Return what `predict` says where a value is put in again."""
    point = pd.DataFrame([POINTS[name] | changed | {of: value}])
    return face.predict(name, point, interval=False).value[0]


# What `predict` says.


@pytest.mark.slow
def test_an_interval_found_with_few_draws_ends_where_all_of_them_say():
    point = {key: each for key, each in POINTS["decode_frontier"].items() if key not in ("context", "system")}
    target = again("decode_frontier", "context", 4096)
    one = face.need("decode_frontier", target, "context", point, system="gb200-nvl72").reached[0]
    ends = face.predict("decode_frontier", context=[one.low, one.high], system="gb200-nvl72", **point)
    assert [ends.low[0], ends.high[1]] == pytest.approx([target, target], rel=1e-4)


def test_every_quantity_has_an_ordinary_question():
    assert POINTS.keys() == QUANTITIES.keys() and set(AT_MOST) <= QUANTITIES.keys()


def test_a_closed_form_agrees():
    found, _ = ask("whole_domain_share", "unavailability", 0.95, fabric_availability=1.0)
    assert found.reached[0].value == pytest.approx(1 - 0.95 ** (1 / 72), rel=1e-12)
    found, _ = ask("job_mtbf", "failure_rate", 3600.0)
    assert found.reached[0].value == pytest.approx(1 / 3600 / 16384, rel=1e-12)


QUICK = ("effective_training_share", "whole_domain_share")


def round_trip(name, of):
    """Return the relative difference between a target and what `predict` says of the value found; refuse what is not.

    The value that the target came from is among those found, or between two of them that share its answer. Of whole
    numbers, and where the quantity jumps, the value meets the target and the next one beyond it does not.
    """
    found, target = ask(name, of)
    if found.steady:
        assert (found.answer, found.nearest[0], found.met) == ("not unique", pytest.approx(target, rel=1e-9), True)
        return 0.0
    assert found.reached, found.words()
    worst, at_most, start = 0.0, found.at_most, POINTS[name][of]
    values = [each.value for each in found.reached]
    for each in found.reached:
        there = again(name, of, each.value)
        assert there == each.there
        if each.low is not None and each.high is not None:
            assert each.low <= each.value <= each.high
        beyond = each.value - (1 if each.upward else -1) * (1 if found.whole else 1e-9 * each.value)
        slack = 1e-9 * abs(target)
        assert (there <= target + slack) if at_most else (there >= target - slack)
        if found.whole or abs(there / target - 1) > 1e-6:
            try:
                before = again(name, of, beyond)
            except InputError:  # refused: it does not fit, say
                continue
            assert before > target if at_most else before < target
        else:
            worst = max(worst, abs(there / target - 1))
    near = min(values, key=lambda each: abs(np.log(each / start)))
    same = np.isclose(again(name, of, near), target, rtol=1e-6)
    assert near == pytest.approx(start, rel=1e-5) or found.whole or not same or len(values) > 1 or flat(name, of, near)
    return worst


def flat(name, of, value):
    """Return whether the quantity is the same at a value as at the ordinary point, and in the middle between."""
    between = float(np.sqrt(value * POINTS[name][of]))
    return again(name, of, between) == pytest.approx(again(name, of, value), rel=1e-9)


@pytest.mark.parametrize(("name", "of"), [each for each in NUMBERS if each[0] in QUICK])
def test_what_is_found_put_in_again_is_the_target_in_reliability(name, of):
    assert round_trip(name, of) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(("name", "of"), [each for each in NUMBERS if each[0] not in QUICK])
def test_what_is_found_put_in_again_is_the_target(name, of):
    assert round_trip(name, of) < 1e-6


@pytest.mark.slow
def test_a_number_of_the_machine_is_found():
    target = again("all_to_all_time", "tokens", 1024)
    found = face.need("all_to_all_time", 2 * target, "scale_up_bandwidth", interval=False, **EXCHANGE)
    value = found.reached[0].value
    slower = face.predict("all_to_all_time", changes={"scale_up_bandwidth": value}, interval=False, **EXCHANGE)
    assert slower.value[0] == pytest.approx(2 * target, rel=1e-9)
    assert found.input_unit == "B/s"


def test_the_last_whole_number_meets_the_target_and_the_next_does_not():
    for name, of in (("effective_training_share", "devices"), ("spare_devices", "devices"), ("job_mtbf", "devices")):
        target = {"effective_training_share": 0.9, "spare_devices": 50, "job_mtbf": 86_400}[name]
        found, _ = ask(name, of, target)
        value = found.reached[0].value
        assert value == int(value) and found.reached[0].upward is False
        sign = -1 if name in AT_MOST else 1
        assert sign * again(name, of, value) >= sign * target > sign * again(name, of, value + 1)


# Intervals.


def test_the_interval_ends_where_that_of_the_prediction_reaches_the_target():
    for of in ("downtime", "checkpoint_write", "reload"):
        point = {key: each for key, each in JOB.items() if key != of}
        one = face.need("effective_training_share", 0.9, of, **point).reached[0]
        ends = face.predict("effective_training_share", **point | {of: [one.low, one.high]})
        assert ends.high[1] == pytest.approx(0.9, rel=1e-9)  # at a long downtime the lucky draws alone reach it
        assert ends.low[0] == pytest.approx(0.9, rel=1e-9)
        assert one.low < one.value < one.high


def test_solving_every_draw_gives_the_same_interval():
    point = {key: each for key, each in JOB.items() if key != "downtime"}
    one = face.need("effective_training_share", 0.9, "downtime", **point).reached[0]
    tried = np.linspace(0.5 * one.low, 1.5 * one.high, 24)
    drawn = face.draws("effective_training_share", number=1000, **point | {"downtime": list(tried)})
    solved = [np.interp(-0.9, -each, tried) for each in drawn]  # it falls with downtime
    assert np.percentile(solved, [5, 95]) == pytest.approx([one.low, one.high], rel=2e-3)


def test_an_end_beyond_what_can_be_asked_is_none():
    point = {key: each for key, each in JOB.items() if key != "downtime"}
    target = face.predict("effective_training_share", **point, downtime=0.0).value[0]
    found = face.need("effective_training_share", 0.9999 * target, "downtime", **point)
    one = found.reached[0]
    assert (one.low, one.open) == (None, ("low",)) and one.high > one.value
    assert "no end to" in found.words()


# Several values, and none.


def test_an_interval_of_checkpoints_too_short_and_one_too_long_are_both_named():
    point = {key: each for key, each in JOB.items()}
    found = face.need("effective_training_share", 0.9, "interval", **point)
    best = face.predict("effective_training_share", **point, interval=False).value[0]
    assert found.answer == "not unique" and best > 0.9
    assert [each.upward for each in found.reached] == [True, False]
    assert found.words().startswith("not unique: ") and found.record()["value"] is None
    for each in found.reached:
        frame = pd.DataFrame({"interval": [each.value]})
        assert face.predict("effective_training_share", frame, **point).value[0] == pytest.approx(0.9, rel=1e-6)


def test_out_of_reach_names_the_nearest_value_and_where():
    point = {key: each for key, each in JOB.items() if key != "downtime"}
    found = face.need("effective_training_share", 0.999, "downtime", **point)
    assert found.answer == "out of reach" and not found.met
    assert found.nearest == (face.predict("effective_training_share", **point, downtime=0.0).value[0], 0.0)
    best = face.predict("effective_training_share", **JOB).value[0]  # at the best interval between checkpoints
    found = face.need("effective_training_share", best * 1.001, "interval", **JOB)
    assert found.answer == "out of reach"
    assert found.nearest[0] == pytest.approx(best, rel=1e-4)


def test_a_target_that_everything_meets_and_one_that_nothing_moves_say_so():
    found, _ = ask("whole_domain_share", "domain", 1e-6, unavailability=0.0, fabric_availability=1.0)
    assert (found.answer, found.met, found.steady) == ("out of reach", True, True)
    assert "it is 1 whatever domain is" in found.words()
    found, _ = ask("whole_domain_share", "fabric_availability", 0.99, unavailability=1e-5)
    assert found.answer == "value"
    found, _ = ask("job_mtbf", "devices", 1e-9)
    assert found.met and "every value will do" in found.words()


def test_a_target_that_is_only_touched_is_reached():
    best = again("whole_domain_share", "unavailability", 0.0)
    found, _ = ask("whole_domain_share", "unavailability", best)
    assert found.answer == "value" and found.reached[0].value < 1e-15  # below it all is one, to the last digit


@pytest.mark.slow
def test_what_memory_refuses_is_a_hole_and_no_failure():
    found, _ = ask("decode_throughput", "batch", 20_000)
    most = found.nearest[1]
    assert found.answer == "out of reach" and again("decode_throughput", "batch", most) == found.nearest[0]
    with pytest.raises(InputError, match="holds"):
        again("decode_throughput", "batch", 1.001 * most)
    found, _ = ask("decode_throughput", "ranks", 1.0)  # the smallest group that experts and memory allow
    assert found.met and found.limits[0] > 1
    with pytest.raises(InputError, match=r"memory|divides ranks"):
        again("decode_throughput", "ranks", found.limits[0] - 1)


@pytest.mark.slow
def test_a_speed_is_turned_into_devices():
    for name in ("decode_frontier", "service_frontier"):
        point = {key: each for key, each in POINTS[name].items() if key != "devices"}
        best = face.predict(name, **point, devices=72, interval=False).value[0]
        found = face.need(name, 0.9 * best, "devices", **point)
        value = found.reached[0].value
        assert value <= 72 and found.reached[0].layout["ranks"] <= value
        assert face.predict(name, **point, devices=value, interval=False).value[0] >= 0.9 * best
        assert face.predict(name, **point, devices=value - 1, interval=False).value[0] < 0.9 * best


# A reader's own measurements.


def test_a_readers_measurements_move_the_answer_as_they_move_the_prediction(tmp_path):
    rows = pd.read_csv(ROOT / "notebooks/scenarios/measured.csv")
    own = tmp_path / "mine.csv"
    rows.assign(value=1.5 * rows.value).to_csv(own, index=False)
    point = {key: each for key, each in EXCHANGE.items() if key != "tokens"}
    options, target = {"interval": False, **point}, 2e-4
    found = face.need("all_to_all_time", target, "tokens", measured=str(own), **options)
    value, study = found.reached[0].value, found.study.reached[0].value
    assert study == face.need("all_to_all_time", target, "tokens", **options).reached[0].value > 1.1 * value
    again = face.predict("all_to_all_time", tokens=[value, study], measured=str(own), **options)
    assert again.value[0] == pytest.approx(target, rel=1e-9) and again.value_study[1] == pytest.approx(target, rel=1e-9)
    assert found.record()["held_back"] == again.attrs["held_back"] and found.record()["without"]["value"] == study
    first, second, third = found.words().splitlines()
    assert f"of {own}; without them: all_to_all_time of 0.0002 s" in second and third.startswith("  held back: ")
    with pytest.raises(InputError, match="rests on none of the rows fitted"):
        face.need("job_mtbf", 3600.0, "devices", system="gb200-nvl72", failure_rate=1e-8, measured=str(own))


# The command line.

SHARE = ["need", "effective_training_share=0.9", "for=downtime", "--system", "llama3-16k", "devices=16384"]
SHARE += ["checkpoint_write=10", "reload=300"]


def test_the_command_line_says_what_the_face_says(model):
    code, out, err = model(*SHARE)
    point = {key: each for key, each in JOB.items() if key != "downtime"}
    found = face.need("effective_training_share", 0.9, "downtime", **point)
    assert (code, out, err) == (0, found.words() + "\n", "")
    record = json.loads(model(*SHARE, "--json")[1])
    assert (record["answer"], record["for"], record["unit"]) == ("value", "downtime", "s")
    assert record["low"] < record["value"] < record["high"]
    assert record["inputs"]["devices"] == 16384 and record["sources"]


@pytest.mark.parametrize(
    ("target", "answer"), [("effective_training_share=0.999", "out of reach"), ("effective_training_share=-1", "out")]
)
def test_no_value_is_an_answer_of_the_command_line(model, target, answer):
    code, out, err = model(SHARE[0], target, *SHARE[2:])
    assert (code, err) == (0, "") and out.startswith(answer)
    record = json.loads(model(SHARE[0], target, *SHARE[2:], "--json")[1])
    assert record["value"] is None and record["nearest"]["at"] >= 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"seed": None}, "seed is None"),
        ({"draws": 3}, "draws is 3"),
        ({"interval": "no"}, "True or False"),
        ({"own": 1}, "True or False"),
        ({"changes": {"memory_bandwidth": 3.35}}, "in B/s"),
        ({"changes": {"domain": 7.5}}, "whole"),
    ],
)
def test_options_are_checked_as_predict_checks_them(given, words):
    """A seed that is none is no hole in what can be asked: it once gave an interval without an end."""
    for asked in (face.need, lambda name, target, of, **more: face.predict(name, **{of: 8}, **more)):
        with pytest.raises(InputError, match=words):
            asked("job_mtbf", 3600, "devices", system="hgx-h100", **given)


def test_a_change_in_another_spelling_moves_the_answer():
    asked = {"system": "gb200-nvl72", "op": "dispatch", "ranks": 64, "hidden": 7168, "experts": 256, "topk": 8}
    asked |= {"bytes_per_element": 1, "interval": False}
    usual, *faster = (
        face.need("all_to_all_time", 2e-4, "tokens", changes=each, **asked).reached[0].value
        for each in (None, {"scale_up_bandwidth": 2e12}, {"Scale-Up-Bandwidth": 2e12})
    )
    assert faster[0] == faster[1] > usual


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["effective=0.9", "for=downtime"], "did you mean effective_training_share"),
        (["effective_training_share", "for=downtime"], "write effective_training_share=NUMBER"),
        (["effective_training_share=much", "for=downtime"], "write effective_training_share=NUMBER"),
        (["effective_training_share=nan", "for=downtime"], "write effective_training_share=NUMBER"),
        (["effective_training_share=1e400", "for=downtime"], "takes a finite number"),
        (["effective_training_share=0_9", "for=downtime"], "write effective_training_share=NUMBER"),
        (["effective_training_share=０.9", "for=downtime"], "write effective_training_share=NUMBER"),
        (["job_mtbf=3600", "for=gpus", "--system", "hgx-h100"], "did you mean devices?"),
        (["job_mtbf=3600", "for=failure_rate", "gpus=8"], "did you mean devices?"),
        (["job_mtbf=3600", "for=devices", "failure_rate="], "failure_rate= says nothing"),
        (["job_mtbf=3600", "for=devices", "--system", " "], "--system names no system"),
        (["effective_training_share=0.9"], "Say for=INPUT: effective_training_share has devices"),
        ([*SHARE[1:2], "for=downtim", *SHARE[3:]], "did you mean downtime"),
        ([*SHARE[1:], "downtime=3"], "leave downtime= out"),
        ([*SHARE[1:-1]], "needs reload"),
        ([*SHARE[1:-1], "reload=long"], "reload is 'long'; it takes 0, or a number from 1"),
        ([*SHARE[1:], "relod=3"], "did you mean reload"),
        (["all_to_all_time=1", "for=op"], "op is a word, not a number"),
        (["job_mtbf=1", "for=devices"], "failure_rate is not given"),
        (["job_mtbf=1", "for=domain", "devices=1", "failure_rate=1e-9"], "say which system"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(model, arguments, words):
    code, out, err = model("need", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_a_refusal_names_the_question_or_the_place_that_it_was_given():
    with pytest.raises(InputError, match=r"^need\('job_mtbf', \.\.\.\): the target is inf"):
        face.need("job_mtbf", np.inf, "devices", failure_rate=1e-8)
    with pytest.raises(InputError, match=r"^the form: the target is nan; it takes a finite number, in s"):
        solver("job_mtbf", np.nan, "devices", {"failure_rate": 1e-8}, where="the form")


def test_draws_that_nobody_names_are_the_quantity_s_own_and_those_named_are_taken():
    asked = ("job_mtbf", 3600.0, "devices")
    usual, own, few = (
        solver(*asked, system="llama3-16k", **more)
        for more in ({}, {"draws": QUANTITIES["job_mtbf"].draws}, {"draws": 20})
    )
    assert usual.reached == own.reached != few.reached
    assert [each.value for each in usual.reached] == [each.value for each in few.reached]
