"""Drawings of machines: as many devices as there are, links as wide as they are fast, the same numbers in words."""

import matplotlib.pyplot as plt
import pytest
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from model.views import domains

SERVER = {"name": "a server", "domain": 8, "dies": 1, "tiers": 1, "scale_up_bandwidth": 450e9}
SERVER["scale_out_bandwidth"] = 50e9
NODE = SERVER | {"name": "a supernode", "domain": 384, "dies": 2, "tiers": 2, "scale_up_bandwidth": 392e9}


def drawn(machine):
    """Return (devices drawn, width of the links inside, height of the link outside or 0)."""
    drawing = domains.draw(machine)
    [axis] = drawing.axes
    [squares] = [each for each in axis.collections if isinstance(each, PatchCollection)]
    bars = [each for each in axis.patches if isinstance(each, Rectangle)]
    inside = [each.get_width() for each in bars if each.get_height() == 6]
    outside = [each.get_height() for each in bars if each.get_width() == 26]
    plt.close(drawing)
    return len(squares.get_paths()), inside, sum(outside)


def test_devices_and_links_are_to_scale():
    (few, (link,), out), (many, links, _) = drawn(SERVER), drawn(NODE)
    assert (few, many) == (8, 384)
    assert len(links) == 2 and links[0] / link == pytest.approx(392 / 450)
    assert link / out == pytest.approx(9)


def test_what_is_not_known_is_no_bar_and_is_said():
    unknown = SERVER | {"scale_out_bandwidth": float("nan")}
    assert drawn(unknown)[2] == 0
    assert "outside: not known" in domains.alt(unknown)


def test_the_drawing_is_told_in_numbers():
    told = domains.alt(NODE)
    assert all(part in told for part in ("384 devices of 2 dies", "2 tiers", "392 GB/s", "50 GB/s", "one direction"))


@pytest.mark.parametrize("devices", [8, 72, 144, 384, 1024, 8192])
def test_rows_of_devices_are_full(devices):
    assert devices % domains.columns(devices) == 0
