"""A saved state of the page: link to file of parameters and back, in Python and in Node, and hostile ones refused."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest
import yaml
from configurations import LATENT

from model.notation.units import size
from model.numbers import catalog
from model.studies import saved_state
from model.studies.saved_state import read_file, read_link, write_file, write_link
from model.studies.your_machine.contents import PARAMETERS
from model.studies.your_machine.programs import changeable

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
CONFIG = quote(json.dumps(LATENT))
LINKS = (
    "#system=hgx-b200&devices=1024&machine.scale_up_bandwidth=1800&tokens=256&op=combine&failure_rate=",
    "#system=gb200-nvl72",
    "#workload=kimi-k2&hidden=7168&experts=384&topk=8&failure_rate=1e-8&machine.domain=36&machine.scale_out_latency=4.5",
    "#system=cloudmatrix384&confidence=.999&bytes=1e9&domain=16&interval=600&machine.memory_bandwidth=3.2",
    f"#system=hgx-b200&workload=config.json&config={CONFIG}&beside=gb200-nvl72&hidden=7168&machine.domain=4",
)
HOSTILE = {  # a link, and what is said of it
    "#" + "a=1&" * 2000: "too many",
    "#system=<script>alert(1)</script>": "no such system",
    "#workload=../../etc/passwd": "no such workload",
    "#system=gb200-nvl72&devices=alert(1)": "it is no number",
    "#devices=1&devices=2": "one thing twice",
    "#machine.__proto__=1": "no such input",
    "#__proto__=1": "no such input",
    "#op=both": "one of dispatch, combine",
    "#devices=" + "9" * 60: "it is no number",
    "#devices=1e999": "it is no number",
    "#machine.scale_up_bandwidth=": "it is no number",
    "": "says nothing",
    "#workload=config.json": "it brings none",
    f"#workload=kimi-k2&config={CONFIG}": "it brings another config.json",
    "#workload=config.json&config=alert(1)": "cannot be read as a config.json",
    f"#workload=config.json&config={CONFIG.replace('vocab_size', 'words')}": "vocab_size is missing",
    "#beside=nowhere": "no such system",
}


def same(one, other):
    """Tell whether two states say the same, numbers by what they are, not how they are written."""

    def number(word):
        try:
            return float(word)
        except ValueError:
            return word

    words = [
        (each.system, each.workload, each.config, each.beside, {k: number(w) for k, w in each.inputs.items()})
        for each in (one, other)
    ]
    numbers = [{name: float(word) for name, word in each.changes.items()} for each in (one, other)]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=1e-14)


@pytest.mark.parametrize("link", LINKS)
def test_a_link_becomes_a_file_and_the_file_the_same_state(link):
    state = read_link(f"file:///book/your_machine.html{link}")
    text = write_file(state)
    again, left = read_file(text)
    assert same(again, state) and not left
    assert same(read_link(write_link(state)), state)
    given = yaml.safe_load(text)
    assert given.keys() <= saved_state._parameters("your_cluster").keys() and given["system"] == state.system


def test_numbers_of_the_machine_are_in_the_units_of_the_notebook():
    state = read_link("#system=gb200-nvl72&machine.scale_up_bandwidth=450&machine.scale_out_latency=3")
    given, rows = yaml.safe_load(write_file(state)), changeable("gb200-nvl72")
    for name, word in state.changes.items():
        _, _, unit = PARAMETERS[name]
        assert given[name] * size(unit) == pytest.approx(float(word) * size(rows[name].unit), rel=1e-14)


def test_a_file_written_by_hand_takes_the_shape_of_its_workload_and_names_what_the_page_lacks():
    state, left = read_file((ROOT / "notebooks/scenarios/your_cluster.yaml").read_text("utf-8"))
    assert state.changes.keys() == {"domain", "scale_out_bandwidth"} and state.inputs["devices"] == "2304"
    assert left == ["rent", "batch", "speed", "days"]
    state, _ = read_file("workload: qwen3-30b\ndevices: null\n")
    assert float(state.inputs["hidden"]) == catalog.load("workloads").hidden["qwen3-30b"]


def test_the_start_is_that_of_the_notebook():
    assert saved_state.start().inputs["bytes"] == str(2**30) and write_link(saved_state.start()).count("=") == 2


@pytest.mark.parametrize(("link", "words"), HOSTILE.items(), ids=lambda each: each[:30])
def test_a_hostile_link_is_refused_in_one_sentence(model, link, words):
    code, out, err = model("state", link)
    assert (code, out, err.count("\n")) == (2, "", 1) and words in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("devices: [1]", "takes a number"),
        ("devices: true", "takes a number"),
        ("devise: 3", "devise, which is no parameter"),
        ("- 1", "holds no parameters"),
        ("a: [", "is no YAML"),
        ("system: nowhere", "no such system"),
        ("devices: .nan", "it is no number"),
        ("!!python/object/apply:os.system [ls]", "holds no parameters"),
        ("system: !!python/object/apply:os.system [ls]", "take the tag out"),
        ("# of the page alone: tokens=x\ndevices: 3", "it is no number"),
    ],
)
def test_a_file_that_is_none_is_refused(model, tmp_path, text, words):
    (path := tmp_path / "state.yaml").write_text(text, "utf-8")
    code, out, err = model("state", str(path))
    assert (code, out, err.count("\n")) == (2, "", 1) and words in err and "state.yaml: " in err


def test_the_command_line_turns_one_into_the_other(model, tmp_path):
    code, text, err = model("state", LINKS[0])
    assert (code, err) == (0, "") and text == write_file(read_link(LINKS[0]))
    (path := tmp_path / "state.yaml").write_text(text + "days: 3\n", "utf-8")
    code, link, err = model("state", str(path))
    assert code == 0 and same(read_link(link.strip()), read_link(LINKS[0])) and "no place for days" in err


@pytest.mark.skipif(NODE is None, reason="there is no node on the path")
def test_a_page_writes_and_reads_the_same_files():
    states = [read_link(link) for link in LINKS]
    held = {
        "parameters": [[name, kind, of, float(size(unit))] for name, (kind, of, unit) in PARAMETERS.items()],
        "systems": {
            each.system: {"facts": {n: {"size": float(size(r.unit))} for n, r in changeable(each.system).items()}}
            for each in states
        },
        "workloads": {
            each.workload: saved_state.shape(each.workload) for each in states if each.workload != saved_state.OWN
        },
    }
    bad = ["x" * 30_000, "devices: alert(1)", "- 1", "devices: [1]", "system: nowhere\ndomain: 3", "<script>"]
    code = (ROOT / "book/_ext/state.js").read_text("utf-8")
    code += "const [held, states, bad] = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
    code += "const texts = states.map((each) => stateFiles.write(each, held));"
    code += "const back = texts.map((each) => stateFiles.read(each, held));"
    code += "console.log(JSON.stringify([texts, back, bad.map((each) => stateFiles.read(each, held))]))"
    asked = json.dumps([held, [vars(each) for each in states], bad])
    done = subprocess.run([NODE, "-e", code], input=asked, capture_output=True, text=True, check=True)
    texts, back, refused = json.loads(done.stdout)
    for state, text, found in zip(states, texts, back, strict=True):
        assert same(read_file(text)[0], state) and same(read_link(found["link"]), state) and not found["left"]
        ours, theirs = yaml.safe_load(write_file(state)), yaml.safe_load(text)
        assert theirs.keys() == ours.keys() and all(type(theirs[each]) is type(ours[each]) for each in ours)
        assert parse_qs(found["link"][1:])["system"] == [state.system]
    assert all(set(each) == {"trouble"} and "<script" not in each["trouble"] for each in refused)
