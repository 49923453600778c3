"""What can be asked of a step and of serving: idle time, throughput, the frontier."""

import numpy as np

from model.laws import idle, serving
from model.machine import frontier
from model.machine.step import duration, idle_shares, step
from model.notation import nomenclature as symbols
from model.numbers import catalog
from model.predictions.inputs import Input, count
from model.predictions.quantity import Quantity

PRECISIONS = ("bf16", "fp8", "int8", "nvfp4")


def workloads():
    """Return the names of the workloads of data/: any whose rows a quantity needs can be asked."""
    return tuple(catalog.read("workloads").workload.unique())


MODEL = Input("model", choices=workloads, meaning="a workload of data/workloads.csv")
CONTEXT = count("context")
PRECISION = Input("precision", choices=PRECISIONS, meaning="of weights and matrix products")
STEP = (
    MODEL,
    count("ranks", meaning="devices over which the experts are spread"),
    count("batch", low=1e-3),
    CONTEXT,
    PRECISION,
)
ACCEPTED = (
    Input("tokens_per_step", 1.0, low=1.0, high=16.0),
    Input("kv_bytes_per_element", 2.0, low=0.25, high=4.0),
)


def moe_idle_share(scenario, choices, rows):
    """Return the share of a step in which compute units wait, or one part of it. Laws: laws.idle, laws.roofline."""
    time, busy, fair = step(
        scenario, choices["model"], choices["phase"], choices["precision"], choices["overlap"] == "1", rows
    )
    shares = idle_shares(time, busy, fair, rows.get("stages", 1.0), rows.get("microbatches", 1.0))
    return shares[choices["part"]] + 0 * rows["ranks"]


def decode_throughput(scenario, choices, rows):
    """Return tokens accepted per second and device, the better of one batch and two overlapped microbatches."""
    rows = {**rows, "processed": np.ceil(rows["tokens_per_step"])}
    times = [
        duration(scenario, choices["model"], "decode", choices["precision"], overlap, rows) for overlap in (False, True)
    ]
    throughput = rows["batch"] * rows["tokens_per_step"] / np.minimum(*times)
    return throughput * scenario.step_scatter()


def decode_frontier(scenario, choices, rows):
    """Return the best tokens per second and device at a speed per user, 0 out of reach. Law: machine.frontier."""
    names = ("context", "tokens_per_step", "kv_bytes_per_element")
    columns = np.broadcast_arrays(*(rows[name] for name in names))
    distinct, place = np.unique(np.stack(columns), axis=1, return_inverse=True)
    result = np.zeros((scenario.sampler.draws if scenario.sampler else 1, len(rows["speed"])))
    for number, values in enumerate(distinct.T):
        same = np.ravel(place) == number
        conditions = dict(zip(names, map(float, values), strict=True))
        throughput, *_ = frontier.best(
            scenario, choices["model"], choices["precision"], conditions, rows["speed"][same]
        )
        result[:, same] = throughput
    return (result if scenario.sampler else result[0]) * scenario.step_scatter()


QUANTITIES = (
    Quantity(
        "moe_idle_share",
        "1",
        "share of a step in which a device's compute units wait",
        idle.idle,
        symbols.moe_idle_share,
        (
            *STEP,
            Input("phase", choices=("prefill", "decode", "training"), meaning="what the step does"),
            Input("overlap", "1", choices=("0", "1"), meaning="1: two microbatches hide each other's exchanges"),
            count("stages", default=1.0),
            count("microbatches", default=1.0),
            Input(
                "part",
                "all",
                choices=("all", "exchange", "imbalance", "bubble"),
                meaning="which part of the idle share",
            ),
        ),
        moe_idle_share,
    ),
    Quantity(
        "decode_throughput",
        "token/s",
        "tokens accepted per second and device",
        idle.serial,
        symbols.decode_throughput,
        (*STEP, *ACCEPTED),
        decode_throughput,
    ),
    Quantity(
        "decode_frontier",
        "token/s",
        "the best tokens per second and device at a speed per user, over batch, ranks and layout; 0 out of reach",
        serving.speed,
        symbols.decode_throughput,
        (
            MODEL,
            Input("speed", low=1e-3, high=1e6, meaning="tokens per second that each user gets"),
            CONTEXT,
            PRECISION,
            *ACCEPTED,
        ),
        decode_frontier,
    ),
)
