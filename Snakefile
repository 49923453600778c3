# The build graph: a notebook reruns when it, a table it reads, model/ or the requirements change; then the site.
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, "notebooks")
import executed

NOTEBOOKS = sorted(path.stem for path in Path("notebooks").glob("*.ipynb"))
SITE = Path("book/_build/html/index.html")
FINISHED = Path("book/_build/finished")  # a stamp, because Snakemake removes outputs before it remakes them

os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # the jobs' programs: ours


def files(folder, pattern="**/*"):
    """Return its files, without what Python leaves there."""
    return sorted(str(path) for path in Path(folder).glob(pattern) if path.is_file() and "__pycache__" not in path.parts)


def tables(wildcards):
    """Return the files that a notebook says it reads, in its metadata study.tables."""
    metadata = json.loads(Path(f"notebooks/{wildcards.name}.ipynb").read_text(encoding="utf-8"))["metadata"]
    names = metadata.get("study", {}).get("tables", [])
    return ["book/references.bib" if name == "references" else f"data/{name}.csv" for name in names]


if not SITE.exists():
    FINISHED.unlink(missing_ok=True)
for each in map(Path, expand("book/executed/{name}.ipynb", name=NOTEBOOKS)):
    if workflow.is_main_process and each.exists() and not executed.whole(each):
        print(f"{each} is not what its run wrote: it is run again.", file=sys.stderr)
        each.unlink()

host = None  # the process that forks the runs of notebooks


def stop_host():
    """End it, where there is one, and wait for that."""
    if host is not None:
        host.stdin.close()
        host.wait()


onstart:
    # Snakemake's own lock outlives a killed run; the kernel lets go of this one.
    global alive
    alive = open(".snakemake/alive", "w")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkflowError("Another build runs in this folder: wait for it, or stop it.")
    except OSError as error:
        print(f"This file system locks no files ({error.strerror}): two builds in it are not kept apart.", file=sys.stderr)
    global host  # which ends with this process, however that ends; without its address the jobs go on without it
    host = subprocess.Popen([sys.executable, "notebooks/host.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.environ["STUDY_HOST"] = host.stdout.readline().strip()

onsuccess:
    stop_host()

onerror:
    stop_host()

wildcard_constraints:
    name="|".join(map(re.escape, NOTEBOOKS))

SOURCES = [
    *expand("book/executed/{name}.ipynb", name=NOTEBOOKS),
    *expand("notebooks/{name}.ipynb", name=NOTEBOOKS),
    *files("book", "*.*"),
    *files("book/zh"),
    *files("book/_ext"),
    *files("book/_static"),
    *files("book/_templates"),
    "CHANGELOG.md",
    "CITATION.cff",
    *files("data", "*.csv"),
    *files("notebooks/scenarios"),
    *files("notebooks/profiles"),
    "requirements.txt",
]

# A build with warnings writes pages all the same: build aside, and put it in place when it is whole.
rule site:
    input:
        SOURCES,
        pages="book/_build/pages",
        printed="book/_build/printed",
    output: touch(FINISHED)
    message: "site"
    shell:
        "if [ -e {input.printed}/supernodes.pdf ]; then cp {input.printed}/supernodes.pdf {input.pages}/_build/html; fi && "
        "cd book/_build && rm -rf last && if [ -d html ]; then mv html last; fi && mv pages/_build/html html && rm -rf last"

rule pages:
    input: SOURCES
    output: temp(directory("book/_build/pages"))
    message: "pages"
    shell:
        "if python book/print.py > /dev/null; then export STUDY_PDF=1; fi && "
        "python book/pages.py build book --path-output {output} -W -n --keep-going -q > /dev/null"

rule printed:  # all pages as one, and its PDF where there is a browser to print it
    input: SOURCES
    output: temp(directory("book/_build/printed"))
    params:
        browser=shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"),
        wanted="NO_PDF" not in os.environ,
    message: "PDF"
    shell:
        "mkdir -p {output} && if python book/print.py; then "
        "python book/pages.py build book --path-output {output} --all --builder custom --custom-builder singlehtml"
        " -W -n --keep-going -q > /dev/null && "
        "python book/print.py {output}/_build/singlehtml/index.html {output}/supernodes.pdf; fi"

rule notebook:
    input:
        tables,
        files("model"),
        "requirements.txt",
        "notebooks/engine.py",
        "notebooks/execute.py",
        "notebooks/executed.py",
        script="notebooks/host.py",
        notebook="notebooks/{name}.ipynb",
    output:
        "book/executed/{name}.ipynb",
        directory("book/executed/{name}"),
    message: "notebook {wildcards.name}"
    shell: "python -S {input.script} {input.notebook:q} {output[0]:q}"

# The one that takes longest is begun first, or the last minute of the notebooks has one core at work.
use rule notebook as longest_notebook with:
    wildcard_constraints: name="your_machine"
    priority: 1

ruleorder: longest_notebook > notebook
