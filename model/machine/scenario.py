"""A machine with what all machines share in a step: constants fitted to the steps of all of them."""

from model.machine import step_fit
from model.machine.machine import Machine


class Scenario(Machine):
    """What a prediction may ask of a system: a Machine, and the constants and the scatter of its steps."""

    def step_constants(self):
        """Return what all systems share in a step: a layer's overhead, and what was fitted to it, or given."""
        if self._step_constants is None:
            self._fitted_from |= set(step_fit.points("calibrate").source)
            overhead = self.facts("assumptions", "kernels")("layer_overhead")
            fit = step_fit.follow(overhead, self._without) if self.sampler else None
            fit = fit or step_fit.fit(self._without)
            self._step_constants = fit.constants(self.sampler, "all systems")
        return super().step_constants()

    def step_scatter(self):
        """Return the factors, of shape (draws, 1), by which throughputs scatter about the step's law; 1 undrawn."""
        if self.sampler is None:
            return 1.0
        return self.sampler.scatter(f"{self.name} step", step_fit.fit(self._without).scatter)
