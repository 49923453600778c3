"""Spares for domains that fail: whole domains beside the job's, or trays held back inside them."""

import numpy as np
from scipy.stats import binom

from model.laws.domain_faults import two_rates
from model.notation.equation import compute
from model.notation.nomenclature import drain_availability, tray_availability

HOPELESS = 1e4  # domains for each one that is up, beyond which no number of them is reserved


def outside(point, confidence):
    """Return the spare devices where each domain that a fault makes incomplete is replaced by another, whole one.

    point: devices, domain, failure_rate, drain_share, tray_devices, tray_repair, drain_repair in base units, numbers or
    arrays that broadcast. A domain is out while any tray is in repair or it is drained. The domains that are out are a
    binomial count, of the job's and of the spares. Infinite where hardly any domain is ever whole.
    """
    drained = compute(two_rates.solve(drain_availability), point)
    tray = compute(two_rates.solve(tray_availability), point) ** (point["domain"] / point["tray_devices"])
    out = 1 - drained * np.where(np.asarray(point["drain_share"]) < 1, tray, 1.0)
    return point["domain"] * _spare_domains(np.ceil(point["devices"] / point["domain"]), out, confidence)


def inside(point, confidence):
    """Return (spare devices, trays held back in each domain) where a tray is replaced inside its domain.

    Each domain holds back the fewest trays with which all domains of the job have enough at once, with the confidence
    asked for; whole spare domains stand in for drained ones only. Infinite where even all trays but one do not suffice.
    point as in outside; its domain and tray_devices are numbers.
    """
    tray, drained = (
        np.asarray(1 - compute(two_rates.solve(each), point)) for each in (tray_availability, drain_availability)
    )
    size = max(round(point["domain"] / point["tray_devices"]), 1)
    held = np.full(np.broadcast_shapes(tray.shape, drained.shape), size)
    for number in range(size):
        count = np.ceil(point["devices"] / ((size - number) * point["tray_devices"]))
        enough = binom.cdf(number, size, tray) ** count >= np.sqrt(confidence)
        held = np.where((held == size) & enough, number, held)
        if np.all(held < size):
            break
    count = np.ceil(point["devices"] / (np.maximum(size - held, 1) * point["tray_devices"]))
    spare = _spare_domains(count, drained, np.sqrt(confidence))
    return np.where(held < size, (count + spare) * point["domain"] - point["devices"], np.inf)[()], held[()]


def _spare_domains(count, unavailability, confidence):
    """Return the fewest spare domains with which `count` are up, out of all, with that confidence; arrays broadcast.

    Infinite where fewer than one domain in HOPELESS is up.
    """
    count, unavailability = np.broadcast_arrays(np.asarray(count, float), unavailability)
    hopeless = (1 - unavailability) * HOPELESS < 1

    def short(spare):
        return (binom.cdf(spare, count + spare, unavailability) < confidence) & ~hopeless

    enough = binom.ppf(confidence, count, unavailability)  # if spares never failed, so the least
    few = enough - 1
    while np.any(more := short(enough)):
        few, enough = np.where(more, enough, few), np.where(more, 2 * enough + 1, enough)
    while np.any(enough - few > 1):
        middle = few + (enough - few) // 2
        more = short(middle)
        few, enough = np.where(more, middle, few), np.where(more, enough, middle)
    return np.where(hopeless, np.inf, enough)[()]
