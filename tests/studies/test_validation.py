"""What the study holds itself to: errors no worse than recorded, intervals that hold, gains of the right sign."""

import numpy as np
import pandas as pd
import pytest

from model.machine.scenario import Scenario
from model.machine.step import Asked, step
from model.numbers import catalog
from model.studies import judged, validation, variants

pytestmark = pytest.mark.xdist_group("validation")  # whose frames, some ten seconds of work, are made once

GAINS = catalog.chosen("serving")
GAINS = GAINS[(GAINS.quantity == "overlap_gain") & GAINS.ranks.notna()]
GAINS = GAINS.assign(batch=GAINS.batch.fillna(16.0), context=GAINS.context.fillna(4096.0)).reset_index(drop=True)
GAINS = GAINS[GAINS.set != "cm384-overlap-decode-least"]  # a gain at a batch that is not recorded


@pytest.fixture(scope="module")
def compared():
    return {quantity: validation.compare(quantity, draws=300) for quantity in validation.QUANTITIES}


def test_exchanges_among_more_ranks_than_fitted_stay_within_ten_per_cent():
    tried = variants.judge()
    assert tried["all sets"].iloc[0] == tried["all sets"].min()
    assert tried["all sets"].iloc[0] < 0.06
    assert (tried.iloc[0, 1:].astype(float) < 0.12).all()


def test_intervals_hold_nine_of_ten_that_judge(compared):
    """All rows that judge, none left out: beyond a server's eight ranks, and all-reduces of any size."""
    exchanges = compared["all_to_all_time"]
    exchanges = exchanges[exchanges.role == "validate"]
    judging = {"exchange": exchanges[exchanges.ranks > 8]}
    for quantity in ("all_reduce_time", "small_all_reduce_time"):
        judging[quantity] = compared[quantity][compared[quantity].role == "validate"]
    for name, rows in judging.items():
        assert len(rows) >= 30
        assert 0.85 <= validation.coverage(rows)[0] <= 0.97, name


def test_every_exchange_that_judges_is_counted_whatever_its_error(compared):
    rows = compared["all_to_all_time"]
    usual, few = judged.by_fan_out(rows)
    assert sorted([*usual.index, *few.index]) == list(rows.index[rows.role == "validate"])
    assert (usual.error.abs() > 0.5).any()  # the two that read like outliers of the measurement


def test_intervals_of_fewer_ranks_hold_eight_of_ten(compared):
    rows = compared["all_to_all_time"]
    assert validation.coverage(rows[rows.ranks < 8])[0] >= 0.78


def test_a_value_lies_inside_its_own_interval(compared):
    for quantity in ("all_to_all_time", "all_reduce_time", "small_all_reduce_time"):
        rows = compared[quantity]
        assert ((rows.low <= rows.predicted) & (rows.predicted <= rows.high)).all()


def test_many_ranks_and_large_messages_are_met_within_six_per_cent(compared):
    rows = compared["all_reduce_time"]
    rows = rows[(rows.ranks > 8) & (rows.bytes >= 2**29)]
    assert len(rows) >= 20
    assert rows.error.abs().mean() < 0.07
    for quantity in ("all_gather_time", "reduce_scatter_time"):
        assert compared[quantity].error.abs().max() < 0.08


@pytest.fixture(scope="module")
def steps(compared):
    """Return steps of decode at their own layouts, compared; but those of a tensor group over two servers."""
    rows = compared["decode_throughput"]
    return rows[~((rows.system == "hgx-h100") & (rows.tensor_devices > 8))]


@pytest.fixture(scope="module")
def servers(steps):
    """Return the disaggregated runs on servers of eight."""
    return steps[steps["mode"] == "disaggregated"]


def test_given_runs_are_met_within_nine_per_cent(servers):
    assert len(servers) >= 80
    assert servers.error.abs().mean() < 0.09
    assert servers.error.abs().max() < 0.20


@pytest.mark.parametrize("system", ["hgx-h200", "hgx-b200"])
def test_runs_of_a_server_that_is_left_out_are_met_within_twelve_per_cent(servers, system):
    assert servers[servers.system == system].error_without.abs().mean() < 0.12


@pytest.mark.parametrize("name", ["cm384-decode-128", "cm384-decode-8"])
def test_rows_of_cloudmatrix_are_met_within_ten_per_cent(steps, name):
    (row,) = steps[steps.set == name].itertuples()
    assert row.role == "validate"
    assert abs(row.error) < 0.10


def test_other_published_steps_are_met_within_fifteen_per_cent(steps):
    rows = steps[steps["mode"].isna()]
    assert len(rows) >= 8
    assert (rows.error.abs() < 0.15).all()


@pytest.mark.parametrize("column", ["inside", "inside_without"])
def test_nine_of_ten_runs_lie_in_their_interval_also_where_their_machine_is_unseen(servers, column):
    share, _ = validation.coverage(servers, column)
    assert 0.85 <= share <= 0.95


def test_intervals_of_runs_are_no_wider_than_a_fifth(servers):
    half = (servers.high - servers.low) / (2 * servers.predicted)
    assert half.median() < 0.12 and half.max() < 0.20


def test_a_tensor_group_over_two_servers_is_met_but_for_many_requests(compared):
    """No run of the kind enters a fit; with more than a request a device the law is too fast, and its interval wide."""
    rows = compared["decode_throughput"]
    apart = rows[(rows.system == "hgx-h100") & (rows.tensor_devices > 8)]
    assert len(apart) >= 8 and (apart.role == "validate").all()
    assert apart.error[apart.batch < 1].abs().max() < 0.15
    assert apart.error.abs().max() < 0.6 and apart.inside.all()


def test_every_constant_is_listed_with_its_error():
    listed = validation.constants()
    assert (listed.standard_error > 0).all() and listed.sources.str.len().gt(0).all()
    own = listed[(listed.op == "decode") & (listed.constant == "layer_overhead")].software
    assert {"trtllm", "sglang", "vllm", "deepseek", "cann"} == set(own)


STREAMS = pytest.mark.xfail(strict=True, reason="its two streams split the cores of a die, which no law here describes")


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.set, marks=[STREAMS] if row.set == "cm384-overlap-decode" else [])
        for row in GAINS.itertuples()
    ],
)
def test_overlap_gains_or_loses_where_it_did(row):
    inputs = {name: np.array([getattr(row, name)]) for name in ("ranks", "batch", "context")}
    if row.phase == "decode":
        inputs["processed"] = np.ceil(1.0 if pd.isna(row.tokens_per_step) else row.tokens_per_step)
    serial, overlapped = (
        step(Scenario(row.system), Asked(row.workload, row.phase, row.precision), inputs, overlap)[0][0]
        for overlap in (False, True)
    )
    assert np.sign(serial / overlapped - 1) == np.sign(row.value)


def test_a_training_step_on_h800_hides_its_exchanges_as_the_trace_does():
    inputs = {"ranks": np.array([64.0]), "batch": np.array([1.0]), "context": np.array([4096.0])}
    time, busy, _ = step(Scenario("hgx-h800"), Asked("deepseek-v3", "training", "fp8"), inputs, True)
    assert 0 < 1 - busy[0] / time[0] < 0.10


def test_other_tools_are_compared_on_the_measurement_that_they_were_asked_of(compared):
    """Each once for each tool, system, way and size: 128 tokens of 256 experts, sent as FP8 and gathered as BF16."""
    rows = validation.peers(compared["all_to_all_time"])
    assert len(rows) > 10 and not rows.duplicated(["tool", "system", "op", "ranks"]).any()
    assert (rows.tokens_tool == rows.tokens).all() and (rows.experts == 256).all()
    assert (rows[rows.op == "dispatch"].bytes_per_element == 1).all()
    assert rows.error_theirs.to_numpy() == pytest.approx((1e-6 * rows.value_tool / rows.measured - 1).to_numpy())
    ours = judged.tools(compared["all_to_all_time"])[0].loc["this study (rows fitted)"]
    assert ours.max() < 0.12
