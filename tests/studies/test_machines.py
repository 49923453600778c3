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


def test_a_drawing_has_the_tiers_that_a_domain_of_that_size_takes_smallest_first():
    found = machines.drawn(ALL)
    radix = catalog.load("fabric").radix["scale-up"]
    assert found.domain.is_monotonic_increasing
    assert (found.tiers[found.domain <= radix] == 1).all() and (found.tiers[found.domain > radix] > 1).all()
    assert found.dies["gb200-nvl72"] == 1 and found.dies["cloudmatrix384"] == 2
    assert "feixing-2" not in found.index, "nobody published its domain"


def test_sizes_that_the_text_compares_are_products_and_ratios_of_rows():
    """Rubin Ultra: 144 packages of four dies, which give it its name; a pod of 576 devices in domains of 72."""
    found = machines.sizes()
    assert (found.ultra_devices, found.ultra_dies) == (144, 576)
    assert (found.pod_devices, found.pod_domain) == (576, 72)
    assert found.supernode_over_server == 384 / 8
    assert found.supernode_kilowatts == pytest.approx(559) and found.rack_kilowatts < found.supernode_kilowatts


def test_a_domain_sends_what_its_devices_send_and_binary_gigabytes_are_more():
    found = machines.totals()
    for name in ("rack", "supernode"):
        assert found[name] == pytest.approx(found[f"{name}_rate"] * found[f"{name}_devices"] / 1000)
    assert found.over == pytest.approx(found.supernode / found.rack)
    assert found.more == pytest.approx(2**30 / 1e9 - 1) and found.binary > found.written == 128
