"""The exact law of the useful share beside its first order and a simulation that knows nothing of either."""

import numpy as np
import pandas as pd

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.simulations import failures


def orders(devices, largest, write, rate, cycles, seed):
    """Return the exact law, its first order and a simulation over sizes of jobs, all at Young's interval.

    devices: a job that is simulated among others; largest: of the sizes; write: checkpoint_write, downtime, reload;
    rate: 1/s per device; cycles: simulated intervals of each point. Columns devices, interval, exact, first_order
    (where the study allows it), first_order_refused (elsewhere), simulated, standard_error (where simulated).
    """
    sizes = np.unique(np.concatenate([np.geomspace(10, largest, 201), [devices]]))
    frame = pd.DataFrame({"devices": sizes}).assign(**write, failure_rate=rate)
    frame["restart"] = frame.downtime + frame.reload
    frame["interval"] = frame["checkpoint_gap"] = reliability.optimum.evaluate(symbols.young_interval, frame)
    frame["exact"] = reliability.checkpointing.evaluate(symbols.effective_training_share, frame)
    [condition] = reliability.first_order.valid
    within = compute(condition, frame)
    frame["first_order"] = reliability.first_order.evaluate(symbols.first_order_share, frame[within])
    beyond = compute(reliability.first_order.solve(symbols.first_order_share), frame)
    frame["first_order_refused"] = beyond.where(~within)
    return frame.join(_simulated(frame, devices, cycles, seed))


def _simulated(frame, devices, cycles, seed):
    """Return simulated shares at a few of the sizes, where enough is left and enough faults fall."""
    sizes = sorted({1_024, 4_096, 65_536, 262_144, devices})
    places = frame.iloc[[(frame.devices - each).abs().argmin() for each in sizes]]
    faults = cycles * places.failure_rate * places.devices * (places.interval + places.checkpoint_write)
    places = places[(places.exact > 0.05) & (faults > 100)].drop_duplicates("devices")
    names = ["devices", "failure_rate", "checkpoint_write", "downtime", "reload", "interval"]
    results = [
        failures.simulate_share(**{name: getattr(row, name) for name in names}, cycles=cycles, seed=seed + number)
        for number, row in enumerate(places.itertuples())
    ]
    return pd.DataFrame(results, columns=["simulated", "standard_error"], index=places.index)


def agreement(orders):
    """Return where the simulation and the first order stand against the exact law.

    simulated, worst_sigma: points and the largest difference in standard errors; limit_devices, limit_error: where the
    study refuses the first order, and its error there; zero_devices, zero_exact: where it says that nothing is left.
    """
    sigma = ((orders.simulated - orders.exact) / orders.standard_error).abs()
    last = orders[orders.first_order.notna()].iloc[-1]
    left = orders[orders.first_order_refused.fillna(orders.first_order) > 0].iloc[-1]
    return pd.Series(
        {
            "simulated": sigma.count(),
            "worst_sigma": sigma.max(),
            "limit_devices": round(last.devices, -3),
            "limit_error": last.first_order - last.exact,
            "zero_devices": round(left.devices, -4),
            "zero_exact": left.exact,
        }
    )
