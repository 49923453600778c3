"""How many tokens a model of a reader's config.json can hold of one request: as many as the file gives positions.

No row of data/ limits the models that it describes; of them nothing is said.
"""

import json

import numpy as np

from model.numbers.configuration import TABLE, shape
from model.numbers.files import text
from model.predictions.inputs import RowError

FIELD = TABLE["positions"]


def positions(path):
    """Return the positions that a config.json gives, or stretches its positions to; infinity where it gives none.

    A stretch is by `factor`, of original_max_position_embeddings where the file has them, else of all positions. The
    larger of the two counts, for some files give the positions before it and others those after. Raises
    ConfigurationError where the file is none that can be read as a workload.
    """
    shape(path)
    fields = json.loads(text(path, TABLE["longest"]))
    fields = fields.get(TABLE["inside"]) or fields
    given = _number(fields.get(FIELD))
    if not given:
        return np.inf
    stretched: dict = next((fields[name] for name in TABLE["stretched"] if isinstance(fields.get(name), dict)), {})
    trained = _number(stretched.get(f"original_{FIELD}")) or given
    return max(given, trained * _number(stretched.get("factor")))


def _number(field):
    """Return what a field says, zero where that is no number above it."""
    is_number = isinstance(field, int | float) and not isinstance(field, bool)
    return float(field) if is_number and field > 0 else 0.0


def refuse_beyond(choices, tokens, said):
    """Raise RowError for the first row whose tokens of one request are more than a config.json gives positions.

    tokens: an array; said: the inputs that say them, in words.
    """
    path = choices["model"]
    if not path.endswith(".json"):
        return
    most = positions(path)
    if (bad := tokens > most).any():
        row = int(np.argmax(bad))
        raise RowError(
            row, f"{said} is {tokens[row]:.10g}, and {FIELD} of {path} allows {most:.10g}: give as many or fewer"
        )
