"""The same bytes in another folder, zone, language, hash seed, number of cores: answers, notebooks, their pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ENVIRONMENT, copy
from reproduce import ELSEWHERE, contents, differing, history, on_one_core

pytestmark = pytest.mark.slow
# A book of two chapters in two languages, with what they refer to: `make reproduce` builds the whole one again.
NOTEBOOKS = ("systems", "reliability", "reference")
CHAPTERS = ("systems", "reliability", "nomenclature", "references", "summary_zh", "zh/systems", "zh/reliability")
DECODE = "predict decode_throughput --system hgx-h200 model=deepseek-v3 ranks=16 batch=16 context=4096 precision=fp8"
TRAIN = "predict training_step_time --system gb200-nvl72 model=deepseek-v3 devices=256 sequences=4096 precision=mxfp8"
TABLE = "devices,system,note\n" + "".join(f"{8 * number},h100,ä{number}\n" for number in range(1, 400))
PLACES = {
    "plain": {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "HOME": "/tmp"},
    "ein Ordner, größer": ELSEWHERE | {"OPENBLAS_NUM_THREADS": "2"},
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Two copies of the project: {folder: its environment}, the second with all the cores that there are."""
    folders = {copy(tmp_path_factory.mktemp("same") / name): words for name, words in PLACES.items()}
    return {
        folder: ENVIRONMENT
        | history(folder)
        | words
        | {"PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
        for folder, words in folders.items()
    }


def run(places, *command):
    """Run a command in each place, the first on one core; return what it prints."""
    printed = []
    for number, (folder, environment) in enumerate(places.items()):
        started = [sys.executable, *command]
        started = started if number else on_one_core(started)
        done = subprocess.run(started, cwd=folder, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        printed.append(done.stdout)
    return printed


def alike(places, *command):
    """Tell whether what a command prints in each place is the same bytes."""
    one, other = run(places, *command)
    assert len(one) > 20
    return one == other


@pytest.mark.parametrize("asked", [DECODE, TRAIN])
def test_an_answer_with_its_interval_is_the_same_everywhere(places, asked):
    assert alike(places, "-m", "model", *asked.split(), "--json")


def test_another_seed_is_told_apart(places):
    """What is compared can differ at all."""
    one, other = ({**environment} for environment in places.values())
    folders = list(places)
    texts = [
        subprocess.check_output(
            [sys.executable, "-m", "model", *DECODE.split(), "--seed", seed], cwd=folder, env=environment, text=True
        )
        for folder, environment, seed in zip(folders, (one, other), "01", strict=True)
    ]
    assert texts[0] != texts[1]


def test_a_table_is_answered_in_the_same_bytes_everywhere(places):
    for folder in places:
        Path(folder, "points.csv").write_text(TABLE, encoding="utf-8")
    assert alike(places, "-m", "model", "predict", "job_mtbf", "--table", "points.csv")


@pytest.fixture(scope="module")
def executed(places):
    """The places, with a few notebooks run in each, and what they left, by path in the folder."""
    for folder in places:
        (folder / "book" / "executed").mkdir(parents=True, exist_ok=True)
    for name in NOTEBOOKS:
        run(places, "notebooks/execute.py", f"notebooks/{name}.ipynb", f"book/executed/{name}.ipynb")
    return [contents(folder, "book/executed") for folder in places]


def test_notebooks_and_the_data_of_their_figures_are_the_same_bytes_everywhere(executed):
    assert {f"book/executed/{name}.ipynb" for name in NOTEBOOKS} < executed[0].keys()
    assert not differing(*executed)


def test_pages_and_what_they_load_are_the_same_bytes_everywhere(places, executed):
    for folder in places:
        files = ["index", *CHAPTERS, *(f"executed/{name}" for name in NOTEBOOKS)]
        chapters = "".join(f"- file: {name}\n" for name in files[1:])
        (folder / "book/_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}", encoding="utf-8")
        for name in ("index", "summary_zh"):  # they quote every notebook
            page = folder / f"book/{name}.md"
            head = re.match(r"---\n.*?\n---\n", page.read_text(encoding="utf-8"), re.DOTALL)
            page.write_text(f"{head[0] if head else ''}# A book\n\nOf two chapters.\n", encoding="utf-8")
    run(places, "book/pages.py", "build", "book", "--path-output", "made", "-q")
    one, other = (contents(folder, "made/_build/html") for folder in places)
    assert {f"made/_build/html/{name}.html" for name in ("index", *CHAPTERS)} < one.keys()
    assert not differing(one, other)
