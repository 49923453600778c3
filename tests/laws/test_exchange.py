"""Expert parallelism's exchange: published bounds, limits, and volumes counted copy by copy."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws.exchange import (
    all_to_all,
    layer_bound,
    limited_routing,
    merged_copies,
    random_routing,
    throughput,
    unmerged_copies,
)
from model.machine import collectives
from model.machine.scenario import Scenario
from model.notation.equation import compute
from model.notation.nomenclature import (
    all_to_all_time,
    copies,
    distinct,
    inner_volume,
    layer_exchange_time,
    outer_copies,
    outer_volume,
    package_ranks,
    payload,
    ranks,
    step_exchange_time,
    tokens,
)
from model.notation.units import size
from model.numbers import catalog
from model.numbers.facts import Facts
from model.simulations.routing import simulate_copies, simulate_gate

# DeepSeek's bound (ISCA 2025, section 2.3.2) is exact arithmetic: each figure holds to its last printed digit.

BOUND = {"bytes_per_element": 1, "tokens": 32, "copies": 9, "hidden": 7000, "layers": 61}


@pytest.mark.parametrize(
    ("network", "target", "printed", "unit", "digit"),
    [
        (50e9, layer_exchange_time, 120.96, "us", 0.01),
        (50e9, step_exchange_time, 14.76, "ms", 0.01),
        (900e9, layer_exchange_time, 6.72, "us", 0.01),
        (900e9, step_exchange_time, 0.82, "ms", 0.01),
    ],
)
def test_the_bound_is_the_published_one(network, target, printed, unit, digit):
    time = compute(layer_bound.solve(target), BOUND | {"scale_out_bandwidth": network}) / size(unit)
    assert abs(time - printed) <= digit / 2


def test_data_holds_the_published_bound():
    rows = catalog.chosen("serving").set_index(["set", "quantity"])
    assert rows.loc[("deepseek-bound-ib", "layer_exchange_time"), "value"] == 120.96
    assert rows.loc[("deepseek-bound-nvl72", "time_per_output_token"), "value"] == 0.82


# How many places a token visits.


def random_visits(experts, topk, destinations, draws, rng):
    """Return, for each draw of topk of all experts, how many of the destinations hold one of them."""
    chosen = np.argsort(rng.random((draws, experts)), axis=1)[:, :topk] // (experts // destinations)
    return np.array([len(set(row)) for row in chosen])


def limited_visits(experts, topk, destinations, limit, draws, rng):
    """Return the same where the router first draws `limit` destinations, then experts among theirs."""
    open_places = np.argsort(rng.random((draws, destinations)), axis=1)[:, :limit]
    score = np.where(
        (np.arange(experts) // (experts // destinations) == open_places[:, :, None]).any(axis=1),
        rng.random((draws, experts)),
        2,
    )
    chosen = np.argsort(score, axis=1)[:, :topk] // (experts // destinations)
    return np.array([len(set(row)) for row in chosen])


def assert_is_mean(value, sample, errors=4):
    assert abs(value - sample.mean()) <= errors * sample.std(ddof=1) / np.sqrt(len(sample))


CASES = [(256, 8, 8), (256, 8, 32), (64, 6, 4), (128, 1, 16), (16, 2, 16)]


@pytest.mark.parametrize(("experts", "topk", "destinations"), CASES)
def test_random_routing_visits_as_many_places_as_sampling_finds(experts, topk, destinations):
    expected = compute(random_routing.solve(distinct), {"experts": experts, "topk": topk, "destinations": destinations})
    assert_is_mean(expected, random_visits(experts, topk, destinations, 4000, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("experts", "topk", "destinations", "limit"), [(256, 8, 8, 4), (256, 8, 8, 2), (64, 6, 8, 3), (160, 6, 16, 5)]
)
def test_limited_routing_visits_as_many_places_as_sampling_finds(experts, topk, destinations, limit):
    columns = {"experts": experts, "topk": topk, "destinations": destinations, "place_limit": limit}
    expected = compute(limited_routing.solve(distinct), columns)
    assert_is_mean(expected, limited_visits(experts, topk, destinations, limit, 4000, np.random.default_rng(0)))
    assert expected < limit


def test_deepseek_v3_visits_fewer_than_its_four_servers():
    columns = {"experts": 256, "topk": 8, "destinations": 8, "place_limit": 4}
    assert compute(limited_routing.solve(distinct), columns) == pytest.approx(3.63, abs=0.005)


def test_the_limits_of_routing():
    law = random_routing.solve(distinct)
    for number, k in [(256, 8), (60, 4)]:
        at = {"experts": number, "topk": k}
        assert compute(law, at | {"destinations": 1}) == pytest.approx(1)  # one place holds all
        assert compute(law, at | {"destinations": number}) == pytest.approx(k)  # each expert has its own
        assert compute(law, at | {"destinations": 4, "topk": 1}) == pytest.approx(1)  # one expert, one place
        assert compute(law, at | {"destinations": 4, "topk": number}) == pytest.approx(4)  # all of them, all places
        free = compute(limited_routing.solve(distinct), at | {"destinations": 4, "place_limit": 4})
        assert free == pytest.approx(compute(law, at | {"destinations": 4}))  # a limit that does not bind


def test_merging_never_sends_more():
    columns = {"topk": np.array([8, 8, 8, 1]), "ranks": np.array([2, 8, 64, 4])}
    assert compute(merged_copies.rhs, columns).tolist() == [2, 8, 8, 1]
    assert compute(unmerged_copies.rhs, columns).tolist() == [8, 8, 8, 1]


# What travels.


def test_every_copy_goes_somewhere():
    inner, outer = all_to_all.solve(inner_volume), all_to_all.solve(outer_volume)
    sent = all_to_all.solve(tokens * copies * payload)
    assert sp.simplify(inner + outer.subs(outer_copies, copies) + sent * package_ranks / ranks - sent) == 0


@pytest.mark.parametrize(
    ("group", "local", "package"), [(16, 8, 1), (32, 8, 2), (8, 8, 1), (64, 4, 4), (8, 1, 1), (64, 64, 2)]
)
def test_volumes_are_those_of_copies_counted_one_by_one(group, local, package):
    point = {"tokens": 1, "copies": 8, "outer_copies": 8, "hidden": 1, "bytes_per_element": 1, "scale_bytes": 0}
    point |= {"ranks": group, "local_ranks": local, "package_ranks": package}
    counted = simulate_copies(group, local, package, experts=256, topk=8, tokens=4000 // group, seed=3)
    for volume, (mean, error) in zip((inner_volume, outer_volume), counted, strict=True):
        assert abs(compute(all_to_all.solve(volume), point) - mean) <= 4 * error + 1e-12


def test_merged_copies_under_random_routing_are_the_distinct_ranks():
    (inner, inner_error), (outer, outer_error) = simulate_copies(16, 8, 1, 256, 8, 500, seed=4, merged=True)
    expected = compute(random_routing.solve(distinct), {"experts": 256, "topk": 8, "destinations": 16})
    assert abs(inner - expected * 7 / 16) <= 4 * inner_error
    assert abs(outer - expected * 8 / 16) <= 4 * outer_error


def test_one_copy_for_each_domain_is_one_for_each_domain_visited():
    domains = 8
    _, (counted, error) = simulate_copies(domains, 1, 1, 256, 8, 500, seed=5, merged=True)
    visited = compute(random_routing.solve(distinct), {"experts": 256, "topk": 8, "destinations": domains})
    point = {"tokens": 1, "outer_copies": visited, "hidden": 1, "bytes_per_element": 1, "scale_bytes": 0}
    point |= {"ranks": 8 * domains, "local_ranks": 8}
    assert abs(compute(all_to_all.solve(outer_volume), point) - counted) <= 4 * error
    assert visited < 8  # fewer than one for each expert


def test_experts_that_cannot_be_spread_evenly_are_refused():
    with pytest.raises(ValueError, match="7 ranks do not divide 256 experts"):
        simulate_copies(7, 1, 1, 256, 8, 1, 0)


@pytest.mark.parametrize(("set_", "width"), [("cm384-message", 1), ("cm384-message-bf16", 2)])
def test_cloudmatrix_sends_the_published_message(set_, width):
    """Padded to 7,680 B with INT8, 14,336 B with BF16 (Zuo et al., fused operators)."""
    rows = {"ranks": np.array([64.0]), "tokens": np.array([128.0]), "hidden": np.array([7168.0])}
    rows |= {"topk": np.array([8.0]), "bytes_per_element": np.array([float(width)])}
    columns = collectives.all_to_all_columns(Facts("systems", "cloudmatrix384"), Facts("software", "cann-ep"), rows)
    published = catalog.chosen("serving").set_index("set").loc[set_, "value"]
    assert compute(all_to_all.solve(payload), columns).item() == published


# How long it takes.

TIME = all_to_all.solve(all_to_all_time)


def at(**changed):
    point = {"tokens": 128, "copies": 8, "outer_copies": 8, "hidden": 7168, "bytes_per_element": 1, "scale_bytes": 0}
    point |= {
        "ranks": 64,
        "local_ranks": 8,
        "package_ranks": 1,
        "inner_efficiency": 0.8,
        "outer_efficiency": 0.9,
        "startup": 2e-5,
        "topk": 8,
        **{"growth": 0.0, "merging": 0.0, "handled_copies": 0.0},
    }
    point |= {"crossings": 2, "scale_out_latency": 4e-6, "scale_up_bandwidth": 450e9, "scale_out_bandwidth": 50e9}
    return point | changed


@given(st.floats(1, 1e5), st.floats(1.0001, 100), st.sampled_from([8, 64]))
def test_more_tokens_take_longer_and_at_most_in_proportion(load, factor, local):
    few, many = (
        compute(TIME, at(tokens=load, local_ranks=local)),
        compute(TIME, at(tokens=load * factor, local_ranks=local)),
    )
    assert few < many <= few * factor * (1 + 1e-12)


@given(st.integers(1, 64), st.sampled_from([4, 8, 72]), st.floats(2, 50))
def test_more_domains_take_longer_where_the_network_is_half_as_fast_or_less(domains, local, ratio):
    def time(number):
        return compute(
            TIME,
            at(
                ranks=number * local,
                local_ranks=local,
                scale_up_bandwidth=50e9 * ratio,
                inner_efficiency=0.9,
                crossings=2 * (number > 1),
            ),
        )

    assert time(domains + 1) >= time(domains) * (1 - 1e-12)


def test_one_domain_does_not_ask_the_network():
    inside = at(ranks=8, local_ranks=8, crossings=0)
    assert compute(TIME, inside) == compute(TIME, inside | {"scale_out_bandwidth": 1.0, "scale_out_latency": 1.0})


def test_very_many_ranks_send_all_bytes_out():
    limit = 2e-5 + 2 * 4e-6 + 128 * 8 * 7168 / (0.9 * 50e9)
    assert compute(TIME, at(ranks=1e9)) == pytest.approx(limit, rel=1e-6)


def test_a_rank_by_itself_and_a_domain_larger_than_the_group_are_refused():
    for wrong in ({"ranks": 1, "local_ranks": 1}, {"ranks": 4}, {"local_ranks": 1, "package_ranks": 2}):
        with pytest.raises(ValueError, match="all_to_all_time: .* fails"):
            collectives.time("all_to_all_time", {key: np.array(value) for key, value in at(**wrong).items()}, {})


def test_sampled_copies_agree_with_the_volumes_of_the_law():
    (inner, inner_error), (outer, outer_error) = simulate_copies(64, 8, 1, 256, 8, tokens=64, seed=1)
    assert abs(inner - 8 * 7 / 64) < 4 * inner_error
    assert abs(outer - 8 * 56 / 64) < 4 * outer_error


def test_a_gate_that_follows_scores_visits_more_servers_than_one_that_draws_them():
    visited, error = simulate_gate(8, 4, 256, 8, tokens=4000, seed=1)
    assert 3.63 + 4 * error < visited <= 4


def test_start_up_is_a_power_of_ranks_and_of_merged_copies():
    few, many = (compute(TIME, at(ranks=n, local_ranks=n, tokens=1e-9, crossings=0, growth=0.5)) for n in (8, 32))
    assert few == pytest.approx(2e-5, rel=1e-6)
    assert many == pytest.approx(4e-5, rel=1e-6)
    merged = compute(TIME, at(ranks=8, local_ranks=8, tokens=1e-9, crossings=0, copies=2, merging=0.5))
    assert merged == pytest.approx(1e-5, rel=1e-6)


def test_a_rank_alone_in_its_package_still_handles_its_tokens():
    inside = at(ranks=2, local_ranks=2, package_ranks=2, crossings=0, handled_copies=3)
    assert compute(TIME, inside) == pytest.approx(2e-5 + 128 * 7168 * 3 / (0.8 * 450e9))


@given(st.integers(8, 512), st.floats(0, 1), st.floats(0.1, 10))
def test_more_ranks_never_exchange_faster_over_one_network(number, growth, handled):
    def time(ranks):
        return compute(TIME, at(ranks=ranks, local_ranks=ranks, crossings=0, growth=growth, handled_copies=handled))

    assert time(number + 1) >= time(number) * (1 - 1e-12)


# Kernels for many tokens.

EXPERTS = {"experts": 256.0, "topk": 8.0, "hidden": 7168.0}


def many_tokens(system, number, width, tokens=4096.0):
    rows = {"ranks": np.array([float(number)]), "tokens": np.array([tokens])}
    rows |= {name: np.array([value]) for name, value in EXPERTS.items()} | {"bytes_per_element": np.array([width])}
    scenario = Scenario(system)
    software = scenario.software("all_to_all_time", "deepep-throughput")
    columns = collectives.all_to_all_columns(scenario.system, software, rows)
    constants = scenario.constants("all_to_all_time", software.name, "dispatch")
    return columns, collectives.time("all_to_all_time", columns, constants)[0]


def test_copies_for_servers_and_ranks_are_those_visited_one_by_one():
    columns, _ = many_tokens("hgx-h800", 64, 1.0)  # eight servers, of which a token visits four
    rng = np.random.default_rng(0)
    servers = np.argsort(rng.random((3000, 8)), axis=1)[:, :4]
    score = np.where((np.arange(256) // 32 == servers[:, :, None]).any(axis=1), rng.random((3000, 256)), 2)
    chosen = np.argsort(score, axis=1)[:, :8]
    assert_is_mean(columns["domain_copies"][0], np.array([len(set(row // 32)) for row in chosen]))
    assert_is_mean(columns["rank_copies"][0], np.array([len(set(row // 4)) for row in chosen]))


@pytest.mark.parametrize(("width", "published"), [(1.0, 0.49e-3), (2.0, 0.90e-3)])
def test_many_tokens_on_a_server_that_no_fit_saw_take_what_was_measured(width, published):
    """Eight H20, 4,096 tokens: within the factor of 1.3 that the study asks of itself."""
    _, time = many_tokens("hgx-h20", 8, width)
    assert published / 1.3 < time < published * 1.3


def test_software_for_many_tokens_refuses_few_and_is_never_taken_unasked():
    with pytest.raises(ValueError, match="tokens >= tokens_least fails"):
        many_tokens("hgx-h800", 16, 1.0, tokens=128.0)
    for system in ("hgx-h100", "hgx-h800", "hgx-h20", "hgx-b300"):
        assert Scenario(system).software("all_to_all_time").name != "deepep-throughput"
    with pytest.raises(ValueError, match="give the number of experts"):
        facts = Facts("systems", "hgx-h20"), Facts("software", "deepep-throughput")
        one = np.array([8.0])
        collectives.all_to_all_columns(
            *facts, {"ranks": one, "tokens": one, "hidden": one, "topk": one, "bytes_per_element": one}
        )


def test_one_server_does_not_ask_the_cards():
    law, point = throughput.solve(all_to_all_time), {"tokens": 4096, "hidden": 7168, "bytes_per_element": 1}
    point |= {"scale_bytes": 0, "ranks": 8, "local_ranks": 8, "rank_copies": 5.3, "domain_copies": 0}
    point |= {"inner_efficiency": 0.5, "outer_efficiency": 1, "scale_up_bandwidth": 1e9, "scale_out_bandwidth": 1e-9}
    assert compute(law, point) == pytest.approx(4096 * 7168 * 5.3 * 7 / 8 / 0.5e9)
