"""How a step waits where its machine's devices lie in domains of other sizes."""

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.draws import low_high, ratio
from model.studies.idle.steps import SIDES, shares, timed


def by_domain(case, systems, ranks, batch, domains):
    """Return (frame, draws): waiting for exchanges of each system's own devices in domains of other sizes.

    Only systems with a network between domains whose exchange uses both networks. Frame: system, domain, SIDES; draws
    by (system, domain), the same in every domain.
    """
    rows, many, machines = [], {}, catalog.load("systems")
    for name in systems:
        usable = np.isfinite(machines.scale_out_bandwidth[name])
        if not usable or not Scenario(name).software("all_to_all_time")("uses_scale_up"):
            continue
        for domain in domains:
            value, drawn = (
                shares(timed(case, name, case.rows(ranks, batch), each, {"domain": float(domain)}))[
                    "serial", "exchange"
                ]
                for each in (False, True)
            )
            many[name, domain] = np.ravel(drawn)
            rows.append((name, domain, float(value[0]), *low_high(np.ravel(drawn))))
    return pd.DataFrame(rows, columns=["system", "domain", *SIDES]), many


def removed(frame, many, ranks, before, half):
    """Return SIDES of the waiting in a small domain, in half of the group, in one that holds it, and what is gone."""
    found = {}
    for name, line in frame.groupby("system", sort=False):
        at = line.set_index("domain")[list(SIDES)]
        found |= {
            (label, name): at.loc[size_] for label, size_ in (("before", before), ("half", half), ("after", ranks))
        }
        gone = 1 - ratio(many[name, ranks], many[name, before]).drawn
        value = 1 - at.value[ranks] / at.value[before]
        found["removed", name] = pd.Series([value, *low_high(gone)], index=SIDES)
    return pd.DataFrame(found).T
