"""Parts of charts: what differs in more than colour, and lines that stay clear of numbers."""

import numpy as np
import pandas as pd
import pytest

from model.views import areas, charts, figures


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
