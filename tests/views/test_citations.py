"""Numbers that remember their rows: those that stand in for others, those that disagree, and what is told of each."""

import html
from itertools import groupby
from types import SimpleNamespace

import pandas as pd
import pytest

from model.numbers import catalog
from model.views import citations


def test_a_column_is_filled_with_numbers_that_remember_another_row():
    failures = citations.numbers("reliability", {"failure_rate": "1/(1000 node day)", "interruptions": "1"})
    filled = citations.filled(failures.failure_rate, {"llama3-16k": 2.5}, failures.interruptions)
    assert filled["llama3-16k"] == 2.5
    assert filled["llama3-16k"].row.quantity == "interruptions"
    assert failures.failure_rate["llama3-16k"] != 2.5


def test_rivals_stand_beside_the_number_that_was_chosen():
    known = citations.numbers("systems", {"price": "USD"})
    rivals = citations.rivals(known, [("cloudmatrix384", "price"), ("no-such-system", "price")])
    assert list(rivals.index) == [("cloudmatrix384", "price")]
    assert rivals.chosen.iloc[0] == known.price["cloudmatrix384"]
    assert rivals.other.iloc[0] == known.price["cloudmatrix384"].others[0].value != rivals.chosen.iloc[0]


def test_a_cell_shows_number_kind_and_source_and_its_title_tells_who_disagrees():
    """CloudMatrix384's price, on which two sources disagree."""
    number = citations.numbers("systems", {"price": "USD"}).price["cloudmatrix384"]
    shown = citations.cell("{:,.0f}")(number)
    assert f">{float(number):,.0f}<sup>{citations.LETTERS[number.row.kind]}†</sup></" in shown
    told = citations.describe(number)
    assert told.startswith(f"{number.row.kind}: {citations.title(number.row.source)}")
    assert f"not chosen: {number.others[0].value:,.10g} USD ({number.others[0].kind}, " in told
    assert html.escape(told) in shown
    link = citations.address(number.row.source)
    assert (f'<a href="{html.escape(link)}"' in shown) if link else shown.startswith("<span")


def test_a_number_that_nobody_disputes_has_no_dagger_and_bounds_are_told_in_its_own_unit():
    number = citations.numbers("systems", {"memory_capacity": "GB"}).memory_capacity["hgx-h100"]
    assert not number.others and citations.DISAGREE not in citations.cell()(number)
    row = number.row
    assert "bounds 79.6 to 80 GiB" in citations.describe(number) and row.unit == "GiB"
    plain = citations.numbers("systems", {"domain": "1"}).domain["gb200-nvl72"]
    assert "bounds" not in citations.describe(plain) and plain.row.locator in citations.describe(plain)


def test_numbers_are_shown_in_the_unit_asked_for():
    byte, giga = (citations.numbers("systems", {"scale_up_bandwidth": unit}) for unit in ("B/s", "GB/s"))
    one, other = (each.scale_up_bandwidth["gb200-nvl72"] for each in (byte, giga))
    assert one == 1e9 * other and one.row.value == other.row.value


@pytest.fixture
def sources(monkeypatch):
    """Sources of every form: with authors, editors, a body, nothing; with a DOI, an address, neither."""

    def people(*names):
        return [SimpleNamespace(last_names=name.split()) for name in names]

    def entry(persons=None, **fields):
        return SimpleNamespace(persons=persons or {}, fields=fields)

    known = {
        "one": entry({"author": people("Young")}, title="A {First} Order", year="1974", doi="10.1/x"),
        "two": entry({"author": people("Barlow", "Proschan")}, title="B", year="1996", url="https://b.org/?a=1&b=2"),
        "many": entry({"editor": people("de Vries", "Smith", "Wu")}, title="C", year="2020"),
        "body": entry(title="D", organization="A <Maker>"),
        "bare": entry(title="E", year="2000"),
    }
    monkeypatch.setattr(citations.catalog, "sources", lambda: known)
    return known


def test_a_source_is_quoted_by_its_people_or_its_body_and_its_year(sources):
    assert [citations.short(key) for key in sources] == [
        "Young 1974",
        "Barlow and Proschan 1996",
        "de Vries et al. 2020",
        "A <Maker>",
        "bare 2000",
    ]
    assert citations.short("derived") == "derived here"


def test_a_source_links_to_its_address_or_its_doi_and_is_read_without_either(sources):
    assert citations.address("one") == "https://doi.org/10.1/x" and citations.address("many") is None
    assert citations.source("one") == '<a href="https://doi.org/10.1/x" title="A First Order">one</a>'
    assert citations.source("two").startswith('<a href="https://b.org/?a=1&amp;b=2"')
    assert citations.source("many") == '<span tabindex="0" title="C">many</span>'


def written(data, table, rows):
    """Append rows, with what they leave out from the first row of a table, and read it anew."""
    path = data / f"{table}.csv"
    known = pd.read_csv(path, dtype=str, keep_default_na=False)
    pd.concat([known, pd.DataFrame([known.iloc[0].to_dict() | row for row in rows])]).to_csv(path, index=False)
    catalog._checked.cache_clear()


def test_what_a_table_lacks_is_joined_by_name_and_what_notes_say_in_common_once(data):
    blank = {"system": "new", "value": "", "low": "", "high": "", "chosen": "", "kind": "spec"}
    notes = {"rent": "missing: rent; no seller yet", "price": "missing: price; no seller yet"}
    written(
        data, "systems", [blank | {"quantity": name, "note": note, "unit": UNITS[name]} for name, note in notes.items()]
    )
    found = citations.missing("systems").set_index("system").loc["new"]
    assert found.lacking == "rent; price" and found.remark == "no seller yet"


UNITS = {"rent": "USD/h", "price": "USD"}


def test_rows_that_compete_stand_together_the_chosen_one_first():
    found = citations.disagreements("systems")
    sizes = found.groupby(["system", "quantity"], sort=False).size()
    assert (sizes > 1).all()
    firsts = found.drop_duplicates(["system", "quantity"])
    assert (firsts.chosen == "yes").all() and (found.chosen == "yes").sum() == len(sizes)
    rows = catalog.read("systems")
    alone = rows[~rows.duplicated(["system", "quantity"], keep=False)]
    assert len(alone) + len(found) == len(rows), "no row is lost or told twice"
    runs = [key for key, _ in groupby(zip(found.system, found.quantity, strict=True))]
    assert len(runs) == len(sizes)
