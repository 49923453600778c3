"""Measured steps of decode as operating points: from the rows of data/, and from a reader's own."""

import numpy as np
import pandas as pd

from model.notation.units import size
from model.numbers import catalog

POINT = (
    *("ranks", "tensor_devices", "expert_devices", "redundant_experts", "skew"),
    *("batch", "context", "processed", "drafts", "kv_bytes_per_element", "overlap"),
)


def points(role=None):
    """Return the measured steps of decode with their operating points, all or those of a role, times in s as `time`.

    Rows of data/serving.csv whose conditions are published, and the disaggregated runs of data/serving_runs.csv; of a
    run, the requests that are in decode: a request sees itself and the others' share of their lives spent there.
    """
    rows = catalog.chosen("serving")
    rows = rows[rows.engine.notna() & (rows.quantity == "decode_throughput")]
    runs = catalog.chosen("serving_runs")
    runs = runs[(runs["mode"] == "disaggregated") & runs.tensor_devices.notna() & runs.drafts.notna()]
    rows = pd.concat([published(rows), in_decode(runs)], ignore_index=True)
    rows[list(POINT)] = rows[list(POINT)].apply(pd.to_numeric)
    return rows if role is None else rows[rows.role == role].reset_index(drop=True)


def published(rows):
    """Return the points of rows in the columns of data/serving.csv: tokens per second and device."""
    rows = rows[rows.role.notna()]
    accepted = rows.tokens_per_step.fillna(1.0)
    return rows.assign(
        time=rows.batch * accepted / rows.value, tensor_devices=1.0, expert_devices=rows.ranks, tokens_per_step=accepted
    )


def in_decode(rows):
    """Return the points of rows in the columns of data/serving_runs.csv: one for each run with a role.

    Where no number of instances is told there is one.
    """
    wide = rows.pivot_table(index="set", columns="quantity", values="value", sort=False)
    runs = rows[(rows.quantity == "time_per_output_token") & rows.role.notna()]
    runs = runs.join(wide.time_to_first_token.rename("first"), on="set")
    life = runs.value * runs.output_tokens
    share = life / (runs["first"] + life)
    held = np.maximum(1 + (runs.concurrency / runs.instances.fillna(1) - 1) * share, 1.0)
    return runs.assign(
        time=runs.value * runs.unit.map(size),
        batch=held / runs.ranks,
        context=runs.input_tokens + runs.output_tokens / 2,
        processed=1 + runs.drafts,
        tokens_per_step=1.0,
        redundant_experts=0.0,
        skew=np.nan,
        overlap=0.0,
    )


def read(readings, system, usual):
    """Return the reader's steps on a system as rows of `points`, and their `position` in the file.

    A row of data/serving.csv that does not say so processes the tokens credited, in whole numbers, and its experts are
    as balanced as the fit finds. usual: the serving software of rows that name none.
    """
    rows = pd.concat([_published(readings, system), _runs(readings, system)])
    rows = rows.assign(position=rows.index, engine=rows.engine.fillna(usual))
    for name in POINT:
        rows[name] = pd.to_numeric(rows[name])
    return rows.reset_index(drop=True)


def _published(readings, system):
    rows = readings.of(system, "serving")
    waits = rows.quantity == "time_per_output_token"
    number = rows.value * rows.unit.map(size)
    rate = np.where(waits, rows.batch / number, number)
    accepted = rows.tokens_per_step.fillna(1.0)
    processed = rows.processed.fillna(np.ceil(accepted))
    return published(rows.assign(value=rate)).assign(
        tensor_devices=rows.tensor_devices.fillna(1.0),
        expert_devices=rows.expert_devices.fillna(rows.ranks),
        processed=processed,
        drafts=rows.drafts.fillna(processed - 1),
        redundant_experts=rows.redundant_experts.fillna(0.0),
    )


def _runs(readings, system):
    rows = readings.of(system, "serving_runs")
    rows = rows.assign(value=rows.value * rows.unit.map(size) / size("ms"), unit="ms")  # one unit for both of a run
    return in_decode(rows) if len(rows) else rows.reindex(columns=[])
