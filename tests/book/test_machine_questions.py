"""What the page on a reader's own machine says beyond its answers, in Node, each against the study's own answer.

A config.json as the workload, the value of an input that gives a target, what helps most, two machines side by side.
"""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from configurations import GROUPED, LATENT, published
from conftest import SITE

import model
from model.numbers.configuration import TABLE, ConfigurationError, columns
from model.numbers.draws import around, ratio
from model.studies.your_machine.inputs import page_name

NODE = shutil.which("node")
SCRIPTS = [SITE / f"_static/your_machine{each}.js" for each in ("_numbers", "")]
KEPT = 1e-6  # of an end: the page makes the same draws again
pytestmark = [
    pytest.mark.skipif(not all(each.exists() for each in SCRIPTS), reason="there is no built site: run make book"),
    pytest.mark.skipif(not NODE, reason="there is no Node on the path"),
]
JOB = {"ranks": "64", "batch": "32", "context": "4096", "precision": "fp8", "tokens": "128", "op": "dispatch"}
JOB |= {"hidden": "7168", "experts": "256", "topk": "8", "bytes_per_element": "1", "bytes": "1073741824"}
JOB |= {"devices": "16384", "checkpoint_write": "10", "downtime": "300", "reload": "300", "withdrawn": "8"}
JOB |= {"repair": "86400", "confidence": "0.99", "domain": "72", "unavailability": "0.002", "instance_batch": "4096"}
JOB |= {"sequence": "4096", "phase": "decode", "part": "all", "sequences": "16384", "training_precision": "fp8"}
JOB |= {"speed": "30", "input_tokens": "4096", "output_tokens": "512", "fleet": "1152", "monthly_budget": "1e6"}
WORDS = ("op", "precision", "engine", "phase", "part", "overlap", "layouts")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return a function that has the page evaluate an expression of JavaScript for each of a list of arguments."""
    path = tmp_path_factory.mktemp("page") / "asked.cjs"
    code = "".join(each.read_text(encoding="utf-8") for each in SCRIPTS)
    code += "const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"

    def run(expression, asked):
        path.write_text(f"{code}console.log(JSON.stringify(asked.map({expression})));", encoding="utf-8")
        done = subprocess.run([NODE, path], input=json.dumps(asked), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return run


def state(system="gb200-nvl72", workload="deepseek-v3", changes=(), **inputs):
    """Return what is set on the page."""
    return {"system": system, "workload": workload, "inputs": JOB | inputs, "changes": dict(changes)}


def given(name, state, but=""):
    """Return the inputs of a quantity that a state gives, as the study takes them, without one of them."""
    taken = {each.strip() for row in model.quantities().loc[name, ["needs", "takes"]] for each in row.split(",")}
    words = {key: state["inputs"].get(page_name(name, key), "") for key in taken if key != but}
    found = {key: word if key in WORDS else float(word) for key, word in words.items() if word != ""}
    return found | ({"model": state["workload"]} if "model" in taken else {})


# A config.json as the workload.

SHAPES = {
    "latent": LATENT,
    "grouped": GROUPED,
    **{each: published(each) for each in ("gpt-oss-120b", "glm-4.5", "mixtral-8x7b", "llama-4-maverick", "qwen3-30b")},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_config_json_decodes_as_the_command_line_says(page, shape, tmp_path, monkeypatch):
    asked = [
        state(system, precision=precision, ranks=ranks, tensor_devices=tensor, batch=batch)
        for system, precision, ranks, tensor, batch in (
            ("hgx-b200", "fp8", "8", "8", "4"),
            ("gb200-nvl72", "nvfp4", "64", "2", "32"),
            ("hgx-h800", "bf16", "32", "1", "16"),
            ("cloudmatrix384", "int8", "32", "1", "16"),
        )
    ]
    assert answered_alike(page, shape, ["decode_throughput"] * 4, asked, tmp_path, monkeypatch) >= 2


@pytest.mark.parametrize("shape", ("latent", "grouped"))
def test_all_else_is_asked_of_a_config_json_as_on_the_command_line(page, shape, tmp_path, monkeypatch):
    names = ["prefill_throughput", "moe_idle_share", "devices_needed", "training_throughput", "training_step_time"]
    fitting = state("gb300-nvl72", tensor_devices="8", expert_devices="8", instance_batch="256")
    assert answered_alike(page, shape, names, [fitting] * 5, tmp_path, monkeypatch) == 5


def test_a_search_over_layouts_is_asked_of_a_config_json_as_on_the_command_line(page, tmp_path, monkeypatch):
    names = ["decode_frontier", "service_frontier", "users_of_fleet", "break_even_premium"]
    asked = [state("gb300-nvl72", speed="20", larger_domain="72")] * 4
    assert answered_alike(page, "grouped", names, asked, tmp_path, monkeypatch) == 4


DEFAULTS = {"shared_experts", "node_limit", "draft_acceptance"}  # what the study asks for with another in its place


def test_a_config_json_gives_every_number_of_a_workload_that_has_no_other_in_its_place():
    taken = set(re.findall(r'"w:(\w+)"', SCRIPTS[0].read_text(encoding="utf-8")))
    assert len(taken) > 20 and taken - DEFAULTS <= set(TABLE["columns"])


def answered_alike(page, shape, names, asked, tmp_path, monkeypatch):
    """Compare quantities of a config.json with the command line's, which is given the name that the page gives."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text(text := json.dumps(SHAPES[shape]), encoding="utf-8")
    asked = [each | {"workload": "config.json", "config": text} for each in asked]
    answered = 0
    for name, each, found in zip(
        names, asked, page("([name, each]) => answer(name, each)", [*zip(names, asked, strict=True)]), strict=True
    ):
        try:
            expected = model.predict(name, pd.DataFrame([given(name, each)]), system=each["system"]).loc[0]
        except model.predictions.inputs.InputError as error:
            assert found["refusal"] in str(error), (found, str(error))
            continue
        answered += 1
        assert found["value"] == pytest.approx(expected.value, rel=1e-9)
        assert [found["low"], found["high"]] == pytest.approx([expected.low, expected.high], rel=KEPT)
    return answered


LONG = ("decode_throughput", "prefill_throughput", "devices_needed", "training_throughput", "service_frontier")


@pytest.mark.parametrize("name", (*LONG, "moe_idle_share", "decode_frontier"))
def test_a_config_json_has_no_more_positions_than_it_gives(page, name, tmp_path, monkeypatch):
    monkeypatch.setitem(SHAPES, "short", LATENT | {"max_position_embeddings": 1000})
    asked = state("gb300-nvl72", training_sequence="4096")
    assert answered_alike(page, "short", [name], [asked], tmp_path, monkeypatch) == 0
    monkeypatch.setitem(SHAPES, "short", LATENT | {"max_position_embeddings": 100_000})
    assert answered_alike(page, "short", [name], [asked], tmp_path, monkeypatch) == 1


def test_a_link_carries_a_config_json_and_one_that_does_not_count_is_refused(page):
    start = {"system": "gb200-nvl72", "workload": "deepseek-v3", "inputs": JOB}
    text = json.dumps(LATENT)
    ours = state("hgx-b200", "config.json", {"domain": "4"}, hidden="7168") | {
        "config": json.dumps(LATENT, separators=(",", ":")),
        "beside": "hgx-h800",
    }
    (link,) = page("([each, start]) => link(each, start)", [[ours, start]])
    assert len(link) < 4000
    opened, *refused = page(
        "([hash, start]) => opened(hash, start)",
        [
            [each, start]
            for each in (
                link,
                link.replace("num_hidden_layers", "num_hidden_layer"),
                "#workload=config.json",
                f"#workload=kimi-k2&config={text}",
                "#workload=config.json&config=alert(1)",
                '#workload=config.json&config={"__proto__":{"hidden_size":1}}',
                "#beside=nowhere",
            )
        ],
    )
    assert opened["state"] == ours
    words = [
        "num_hidden_layer is no field that this study reads",
        "brings none",
        "brings another",
        "it is no JSON",
        "is missing",
        "no such system",
    ]
    for found, word in zip(refused, words, strict=True):
        assert set(found) == {"trouble"} and word in found["trouble"] and "Nothing was changed" in found["trouble"]


@pytest.mark.parametrize(
    "change", [{"num_hidden_layers": None}, {"index_topk": 2048}, {"hidden_size": "wide"}], ids=str
)
def test_what_cannot_be_read_is_refused_with_the_words_of_the_command_line(page, change):
    text = json.dumps(LATENT | change)
    with pytest.raises(ConfigurationError) as error:
        columns(text)
    (found,) = page("text => readConfiguration(text)", [text])
    assert found == {"refusal": str(error.value).removeprefix(": ")} and found["refusal"].startswith(next(iter(change)))


# Which value of an input gives a target.

NEEDS = (
    ("all_to_all_time", 1e-4, "tokens", state()),
    ("all_to_all_time", 4e-4, "topk", state("hgx-h100")),
    ("all_to_all_time", 1.2e-4, "bytes_per_element", state("cloudmatrix384")),
    ("all_to_all_time", 1e-9, "ranks", state()),
    ("all_reduce_time", 0.005, "bytes", state("hgx-h800")),
    ("all_reduce_time", 0.012, "ranks", state("hgx-b200")),
    ("job_mtbf", 20_000.0, "devices", state()),
    ("effective_training_share", 0.8, "devices", state()),
    ("effective_training_share", 0.7, "interval", state("hgx-h100")),
    ("effective_training_share", 0.999, "checkpoint_write", state()),
    ("spare_devices", 396.0, "repair", state()),
    ("spare_devices", 400.0, "repair", state()),  # a level at the target: its last value
    ("spare_devices", 396.0, "devices", state("hgx-h800")),
    ("whole_domain_share", 0.9, "unavailability", state()),
    ("whole_domain_share", 0.9, "domain", state()),
    ("decode_throughput", 3000.0, "batch", state("gb300-nvl72")),
    ("decode_throughput", 1500.0, "context", state("hgx-h800")),
    ("decode_throughput", 9e9, "batch", state()),
    ("decode_frontier", 2000.0, "speed", state("hgx-h800", "gpt-oss-120b")),
    ("users_of_fleet", 30_000.0, "fleet", state("hgx-h800", "gpt-oss-120b")),
    ("devices_needed", 64.0, "batch", state()),
    ("moe_idle_share", 0.3, "batch", state("gb200-nvl72")),
    # along numbers of the machine
    ("all_to_all_time", 1e-4, "scale_up_bandwidth", state(ranks="128")),
    ("all_to_all_time", 2e-4, "domain", state("hgx-h100")),
    ("all_reduce_time", 0.004, "scale_up_bandwidth", state("hgx-h800")),
    ("decode_throughput", 3000.0, "memory_bandwidth", state()),
    ("decode_throughput", 900.0, "memory_capacity", state("hgx-h800", "gpt-oss-120b", experts="128", topk="4")),
    (
        "decode_throughput",
        2000.0,
        "ranks",
        state("gb200-nvl72", "gpt-oss-120b", {"domain": "36"}, experts="128", topk="4"),
    ),
)
LESS = ("us", "ns", "ms", "s", "W", "kW", "USD", "USD/h")  # units of what is better when it is less
SEEK = """([name, target, of, state]) => {
    const inputs = yourMachine.quantities[name].inputs, input = inputs.find((each) => (each.asked ?? each.name) === of);
    const found = need(name, target, input ? input.name : `machine.${of}`, state);
    for (const _ of found.intervals?.() ?? []);
    return found;
}"""


def test_the_value_that_gives_a_target_is_that_of_the_command_line(page):
    kinds = []
    for (name, target, of, each), found in zip(NEEDS, page(SEEK, NEEDS), strict=True):
        changes = {fact: float(word) for fact, word in each["changes"].items()}  # a domain alone: in devices
        expected = model.need(name, target, of, given(name, each, of), system=each["system"], changes=changes)
        where = (name, of, found, expected)
        kinds.append(expected.answer)
        assert found["answer"] == expected.answer and not found["partial"], where
        assert [found[key] for key in ("steady", "met", "whole", "atMost")] == [
            *(expected.steady, expected.met, expected.whole, expected.at_most)
        ], where
        assert found["limits"] == pytest.approx(expected.limits, rel=1e-6), where
        if not expected.reached:
            assert found["nearest"][0] == pytest.approx(expected.nearest[0], rel=1e-6), where
        assert len(found["reached"]) == len(expected.reached), where
        for ours, theirs in zip(found["reached"], expected.reached, strict=True):
            assert ours["value"] == pytest.approx(theirs.value, rel=1e-6), where
            assert ours["upward"] == theirs.upward and tuple(sorted(ours["open"])) == tuple(sorted(theirs.open)), where
            for end in ("low", "high"):
                if getattr(theirs, end) is not None:
                    # of a count the draws' steps may move an end by one
                    assert ours[end] == pytest.approx(getattr(theirs, end), rel=1e-4, abs=found["whole"]), where
    assert {"value", "not unique", "out of reach"} == set(kinds) and kinds.count("value") >= 12, kinds


# What would help most, and a second machine.

ASKED = [
    ("decode_throughput", state()),
    ("decode_throughput", state("hgx-h800", changes={"memory_bandwidth": "4.5"})),
    ("decode_throughput", state("cloudmatrix384", precision="int8", ranks="160")),
    ("decode_frontier", state("hgx-h800", "gpt-oss-120b")),
    ("users_of_rent", state("hgx-h800", "gpt-oss-120b")),
    ("all_to_all_time", state("hgx-h100")),
    ("all_reduce_time", state("gb300-nvl72", ranks="144")),
    ("whole_domain_share", state()),
]


def test_what_helps_most_is_what_the_study_answers_with_that_number_better(page):
    moved = 0
    shown = page("([name, state]) => ({...helped(name, state), facts: yourMachine.systems[state.system].facts})", ASKED)
    for (name, each), found in zip(ASKED, shown, strict=True):
        facts, point = found["facts"], pd.DataFrame([given(name, each)])

        def studied(changes, each=each, point=point, name=name):
            asked = {"system": each["system"], "changes": changes, "interval": False}
            return float(model.predict(name, point, **asked).loc[0, "value"])

        own = {fact: float(word) * facts[fact]["size"] for fact, word in each["changes"].items()}
        assert found["value"] == pytest.approx(studied(own), rel=1e-9)
        for row in found["rows"]:
            moved += 1
            assert row["value"] == pytest.approx(studied(own | {row["fact"]: row["then"]}), rel=1e-9), row
            assert row["change"] == pytest.approx(row["value"] / found["value"] - 1, abs=1e-12)
            now = own.get(row["fact"], facts[row["fact"]]["value"])
            better = 0.9 if facts[row["fact"]]["unit"] in LESS else 1.1
            assert row["now"] == now and abs(row["then"] - better * now) <= 0.5
        gains = [row["change"] * (-1 if name.endswith("_time") else 1) for row in found["rows"]]
        assert gains == sorted(gains, reverse=True)
        for fact in found["steady"]:
            asked = own | {fact: own.get(fact, facts[fact]["value"]) * (0.9 if facts[fact]["unit"] == "us" else 1.1)}
            if not facts[fact]["accepts"][2].endswith(", whole") and facts[fact]["unit"] != "1":
                assert studied(asked) == pytest.approx(found["value"], rel=1e-8), fact
        assert bool(found["rows"]) == (name != "whole_domain_share")
    assert moved > 12


def test_two_machines_have_the_ratio_of_their_paired_draws(page):
    pairs = [
        (name, each, each | {"system": other, "changes": {}})
        for name, each in ASKED
        for other in ("hgx-h100", "gb200-nvl72", each["system"])
    ]
    answered = 0
    ask = "([name, one, other]) => beside(outcome(name, one), outcome(name, other))"
    for (name, one, other), found in zip(pairs, page(ask, pairs), strict=True):
        if found.get("value") is None:
            assert "refusal" in found["here"] or "refusal" in found["there"], (name, other, found["there"])
            continue
        facts = {"memory_bandwidth": 1e12}
        changes = {fact: float(word) * facts[fact] for fact, word in one["changes"].items()}
        sides = [(each, {"system": each["system"], "changes": changes if each is one else {}}) for each in (one, other)]
        drawn = [model.draws(name, pd.DataFrame([given(name, each)]), **asked) for each, asked in sides]
        value = found["here"]["value"] / found["there"]["value"]
        low, high = np.ravel(around(value, ratio(*drawn).drawn, axis=0))
        answered += 1
        assert found["value"] == pytest.approx(value, rel=1e-12)
        assert [found["low"], found["high"]] == pytest.approx([low, high], rel=KEPT), (name, one["system"], other)
    assert answered > 12


CURVES = [  # a quantity, the number that it is drawn along, what is set
    ("decode_frontier", "speed", state("gb200-nvl72", "deepseek-v3")),
    ("service_frontier", "speed", state("hgx-b200", "gpt-oss-120b", layouts="all")),
    ("decode_throughput", "batch", state("gb200-nvl72", "kimi-k2", {"memory_bandwidth": "6"}, precision="nvfp4")),
    ("all_to_all_time", "machine.scale_out_bandwidth", state("hgx-h100", ranks="32")),
    ("training_throughput", "devices", state("hgx-b200", devices="512", sequences="4096")),
    ("effective_training_share", "failure_rate", state(devices="2048")),
]


@pytest.mark.parametrize(("name", "along", "asked"), CURVES, ids=lambda each: each if isinstance(each, str) else "")
def test_a_curve_runs_through_what_the_study_answers_on_both_machines(page, name, along, asked):
    ask = "([name, of, state]) => { const run = curve(name, of, state, [state.system, 'hgx-h200']); let each; "
    ask += "do each = run.next(); while (!each.done); return {...each.value, facts: yourMachine.systems}; }"
    (found,) = page(ask, [(name, along, asked)])
    places, reached = np.array(found["places"]), 0
    assert len(places) > 30 and (np.diff(places) > 0).all()
    if found["now"] is not None:  # what is set stands in the middle, in per cent
        assert places[0] >= found["now"] / 16.01 and places[-1] <= found["now"] * 16.01
    fact = along.partition("machine.")[2]
    for system, values in zip((asked["system"], "hgx-h200"), found["curves"], strict=True):
        own = asked["changes"] if system == asked["system"] else {}
        changes = {each: float(word) * found["facts"][system]["facts"][each]["size"] for each, word in own.items()}
        for place, value in list(zip(places, values, strict=True))[
            ::5
        ]:  # some of them powers of two: what devices share evenly
            given_here = given(name, asked, fact or along)
            more = {"changes": changes | {fact: place}} if fact else {"changes": changes}
            point = given_here if fact else given_here | {called(name, along): place}
            try:
                expected = model.predict(name, pd.DataFrame([point]), system=system, interval=False, **more)
            except model.predictions.inputs.InputError:
                assert value is None, (system, place, value)  # JSON has no NaN
                continue
            reached += 1
            assert value == pytest.approx(expected.loc[0, "value"], rel=1e-9), (system, place)
    assert reached >= 6


def called(name, along):
    """Return how the command line calls an input of the page."""
    return next(each for each in given(name, state()) | {along: 0} if page_name(name, each) == along)
