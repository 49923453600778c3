"""Fits: known constants are found again, one bad row does not move them, and judging rows never enter."""

import numpy as np
import pandas as pd
import pytest

from model.machine import collectives, operation_fit, step_fit
from model.numbers import catalog
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


def test_all_systems_share_at_most_two_constants_of_a_step():
    fit = step_fit.fit()
    assert len(fit.names) <= 2
    assert 0 < fit.constants()["roofline_efficiency"] < 1
    assert fit.rows == len(step_fit.points("calibrate")) >= 2


def rewrite(path, pick, factor):
    """Multiply value and bounds of the rows that pick chooses."""
    rows = pd.read_csv(path, dtype="string", keep_default_na=False)
    chosen = pick(rows) & (rows.value != "")
    assert chosen.any()
    for column in ("value", "low", "high"):
        change = chosen & (rows[column] != "")
        rows.loc[change, column] = (pd.to_numeric(rows.loc[change, column]) * factor).astype("string")
    rows.to_csv(path, index=False)
    catalog._checked.cache_clear()


def all_constants():
    fits = {name: operation_fit.fit(*name) for name in FITTED}
    fits["step"] = step_fit.fit()
    return {name: (fit.mean.tolist(), fit.covariance.tolist(), fit.scatter) for name, fit in fits.items()}


def test_judging_rows_never_enter_a_fit(data, refit):
    before = all_constants()
    for table in ("network", "serving"):
        rewrite(data / f"{table}.csv", lambda rows: rows.role == "validate", 10)
    refit()
    assert all_constants() == before


@pytest.mark.parametrize(
    ("table", "changed"), [("network", FITTED[0]), ("serving", "step")], ids=["network", "serving"]
)
def test_calibrating_rows_do(data, refit, table, changed):
    before = all_constants()
    rewrite(data / f"{table}.csv", lambda rows: (rows.role == "calibrate") & (rows.kind != "spec"), 0.8)
    refit()
    assert all_constants()[changed] != before[changed]


def rows_of(name):
    return lambda rows: (rows.system == name[1]) & (rows.software == name[2]) & (rows.role == "calibrate")


@pytest.mark.parametrize("name", [RICH[0], RICH[-1]], ids="-".join)
def test_a_fit_without_a_pair_uses_no_row_of_it(data, refit, name):
    with_it, without = operation_fit.fit(*name), operation_fit.fit_without(*name)
    rewrite(data / "network.csv", rows_of(name), 5)
    refit()
    again = operation_fit.fit_without(*name)
    assert again.mean.tolist() == without.mean.tolist()
    assert again.covariance.tolist() == without.covariance.tolist()
    assert again.scatter == without.scatter
    assert again.rows == 0
    assert operation_fit.fit(*name).mean.tolist() != with_it.mean.tolist()


def test_a_step_without_a_system_uses_no_row_of_it(data, refit):
    system = step_fit.points("calibrate").system.iloc[0]
    before = step_fit.fit(system)
    pick = {"serving": lambda rows: (rows.system == system) & (rows.role == "calibrate")}
    rewrite(data / "serving.csv", pick["serving"], 0.5)
    refit()
    assert step_fit.fit(system).mean.tolist() == before.mean.tolist()
    assert step_fit.fit().mean.tolist() != before.mean.tolist()


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


# A fit that follows an assumption.


@pytest.fixture(scope="module")
def recorded():
    """Return the overhead of a layer: least, chosen, between, most, s."""
    table = {side: catalog.load("assumptions", side) for side in ("low", "value", "high")}
    least, chosen, most = (rows.layer_overhead["kernels"] for rows in table.values())
    return least, chosen, (chosen + most) / 2, most


def test_the_fitted_efficiency_follows_the_recorded_overhead_of_a_layer(recorded):
    overhead = np.array(recorded)[:, None]
    efficiency, more = np.exp(step_fit.follow(overhead).mean)
    assert (np.diff(efficiency, axis=0) > 0).all()  # what a layer spends for nothing, the rest must make up
    assert (more > 0).all()
    ends = [step_fit.fit(None, each).constants()["roofline_efficiency"] for each in (recorded[0], recorded[-1])]
    assert efficiency[[0, -1], 0] == pytest.approx(ends, rel=1e-7)
    between = step_fit.fit(None, recorded[1]).constants()["roofline_efficiency"]
    assert efficiency[1, 0] == pytest.approx(between, rel=0.02)


def test_without_draws_the_chosen_overhead_is_the_one_fitted(recorded):
    assert step_fit.fit(None, recorded[1]).mean == pytest.approx(step_fit.fit().mean, rel=1e-6)
