"""What the repository keeps to: nothing of one machine in it, telling names, one version, no page left out."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

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
def test_a_module_is_named_for_what_it_is_about(path):
    assert not VAGUE & set(path.stem.split("_"))


def test_the_linter_stops_a_function_with_many_ways_through_it(tmp_path):
    def found(ways):
        branches = [f"    if x == {each}:\n        return -x\n" for each in range(ways - 1)]
        (tmp_path / "ways.py").write_text(f"def way(x):\n{''.join(branches)}    return x\n", encoding="utf-8")
        command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", ROOT / "pyproject.toml", tmp_path]
        return "C901" in subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout

    assert found(16) and not found(15)


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


# Chapters on the published records of single machines: their names are still to become parameters or data.
ABOUT_RECORDS = {"bandwidth.py", "machines.py", "domain_costs/spares.py", "domain_costs/topologies.py"}
ABOUT_RECORDS |= {f"interruptions/{name}.py" for name in ("published", "rates", "recovery", "spares")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_machine_or_model_is_named_in_code(path):
    """A law holds for every machine: which one a number comes from is said in data/ or asked for by a notebook."""
    from model.numbers import catalog

    names = {*catalog.read("systems").system, *catalog.read("workloads").workload}
    found = named(ast.parse(path.read_text(encoding="utf-8"))) & names
    excused = path.relative_to(ROOT / "model").as_posix().removeprefix("studies/") in ABOUT_RECORDS
    assert bool(found) == excused, "take it from the list" if excused else f"names {', '.join(sorted(found))}"


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


def left_out(toc, written):
    """Return what differs between a table of contents and the pages that are there: missing, unknown, listed twice."""
    listed = [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]
    return sorted(set(written) ^ set(listed)) + sorted(name for name in set(listed) if listed.count(name) > 1)


def test_every_page_and_every_notebook_stands_in_the_table_of_contents():
    """A page that book/_toc.yml leaves out would vanish from the site without a word."""
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    pages = [path.stem for path in (ROOT / "book").glob("*.md")]
    pages += [f"zh/{path.stem}" for path in (ROOT / "book" / "zh").glob("*.md")]
    pages += [f"executed/{path.stem}" for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert not left_out(toc, pages), "book/_toc.yml and the pages of book/ and notebooks/ differ"


def test_a_page_that_is_left_out_unknown_or_listed_twice_is_seen():
    toc = {"root": "index", "parts": [{"chapters": [{"file": "method"}, {"file": "method"}, {"file": "lost"}]}]}
    assert left_out(toc, ["index", "method", "new"]) == ["lost", "new", "method"]


def test_one_version_everywhere():
    """Held between pyproject.toml, CITATION.cff, the newest heading of CHANGELOG.md and a tag of this commit."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == version
    heading = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert re.fullmatch(rf"{re.escape(version)} \((unreleased|\d{{4}}-\d\d-\d\d)\)", heading), heading
    asked = subprocess.run(["git", "tag", "--points-at", "HEAD", "v*"], cwd=ROOT, capture_output=True, text=True)
    if tags := asked.stdout.split():
        assert tags == [f"v{version}"] and "unreleased" not in heading


@pytest.mark.parametrize("path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_a_workflow_may_do_only_what_each_job_names_and_leaves_no_credentials(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"] and job["timeout-minutes"], name
        for step in job["steps"]:
            assert re.match(r"actions/[a-z-]+@v\d+$|[\w/-]+@[0-9a-f]{40}$", step.get("uses", "actions/none@v0")), step
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_the_lock_has_a_hash_for_each_pin_of_the_requirements():
    def pins(name):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        return [line.removesuffix("\\").strip() for line in lines if re.match(r"[a-z0-9].*==", line, re.IGNORECASE)]

    assert pins("requirements.lock") == pins("requirements.txt")
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", each) for each in entries)


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*_*.yml")), ids=lambda path: path.stem)
def test_a_form_for_an_issue_asks_for_what_finds_the_fault(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    asked = [field for field in form["body"] if field["type"] != "markdown"]
    assert form["name"] and form["description"]
    assert len({field["id"] for field in asked}) == len(asked) >= 3
    assert all(field["attributes"]["label"] for field in asked)
    assert any(field["validations"]["required"] for field in asked)


def test_whatever_needs_the_built_site_runs_after_the_build():
    """Before it they are skipped, and nobody would see that: `built` marks what takes its places from conftest."""
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake test-slow" in steps.partition("\nmake book")[2]
    (command,) = re.findall(r"^test-slow:.*\n\t(.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert '-m "slow or built"' in command and "tests/" not in command
    place = re.compile(r"^from conftest import .*\b(SITE|EXECUTED)\b", re.MULTILINE)
    texts = {path.name: path.read_text("utf-8") for path in ROOT.glob("tests/**/test_*.py") if path != Path(__file__)}
    skipping = [name for name, text in texts.items() if re.search(r"\"[^\"\n]*: (run )?make book\"", text)]
    assert len(skipping) > 10
    assert not [name for name in skipping if not place.search(texts[name])]


def test_tests_of_one_group_share_a_worker(tmp_path):
    """What a group makes once takes half a minute; pytest 9.2 kept the groups from pytest-xdist, without a word."""
    (tmp_path / "test_groups.py").write_text(
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('number', range(12))\n"
        "@pytest.mark.xdist_group('one')\n"
        "def test_it(number):\n"
        f"    pathlib.Path({str(tmp_path)!r}, os.environ['PYTEST_XDIST_WORKER']).touch()\n"
    )
    run = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider"]
    subprocess.run([*run, "--rootdir", tmp_path, tmp_path], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert len(list(tmp_path.glob("gw*"))) == 1
