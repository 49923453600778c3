"""The plan of model/: rooms, what each may import, and no circle."""

import ast
from functools import cache
from pathlib import Path

import pytest
from imports import imports, modules

MODEL = Path(__file__).parents[1] / "model"
ROOMS = {  # room: the rooms that it may import beside itself
    "notation": (),
    "simulations": (),
    "numbers": ("notation",),
    "laws": ("notation",),
    "machine": ("notation", "numbers", "laws"),
    "predictions": ("notation", "numbers", "laws", "machine"),
    "studies": ("notation", "simulations", "numbers", "laws", "machine", "predictions"),
    "views": ("notation", "numbers"),
}
OUTSIDE = {"__init__", "__main__"}  # the public face and the command line: they may import every room


def broken(model):
    """Return what breaks the plan, one sentence each."""
    known, faults = modules(model), []
    for name, path in known.items():
        room = name.split(".")[0]
        if room not in ROOMS:
            faults += [] if name in OUTSIDE else [f"{name} is in no room: put it into one of {', '.join(ROOMS)}"]
            continue
        for other in imports(path, known):
            target = other.split(".")[0]
            if target != room and target not in ROOMS[room]:
                faults.append(
                    f"{name} imports {other}: {room} may import {', '.join(ROOMS[room]) or 'nothing of ours'}"
                )
    return faults


def levels(graph):
    """Return {node: length of the longest chain of imports below it}; ValueError names a circle."""

    def below(node, path):
        if node in path:
            raise ValueError(f"a circle: {' imports '.join([*path[path.index(node) :], node])}")
        if node not in known:
            known[node] = 1 + max((below(each, [*path, node]) for each in graph[node]), default=0)
        return known[node]

    known = {}
    return {node: below(node, []) for node in graph}


@cache
def graph():
    known = modules(MODEL)
    return {name: frozenset(imports(path, known) - {name}) for name, path in known.items()}


def test_each_room_imports_only_from_the_rooms_behind_it():
    assert not broken(MODEL)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("laws/planted.py", "from model.numbers import catalog\n"),
        ("simulations/planted.py", "def late():\n    import model.notation.units\n"),
        ("views/planted.py", "def late():\n    from model.predictions.answer import predict\n"),
        ("machine/planted.py", "import model\n"),
        ("planted.py", "import numpy\n"),
    ],
)
def test_a_planted_wrong_import_is_found(place, text, tmp_path):
    for path in modules(MODEL).values():
        copy = tmp_path / path.relative_to(MODEL)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    assert not broken(tmp_path)
    (tmp_path / place).write_text(text, encoding="utf-8")
    [fault] = broken(tmp_path)
    assert "planted" in fault


def test_no_module_imports_itself_by_way_of_others():
    levels(graph())
    with pytest.raises(ValueError, match="a circle: a imports b imports a"):
        levels({"a": {"b"}, "b": {"a"}})


def test_rooms_and_the_modules_in_each_are_few_levels_deep():
    rooms = {room: set(ROOMS[room]) for room in ROOMS}
    assert max(levels(rooms).values()) <= 5
    for room in ROOMS:
        own = {name: {each for each in found if each.split(".")[0] == room} for name, found in graph().items()}
        deep = levels({name: found for name, found in own.items() if name.split(".")[0] == room})
        assert max(deep.values()) <= 7, f"{room}: {max(deep, key=deep.get)}"


def test_every_room_says_what_it_holds():
    for room in ROOMS:
        assert ast.get_docstring(ast.parse((MODEL / room / "__init__.py").read_text(encoding="utf-8")))
