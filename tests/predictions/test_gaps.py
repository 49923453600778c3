"""Gaps: the rows that `systems --missing` names are those without which a prediction is refused, and all of them."""

import pytest

from model.__main__ import run
from model.numbers import catalog
from model.numbers.facts import Missing
from model.predictions import gaps
from model.predictions.quantities import QUANTITIES


@pytest.fixture
def systems(tmp_path, monkeypatch):
    """Return a function that leaves the value of a row out of a copy of data/systems.csv."""
    for path in catalog.DATA.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(catalog, "DATA", tmp_path)

    def drop(system, quantity):
        path = tmp_path / "systems.csv"
        lines = path.read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"{system},{quantity},")]
        assert len(kept) < len(lines)
        path.write_text("".join(kept), "utf-8")
        catalog._checked.cache_clear()

    yield drop
    catalog._checked.cache_clear()


def test_a_machine_with_all_its_rows_lacks_nothing():
    assert gaps.missing("gb200-nvl72").empty


def test_nothing_is_known_of_a_machine_that_is_only_named():
    found = gaps.missing("nvl288")
    assert {"domain", "scale_up_bandwidth"} <= set(found[~found.beyond].row)
    assert "memory_capacity" in set(found[found.quantity == "decode_frontier"].row)
    assert set(found.table) == {"systems"}


@pytest.mark.parametrize("name", ["all_to_all_time", "decode_throughput"])
def test_a_scale_out_network_is_lacking_only_beyond_a_domain(name):
    assert gaps.lacks(name, "atlas-950-superpod", gaps.INSIDE) == []
    assert gaps.lacks(name, "atlas-950-superpod", given=gaps.BEYOND) == [("systems", "scale_out_bandwidth")]


def test_an_all_reduce_that_no_switch_helps_asks_for_no_way_out_of_its_domain():
    assert gaps.lacks("all_reduce_time", "atlas-950-superpod", {"ranks": 1024.0}) == []
    assert gaps.lacks("all_reduce_time", "atlas-950-superpod", {"ranks": 1025.0}) == [
        ("systems", "scale_out_bandwidth")
    ]


@pytest.mark.parametrize(
    ("quantity", "name"), [("memory_capacity", "decode_frontier"), ("scale_up_bandwidth", "all_to_all_time")]
)
def test_a_row_that_is_taken_out_is_named_and_no_other(systems, quantity, name):
    systems("hgx-b200", quantity)
    assert gaps.lacks(name, "hgx-b200") == [("systems", quantity)]
    assert gaps.lacks("job_mtbf", "hgx-b200") == []


@pytest.mark.parametrize("name", [name for name in QUANTITIES if name != "decode_frontier"])  # which takes long
def test_each_row_that_is_named_is_needed_and_together_they_suffice(name):
    rows = gaps.lacks(name, "feixing-2", given=gaps.BEYOND)
    supplied = {row: catalog.load(table)[row].median() for table, row in rows}
    assert gaps.lacks(name, "feixing-2", given=gaps.BEYOND | supplied) == []
    for table, row in rows:
        others = {key: number for key, number in supplied.items() if key != row}
        assert gaps.lacks(name, "feixing-2", given=gaps.BEYOND | others) == [(table, row)]


def without(monkeypatch, quantity):
    """Take every row of a quantity out of what the tables give."""
    for give in (catalog.read, catalog.recorded):
        monkeypatch.setattr(catalog, give.__name__, lambda *of, give=give: _rest(give(*of), quantity))


def _rest(rows, quantity):
    if isinstance(rows, dict):
        return {name: row for name, row in rows.items() if name != quantity}
    return rows[rows.quantity != quantity]


def test_a_rate_of_failures_is_named_where_nothing_was_counted_either(monkeypatch):
    without(monkeypatch, "failure_rate")
    assert gaps.lacks("job_mtbf", "hgx-h200") == [("reliability", "failure_rate")]
    assert gaps.lacks("job_mtbf", "llama3-16k") == []  # follows from what was counted


def test_a_gap_that_no_row_of_the_system_fills_is_not_hidden(monkeypatch):
    without(monkeypatch, "key_value_heads")
    with pytest.raises(Missing, match="key_value_heads"):
        gaps.lacks("decode_throughput", "gb200-nvl72")


def test_the_command_line_says_what_is_missing(capsys):
    assert run(["systems", "--missing", "rubin-ultra-nvl576"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "rubin-ultra-nvl576"
    assert "  all_to_all_time lacks scale_up_bandwidth (data/systems.csv)" in lines
    assert "  all_to_all_time, beyond one domain, lacks scale_out_bandwidth (data/systems.csv)" in lines
    assert run(["systems", "--missing", "gb200-nvl72"]) == 0
    assert capsys.readouterr().out == "gb200-nvl72  lacks nothing\n"


def test_the_command_line_names_the_nearest_system(capsys):
    assert run(["systems", "--missing", "gb200-nvl27"]) == 2
    assert "did you mean gb200-nvl72?" in capsys.readouterr().err
    assert run(["systems", "hgx-h200"]) == 0
    assert capsys.readouterr().out.startswith("hgx-h200  exchange:")
