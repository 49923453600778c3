"""Fleets: each counted one judges what the others say, and a fleet that nobody counted spreads as they do."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from model.machine import fleets
from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.predictions.answer import predict
from model.predictions.reliability import job_mtbf

NODE_DAYS = 1000 * 86_400 * 8  # of a device, in s, to a rate per 1,000 days of servers of eight


def ends(without=None):
    mean, sd, freedom = fleets.another(without)
    return np.exp(mean + sd * t(freedom).ppf([0.05, 0.5, 0.95]))


def test_the_fleets_are_those_of_the_table():
    rates = {name: np.exp(mean) * NODE_DAYS for name, (mean, _) in fleets.counted().items()}
    assert len(rates) >= 8
    assert rates["llama3-16k"] == pytest.approx(419 / (54 * 2048) * 1000, rel=1e-9)
    assert rates["meta-rsc-1"] == pytest.approx(6.5, rel=1e-9)


def test_all_fleets_but_at_most_one_lie_in_what_the_others_say():
    missed = []
    for name, (mean, _) in fleets.counted().items():
        low, _, high = ends(name)
        if not low <= np.exp(mean) <= high:
            missed.append(name)
    assert len(missed) <= 1, missed


def test_a_fleet_left_out_does_not_matter_to_what_the_others_say(data):
    mean, _ = fleets.counted()["opt-175b"]
    before = fleets.another("opt-175b")
    path = data / "reliability.csv"
    text = path.read_text(encoding="utf-8")
    assert "opt-175b,interruptions,105,1,90,120" in text
    path.write_text(text.replace("opt-175b,interruptions,105,1,90,120", "opt-175b,interruptions,2100,1,,"))
    catalog._checked.cache_clear()
    fleets.counted.cache_clear()
    fleets.another.cache_clear()
    assert fleets.counted()["opt-175b"][0] > mean
    assert fleets.another("opt-175b") == before
    assert fleets.another()[1] != before[1]


@pytest.mark.parametrize("system", ["hgx-h100", "hgx-h800", "hgx-h200", "hgx-h20"])
def test_servers_that_nobody_counted_have_the_middle_rate_of_the_fleets(system):
    rate = catalog.load("reliability").failure_rate[system]
    assert rate == pytest.approx(ends()[1], rel=2e-3)


def test_a_job_of_1024_devices_holds_what_was_measured():
    answer, _ = _ask("hgx-h100", 1024.0)
    assert answer.low[0] < 7.9 * 3600 < answer.high[0]
    low, _, high = 1 / (1024 * ends())[::-1]
    assert answer.low[0] == pytest.approx(low, rel=0.1)
    assert answer.high[0] == pytest.approx(high, rel=0.1)


def test_a_counted_fleet_keeps_what_its_own_count_says():
    answer, _ = _ask("llama3-16k", 16384.0)
    assert answer.high[0] / answer.low[0] == pytest.approx(np.exp(2 * 1.645 / np.sqrt(419)), rel=0.02)


def test_a_rate_that_is_given_does_not_spread():
    scenario = Scenario("hgx-h100", Sampler(50, 0), changes={"failure_rate": 1e-8})
    assert np.ptp(job_mtbf(scenario, {}, {"devices": np.array([8.0])})) == 0
    point = {"devices": np.array([8.0])}
    both = [job_mtbf(Scenario(name, Sampler(50, 0)), {}, point) for name in ("hgx-h100", "hgx-h200")]
    assert np.ptp(both[0] / both[1]) == pytest.approx(0, abs=1e-12)  # one fleet, whatever its machines


def _ask(system, devices):
    return predict("job_mtbf", pd.DataFrame({"devices": [devices]}), system, draws=2000)
