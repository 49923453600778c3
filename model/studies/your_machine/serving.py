"""What the page on a reader's own machine holds of serving: steps and memory as programs, layouts, and small laws.

The page searches layouts, drafts and batches as model.machine.frontier does. It has no programs of its own for that: at
a layout and a batch it asks those of decode_throughput, prefill_throughput and devices_needed.
"""

from model.laws import domain_size, serving
from model.laws import step as laws
from model.machine import frontier, layouts, prices
from model.machine.scenario import Scenario
from model.notation import nomenclature as symbols
from model.notation import script
from model.predictions.capacity import MONTH
from model.predictions.serving import engines, refuse_foreign

# What else is asked bears the same names on the page: these inputs have names of their own there.
RENAMED = {"devices": "instance_devices", "domain": "larger_domain"}
USERS = {  # quantity: its law, and what is known of a machine's price or power, as the law calls it
    "users_of_fleet": (serving.fleet_users, None, None),
    "users_of_power": (serving.power_users, "serving_power", prices.power),
    "users_of_rent": (serving.rent_users, "rent", prices.hourly),
    "users_of_purchase": (serving.purchase_users, "device_price", prices.price),
}
QUANTITIES = ("decode_frontier", "service_frontier", *USERS, "break_even_premium")
# Taken beside those of programs.
_NAMES = {"w:attention_heads", "w:draft_acceptance", "w:experts", "w:moe_layers", "f:domain", "f:dies"}


def held(systems, priced):
    """Return what the page holds of serving beside the programs of steps.

    priced: function of a system and of one of model.machine.prices that returns its programs. run: layouts that
    somebody has run; of: which of these a system has; apart: why not every layout of a system can be listed; foreign:
    why a serving software does not run on one, by both.
    """
    tried = {name: layouts.run(name) for name in systems}
    kinds = list(dict.fromkeys(tuple(each) for each in tried.values()))
    apart = {name: why for name in systems if (why := refusal(layouts.bounds, Scenario(name)))}
    foreign = {
        f"{name}|{engine}": why
        for name in systems
        for engine in engines()
        if (why := refusal(refuse_foreign, Scenario(name), {"engine": engine}))
    }
    return {
        "quantities": QUANTITIES,
        "renamed": RENAMED,
        "run": [[list(each) for each in one] for one in kinds],
        "of": {name: kinds.index(tuple(each)) for name, each in tried.items()},
        "apart": apart,
        "foreign": foreign,
        "multiples": layouts.MULTIPLES,
        "doublings": layouts.DOUBLINGS,
        "spare_experts": layouts.SPARE_EXPERTS,
        "points": frontier.POINTS,
        "refinements": frontier.REFINEMENTS,
        "deepest": frontier.DEEPEST,
        "month": MONTH,
        "users": {
            name: {
                "laws": [script.function(law.solve(each)) for each in (symbols.users_served, symbols.fleet)],
                "price": [named, {system: priced(system, find) for system in systems}] if find else None,
            }
            for name, (law, named, find) in USERS.items()
        },
        "laws": {
            "credited": script.function(laws.credited.solve(symbols.tokens_per_step)),
            "decoded": script.function(serving.speed.solve(symbols.decode_throughput)),
            "service": script.function(serving.service.solve(symbols.service_throughput)),
            "premium": script.function(domain_size.affordable.solve(symbols.break_even_premium)),
        },
    }


def refusal(asked, *arguments):
    """Return why a function of the study refuses its arguments, in its words, or nothing."""
    try:
        asked(*arguments)
    except ValueError as error:
        return str(error)
    return ""


def names(held):
    """Return the names of machines' and of workloads' numbers that serving takes beside programs of steps, a set."""
    priced = [each["price"][1] for each in held["users"].values() if each["price"]]
    programs = [one for systems in priced for sides in systems.values() for side in sides.values() for one in side]
    return _NAMES.union(each for program in programs for each in program[1] if str(each).startswith("f:"))
