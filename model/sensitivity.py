"""Which uncertain number drives a prediction: Sobol's indices over everything that an interval varies."""

import numpy as np
import pandas as pd
from scipy.stats import sobol_indices, uniform

from model.predict import check, quantity
from model.sampling import Given, Recorder
from model.scenario import Scenario


def ranking(name, inputs, system=None, points=512, seed=0):
    """Return a frame with columns factor, first, total, largest total first, for one prediction.

    name: a quantity; inputs: mapping of its inputs; points: a power of two. first is the share of the prediction's
    variance that a factor explains alone, total the share with all its interactions. Source: sobol2001.
    """
    what = quantity(name)
    numbers, texts = check(what, pd.DataFrame([inputs]), system, "the inputs")
    choices = {key: words[0] for key, (_, words) in texts.items() if words[0]}
    system = choices.pop("system", None)
    recorder = Recorder()
    what.evaluate(Scenario(system, sampler=recorder), choices, numbers)
    labels = list(dict.fromkeys(recorder.labels))

    if len(labels) < 2:  # nothing to compare; scipy needs two
        return pd.DataFrame({"factor": labels, "first": 1.0, "total": 1.0})

    def evaluate(rows):
        scenario = Scenario(system, sampler=Given(labels, rows))
        return np.array(
            np.broadcast_to(what.evaluate(scenario, choices, numbers), (rows.shape[1], 1)).T
        )  # scipy writes

    indices = sobol_indices(func=evaluate, n=points, dists=[uniform()] * len(labels), rng=np.random.default_rng(seed))
    frame = pd.DataFrame(
        {"factor": labels, "first": np.ravel(indices.first_order), "total": np.ravel(indices.total_order)}
    )
    return frame.sort_values("total", ascending=False, ignore_index=True)
