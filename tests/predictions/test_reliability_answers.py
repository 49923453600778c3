"""What can be asked of reliability: rows that cannot be are named alone, rates are given row by row or the system's."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

import model as face
from model.machine.scenario import Scenario
from model.predictions import reliability
from model.predictions.inputs import InputError

JOB = {"devices": 16384.0, "failure_rate": 1e-8, "checkpoint_write": 10.0, "downtime": 300.0, "reload": 300.0}
RESERVE = {"devices": 16384.0, "failure_rate": 1e-8, "withdrawn": 8.0, "repair": 86400.0, "confidence": 0.99}


def ask(name, *rows, **options):
    return face.predict(name, pd.DataFrame(rows), interval=False, **options).value.to_numpy()


def test_one_interval_that_keeps_no_work_among_others_is_named():
    mean = 1 / (JOB["devices"] * JOB["failure_rate"])
    most = reliability.VAIN * mean
    shares = ask("effective_training_share", JOB | {"interval": 0.999 * most}, JOB | {"interval": mean})
    assert 0 < shares[0] < shares[1]
    with pytest.raises(InputError, match="row 2: interval is .* hardly any work would ever be kept"):
        ask("effective_training_share", JOB | {"interval": mean}, JOB | {"interval": 1.001 * most})


def test_an_interval_that_is_left_out_is_the_best_and_no_other_is_better():
    best = ask("effective_training_share", JOB)[0]
    mean = 1 / (JOB["devices"] * JOB["failure_rate"])
    tried = ask("effective_training_share", *(JOB | {"interval": each} for each in np.geomspace(10, 5 * mean, 200)))
    assert tried.max() <= best * (1 + 1e-12) and tried.max() == pytest.approx(best, rel=1e-4)


def test_a_reserve_holds_as_many_faults_as_asked_and_no_more_than_the_job():
    out = RESERVE["devices"] * RESERVE["failure_rate"] * RESERVE["repair"]
    found = ask("spare_devices", RESERVE)[0]
    faults = found / RESERVE["withdrawn"]
    assert poisson.cdf(faults, out) >= 0.99 > poisson.cdf(faults - 1, out)
    assert ask("spare_devices", RESERVE | {"devices": 8.0, "confidence": 0.999999})[0] <= 8


def test_one_reserve_that_would_mostly_await_repair_among_others_is_named():
    wide = RESERVE | {"withdrawn": 720.0, "failure_rate": 1e-9}
    half = 0.5 / (wide["repair"] * wide["withdrawn"])  # the rate at which half of a job is out on average
    assert ask("spare_devices", wide, wide | {"failure_rate": 0.99 * half})[1] > 0.49 * wide["devices"]
    with pytest.raises(InputError, match="row 2: the reserve would have"):
        ask("spare_devices", wide, wide | {"failure_rate": 1.01 * half})


def test_a_rate_is_that_of_its_row_or_of_the_system_where_a_row_has_none():
    rate = reliability.failure_rate(Scenario("hgx-h100"))
    found = ask("job_mtbf", {"devices": 8, "failure_rate": 1e-8}, {"devices": 8}, system="hgx-h100")
    assert found == pytest.approx([1 / 8e-8, 1 / (8 * rate)], rel=1e-12)
    with pytest.raises(InputError, match="failure_rate is not given"):
        ask("job_mtbf", {"devices": 8, "failure_rate": 1e-8}, {"devices": 8})


def test_a_counted_fleet_fails_as_often_as_was_counted():
    fleet = Scenario("llama3-16k").facts("reliability", "llama3-16k")
    counted = fleet("interruptions") / (fleet("devices") * fleet("observation"))
    assert ask("job_mtbf", {"devices": 1}, system="llama3-16k") == pytest.approx([1 / counted], rel=1e-12)


def test_whole_domains_are_as_many_as_devices_that_all_work_under_a_fabric_that_does():
    share = ask("whole_domain_share", {"domain": 72, "unavailability": 0.01, "fabric_availability": 0.999})[0]
    assert share == pytest.approx(0.99**72 * 0.999, rel=1e-12)
    assert ask("whole_domain_share", {"domain": 72, "unavailability": 0.01})[0] == pytest.approx(0.99**72, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "point", "given", "most"),
    [
        ("effective_training_share", JOB, "downtime", 2.5 * 86400),
        ("effective_training_share", JOB, "reload", 86400),
        ("spare_devices", RESERVE | {"failure_rate": 1e-10}, "repair", 100 * 86400),
    ],
)
def test_times_are_refused_where_only_another_unit_makes_them_so_long(name, point, given, most):
    assert np.isfinite(ask(name, point | {given: most})[0])
    with pytest.raises(InputError, match=given):
        ask(name, point | {given: 1.01 * most})
