"""Waiting that somebody measured, beside the law: gains of two microbatches, uneven experts, a reported run."""

import numpy as np
import pandas as pd
import pytest

import model
from model.laws import idle as waiting
from model.laws import step as laws
from model.machine import step
from model.machine.scenario import Scenario
from model.notation.equation import compute
from model.notation.nomenclature import exchange_idle, load_ratio, step_time
from model.notation.substitution import example
from model.numbers import catalog
from model.studies import idle

CASE = idle.Case("deepseek-v3", 4096, draws=20)
RACK = "gb200-nvl72"
POINT = {"model": "deepseek-v3", "ranks": 64, "batch": 128, "context": 4096, "precision": "fp8"}


def share(part, overlap, system=RACK, phase="decode", **more):
    """Return one part of the idle share as the public face predicts it."""
    asked = POINT | {"system": system, "phase": phase, "part": part, "overlap": overlap} | more
    return model.predict("moe_idle_share", interval=False, **asked).value[0]


@pytest.fixture(scope="module")
def gained():
    measured, lines = idle.gains(CASE)
    return measured.set_index("set"), lines


# Gains of two microbatches.


def test_measured_gains_are_the_published_ratios_and_losses(gained):
    """SGLang: 17,552 over 12,929 tokens/s at 128 requests and a loss of 27 % at 32; CloudMatrix384: 9.4 % at 96."""
    measured, _ = gained
    assert measured.measured["sglang-h100-overlap-decode-128"] == pytest.approx(17_552 / 12_929 - 1, abs=1e-6)
    assert measured.measured["sglang-h100-overlap-decode-32"] == pytest.approx(-0.27)
    assert measured.measured["cm384-overlap-decode"] == pytest.approx(0.094)
    assert "cm384-overlap-decode-least" not in measured.index, "nobody recorded its batch"


def test_what_a_gain_does_not_say_is_taken_from_the_same_system_s_throughput(gained):
    measured, _ = gained
    throughput = catalog.chosen("serving").set_index(["set", "quantity"])
    prefill = throughput.loc["sglang-h100-prefill", "imbalance_loss"]
    own = measured.loc["sglang-h100-overlap-prefill"]
    assert (own.ranks, own.batch, own.context) == (prefill.ranks, prefill.batch, prefill.context)
    assert own.engine == "sglang" and measured.engine["cm384-overlap-prefill"] == "cann"
    assert measured.context["sglang-h100-overlap-decode-128"] == 4000, "what it says itself stays"


def test_tokens_of_a_request_are_whole_and_simulated_drafts_count(gained):
    processed = gained[0].processed
    assert processed["sglang-h100-overlap-decode-256"] == 1
    assert processed["sglang-h100-overlap-decode-128"] == 2, "its multi-token prediction was simulated"
    assert processed["cm384-overlap-decode"] == 2, "1.7 tokens are credited"


def test_a_predicted_gain_is_the_serial_step_over_the_overlapped_one_less_one(gained):
    row = gained[0].loc["sglang-h100-overlap-decode-256"]
    asked = step.Asked("deepseek-v3", "decode", "fp8", "sglang")
    point = {name: np.array([number]) for name, number in (("ranks", 72.0), ("batch", 256.0), ("context", 2000.0))}
    one, two = (step.step(Scenario("hgx-h100"), asked, point, turns)[0].item() for turns in (False, True))
    assert row.value == pytest.approx(one / two - 1)


def test_gains_and_losses_have_the_measured_sign_and_most_lie_inside(gained):
    measured, _ = gained
    alike = np.sign(measured.value) == np.sign(measured.measured)
    assert list(alike.index[~alike]) == ["cm384-overlap-decode"], "whose streams split the cores of a die"
    inside = (measured.low <= measured.measured) & (measured.measured <= measured.high)
    assert inside.sum() >= 3 and (measured.low <= measured.value).all() and (measured.value <= measured.high).all()


def test_lines_pass_through_the_measured_points_and_rise_from_a_loss(gained):
    """Fixed parts of a step are paid twice: with few requests two microbatches lose, whatever the machine."""
    measured, lines = gained
    at = lines.set_index(["system", "processed", "batch"])
    for name in ("cm384-overlap-decode", "sglang-h100-overlap-decode-128", "sglang-h100-overlap-decode-256"):
        row = measured.loc[name]
        found = at.loc[(row.system, row.processed, row.batch)]
        assert found[list(idle.SIDES)].tolist() == pytest.approx(row[list(idle.SIDES)].tolist())
    assert (lines.phase == "decode").all()
    for _, line in lines.groupby(["system", "processed"]):
        assert line.batch.tolist() == list(idle.BATCHES)
        assert line.value.iloc[0] < 0 < line.value.iloc[-1]
        rising = line.value.iloc[:9].to_numpy()
        assert (np.diff(rising) > 0).all()


# Uneven experts.


def test_what_uneven_experts_cost_is_published_and_the_law_s_share_is_the_predicted_one():
    """Prefill with real routing over even routing: 50,302 of 59,337 and 5,655 of 6,688 tokens/s."""
    losses = idle.losses(CASE).set_index("system")
    for system, even, real, precision in (
        ("hgx-h100", 59_337, 50_302, "fp8"),
        ("cloudmatrix384", 6_688, 5_655, "int8"),
    ):
        row = losses.loc[system]
        assert row.measured == pytest.approx(1 - real / even, abs=1e-6)
        assert row.tokens == 4 * 4096
        at = {"ranks": row.ranks, "batch": 4, "precision": precision}
        assert row.value == pytest.approx(share("imbalance", 0, system, "prefill", **at))
        assert row.low < row.measured < row.high


def test_copies_of_popular_experts_gain_what_is_published_and_a_dispatch_mostly_waits():
    found = idle.balancing()
    assert found[["prefill", "decode"]].tolist() == [1.49, 2.54]
    assert found.dispatch_waiting == pytest.approx(1 - 0.06 / 0.17)


# The training run whose report gives its times.


def test_the_rest_of_a_reported_step_is_what_its_listed_parts_leave():
    """DeepSeek-V3: 19.926 s, of which 1.13 forward, 1.99 backward, 0.48 weights, 13.95 both, 0.29 optimiser."""
    rest = idle.remainder()
    assert rest.seconds == pytest.approx(19.926 - (1.13 + 1.99 + 0.48 + 13.95 + 0.29))
    assert rest.share * 19.926 == pytest.approx(rest.seconds)


def test_a_published_trace_adds_up():
    """80.5 of 129 ms exchange, 77.5 of them under compute; 20 of 132 multiprocessors were given to it."""
    found = idle.trace()
    assert found.pair == 129 and found.busy + found.idle == 1
    assert found.exchange * found.pair == pytest.approx(80.5, abs=0.05)
    assert found.hidden == pytest.approx(77.5 / 80.5, abs=1e-3)
    assert found[["units", "given"]].tolist() == [132, 20]


def test_the_reported_run_waits_overlapped_for_what_is_predicted_of_its_step():
    found = idle.trained(CASE)
    at = {"system": "hgx-h800", "phase": "training", "ranks": 64, "batch": 1}
    assert found.value == pytest.approx(share("exchange", 1, **at))
    assert found.value < share("exchange", 0, **at)
    assert found.low <= found.value <= found.high


# Summaries of the chapter.


def test_a_summary_says_what_is_predicted_of_each_machine():
    found = idle.summary(CASE, [RACK, "hgx-h800"], 64, 128).set_index("system")
    for system in found.index:
        row = found.loc[system]
        assert row.exchange == pytest.approx(share("exchange", 0, system))
        assert row.imbalance == pytest.approx(share("imbalance", 0, system))
        assert 0 < row.startup < row.exchange
        assert row.low <= row.lost <= row.high
    endless = {"scale_up_bandwidth": 1e15}  # all 64 are in one domain
    assert found.startup[RACK] == pytest.approx(share("exchange", 0, changes=endless), rel=0.02)
    serial = found.exchange + found.imbalance
    assert found.lost[RACK] == pytest.approx(serial[RACK]) and found.gain[RACK] < 0, "one batch is the faster"
    assert found.gain["hgx-h800"] > 0, "two are"
    assert 1 - found.lost["hgx-h800"] == pytest.approx((1 - serial["hgx-h800"]) * (1 + found.gain["hgx-h800"]))


@pytest.fixture(scope="module")
def put():
    return idle.examples(CASE, RACK, 64, 128)


def test_an_example_s_numbers_lead_the_laws_to_the_step_that_is_predicted(put):
    times = idle.timed(CASE, RACK, CASE.rows(64, 128))
    for way, law in (("serial", laws.one_batch), ("overlapped", laws.two_batches)):
        made = {str(each.lhs) for each in law.equations}
        inputs = {name: number for name, number in put[way].items() if name not in made}
        assert example(law, inputs)["step_time"] == pytest.approx(times[way][0].item())
    assert put["waits"]["exchange_idle"] == pytest.approx(share("exchange", 0))
    assert put["waits"]["imbalance_idle"] == pytest.approx(share("imbalance", 0))
    assert put["waits"]["moe_idle_share"] == pytest.approx(share("all", 0))
    assert put["pipeline"] == idle.schedule()
    random = compute(waiting.balls_in_bins[load_ratio].rhs, put["random"])
    assert random == pytest.approx(1 + np.sqrt(2 * np.log(64) * (1 - 8 / 256) / (128 * 8)))


def test_the_law_of_waiting_is_that_of_shares_with_the_step_put_in(put):
    law = idle.waiting()
    assert law.lhs == exchange_idle and step_time not in law.rhs.free_symbols
    assert compute(law.rhs, put["serial"]) == pytest.approx(put["waits"]["exchange_idle"])


def test_overlap_pays_from_the_fewest_requests_that_gain_up_to_the_most_that_fit():
    batches = [8, 16, 32]
    frame = pd.DataFrame({"system": ["wins"] * 3 + ["loses"] * 3, "batch": batches * 2, "part": "gain"})
    frame = frame.assign(value=[-0.1, 0.1, 0.2, -0.2, -0.1, 0.0], fits=[True, True, False, False, False, False])
    other = frame.assign(part="exchange", value=1.0, fits=True)  # no gain, and so passed over
    found = idle.overlap_pays(pd.concat([frame, other]))
    assert found.loc["wins"].tolist() == [16, 16]
    assert found.loc["loses"].tolist() == [0, 0]


def test_what_a_larger_domain_removes_is_the_difference_over_the_wait_before():
    frame, many = idle.by_domain(CASE, [RACK], 64, 128, [8, 32, 64])
    cut = idle.removed(frame, many, 64, 8, 32)
    at = cut.value.xs(RACK, level=1)
    assert at.before > at.half > at.after > 0
    assert at.removed == pytest.approx((at.before - at.after) / at.before)
    gone = cut.loc[("removed", RACK)]
    assert gone.low <= gone.value <= gone.high < 1


def test_what_is_lost_serially_is_what_waits_for_exchanges_and_for_slower_ranks():
    at = idle.picked(idle.survey(CASE, [RACK], 64, 128.0), ranks=64).value.xs(RACK, level=2)
    assert at["serial", "lost"] == pytest.approx(at["serial", "exchange"] + at["serial", "imbalance"])
    assert at["overlapped", "lost"] > at["overlapped", "exchange"] + at["overlapped", "imbalance"], "work is paid twice"
    assert at["faster", "lost"] == min(at["serial", "lost"], at["overlapped", "lost"])


# Which machines.


def test_machines_are_compared_where_their_numbers_are_known_and_their_network_reaches():
    systems = [RACK, "feixing-2", "atlas-950-superpod", "rubin-ultra-nvl576"]
    assert idle.compared(systems, 64) == [RACK, "atlas-950-superpod"]
    reach = idle.reach()
    assert reach["atlas-950-superpod"] == 1024 and np.isinf(reach[RACK])
    assert idle.compared(systems, 1025) == [RACK], "nothing leads out of the other one's domain"
    with pytest.raises(ValueError, match="none of .*feixing-2.* choose others"):
        idle.compared(["feixing-2"], 64)


def test_the_format_of_one_byte_is_the_one_in_which_a_machine_has_a_peak():
    machines, forms = catalog.load("systems"), idle.precisions()
    assert forms[RACK] == "fp8" and forms["cloudmatrix384"] == "int8"
    assert all(machines.loc[name, f"peak_{form}"] > 0 for name, form in forms.items())
    assert "feixing-2" not in forms
