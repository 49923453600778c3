"""The comparison of a purchase in a real browser: whatever a reader sets, the page computes what the study does."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import SITE

import model
from model.studies import purchase

HELD = Path(__file__).parents[2] / "book" / "executed" / "purchase" / "throughputs.json"
PAGE = SITE / "purchase.html"
SETTINGS = 50
SET = """(figure, places) => {
    const fields = [...figure.querySelectorAll("fieldset [name]")];
    fields.forEach((field, i) => {
        if (field.options) field.selectedIndex = Math.floor(places[i] * field.options.length);
        else {
            const steps = Math.round((field.max - field.min) / field.step);
            field.value = +field.min + Math.round(places[i] * steps) * field.step;
        }
        if (field.options) field.dispatchEvent(new Event("input", {bubbles: true}));
    });
    fields.filter(field => !field.options).forEach((field, i) => {
        const steps = Math.round((field.max - field.min) / field.step);
        field.value = +field.min + Math.round(places[4 + i] * steps) * field.step;
        field.dispatchEvent(new Event("input", {bubbles: true}));
    });
    const {first, second, gain, gaining, busy, rent, crossing} = figure.found;
    const text = [first, second, gain, [gaining], [busy], rent, crossing].map(each => each.map(String));
    return {deal: figure.deal, found: text, told: figure.querySelector("output").textContent,
        rows: [...figure.querySelectorAll("tbody tr")].map(row => row.innerText)};
}"""
NAMES = ["first", "first_low", "first_high", "second", "second_low", "second_high", "gain", "gain_low", "gain_high"]
NAMES += ["gaining", "busy", "rent", "rent_low", "rent_high", "crossing", "crossing_last"]

pytestmark = [pytest.mark.skipif(not (PAGE.exists() and HELD.exists()), reason="there is no built site: run make book")]


@pytest.fixture(scope="module")
def held():
    return json.loads(HELD.read_text(encoding="utf-8"))


@pytest.fixture
def figure(tab):
    tab.goto(PAGE.as_uri(), wait_until="load")
    figure = tab.locator(".purchase-figure")
    figure.locator(".stage svg").wait_for()
    return figure


def asked(deal):
    """Return the Deal that a page's mapping stands for."""
    words = {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): each for name, each in deal.items()}
    return purchase.Deal(**words)


@pytest.mark.browser
def test_the_page_computes_what_the_study_does_at_many_settings(tab, figure, held):
    rng, seen = np.random.default_rng(0), set()
    for _ in range(SETTINGS):
        shown = figure.evaluate(SET, rng.random(8).tolist())
        drawn = np.array([float(each.replace("Infinity", "inf")) for part in shown["found"] for each in part])
        deal = asked(shown["deal"])
        expected = purchase.answer(held, deal)[NAMES].to_numpy()
        np.testing.assert_allclose(drawn, expected, rtol=1e-9, err_msg=str(deal))
        seen.add((deal.first, deal.second, deal.model, deal.lengths, deal.speed))
        costs = pd.DataFrame(drawn[:6].reshape(2, 3), columns=["value", "low", "high"])
        for row, said in zip(shown["rows"], purchase.told(costs), strict=True):
            assert said in row
        assert len(shown["told"]) > 20 and "NaN" not in shown["told"] + "".join(shown["rows"])
    assert len(seen) > SETTINGS * 0.9, "the page does not follow its controls"
    assert not tab.troubles


@pytest.mark.browser
def test_the_page_says_what_the_command_line_does(tab, figure, held):
    rng = np.random.default_rng(1)
    for _ in range(SETTINGS // 10):
        shown = figure.evaluate(SET, rng.random(8).tolist())
        deal, cost = asked(shown["deal"]), float(shown["found"][0][0].replace("Infinity", "inf"))
        tokens_in, tokens_out = map(float, deal.lengths.split("|"))
        with np.errstate(divide="ignore"):
            rate = model.predict(
                "service_frontier",
                system=deal.first,
                model=deal.model,
                speed=deal.speed,
                input_tokens=tokens_in,
                output_tokens=tokens_out,
                precision=held["machines"][deal.first]["precision"],
                interval=False,
            ).value[0]
            expected = np.divide(deal.first_rent * 1e6, rate * 3600 * deal.busy)
        assert cost == pytest.approx(expected, rel=1e-6)


@pytest.mark.browser
def test_another_machine_brings_its_own_rent_and_the_start_comes_back(tab, figure, held):
    start = figure.evaluate("figure => figure.deal")
    figure.get_by_label("Machine A").select_option(index=2)
    changed = figure.evaluate("figure => figure.deal")
    assert changed["first"] != start["first"]
    assert changed["firstRent"] == pytest.approx(held["machines"][changed["first"]]["rent"], abs=0.01)
    figure.get_by_role("button").click()
    assert figure.evaluate("figure => figure.deal") == start


@pytest.mark.browser
def test_controls_move_by_keyboard_and_nothing_is_wider_than_a_phone(tab, figure):
    for i in range(figure.locator("input").count()):
        slider = figure.locator("input").nth(i)
        before = slider.get_attribute("aria-valuetext")
        slider.focus()
        tab.keyboard.press("ArrowLeft")
        assert slider.get_attribute("aria-valuetext") != before
        assert figure.locator(".shown").nth(i).inner_text() == slider.get_attribute("aria-valuetext")
    assert figure.evaluate("figure => figure.scrollWidth <= figure.clientWidth")
    assert not tab.troubles


@pytest.mark.browser
def test_without_scripts_the_still_picture_stands_in(browser):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(PAGE.as_uri())
    figure = page.locator(".purchase-figure")
    assert figure.locator(".still svg.wide").is_visible() and "Drawn for: " in figure.inner_text()
    assert not figure.locator("input").first.is_visible()
    page.context.close()


def test_only_pages_with_the_comparison_load_its_numbers():
    holding = {page for page in SITE.rglob("*.html") if 'class="purchase-figure"' in page.read_text(encoding="utf-8")}
    loading = {page for page in SITE.rglob("*.html") if "purchase_numbers.js" in page.read_text(encoding="utf-8")}
    assert holding == loading and PAGE in holding
    assert (SITE / "_static" / "purchase_numbers.js").stat().st_size < 1_500_000
