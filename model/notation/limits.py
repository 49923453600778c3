"""Numbers that nobody can mean in base units: where another unit is so likely that every way in refuses them alike."""

QUICKEST_RECOVERY = 30.0  # s; nobody has published that a job of many devices was back sooner
LEAST_FAILURES = 1e-30  # of one device and second, of devices that fail at all: else no time between failures is finite
MOST_FAILURES = 2e-7  # of one device and second: some five times the worst fleet's that is recorded

RECOVERY = f"{QUICKEST_RECOVERY:g} s or more together with reload, or 0 for both"
ROUNDED = 1e-9  # a part of the quickest recovery that two parts of it may lack
MINUTES = "were minutes meant? 5 min are written 300"
PER_HOUR = "was it counted per hour? Divide it by 3600"


def recovers(downtime, reload):
    """Tell where detection and replacement (s), and reloading (s), take as long together as a recovery, or no time."""
    together = downtime + reload
    return (together == 0) | (together >= QUICKEST_RECOVERY * (1 - ROUNDED))


def problem(numbers):
    """Return (name, what is wrong) of the first number of a mapping that must be in another unit, or None.

    numbers: floats by name, in base units; None, or absent, where nothing was given.
    """
    rate, down, load = (numbers.get(name) for name in ("failure_rate", "downtime", "reload"))
    if rate is not None and rate > MOST_FAILURES:
        return "failure_rate", f"takes a number up to {MOST_FAILURES:g}, in 1/s; {PER_HOUR}"
    if down is not None and load is not None and not recovers(down, load):
        return "downtime", f"takes {RECOVERY}, and reload is {load:g}; {MINUTES}"
    return None
