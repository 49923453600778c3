"""Pooling: how much of a pool works while few demands wait, and what domains of one size strand."""

import numpy as np
import sympy as sp
from scipy.optimize import brentq
from scipy.special import gammaincc, gammaln

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    blocking,
    blocking_fewer,
    domain,
    job_devices,
    jobs_per_domain,
    mean_wait,
    offered_load,
    pool,
    service_time,
    staffing_margin,
    stranded_share,
    utilisation,
    waiting_probability,
)

queue = Model(
    equations=(
        Equation(utilisation, offered_load / pool, "erlang1917"),
        Equation(blocking, offered_load * blocking_fewer / (pool + offered_load * blocking_fewer), "erlang1917"),
        Equation(waiting_probability, blocking / (blocking + (1 - blocking) * (1 - utilisation)), "erlang1917"),
        Equation(mean_wait, waiting_probability * service_time / (pool - offered_load), "erlang1917"),
    ),
    assumptions=(
        "demands arrive independently of each other at a constant rate",
        "service times are exponential, the same law for every server",
        "any server takes any demand, first come, first served, and nobody gives up",
    ),
    valid=(sp.Lt(offered_load, pool),),
)

staffing = Model(
    equations=(
        Equation(pool, offered_load + staffing_margin * sp.sqrt(offered_load), "halfin1981"),
        Equation(
            waiting_probability,
            1
            / (
                1
                + staffing_margin
                * sp.sqrt(sp.pi / 2)
                * (1 + sp.erf(staffing_margin / sp.sqrt(2)))
                * sp.exp(staffing_margin**2 / 2)
            ),
            "halfin1981",
        ),
    ),
    assumptions=("as the queue above, in the limit of many servers",),
)

fragmentation = Model(
    equations=(
        Equation(jobs_per_domain, sp.floor(domain / job_devices)),
        Equation(stranded_share, (domain - jobs_per_domain * job_devices) / domain),
    ),
    assumptions=("all jobs have the same size", "a job lies in one domain, and nothing smaller fills the rest"),
    valid=(sp.Le(job_devices, domain),),
)


def waiting(servers, load):
    """Return Erlang's probability of waiting for servers (arrays broadcast) under an offered load, 1 from load on.

    load: mean number of busy servers asked for. Closed form with the incomplete gamma function, which is the recurrence
    of `queue` summed up; finite for thousands of servers. Source: erlang1917.
    """
    servers, load = np.broadcast_arrays(np.asarray(servers, float), np.asarray(load, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        none_free = np.exp(servers * np.log(load) - load - gammaln(servers + 1)) / gammaincc(servers + 1, load)
        answer = none_free / (1 - load / servers * (1 - none_free))
    return np.where(load >= servers, 1.0, np.where(load > 0, answer, 0.0))


def utilisation_at(servers, waiting_probability):
    """Return the utilisation at which that share of demands has to wait, for one number of servers."""
    return brentq(lambda share: float(waiting(servers, share * servers)) - waiting_probability, 1e-12, 1 - 1e-12)
