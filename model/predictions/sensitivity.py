"""Which uncertain number drives a prediction: Sobol's indices, or one number at a time, over all that varies."""

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.numbers.draws import Given, Recorder
from model.predictions.inputs import check
from model.predictions.quantities import quantity


def ranking(name, inputs, system=None, points=512, seed=0):
    """Return what `indices` does for one prediction: name: a quantity; inputs: mapping of its inputs."""
    what = quantity(name)
    numbers, texts = check(what, pd.DataFrame([inputs]), system, "the inputs")
    choices = {key: words[0] for key, (_, words) in texts.items() if words[0]}
    system = choices.pop("system", None)
    return indices(lambda sampler: what.values(Scenario(system, sampler=sampler), choices, numbers), points, seed)


def indices(function, points=512, seed=0, ranked=False):
    """Return a frame with columns factor, first, total, largest total first.

    function: from a Sampler to an array of shape (draws, 1); points: a power of two. first is the share of the
    variance that a factor explains alone, total the share with all its interactions. ranked: of the variance of the
    answer's rank among all answers, for one whose rare leaps would hide the rest. Source: sobol2001.
    """
    from scipy.stats import sobol_indices, uniform  # here: it would take a third of the start of all other questions

    labels = factors(function)
    if len(labels) < 2:  # nothing to compare; scipy needs two
        return pd.DataFrame({"factor": labels, "first": 1.0, "total": 1.0})

    def evaluate(rows):
        answer = np.array(np.broadcast_to(function(Given(labels, rows)), (rows.shape[1], 1)).T)  # scipy writes
        return np.searchsorted(order, answer) / len(order) if ranked else answer

    rng = np.random.default_rng(seed)
    order = np.sort(np.ravel(function(Given(labels, rng.random((len(labels), 4 * points)))))) if ranked else np.empty(0)
    found = sobol_indices(func=evaluate, n=points, dists=[uniform()] * len(labels), rng=rng)
    frame = pd.DataFrame({"factor": labels, "first": np.ravel(found.first_order), "total": np.ravel(found.total_order)})
    return frame.sort_values("total", ascending=False, ignore_index=True)


def one_at_a_time(function, low=0.05, high=0.95):
    """Return (labels, answers): what follows when one uncertain number after another goes to a low and a high point.

    function: from a Sampler to an array, draws first. answers: array of shape (1 + 2 x labels, ...): all numbers in the
    middle of what they are drawn from, then each label low, then high.
    """
    labels = factors(function)
    rows = np.full((len(labels), 1 + 2 * len(labels)), 0.5)
    for i in range(len(labels)):
        rows[i, 1 + 2 * i], rows[i, 2 + 2 * i] = low, high
    return labels, function(Given(labels, rows))


def factors(function):
    """Return the labels of all that a function of a Sampler draws, in order."""
    recorder = Recorder()
    function(recorder)
    return list(dict.fromkeys(recorder.labels))
