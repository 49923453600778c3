"""Data: every row of data/ keeps to the schema, and every kind of bad row is refused with its line and the fix."""

import csv
import re

import numpy as np
import pandas as pd
import pytest
from pybtex.database import Entry

from model.notation.units import dimension, size
from model.numbers import catalog, records
from model.numbers.catalog import DataError

WORDS = {"claims_titles": ("words", "english", "law", "untested"), "claims_evidence": ()}  # tables without numbers
WORDS |= {
    "claims_readings": ("primary", "taken"),
    "names": (),
    "aliases": (),
    "quantities": (),
    "tried": ("table", "value", "says"),
}
RECORDS = set(records.COLUMNS)  # they have a loader and tests of their own
TABLES = sorted({path.stem for path in catalog.DATA.glob("*.csv")} - set(WORDS) - RECORDS)
SYSTEMS = [
    *["hgx-h100", "hgx-h800", "hgx-h200", "hgx-h20", "hgx-b200", "hgx-b300", "gb200-nvl72", "gb300-nvl72"],
    *["superpod-8x-gb300-nvl72", "vera-rubin-nvl144", "nvl288", "rubin-ultra-nvl576", "cloudmatrix384"],
    *["atlas-950-superpod", "atlas-800t-a2", "llama3-16k", "ascend-all-in-one", "feixing-2"],
]

each_table = pytest.mark.parametrize("table", TABLES)


# What data/ holds.


@each_table
def test_every_table_passes(table):
    rows = catalog.read(table)
    assert len(rows)
    assert set(rows.source) <= catalog.sources().keys()


def without_address(entries):
    """Return the keys of the entries that have neither an address nor a note that says why not."""
    return [
        key
        for key, entry in entries.items()
        if not {"url", "doi", "eprint"} & {name.lower() for name in entry.fields}
        and "address" not in entry.fields.get("note", "")
    ]


def test_every_source_has_an_address_or_says_why_not():
    assert not without_address(catalog.sources())
    planted = {
        "nowhere": Entry("misc", {"title": "A talk", "note": "In Danish"}),
        "silent": Entry("misc", {"title": "A leaflet"}),
        "told": Entry("misc", {"title": "A leaflet", "note": "Printed, so without an address"}),
        "found": Entry("article", {"title": "A paper", "doi": "10.1000/182"}),
    }
    assert without_address(planted) == ["nowhere", "silent"]


def test_the_article_under_study_is_named():
    entry = catalog.sources()["article2025"]
    assert "華商韜略" in str(entry.persons["author"][0])
    assert "畢亞軍" in entry.fields["howpublished"]


MAKERS = ("hgx-", "gb200", "gb300", "superpod", "vera", "rubin", "llama3")


def test_memory_of_a_device_is_in_the_gb_that_makers_mean():
    rows = catalog.chosen("systems").query("quantity == 'memory_capacity'").set_index("system")
    assert (rows.unit == "GiB").all()
    assert rows[~rows.index.str.startswith(MAKERS)].note.str.contains("assumed to be GiB").all()
    bytes_ = catalog.load("systems").memory_capacity
    told = {"hgx-h100": 85.9, "hgx-h200": 151.4, "hgx-b200": 193.3, "gb200-nvl72": 198.7, "gb300-nvl72": 298.0}
    for name, expected in told.items():
        assert bytes_[name] / 1e9 == pytest.approx(expected, abs=0.05)


@each_table
def test_bounds_hold_the_value_also_in_base_units(table):
    rows = catalog.chosen(table)
    assert (rows.low.fillna(rows.value) <= rows.value).all()
    assert (rows.value <= rows.high.fillna(rows.value)).all()
    assert (rows.unit.map(size) > 0).all()


@each_table
def test_a_number_that_is_not_there_says_missing(table):
    rows = catalog.read(table)
    rows = rows[rows.value.isna()]
    assert rows.note.str.startswith("missing:").all()
    assert (rows.kind != "assumed").all()
    assert rows[["low", "high"]].isna().all(axis=None)


@each_table
def test_rows_that_disagree_say_why(table):
    assert catalog.read(table).dropna(subset="chosen").note.notna().all()


@pytest.mark.parametrize("table", ["systems", "reliability", "serving", "assumptions"])
def test_an_assumed_number_has_bounds(table):
    rows = catalog.read(table)
    assert rows[rows.kind == "assumed"][["low", "high"]].notna().all(axis=None)


@each_table
def test_derived_arithmetic_or_an_assumption_is_explained(table):
    rows = catalog.read(table)
    assert rows[rows.source == "assumption"].note.notna().all()
    assert (rows[rows.source == "assumption"].kind == "assumed").all()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_rows(system):
    assert system in set(catalog.read("systems").system)
    assert len(catalog.provenance("systems", system))


@pytest.mark.parametrize("table", ["systems", "network", "reliability", "serving"])
def test_nothing_is_known_about_nvl288_and_its_rows_say_so(table):
    rows = catalog.read(table)
    known = rows[(rows.system == "nvl288") & rows.value.notna()]
    assert (known.kind == "assumed").all()
    assert known[["low", "high", "note"]].notna().all(axis=None)


POINT = ["set", "system", "software", "op", "ranks", "tokens", "bytes_per_element", "experts", "bytes"]


def test_no_measurement_both_fits_and_judges():
    rows = catalog.read("network")
    roles = rows.groupby(POINT, dropna=False).role.nunique()
    assert len(roles) > 100
    assert roles.max() == 1


def test_one_run_of_a_service_is_one_piece_of_evidence():
    """Throughput is batch over time per token: with a role on both, one run would count twice."""
    rows = catalog.read("serving").dropna(subset="role")
    run = [name for name in catalog.keys(rows) if name != "quantity"]
    assert rows.groupby(run, dropna=False).role.nunique().max() == 1
    assert not rows[rows.quantity.isin(["decode_throughput", "time_per_output_token"])].duplicated(run).any()


@pytest.mark.parametrize("table", ["network", "serving", "reliability"])
def test_only_what_is_known_has_a_role(table):
    rows = catalog.read(table).dropna(subset="role")
    assert rows.value.notna().all()
    assert (rows.chosen.fillna("yes") == "yes").all()
    assert rows.kind.isin(["measured", "derived"]).all()


@pytest.mark.parametrize("table", ["network", "serving", "reliability"])
def test_some_rows_fit_and_some_judge(table):
    assert set(catalog.read(table).role.dropna()) == {"calibrate", "validate"}


def test_load_gives_base_units():
    loaded = catalog.load("systems")
    assert loaded.loc["hgx-h100", "peak_bf16"] == pytest.approx(989.5e12)
    assert loaded.loc["hgx-h100", "memory_capacity"] == pytest.approx(85.9e9, rel=1e-3)  # a maker's 80 GB
    assert np.isnan(loaded.loc["feixing-2", "domain"])
    for quantity in loaded:
        lows, highs = catalog.load("systems", "low")[quantity], catalog.load("systems", "high")[quantity]
        known = loaded[quantity].notna()
        assert (lows[known] <= loaded[quantity][known]).all()
        assert (loaded[quantity][known] <= highs[known]).all()


def test_chosen_leaves_out_what_is_missing_or_was_not_chosen():
    rows = catalog.chosen("systems")
    assert rows.value.notna().all()
    assert "no" not in set(rows.chosen)
    assert not rows.duplicated(["system", "quantity"]).any()
    assert {"yes", "no"} <= set(catalog.read("systems").chosen)


def test_a_reader_cannot_change_what_the_next_one_sees():
    rows = catalog.read("formats")
    rows.loc[0, "value"] = -1
    assert catalog.read("formats").value[0] > 0


# What is refused.

HEADER = ["system", "ranks", "quantity", "value", "unit", "low", "high"]
HEADER += ["kind", "chosen", "role", "source", "locator", "note"]
GOOD = {
    "system": "here",
    "ranks": "8",
    "value": "2",
    "unit": "GB/s",
    "low": "1",
    "high": "3",
    "kind": "measured",
    "source": "hockney1994",
    "locator": "section 2",
}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Return a function that writes rows as tmp_path/table.csv, each GOOD with changes, and reads it."""
    monkeypatch.setattr(catalog, "DATA", tmp_path)
    declared = [f"{name},GB/s,positive" for name in ("speed", *(f"quantity_{number}" for number in range(4)))]
    (tmp_path / "quantities.csv").write_text("\n".join(["quantity,unit,takes", *declared, ""]), encoding="utf-8")

    def read(*changes, header=HEADER):
        with (tmp_path / "table.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, extrasaction="ignore")
            writer.writeheader()
            for number, change in enumerate(changes):
                writer.writerow(GOOD | {"quantity": f"quantity_{number}"} | change)
        return catalog.read("table")

    return read


def test_good_rows_pass(table):
    rows = table({}, {"low": "", "high": ""}, {"value": "", "low": "", "high": "", "note": "missing: not found"})
    assert rows.value.tolist()[:2] == [2, 2]
    assert rows.ranks.tolist() == [8, 8, 8]


def test_rows_that_disagree_pass_where_one_is_chosen(table):
    same = {"quantity": "speed", "note": "the newer one"}
    rows = table(same | {"chosen": "yes"}, same | {"chosen": "no", "value": "3"}, {})
    assert len(rows) == 3
    assert catalog.chosen("table").value.tolist() == [2, 2]


BAD = {  # what is wrong: (the row, words that the message has beside file and line)
    "no source": ({"source": ""}, ["no source", "references.bib"]),
    "an unknown source": ({"source": "nobody1900"}, ["nobody1900", "references.bib"]),
    "an unknown unit": ({"unit": "GB/sec"}, ["GB/sec", "model.notation.units.UNITS"]),
    "no unit": ({"unit": ""}, ["unit", "model.notation.units.UNITS"]),
    "an unknown kind": ({"kind": "guess"}, ["guess", "spec, measured, claim, estimate, derived, assumed"]),
    "no kind": ({"kind": ""}, ["kind", "spec, measured"]),
    "an unknown role": ({"role": "train"}, ["train", "calibrate, validate or nothing"]),
    "an unknown choice": ({"chosen": "maybe"}, ["maybe", "yes, no or nothing"]),
    "a value below its bounds": ({"value": "0.5"}, ["0.5", "1 to 3", "widen"]),
    "a value above its bounds": ({"value": "3.5"}, ["3.5", "1 to 3", "widen"]),
    "low above high": ({"low": "4"}, ["low 4 above high 3", "exchange"]),
    "text for the value": ({"value": "two"}, ["value 'two'", "write a number"]),
    "text for a bound": ({"high": "many"}, ["high 'many'", "write a number"]),
    "a thousands comma": ({"value": "2,000"}, ["value '2,000'", "write a number"]),
    "text in a column of numbers": ({"ranks": "eight"}, ["ranks 'eight'", "write a number"]),
    "an infinite value": ({"value": "inf", "low": "", "high": ""}, ["infinite", "empty"]),
    "an infinite bound": ({"high": "inf"}, ["infinite", "empty"]),
    "no value and no word about it": ({"value": "", "low": "", "high": ""}, ["no value", "note"]),
    "no name": ({"system": ""}, ["no system", "name it"]),
    "no quantity": ({"quantity": ""}, ["no quantity", "name it"]),
    "a quantity with a blank": ({"quantity": "speed "}, ["quantity 'speed '", "blanks"]),
    "a system with a blank": ({"system": " here"}, ["system ' here'", "blanks"]),
    "a unit with a blank": ({"unit": "GB/s "}, ["unit 'GB/s '", "blanks"]),
    "a quantity that is misspelt": ({"quantity": "sped"}, ["nobody declared", "did you mean speed"]),
    "a quantity that nobody declared": ({"quantity": "colour"}, ["nobody declared", "data/quantities.csv"]),
    "the unit of another quantity": ({"unit": "GB"}, ["'GB'", "not measured", "GB/s"]),
    "a negative value": ({"value": "-2", "low": "", "high": ""}, ["value -2", "a positive number"]),
    "a negative bound": ({"low": "-1"}, ["low -1", "a positive number"]),
    "zero for a positive quantity": ({"value": "0", "low": "", "high": ""}, ["value 0", "a positive number"]),
    "no locator and no word about it": ({"locator": ""}, ["no locator", "note"]),
    "a choice without a rival": ({"chosen": "no"}, ["stands alone", "leave it empty"]),
}


@pytest.mark.parametrize(("row", "words"), BAD.values(), ids=BAD)
def test_a_bad_row_is_refused_with_its_line_and_the_fix(table, row, words):
    with pytest.raises(DataError) as refusal:
        table({}, {}, row, {})
    assert "data/table.csv line 4" in str(refusal.value)
    assert all(word in str(refusal.value) for word in words), refusal.value


TWICE = {
    "none chosen": ["", ""],
    "two chosen": ["yes", "yes"],
    "both left": ["no", "no"],
    "one chosen, one not said": ["yes", ""],
}


@pytest.mark.parametrize("marks", TWICE.values(), ids=TWICE)
def test_rows_that_disagree_are_refused_unless_one_is_chosen_and_the_others_are_not(table, marks):
    with pytest.raises(DataError, match=r"data/table.csv line [34]: here 8.0 speed .*chosen '(yes|no)'"):
        table({}, *({"quantity": "speed", "chosen": mark, "note": "why"} for mark in marks))


def test_the_same_quantity_at_another_operating_point_is_another_number(table):
    assert len(table({"quantity": "speed"}, {"quantity": "speed", "ranks": "16"})) == 2


@pytest.mark.parametrize("column", catalog.COLUMNS)
def test_a_missing_column_is_named(table, column):
    with pytest.raises(DataError, match=rf"data/table.csv: the columns \['{column}'\] are missing; the header needs"):
        table({}, header=[name for name in HEADER if name != column])


@pytest.mark.parametrize("number", [2, 3])
def test_a_comma_without_quotes_is_refused_with_its_line(table, tmp_path, number):
    table({}, {})
    lines = (tmp_path / "table.csv").read_text().splitlines()
    lines[number - 1] += ",a note, with a comma"
    if number == 2:  # one field too many in every row: must not shift the columns silently
        lines = [lines[0], *(line + ",surplus" for line in lines[1:])]
    (tmp_path / "table.csv").write_text("\n".join(lines))
    catalog._checked.cache_clear()
    with pytest.raises(DataError, match=rf"data/table.csv.*line {number}.*quotes"):
        catalog.read("table")


def test_an_empty_line_does_not_shift_the_line_that_is_named(table, tmp_path):
    table({}, {})
    lines = (tmp_path / "table.csv").read_text().splitlines()
    (tmp_path / "table.csv").write_text("\n".join([lines[0], lines[1], "", lines[2].replace("GB/s", "GB")[:-1] + "x"]))
    catalog._checked.cache_clear()
    with pytest.raises(DataError, match="data/table.csv line 3"):
        catalog.read("table")


HEAD = ",".join(HEADER)
FILES = {
    "empty": (b"", "line 1: is empty"),
    "blank lines alone": (b"\n\n", "line 1: is empty"),
    "UTF-16": (f"{HEAD}\n".encode("utf-16"), "written in UTF-16: save it in UTF-8"),
    "a byte of another encoding": (f"{HEAD}\n".encode() + b"\xfcber,8", "line 2 holds a byte that is not UTF-8"),
    "a zero byte": (f"{HEAD}\nhere\0,8".encode(), "line 2 holds a zero byte"),
    "compressed": (b"\x1f\x8b\x08\x00", "compressed by gzip"),
    "a spreadsheet": (b"PK\x03\x04", "spreadsheet"),
    "a doubled column": (f"{HEAD},value\n".encode(), "line 1: the column value stands there twice"),
    "a column with a blank": (HEAD.replace("value", "value ").encode(), "line 1: the column 'value '"),
    "a column without a name": (f"{HEAD},\n".encode(), "line 1: the column ''"),
}


@pytest.mark.parametrize(("content", "problem"), FILES.values(), ids=FILES)
def test_a_broken_file_is_told_by_its_name_and_its_line(table, tmp_path, content, problem):
    (tmp_path / "table.csv").write_bytes(content)
    catalog._checked.cache_clear()
    with pytest.raises(DataError, match="data/table.csv") as refusal:
        catalog.read("table")
    assert problem in str(refusal.value)


@pytest.mark.parametrize("table", ["systems", "network", "serving", "workloads", "reliability"])
def test_a_row_of_each_table_in_another_unit_is_refused(data, table):
    """What an attack once wrote into data/ and every test let pass: GB for GB/s, hours for GB/s, no unit at all."""
    path = data / f"{table}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = catalog.read(table)
    for unit in ("GB", "GB/s", "h", "1"):
        known = catalog.registry()
        own = [dimension(unit) in known[quantity][0] for quantity in rows.quantity]
        if False not in own:
            continue
        place = own.index(False)
        broken = [*lines]
        before, quantity, rest = broken[place + 1].partition(f",{rows.quantity[place]},")
        value, _, after = rest.split(",", 2)
        broken[place + 1] = f"{before}{quantity}{value},{unit},{after}"
        path.write_text("\n".join([*broken, ""]), encoding="utf-8")
        catalog._checked.cache_clear()
        with pytest.raises(DataError, match=f"data/{table}.csv line {place + 2}: .*unit '{unit}'"):
            catalog.read(table)


# What a notebook may read.


def test_a_table_that_the_notebook_does_not_list_is_refused(monkeypatch):
    monkeypatch.setenv("STUDY_TABLES", "systems,network")
    assert len(catalog.read("systems"))
    with pytest.raises(DataError, match=r"data/reliability.csv is read, but .*metadata lists only systems,network"):
        catalog.read("reliability")
    with pytest.raises(DataError, match="reliability"):
        catalog.load("reliability")


def test_without_a_list_every_table_may_be_read(monkeypatch):
    monkeypatch.delenv("STUDY_TABLES", raising=False)
    assert all(isinstance(catalog.read(name), pd.DataFrame) for name in TABLES)


# Tables of words, and numbers that stand for others.


@pytest.mark.parametrize("table", WORDS)
def test_a_table_of_words_passes(table):
    assert len(catalog.words(table, WORDS[table])) > 15


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("C07,systems,,domain", "line 187: C07 systems domain has an empty field: fill it"),
        ("C01,systems,superpod-8x-gb300-nvl72,devices", "line 187: C01 .*devices is written twice"),
        ("C07,systems,cloudmatrix384,domain,more", "line 187.*quotes"),
    ],
)
def test_a_bad_line_of_words_is_refused(data, line, problem):
    path = data / "claims_evidence.csv"
    lines = path.read_text(encoding="utf-8").splitlines()[:186]
    path.write_text("\n".join([*lines, line, ""]), encoding="utf-8")
    with pytest.raises(DataError, match=problem):
        catalog.words("claims_evidence")


def test_words_that_a_notebook_does_not_list_are_refused(monkeypatch):
    monkeypatch.setenv("STUDY_TABLES", "claims")
    with pytest.raises(DataError, match=r"data/claims_titles.csv is read, but .*lists only claims"):
        catalog.words("claims_titles", WORDS["claims_titles"])


def test_an_analogy_has_the_numbers_of_the_row_that_it_names():
    rows = catalog.read("assumptions")
    rows = rows[rows.note.str.startswith("by analogy")]
    assert len(rows) > 10
    for row in rows.itertuples():
        found = re.match(r"by analogy: (\S+) (\S+) of (\w+)\.csv", row.note)
        if found is None:  # with a record that is no row of data/
            continue
        name, quantity, table = found.groups()
        known = catalog.chosen(table)
        other = known[(known[known.columns[0]] == name) & (known.quantity == quantity)].iloc[0]
        numbers = [other.value, *other[["low", "high"]].fillna(other.value)]
        assert [row.value, row.low, row.high] == numbers and row.unit == other.unit, f"{row.topic} {row.quantity}"
        assert (row.kind, row.source) == ("assumed", other.source)


def test_what_is_recorded_of_a_name_are_its_own_chosen_rows_with_a_value():
    found, rows = catalog.recorded("systems", "hgx-h100"), catalog.read("systems")
    own = rows[(rows.system == "hgx-h100") & rows.value.notna() & (rows.chosen.fillna("") != "no")]
    assert set(found) == set(own["quantity"]) and len(own) > 5
    assert all(each.system == "hgx-h100" and each.quantity == name for name, each in found.items())
    found.clear()  # one's own copy
    assert catalog.recorded("systems", "hgx-h100") and not catalog.recorded("systems", "nobody")
