"""Under which conditions claims are computed, and the same number as recorded and as drawn."""

from dataclasses import dataclass

import numpy as np

from model.machine.scenario import Scenario
from model.numbers.draws import Sampler
from model.numbers.facts import Facts


@dataclass(frozen=True)
class Conditions:
    """What every claim is computed for, in base units, and how its intervals are drawn.

    ranks: devices of an exchange or of a step; batch: requests of a device; context: mean tokens held per request;
    tokens: of a rank in one dispatch; message: bytes of an all-reduce; checkpoint_write: s, blocking.
    """

    workload: str
    ranks: int
    batch: float
    context: float
    tokens: float
    message: float
    checkpoint_write: float
    draws: int
    seed: int

    def samplers(self, later=0):
        """Return (None, Sampler): for a number as recorded, and for its draws; later: seeds further on."""
        return None, Sampler(self.draws, self.seed + later)

    def facts(self, name, table="systems"):
        """Return the Facts of a name twice: as recorded, and drawn."""
        return tuple(Facts(table, name, sampler) for sampler in self.samplers())

    def scenarios(self, name, later=0, **options):
        """Return the Scenario of a system twice: as recorded, and drawn. options go to Scenario."""
        return tuple(Scenario(name, sampler, **options) for sampler in self.samplers(later))

    def interval(self):
        """Return the keywords with which `predict` draws the same way."""
        return {"draws": self.draws, "seed": self.seed}

    def numbered(self):
        """Return the keywords with which model.draws draws the same way."""
        return {"number": self.draws, "seed": self.seed}

    def workload_facts(self):
        """Return the Facts of the workload as recorded."""
        return Facts("workloads", self.workload)

    def run_facts(self):
        """Return the Facts of the workload's training run, as its report describes it."""
        return Facts("runs", self.workload)

    def dispatch(self, **others):
        """Return the operating point of one FP8 dispatch of the workload, as arrays of length one."""
        shape = self.workload_facts()
        point = {"ranks": self.ranks, "tokens": self.tokens, "bytes_per_element": 1.0}
        point |= {name: shape(name) for name in ("hidden", "experts", "topk")}
        return columns({**point, **others})

    def decode(self, **others):
        """Return the operating point of one decode step, a token per request, as arrays of length one."""
        return columns(
            {"ranks": self.ranks, "batch": self.batch, "context": self.context, "tokens_per_step": 1.0, **others}
        )


def columns(point):
    """Return a mapping of numbers as arrays of length one, as laws of a step or an exchange take them."""
    return {name: np.atleast_1d(np.asarray(number, dtype=float)) for name, number in point.items()}


def ratio(ours, theirs):
    """Return (number, draws) of a ratio from two pairs of a recorded number and its draws."""
    return tuple(np.ravel(one / other) for one, other in zip(ours, theirs, strict=True))
