"""Predictions on record: made and dated before their measurement is seen, later judged by it, never edited."""

import io
import shutil
import subprocess
from datetime import date as day

import numpy as np
import pandas as pd

from model.numbers import catalog, records
from model.predictions.answer import predict
from model.predictions.blocks import BLOCK, opened, refuse_ragged
from model.predictions.inputs import InputError, check
from model.predictions.quantities import quantity

RESTS_ON = ("model", "data", "requirements.txt")  # what a prediction follows from
RECORD = "data/forecasts.csv"
MEASURED = ("measured", "source", "locator")
_ANSWER = {"predicted": "value", "low": "low", "high": "high"}  # column of the record: of an answer


def record(name, path, system=None, group=None, date=None, commit=None):
    """Predict each row of the CSV at path, append the predictions to data/forecasts.csv and return what was appended.

    Columns of the file: inputs of the quantity, `system`, and `set` where `group` does not name one set for all. date
    and commit: of the prediction; left out, today and the commit of git. Raises InputError naming file and row: for
    changes that no commit holds, a point that was forecast or judged before, a column that is no input.
    """
    what, frame = quantity(name), _points(name, path, system, ("set",))
    sets = _sets(frame, group, path)
    frame = frame.drop(columns="set", errors="ignore")
    inputs, where = _written(what, frame, system, path)
    taken = {f"data/{table}.csv": known(table, name) for table in ("forecasts", "blind")}
    for row, point in enumerate(zip(where, inputs, strict=True), 1):
        if held := [table for table, rows in taken.items() if point in rows]:
            raise InputError(
                f"{path} row {row}: {held[0]} has this point already ({' '.join(point)}): its first "
                "prediction stands; take the row out"
            )
        taken.setdefault("a row above it", {})[point] = row
    answer, _ = predict(name, frame, system, where=path)
    rows = pd.DataFrame(
        {
            "date": _day(date),
            "commit": _commit(commit),
            "quantity": name,
            "set": sets,
            "system": where,
            "inputs": inputs,
            "unit": what.unit,
            **{new: [f"{each:.4g}" for each in answer[old]] for new, old in _ANSWER.items()},
        }
    )
    records.append("forecasts", rows)
    return rows


def judge(name, path, system=None):
    """Hold the measurements of the CSV at path against their forecasts, append to data/blind.csv what came, return it.

    Columns of the file: the inputs as they were forecast, `system`, `measured` in the quantity's unit, `source` (a key
    of the references) and `locator`. error: predicted over measured less one; inside: 1 where the measurement lies in
    the interval. Raises InputError naming file and row: for a point without a forecast in git, or judged before.
    """
    what, frame = quantity(name), _points(name, path, system, ("set", *MEASURED))
    if lost := [column for column in MEASURED if column not in frame]:
        raise InputError(f"{path}: the column {lost[0]} is missing; give {', '.join(MEASURED)} beside the inputs")
    inputs, where = _written(what, frame.drop(columns=["set", *MEASURED], errors="ignore"), system, path)
    forecast, done, found = known("forecasts", name), known("blind", name), []
    committed = _git("show", f"HEAD:./{RECORD}")
    for row, (point, given) in enumerate(zip(zip(where, inputs, strict=True), frame.itertuples(), strict=True), 1):
        place = f"{path} row {row}"
        if point in done:
            raise InputError(f"{place}: data/blind.csv has judged this point already ({point[1]}): take the row out")
        if point not in forecast:
            raise InputError(f"{place}: {RECORD} has no forecast of this point ({' '.join(point)}): it is not blind")
        row_of = forecast[point]
        if committed is not None and row_of.digest not in committed:
            raise InputError(f"{place}: its forecast is in no commit yet: commit {RECORD} before it is judged")
        measured = pd.to_numeric(given.measured, errors="coerce")
        if not 0 < measured < np.inf:
            raise InputError(f"{place}: measured is '{given.measured}'; it takes a number above 0, in {what.unit}")
        found.append(
            {
                **{column: getattr(row_of, column) for column in records.POINT},
                **{column: f"{getattr(row_of, column):.4g}" for column in _ANSWER},
                "measured": given.measured,
                "error": f"{row_of.predicted / measured - 1:.3f}",
                "inside": f"{int(row_of.low <= measured <= row_of.high)}",
                "source": given.source,
                "locator": "" if pd.isna(given.locator) else given.locator,
            }
        )
        done[point] = row_of
    rows = pd.DataFrame(found)
    records.append("blind", rows)
    return rows


def known(table, name):
    """Return {(system, inputs): row} of a quantity's rows in data/<table>.csv, inputs as this module writes them."""
    rows = records.read(table)
    rows = rows[rows.quantity == name]
    if len(rows) == 0:
        return {}
    inputs, where = _written(quantity(name), points(rows), None, f"data/{table}.csv")
    return dict(zip(zip(where, inputs, strict=True), rows.itertuples(), strict=True))


def points(rows):
    """Return the frame of inputs, with the column `system`, of rows of one quantity in a record."""
    given = [dict(pair.split("=", 1) for pair in text.split(" ")) for text in rows.inputs]
    return pd.DataFrame(given).assign(system=list(rows.system))


def _points(name, path, system, beside):
    """Return the file as a frame of texts, without a column that is neither an input nor one of `beside`."""
    with opened(path) as table:
        columns = table.columns
        accepted = [*(each.name for each in quantity(name).inputs), "system", *beside]
        if other := [column for column in columns if column not in accepted]:
            raise InputError(f"{path}: the column {other[0]} has no place here: give {', '.join(accepted)}")
        text = "\n".join(text for text, _ in table.blocks(BLOCK))
    if not text:
        raise InputError(f"{path} is empty: give at least one row")
    refuse_ragged(text, len(columns), path, 1)
    told = {"names": columns, "index_col": False, "na_values": [""], "keep_default_na": False, "dtype": "str"}
    return pd.read_csv(io.StringIO(f"{text}\n"), header=None, **told)


def _written(what, frame, system, where):
    """Return (inputs, systems) of checked rows, lists of texts: name=value in the quantity's order, defaults put in."""
    numbers, texts = check(what, frame, system, where)
    codes, words = texts["system"]
    found: list[list[str]] = [[] for _ in range(len(frame))]
    for each in what.inputs:
        for row, parts in enumerate(found):
            if each.name in texts:
                value = texts[each.name][1][texts[each.name][0][row]]
            elif each.name in numbers and not np.isnan(numbers[each.name][row]):
                value = f"{numbers[each.name][row]:.15g}"
            else:
                continue
            if set(value) & set(" =") or (each.files and value.endswith(each.files)):
                raise InputError(
                    f"{where} row {row + 1}: {each.name} is '{value}': a record takes names of data/ alone"
                )
            parts += [f"{each.name}={value}"] if value else []
    return [" ".join(parts) for parts in found], [words[code] for code in codes]


def _sets(frame, group, path):
    """Return the set of each row, from the column or the one given."""
    if group is not None and "set" in frame:
        raise InputError(f"{path}: has a column set: leave --set out")
    sets = list(frame["set"]) if "set" in frame else [group] * len(frame)
    for row, each in enumerate(sets, 1):
        if pd.isna(each) or not each or " " in each:
            raise InputError(f"{path} row {row}: needs a set, one word: give --set or a column set")
    return sets


def _day(text):
    """Return the day of a prediction: today's, or the one given where it is a day up to today."""
    try:
        given = day.today() if text is None else day.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--date is '{text}'; it takes a day such as 2030-12-31") from error
    if given > day.today():
        raise InputError(f"--date is {given}, which is still to come")
    return given.isoformat()


def _commit(given):
    """Return the commit of the laws and data that predict; InputError where some of them are in no commit."""
    head = _git("rev-parse", "--short=7", "HEAD")
    if head is None:
        if given is None:
            raise InputError("this folder is no git repository: say with --commit which commit the laws are of")
        return given
    head = head.strip()
    if given is not None and not (given.startswith(head) or head.startswith(given)):
        raise InputError(f"--commit is {given}, but {head} is checked out: its laws would predict")
    changed = [line[3:] for line in _git("status", "--porcelain", "--", *RESTS_ON).splitlines()]
    if changed := [name for name in changed if not name.endswith(RECORD)]:
        raise InputError(
            f"{', '.join(changed[:4])} changed since {head}: commit first, so that a forecast can be redone"
        )
    return head


def _git(*arguments):
    """Return what git says of the study's folder, None where it is not a repository's or has not what is asked."""
    if shutil.which("git") is None:
        return None
    asked = subprocess.run(
        ["git", "-c", "core.quotepath=off", *arguments], cwd=catalog.DATA.parent, capture_output=True, text=True
    )
    return asked.stdout if asked.returncode == 0 else None
