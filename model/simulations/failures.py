"""Seeded simulations of failures: second derivations of what model.laws.reliability says in closed form."""

import numpy as np
from scipy.stats import weibull_min


def simulate_share(devices, failure_rate, checkpoint_write, downtime, reload, interval, cycles, seed):
    """Return (effective share, its standard error) of a simulated job: an independent derivation of checkpointing.

    Each of `cycles` stretches of work with its checkpoint is tried until it succeeds; a fault costs the time since the
    stretch began, downtime, and a reload that can fail itself. All times in s, failure_rate in 1/s.
    """
    rng = np.random.default_rng(seed)
    rate, stretch = devices * failure_rate, interval + checkpoint_write
    wall = np.zeros(cycles)
    pending = np.arange(cycles)
    needed = np.full(cycles, stretch)
    while len(pending):
        fault = rng.exponential(1 / rate, len(pending))
        done = fault >= needed[pending]
        wall[pending] += np.where(done, needed[pending], fault + downtime)
        pending = pending[~done]
        needed[pending] = reload + stretch
    share = interval * cycles / wall.sum()
    return share, share * wall.std(ddof=1) / wall.mean() / np.sqrt(cycles)


def simulate_renewal_share(devices, failure_rate, shape, checkpoint_write, downtime, reload, interval, faults, seed):
    """Return (effective share, its standard error) of a job whose times between faults follow a Weibull law.

    The mean time between faults is that of series_system whatever the shape; shape 1 is checkpointing's own case. Each
    of `faults` stretches between two faults keeps its whole intervals of work. All times in s, failure_rate in 1/s.
    """
    mtbf = 1 / (devices * failure_rate)
    scale = mtbf / weibull_min.mean(shape)
    up = scale * np.random.default_rng(seed).weibull(shape, faults)
    kept = interval * np.floor(np.maximum(up - reload, 0) / (interval + checkpoint_write))
    wall = up + downtime
    share = kept.sum() / wall.sum()
    return share, np.std(kept - share * wall, ddof=1) / wall.mean() / np.sqrt(faults)


def simulate_fleet(parts, part_life, shape, horizon, seed):
    """Return the sorted times of all faults of parts that are new at time 0 and replaced by new ones when they fail.

    Each part's life follows a Weibull law of mean part_life; times up to horizon, in part_life's unit.
    """
    rng = np.random.default_rng(seed)
    scale = part_life / weibull_min.mean(shape)
    clock, times = np.zeros(parts), []
    while len(clock):
        clock = clock + scale * rng.weibull(shape, len(clock))
        clock = clock[clock <= horizon]
        times.append(clock)
    return np.sort(np.concatenate(times))
