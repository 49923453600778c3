"""The largest job of a cluster: what one rate says by hand, and none where no rate is known."""

import pytest

from model.notation.units import size
from model.studies.cluster.largest import largest_job
from model.studies.cluster.machine import Cluster


def test_a_rate_that_is_given_says_how_many_devices_fail_once_a_day():
    rate = 1 / (1000.5 * size("day"))
    found = largest_job(Cluster("gb200-nvl72", {"failure_rate": rate, "rent": None}), size("day"), 100)
    assert [each.value for each in found.reached] == [1000]
    assert found.reached[0].there == pytest.approx(1.0005 * size("day"), rel=1e-12)
    recorded = largest_job(Cluster("gb200-nvl72"), size("day"), 100).reached[0]
    assert recorded.low < recorded.value < recorded.high  # nobody counted this fleet, and fleets differ


def test_a_machine_whose_faults_nobody_knows_has_no_answer():
    assert largest_job(Cluster("a-machine-without-rows"), size("day"), 100) is None
