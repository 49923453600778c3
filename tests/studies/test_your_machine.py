"""The programs that the page on a reader's own machine holds: in Node they say what the study does."""

import json
import shutil
import subprocess
from pathlib import Path

import agreement
import numpy as np
import pandas as pd
import pytest
from machine_states import asked_for, states

import model
from model.laws.all_reduce import LARGE, SMALL
from model.machine.scenario import Scenario
from model.machine.training_step import LAYOUT
from model.predictions.program import Making
from model.predictions.quantities import quantity
from model.studies.your_machine import contents, programs, serving, steps, training
from model.views.your_machine import program

NODE = shutil.which("node")
KEPT = 1e-9  # of an end: the page makes the same draws again
OURS = Path(__file__).parents[2] / "book" / "_ext" / "your_machine.js"
SYSTEMS = ("hgx-h800", "gb200-nvl72", "cloudmatrix384", "nvl288")
WITH_DOMAIN = SYSTEMS[:3]
WORKLOADS = ("deepseek-v3", "gpt-oss-120b", "llama-3.1-8b", "mixtral-8x7b", "qwen3-30b")
ASKED = programs.Asked(SYSTEMS, WORKLOADS, 20, 1000, 0)
DRAWS = 100  # of a search: in the study each of them looks at every layout at every batch
MEASURED = ("all_to_all_time", LARGE, SMALL)  # how the names of fitted constants and of numbers of softwares begin
PARTS = tuple(training.RENAMED.get(each, each) for each in LAYOUT)  # as the page calls them
COUNTING = """
let made = 0;
const { drawn } = yourMachine;
yourMachine.drawn = (...asked) => { made += 1; return drawn(...asked); };
const after = (ask, name, state) => { made = 0; ask(name, state); return made; };
globalThis.drawsAsked = (name, state) => [known, outcome].map((ask) => after(ask, name, state));
"""
pytestmark = [
    pytest.mark.skipif(not NODE, reason="there is no Node on the path"),
    pytest.mark.xdist_group("your_machine"),  # whose page, some thirty seconds of work, is made once
]


@pytest.fixture(scope="module")
def held():
    found = contents.page(ASKED)
    for name in serving.QUANTITIES:
        found["quantities"][name]["draws"] = DRAWS
    return found


@pytest.fixture(scope="module")
def page(held, tmp_path_factory):
    """Return a function that has the page answer [(quantity, state), ...] in Node."""
    path = tmp_path_factory.mktemp("page") / "page.cjs"
    read = "JSON.parse(require('fs').readFileSync(0, 'utf8'))"
    more = "globalThis.answerFrom = (name, state, draws) => { globalThis.yourMachine.quantities[name].draws = draws; "
    more += "return globalThis.answer(name, state); };"
    ask = f"{more}console.log(JSON.stringify({read}.map(([name, ...rest]) => globalThis[name](...rest))));"
    ours = OURS.read_text(encoding="utf-8")
    path.write_text(f"{program(held)}(() => {{\n{ours}}})();\n{COUNTING}{ask}", encoding="utf-8")

    def run(asked):
        done = subprocess.run([NODE, path], input=json.dumps(asked), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return run


def studied(name, state, held):
    """Return (value, low, high) as the study answers from as many draws as the page, or its refusal."""
    (found,) = agreement.studied(name, [state], held, draws=held["quantities"][name]["draws"])
    return found


def compared(name, seeds, number, held, page, changed=False):
    """Compare the page with the study; return how many were answered, refused, and left to the command line."""
    asked = [state for seed in seeds for state in states(name, number, seed, held, changed)]
    counts = {"answered": 0, "refused": 0, "elsewhere": 0}
    for state, found in zip(asked, page([["answer", name, state] for state in asked]), strict=True):
        expected = studied(name, state, held)
        if found.get("elsewhere"):
            counts["elsewhere"] += 1
        elif isinstance(expected, str):
            counts["refused"] += 1
            assert "refusal" in found, (state, found, expected)
            assert agreement.tail(expected) == agreement.tail(found["refusal"]), state
        else:
            counts["answered"] += 1
            assert "value" in found, (state, found, expected)
            np.testing.assert_allclose(found["value"], expected[0], rtol=1e-9, err_msg=str(state))
            ends = [np.inf if found[end] is None else found[end] for end in ("low", "high")]  # JSON has no infinity
            np.testing.assert_allclose(
                ends, expected[1:], rtol=KEPT, atol=agreement.FLOOR.get(name, 0), err_msg=str(state)
            )
    return counts


@pytest.mark.parametrize("system", WITH_DOMAIN)
def test_a_constant_of_the_page_is_that_of_the_study_and_not_one_of_its_draws(held, system):
    """A draw stood where no value was asked for, and a step between small domains took it: 28 % off, without a word."""
    scenario, checked = Scenario(system), 0
    for name, number in held["constants"][system].items():
        found = number[0] if isinstance(number, list) else number
        of, _, rest = name.partition(".")
        if found is None or of not in MEASURED:
            continue
        if "." in rest:
            op, constant = rest.split(".")
            software = scenario.software("all_to_all_time" if of == "all_to_all_time" else LARGE).name
            ours = scenario.constants(of, software, op)[constant]
        else:
            ours = scenario.software(of)(rest)
        assert found == float(ours), name
        checked += 1
    assert checked > 10


@pytest.mark.parametrize("name", [each for each in steps.STEPS if each != "moe_idle_share"])
def test_a_tensor_group_between_small_domains_is_answered_on_any_machine(page, name, held):
    """Its heads let no group leave the domain of 72; one that a reader makes smaller it leaves."""
    job = {"precision": "bf16", "ranks": "24", "tensor_devices": "24", "batch": "2"}
    job |= {"context": "4096", "sequence": "4096"}
    given = {each["name"]: job.get(each["name"], "") for each in held["quantities"][name]["inputs"]}
    for system in WITH_DOMAIN:
        state = {"system": system, "workload": "gpt-oss-120b", "inputs": given, "changes": {"domain": "6"}}
        (found,) = page([["answer", name, state]])
        shown = [found[each] for each in ("value", "low", "high")]
        np.testing.assert_allclose(shown, studied(name, state, held), rtol=1e-9, err_msg=system)


@pytest.mark.parametrize("name", contents.OFFERED)
def test_the_page_says_what_the_study_does(name, held, page):
    number = {**dict.fromkeys(training.QUANTITIES, 100), **dict.fromkeys(serving.QUANTITIES, 90)}
    counts = compared(name, [1], number.get(name, 60), held, page)
    assert counts["answered"] > 10 and counts["elsewhere"] < 3, counts


@pytest.mark.parametrize("name", steps.STEPS)
def test_every_serving_software_answers_as_on_the_command_line(name, held, page):
    layout = {"ranks": "16", "tensor_devices": "2", "expert_devices": "", "tokens_per_step": "", "processed": ""}
    job = {"batch": "2", "context": "1000", "sequence": "1000", "kv_bytes_per_element": "", "phase": "decode"}
    job |= {"part": "exchange", "overlap": "", "idle_stages": "", "microbatches": ""}
    asked = [
        {"system": system, "workload": "qwen3-30b", "changes": {}, "inputs": layout | job | words}
        for system, precision in (("hgx-h800", "fp8"), ("gb200-nvl72", "nvfp4"), ("cloudmatrix384", "int8"))
        for words in ({"precision": precision, "engine": each} for each in held["choices"]["engine"])
    ]
    answers, refused, left = {}, 0, 0
    for state, found in zip(asked, page([["answer", name, each] for each in asked]), strict=True):
        expected = studied(name, state | {"inputs": without_others(name, state["inputs"], held)}, held)
        if isinstance(expected, str):
            refused += 1
            assert found["refusal"] == expected.split(" row 1: ")[-1] and "does not run on" in found["refusal"]
            continue
        if found.get("elsewhere"):  # idle time of a software with a way of its own
            left += 1
            continue
        np.testing.assert_allclose([found[each] for each in ("value", "low", "high")], expected, rtol=1e-9)
        answers.setdefault(state["system"], set()).add(found["value"])
    assert refused == 3 and sum(map(len, answers.values())) >= 5, (refused, answers)
    assert bool(left) == (name == "moe_idle_share") and left < len(asked) / 2, left


@pytest.mark.parametrize("name", (*steps.STEPS, "devices_needed", "all_to_all_time", "training_throughput"))
def test_a_dense_workload_is_answered_or_refused_as_on_the_command_line(name, held, page):
    asked = [state | {"workload": "llama-3.1-8b"} for state in states(name, 16, 9, held)]
    for state in asked:
        state["inputs"] |= {key: f"{held['workloads']['llama-3.1-8b'][key]:g}" for key in ("experts", "topk")}
    answered = 0
    for state, found in zip(asked, page([["answer", name, each] for each in asked]), strict=True):
        expected = studied(name, {**state, "inputs": without_others(name, state["inputs"], held)}, held)
        if isinstance(expected, str):
            assert agreement.tail(found["refusal"]) == agreement.tail(expected), state
            continue
        answered += 1
        np.testing.assert_allclose([found[each] for each in ("value", "low", "high")], expected, rtol=1e-9)
    assert (answered == 0) if name == "all_to_all_time" else answered > 1, answered


@pytest.mark.parametrize("name", contents.OFFERED)
def test_no_draw_is_made_for_a_value_before_its_interval_is_asked_for(name, held, page):
    counts = page([["drawsAsked", name, each] for each in states(name, 12, 11, held)])
    assert {value for value, _ in counts} == {0}
    drawn = name in ("decode_throughput", "all_to_all_time", "training_throughput", "devices_needed")
    assert max(whole for _, whole in counts) > 0 or not drawn


def without_others(name, inputs, held):
    """Return the inputs that a quantity takes."""
    taken = {each["name"] for each in held["quantities"][name]["inputs"]}
    return {key: word for key, word in inputs.items() if key in taken}


@pytest.mark.parametrize("name", ("decode_throughput", "all_to_all_time", "all_reduce_time", "service_frontier"))
def test_it_does_so_of_a_changed_machine(name, held, page):
    counts = compared(name, [2], 90 if name in serving.QUANTITIES else 60, held, page, changed=True)
    assert counts["answered"] > 10 and counts["elsewhere"] < 3, counts


def test_a_layout_left_out_is_the_one_that_the_study_finds(held, page):
    asked = [
        state
        for state in states("training_throughput", 220, 8, held)
        if state["system"] != "nvl288" and not all(state["inputs"][each] for each in PARTS)
    ]
    reached = []
    for state, found in zip(asked, page([["answer", "training_throughput", state] for state in asked]), strict=True):
        if "value" in found:
            given = pd.DataFrame([asked_for("training_throughput", state, held)])
            expected = model.predict("training_throughput", given, system=state["system"], interval=False)
            assert found["layout"] == expected.loc[0, list(LAYOUT)].to_dict(), state
            reached.append(tuple(found["layout"].values()))
    assert len(reached) >= 50 and len(set(reached)) > 20, len(reached)


SERVICE = {"speed": "30", "input_tokens": "4096", "output_tokens": "512", "context": "4096", "precision": "fp8"}
SERVICE |= dict.fromkeys(("tokens_per_step", "kv_bytes_per_element", "instance_devices", "layouts"), "")
SERVICE |= {"fleet": "1152", "site_power": "1e7", "monthly_budget": "1e6", "purchase_budget": "1e8"}
SERVICE |= {"larger_domain": "72", "small_domain": ""}


def served(system="gb200-nvl72", workload="deepseek-v3", **inputs):
    """Return a state that asks for a service, in numbers as people ask them."""
    return {"system": system, "workload": workload, "inputs": SERVICE | inputs, "changes": {}}


@pytest.mark.parametrize("layouts", ("run", "all"))
def test_a_search_names_the_layout_that_the_study_finds(layouts, held, page):
    chosen = [(system, each) for system in SYSTEMS[:3] for each in ("deepseek-v3", "gpt-oss-120b")]
    asked = [
        served(system, workload, speed=speed, layouts=layouts, precision="fp8" if system in SYSTEMS[:2] else "int8")
        for system, workload in chosen
        for speed in ("5", "20", "40", "80", "160", "1000")
    ]
    reached = set()
    for state, found in zip(asked, page([["answer", "decode_frontier", each] for each in asked]), strict=True):
        given = pd.DataFrame([asked_for("decode_frontier", state, held)])
        expected = model.predict("decode_frontier", given, system=state["system"], interval=False).loc[0]
        if expected.value:
            layout = {part: expected[part] for part in quantity("decode_frontier").layout}
            assert found["layout"] == pytest.approx(layout, rel=1e-9), state
            reached.add(tuple(layout[each] for each in ("ranks", "tensor_devices", "expert_devices", "drafts")))
        else:
            assert found["value"] == 0 and "layout" not in found, state
    assert len(reached) >= (8 if layouts == "run" else 12), reached


@pytest.mark.parametrize("name", serving.QUANTITIES)
def test_a_search_has_the_interval_of_the_command_line_from_as_many_draws(name, held, page):
    state, draws = served(layouts="run"), quantity(name).draws
    held = {**held, "quantities": {**held["quantities"], name: {**held["quantities"][name], "draws": draws}}}
    (found,) = page([["answerFrom", name, state, draws]])
    np.testing.assert_allclose(
        [found[each] for each in ("value", "low", "high")], studied(name, state, held), rtol=KEPT
    )


def test_tensor_groups_beyond_a_domain_are_looked_at_batch_by_batch(held, page):
    small = {"changes": {"domain": "2"}}  # another way of adding up may be faster for more: a step may fall
    asked = [served(workload=each, speed=s) | small for each in ("gpt-oss-120b", "deepseek-v3") for s in BEYOND]
    wide = 0
    for state, found in zip(asked, page([["answer", "decode_frontier", each] for each in asked]), strict=True):
        shown = [found[each] for each in ("value", "low", "high")]
        np.testing.assert_allclose(shown, studied("decode_frontier", state, held), rtol=KEPT, err_msg=str(state))
        wide += found.get("layout", {}).get("tensor_devices", 0) > 2
    assert wide


BEYOND = ("50", "80", "120", "180", "250")
REFUSED_SEARCHES = (  # what is asked, and words of why not
    ("decode_frontier", served(instance_devices="1"), "does not hold one request"),
    ("decode_frontier", served("hgx-h800", "gpt-oss-120b", instance_devices="9"), "no layout has 9 devices or fewer"),
    ("decode_frontier", served("nvl288", layouts="all"), "has no domain"),
    ("users_of_fleet", served(fleet="3"), "that is 3 devices, and the best layout has groups of"),
    ("users_of_power", served("nvl288"), "has no "),
    ("users_of_purchase", served("hgx-h800"), "has no price"),
    ("break_even_premium", served(speed="5000"), "no premium is too high"),
)


@pytest.mark.parametrize(("name", "state", "words"), REFUSED_SEARCHES, ids=[each[2] for each in REFUSED_SEARCHES])
def test_a_search_is_refused_in_the_words_of_the_study(name, state, words, held, page):
    (found,) = page([["answer", name, state]])
    expected = studied(name, state, held)
    assert words in expected and found["refusal"] == expected.split(" row 1: ")[-1]


@pytest.mark.parametrize("layout", ({}, dict.fromkeys(("microbatch", "stages"), "2")), ids=("sought", "in part"))
@pytest.mark.parametrize(("system", "workload"), (("hgx-h800", "deepseek-v3"), ("hgx-h800", "gpt-oss-120b")))
@pytest.mark.parametrize("devices", ("2", "8"))
def test_what_would_hold_a_job_is_named_as_the_study_names_it(system, workload, devices, layout, held, page):
    start = dict.fromkeys(PARTS, "") | {"overlap": "1", "release": "", "training_precision": "fp8"}
    inputs = start | layout | {"devices": devices, "sequences": "4096", "training_sequence": "4096"}
    state = {"system": system, "workload": workload, "inputs": inputs, "changes": {}}
    (found,) = page([["answer", "training_throughput", state]])
    assert found["refusal"] == studied("training_throughput", state, held).split(" row 1: ")[-1]
    assert "devices would hold this job" in found["refusal"]


def test_a_refusal_has_the_words_of_the_study(held, page):
    inputs = {"devices": "16384", "failure_rate": "2e-07", "withdrawn": "8", "repair": "1e6", "confidence": "0.99"}
    state = {"system": "gb200-nvl72", "workload": "deepseek-v3", "inputs": inputs, "changes": {}}
    (found,) = page([["answer", "spare_devices", state]])
    expected = studied("spare_devices", state, held)
    assert found["refusal"] == expected.split(" row 1: ")[-1] and "would await repair" in found["refusal"]
    state["inputs"] = inputs | {"withdrawn": "20000"}
    (found,) = page([["answer", "spare_devices", state]])
    assert found["refusal"] == studied("spare_devices", state, held).split(" row 1: ")[-1].replace("20000.0", "20000")


@pytest.mark.slow
@pytest.mark.parametrize("name", contents.OFFERED)
def test_it_does_so_at_many_inputs(name, held, page):
    """tests/agreement.py asks more; a search takes the study a second."""
    number = {**dict.fromkeys(training.QUANTITIES, 250), **dict.fromkeys(serving.QUANTITIES, 120)}.get(name, 500)
    counts = compared(name, [3], number, held, page, changed=True)
    # Most random machines are too small for the model, most random jobs do not fit.
    assert counts["answered"] > number / 8 and counts["elsewhere"] < number / 25, counts


def test_what_is_refused_far_out_is_found_without_luck():
    asked = programs.Asked(("hgx-h100",), ("qwen3-30b",), 0, 2, 0)
    scenario, facts = programs.both("hgx-h100", asked, Making())["value"]
    found = programs.programs(quantity("effective_training_share"), scenario, facts, {}, asked)
    refused = [each for each in found if "hardly" in str(each.refusal)]
    assert len(found) == 4 and len(refused) == 2  # at a rate that is given, and at the fleet's
