"""What can be asked of the network: the time of an exchange and of an all-reduce."""

import numpy as np

from model.laws import all_reduce, exchange
from model.machine import collectives
from model.machine.measurements import LIMIT
from model.notation import nomenclature as symbols
from model.predictions.inputs import OPTIONAL, Input, count, mean
from model.predictions.quantity import Quantity

RANKS = count("ranks", low=2.0, high=1e6)
LEAST_BUFFER = 256.0  # bytes: who gives fewer means kB, MB or GB; the smallest that was measured has twice as many
SOFTWARE = Input(
    "software",
    OPTIONAL,
    choices=("*",),
    meaning="left out: the first that has rows for the system",
    known_as="software",
)


def all_to_all_time(scenario, choices, rows):
    """Return the time of one dispatch or combine, s. Law: laws.exchange.all_to_all."""
    software = scenario.software("all_to_all_time", choices.get("software"))
    columns = collectives.all_to_all_columns(scenario.system, software, rows)
    return _operation(scenario, "all_to_all_time", software.name, choices["op"], columns)


def all_reduce_time(scenario, choices, rows):
    """Return the time of one all-reduce, s, by the faster of two protocols, for large messages and for small ones.

    Laws: model.laws.all_reduce. Measurements scatter about the protocol that runs.
    """
    software = scenario.software("all_reduce_time", choices.get("software"))
    large, small = collectives.reduce_times(scenario, software, rows)
    scattered = (
        time * scenario.scatter(protocol, software.name, "all_reduce")
        for protocol, time in ((collectives.LARGE, large), (collectives.SMALL, small))
    )
    return np.where(large <= small, *scattered)


def all_gather_time(scenario, choices, rows):
    """Return the time of one all-gather of large buffers, s. Law: model.laws.all_reduce.all_gather."""
    return _half(scenario, "all_gather_time", choices, rows)


def reduce_scatter_time(scenario, choices, rows):
    """Return the time of one reduce-scatter of large buffers, s. Law: model.laws.all_reduce.reduce_scatter."""
    return _half(scenario, "reduce_scatter_time", choices, rows)


def _half(scenario, quantity, choices, rows):
    software = scenario.software("all_reduce_time", choices.get("software"))
    columns = collectives.all_reduce_columns(scenario.system, software, rows)
    time = collectives.time(quantity, columns, scenario.constants("all_reduce_time", software.name, "all_reduce"))
    return time * scenario.scatter("all_reduce_time", software.name, "all_reduce")


def _operation(scenario, quantity, software, op, columns):
    time = collectives.time(quantity, columns, scenario.constants(quantity, software, op))
    return time * scenario.scatter(quantity, software, op, columns["ranks"])


QUANTITIES = (
    Quantity(
        "all_to_all_time",
        "s",
        "time of one dispatch or combine of expert parallelism",
        exchange.all_to_all,
        symbols.all_to_all_time,
        (
            Input("op", choices=("dispatch", "combine"), meaning="which half of the exchange"),
            RANKS,
            mean("tokens", high=1e8),
            count("hidden", low=16.0, high=1e6),
            count("experts", high=1e5),
            count("topk", high=1e4),
            Input("bytes_per_element", low=0.25, high=4.0),
            SOFTWARE,
        ),
        all_to_all_time,
        others=(exchange.throughput,),
        fitted="all_to_all_time",
    ),
    Quantity(
        "all_reduce_time",
        "s",
        "time of one all-reduce",
        all_reduce.all_reduce,
        symbols.all_reduce_time,
        (
            RANKS,
            Input("bytes", low=LEAST_BUFFER, high=1e14, meaning="bytes of the buffer that is reduced"),
            SOFTWARE,
        ),
        all_reduce_time,
        others=(all_reduce.ring_reduce, all_reduce.small_ring, all_reduce.small_tree),
        fitted="all_reduce_time",
        draws=8000,  # a coin is tossed between two laws: ends lie where few draws do
    ),
    *(
        Quantity(
            str(target),
            "s",
            meaning,
            law,
            target,
            (
                RANKS,
                Input("bytes", low=float(LIMIT), high=1e14, meaning="bytes of the whole buffer, of all ranks together"),
                SOFTWARE,
            ),
            evaluate,
            fitted="all_reduce_time",
        )
        for target, meaning, law, evaluate in (
            (symbols.all_gather_time, "time of one all-gather", all_reduce.all_gather, all_gather_time),
            (symbols.reduce_scatter_time, "time of one reduce-scatter", all_reduce.reduce_scatter, reduce_scatter_time),
        )
    ),
)
