"""Domains whose trays fail and that drain, simulated fault by fault."""

from heapq import heapify, heapreplace

import numpy as np

from model.simulations.batches import batch_ratio


def simulate_domains(point, spare, events, seed):
    """Return ((devices out, its error), (share of time short of whole domains, its error)) of a simulated fleet.

    The job's domains and `spare` ones; each tray and each domain's drain works and is repaired for exponential times.
    Devices out are scaled to the job's. The first fifth of `events` is left out; errors are of 20 batches of events.
    """
    rng = np.random.default_rng(seed)
    size, count = round(point["domain"] / point["tray_devices"]), int(np.ceil(point["devices"] / point["domain"]))
    rate = point["failure_rate"] * np.array([(1 - point["drain_share"]), point["drain_share"]])
    up = 1 / (rate * np.array([point["tray_devices"], point["domain"]]))
    down = np.array([point["tray_repair"], point["drain_repair"]])
    parts = [(d, i) for d in range(count + spare) for i in range(size + 1)]  # the last part of each is its drain
    heap = [(rng.exponential(up[int(i == size)]), d, i, True) for d, i in parts]
    heapify(heap)
    faulty, drained = np.zeros(count + spare, int), np.zeros(count + spare, bool)
    out, broken, last, records = 0, 0, 0.0, []
    for wait in rng.exponential(1.0, events).tolist():
        time, d, i, works = heap[0]
        records.append((time - last, out, broken > spare))
        last, kind = time, int(i == size)
        out -= size if drained[d] else faulty[d]
        broken -= bool(drained[d] or faulty[d])
        if kind:
            drained[d] = works
        else:
            faulty[d] += 1 if works else -1
        out += size if drained[d] else faulty[d]
        broken += bool(drained[d] or faulty[d])
        heapreplace(heap, (time + wait * (down if works else up)[kind], d, i, not works))
    lasting, out, short = np.array(records[events // 5 :]).T
    time = np.array([part.sum() for part in np.array_split(lasting, 20)])
    lost, shortage = (
        np.array([part.sum() for part in np.array_split(lasting * each, 20)])
        for each in (out * point["tray_devices"] * count / (count + spare), short)
    )
    return batch_ratio(lost, time), batch_ratio(shortage, time)
