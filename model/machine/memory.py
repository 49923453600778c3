"""What fits into the memory of a group of devices: the one place that says so."""

import numpy as np

from model.laws.serving import memory
from model.machine.layouts import widest_tensor_group
from model.machine.step import given, groups_of_ranks, shape_on_ranks
from model.notation.equation import compute
from model.notation.nomenclature import batch_limit


def largest_batch(scenario, model, precision, rows):
    """Return the requests per device that memory holds, at most; negative where the weights alone do not fit.

    rows: mapping of arrays ranks, context and, where they matter, tensor_devices, expert_devices, redundant_experts and
    kv_bytes_per_element; devices, not dies. Law: laws.serving.memory.
    """
    dies = scenario.system("dies", 1)
    return compute(memory.solve(batch_limit), columns(scenario, model, precision, rows, dies)) * dies


def columns(scenario, model, precision, rows, dies):
    """Return the columns of the law of memory of one rank; rows as in `largest_batch`."""
    system, formats = scenario.system, scenario.facts("formats", precision)
    groups = groups_of_ranks(rows, dies)
    return {
        **shape_on_ranks(scenario, model, groups),
        **groups,
        "context": rows["context"],
        "weight_bytes": formats("weight_bytes"),
        "dense_weight_bytes": formats("dense_weight_bytes"),
        "kv_bytes_per_element": given(rows, "kv_bytes_per_element", formats("kv_bytes_per_element")),
        "state_width": scenario.facts("priors", "step")("state_width"),
        "memory_capacity": system("memory_capacity") / dies,
        "memory_usable": scenario.facts("assumptions", "serving")("memory_usable"),
    }


def fewest_devices(scenario, model, precision, requests, context, kv=None):
    """Return the fewest devices of one instance that hold a workload and so many requests in all, arrays.

    Experts and cache are spread as widely as they can be: attention in data parallel with experts over all devices, or
    everything split by a tensor group that can be, whichever needs fewer. Infinite where even 4,096 do not suffice.
    """
    sizes = np.array([m * 2.0**i for m in (1, 3) for i in range(13) if m * 2**i <= 4096])
    sizes.sort()
    requests, context = np.broadcast_arrays(np.asarray(requests, float), np.asarray(context, float))
    found = np.full(requests.shape, np.inf)
    widest = widest_tensor_group(scenario, model)
    for size in sizes[::-1]:
        ways = [{"tensor_devices": 1.0, "expert_devices": size}]
        if size <= widest:
            ways.append({"tensor_devices": size, "expert_devices": 1.0})
        for way in ways:
            rows = {"ranks": size, "context": context, **way}
            if kv is not None:
                rows["kv_bytes_per_element"] = kv
            held = largest_batch(scenario, model, precision, rows) * size
            found = np.where(held >= requests, size, found)
    return found
