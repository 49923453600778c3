"""How well experts use their matrix units (MegaScale-Infer, section 2.3: Mixtral 8x22B on A100)."""

import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from model.laws.roofline import expert_use
from model.notation.equation import compute
from model.notation.nomenclature import ffn_utilisation, memory_bandwidth, peak
from model.numbers import catalog

MIXTRAL = {"experts": 8, "topk": 2, "group_devices": 1, "weight_bytes": 2, "peak": 312e12, "memory_bandwidth": 2e12}
USE = expert_use.solve(ffn_utilisation)


def test_mixtral_uses_a_quarter_where_a_dense_model_uses_all():
    published = catalog.chosen("serving").set_index(["set", "quantity"]).value["mixtral-a100"]
    batch = published["saturation_batch"]
    assert batch == 156 == 312e12 / 2e12
    assert compute(USE, MIXTRAL | {"topk": 8, "step_tokens": batch}) == 1
    assert compute(USE, MIXTRAL | {"topk": 8, "step_tokens": 0.99 * batch}) < 1
    assert compute(USE, MIXTRAL | {"step_tokens": batch}) * 100 == published["ffn_utilisation"] == 25


@given(st.floats(0.1, 1e5), st.floats(1, 1000))
def test_utilisation_never_exceeds_one_and_grows_with_tokens(load, factor):
    few, many = (compute(USE, MIXTRAL | {"step_tokens": each}) for each in (load, load * factor))
    assert 0 < few <= many <= 1
    assert many == 1 or many == approx(few * factor)


def test_memory_bound_and_compute_bound_meet_at_full_utilisation():
    ratio = USE.args[0] if USE.args[0] != 1 else USE.args[1]
    assert sp.simplify(ratio.diff(memory_bandwidth) * memory_bandwidth - ratio) == 0
    assert sp.simplify(ratio.diff(peak) * peak + ratio) == 0


@given(st.integers(1, 512), st.floats(0.1, 1e4), st.integers(1, 8), st.integers(8, 512), st.sampled_from([0.5, 1, 2]))
def test_utilisation_is_the_share_of_the_longer_time_that_is_work(group, load, chosen, number, width):
    """The same from times: an expert of w weights works 2 w on each token that reaches it, and reads w once."""
    point = {"group_devices": group, "step_tokens": load, "topk": chosen, "experts": number, "weight_bytes": width}
    point |= {"peak": 990e12, "memory_bandwidth": 3.35e12}
    reaching, weights = group * load * chosen / number, 44e6
    work, reading = 2 * weights * reaching / point["peak"], weights * width / point["memory_bandwidth"]
    assert compute(USE, point) == approx(work / max(work, reading), rel=1e-12)
