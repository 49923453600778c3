"""What a device costs to rent and to buy, and what it draws: recorded, or by analogy with another machine."""

import sympy as sp

from model.laws import serving
from model.notation.equation import compute
from model.notation.nomenclature import rent, rent_ratio


def power(scenario):
    """Return what a device draws with its share of the machine, W, at its maximum. Raises Missing."""
    return scenario.system("system_power") / scenario.system("devices")


def price(scenario):
    """Return the price of a device with its share of the machine, USD. Raises Missing."""
    return scenario.system("price") / scenario.system("devices")


def hourly(scenario):
    """Return the rent of a device, USD/s: recorded, or from the machine's price. Raises Missing."""
    system = scenario.system
    return system("rent") if "rent" in system else rent_of_price(scenario, price(scenario))


def rent_of_price(scenario, device_price):
    """Return the rent of a device, USD/s, from its price, USD.

    Price and rent keep the ratio of one machine, by analogy: topic `rent-of-price` of data/assumptions.csv. Law:
    model.laws.serving.rent_from_price.
    """
    basis = scenario.facts("assumptions", "rent-of-price")
    law = serving.rent_from_price
    both = {name: basis(name) for name in ("rent", "domain_price", "domain")}
    ratio = compute(sp.solve(law[rent].rhs - rent, rent_ratio)[0], both)
    return compute(law.solve(rent), {"rent_ratio": ratio, "domain_price": device_price, "domain": 1.0})
