"""What devices, watts and dollars serve, and what a larger domain may cost: by hand from the parts, and back."""

import numpy as np
import pytest

import model as face
from model.machine import prices
from model.machine.scenario import Scenario
from model.numbers import catalog
from model.predictions.inputs import InputError

SERVED = {"model": "deepseek-v3", "precision": "fp8", "speed": 50.0, "input_tokens": 4096, "output_tokens": 1024}
RACK = SERVED | {"system": "gb200-nvl72"}


def users(name, **more):
    return face.predict(name, interval=False, **RACK | more).value[0]


def test_users_are_the_answers_tokens_over_the_speed_of_one():
    served = face.predict("service_frontier", interval=False, **RACK).value[0]
    assert users("users_of_fleet", fleet=720) == pytest.approx(720 * served * 1024 / (4096 + 1024) / 50, rel=1e-12)


def test_power_rent_and_price_buy_the_devices_that_their_rows_say():
    known = catalog.load("systems").loc["gb200-nvl72"]  # in base units: W and USD/s; power and price are of a rack
    one = users("users_of_fleet", fleet=720) / 720
    month = 365.25 / 12 * 24 * 3600
    assert users("users_of_power", site_power=1e6) == pytest.approx(1e6 / (known.system_power / 72) * one, rel=1e-12)
    assert users("users_of_rent", monthly_budget=1e6) == pytest.approx(1e6 / (known.rent * month) * one, rel=1e-12)
    assert users("users_of_purchase", purchase_budget=1e8) == pytest.approx(1e8 / (known.price / 72) * one, rel=1e-12)


def test_a_rent_without_a_row_follows_from_the_price():
    machine, basis = Scenario("cloudmatrix384"), catalog.load("assumptions").loc["rent-of-price"]
    ratio = basis.rent / (basis.domain_price / basis.domain)
    assert prices.hourly(machine) == pytest.approx(ratio * prices.price(machine), rel=1e-12)
    assert prices.hourly(Scenario("gb200-nvl72")) == catalog.load("systems").rent["gb200-nvl72"]


def test_less_than_one_instance_is_refused_with_what_would_do():
    with pytest.raises(InputError, match="the best layout has groups of 32: give more"):
        users("users_of_fleet", fleet=16)
    with pytest.raises(InputError, match="has no price in data/systems.csv"):
        face.predict("users_of_purchase", system="hgx-h200", purchase_budget=1e8, **SERVED)


def test_a_speed_out_of_reach_serves_nobody():
    assert users("users_of_fleet", fleet=7200, speed=5000.0) == 0


def test_the_premium_is_one_where_both_domains_are_one_size_and_names_what_it_read():
    found = face.predict("break_even_premium", domain=8, draws=20, layouts="run", **RACK)
    assert found.loc[0, ["value", "low", "high"]].tolist() == [1, 1, 1]
    assert "hpe-gb200" not in found.attrs["sources"] and len(found.attrs["sources"]) > 5


def test_the_premium_is_the_throughput_of_one_domain_over_that_of_the_other():
    of = {
        domain: face.predict("service_frontier", changes={"domain": domain}, interval=False, **RACK).value[0]
        for domain in (8, 72)
    }
    premium = face.predict("break_even_premium", domain=[8, 72, 8], interval=False, layouts="run", **RACK).value
    assert premium.tolist() == pytest.approx([1, of[72] / of[8], 1], rel=1e-12)


def test_draws_of_the_premium_are_those_of_the_two_machines_paired():
    options = {"number": 20, **RACK}
    large, small = (face.draws("service_frontier", changes={"domain": each}, **options)[:, 0] for each in (72, 8))
    drawn = face.draws("break_even_premium", domain=72, layouts="run", **options)[:, 0]
    assert drawn == pytest.approx(large / small, rel=1e-12) and np.ptp(drawn) > 0


def test_any_premium_pays_where_the_smaller_domain_is_too_slow():
    with pytest.raises(InputError, match="do not reach 400 tokens/s: no premium is too high"):
        face.predict("break_even_premium", domain=72, interval=False, **RACK | {"speed": 400.0, "layouts": "run"})
