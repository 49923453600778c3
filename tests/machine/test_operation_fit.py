"""Fits: known constants are found again, one bad row does not move them, and judging rows never enter."""

import numpy as np
import pandas as pd
import pytest
from rescaling import rescale

from model.machine import collectives, operation_fit
from model.numbers.facts import Facts

QUANTITIES = ("all_to_all_time", "all_reduce_time", "small_all_reduce_time")
INPUTS = ("ranks", "tokens", "hidden", "topk", "bytes_per_element", "bytes")


def groups(quantity):
    return list(operation_fit.measured(quantity, "calibrate").groupby(operation_fit.GROUP, sort=False))


FITTED = [(quantity, *name) for quantity in QUANTITIES for name, _ in groups(quantity)]
RICH = [
    (quantity, *name)
    for quantity in QUANTITIES
    for name, rows in groups(quantity)
    if len(rows) >= 8 and len(rows[["tokens", "bytes"]].drop_duplicates()) >= 4
]


def law_time(quantity, rows, constants):
    """Return the law's times of rows of one (system, software, op)."""
    system, software = Facts("systems", rows.system.iloc[0]), Facts("software", rows.software.iloc[0])
    inputs = {name: rows[name].to_numpy(float) for name in INPUTS}
    if quantity == collectives.SMALL:
        large = operation_fit.fit(collectives.LARGE, *rows[operation_fit.GROUP].iloc[0]).constants()
        constants = large | constants
    return collectives.time(quantity, collectives.OPERATIONS[quantity][2](system, software, inputs), constants)


@pytest.fixture
def synthetic(monkeypatch, refit):
    """Return a function: measured times become the law's at known constants with 1 % of scatter; returns those."""
    original = operation_fit.measured

    def make(quantity, spoil=None):
        rng, truth, parts = np.random.default_rng(10), {}, []
        for name, rows in groups(quantity):
            names = collectives.fitted_names(quantity, Facts("software", name[1]))
            drawn = rng.uniform(10e-6, 40e-6), rng.uniform(0.4, 0.9)
            truth[name] = dict(zip(names, drawn, strict=False))  # small messages have no efficiency of their own
            time = law_time(quantity, rows, truth[name]) * np.exp(0.01 * rng.standard_normal(len(rows)))
            if name == spoil:
                time[len(time) // 2] *= 10
            parts.append(rows.assign(time=time))
        rows = pd.concat(parts)

        def measured(asked, role=None):
            return rows if (asked, role) == (quantity, "calibrate") else original(asked, role)

        monkeypatch.setattr(operation_fit, "measured", measured)
        refit()
        return truth

    return make


def test_enough_fits_are_tested():
    assert len(FITTED) >= 8
    assert len(RICH) >= 4


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_known_constants_are_found_again(synthetic, quantity):
    truth = synthetic(quantity)
    found = {name: operation_fit.fit(quantity, *name) for name in truth if (quantity, *name) in RICH}
    assert found
    for name, fit in found.items():
        for constant, value in truth[name].items():
            assert fit.constants()[constant] == pytest.approx(value, rel=0.05), (name, constant)
            assert abs(np.log(fit.constants()[constant] / value)) < 4 * fit.standard_errors[constant] + 1e-3
        assert fit.scatter == pytest.approx(0.01, rel=0.8)


@pytest.mark.parametrize("name", RICH, ids="-".join)
def test_one_row_ten_times_too_slow_hardly_moves_a_fit(synthetic, name):
    quantity, *group = name
    truth = synthetic(quantity, spoil=tuple(group))[tuple(group)]
    found = operation_fit.fit(*name).constants()
    for constant, value in truth.items():
        assert found[constant] == pytest.approx(value, rel=0.1)


@pytest.mark.parametrize("name", FITTED, ids="-".join)
def test_at_most_two_constants_are_fitted_and_they_are_plausible(name):
    fit = operation_fit.fit(*name)
    assert len(fit.names) <= 2
    values = fit.constants()
    assert 1e-7 < values["startup"] < 1e-3
    assert all(0.05 < value < 1.2 for key, value in values.items() if key != "startup")
    assert (np.linalg.eigvalsh(fit.covariance) > 0).all()
    assert fit.rows == len(dict(groups(name[0]))[name[1:]])


def all_constants():
    fits = {name: operation_fit.fit(*name) for name in FITTED}
    return {name: (fit.mean.tolist(), fit.covariance.tolist(), fit.scatter) for name, fit in fits.items()}


def test_judging_rows_never_enter_a_fit(data, refit):
    before = all_constants()
    rescale(data / "network.csv", lambda rows: rows.role == "validate", 10)
    refit()
    assert all_constants() == before


def test_calibrating_rows_do(data, refit):
    before = all_constants()
    rescale(data / "network.csv", lambda rows: (rows.role == "calibrate") & (rows.kind != "spec"), 0.8)
    refit()
    assert all_constants()[FITTED[0]] != before[FITTED[0]]


def rows_of(name):
    return lambda rows: (rows.system == name[1]) & (rows.software == name[2]) & (rows.role == "calibrate")


@pytest.mark.parametrize("name", [RICH[0], RICH[-1]], ids="-".join)
def test_a_fit_without_a_pair_uses_no_row_of_it(data, refit, name):
    with_it, without = operation_fit.fit(*name), operation_fit.fit_without(*name)
    rescale(data / "network.csv", rows_of(name), 5)
    refit()
    again = operation_fit.fit_without(*name)
    assert again.mean.tolist() == without.mean.tolist()
    assert again.covariance.tolist() == without.covariance.tolist()
    assert again.scatter == without.scatter
    assert again.rows == 0
    assert operation_fit.fit(*name).mean.tolist() != with_it.mean.tolist()


def test_a_pair_without_rows_gets_what_the_others_found():
    fit = operation_fit.fit("all_to_all_time", "hgx-b200", "pooled", "dispatch")
    others = [operation_fit.fit(*name).constants()["startup"] for name in FITTED if name[0] == "all_to_all_time"]
    assert fit.rows == 0
    assert min(others) < fit.constants()["startup"] < max(others)
    own = operation_fit.fit(*RICH[0])
    assert fit.standard_errors["startup"] > own.standard_errors["startup"]


def test_softwares_are_those_with_rows_in_the_order_of_the_table():
    rows = operation_fit.measured("all_to_all_time", "calibrate")
    for system in rows.system.unique():
        assert list(operation_fit.softwares(system)) == list(dict.fromkeys(rows[rows.system == system].software))
    assert operation_fit.softwares("hgx-b200") == ()
