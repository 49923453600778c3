"""Pools of servers and domains of devices: waiting, packing, and what jobs of several sizes leave unused."""

import numpy as np
import pandas as pd

from model.laws import pooling
from model.notation import nomenclature as symbols
from model.numbers import catalog
from model.simulations import queues

WAITS = (0.01, 0.05, 0.2, 0.5)  # chances of having to wait
MARKED = (1, 8, 48, 72, 384)  # servers that the text speaks of
DOMAINS = (8, 16, 32, 64, 72, 128, 256, 384, 576, 1152)
SIDES = 1.645  # standard errors from 5 to 95 %


def utilisation(chance, servers=MARKED):
    """Return the utilisation of pools at which that share of demands waits, by servers."""
    return pd.Series({each: pooling.utilisation_at(int(each), chance) for each in servers})


def utilisations():
    """Return the utilisation of pools up to a thousand servers at each of WAITS: servers, waiting_probability."""
    servers = np.unique(np.geomspace(1, 1000, 90).round().astype(int))
    rows = [(each, wait, pooling.utilisation_at(int(each), wait)) for wait in WAITS for each in servers]
    return pd.DataFrame(rows, columns=["servers", "waiting_probability", "utilisation"])


def worst_queue(seed):
    """Return the largest difference of simulated queues from the law of waiting, in standard errors."""
    found = []
    for servers, load in ((1, 0.2), (8, 0.65), (48, 0.85)):
        waited, error = queues.simulate_queue(servers, load * servers, 200_000, seed)
        found.append(abs(waited - float(pooling.waiting(servers, load * servers))) / error)
    return max(found)


def instances():
    """Return the sizes of serving instances that somebody runs, devices, ascending."""
    rows = catalog.chosen("fabric")
    return sorted(int(each) for each in rows.value[(rows.topology == "serving-instances")].unique())


def mixes():
    """Return the sizes of jobs in two mixes by name: serving instances, and powers of two between recorded ends."""
    ends = catalog.load("fabric").loc["mixed-jobs", ["job_devices:smallest", "job_devices:largest"]]
    powers = [2**i for i in range(int(ends.iloc[1]).bit_length()) if ends.iloc[0] <= 2**i <= ends.iloc[1]]
    return {"serving instances": instances(), "powers of two": powers}


def stranded(devices, seed):
    """Return the share of devices that jobs cannot use, simulated, over sizes of domains up to the whole cluster.

    devices: of the cluster, a multiple of each size. Columns mix, domain, packed (all jobs known at once), online (they
    come and go), each with its standard error.
    """
    rows = []
    for mix, sizes in mixes().items():
        for domain in (*DOMAINS, devices):
            together = queues.packed_stranded(domain, devices, sizes, 40, seed)
            coming = queues.simulate_stranded(domain, devices, sizes, 30_000, seed)
            rows.append((mix, domain, *together, *coming))
    return pd.DataFrame(rows, columns=["mix", "domain", "packed", "packed_error", "online", "online_error"])


def online(stranded, domains=(8, 72, 384)):
    """Return the stranded share of serving instances that come and go, by domain: value, low, high."""
    rows = stranded[(stranded.mix == "serving instances") & stranded.domain.isin(domains)].set_index("domain")
    spread = SIDES * rows.online_error
    return pd.DataFrame({"value": rows.online, "low": rows.online - spread, "high": rows.online + spread})


def pools(chance):
    """Return pools of equal instances in two sizes of domain, with what they strand and how busy they may be.

    Columns domain, job_devices, servers, stranded, utilisation, used: the share of devices at work where that share of
    demands waits.
    """
    sizes = [(domain, each) for domain in (72, 384) for each in (8, 16, 32, 48, 72, 160, 320) if each <= domain]
    frame = pd.DataFrame(sizes, columns=["domain", "job_devices"])
    frame["servers"] = pooling.fragmentation.evaluate(symbols.jobs_per_domain, frame)
    frame["stranded"] = pooling.fragmentation.evaluate(symbols.stranded_share, frame)
    frame["utilisation"] = [pooling.utilisation_at(int(each), chance) for each in frame.servers]
    return frame.assign(used=frame.utilisation * (1 - frame.stranded))


def problem(demand, domain=384, sizes=(8, 32, 160)):
    """Return how often demands wait where a domain is cut into instances: servers, load (each), wait, by size.

    demand: of the devices' capacity. Devices that no instance uses leave the same demand to fewer.
    """
    rows = {}
    for each in sizes:
        servers = domain // each
        load = demand * domain / each
        rows[each] = servers, load / servers, float(pooling.waiting(servers, load))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["servers", "load", "wait"])
