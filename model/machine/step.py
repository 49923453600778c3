"""From a system, a workload and its operating conditions to the time of one step, and where that step waits."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import idle as waiting
from model.laws import step as laws
from model.laws.exchange import limited_routing
from model.laws.exchange import transfer as transfer_law
from model.machine import collectives
from model.machine.machine import POOLED
from model.notation.equation import compute as evaluate
from model.notation.nomenclature import (
    all_to_all_time,
    attention_time,
    bubble_idle,
    compute_time,
    dense_bytes,
    dense_time,
    distinct,
    exchange_idle,
    expert_bytes,
    expert_time,
    imbalance_idle,
    kv_bytes,
    moe_idle_share,
    shared_experts,
    small_kernels,
    step_time,
)
from model.numbers.facts import Missing

WORKLOAD = (
    *("layers", "moe_layers", "experts", "topk", "hidden", "expert_parameters"),
    *("dense_parameters", "dense_ffn_parameters", "embedding_parameters"),
    *("kv_elements", "kv_elements_windowed", "attention_window", "key_value_heads", "state_elements"),
    *("attention_layers", "windowed_layers"),
)
BYTE_PEAKS = ("peak_fp8", "peak_int8")  # of products with weights of a byte; either will do
WIDTH = {"dispatch": None, "combine": "combine"}  # the format that sets the bytes on the wire; None: the precision
ROOFLINES = {  # part: its time, and its bytes
    "dense": (dense_time, dense_bytes),
    "experts": (expert_time, expert_bytes),
    "attention": (attention_time, kv_bytes),
}
SPLIT = (all_to_all_time - transfer_law, transfer_law)  # of an exchange: its start-up, and what grows with the bytes
PASSES = {"decode": 1, "prefill": 1, "training": 3}  # forward passes that the computing of a step is worth
HALVED = ("requests", "step_tokens", "reduce_message", "exchange_transfer")  # of two microbatches, each has half
EXCHANGES = {"decode": 1, "prefill": 1, "training": 2}  # of each layer: forward, and backward in training


class Asked(NamedTuple):
    """What a step is asked for: a workload, a phase (decode, prefill, training), a precision, a serving software."""

    model: str
    phase: str
    precision: str
    engine: str | None = None


def engine_of(scenario, engine=None):
    """Return the serving software: the one named, the machine's own where it has one, or None for the pooled one."""
    if engine not in (None, POOLED):
        return engine
    return "cann" if scenario.system("runs_cann", 0.0) else None


def columns(scenario, asked, rows):
    """Return the columns of the law of a step, the constants left out; those of one of two microbatches: `halved`.

    rows: mapping of arrays ranks (devices), batch (requests per device), context and, where they matter, processed and
    drafts (of a request and step), kv_bytes_per_element, tensor_devices, expert_devices, redundant_experts, skew. In
    prefill and training a request's tokens are its context, and each attends to half of them.
    """
    system, workload = scenario.system, scenario.facts("workloads", asked.model)
    formats = scenario.facts("formats", asked.precision)
    decode = asked.phase == "decode"
    dies = system("dies", 1)
    groups = groups_of_ranks(rows, dies)
    shape = shape_on_ranks(scenario, asked.model, groups, asked.engine)
    requests = rows["batch"] / dies
    processed = rows.get("processed", 1.0) if decode else rows["context"]
    weight, dense = formats("weight_bytes"), formats("dense_weight_bytes")
    peak = system(f"peak_{asked.precision}") / dies
    wider = _peak_of_a_byte(system) / dies if np.any(weight < 1) else peak
    result = {
        **rows,
        **shape,
        **groups,
        "drafts": rows.get("drafts", np.maximum(processed - 1.0, 0.0)) if decode else 0.0,
        "requests": requests if decode else 0.0,
        "step_tokens": requests * processed,
        "context": rows["context"] if decode else rows["context"] / 2,
        "weight_bytes": weight,
        "dense_weight_bytes": dense,
        "block_scaled": formats("block_scaled"),
        "kv_bytes_per_element": given(rows, "kv_bytes_per_element", formats("kv_bytes_per_element")),
        "attention_flop_per_context": workload(f"attention_flop_per_context{'' if decode else '_expanded'}"),
        "state_width": scenario.facts("priors", "step")("state_width"),
        "peak": peak,
        "dense_peak": wider,
        "attention_peak": _attention_peak(scenario, asked, weight) / dies,
        "memory_bandwidth": system("memory_bandwidth") / dies,
        "passes": PASSES[asked.phase],
        "exchange_passes": EXCHANGES[asked.phase],
    }
    tensor = groups["tensor_devices"]
    # attention and experts split alike: no token is sent to another rank
    whole = collectives.alike(tensor >= groups["group_devices"])
    result["reductions"] = np.where(whole, 2.0, 1.0)
    result["exchanging"] = np.where(whole | (result["moe_layers"] == 0), 0.0, 1.0)
    result["reduce_message"] = result["step_tokens"] * tensor * result["hidden"]
    return result | _exchange(scenario, asked, result, dies)


def groups_of_ranks(rows, dies):
    """Return the columns of a layout, counted in ranks, from one counted in devices: rows as in `columns`.

    Attention is in data parallel and experts are spread over the whole group where rows do not say otherwise.
    """
    group = rows["ranks"]
    split = {"tensor_devices": rows.get("tensor_devices", 1.0), "expert_devices": given(rows, "expert_devices", group)}
    return {
        "group_devices": group * dies,
        **{name: np.where(number > 1, number * dies, 1.0) for name, number in split.items()},
        "redundant_experts": rows.get("redundant_experts", 0.0),
    }


def shape_on_ranks(scenario, model, groups, engine=None):
    """Return the columns of a workload's shape as the ranks of a group hold it; groups: as `groups_of_ranks` has them.

    A serving software may give shared experts the ranks that routed ones and their copies leave over.
    """
    workload = scenario.facts("workloads", model)
    shape = {name: workload(name) for name in WORKLOAD}
    known = {**shape, **groups}
    return shape | {str(each): evaluate(rhs, known) for each, rhs in separation(scenario, model, engine).items()}


def separation(scenario, model, engine=None):
    """Return the expressions that take the place of a shape's symbols where software gives shared experts own ranks."""
    software = engine_of(scenario, engine)
    if software is None or not scenario.facts("priors", software)("separates_shared_experts", 0.0):
        return {}
    number = scenario.facts("workloads", model)("shared_experts", 0.0)
    return {each.lhs: each.rhs.subs(shared_experts, sp.Float(number)) for each in laws.separated}


def with_constants(scenario, found, constants):
    """Return the columns with fitted constants put in: those of the step, and what a tensor group's sums take."""
    merged = {**found, **constants}
    merged["skew"] = given(found, "skew", constants["skew"])  # of a run that says how balanced its experts were
    merged["reduce_time"] = _reduce(scenario, merged)
    return merged


def given(rows, name, usual):
    """Return a column of rows, with the usual number where it is missing or not a number."""
    column = rows.get(name)
    if column is None:
        return usual
    if np.size(column) > 1 and np.all(np.isfinite(column)):
        return column
    return np.where(np.isfinite(column), column, usual)


def may_overlap(scenario, asked, rows):
    """Tell where a serving software overlaps two microbatches: across domains, or everywhere, if it always does.

    Inside a domain there is little to hide, and measured runs there do not.
    """
    engine = engine_of(scenario, asked.engine)
    if engine is not None and scenario.facts("priors", engine)("always_overlaps", 0.0):
        return np.full(np.shape(rows["ranks"]), True)
    return rows["ranks"] > scenario.system("domain")


def duration(scenario, asked, rows, overlap=None):
    """Return the time of a step, s.

    overlap: False for one batch, True for two microbatches in turn; None for the shorter of both where the serving
    software may overlap.
    """
    return _steps(scenario, asked, rows, overlap, (step_time,))[0]


def step(scenario, asked, rows, overlap=None):
    """Return (step time, busy time, busy time of a balanced load), in s; overlap as in `duration`."""
    return _steps(scenario, asked, rows, overlap, (step_time, compute_time), balanced=True)


def _steps(scenario, asked, rows, overlap, targets, balanced=False):
    """Return targets of the law of a step, and with balanced the computing time of a load without skew."""
    constants = scenario.step_constants(engine_of(scenario, asked.engine))

    def answered(law, found, share):
        found = with_constants(scenario, found, constants)
        time, *rest = law.answers(found, targets).values()
        if balanced:
            rest += law.answers(found | {"skew": 0.0}, (compute_time,)).values()
        return time, *(each / share for each in rest)

    found = columns(scenario, asked, rows)
    if overlap is not None and np.all(overlap):
        return answered(laws.two_batches, halved(found), 0.5)
    one = answered(laws.one_batch, found, 1.0)
    tried = may_overlap(scenario, asked, rows) if overlap is None else overlap
    if not np.any(tried):
        return one
    place, fewer = _picked(tried, found, scenario.sampler is not None)
    both = answered(laws.two_batches, halved(fewer), 0.5)
    if place is None:
        taken = tried & (both[0] < one[0])
        return tuple(np.where(taken, other, best) for best, other in zip(one, both, strict=True))
    return _put_back(one, both, place, np.shape(tried))


def halved(found):
    """Return the columns of a step as those of one of its two microbatches.

    Raises ValueError for a software that sends no fewer tokens than one of them has.
    """
    half = found | {name: 0.5 * found[name] for name in HALVED}
    if "tokens_least" in half and np.any(half["step_tokens"] < half["tokens_least"]):
        raise ValueError("all_to_all_time: tokens >= tokens_least fails for one of two microbatches")
    return half


def _picked(tried, found, drawn):
    """Return (place, columns) of the rows that are tried, so that others need not be asked.

    place: an index into the last axes of an answer, which come behind the draws; None where all rows are asked.
    """
    shape = np.shape(tried)
    if np.size(tried) == 1 or len(shape) > (1 if drawn else 2):
        return None, found
    many = {id(each): each for each in found.values() if np.size(each) > 1}
    along = {key: each.shape[-len(shape) :] for key, each in many.items()}
    if not all(each == shape or set(each) == {1} for each in along.values()):
        return None, found
    place = (..., *np.nonzero(tried))
    picked = {key: each[place] for key, each in many.items() if along[key] == shape}
    return place, {name: picked.get(id(each), each) for name, each in found.items()}


def _put_back(one, both, place, shape):
    """Return what one batch takes, and at a place what two microbatches do where they are faster."""
    faster = both[0] < one[0][place]
    found = []
    for best, other in zip(one, both, strict=True):
        best = np.array(np.broadcast_to(best, np.broadcast_shapes(np.shape(best), shape)))
        best[place] = np.where(faster, other, best[place])
        found.append(best)
    return tuple(found)


def parts(scenario, asked, rows, overlap=False):
    """Return a frame of the parts of one step, for one row of inputs: part, seconds, binds.

    binds: memory or compute for what has a roofline, None for the rest. rows: mapping of arrays of length one.
    """
    constants = scenario.step_constants(engine_of(scenario, asked.engine))
    time, busy, fair = step(scenario, asked, rows, overlap)
    turns = 2.0 if overlap else 1.0
    whole = columns(scenario, asked, rows)
    part = with_constants(scenario, halved(whole) if overlap else whole, constants)
    balanced = part | {"skew": 0.0}
    found = []
    for name, (seconds, traffic) in ROOFLINES.items():
        seconds, traffic = laws.work.answers(balanced, (seconds, traffic)).values()
        found.append((name, (1 + part["drafts"] / part["layers"]) * seconds * turns, binds(part, seconds, traffic)))
    (seconds,) = laws.work.answers(part, (small_kernels,)).values()
    found.append(("small kernels", seconds * turns, None))
    found += [("slower rank", busy - fair, None), ("network", time - busy, None)]
    rows = [(name, float(np.ravel(seconds)[0]), binds) for name, seconds, binds in found]
    return pd.DataFrame(rows, columns=["part", "seconds", "binds"])


def binds(found, seconds, traffic):
    """Return what bounds a part of one row's step, memory or compute, from its time, s, and its bytes."""
    reads = found["passes"] * traffic / (found["memory_bandwidth"] * found["memory_efficiency"])
    return "memory" if np.ravel(reads >= seconds * (1 - 1e-9))[0] else "compute"


def idle_shares(time, busy, fair, stages=1, microbatches=1):
    """Return the idle shares of a step by part: exchange, imbalance, bubble, all."""
    values = {
        "step_time": time,
        "compute_time": busy,
        "useful_time": fair,
        "stages": stages,
        "microbatches": microbatches,
    }
    shares = {
        "exchange": exchange_idle,
        "imbalance": imbalance_idle,
        "bubble": bubble_idle,
        "all": moe_idle_share,
    }
    return {part: evaluate(waiting.idle.solve(symbol), values) for part, symbol in shares.items()}


def _peak_of_a_byte(system):
    """Return the peak at which products with weights of a byte run; Missing where a system has neither kind."""
    for name in BYTE_PEAKS:
        if name in system:
            return system(name)
    lacking = f"{system.name} has neither {' nor '.join(BYTE_PEAKS)} in data/{system.table}.csv"
    raise Missing(f"{lacking}: add a row with its source", system.table, system.name, BYTE_PEAKS[0])


def _attention_peak(scenario, asked, weight):
    """Return the peak of attention: BF16, or that of a byte for software that quantises it beside narrower weights."""
    engine = engine_of(scenario, asked.engine)
    quantised = engine is not None and scenario.facts("priors", engine)("quantised_attention", 0.0)
    if quantised and asked.phase == "decode" and np.all(weight < 1):
        return _peak_of_a_byte(scenario.system)
    return scenario.system("peak_bf16")


def _reduce(scenario, found):
    """Return the time in which a tensor group adds up the activations of one layer; a group of one adds nothing up.

    Inside a domain engines run kernels of their own, in two shots: each rank sends and receives all but its part twice.
    Across domains they fall back on the library's all-reduce.
    """
    tensor = found["tensor_devices"]
    if not np.any(tensor > 1):
        return 0.0
    system, dies = scenario.system, scenario.system("dies", 1)
    message = found["reduce_message"] * scenario.facts("formats", "combine")("combine_bytes")
    software = scenario.software("all_reduce_time")
    constants = scenario.constants(collectives.LARGE, software.name, "all_reduce")
    rate = constants["ring_efficiency"] * system("scale_up_bandwidth") / dies
    near = found["reduce_startup"] + 2 * (tensor - 1) / tensor * message / rate
    inside = tensor <= system("domain") * dies
    far = near
    if not np.all(inside):
        devices = np.maximum(tensor / dies, 2.0)
        far = np.minimum(*collectives.reduce_times(scenario, software, {"ranks": devices, "bytes": message}))
    return np.where(tensor > 1, np.where(inside, near, far), 0.0)


def _exchange(scenario, asked, found, dies):
    """Return columns of what one dispatch and one combine of a layer take, s; one rank exchanges nothing.

    exchange_start: start-ups; exchange_transfer: what grows with the tokens; tokens_least, if a software is for many.
    Decode runs the low-latency kernels that were measured. Prefill and training send a token once to each domain that
    the router lets it visit, and use the scale-up network also where the low-latency kernels do not. Where an expert is
    split over several ranks, its tokens go to all of them.
    """
    if not np.any(found["exchanging"]):
        return {"exchange_start": 0.0, "exchange_transfer": 0.0}
    chosen = scenario.software("all_to_all_time")
    if asked.phase != "decode" and not chosen("uses_scale_up"):
        chosen = scenario.software("all_to_all_time", POOLED)
    ranks, hidden = found["group_devices"], found["hidden"]
    group = np.maximum(ranks, 2.0)
    widths = {op: scenario.facts("formats", WIDTH[op] or asked.precision)(f"{op}_bytes") for op in WIDTH}
    rows = {
        "ranks": group,
        "tokens": found["step_tokens"],
        "hidden": hidden,
        "experts": found["experts"],
        "topk": collectives.alike(np.minimum(found["topk"] * ranks / found["expert_devices"], group)),
        "bytes_per_element": widths["dispatch"],
    }
    if asked.phase != "decode":
        rows["outer_copies"] = _visited(scenario, asked, found, group, dies)
    inputs = collectives.all_to_all_columns(scenario.system, chosen, rows)
    starts, transfers = collectives.prepare_time(chosen), 0.0
    for op, width in widths.items():
        inputs = inputs | collectives.widths(chosen, hidden, width)
        constants = scenario.constants("all_to_all_time", chosen.name, op)
        start, transfer = collectives.times("all_to_all_time", inputs, constants, SPLIT)
        starts = starts + start
        transfers = transfers + transfer
    several = ranks > 1
    return {
        "exchange_start": np.where(several, starts, 0.0),
        "exchange_transfer": np.where(several, transfers, 0.0),
        **({"tokens_least": chosen("tokens_least")} if "tokens_least" in chosen else {}),
    }


def _visited(scenario, asked, found, ranks, dies):
    """Return the domains that a token visits: as many as the router lets it, and as hold experts of it."""
    domains = np.ceil(ranks / (scenario.system("domain") * dies))
    limit = np.minimum(scenario.facts("workloads", asked.model)("node_limit", np.inf), domains)
    routing = {"destinations": domains, "place_limit": limit, "experts": found["experts"], "topk": found["topk"]}
    return evaluate(limited_routing.solve(distinct), routing)
