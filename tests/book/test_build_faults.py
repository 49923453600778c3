"""What the build does when something is wrong, when nothing changed, and when it is killed. Works on copies."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from checkout import ENVIRONMENT, MAKE, ROOT, copy, make
from reproduce import CLOCK, MADE, contents, history, judged

SOME = ("fabric", "reliability", "systems", "training")  # notebooks of a build that is killed
INDEX = "book/_build/html/index.html"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("build")]


def build(folder, *options):
    """Run `make book` there; return its exit code and all that it printed."""
    return make(folder, "book", *options, **history(folder))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A copy with a finished book; what this folder has built already is not built again."""
    study = copy(tmp_path_factory.mktemp("build") / "study")
    for made in ("book/executed", "book/_build", ".snakemake"):
        if (ROOT / made).is_dir():
            shutil.copytree(ROOT / made, study / made)
    code, printed = build(study)
    assert code == 0, printed
    return study


@pytest.fixture
def study(good, tmp_path):
    return Path(shutil.copytree(good, tmp_path / "study"))


def readers(folder, table):
    """Return the notebooks that list the table."""
    notebooks = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("notebooks/*.ipynb")}
    return {name for name, notebook in notebooks.items() if table in notebook["metadata"]["study"]["tables"]}


def edit_first_row(path, column, change):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row[column])
    row[column] = change(row[column])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def assert_stops(study, *sentences):
    """The build fails, for each sentence a line says all parts of it, and the last good site is untouched."""
    before = (study / INDEX).read_bytes()
    code, printed = build(study)
    assert code != 0
    for sentence in sentences:
        assert [line for line in printed.splitlines() if all(part in line for part in sentence)], printed
    assert (study / INDEX).read_bytes() == before


def test_notebook_that_raises(study):
    path = study / "notebooks/reliability.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    broken = {"id": "broken", "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"].append(broken | {"source": "raise ValueError('broken on purpose')"})
    path.write_text(json.dumps(notebook), "utf-8")
    where = f"notebooks/reliability.ipynb, cell {len(notebook['cells'])}"
    assert_stops(study, (where, "ValueError: broken on purpose"))
    assert (study / "book/_build/failed/reliability.ipynb").is_file()


def test_names_that_no_notebook_glues(study):
    """A number and an equation: one build names both, for warnings stop it only at its end."""
    with (study / "book/index.md").open("a", encoding="utf-8") as page:
        page.write("\n{glue:text}`executed/reliability.ipynb::no_such_name:.2f`\n")
        page.write("\n```{glue:math} executed/reliability.ipynb::no_such_law\n```\n")
    assert_stops(study, ("index.md", "no_such_name"), ("index.md", "no_such_law"))


def test_data_row_without_source(study):
    edit_first_row(study / "data/systems.csv", "source", lambda source: "")
    assert_stops(study, ("notebooks/", "systems.csv", "source"))


def test_nothing_changed(study):
    """Snakemake finds nothing to do in a copy, whose files are new; then their list says so, without Snakemake."""
    jobs, told = re.compile(r"^Job \d", re.MULTILINE), "no file has changed since the book was built"
    first, second = build(study), build(study)
    assert first[0] == second[0] == 0
    assert "Nothing to be done" in first[1] and told not in first[1] and not jobs.search(first[1])
    assert "Nothing to be done" in second[1] and told in second[1]


def test_a_second_build_that_is_killed_goes_on_and_is_identical(study, good):
    """A few notebooks and all pages anew, killed once the first is there; meanwhile another build is refused."""
    ran = [study / f"book/executed/{name}.ipynb" for name in SOME]
    for each in ran:
        each.unlink()
        shutil.rmtree(each.with_suffix(""))
    (study / "book/_build/finished").unlink()
    process = subprocess.Popen(
        [*MAKE, "book"],
        cwd=study,
        env=ENVIRONMENT,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    while not any(each.exists() for each in ran) and process.poll() is None:
        time.sleep(0.05)
    code, printed = build(study)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert code != 0
    assert "Another build runs in this folder" in printed
    assert contents(study, *MADE).keys() < contents(good, *MADE).keys()
    code, printed = build(study)
    assert code == 0, printed
    same, lines = judged(contents(good, *MADE), contents(study, *MADE))
    assert same, lines


def test_jupyter_book_alone_builds_the_site_of_notebooks_that_ran(study):
    shutil.rmtree(study / "book/_build")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "book", "-W", "-n", "--keep-going"]
    run = subprocess.run(command, cwd=study, env=ENVIRONMENT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert ">not measured</td>" in (study / CLOCK).read_text(encoding="utf-8")


@pytest.mark.parametrize("table", ["reliability", "network"])
def test_changed_number_reruns_only_its_readers(study, table):
    edit_first_row(study / f"data/{table}.csv", "value", lambda value: f"{float(value) * 1.01:.6g}")
    _, printed = build(study, "SNAKEMAKE_OPTIONS=--dry-run")
    assert set(re.findall(r"notebook (\w+)$", printed, re.MULTILINE)) == readers(study, table) != set()
