"""Which module of model/ imports which: read off their text."""

import ast
from functools import cache


def modules(model):
    """Return {dotted name below model: path} of every module."""
    paths = {path.relative_to(model).with_suffix("").as_posix(): path for path in sorted(model.rglob("*.py"))}
    return {name.removesuffix("/__init__").replace("/", "."): path for name, path in paths.items()}


@cache
def written(text):
    """Return the names that a module's text imports, inside functions, too."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{ast.unparse(node)}: write imports in full, from model"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def imports(path, known):
    """Return the modules of ours, by dotted name below model, that a file imports."""
    names = written(path.read_text(encoding="utf-8"))
    found = {name.removeprefix("model.") for name in names if name.startswith("model.")} & known.keys()
    found |= {"__init__"} if "model" in names else set()
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}
