"""Predictions for a CSV file of any length: in blocks, on every core, written with the file's own bytes."""

import io
import shutil
import tempfile
import warnings
from functools import partial
from itertools import chain, islice

import numpy as np
import pandas as pd
from tqdm import tqdm

from model.predictions.answer import STUDY, predict, with_and_without
from model.predictions.blocks import BLOCK, opened, refuse_ragged, size, split
from model.predictions.inputs import InputError, others, refuse_columns, renamed
from model.predictions.measured import refuse_unused
from model.predictions.quantities import quantity
from model.predictions.workers import in_order

ANSWER = ("value", "unit", "low", "high")  # and behind them what a search found, where the table has no such column
BAR_AFTER = 1  # s, for a table that takes longer
IN_MEMORY = 2**25  # characters of an answer that wait in memory; a longer one waits in a temporary file


def predict_file(name, path, out, system=None, interval=True, seed=0, workers=1, passed=(), readings=None):
    """Write the CSV at path to out with the columns value, unit, low, high after its own, which stay as they are.

    Returns (columns that passed through, {word: word that was read for it}), both to be told. Every row is checked and
    answered before the first is written, so that bad input writes nothing; meanwhile the answers wait in a temporary
    file. An end without bound, where in some draws what is asked cannot be, is written `inf`.
    Blocks of rows are answered by that many workers, and the bytes are the same for any number of them. On a
    terminal a bar shows progress. path: a file's, - for standard input; passed: columns that are no inputs though their
    names look like one. readings: a reader's own measurements; value, low and high are then the answer with them, three
    columns more the study's, and readings.used says on which of them answers rest. Raises InputError naming file, row
    and column, also where no answer rests on any of them.
    """
    what = quantity(name)
    with opened(path) as table, _waiting() as waiting:
        columns = table.columns
        refuse_columns(what, columns, path, passed)
        answers = (*ANSWER, *(STUDY if readings else ()))
        if taken := [column for column in answers if column in columns]:
            raise InputError(f"{path}: the column {taken[0]} is one of the answer's: rename it")
        found = [column for column in what.layout if column not in columns]
        ask = partial(_answer, name, str(path), columns, system, interval, seed, found, readings)
        waiting.write(",".join([table.record, *answers, *found]) + "\n")
        other_words: dict[str, str] = {}
        for text, used, read in _answers(ask, table, workers):
            waiting.write(text)
            other_words |= read
            if readings:
                readings.used.update(used)  # workers have readings of their own
        if readings:
            refuse_unused(name, readings)
        waiting.seek(0)
        shutil.copyfileobj(waiting, out, 2**20)
    return others(what, columns), other_words


def _waiting():
    return tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8", newline="")


def _answers(ask, table, workers):
    """Yield (text, used, read) of each block's answers; one block is answered here, more of them by workers."""
    found = ((1 + number * BLOCK, *block) for number, block in enumerate(table.blocks(BLOCK)))
    few = list(islice(found, 2))
    if not few:
        raise InputError(f"{table.path} is empty: give at least one row")
    if len(few) == 1 or workers == 1:
        yield from ((text, *told) for text, _, *told in map(ask, chain(few, found)))
        return
    ask((1, split(few[0][1])[0], 0))  # fits the constants once, before there are workers
    with tqdm(total=size(table.path), unit="B", unit_scale=True, delay=BAR_AFTER, disable=None) as bar:
        for text, position, *told in in_order(ask, chain(few, found), workers):
            bar.update(position - bar.n)
            yield text, *told


def _answer(name, path, columns, system, interval, seed, found, readings, block):
    """Return (text, position, used, read) of a block (first row, text, position): its records, each with its answer.

    used: the positions of the reader's rows on which its answers rest; read: {word: word that was read for it}.
    """
    first, text, position = block
    refuse_ragged(text, len(columns), path, first)
    passing = others(quantity(name), columns)
    wanted = [column for column in columns if column not in passing]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # what is no number is refused below, by row
            frame = pd.read_csv(
                io.StringIO(f"{text}\n"),
                header=None,
                names=columns,
                usecols=wanted or columns[:1],
                index_col=False,
                na_values=[""],
                keep_default_na=False,
                skip_blank_lines=False,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}") from error
    frame = frame[wanted]
    asked, options = (name, frame), {"where": path, "first": first}
    if readings is None:
        answer, _ = predict(*asked, system, interval, seed, **options)
    else:
        answer, _ = with_and_without(readings, *asked, system, interval, seed, **options)
    values, lows, highs = _texts(answer, "value", "low", "high")
    texts = [values, [quantity(name).unit] * len(answer), lows, highs]
    texts += _texts(answer, *STUDY) if readings else []
    layout = [["" if np.isnan(each) else repr(each) for each in answer[column].tolist()] for column in found]
    rows = zip(split(text), *texts, *layout, strict=True)
    text = "\n".join(chain(map(",".join, rows), [""]))
    return text, position, frozenset(readings.used if readings else ()), renamed(frame, quantity(name), system)


def _texts(answer, value, low, high):
    """Return a column of values and its two bounds as lists of text; bounds that were not asked for are empty."""
    columns = [answer[value].to_numpy(), *(answer[side].to_numpy() for side in (low, high))]
    return [[""] * len(each) if np.isnan(each).all() else map(repr, each.tolist()) for each in columns]
