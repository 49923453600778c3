"""Where a curve meets a target: crossings, the end of a range about one of them, and the nearest point.

A curve is a function from an array of places to an array of numbers, nan where there is none: a hole, at which it does
not meet the target. It may jump, and places may be whole numbers only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.optimize.elementwise import find_root

LINES = 8  # straight lines that are tried before a bracket is halved
Curve = Callable[[np.ndarray], np.ndarray]
ABOVE = 1e-300  # a gain next to none
SMALLEST = 1e-15  # of the largest place, next to a range that begins at zero: a logarithm has no zero


@dataclass(frozen=True)
class Places:
    """What a curve may be asked at: from low to high, whole numbers only where whole is set."""

    low: float
    high: float
    whole: bool = False

    def grid(self, most: int) -> np.ndarray:
        """Return about `most` places from low to high, each about as far from the last in per cent.

        Whole ones are round, a few bits and zeros, and up to twice as many. Of a share, as close to one as to zero.
        """
        least = max(self.low, SMALLEST * self.high)
        if self.whole:
            octaves = int(np.ceil(np.log2(self.high / least))) + 1
            bits = 2 ** max(int(np.log2(2 * most / octaves)), 1)
            start = int(np.log2(least))
            sizes = np.ravel(np.outer(2.0 ** np.arange(start, start + octaves), 1 + np.arange(bits) / bits))
            inner = sizes[sizes == np.floor(sizes)]
        elif self.high <= 1:
            half = np.geomspace(least, self.high / 2, most // 2)
            inner = np.append(half, self.high - half)
        else:
            inner = np.geomspace(least, self.high, most)
        ends = [self.low, self.high]
        return np.unique(np.append(inner[(inner > self.low) & (inner < self.high)], ends))


@dataclass(frozen=True)
class Crossing:
    """A place where a curve begins to meet a target, or ceases to; it meets it at the place, just.

    upward: it meets the target on the side of larger places.
    """

    place: float
    upward: bool


def boundary(
    gain: Curve, fails: np.ndarray, meets: np.ndarray, whole: bool = False, precision: float = 0.0
) -> np.ndarray:
    """Return for each pair of places, gain below zero at `fails` and not at `meets`, the last that meets between them.

    Whole places: no whole number nearer to `fails` meets, as bisection sees it. Others: to a relative precision, 0 for
    all that floating-point numbers hold. A jump is found as well as a root, and a hole does not meet.
    """
    fails, meets = (np.array(each, float) for each in (fails, meets))
    if not len(fails):
        return meets
    if whole:
        while np.any(open_ := np.abs(meets - fails) > 1):
            middle = np.where(open_, np.floor((fails + meets) / 2), meets)
            good = _solid(gain)(middle) >= 0
            fails, meets = np.where(open_ & ~good, middle, fails), np.where(open_ & good, middle, meets)
        return meets

    def above(places):  # what lies at the target meets it: a root finder would stop anywhere on a level stretch of it
        gains = _solid(gain)(places)
        return np.where(gains == 0, ABOVE, gains)

    found = find_root(above, (fails, meets), tolerances={"xrtol": precision} if precision else None)
    (left, right), (at_left, _) = found.bracket, found.f_bracket
    return np.where(found.f_x >= 0, found.x, np.where(at_left >= 0, left, right))


def _solid(gain):
    """Return a curve without holes: there it fails by as much as makes sense, the whole target."""

    def filled(places):
        return np.nan_to_num(gain(places), nan=-1.0)

    return filled


def edges(
    curve: Curve, grid: np.ndarray, places: np.ndarray, values: np.ndarray, whole: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return places without holes, and values, with the two ends of what the curve can be asked at found more closely.

    grid: all places that were asked. Without the ends a part of the curve beside its outermost holes would go unseen.
    """
    holes = (grid[grid < places[0]][-1:], grid[grid > places[-1]][:1])
    pairs = [(hole[0], end) for hole, end in zip(holes, (places[0], places[-1]), strict=True) if len(hole)]

    def there(at):
        return np.where(np.isfinite(curve(at)), 1.0, -1.0)

    beyond, within = np.reshape(pairs, (-1, 2)).T
    return merged(curve, places, values, boundary(there, beyond, within, whole, 1e-9))


def merged(curve, places, values, more):
    """Return places and values, in order, with more places and what the curve is there."""
    more = np.setdiff1d(more, places)
    if not len(more):
        return places, values
    order = np.argsort(together := np.append(places, more))
    return together[order], np.append(values, curve(more))[order]


def crossings(gain: Curve, places: np.ndarray, gains: np.ndarray, whole: bool) -> list[Crossing]:
    """Return every Crossing between neighbouring places, in order; gains: of the places, holes left out."""
    good = gains >= 0
    at = np.flatnonzero(good[1:] != good[:-1])
    upward = good[at + 1]
    fails, meets = np.where(upward, places[at], places[at + 1]), np.where(upward, places[at + 1], places[at])
    return [
        Crossing(float(place), bool(up)) for place, up in zip(boundary(gain, fails, meets, whole), upward, strict=True)
    ]


def summit(gain: Curve, places: np.ndarray, gains: np.ndarray, whole: bool) -> float:
    """Return the place between the neighbours of the best one at which the gain is largest; places without holes."""
    best = int(np.argmax(gains))
    low, high = places[max(best - 1, 0)], places[min(best + 1, len(places) - 1)]
    top = float(places[best])
    if not whole:
        tried = minimize_scalar(lambda x: -float(_low(gain)(np.array([x]))[0]), bounds=(low, high), method="bounded")
        return float(tried.x) if -tried.fun > gains[best] else top
    while high - low > 2:
        between = np.unique(np.append(np.round(np.linspace(low, high, 17)), top))
        best = int(np.argmax(_low(gain)(between)))
        top, last = float(between[best]), (low, high)
        low, high = between[max(best - 1, 0)], between[min(best + 1, len(between) - 1)]
        if (low, high) == last:
            break
    return top


def _low(gain):
    """Return a curve whose holes lie below everything else of it."""

    def filled(places):
        return np.nan_to_num(gain(places), nan=-1e300)

    return filled


def outward(
    gain: Curve, start: float, ladder: np.ndarray, meeting: bool, whole: bool, precision: float, step: int
) -> tuple[float, bool]:
    """Return (place, whether it ends there): where a second curve meets the target beside the place of the first one.

    start: that place; ladder: places beyond it, nearest first. meeting: out there the first curve meets the target, and
    the second, below it, begins to somewhere; otherwise the first fails, and the second, above it, ceases to meet it.
    Where that is nowhere on the ladder, its last place. step: places asked at a time.
    """
    before, at_start = start, float(_solid(gain)(np.array([start]))[0])
    if meeting and at_start >= 0:
        return before, True
    for first in range(0, len(ladder), step):
        part = np.append(before, ladder[first : first + step])
        gains = np.append(at_start, _solid(gain)(part[1:]))
        turned = np.flatnonzero((gains[1:] >= 0) == meeting)
        if len(turned):
            two = slice(turned[0], turned[0] + 2)
            return _between(gain, part[two], gains[two], meeting, whole, precision), True
        before, at_start = float(part[-1]), float(gains[-1])
    return before, False


def refined(
    gain: Curve, near: float, meeting: bool, limits: tuple[float, float], whole: bool, precision: float
) -> float | None:
    """Return where a curve meets its target close to a place at which another, much like it, does; None: not close.

    meeting: beyond, the curve meets the target. limits: the first and the last place that may be asked, and so which
    way beyond is. Of two rings around the place.
    """
    for reach in (1.05, 1.25):
        step = max(near * (reach - 1), 1.0) if whole else near * (reach - 1)
        low, high = np.clip([near - step, near + step], min(limits), max(limits))
        if whole:
            low, high = np.floor(low), np.ceil(high)
        nearer, beyond = (low, high) if limits[0] < limits[1] else (high, low)
        gains = _solid(gain)(np.array([nearer, beyond]))
        if (gains[0] >= 0) != meeting and (gains[1] >= 0) == meeting:
            return _between(gain, np.array([nearer, beyond]), gains, meeting, whole, precision)
    return None


def _between(gain, places, gains, meeting, whole, precision):
    """Return the last place that meets between two, nearest first, by lines where a precision is enough."""
    (fails, below), (meets, above) = list(zip(places, gains, strict=True))[:: 1 if meeting else -1]
    if precision and not whole:
        return straight(gain, (float(fails), float(below)), (float(meets), float(above)), precision)
    return float(boundary(gain, np.array([fails]), np.array([meets]), whole, precision)[0])


def straight(gain: Curve, fails: tuple[float, float], meets: tuple[float, float], precision: float) -> float:
    """Return the last place that meets, of a curve that is nearly straight between two: each is (place, gain).

    It asks beyond where a line between the two meets the target, then short of it, each by less than the precision;
    what bends or jumps so much that this does not close in is halved.
    """
    (low, below), (high, above) = fails, meets
    for number in range(200):
        if abs(high - low) <= precision * abs(high):
            break
        place = low + (high - low) * (-below / (above - below) if number < LINES else 0.5)
        if number < LINES:
            aside = np.copysign(0.4 * precision * place, (high - low) * (-1) ** number)
            place = float(np.clip(place + aside, min(low, high), max(low, high)))
        found = float(_solid(gain)(np.array([place]))[0])
        low, below, high, above = (low, below, place, found) if found >= 0 else (place, found, high, above)
    return high
