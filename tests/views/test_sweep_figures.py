"""Figures of a sweep show the table's own values, and the notebook that draws them runs on a results table."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from model.views import sweeps

ROOT = Path(__file__).parents[2]


@pytest.fixture
def results(tmp_path):
    """A table of four sizes and three times, one of them failed."""
    rows = pd.DataFrame(
        [(size, time) for size in (8, 64, 512, 4096) for time in (1, 10, 100)], columns=["size", "time"]
    )
    rows = rows.assign(word="a", status="done", reason="", notebook="x.ipynb", share=1 / (rows["size"] * rows.time))
    rows.loc[5, ["status", "reason", "share"]] = ["failed", "cell 5: ValueError: no", np.nan]
    path = tmp_path / "results.csv"
    rows.to_csv(path, index=False)
    return path


def test_columns_before_the_status_are_the_scenario_s(results):
    frame, scenario, numbers = sweeps.read(results)
    assert scenario == ["size", "time", "word"]
    assert numbers == ["size", "time", "share"]
    assert len(frame) == 12


def test_a_heat_map_shows_each_value_in_its_cell_and_a_failed_run_as_a_gap(results):
    frame, *_ = sweeps.read(results)
    drawing, data, alt = sweeps.heat_map(frame, "size", "time", "share")
    table = data.set_index("time")
    assert table.loc[10, 8] == pytest.approx(1 / 80)
    assert np.isnan(table.loc[100, 64])
    assert "highest at time 1 and size 8" in alt
    drawn = drawing.axes[0].images[0].get_array()
    assert drawn[1, 0] == pytest.approx(1 / 80)
    assert [each.get_text() for each in drawing.axes[0].texts].count("–") == 1
    plt.close(drawing)


def test_rows_that_share_a_cell_show_their_mean(results):
    frame, *_ = sweeps.read(results)
    twice = pd.concat([frame, frame.assign(share=3 * frame.share)])
    assert sweeps.cells(twice, "size", "time", "share").loc[1, 8] == pytest.approx(2 / 8)


def test_parallel_axes_reach_from_the_lowest_to_the_highest_of_each_column(results):
    frame, *_ = sweeps.read(results)
    drawing, data, alt = sweeps.parallel(frame, ["size", "time"], "share")
    lines = np.array([line.get_ydata() for line in drawing.axes[0].lines if len(line.get_xdata()) == 3])
    assert len(lines) == len(data) == 11  # the failed run has no line
    assert lines.min(axis=0) == pytest.approx([0, 0, 0]) and lines.max(axis=0) == pytest.approx([1, 1, 1])
    assert "0.125, is at size 8, time 1" in alt
    plt.close(drawing)


def test_what_is_no_table_of_a_sweep_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="make sweep writes"):
        sweeps.read("nowhere/results.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no table of a sweep"):
        sweeps.read(tmp_path / "other.csv")


@pytest.mark.slow
def test_the_notebook_draws_a_table_and_names_a_misspelt_column(results, tmp_path):
    notebook, made = ROOT / "notebooks/views/sweep.ipynb", tmp_path / "view.ipynb"
    command = [Path(sys.executable).with_name("papermill"), notebook, made]
    chosen = ["-p", "results", results, "-p", "x", "size", "-p", "y", "time", "-p", "value"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*command, *chosen, "share"], env=environment, check=True, capture_output=True)
    text = made.read_text()
    assert "Heat map: share by size and time" in text and "Parallel axes of 11 scenarios over size, time" in text
    wrong = subprocess.run([*command, *chosen, "shear"], env=environment, capture_output=True, text=True)
    assert wrong.returncode != 0
    assert "did you mean share?" in wrong.stderr
