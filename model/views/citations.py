"""Numbers that remember their row of data/: a table shows them, and each links to its source."""

import html
import re

import pandas as pd

from model.notation.units import size
from model.numbers import catalog

LETTERS = {"spec": "s", "measured": "m", "claim": "c", "estimate": "e", "derived": "d", "assumed": "a"}
DISAGREE = "†"


class Sourced(float):
    """A number with `row`, the row of data/ behind it, and `others`, the rows that were not chosen."""

    def __new__(cls, number, row, others=()):
        """Return the float number, with its row and the rows that disagree with it."""
        new = super().__new__(cls, number)
        new.row, new.others = row, tuple(others)
        return new


def numbers(table, units):
    """Return one row for each name of a table and one column for each quantity, of Sourced, missing where unknown.

    units: quantity to the unit in which it is shown. Columns are of type object: arithmetic on them forgets the rows.
    """
    rows, chosen = catalog.read(table), catalog.chosen(table)
    name = rows.columns[0]
    frame = pd.DataFrame(float("nan"), index=rows[name].unique(), columns=list(units), dtype=object)
    for row in chosen[chosen.quantity.isin(list(units))].itertuples():
        others = rows[(rows[name] == row[1]) & (rows.quantity == row.quantity) & (rows.index != row.Index)]
        number = row.value * size(row.unit) / size(units[row.quantity])
        frame.loc[row[1], row.quantity] = Sourced(number, row, others.itertuples())
    return frame


def filled(column, numbers, behind):
    """Return a column of Sourced with `numbers` where it has none, each with the row of the column `behind`."""
    column = column.copy()
    for name, number in numbers.items():
        column[name] = Sourced(number, behind[name].row, behind[name].others)
    return column


def rivals(frame, places):
    """Return the chosen number of each place, (name, quantity), beside the first and the last that disagree.

    frame: of numbers(). Columns chosen, other, last; places of names that the frame lacks are left out.
    """
    found = {}
    for name, quantity in places:
        if name in frame.index:
            number = frame.loc[name, quantity]
            found[name, quantity] = float(number), number.others[0].value, number.others[-1].value
    return pd.DataFrame(found, index=["chosen", "other", "last"]).T


def cell(form="{:,.0f}"):
    """Return the formatter of a column of Sourced: the number, the letter of its kind, and a link to its source.

    The title tells kind, source, locator, bounds and note; a dagger marks a number with which another row disagrees.
    """

    def write(number):
        shown = form.format(float(number)) + f"<sup>{LETTERS[number.row.kind]}{DISAGREE if number.others else ''}</sup>"
        return _linked(number.row.source, shown, describe(number))

    return write


def source(key):
    """Return the HTML of a source: its key, which links to it and tells its title."""
    return _linked(key, html.escape(key), title(key))


def title(key):
    """Return the title of a source without its BibTeX braces."""
    return re.sub(r"[{}]", "", catalog.sources()[key].fields["title"])


def short(key):
    """Return a source as people quote it, by names and year; `derived` is what the study derives itself."""
    if key == "derived":
        return "derived here"
    entry = catalog.sources()[key]
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join(person.last_names).strip("{}") for person in people] or [entry.fields.get("organization", key)]
    others = {1: "", 2: f" and {names[-1]}"}.get(len(names), " et al.")
    return f"{names[0]}{others} {entry.fields.get('year', '')}".strip()


def address(key):
    """Return the address of a source on the web, or None."""
    fields = catalog.sources()[key].fields
    doi = f"https://doi.org/{fields['doi']}" if "doi" in fields else None
    return fields.get("url") or doi


def describe(number):
    """Return in one text what kind of number it is, whose, where to find it, its bounds, and who disagrees."""
    row, unit = number.row, "" if number.row.unit == "1" else f" {number.row.unit}"
    parts = [f"{row.kind}: {title(row.source)}"]
    parts += [row.locator] if pd.notna(row.locator) else []
    if pd.notna(row.low):
        parts.append(f"bounds {row.low:,.10g} to {row.high:,.10g}{unit}")
    parts += [row.note] if pd.notna(row.note) else []
    parts += [f"not chosen: {other.value:,.10g}{unit} ({other.kind}, {other.source})" for other in number.others]
    return "; ".join(parts)


def missing(table):
    """Return one row for each name of a table that lacks numbers: which, and what their notes say in common."""
    rows = catalog.read(table)
    rows = rows[rows.value.isna()]
    notes = rows.note.str.removeprefix("missing:").str.strip().str.split("; ", n=1, expand=True).reindex(columns=[0, 1])
    rows = rows.assign(lacking=notes[0], remark=notes[1])
    grouped = rows.groupby(rows.columns[0], sort=False)
    return grouped.agg(lacking=("lacking", _joined), remark=("remark", _joined)).reset_index()


def disagreements(table):
    """Return the rows of a table that compete with another one, the chosen ones first, as written."""
    rows = catalog.read(table)
    identity = catalog.keys(rows)
    rows = rows[rows.duplicated(identity, keep=False)]
    order = rows.groupby(identity, sort=False).ngroup().rename("group")
    rows = rows.join(order).sort_values(["group", "chosen"], ascending=[True, False], kind="stable")
    return rows.drop(columns="group")


def _joined(texts):
    return "; ".join(dict.fromkeys(texts.dropna()))


def _linked(key, shown, text):
    link = address(key)
    tag = f'a href="{html.escape(link)}"' if link else 'span tabindex="0"'
    return f'<{tag} title="{html.escape(text)}">{shown}</{tag.split()[0]}>'
