"""What was tried with the command line, tables, files and the Python face: the right answer, or a refusal that helps.

data/tried.csv lists it, kind by kind; each of its rows that is a command runs here, and the others name their test.
"""

import datetime
import decimal
import gzip
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import model as study
from model.numbers import catalog
from model.numbers.catalog import DataError
from model.predictions.inputs import InputError

ROOT = Path(__file__).parents[2]
HERE = "tests/predictions/test_tried.py"
TRIED = catalog.words("tried", ("table", "value", "says")).fillna("")
COMMANDS = TRIED[TRIED.test == HERE]
TABLE = "devices,system\n1024,hgx-h100\n"
JOB = ["predict", "job_mtbf", "--no-interval"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(printed, *words):
    code, out, err = printed
    assert (code, out) == (2, ""), err
    assert err.count("\n") == 1 and err.endswith("\n")
    assert len(err) < 900, "a message that nobody reads to its end"
    assert all(word in err for word in words), err


def value(out):
    """Return the value that was printed: of one answer, as text or JSON, or of the first row of a table."""
    if out.startswith("{"):
        return json.loads(out)["value"]
    if " = " in out.partition("\n")[0]:
        return float(out.split(" = ")[1].split()[0])
    return pd.read_csv(io.StringIO(out)).value[0]


@pytest.mark.parametrize("kind", COMMANDS.kind.unique())
def test_what_was_tried_is_answered_or_refused_as_told(model, here, kind):
    for row in COMMANDS[COMMANDS.kind == kind].itertuples():
        text = row.table.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0")
        Path("points.csv").write_text(text, encoding="utf-8", newline="")
        printed = model(*shlex.split(row.tried))
        if row.outcome == "refused":
            refused(printed, row.says)
        else:
            code, out, err = printed
            assert code == 0, (row.tried, err)
            assert row.says in out + err, (row.tried, out, err)
            if row.value:  # reckoned another way, by the laws by hand of tests/bench or from the law on paper
                assert value(out) == pytest.approx(float(row.value), rel=1e-5, abs=0), row.tried


def test_each_row_names_a_test_that_is_there():
    assert set(TRIED.outcome) == {"answered", "refused"}
    assert set(TRIED.value[TRIED.outcome == "refused"]) == {""}
    for test in TRIED.test.unique():
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8"), test


# Files and streams.


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TABLE.encode("utf-16"), "UTF-16"),
        (TABLE.encode("utf-32"), "UTF-32"),
        (TABLE.encode("utf-16-le"), "zero bytes"),
        (gzip.compress(TABLE.encode(), mtime=0), "gzip"),
        (b"PK\x03\x04", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0", "spreadsheet"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x89PNG\r\n", "picture"),
    ],
)
def test_what_is_no_text_is_told_by_what_it_is(model, here, content, words):
    Path("points.csv").write_bytes(content)
    refused(model(*JOB, "--table", "points.csv"), "points.csv", words)


def test_a_byte_of_another_encoding_is_told_with_its_line(model, here):
    Path("points.csv").write_bytes("devices,system,note\n8,hgx-h100,a\n8,hgx-h100,ü\n".encode("latin-1"))
    refused(model(*JOB, "--table", "points.csv"), "points.csv", "line 3", "UTF-8")


def program(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    command = [sys.executable, "-m", "model", *arguments]
    return subprocess.run(command, env=environment, stderr=subprocess.PIPE, timeout=120, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_a_table_may_come_through_a_pipe(name):
    done = program(*JOB, "--table", name, input=TABLE.encode(), stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"devices,system,value,unit,low,high\n1024,hgx-h100,121215.9")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("asked", [[*JOB, "devices=8", "--system", "hgx-h100"], ["source", "hgx-h100"]])
def test_a_full_disk_is_one_sentence(asked):
    with open("/dev/full", "wb") as full:
        done = program(*asked, stdout=full)
    assert (done.returncode, done.stderr) == (2, b"the answer cannot be written: No space left on device\n")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_answers_are_utf_8_whatever_the_terminal_says(here, encoding):
    Path("points.csv").write_text("devices,system,note\n8,hgx-h100,超节点\n", encoding="utf-8")
    done = program(*JOB, "--table", "points.csv", stdout=subprocess.PIPE, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    assert "8,hgx-h100,超节点,15515636" in done.stdout.decode("utf-8")


@pytest.mark.slow
def test_a_reader_that_has_enough_ends_the_program_in_silence():
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as nobody:
        done = program("source", "hgx-h100", stdout=nobody)
    assert done.stderr == b""


LONG = "x" * 5000
WORDS = {
    "a value": [*JOB, "--system", "hgx-h100", f"devices={LONG}"],
    "a system": [*JOB, "--system", LONG, "devices=8"],
    "an input": [*JOB, "--system", "hgx-h100", f"{LONG}=8"],
    "a quantity": ["predict", LONG],
    "a model": [
        "predict",
        "devices_needed",
        "--system",
        "hgx-h200",
        f"model={LONG}",
        "batch=1",
        "context=1",
        "precision=fp8",
    ],
    "a number": [*JOB, "--system", "hgx-h100", "devices=" + "9" * 5000],
}


@pytest.mark.parametrize("asked", WORDS.values(), ids=WORDS)
def test_a_long_word_is_shortened(model, asked):
    refused(model(*asked), "(5,000 letters)")


# The Python face.

NUMBERS = {
    **{"numpy": np.int64(8), "a float": np.float32(8), "no dimension": np.array(8), "text": "8"},
    **{"a list": [8], "a range": range(8, 9), "an array": np.array([8]), "a column": pd.Series([8]), "a set": {8}},
    **{
        "categories": pd.Categorical([8]),
        "whole or missing": pd.array([8], dtype="Int64"),
        "decimal": decimal.Decimal(8),
    },
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_every_kind_are_taken(number):
    table = study.predict("job_mtbf", system="hgx-h100", devices=number, interval=False)
    assert table.value[0] == study.predict("job_mtbf", system="hgx-h100", devices=8, interval=False).value[0]


NONE = {
    **{"nothing": None, "not a number": float("nan"), "missing": pd.NA, "truth": True, "numpy's truth": np.bool_(True)},
    **{"bytes": b"8", "complex": 8 + 0j, "a time": pd.Timedelta("8s"), "numpy's time": np.timedelta64(8, "s")},
    **{
        "a day": datetime.date(2030, 12, 31),
        "a mapping": {"a": 8},
        "two dimensions": np.ones((2, 2)),
        "no end": np.inf,
    },
    **{
        "400 digits": 10**400,
        "a function": abs,
        "an empty list": [],
        "a frame": pd.DataFrame({"a": [8]}),
        "dates": pd.NaT,
    },
}


@pytest.mark.parametrize("given", NONE.values(), ids=NONE)
def test_what_is_no_number_is_refused(given):
    with pytest.raises(InputError, match="job_mtbf"):
        study.predict("job_mtbf", system="hgx-h100", devices=given, interval=False)


def test_lists_that_make_too_many_points_are_refused():
    with pytest.raises(InputError, match="ask for 10,000,000 at most"):
        study.predict("all_reduce_time", system="hgx-h100", ranks=range(2, 4000), bytes=range(1000, 5000))


CHANGES = {
    "TB/s for B/s": ({"memory_bandwidth": 3.35}, "in B/s"),
    "GB/s for B/s": ({"scale_up_bandwidth": 450}, "in B/s"),
    "a rate for each hour": ({"failure_rate": 4e-5}, "in 1/s; was it counted per hour? Divide it by 3600"),
    "a low rate for each hour": ({"failure_rate": 2.1e-6}, "was it counted per hour?"),
    "text": ({"domain": "64"}, "domain is '64'"),
    "nothing": ({"domain": None}, "domain is None"),
    "negative": ({"domain": -8}, "domain is -8"),
    "half a device": ({"domain": 0.5}, "from 1 to"),
    "no end": ({"domain": np.inf}, "domain is inf"),
    "an array": ({"domain": np.array([8, 16])}, "domain is array"),
    "misspelt": ({"scale_up_bandwith": 9e11}, "did you mean scale_up_bandwidth?"),
    "unknown": ({"colour": 1}, "a machine has no colour"),
    "a list": ([1], "changes are a list"),
    "half a device more": ({"domain": 7.5}, "whole"),
    "two dies and a half": ({"dies": 2.5}, "whole"),
    "fewer devices than a domain": ({"devices": 4}, "a domain of hgx-h100 has 8"),
    "one number in two spellings": ({"Domain": 16, "domain": 8}, "domain is given twice"),
}


@pytest.mark.parametrize(("changes", "words"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_a_machine_is_checked(changes, words):
    with pytest.raises(InputError, match="changes") as refusal:
        study.predict("job_mtbf", system="hgx-h100", devices=8, changes=changes)
    assert words in str(refusal.value)


def test_changes_belong_to_a_named_system_and_to_nothing_else_that_is_given():
    with pytest.raises(InputError, match="name the system"):
        study.predict("job_mtbf", devices=8, failure_rate=1e-9, changes={"domain": 16})
    with pytest.raises(InputError, match="failure_rate is given twice"):
        study.predict("job_mtbf", system="hgx-h100", devices=8, failure_rate=1e-9, changes={"failure_rate": 1e-8})


FACE = {
    "a word for a truth": (study.predict, {"devices": 8, "interval": "no"}, "True or False"),
    "a number for a truth": (study.draws, {"devices": 8, "own": 1}, "True or False"),
    "a frame for a file": (study.predict, {"devices": 8, "measured": pd.DataFrame({"a": [1]})}, "path of a CSV file"),
    "another name of an input": (study.predict, {"gpus": 8}, "did you mean devices"),
    "points that are no power of two": (study.drivers, {"devices": 8, "points": 3}, "power of two"),
}


@pytest.mark.parametrize(("asked", "given", "words"), FACE.values(), ids=FACE)
def test_what_is_no_option_is_refused(asked, given, words):
    with pytest.raises((InputError, DataError), match=words):
        asked("job_mtbf", system="hgx-h100", **given)


def test_one_input_is_not_given_under_two_names():
    with pytest.raises(InputError, match="one input"):
        study.predict("devices_needed", system="hgx-h200", model="kimi-k2", workload="deepseek-v3", batch=1, context=1)


@pytest.mark.parametrize("asked", [study.draws, study.drivers, study.explain])
def test_what_has_no_answer_has_no_draws_and_no_drivers_either(asked):
    full = {"system": "hgx-h100", "model": "deepseek-v3", "ranks": 8, "batch": 64, "context": 4096}
    with pytest.raises(InputError, match="devices would hold"):
        asked("decode_throughput", precision="fp8", **full)


@pytest.mark.parametrize("given", [{"draws": 0}, {"draws": 1.5}, {"draws": "x"}, {"seed": -1}, {"seed": None}])
def test_draws_and_seeds_that_are_none_are_refused(given):
    with pytest.raises(InputError, match="it takes a whole number from"):
        study.predict("job_mtbf", system="hgx-h100", devices=8, **given)


def test_an_explanation_is_of_one_point():
    with pytest.raises(InputError, match="2 points are asked"):
        study.explain("job_mtbf", system="hgx-h100", devices=[8, 16])


# Files that describe a model, and measurements.

SHAPE = {
    **{"num_hidden_layers": 61, "hidden_size": 7168, "num_attention_heads": 128, "vocab_size": 129280},
    **{"n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "intermediate_size": 18432},
    **{"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
}


DENSE = {"first_k_dense_replace": 3}


def held(path="config.json"):
    return study.predict(
        "devices_needed", system="hgx-h200", model=path, batch=1, context=4096, precision="fp8", interval=False
    )


@pytest.mark.parametrize("field", SHAPE)
@pytest.mark.parametrize("value", [None, "61", -1, 0, 0.5, [1], True, 1e400, 10**30], ids=lambda each: repr(each)[:8])
def test_a_field_of_a_configuration_that_cannot_be_is_refused(here, field, value):
    Path("config.json").write_text(json.dumps(SHAPE | DENSE | {field: value}), encoding="utf-8")
    with pytest.raises(InputError, match="config.json: "):
        held()
    Path("config.json").write_text(json.dumps(SHAPE | DENSE), encoding="utf-8")
    assert held().value[0] > 1  # what was changed in the meantime is read again


CONTENTS = [b"", b"[]", b"null", b"{", b"[" * 100_000, json.dumps(SHAPE).encode("utf-16"), b"{" + b" " * 2**23 + b"}"]


@pytest.mark.parametrize("content", CONTENTS, ids=["empty", "list", "null", "open", "deep", "UTF-16", "huge"])
def test_a_configuration_that_is_none_is_refused(here, content):
    Path("config.json").write_bytes(content)
    Path("folder.json").mkdir()
    for path in ("config.json", "folder.json", "nothing.json"):
        with pytest.raises(InputError, match=path):
            held(path)


OWN = (ROOT / "notebooks/scenarios/measured.csv").read_text(encoding="utf-8")
ROWS = {
    "empty": ("", "line 1"),
    "a header alone": (OWN.splitlines()[0] + "\n", "is empty"),
    "UTF-16": (OWN.encode("utf-16"), "UTF-16"),
    "compressed": (gzip.compress(OWN.encode(), mtime=0), "gzip"),
    "other columns": ("a,b\n1,2\n", "op (data/network.csv)"),
    "a negative time": (OWN.replace("22.7", "-22.7"), "row 1: value is -22.7"),
    "hours": (OWN.replace(",us,", ",h,"), "is the unit right?"),
    "another unit": (OWN.replace(",us,", ",GB,"), "unit is 'GB'"),
    "half a rank": (OWN.replace(",8,64,", ",8.5,64,"), "whole"),
    "more ranks than experts have use for": (OWN.replace(",8,64,", ",1e9,64,"), "ranks is 1e+09"),
    "more experts a token than there are": (OWN.replace(",256,8,", ",4,8,"), "topk is 8"),
    "400 digits": (OWN.replace("22.7", "9" * 400), "value is inf"),
    "semicolons": (OWN.replace(",", ";"), "divided by semicolons"),
    "tabs": (OWN.replace(",", "\t"), "divided by tabs"),
    "bits an element": (OWN.replace(",8,1,", ",8,8,"), "row 1: bytes_per_element is 8; it takes a number from 0.25"),
    "no operation": (OWN.replace(",dispatch,8,64,", ",,8,64,"), "row 1: op is empty"),
    "a row a thousand times as long": (OWN.replace("22.7", "22700"), "1,2"),
    "all of them another unit": (OWN.replace(",us,", ",ns,"), "times less than the study's"),
}


@pytest.mark.parametrize(("content", "words"), ROWS.values(), ids=ROWS)
def test_measurements_that_cannot_be_are_refused(here, content, words):
    Path("own.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    point = {"system": "gb200-nvl72", "op": "dispatch", "ranks": 16, "tokens": 128, "hidden": 7168, "experts": 256}
    with pytest.raises((DataError, InputError), match="own.csv") as refusal:
        study.predict("all_to_all_time", topk=8, bytes_per_element=1, measured="own.csv", **point)
    assert words in str(refusal.value)


def test_empty_lines_of_a_file_of_measurements_change_nothing(model, here):
    asked = (
        "predict all_to_all_time --system gb200-nvl72 op=dispatch ranks=16 tokens=128 hidden=7168 experts=256 topk=8"
    )
    asked = [*asked.split(), "bytes_per_element=1", "--no-interval", "measured=own.csv"]
    Path("own.csv").write_text(OWN, encoding="utf-8")
    told = model(*asked)
    header, first, *rest = OWN.splitlines()
    Path("own.csv").write_text("\n".join([header, "", first, "", "", *rest, "", "\n"]), encoding="utf-8")
    assert model(*asked) == told and told[0] == 0
