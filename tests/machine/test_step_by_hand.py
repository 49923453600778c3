"""A step written out by hand, number by number, against the step as arrays; its parts, its waits and its limits."""

from math import ceil, comb, log, sqrt

import numpy as np
import pytest

from model.machine import collectives, step
from model.machine.scenario import Scenario
from model.machine.step import Asked
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.predictions.network import all_reduce_time, all_to_all_time

EXPERT = 3 * 7168 * 2048  # parameters: three matrices
KEPT = 512 + 64  # elements of a token of context and layer: the latent vector and the position
PASSES = {"decode": (1, 1), "prefill": (1, 1), "training": (3, 2)}  # computing, and exchanges of a layer
CASES = {  # system, phase, precision, serving software, the row, whether two microbatches take turns
    "a wide group": ("hgx-h200", "decode", "fp8", "vllm", {"ranks": 64, "batch": 48, "context": 3000}, False),
    "in turns": ("hgx-h200", "decode", "fp8", "vllm", {"ranks": 64, "batch": 480, "context": 3000}, True),
    "two dies, drafts, shared experts apart": (
        *("cloudmatrix384", "decode", "int8", None),
        *({"ranks": 160, "batch": 96, "context": 4096, "processed": 2}, True),
    ),
    "two dies, more credited than drafted": (
        *("cloudmatrix384", "decode", "int8", "cann"),
        *({"ranks": 32, "batch": 96, "context": 4096, "processed": 3, "drafts": 1}, False),
    ),
    "narrow weights, copies of experts, a wide cache": (
        *("gb200-nvl72", "decode", "nvfp4", "trtllm"),
        *({"ranks": 32, "batch": 64, "context": 8192, "redundant_experts": 32, "kv_bytes_per_element": 2}, False),
    ),
    "a tensor group, experts over several ranks": (
        *("gb200-nvl72", "decode", "fp8", "sglang"),
        *({"ranks": 32, "batch": 16, "context": 8192, "tensor_devices": 4, "expert_devices": 8}, False),
    ),
    "all split alike": (
        *("hgx-b200", "decode", "fp8", "trtllm"),
        *({"ranks": 8, "batch": 4, "context": 2048, "tensor_devices": 8}, False),
    ),
    "a tensor group of dies": (
        *("cloudmatrix384", "decode", "int8", "cann"),
        *({"ranks": 32, "batch": 16, "context": 8192, "tensor_devices": 2}, False),
    ),
    "a tensor group over two servers": (
        *("hgx-h100", "decode", "fp8", "sglang"),
        *({"ranks": 16, "batch": 2, "context": 2048, "tensor_devices": 16, "expert_devices": 16}, False),
    ),
    "prompts in one server": ("hgx-h200", "prefill", "fp8", "sglang", {"ranks": 8, "batch": 2, "context": 4096}, False),
    "prompts over servers": ("hgx-h200", "prefill", "fp8", "sglang", {"ranks": 64, "batch": 2, "context": 4096}, False),
    "prompts of narrow weights": (
        *("gb200-nvl72", "prefill", "nvfp4", "trtllm"),
        *({"ranks": 32, "batch": 2, "context": 4096}, False),
    ),
    "prompts where decode leaves its domain alone": (
        *("hgx-h800", "prefill", "fp8", None, {"ranks": 32, "batch": 2, "context": 4096}, False),
    ),
    "training": ("hgx-h100", "training", "bf16", None, {"ranks": 64, "batch": 2, "context": 4096}, False),
}


def by_hand(system, phase, precision, engine, row, turns):
    """Return (time, computing, computing of a balanced load), s, of a step of DeepSeek-V3, in plain arithmetic."""
    machine, known = Scenario(system), catalog.load("systems").loc[system]
    shape, formats = catalog.load("workloads").loc["deepseek-v3"], catalog.load("formats").loc[precision]
    software = engine or ("cann" if system == "cloudmatrix384" else None)
    constants = machine.step_constants(software)
    dies, halves, decode = int(known.dies), 2 if turns else 1, phase == "decode"
    group, tensor = row["ranks"] * dies, row.get("tensor_devices", 1)
    spread = row.get("expert_devices", row["ranks"]) * dies
    tensor = tensor * dies if tensor > 1 else 1
    requests = row["batch"] / dies / halves
    processed = row.get("processed", 1) if decode else row["context"]
    tokens, drafts = requests * processed, (row.get("drafts", processed - 1) if decode else 0)
    context = row["context"] if decode else row["context"] / 2  # of a prompt, what comes before
    passes, exchanges = PASSES[phase]

    experts, chosen, dense, wide_ffn = 256, 8, shape.dense_parameters, shape.dense_ffn_parameters
    if software == "cann" and spread > 256 + row.get("redundant_experts", 0):
        experts, chosen = 257, 9  # every token chooses the shared one, which lies apart
        dense, wide_ffn = dense - 58 * EXPERT, wide_ffn - 58 * EXPERT
    peak = known[f"peak_{precision}"] / dies
    byte = (known.peak_int8 if np.isnan(known.peak_fp8) else known.peak_fp8) / dies
    narrow = formats.weight_bytes < 1
    beside = byte if narrow else peak
    attending = byte if narrow and software == "trtllm" and decode else known.peak_bf16 / dies
    reads = constants["memory_efficiency"] * known.memory_bandwidth / dies
    products = constants["product_efficiency"]

    weights = (wide_ffn * formats.weight_bytes + (dense - wide_ffn) * formats.dense_weight_bytes) / tensor
    work = 2 * tokens * (wide_ffn / peak + (dense - wide_ffn) / beside)
    dense_time = passes * max(weights / reads, work / products)

    touched = 1 - (1 - chosen / experts) ** (tokens * group)
    slots = ceil((experts + row.get("redundant_experts", 0)) / spread)
    read = min(slots, slots * touched + sqrt(log(spread) * slots * touched * (1 - touched)))
    weights = 58 * read * spread / group * EXPERT * formats.weight_bytes
    work = 2 * 58 * chosen * EXPERT * tokens / peak
    busier = 1 + constants["skew"] * sqrt(spread / experts)
    expert_times = [passes * max(weights / reads, load * work / products) for load in (busier, 1)]

    width = row.get("kv_bytes_per_element", formats.kv_bytes_per_element)
    cache = (requests if decode else 0) * 61 * KEPT * context * width * tensor  # each rank of a group reads all of it
    flop = tokens * 61 * context * (128 * 2 * (KEPT + 512) if decode else 128 * 2 * (128 + 64 + 128))
    attention_time = passes * max(cache / reads, flop / attending / products)

    usual, scaled = constants["activation_reference"], constants["block_scaling"] if formats.block_scaled else 1
    activations = constants["activation_time"] * 7168 * usual * (tokens / usual) ** constants["activation_exponent"]
    kernels = (
        passes * (58 + constants["dense_kernels"] * 3 + drafts) * scaled * (constants["layer_overhead"] + activations)
    )
    busy, fair = ((1 + drafts / 61) * (dense_time + each + attention_time) + kernels for each in expert_times)

    alike = tensor >= group
    sums = exchanges * (61 + drafts) * (2 if alike else 1) * summed(machine, constants, tensor, dies, tokens)
    start, transfer = (0, 0) if alike else exchanged(machine, phase, formats, group, spread, chosen, tokens)
    if not turns:
        return busy + sums + exchanges * (58 + drafts) * (start + transfer), busy, fair
    apart = exchanges * (58 + drafts) * (start + constants["overlap_slowdown"] * transfer)
    computing = (1 + constants["compute_slowdown"]) * (busy + sums)
    hidden = constants["exposed_share"] * min(computing, apart)
    return 2 * (max(computing, apart) + hidden), 2 * busy, 2 * fair


def summed(machine, constants, tensor, dies, tokens):
    """Return what a tensor group takes to add up the activations of a layer, in BF16."""
    if tensor == 1:
        return 0
    message = 2 * tokens * tensor * 7168
    if tensor > machine.system("domain") * dies:  # the library's own all-reduce
        rows = {"ranks": np.array([tensor / dies]), "bytes": np.array([message])}
        return all_reduce_time(machine, {}, rows)[0]
    software = machine.software("all_reduce_time").name
    reach = machine.constants(collectives.LARGE, software, "all_reduce")["ring_efficiency"]
    rate = reach * machine.system("scale_up_bandwidth") / dies
    return constants["reduce_startup"] + 2 * message * (tensor - 1) / tensor / rate


def exchanged(machine, phase, formats, group, spread, chosen, tokens):
    """Return (start-ups, transfers) of one dispatch and one combine, as they are asked one by one."""
    software = machine.software("all_to_all_time").name
    if phase != "decode" and software == "deepep-rdma":  # made for decode, and for the scale-out network alone
        software = "pooled"
    rows = {"ranks": group, "hidden": 7168, "experts": 256, "topk": min(chosen * group / spread, group)}
    if phase != "decode":  # a copy for each server that the router lets a token visit, four at most
        domains = ceil(group / machine.system("domain"))
        places, living = min(4, domains), 256 * min(4, domains) // domains
        rows["outer_copies"] = places * (1 - comb(living - living // places, 8) / comb(living, 8))
    before = machine.facts("software", software)("exchange_prepare_time", 0.0)
    start, transfer = before, 0.0
    for op, width in (("dispatch", formats.dispatch_bytes), ("combine", 2)):

        def took(number, op=op, width=width):
            columns = rows | {"tokens": number, "bytes_per_element": width}
            columns = {name: np.array([float(each)]) for name, each in columns.items()}
            return all_to_all_time(machine, {"op": op, "software": software}, columns)[0]

        alone = took(1e-12 * tokens)  # so few that the start-up is left
        start, transfer = start + alone, transfer + took(tokens) - alone
    return start, transfer


def asked_as_arrays(system, phase, precision, engine, row, turns):
    """Return what `by_hand` does as the study has it."""
    rows = {name: np.array([float(number)]) for name, number in row.items()}
    return step.step(Scenario(system), Asked("deepseek-v3", phase, precision, engine), rows, turns)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_step_written_out_by_hand_is_the_step(case):
    found = np.ravel(np.array(asked_as_arrays(*case)))
    np.testing.assert_allclose(found, np.ravel(by_hand(*case)), rtol=1e-9)


# What runs, and how.


def test_a_machine_with_software_of_its_own_runs_that_unless_another_is_named():
    own, other = Scenario("cloudmatrix384"), Scenario("hgx-h200")
    assert [step.engine_of(own), step.engine_of(own, "pooled"), step.engine_of(own, "vllm")] == ["cann", "cann", "vllm"]
    assert [step.engine_of(other), step.engine_of(other, "pooled")] == [None, None]
    assert step.engine_of(other, "sglang") == "sglang"


def test_shared_experts_lie_apart_with_software_that_says_so_alone():
    groups, machine = {"expert_devices": np.array([320.0]), "redundant_experts": 0.0}, Scenario("hgx-h200")
    for software, experts in {"cann": 257, "vllm": 256, None: 256}.items():
        assert np.ravel(step.shape_on_ranks(machine, "deepseek-v3", groups, software)["experts"]) == [experts]


def test_products_with_weights_of_a_byte_run_at_the_peak_of_their_own_format_where_a_machine_has_two():
    machine = Scenario("hgx-h200", changes={"peak_fp8": 2e15, "peak_int8": 1e15})
    for precision, peak in (("fp8", 2e15), ("int8", 1e15)):
        found = step.columns(machine, Asked("deepseek-v3", "decode", precision), SIZES)
        assert found["peak"] == found["dense_peak"] == peak


def test_a_column_has_the_usual_number_where_its_rows_say_none():
    rows = {"all": np.array([1.0, 2.0]), "some": np.array([1.0, np.nan]), "one": np.array([3.0]), "none": np.nan}
    for name, expected in {"all": [1, 2], "some": [1, 9], "one": [3], "none": [9], "absent": [9]}.items():
        assert np.ravel(step.given(rows, name, 9.0)).tolist() == expected


def test_two_microbatches_may_take_turns_beyond_a_domain_and_with_one_software_everywhere():
    rows = {"ranks": np.array([8.0, 9.0, 64.0])}
    server, rack = Scenario("hgx-h200"), Scenario("cloudmatrix384")
    assert step.may_overlap(server, Asked("deepseek-v3", "decode", "fp8"), rows).tolist() == [False, True, True]
    assert step.may_overlap(rack, Asked("deepseek-v3", "decode", "int8"), rows).tolist() == [True] * 3
    assert step.may_overlap(rack, Asked("deepseek-v3", "decode", "int8", "vllm"), rows).tolist() == [False] * 3


SIZES = {
    "ranks": np.array([8.0, 16.0, 64.0, 64.0, 128.0]),
    "batch": np.array([600.0, 1.0, 4.0, 700.0, 600.0]),
    "context": np.array([500.0, 4096.0, 4096.0, 500.0, 500.0]),
}


@pytest.mark.parametrize("drawn", [False, True])
def test_a_step_takes_the_shorter_of_one_batch_and_two_where_two_may_take_turns(drawn):
    scenario = Scenario("hgx-h200", Sampler(8, (0, 0)) if drawn else None)
    asked = Asked("deepseek-v3", "decode", "fp8", "sglang")
    one, two, shorter = (np.array(step.step(scenario, asked, SIZES, each)) for each in (False, True, None))
    may = SIZES["ranks"] > 8
    taken = may & (two[0] < one[0])
    assert taken.any() and (may & ~taken).any()  # of both kinds
    np.testing.assert_array_equal(shorter, np.where(taken, two, one))
    np.testing.assert_array_equal(step.duration(scenario, asked, SIZES), shorter[0])
    named = np.array([False, True, True, False, False])  # where a run is known to have overlapped
    np.testing.assert_array_equal(
        np.array(step.step(scenario, asked, SIZES, named)), np.where(named & (two[0] < one[0]), two, one)
    )


def test_rows_in_two_dimensions_are_timed_one_by_one_with_and_without_draws():
    asked = Asked("deepseek-v3", "decode", "fp8", "sglang")
    many = {name: np.append(column, column[:1])[::-1].reshape(2, 3) for name, column in SIZES.items()}
    for sampler in (None, Sampler(6, (0, 0))):
        scenario = Scenario("hgx-h200", sampler)
        flat = step.duration(scenario, asked, {name: column.ravel() for name, column in many.items()})
        if sampler is None:
            np.testing.assert_array_equal(np.ravel(step.duration(scenario, asked, many)), flat)
        else:  # draws come first
            drawn = step.duration(scenario, asked, {name: column[:, None, :] for name, column in many.items()})
            np.testing.assert_array_equal(drawn.swapaxes(0, 1).reshape(6, 6), flat)
            once = {name: column.reshape(1, 6) for name, column in many.items()}
            np.testing.assert_array_equal(step.duration(scenario, asked, once), flat)


# Parts and waits.


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize(
    "row",
    [
        {"ranks": 64, "batch": 4, "context": 4096},
        {"ranks": 64, "batch": 1000, "context": 512, "processed": 2, "drafts": 1},
        {"ranks": 8, "batch": 20, "context": 2048, "tensor_devices": 8},
    ],
    ids=["few requests", "many, with drafts", "a tensor group"],
)
def test_the_parts_of_a_step_add_up_to_it(row, overlap):
    scenario, asked = Scenario("hgx-h200"), Asked("deepseek-v3", "decode", "fp8", "sglang")
    rows = {name: np.array([float(number)]) for name, number in row.items()}
    found = step.parts(scenario, asked, rows, overlap).set_index("part")
    time, busy, fair = (each[0] for each in step.step(scenario, asked, rows, overlap))
    assert found.seconds.sum() == pytest.approx(time, rel=1e-12)
    assert found.seconds["network"] == pytest.approx(time - busy, rel=1e-12)
    assert found.seconds["slower rank"] == pytest.approx(busy - fair, rel=1e-12, abs=1e-15)
    assert (found.seconds.drop("slower rank") > 0).all()


def test_few_requests_wait_for_memory_and_a_prompt_for_the_products():
    """Latent attention uses each byte of its cache some five hundred times, so that products bind it in decode, too."""
    scenario, few = Scenario("hgx-h200"), {"dense": "memory", "experts": "memory"}
    for phase, batch, bound in (
        ("decode", 4.0, few | {"attention": "compute"}),
        ("prefill", 8.0, dict.fromkeys(step.ROOFLINES, "compute")),
        ("training", 8.0, dict.fromkeys(step.ROOFLINES, "compute")),
    ):
        rows = {"ranks": np.array([8.0]), "batch": np.array([batch]), "context": np.array([8192.0])}
        found = step.parts(scenario, Asked("deepseek-v3", phase, "fp8"), rows).set_index("part").binds
        assert found[list(bound)].to_dict() == bound, phase
        assert found[["small kernels", "slower rank", "network"]].isna().all()


def test_idle_shares_are_what_a_step_waits_over_what_it_takes():
    """Of ten seconds six compute, five of them with a balanced load; four stages fill three slots before thirteen."""
    shares = step.idle_shares(10.0, 6.0, 5.0, stages=4.0, microbatches=10.0)
    assert shares["exchange"] == pytest.approx(0.4) and shares["imbalance"] == pytest.approx(0.1)
    assert shares["bubble"] == pytest.approx(3 / 13)
    assert 1 - shares["all"] == pytest.approx(0.5 * 10 / 13)
    alone = step.idle_shares(10.0, 6.0, 5.0)
    assert alone["bubble"] == 0 and alone["all"] == pytest.approx(0.5)


def test_a_balanced_run_has_no_slower_rank():
    rows = {name: np.array([number]) for name, number in {"ranks": 64.0, "batch": 600.0, "context": 500.0}.items()}
    scenario, asked = Scenario("hgx-h200"), Asked("deepseek-v3", "decode", "fp8")
    (_, busy, fair), (_, even, fair_too) = (
        step.step(scenario, asked, rows | more, False) for more in ({}, {"skew": np.array([0.0])})
    )
    assert busy > fair == fair_too == even


def test_a_dense_workload_exchanges_nothing():
    rows = {"ranks": np.array([4.0]), "batch": np.array([8.0]), "context": np.array([2048.0])}
    rows |= {"tensor_devices": np.array([4.0]), "expert_devices": np.array([1.0])}
    scenario, asked = Scenario("hgx-h200"), Asked("llama-3.1-70b", "decode", "fp8")
    found = step.columns(scenario, asked, rows)
    assert np.all(found["exchanging"] == 0) and found["exchange_start"] == found["exchange_transfer"] == 0
    time, busy, fair = step.step(scenario, asked, rows)
    sums = scenario.step_constants()["reduce_startup"]
    assert time - busy > 80 * sums and busy == fair  # eighty layers add up; no expert is popular
