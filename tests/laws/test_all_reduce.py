"""All-reduce: limits, messages counted one by one, and the measured dependence on the number of ranks."""

from itertools import combinations

import numpy as np
import pytest
import sympy as sp

from model.laws.all_reduce import all_gather, all_reduce, bus, reduce_scatter, ring, ring_reduce, small_ring, small_tree
from model.machine import collectives, operation_fit
from model.machine.scenario import Scenario
from model.notation.equation import compute
from model.notation.nomenclature import (
    all_gather_time,
    all_reduce_time,
    bus_bandwidth,
    inner_time,
    message,
    outer_time,
    ranks,
    reduce_scatter_time,
    scale_out_bandwidth,
    startup,
    tree_crossings,
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


def point(**changed):
    numbers = {
        "message": SIZE,
        "startup": 0,
        "tree_hop": 0,
        "ring_hop": 0,
        "flag_hop": 0,
        "outer_efficiency": 1,
        "waiting": 0,
    }
    numbers |= {"switch_share": 1, "switch_efficiency": 1, "ring_efficiency": 1, "message_share": 1, "uplink": 8}
    numbers |= {"scale_up_bandwidth": 10 * RATE, "scale_out_bandwidth": RATE, "ranks": 8, "local_ranks": 8}
    return numbers | changed


WAYS = {"switches": all_reduce, "ring": ring_reduce, "small ring": small_ring, "small tree": small_tree}
each_way = pytest.mark.parametrize("law", WAYS.values(), ids=WAYS)


@pytest.mark.parametrize("number", [2, 4, 8, 72])
def test_a_switch_that_reduces_moves_the_bytes_counted_one_by_one(number):
    time = compute(all_reduce.solve(inner_time), point(ranks=number, local_ranks=number))
    for moved in switch_of_messages(number):
        assert moved / (10 * RATE) == pytest.approx(time, rel=1e-12)


@pytest.mark.parametrize("number", [2, 4, 8])
def test_a_ring_over_a_domain_sends_the_messages_counted_one_by_one(number):
    time = compute(ring_reduce.solve(inner_time), point(ranks=number, local_ranks=number))
    assert ring_of_messages(number) / (10 * RATE) == pytest.approx(time, rel=1e-12)


def two_trees(domains):
    """Return how often the busiest domain sends the buffer up or down, over two trees that carry half of it each.

    In one tree every other domain is a leaf, the other is shifted by one domain, so that those are not.
    """
    sends = np.zeros(domains)
    for shift in (0, 1):
        for node in range(1, domains + 1):
            bit = node & -node
            parent = (node ^ bit) | (bit << 1)
            parent = parent if parent <= domains else node ^ bit
            if parent:
                sends[(node + shift) % domains] += 0.5  # its sum goes up
                sends[(parent + shift) % domains] += 0.5  # the result comes down
    return sends.max()


def test_two_trees_send_once_between_two_domains_and_at_most_twice():
    crossings = [compute(all_reduce.solve(tree_crossings), {"ranks": 8 * n, "local_ranks": 8}) for n in (1, 2, 3, 4, 9)]
    assert crossings == [0, 1, 1.5, 2, 2]
    assert two_trees(2) == 1
    assert {two_trees(n) for n in range(4, 64, 2)} <= {1.5, 2}


@pytest.mark.parametrize("levels", [1, 2, 3, 6])
def test_a_small_sum_climbs_each_level_of_a_tree_once_and_comes_down(levels):
    domains, climbed = 2**levels, 0
    while domains > 1:  # each pair of domains hands its sum to one of the two
        domains, climbed = domains / 2, climbed + 1
    nothing = point(ranks=8 * 2**levels, message=0, startup=5, flag_hop=3)
    assert compute(small_tree.solve(all_reduce_time), nothing) == pytest.approx(5 + 2 * 3 * climbed)


@each_way
def test_one_domain_does_not_ask_the_network(law):
    time = law.solve(all_reduce_time)
    far = point(scale_out_bandwidth=1e-9, tree_hop=1e9, ring_hop=1e9, flag_hop=1e9)
    assert compute(time, point()) == compute(time, far)


@each_way
def test_more_domains_take_longer(law):
    hops = dict.fromkeys(("tree_hop", "ring_hop", "flag_hop"), 1)
    times = [compute(law.solve(all_reduce_time), point(ranks=8 * n, **hops)) for n in range(1, 64)]
    assert (np.diff(times) > 0).all()


@each_way
def test_the_longer_tier_is_the_time_of_the_transfers(law):
    for domains in (1, 2, 5):
        numbers = point(ranks=8 * domains)
        inner, outer, both = (compute(law.solve(each), numbers) for each in (inner_time, outer_time, all_reduce_time))
        assert both == pytest.approx(max(inner, outer))


@pytest.mark.parametrize(("law", "target"), [(all_gather, all_gather_time), (reduce_scatter, reduce_scatter_time)])
def test_a_half_takes_half_of_a_ring(law, target):
    numbers = point(ranks=24, startup=3, ring_hop=0.1)
    assert 2 * compute(law.solve(target), numbers) == pytest.approx(
        compute(ring_reduce.solve(all_reduce_time), numbers)
    )


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


def test_a_half_s_convention_counts_its_bytes_once():
    for quantity in ("all_gather_time", "reduce_scatter_time"):
        rows = operation_fit.measured(quantity)
        written = catalog.chosen("network").loc[rows.index]
        expected = (written.ranks - 1) / written.ranks * written.bytes / (written.value * 1e9)
        assert rows.time.to_numpy() == pytest.approx(expected.to_numpy())


def by_number_of_ranks(name):
    rows = operation_fit.measured("all_reduce_time")
    return rows[rows.set == name].set_index("ranks").time


def test_time_falls_with_ranks_as_measured_on_h200():
    measured = by_number_of_ranks("bekman-ranks-h200")
    assert len(measured) == 5
    law = {n: compute(all_reduce.solve(inner_time), point(ranks=n, local_ranks=n)) for n in measured.index}
    for few, many in combinations(measured.index, 2):
        assert law[few] / law[many] == pytest.approx(measured[few] / measured[many], rel=0.03)


def test_a_ring_alone_would_not_explain_that():
    measured = by_number_of_ranks("bekman-ranks-h200")
    alone = [compute(RING, {"ranks": n, "message": 1, "scale_out_bandwidth": 1, "startup": 0}) for n in (4, 8)]
    assert abs(alone[0] / alone[1] / (measured[4] / measured[8]) - 1) > 0.2


def test_a_group_smaller_than_its_domain_is_refused():
    with pytest.raises(ValueError, match="ring_all_reduce_time: ranks >= local_ranks fails"):
        collectives.time(collectives.RING, point(ranks=4), {})


def test_three_domains_of_four_take_what_was_measured_without_a_fit_of_theirs():
    """GB200 cut into three partitions, reduction in switches off: a ring through all, and two trees between rings."""
    rows = operation_fit.measured("all_reduce_time")
    ringed = rows[rows.set == "nccl-partitions-gb200-ring"].iloc[0]
    scenario = Scenario("gb200-nvl72", changes={"domain": 4.0})
    software = scenario.facts("software", "nccl-ring")
    inputs = {"ranks": np.array([float(ringed.ranks)]), "bytes": np.array([float(ringed.bytes)])}
    columns = collectives.all_reduce_columns(scenario.system, software, inputs)
    constants = scenario.constants("all_reduce_time", software.name, "all_reduce")
    assert collectives.time(collectives.RING, columns, constants)[0] == pytest.approx(ringed.time, rel=0.05)


def test_servers_predict_a_rack():
    rows = operation_fit.measured("all_reduce_time", "validate")
    rows = rows[(rows.system == "gb200-nvl72") & (rows.ranks == 72)]
    assert len(rows) == 5
    assert np.abs(predicted("gb200-nvl72", 72, rows.bytes) / rows.time.to_numpy() - 1).mean() < 0.08


@pytest.mark.parametrize("name", ["hgx-h100", "hgx-h200", "hgx-b200"])
def test_large_messages_of_a_server_follow_from_the_other_machines(name):
    rows = operation_fit.measured("all_reduce_time")
    rows = rows[(rows.system == name) & (rows.software == "nccl") & (rows.ranks == 8) & (rows.bytes >= 2**29)]
    inputs = {"ranks": rows.ranks.to_numpy(float), "bytes": rows.bytes.to_numpy(float)}
    times = predicted_time(Scenario(name, own=False), {}, inputs)
    assert len(rows) >= 5
    assert np.abs(times / rows.time.to_numpy() - 1).mean() < 0.08


@pytest.mark.parametrize("number", [63, 144, 563, 4096])
@pytest.mark.parametrize("size", [2.0**14, 2.0**23, 876e6, 2.0**34])
def test_a_domain_larger_than_a_rack_is_never_slower(number, size):
    inputs = {"ranks": np.array([float(number)]), "bytes": np.array([size])}
    times = [
        predicted_time(Scenario("gb200-nvl72", changes={"domain": float(domain)}), {}, inputs)[0]
        for domain in (72, 144, 300, 576, 1024)
    ]
    assert (np.diff(times) <= 1e-12).all()


def test_groups_are_as_few_as_domains_hold_the_ranks_then_more():
    ranks = np.array([64.0, 563.0, 1440.0])
    found = [ranks / each for each in collectives.groupings(ranks, 576.0, 72.0)]
    assert found[0].tolist() == [1, 1, 3]
    assert found[-1].tolist() == [1, 8, 20]
    assert all((next_ >= each).all() for each, next_ in zip(found, found[1:], strict=False))
    assert len(list(collectives.groupings(ranks, 8.0, 72.0))) == 1


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


def test_sizes_of_a_set_fit_and_judge_in_turn():
    for name, rows in MEASURED[MEASURED.ranks <= 8].groupby("set"):
        roles = list(rows.sort_values("bytes").role)
        assert roles == (["calibrate", "validate"] * len(roles))[: len(roles)], name


@pytest.mark.parametrize("system", ["hgx-h100", "hgx-b200", "gb200-nvl72", "cloudmatrix384"])
@pytest.mark.parametrize("size", [512.0, 2.0**20, 2.0**22, 2.0**26])
def test_more_ranks_of_a_domain_never_make_a_small_message_faster(system, size):
    times = [predicted(system, number, [size])[0] for number in (2, 4, 8)]
    if size < 2**20:  # large ones fall where switches add: a rank then also writes its part back
        assert (np.diff(times) >= 0).all()
    assert max(times) <= 4 * min(times)  # what is in proportion to the ranks grows no faster than they


@pytest.mark.parametrize("system", ["hgx-h100", "gb200-nvl72", "atlas-950-superpod"])
def test_in_no_draw_does_the_protocol_for_small_messages_carry_large_ones(system):
    scenario = Scenario(system, Sampler(500, 0))
    rows = {"ranks": np.array([8.0, 64.0]), "bytes": np.array([2.0**33, 2.0**33])}
    large, small = collectives.reduce_times(scenario, scenario.software("all_reduce_time"), rows)
    assert (large < small).all()


def test_small_messages_rest_on_one_constant_of_their_own():
    for system in MEASURED.system.unique():
        assert operation_fit.fit("small_all_reduce_time", system, "nccl", "all_reduce").names == ("startup",)


def test_rows_below_the_limit_fit_the_one_protocol_and_the_rest_the_other():
    large = operation_fit.measured("all_reduce_time")
    assert MEASURED.bytes.max() < operation_fit.LIMIT <= large.bytes.min()
    assert {"calibrate", "validate"} == set(MEASURED.role)


@pytest.mark.parametrize("law", [all_reduce, ring_reduce], ids=["tree", "ring"])
@pytest.mark.parametrize("better", ["outer_efficiency", "scale_out_bandwidth", "uplink"])
def test_twice_the_rate_between_domains_takes_half_the_time_there(law, better):
    names = sorted(law.inputs(outer_time))
    point = dict.fromkeys(names, 2.0) | {"ranks": 64.0, "local_ranks": 8.0, "outer_efficiency": 0.4}
    once, twice = (
        float(np.ravel(law.answers({**point, better: times * point[better]}, (outer_time,))["outer_time"])[0])
        for times in (1, 2)
    )
    assert once == pytest.approx(2 * twice, rel=1e-12) and twice > 0
