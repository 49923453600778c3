"""`python -m model`: what it prints, what it passes through, and how it refuses."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from model.numbers import catalog
from model.predictions.quantities import QUANTITIES

ROOT = Path(__file__).parents[2]
EXCHANGE = {"op": "dispatch", "ranks": "64", "tokens": "128", "hidden": "7168", "experts": "256", "topk": "8"}
EXCHANGE |= {"bytes_per_element": "1"}
PAIRS = [f"{key}={value}" for key, value in EXCHANGE.items()]
ASK = ["predict", "all_to_all_time", "--system", "hgx-h100"]
JOB = ["predict", "job_mtbf", "devices=16384", "failure_rate=5e-9"]
SERVE = ["predict", "decode_throughput", "--system", "hgx-h100", "model=deepseek-v3", "ranks=8", "batch=8"]
SERVE += ["context=100"]


def answer(model, *arguments):
    code, out, err = model(*arguments)
    assert (code, err) == (0, "")
    return out


# Lists.


def test_quantities_are_listed_with_unit_inputs_and_equation(model):
    out = answer(model, "quantities")
    for name, what in QUANTITIES.items():
        assert f"{name} [{what.unit}]" in out
        assert what.equation.source in out
        for each in what.inputs:
            assert f"  {each.name}: " in out
    assert r"T_{\mathrm{a2a}} =" in out


def test_systems_are_listed_with_their_softwares(model):
    lines = answer(model, "systems").splitlines()
    assert [line.split()[0] for line in lines] == list(catalog.read("systems").system.unique())
    assert any(line.startswith("gb200-nvl72") and "trtllm-one-sided" in line for line in lines)


@pytest.mark.parametrize("system", catalog.read("systems").system.unique())
def test_every_number_of_a_system_is_printed_with_its_source(model, system):
    rows = list(csv.DictReader(io.StringIO(answer(model, "source", system))))
    for table in ("systems", "reliability", "network", "serving"):
        recorded = catalog.read(table)
        assert sum(row["table"] == table for row in rows) == (recorded.system == system).sum()
    assert all(row["unit"] and row["kind"] and row["source"] in catalog.sources() for row in rows)


# One number.


def test_one_line_for_a_person(model):
    out = answer(model, *ASK, *PAIRS)
    assert out.count("\n") == 1
    assert out.startswith("all_to_all_time = ")
    assert " s (5 to 95 %: " in out
    assert out.endswith("on hgx-h100\n")
    assert answer(model, *JOB, "--no-interval") == "job_mtbf = 12207 s\n"


def test_one_object_for_a_program(model):
    got = json.loads(answer(model, *ASK, *PAIRS, "--json"))
    assert list(got) == ["quantity", "value", "unit", "low", "high", "system", "inputs", "sources"]
    assert (got["quantity"], got["unit"], got["system"]) == ("all_to_all_time", "s", "hgx-h100")
    assert got["low"] < got["value"] < got["high"]
    assert got["inputs"]["op"] == "dispatch"
    assert {key: got["inputs"][key] for key in ("ranks", "tokens", "topk")} == {"ranks": 64, "tokens": 128, "topk": 8}
    assert set(got["sources"]) <= catalog.sources().keys()
    assert "deepep2025" in got["sources"]


def test_no_interval_leaves_the_bounds_out(model):
    got = json.loads(answer(model, *ASK, *PAIRS, "--json", "--no-interval"))
    assert (got["low"], got["high"]) == (None, None)


def test_the_seed_repeats(model):
    one, again, other = (answer(model, *ASK, *PAIRS, "--json", "--seed", seed) for seed in (7, 7, 8))
    assert one == again != other


def test_a_system_may_be_left_out_where_nothing_is_asked_of_it(model):
    assert json.loads(answer(model, *JOB, "--json"))["system"] is None


# A table.


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Return a function that writes text as points.csv, here, and gives its name."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        Path("points.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return "points.csv"

    return write


HEAD = ",".join(EXCHANGE)
ROW = ",".join(EXCHANGE.values())

PASSED_THROUGH = '''\
note,op,measured,ranks,tokens,hidden,experts,topk,bytes_per_element,set,007
plain,dispatch,1.50e-4,64,128,7168,256,8,1,a,007
"with, comma",combine,,64,128,7168,256,8,2,,0.10
"with ""quotes""",dispatch,NA,8,16,7168,256,8,1.0,nan,-0
Übergröße 超节点,dispatch,1e400,8,16,7168,256,8,1,null,TRUE
'''


def test_other_columns_pass_through_in_order_and_untouched(model, table):
    code, out, err = model(*ASK, "--table", table(PASSED_THROUGH))
    assert code == 0
    assert err == "points.csv: passed through, not read: note, measured, set, 007\n"  # once, not for each row
    out = out.splitlines()
    came = PASSED_THROUGH.splitlines()
    assert out[0] == came[0] + ",value,unit,low,high"
    for before, after in zip(came[1:], out[1:], strict=True):
        assert after.startswith(before + ",")  # the same bytes
        value, unit, low, high = after.removeprefix(before + ",").split(",")
        assert unit == "s"
        assert 0 < float(low) < float(value) < float(high)


def test_a_table_says_what_single_questions_say(model, table):
    rows = [EXCHANGE | {"ranks": ranks, "op": op} for ranks in ("8", "64", "288") for op in ("dispatch", "combine")]
    text = "\n".join([HEAD, *(",".join(row.values()) for row in rows)])
    out = csv.DictReader(io.StringIO(answer(model, *ASK, "--no-interval", "--table", table(text))))
    for row, got in zip(rows, out, strict=True):
        alone = json.loads(answer(model, *ASK, *(f"{k}={v}" for k, v in row.items()), "--json", "--no-interval"))
        assert float(got["value"]) == pytest.approx(alone["value"], rel=1e-12)
        assert (got["low"], got["high"]) == ("", "")


def test_a_table_is_the_same_in_every_run(model, table):
    name = table(f"{HEAD}\n{ROW}\n{ROW}\n")
    assert answer(model, *ASK, "--table", name) == answer(model, *ASK, "--table", name)


WAYS = [f"{HEAD}\r\n{ROW}\r\n", f"\ufeff{HEAD}\n{ROW}\n", f"{HEAD}\n{ROW}", f"{HEAD}\n{ROW}\n\n"]


@pytest.mark.parametrize("text", WAYS, ids=["windows", "mark", "no end", "empty line"])
def test_line_ends_marks_and_empty_lines_of_other_programs(model, table, text):
    out = answer(model, *ASK, "--no-interval", "--table", table(text)).splitlines()
    assert out[0] == f"{HEAD},value,unit,low,high"
    assert out[1].startswith(f"{ROW},")
    assert len(out) == 2


def test_a_field_over_two_lines_stays_whole(model, table):
    text = 'remark,devices,failure_rate\n"a\nb",8,1e-7\nc,16,1e-7\n'
    code, out, _ = model("predict", "job_mtbf", "--table", table(text))
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["remark"] for row in rows] == ["a\nb", "c"]
    assert [float(row["value"]) for row in rows] == pytest.approx([1 / 8e-7, 1 / 16e-7])


def test_each_row_may_name_its_system(model, table):
    name = table(f"{HEAD},system\n{ROW},hgx-h100\n{ROW},gb200-nvl72\n")
    out = answer(model, "predict", "all_to_all_time", "--no-interval", "--table", name)
    values = [float(row["value"]) for row in csv.DictReader(io.StringIO(out))]
    assert values[0] > values[1]


# Refusals: exit code 2, one sentence on standard error, nothing on standard output.


def assert_refuses(printed, words):
    code, out, err = printed
    assert code == 2, err
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    assert all(word in err for word in words), err


def without(name):
    return [pair for pair in PAIRS if not pair.startswith(f"{name}=")]


def with_(**changed):
    return [f"{key}={value}" for key, value in (EXCHANGE | changed).items()]


SINGLE = {
    "no command": ([], ["predict"]),
    "an unknown command": (["predicts"], ["predicts"]),
    "no quantity": (["predict"], ["QUANTITY"]),
    "an unknown quantity": (["predict", "all_to_al_time", *PAIRS], ["all_to_al_time", "did you mean all_to_all_time"]),
    "a quantity far from all": (["predict", "weather", *PAIRS], ["weather", "job_mtbf", "decode_throughput"]),
    "an unknown system": (["predict", "all_to_all_time", "--system", "hgx-h10", *PAIRS], ["hgx-h10", "hgx-h100"]),
    "no system": (["predict", "all_to_all_time", *PAIRS], ["system"]),
    "a system of which nothing is known": ([*ASK[:3], "nvl288", *PAIRS], ["nvl288", "domain", "data/systems.csv"]),
    "an unknown system to list": (["source", "cloudmatrix"], ["cloudmatrix"]),
    "an unknown input": ([*ASK, *PAIRS, "rank=8"], ["rank", "did you mean ranks"]),
    "an input far from all": ([*ASK, *PAIRS, "colour=red"], ["colour", "ranks"]),
    "an input twice": ([*ASK, *PAIRS, "ranks=8"], ["ranks", "twice"]),
    "no equals sign": ([*ASK, *PAIRS, "ranks"], ["ranks", "input=value"]),
    "a missing input": ([*ASK, *without("ranks")], ["ranks", "a number from 2"]),
    "an empty input": ([*ASK, *with_(ranks="")], ["ranks", "a number from 2"]),
    "a missing word": ([*ASK, *without("op")], ["op", "dispatch, combine"]),
    "an unknown op": ([*ASK, *with_(op="gather")], ["op", "gather", "dispatch, combine"]),
    "an unknown software": ([*ASK, *PAIRS, "software=deepepp"], ["deepepp", "deepep", "hgx-h100"]),
    "a software of another system": ([*ASK, *PAIRS, "software=cann-ep"], ["cann-ep", "deepep"]),
    "no ranks": ([*ASK, *with_(ranks="0")], ["ranks", "0", "from 2"]),
    "one rank": ([*ASK, *with_(ranks="1")], ["ranks", "1", "from 2"]),
    "fewer than no tokens": ([*ASK, *with_(tokens="-1")], ["tokens", "-1"]),
    "more experts per token than there are": ([*ASK, *with_(topk="257")], ["topk", "257", "experts"]),
    "text for a number": ([*ASK, *with_(tokens="many")], ["tokens", "many", "a number"]),
    "a number with its unit": ([*ASK, *with_(tokens="128 tokens")], ["tokens", "128 tokens"]),
    "not a number": ([*ASK, *with_(tokens="nan")], ["tokens", "nan"]),
    "infinity": ([*ASK, *with_(tokens="inf")], ["tokens", "inf"]),
    "minus infinity": ([*ASK, *with_(tokens="-inf")], ["tokens", "-inf"]),
    "out of range": ([*ASK, *with_(ranks="1e12")], ["ranks", "1e12", "1e+06"]),
    "no faults at all": (["predict", "job_mtbf", "devices=8", "failure_rate=0"], ["failure_rate is '0'"]),
    "an unknown precision": ([*SERVE, "precision=fp16"], ["precision", "fp16", "bf16, fp8, int8, nvfp4"]),
    "a precision without a peak": (
        [*SERVE[:5], "ranks=16", "batch=8", "context=100", "precision=int8"],
        ["hgx-h100", "peak_int8"],
    ),
    "a seed that is not a number": ([*ASK, *PAIRS, "--seed", "x"], ["--seed"]),
    "an unknown option": ([*ASK, *PAIRS, "--jsn"], ["--jsn"]),
    "a table without a name": ([*ASK, "--table"], ["--table"]),
}


@pytest.mark.parametrize(("arguments", "words"), SINGLE.values(), ids=SINGLE)
def test_a_bad_question_is_refused(model, arguments, words):
    assert_refuses(model(*arguments), words)


def rows(**changed):
    """Return a table whose second row is changed."""
    return f"{HEAD}\n{ROW}\n{','.join((EXCHANGE | changed).values())}\n"


def cut(name):
    names = [key for key in EXCHANGE if key != name]
    return f"{','.join(names)}\n{','.join(EXCHANGE[key] for key in names)}\n"


FILES = {
    "empty": ("", ["empty"]),
    "a header alone": (f"{HEAD}\n", ["empty"]),
    "line ends alone": ("\n\n\n", []),
    "a missing column": (cut("tokens"), ["tokens", "a number"]),
    "a missing column of words": (cut("op"), ["op", "dispatch, combine"]),
    "a column one letter away": (f"{HEAD.replace('tokens', 'token')}\n{ROW}\n", ["token", "did you mean tokens"]),
    "a column two letters away": (
        f"{HEAD.replace('experts', 'exprets')}\n{ROW}\n",
        ["exprets", "did you mean experts"],
    ),
    "a column beside its neighbour": (f"{HEAD},sofware\n{ROW},deepep\n", ["sofware", "did you mean software"]),
    "a column twice": (f"{HEAD},ranks\n{ROW},8\n", ["ranks", "twice"]),
    "a column to pass through twice": (f"{HEAD},note,note\n{ROW},a,b\n", ["note", "twice"]),
    "a column of the answer": (f"{HEAD},value\n{ROW},1\n", ["value", "rename"]),
    "a field too many": (f"{HEAD}\n{ROW}\n{ROW},9\n", ["row 2", "8 fields", "7"]),
    "a field too many in every row": (f"{HEAD}\n{ROW},9\n{ROW},9\n", ["row 1", "8 fields", "7"]),
    "a field too few": (f"{HEAD},note\n{ROW},a\n{ROW}\n", ["row 2", "7 fields", "8"]),
    "a quote that never ends": (f'{HEAD},note\n{ROW},"a\n{ROW},b\n', []),
    "text for a number": (rows(tokens="many"), ["row 2", "tokens", "many"]),
    "nothing for a number": (rows(tokens=""), ["row 2", "tokens"]),
    "not a number": (rows(tokens="nan"), ["row 2", "tokens", "nan"]),
    "infinity": (rows(tokens="inf"), ["row 2", "tokens", "inf"]),
    "negative": (rows(tokens="-5"), ["row 2", "tokens", "-5"]),
    "no ranks": (rows(ranks="0"), ["row 2", "ranks", "0"]),
    "out of range": (rows(bytes_per_element="16"), ["row 2", "bytes_per_element", "16", "0.25 to 4"]),
    "an unknown op": (rows(op="gather"), ["row 2", "op", "gather", "dispatch, combine"]),
    "an unknown software": (f"{HEAD},software\n{ROW},deepep\n{ROW},deepepp\n", ["row 2", "deepepp", "deepep"]),
    "an unknown system": (f"{HEAD},system\n{ROW},hgx-h100\n{ROW},hgx-x100\n", ["hgx-x100", "did you mean hgx-"]),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xfe\x00", []),
    "zeros": (b"\x00" * 64, []),
    "another encoding": (f"{HEAD},note\n{ROW},\u00fc\n".encode("utf-16"), []),
}


@pytest.mark.parametrize(("text", "words"), FILES.values(), ids=FILES)
def test_a_bad_table_is_refused(model, table, text, words):
    assert_refuses(model(*ASK, "--table", table(text)), ["points.csv", *words])


def test_a_bad_last_row_leaves_nothing_on_standard_output(model, table):
    text = "\n".join([HEAD, *[ROW] * 3000, ROW.replace("128", "x")])
    assert_refuses(model(*ASK, "--table", table(text)), ["points.csv", "row 3001", "tokens", "'x'"])


def test_a_table_that_is_not_there_or_not_a_file(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    for name in ("nothing.csv", "folder.csv"):
        assert_refuses(model(*ASK, "--table", name), [name])


def test_a_table_answers_in_csv_alone(model, table):
    name = table(f"{HEAD}\n{ROW}\n")
    assert_refuses(model(*ASK, "--table", name, "--json"), ["--table", "--json"])
    assert_refuses(model(*ASK, "--table", name, "ranks=8"), ["--table", "input=value"])


def test_a_broken_data_row_is_told_in_one_line(model, data):
    path = data / "systems.csv"
    path.write_text(path.read_text("utf-8").replace("GB/s", "GB/sec", 1), "utf-8")
    assert_refuses(model(*ASK, *PAIRS), ["data/systems.csv line", "GB/sec"])


# As a program of its own.


def program(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "model", *arguments], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_the_program_answers_and_refuses_with_its_exit_code():
    done = program(*JOB, "--json", folder=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["value"] == pytest.approx(1 / (16384 * 5e-9))
    vain = [*["devices=100000", "checkpoint_write=0", "downtime=30", "reload=0", "interval=1e6", "failure_rate=2e-7"]]
    done = program("predict", "effective_training_share", *vain, folder=ROOT)
    assert_refuses((done.returncode, done.stdout, done.stderr), ["interval"])  # numpy's warnings stay inside


# Columns that look like an input, and names as people write them.


@pytest.mark.parametrize("column", ["rate", "failure_rte", "Failure Rate (1/s)", "devices_note"])
def test_a_column_that_looks_like_an_input_is_refused_unless_it_is_passed(model, table, column):
    path = table(f"devices,{column}\n16384,1e-6\n")
    assert_refuses(model("predict", "job_mtbf", "--system", "llama3-16k", "--table", path), [column, "did you mean"])
    code, out, err = model("predict", "job_mtbf", "--system", "llama3-16k", "--table", path, "--pass", column)
    assert code == 0 and column in err
    assert out.splitlines()[0] == f"devices,{column},value,unit,low,high"


@pytest.mark.parametrize("system", ["GB200 NVL72", "gb200_nvl72", "Gb200-Nvl72"])
def test_a_system_is_known_by_its_name_however_it_is_spelled(model, system):
    assert "on gb200-nvl72" in answer(model, "predict", "job_mtbf", "--system", system, "devices=8")


@pytest.mark.parametrize(("short", "meant"), [("H100", "hgx-h100"), ("b300", "hgx-b300"), ("GB200", "gb200-nvl72")])
def test_a_whole_part_of_one_system_s_name_stands_for_it_and_is_told(model, short, meant):
    code, out, err = model("predict", "job_mtbf", "--system", short, "devices=8", "--no-interval")
    assert (code, err) == (0, f"{short} is read as {meant}\n")
    assert out == answer(model, "predict", "job_mtbf", "--system", meant, "devices=8", "--no-interval")


@pytest.mark.parametrize(
    ("short", "meant"),
    [
        ("CloudMatrix", "cloudmatrix384"),
        ("nvl72", "gb200-nvl72, gb300-nvl72 or superpod-8x-gb300-nvl72"),
        ("Rubin", "vera-rubin-nvl144 or rubin-ultra-nvl576"),
    ],
)
def test_a_part_of_a_system_s_name_gets_the_whole_ones_suggested(model, short, meant):
    assert_refuses(model("predict", "job_mtbf", "--system", short, "devices=8"), [short, f"did you mean {meant}?"])


def test_explain_prints_the_law_with_its_numbers_and_their_rows(model):
    out = answer(model, "predict", "job_mtbf", "--system", "llama3-16k", "devices=16384", "--explain")
    assert "job_mtbf = 1/(devices*failure_rate)" in out
    assert "data/reliability.csv llama3-16k interruptions 419" in out
