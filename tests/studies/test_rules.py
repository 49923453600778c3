"""Rules of thumb are their laws in a limit, and each is marked where it errs by more than a factor of two."""

import numpy as np
import pytest

from model.laws import step as laws
from model.laws import two_tiers
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.studies import rules
from model.studies.serving import example, frontiers

TIERS = {"volume": 7.34e6, "scale_up_bandwidth": 450e9, "scale_out_bandwidth": 50e9, "domain": 8.0}
WRITE = {"checkpoint_write": 10.0, "downtime": 300.0, "reload": 300.0}
ENDLESS, GONE = 1e40, 0.0
SERVICE = frontiers.Service("deepseek-v3", 4096, draws=20)


@pytest.fixture(scope="module")
def step():
    return example.numbers(example.columns(SERVICE, "hgx-b200", "nvfp4", 8, 32))


def whole(numbers, limit):
    """Return the time of the whole law of a step with some of its numbers at a limit, s."""
    return float(np.ravel(laws.one_batch.answers(numbers | limit, (symbols.step_time,))["step_time"])[0])


def test_both_rules_of_an_exchange_are_the_two_tiers_in_their_limits():
    time = two_tiers.two_tier.solve(symbols.parallel_time)
    assert compute(time, TIERS | {"ranks": 1e9}) == pytest.approx(compute(rules.outside().rhs, TIERS), rel=1e-7)
    assert compute(time, TIERS | {"ranks": 8.0}) == pytest.approx(compute(rules.inside().rhs, TIERS))


def test_the_rules_of_a_step_are_its_law_in_their_limits(step):
    endless = {str(peak): ENDLESS for peak in rules.PEAKS}
    bare = {"layer_overhead": GONE, "activation_time": GONE, "exchange_start": GONE, "exchange_transfer": GONE}
    reads = whole(step, endless | bare | {"memory_efficiency": 1.0})
    assert compute(rules.reads().rhs, step) == pytest.approx(reads, rel=1e-9)
    works = whole(step, bare | {"memory_bandwidth": ENDLESS, "product_efficiency": 1.0, "skew": GONE})
    assert compute(rules.works().rhs, step) == pytest.approx(works, rel=1e-9)
    floor = whole(step, endless | {"activation_time": GONE, "exchange_transfer": GONE, "kv_elements": GONE})
    assert compute(rules.floor().rhs, step) == pytest.approx(floor, rel=1e-9)
    assert len({round(each, 9) for each in (reads, works, floor, whole(step, {}))}) == 4


def test_no_step_is_shorter_than_what_it_reads_or_computes():
    steps = rules.steps(SERVICE, ["hgx-b200", "gb200-nvl72"], 64, 16, 256)
    ratios = steps.set_index("system").filter(regex="_few|_many")
    assert list(ratios.index) == ["hgx-b200", "gb200-nvl72"] and ((ratios > 0) & (ratios < 1)).all(axis=None)
    assert (ratios.floor_few > ratios.reads_few).all() and (ratios.works_many > ratios.works_few).all()


def test_a_machine_that_does_not_hold_the_batch_is_left_out():
    assert rules.steps(SERVICE, ["hgx-b200"], 64, 16, 1e6).empty


def test_an_exchange_is_divided_by_the_network_that_it_crosses():
    found = rules.exchanges(["hgx-h100", "gb200-nvl72"], "deepseek-v3", 64, 128, 4096).set_index("system")
    assert found.crosses.to_dict() == {"hgx-h100": "scale-out", "gb200-nvl72": "scale-up"}
    copies = 128 * 8 * 7168
    assert found.rule.to_dict() == pytest.approx({"hgx-h100": copies / 50e9, "gb200-nvl72": copies / 900e9})
    assert np.allclose(found.few, found.rule / found.law) and (found.many > found.few).all()


def test_the_loss_by_rule_is_that_of_the_law_while_little_is_lost():
    found = rules.losses(["hgx-h100"], {"few": 10, "some": 1_000, "many": 1_000_000}, WRITE).iloc[0]
    assert found.few == pytest.approx(1, abs=0.002)
    assert abs(found.few - 1) < abs(found.some - 1) < 0.05 < abs(found.many - 1)


def test_a_rule_is_far_beyond_a_factor_of_two_either_way():
    assert rules.far([0.49, 0.51, 1.99, 2.01]).tolist() == [True, False, False, True]
    assert rules.marked(0.4) == "0.40 ✗" and rules.marked(0.6) == "0.60"
