"""Inputs of a quantity: what each accepts, and the check of rows of them, by row and column."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd
import sympy as sp

from model.notation.limits import MINUTES, RECOVERY, recovers
from model.notation.nomenclature import NOMENCLATURE
from model.notation.spelling import guess, meant, nearest, number, part_of, plain, shortened, suggest
from model.notation.units import base
from model.numbers import catalog

OPTIONAL = "optional"
SYNONYMS = {"workload": "model"}  # an input's other name
# What the field calls an input, in a word of a column's name: such a column is asked about, not passed over. The first
# of several that a quantity has, and that is not given, is meant.
CALLED = {
    name: frozenset(words.split())
    for name, words in {
        "devices": "gpu npu xpu accelerator chip card world worldsize node server host rank",
        "ranks": "gpu npu accelerator chip card device world worldsize",
        "model": "llm network arch architecture",
        "failure_rate": "mtbf mttf mtti afr fit lambda λ hazard fault incident interruption reliability",
        "checkpoint_write": "ckpt save saving dump snapshot",
        "interval": "period tau every freq frequency cadence ckpt",
        "downtime": "mttr mttd detect detection outage recovery replace replacement",
        "reload": "restart resume restore load loading",
        "repair": "mttr rma turnaround downtime",
        "confidence": "quantile percentile sla",
        "withdrawn": "blast affected removed drained lost",
        "fabric_availability": "switch network uptime",
        "software": "lib library kernel backend comm communication ccl impl implementation framework algorithm algo",
        "engine": "framework backend server serving stack runtime inference software",
        "release": "version framework engine software",
        "tensor_devices": "tp tpsize dp dpsize parallel parallelism sharding",
        "expert_devices": "ep epsize",
        "context_devices": "cp cpsize sp",
        "stages": "pp ppsize pipeline",
        "chunks": "vp vpp virtual interleave interleaving",
        "microbatches": "accumulation gradacc ga",
        "microbatch": "mbs micro",
        "sequences": "gbs batch global",
        "batch": "bs concurrency requests users",
        "sequence": "seq seqlen isl context contextlength contextlen ctx prompt length input",
        "context": "ctx seq seqlen length kvlen prompt isl sequence",
        "input_tokens": "isl prompt input context ctx",
        "output_tokens": "osl output completion generated generation",
        "speed": "tpot itl tps latency interactivity slo rate",
        "processed": "mtp nextn draft speculative speculation spec eagle medusa",
        "tokens_per_step": "mtp nextn draft speculative speculation spec accept acceptance accepted",
        "kv_bytes_per_element": "cache kvcache cachedtype",
        "bytes_per_element": "dtype datatype precision format width bits",
        "precision": "dtype datatype quant quantization quantisation format weights bits",
        "overlap": "dualpipe dbo tbo",
        "bytes": "size message buffer msg nbytes",
        "unavailability": "availability uptime failure",
        "system": "machine cluster hardware hw platform accelerator gpu npu sku",
    }.items()
}
TELLING = re.compile(r"[^\W\d_]+\d|.*\w[\W_]+\w")  # a word with a figure in it, or two words
OF_MACHINE = "a number of the machine, which no row changes: ask in Python, with predict(..., changes={name: number})"
BEYOND = "; your_cluster answers for a machine that is not listed, from its numbers: see notebooks/your_cluster.ipynb"


class RowError(ValueError):
    """What is wrong with one row of those that a quantity's function was given; row counts from 0."""

    def __init__(self, row, message):
        super().__init__(message)
        self.row = row


class InputError(ValueError):
    """Inputs that cannot be answered; the sentence names the place and what would be accepted."""


@dataclass(frozen=True)
class Input:
    """One input. choices: the words it takes, or what returns them; without any, a number from low to high, in the
    base unit of its symbol.

    least: the smallest number but zero, where less must be another unit. default: what stands in where it is left out;
    None where it must be given; OPTIONAL where the quantity says what leaving it out means. known_as: the table of
    data/ for whose names data/aliases.csv has other words.
    """

    name: str
    default: float | str | None = None
    low: float = 0.0
    high: float = float("inf")
    choices: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()
    meaning: str = ""
    files: str = ""  # the end of a file's name that is taken in place of a word
    whole: bool = False  # a number of things that come whole: what is sought among them is a whole number
    least: float = 0.0
    known_as: str = ""
    beyond: str = ""  # what more than high is likely to be

    @property
    def words(self):
        """Return the words that a text input takes, ("*",) for any; () for a number."""
        return self.choices() if callable(self.choices) else self.choices

    @property
    def unit(self):
        """Return the base unit in which the input is given."""
        entry = NOMENCLATURE.get(sp.Symbol(self.name, positive=True))
        return "" if self.choices else base(entry.unit) if entry else "1"


@dataclass(frozen=True)
class Relation:
    """What must hold between an input and another: fits tells it of arrays of the two, accepted in words.

    else_meant: what two that do not fit are likely to be.
    """

    name: str
    other: str
    fits: Callable[[np.ndarray, np.ndarray], np.ndarray]
    accepted: str
    else_meant: str = ""


COPIES = 4.0  # ranks for each expert at most: a wider group is several groups; 1.25 is the most that was published
RELATIONS = (
    Relation("topk", "experts", np.less_equal, "a number up to experts"),
    Relation(
        "ranks", "experts", lambda ranks, experts: ranks <= COPIES * experts, "at most four ranks for each expert"
    ),
    Relation("withdrawn", "devices", np.less_equal, "a number up to devices"),
    Relation("interval", "checkpoint_write", np.greater_equal, "a number from checkpoint_write on", MINUTES),
    Relation("tensor_devices", "ranks", lambda part, ranks: ranks % part == 0, "a number that divides ranks"),
    Relation("expert_devices", "ranks", lambda part, ranks: ranks % part == 0, "a number that divides ranks"),
    Relation("processed", "tokens_per_step", np.greater_equal, "a number from tokens_per_step on"),
    Relation("downtime", "reload", recovers, RECOVERY, MINUTES),
)


def count(name, low=1.0, high=1e9, **more):
    """Return the Input of a whole count of things, from low on."""
    return Input(name, low=low, high=high, whole=True, **more)


def mean(name, low=1e-3, high=1e9, **more):
    """Return the Input of a count that may be a mean, and then is no whole number."""
    return Input(name, low=low, high=high, **more)


def check(what, frame, system, where, first=1, sought=None):
    """Return (numbers, texts) of the inputs, checked row by row, and their RELATIONS.

    numbers: arrays in base units; texts: for each text input, the code of each row's word and the words, "" for one
    that was left out. sought: an input whose relations are not asked, for its number only stands in.
    """
    if len(frame) == 0:
        raise InputError(f"{where} is empty: give at least one row")
    refuse_columns(what, frame.columns, where)
    frame = frame.rename(columns=synonyms(what, frame.columns))
    numbers: dict[str, np.ndarray] = {}
    texts = {"system": _systems(what, frame, system, where, first)}
    for each in what.inputs:
        if each.name in frame:
            read, target = (_words, texts) if each.choices else (_numbers, numbers)
            target[each.name] = read(each, frame[each.name], where, first)
        elif each.default is None:
            raise InputError(f"{where}: {what.name} needs {each.name} ({describe(each)})")
        elif each.choices:
            texts[each.name] = np.zeros(len(frame), int), ["" if each.default == OPTIONAL else each.default]
        elif each.default != OPTIONAL:
            numbers[each.name] = np.full(len(frame), each.default)
    for relation in RELATIONS:
        if sought in (relation.name, relation.other):
            continue
        if relation.name in frame and relation.name in numbers and relation.other in numbers:
            _refuse_apart(relation, what, frame[relation.name], numbers, where, first)
    return numbers, texts


def fitting(numbers, sought):
    """Tell where the numbers of an input fit all others given: RELATIONS as holes; numbers: arrays by name."""
    fits = np.ones(np.shape(numbers[sought]), bool)
    for relation in RELATIONS:
        if sought in (relation.name, relation.other) and {relation.name, relation.other} <= numbers.keys():
            own, other = np.broadcast_arrays(numbers[relation.name], numbers[relation.other])
            fits &= relation.fits(own, other) | np.isnan(own) | np.isnan(other)
    return fits


def _refuse_apart(relation, what, column, numbers, where, first):
    """Refuse the first row in which two inputs, both given, do not fit each other."""
    own, other = np.broadcast_arrays(numbers[relation.name], numbers[relation.other])
    bad = ~(relation.fits(own, other) | np.isnan(own) | np.isnan(other))
    if bad.any():
        accepted = f"{relation.accepted}, and {relation.other} is {other[int(np.argmax(bad))]:g}"
        _refuse(what.input(relation.name), column, bad, where, first, accepted, relation.else_meant)


def refuse_columns(what, columns, where, passed=()):
    """Refuse columns that stand twice, look like an input or system and are not passed; and what is passed in vain."""
    columns = pd.Index(columns)
    if columns.has_duplicates:
        name = shortened(columns[columns.duplicated()][0])
        raise InputError(f"{where}: the column {name} stands there twice" if name else f"{where}: two columns no name")
    names = [*(each.name for each in what.inputs), "system"]
    for other, name in SYNONYMS.items():
        if {other, name} <= set(columns) and name in names:
            raise InputError(f"{where}: {other} and {name} are one input: leave one of the columns out")
    for column in passed:
        if column in names:
            raise InputError(f"{where}: {column} is an input of {what.name} and cannot be passed over")
        if column not in columns:
            raise InputError(f"{where}: there is no column {shortened(column)} to be passed over")
    for column in others(what, columns):
        name = shortened(column)
        if column in passed:
            continue
        leave = f"leave the column out, or say --pass {name}"
        if column not in what.layout and (near := alike(str(column), names, columns)):
            raise InputError(f"{where}: unknown column {name}; did you mean {near}? If it is no input, {leave}")
        if found := column if column in what.layout else alike(str(column), what.layout):
            same = name if name == found else f"{name} looks like {found}, which"
            raise InputError(f"{where}: {same} is what {what.name} finds, not what it takes: {leave}")
        if meant(_bare(str(column)), catalog.load("systems").columns):
            raise InputError(f"{where}: {name} is {OF_MACHINE}, or {leave}")


def synonyms(what, columns):
    """Return {column: input} of columns that call an input of a quantity by its other name."""
    names = {each.name for each in what.inputs}
    return {other: name for other, name in SYNONYMS.items() if other in columns and name in names - set(columns)}


def others(what, columns):
    """Return the columns that are no inputs of a quantity: they pass through."""
    taken = {"system", *(each.name for each in what.inputs), *synonyms(what, columns)}
    return [column for column in columns if column not in taken]


def alike(column, names, given=()):
    """Return the input that a column may have meant, or None.

    Near in letters, once its unit in brackets is taken off; sharing a whole word with it, in one or in many; or called
    so in the field, where that input is not given.
    """
    bare = _bare(column)
    words = [word for word in re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column).lower()) if word]
    single = {word.rstrip("s") for word in words if len(word) > 1}
    in_common = {name: len(single & {word.rstrip("s") for word in name.split("_")}) for name in names}
    shared = sorted((name for name in names if in_common[name]), key=lambda name: -in_common[name])
    if whole := next(_called([], bare, names, given), None):
        return whole
    return (
        nearest(column, names)
        or nearest(bare.lower(), names)
        or next(iter([*shared, *_called(words, bare, names, given)]), None)
    )


def _bare(column):
    """Return a column's name without a unit in brackets behind it."""
    return re.sub(r"[(\[{<].*", "", column).strip(" _-/,:") or column


def _called(words, bare, names, given):
    """Yield the inputs, none of those given, that a word of a column's name, or all of them in one, calls so."""
    for word in (*words, plain(bare)):
        forms = {word, word.removeprefix("num").removeprefix("n").removesuffix("s"), word.removesuffix("s")}
        if any(word in known for known in CALLED.values()):
            forms = {word}
        yield from (name for name, known in CALLED.items() if name in names and name not in given and forms & known)


def unknown(what, name, given, more=()):
    """Return the end of a refusal of an input that a quantity does not have: what may be meant, or all it takes.

    given: the names of all that is given; more: names beside the inputs that would be accepted.
    """
    names = [*(each.name for each in what.inputs), *more]
    found = alike(name, names, given)
    if not found and meant(name, catalog.load("systems").columns):
        return f": it is {OF_MACHINE}"
    return f"; did you mean {found}?" if found else suggest(name, names, most=3)


def describe(each):
    """Return in words what an input accepts."""
    if each.words == ("*",):
        return "a name listed by `python -m model systems`"
    if each.choices:
        return "one of " + ", ".join(each.words) + (f", or the path of a {each.files} file" if each.files else "")
    high = "" if each.high == float("inf") else f" to {each.high:g}"
    unit = f", in {each.unit}" if each.unit not in ("", "1") else ""
    low = f"0, or a number from {each.least:g}" if each.least else f"a number from {each.low:g}"
    return f"{low}{high}{unit}{', whole' if each.whole else ''}"


def named_system(word, where=""):
    """Return the system that a word means, or InputError with the nearest ones; where: begins the message.

    A whole part of a name stands for it where no other name has that part: H100. It is a word with a figure in it, or
    two words: `all`, `2` and a maker's name are parts of one name, too, and no one means that machine by them.
    """
    known = list(catalog.read("systems").system.unique())
    part = part_of(word, known)
    if found := meant(word, known) or (part[0] if len(part) == 1 and TELLING.match(word.strip()) else None):
        return found
    near = _device(word) or _counted(word, known) or _each(part) or suggest(word, known, most=4)
    raise InputError(f"{where}unknown system {shortened(word)}{near}{BEYOND}")


def _device(word):
    """Return the machine whose device a word names, as a question, or nothing: data/aliases.csv knows them."""
    devices = catalog.other_names("devices")
    found = next((machine for device, machine in devices.items() if plain(device) in plain(word)), None)
    return f"; did you mean {found}, whose device that is?" if found else ""


def _counted(word, known):
    """Return the machine that a word names beside how many devices: 8×H100 and H100x8; as a question, or nothing."""
    bare = re.sub(r"^\d+\s*[x×*]\s*|\s*[x×*]\s*\d+$", "", word.strip(), flags=re.IGNORECASE)
    found = part_of(bare, known) if bare != word.strip() else []
    return f"; did you mean {found[0]}?" if len(found) == 1 else ""


def _each(names):
    """Return several machines that share what was written, as a question, or nothing where few or none do."""
    return f"; did you mean {', '.join(names[:-1])} or {names[-1]}?" if len(names) > 1 else ""


def _named(each, word):
    """Return the word that an Input accepts for the one written, which stands for itself where none is meant."""
    if word == "" or (each.files and word.endswith(each.files)):
        return word
    last = word.rsplit("/", 1)[-1]  # names are published under their maker's: deepseek-ai/DeepSeek-V3
    words = each.words if each.words != ("*",) else catalog.read(each.known_as)[each.known_as].unique()
    if found := meant(word, words) or meant(last, words):
        return found
    other = catalog.other_names(each.known_as) if each.known_as else {}
    return other.get(meant(last, other) or "", word)


def renamed(frame, what, system=None):
    """Return {word written: word read} of a frame where another name stood for one, to be told: nothing is guessed."""
    asked = {each.name: _words_of(frame, each.name) for each in what.inputs if each.known_as}
    found = {word: _named(what.input(name), word) for name, words in asked.items() for word in words}
    found |= {word: named_system(word) for word in {*_words_of(frame, "system"), *([system] if system else [])}}
    return {word: read for word, read in found.items() if plain(read) != plain(word)}


def _words_of(frame, column):
    """Return the words that stand in a column, none where there is no such column."""
    written = pd.unique(frame[column]) if column in frame else []
    return {str(word).strip() for word in written if not pd.isna(word)} - {""}


def _coded(column):
    """Return (code of each row's word, words): words as stripped text, "" for an empty one."""
    values = column.to_numpy(object)
    if np.all(values == values[0]):  # one word in all rows, as in most tables: a glance in place of a dictionary
        codes, words = np.zeros(len(values), int), values[:1]
    else:
        codes, words = pd.factorize(column, use_na_sentinel=False)
    return codes, ["" if pd.isna(word) else str(word).strip() for word in words]


def _systems(what, frame, system, where, first):
    codes, words = _coded(frame["system"]) if "system" in frame else (np.zeros(len(frame), int), [""])
    words = [word or (system or "").strip() for word in words]
    for code, word in enumerate(words):
        row = first + int(np.argmax(codes == code))
        if not word and what.system == "required":
            raise InputError(f"{where} row {row}: {what.name} needs a system: give --system or a column system")
        at = f"{where} row {row}: " if "system" in frame else f"{where}: "
        words[code] = named_system(word, at) if word else word
    return codes, words


def _words(each, column, where, first):
    codes, words = _coded(column)
    words = [word.removesuffix(".0") if each.name == "overlap" else word for word in words]
    if each.default not in (None, OPTIONAL):
        words = [word or each.default for word in words]
    words = [_named(each, word) for word in words]
    if (accepted := each.words) != ("*",):
        for code, word in enumerate(words):
            if (
                (word or each.default != OPTIONAL)
                and word not in accepted
                and not (each.files and word.endswith(each.files))
            ):
                row = first + int(np.argmax(codes == code))
                near = guess(word.rsplit("/", 1)[-1], accepted, most=3)
                raise InputError(
                    f"{where} row {row}: {each.name} is '{shortened(word)}'{near}; it takes {describe(each)}"
                )
    return codes, words


def _numbers(each, column, where, first):
    numbers = _floats(column)
    fits = max(each.low, each.least) <= numbers.min() and numbers.max() <= min(each.high, np.finfo(float).max)
    if fits and (not each.whole or np.all(numbers == np.floor(numbers))):
        return numbers  # nothing to fill in or to refuse, as in nearly every table: a few looks at it
    unknown = np.isnan(numbers)
    if unknown.any():
        empty = (column.isna() | (column.astype("string").str.strip() == "")).fillna(True).to_numpy(bool)
        _refuse(each, column, unknown if each.default is None else unknown & ~empty, where, first)
        if each.default != OPTIONAL:
            numbers = np.where(unknown, each.default, numbers)
    bad = (numbers < each.low) | (numbers > each.high) | np.isinf(numbers) | ((numbers < each.least) & (numbers != 0))
    bad |= each.whole & (numbers != np.floor(numbers)) & ~np.isnan(numbers)
    else_meant = each.beyond if numbers[np.argmax(bad)] > each.high else ""
    _refuse(each, column, bad, where, first, else_meant=else_meant)
    return numbers


def _floats(column):
    """Return a column as floats, what is no number as nan: truth values, dates and lengths of time are none."""
    if column.dtype.kind in "bmMc":
        return np.full(len(column), np.nan)
    if column.dtype == object:
        return np.array([_float(each) for each in column], float)
    return pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)


def _float(each):
    if isinstance(each, str):
        return number(each)
    if isinstance(each, bool | np.bool_) or not isinstance(each, Real | Decimal):
        return np.nan
    try:
        return float(each)
    except OverflowError:  # a whole number of more digits than a float has
        return np.inf


def _refuse(each, column, bad, where, first, accepted=None, else_meant=""):
    if bad.any():
        row = int(np.argmax(bad))
        found = column.iloc[row]
        word = "" if np.ndim(found) == 0 and pd.isna(found) else shortened(found)
        takes = f"{accepted or describe(each)}{'; ' * bool(else_meant)}{else_meant}"
        raise InputError(f"{where} row {first + row}: {each.name} is '{word}'; it takes {takes}")
