"""Changes measured rows of a copy of data/, to see which fits they enter."""

import pandas as pd

from model.numbers import catalog


def rescale(path, pick, factor):
    """Multiply value and bounds of the rows that pick chooses in the table at path, some of which must be there."""
    rows = pd.read_csv(path, dtype="string", keep_default_na=False)
    chosen = pick(rows) & (rows.value != "")
    assert chosen.any()
    for column in ("value", "low", "high"):
        change = chosen & (rows[column] != "")
        rows.loc[change, column] = (pd.to_numeric(rows.loc[change, column]) * factor).astype("string")
    rows.to_csv(path, index=False)
    catalog._checked.cache_clear()
