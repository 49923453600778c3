"""Figures with sliders: what the page draws is what numpy computes from the same law, wherever the sliders stand."""

import html
import json
import re

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from conftest import EXECUTED, SITE

from model.laws import reliability, two_tiers
from model.notation.equation import compute
from model.notation.nomenclature import (
    domain,
    downtime,
    effective_training_share,
    outer_time,
    parallel_time,
    ranks,
    volume,
)
from model.notation.units import size
from model.views import figures, sliders, vega_chart

FIGURES = sorted(EXECUTED.glob("*/*_sliders.json"))
POSITIONS = 8
SET = """(figure, [places, curves]) => {
    const inputs = [...figure.querySelectorAll("input")];
    inputs.forEach((input, i) => {
        input.value = Math.round(places[i] * input.max);
        input.dispatchEvent(new Event("input", {bubbles: true}));
    });
    return figure.view.runAsync().then(view => ({
        shown: inputs.map(input => [input.getAttribute("aria-valuetext"), view.signal(input.dataset.signal)]),
        signals: Object.fromEntries(inputs.map(input => [input.dataset.signal, view.signal(input.dataset.signal)])),
        rows: curves.map((_, i) => view.data(`curve${i}`).map(row => [row.swept, row.x, row.y].map(String))),
        drawn: figure.querySelectorAll(".stage path[stroke-width='2.2']").length,
    }));
}"""
DATA = {"volume": 1e7, "scale_up_bandwidth": 9e11, "scale_out_bandwidth": 5e10}

built = pytest.mark.skipif(not (FIGURES and SITE.exists()), reason="there is no built site: run make book")
each_figure = pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)


@pytest.fixture
def shown(tab):
    """Open the chapter of a figure, and return the live figure's element."""

    def open_at(path, root):
        tab.goto(f"{root}{path.parent.name}.html", wait_until="load")
        figure = tab.locator(f".slider-figure:has(input[id^='{path.stem}-'])")
        figure.locator(".stage svg").wait_for()
        return figure

    return open_at


@built
@pytest.mark.browser
@each_figure
@pytest.mark.parametrize("way", ["disk", "served"])
def test_the_curves_are_numpys_wherever_the_sliders_stand(tab, served, shown, path, way):
    record = json.loads(path.read_text(encoding="utf-8"))
    figure = shown(path, served if way == "served" else f"{SITE.as_uri()}/")
    rng = np.random.default_rng(sum(map(ord, path.stem)))
    seen = set()
    for _ in range(POSITIONS if way == "disk" else 2):
        found = figure.evaluate(SET, [rng.random(len(record["sliders"])).tolist(), record["curves"]])
        given = {name: found["signals"][key] * unit for key, (name, unit) in record["sliders"].items()}
        assert all(text.replace(",", "").split()[0] == f"{number:.15g}" for text, number in found["shown"])
        assert found["drawn"] >= len(record["curves"])
        for curve, rows in zip(record["curves"], found["rows"], strict=True):
            swept, *drawn = np.array(rows, dtype=float).T
            assert len(swept) == vega_chart.POINTS + 1
            columns = {**record["fixed"], **given, **curve["fixed"], record["swept"]: swept}
            holds = np.full(len(swept), True)
            for condition in curve["valid"]:
                holds &= compute(sp.sympify(condition), columns)
            for key, unit, numbers in zip(("across", "value"), record["units"], drawn, strict=True):
                law = sp.sympify(curve[key])
                assert sp.srepr(law) == curve[key]
                expected = np.where(holds, compute(law, columns) / size(unit), np.nan)
                # A share that is zero is known to rounding only: rtol alone would ask for its noise.
                np.testing.assert_allclose(numbers, expected, rtol=1e-9, atol=1e-12)
                seen.add((curve["label"], key, tuple(numbers[:5].tolist())))
    assert len(seen) > POSITIONS / 2 or way == "served", "the curves do not follow the sliders"
    assert not tab.troubles


@built
@pytest.mark.browser
@each_figure
def test_sliders_move_by_keyboard_and_go_back(tab, shown, path):
    figure = shown(path, f"{SITE.as_uri()}/")
    for i in range(figure.locator("input").count()):
        slider = figure.locator("input").nth(i)
        start = slider.get_attribute("aria-valuetext")
        slider.focus()
        tab.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") != start
        assert figure.locator(".shown").nth(i).inner_text() == slider.get_attribute("aria-valuetext")
        figure.get_by_role("button").click()
        assert slider.get_attribute("aria-valuetext") == start
    assert figure.evaluate("figure => figure.scrollWidth <= figure.clientWidth")
    assert not tab.troubles


@built
@pytest.mark.browser
@each_figure
def test_without_scripts_the_still_picture_stands_in(browser, path):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((SITE / f"{path.parent.name}.html").as_uri())
    figure = page.locator(f".slider-figure:has(input[id^='{path.stem}-'])")
    assert figure.locator(".still svg.wide").is_visible() and "Drawn for: " in figure.inner_text()
    assert not figure.locator("input").first.is_visible()
    page.context.close()


@built
def test_only_pages_that_hold_a_chart_load_vega():
    holding = {page for page in SITE.rglob("*.html") if 'class="slider-figure"' in page.read_text(encoding="utf-8")}
    loading = {page for page in SITE.rglob("*.html") if "_static/vega.js" in page.read_text(encoding="utf-8")}
    assert holding == loading and len(holding) >= 2 * len({path.parent for path in FIGURES})
    assert (SITE / "_static/vega.js").stat().st_size < 650_000


@built
def test_the_figures_draw_the_laws_of_the_model():
    laws = {path.stem: json.loads(path.read_text(encoding="utf-8"))["curves"][0]["value"] for path in FIGURES}
    assert laws["bound_sliders"] == sp.srepr(two_tiers.two_tier.solve(parallel_time))
    assert laws["share_sliders"] == sp.srepr(reliability.best_checkpointing.solve(effective_training_share))


def test_a_slider_stands_on_round_numbers_and_on_its_start():
    slider = sliders.Slider(volume, "Bytes", 1, 1000, 7.35, "MB", "MB")
    assert slider.stops == sorted(set(slider.stops)) and slider.stops[0] == 1 and slider.stops[-1] == 1000
    assert 7.35 in slider.stops
    assert slider.words(1234.5) == "1,234.5 MB"
    assert sliders.Slider(ranks, "Ranks", 2, 64, 100, whole=True).stops[-1] == 100, "the start widens the bounds"
    assert all(isinstance(stop, int) for stop in sliders.Slider(ranks, "Ranks", 2, 64, 8, whole=True).stops)
    assert sliders.Slider(downtime, "Down", 0, 30, 5, "min", scale="linear").stops[0] == 0


def test_a_curve_ends_where_its_law_does():
    curve = sliders.Curve("outer", two_tiers.two_tier.solve(outer_time), valid=two_tiers.two_tier.valid)
    across, time = curve.points(domain, {**DATA, "ranks": 16.0, "domain": np.array([1.0, 8.0, 16.0, 17.0])})
    np.testing.assert_allclose(across, [1, 8, 16, np.nan])
    np.testing.assert_allclose(time, [2e-4, 2e-4 * 8 / 15, 0, np.nan])


def test_a_number_that_nobody_gives_is_named():
    curve = sliders.Curve("both", two_tiers.two_tier.solve(parallel_time))
    axis = sliders.Axis("size", 1, 64)
    with pytest.raises(ValueError, match="volume has no value"):
        fixed = {name: number for name, number in DATA.items() if name != "volume"} | {"ranks": 64.0}
        vega_chart.specification((domain, 1, 64), axis, axis, [curve], [], fixed)


@pytest.fixture
def glued(monkeypatch, tmp_path):
    """Return (what is glued in the test, by name; the folder in which a build wants its files)."""
    kept = {}
    monkeypatch.setattr(figures, "glue", lambda name, value, display: kept.update({name: value}))
    monkeypatch.setattr(figures, "display", lambda _: None)
    monkeypatch.setenv("STUDY_OUTPUT", str(tmp_path))
    return kept, tmp_path


def drawn():
    """Glue the times of a two-tier network over the size of a domain, with a slider of ranks and one of volume."""
    law = two_tiers.two_tier
    named = {"both at once": parallel_time, "between domains": outer_time}
    curves = [sliders.Curve(word, law.solve(name), valid=law.valid) for word, name in named.items()]
    curves.append(sliders.Curve("few bytes", law.solve(parallel_time), fixed={volume: 1e6}, valid=law.valid))
    moved = [
        sliders.Slider(ranks, "Ranks <that> exchange", 2, 1024, 64, whole=True),
        sliders.Slider(volume, "Bytes", 1, 50, 10, "MB", "MB"),
    ]
    across = sliders.Axis("devices", 1, 1024, scale="log", ticks=(1, 8, 1024))
    height = sliders.Axis("time, us", 1, 3000, "us", "log")
    fixed = {name: number for name, number in DATA.items() if name != "volume"}
    sliders.figure("two_sliders", (domain, 1, 1024), across, height, curves, moved, "Times over domains.", fixed)


def test_a_figure_is_its_still_picture_its_laws_and_its_controls(glued):
    kept, folder = glued
    drawn()
    markup = kept["two_sliders"].data
    live = json.loads(markup.split('<script type="application/json">')[1].split("</script>")[0])
    assert live["description"] == "Times over domains." and len(live["marks"]) == 3
    assert {each["name"]: each["value"] for each in live["signals"]} == {"slider_ranks": 64, "slider_volume": 10}
    assert "<span>Drawn for:</span> <span>Ranks &lt;that&gt; exchange</span> <span>64</span>" in markup
    for name, start in (("ranks", "64"), ("volume", "10 MB")):
        control = next(each for each in markup.split("<div>") if f'id="two_sliders-{name}"' in each)
        stops = json.loads(html.unescape(re.search(r'data-stops="([^"]*)"', control)[1]))
        place = int(re.search(r' value="(\d+)"', control)[1])
        assert f'aria-valuetext="{start}"' in control and f'max="{len(stops) - 1}"' in control
        assert stops[place] == float(start.split()[0])
    assert markup.count("<svg") == 2 and '<div class="stage" hidden>' in markup, "wide and for a phone, until it lives"
    assert {path.name for path in folder.iterdir()} >= {"two_sliders.json", "two_sliders.csv", "two_sliders.svg"}


def test_the_data_of_the_still_picture_are_the_law_at_the_sliders_start_where_it_holds(glued):
    _, folder = glued
    drawn()
    data = pd.read_csv(folder / "two_sliders.csv")
    whole, few = (data[data.curve == label] for label in ("both at once", "few bytes"))
    assert len(whole) == len(few) < vega_chart.POINTS + 1 and whole.devices.max() <= 64, "a domain holds the group"
    for part, size_ in ((whole, 1e7), (few, 1e6)):
        point = DATA | {"ranks": 64.0, "domain": part.devices.to_numpy(), "volume": size_}
        expected = compute(two_tiers.two_tier.solve(parallel_time), point)
        np.testing.assert_allclose(part["time, us"], 1e6 * expected)


def test_the_record_of_a_figure_says_its_laws_its_numbers_and_its_units(glued):
    _, folder = glued
    drawn()
    record = json.loads((folder / "two_sliders.json").read_text(encoding="utf-8"))
    assert record["swept"] == "domain" and record["units"] == ["1", "us"]
    assert record["fixed"] == {"scale_up_bandwidth": 9e11, "scale_out_bandwidth": 5e10}
    assert record["sliders"] == {"slider_ranks": ["ranks", 1], "slider_volume": ["volume", 1e6]}
    both, _, few = record["curves"]
    assert sp.sympify(both["value"]) == two_tiers.two_tier.solve(parallel_time)
    assert sp.sympify(both["across"]) == domain and both["fixed"] == {} and few["fixed"] == {"volume": 1e6}
    assert [sp.sympify(each) for each in both["valid"]] == list(two_tiers.two_tier.valid)


def test_nothing_is_written_where_no_build_asks_for_it(glued, monkeypatch):
    kept, folder = glued
    monkeypatch.delenv("STUDY_OUTPUT")
    drawn()
    assert kept and not list(folder.iterdir())
