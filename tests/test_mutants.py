"""The program that plants faults: what it plants, which tests it runs, and that it tells caught from surviving ones."""

import csv
import subprocess
import sys
from pathlib import Path

import mutants
import pytest

PROGRAM = Path(__file__).parent / "mutants.py"
SOURCE = '''"""A sum."""


def total(one: int, other: int) -> int:
    """Return a sum."""
    if one < 0:
        raise ValueError(f"{one - 1} is negative")
    return one + other
'''
TESTS = """from model.laws.sums import total


def test_nothing_added_changes_nothing():
    assert total(3, 0) == 3
"""


def project(folder, **tests):
    """A project of one module, model/laws/sums.py, with tests of tests/laws by name."""
    for name in ("model/laws", "tests/laws"):
        (folder / name).mkdir(parents=True)
    (folder / "model/__init__.py").touch()
    (folder / "model/laws/__init__.py").touch()
    (folder / "model/laws/sums.py").write_text(SOURCE)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\nmarkers = ['slow: not these']\n")
    for name, text in tests.items():
        (folder / f"tests/laws/{name}.py").write_text(text)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--no-gpg-sign", "--message", "a sum"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


def planting(folder, *words):
    command = [sys.executable, str(PROGRAM), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


def changes(source):
    return [(each.before, each.after) for each in mutants.mutants(source)]


def test_each_kind_of_fault_is_planted():
    assert set(changes("y = a + b")) == {("a + b", "a - b"), ("a + b", "a"), ("a + b", "b")}
    assert set(changes("y = a - b")) == {("a - b", "a + b"), ("a - b", "a")}
    assert set(changes("y = a / b")) == {("a / b", "a * b"), ("a / b", "a")}
    assert changes("y = a ** b") == [("a ** b", "a * b")]
    assert changes("y = a <= b") == [("a <= b", "a < b")]
    assert changes("y = a < b < c") == [("a < b < c", "a <= b < c"), ("a < b < c", "a < b <= c")]
    assert changes("y = Max(a, b)") == [("Max", "Min")]
    assert changes("y = np.fmin(a, b)") == [("np.fmin", "np.fmax")]
    assert changes("y = 2.5") == [("2.5", "3.5")]
    assert changes("y = True") == [("True", "False")]
    assert changes("y = -a") == [("-a", "a")]
    assert changes("y = a and b") == [("a and b", "a or b")]
    assert ("a if b else c", "a if not b else c") in changes("y = a if b else c")
    assert changes("y = f(a, *[b * c])") == [("b * c", "b / c"), ("b * c", "b")]


def test_words_types_and_what_is_refused_are_left_alone():
    assert (
        changes("def f(a: int | None = None) -> dict[str, 1]:\n    raise ValueError(f'{a + 1} is not {2 - 1}')") == []
    )
    assert changes("y = 'a'\nz = {**a} | {**b}") == []


def test_every_fault_is_the_module_with_one_thing_changed():
    found = mutants.mutants(SOURCE)
    assert {each.after for each in found} == {"one <= 0", "1", "if not one < 0: " + PART, "one - other", "one", "other"}
    assert len({each.source for each in found}) == len(found)
    assert all('"""Return a sum."""' in each.source for each in found)


PART = "raise ValueError(f'{one - 1} is negative')"


def test_survivors_are_named_with_their_line_and_the_rest_is_caught(tmp_path):
    folder = project(tmp_path, test_sums=TESTS)
    done = planting(folder, "model/laws/sums.py", "0", "record")
    assert done.returncode == 0, done.stderr
    survivors = [line.strip() for line in done.stdout.splitlines() if "survives" in line]
    assert "survives, line 8: one + other  ->  one - other" in survivors
    assert "survives, line 8: one + other  ->  one" in survivors
    assert not any(line.endswith("->  other") or "not one < 0" in line for line in survivors)
    assert done.stdout.endswith("2 of 6 caught\n") and len(survivors) == 4
    assert (folder / "model/laws/sums.py").read_text() == SOURCE
    (row,) = csv.DictReader((folder / "tests/mutants.csv").read_text().splitlines())
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=folder, text=True)
    assert list(row.values())[:5] == ["model/laws/sums.py", "6", "6", "2", "0"]
    assert head.startswith(row["commit"])
    survived = csv.DictReader((folder / "tests/survivors.csv").read_text().splitlines())
    assert {(each["module"], each["before"], each["after"], each["why"]) for each in survived} >= {
        ("model/laws/sums.py", "one + other", after, "") for after in ("one - other", "one")
    }


def test_all_modules_are_judged_at_most_so_many_faults_of_each_and_written_reasons_stay(tmp_path):
    folder = project(tmp_path, test_sums=TESTS)
    (folder / "model/laws/products.py").write_text("def twice(one):\n    return one * 2\n")
    (folder / "tests/laws/test_products.py").write_text(
        "from model.laws.products import twice\n\n\ndef test_twice():\n    assert twice(3) == 6\n"
    )
    (folder / "tests/survivors.csv").write_text(
        "module,before,after,why\nmodel/laws/sums.py,one + other,one,because\nmodel/laws/gone.py,a,b,kept\n"
    )
    done = planting(folder, "all", "2", "record")
    assert done.returncode == 0, done.stderr
    lines = (folder / "tests/mutants.csv").read_text().splitlines()
    assert [line.split(",")[:5] for line in lines[1:]] == [
        ["model/laws/products.py", "3", "2", "2", "2"],
        ["model/laws/sums.py", "6", "2", "1", "3"],
    ]
    assert done.stdout.endswith("in all: 3 of 4 caught, 75.0%\n"), done.stdout
    rows = list(csv.DictReader((folder / "tests/survivors.csv").read_text().splitlines()))
    assert {"module": "model/laws/gone.py", "before": "a", "after": "b", "why": "kept"} in rows
    assert len(rows) == 2


def test_the_nearest_tests_are_those_of_the_room_by_name_or_import_and_then_those_of_every_room(tmp_path):
    module = Path("model/laws/sums.py")
    text = {
        "name": "",
        "import": "from model.laws import (\n    other,\n    sums,\n)\n",
        "far": "import model.laws.sums",
    }
    text |= {"other": "from model.laws import summits\n", "word": "# model.laws.sums\n"}
    for name in ("studies/test_far.py", "laws/test_other.py", "laws/test_word.py"):
        (tmp_path / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests" / name).write_text(text[name[name.index("_") + 1 : -3]])
    assert [path.name for path in mutants.nearest(tmp_path, module)] == ["test_far.py"]
    (tmp_path / "tests/laws/test_import.py").write_text(text["import"])
    assert [path.name for path in mutants.nearest(tmp_path, module)] == ["test_import.py"]
    (tmp_path / "tests/laws/test_sums.py").write_text(text["name"])
    assert [path.name for path in mutants.nearest(tmp_path, module)] == ["test_sums.py"]
    assert mutants.nearest(tmp_path, Path("model/laws/deep/sums.py")) == [tmp_path / "tests/laws/test_sums.py"]
    assert mutants.nearest(tmp_path, Path("model/laws/sums/deep.py")) == [tmp_path / "tests/laws/test_sums.py"]


def test_a_better_test_catches_more_and_a_test_of_another_name_counts_if_it_imports_the_module(tmp_path):
    better = TESTS.replace("total(3, 0) == 3", "total(3, 4) == 7 and total(0, 1) == 1")
    folder = project(tmp_path, test_arithmetic=better, test_other="def test_other():\n    assert False\n")
    done = planting(folder, "model/laws/sums.py", "2")
    assert done.stdout.endswith("model/laws/sums.py: 3 of 3 caught\n"), done.stdout
    assert "tests/laws/test_arithmetic.py" in done.stdout and "test_other" not in done.stdout
    assert not (folder / "tests/mutants.csv").exists()


def test_the_score_sums_the_record_by_room_and_names_what_was_not_judged(tmp_path):
    folder = project(tmp_path, test_sums=TESTS)
    rows = ["model/laws/products.py,9,5,4,2,a", "model/laws/powers.py,9,3,3,3,b", "model/numbers/files.py,2,2,1,1,c"]
    (folder / "tests/mutants.csv").write_text("module,faults,planted,caught,each,commit\n" + "\n".join(rows) + "\n")
    assert planting(folder, "score").stdout.splitlines() == [
        "laws: 7 of 8 caught in 2 modules, 87.5%",
        "numbers: 1 of 2 caught in 1 modules, 50.0%",
        "in all: 8 of 10 caught in 3 modules, 80.0%",
        "not judged: 1 modules",
        "  model/laws/sums.py",
    ]


HUNG = TESTS + "\n\ndef test_it_ends():\n    while total(1, 1) == 0:\n        pass\n"
REFUSED = {
    "no tests": ({}, "has no tests"),
    "none that are fast": ({"test_sums": "import pytest\n\npytestmark = pytest.mark.slow\n" + TESTS}, "no fast tests"),
    "tests that fail": ({"test_sums": TESTS.replace("== 3", "== 4")}, "fail as they are"),
}


@pytest.mark.parametrize(("tests", "words"), REFUSED.values(), ids=REFUSED)
def test_a_module_that_cannot_be_judged_is_said_so(tmp_path, tests, words):
    done = planting(project(tmp_path, **tests), "model/laws/sums.py")
    assert done.returncode == 1 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert "caught" not in done.stdout


@pytest.mark.slow
def test_a_fault_that_makes_tests_endless_is_caught(tmp_path):
    done = planting(project(tmp_path, test_sums=HUNG), "model/laws/sums.py", "0")
    assert "one - other" not in done.stdout and done.stdout.endswith("3 of 6 caught\n"), done.stdout


@pytest.mark.parametrize("words", [[], ["README.md"], ["model/none.py"], ["model/laws/sums.py", "many"]])
def test_what_is_no_module_or_number_is_refused_in_a_sentence(tmp_path, words):
    done = planting(project(tmp_path), *words)
    assert done.returncode == 1 and done.stderr.startswith(("Say", *words[:1])) and done.stderr.count("\n") == 1
