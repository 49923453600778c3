"""Predictions for a CSV file of any length: in blocks, on every core, written with the file's own bytes."""

import io
import os
import shutil
import tempfile
import warnings
from functools import partial
from itertools import chain, islice

import numpy as np
import pandas as pd
from tqdm import tqdm

from model.predictions.answer import STUDY, predict, with_and_without
from model.predictions.blocks import BLOCK, blocks, header, refuse_ragged, split
from model.predictions.inputs import InputError, others
from model.predictions.measured import refuse_unused
from model.predictions.quantities import quantity
from model.predictions.workers import in_order

ANSWER = ("value", "unit", "low", "high")  # and behind them what a search found, where the table has no such column
IN_MEMORY = 2**25  # characters of an answer that wait in memory; a longer one waits in a temporary file


def predict_file(name, path, out, system=None, interval=True, seed=0, workers=1, passed=(), readings=None):
    """Write the CSV at path to out with the columns value, unit, low, high after its own, which stay as they are.

    Every row is checked and answered before the first is written, so that bad input writes nothing; meanwhile the
    answers wait in a temporary file. Blocks of rows are answered by that many workers, and the bytes are the same for
    any number of them. On a terminal a bar shows progress. passed: columns that are no inputs though their names look
    like one. readings: a reader's own measurements; value, low and high are then the answer with them, three columns
    more the study's, and readings.used says on which of them answers rest. Raises InputError naming file, row and
    column, also where no answer rests on any of them.
    """
    quantity(name)
    record, columns = header(path)
    answers = (*ANSWER, *(STUDY if readings else ()))
    if taken := [column for column in answers if column in columns]:
        raise InputError(f"{path}: the column {taken[0]} is one of the answer's: rename it")
    found = [column for column in quantity(name).layout if column not in columns]
    ask = partial(_answer, name, str(path), record, columns, system, interval, seed, passed, found, readings)
    with tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="") as waiting:
        waiting.write(",".join([record, *answers, *found]) + "\n")
        for text, used in _answers(ask, path, workers):
            waiting.write(text)
            if readings:
                readings.used.update(used)  # workers have readings of their own
        if readings:
            refuse_unused(name, readings)
        waiting.seek(0)
        shutil.copyfileobj(waiting, out, 2**20)


def _answers(ask, path, workers):
    """Yield (text, used) of each block's answers; one block is answered here, more of them by workers."""
    found = ((1 + number * BLOCK, *block) for number, block in enumerate(blocks(path, BLOCK)))
    few = list(islice(found, 2))
    if not few:
        raise InputError(f"{path} is empty: give at least one row")
    if len(few) == 1 or workers == 1:
        yield from ((text, used) for text, _, used in map(ask, chain(few, found)))
        return
    ask((1, few[0][1].split("\n", 1)[0], 0))  # fits the constants once, before there are workers
    with tqdm(total=os.path.getsize(path), unit="B", unit_scale=True, delay=1, disable=None) as bar:
        for text, position, used in in_order(ask, chain(few, found), workers):
            bar.update(position - bar.n)
            yield text, used


def _answer(name, path, record, columns, system, interval, seed, passed, found, readings, block):
    """Return (text, position, used) of a block (first row, text, position): its records, each with its answer behind.

    used: the positions of the reader's rows on which its answers rest.
    """
    first, text, position = block
    refuse_ragged(text, len(columns), path, first)
    passing = others(quantity(name), columns)
    wanted = [column for column in columns if column not in passing]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # what is no number is refused below, by row
            frame = pd.read_csv(
                io.StringIO(f"{record}\n{text}\n"),
                usecols=wanted or None,
                na_values=[""],
                keep_default_na=False,
                skip_blank_lines=False,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    unread = {column: "" for column in passing} if first == 1 else {}
    asked, options = (name, frame.assign(**unread)), {"where": path, "first": first, "passed": passed}
    if readings is None:
        answer, _ = predict(*asked, system, interval, seed, **options)
    else:
        answer, _ = with_and_without(readings, *asked, system, interval, seed, **options)
    values, lows, highs = _texts(answer, "value", "low", "high")
    texts = [values, [quantity(name).unit] * len(answer), lows, highs]
    texts += _texts(answer, *STUDY) if readings else []
    layout = [["" if np.isnan(each) else repr(each) for each in answer[column].tolist()] for column in found]
    rows = zip(split(text), *texts, *layout, strict=True)
    return "\n".join(chain(map(",".join, rows), [""])), position, frozenset(readings.used if readings else ())


def _texts(answer, value, low, high):
    """Return a column of values and its two bounds as lists of text; bounds that were not asked for are empty."""
    columns = [answer[value].to_numpy(), *(answer[side].to_numpy() for side in (low, high))]
    return [[""] * len(each) if np.isnan(each).all() else map(repr, each.tolist()) for each in columns]
