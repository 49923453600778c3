"""What the repository keeps to: nothing of one machine in it, short modules with telling names, documented."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "model").rglob("*.py"))
VAGUE = {"util", "utils", "helper", "helpers", "common", "base", "misc", "tools", "stuff"}

# Written in pieces, so that this file does not find itself.
HOSTS = ["pypi" + ".org", "files.python" + "hosted", "registry." + "npmjs", "conda." + "anaconda"]
PLACES = ["/" + name + "/" for name in ("work", "root", "home/[a-z]+", "Users/[A-Za-z]+", "tmp/[a-z]")]


def listed():
    """Return what git tracks or would track, and the whole tree where there is no git."""
    try:
        names = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
        ).split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git repository: which files belong to it is not known")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def texts():
    """Return the text of each file that has one, by its name."""
    found = {}
    for path in listed():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    assert len(found) > 30
    return found


def lines(texts, pattern):
    """Return where a pattern stands, as file:line."""
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("host", HOSTS)
def test_no_file_names_the_host_of_a_package_index(texts, host):
    assert not lines(texts, re.escape(host))


@pytest.mark.parametrize("place", PLACES)
def test_no_file_names_a_folder_of_one_machine(texts, place):
    found = lines(texts, rf"(?<![\w.}}\])/]){place}")
    assert not found


def test_the_search_sees_what_it_looks_for():
    planted = {"a.py": 'read("' + "/ho" + 'me/ada/x.csv")\n', "b.toml": "index = https://" + HOSTS[0] + "/simple"}
    assert lines(planted, rf"(?<![\w.}}\])/]){PLACES[2]}") == ['a.py:1: read("' + "/ho" + 'me/ada/x.csv")']
    assert len(lines(planted, re.escape(HOSTS[0]))) == 1


def test_text_files_end_in_one_line_end_and_have_no_windows_ones(texts):
    assert not [name for name, text in texts.items() if text and (not text.endswith("\n") or "\r" in text)]


def test_no_file_is_large():
    assert not [path.name for path in listed() if path.stat().st_size > 1_000_000]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_short_and_named_for_what_it_is_about(path):
    if path.stem != "nomenclature":  # a list, as long as there are symbols
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 220
    assert not VAGUE & set(path.stem.split("_"))


def public(tree, prefix=""):
    """Yield (name, node) of the public functions and classes of a tree, methods included."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node, f"{node.name}.")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_what_is_public_has_a_docstring_that_is_a_sentence(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module says nothing about itself"
    for name, node in public(tree):
        if isinstance(node, ast.ClassDef) and any("NamedTuple" in ast.unparse(each) for each in node.bases):
            continue
        docstring = ast.get_docstring(node)
        assert docstring, f"{name} has no docstring"
        first = docstring.split("\n\n")[0]
        assert re.match(r"[A-Z`]", first) and re.search(r"[.:]", first), f"{name}: {first!r} is no sentence"


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "model" / "laws").glob("[a-z]*.py")))
def test_laws_hold_no_measured_numbers(name):
    """Numbers of a law are small integers and fractions of its algebra; everything else has a row in data/."""
    from model.notation.equation import Equation, Model

    module = __import__(f"model.laws.{name}", fromlist=[name])
    held = [each for each in vars(module).values() if isinstance(each, Model | Equation)]
    equations = [e for each in held for e in (each.equations if isinstance(each, Model) else [each])]
    for equation in equations:
        for number in equation.rhs.atoms():
            if number.is_Number:
                assert number.is_Rational and abs(number) <= 9, f"{equation.lhs} holds {number}"


def named(tree):
    """Return the words of a module's strings, docstrings left out, as names of data/ are written."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    told = {
        id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and ast.get_docstring(node)
    }
    strings = [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in told
    ]
    return {word.strip(".") for each in strings for word in re.findall(r"[\w.-]+", each)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_machine_or_model_is_named_in_code(path):
    """A law holds for every machine: which one a number comes from is said in data/ or asked for by a notebook."""
    from model.numbers import catalog

    names = {*catalog.read("systems").system, *catalog.read("workloads").workload}
    assert not named(ast.parse(path.read_text(encoding="utf-8"))) & names


def test_the_search_for_machines_sees_names_in_code_and_not_in_docstrings():
    tree = ast.parse(
        '"""As on machine-a."""\ndef f(x="machine-b"):\n    """Of machine-c."""\n    return f"on {x} or machine-d."'
    )
    assert {"machine-b", "machine-d"} <= named(tree)
    assert not {"machine-a", "machine-c"} & named(tree)


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: path.stem)
def test_tests_say_what_they_hold(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    functions = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    tests = [name for name in functions if name.startswith("test_")]
    assert len(tests) == len(set(tests)), "two tests of one name: the first never runs"
