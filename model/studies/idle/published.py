"""What was measured of overlap and of uneven experts, beside the law."""

import numpy as np
import pandas as pd

from model.machine import step
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import low_high
from model.studies.idle.steps import BATCHES, SIDES, WAYS


def gains(case):
    """Return (measured, lines): gains of two microbatches that were measured, predicted with SIDES, and over batches.

    A gain whose tokens are not said has one a request, or two with multi-token prediction; where its context is not
    said it is that of the same system's throughput. lines: the same devices and context over BATCHES.
    """
    serving, shape = catalog.chosen("serving"), catalog.load("workloads").loc[case.workload]
    found = serving[(serving.quantity == "overlap_gain") & serving.ranks.notna()].copy()
    simulated = found.note.fillna("").str.contains("multi-token prediction")
    found["processed"] = np.ceil(found.tokens_per_step.fillna(1 + shape.draft_acceptance * simulated))
    alike = serving[serving.quantity.isin(("decode_throughput", "prefill_throughput"))]
    alike = alike.groupby(["system", "phase", "ranks"])[["batch", "context", "engine"]].first()
    same = alike.reindex(pd.MultiIndex.from_frame(found[["system", "phase", "ranks"]])).set_axis(found.index)
    found["context"] = found.context.fillna(same.context)
    found["batch"] = found.batch.fillna(same.batch.where(found.phase == "prefill"))
    found["engine"] = found.engine.fillna(same.engine)
    found = found[found.batch.notna()].reset_index(drop=True)
    found["measured"] = found.value * found.unit.map(size)
    keys = ["system", "ranks", "context", "precision", "processed", "engine", "phase"]
    lines = found[(found.phase == "decode") & found.batch.gt(32)][keys].drop_duplicates()
    lines = lines.merge(pd.DataFrame({"batch": BATCHES}), how="cross")
    return _gained(case, found), _gained(case, lines)


def _gained(case, frame):
    """Return rows with SIDES: the throughput that two microbatches gain by the law."""
    sides = []
    for row in frame.itertuples():
        inputs = {name: np.array([float(getattr(row, name))]) for name in ("ranks", "batch", "context")}
        inputs |= {"processed": np.array([float(row.processed)])}
        asked = case.asked(row.precision, row.phase, row.engine if isinstance(row.engine, str) else None)
        gain = []
        for drawn in (False, True):
            one, two = (
                step.duration(case.scenario(row.system, drawn), asked, inputs, turns) for turns in WAYS.values()
            )
            gain.append(np.ravel(one / two - 1))
        sides.append((gain[0][0], *low_high(gain[1])))
    return frame.drop(columns=[*SIDES], errors="ignore").join(pd.DataFrame(sides, columns=SIDES, index=frame.index))


def losses(case):
    """Return measured losses of prefill to uneven experts: system, tokens, measured, and the law's SIDES."""
    serving = catalog.chosen("serving")
    rows = serving[serving.quantity == "imbalance_loss"].reset_index(drop=True)
    sides = []
    for row in rows.itertuples():
        inputs = {name: np.array([float(getattr(row, name))]) for name in ("ranks", "batch", "context")}
        asked = case.asked(row.precision, "prefill")
        value, many = (
            np.ravel(step.idle_shares(*step.step(case.scenario(row.system, drawn), asked, inputs, False))["imbalance"])
            for drawn in (False, True)
        )
        sides.append((value[0], *low_high(many)))
    frame = rows.assign(tokens=rows.batch * rows.context, measured=rows.value * rows.unit.map(size))
    return frame.drop(columns=[*SIDES]).join(pd.DataFrame(sides, columns=SIDES))


def balancing():
    """Return what copies of popular experts gained by phase, and the share of a dispatch that waits for others."""
    serving = catalog.chosen("serving")
    gained = serving[serving.quantity == "balancing_gain"].set_index("phase").value
    alone = serving[serving.set == "sglang-h100-dispatch"].set_index("quantity").value
    waits = 1 - alone.dispatch_time_alone / alone.dispatch_time_in_service
    return pd.Series({"prefill": gained["prefill"], "decode": gained["decode"], "dispatch_waiting": waits})
