"""Measured prefill against the law of a step: rows that no fit has used, at the layout and tokens of a step as run."""

import numpy as np

from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.draws import Sampler, low_high
from model.predictions.serving import prefill_rate
from model.studies.against import against


def compare(draws=1000, seed=0):
    """Return the rows of data/serving.csv on prefill whose conditions are published, and what the law says of them.

    Columns as in the table, tokens (of one step on a device), measured, predicted, low, high (token/s and device), and
    those of `against`. Rows of kind estimate say what their makers expect of experts in perfect balance: no measurement
    judges there. The constants are those of decode.
    """
    rows = catalog.chosen("serving")
    rows = rows[(rows.quantity == "prefill_throughput") & rows.batch.notna()].reset_index(drop=True)
    rows["tokens"] = rows.batch * rows.context
    predicted, low, high = np.transpose([_rate(row, draws, seed) for row in rows.itertuples()])
    sides = {"measured": rows.value, "predicted": predicted, "low": low, "high": high}
    rows = rows.drop(columns=["low", "high"]).assign(**sides)
    return rows.assign(**against(rows.measured, predicted, low, high))


def _rate(row, draws, seed):
    """Return (value, low, high) of the prompt tokens per second and device of one row, by the law of a step."""
    point = {name: np.array([float(getattr(row, name))]) for name in ("ranks", "skew")}
    point |= {"sequence": np.array([float(row.context)]), "prefill_tokens": np.array([float(row.tokens)])}
    asked = {"model": row.workload, "precision": row.precision, "engine": row.engine}
    scenarios = Scenario(row.system), Scenario(row.system, Sampler(draws, (seed, 0)))
    value, drawn = (np.ravel(prefill_rate(each, asked, point)) for each in scenarios)
    return value[0], *low_high(drawn)
