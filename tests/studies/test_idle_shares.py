"""Idle shares are shares, a domain beyond the group changes nothing, bubbles vanish, inverses invert their laws."""

import numpy as np
import pytest

from model.numbers import catalog
from model.studies import idle

CASE = idle.Case("deepseek-v3", 4096, draws=40)


def test_shares_lie_between_none_and_all_and_inside_their_intervals():
    found = idle.survey(CASE, ["gb200-nvl72"], [16.0, 64.0], 128.0)
    shares = found[found.part != "gain"]
    assert shares.value.between(0, 1).all()
    assert ((found.low <= found.value + 1e-9) & (found.value <= found.high + 1e-9)).all()


def test_a_domain_beyond_the_group_changes_nothing_and_a_smaller_one_waits_more():
    frame, many = idle.by_domain(CASE, ["gb200-nvl72"], 64, 128, [8, 32, 64, 128])
    at = frame.set_index("domain").value
    assert at[8] > at[32] > at[64] == at[128]
    assert np.array_equal(many["gb200-nvl72", 64], many["gb200-nvl72", 128])


def test_a_machine_whose_software_sees_no_domain_is_left_out():
    assert idle.by_domain(CASE, ["hgx-h800"], 64, 128, [8])[0].empty


def test_parts_of_a_step_sum_to_it_in_both_ways():
    made = idle.parts(CASE, ["gb200-nvl72"], 64, 128)
    changed = idle.changed_by_overlap(made).loc["gb200-nvl72"]
    times = idle.timed(CASE, "gb200-nvl72", CASE.rows(64, 128))
    for way in idle.WAYS:
        assert changed[way] == pytest.approx(1e3 * times[way][0][0])
    assert changed.overlapped == pytest.approx(changed.serial - changed.hidden + changed.paid)


def test_start_ups_alone_wait_less_than_whole_exchanges():
    at = idle.picked(idle.survey(CASE, ["gb200-nvl72"], 64, 128.0)).value["serial", "exchange", "gb200-nvl72"]
    assert 0 < idle.floor(CASE, "gb200-nvl72", 64, 128)[0] < at


def test_bubbles_vanish_with_microbatches_and_keep_their_order():
    shares = idle.bubbles(idle.schedule(), [120.0, 1e9]).pivot(index="microbatches", columns="schedule", values="share")
    assert shares.loc[120.0, "1F1B"] > shares.loc[120.0, "ZB1P"] > shares.loc[120.0, "DualPipe"]
    assert (shares.loc[1e9] < 1e-6).all()


def test_the_inverse_laws_invert_theirs():
    tokens = idle.tokens_at(CASE, 0.05, 64)
    assert 1 - 1 / idle.random_loads(CASE, [64], [tokens]).load_ratio[0] == pytest.approx(0.05)
    assert 15 / (idle.microbatches_at(0.05, 16) + 15) == pytest.approx(0.05)


def test_the_law_of_random_routing_lies_near_its_simulation():
    simulated = idle.simulated_loads(CASE, {8: 128})
    assert (simulated.error.abs() < 0.12).all()


def test_published_hours_days_and_steps_of_the_reported_run_close():
    """DeepSeek-V3's: 180 thousand device-hours a trillion tokens, 3.7 days on 2,048 devices, its tokens a day."""
    run = catalog.load("runs").loc["deepseek-v3"]
    hours = run.training_device_hours / 3600
    assert hours / 14.8 == pytest.approx(180e3, rel=0.001)
    days = 180e3 / 2048 / 24
    assert days == pytest.approx(3.7, abs=0.05)
    tokens = run.batch_sequences * run.sequence
    assert tokens / idle.reported_run().value * 86400 == pytest.approx(272.8e9, rel=1e-3)


def test_two_reported_runs_are_refused(data):
    path = data / "serving.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next(each for each in lines if ",step_time," in each and ",validate," in each)
    lines.append(line.replace(line.split(",")[0], "another-run", 1))
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    with pytest.raises(ValueError, match="gives a role to 2 step times of training"):
        idle.reported_run()
