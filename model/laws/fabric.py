"""What a fabric is made of: switches, links and watts of a topology, and of a scale-up domain of any size."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    copper_domain,
    device_ports,
    devices,
    domain,
    endpoint_cost,
    endpoint_power,
    endpoints,
    fabric_cost,
    fabric_device_cost,
    fabric_device_power,
    fabric_power,
    field_order,
    field_remainder,
    first_switches,
    global_links,
    group_switches,
    groups,
    link_price,
    links,
    module_power,
    nodes,
    optical_links,
    planes,
    port_bandwidth,
    port_power,
    price_ratio,
    radix,
    scale_up_bandwidth,
    second_switches,
    switch_degree,
    switch_endpoints,
    switch_price,
    switch_trays,
    switches,
    tiers,
    tray_switches,
    uplinks,
)

fat_tree = Model(
    equations=(
        Equation(endpoints, 2 * planes * (radix / 2) ** tiers, "leiserson1985"),
        Equation(switches, (2 * tiers - 1) * endpoints / radix, "leiserson1985"),
        Equation(links, (tiers - 1) * endpoints, "leiserson1985"),
    ),
    assumptions=(
        "every port of every switch is used, and as many links lead up from a tier as down",
        "an endpoint is one port of a device; it belongs to one plane",
    ),
    valid=(sp.Ge(tiers, 1), sp.Ge(planes, 1), sp.Ge(radix, 2)),
)

slim_fly = Model(
    equations=(
        Equation(switch_degree, (3 * field_order - field_remainder) / 2, "besta2014slimfly"),
        Equation(switches, 2 * field_order**2, "besta2014slimfly"),
        Equation(links, switches * switch_degree / 2, "besta2014slimfly"),
        Equation(endpoints, switches * switch_endpoints, "besta2014slimfly"),
        Equation(radix, switch_degree + switch_endpoints, "besta2014slimfly"),
    ),
    assumptions=("the field order is a prime power: otherwise no such graph exists", "two hops join any two switches"),
    valid=(sp.Ge(switch_endpoints, 1),),
)

dragonfly = Model(
    equations=(
        Equation(switches, group_switches * groups, "kim2008dragonfly"),
        Equation(endpoints, switches * switch_endpoints, "kim2008dragonfly"),
        Equation(links, switches * ((group_switches - 1) + global_links) / 2, "kim2008dragonfly"),
        Equation(radix, group_switches - 1 + switch_endpoints + global_links, "kim2008dragonfly"),
    ),
    assumptions=("all switches of a group are joined", "every link out of a group is used"),
    valid=(sp.Le(groups, group_switches * global_links + 1),),
)

two_level_planes = Model(
    equations=(
        Equation(first_switches, nodes * planes, "zuo2025cloudmatrix"),
        Equation(second_switches, planes * uplinks, "zuo2025cloudmatrix"),
        Equation(links, first_switches * uplinks, "zuo2025cloudmatrix"),
        Equation(switches, first_switches + second_switches),
    ),
    assumptions=("each first-level switch has one link to every second-level one of its plane, a node a port there",),
)

one_tier_planes = Model(
    equations=(Equation(switches, devices * device_ports / radix), Equation(switch_trays, switches / tray_switches)),
    assumptions=("each device has one port to every switch", "switches are full where the domain has as many devices"),
    valid=(sp.Le(devices, radix),),
)

cost = Model(
    equations=(
        Equation(fabric_cost, switches * switch_price + links * link_price, "besta2014slimfly"),
        Equation(endpoint_cost, fabric_cost / endpoints),
        Equation(fabric_power, switches * radix * port_power + 2 * links * module_power),
        Equation(endpoint_power, fabric_power / endpoints),
    ),
    assumptions=(
        "one price for every switch, the links to its endpoints included, and one for every link between switches",
        "links between switches are optical at both ends, links to endpoints are not",
    ),
)

_capacity = [endpoints.subs(endpoints, fat_tree.equations[0].rhs).subs({planes: 1, tiers: t}) for t in (1, 2, 3)]
scale_up = Model(
    equations=(
        Equation(device_ports, scale_up_bandwidth / port_bandwidth),
        Equation(tiers, sp.Piecewise(*((t, domain <= size) for t, size in enumerate(_capacity[:2], 1)), (3, True))),
        Equation(optical_links, sp.Piecewise((0, domain <= copper_domain), (sp.Max(1, tiers - 1), True))),
        Equation(
            fabric_device_cost,
            price_ratio
            * device_ports
            * ((2 * tiers - 1) / radix * switch_price + sp.Max(tiers - 1, optical_links) * link_price),
        ),
        Equation(fabric_device_power, device_ports * ((2 * tiers - 1) * port_power + 2 * optical_links * module_power)),
    ),
    assumptions=(
        "full bandwidth between any two devices of the domain; each port of a device leads into a plane of its own",
        "small domains share switches, so that no port stays unused",
        "copper joins what fits into its reach; beyond it each tier crossing is optical, the lowest of several is not",
    ),
    valid=(sp.Ge(domain, 2), sp.Le(domain, _capacity[2])),
)


def prime_powers(most):
    """Return the prime powers up to most that leave -1, 0 or 1 next to a multiple of four, with that remainder.

    These are the field orders of a Slim Fly, as a list of (field_order, field_remainder). Source: besta2014slimfly.
    """
    found = [q for q in range(3, most + 1) if len(sp.factorint(q)) == 1]
    return [(q, {0: 0, 1: 1, 3: -1}[q % 4]) for q in found if q % 4 != 2]
