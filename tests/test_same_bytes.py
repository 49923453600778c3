"""The same bytes in another folder, zone, language, hash seed and number of cores: answers and a whole notebook."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ENVIRONMENT, copy

pytestmark = pytest.mark.slow
DECODE = "predict decode_throughput --system hgx-h200 model=deepseek-v3 ranks=16 batch=16 context=4096 precision=fp8"
TRAIN = "predict training_step_time --system gb200-nvl72 model=deepseek-v3 devices=256 sequences=4096 precision=mxfp8"
TABLE = "devices,system,note\n" + "".join(f"{8 * number},h100,ä{number}\n" for number in range(1, 400))
PLACES = {
    "plain": {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "HOME": "/tmp"},
    "ein Ordner, größer": {
        **{"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "123"},
        **{"OPENBLAS_NUM_THREADS": "2", "MPLBACKEND": "svg", "COLUMNS": "40"},
    },
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Two copies of the project: {folder: its environment}, the second with all the cores that there are."""
    folders = {copy(tmp_path_factory.mktemp("same") / name): words for name, words in PLACES.items()}
    return {
        folder: ENVIRONMENT | words | {"PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
        for folder, words in folders.items()
    }


def alike(places, *command, made=None):
    """Run a command in each place, the first on one core; tell whether what it prints, or makes, is the same bytes."""
    found = []
    for number, (folder, environment) in enumerate(places.items()):
        one = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if number == 0 and shutil.which("taskset") else []
        done = subprocess.run([*one, sys.executable, *command], cwd=folder, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        found.append((folder / made).read_bytes() if made else done.stdout)
    assert len(found[0]) > 20
    return found[0] == found[1]


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


def test_an_executed_notebook_is_the_same_bytes_everywhere(places):
    name = "reliability.ipynb"
    for folder in places:
        (folder / "book" / "executed").mkdir(parents=True, exist_ok=True)
    made = f"book/executed/{name}"
    assert alike(places, "notebooks/execute.py", f"notebooks/{name}", made, made=made)
