"""A sweep on a real Slurm, which the test starts on this machine's loopback and stops: a cancelled job runs again."""

import csv
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
from checkout import ENVIRONMENT, MAKE, copy

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sweep")]

PATH = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "squeue")
MISSING = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=4000 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
CHECK = """import model.views.parameters as _parameters
_parameters.check(globals(), number=_parameters.count(0, 1000), wait=_parameters.Range(0, 60))"""
CELLS = ["import time\n\nfrom model.views import figures", "time.sleep(wait)\nfigures.value('square', number**2)"]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment in which Slurm's commands reach a cluster of this machine alone."""
    if missing := [
        program for program in PROGRAMS if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    ]:
        pytest.skip(f"Slurm is not installed: there is no {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("slurmd starts jobs as root only")
    folder = tmp_path_factory.mktemp("slurm")
    for each in ("state", "spool"):
        (folder / each).mkdir()
    folder.chmod(0o755)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    host = socket.gethostname().split(".")[0]
    ports = {"controller": free_port(), "node": free_port()}
    text = CONFIGURATION.format(host=host, user="root", folder=folder, cores=os.cpu_count(), **ports)
    (folder / "slurm.conf").write_text(text)
    # Snakemake takes SLURM_CONF from a job before it calls srun, since a cluster's lies in its usual place.
    srun = folder / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun", path=PATH)} "$@"\n')
    srun.chmod(0o755)
    environment = ENVIRONMENT | {"SLURM_CONF": f"{folder}/slurm.conf", "PATH": f"{srun.parent}{os.pathsep}{PATH}"}
    version = tuple(map(int, re.findall(r"\d+", said(["slurmd", "-V"], environment))[:2]))
    (folder / "cgroup.conf").write_text(f"CgroupPlugin={'disabled' if version >= (23, 11) else 'cgroup/v1'}\n")
    munge = [f"--{name}-file={folder}/munged.{name}" for name in ("pid", "log", "seed")]
    munge += [f"--key-file={key}", f"--socket={folder}/munge.socket", "--foreground", "--force"]
    started = []
    try:
        for command in (["munged", *munge], ["slurmctld", "-D"], ["slurmd", "-D"]):
            with (folder / f"{command[0]}.out").open("w") as out:
                started.append(subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT))
            wait_for(lambda: (folder / "munge.socket").exists(), 20, folder)
        wait_for(lambda: "idle" in said(["sinfo", "--noheader", "--format=%T"], environment), 60, folder)
        yield environment
        subprocess.run(["scancel", "--user=root"], env=environment, capture_output=True)
        wait_for(lambda: not said(["squeue", "--noheader"], environment).strip(), 60, folder)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=30)


def said(command, environment):
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30).stdout


def wait_for(there, seconds, folder):
    until = time.monotonic() + seconds
    while not there():
        logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.out"))
        assert time.monotonic() < until, f"not within {seconds} s:\n{logs}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A copy of the project with a small notebook, 20 scenarios, and the profile with fewer and smaller jobs."""
    folder = copy(tmp_path_factory.mktemp("cluster") / "study")
    parameters = nbformat.v4.new_code_cell(
        "number = 0\nwait = 0.0\ndraws = 1000\nseed = 0", metadata={"tags": ["parameters"]}
    )
    cells = [parameters, *map(nbformat.v4.new_code_cell, [CHECK, *CELLS])]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    made = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "study": {"tables": []}})
    nbformat.write(made, folder / "notebooks/square.ipynb")
    (folder / "square.csv").write_text("number,wait\n" + "".join(f"{number},2\n" for number in range(20)))
    profile = (folder / "notebooks/profiles/slurm/config.yaml").read_text()
    for old, new in (("jobs: 50", "jobs: 4"), ("batch=2", "batch=1"), ("checks: 20", "checks: 5")):
        assert old in profile
        profile = profile.replace(old, new)
    (folder / "few").mkdir()
    (folder / "few/config.yaml").write_text(profile)
    return folder


def watch(sweep, runs, slurm, seconds=240):
    """Cancel the first job that is in the midst of its runs; return all jobs that there were, and that one."""
    seen, cancelled, until = set(), None, time.monotonic() + seconds
    while sweep.poll() is None and time.monotonic() < until:
        listed = said(["squeue", "--noheader", "--states=all", "--format=%i %T"], slurm)
        jobs = dict(line.split() for line in listed.splitlines())
        seen |= jobs.keys()
        running = [job for job, state in jobs.items() if state == "RUNNING"]
        if cancelled is None and running and any(runs.glob("*.ipynb")):
            cancelled = running[0]
            subprocess.run(["scancel", cancelled], env=slurm, check=True)
        time.sleep(0.3)
    return seen, cancelled


def test_a_cancelled_job_is_run_again_and_the_table_is_complete(study, slurm):
    runs = study / "sweeps/square"
    command = [*MAKE, "sweep", "NOTEBOOK=square", "SCENARIOS=square.csv", "PROFILE=few"]
    with (study / "said.txt").open("w") as out:
        sweep = subprocess.Popen(
            command, cwd=study, env=slurm, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        seen, cancelled = watch(sweep, runs, slurm)
    finally:
        if sweep.poll() is None:
            os.killpg(sweep.pid, signal.SIGKILL)
    log = (runs / "log.txt").read_text() if (runs / "log.txt").exists() else ""
    assert sweep.poll() == 0, (study / "said.txt").read_text() + log[-6000:]
    assert cancelled is not None
    assert len(seen) == 5, f"four jobs and one again, not {seen}"
    assert re.search(rf"SLURM[- ]job '{cancelled}' failed.*CANCELLED", log, re.S), log[-6000:]
    with (runs / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["number"], row["status"], row["square"]) for row in rows] == [
        (str(number), "done", str(number**2)) for number in range(20)
    ]
    plans = [json.loads(path.read_text()) for path in sorted(runs.glob("batches/*.json"))]
    assert [len(plan["runs"]) for plan in plans] == [5, 5, 5, 5]
    assert {Path(row["notebook"]).stem for row in rows} == {name for plan in plans for name in plan["runs"]}


def test_a_build_server_has_all_it_needs():
    if os.environ.get("CI") and os.geteuid() == 0:
        assert not MISSING, "the test of a cluster may not be skipped here"
