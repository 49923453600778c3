"""A machine with what all machines share in a step, and with a reader's own measurements of it, if there are any."""

import numpy as np

from model.laws.all_reduce import LARGE
from model.machine import memory, readings_fit, step_fit, training_fit, training_step
from model.machine.estimate import scatter
from model.machine.machine import POOLED, Machine


class Scenario(Machine):
    """What a prediction may ask of a system: a Machine, and the constants and the scatter of its steps.

    readings: model.numbers.readings.Readings, which join the fits of the system on which they were made; on which of
    them an answer rests is noted there.
    """

    def __init__(self, *arguments, readings=None, **options):
        super().__init__(*arguments, **options)
        self.readings = readings
        self._steps, self._trainings = {}, {}

    def step_constants(self, engine=None):
        """Return what all systems share in a step, and a serving software's own overhead, by name; None: pooled."""
        if engine not in self._steps:
            self._fitted_from |= step_fit.sources()
            self._steps[engine] = self._step_fit().constants(engine, self.sampler)
        return self._steps[engine]

    def step_scatter(self, workload):
        """Return the factors, of shape (draws, 1), by which a step's time scatters about its law; 1 undrawn."""
        if self.sampler is None:
            return 1.0
        fit = self._step_fit()
        return scatter(self.sampler, "step", fit, self.name, workload, fit.scatter, self.facts("priors", "step"))

    def would_hold(self, model, precision, requests, context, kv=None):
        """Return in words how many devices of one instance would hold a workload and so many requests in all."""
        needed = memory.fewest_devices(self, model, precision, requests, context, kv)
        return f"{needed:g} devices would hold that many requests in all" if np.isfinite(needed) else "no group would"

    def training_columns(self, asked):
        """Return the columns of the law of a training step that neither job nor layout set, fitted ones among them.

        asked: a model.machine.training_step.Training. Numbers, or arrays of shape (draws, 1).
        """
        if asked not in self._trainings:
            self._fitted_from |= training_fit.sources()
            constants = training_fit.constants(training_fit.fit(self._without), self, asked)
            self._trainings[asked] = {**training_step.columns(self, asked), **constants}
        return self._trainings[asked]

    def training_scatter(self, workload):
        """Return the factors, (draws, 1), by which a training step's time scatters about its law; 1 undrawn."""
        if self.sampler is None:
            return 1.0
        fit = training_fit.fit(self._without)
        return fit.scatter(self.sampler, self.name, workload, self.facts("priors", "training"))

    def _step_fit(self):
        """Return the StepFit of this system, with a reader's rows of it."""
        if self.readings is None:
            return step_fit.fit(self._without)
        usual = "cann" if self.system("runs_cann", 0.0) else POOLED
        return self._read(step_fit.fit_with, self.name, usual, self._without)

    def _fit(self, quantity, software, op):
        """Return the Fit of an operation, with a reader's rows of it."""
        if self.readings is None:
            return super()._fit(quantity, software, op)
        usual = self._usual(quantity if quantity == "all_to_all_time" else LARGE)
        asked = quantity, self.name, software, op, usual, self._without is None
        return self._read(readings_fit.operation, *asked)

    def _read(self, find, *asked):
        """Return the fit that `find` makes with the reader's rows, and note on which of them the answer rests."""
        try:
            fit, positions = find(self.readings, *asked)
        except ValueError as error:  # a row for which the study lacks a number, or to which no law applies
            raise ValueError(f"{self.readings.file}: {error}") from error
        if positions:
            self.readings.used.update(positions)
            self._fitted_from.add(self.readings.file)
        return fit

    def _softwares(self, quantity):
        return (*super()._softwares(quantity), *self._read_softwares(quantity))

    def _usual(self, quantity):
        usual = super()._usual(quantity)
        return usual if usual != POOLED else next(iter(self._read_softwares(quantity, "calibrate")), POOLED)

    def _read_softwares(self, quantity, role=None):
        return () if self.readings is None else readings_fit.softwares(self.readings, self.name, quantity, role)

    def _more(self):
        return {"readings": self.readings}
