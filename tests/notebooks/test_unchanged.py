"""There is nothing to do: told where that is so and nowhere else. With a Snakemake that only says it ran."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ENVIRONMENT, ROOT

TOLD = "Nothing to be done: no file has changed since the book was built."
SNAKEMAKE = """#!/bin/sh
echo ran
touch book/_build/finished
for each in y z; do echo again > book/executed/$each.ipynb; done
if [ -n "$EDIT" ]; then echo more >> "$EDIT"; fi
exit ${FAIL:-0}
"""


@pytest.fixture
def study(tmp_path):
    """A folder with the Makefile, a few files and a built book, and programs for it."""
    for name in ("book/page.md", "data/rows.csv", "model/law.py", "book/executed/x.ipynb", "book/_build/html/x.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("some text\n")
    for name in ("notebooks", ".snakemake", "bin"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "notebooks/unchanged.py", tmp_path / "notebooks")
    (tmp_path / "bin/python").symlink_to(sys.executable)
    (tmp_path / "bin/snakemake").write_text(SNAKEMAKE)
    (tmp_path / "bin/snakemake").chmod(0o755)
    return tmp_path


def make(study, *words, **environment):
    """Run make book there; tell whether Snakemake ran, and whether it was told that nothing changed."""
    command = ["make", "--old-file", ".venv/ready", f"BIN={study / 'bin'}", "book", *words]
    run = subprocess.run(command, cwd=study, env=ENVIRONMENT | environment, capture_output=True, text=True)
    assert (run.returncode == 0) == ("FAIL" not in environment), run.stderr
    return "ran" in run.stdout.splitlines(), TOLD in run.stdout.splitlines()


RAN, NOTHING = (True, False), (False, True)


def rewrite(path):
    """Change a file so that neither its size nor its date tells it."""
    before = path.stat()
    path.write_text("Some text\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "a page": lambda study: rewrite(study / "book/page.md"),
    "a table": lambda study: rewrite(study / "data/rows.csv"),
    "a law": lambda study: rewrite(study / "model/law.py"),
    "an executed notebook": lambda study: rewrite(study / "book/executed/x.ipynb"),
    "a built page": lambda study: rewrite(study / "book/_build/html/x.html"),
    "a new file": lambda study: (study / "book/new.md").write_text("x"),
    "a file that is gone": lambda study: (study / "model/law.py").unlink(),
    "a book that is gone": lambda study: shutil.rmtree(study / "book/_build/html"),
    "a list that was cut": lambda study: (study / ".snakemake/built.json").write_text("{"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_snakemake_looks_after_any_change_and_after_no_other(study, change):
    assert [make(study), make(study), make(study)] == [RAN, NOTHING, NOTHING]
    change(study)
    assert [make(study), make(study)] == [RAN, NOTHING]


def test_snakemake_looks_where_a_build_failed_or_a_file_changed_meanwhile(study):
    assert [make(study, FAIL="1"), make(study), make(study)] == [RAN, RAN, NOTHING]
    (study / "book/page.md").write_text("another text\n")
    assert [make(study, EDIT="book/page.md"), make(study), make(study)] == [RAN, RAN, NOTHING]


@pytest.mark.parametrize(
    ("edited", "left"),
    [
        ("book/page.md", {"x.ipynb", "y.ipynb", "z.ipynb"}),  # of which notebooks know nothing
        ("notebooks/y.ipynb", {"x.ipynb", "z.ipynb"}),  # which no other notebook reads
        ("data/rows.csv", {"x.ipynb"}),
        ("model/law.py", {"x.ipynb"}),
        ("book/references.bib", {"x.ipynb"}),
    ],
)
def test_what_was_made_while_a_file_changed_is_made_again_and_the_rest_is_not(study, edited, left):
    """Snakemake takes what is younger than a file, or was ready after its change, as made of it."""
    (study / "book/references.bib").write_text("some text\n")
    assert make(study) == RAN
    assert (study / "book/_build/finished").exists()
    (study / "data/rows.csv").write_text("other text\n")
    assert make(study, EDIT=edited) == RAN
    assert not (study / "book/_build/finished").exists()
    assert {path.name for path in (study / "book/executed").iterdir()} == left


def test_nothing_is_made_again_for_a_trial_or_a_file_that_is_gone(study):
    assert make(study, "SNAKEMAKE_OPTIONS=--dry-run", EDIT="data/rows.csv") == RAN
    (study / "bin/snakemake").write_text(f"{SNAKEMAKE.replace('exit', 'rm -f data/rows.csv; exit')}")
    assert make(study) == RAN
    assert (study / "book/_build/finished").exists() and (study / "book/executed/y.ipynb").exists()


def test_snakemake_looks_where_it_is_asked_for_something_else(study):
    assert [make(study), make(study)] == [RAN, NOTHING]
    assert make(study, "SNAKEMAKE_OPTIONS=--dry-run") == RAN
    environment = dict(ENVIRONMENT)
    del ENVIRONMENT["NO_PDF"]
    try:
        assert make(study) == RAN
    finally:
        ENVIRONMENT.update(environment)
    assert make(Path(study)) == RAN
