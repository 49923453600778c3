"""What can be asked of the network: the time of an exchange and of an all-reduce."""

import numpy as np

from model.laws import all_reduce, exchange
from model.machine import collectives
from model.notation import nomenclature as symbols
from model.predictions.inputs import OPTIONAL, Input, count
from model.predictions.quantity import Quantity

SOFTWARE = Input("software", OPTIONAL, choices=("*",), meaning="left out: the first that has rows for the system")


def all_to_all_time(scenario, choices, rows):
    """Return the time of one dispatch or combine, s. Law: laws.exchange.all_to_all."""
    software = scenario.software("all_to_all_time", choices.get("software"))
    columns = collectives.all_to_all_columns(scenario.system, software, rows)
    return _operation(scenario, "all_to_all_time", software.name, choices["op"], columns)


def all_reduce_time(scenario, choices, rows):
    """Return the time of one all-reduce, s, by the faster of two protocols, for large messages and for small ones.

    Law: model.laws.all_reduce.all_reduce. Measurements scatter about the protocol that runs.
    """
    software = scenario.software("all_reduce_time", choices.get("software"))
    large, small = collectives.reduce_times(scenario, software, rows)
    scattered = (
        time * scenario.scatter(protocol, software.name, "all_reduce")
        for protocol, time in ((collectives.LARGE, large), (collectives.SMALL, small))
    )
    return np.where(large <= small, *scattered)


def _operation(scenario, quantity, software, op, columns):
    time = collectives.time(quantity, columns, scenario.constants(quantity, software, op))
    return time * scenario.scatter(quantity, software, op)


QUANTITIES = (
    Quantity(
        "all_to_all_time",
        "s",
        "time of one dispatch or combine of expert parallelism",
        exchange.all_to_all,
        symbols.all_to_all_time,
        (
            Input("op", choices=("dispatch", "combine"), meaning="which half of the exchange"),
            count("ranks", low=2.0),
            count("tokens", low=1e-3),
            count("hidden"),
            count("experts"),
            count("topk"),
            Input("bytes_per_element", low=0.125, high=8.0),
            SOFTWARE,
        ),
        all_to_all_time,
        fitted="all_to_all_time",
    ),
    Quantity(
        "all_reduce_time",
        "s",
        "time of one all-reduce",
        all_reduce.all_reduce,
        symbols.all_reduce_time,
        (
            count("ranks", low=2.0),
            Input("bytes", low=1.0, high=1e15, meaning="bytes of the buffer that is reduced"),
            SOFTWARE,
        ),
        all_reduce_time,
        fitted="all_reduce_time",
    ),
)
