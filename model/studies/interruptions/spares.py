"""Spare devices for units of which a fault withdraws a whole one, and how often a unit is whole."""

import pandas as pd

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.units import size
from model.numbers import catalog


def units(repair):
    """Return what a fault may withdraw: unit in words, withdrawn devices, mean repair in s, by a short name.

    The last row is a tray of a rack that is served while the rack stays up: fewer devices, for less time.
    """
    facts, rack = catalog.load("reliability"), "gb200-nvl72"
    tray = catalog.load("reliability", "low").devices_withdrawn[rack]
    rows = {
        "server": ("server of eight", facts.devices_withdrawn["hgx-h100"], repair),
        "rack": ("rack of 72", facts.devices_withdrawn[rack], repair),
        "supernode": ("supernode of 384", catalog.load("systems").domain["cloudmatrix384"], repair),
        "tray": ("one tray of a rack, quick service", tray, facts.repair_compute_tray[rack]),
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["unit", "withdrawn", "repair"])


def unavailability(rate, repair):
    """Return the share of time in which one device of that rate, 1/s, is out for its repair, s."""
    one = pd.DataFrame({"job_mtbf": [1 / rate], "downtime": [repair]})
    return 1 - reliability.clock.evaluate(symbols.uptime_availability, one)[0]


def reserves(units, devices, rates, repair, confidence):
    """Return units with the spares of a job: spares, low, high, fewest, whole.

    rates: of rates(). spares: an upper bound, each fault in a unit of its own, low and high over the count's interval;
    fewest: a unit that is out already counts once; whole: share of time in which no device of a unit is out, each out
    independently for `repair`.
    """
    frame, asked = units.copy(), (units.withdrawn, units.repair, confidence)
    for side, name in (("spares", "value"), ("low", "least"), ("high", "most")):
        frame[side] = reliability.spare_devices(devices, rates[name], *asked)
    frame["fewest"] = reliability.spare_devices_in_domains(devices, rates["value"], *asked)
    out = unavailability(rates["value"], repair)
    point = units.assign(domain=units.withdrawn, unavailability=out, fabric_availability=1.0)
    frame["whole"] = reliability.whole_domain.evaluate(symbols.whole_domain_share, point)
    return frame.assign(repair_hours=units.repair / size("h"))
