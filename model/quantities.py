"""What can be predicted: each quantity with its unit, its inputs and their limits, and its function."""

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from model import all_reduce, exchange, moe, predictions, reliability, serving
from model.equation import Equation
from model.nomenclature import NOMENCLATURE


@dataclass(frozen=True)
class Input:
    """One input. choices: the words it takes; otherwise a number from low to high, in the base unit of its symbol.

    default: what stands in where it is left out; None where it must be given; OPTIONAL where the quantity says what
    leaving it out means.
    """

    name: str
    default: float | str | None = None
    low: float = 0.0
    high: float = float("inf")
    choices: tuple[str, ...] = ()
    meaning: str = ""

    @property
    def unit(self):
        """Return the base unit in which the input is given."""
        entry = NOMENCLATURE.get(sp.Symbol(self.name, positive=True))
        return "" if self.choices else BASE_UNITS.get(entry.unit, entry.unit) if entry else "1"


OPTIONAL = "optional"
BASE_UNITS = {"us": "s", "ms": "s", "min": "s", "h": "s", "day": "s", "1/(device h)": "1/s", "1/h": "1/s"}


@dataclass(frozen=True)
class Quantity:
    """A quantity that can be predicted; evaluate is its function in model.predictions."""

    name: str
    unit: str
    meaning: str
    equation: Equation
    inputs: tuple[Input, ...]
    evaluate: Callable
    system: str = "required"  # or "optional", where every number may be given
    fitted: str = ""  # the operation whose calibration rows give the software names

    def input(self, name):
        """Return the input of that name."""
        return next(each for each in self.inputs if each.name == name)


def _count(name, low=1.0, **more):
    return Input(name, low=low, high=1e9, **more)


MODELS = ("deepseek-v3",)
PRECISIONS = ("bf16", "fp8", "int8", "nvfp4")
SOFTWARE = Input("software", OPTIONAL, choices=("*",), meaning="left out: the first that has rows for the system")
RATE = Input("failure_rate", OPTIONAL, high=1.0, meaning="left out: the system's")
MODEL = Input("model", choices=MODELS, meaning="a workload of data/workloads.csv")
CONTEXT = _count("context")
PRECISION = Input("precision", choices=PRECISIONS, meaning="of weights and matrix products")
STEP = (
    MODEL,
    _count("ranks", meaning="devices over which the experts are spread"),
    _count("batch", low=1e-3),
    CONTEXT,
    PRECISION,
)
ACCEPTED = (
    Input("tokens_per_step", 1.0, low=1.0, high=16.0),
    Input("kv_bytes_per_element", 2.0, low=0.25, high=4.0),
)

QUANTITIES = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            "all_to_all_time",
            "s",
            "time of one dispatch or combine of expert parallelism",
            exchange.all_to_all[sp.Symbol("all_to_all_time", positive=True)],
            (
                Input("op", choices=("dispatch", "combine"), meaning="which half of the exchange"),
                _count("ranks", low=2.0),
                _count("tokens", low=1e-3),
                _count("hidden"),
                _count("experts"),
                _count("topk"),
                Input("bytes_per_element", low=0.125, high=8.0),
                SOFTWARE,
            ),
            predictions.all_to_all_time,
            fitted="all_to_all_time",
        ),
        Quantity(
            "all_reduce_time",
            "s",
            "time of one all-reduce",
            all_reduce.all_reduce[sp.Symbol("all_reduce_time", positive=True)],
            (
                _count("ranks", low=2.0),
                Input("bytes", low=1.0, high=1e15, meaning="bytes of the buffer that is reduced"),
                SOFTWARE,
            ),
            predictions.all_reduce_time,
            fitted="all_reduce_time",
        ),
        Quantity(
            "job_mtbf",
            "s",
            "mean time between interruptions of a job",
            reliability.series_system.equations[0],
            (_count("devices"), RATE),
            predictions.job_mtbf,
            system="optional",
        ),
        Quantity(
            "effective_training_share",
            "1",
            "useful over wall-clock time of a training job",
            reliability.checkpointing.equations[-1],
            (
                _count("devices"),
                RATE,
                Input("checkpoint_write", high=1e7),
                Input("downtime", high=1e7),
                Input("reload", high=1e7),
                Input(
                    "interval",
                    OPTIONAL,
                    low=1e-3,
                    high=1e9,
                    meaning="work between two checkpoints; left out: the optimum",
                ),
            ),
            predictions.effective_training_share,
            system="optional",
        ),
        Quantity(
            "spare_devices",
            "1",
            "devices to keep in reserve so that faults are replaced at once",
            reliability.spares.equations[0],
            (
                _count("devices"),
                RATE,
                _count("withdrawn"),
                Input("repair", high=1e8),
                Input("confidence", low=0.01, high=0.999999, meaning="share of time in which the reserve suffices"),
            ),
            predictions.spare_devices,
            system="optional",
        ),
        Quantity(
            "whole_domain_share",
            "1",
            "share of time in which every device of a domain works",
            reliability.whole_domain.equations[0],
            (_count("domain"), Input("unavailability", high=1.0), Input("fabric_availability", 1.0, high=1.0)),
            predictions.whole_domain_share,
            system="optional",
        ),
        Quantity(
            "moe_idle_share",
            "1",
            "share of a step in which a device's compute units wait",
            moe.idle.equations[-1],
            (
                *STEP,
                Input("phase", choices=("prefill", "decode", "training"), meaning="what the step does"),
                Input("overlap", "1", choices=("0", "1"), meaning="1: two microbatches hide each other's exchanges"),
                _count("stages", default=1.0),
                _count("microbatches", default=1.0),
                Input(
                    "part",
                    "all",
                    choices=("all", "exchange", "imbalance", "bubble"),
                    meaning="which part of the idle share",
                ),
            ),
            predictions.moe_idle_share,
        ),
        Quantity(
            "decode_throughput",
            "token/s",
            "tokens accepted per second and device",
            moe.serial.equations[-1],
            (
                *STEP,
                *ACCEPTED,
            ),
            predictions.decode_throughput,
        ),
        Quantity(
            "decode_frontier",
            "token/s",
            "the best tokens per second and device at a speed per user, over batch, ranks and layout; 0 out of reach",
            serving.speed[sp.Symbol("decode_throughput", positive=True)],
            (
                MODEL,
                Input("speed", low=1e-3, high=1e6, meaning="tokens per second that each user gets"),
                CONTEXT,
                PRECISION,
                *ACCEPTED,
            ),
            predictions.decode_frontier,
        ),
    )
}
