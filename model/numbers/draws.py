"""How uncertain numbers vary: each is drawn once, under a label, so that all that follows from it moves together."""

from typing import NamedTuple
from zlib import crc32

import numpy as np
from scipy.special import gammaincinv, ndtri

LOW, HIGH = 5, 95  # per cent: where the interval of this study ends


def low_high(drawn, axis=None):
    """Return the low and the high end of draws along an axis: the interval of this study.

    Draws may be infinite. An end that would lie between a draw and one without bound is the nearer of the two, so that
    it is infinite only where that share of draws is.
    """
    with np.errstate(invalid="ignore"):  # the straight line to infinity
        ends = np.percentile(drawn, [LOW, HIGH], axis=axis)
    if np.isfinite(ends).all():
        return ends
    return np.where(np.isfinite(ends), ends, np.percentile(drawn, [LOW, HIGH], axis=axis, method="nearest"))


def around(value, drawn, axis=None):
    """Return the ends that low_high does, moved out to the value where recorded bounds lie to one side of it."""
    low, high = low_high(drawn, axis)
    return np.minimum(low, value), np.maximum(high, value)


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def four_digits(number: float) -> str:
    """Return a number of four digits as text, '12,350', as '1.235 × 10⁻⁵' below 0.0001 and from 10^10."""
    digits, power, exponent = f"{float(f'{number:.4g}'):,.10g}".partition("e")
    return f"{digits} × 10{str(int(exponent)).translate(RAISED)}" if power else digits


def told(value: float, low: float, high: float, most: int | None = None) -> str:
    """Return a number with its interval as text, '0.064 (0.049 to 0.080)', with the digits that the interval bears.

    Those are two digits of its width, at most so many decimal places as `most`. A number without an interval, low equal
    to high, has four digits; an end without bound is said in words.
    """
    if not low < high:
        return four_digits(value)
    width = (high if np.isfinite(high) else 2 * value) - low
    places = 1 - int(np.floor(np.log10(width)))
    places = places if most is None else min(places, most)

    def written(number: float) -> str:
        return f"{round(number, places):,.{max(places, 0)}f}" if np.isfinite(number) else "no bound"

    return f"{written(value)} ({written(low)} to {written(high)})"


class Ratio(NamedTuple):
    """Draws of one quantity over another, and the share of draws in which each is nothing: a speed out of reach, say.

    drawn: shape of the two, draws first; above, below: that shape without the draws.
    """

    drawn: np.ndarray
    above: np.ndarray
    below: np.ndarray


def ratio(above, below):
    """Return the Ratio of paired draws of two quantities that are never negative; no draw falls out.

    Something over nothing is without bound, nothing over something is nothing. Nothing over nothing is one: who takes
    one in place of the other gets as little as before, so that such a draw counts neither as a gain nor as a loss, and
    the more of them there are, the nearer the answer is to no difference. Left undefined it would fall out, which
    selects draws by their outcome. Likewise of two costs that are both without bound. Raises ValueError where a draw
    is negative or not known.
    """
    above, below = np.broadcast_arrays(np.asarray(above, float), np.asarray(below, float))
    if not ((above >= 0) & (below >= 0)).all():
        raise ValueError("a draw is negative or not a number: give every draw an outcome, 0 where nothing is reached")
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(above == below, 1.0, above / below)
    return Ratio(drawn, *(np.atleast_1d(side == 0).mean(axis=0) for side in (above, below)))


class Sampler:
    """Draws from seeded generators; every answer has the shape (draws, 1).

    seed: a whole number or a tuple of them. What a label names depends on label and seed alone: two systems asked with
    one seed share what they have in common, so that a ratio of the two varies only by what they have not.
    """

    def __init__(self, draws, seed):
        self.draws, self.seed = draws, seed if isinstance(seed, tuple) else (seed,)

    def unit(self, label, beside=None):
        """Return numbers between 0 and 1 for what the label names, one in each of as many equal steps, shuffled.

        beside: a label with which this one is multiplied wherever it is drawn. The two then fill their square evenly,
        not their sides alone, so that the ends of what follows from both move several times less with the seed; towards
        any third label nothing changes. Source: tang1993.
        """
        rng = np.random.default_rng((*self.seed, crc32(label.encode())))
        steps = rng.permutation(self.draws) if beside is None else _spread(rng, self.unit(beside)[:, 0])
        return ((steps + rng.random(self.draws)) / self.draws)[:, None]

    def bounds(self, label, low, high, beside=None):
        """Return numbers log-uniform between positive bounds, uniform where a bound is zero; beside: as in `unit`."""
        share = self.unit(label, beside)
        return low + (high - low) * share if low <= 0 else low * (high / low) ** share

    def normal(self, labels, mean, covariance):
        """Return one array for each label, jointly normal."""
        independent = [ndtri(self.unit(label)) for label in labels]
        factor = np.linalg.cholesky(covariance)
        return [mean[i] + sum(factor[i, j] * independent[j] for j in range(i + 1)) for i in range(len(labels))]

    def count(self, label, number):
        """Return the expected counts that an observed Poisson count is consistent with: gamma(n + 1/2)."""
        return gammaincinv(number + 0.5, self.unit(label))

    def scatter(self, label, width):
        """Return the factors by which the measurement that the label names scatters about a law."""
        return np.exp(width * ndtri(self.unit(f"{label} scatter")))


def _spread(rng, others):
    """Return a permutation of the steps of a label, spread evenly over each part of what another label drew.

    In each run of about sqrt(draws) neighbours among the others every one of as many equal parts is met once.
    """
    number = len(others)
    parts = int(np.sqrt(number))
    runs = np.tile(np.arange(parts), (-(-number // parts), 1))
    part = rng.permuted(runs, axis=1).ravel()[:number]
    steps = np.empty(number, int)
    steps[np.argsort(others)[np.lexsort((rng.random(number), part))]] = np.arange(number)
    return steps


class Recorder(Sampler):
    """Keeps the labels that a prediction asks for, in order."""

    def __init__(self):
        super().__init__(1, 0)
        self.labels = []

    def unit(self, label, beside=None):
        """Return the middle and note the label."""
        self.labels.append(label)
        return np.full((1, 1), 0.5)

    def scatter(self, label, width):
        """Return no scatter: a ranking asks what drives the prediction itself."""
        return 1.0


class Given(Sampler):
    """Takes the numbers between 0 and 1 from rows of an array, one row for each label."""

    def __init__(self, labels, rows):
        super().__init__(rows.shape[1], 0)
        self.rows = dict(zip(labels, rows, strict=True))

    def unit(self, label, beside=None):
        """Return the row of that label."""
        return self.rows[label][:, None]

    def scatter(self, label, width):
        """Return no scatter: a ranking asks what drives the prediction itself."""
        return 1.0
