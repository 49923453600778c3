"""Scenario files: each bad row is named with its fault before anything runs, good ones mean what they say."""

from pathlib import Path

import nbformat
import pytest
import scenarios
from scenarios import ScenarioError, interface

from model.numbers import catalog

ROOT = Path(__file__).parents[2]
HEADER = "devices,checkpoint_write,target,systems,seed\n"
GOOD = "16384,10,0.9,hgx-h100,0"


@pytest.fixture(scope="module")
def accepts():
    return interface(nbformat.read(ROOT / "notebooks/reliability.ipynb", as_version=4))


@pytest.fixture
def write(tmp_path):
    def written(content):
        path = tmp_path / "scenarios.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


BAD_ROWS = {
    "a word for a count": ("many,10,0.9,,0", ["column devices", "'many' is no number", "16384"]),
    "an empty count": (",10,0.9,,0", ["column devices", "is empty", "16384"]),
    "a count below": ("7,10,0.9,,0", ["column devices", "7", "8 to 10,000,000"]),
    "a count above": ("10000001,10,0.9,,0", ["column devices", "8 to 10,000,000"]),
    "a broken count": ("16384.5,10,0.9,,0", ["column devices", "16384.5", "whole number"]),
    "a negative count": ("-16384,10,0.9,,0", ["column devices", "-16384"]),
    "nothing of a count": ("0,10,0.9,,0", ["column devices", "devices = 0"]),
    "a count with a comma": ('"16,384",10,0.9,,0', ["column devices", "'16,384' is no number"]),
    "a count with a unit": ("16384 devices,10,0.9,,0", ["column devices", "'16384 devices' is no number"]),
    "a count with underscores": ("16_384,10,0.9,,0", ["column devices", "'16_384' is no number"]),
    "a count in other digits": ("１６,10,0.9,,0", ["column devices", "is no number"]),
    "a hexadecimal count": ("0x4000,10,0.9,,0", ["column devices", "'0x4000' is no number"]),
    "a formula": ("=2^14,10,0.9,,0", ["column devices", "'=2^14' is no number"]),
    "yes": ("true,10,0.9,,0", ["column devices", "'true' is no number"]),
    "not a number": ("16384,nan,0.9,,0", ["column checkpoint_write", "'nan' is no number"]),
    "infinite": ("16384,inf,0.9,,0", ["column checkpoint_write", "'inf' is no number"]),
    "more than a float holds": ("16384,1e999,0.9,,0", ["column checkpoint_write", "too large"]),
    "a time below": ("16384,0,0.9,,0", ["column checkpoint_write", "0.1 to 7,200"]),
    "a negative time": ("16384,-10,0.9,,0", ["column checkpoint_write", "-10"]),
    "a time with a unit": ("16384,10 s,0.9,,0", ["column checkpoint_write", "'10 s' is no number"]),
    "a decimal comma": ('16384,"10,5",0.9,,0', ["column checkpoint_write", "'10,5' is no number"]),
    "a share above one": ("16384,10,1.5,,0", ["column target", "1.5", "0.05 to 0.99"]),
    "a share in per cent": ("16384,10,90%,,0", ["column target", "'90%' is no number"]),
    "a misspelt system": ("16384,10,0.9,hgx-h10,0", ["column systems", "'hgx-h10'", "did you mean hgx-h"]),
    "one misspelt of two": ("16384,10,0.9,hgx-h100;gb200,0", ["column systems", "'gb200'"]),
    "an unknown system": ("16384,10,0.9,abacus,0", ["column systems", "'abacus'", "cloudmatrix384"]),
    "a broken list": ('16384,10,0.9,"[""hgx-h100""",0', ["column systems", "is no list"]),
    "a list of numbers": ("16384,10,0.9,[384],0", ["column systems", "384"]),
    "a negative seed": ("16384,10,0.9,,-1", ["column seed", "-1"]),
    "a seed too large": ("16384,10,0.9,,4294967296", ["column seed", "4,294,967,295"]),
    "too few fields": ("16384,10,0.9", ["has 3 fields", "5 columns"]),
    "too many fields": ("16384,10,0.9,,0,1", ["has 6 fields", "5 columns"]),
    "no value at all": (",,,,", ["column devices", "is empty"]),
}


def faults(path, accepts):
    with pytest.raises(ScenarioError) as stop:
        scenarios.read(path, accepts)
    return str(stop.value).splitlines()


def test_every_bad_row_of_a_file_is_named_and_no_good_one(write, accepts):
    """Bad rows lie between good ones; each is found by its number, with its column, its text and what would do."""
    assert len(BAD_ROWS) >= 30
    rows = [line for row, _ in BAD_ROWS.values() for line in (GOOD, row)]
    path = write(HEADER + "\n".join([*rows, GOOD]) + "\n")
    found = faults(path, accepts)
    for number, (kind, (_, words)) in enumerate(BAD_ROWS.items(), 1):
        lines = [line for line in found if line.startswith((f"{path} row {2 * number},", f"{path} row {2 * number}:"))]
        assert any(all(word in line for word in words) for line in lines), f"{kind}: {lines}"
    named = {int(line.removeprefix(f"{path} row ").split(",")[0].split(":")[0]) for line in found}
    assert named == {2 * number for number in range(1, len(BAD_ROWS) + 1)}


def test_every_fault_of_one_row_is_named(write, accepts):
    found = faults(write(HEADER + "7,x,1.5,abacus,-1\n"), accepts)
    assert [line.split("column ")[1].split(":")[0] for line in found] == [
        "checkpoint_write",
        "devices",
        "target",
        "systems",
        "seed",
    ]


BAD_FILES = {
    "nothing": (b"", ["is empty"]),
    "a header alone": (b"devices\n", ["is empty", "at least one row"]),
    "no header": (b"16384\n1024\n", ["holds numbers where the names of the columns must stand"]),
    "a misspelt column": (b"device\n1024\n", ["column device", "did you mean devices?"]),
    "a column far from all": (b"devices,colour\n1024,red\n", ["column colour", "this notebook has devices"]),
    "a column twice": (b"devices,seed,devices\n1024,0,2048\n", ["column devices stands there twice"]),
    "a column without name": (b"devices,,seed\n1024,1,0\n", ["column 2 has no name"]),
    "an open quote": (b'devices,systems\n1024,"hgx-h100\n', ["line 2", "cannot be read as CSV"]),
    "text after a quote": (b'devices,systems\n1024,"hgx"-h100\n', ["line 2", "cannot be read as CSV"]),
    "other text than UTF-8": ("devices,systems\n1024,é\n".encode("latin-1"), ["line 2", "not UTF-8"]),
    "UTF-16": ("devices,systems\n1024,a\n".encode("utf-16"), ["UTF-16"]),
    "a spreadsheet": (b"PK\x03\x04", ["spreadsheet"]),
    "tabs": ("devices\tsystems\n1024\ta\n", ["divided by tabs"]),
    "a long name of a column": ("x" * 5000 + "\n8\n", ["(5,000 letters)"]),
    "a number of 5,000 digits": ("devices\n" + "9" * 5000 + "\n", ["(5,000 letters)", "too large a number"]),
    "lists within lists": ("systems\n" + "[" * 5000 + "\n", ["(5,000 letters)", "no list"]),
    "semicolons between": (b"devices;seed\n1024;0\n", ["divided by semicolons"]),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_told(write, accepts, content, words):
    (found,) = faults(write(content), accepts)
    assert all(word in found for word in ["scenarios.csv", *words]), found


def test_a_file_that_is_not_there_is_told(tmp_path, accepts):
    (found,) = faults(tmp_path / "none.csv", accepts)
    assert "none.csv cannot be read: No such file" in found


def test_good_rows_mean_what_the_notebook_would_be_given_by_hand(write, accepts):
    text = (
        "\ufeffdevices, checkpoint_write ,systems\r\n"
        "1024,10,\r\n"
        "1e4,30.5,hgx-h100 gb200-nvl72\r\n"
        '131072,.5,"[""hgx-h100"", ""gb200-nvl72""]"\r\n'
        "8,1e2,hgx-h100; gb200-nvl72;\r\n"
    )
    read = scenarios.read(write(text), accepts)
    both = ["hgx-h100", "gb200-nvl72"]
    assert [scenario.parameters for scenario in read] == [
        {"devices": 1024, "checkpoint_write": 10, "systems": []},
        {"devices": 10_000, "checkpoint_write": 30.5, "systems": both},
        {"devices": 131_072, "checkpoint_write": 0.5, "systems": both},
        {"devices": 8, "checkpoint_write": 100.0, "systems": both},
    ]
    assert isinstance(read[1].parameters["devices"], int)
    assert read[1].texts == {"devices": "1e4", "checkpoint_write": "30.5", "systems": "hgx-h100 gb200-nvl72"}


def test_what_need_not_be_given_is_nothing_a_number_or_a_word():
    assert [scenarios._value(text, None) for text in ("", "None", "36", "1e-6", "fp8")] == [None, None, 36, 1e-6, "fp8"]


def test_a_switch_a_word_and_a_list_of_numbers_follow_the_default():
    cells = [
        nbformat.v4.new_code_cell(
            "overlap = True\nphase = 'decode'\nsizes = [8, 16]", metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell("pass"),
    ]
    accepts = interface(nbformat.v4.new_notebook(cells=cells))
    scenario, found = scenarios._scenario({"overlap": "FALSE", "phase": "007", "sizes": "32; 6.4e1"}, accepts)
    assert not found
    assert scenario.parameters == {"overlap": False, "phase": "007", "sizes": [32, 64.0]}
    _, found = scenarios._scenario({"overlap": "1", "phase": "", "sizes": "8;x"}, accepts)
    assert [fault.split(":")[0] for fault in found] == [", column overlap", ", column phase", ", column sizes"]


def test_a_column_may_name_the_rows(accepts, tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("devices,label\n1024,a\n2048,b c\n")
    rows = scenarios.read(file, accepts)
    assert [each.parameters for each in rows] == [{"devices": 1024}, {"devices": 2048}]
    assert [each.texts["label"] for each in rows] == ["a", "b c"]
    file.write_text("devices,name\n1024,a\n")
    with pytest.raises(ScenarioError, match="name is no parameter.*only names rows is called label"):
        scenarios.read(file, accepts)


def test_types_beside_parameters_are_no_parameters():
    parameters = nbformat.v4.new_code_cell("seed: int = 0", metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[parameters, nbformat.v4.new_code_cell("pass")])
    assert interface(notebook).defaults == {"seed": 0}


@pytest.mark.parametrize("empty", ["\n", "\r\n", "\n\n\n"])
def test_empty_lines_are_passed_over_as_in_every_table(write, accepts, empty):
    lines = (HEADER + GOOD + "\n").replace("\n", empty + "\n") + empty
    assert scenarios.read(write(empty + lines), accepts) == scenarios.read(write(HEADER + GOOD + "\n"), accepts)


@pytest.mark.parametrize("line", ["# mine", "// mine", "sep=,", '[{"devices": 8}]', "<table>", "8,9", "devices|seed"])
def test_a_first_line_that_is_no_header_is_told_in_the_words_of_every_table(write, accepts, model, line):
    path = write(f"{line}\n1,2\n")
    code, out, err = model("predict", "job_mtbf", "--table", path)
    assert (code, out) == (2, "") and "the first line" in err
    assert faults(path, accepts) == [err.strip()]


def test_very_many_faults_are_not_all_told(write, accepts):
    found = faults(write("devices\n" + "x\n" * 1000), accepts)
    assert len(found) == scenarios.TOLD + 1 and found[-1].endswith("900 faults more")


def test_a_notebook_s_check_is_read_once_and_not_for_each_row(write, accepts, monkeypatch):
    """A list of systems was read from data/ for each row: a hundred thousand rows took minutes."""
    monkeypatch.setattr(catalog, "read", None)
    assert len(scenarios.read(write("devices\n" + "16384\n" * 1000), accepts)) == 1000
