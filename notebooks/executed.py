"""Tells whether an executed notebook and the data of its figures are still as the run left them."""

import hashlib

STAMP = ".snakemake_timestamp"  # which Snakemake leaves in a folder that a job made


def _record(notebook):
    return notebook.with_name(f".{notebook.stem}.sha256")


def digest(notebook):
    """Return a digest of the executed notebook and of every file in the folder beside it, names included."""
    folder = notebook.with_suffix("")
    found = hashlib.sha256()
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != STAMP)
    for path in [notebook, *files]:
        name, content = path.relative_to(notebook.parent), hashlib.sha256(path.read_bytes())
        found.update(f"{name}\0{content.hexdigest()}\0".encode())
    return found.hexdigest()


def record(notebook):
    """Write the digest down beside the notebook, once both are whole."""
    _record(notebook).write_text(f"{digest(notebook)}\n", encoding="ascii")


def whole(notebook):
    """Tell whether notebook and folder are what their run wrote: not cut, not edited."""
    recorded = _record(notebook)
    return recorded.is_file() and recorded.read_text(encoding="ascii", errors="replace").strip() == digest(notebook)
