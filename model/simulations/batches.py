"""Standard errors of simulated series, whose neighbours depend on each other, from means of batches."""

import numpy as np


def batch_mean(series, batches=20):
    """Return (mean, standard error) of a series whose neighbours depend on each other, from means of batches."""
    means = np.array([part.mean() for part in np.array_split(np.asarray(series, float), batches)])
    return means.mean(), means.std(ddof=1) / np.sqrt(batches)


def batch_ratio(above, below):
    """Return (ratio of the sums, its standard error) of paired batches."""
    ratio = above.sum() / below.sum()
    return ratio, np.std(above - ratio * below, ddof=1) / below.mean() / np.sqrt(len(above))
