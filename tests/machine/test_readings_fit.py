"""A reader's rows: as much freedom as they need and no more, in the ways in which installations differ."""

import numpy as np
import pandas as pd
import pytest

from model.laws.all_reduce import LARGE, SMALL
from model.machine import readings_fit
from model.machine.estimate import Prior
from model.machine.machine import Machine
from model.machine.operation_fit import fit, softwares
from model.machine.readings_fit import loosened, operation, solved
from model.numbers import readings
from model.predictions.network import all_gather_time, all_reduce_time, all_to_all_time

SLOPES = np.array([[1.0, 0.2], [1.0, 0.4], [1.0, 0.6], [1.0, 0.8]])  # of log times along two constants
PRIOR = Prior(np.array([0.5, -1.0]), np.diag([0.04, 0.01]))
SCATTER = 0.05
SHAPE = {"hidden": 7168.0, "topk": 8.0, "experts": 256.0, "bytes_per_element": 1.0}


def straight(constants):
    """Return log times that are straight in the constants: what a slope is, is known."""
    return SLOPES @ constants


def off(number):
    """Return log times that all lie off by a number from what is expected."""
    return straight(PRIOR.mean) + number


def shared(prior, scatter=SCATTER):
    """Return the variance of what all rows share: by the constants, and as a mean of as many scattered rows."""
    slope = SLOPES.mean(axis=0)
    return slope @ prior.covariance @ slope + scatter**2 / len(SLOPES)


# How much freedom.


def test_rows_that_lie_where_they_are_expected_loosen_nothing():
    for number in (0.0, 0.9 * np.sqrt(shared(PRIOR)), -0.9 * np.sqrt(shared(PRIOR))):
        found = loosened(straight, off(number), PRIOR, np.eye(2), SCATTER)
        assert found.covariance == pytest.approx(PRIOR.covariance, abs=1e-12)
        assert found.mean is PRIOR.mean


@pytest.mark.parametrize("number", [0.4, -0.7])
@pytest.mark.parametrize(
    "ways", [np.eye(2), np.array([[1.0, 0.0]]), np.array([[1.0, -1.0]])], ids=["each", "one", "both"]
)
def test_rows_that_all_lie_off_loosen_the_prior_until_that_is_to_be_expected(number, ways):
    found = loosened(straight, off(number), PRIOR, ways, SCATTER)
    grown = found.covariance - PRIOR.covariance
    assert np.linalg.eigvalsh(grown).min() >= -1e-12
    if len(ways) == 2:
        assert shared(found) == pytest.approx(number**2, rel=1e-6)
    reach = ways @ SLOPES.mean(axis=0)
    excess = number**2 - shared(PRIOR)
    assert grown == pytest.approx(excess / (reach @ reach) * ways.T @ ways, rel=1e-5)


def test_one_gross_error_among_many_loosens_nothing():
    observed = off(0.0)
    observed[0] += 9.0
    assert loosened(straight, observed, PRIOR, np.eye(2), SCATTER).covariance == pytest.approx(PRIOR.covariance)


def test_what_is_expected_to_lie_off_has_that_much_room_before_its_rows_speak():
    found = loosened(straight, off(0.0), PRIOR, np.eye(2), SCATTER, room=0.09)
    assert shared(found) - shared(PRIOR) == pytest.approx(0.09, rel=1e-6)
    more = loosened(straight, off(0.8), PRIOR, np.eye(2), SCATTER, room=0.09)
    assert shared(more) == pytest.approx(0.64, rel=1e-6)  # what they say is more than that


def test_rows_that_hardly_tell_of_the_ways_loosen_them_no_further():
    def flat(constants):
        return 0.01 * straight(constants)

    found = loosened(flat, flat(PRIOR.mean) + 1.0, PRIOR, np.eye(2), SCATTER)
    assert np.trace(found.covariance - PRIOR.covariance) <= 2 * 1.0 / readings_fit.LEAST
    assert np.trace(found.covariance - PRIOR.covariance) == pytest.approx(2 / readings_fit.LEAST, rel=0.01)


def test_slopes_are_those_at_the_prior_and_not_from_afar():
    def bent(constants):
        return straight(constants) + np.sum((constants - PRIOR.mean) ** 3)  # which is level where the prior is

    found, expected = (loosened(each, off(0.7), PRIOR, np.eye(2), SCATTER).covariance for each in (bent, straight))
    assert found == pytest.approx(expected, rel=1e-6)


def test_once_loosened_the_rows_decide():
    class Study:
        mean, covariance, scatter = PRIOR.mean, PRIOR.covariance, SCATTER

    rows = pd.DataFrame({"time": np.exp(off(0.7))})
    mean, covariance, scatter = solved(straight, rows, Study, np.eye(2))
    assert straight(mean) == pytest.approx(off(0.7), abs=0.1)
    assert np.sqrt(np.diag(SLOPES @ covariance @ SLOPES.T)).max() < 0.1 and 0 < scatter < 2 * SCATTER


# Of operations.


@pytest.fixture
def read(tmp_path):
    def found(rows):
        pd.DataFrame(rows).to_csv(tmp_path / "mine.csv", index=False)
        return readings.read(tmp_path / "mine.csv")

    return found


def exchanges(system="hgx-h100", slower=1.0, op="dispatch", **more):
    """Return rows of an exchange as the study's law has them, times a factor."""
    points = [(ranks, tokens) for ranks in (8.0, 16.0, 32.0) for tokens in (32.0, 128.0)]
    rows = {name: np.full(len(points), number) for name, number in SHAPE.items()}
    rows |= {"ranks": np.array([each for each, _ in points]), "tokens": np.array([each for _, each in points])}
    time = all_to_all_time(Machine(system), {"op": op}, rows)
    return pd.DataFrame({"system": system, "op": op, **rows, "value": slower * time * 1e6, "unit": "us", **more})


def reductions(evaluate, op, slower=1.0, sizes=(2.0**26, 2.0**28, 2.0**30, 2.0**32), **more):
    rows = {"ranks": np.full(len(sizes), 8.0), "bytes": np.array(sizes)}
    time = evaluate(Machine("hgx-b200"), {}, rows)
    return pd.DataFrame({"system": "hgx-b200", "op": op, **rows, "value": slower * time * 1e3, "unit": "ms", **more})


ASKED = ("all_to_all_time", "hgx-h100", "deepep", "dispatch", "deepep")


def test_rows_that_say_what_the_study_says_leave_its_constants(read):
    found, positions = operation(read(exchanges(role="calibrate")), *ASKED)
    study = fit(*ASKED[:4])
    assert positions == frozenset(range(6)) and found.names == study.names and found.rows == study.rows + 6
    assert found.mean == pytest.approx(study.mean, abs=0.02)
    assert (np.diag(found.covariance) <= np.diag(study.covariance) * 1.001).all()
    assert found.fewest == min(study.fewest, 8)


def test_rows_that_are_slower_throughout_make_all_of_it_slower(read):
    mine = read(exchanges(slower=1.3, role="calibrate"))
    found, _ = operation(mine, *ASKED)
    rows = readings_fit.rows_of(mine, "hgx-h100", "all_to_all_time", "deepep")
    times = np.exp(readings_fit._log_time(found.names, rows, {})(found.mean))
    assert times == pytest.approx(rows.time.to_numpy(), rel=0.06)
    assert np.exp(readings_fit._log_time(found.names, rows, {})(fit(*ASKED[:4]).mean)) * 1.3 == pytest.approx(rows.time)


def test_rows_held_back_of_another_operation_or_software_or_system_are_not_fitted(read):
    mine = {"slower": 2.0, "role": "calibrate"}
    for rows, positions in (
        (read(exchanges(**mine)).held(), range(6)),
        (read(exchanges(op="combine", **mine)), ()),
        (read(exchanges(software="deepep-rdma", **mine)), ()),
        (read(exchanges(software="deepep", **mine).assign(system="hgx-h200")), ()),
    ):
        found, told = operation(rows, *ASKED)
        assert found is fit(*ASKED[:4]) and told == frozenset(positions)


def test_all_gathers_tell_of_large_all_reduces_and_small_ones_of_their_own(read):
    gathers = read(reductions(all_gather_time, "all_gather", 1.3, role="calibrate"))
    software = Machine("hgx-b200").software("all_reduce_time").name
    asked = "hgx-b200", software, "all_reduce", software
    found, positions = operation(gathers, LARGE, *asked)
    slower = dict(zip(found.names, found.mean - fit(LARGE, *asked[:3]).mean, strict=True))
    assert positions == frozenset(range(4)) and slower["ring_efficiency"] < -0.1
    assert operation(gathers, SMALL, *asked) == (fit(SMALL, *asked[:3]), frozenset())
    sizes = (2.0**12, 2.0**13, 2.0**15, 2.0**16)
    small = read(reductions(all_reduce_time, "all_reduce", 1.3, sizes, role="calibrate"))
    found, positions = operation(small, SMALL, *asked)
    assert positions == frozenset(range(4)) and found.rows == fit(SMALL, *asked[:3]).rows + 4
    assert operation(small, LARGE, *asked)[1] == frozenset()


def test_softwares_that_the_study_never_saw_on_a_system_are_those_of_the_rows(read):
    assert "cann-ep" not in softwares("hgx-h100", "all_to_all_time")
    rows = [
        exchanges(software=name, role=role) for name, role in {"cann-ep": "validate", "deepep": "calibrate"}.items()
    ]
    mine = read(pd.concat(rows))
    assert readings_fit.softwares(mine, "hgx-h100", "all_to_all_time") == ("cann-ep",)
    assert readings_fit.softwares(mine, "hgx-h100", "all_to_all_time", "validate") == ("cann-ep",)
    assert readings_fit.softwares(mine, "hgx-h100", "all_to_all_time", "calibrate") == ()
    assert readings_fit.softwares(mine, "hgx-h100", "all_reduce_time") == ()
    assert readings_fit.softwares(mine, "hgx-h200", "all_to_all_time") == ()
