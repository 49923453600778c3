"""How many tokens a model of a reader's config.json can hold of one request: as many as the file gives positions.

No row of data/ limits the models that it describes; of them nothing is said.
"""

import numpy as np

from model.numbers.configuration import TABLE, positions
from model.predictions.inputs import RowError


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
        allowed = TABLE["beyond"].format(file=path, most=f"{most:.10g}")
        raise RowError(row, f"{said} is {tokens[row]:.10g}, and {allowed}")
