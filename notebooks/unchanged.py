"""Tells in a moment whether a build would find nothing to do: python notebooks/unchanged.py [START]

It compares every file that the book is made of, and the book, with the list that was kept when a build was complete:
size, inode, and when content and status last changed, which no write leaves as they are. Where one differs, or the
browser or the Python is another, it prints a digest of what a build now starts from, with the time, and exits with 1:
Snakemake looks which of it matters. Given that text after the build, it keeps the list. Where a file changed while the
build ran it names the file instead, and has the next build make again what may rest on it as it was: Snakemake, which
looks at dates and contents when a job has ended, would take it as built.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path

KEPT = Path(".snakemake/built.json")
SOURCES = ("Snakefile", "CHANGELOG.md", "CITATION.cff", "pyproject.toml", "requirements.txt", ".venv/ready")
FOLDERS = ("book", "data", "model", "notebooks")
MADE = ("book/executed", "book/_build/html", "book/_build/finished")
EXECUTED, _, FINISHED = MADE
REFERENCES = "book/references.bib"  # of the book's own files the one that notebooks read
TICK = 10_000_000  # ns by which a file's time may lag behind the clock
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def seen(path):
    """Return what tells a file from any other content that it may have had; None for one that is not there."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return [found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns]


def files(folder, without=()):
    """Yield the paths of all files in a folder, but for some folders and what Python leaves there."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__" and entry.path not in without:
                yield from files(entry.path, without)
        else:
            yield entry.path


def state():
    """Return {what: how it is now} of two kinds: what a build starts from, and what it makes."""
    sources = {path: seen(path) for path in SOURCES}
    for folder in FOLDERS:
        sources |= {path: seen(path) for path in files(folder, (*MADE, "book/_build"))}
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    sources |= {"browser": browser, "PDF": "NO_PDF" not in os.environ, "Python": sys.executable}
    made = {FINISHED: seen(FINISHED)}
    for folder in filter(os.path.isdir, MADE[:-1]):
        made |= {path: seen(path) for path in files(folder)}
    return {"sources": sources, "made": made}


def digest(found):
    """Return a digest of what a build starts from."""
    return hashlib.sha256(json.dumps(found["sources"], sort_keys=True).encode()).hexdigest()


def kept():
    """Return the list that was kept, None where there is none or it was cut."""
    try:
        return json.loads(KEPT.read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def keep(found):
    """Keep a list, whole or not at all."""
    part = KEPT.with_name(f"{KEPT.name}.{os.getpid()}.part")
    part.write_text(json.dumps(found), encoding="utf-8")
    part.replace(KEPT)


def unmake(sources, started):
    """Name the sources that changed since a time in ns, and remove what was made since of them."""
    since = started - TICK
    changed = sorted(path for path, found in sources.items() if isinstance(found, list) and found[-1] >= since)
    if not changed:  # a file is gone, which Snakemake sees by itself
        return
    print(f"Changed while the book was built: {', '.join(changed)}. The next make book takes it in.", file=sys.stderr)
    Path(FINISHED).unlink(missing_ok=True)
    read = [path for path in changed if not path.startswith("book/") or path == REFERENCES]  # by notebooks
    alone = {Path(path).name for path in read if path.endswith(".ipynb")}  # which nothing but its own run reads
    for notebook in Path(EXECUTED).glob("*.ipynb"):
        if (notebook.name in alone or len(read) > len(alone)) and notebook.stat().st_mtime_ns >= since:
            notebook.unlink()


def main(start=None):
    """Return the exit code; start: what was printed before a build that is complete now."""
    began, now = time.time_ns(), state()
    if start is not None:
        before, _, started = start.partition("@")
        if before == digest(now):
            keep(now)
        elif started:
            unmake(now["sources"], int(started))
        return 0
    same = kept() == now
    told = "Nothing to be done: no file has changed since the book was built."
    print(told if same else f"{digest(now)}@{began}")
    return 0 if same else 1


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
