"""Fits: known constants are found again, one bad row does not move them, and judging rows never enter."""

import numpy as np
import pandas as pd
import pytest
from rescaling import rescale
from scipy.stats import norm, t

from model.machine import exchange_fit, measurements, operation_fit, reduce_fit
from model.machine.collectives import LARGE, SMALL, all_reduce_columns, all_to_all_columns, large_reduce_time, time
from model.machine.estimate import EXPONENTS, Prior, few, natural, pooled, solve
from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.numbers.facts import Facts

GROUPS = exchange_fit._groups(exchange_fit.ALL)
REDUCED = ["hgx-h100", "hgx-h200", "hgx-b200"]
FITTED = [("all_to_all_time", *name) for name in GROUPS]
FITTED += [(quantity, system, "nccl", "all_reduce") for quantity in (LARGE, SMALL) for system in REDUCED]
RICH = [("all_to_all_time", *name) for name, rows in GROUPS.items() if len(rows) >= 8]
TRUE = {"startup": 30e-6, "handled_copies": 2.5, "merging": 0.3, "growth": 0.1}
TRUE_REDUCE = {"startup": 90e-6, "switch_share": 0.75, "ring_efficiency": 0.8, "waiting": 0.05}


@pytest.fixture
def synthetic(monkeypatch, refit):
    """Return a function: measured times become the laws' at known constants with 1 % of scatter."""
    original = measurements.measured

    def make(spoil=None):
        rng, made = np.random.default_rng(10), {}

        def measured(quantity, role=None):
            rows = original(quantity, role)
            if role != "calibrate" or quantity not in ("all_to_all_time", LARGE):
                return rows
            if quantity not in made:
                parts = [shift(own, quantity) for _, own in rows.groupby(measurements.GROUP, sort=False)]
                made[quantity] = pd.concat(parts).sort_index()
            return made[quantity]

        def shift(rows, quantity):
            facts = Facts("systems", rows.system.iloc[0]), Facts("software", rows.software.iloc[0])
            if "place_limit" in facts[1]:
                return rows
            inputs = measurements.inputs(rows)
            if quantity == LARGE:
                times = large_reduce_time(*facts, all_reduce_columns(*facts, inputs), TRUE_REDUCE)
            else:
                known = {name: TRUE[name] for name in exchange_fit.fitted_names(facts[1]) if name in TRUE}
                columns = all_to_all_columns(*facts, inputs)
                known["inner_efficiency"] = np.exp(exchange_fit._link(rows.system.iloc[0])[0])
                times = time(quantity, columns, {**columns, **known, "outer_efficiency": 0.93})
            times = times * np.exp(0.01 * rng.standard_normal(len(rows)))
            if tuple(rows[measurements.GROUP].iloc[0]) == spoil:
                times[len(times) // 2] *= 10
            return rows.assign(time=times)

        monkeypatch.setattr(measurements, "measured", measured)
        monkeypatch.setattr(operation_fit, "measured", measured)
        refit()

    return make


def test_enough_fits_are_tested():
    assert len(FITTED) >= 12
    assert len(RICH) >= 8


def test_known_constants_of_exchanges_are_found_again(synthetic):
    synthetic()
    for _, *name in RICH:
        fit = exchange_fit.fit(*name)
        for constant in set(fit.names) & {"startup", "handled_copies", "merging"}:
            miss = fit.mean[fit.names.index(constant)] - natural_mean(constant)
            assert abs(miss) < 4 * fit.standard_errors[constant] + 1e-3, (name, constant)
        assert fit.constants()["startup"] == pytest.approx(TRUE["startup"], rel=0.05)
        assert fit.scatter < 0.03


def natural_mean(constant):
    return TRUE[constant] if constant in EXPONENTS else np.log(TRUE[constant])


def test_known_constants_of_reductions_are_found_again(synthetic):
    synthetic()
    for system in REDUCED:
        fit = reduce_fit.fit(LARGE, system)
        for constant, value in TRUE_REDUCE.items():
            assert fit.constants()[constant] == pytest.approx(value, rel=0.1, abs=0.03), (system, constant)


@pytest.mark.parametrize("name", RICH[:4], ids="-".join)
def test_one_row_ten_times_too_slow_hardly_moves_a_fit(synthetic, name):
    synthetic()
    before = operation_fit.fit(*name)
    exchange_fit.fit.cache_clear()
    synthetic(spoil=tuple(name[1:]))
    after = operation_fit.fit(*name)
    moved = np.abs(after.mean - before.mean)
    assert (moved < 0.15).all(), dict(zip(after.names, moved, strict=True))


@pytest.mark.parametrize("name", FITTED, ids="-".join)
def test_at_most_three_constants_are_a_group_s_own_and_all_are_plausible(name):
    fit = operation_fit.fit(*name)
    shared = {"growth", "outer_efficiency", "inner_efficiency", "waiting"}
    assert len(set(fit.names) - shared) <= 3
    values = fit.constants()
    assert 1e-7 < values["startup"] < 1e-3
    assert 0 <= values.get("growth", 0) < 0.5
    assert all(0.05 < value < 1.2 for key, value in values.items() if key.endswith(("efficiency", "share")))
    assert (np.linalg.eigvalsh(fit.covariance) > 0).all()


def test_a_group_on_few_numbers_of_ranks_does_not_tell_its_growth():
    few = exchange_fit.fit("hgx-b200", "deepep", "combine")
    others = exchange_fit.fit("hgx-b200", "deepep", "combine", own=False)
    i = few.names.index("growth")
    assert few.mean[i] == pytest.approx(others.mean[i], abs=1e-3)
    assert few.covariance[i, i] == pytest.approx(others.covariance[i, i], rel=1e-3)
    many = exchange_fit.fit("hgx-h100", "deepep", "dispatch")
    assert many.standard_errors["growth"] < few.standard_errors["growth"] / 2


def test_below_the_fewest_fitted_ranks_an_interval_widens_with_each_halving():
    """B200's exchanges were measured on eight ranks: at eight and above nothing is added, below as much each time."""
    machine = Scenario("hgx-b200", Sampler(2000, 0))
    fit = exchange_fit.fit("hgx-b200", "deepep", "combine")
    ranks = np.array([64.0, 8.0, 4.0, 2.0])
    width = np.std(np.log(machine.scatter("all_to_all_time", "deepep", "combine", ranks)), axis=0)
    added = machine.facts("priors", "exchange")("fewer_ranks") * np.array([0, 0, 1, 2])
    assert width == pytest.approx(np.hypot(fit.scatter, added), rel=0.01)


def test_a_fit_of_a_straight_line_is_that_of_weighted_least_squares():
    """Second derivation: normal equations with the prior as one more observation of each constant."""
    rng = np.random.default_rng(3)
    matrix = np.column_stack([np.ones(40), np.linspace(0, 1, 40)])
    observed = matrix @ [1.0, 2.0] + 0.02 * rng.standard_normal(40)
    prior = Prior(np.array([0.5, 0.5]), np.diag([1.0, 4.0]))
    mean, covariance, _ = solve(lambda x: matrix @ x, observed, prior, 0.02, given=True)
    information = matrix.T @ matrix / 0.02**2 + np.linalg.inv(prior.covariance)
    expected = np.linalg.solve(
        information, matrix.T @ observed / 0.02**2 + np.linalg.solve(prior.covariance, prior.mean)
    )
    assert (np.abs(mean - expected) < 0.5 * np.sqrt(np.diag(np.linalg.inv(information)))).all()  # far rows count less
    assert np.sqrt(np.diag(covariance)) == pytest.approx(np.sqrt(np.diag(np.linalg.inv(information))), rel=0.3)


def test_values_that_agree_within_their_errors_have_no_spread_of_their_own():
    mean, sd = pooled([1.0, 1.0, 1.0, 1.0], [0.1] * 4)
    assert (mean, sd) == (pytest.approx(1.0), pytest.approx(0.05))
    mean, sd = pooled([0.0, 2.0], [1e-6, 1e-6])
    assert (mean, sd) == (pytest.approx(1.0), pytest.approx(np.sqrt(2 + 1)))


def test_one_value_alone_is_its_own_mean_with_its_own_error():
    assert pooled([2.0], [0.5]) == (2.0, 0.5)  # its weight, 4, is exact: nothing is left over that two might differ by


@pytest.mark.parametrize(("number", "freedom"), [(1, 1), (2, 1), (9, 8)])
def test_few_cases_widen_a_standard_deviation_as_students_points_say(number, freedom):
    assert few(number) == pytest.approx(t(freedom).ppf(0.95) / norm.ppf(0.95), rel=1e-12)


def test_a_fit_that_knows_no_scatter_finds_that_of_its_rows():
    """Forty rows that scatter by a hundredth about a line which their prior puts elsewhere."""
    rng = np.random.default_rng(3)
    matrix = np.column_stack([np.ones(40), np.linspace(-1, 1, 40)])
    observed = matrix @ [1.0, 2.0] + 0.01 * rng.standard_normal(40)
    mean, covariance, scatter = solve(lambda x: matrix @ x, observed, Prior(np.zeros(2), np.diag([0.25, 0.25])))
    assert scatter == pytest.approx(0.01, rel=0.3)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(0.01 / np.linalg.norm(matrix, axis=0), rel=0.3)
    assert mean == pytest.approx([1.0, 2.0], abs=0.01)


def test_exponents_are_not_logarithms():
    assert natural(("growth", "startup"), [-0.2, np.log(3.0)]) == {"growth": 0.0, "startup": pytest.approx(3.0)}


def all_constants():
    fits = {name: operation_fit.fit(*name) for name in FITTED}
    return {name: (fit.mean.tolist(), fit.covariance.tolist(), fit.scatter) for name, fit in fits.items()}


def test_judging_rows_never_enter_a_fit(data, refit):
    before = all_constants()
    rescale(data / "network.csv", lambda rows: rows.role == "validate", 10)
    refit()
    assert all_constants() == before


@pytest.mark.parametrize("changed", [FITTED[0], FITTED[-4]], ids="-".join)
def test_calibrating_rows_do(data, refit, changed):
    before = all_constants()
    rescale(data / "network.csv", lambda rows: (rows.role == "calibrate") & (rows.kind != "spec"), 0.8)
    refit()
    assert all_constants()[changed] != before[changed]


def rows_of(name):
    return lambda rows: (rows.system == name[1]) & (rows.software == name[2]) & (rows.role == "calibrate")


@pytest.mark.parametrize("name", [RICH[0], RICH[-1], FITTED[-4]], ids="-".join)
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
    fit = operation_fit.fit("all_to_all_time", "hgx-h20", "pooled", "dispatch")
    others = [operation_fit.fit(*name).constants()["startup"] for name in FITTED if name[0] == "all_to_all_time"]
    assert fit.rows == 0
    assert min(others) < fit.constants()["startup"] < max(others)
    own = operation_fit.fit(*RICH[0])
    assert fit.standard_errors["startup"] > own.standard_errors["startup"]


def test_a_link_of_which_no_row_says_what_it_achieves_achieves_what_is_specified():
    assert exchange_fit._link("feixing-2") == (0.0, exchange_fit.FLAT)
    achieved, _ = exchange_fit._link("hgx-h100")
    facts = Facts("systems", "hgx-h100")
    assert np.exp(achieved) == pytest.approx(facts("scale_up_achievable") / facts("scale_up_bandwidth"), rel=1e-12)


def test_rows_on_one_number_of_ranks_tell_a_start_and_no_growth():
    one, several = (exchange_fit._alone(None, (name, "deepep", "combine")) for name in ("hgx-b200", "hgx-h100"))
    assert "growth" not in one and {"startup", "growth"} <= several.keys() and "startup" in one
    assert exchange_fit.fit("hgx-h20", "pooled", "dispatch").fewest == 8  # ranks of a server


@pytest.mark.parametrize("name", [*FITTED[:3], FITTED[-1]], ids="-".join)
def test_the_sources_of_a_fit_are_those_of_its_own_rows_and_of_all_where_it_has_none(name):
    quantity, system, software, op = name
    rows = catalog.chosen("network")
    rows = rows[(rows.role == "calibrate") & rows.set.isin(operation_fit.measured(quantity, "calibrate").set)]
    own = rows[(rows.system == system) & (rows.software == software)]
    own = own[own.op == op] if quantity == "all_to_all_time" else own
    assert operation_fit.sources(*name) == frozenset(own.source) < frozenset(rows.source)
    assert operation_fit.sources(quantity, "hgx-h20", "pooled", op) == frozenset(rows.source)


def test_softwares_are_those_with_rows_in_the_order_of_the_table_then_those_for_many_tokens():
    rows = operation_fit.measured("all_to_all_time", "calibrate")
    many = exchange_fit.throughput_softwares()
    assert many == ("deepep-throughput",)
    for system in rows.system.unique():
        own = [name for name in dict.fromkeys(rows[rows.system == system].software) if name not in many]
        assert list(operation_fit.softwares(system)) == [*own, *many]
    assert operation_fit.own_softwares("hgx-h20") == ()
    assert operation_fit.softwares("gb200-nvl72", LARGE)[0] == "nccl"
