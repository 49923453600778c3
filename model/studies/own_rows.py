"""What a reader's own measurements change in a chapter's answers: the same questions with them and without."""

import pandas as pd

from model.numbers import catalog
from model.numbers.readings import read
from model.predictions.answer import STUDY, with_and_without
from model.predictions.measured import held_back, refuse_unused, rests

COLUMNS = ("question", "system", "value", "low", "high", *STUDY, "unit")
HELD = ("fitted", "rows", "error", "inside", "error_study", "inside_study")


def compared(path, questions, systems=(), draws=1000, seed=0):
    """Return a frame of the questions that rest on a reader's rows, one row for each of its systems: COLUMNS and HELD.

    path: the file, "" for none; questions: (name, quantity, inputs in base units); systems: those asked, all of the
    file where empty. error and inside are of the rows held back, as in `model.predictions.measured.HeldBack`. Raises
    InputError, or catalog.DataError, where the file cannot be read or no question rests on it.
    """
    found = []
    if not path:
        return pd.DataFrame(found, columns=[*COLUMNS, *HELD])
    for system in read(path).rows.system.unique():
        if systems and system not in systems:
            continue
        for question, quantity, inputs in questions:
            readings = read(path)
            asked = pd.DataFrame([inputs])
            answers, _ = with_and_without(readings, quantity, asked, system, True, seed, draws, where=question)
            if rests(readings):
                held = held_back(readings, True, seed, draws).record()
                row = {**answers.iloc[0], "question": question, "system": system, **held}
                found.append({name: row[name] for name in (*COLUMNS, *HELD)})
    if not found:
        refuse_unused(" and ".join(name for name, _, _ in questions), read(path))
    return pd.DataFrame(found)


def exchanges(ranks, tokens, workload, buffer):
    """Return the questions of a dispatch (a byte an element), a combine (two) and an all-reduce of `buffer` bytes."""
    shape = catalog.load("workloads").loc[workload]
    layer = {name: shape[name] for name in ("hidden", "experts", "topk")}
    asked = {"ranks": ranks, "tokens": tokens, **layer}
    both = [
        (op, "all_to_all_time", {**asked, "op": op, "bytes_per_element": width})
        for op, width in (("dispatch", 1), ("combine", 2))
    ]
    return [*both, ("all_reduce", "all_reduce_time", {"ranks": ranks, "bytes": buffer})]


def frontiers(path, workload, speed, context):
    """Return the questions of the best throughput at a speed, one for each format and software that a file names.

    FP8 and the pooled software where it names none.
    """
    if not path:
        return []
    rows = read(path).rows
    named = (
        rows[["precision", "engine"]] if "precision" in rows else pd.DataFrame({"precision": ["fp8"], "engine": None})
    )
    asked = {"model": workload, "speed": speed, "context": context}
    return [
        (
            f"frontier_{precision}" + ("" if pd.isna(engine) else f"_{engine}"),
            "decode_frontier",
            {**asked, "precision": precision, "engine": "" if pd.isna(engine) else engine},
        )
        for precision, engine in named.drop_duplicates().itertuples(index=False)
    ]
