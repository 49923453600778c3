"""Parameters of a notebook: a run with a wrong one stops before any result, and the message says what to write."""

import pytest

from model.views import parameters
from model.views.parameters import Choice, ParameterError, check, count

ALLOWED = {"devices": count(8, 1_000_000), "share": parameters.Range(0, 1), "systems": parameters.systems()}
GOOD = {"devices": 16384, "share": 0.5, "systems": ["hgx-h100", "gb200-nvl72"], "draws": 1000, "seed": 0}


def stops(namespace, allowed=ALLOWED):
    with pytest.raises(ParameterError) as stop:
        check(namespace, **allowed)
    return str(stop.value)


def test_good_parameters_pass_whatever_the_kernel_keeps_beside_them():
    beside = {"_parameters": parameters, "__name__": "x", "In": [], "Out": {}, "get_ipython": 1, "exit": 1, "quit": 1}
    assert check(GOOD | beside, **ALLOWED) is None
    assert check(GOOD | {"systems": [], "share": 1, "devices": 8}, **ALLOWED) is None


def test_a_misspelt_parameter_names_the_nearest():
    assert stops(GOOD | {"device": 1024}) == "unknown parameter device; did you mean devices?"
    assert "did you mean systems?" in stops(GOOD | {"system": []})
    assert "did you mean draws?" in stops(GOOD | {"draw": 100})


def test_a_parameter_far_from_all_lists_them():
    message = stops(GOOD | {"colour": "red"})
    assert "unknown parameter colour" in message
    assert all(name in message for name in GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_a_parameter_that_is_not_there_is_named(name):
    assert name in stops({key: value for key, value in GOOD.items() if key != name})


OUTSIDE = {
    "below": ({"devices": 7}, ["devices", "7", "8 to 1,000,000"]),
    "above": ({"devices": 1_000_001}, ["devices", "1000001", "8 to 1,000,000"]),
    "not whole": ({"devices": 8.5}, ["devices", "8.5", "whole"]),
    "a word": ({"devices": "many"}, ["devices", "'many'", "whole number"]),
    "a number with its unit": ({"devices": "1024 GPUs"}, ["devices", "'1024 GPUs'", "whole number"]),
    "half a device as a word": ({"devices": "8.5"}, ["devices", "8.5", "whole number"]),
    "a number out of range as a word": ({"share": "1e3"}, ["share", "1000.0", "0 to 1"]),
    "yes": ({"devices": True}, ["devices", "True"]),
    "nothing": ({"devices": None}, ["devices", "None"]),
    "a list": ({"devices": [8]}, ["devices", "[8]"]),
    "not a number": ({"share": float("nan")}, ["share", "nan", "0 to 1"]),
    "infinite": ({"share": float("inf")}, ["share", "inf", "0 to 1"]),
    "an endless count": ({"devices": float("inf")}, ["devices", "inf"]),
    "a count that is none": ({"devices": float("nan")}, ["devices", "nan"]),
    "negative": ({"share": -0.1}, ["share", "-0.1", "0 to 1"]),
    "too few draws": ({"draws": 1}, ["draws", "100"]),
    "a negative seed": ({"seed": -1}, ["seed", "-1"]),
    "a system twice": ({"systems": ["hgx-h100", "hgx-h200", "hgx-h100"]}, ["systems", "'hgx-h100' twice"]),
    "a system that is no text": ({"systems": {"hgx-h100": 1}}, ["systems", "a list of", "hgx-h100"]),
    "a misspelt system": ({"systems": ["gb200-nvl72", "hgx-h10"]}, ["systems", "'hgx-h10'", "did you mean hgx-h"]),
    "an unknown system": ({"systems": ["abacus"]}, ["systems", "'abacus'", "cloudmatrix384"]),
    "a system that is a number": ({"systems": [384]}, ["systems", "384"]),
}


@pytest.mark.parametrize(("change", "words"), OUTSIDE.values(), ids=OUTSIDE)
def test_a_wrong_value_is_told_with_what_would_do(change, words):
    message = stops(GOOD | change)
    assert all(word in message for word in words), message


def test_one_word_of_several():
    allowed = {"phase": Choice(("decode", "prefill"))}
    namespace = {"phase": "decode", "draws": 1000, "seed": 0}
    assert check(namespace, **allowed) is None
    assert "did you mean decode?" in stops(namespace | {"phase": "decod"}, allowed)
    assert "decode, prefill" in stops(namespace | {"phase": ["decode"]}, allowed)
    assert "decode, prefill" in stops(namespace | {"phase": "training"}, allowed)


def test_all_systems_are_allowed():
    from model.numbers import catalog

    assert set(parameters.systems().options) == set(catalog.read("systems").system)


def test_values_as_yaml_and_command_lines_write_them_are_taken_as_meant():
    """YAML reads 2e-5 as a word; -p gives one text where a list is wanted; names differ in case and blanks."""
    namespace = GOOD | {"share": "2e-5", "devices": "1.6e4", "systems": "HGX-H100; gb200_nvl72", "seed": " 7 "}
    check(namespace, **ALLOWED)
    assert namespace == GOOD | {"share": 2e-5, "devices": 16000, "systems": ["hgx-h100", "gb200-nvl72"], "seed": 7}
    assert isinstance(namespace["devices"], int) and isinstance(namespace["seed"], int)
    namespace = {"rate": "1e-6", "precision": "FP8", "draws": 1000, "seed": 0}
    check(namespace, rate=parameters.Optional(parameters.Range(0, 1)), precision=Choice(("fp8", "bf16")))
    assert (namespace["rate"], namespace["precision"]) == (1e-6, "fp8")


RECOVERY = {"downtime": parameters.Range(0, 86_400), "reload": parameters.Range(0, 86_400)}
RECOVERY |= {"failure_rate": parameters.Optional(parameters.Range(1e-13, 1))}
WELL = {"downtime": 300.0, "reload": 300, "failure_rate": None, "draws": 1000, "seed": 0}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"downtime": 5, "reload": 5}, ["downtime = 5", "30 s or more together", "reload is 5", "were minutes meant?"]),
        ({"downtime": 0, "reload": "29.9"}, ["downtime = 0", "reload is 29.9"]),
        ({"failure_rate": "2.9e-5"}, ["failure_rate = 2.9e-05", "in 1/s", "was it counted per hour?"]),
        ({"failure_rate": 2.1e-7}, ["failure_rate = 2.1e-07"]),
    ],
)
def test_a_parameter_that_must_be_in_another_unit_is_refused_with_the_likely_one(change, words):
    message = stops(WELL | change, RECOVERY)
    assert all(word in message for word in words), message


@pytest.mark.parametrize("change", [{}, {"downtime": 0, "reload": 0}, {"downtime": 30, "reload": 0}, {"reload": 0.0}])
@pytest.mark.parametrize("rate", [None, 8e-9, 2e-7])
def test_seconds_and_rates_for_each_second_pass(change, rate):
    assert check(WELL | change | {"failure_rate": rate}, **RECOVERY) is None


def test_names_that_papermill_adds_by_itself_are_its_own():
    check(GOOD | {"PAPERMILL_INPUT_PATH": "a.ipynb", "PAPERMILL_OUTPUT_PATH": "b.ipynb"}, **ALLOWED)
    assert "PAPERMILL_OTHER" in stops(GOOD | {"PAPERMILL_OTHER": 1})


@pytest.mark.parametrize("wrong", [{"devices": "9" * 5000}, {"systems": ["x" * 5000]}, {"share": [1] * 5000}])
def test_a_message_repeats_no_page_of_a_wrong_value(wrong):
    assert len(stops(GOOD | wrong)) < 700


def test_a_name_of_five_thousand_letters_is_told_in_one_line():
    assert len(stops(GOOD | {"x" * 5000: 1})) < 700
