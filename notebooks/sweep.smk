# The jobs of a sweep, in the folder of its results: sweep.py writes the plans there and asks for the stamps.
import os
import sys
from pathlib import Path

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the jobs' programs: ours

rule batch:  # some of the runs
    input: "{name}/batches/{number}.json"
    output: touch("{name}/batches/{number}.done")
    params: program=str(Path(workflow.basedir) / "batch.py")
    message: "batch {wildcards.number} of the sweep of {wildcards.name}"
    threads: os.cpu_count()  # a profile for a cluster says its own
    retries: 2
    shell: "python {params.program:q} {input:q} {threads}"
