"""Pooling: published utilisations, the recurrence, the many-server limit, simulated queues, and packing by hand."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws import pooling
from model.notation.equation import compute
from model.notation.nomenclature import (
    blocking,
    mean_wait,
    offered_load,
    pool,
    service_time,
    staffing_margin,
    stranded_share,
    utilisation,
    waiting_probability,
)
from model.simulations import queues

GOLDEN = [(1, 0.20), (8, 0.65), (48, 0.85), (72, 0.88), (384, 0.95)]


@pytest.mark.parametrize(("servers", "expected"), GOLDEN)
def test_utilisation_where_a_fifth_of_demands_waits(servers, expected):
    share = pooling.utilisation_at(servers, 0.2)
    assert round(share, 2) == expected
    assert float(pooling.waiting(servers, share * servers)) == pytest.approx(0.2, rel=1e-9)


def by_recurrence(servers, load):
    """Return Erlang's C by the recurrence of the law itself, server by server."""
    lost = 1.0
    for number in range(1, servers + 1):
        lost = compute(pooling.queue[blocking].rhs, {"offered_load": load, "blocking_fewer": lost, "pool": number})
    point = {"blocking": lost, "utilisation": load / servers}
    return compute(pooling.queue[waiting_probability].rhs, point)


@pytest.mark.parametrize("servers", [1, 2, 8, 72, 384, 3_000])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.99])
def test_the_closed_form_is_the_recurrence_summed_up(servers, share):
    assert float(pooling.waiting(servers, share * servers)) == pytest.approx(
        by_recurrence(servers, share * servers), rel=1e-8, abs=1e-200
    )


@given(st.floats(0.001, 0.999))
def test_one_server_is_waited_for_as_often_as_it_works(share):
    assert float(pooling.waiting(1, share)) == pytest.approx(share)


def test_two_servers_have_their_textbook_form():
    share = np.linspace(0.1, 0.9, 9)
    assert pooling.waiting(2, 2 * share) == pytest.approx(2 * share**2 / (1 + share))


@given(st.integers(1, 500), st.floats(0.05, 0.97))
def test_larger_pools_make_fewer_demands_wait_and_more_load_makes_more(servers, share):
    now = float(pooling.waiting(servers, share * servers))
    assert 0 <= now < 1
    assert float(pooling.waiting(servers + 1, share * (servers + 1))) <= now
    assert float(pooling.waiting(servers, (share + 0.02) * servers)) >= now


def test_limits_of_the_queue():
    assert pooling.waiting(5, np.array([0.0, 5.0, 7.0])).tolist() == [0, 1, 1]
    wait = pooling.queue[mean_wait].rhs
    assert sp.simplify(wait.subs({pool: 1, waiting_probability: offered_load})) == sp.simplify(
        offered_load * service_time / (1 - offered_load)
    )


def test_square_root_staffing_is_the_limit_of_many_servers():
    """At one margin the error of the limit falls about as one over the square root of the load."""
    margin = 1.0
    limit = compute(pooling.staffing[waiting_probability].rhs, {"staffing_margin": margin})
    errors = []
    for servers in (100, 400, 1_600, 6_400):
        load = ((-margin + np.sqrt(margin**2 + 4 * servers)) / 2) ** 2
        assert compute(pooling.staffing[pool].rhs, {"offered_load": load, "staffing_margin": margin}) == pytest.approx(
            servers
        )
        errors.append(abs(float(pooling.waiting(servers, load)) - limit))
    assert np.array(errors[:-1]) / errors[1:] == pytest.approx(2, rel=0.15)


def test_without_margin_everybody_waits():
    law = pooling.staffing[waiting_probability].rhs
    assert law.subs(staffing_margin, 0) == 1
    assert float(law.subs(staffing_margin, 6)) < 1e-7


@pytest.mark.parametrize(("servers", "share"), [(1, 0.5), (8, 0.65), (48, 0.85), (48, 0.7)])
def test_simulated_queues_agree(servers, share):
    waited, error = queues.simulate_queue(servers, share * servers, 150_000, seed=3)
    assert abs(waited - pooling.waiting(servers, share * servers)) <= 4 * error
    assert error < 0.02


# Fragmentation.


@pytest.mark.parametrize(("size", "job", "percent"), [(384, 320, 16.7), (72, 48, 33.3), (8, 8, 0), (384, 16, 0)])
def test_what_one_size_of_job_strands(size, job, percent):
    frame = pd.DataFrame({"domain": [size], "job_devices": [job]})
    assert round(100 * pooling.fragmentation.evaluate(stranded_share, frame).iloc[0], 1) == percent


def test_a_job_larger_than_its_domain_is_refused():
    with pytest.raises(ValueError, match="job_devices"):
        pooling.fragmentation.evaluate(stranded_share, pd.DataFrame({"domain": [8], "job_devices": [9]}))


@given(st.integers(1, 400), st.integers(1, 400))
def test_less_than_half_of_a_domain_is_ever_stranded_by_one_size(one, other):
    frame = pd.DataFrame({"domain": [max(one, other)], "job_devices": [min(one, other)]})
    assert 0 <= pooling.fragmentation.evaluate(stranded_share, frame).iloc[0] < 0.5


def test_packing_of_equal_jobs_is_the_law():
    share, error = queues.packed_stranded(384, 384 * 320, [320], 3, seed=0)
    assert share == pytest.approx(1 - 320 / 384)
    assert error == 0


@pytest.mark.parametrize(
    ("free", "size", "expected"),
    [
        ([3, 8, 8], 2, [(0, 2)]),
        ([3, 8, 8], 4, [(1, 4)]),
        ([3, 8, 8], 18, [(1, 8), (2, 8), (0, 2)]),
        ([3, 8, 8], 20, None),
        ([1, 1, 1], 2, None),
        ([0, 7, 7], 8, None),
    ],
)
def test_first_fit_by_hand(free, size, expected):
    assert queues.place(np.array(free), 8, size) == expected


def test_drawn_jobs_ask_for_equal_device_time_of_each_size():
    sizes = [1, 4, 16]
    jobs = queues.draw_jobs(sizes, 300_000, np.random.default_rng(0))
    assert 299_900 < jobs.sum() <= 300_000
    shares = [jobs[jobs == each].sum() / jobs.sum() for each in sizes]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.01)
    assert (np.diff(jobs) <= 0).all()


def test_jobs_of_one_size_that_divides_its_domain_leave_nothing_idle():
    share, _ = queues.simulate_stranded(8, 800, [8], 2_000, seed=0)
    assert share == pytest.approx(0)
    share, _ = queues.simulate_stranded(8, 800, [5], 2_000, seed=0)
    assert share == pytest.approx(3 / 8)


def test_one_pool_strands_less_than_any_domains():
    sizes, found = [16, 32, 72, 144, 160], {}
    for each in (72, 384, 4_608):
        found[each] = queues.simulate_stranded(each, 4_608, sizes, 8_000, seed=1)
    whole = found.pop(4_608)
    for share, error in found.values():
        assert share > whole[0] + 4 * np.hypot(error, whole[1])


def test_a_seed_gives_the_same_and_another_one_agrees_within_the_error():
    first, error = queues.simulate_stranded(72, 4_608, [16, 32, 72], 8_000, seed=1)
    assert queues.simulate_stranded(72, 4_608, [16, 32, 72], 8_000, seed=1)[0] == first
    second, other = queues.simulate_stranded(72, 4_608, [16, 32, 72], 8_000, seed=2)
    assert first != second
    assert abs(first - second) <= 5 * np.hypot(error, other)


def test_a_pool_is_used_by_as_much_as_is_offered_to_each():
    assert compute(pooling.queue[utilisation].rhs, {"offered_load": 30.0, "pool": 40.0}) == 0.75
