"""Changes of a machine: every recorded number may stay as it is, and what another unit would make of it is refused."""

import re

import numpy as np
import pandas as pd
import pytest

from model.notation.limits import LEAST_FAILURES, MOST_FAILURES
from model.numbers import catalog
from model.predictions import changes
from model.predictions.changes import change, checked
from model.predictions.inputs import InputError

KNOWN = catalog.load("systems")
POINT = pd.DataFrame({"system": ["hgx-h100"], "devices": [8]})


def test_nothing_changed_is_nothing_checked():
    assert checked(None, POINT) is None and checked({}, POINT) == {}


@pytest.mark.parametrize("name", ["memory_bandwidth", "scale_out_latency", "peak_fp8", "dies"])
def test_every_recorded_number_may_be_what_it_is_and_a_thousand_times_as_much_or_as_little(name):
    numbers, (low, high, _) = KNOWN[name].dropna(), change(name)
    assert high == numbers.max() * 1000 and low == (1.0 if name in changes.WHOLE else numbers.min() / 1000)
    for number in (low, numbers.min(), numbers.max(), high):
        assert checked({name: number}, POINT) == {name: float(number)}
    for number in (np.nextafter(low, -np.inf), np.nextafter(high, np.inf)):
        with pytest.raises(InputError, match=f"{name} is .*; it takes a number from"):
            checked({name: number}, POINT)


def test_what_a_number_takes_is_told_in_its_base_unit():
    assert change("memory_bandwidth")[2].endswith(", in B/s")
    assert change("startup")[2] == "a number from 1e-09 to 0.1, in s"
    assert change("failure_rate") == (
        LEAST_FAILURES,
        MOST_FAILURES,
        f"a number from 1e-12 to {MOST_FAILURES:.3g}, in 1/s",
    )
    assert change("domain")[2].endswith(", whole") and ", in " not in change("domain")[2]
    assert ", in " not in change("in_switch_reduction")[2]  # a truth has no unit


def test_start_ups_and_rates_of_failure_may_be_given_though_no_row_of_the_machine_says_them():
    assert checked({"startup": 1e-6, "failure_rate": 1e-9}, POINT) == {"startup": 1e-6, "failure_rate": 1e-9}
    for name, number in (("startup", 1.0), ("startup", 0.0), ("failure_rate", 0.0), ("failure_rate", -1e-9)):
        with pytest.raises(InputError, match=re.escape(f"{name} is {number!r}; it takes")) as told:
            checked({name: number}, POINT)
        assert "per hour" not in str(told.value)
    with pytest.raises(InputError, match="was it counted per hour"):
        checked({"failure_rate": 2 * MOST_FAILURES}, POINT)
    with pytest.raises(InputError, match="failure_rate is 'often'") as told:
        checked({"failure_rate": "often"}, POINT)
    assert "per hour" not in str(told.value)


def test_a_truth_is_no_number_and_a_count_is_whole():
    for number in (True, "16", None, 16.5):
        with pytest.raises(InputError, match="domain is .*whole"):
            checked({"domain": number}, POINT)
    assert checked({"domain": np.float64(4.0)}, POINT) == {"domain": 4.0}


def test_a_name_in_other_letters_is_one_name():
    assert checked({"Memory Bandwidth": 3e12}, POINT) == {"memory_bandwidth": 3e12}
    with pytest.raises(InputError, match="domain is given twice"):
        checked({"Domain": 4, "domain": 4}, POINT)
    with pytest.raises(InputError, match="startup is given twice"):
        checked({"startup": 1e-6}, POINT.assign(startup=1e-6))
    assert checked({"domain": 4}, POINT.assign(domain=8)) == {"domain": 4}  # an input of its own: of a quantity


def test_a_system_has_no_fewer_devices_than_its_domain():
    assert checked({"devices": 8}, POINT) == {"devices": 8}
    assert checked({"devices": 4, "domain": 4}, POINT) == {"devices": 4, "domain": 4}
    assert checked({"domain": 16}, POINT) == {"domain": 16}  # a domain alone is asked about, whatever was sold
    for given, has in (({"devices": 7}, 8), ({"devices": 16, "domain": 32}, 32)):
        with pytest.raises(InputError, match=f"a domain of hgx-h100 has {has}: change that, too"):
            checked(given, POINT)
    both = pd.DataFrame({"system": ["hgx-h100", "gb200-nvl72"]})
    with pytest.raises(InputError, match="devices is 8, and a domain of gb200-nvl72 has 72"):
        checked({"devices": 8}, both)
    assert checked({"devices": 72}, both) == {"devices": 72}


@pytest.mark.parametrize("frame", [pd.DataFrame({"devices": [8]}), pd.DataFrame({"system": ["hgx-h100", None]})])
def test_changes_are_those_of_a_machine_that_every_point_names(frame):
    with pytest.raises(InputError, match="name the system that they change"):
        checked({"domain": 16}, frame)
