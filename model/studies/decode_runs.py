"""Measured runs of decode against the law of a step: by machine and layout, with what is left out, and other forms."""

import pandas as pd

from model.machine import step_fit
from model.numbers import catalog

SERVER = 8  # devices of the servers whose runs alone predict wider groups
FORM = "the law of this study"  # the row of data/step_forms.csv that was chosen
JUDGES = {  # column of data/step_forms.csv: heading
    "given": "fitted runs",
    "h200_left_out": "H200 left out",
    "b200_left_out": "B200 left out",
    "sglang_left_out": "SGLang left out",
    "nvfp4_left_out": "NVFP4 left out",
    "wide_left_out": "wide groups, from servers",
    "minimax": "MiniMax-M2.5",
    "qwen": "Qwen3.5",
    "prefill": "prefill",
    "mean_left_out": "mean of what is left out",
}


def named(compared):
    """Return compared rows of decode with the columns layout (in words) and published.

    published: whether the row is one of a publication, not one of the many runs of servers.
    """
    split = zip(compared.ranks, compared.tensor_devices, compared.expert_devices, strict=True)
    words = [f"{ranks:.0f} / {tensor:.0f} / {experts:.0f}" for ranks, tensor, experts in split]
    published = compared["mode"].isna() if "mode" in compared else False
    return compared.assign(layout=words, published=published)


def by(rows, columns):
    """Return, for each combination of columns: rows, error (mean absolute), bias, inside, half_width (median).

    And error_without and inside_without, where the rows have them.
    """
    asked = {
        "rows": ("error", "size"),
        "error": ("error", _size),
        "bias": ("error", "mean"),
        "inside": ("inside", "mean"),
        "half_width": ("half_width", "median"),
        "error_without": ("error_without", _size),
        "inside_without": ("inside_without", "mean"),
    }
    known = {name: each for name, each in asked.items() if each[0] in rows}
    return rows.groupby(columns, sort=True, dropna=False).agg(**known)


def left_out():
    """Return the error on runs that no fit saw: by software, by format, and of wide groups from servers of eight.

    Rows with role calibrate; columns rows, error. Machines left out are in `by`, as error_without.
    """
    rows, found = step_fit.points("calibrate"), {}
    servers = rows[(rows.engine != "cann") & (rows.ranks <= SERVER)]
    wide = step_fit.points()
    wide = wide[wide.role.notna() & (wide.ranks > SERVER) & (wide.tensor_devices < wide.ranks)]
    cases = {
        "sglang": (rows[rows.engine != "sglang"], rows[rows.engine == "sglang"]),
        "nvfp4": (rows[rows.precision != "nvfp4"], rows[rows.precision == "nvfp4"]),
        "wide": (servers, wide),
    }
    for name, (kept, judged) in cases.items():
        judged = judged.reset_index(drop=True)
        fit = step_fit.fitted(kept.reset_index(drop=True))
        error = step_fit.predict(fit, judged) / judged.time - 1
        found[name] = pd.Series({"rows": len(judged), "error": _size(error), "bias": error.mean()})
    return pd.DataFrame(found).T


def forms():
    """Return the forms of the law that were tried, the chosen one first, then by their mean error: JUDGES in words."""
    table = catalog.load("step_forms")
    order = table[list(JUDGES)].sort_values("mean_left_out").index
    order = [FORM, *order.drop(FORM)]
    return table.loc[order, ["constants", *JUDGES]]


def _size(error):
    return error.abs().mean()
