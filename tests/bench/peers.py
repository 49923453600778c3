"""Evaluates what other tools offer for the study's quantities, in an environment of their own, one question a line.

A question on standard input: {"tool", "quantity", "file", "budget"}: an .npz of rows and the study's numbers as JSON,
and the seconds to spend. The answer on standard output: {"rows", "seconds"} of this process, from numexpr also the
"first" row's result; or {"none": reason} where the tool has nothing comparable.
Tools other than numexpr know no arrays: they are asked row by row, for as many rows as a fraction of a second holds.
"""

import itertools
import json
import os
import sys
import time
import warnings

import numpy as np

NONE = {
    ("mlsysim", "spare_devices"): "no reserve of devices at a confidence",
    ("mlsysim", "moe_idle_share"): "no share of a step in which compute units wait",
    ("mlsysim", "decode_frontier"): "no search for the best layout at a speed per user",
    ("mlsysim", "service_frontier"): "no search for the best layout at a speed per user",
    ("genz-llm", "service_frontier"): "searches layouts at a batch, not at a speed per user",
    ("numexpr", "service_frontier"): "a search is no expression",
    ("numexpr", "prefill_throughput"): "a step is too many steps for one expression",
    ("mlsysim", "devices_needed"): "fits a model into one device's memory, not requests into a group's",
    ("mlsysim", "training_throughput"): "prices a layout that is given, and searches none",
    ("mlsysim", "all_gather_time"): "not asked: half of an all-reduce",
    ("mlsysim", "reduce_scatter_time"): "not asked: half of an all-reduce",
    ("genz-llm", "all_gather_time"): "not asked: half of an all-reduce",
    ("genz-llm", "reduce_scatter_time"): "not asked: half of an all-reduce",
    ("genz-llm", "job_mtbf"): "no failures",
    ("genz-llm", "effective_training_share"): "no failures",
    ("genz-llm", "spare_devices"): "no failures",
    ("genz-llm", "whole_domain_share"): "no failures",
    ("genz-llm", "moe_idle_share"): "times of parts, but no share in which compute units wait",
    ("genz-llm", "decode_frontier"): "searches layouts at a batch, not at a speed per user",
    ("genz-llm", "devices_needed"): "tells the memory that a layout takes, not how many devices",
    ("genz-llm", "training_throughput"): "inference alone",
    ("numexpr", "training_throughput"): "a search is no expression",
    ("numexpr", "devices_needed"): "a search is no expression",
    ("numexpr", "effective_training_share"): "its expressions lack Lambert's function",
    ("numexpr", "spare_devices"): "its expressions lack the Poisson quantile",
    ("numexpr", "moe_idle_share"): "a step is too many steps for one expression",
    ("numexpr", "decode_throughput"): "a step is too many steps for one expression",
    ("numexpr", "decode_frontier"): "a search is no expression",
}

POINTS, ATONCE = 2000, 10  # rows that are asked, over and over; and between two looks at the clock


def numexpr(quantity, rows, numbers):
    """Return a call that evaluates all rows in one expression, on one core."""
    import numexpr as ne

    ne.set_num_threads(1)
    names = rows | {name: value for name, value in numbers.items() if not isinstance(value, dict)}
    local = "ranks / ceil(ranks / (domain * dies))"
    if quantity == "all_to_all_time":
        copies = "where(topk < ranks, topk, ranks)" if numbers["merges_copies"] else "topk"
        names["local"] = ne.evaluate(local, names) if numbers["uses_scale_up"] else np.ones(len(rows["ranks"]))
        scale = "hidden * scale_bytes / scale_block"
        volume = f"tokens * {copies} * (hidden * bytes_per_element + where(bytes_per_element < 2, {scale}, 0)) / ranks"
        inner = f"({volume}) * (local - where(dies < local, dies, local)) * dies / (inner_efficiency * scale_up)"
        outer = f"({volume}) * (ranks - local) * dies / (outer_efficiency * scale_out)"
        inner = f"({inner} + ({volume}) * ranks / {copies} * handled_copies * dies / (inner_efficiency * scale_up))"
        start = f"startup * (ranks / 8) ** growth * ({copies} / topk) ** merging"
        text = f"{start} + where(ranks > local, 2 * latency, 0) + where({inner} > {outer}, {inner}, {outer})"
        return lambda: ne.evaluate(text, names)
    texts = {
        "job_mtbf": "1 / (devices * failure_rate)",
        "whole_domain_share": "(1 - unavailability) ** domain",
    }
    if quantity in ("all_reduce_time", "all_gather_time", "reduce_scatter_time"):
        return lambda: _reduce(ne, quantity, names, numbers)
    return lambda: ne.evaluate(texts[quantity], names)


def _reduce(ne, quantity, names, numbers):
    names = names | {"local": ne.evaluate("ranks / ceil(ranks / domain)", names)}
    drive = "where(local < uplink_least, local, uplink_least)"
    drive = f"({drive} * (local / {drive}) ** uplink_share)"
    names["outside"] = ne.evaluate("where(ranks > local, 1 / scale_out, 0)", names)
    names["cards"] = ne.evaluate(f"outside / (outer_efficiency * {drive})", names)
    names["ring"] = ne.evaluate("2 * bytes * (ranks - 1) / ranks", names)
    slower = "where(1 / (ring_efficiency * scale_up) > cards, 1 / (ring_efficiency * scale_up), cards)"
    by_ring = ne.evaluate(f"startup / 8 * local + 2 * ring_hop * (ranks - local) + ring * {slower}", names)
    if quantity != "all_reduce_time":
        return by_ring / 2
    far = slower.replace("cards", "(outside / local)")
    small = ne.evaluate(f"small_startup + 2 * ring_hop * (ranks - local) + ring / message_share * {far}", names)
    if not numbers["in_switch"]:
        return np.minimum(small, by_ring)
    names["domains"] = ne.evaluate("ranks / local", names)
    often = "where(domains < 2, 0, where(domains > 4, 2, domains / 2))"
    inner = "(1 + 1 / local) * (local / 8) ** waiting / (switch_share * switch_efficiency * scale_up)"
    names["inner"] = ne.evaluate(f"bytes * {inner}", names)
    names["outer"] = ne.evaluate(f"bytes * {often} * cards", names)
    start = "startup / 8 * local + 2 * tree_hop * log(domains) / log(2)"
    by_tree = ne.evaluate(f"{start} + where(inner > outer, inner, outer)", names)
    return np.minimum(np.minimum(small, by_ring), by_tree)


def mlsysim(quantity):
    """Return a function of one row that asks mlsysim's law of the same quantity."""
    from mlsysim.engine.solvers.reliability import CheckpointIntervalModel
    from mlsysim.engine.solvers.serving import ServingModel
    from mlsysim.hardware import Hardware
    from mlsysim.models import Models
    from mlsysim.physics import communication, reliability

    bandwidth, far, latency = 4e11, 4e10, 1e-6
    checkpoint, serving = CheckpointIntervalModel(), ServingModel()
    model, device = Models.Language.DeepSeek_V3, Hardware.Cloud.GB200_NVL72
    return {
        "all_to_all_time": lambda row: communication.calc_all_to_all_time(
            row["tokens"] * row["topk"] * row["hidden"] * row["bytes_per_element"],
            int(row["ranks"]),
            bandwidth,
            latency,
        ),
        "all_reduce_time": lambda row: communication.calc_hierarchical_allreduce_time(
            row["bytes"], int(row["ranks"]) // 8, 8, bandwidth, far
        ),
        "job_mtbf": lambda row: reliability.calc_mtbf_cluster(1 / row["failure_rate"] / 3600, int(row["devices"])),
        "effective_training_share": lambda row: _checkpoint(checkpoint, row),
        "whole_domain_share": lambda row: reliability.calc_all_up_availability(
            1 - row["unavailability"], int(row["domain"])
        ),
        "decode_throughput": lambda row: serving.solve(
            model, device, seq_len=int(row["context"]), batch_size=int(row["batch"]), precision="fp8"
        ),
        "prefill_throughput": lambda row: serving.solve(
            model, device, seq_len=int(row["sequence"]), batch_size=1, precision="fp8"
        ),
    }[quantity]


def _checkpoint(model, row):
    from mlsysim.core.units import Q_

    mtbf = 1 / (row["devices"] * row["failure_rate"])
    return model.solve(Q_(row["checkpoint_write"], "s"), Q_(mtbf, "s")).waste


def genz(quantity):
    """Return a function of one row that asks GenZ's law of the same quantity."""
    from GenZ.collective_times import get_A2A_time, get_AR_time
    from GenZ.LLM_inference import decode_moddeling, prefill_moddeling
    from GenZ.system import System

    system = System(interchip_link_bw=400, interchip_link_latency=1)
    device = {"Flops": 4500, "Memory_size": 192, "Memory_BW": 8000, "ICN": 900, "real_values": True}
    return {
        "all_to_all_time": lambda row: get_A2A_time(
            row["tokens"] * row["topk"] * row["hidden"] * row["bytes_per_element"], row["ranks"], system
        ),
        "all_reduce_time": lambda row: get_AR_time(row["bytes"], row["ranks"], system),
        "decode_throughput": lambda row: decode_moddeling(
            model="deepseek-ai/DeepSeek-V3-Base",
            batch_size=int(row["batch"]),
            input_tokens=int(row["context"]),
            Bb=1,
            system_name=device,
            bits="fp8",
            expert_parallel=64,
        ),
        "prefill_throughput": lambda row: prefill_moddeling(
            model="deepseek-ai/DeepSeek-V3-Base",
            batch_size=1,
            input_tokens=int(row["sequence"]),
            system_name=device,
            bits="fp8",
            expert_parallel=64,
        ),
    }[quantity]


def answer(tool, quantity, file, budget):
    """Return how many rows the tool answered in how many seconds of this process."""
    if reason := NONE.get((tool, quantity)):
        return {"none": reason}
    with np.load(file) as stored:
        rows = {name: stored[name] for name in stored.files if name != "numbers"}
        numbers = json.loads(str(stored["numbers"]))
    if tool == "numexpr":
        call = numexpr(quantity, rows, numbers)
        return repeated(call, len(next(iter(rows.values()))), budget)
    law = {"mlsysim": mlsysim, "genz-llm": genz}[tool](quantity)
    first = {name: values[:POINTS].tolist() for name, values in rows.items()}
    points = [dict(zip(first, values, strict=True)) for values in zip(*first.values(), strict=True)]
    law(points[0])
    endless, done, start = itertools.cycle(points), 0, time.process_time()
    while (spent := time.process_time() - start) < budget:
        for point in itertools.islice(endless, ATONCE):
            law(point)
        done += ATONCE
    return {"rows": done, "seconds": spent}


def repeated(call, rows, budget):
    """Return rows and seconds of calls that take the budget together; the first one is not counted."""
    first = float(call()[0])
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < budget:
        call()
        done += rows
    return {"rows": done, "seconds": spent, "first": first}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the tools print goes elsewhere
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), file=replies, flush=True)
