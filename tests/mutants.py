"""Which faults of a module its nearest tests do not see: small faults, planted one at a time in a copy of the project.

python tests/mutants.py FILE [EACH] [record], from the project's folder: every EACH-th fault of FILE, 0 for all; with
record the score goes into tests/mutants.csv, and what survives into tests/survivors.csv, where a person writes why.
Of other programs, mutmut ran the whole suite first, and cosmic-ray was too slow to show a finished run.

python tests/mutants.py score: what the records say, by room and in all.

python tests/mutants.py all MOST [record]: every module of the rooms whose numbers readers see, of each at most MOST
faults, evenly spread over its lines, so that each run of one commit plants the same ones.

The nearest tests of model/ROOM/NAME.py are the fast ones of tests/ROOM that bear its name, of a module in a folder of a
room also those that bear the folder's; where there is none, those that import it, first those whose name begins with
its own; where that room has none either, those of every room, and where there is none at all, all of its room. A fault
is caught if one of them fails, or they take five times the usual time of a core, or twenty times as long: other
programs may have the cores.
"""

import ast
import csv
import importlib
import importlib.util
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from checkout import copy
from imports import imports, modules

SWAPS = [(ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq)]
SWAPS += [(ast.Is, ast.IsNot), (ast.In, ast.NotIn), (ast.And, ast.Or), (ast.BitAnd, ast.BitOr)]
SWAPS = dict(SWAPS) | {other: one for one, other in SWAPS} | {ast.Pow: ast.Mult, ast.FloorDiv: ast.Div}
NAMES = [("Max", "Min"), ("max", "min"), ("maximum", "minimum"), ("fmax", "fmin"), ("ceiling", "floor"), ("any", "all")]
NAMES += [("Le", "Lt"), ("Ge", "Gt"), ("And", "Or"), ("less_equal", "less"), ("greater_equal", "greater")]
NAMES = dict(NAMES) | {other: one for one, other in NAMES} | {"ceil": "floor"}
SAY = "Say python tests/mutants.py FILE [EACH, a whole number, 0 for all] [record], all MOST [record], or score"
JUDGED = ("laws", "machine", "numbers", "predictions")  # rooms whose mistakes are wrong numbers
SUMS, PRODUCTS = (ast.Add, ast.Sub), (ast.Mult, ast.Div)
UNSEEN = (ast.JoinedStr, ast.Raise, ast.Import, ast.ImportFrom)  # words for people, and what any test would miss
RECORD, SURVIVORS = Path("tests/mutants.csv"), Path("tests/survivors.csv")
COLUMNS = ("module", "faults", "planted", "caught", "each", "commit")
SURVIVED = ("module", "before", "after", "why")
SLACK, LEAST = 5.0, 20.0  # how much of a core the tests of a fault may take: times the usual, and s at least
PATIENCE = 4.0  # how much longer they may take than they have a core


@dataclass(frozen=True)
class Mutant:
    """A module with one fault: its source, and what was changed where."""

    line: int
    before: str
    after: str
    source: str


@dataclass(frozen=True)
class Score:
    """What became of a module's faults: how many there are, how many were planted, every which, and who survived."""

    faults: int
    planted: int
    each: int
    survivors: list[Mutant]


def mutants(source):
    """Return every Mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    found = []
    for node, parent, field in _seen(tree):
        before = ast.unparse(node)
        for target, name, fault in _faults(node, parent, field):
            whole = _get(target, name)
            _set(target, name, fault)
            after = ast.unparse(_get(parent, field) if target is parent else node)
            found.append(Mutant(node.lineno, _short(before), _short(after), ast.unparse(tree)))
            _set(target, name, whole)
    return sorted(found, key=lambda each: each.line)


def _seen(node):
    """Yield (node, its parent, its place there) of all in which a fault may be planted."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for number, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST) and not isinstance(child, UNSEEN):
                if hasattr(child, "lineno"):
                    yield child, node, (field, number) if isinstance(value, list) else (field, None)
                yield from _seen(child)


def _faults(node, parent, field):
    """Yield (node to change, place in it, what stands there then) of each fault of one node."""
    match node:
        case ast.BinOp():
            union = isinstance(node.op, ast.BitOr) and ast.Dict in (type(node.left), type(node.right))
            if type(node.op) in SWAPS and not union:
                yield node, ("op", None), SWAPS[type(node.op)]()
            if isinstance(node.op, (*SUMS, *PRODUCTS)):
                yield parent, field, node.left
            if isinstance(node.op, ast.Add):
                yield parent, field, node.right
        case ast.Compare():
            for number, op in enumerate(node.ops):
                if type(op) in SWAPS:
                    yield node, ("ops", number), SWAPS[type(op)]()
        case ast.BoolOp():
            yield node, ("op", None), SWAPS[type(node.op)]()
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert()):
            yield parent, field, node.operand
        case ast.Constant(value=bool()):
            yield parent, field, ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield parent, field, ast.Constant(node.value + 1)
        case ast.Attribute() if node.attr in NAMES:
            yield node, ("attr", None), NAMES[node.attr]
        case ast.Name() if node.id in NAMES:
            yield node, ("id", None), NAMES[node.id]
        case ast.If() | ast.IfExp() | ast.While() if not isinstance(node.test, ast.UnaryOp):
            yield node, ("test", None), ast.UnaryOp(ast.Not(), node.test)


def _get(node, place):
    field, number = place
    return getattr(node, field) if number is None else getattr(node, field)[number]


def _set(node, place, value):
    field, number = place
    if number is None:
        setattr(node, field, value)
    else:
        getattr(node, field)[number] = value


def _short(text):
    text = " ".join(text.split())
    return text if len(text) <= 90 else f"{text[:87]}..."


def nearest(root, module):
    """Return the test files of a module, by the rule above; paths from root."""
    _, room, *folders, name = module.with_suffix("").parts
    names = {f"test_{each}" for each in (name, *folders)}
    dotted = ".".join(module.with_suffix("").parts).removesuffix(".__init__")
    above, _, last = dotted.rpartition(".")
    imported = rf"^\s*(import {dotted}\b|from {dotted} import|from {above} import [^#\n]*\b{last}\b)"
    block = rf"^\s*from {above} import \([^)]*\b{last}\b"

    def near(path):
        text = path.read_text(encoding="utf-8")
        return path.stem in names or re.search(imported, text, re.MULTILINE) or re.search(block, text, re.MULTILINE)

    for rooms in (room, "*"):
        if found := sorted(filter(near, (root / "tests").glob(f"{rooms}/test_*.py"))):
            own = [path for path in found if path.stem in names]
            return own or sorted(found, key=lambda path: not path.stem.startswith(f"test_{name}"))
    return sorted((root / "tests").glob(f"{room}/test_*.py"))


def run(scratch, tests, kept, limit):
    """Return (pytest's exit code, None for no end within the limit; s of a core) of a run of tests in a copy.

    kept: names of the modules of the copy that need not be imported anew.
    """
    child = multiprocessing.get_context("fork").Process(target=_run, args=(scratch, tests, kept, limit))
    before = _spent()
    child.start()
    child.join(limit and PATIENCE * limit)
    ended = child.exitcode
    if ended is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.join()
    return None if ended is None or ended < 0 else ended, _spent() - before


def _spent():
    """Return the s of a core that children which have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(scratch, tests, kept, limit):
    """Run tests in this process, a fork of the one that has run them without a fault, and end it."""
    os.setsid()
    if limit:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 1))
    _forget(scratch, kept)
    os._exit(_pytest(tests))


def _forget(scratch, kept=()):
    """Have the modules of a copy imported anew, but those kept."""
    for name, module in list(sys.modules.items()):
        if name not in kept and (getattr(module, "__file__", None) or "").startswith(f"{scratch}{os.sep}"):
            del sys.modules[name]
            package, _, own = name.rpartition(".")
            vars(sys.modules.get(package, module)).pop(own, None)  # where `from package import module` looks first


def _pytest(tests):
    """Return the exit code of pytest, run in silence in this process."""
    import pytest

    streams = [(stream, os.dup(stream)) for stream in (1, 2)]
    null = os.open(os.devnull, os.O_WRONLY)
    for stream, _ in streams:
        os.dup2(null, stream)
    try:
        options = ["-x", "-q", "-p", "no:cacheprovider", "-n", "0", "-m", "not slow"]
        return int(pytest.main([*options, *map(str, tests)]))
    finally:
        for stream, before in streams:
            os.dup2(before, stream)
            os.close(before)
        os.close(null)


def judge(scratch, module, each, say=print, most=None):
    """Return the Score of every each-th mutant of a module in a copy, and say which survive.

    most: the most faults to plant, in place of each. Raises SystemExit with a sentence where no test is near, or the
    tests fail without a fault.
    """
    tests = nearest(scratch, module)
    if not tests:
        raise SystemExit(f"{module} has no tests: none bears its name or imports it.")
    path, source = scratch / module, (scratch / module).read_text(encoding="utf-8")
    faults = mutants(source)
    each = -(-len(faults) // most) if most else each
    ended, kept = _prepare(scratch, tests), _apart(scratch, module)
    if ended == 5:
        raise SystemExit(f"{module} has no fast tests: all of {_names(tests, scratch)} are slow ones.")
    if ended == 0:
        ended, seconds = run(scratch, tests, kept, None)
    if ended != 0:
        raise SystemExit(f"{_names(tests, scratch)} fail as they are (exit code {ended}): no fault was planted.")
    planted = faults[:: each or 1]
    say(f"{module}: {len(planted)} faults, {seconds:.0f} s of tests each: {_names(tests, scratch)}", flush=True)
    survivors = []
    for mutant in planted:
        path.write_text(mutant.source, encoding="utf-8")
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)  # it may be of the same second
        if run(scratch, tests, kept, max(LEAST, SLACK * seconds))[0] == 0:
            say(f"  survives, line {mutant.line}: {mutant.before}  ->  {mutant.after}", flush=True)
            survivors.append(mutant)
    path.write_text(source, encoding="utf-8")
    say(f"{module}: {len(planted) - len(survivors)} of {len(planted)} caught", flush=True)
    return Score(len(faults), len(planted), each, survivors)


def _prepare(scratch, tests):
    """Return the exit code of a module's tests, run in this process: its forks share what they imported and fitted."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core, and no thread that a fork would leave behind
    sys.path[0] = os.environ["PYTHONPATH"] = str(scratch)
    _forget(scratch)  # what the module before had
    os.chdir(scratch)
    return _pytest(tests)


def _apart(scratch, module):
    """Return the names of the modules of a copy that import neither a module nor what imports it."""
    known = modules(scratch / "model")
    used = {name: imports(path, known) for name, path in known.items()}
    faulty = {name for name, path in known.items() if path == scratch / module}
    while more := {name for name in known if name not in faulty and used[name] & faulty}:
        faulty |= more
    return {f"model.{name}".removesuffix(".__init__") for name in known if name not in faulty}


def _names(tests, scratch):
    return ", ".join(str(path.relative_to(scratch)) for path in tests)


def record(root, module, score):
    """Write the Score of a module into the records, in place of its last one; reasons that people wrote stay."""
    commit = subprocess.check_output(["git", "rev-parse", "--short=12", "HEAD"], cwd=root, text=True).strip()
    caught = score.planted - len(score.survivors)
    row = dict(zip(COLUMNS, map(str, (module, score.faults, score.planted, caught, score.each, commit)), strict=True))
    others = [each for each in _rows(root / RECORD) if each["module"] != str(module)]
    _write(root / RECORD, COLUMNS, [*others, row])
    known = _rows(root / SURVIVORS)
    why = {(each["before"], each["after"]): each["why"] for each in known if each["module"] == str(module)}
    rows = [
        {
            "module": str(module),
            "before": each.before,
            "after": each.after,
            "why": why.get((each.before, each.after), ""),
        }
        for each in score.survivors
    ]
    _write(root / SURVIVORS, SURVIVED, [*(each for each in known if each["module"] != str(module)), *rows])


def _rows(path):
    """Return the rows of a record, none where it is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path, columns, rows):
    """Write a record, its rows by module."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["module"]))


def judge_all(root, most, keep):
    """Judge every module of the rooms JUDGED, at most so many faults of each; keep: into the records as they come.

    One that cannot be judged is said so and counts as none planted.
    """
    planted = survived = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = copy(Path(folder).resolve() / "study", root)
        for module in _modules(root):
            try:
                score = judge(scratch, module, 1, most=most)
            except SystemExit as refusal:
                print(refusal, flush=True)
                continue
            planted, survived = planted + score.planted, survived + len(score.survivors)
            if keep:
                record(root, module, score)
    print(f"in all: {planted - survived} of {planted} caught, {(planted - survived) / max(planted, 1):.1%}")


def print_score(root):
    """Print how many of the planted faults were caught, in each room and in all, and which modules were not judged."""
    rows = {row["module"]: row for row in _rows(root / RECORD)}
    rooms = sorted({Path(module).parts[1] for module in rows})
    for name, within in [*((room, f"model/{room}/") for room in rooms), ("in all", "model/")]:
        own = [row for module, row in rows.items() if module.startswith(within)]
        planted, caught = (sum(int(row[column]) for row in own) for column in ("planted", "caught"))
        print(f"{name}: {caught} of {planted} caught in {len(own)} modules, {caught / max(planted, 1):.1%}")
    left = [each for each in _modules(root) if str(each) not in rows]
    print(f"not judged: {len(left)} modules" + "".join(f"\n  {each}" for each in left))


def _modules(root):
    """Return the modules of the rooms JUDGED in which a fault can be planted, paths from root."""
    paths = sorted(path for room in JUDGED for path in (root / "model" / room).rglob("*.py"))
    return [path.relative_to(root) for path in paths if mutants(path.read_text(encoding="utf-8"))]


def main(file, each="4", *more):
    """Judge one module of the project in whose folder this runs, or all, or print the score."""
    root, module = Path.cwd(), Path(file)
    if (file, each, *more) == ("score", "4"):
        print_score(root)
        return
    is_one = (root / module).is_file() and module.parts[0] == "model" and len(module.parts) > 2
    if file != "all" and not (is_one and module.suffix == ".py"):
        raise SystemExit(f"{file} is no module of a room: say FILE=model/ROOM/NAME.py, from the project's folder.")
    if not each.isdecimal() or set(more) - {"record"} or (file == "all" and each == "0"):
        raise SystemExit(SAY)
    if file == "all":
        judge_all(root, int(each), "record" in more)
        return
    with tempfile.TemporaryDirectory() as folder:
        score = judge(copy(Path(folder).resolve() / "study", root), module, int(each))
    if "record" in more:
        record(root, module, score)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 1 else sys.exit(SAY)
