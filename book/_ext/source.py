"""Packs the source of the study into the archive that the install page offers: what git tracks, the same bytes always.

Where there is no git, as in an unpacked archive, all files but those that a build makes.
"""

import gzip
import io
import re
import subprocess
import tarfile
from pathlib import Path

from model.numbers import files

NAME = "supernode-study"
MADE = re.compile(  # what `make clean` removes, and what tools leave
    r"(^|/)(\.git|\.venv[^/]*|\.bench|\.snakemake|__pycache__|\.\w+_cache|\.hypothesis|[^/]+\.egg-info)(/|$)"
    r"|^(sweeps|reports|book/_build|book/executed)/"
)


def tracked(root):
    """Return the paths of the source, relative and sorted."""
    ask = ["git", "-C", str(root), "ls-files", "-z"]
    try:
        listed = subprocess.run(ask, capture_output=True, text=True)
        names = listed.stdout.split("\0") if listed.returncode == 0 else []
    except FileNotFoundError:
        names = []
    if not any(names):
        names = [path.relative_to(root).as_posix() for path in root.rglob("*")]
        names = [name for name in names if not MADE.search(name)]
    return sorted(name for name in names if name and (root / name).is_file())


def packed(root):
    """Return the archive as bytes; no date, no owner, so that it depends on the files alone."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in tracked(root):
            path, entry = root / name, tarfile.TarInfo(f"{NAME}/{name}")
            content = path.read_bytes()
            entry.size, entry.mode = len(content), 0o755 if path.stat().st_mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


def pack(app):
    """Put the archive where the install page offers it."""
    root = Path(app.srcdir).parent
    target = Path(app.srcdir, "executed", f"{NAME}.tar.gz")
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write(target, packed(root))


def setup(app):
    app.connect("builder-inited", pack)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
