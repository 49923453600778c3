"""What is asked of a step and of serving: what does not fit is refused, layouts told, more hardware never slower."""

import re

import numpy as np
import pandas as pd
import pytest

from model.numbers import catalog
from model.predictions.answer import predict
from model.predictions.inputs import InputError
from model.predictions.serving import workloads

MODEL = {"model": "deepseek-v3", "precision": "fp8"}
DENSE = ("llama-3.1-70b", "llama-3.1-405b")
LAYOUT = ["ranks", "tensor_devices", "expert_devices", "drafts", "batch"]


def ask(name, system, *points, **keywords):
    """Return the answers to points, each DeepSeek-V3 in FP8 where it does not say otherwise."""
    keywords = {"interval": False} | keywords
    return predict(name, pd.DataFrame([MODEL | each for each in points]), system, **keywords)[0]


def one(name, system, **point):
    return ask(name, system, point).value.item()


# What does not fit is refused, with what would do.

TOO_LARGE = {
    "weights and cache on eight devices of 80 GB": ("hgx-h800", {"ranks": 8, "batch": 32, "context": 4096}),
    "one device": ("hgx-h100", {"ranks": 1, "batch": 64, "context": 4096}),
    "a long context on one server": ("hgx-h200", {"ranks": 8, "batch": 8, "context": 131_072, "tensor_devices": 8}),
    "more requests than the cache holds": ("gb200-nvl72", {"ranks": 72, "batch": 4096, "context": 8192}),
    "16-bit weights on one server": ("hgx-h200", {"ranks": 8, "batch": 1, "context": 4096, "precision": "bf16"}),
}


@pytest.mark.parametrize(("system", "point"), TOO_LARGE.values(), ids=TOO_LARGE)
@pytest.mark.parametrize("interval", [False, True])
def test_what_does_not_fit_is_refused_with_how_many_devices_would_hold_it(system, point, interval):
    with pytest.raises(InputError, match=r"input row 1: memory of .* holds .* requests") as refusal:
        ask("decode_throughput", system, point, interval=interval, draws=20)
    needed = float(re.search(r"; (\d+) devices would hold", str(refusal.value))[1])
    assert needed >= point["ranks"]
    with pytest.raises(InputError, match="memory of"):
        ask("moe_idle_share", system, point | {"phase": "decode"}, interval=interval, draws=20)


def test_what_is_said_to_hold_the_requests_does():
    with pytest.raises(InputError) as refusal:
        one("decode_throughput", "hgx-h800", ranks=8, batch=32, context=4096)
    needed = float(re.search(r"; (\d+) devices would hold", str(refusal.value))[1])
    assert one("decode_throughput", "hgx-h800", ranks=needed, batch=8 * 32 / needed, context=4096) > 0


def test_a_row_of_a_table_that_does_not_fit_is_named():
    points = [{"ranks": 64, "batch": 8, "context": 4096}, {"ranks": 8, "batch": 64, "context": 65_536}]
    with pytest.raises(InputError, match="points.csv row 2: memory of 8 devices"):
        ask("decode_throughput", "hgx-h200", *points, where="points.csv")


def test_a_wider_cache_is_refused_sooner():
    point = {"ranks": 16, "batch": 128, "context": 16_384}
    assert one("decode_throughput", "hgx-h200", **point, kv_bytes_per_element=1) > 0
    with pytest.raises(InputError, match="memory of 16 devices"):
        one("decode_throughput", "hgx-h200", **point, kv_bytes_per_element=2)


def test_draws_in_which_a_batch_does_not_fit_count_as_nothing():
    """A batch that fits at the largest share of memory that may be usable, and not at the least."""
    point = {"ranks": 16, "context": 4096, "kv_bytes_per_element": 1}
    for batch in 2.0 ** np.arange(11, 2, -0.25):
        try:
            found = ask("decode_throughput", "hgx-h200", point | {"batch": batch}, interval=True, draws=200).iloc[0]
        except InputError:
            continue
        break
    few = ask("decode_throughput", "hgx-h200", point | {"batch": 8}, interval=True, draws=200).iloc[0]
    assert 0 < few.low < few.value < few.high
    assert found.low == 0 < found.value


# How many devices, and with which layout.


def test_devices_needed_is_enough_and_half_of_it_is_not():
    needed = one("devices_needed", "hgx-h200", batch=256, context=4096)
    assert needed <= 8
    assert one("devices_needed", "hgx-h800", batch=1, context=4096) > 8  # 671 GB on eight times 80
    assert one("decode_throughput", "hgx-h200", ranks=needed, batch=256 / needed, context=4096) > 0
    with pytest.raises(InputError):
        one("decode_throughput", "hgx-h200", ranks=needed / 2, batch=512 / needed, context=4096)


def test_four_h20_do_not_hold_qwen3_in_16_bits_and_eight_do():
    asked = {"model": "qwen3-235b", "precision": "bf16", "batch": 1, "context": 4096}
    assert 4 < one("devices_needed", "hgx-h20", **asked) <= 8


def test_more_than_any_group_holds_is_refused():
    with pytest.raises(InputError, match="no group of up to 4,096 devices holds that"):
        one("devices_needed", "hgx-h200", batch=1e8, context=131_072)


@pytest.mark.parametrize("layouts", ["run", "all"])
def test_the_layout_stands_with_the_answer_and_gives_it_again(layouts):
    speeds = [20.0, 40.0, 80.0]
    asked = [{"speed": each, "context": 2048, "tokens_per_step": 1, "layouts": layouts} for each in speeds]
    found = ask("decode_frontier", "gb200-nvl72", *asked)
    assert list(found) == ["value", "unit", "low", "high", *LAYOUT]
    assert (found.value > 0).all()
    points = [row[["ranks", "tensor_devices", "expert_devices", "batch"]].to_dict() for _, row in found.iterrows()]
    again = ask("decode_throughput", "gb200-nvl72", *(point | {"context": 2048} for point in points))
    assert again.value.to_numpy() == pytest.approx(found.value.to_numpy(), rel=0.01)
    assert (again.value / found.batch >= 0.99 * np.array(speeds)).all()


def test_a_speed_out_of_reach_has_no_layout():
    found = ask("decode_frontier", "hgx-h200", {"speed": 1e5, "context": 2048, "layouts": "all"}).iloc[0]
    assert found.value == 0 and found[LAYOUT].isna().all()


def test_devices_limit_the_search():
    """One who has eight devices is not told what 96 would do."""
    asked = {"speed": 28.9, "context": 1536, "layouts": "all", "tokens_per_step": 1}
    limits = [{"devices": each} for each in (8, 16, 64)]
    found = ask("decode_frontier", "hgx-h200", *(asked | each for each in limits), asked)
    assert (found.ranks.to_numpy() <= [8, 16, 64, np.inf]).all()
    assert (np.diff(found.value) >= -1e-9).all()
    assert found.value.iloc[0] < 0.5 * found.value.iloc[-1]


def test_too_few_devices_are_refused_with_what_the_smallest_layout_has():
    with pytest.raises(InputError, match="no layout has 16 devices or fewer: the smallest has 128"):
        one("decode_frontier", "hgx-h800", speed=20, context=4096, devices=16)


@pytest.mark.parametrize("layouts", ["run", "all"])
def test_devices_that_hold_no_request_are_refused_with_how_many_would(layouts):
    with pytest.raises(InputError, match="memory of 4 devices does not hold one request: 12 devices would"):
        one("decode_frontier", "hgx-h800", speed=20, context=4096, devices=4, layouts=layouts)


def test_eight_h200_serve_about_what_was_measured_on_them():
    """A judge that no fit has seen: 78 and 28.9 tokens/s for each user at one and eight requests a device, FP8."""
    asked = [{"ranks": 8, "tensor_devices": 8, "expert_devices": 8, "context": 1536, "engine": "sglang"}]
    points = [asked[0] | {"batch": each} for each in (1.0, 8.0)]
    per_user = ask("decode_throughput", "hgx-h200", *points).value / [1.0, 8.0]
    assert per_user.to_numpy() == pytest.approx([78, 28.9], rel=0.25)


# More hardware is never slower, more work never faster.

HARDWARE = ("memory_bandwidth", "peak_bf16", "peak_fp8", "scale_up_bandwidth", "scale_out_bandwidth", "memory_capacity")
FIT = [  # system, layouts that hold the model
    ("hgx-h200", {"ranks": 8.0, "tensor_devices": 8.0, "expert_devices": 8.0}),
    ("hgx-h200", {"ranks": 32.0}),
    ("hgx-b200", {"ranks": 8.0}),
    ("gb200-nvl72", {"ranks": 72.0}),
    ("gb200-nvl72", {"ranks": 16.0, "tensor_devices": 4.0}),
]


def somewhere(layout, number, most=16.0):
    """Return operating points at random, the same in every run: batch and context over their orders of magnitude."""
    rng = np.random.default_rng(7)
    batches, contexts = np.exp(rng.uniform(np.log([0.01, 64]), np.log([most, 8192]), (number, 2))).T
    return [layout | {"batch": each, "context": length} for each, length in zip(batches, contexts, strict=True)]


@pytest.mark.parametrize(("system", "layout"), FIT)
def test_better_hardware_is_never_slower(system, layout):
    points = somewhere(layout, 60)
    usual = ask("decode_throughput", system, *points).value
    for number in HARDWARE:
        for factor in (1.1, 3.0):
            changes = {number: factor * catalog.load("systems").loc[system, number]}
            better = ask("decode_throughput", system, *points, changes=changes).value
            assert (better >= usual * (1 - 1e-12)).all(), (number, factor)


@pytest.mark.parametrize("ranks", [8.0, 16.0, 64.0, 144.0])
def test_a_larger_domain_is_never_slower_at_the_same_layout(ranks):
    points = somewhere({"ranks": ranks, "precision": "nvfp4"}, 60)
    rates = [
        ask("decode_throughput", "gb200-nvl72", *points, changes={"domain": size}).value
        for size in (4.0, 8.0, 36.0, 72.0, 144.0)
    ]
    assert all((after >= before * (1 - 1e-12)).all() for before, after in zip(rates, rates[1:], strict=False))


@pytest.mark.parametrize(("system", "layout"), FIT)
def test_a_step_is_no_shorter_with_more_requests_or_a_longer_context(system, layout):
    batches, contexts = np.geomspace(0.01, 24, 40), np.geomspace(16, 8192, 40)
    for points, batch in (
        ([layout | {"batch": each, "context": 4096.0} for each in batches], batches),
        ([layout | {"batch": 8.0, "context": each} for each in contexts], 8.0),
    ):
        time = batch / ask("decode_throughput", system, *points).value.to_numpy()
        assert (np.diff(time) >= -1e-12 * time[1:]).all()


# Every workload.


def layout_of(model):
    """Return operating points that hold a workload: eight devices whole, and for experts spread ones."""
    whole = {"ranks": 8, "tensor_devices": 8, "expert_devices": 1, "batch": 1, "context": 2048, "model": model}
    if not catalog.load("workloads").loc[model, "moe_layers"]:
        return [whole]
    return [whole, whole | {"expert_devices": 8}, whole | {"ranks": 16, "tensor_devices": 1, "expert_devices": 16}]


@pytest.mark.parametrize("model", workloads())
@pytest.mark.parametrize("system", ["hgx-b200", "gb200-nvl72"])
def test_every_workload_is_answered(model, system):
    found = ask("decode_throughput", system, *layout_of(model), interval=True, draws=100)
    assert ((found.low > 0) & (found.low < found.value) & (found.value < found.high)).all()
    assert one("devices_needed", system, model=model, batch=8, context=2048) <= 16


def test_there_are_eleven_workloads():
    assert len(workloads()) >= 11


@pytest.mark.parametrize("model", DENSE)
def test_a_dense_workload_exchanges_nothing_and_is_split_by_tensor_groups(model):
    point = {"model": model, "ranks": 8, "tensor_devices": 8, "expert_devices": 1, "batch": 4, "context": 2048}
    point |= {"phase": "decode", "overlap": "0"}
    shares = ask("moe_idle_share", "hgx-h200", *(point | {"part": each} for each in ("imbalance", "exchange")))
    assert shares.value[0] == 0 < shares.value[1] < 0.5  # its sums count as computing's wait
    found = ask("decode_frontier", "hgx-h200", {"model": model, "speed": 20, "context": 2048, "layouts": "all"}).iloc[0]
    assert found.value > 0 and found.expert_devices == 1 and found.tensor_devices == found.ranks


def test_one_device_of_a_dense_workload_reads_its_weights_and_cache_once_a_step():
    """Time at batch one: no less than bytes over bandwidth, and most of that."""
    shape, system = catalog.load("workloads").loc["llama-3.1-70b"], catalog.load("systems").loc["hgx-b200"]
    point = {"model": "llama-3.1-70b", "ranks": 1, "expert_devices": 1, "batch": 1, "context": 2048}
    time = 1 / one("decode_throughput", "hgx-b200", **point)
    least = (shape.dense_parameters + shape.kv_elements * 2048) / system.memory_bandwidth
    assert least < time < 3 * least


def test_one_device_exchanges_nothing_and_waits_for_nobody():
    point = {"model": "gpt-oss-120b", "precision": "nvfp4", "ranks": 1, "batch": 8, "context": 1024}
    point |= {"phase": "decode", "overlap": "0"}
    shares = ask("moe_idle_share", "hgx-b200", *(point | {"part": each} for each in ("exchange", "imbalance", "all")))
    assert shares.value.tolist() == [0, 0, 0]


# Prompts and the service.


def test_longer_prompts_are_computed_no_faster():
    points = [{"ranks": 8, "sequence": each} for each in (512, 2048, 8192, 32_768)]
    rates = ask("prefill_throughput", "hgx-b200", *points).value
    assert (rates > 0).all() and (np.diff(rates) <= 0).all()


def test_the_service_lies_between_what_decode_and_prefill_alone_would_give():
    asked = {"speed": 20, "input_tokens": 1024, "output_tokens": 1024}
    total = ask("service_frontier", "gb200-nvl72", asked)
    decode = one("decode_frontier", "gb200-nvl72", speed=20, context=1536)
    assert list(total)[4:] == LAYOUT
    assert 0 < total.value.item() < 2 * decode  # each token out comes with one in, and prefill takes devices, too
