"""Tells which small changes of a module its tests do not see: a command, not a test; it takes hours for all of model/.

python tests/mutants.py MODULE TESTS [MOST]: MODULE as model/laws/roofline.py, TESTS files, folders, options of pytest
with blanks between, MOST how many mutants, drawn at random with one seed (40). The mutants are cosmic-ray's, which uv
fetches; they are made in a copy of the project.
"""

import os
import random
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from checkout import copy

TOOL = [str(Path(sys.executable).with_name("uv")), "tool", "run", "--from", "cosmic-ray==8.7.0"]
CONFIGURATION = """\
[cosmic-ray]
module-path = "{module}"
timeout = 300.0
excluded-modules = []
test-command = "{command}"
[cosmic-ray.distributor]
name = "local"
"""
KEYED = ("mutation_specs", "work_items")


def sample(session, most):
    """Leave at most so many mutants in a session of cosmic-ray; return how many there were."""
    with sqlite3.connect(session) as database:
        places = "SELECT job_id FROM mutation_specs ORDER BY module_path, start_pos_row, start_pos_col, operator_name,"
        every = [row[0] for row in database.execute(f"{places} occurrence")]
        kept = set(random.Random(0).sample(every, min(most, len(every))))
        for job in every:
            if job not in kept:
                for table in KEYED:
                    database.execute(f"DELETE FROM {table} WHERE job_id = ?", (job,))
    return len(every)


def main(module, tests, most):
    """Make mutants, run the tests on each, print those that survived; return 1 where any did."""
    with tempfile.TemporaryDirectory() as scratch:
        study = copy(Path(scratch, "study"))
        tested = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-m", "not slow", *tests.split()]
        (study / "mutants.toml").write_text(CONFIGURATION.format(module=module, command=shlex.join(tested)))
        own = os.environ | {"PYTHONPATH": str(study)}  # the installed project is another
        run = {"cwd": study, "check": True, "env": own}
        subprocess.run([*TOOL, "cosmic-ray", "baseline", "mutants.toml"], **run)
        subprocess.run([*TOOL, "cosmic-ray", "init", "mutants.toml", "mutants.sqlite"], **run, capture_output=True)
        every = sample(study / "mutants.sqlite", most)
        subprocess.run([*TOOL, "cosmic-ray", "exec", "mutants.toml", "mutants.sqlite"], **run)
        subprocess.run([*TOOL, "cr-report", "--surviving-only", "--show-diff", "mutants.sqlite"], **run)
        print(f"{module}: {min(most, every)} of {every} mutants tried, with {tests}")
        rate = subprocess.run([*TOOL, "cr-rate", "mutants.sqlite"], **run, capture_output=True, text=True).stdout
        return int(float(rate) > 0)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 40))
