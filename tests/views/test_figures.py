"""Names under which values are glued."""

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import EXECUTED

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.equation import latex
from model.numbers import catalog, facts
from model.views import figures


@pytest.fixture
def glued(monkeypatch):
    """What is glued in the test, by name."""
    kept = {}

    def glue(name, value, display):
        assert name not in kept, f"{name} is glued twice"
        kept[name] = value

    monkeypatch.setattr(figures, "glue", glue)
    return kept


def test_a_frame_is_glued_by_prefix_row_and_column(glued):
    frame = pd.DataFrame({"value": [1.5, 2.0], "kind": ["measured", "claim"]}, index=["small", "gb200-nvl72"])
    figures.values("share", frame)
    assert glued == {
        "share.small.value": 1.5,
        "share.small.kind": "measured",
        "share.gb200-nvl72.value": 2.0,
        "share.gb200-nvl72.kind": "claim",
    }
    assert type(glued["share.small.value"]) is float


def test_levels_of_rows_are_joined_and_numbers_are_written_without_a_tail(glued):
    index = pd.MultiIndex.from_product([["job"], [72.0, 100_000, np.float64(0.5)]])
    figures.values("domain", pd.DataFrame({"gain": [1, 2, 3]}, index=index))
    assert list(glued) == ["domain.job.72.gain", "domain.job.100000.gain", "domain.job.0.5.gain"]


def test_a_series_and_a_mapping_are_glued_by_prefix_and_row(glued):
    figures.values("run", pd.Series({"hours": np.float32(0.5)}))
    figures.values("run", {"name": "Llama", "devices": 8})
    assert glued == {"run.hours": 0.5, "run.name": "Llama", "run.devices": 8}


def test_a_missing_cell_is_not_glued(glued):
    figures.values("share", pd.DataFrame({"value": [1.0, 2.0], "low": [0.5, None]}, index=["a", "b"]))
    assert list(glued) == ["share.a.value", "share.a.low", "share.b.value"]


def test_what_has_no_bound_is_said_in_words(glued, monkeypatch):
    figures.values("gain", {"low": 0.5, "high": np.inf, "least": -np.inf})
    assert glued == {"gain.low": 0.5, "gain.high": "without bound", "gain.least": "without bound below"}
    shown = {}
    monkeypatch.setattr(figures, "show", lambda name, markup: shown.update({name: markup}))
    frame = pd.DataFrame({"system": ["a", "b"], "gain": [1.234, np.inf], "share": [np.nan, 0.5]})
    figures.table("gains", frame, {"gain": "{:.2f}", "share": "{:.0%}".format})
    assert ">1.23<" in shown["gains"] and ">without bound<" in shown["gains"] and ">–<" in shown["gains"]
    assert "inf<" not in shown["gains"]


@pytest.mark.parametrize("label", ["with a blank", "a:b", "a`b"])
def test_a_label_that_a_page_cannot_quote_is_refused(glued, label):
    with pytest.raises(ValueError, match="blanks, colons and backticks"):
        figures.values("share", {label: 1.0})
    assert not glued


def test_laws_are_glued_by_the_symbol_on_their_left_side_and_once(glued):
    figures.laws(reliability.counting, reliability.optimum, reliability.checkpointing)
    assert list(glued) == [
        f"law_{name}"
        for name in (
            *("failure_rate", "job_mtbf", "young_interval", "daly_interval", "best_interval"),
            "effective_training_share",
        )
    ]


def test_a_law_whose_numbers_the_example_lacks_is_glued_without_them(glued):
    figures.laws(reliability.checkpointing, example={"devices": 8.0, "failure_rate": 1e-6})
    worked = {name: bool(law.behind["example"]) for name, law in glued.items()}
    assert worked == {"law_job_mtbf": True, "law_effective_training_share": False}


def drawn(words):
    """Return a figure with words at both ends of its width."""
    drawing, axis = figures.axes()
    axis.plot([0, 1], [0, 1])
    axis.text(0.05, 0.5, words)
    axis.text(0.95, 0.5, words, ha="right")
    return drawing


def test_a_figure_is_drawn_once_more_for_a_phone(glued):
    figures.figure("lines", drawn("a word"), pd.DataFrame({"x": [1]}), "Two words on one line, each at its end.")
    wide, phone = re.findall(r'<svg class="study-figure (\w+)"[^>]*viewBox="0 0 ([\d.]+)', glued["lines"].data)
    assert wide[0] == "wide" and phone[0] == "narrow"
    assert float(phone[1]) == pytest.approx(72 * figures.NARROW) and float(wide[1]) > 500
    ids = re.findall(r'\bid="([^"]+)"', glued["lines"].data)
    assert len(ids) == len(set(ids))


def test_a_figure_whose_words_would_meet_keeps_its_width(glued):
    words = "so many words that two of them take the width of a phone"
    figures.figure("lines", drawn(words), pd.DataFrame({"x": [1]}), "Two long lines of words.")
    assert glued["lines"].data.count("<svg") == 1


def test_labels_below_a_narrow_axis_do_not_meet(glued):
    drawing, axis = figures.axes()
    axis.plot([0, 1], [0, 1])
    axis.set_xticks(np.linspace(0, 1, 9), [f"{number},000,000" for number in range(9)])
    figures.figure("lines", drawing, pd.DataFrame({"x": [1]}), "One line over many long labels.")
    wide, phone = (len(re.findall(r">\d,000,000<", svg)) for svg in glued["lines"].data.split("<svg")[1:])
    assert (wide, phone) == (9, 5)


def legend_outside(entries, columns):
    """Return a figure with a legend above its axes."""
    drawing, axis = figures.axes()
    for number in range(entries):
        axis.errorbar([0, 1], [0, number], [0.1, 0.1], fmt="o", label=f"one of several, {number}")
    drawing.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=columns)
    return drawing


def test_a_legend_that_a_phone_has_no_room_for_takes_fewer_columns(glued):
    figures.figure("series", legend_outside(6, 3), pd.DataFrame({"x": [1]}), "Six series of two points each.")
    wide, phone = glued["series"].data.split("<svg")[1:]
    places = [set(re.findall(r'x="([\d.]+)" [^>]*>one of several', svg)) for svg in (wide, phone)]
    assert [len(each) for each in places] == [3, 2]
    high = [float(re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)', svg)[1]) for svg in (wide, phone)]
    assert high[1] > high[0] + 10, "more rows take their room from the figure, not from the axes"
    assert wide.count("<use") == phone.count("<use"), "a mark of the legend got lost"


def test_a_label_that_a_phone_has_no_room_for_breaks(glued):
    drawing, axis = figures.axes()
    axis.set(xlabel="a label of one axis that is as long as a page is wide, and which a phone cannot show in one line")
    figures.figure("long", drawing, pd.DataFrame({"x": [1]}), "An empty picture with a long label.")
    wide, phone = glued["long"].data.split("<svg")[1:]
    lines = re.findall(r">([a-z][^<]{9,})</text>", phone)
    assert len(lines) == 2 and re.findall(r">([a-z][^<]{9,})</text>", wide) == [" ".join(lines)]


def test_a_phone_is_shown_the_drawing_made_for_it(glued):
    slim, axis = figures.axes(figures.NARROW, 6)
    axis.text(0.5, 0.5, "another way up")
    figures.figure("both", drawn("a word"), pd.DataFrame({"x": [1]}), "Two drawings.", slim)
    wide, phone = glued["both"].data.split("<svg")[1:]
    assert "a word" in wide and "another way up" in phone and "a word" not in phone


@pytest.mark.skipif(not list(EXECUTED.glob("*.ipynb")), reason="there is no executed notebook: run make book")
def test_every_figure_of_the_book_has_a_drawing_for_a_phone():
    drawn = {}
    for path in EXECUTED.glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                markup = "".join(output.get("data", {}).get("text/html", ""))
                if 'class="gallery"' not in markup:  # whose drawings are narrow by themselves
                    found = re.findall(r'class="(study-figure[^"]*)"[^>]*aria-label="([^"]{9,90})', markup)
                    drawn |= dict.fromkeys(found)
    wide = {alt for look, alt in drawn if look != "study-figure narrow"}
    slim = {alt for look, alt in drawn if look == "study-figure narrow"}
    assert len(wide) > 40 and wide == slim


def test_beside_its_data_stand_the_rows_that_were_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDY_OUTPUT", str(tmp_path))
    monkeypatch.setattr(figures, "glue", lambda *_, **__: None)
    before = len(facts.asked)
    facts.Facts("systems", "gb200-nvl72")("domain")
    figures.table("sizes", pd.DataFrame({"system": ["gb200-nvl72"]}))
    rows = json.loads((tmp_path / "sizes.rows.json").read_text(encoding="utf-8"))
    source = catalog.recorded("systems", "gb200-nvl72")["domain"].source
    assert ["systems", "gb200-nvl72", "domain", source] in rows and len(rows) in (before, before + 1)


@pytest.fixture
def shown(monkeypatch):
    """What is shown in the test, by name, as HTML."""
    kept = {}
    monkeypatch.setattr(figures, "show", lambda name, markup: kept.update({name: markup}))
    return kept


def test_drawings_of_a_gallery_stand_side_by_side_at_one_scale_each_with_its_words(shown):
    drawings = {key: (figures.axes(width, 2)[0], f"Drawing {key}.") for key, width in (("a", 2.0), ("b", 3.0))}
    figures.gallery("both", drawings, pd.DataFrame({"x": [1]}))
    markup = shown["both"]
    assert re.findall(r'<svg style="width: (\d+)pt"', markup) == ["144", "216"], "72 points an inch, whatever is on it"
    assert re.findall(r'aria-label="([^"]*)"', markup) == ["Drawing a.", "Drawing b."]
    identities = re.findall(r'id="(both-[ab])-', markup)
    assert set(identities) == {"both-a", "both-b"}, "no two drawings share an identity"


def test_labels_at_the_ends_of_lines_stand_beside_them_and_move_apart_where_they_would_meet():
    drawing, axis = figures.axes()
    for label, end, color in (("low", 0.0, "C0"), ("near", 0.01, "C1"), ("high", 1.0, "C2"), ("_hidden", 0.5, "C3")):
        axis.plot([0, 1], [0, end], label=label, color=color)
    axis.set_ylim(0, 1)
    figures.label_lines(axis)
    places = {text.get_text(): text.get_position()[1] for text in axis.texts}
    assert list(places) == ["low", "near", "high"]
    assert places["low"] == pytest.approx(0) and places["high"] == pytest.approx(1)
    assert places["near"] - places["low"] >= 0.05
    assert [text.get_color() for text in axis.texts] == ["C0", "C1", "C2"]
    plt.close(drawing)


def test_mathematics_of_a_cell_is_escaped_and_a_symbol_is_printed_by_the_nomenclature():
    assert figures.inline("a < b") == r'<span class="math">\(a &lt; b\)</span>'
    assert figures.inline(symbols.job_mtbf) == rf'<span class="math">\({latex(symbols.job_mtbf)}\)</span>'


def test_an_answer_is_numbered_line_by_line_law_numbers_and_result(glued):
    figures.numbered("gap", reliability.series_system[symbols.job_mtbf], {"devices": 1000.0, "failure_rate": 1e-6})
    (law,) = glued.values()
    lines = law.text.strip("$").removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}").split(r"\\")
    assert len(lines) == 3 and all("&=" in line for line in lines)
    assert r"1{,}000" in lines[1] and lines[2] == r"&=16.7\,\mathrm{min}"


def test_a_number_with_its_draws_is_glued_with_their_ends(glued):
    figures.draws("share", 0.5, np.linspace(0, 1, 101))
    assert glued == {"share": 0.5, "share_low": pytest.approx(0.05), "share_high": pytest.approx(0.95)}


def test_a_column_of_one_value_is_left_to_the_file_and_heads_are_written_for_readers(shown):
    frame = pd.DataFrame({"system": ["a", "b"], "unit": ["s", "s"], "time": [1.0, 2.0]})
    assert figures.alike(frame) == ["unit"] and figures.alike(frame.iloc[:1]) == []
    figures.table("times", frame, {"time": "{:.1f}"}, heads={"time": "seconds"}, hidden=figures.alike(frame))
    assert "seconds" in shown["times"] and ">1.0<" in shown["times"] and ">s<" not in shown["times"]
