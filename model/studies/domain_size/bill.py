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


def bill(scenario, sizes, **given):
    """Return {name: array (draws or 1, sizes)}: a device's price, USD, and power, W, in domains of these sizes.

    Names: device_price, device_draw, and the fabric's part of them, fabric_device_cost and fabric_device_power. A draw
    whose fabric alone would cost more than the machine as sold contradicts the machine's price: its prices are nan.
    given: numbers of the fabric that are known, in place of those of data/fabric.csv.
    Raises Missing where the scenario's system has no price or no power. Laws: bare, resized, laws.fabric.
    """
    system, sampler = scenario.system, scenario.sampler
    topologies = fabric_prices.recorded_topologies()
    prices = fabric_prices.drawn_prices(topologies, sampler) if sampler else fabric_prices.fitted_prices(topologies)
    own = system("domain")
    fabrics = fabric_prices.domain_fabric(
        (fabric_device_cost, fabric_device_power), [own, *sizes], system("scale_up_bandwidth"), prices, sampler, **given
    )
    price, power = (np.atleast_2d(each) for each in fabrics)
    machine = {
        "domain_price": system("price"),
        "domain": own,
        "serving_power": system("system_power") / system("devices"),
        "fabric_device_cost": price[:, :1],
        "fabric_device_power": power[:, :1],
    }
    left = compute(bare.solve(bare_price), machine)
    columns = {
        "bare_price": np.where(left > 0, left, np.nan),
        "bare_power": compute(bare.solve(bare_power), machine),
        "fabric_device_cost": price[:, 1:],
        "fabric_device_power": power[:, 1:],
    }
    totals = {str(symbol): compute(resized.solve(symbol), columns) for symbol in (device_price, device_draw)}
    return totals | {name: columns[name] for name in ("fabric_device_cost", "fabric_device_power")}
