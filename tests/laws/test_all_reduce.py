"""All-reduce: limits, messages counted one by one, and the measured dependence on the number of ranks."""

from itertools import combinations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws.all_reduce import all_reduce, bus, ring
from model.machine import collectives, operation_fit
from model.machine.scenario import Scenario
from model.notation.equation import compute
from model.notation.nomenclature import (
    all_reduce_time,
    bus_bandwidth,
    inner_time,
    message,
    outer_time,
    ranks,
    scale_out_bandwidth,
    startup,
)
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.predictions.network import all_reduce_time as predicted_time

RING = ring.solve(all_reduce_time)
SIZE, RATE = 96.0, 4.0  # bytes, bytes per second


def test_a_ring_of_one_sends_nothing():
    assert RING.subs(ranks, 1) == startup


def test_a_long_ring_sends_the_buffer_twice():
    assert sp.limit(RING, ranks, sp.oo) == startup + 2 * message / scale_out_bandwidth


def ring_of_messages(number):
    """All-reduce numbers by a ring, step by step; return (buffers afterwards, bytes that each rank sent)."""
    buffers = np.random.default_rng(0).integers(0, 100, (number, number)).astype(float)  # a chunk for each rank
    total = buffers.sum(axis=0)
    sent, everyone = np.zeros(number), np.arange(number)
    for gather in (False, True):
        for step in range(number - 1):
            chunk = (everyone - step + gather) % number
            moving = buffers[everyone, chunk]
            target = (everyone + 1) % number
            buffers[target, chunk] = moving if gather else buffers[target, chunk] + moving
            sent += SIZE / number
    assert (buffers == total).all(), "not reduced"
    return sent


@pytest.mark.parametrize("number", [2, 3, 4, 8, 16])
def test_a_ring_sent_message_by_message_takes_as_long(number):
    point = {"ranks": number, "message": SIZE, "scale_out_bandwidth": RATE, "startup": 0}
    assert ring_of_messages(number) / RATE == pytest.approx(compute(RING, point), rel=1e-12)


def switch_of_messages(number):
    """Reduce and multicast in a switch, part by part; return the bytes that a rank sends and that it receives."""
    sent, received = np.zeros(number), np.zeros(number)
    for owner in range(number):
        sent += SIZE / number  # the switch reads every rank's operand of this part and adds
        received[owner] += SIZE / number  # the owner gets the sum
        sent[owner] += SIZE / number  # and writes it back once
        received += SIZE / number  # the switch hands it to everybody
    return sent, received


def hierarchy(**changed):
    point = {"message": SIZE, "startup": 0, "scale_out_latency": 0, "inner_efficiency": 1, "outer_efficiency": 1}
    point |= {"scale_up_bandwidth": 10 * RATE, "scale_out_bandwidth": RATE, "serial_share": 0}
    return point | {"ranks": 8, "local_ranks": 8, "in_switch": 0, "parts": 1, "message_share": 1} | changed


@pytest.mark.parametrize("number", [2, 4, 8, 72])
def test_a_switch_that_reduces_moves_the_bytes_counted_one_by_one(number):
    time = compute(all_reduce.solve(inner_time), hierarchy(ranks=number, local_ranks=number, in_switch=1))
    for moved in switch_of_messages(number):
        assert moved / (10 * RATE) == pytest.approx(time, rel=1e-12)


@pytest.mark.parametrize("number", [2, 4, 8])
def test_a_domain_without_such_a_switch_is_a_ring(number):
    time = compute(all_reduce.solve(inner_time), hierarchy(ranks=number, local_ranks=number))
    assert ring_of_messages(number) / (10 * RATE) == pytest.approx(time, rel=1e-12)


@pytest.mark.parametrize(("domains", "local"), [(2, 8), (4, 4), (8, 2)])
def test_between_domains_each_rank_reduces_its_own_part(domains, local):
    time = compute(all_reduce.solve(outer_time), hierarchy(ranks=domains * local, local_ranks=local))
    assert ring_of_messages(domains) / local / RATE == pytest.approx(time, rel=1e-12)


def test_one_domain_does_not_ask_the_network():
    law = all_reduce.solve(all_reduce_time)
    assert compute(law, hierarchy()) == compute(law, hierarchy(scale_out_bandwidth=1e-9, scale_out_latency=1e9))
    assert compute(law, hierarchy()) == pytest.approx(2 * 7 / 8 * SIZE / (10 * RATE))


def test_domains_of_one_are_a_flat_ring():
    point = hierarchy(ranks=16, local_ranks=1)
    assert compute(all_reduce.solve(all_reduce_time), point) == pytest.approx(compute(RING, point))


def test_a_reducing_switch_halves_the_inner_bytes_of_many_ranks():
    many = {"ranks": 1e6, "local_ranks": 1e6}
    law = all_reduce.solve(inner_time)
    assert compute(law, hierarchy(**many, in_switch=1)) / compute(law, hierarchy(**many)) == pytest.approx(
        0.5, rel=1e-5
    )


@given(st.integers(1, 64), st.sampled_from([2, 8, 72]), st.floats(0, 1), st.floats(0, 1))
def test_tiers_take_at_least_the_longer_and_at_most_both(domains, local, in_switch, overlap):
    point = hierarchy(ranks=domains * local, local_ranks=local, in_switch=in_switch, serial_share=overlap)
    inner, outer, both = (compute(all_reduce.solve(each), point) for each in (inner_time, outer_time, all_reduce_time))
    assert max(inner, outer) * (1 - 1e-12) <= both <= (inner + outer) * (1 + 1e-12)


def test_more_domains_take_longer():
    times = [
        compute(all_reduce.solve(all_reduce_time), hierarchy(ranks=8 * n, scale_out_latency=1)) for n in range(1, 64)
    ]
    assert (np.diff(times) > 0).all()


# nccl-tests' convention.


def test_the_bus_bandwidth_of_a_ring_is_its_wire_rate():
    at_once = RING.subs(startup, 0)
    assert sp.simplify(sp.solve(bus.solve(all_reduce_time) - at_once, bus_bandwidth)[0] - scale_out_bandwidth) == 0


def test_measured_bus_bandwidth_becomes_the_time_that_was_measured():
    rows = operation_fit.measured("all_reduce_time")
    written = catalog.chosen("network").loc[rows.index]
    by_bus = written.quantity == "bus_bandwidth"
    assert 10 < by_bus.sum() < len(rows)
    algorithm_bandwidth = written.value / (2 * (written.ranks - 1) / written.ranks)  # as nccl-tests documents it
    assert rows.time[by_bus].to_numpy() == pytest.approx((written.bytes / algorithm_bandwidth / 1e9)[by_bus].to_numpy())
    assert rows.time[~by_bus].lt(1).all()


def by_number_of_ranks(name):
    rows = operation_fit.measured("all_reduce_time")
    return rows[rows.set == name].set_index("ranks").time


def test_time_falls_with_ranks_as_measured_on_h200():
    measured = by_number_of_ranks("bekman-ranks-h200")
    assert len(measured) == 5
    law = {
        number: compute(all_reduce.solve(inner_time), hierarchy(ranks=number, local_ranks=number, in_switch=1))
        for number in measured.index
    }
    for few, many in combinations(measured.index, 2):
        assert law[few] / law[many] == pytest.approx(measured[few] / measured[many], rel=0.03)


def test_a_ring_alone_would_not_explain_that():
    measured = by_number_of_ranks("bekman-ranks-h200")
    alone = [compute(RING, {"ranks": n, "message": 1, "scale_out_bandwidth": 1, "startup": 0}) for n in (4, 8)]
    assert abs(alone[0] / alone[1] / (measured[4] / measured[8]) - 1) > 0.2


def test_a_group_smaller_than_its_domain_is_refused():
    with pytest.raises(ValueError, match="all_reduce_time: ranks >= local_ranks fails"):
        collectives.time("all_reduce_time", hierarchy(ranks=4), {})


def alone(name):
    return operation_fit._alone(operation_fit.Basis("all_reduce_time"))[name, "nccl", "all_reduce"]


@pytest.mark.parametrize("name", ["hgx-h100", "hgx-h200"])
def test_seventy_two_ranks_start_up_nine_times_as_long_as_eight(name):
    """Two fits that know nothing of each other find the same start-up time for a part of the message."""
    rack, server = alone("gb200-nvl72"), alone(name)
    unsure = np.hypot(rack.standard_errors["startup"], server.standard_errors["startup"])
    assert abs(np.log(rack.constants()["startup"] / server.constants()["startup"])) < 2 * unsure


def test_four_ranks_of_a_rack_follow_from_all_seventy_two():
    rows = operation_fit.measured("all_reduce_time", "validate")
    rows = rows[(rows.system == "gb200-nvl72") & (rows.ranks == 4)]
    assert len(rows) == 3
    assert predicted("gb200-nvl72", 4, rows.bytes) == pytest.approx(rows.time.to_numpy(), rel=0.25)


# Small messages.

MEASURED = operation_fit.measured("small_all_reduce_time")


def predicted(system, number, sizes):
    rows = {"ranks": np.full(len(sizes), float(number)), "bytes": np.asarray(sizes, dtype=float)}
    return predicted_time(Scenario(system), {}, rows)


@pytest.mark.parametrize("system", ["hgx-h100", "hgx-h200", "hgx-b200", "gb200-nvl72", "cloudmatrix384"])
@pytest.mark.parametrize("number", [2, 8, 64])
def test_a_larger_message_never_takes_less_time_and_no_size_jumps(system, number):
    times = predicted(system, number, np.geomspace(512, 2**34, 400))
    assert (np.diff(times) >= 0).all()
    assert (times[1:] / times[:-1] < np.geomspace(512, 2**34, 400)[1] / 512 * 1.001).all()


def test_a_small_message_takes_as_long_as_the_fastest_and_slowest_benchmarks_allow():
    for system, rows in MEASURED.groupby("system"):
        tiny = rows[rows.bytes <= 32_768]
        (time,) = predicted(system, tiny.ranks.iloc[0], [8192])
        assert 0.9 * tiny.time.min() < time < 1.6 * tiny.time.max()


def test_a_large_message_runs_the_protocol_for_large_ones():
    rows = {"ranks": np.array([8.0]), "bytes": np.array([2.0**33])}
    scenario = Scenario("hgx-h100")
    software = scenario.software("all_reduce_time")
    columns = collectives.all_reduce_columns(scenario.system, software, rows)
    alone = collectives.time(
        "all_reduce_time", columns, scenario.constants("all_reduce_time", software.name, "all_reduce")
    )
    assert predicted("hgx-h100", 8, [2.0**33]) == pytest.approx(alone)


def test_sizes_of_a_set_fit_and_judge_in_turn():
    for name, rows in MEASURED.groupby("set"):
        roles = list(rows.sort_values("bytes").role)
        assert roles == (["calibrate", "validate"] * len(roles))[: len(roles)], name


@pytest.mark.parametrize("system", ["hgx-h100", "hgx-b200", "gb200-nvl72", "cloudmatrix384"])
@pytest.mark.parametrize("size", [512.0, 2.0**20, 2.0**22, 2.0**26])
def test_more_ranks_of_a_domain_never_make_a_small_message_faster(system, size):
    times = [predicted(system, number, [size])[0] for number in (2, 4, 8)]
    if size < 2**26:  # large ones fall where switches add: a rank then also writes its part back
        assert (np.diff(times) >= 0).all()
    assert max(times) <= 4 * min(times)  # what is in proportion to the ranks grows no faster than they


@pytest.mark.parametrize("system", ["hgx-h100", "gb200-nvl72", "atlas-950-superpod"])
def test_in_no_draw_does_the_protocol_for_small_messages_carry_large_ones(system):
    scenario = Scenario(system, Sampler(500, 0))
    rows = {"ranks": np.array([8.0, 64.0]), "bytes": np.array([2.0**33, 2.0**33])}
    large, small = collectives.reduce_times(scenario, scenario.software("all_reduce_time"), rows)
    assert (large < small).all()


def test_small_messages_rest_on_one_constant_of_their_own():
    for (system, software, op), rows in MEASURED.groupby(operation_fit.GROUP):
        fit = operation_fit.fit("small_all_reduce_time", system, software, op)
        assert fit.names == ("startup",)
        assert fit.rows == (rows.role == "calibrate").sum()


def test_rows_below_the_limit_fit_the_one_protocol_and_the_rest_the_other():
    large = operation_fit.measured("all_reduce_time")
    assert MEASURED.bytes.max() < operation_fit.LIMIT <= large.bytes.min()
    assert {"calibrate", "validate"} == set(MEASURED.role)
