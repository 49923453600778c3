"""Parts of charts: what differs in more than colour, and lines that stay clear of numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from model.views import areas, charts, figures, ratios


@pytest.fixture
def axis():
    return figures.axes()[1]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_lines_that_a_legend_names_differ_in_their_dashes():
    _, axis = figures.axes()
    frame = pd.DataFrame({"x": [1, 2] * 5, "y": range(10), "of": np.repeat(list("abcde"), 2)})
    charts.lines(axis, frame, "x", "y", "of", styles=charts.dashes("abcde"))
    looks = {(line.get_linestyle(), line.get_marker()) for line in axis.get_lines()}
    assert len(looks) == 5


def test_the_line_of_a_field_runs_between_its_numbers_where_they_pass_the_level():
    numbers = pd.DataFrame([[1, 1, 1], [0.5, 1.2, 1.3], [0.6, 0.7, 1.4]], index=[8, 16, 72], columns=[1, 2, 4])
    _, axis = figures.axes()
    areas.field(axis, numbers, (0.2, 1.8))
    lines = [np.array(line.get_xydata()).T.tolist() for line in axis.get_lines()]
    assert sorted((tuple(across), tuple(up)) for across, up in lines) == [
        ((0.5, 1.5), (0.5, 0.5)),
        ((1.5, 1.5), (0.5, 1.5)),
        ((1.5, 2.5), (1.5, 1.5)),
    ], "between 0.5 and 1.2, 1.2 and 0.7, 0.7 and 1.4; the first row is what the others are compared with"


@pytest.mark.parametrize("left", [False, True])
def test_a_label_of_a_disc_stands_on_the_side_that_is_asked_for(left):
    _, axis = figures.axes()
    frame = pd.DataFrame({"x": [1.0], "y": [1.0], "area": [9], "label": ["one"], "solid": [True], "side": [left]})
    charts.bubbles(axis, frame, "x", "y", "area", "label", "solid", left="side")
    [label] = axis.texts
    assert label.get_ha() == ("right" if left else "left") and (label.xyann[0] < 0) == left


def test_the_word_of_a_row_stands_clear_of_its_mark():
    drawing, axis = figures.axes(figures.NARROW)
    frame = pd.DataFrame({"value": [1e4, 1e5], "low": [np.nan, 5e4], "high": [np.nan, 3e5], "name": ["a", "b"]})
    charts.rows(axis, frame.assign(kind="claim"), "value", "name", "kind", {"claim": ("C0", "o")})
    axis.set(xscale="log", xlim=(1e3, 1e9))
    drawing.canvas.draw()
    ends = axis.transData.transform([(1e4, 1), (3e5, 0)])[:, 0]
    gaps = [text.get_window_extent().x0 - end for text, end in zip(axis.texts, ends, strict=True)]
    assert all(gap > 5 for gap in gaps)


# What is drawn is what was handed in.


def ends(collection):
    """Return the lines of a collection as [[x, y], [x, y]] lists."""
    return [line.tolist() for line in collection.get_segments()]


FRAME = pd.DataFrame({"x": [1.0, 2, 3, 1, 2, 3], "y": [1.0, 4, 9, 2, 3, 4], "of": list("aaabbb")}).assign(
    low=lambda each: each.y - 0.5, high=lambda each: each.y + 1
)


def test_lines_run_through_their_own_rows_and_bands_between_their_two_columns(axis):
    charts.lines(axis, FRAME, "x", "y", "of", band=("low", "high"), colors={"b": "C5"}, names={"a": "first"})
    first, second = axis.get_lines()
    assert (first.get_label(), second.get_label(), second.get_color()) == ("first", "b", "C5")
    for line, band, (_, rows) in zip(axis.get_lines(), axis.collections, FRAME.groupby("of"), strict=True):
        assert line.get_xydata().tolist() == rows[["x", "y"]].to_numpy().tolist()
        corners = {tuple(each) for each in band.get_paths()[0].vertices}
        assert corners == {*zip(rows.x, rows.low, strict=True), *zip(rows.x, rows.high, strict=True)}


def test_a_step_holds_until_the_next_place_and_its_band_with_it(axis):
    rows = FRAME[FRAME.of == "a"]
    charts.steps(axis, rows, "x", "y", ("low", "high"))
    [line], [band] = axis.get_lines(), axis.collections
    assert line.get_drawstyle() == "steps-post" and line.get_xydata().tolist() == rows[["x", "y"]].to_numpy().tolist()
    corners = {tuple(each) for each in band.get_paths()[0].vertices}
    assert {(2, 0.5), (2, 3.5), (2, 2), (2, 5)} <= corners, "both heights where it jumps"


def test_ticks_stand_at_their_places_in_plain_numbers_or_given_words(axis):
    charts.dress(axis, [1, 1e4], {0.5: "half"}, xscale="log", ylabel="share")
    assert axis.get_xticks().tolist() == [1, 1e4] and axis.get_yticks().tolist() == [0.5]
    said = [[each.get_text() for each in labels] for labels in (axis.get_xticklabels(), axis.get_yticklabels())]
    assert said == [["1", "10,000"], ["half"]]
    assert (axis.get_xscale(), axis.get_ylabel(), len(axis.get_xticks(minor=True))) == ("log", "share", 0)


def test_error_bars_reach_from_5_to_95_per_cent_of_a_normal_error(axis):
    rows = FRAME.assign(error=0.1)
    charts.errors(axis, rows, "x", "y", "error", "of")
    for container, (key, line) in zip(axis.containers, rows.groupby("of"), strict=True):
        assert container.get_label() == key
        assert container[0].get_xydata().tolist() == line[["x", "y"]].to_numpy().tolist()
        spans = np.array(ends(container[2][0]))
        assert np.diff(spans[:, :, 1]).ravel() == pytest.approx(2 * norm.ppf(0.95) * 0.1, rel=1e-3)


def test_rows_of_dots_run_from_top_to_bottom_each_with_its_range_and_kind(axis):
    frame = pd.DataFrame({"value": [3.0, 2, 1], "low": [2.0, 1, 0], "high": [5.0, 3, 2], "name": list("abc")})
    looks = {"said": ("C0", "o"), "measured": ("C1", "s")}
    charts.rows(axis, frame.assign(kind=["said", "measured", "said"]), "value", "name", "kind", looks, words=False)
    said, measured = axis.get_lines()
    assert said.get_xydata().tolist() == [[3, 2], [1, 0]] and measured.get_xydata().tolist() == [[2, 1]]
    assert (said.get_label(), measured.get_marker(), measured.get_color()) == ("said", "s", "C1")
    assert [ends(each) for each in axis.collections] == [[[[2, 2], [5, 2]], [[0, 0], [2, 0]]], [[[1, 1], [3, 1]]]]
    named = dict(zip(axis.get_yticks(), (each.get_text() for each in axis.get_yticklabels()), strict=True))
    assert named == {2: "a", 1: "b", 0: "c"} and not axis.texts


def test_marks_stand_where_the_text_speaks_of(axis):
    charts.mark(axis, x=3)
    charts.mark(axis, y=0.9)
    across, up = axis.get_lines()
    assert set(across.get_xdata()) == {3} and set(up.get_ydata()) == {0.9}
    charts.mark(axis)
    assert len(axis.get_lines()) == 2


def test_lines_beside_the_point_are_grey_and_unnamed(axis):
    charts.among(axis, FRAME, "x", "y", "of", {"b": "C3"}, names={"b": "the one"})
    beside, named = axis.get_lines()
    assert beside.get_ydata().tolist() == [1, 4, 9] and named.get_ydata().tolist() == [2, 3, 4]
    assert (beside.get_color(), named.get_color()) == (charts.GREY, "C3")
    assert axis.get_legend_handles_labels()[1] == ["the one"] and len(axis.collections) == 1, "one band, of the named"


def test_a_disc_stands_at_its_numbers_and_is_hollow_where_something_is_not_known(axis):
    frame = pd.DataFrame({"x": [1.0, 2], "y": [3.0, 4], "area": [4, 16], "label": ["a", "b"], "solid": [False, True]})
    charts.bubbles(axis, frame, "x", "y", "area", "label", "solid")
    hollow, filled = axis.collections
    assert (hollow.get_offsets().tolist(), filled.get_offsets().tolist()) == ([[1, 3]], [[2, 4]])
    assert len(hollow.get_facecolor()) == 0 and len(filled.get_facecolor()) == 1
    assert filled.get_sizes() / hollow.get_sizes() == pytest.approx(np.sqrt(16 / 4))
    assert {text.get_text(): text.xy for text in axis.texts} == {"a": (1, 3), "b": (2, 4)}
    assert all(text.get_ha() == "left" for text in axis.texts)


def test_lines_of_equal_ratio_have_it_everywhere(axis):
    charts.ratios(axis, (1, 100), {2: 10, 9: 20})
    for line, text, ratio in zip(axis.get_lines(), axis.texts, (2, 9), strict=True):
        assert (line.get_ydata() / line.get_xdata()).tolist() == [ratio, ratio]
        x, y = text.get_position()
        assert text.get_text() == f"{ratio}:1" and ratio * x < y < 1.1 * ratio * x, "just above its line"


def test_ranges_stand_in_the_row_of_their_label(axis):
    frame = pd.DataFrame({"of": list("xyx"), "value": [2.0, 5, 7], "low": [1.0, 4, 4], "high": [4.0, 9, 8]})
    marks, names = {"calibrate": "o", "validate": "s"}, {"calibrate": "fitted", "validate": "judged"}
    role = ["calibrate", "calibrate", "validate"]
    charts.ranges(axis, frame.assign(role=role), ["x", "y"], "of", "role", marks, names)
    fitted, judged = axis.containers
    assert fitted[0].get_xydata().tolist() == [[2, 0], [5, 1]] and judged[0].get_xydata().tolist() == [[7, 0]]
    assert ends(fitted[2][0]) == [[[1, 0], [4, 0]], [[4, 1], [9, 1]]] and ends(judged[2][0]) == [[[4, 0], [8, 0]]]
    assert (fitted.get_label(), judged.get_label(), judged[0].get_marker()) == ("fitted", "judged", "s")
    assert [each.get_text() for each in axis.get_yticklabels()] == ["x", "y"]


def test_a_stacked_bar_is_as_long_as_its_parts_and_says_their_sum(axis):
    frame = pd.DataFrame(
        {"bar": list("xxyy"), "part": ["one", "two"] * 2, "value": [300.0, 1, 100, 900], "letter": ["m", "c"] * 2}
    )
    colors = {"two": "C0", "one": "C1"}
    charts.stacked(axis, frame, "bar", "value", "part", ["y", "x"], colors, "letter", hatched=("one",))
    pieces = [(each.get_x(), each.get_width(), each.get_y() + each.get_height() / 2) for each in axis.patches]
    assert pieces == [(0, 900, 0), (900, 100, 0), (0, 1, 1), (1, 300, 1)]
    assert [each.get_hatch() for each in axis.patches] == [None, "////", None, "////"]
    said = [(each.get_text().strip(), *each.get_position()) for each in axis.texts]
    assert said == [("c", 450, 0), ("m", 950, 0), ("1,000", 1000, 0), ("m", 151, 1), ("301", 301, 1)]
    assert axis.get_legend_handles_labels()[1] == ["two", "one"], "each part once"


def test_points_on_the_line_of_equality_are_equal_in_the_unit_that_is_shown(axis):
    frame = pd.DataFrame({"said": [2e3, 8e3], "found": [2e3, 4e3], "low": [1e3, 5e3], "high": [3e3, 6e3]})
    charts.equality(axis, frame, "said", "found", ("low", "high"), unit=1e3)
    line = axis.get_lines()[0]
    assert [*line.get_xdata()] == [*line.get_ydata()] == pytest.approx([2 / 1.4, 8 * 1.4])
    [points] = axis.containers
    assert points[0].get_xydata().tolist() == [[2, 2], [8, 4]]
    assert ends(points[2][0]) == [[[2, 1], [2, 3]], [[8, 4], [8, 6]]], "no bar turns round where low is above"
    assert axis.get_xlim() == axis.get_ylim() and (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_pairs_join_the_two_values_of_a_row_and_an_unused_mark_has_no_entry(axis):
    frame = pd.DataFrame({"place": [0, 1], "one": [1.0, 5], "two": [2.0, 3], "name": ["x", "y"], "role": "validate"})
    roles, names = {"validate": "s", "calibrate": "o"}, {"validate": "judged", "calibrate": "fitted", "two": "other"}
    charts.pairs(axis, frame, "one", "two", "name", roles, names)
    judged, unused, other = axis.get_lines()
    assert judged.get_xydata().tolist() == [[1, 0], [5, 1]] and other.get_xydata().tolist() == [[2, 0], [3, 1]]
    assert other.get_fillstyle() == "none" and not len(unused.get_xdata())
    assert ends(axis.collections[0]) == [[[1, 0], [2, 0]], [[5, 1], [3, 1]]]
    assert charts.filled(axis)[1] == ["judged", "other"]
    assert [each.get_text() for each in axis.get_yticklabels()] == ["x", "y"]


def test_shares_are_stacked_on_each_other_and_named_where_they_are_thickest(axis):
    parts = {"base": [0.5, 0.6, 0.4, 0.5], "top": [0.5, 0.37, 0.57, 0.5], "thin": [0, 0.03, 0.03, 0]}
    areas.stack(axis, [1, 2, 3, 4], parts, ["C0", "C1", "C2"])
    tops = [each.get_paths()[0].vertices[:, 1].max() for each in axis.collections]
    assert tops == pytest.approx([0.6, 1, 1])
    said = {text.get_text(): text.get_position() for text in axis.texts}
    assert said == {"base": (2, pytest.approx(0.3)), "top": (3, pytest.approx(0.4 + 0.57 / 2))}


def test_ratios_stand_in_the_line_of_their_group_with_the_mark_of_their_relation():
    frame = pd.DataFrame({"group": ["C02", "C01", "C02"], "relation": ["equals", "at least", "at most"]})
    frame = frame.assign(
        tone=["decides", "decides", "beside"], value=[2.0, 0.5, 3], low=[1.0, 0.4, 2], high=[4.0, 1, 5]
    )
    drawing = ratios.by_group(frame, {"decides": "C0", "beside": "C7"}, (1e-2, 1e2), "over")
    [axis] = drawing.axes
    assert [each.get_text() for each in axis.get_yticklabels()] == ["C02", "C01"], "the first group on top"
    drawn = axis.get_lines()
    assert drawn.pop().get_xdata() == [1, 1], "a line at one"
    bars, dots = drawn[::2], drawn[1::2]
    assert [list(each.get_xdata()) for each in bars] == [[0.4, 1], [1, 4], [2, 5]]
    assert [(each.get_xdata()[0], each.get_marker(), each.get_color(), each.get_fillstyle()) for each in dots] == [
        (0.5, ratios.SHAPES["at least"], "C0", "full"),
        (2, ratios.SHAPES["equals"], "C0", "full"),
        (3, ratios.SHAPES["at most"], "C7", "none"),
    ]
    assert [round(each.get_ydata()[0]) for each in dots] == [1, 0, 0]
    [legend] = drawing.legends
    assert [each.get_text() for each in legend.get_texts()] == ["decides", "beside", *ratios.SHAPES]
