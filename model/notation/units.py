"""Units: the size of each in base units and its dimension. Counts (devices, tokens, operations) have none."""

from os.path import commonprefix

import sympy as sp

BASE = byte, second, joule, dollar, yuan = sp.symbols("byte second joule dollar yuan", positive=True)
ONE = sp.Integer(1)

HOUR, DAY = 3600, 86400
UNITS = {  # name: (size in base units, dimension)
    "1": (1, ONE),
    "%": (1e-2, ONE),
    "token": (1, ONE),
    "B": (1, byte),
    "kB": (1e3, byte),
    "MB": (1e6, byte),
    "GB": (1e9, byte),
    "GiB": (2**30, byte),  # what makers mean by a GB of memory
    "TB": (1e12, byte),
    "PB": (1e15, byte),
    "s": (1, second),
    "ns": (1e-9, second),
    "us": (1e-6, second),
    "ms": (1e-3, second),
    "min": (60, second),
    "h": (HOUR, second),
    "day": (DAY, second),
    "B/s": (1, byte / second),
    "GB/s": (1e9, byte / second),
    "TB/s": (1e12, byte / second),
    "PB/s": (1e15, byte / second),
    "Gbit/s": (1e9 / 8, byte / second),
    "1/s": (1, 1 / second),
    "1/h": (1 / HOUR, 1 / second),
    "1/(device h)": (1 / HOUR, 1 / second),
    "1/(1000 node day)": (1 / (1000 * 8 * DAY), 1 / second),  # a node is a server of eight devices
    "token/s": (1, 1 / second),
    "token/day": (1 / DAY, 1 / second),
    "FLOP": (1, ONE),
    "FLOP/s": (1, 1 / second),
    "TFLOP/s": (1e12, 1 / second),
    "PFLOP/s": (1e15, 1 / second),
    "EFLOP/s": (1e18, 1 / second),
    "J": (1, joule),
    "W": (1, joule / second),
    "kW": (1e3, joule / second),
    "USD": (1, dollar),
    "USD/s": (1, dollar / second),
    "USD/h": (1 / HOUR, dollar / second),
    "USD/day": (1 / DAY, dollar / second),
    "CNY": (1, yuan),
    "CNY/h": (1 / HOUR, yuan / second),
}


def size(unit):
    """Return how many base units one `unit` is; a KeyError names a unit that is not in UNITS."""
    return UNITS[unit][0]


def dimension(unit):
    """Return the dimension of `unit` as a product of base symbols."""
    return UNITS[unit][1]


def base(unit):
    """Return the unit of size one that measures the same as `unit`: B/s for GB/s; without a name, in words."""
    same = [name for name, (one, own) in UNITS.items() if one == 1 and own == dimension(unit)]
    like = {name: len(commonprefix([name[::-1], unit[::-1]])) for name in same}
    return max(like, key=lambda name: like[name], default=f"base units of {unit}")
