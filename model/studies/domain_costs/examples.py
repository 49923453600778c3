"""The chapter's running example: the numbers that a network, a domain and a pool put into the laws of fabric."""

from model.laws import domain_faults, fabric, pooling
from model.machine import fabric_prices
from model.notation import nomenclature as symbols
from model.notation.equation import kept
from model.notation.substitution import columns_of, example
from model.numbers import catalog
from model.numbers.facts import Facts
from model.studies.domain_costs import clusters, spares
from model.studies.domain_costs.topologies import LAWS


def network(topology, prices=(0.0, 0.0)):
    """Return the numbers of a published network by name, and its counts by the law; prices: of a switch and a link."""
    row = catalog.load("fabric").loc[topology].dropna().to_dict()
    facts = Facts("fabric", "scale-up", None)
    row |= {"switch_price": prices[0], "link_price": prices[1]}
    row |= {name: float(facts(name)) for name in ("port_power", "module_power")}
    return example(LAWS.get(topology, fabric.fat_tree), row)


def scale_up(system, domain, prices):
    """Return the numbers of the scale-up fabric of a domain of that size with the system's bandwidth."""
    bandwidth = catalog.load("systems").scale_up_bandwidth[system]
    with kept() as calls:
        fabric_prices.domain_fabric([symbols.fabric_device_cost], [domain], bandwidth, prices)
    return columns_of(fabric.scale_up, calls, symbols.fabric_device_cost)


def faults(centre, devices, domain, trays, conditions):
    """Return the numbers of both kinds of fault for a job in domains of that size.

    centre: of spares.points; trays: of one domain; conditions: of spares.conditions.
    """
    point = {name: float(each) for name, each in centre.items()} | {"devices": float(devices), "domain": float(domain)}
    found = example(domain_faults.two_rates, point) | {"trays": float(trays)}
    found |= {"swap_time": conditions.swap, "drain_time": conditions.elsewhere}
    found |= {
        "domains": devices // domain,
        "domain_unavailability": 1 - float(spares.whole(point)),
        "correlation": clusters.CORRELATIONS[2],
    }
    return example(domain_faults.two_recoveries, found)


def installed(surveyed, devices, domain):
    """Return the numbers of the installed share: devices, spare_devices, effective_training_share; of spares.survey."""
    row = surveyed[(surveyed.devices == devices) & (surveyed.domain == domain) & (surveyed.draw == 0)].iloc[0]
    spare = row.fewest * devices
    share = row.share_installed * (devices + spare) / devices
    return {"devices": float(devices), "spare_devices": spare, "effective_training_share": share}


def pool(demand, domain, instance):
    """Return the numbers of a domain cut into instances that demand, a share of its devices, keeps busy."""
    servers = domain // instance
    load, fewer = demand * servers, float(_blocking(servers - 1, demand * servers))
    found = {"pool": float(servers), "offered_load": load, "blocking_fewer": fewer}
    found["staffing_margin"] = (servers - load) / load**0.5
    return example(pooling.queue, found | {"domain": float(domain), "job_devices": float(instance)})


def _blocking(servers, load):
    """Return the share of demand turned away by the recurrence of the law, from no server on."""
    blocked = 1.0
    for each in range(1, servers + 1):
        blocked = load * blocked / (each + load * blocked)
    return blocked
