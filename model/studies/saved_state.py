"""A state of the page "Your machine": its link, and a file of parameters for notebooks/your_cluster.ipynb, and back.

A link says what differs from where the page starts; a file says all that the notebook takes, and keeps in a comment
what the page alone knows: of a reader's own config.json the fields that were read, and a second machine. The notebook
takes workloads of data/ alone, and refuses such a file. book/_ext/state.js writes and reads the same files.
"""

import ast
import json
import math
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from model.notation.spelling import NUMBER, shortened
from model.notation.units import size
from model.numbers import catalog
from model.numbers.configuration import ConfigurationError, columns
from model.numbers.files import parameters
from model.predictions.inputs import InputError
from model.predictions.quantities import quantity
from model.studies.your_machine.contents import OFFERED, PARAMETERS
from model.studies.your_machine.inputs import inputs
from model.studies.your_machine.programs import changeable
from model.studies.your_machine.training import OWN

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
HEAD = "# A state of the page Your machine: papermill notebooks/your_cluster.ipynb report.ipynb -f this.yaml"
ALONE = "# of the page alone: "  # what follows is written as in a link
LONGEST = 4000  # letters of a link, as the page has it
LONGEST_FILE = 20_000  # likewise of a file
DIGITS = 40  # letters of a number
RENAMED = {"bytes": "message"}  # an input's name among the parameters of notebooks/your_machine.ipynb


@dataclass(frozen=True)
class State:
    """What is set on the page: inputs in base units, numbers of the machine in their row's unit, all as text.

    config: the text of the reader's own config.json, where that is the workload; beside: a second machine.
    """

    system: str
    workload: str
    inputs: dict[str, str] = field(default_factory=dict)
    changes: dict[str, str] = field(default_factory=dict)
    config: str = ""
    beside: str = ""

    @property
    def remembered(self):
        """Return what only the page knows, by name."""
        return {name: word for name, word in (("config", self.config), ("beside", self.beside)) if word}


def choices():
    """Return {input of the page: words that it takes, () for a number}; a machine's own software stands in."""
    found = {each["name"]: tuple(each.get("words", ())) for name in OFFERED for each in inputs(quantity(name))}
    return {name: words for name, words in found.items() if words != ("*",)}


def start():
    """Return the State in which the page starts: the parameters of notebooks/your_machine.ipynb."""
    given = _parameters("your_machine")
    texts = dict.fromkeys(choices(), "") | shape(given["workload"])
    for name in texts:
        number = given.get(RENAMED.get(name, name), texts[name])
        texts[name] = number if isinstance(number, str) else f"{number:.12g}"
    return State(given["system"], given["workload"], texts)


def shape(workload):
    """Return the inputs of the page that a workload has, as text."""
    numbers = catalog.load("workloads").loc[workload].dropna()
    return {name: f"{numbers[name]:.12g}" for name in choices() if name in numbers.index}


def _parameters(name):
    """Return the parameters of a notebook with their defaults."""
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    (cell,) = (each for each in notebook["cells"] if "parameters" in each["metadata"].get("tags", []))
    written = ast.parse("".join(cell["source"])).body
    return {each.target.id: ast.literal_eval(each.value) for each in written if isinstance(each, ast.AnnAssign)}


def read_link(link):
    """Return the State of a link, whole or from its # on. Raises InputError that names the first wrong part."""
    if len(link) > LONGEST:
        raise InputError(f"the link has {len(link):,} letters, too many for one of this page")
    return _opened(link)


def _opened(link):
    """Return the State of a link of any length."""
    _, mark, fragment = link.partition("#")
    pairs = parse_qsl(fragment if mark else link, keep_blank_values=True)
    if len({name for name, _ in pairs}) < len(pairs):
        raise InputError("the link says one thing twice")
    if not pairs:
        raise InputError("the link says nothing: copy the whole of it, from the page Your machine")
    words = dict(pairs)
    first = start()
    words = {"system": first.system, "workload": first.workload} | words
    for name, kind in (("system", "system"), ("workload", "workload"), ("beside", "system")):
        known = [*catalog.read(f"{kind}s")[kind].unique(), *([OWN] if name == "workload" else [])]
        if name in words and words[name] not in known:
            raise InputError(f"the link says {name}={shortened(words[name])}: there is no such {kind}")
    _refuse_configuration(words)
    own = {name: words.pop(name, "") for name in ("system", "workload", "config", "beside")}
    return _with(replace(first, **own), words, "the link")


def _refuse_configuration(words):
    """Refuse a config.json that cannot be read, that is missing, or that is not the workload."""
    if ("config" in words) != (words["workload"] == OWN):
        brings = "but it brings another config.json" if "config" in words else "but it brings none"
        raise InputError(f"the link says workload={words['workload']}, {brings}")
    if "config" not in words:
        return
    try:
        columns(words["config"])
    except ConfigurationError as error:
        raise InputError(f"the link says config={shortened(words['config'])}{error}") from error


def _with(state, words, where):
    """Return a State with more words, {input or machine.NUMBER: text}, each checked."""
    inputs, changes, known, facts = dict(state.inputs), {}, choices(), changeable(state.system)
    for name, word in words.items():
        fact = name.removeprefix("machine.") if name.startswith("machine.") else None
        said = f"{where} says {shortened(name)}={shortened(word)}"
        if fact not in facts if fact is not None else name not in known:
            raise InputError(f"{said}: the page has no such input")
        takes = () if fact is not None else known[name]
        if takes and word not in takes:
            raise InputError(f"{said}: it is one of {', '.join(takes)}")
        number = len(word) < DIGITS and NUMBER.fullmatch(word) and math.isfinite(float(word))
        if not takes and not number and not (word == "" and fact is None):
            raise InputError(f"{said}: it is no number")
        (inputs if fact is None else changes)[fact or name] = word
    return replace(state, inputs=inputs, changes=changes)


def write_link(state):
    """Return the link of a State, from its # on: what differs from where the page starts."""
    usual = start().inputs  # the shape of a workload is among them: that of another one differs, and is written
    words = {"system": state.system, "workload": state.workload, **state.remembered}
    words |= {name: word for name, word in state.inputs.items() if word != usual[name]}
    words |= {f"machine.{name}": word for name, word in state.changes.items()}
    return f"#{urlencode(words)}"


def write_file(state):
    """Return the file of parameters of a State, YAML: what the notebook takes, and in a comment what it does not."""
    rows = changeable(state.system)
    alone = {**state.remembered, **state.inputs}
    alone |= {f"machine.{name}": word for name, word in state.changes.items()}
    lines = [f"system: {state.system}", f"workload: {state.workload}"]
    for name, (kind, of, unit) in PARAMETERS.items():
        word = alone.pop(of if kind == "input" else f"machine.{of}", "")
        if word:
            own = size(rows[of].unit) / size(unit) if kind == "fact" else 1.0
            lines.append(f"{name}: {_number(float(word) * own)}")
    kept = {name: word for name, word in alone.items() if word != ""}
    return "\n".join([HEAD, *([ALONE + urlencode(kept)] if kept else []), *lines, ""])


def read_file(text):
    """Return (State, names left out) of a file of parameters; left out: those for which the page has no place.

    Raises InputError for a file that is none, and for what the page does not take.
    """
    if len(text) > LONGEST_FILE:
        raise InputError(f"the file has {len(text):,} letters, too many for one of this page")
    try:
        given = parameters(text)
    except ValueError as error:
        raise InputError(f"the file {error}") from error
    known = _parameters("your_cluster")
    if unknown := [str(name) for name in given if name not in known]:
        raise InputError(
            f"the file says {shortened(unknown[0])}, which is no parameter of notebooks/your_cluster.ipynb"
        )
    words = {"system": given.get("system", known["system"]), "workload": given.get("workload", known["workload"])}
    found = re.search(f"^{re.escape(ALONE)}(.*)$", text, re.M)
    rows = changeable(words["system"]) if words["system"] in catalog.read("systems").system.unique() else {}
    alone = shape(words["workload"]) if words["workload"] in catalog.read("workloads").workload.unique() else {}
    alone |= dict(parse_qsl(found[1])) if found else {}
    for name, number in given.items():
        if name not in PARAMETERS or number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise InputError(f"the file says {name}: {shortened(number)}; it takes a number")
        kind, of, unit = PARAMETERS[name]
        own = size(unit) / size(rows[of].unit) if kind == "fact" and of in rows else 1.0
        alone[of if kind == "input" else f"machine.{of}"] = _number(number * own)
    left = [name for name in given if name not in PARAMETERS and name not in words]
    return _opened("#" + urlencode({name: str(word) for name, word in (words | alone).items()})), left


def _number(number):
    """Return a number as text that YAML, too, takes for one: 1e-8 would be a word to it."""
    return re.sub(r"^(-?\d+)e", r"\1.0e", f"{number:.15g}")
