"""Two tiers of network: what must hold at the ends, in between, and where the tiers meet."""

import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws.two_tiers import meeting_domain, one_tier, two_tier
from model.machine.collectives import local_ranks
from model.notation.equation import Equation, Model, compute
from model.notation.nomenclature import (
    domain,
    inner_share,
    inner_time,
    outer_time,
    parallel_time,
    ranks,
    scale_out_bandwidth,
    scale_up_bandwidth,
    serial_time,
    startup,
    volume,
)

MEETING = meeting_domain()


def is_same(one, other):
    return sp.simplify(one - other) == 0


def limits(laws):
    """Return which limits of a balanced exchange over two tiers the laws keep to."""
    inner, outer = laws.solve(inner_time), laws.solve(outer_time)
    return {
        "a domain of one sends nothing inside": inner.subs(domain, 1) == 0,
        "a domain of one is one slow tier": is_same(outer.subs(domain, 1), volume / scale_out_bandwidth),
        "a domain of all sends nothing outside": outer.subs(domain, ranks) == 0,
        "a domain of all is one fast tier": is_same(inner.subs(domain, ranks), volume / scale_up_bandwidth),
        "many ranks make the domain pointless": sp.limit(outer, ranks, sp.oo) == volume / scale_out_bandwidth,
        "many ranks leave nothing inside": sp.limit(inner, ranks, sp.oo) == 0,
        "bytes are conserved": is_same(inner * scale_up_bandwidth + outer * scale_out_bandwidth, volume),
        "a domain barely helps until it nears the group": is_same(
            domain * outer.diff(domain) / outer, domain / (domain - ranks)
        ),
    }


@pytest.mark.parametrize("limit", limits(two_tier))
def test_limits(limit):
    assert limits(two_tier)[limit]


@pytest.mark.parametrize(
    ("equation", "broken"),
    [
        (Equation(inner_share, domain / ranks), "a domain of one is one slow tier"),
        (Equation(inner_share, (ranks - domain) / (ranks - 1)), "a domain of all sends nothing outside"),
        (Equation(inner_time, inner_share * volume / scale_out_bandwidth), "a domain of all is one fast tier"),
        (
            Equation(outer_time, (1 - inner_share) * volume / scale_up_bandwidth),
            "many ranks make the domain pointless",
        ),
        (Equation(outer_time, inner_share * volume / scale_out_bandwidth), "bytes are conserved"),
        (
            Equation(outer_time, volume * (ranks - domain) ** 2 / (ranks - 1) ** 2 / scale_out_bandwidth),
            "a domain barely helps until it nears the group",
        ),
    ],
    ids=["share of ranks", "share swapped", "slow inside", "fast outside", "counted twice", "squared"],
)
def test_limits_see_a_law_whose_units_are_right_and_which_is_wrong(equation, broken):
    laws = [equation if each.lhs == equation.lhs else each for each in two_tier.equations]
    assert not limits(Model(tuple(laws), two_tier.assumptions))[broken]


def test_the_elasticity_is_that_of_the_paper_and_pencil():
    assert is_same(two_tier.elasticity(outer_time, domain), domain / (domain - ranks))
    assert two_tier.elasticity(outer_time, domain).subs({domain: 8, ranks: 64}) == -sp.Rational(1, 7)


def test_the_tiers_meet_where_both_take_equally_long():
    expected = (scale_out_bandwidth + scale_up_bandwidth * ranks) / (scale_out_bandwidth + scale_up_bandwidth)
    assert is_same(MEETING, expected)
    assert is_same(*(two_tier.solve(time).subs(domain, MEETING) for time in (inner_time, outer_time)))
    assert is_same(MEETING.subs(scale_up_bandwidth, scale_out_bandwidth), (ranks + 1) / 2)
    assert sp.limit(MEETING, scale_up_bandwidth, sp.oo) == ranks


sizes = st.integers(2, 100_000).flatmap(lambda most: st.tuples(st.just(most), st.integers(1, most)))
rates = st.floats(1e8, 1e13)


def point(size, up, out, sent=1e6):
    return {
        "ranks": size[0],
        "domain": size[1],
        "volume": sent,
        "scale_up_bandwidth": up,
        "scale_out_bandwidth": out,
    }


@given(sizes, rates, rates)
def test_transfers_at_once_and_in_turn_are_at_most_a_factor_two_apart(size, up, out):
    columns = point(size, up, out)
    at_once, in_turn, inner, outer = (
        compute(two_tier.solve(each), columns) for each in (parallel_time, serial_time, inner_time, outer_time)
    )
    assert max(inner, outer) == pytest.approx(at_once, rel=1e-12)
    assert at_once * (1 - 1e-12) <= in_turn <= 2 * at_once * (1 + 1e-12)


@given(sizes.filter(lambda size: size[1] < size[0]), rates, rates)
def test_a_larger_domain_takes_from_the_outer_tier_and_gives_to_the_inner(size, up, out):
    small, large = point(size, up, out), point((size[0], size[1] + 1), up, out)
    inner, outer = two_tier.solve(inner_time), two_tier.solve(outer_time)
    assert compute(outer, large) < compute(outer, small)
    assert compute(inner, large) > compute(inner, small)


@given(sizes.filter(lambda size: size[1] < size[0]), rates, st.floats(1, 100))
def test_a_larger_domain_helps_up_to_the_meeting_point_and_not_beyond(size, out, ratio):
    columns = point(size, out * ratio, out)
    time = two_tier.solve(parallel_time)
    meeting = compute(MEETING, columns)
    before, after = compute(time, columns), compute(time, columns | {"domain": size[1] + 1})
    if size[1] + 1 <= meeting:
        assert after < before
    elif size[1] >= meeting:
        assert after > before * (1 - 1e-12)


REFUSED = {"one rank": (1, 1), "less than one device": (8, 0.5), "a domain larger than the group": (8, 9)}


@pytest.mark.parametrize("size", REFUSED.values(), ids=REFUSED)
def test_no_answer_outside_the_region(size):
    with pytest.raises(ValueError, match="fails for"):
        two_tier.evaluate(outer_time, pd.DataFrame([point(size, 1e9, 1e9)]))


@pytest.mark.parametrize(("size", "waits"), [((2, 1), 1e-2), ((2, 2), 1e-3)], ids=["two domains", "one domain"])
def test_two_ranks_are_the_fewest_and_send_all_over_one_tier(size, waits):
    found = two_tier.evaluate(parallel_time, pd.DataFrame([point(size, 1e9, 1e8)]))
    assert found.tolist() == pytest.approx([waits], rel=1e-12)


def test_half_the_bandwidth_is_reached_where_bytes_take_as_long_as_the_start():
    time = one_tier.solve(parallel_time)
    half = startup * scale_out_bandwidth  # Hockney's n_1/2
    assert is_same(half / time.subs(volume, half), scale_out_bandwidth / 2)
    assert sp.limit(volume / time, volume, sp.oo) == scale_out_bandwidth
    assert time.subs(volume, 0) == startup


@given(st.integers(1, 100_000), st.integers(1, 10_000))
def test_ranks_fill_as_few_domains_as_hold_them_evenly(group, size):
    local = local_ranks(group, size)
    domains = group / local
    assert local <= min(group, size) * (1 + 1e-12)
    assert domains == pytest.approx(-(-group // size), rel=1e-12)
