"""A cluster of one's own: unchanged it is the known system, and each number moves what it must."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from model.laws import reliability
from model.machine.scenario import Scenario
from model.notation.nomenclature import down_share, effective_training_share, rework_share, write_share
from model.numbers import catalog
from model.numbers.facts import Missing
from model.predictions.answer import predict
from model.studies.cluster import limits as cluster_limits
from model.studies.cluster import machine as clusters
from model.studies.cluster import report as cluster_report
from model.studies.cluster import tables
from model.studies.cluster.questions import answers, ask, questions

ROOT = Path(__file__).parents[2]

JOB = {
    **{"devices": 16_384.0, "ranks": 64.0, "batch": 64.0, "context": 4096.0, "tokens_per_step": 1.7, "speed": 50.0},
    **{"message": 2.0**30, "busy_share": 1.0, "checkpoint_write": 10.0, "downtime": 300.0, "reload": 300.0},
    **{"repair": 86_400.0, "withdrawn": 8.0, "confidence": 0.99, "model": "deepseek-v3", "precision": "fp8"},
}


def known(system="gb200-nvl72", given=None, **job):
    return clusters.Cluster(system, given or {}, JOB | job)


@pytest.mark.parametrize(("system", "form"), [("gb200-nvl72", "fp8"), ("cloudmatrix384", "int8")])
def test_nothing_changed_is_what_the_command_line_says(system, form):
    same = known(system, precision=form)
    for name, (quantity, inputs) in questions(same).items():
        (expected,) = predict(quantity, pd.DataFrame([inputs]), system=system, draws=200)[0].itertuples()
        assert ask(same, name) == expected.value
        low, high = np.percentile(ask(same, name, draws=200), [5, 95])
        assert (low, high) == (expected.low, expected.high)


def test_giving_the_known_number_changes_nothing():
    for number in ("domain", "memory_bandwidth", "peak", "scale_out_bandwidth", "rent"):
        given = {number: clusters.known(known(), number)}
        assert ask(known(given=given), "token_cost") == pytest.approx(ask(known(), "token_cost"))


def test_units_are_those_of_the_nomenclature():
    found = clusters.in_base_units({"scale_up_bandwidth": 900.0, "startup": 15e-6, "rent": 3.6, "domain": None})
    assert found == {"scale_up_bandwidth": 900e9, "startup": 15e-6, "rent": 1e-3, "domain": None}


def test_a_shorter_start_up_shortens_an_exchange_in_proportion():
    none, short, long = (ask(known(given={"startup": each}), "dispatch") for each in (1e-12, 5e-6, 25e-6))
    assert long - none == pytest.approx(5 * (short - none))
    assert long - short > 20e-6  # 64 ranks start more slowly than the eight for which the number is given


def test_a_price_gives_a_rent_in_proportion():
    cheap, dear = (ask(known(given={"device_price": each}), "token_cost") for each in (10_000.0, 30_000.0))
    assert dear == pytest.approx(3 * cheap)


def test_what_a_machine_lacks_is_named_and_the_rest_answered():
    report = answers(known("atlas-950-superpod", precision="int8"), 100).set_index("question")
    assert report.missing["dispatch"] == ""
    assert report.value["dispatch"] > 0
    assert "peak_int8" in report.missing["throughput"]
    with pytest.raises(Missing, match="peak_int8"):
        ask(known("atlas-950-superpod", precision="int8"), "throughput")


def test_a_failure_rate_is_the_one_that_the_command_line_takes():
    given = {"failure_rate": 1e-8}
    for name in ("mtbf", "training_share", "spares"):
        quantity, inputs = questions(known())[name]
        (expected,) = predict(quantity, pd.DataFrame([inputs | given]), system="gb200-nvl72")[0].itertuples()
        assert ask(known(given=given), name) == pytest.approx(expected.value)


def test_a_rate_that_was_counted_is_known_like_one_that_is_recorded():
    assert clusters.known(known("llama3-16k"), "failure_rate") == pytest.approx(419 / (16_384 * 54 * 86_400))


def test_a_missing_power_leaves_the_cost():
    machine, frontier = known("vera-rubin-nvl144", given={"rent": 1e-3}), {"frontier": 1000.0}
    assert ask(machine, "token_cost", at_hand=frontier) == pytest.approx(1e-6)
    with pytest.raises(Missing, match="system_power"):
        ask(machine, "token_energy", at_hand=frontier)


def test_one_peak_cannot_be_two_numbers():
    with pytest.raises(ValueError, match="give one of them"):
        known(precision="bf16", given={"peak": 1e15, "peak_bf16": 2e15}).scenario()
    wide = cluster_report.elasticities(known(precision="bf16"))
    assert "peak" in set(wide.number)
    assert "peak_bf16" not in set(wide.number)


def test_a_batch_that_memory_holds_grows_with_memory():
    small, large = (ask(known(given={"memory_capacity": each}), "batch_limit") for each in (100e9, 200e9))
    assert 0 < 2 * small < large  # weights take their part first


@pytest.fixture(scope="module")
def elasticities():
    return cluster_report.elasticities(known())


@pytest.fixture(scope="module")
def slopes(elasticities):
    """Elasticities of gb200-nvl72, by number and question."""
    return elasticities.set_index(["number", "question"]).value


def test_elasticities_have_their_signs_and_sums(slopes):
    recovery = slopes.xs("training_share", level="question")
    assert set(recovery.index) == {"failure_rate", *clusters.RECOVERY}
    assert (recovery < 0).all()
    # every time counts against the mean time between faults: stretch all, and nothing moves
    times = recovery[["checkpoint_write", "downtime", "reload"]].sum()
    assert times == pytest.approx(recovery["failure_rate"], rel=1e-3)
    dispatch = slopes.xs("dispatch", level="question")
    assert dispatch["startup"] - dispatch["scale_up_bandwidth"] == pytest.approx(1, abs=0.01)
    assert slopes["rent", "token_cost"] == pytest.approx(1)
    for number in ("memory_bandwidth", "peak", "peak_bf16"):
        assert slopes[number, "frontier"] >= 0
        assert slopes[number, "token_cost"] == pytest.approx(-slopes[number, "frontier"])


def test_what_is_said_not_to_move_does_not_move():
    before = {name: ask(known(), name) for name in cluster_report.ASKED}
    for number, now in cluster_report.numbers(known()).items():
        changed = known().change(**{number: 1.5 * now})
        for name in set(cluster_report.ASKED) - set(cluster_report.reach(number)):
            assert ask(changed, name) == before[name], (number, name)


def test_a_step_that_nothing_else_limits_follows_memory():
    fast = {"startup": 1e-12, "scale_up_bandwidth": 1e18, "peak": 1e19, "peak_bf16": 1e19}
    slopes = cluster_report.elasticities(known(given=fast)).set_index(["number", "question"]).value
    limits = cluster_limits.limits(known(given=fast))
    memory = limits[(limits.question == "throughput") & (limits.binds == "memory")].share.sum()
    assert slopes["peak", "throughput"] == pytest.approx(0, abs=1e-3)
    assert slopes["memory_bandwidth", "throughput"] == pytest.approx(memory, abs=0.01)


def test_draws_are_paired_so_that_an_elasticity_is_sharper_than_the_answer():
    found = cluster_report.elasticities(known(), draws=40).set_index(["number", "question"])
    row = found.loc["memory_bandwidth", "throughput"]
    assert 0 <= row.low < row.value < row.high <= 1
    cost = found.loc["rent", "token_cost"]
    assert (cost.low, cost.high) == pytest.approx((1, 1))
    rate = found.loc["failure_rate", "training_share"]
    assert rate.low < rate.value < rate.high < 0  # the rate itself is uncertain


def test_helps_lists_the_largest_first_and_says_which_way(elasticities):
    helps = cluster_report.helps(elasticities)
    ways = helps.set_index(["question", "number"]).change
    assert ways["dispatch", "startup"] == "less"
    assert ways["dispatch", "scale_up_bandwidth"] == "more"
    assert ways["training_share", "failure_rate"] == "less"
    assert ways["token_cost", "rent"] == "less"
    assert (helps.value > 0).all()
    assert all(part.value.is_monotonic_decreasing for _, part in helps.groupby("question"))


def test_a_doubled_number_gives_at_most_double():
    doubled = cluster_report.scaled(known(), 2.0).set_index(["number", "question"]).value
    assert doubled["rent", "token_cost"] == pytest.approx(100)
    assert 0 < doubled["peak_bf16", "frontier"] < 100
    assert -50 < doubled["scale_up_bandwidth", "dispatch"] < 0


def test_parts_of_an_answer_add_up_to_it():
    limits = cluster_limits.limits(known())
    assert limits.groupby("question").share.sum().to_numpy() == pytest.approx(1)
    parts = limits[limits.question == "dispatch"].set_index("part").share
    without = ask(known(given={"startup": 1e-15}), "dispatch")
    assert parts["start-up"] * ask(known(), "dispatch") == pytest.approx(ask(known(), "dispatch") - without)
    wide = cluster_limits.limits(known(ranks=144.0)).set_index(["question", "part"]).share
    assert wide["dispatch", "transfer between domains"] > wide["dispatch", "latency between domains"] > 0


def test_the_frontier_is_bound_by_speed_until_memory_is_full():
    assert cluster_limits.at_the_frontier(known())["binds"] == "speed"
    assert cluster_limits.at_the_frontier(known(context=131_072.0, speed=5.0))["binds"] == "memory or what was run"
    assert cluster_limits.at_the_frontier(known(speed=5000.0)) is None


def test_losses_of_training_are_what_a_simulation_loses():
    rng, mtbf, write, down, load, length = np.random.default_rng(0), 5000.0, 60.0, 400.0, 200.0, 700.0
    kept = written = waited = clock = 0.0
    left, loading = rng.exponential(mtbf), 0.0
    for _ in range(40_000):
        need = loading + length + write
        while left < need:  # the segment starts again, from its checkpoint
            clock += left + down
            waited += down
            need, left = load + length + write, rng.exponential(mtbf)
        clock, left, loading = clock + need, left - need, 0.0
        kept, written = kept + length, written + write
    columns = {"devices": 1.0, "failure_rate": 1 / mtbf, "checkpoint_write": write, "downtime": down, "reload": load}
    expected = reliability.losses
    for symbol, share in (
        (effective_training_share, kept / clock),
        (write_share, written / clock),
        (down_share, waited / clock),
        (rework_share, 1 - (kept + written + waited) / clock),
    ):
        value = expected.evaluate(symbol, pd.DataFrame([columns | {"interval": length}]))[0]
        assert share == pytest.approx(value, abs=0.004), symbol


def test_a_machine_is_nearest_to_itself_and_a_wider_one_further():
    ranked = cluster_report.nearest(known())
    assert ranked.system[0] == "gb200-nvl72"
    assert ranked.distance[0] == 0
    changed = cluster_report.nearest(known(given={"domain": 8.0, "scale_out_bandwidth": 50e9})).set_index("system")
    assert changed.distance["hgx-b200"] < changed.distance["gb200-nvl72"]


def test_no_system_is_changed_by_what_a_cluster_is_given():
    before = Scenario("gb200-nvl72").constants("all_to_all_time", "trtllm-two-sided", "dispatch")["startup"]
    ask(known(given={"startup": 1.0}), "dispatch")
    assert Scenario("gb200-nvl72").constants("all_to_all_time", "trtllm-two-sided", "dispatch")["startup"] == before


def test_two_equal_machines_are_nearest_to_each_other(data):
    table = data / "systems.csv"
    rows = table.read_text(encoding="utf-8").splitlines()
    twin = [row.replace("hgx-h200,", "twin,", 1) for row in rows if row.startswith("hgx-h200,")]
    table.write_text("\n".join([*rows, *twin]) + "\n", encoding="utf-8")
    catalog._checked.cache_clear()
    assert cluster_report.neighbour(known("hgx-h200")) == "twin"
    assert cluster_report.neighbour(known("twin")) == "hgx-h200"
    assert cluster_report.nearest(known("twin")).distance[:2].tolist() == [0, 0]


def test_the_neighbour_has_the_numbers_to_predict_from():
    assert cluster_report.neighbour(known("cloudmatrix384", precision="int8")) == "gb200-nvl72"
    changed = known(given={"domain": 64.0})
    assert cluster_report.neighbour(changed) == "gb200-nvl72"  # itself, as it is known
    assert cluster_report.neighbour(known("rubin-ultra-nvl576")) is None


def test_predictions_are_the_answers_in_other_units():
    found = answers(known(), draws=20).set_index("question")
    shown = tables.predictions(found.reset_index())
    assert list(shown.index) == list(tables.ANSWERS)
    assert shown.value["mtbf"] * 3600 == pytest.approx(found.value["mtbf"])
    assert shown.value["training_share"] == pytest.approx(100 * found.value["training_share"])
    times = tables.interruptions(found.reset_index(), 3600.0)
    assert times.value == pytest.approx(1 / shown.value["mtbf"])
    assert times.low <= times.value <= times.high
    same = tables.beside(shown, shown, "another")
    assert same.ratio.dropna().to_numpy() == pytest.approx(1)


def test_a_gap_stands_in_the_frame_and_in_no_curve():
    shown = tables.predictions(answers(known("rubin-ultra-nvl576"), draws=10))
    assert shown.missing.any()
    lines, gaps = tables.frontiers({"none": known("nvl288")}, np.array([50.0]), 10, 0)
    assert lines.empty and "nvl288 has no" in gaps["none"]


def test_the_numbers_of_two_machines_stand_in_the_readers_units():
    frame = tables.machines(known(), known(given={"domain": 36.0})).set_index("number")
    assert frame.loc["domain", ["recorded", "yours"]].tolist() == [72, 36]
    same = frame.drop(index="domain")
    assert same.recorded.equals(same.yours)


def test_a_format_is_the_one_asked_for_or_the_narrowest():
    assert tables.precision("cloudmatrix384") == "int8"
    assert tables.precision("gb200-nvl72", "fp8") == "fp8"
    assert tables.precision("gb200-nvl72", "int8", peak=1.0) == "int8"
    with pytest.raises(ValueError, match="gb200-nvl72 has no peak in int8: choose nvfp4, fp8"):
        tables.precision("gb200-nvl72", "int8")


RUNS = {
    "a number": ["-p", "memory_bandwidth", "4"],
    "a word": ["-p", "system", "rubin-ultra-nvl576"],  # of which little is known
    "text": ["-y", "{devices: 2048}"],
    "a file": ["-f", str(ROOT / "notebooks" / "scenarios" / "your_cluster.yaml")],
}


@pytest.mark.slow
@pytest.mark.parametrize("given", RUNS.values(), ids=RUNS)
def test_the_notebook_runs_with_little_given_from_any_folder(given, tmp_path):
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", str(ROOT / "notebooks" / "your_cluster.ipynb")]
    run = subprocess.run([*command, "out.ipynb", *given, "-p", "draws", "100"], cwd=tmp_path, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    cells = json.loads((tmp_path / "out.ipynb").read_text(encoding="utf-8"))["cells"]
    glued = {
        output["metadata"].get("scrapbook", {}).get("name")
        for cell in cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "display_data"
    }
    assert {"parameters", "machine", "predictions", "limits", "helps", "elasticities", "nearest_systems"} <= glued


def test_a_misspelt_parameter_stops_before_any_result(tmp_path):
    cells = json.loads((ROOT / "notebooks" / "your_cluster.ipynb").read_text(encoding="utf-8"))["cells"]
    first, second = ("".join(cell["source"]) for cell in [cell for cell in cells if cell["cell_type"] == "code"][:2])
    with pytest.raises(ValueError, match="did you mean memory_bandwidth"):
        exec(f"{first}\nmemory_bandwith = 4\n{second}", {})
    with pytest.raises(ValueError, match="did you mean gb200-nvl72"):
        exec(f"{first}\nsystem = 'gb200-nvl27'\n{second}", {})
