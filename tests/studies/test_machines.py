"""Machines side by side: what is shown of them against the rows behind it."""

import pytest

from model.numbers import catalog
from model.studies import machines

ALL = list(catalog.read("systems").system.unique())


def test_every_heading_is_of_a_recorded_quantity():
    assert set(machines.SHOWN) <= set(catalog.read("systems").quantity)


def test_a_counted_rate_is_the_count_over_its_device_time():
    run = catalog.load("reliability").loc["llama3-16k"]
    [rate] = machines.counted_rates(["llama3-16k"])
    assert rate == pytest.approx(run.interruptions / (run.devices * run.observation) * 1000 * 8 * 86_400)
    assert machines.counted_rates([]).empty


def test_every_row_is_counted_once():
    kinds = machines.evidence(ALL)
    assert kinds.sum() + kinds.attrs["missing"] == kinds.attrs["rows"] == len(catalog.read("systems"))
    assert 0 < kinds.attrs["firm"] < 1


def test_systems_with_the_same_networks_are_drawn_once_and_none_is_lost():
    networks = machines.networks(ALL)
    alike = machines.alike(networks, 12)
    assert sorted(", ".join(alike.system).split(", ")) == sorted(networks.index)
    assert (alike[~alike.known].scale_out_bandwidth == 12).all()


def test_a_sheet_counts_both_ways_and_zeros():
    sheet = machines.data_sheets()
    assert sheet.both_ways == 2 * sheet.one_way
    assert sheet.over_mixed == 2 * sheet.over
    assert sheet.rack_sheet == pytest.approx(sheet.both_ways * sheet.devices / 1000)
