"""Queues and pools of domains, simulated: how many demands wait, and what jobs of several sizes strand."""

from heapq import heappop, heappush, heapreplace

import numpy as np

from model.simulations.batches import batch_mean, batch_ratio


def simulate_queue(servers, load, demands, seed):
    """Return (share of demands that wait, its standard error) of a simulated queue: a second derivation of `waiting`.

    Arrivals at rate load, service of mean one; the first tenth of demands is left out; the error is from 20 batches.
    """
    rng = np.random.default_rng(seed)
    arrivals = rng.exponential(1 / load, demands).cumsum().tolist()
    service = rng.exponential(1.0, demands).tolist()
    free = [0.0] * servers  # a heap of the times at which servers become free
    waited = np.zeros(demands, bool)
    for i in range(demands):
        waited[i] = free[0] > arrivals[i]
        heapreplace(free, max(free[0], arrivals[i]) + service[i])
    return batch_mean(waited[demands // 10 :])


def place(free, domain, size):
    """Return [(index, devices)] of the domains that take a job, first fit, or None where it does not fit.

    free: devices free in each domain, an integer array, left as it is. A job larger than a domain takes whole empty
    domains and puts its rest into the first other one with room.
    """
    whole, rest = divmod(size, domain)
    empty = np.flatnonzero(free == domain)[:whole] if whole else np.empty(0, int)
    if len(empty) < whole:
        return None
    taken = [(int(index), domain) for index in empty]
    if rest:
        room = free >= rest
        room[empty] = False
        first = int(room.argmax())
        if not room[first]:
            return None
        taken.append((first, rest))
    return taken


def draw_jobs(sizes, total, rng):
    """Return sizes of jobs, largest first, that ask for just under `total` devices, as many for each size."""
    sizes = np.asarray(sizes)
    odds = (1 / sizes) / (1 / sizes).sum()
    drawn = rng.choice(sizes, int(2 * total / (sizes * odds).sum()) + 100, p=odds)
    return np.sort(drawn[drawn.cumsum() <= total])[::-1]


def packed_stranded(domain, devices, sizes, draws, seed):
    """Return (share of devices stranded, its standard error) where all jobs are known: first fit, largest first.

    Jobs for `devices` devices are packed into as few domains as this needs; what is left over in them is stranded.
    """
    rng, shares = np.random.default_rng(seed), []
    for _ in range(draws):
        jobs = draw_jobs(sizes, devices, rng)
        free = np.full(2 * (devices // domain + len(jobs)), domain)
        for size in jobs.tolist():
            for index, number in place(free, domain, size):
                free[index] -= number
        shares.append(1 - jobs.sum() / (domain * np.count_nonzero(free < domain)))
    return np.mean(shares), np.std(shares, ddof=1) / np.sqrt(draws)


def simulate_stranded(domain, devices, sizes, jobs, seed):
    """Return (share of devices idle, its standard error) while jobs come and go and one is always waiting.

    First come, first served, first fit, times exponential with one mean; nothing is moved. The first fifth of `jobs`
    is left out. One domain of all devices gives what waiting in turn alone leaves idle.
    """
    rng = np.random.default_rng(seed)
    odds = (1 / np.asarray(sizes)) / (1 / np.asarray(sizes)).sum()
    drawn, lasting = rng.choice(sizes, jobs, p=odds).tolist(), rng.exponential(1.0, jobs).tolist()
    free = np.full(devices // domain, domain)
    total = domain * len(free)
    clock, idle, running, records = 0.0, total, [], []
    for number, size in enumerate(drawn):
        lost, started = 0.0, clock
        while (taken := place(free, domain, size)) is None:
            end, _, released = heappop(running)
            lost += idle * (end - clock)
            clock = end
            for index, count in released:
                free[index] += count
                idle += count
        for index, count in taken:
            free[index] -= count
            idle -= count
        heappush(running, (clock + lasting[number], number, taken))
        records.append((lost, clock - started))
    lost, time = np.array(records[jobs // 5 :]).T
    parts = [(a.sum(), b.sum()) for a, b in zip(np.array_split(lost, 20), np.array_split(time, 20), strict=True)]
    return batch_ratio(*np.array(parts).T / np.array([[total], [1]]))
