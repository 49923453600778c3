"""A quantity along one number: the places where it is sought, its values and ends there, and what is a hole."""

import numpy as np
import pandas as pd
import pytest

import model as face
from model.notation.limits import LEAST_FAILURES
from model.numbers import catalog
from model.predictions.along import Along, sought
from model.predictions.inputs import InputError
from model.predictions.quantities import quantity

EXCHANGE = {"op": "dispatch", "ranks": 8, "tokens": 128, "hidden": 7168, "bytes_per_element": 1}
SPARES = {"failure_rate": 5e-9, "repair": 86400, "confidence": 0.99}
JOB = {"devices": 16384, "failure_rate": 5e-9, "checkpoint_write": 10, "downtime": 300, "reload": 300}
USERS = {"purchase_budget": 1e8, "model": "deepseek-v3", "precision": "fp8", "speed": 50.0}
USERS |= {"input_tokens": 4096, "output_tokens": 1024}


def along(name, of, system=None, draws=50, options=None, **given):
    return Along(quantity(name), of, given, system, options or {}, draws, 0, "here")


def places(name, of, **given):
    found = along(name, of, **given).places
    return found.low, found.high, found.whole


# What is sought.


def test_an_input_is_sought_before_a_number_of_the_system_in_any_letters():
    premium, exchange = quantity("break_even_premium"), quantity("all_to_all_time")
    assert sought(premium, "Domain", {}, "here") == "domain" and not along("break_even_premium", "domain").fact
    assert sought(exchange, "scale-up bandwidth", {}, "here") == "scale_up_bandwidth"
    assert along("all_to_all_time", "scale_up_bandwidth").fact


@pytest.mark.parametrize(
    ("of", "given", "words"),
    [
        ("op", {}, "here: op is a word, not a number: choose one of ranks"),
        ("rank", {}, "here: all_to_all_time has no number rank; did you mean"),
        ("colour", {}, "here: all_to_all_time has no number colour: choose one of ranks, .*such as scale_up_bandwidth"),
        ("ranks", {"ranks": 8}, "here: ranks is what is sought: leave ranks= out"),
    ],
)
def test_what_cannot_be_sought_is_refused(of, given, words):
    with pytest.raises(InputError, match=words):
        sought(quantity("all_to_all_time"), of, given, "here")


def test_units_are_those_of_the_input_or_of_the_systems_rows():
    assert [along("job_mtbf", each).unit for each in ("devices", "failure_rate")] == ["1", "1/s"]
    assert [along("all_to_all_time", each).unit for each in ("memory_bandwidth", "domain")] == ["B/s", "1"]


# Where.


def test_an_input_is_sought_on_all_that_it_takes_and_no_further_than_others_allow():
    assert places("job_mtbf", "devices", failure_rate=1e-9) == (1, 1e8, True)
    low, high, whole = places("job_mtbf", "failure_rate", devices=8)
    assert (low, whole) == (LEAST_FAILURES, False) and 0 < high < 1
    assert places("all_to_all_time", "topk", system="hgx-h100", experts=64, **EXCHANGE)[1] == 64
    assert places("all_to_all_time", "experts", system="hgx-h100", topk=8, **EXCHANGE)[0] == 8


def test_a_number_of_the_system_is_sought_a_hundred_times_beyond_all_that_are_recorded():
    known = catalog.load("systems")
    domain, bandwidth, share = (known[each].dropna() for each in ("domain", "memory_bandwidth", "switch_efficiency"))
    given = {"system": "hgx-h100", "ranks": 8, "bytes": 1e6}
    assert places("all_reduce_time", "domain", **given) == (1, 100 * domain.max(), True)
    found = places("all_reduce_time", "memory_bandwidth", **given)
    assert found == (bandwidth.min() / 100, 100 * bandwidth.max(), False)
    assert places("all_reduce_time", "switch_efficiency", **given) == (share[share > 0].min() / 100, 1, False)


def test_what_is_given_is_checked_and_a_number_of_a_system_needs_one():
    numbers, words, system = along("all_to_all_time", "topk", "H100", experts=64, **EXCHANGE).checked
    assert (numbers["hidden"].tolist(), words, system) == ([7168], {"op": "dispatch"}, "hgx-h100")
    with pytest.raises(InputError, match="here: rent is a number of a system: say which"):
        _ = along("spare_devices", "rent", devices=8, withdrawn=8, **SPARES).checked
    with pytest.raises(InputError, match="here row 1: devices is '-8'"):
        _ = along("job_mtbf", "failure_rate", devices=-8).checked


# What it is there.


def test_values_are_the_laws_at_each_place():
    rates = np.array([1e-9, 1e-8, 1e-10])
    assert along("job_mtbf", "failure_rate", devices=16).values(rates) == pytest.approx(1 / (16 * rates), rel=1e-12)
    assert along("job_mtbf", "devices", failure_rate=1e-9).values(np.array([4.0])) == pytest.approx([2.5e8], rel=1e-12)


def test_values_and_ends_are_those_of_the_prediction():
    at = np.array([64.0, 16384.0])
    asked = along("job_mtbf", "devices", "llama3-16k", draws=200)
    found = face.predict("job_mtbf", devices=at, system="llama3-16k", draws=200)
    assert asked.values(at).tolist() == found.value.tolist()
    assert asked.ends(at).tolist() == [found.low.tolist(), found.high.tolist()]
    assert (found.low < found.value).all() and (found.value < found.high).all()
    another = Along(asked.what, "devices", {}, "llama3-16k", {}, 200, 7, "here")
    assert another.values(at).tolist() == asked.values(at).tolist() and (another.ends(at) != asked.ends(at)).all()
    assert (asked.few(20).draws, asked.few(2000).draws) == (20, 200)


def test_changes_of_the_machine_and_its_number_that_is_sought_join():
    options = {"changes": {"scale_up_bandwidth": 3e11}}
    given = {"ranks": 8, "bytes": 1e9}
    slower = along("all_reduce_time", "switch_efficiency", "hgx-h100", options=options, **given)
    at = np.array([0.3, 0.9])
    for place, value, low, high in zip(at, slower.values(at), *slower.ends(at), strict=True):
        changes = options["changes"] | {"switch_efficiency": place}
        found = face.predict("all_reduce_time", system="hgx-h100", changes=changes, draws=50, **given)
        assert found.loc[0, ["value", "low", "high"]].tolist() == [value, low, high]
    faster = along("all_reduce_time", "switch_efficiency", "hgx-h100", **given)
    assert (faster.values(at) < slower.values(at)).all()


def test_own_rows_are_left_out_where_that_is_asked():
    given = EXCHANGE | {"experts": 256}
    found = []
    for own in (True, False):
        asked = along("all_to_all_time", "topk", "hgx-h100", options={"own": own}, **given)
        found.append(asked.values(np.array([8.0]))[0])
        again = face.predict("all_to_all_time", system="hgx-h100", own=own, interval=False, topk=8, **given)
        assert found[-1] == again.value[0]
    assert found[0] != found[1]


# Holes.


def test_places_that_fit_no_other_input_are_holes_and_the_rest_is_answered():
    asked = along("spare_devices", "withdrawn", devices=16, **SPARES)
    found = asked.values(np.array([17.0, 4.0, 16.0, 32.0]))
    assert np.isnan(found).tolist() == [True, False, False, True]
    assert np.isnan(asked.values(np.array([17.0]))).all()


def test_places_that_are_refused_are_holes_and_the_rest_is_answered():
    asked = along("effective_training_share", "interval", **JOB)
    mean = 1 / (16384 * 5e-9)
    found = asked.values(np.array([1500.0, 30 * mean, 2000.0, 40 * mean]))
    assert np.isnan(found).tolist() == [False, True, False, True]
    alone = [asked.values(np.array([each]))[0] for each in (1500.0, 2000.0)]
    assert found[[0, 2]].tolist() == alone
    assert np.isnan(asked.ends(np.array([30 * mean]))).all()


def test_a_machine_that_cannot_be_is_a_hole_too():
    given = {"model": "deepseek-v3", "precision": "fp8", "batch": 64.0, "context": 4096}
    asked = along("devices_needed", "memory_capacity", "hgx-h100", **given)
    found = asked.values(np.array([1e5, 1e11]))
    assert np.isnan(found[0]) and found[1] > 0


def test_where_no_place_has_an_answer_it_is_said_why():
    mean = 1 / (16384 * 5e-9)
    with pytest.raises(InputError, match="no interval will do; interval=.*, say: .* hardly any work"):
        along("effective_training_share", "interval", **JOB).refuse(30 * mean)
    with pytest.raises(InputError, match="here: .*has no price"):
        along("users_of_purchase", "memory_bandwidth", "hgx-h200", **USERS).refuse(1e12)
    with pytest.raises(InputError, match="here: job_mtbf has no finite value at any devices"):
        along("job_mtbf", "devices", failure_rate=1e-9).refuse(8.0)


def test_sources_are_those_of_the_prediction_and_what_searches_nothing_has_no_layout():
    asked = along("job_mtbf", "devices", "llama3-16k")
    found = face.predict("job_mtbf", devices=16384, system="llama3-16k", interval=False)
    assert asked.sources(16384.0) == found.attrs["sources"] != []
    assert asked.layout(16384.0) == {}


def test_a_search_has_a_layout_at_each_place():
    given = {"model": "deepseek-v3", "precision": "fp8", "context": 4096}
    asked = along("decode_frontier", "speed", "gb200-nvl72", **given)
    found = face.predict("decode_frontier", speed=50.0, system="gb200-nvl72", interval=False, **given)
    layout = asked.layout(50.0)
    assert layout["ranks"] > 1 and layout == found.loc[0, list(layout)].to_dict()
    pd.testing.assert_series_equal(pd.Series(asked.values(np.array([50.0]))), found.value, check_names=False)
