"""The comparison of a purchase in a page: what it holds is written as it is, and every control starts at the deal."""

import json
import re

import pandas as pd
import pytest

from model.studies.purchase import Deal
from model.views import figures, purchase

HELD = {
    "machines": {"rack": {"rent": 3.0}, "server": {"rent": 2.0}},
    "models": ["small", "large"],
    "lengths": ["1024|1024", "8192|1024"],
    "speeds": [10.0, 20.0, 50.0],
    "throughputs": {"rack|small|1024|1024": {"value": [3.0, 2.0, 1.0]}},
}
NAMES = {"rack": "A rack", "server": "Servers", "small": "Small & new", "large": "Large"}
NAMES |= {"1024|1024": "1,024 in, 1,024 out", "8192|1024": "8,192 in, 1,024 out"}
DEAL = Deal("server", "rack", "small", "8192|1024", 20.0, 2.0, 3.25, 0.6)


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """Return (markup of the comparison, the folder of its files)."""
    kept = {}
    monkeypatch.setattr(figures, "glue", lambda name, value, display: kept.update({name: value}))
    monkeypatch.setattr(figures, "display", lambda _: None)
    monkeypatch.setenv("STUDY_OUTPUT", str(tmp_path))
    drawing, axis = figures.axes()
    axis.plot([1, 2], [1, 2])
    purchase.figure("deal", HELD, DEAL, NAMES, 15, drawing, pd.DataFrame({"x": [1, 2]}), 'A "line" chart.')
    return kept["deal"].data, tmp_path


def test_the_page_s_numbers_picture_and_data_are_written(shown):
    _, folder = shown
    assert json.loads((folder / purchase.FILE).read_text(encoding="utf-8")) == HELD
    assert (folder / "deal.csv").exists() and (folder / "deal.svg").exists()


@pytest.mark.parametrize(
    ("key", "label", "options", "start"),
    [
        ("first", "Machine A", ["rack", "server"], "server"),
        ("second", "Machine B", ["rack", "server"], "rack"),
        ("model", "Model", ["small", "large"], "small"),
        ("lengths", "Tokens of a request", ["1024|1024", "8192|1024"], "8192|1024"),
    ],
)
def test_each_choice_offers_what_the_page_holds_and_starts_at_the_deal(shown, key, label, options, start):
    control = re.search(rf'<label for="deal-{key}">(.*?)</label><select[^>]*name="{key}"[^>]*>(.*?)</select>', shown[0])
    assert control[1] == label
    found = re.findall(r'<option value="([^"]*)"( selected data-start)?>(.*?)</option>', control[2])
    assert [value for value, *_ in found] == options
    assert [value for value, chosen, _ in found if chosen] == [start]
    words = [words for *_, words in found]
    assert words == [NAMES[each].replace("&", "&amp;") for each in options]


@pytest.mark.parametrize(
    ("key", "start", "most", "words"),
    [
        ("firstRent", "2.00", "15", "2 USD"),
        ("secondRent", "3.25", "15", "3.25 USD"),
        ("speed", "1", "2", "20 tokens/s"),
        ("busy", "60", "100", "60 %"),
    ],
)
def test_each_slider_starts_at_the_deal_and_says_so(shown, key, start, most, words):
    control = re.search(
        rf'<span class="shown" aria-hidden="true">([^<]*)</span><input [^>]*id="deal-{key}"[^>]*>', shown[0]
    )
    assert control[1] == words
    for part in (f' value="{start}"', f' max="{most}"', f'aria-valuetext="{words}"'):
        assert part in control[0]


def test_without_scripts_the_still_picture_and_what_it_is_drawn_for_are_all_that_shows(shown):
    markup = shown[0]
    assert "Small &amp; new, 8,192 in, 1,024 out, busy 60% of the time, at recorded rents" in markup
    assert '<div class="still"><svg' in markup and "<fieldset hidden>" in markup
    assert '<table class="answer" hidden>' in markup and 'data-alt="A &quot;line&quot; chart."' in markup
    assert re.findall(r"</svg> ([AB])</th>", markup) == ["A", "B"]
