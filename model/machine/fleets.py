"""How far the failure rates of fleets lie apart, and what that says of a fleet that nobody counted."""

from functools import cache

import numpy as np
from scipy.special import stdtrit

from model.laws.reliability import counting
from model.machine.estimate import pooled
from model.notation.equation import compute
from model.notation.nomenclature import failure_rate
from model.notation.units import size
from model.numbers import catalog

CERTAIN = 0.05  # least error of a logarithm: rates are printed with two or three digits
RATES = ("node_failure_rate", "device_failure_rate")


@cache
def counted():
    """Return {fleet: (logarithm of its failure rate, 1/s for a device, its standard error)} of the rows that calibrate.

    A rate that is printed without its count has no error of its own.
    """
    rows = catalog.chosen("reliability")
    found = {}
    for name in rows[rows.role == "calibrate"].system.unique():
        own = rows[rows.system == name].set_index("quantity")
        if "interruptions" in own.index:
            names = ("interruptions", "devices", "observation")
            numbers = {each: own.value[each] * size(own.unit[each]) for each in names}
            rate, error = compute(counting.solve(failure_rate), numbers), 1 / np.sqrt(numbers["interruptions"])
        else:
            row = own.loc[next(each for each in RATES if each in own.index)]
            rate, error = row.value * size(row.unit), 0.0
        found[name] = float(np.log(rate)), float(error)
    return found


@cache
def another(without=None):
    """Return (mean, sd, degrees of freedom) of the logarithm of a failure rate, 1/s, of one more fleet.

    without: a fleet left out. Fleets differ by more than their counts tell; Student's t, for there are few.
    """
    values, errors = np.array([each for name, each in counted().items() if name != without]).T
    mean, sd = pooled(values, np.maximum(errors, CERTAIN))
    return mean, sd, len(values) - 1


def spread(sampler):
    """Return the factors, of shape (draws, 1), by which a fleet may differ from what is reckoned for its machines.

    One factor for all machines: how a fleet is run, and what it calls a failure, makes most of it.
    """
    _, sd, freedom = another()
    return np.exp(sd * stdtrit(freedom, sampler.unit("fleet")))
