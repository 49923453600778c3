"""What a device costs and draws in a domain of another size: the machine as it is, with another scale-up fabric."""

import numpy as np

from model.laws.domain_size import bare, resized
from model.machine import fabric_prices
from model.notation.equation import compute
from model.notation.nomenclature import (
    bare_power,
    bare_price,
    device_draw,
    device_price,
    fabric_device_cost,
    fabric_device_power,
)

KNOWN = ("radix", "copper_domain")  # of a machine's own fabric


def own_fabric(scenario, sizes):
    """Return {name of KNOWN: array (draws or 1, sizes)} of the fabric of domains of these sizes.

    At the size as sold it is the machine's own, where data/fabric.csv has its numbers under the machine's name. At any
    other size it is drawn, with switches of no fewer ports, and copper that joins no fewer devices, than the machine's
    own: that much can be bought.
    """
    drawn, own = scenario.facts("fabric", "scale-up"), scenario.facts("fabric", scenario.name)
    sold = np.asarray(sizes, float) == scenario.system("domain")
    return {name: np.where(sold, own(name), np.maximum(drawn(name), own(name))) for name in KNOWN if name in own}


def bill(scenario, sizes):
    """Return {name: array (draws or 1, sizes)}: a device's price, USD, and power, W, in domains of these sizes.

    Names: device_price, device_draw, and the fabric's part of them, fabric_device_cost and fabric_device_power; and
    contradicts, whether the fabric by itself would cost more than the machine as sold. There fabrics of every size cost
    so much less that the machine's own takes the whole price and no more: no draw falls out.
    Raises Missing where the scenario's system has no price or no power. Laws: bare, resized, laws.fabric.
    """
    system, sampler = scenario.system, scenario.sampler
    topologies = fabric_prices.recorded_topologies()
    prices = fabric_prices.drawn_prices(topologies, sampler) if sampler else fabric_prices.fitted_prices(topologies)
    every = [system("domain"), *sizes]
    fabrics = fabric_prices.domain_fabric(
        (fabric_device_cost, fabric_device_power),
        every,
        system("scale_up_bandwidth"),
        prices,
        sampler,
        **own_fabric(scenario, every),
    )
    cost, power = (np.atleast_2d(each) for each in fabrics)
    sold = system("price") / system("domain")
    contradicts = cost[:, :1] > sold
    cost = np.where(contradicts, cost * sold / cost[:, :1], cost)
    machine = {
        "domain_price": system("price"),
        "domain": system("domain"),
        "serving_power": system("system_power") / system("devices"),
        "fabric_device_cost": cost[:, :1],
        "fabric_device_power": power[:, :1],
    }
    columns = {
        "bare_price": compute(bare.solve(bare_price), machine),
        "bare_power": compute(bare.solve(bare_power), machine),
        "fabric_device_cost": cost[:, 1:],
        "fabric_device_power": power[:, 1:],
    }
    totals = {str(symbol): compute(resized.solve(symbol), columns) for symbol in (device_price, device_draw)}
    parts = {name: columns[name] for name in ("fabric_device_cost", "fabric_device_power")}
    return totals | parts | {"contradicts": contradicts}
