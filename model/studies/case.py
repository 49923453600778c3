"""One case that every machine is asked: a workload, its context, and how often machines are drawn."""

from dataclasses import dataclass

import numpy as np

from model.machine.scenario import Scenario
from model.machine.step import Asked
from model.numbers.draws import Sampler


@dataclass(frozen=True)
class Case:
    """What every machine is asked for: a workload, tokens held per request, draws of an interval, their seed."""

    workload: str
    context: float
    draws: int = 1000
    seed: int = 0

    def scenario(self, system, drawn=False, changes=None):
        """Return the Scenario of a machine, drawn under the same labels as every other machine's."""
        sampler = Sampler(self.draws, (self.seed, 0)) if drawn else None
        return Scenario(system, sampler, changes=changes)

    def asked(self, precision, phase="decode", engine=None):
        """Return what a step is asked for; engine: a serving software, or None for the pooled or the machine's own."""
        return Asked(self.workload, phase, precision, engine)

    def rows(self, ranks, batch):
        """Return the operating columns of devices and requests on each, arrays of one length."""
        ranks, batch = np.broadcast_arrays(np.atleast_1d(np.asarray(ranks, float)), np.asarray(batch, float))
        return {"ranks": ranks, "batch": batch, "context": np.full(ranks.shape, float(self.context))}
