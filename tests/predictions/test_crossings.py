"""Where curves meet a target: roots, jumps, holes and summits that are known beforehand are found, from any side."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.predictions.crossings import Places, boundary, crossings, edges, merged, outward, refined, straight, summit


def test_a_root_a_jump_and_a_hole_are_found_to_the_last_digit():
    def curve(x):
        return np.where(x < 3, x**2 - 2, np.where(x < 5, -1.0, np.where(x < 7, np.nan, 1.0)))

    fails, meets = np.array([1.0, 4.0, 4.0, 6.0]), np.array([2.0, 2.0, 8.0, 7.5])
    found = boundary(curve, fails, meets)
    assert found == pytest.approx([np.sqrt(2), 3, 7, 7], rel=1e-14)
    assert (curve(found) >= 0).all()


def test_of_a_level_at_the_target_the_last_place_is_found():
    def curve(x):
        return np.where(x < 3, np.where(x < 2, 1.0, 0.0), -1.0)

    assert boundary(curve, np.array([9.0]), np.array([1.0])) == pytest.approx([3], rel=1e-14)
    assert boundary(lambda x: -curve(x), np.array([1.0]), np.array([9.0])) == pytest.approx([2], rel=1e-14)


def test_of_whole_numbers_the_last_that_meets_is_found():
    found = boundary(lambda x: x**2 - 1e6, np.array([1.0, 900.0]), np.array([1e9, 5000.0]), whole=True)
    assert list(found) == [1000, 1000]
    assert list(boundary(lambda x: 1e6 - x**2, np.array([1e9]), np.array([1.0]), whole=True)) == [1000]


def test_both_sides_of_a_summit_between_two_places_are_found():
    def curve(x):
        return 1e-4 - (x - 2.5) ** 2

    places = np.arange(1.0, 6.0)
    top = summit(curve, places, curve(places), False)
    assert top == pytest.approx(2.5, rel=1e-4)
    places = np.sort(np.append(places, top))
    found = crossings(curve, places, curve(places), False)
    assert [each.place for each in found] == pytest.approx([2.49, 2.51], rel=1e-9)
    assert [each.upward for each in found] == [True, False]
    whole = np.array([1.0, 100.0, 10_000.0])
    assert summit(lambda x: -((x - 777) ** 2), whole, -((whole - 777) ** 2), True) == 777


def test_lines_close_in_on_a_root_in_few_questions_and_on_a_jump_in_more():
    asked = []

    def curve(x):
        asked.append(x)
        return np.log(x) - 1

    found = straight(curve, (2.5, float(np.log(2.5) - 1)), (3.0, float(np.log(3) - 1)), 1e-5)
    assert found == pytest.approx(np.e, rel=1e-5) and found >= np.e and len(asked) <= 5
    found = straight(lambda x: np.where(x < 7, -1.0, 3.0), (1.0, -1.0), (9.0, 3.0), 1e-5)
    assert 7 <= found <= 7 * (1 + 1e-5)


def test_a_root_is_found_again_close_by_and_not_where_it_moved_far():
    def curve(x):
        return x - 10.0

    assert refined(curve, 10.3, True, (1.0, 100.0), False, 1e-6) == pytest.approx(10, rel=1e-6)
    assert refined(lambda x: -curve(x), 9.0, False, (1.0, 100.0), False, 1e-6) == pytest.approx(10, rel=1e-6)
    assert refined(lambda x: -curve(x), 11.0, True, (100.0, 1.0), False, 1e-6) == pytest.approx(10, rel=1e-6)
    assert refined(curve, 9.0, True, (1.0, 100.0), True, 1e-6) == 10
    assert refined(curve, 20.0, True, (1.0, 100.0), False, 1e-6) is None


def test_what_lies_beside_the_outermost_hole_is_seen():
    def curve(x):
        return np.where(x < 2.75, x, np.nan)

    grid = np.arange(6.0)
    places, values = edges(curve, grid, grid[:3], curve(grid[:3]), False)
    assert places[-1] == values[-1] == pytest.approx(2.75, rel=1e-8)


def test_a_grid_has_both_ends_and_of_counts_the_round_ones():
    for places in (Places(0.0, 1e7), Places(0.01, 0.999999), Places(1.0, 16.0), Places(2.0, 1e9, True)):
        grid = places.grid(257)
        assert (grid[0], grid[-1]) == (places.low, places.high)
        assert (np.diff(grid) > 0).all() and len(grid) < 2 * 257
    assert {2, 3, 8, 48, 72, 144, 384, 576, 16384} <= set(grid) and (grid == np.round(grid)).all()
    assert Places(0.0, 1.0).grid(257)[-2] > 1 - 1e-12  # where shares are interesting, too


# Grids.


def test_places_lie_equally_far_apart_in_per_cent_and_shares_as_close_to_one_as_to_zero():
    grid = Places(0.5, 200.0).grid(65)
    assert len(grid) == 65 and grid[1:] / grid[:-1] == pytest.approx(np.full(64, 400 ** (1 / 64)), rel=1e-9)
    shares = Places(0.0, 1.0).grid(64)
    assert shares + shares[::-1] == pytest.approx(np.ones(len(shares)), abs=1e-15)
    assert shares[2:32] / shares[1:31] == pytest.approx(np.full(30, shares[2] / shares[1]), rel=1e-9)
    assert len(shares) == 65 and shares[32] == 0.5
    assert Places(0.0, 1e6).grid(65)[1] == pytest.approx(1e-9)  # a logarithm has no zero


@pytest.mark.parametrize(
    ("low", "high", "most"), [(1.0, 1e9, 257), (3.0, 17.0, 65), (100.0, 1000.0, 17), (1.0, 2.0, 5)]
)
def test_whole_places_have_few_bits_and_fill_each_doubling_alike(low, high, most):
    places = Places(low, high, True)
    grid = places.grid(most)
    assert (grid[0], grid[-1]) == (low, high)
    assert len(grid) == high - low + 1 or most / 2 < len(grid) <= 2 * most + 2
    doublings = [grid[(grid >= 2**k) & (grid < 2 ** (k + 1))] for k in range(int(np.log2(high)) + 1)]
    inner = [each for k, each in enumerate(doublings) if low < 2**k and 2 ** (k + 1) < high and each.size]
    for k in range(int(np.ceil(np.log2(low))), int(np.log2(high))):
        assert 2.0**k in grid
    assert len({len(each) for each in inner if len(each) < each[0]}) <= 1  # as many in each that has room for more
    bits = [np.log2(each[0]) for each in inner]
    assert bits == sorted(bits)


# Crossings.


def wave(x):
    """Return a curve that meets its target from 1 to 2, from 3 to 4 and so on."""
    return -np.sin(np.pi * np.asarray(x, float))


def test_every_crossing_of_a_wave_is_found_with_its_side():
    places = np.linspace(0.3, 6.7, 23)
    found = crossings(wave, places, wave(places), False)
    assert [each.place for each in found] == pytest.approx([1, 2, 3, 4, 5, 6], rel=1e-12)
    assert [each.upward for each in found] == [True, False] * 3
    assert all(wave(each.place) >= 0 for each in found)
    assert crossings(wave, places[:2], wave(places[:2]), False) == []


@given(st.floats(1.5, 900.0), st.booleans(), st.booleans())
def test_the_last_place_that_meets_is_found_from_either_side(root, rises, whole):
    def curve(x):
        return (x - root) * (1 if rises else -1)

    ends = np.array([[1.0, 1000.0]]).T
    fails, meets = ends if rises else ends[::-1]
    (place,) = boundary(curve, fails, meets, whole)
    expected = (np.ceil(root) if rises else np.floor(root)) if whole else root
    assert place == pytest.approx(expected, rel=1e-12) and curve(place) >= 0


def test_nothing_between_no_places_and_no_question_is_asked():
    assert len(boundary(None, np.array([]), np.array([]))) == 0


def test_a_boundary_to_a_precision_is_within_it_and_takes_fewer_questions():
    asked = {0.0: 0, 1e-3: 0}
    for precision in asked:

        def curve(x, precision=precision):
            asked[precision] += 1
            return np.where(x < np.pi, -1.0, x**7)

        (place,) = boundary(curve, np.array([1.0]), np.array([50.0]), False, precision)
        assert np.pi <= place <= np.pi * (1 + 1.01 * precision + 1e-14)
    assert asked[1e-3] < asked[0.0]


def test_a_hole_does_not_meet_and_ends_a_range_of_whole_numbers():
    def curve(x):
        return np.where(x < 8, 1.0, np.nan)

    assert boundary(curve, np.array([100.0]), np.array([1.0]), whole=True).tolist() == [7]
    assert boundary(curve, np.array([100.0]), np.array([1.0])) == pytest.approx([8], rel=1e-14)


def test_both_ends_of_what_can_be_asked_are_found_and_only_there():
    def curve(x):
        return np.where((x >= 1.25) & (x <= 3.5), x, np.nan)

    grid = np.arange(-2.0, 8.0)
    places, values = edges(curve, grid, np.array([2.0, 3.0]), np.array([2.0, 3.0]), False)
    assert places == pytest.approx([1.25, 2, 3, 3.5], rel=1e-8) and values.tolist() == places.tolist()
    places, _ = edges(curve, 10 * grid, np.array([20.0, 30.0]), np.array([2.0, 3.0]), True)
    assert places.tolist() == [20, 30]  # the curve is asked at ten times as much, where it is not
    whole, _ = edges(lambda x: curve(x / 10), 10 * grid, np.array([20.0, 30.0]), np.array([2.0, 3.0]), True)
    assert whole.tolist() == [13, 20, 30, 35]
    everywhere, _ = edges(lambda x: x, grid, grid, grid, False)
    assert everywhere.tolist() == grid.tolist()


def test_places_are_joined_in_order_and_none_is_asked_twice():
    asked = []

    def curve(x):
        asked.extend(x.tolist())
        return 10 * x

    places, values = merged(curve, np.array([1.0, 3.0]), np.array([10.0, 30.0]), np.array([3.0, 2.0, 0.5]))
    assert places.tolist() == [0.5, 1, 2, 3] and values.tolist() == [5, 10, 20, 30] and asked == [0.5, 2]
    places, values = merged(None, np.array([1.0, 3.0]), np.array([10.0, 30.0]), np.array([3.0]))
    assert places.tolist() == [1, 3] and values.tolist() == [10, 30]


def test_a_summit_on_a_place_stays_there_and_holes_are_lower_than_all():
    places = np.array([1.0, 2.0, 4.0, 8.0])

    def spike(x):
        return np.where(x == 4, 5.0, np.where(x > 5, np.nan, -1.0))

    assert summit(spike, places, np.array([-1.0, -1.0, 5.0, -1.0]), False) == 4
    assert summit(spike, places, np.array([-1.0, -1.0, 5.0, -1.0]), True) == 4
    ends = np.array([1.0, 4.0, 9.0])  # the best at an end: between it and its only neighbour
    for top in (1.5, 8.5):

        def tent(x, top=top):
            return -abs(x - top)

        assert summit(tent, ends, tent(ends), False) == pytest.approx(top, rel=1e-4)
        assert summit(tent, ends, tent(ends), True) in (np.floor(top), np.ceil(top))


# Ends of an interval.


@given(st.floats(12.0, 900.0), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 20))
def test_an_end_lies_where_the_second_curve_meets_the_target(root, meeting, up, whole, step):
    """Beyond the place, up or down, the second curve begins to meet the target at the root, or ceases to."""
    ladder = np.array([20.0, 60.0, 100.0, 300.0, 1000.0])
    root, start, ladder = (root, 10.0, ladder) if up else (1e4 / root, 1e3, 1e4 / ladder)

    def curve(x):
        return (x - root) * (1 if meeting == up else -1)

    for precision in (0.0, 1e-4):
        place, ended = outward(curve, start, ladder, meeting, whole, precision, step)
        expected = (np.ceil(root) if meeting == up else np.floor(root)) if whole else root
        assert ended and curve(place) >= 0
        assert place == pytest.approx(expected, rel=max(precision, 1e-9))


def test_an_end_is_the_start_where_it_meets_there_and_the_last_place_where_it_never_turns():
    ladder = np.array([2.0, 3.0, 5.0])
    assert outward(lambda x: 0 * x, 1.0, ladder, True, False, 0.0, 2) == (1.0, True)
    assert outward(lambda x: 0 * x - 1, 1.0, ladder, True, False, 0.0, 2) == (5.0, False)
    assert outward(lambda x: 0 * x, 1.0, ladder, False, False, 0.0, 2) == (5.0, False)
    assert outward(lambda x: 0 * x - 1, 1.0, ladder[:0], True, False, 0.0, 2) == (1.0, False)
    assert outward(lambda x: 0 * x + np.nan, 1.0, ladder, True, False, 0.0, 1) == (5.0, False)  # holes do not meet


@pytest.mark.parametrize("away", [1.04, 1.2])
@pytest.mark.parametrize("limits", [(1.0, 100.0), (100.0, 1.0)])
@pytest.mark.parametrize("meeting", [True, False])
def test_a_root_within_a_quarter_is_found_again_from_either_side(away, limits, meeting):
    def curve(x):
        return (x - 40.0) * (1 if meeting == (limits[0] < limits[1]) else -1)

    for near in (40 / away, 40 * away):
        assert refined(curve, near, meeting, limits, False, 1e-6) == pytest.approx(40, rel=1e-6)
        assert refined(curve, near, meeting, limits, True, 0.0) == 40
        assert refined(curve, near, not meeting, limits, False, 1e-6) is None
    assert refined(curve, 40 * 1.4, meeting, limits, False, 1e-6) is None


def test_no_place_beyond_the_limits_is_asked_again():
    asked = []

    def curve(x):
        asked.extend(x.tolist())
        return x - 10.4

    assert refined(curve, 10.0, True, (9.9, 10.5), False, 1e-6) == pytest.approx(10.4, rel=1e-6)
    assert min(asked) >= 9.9 and max(asked) <= 10.5
    assert refined(lambda x: x - 2.5, 2.0, True, (1.0, 9.0), True, 0.0) == 3  # of small counts the next one
    assert refined(lambda x: x - 3.5, 2.0, True, (1.0, 9.0), True, 0.0) is None  # and no other


def test_lines_never_leave_the_bracket_and_what_bends_is_halved():
    asked = []

    def curve(x):
        asked.append(float(x[0]))
        return np.sign(x - 7.0) * abs(x - 7.0) ** 9

    found = straight(curve, (1.0, float(curve(np.array([1.0]))[0])), (90.0, float(curve(np.array([90.0]))[0])), 1e-6)
    assert 7 <= found <= 7 * (1 + 1e-6) and all(1 <= each <= 90 for each in asked) and len(asked) < 50
    downward = straight(lambda x: 7 - x, (90.0, -83.0), (1.0, 6.0), 1e-6)
    assert 7 * (1 - 1e-6) <= downward <= 7
