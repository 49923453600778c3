"""What fits into memory: the fewest devices that hold it are the least of all ways tried one by one."""

import numpy as np
import pytest

from model.machine import memory
from model.machine.scenario import Scenario

HEADS = {"deepseek-v3": 128, "llama-3.1-8b": 32}
SIZES = sorted(m * 2**i for m in (1, 3) for i in range(13) if m * 2**i <= 4096)


def holds(scenario, size, requests, context, kv=None, model="deepseek-v3"):
    """Tell whether so many devices hold it, with attention in data parallel or split by one tensor group."""
    split = size <= scenario.system("domain") and size * scenario.system("dies", 1) <= HEADS[model]
    ways = [(1.0, size)] + [(size, 1.0)] * split
    for tensor, experts in ways:
        rows = {"ranks": float(size), "tensor_devices": tensor, "expert_devices": experts, "context": context}
        rows |= {} if kv is None else {"kv_bytes_per_element": kv}
        if memory.largest_batch(scenario, model, "fp8", rows) * size >= requests:
            return True
    return False


@pytest.mark.parametrize("system", ["hgx-h100", "hgx-b200", "cloudmatrix384"])
@pytest.mark.parametrize(("requests", "context"), [(1, 1024.0), (3000, 4096.0), (90_000, 32_768.0)])
def test_the_fewest_devices_are_the_least_that_hold_it(system, requests, context):
    scenario = Scenario(system)
    expected = next((size for size in SIZES if holds(scenario, size, requests, context)), np.inf)
    found = memory.fewest_devices(scenario, "deepseek-v3", "fp8", requests, context)
    assert found == expected and np.shape(found) == ()


@pytest.mark.parametrize(("system", "requests"), [("gb200-nvl72", 100_000), ("cloudmatrix384", 30_000)])
def test_a_tensor_group_is_no_wider_than_its_heads(system, requests):
    asked = Scenario(system), "llama-3.1-8b"
    for each in (requests / 64, requests / 16, requests):
        expected = next((size for size in SIZES if holds(asked[0], size, each, 8192.0, model=asked[1])), np.inf)
        assert memory.fewest_devices(*asked, "fp8", each, 8192.0) == expected


def test_a_wider_cache_takes_more_devices_and_a_narrower_one_fewer():
    asked = Scenario("hgx-h100"), "deepseek-v3", "fp8", 20_000, 8192.0
    narrow, usual, wide = (float(memory.fewest_devices(*asked, kv)) for kv in (0.5, None, 4.0))
    assert narrow < usual < wide
    assert not holds(asked[0], narrow / 2, 20_000, 8192.0, 0.5)


def test_beyond_four_thousand_devices_none_is_named():
    scenario = Scenario("hgx-h100")
    rows = {"ranks": 6144.0, "tensor_devices": 1.0, "expert_devices": 6144.0, "context": 4096.0}
    requests = 6000 * memory.largest_batch(scenario, "deepseek-v3", "fp8", rows)
    assert memory.fewest_devices(scenario, "deepseek-v3", "fp8", [requests, 1.0], 4096.0).tolist()[0] == np.inf
    assert np.isfinite(memory.fewest_devices(scenario, "deepseek-v3", "fp8", 0.6 * requests, 4096.0))
