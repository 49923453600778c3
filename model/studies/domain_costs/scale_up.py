"""The fabric of one domain: price and power of a device over sizes, and what bounds the price of its switches."""

import numpy as np
import pandas as pd

from model.machine import fabric_prices
from model.notation import nomenclature as symbols
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import low_high
from model.numbers.facts import Facts
from model.studies.domain_costs.topologies import sides

SIZES = np.array([8, 16, 32, 64, 72, 128, 256, 384, 512, 1024, 2048, 4096, 8192])
TARGETS = [symbols.fabric_device_cost, symbols.fabric_device_power]


def by_domain(system, fitted, drawn, sampler):
    """Return the scale-up fabric of a device over sizes of its domain.

    Columns domain, relative_cost, cost (USD), watts, the last three with NAME_low and NAME_high. system:
    whose bandwidth is offered in every domain. relative_cost: over that of the smallest domain. fitted, drawn:
    (switch_price, link_price).
    """
    bandwidth = catalog.load("systems").scale_up_bandwidth[system]
    fine = np.unique(np.concatenate([np.geomspace(8, 8192, 120).round(), SIZES]))
    price, watts = fabric_prices.domain_fabric(TARGETS, fine, bandwidth, fitted)
    prices, power = fabric_prices.domain_fabric(TARGETS, fine, bandwidth, drawn, sampler)
    frame = pd.DataFrame({"domain": fine, "relative_cost": price / price[0], "cost": price, "watts": watts})
    for name, spread in (("relative_cost", prices / prices[:, :1]), ("cost", prices), ("watts", power)):
        frame[f"{name}_low"], frame[f"{name}_high"] = low_high(spread, axis=0)
    return frame


def tiers(fitted, drawn):
    """Return what a fabric of two and of three tiers costs over one of one tier: value, low, high.

    A port of one tier is one port of a switch; two tiers take three ports and a link between switches for it, three
    take five and two links.
    """
    ports = catalog.load("fabric").radix["fat-tree-2"]
    found = {}
    for name, several, links in (("two", 3, 1), ("three", 5, 2)):
        ratio = [(several * switch / ports + links * link) / (switch / ports) for switch, link in (fitted, drawn)]
        found[name] = sides(*ratio)
    return pd.DataFrame.from_dict(found, orient="index", columns=["value", "low", "high"])


def optics(system, sampler):
    """Return the optical modules of a device of the system: module (W), watts, share of the device's own power.

    Two modules for each of its ports, were they all optical.
    """
    machine, facts = catalog.load("systems").loc[system], catalog.load("fabric").loc["scale-up"]
    ports = machine.scale_up_bandwidth / facts.port_bandwidth
    module = [Facts("fabric", "scale-up", each)("module_power") for each in (None, sampler)]
    rows = {"module": 1.0, "watts": 2 * ports, "share": 2 * ports / machine.device_power}
    found = {name: sides(*(factor * each for each in module)) for name, factor in rows.items()}
    return pd.DataFrame.from_dict(found, orient="index", columns=["value", "low", "high"])


def copper(system):
    """Return what copper in place of optics saves by one source: kilowatts of the system, watts of each module."""
    machine, port = catalog.load("systems").loc[system], catalog.load("fabric").port_bandwidth["scale-up"]
    modules = 2 * machine.devices * machine.scale_up_bandwidth / port
    return pd.Series(
        {"kilowatts": machine.copper_power_saved / size("kW"), "module": machine.copper_power_saved / modules}
    )


def price_bound(system, fitted, drawn):
    """Return what a whole machine's price says of its fabric: fabric (USD of a device at the priced ratio), ratio_most.

    ratio_most: times as dear as priced switches at which the fabric alone would cost what the machine does. Columns
    value, low, high.
    """
    machine = catalog.load("systems").loc[system]
    rate = machine.scale_up_bandwidth
    both = [
        fabric_prices.domain_fabric(TARGETS[:1], [machine.domain], rate, each, price_ratio=1.0)[0]
        for each in (fitted, drawn)
    ]
    rows = {"fabric": sides(both[0][0], both[1])}
    rows["ratio_most"] = sides(*(machine.price / machine.domain / each for each in (both[0][0], both[1])))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def device_price(system, bound):
    """Return the price of a device of the system, USD: value, high (another source), and the ratio that this allows."""
    price = {side: catalog.load("systems", side).price[system] for side in ("value", "high")}
    domain = catalog.load("systems").domain[system]
    dissent = price["high"] / domain / bound.value["fabric"]
    return pd.Series({"value": price["value"] / domain, "high": price["high"] / domain, "ratio": dissent})


def price_ratio():
    """Return (value, low, high) of how much dearer a switch of a scale-up fabric is assumed to be, port for port."""
    return [catalog.load("fabric", side).price_ratio["scale-up"] for side in ("value", "low", "high")]
