"""What can be asked of a purchase: users of so many devices, watts or dollars, and what a larger domain may cost."""

from dataclasses import replace

import numpy as np

from model.laws import domain_size, serving
from model.machine import prices
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers.draws import ratio
from model.predictions.inputs import Input, RowError, count
from model.predictions.quantity import Found, Quantity
from model.predictions.serving import DRAWS, LAYOUT, LAYOUTS, SERVICE, service_frontier

MONTH = 365.25 / 12 * size("day")


def users_of_fleet(scenario, choices, rows):
    """Return the users that so many devices serve at once, each at a speed. Law: laws.serving.fleet_users."""
    return _users(scenario, choices, rows, serving.fleet_users, rows)


def users_of_power(scenario, choices, rows):
    """Return the users that machines of so much power, W, serve at once. Law: laws.serving.power_users."""
    return _users(scenario, choices, rows, serving.power_users, {**rows, "serving_power": prices.power(scenario)})


def users_of_rent(scenario, choices, rows):
    """Return the users that devices rented for so many dollars a month serve at once. Law: laws.serving.rent_users."""
    columns = {**rows, "month": MONTH, "rent": prices.hourly(scenario)}
    return _users(scenario, choices, rows, serving.rent_users, columns)


def users_of_purchase(scenario, choices, rows):
    """Return the users that machines bought for so many dollars serve at once. Law: laws.serving.purchase_users."""
    return _users(scenario, choices, rows, serving.purchase_users, {**rows, "device_price": prices.price(scenario)})


def _users(scenario, choices, rows, law, columns):
    """Return the Found users of a law: what a device serves is service_frontier's, at its best layout.

    Where a speed is out of reach nobody is served. Undrawn, fewer devices than one instance of that layout are refused.
    """
    found = service_frontier(scenario, choices, rows)
    columns = {**columns, "user_speed": rows["speed"], "service_throughput": found.values}
    values = compute(law.solve(symbols.users_served), columns)
    if scenario.sampler is None:
        devices = np.broadcast_to(compute(law.solve(symbols.fleet), columns), values.shape)
        group = found.layout["ranks"]
        if (few := devices < group * (1 - 1e-9)).any():
            row = int(np.argmax(few))
            raise RowError(
                row,
                f"that is {float(devices[row]):.3g} devices, and the best layout has groups of {float(group[row]):g}: "
                "give more, or devices= for an instance of fewer",
            )
    return Found(values, found.layout)


def break_even_premium(scenario, choices, rows):
    """Return the Found price of a device in a larger domain over that in a smaller one at which both serve as much.

    As much for a dollar: the throughput of the one over that of the other, each machine's own devices and software.
    Without bound in draws in which the smaller domain does not reach the speed alone. Law: laws.domain_size.affordable.
    """
    large, small = (_in_domains(scenario, choices, rows, name) for name in ("domain", "small_domain"))
    if scenario.sampler is None:
        if (none := small.values <= 0).any():
            row = int(np.argmax(none))
            speed, domain = (float(np.broadcast_to(rows[name], none.shape)[row]) for name in ("speed", "small_domain"))
            raise RowError(
                row, f"domains of {domain:g} devices do not reach {speed:g} tokens/s: no premium is too high"
            )
        columns = {"service_throughput": large.values, "small_throughput": small.values}
        return Found(compute(domain_size.affordable.solve(symbols.break_even_premium), columns), large.layout)
    return Found(ratio(large.values, small.values).drawn, large.layout)


def _in_domains(scenario, choices, rows, name):
    """Return the Found service_frontier of each row in domains of the size that the input `name` says."""
    rows = dict(zip(rows, np.broadcast_arrays(*rows.values()), strict=True))
    values = np.zeros((scenario.sampler.draws if scenario.sampler else 1, len(rows[name])))
    layout: dict[str, np.ndarray] = {}
    for domain in np.unique(rows[name]):
        same = np.flatnonzero(rows[name] == domain)
        part = {key: column[same] for key, column in rows.items()}
        try:
            found = service_frontier(scenario.changed(domain=float(domain)), choices, part)
        except RowError as error:
            raise RowError(int(same[error.row]), str(error)) from error
        values[:, same] = found.values
        for key, column in found.layout.items():
            layout.setdefault(key, np.full(len(rows[name]), np.nan))[same] = column
    return Found(values if scenario.sampler else values[0], layout)


_KINDS = {  # function: its law, the devices in words, and the input that says how many there are
    users_of_fleet: (
        serving.fleet_users,
        "so many devices, prefill's counted",
        count("fleet", meaning="devices of the whole service"),
    ),
    users_of_power: (
        serving.power_users,
        "machines of so much power",
        Input("site_power", low=1.0, high=1e12, meaning="of the machines, cooling of the hall left out"),
    ),
    users_of_rent: (
        serving.rent_users,
        "devices rented for so many dollars a month",
        Input("monthly_budget", low=1.0, high=1e13, meaning="of a month of 365.25 / 12 days"),
    ),
    users_of_purchase: (
        serving.purchase_users,
        "machines bought for so many dollars",
        Input("purchase_budget", low=1.0, high=1e14, meaning="for whole domains, shared out"),
    ),
}
QUANTITIES = (
    *(
        Quantity(
            values.__name__,
            "1",
            f"users served at once at a speed each, by {devices}; 0 out of reach",
            law,
            symbols.users_served,
            (given, *SERVICE),
            values,
            layout=LAYOUT,
            draws=2 * DRAWS if values is users_of_rent else DRAWS,  # a rent without a row is three wide numbers more
        )
        for values, (law, devices, given) in _KINDS.items()
    ),
    Quantity(
        "break_even_premium",
        "1",
        "how much dearer a device of a larger domain may be, served tokens for a dollar being the same",
        domain_size.affordable,
        symbols.break_even_premium,
        (
            count("domain", high=1e4, meaning="devices of the larger domain"),
            count("small_domain", default=8.0, high=1e4, meaning="devices of the smaller one"),
            *SERVICE[:-1],
            replace(LAYOUTS, default="all"),  # what was run was chosen for the domain as it is sold
        ),
        break_even_premium,
        layout=LAYOUT,
    ),
)
