"""The bench: its laws by hand say what the study says, so that the two may be compared for speed."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from checkout import ENVIRONMENT, MAKE, ROOT

from model.numbers import catalog
from model.predictions.answer import predict
from model.predictions.inputs import fitting

sys.path.insert(0, str(Path(__file__).parent / "bench"))
import cases  # noqa: E402
import hand  # noqa: E402
import records  # noqa: E402


@pytest.mark.parametrize("quantity", cases.QUANTITIES)
def test_laws_by_hand_say_what_the_study_says(quantity):
    rows = cases.rows(quantity, 300)
    asked = rows.assign(**cases.WORDS.get(quantity, {}))
    said = predict(quantity, asked, cases.SYSTEMS.get(quantity), interval=False)[0].value.to_numpy()
    by_hand = getattr(hand, quantity)(cases.numbers(quantity), **{name: rows[name].to_numpy() for name in rows})
    close = np.isclose(by_hand, said, rtol=1e-9, atol=0)
    if quantity in (
        "decode_frontier",
        "service_frontier",
    ):  # which layout is best is read off straight lines: of two nearly equal ones, either
        assert by_hand == pytest.approx(said, rel=5e-3)
        assert np.median(np.abs(by_hand / said - 1)) < 1e-6
    else:
        assert close.all()


@pytest.mark.parametrize("quantity", cases.QUANTITIES)
def test_no_question_of_the_bench_would_be_refused(quantity):
    rows = cases.rows(quantity, 100_000)
    columns = {name: rows[name].to_numpy() for name in rows}
    assert all(fitting(columns, name).all() for name in columns)


@pytest.mark.slow
def test_a_quick_bench_measures_every_part(data):
    """It needs the package index, for the tools that it compares with; its numbers are not looked at."""
    done = subprocess.run([*MAKE, "bench", "QUICK=1"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copy(ROOT / ".bench" / "quick.csv", data / "speed.csv")
    rows = catalog.read("speed")  # after every check of the loader
    assert list(rows.columns) == records.HEADER
    assert set(rows.part) == {"machine", "laws", "tables", "sweeps", "builds"}
    laws = rows[rows.part == "laws"]
    rates = laws[laws.quantity == "rate"].set_index("tool")
    everything = set(cases.QUANTITIES)
    for tool in ("study", "numpy", "numexpr", "mlsysim", "genz-llm"):  # a rate, or why there is none
        assert set(rates.subject[tool]) == everything
    rates = rates[rates.value.notna()]
    assert set(rates.subject["study"]) == everything
    for tool in ("study-law", "numpy"):
        assert set(rates.subject[tool]) == set(cases.QUANTITIES)
    assert (rows.value.dropna() > 0).all()
