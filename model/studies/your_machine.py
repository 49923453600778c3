"""What the page on a reader's own machine holds: predictions written down as programs, and the numbers they take.

A program is one branch of a quantity's own function (model.predictions.program). Branches are found by asking many
examples; what no branch of the page answers the page refuses, and names the command that answers it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.machine import memory
from model.machine.machine import POOLED
from model.machine.scenario import Scenario
from model.machine.step import engine_of
from model.notation.equation import tape as tape_of
from model.notation.nomenclature import NOMENCLATURE
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import HIGH, LOW
from model.predictions.along import Along
from model.predictions.ask import predict
from model.predictions.changes import change
from model.predictions.inputs import OPTIONAL, RELATIONS, describe, fitting
from model.predictions.program import Making, Noting, Pool, write
from model.predictions.quantities import QUANTITIES, quantity
from model.predictions.serving import HELD_NOWHERE, idle_parts, refuse_foreign
from model.studies import your_serving, your_training

OFFERED = (
    "decode_throughput",
    "prefill_throughput",
    "moe_idle_share",
    "devices_needed",
    "all_to_all_time",
    "all_reduce_time",
    "all_gather_time",
    "reduce_scatter_time",
    "job_mtbf",
    "effective_training_share",
    "spare_devices",
)
OFFERED += ("whole_domain_share", *your_training.QUANTITIES, *your_serving.QUANTITIES)
# Parameters of notebooks/your_cluster.ipynb that the page knows: an input or a number of the machine, and its unit.
PARAMETERS = {
    "domain": ("fact", "domain", "1"),
    "scale_up_bandwidth": ("fact", "scale_up_bandwidth", "GB/s"),
    "scale_out_bandwidth": ("fact", "scale_out_bandwidth", "GB/s"),
    "scale_out_latency": ("fact", "scale_out_latency", "us"),
    "failure_rate": ("input", "failure_rate", "1/s"),
    "devices": ("input", "devices", "1"),
    "checkpoint_write": ("input", "checkpoint_write", "s"),
    "downtime": ("input", "downtime", "s"),
    "reload": ("input", "reload", "s"),
    "repair": ("input", "repair", "s"),
    "withdrawn": ("input", "withdrawn", "1"),
    "confidence": ("input", "confidence", "1"),
    "ranks": ("input", "ranks", "1"),
    "message": ("input", "bytes", "B"),
}
# Asked of any workload: one program does for all systems of a kind, and all workloads.
STEPS = ("decode_throughput", "prefill_throughput", "moe_idle_share")
HELD = "devices_needed"  # found by the page itself, among groups of devices, from programs of what memory holds
FOLLOWED = ("model", "software")  # words that a page does not ask for: the workload, the machine's own software
FREE = ("layouts",)  # words that choose no program
EVERYTHING = (2, 6)  # places in `layouts` of groups that exchange and reduce, in a domain and between domains
PEAK = "f:peak_{precision}"  # of products in the precision of a step, whichever it is
NUMBERED = ("part",)  # a word that programs take as a number, its place among the words
# What of a serving software is no number of its steps, but the way that they take: rows of data/priors.csv.
WAYS = ("always_overlaps", "separates_shared_experts", "quantised_attention")
# Inputs that mean another thing in another quantity have names of their own on the page.
RENAMED = {
    **dict.fromkeys(your_training.QUANTITIES, your_training.RENAMED),
    **dict.fromkeys(your_serving.QUANTITIES, your_serving.RENAMED),
    "moe_idle_share": {"stages": "idle_stages"},
    HELD: {"batch": "instance_batch"},
}
# Numbers of a system that the study asks for with another in their place: systems without them are of another kind.
TELLING = ("dies", "scale_out_achievable", "in_switch_reduction", "runs_cann", "peak_fp8", "peak_int8")


@dataclass(frozen=True)
class Asked:
    """What the page is built for: systems, workloads, examples that seek branches, draws at least, seed."""

    systems: tuple
    workloads: tuple
    examples: int
    draws: int
    seed: int


class Rewritten(Scenario):
    """A Scenario that is asked again and again with other numbers of its system, and keeps all else that it knows.

    named: numbers of workloads, precisions and fits become Columns of their own too, so that one program does for all
    systems and workloads; `kept` has each under its key as it was asked for.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.named, self.kept, self._most = False, {}, ""

    def given(self, changes, named=False):
        """Return itself with changes in place of the numbers of its system."""
        self._changes, self._roomiest, self.named = changes, None, named
        self._facts.pop(("systems", self.name), None)
        return self

    def column(self, key, number):
        """Return a number or its draws as the Column of the prediction that is being written down."""
        if not self.named or (tape := tape_of()) is None:
            return number
        self.kept[key] = number
        return tape.column(key, np.asarray(number, float))

    def _plain(self, find, *asked):
        """Return what is found with numbers: what a machine keeps outlives one program."""
        named, self.named = self.named, False
        found = find(*asked)
        self.named = named
        return found

    def facts(self, table, name):
        """Return the Facts of a name in a table of data/; where they are named, as Columns."""
        found, kind = super().facts(table, name), KINDS.get((table, name), KINDS.get(table))
        most = self._most if table == "assumptions" else ""
        return Columns(found, self, kind, most) if self.named and kind else found

    def software(self, quantity, name=None):
        """Return the Facts of a software, which are those of its system here."""
        found = super().software(quantity, name)
        return Columns(found, self, ("constant", f"{self._software(quantity, name)}."), "") if self.named else found

    def _software(self, quantity, name):
        """Return how the numbers of a software begin: prefill may run the pooled one beside the system's own."""
        beside = name is not None and name != self._usual(quantity)
        return f"{name} {quantity}" if beside else quantity

    def constants(self, quantity, software, op):
        """Return the fitted constants of an operation by name."""
        found = self._plain(super().constants, quantity, software, op)
        start = f"{self._software(quantity, software)}.{op}."
        return {name: self.column(("constant", start + name), number) for name, number in found.items()}

    def step_constants(self, engine=None):
        """Return what all systems share in a step, and the overhead of the system's usual software, by name."""
        found = super().step_constants(engine)
        return {name: self.column(("constant", f"step.{name}"), number) for name, number in found.items()}

    def step_scatter(self, workload):
        """Return the factors by which a step's time scatters about its law."""
        found = self._plain(super().step_scatter, workload)
        return found if self.sampler is None else self.column(("scatter", workload), found)

    def roomiest(self):
        """Return the same machine with the largest share of memory that is recorded as usable."""
        found = super().roomiest()
        found.named, found.kept, found._most = self.named, self.kept, ".most"
        return found

    def would_hold(self, model, precision, requests, context, kv=None):
        """Return a mark of the requests: the page finds the devices that would hold them, by the law of memory."""
        return f"{requests:needed}"


KINDS = {  # what the numbers of a table of data/ are called in a program
    "workloads": ("workload", ""),
    "formats": ("format", ""),
    ("formats", "combine"): ("constant", "combine."),
    ("priors", "step"): ("constant", "priors."),
    ("assumptions", "serving"): ("constant", "serving."),
    ("assumptions", "prefill"): ("constant", "prefill."),
}


class Columns:
    """Facts whose numbers are Columns; kind: of their keys, and how their names begin there."""

    def __init__(self, facts, scenario, kind, more):
        self._facts, self._scenario, (self._kind, self._start), self._more = facts, scenario, kind, more
        self.name, self.table = facts.name, facts.table

    def __contains__(self, quantity):
        return quantity in self._facts

    def __call__(self, quantity, default=None):
        """Return the number as a Column, a default as it is; of shared experts the number, as a condition."""
        number = self._facts(quantity, default)
        if default is not None and np.isinf(default):  # a limit: 0 stands for none
            given = self._facts(quantity, 0.0)
            limit = self._scenario.column((self._kind, f"{self._start}{quantity}{self._more}"), given)
            return np.where(limit > 0, limit, default)
        if quantity not in self._facts and quantity != "shared_experts":
            return number
        found = self._scenario.column((self._kind, f"{self._start}{quantity}{self._more}"), number)
        if quantity != "shared_experts":
            return found
        assert found == float(number), "a number is itself: the comparison becomes a condition"
        return number


class Shelf:
    """Things that many uses share, each kept once: put returns its place."""

    def __init__(self):
        self.kept, self._places = [], {}

    def put(self, identity, thing):
        """Return the place of a thing; identity: what tells it from others."""
        if identity not in self._places:
            self._places[identity] = len(self.kept)
            self.kept.append(thing)
        return self._places[identity]


def changeable(system):
    """Return the numbers of a system that a reader may change, by name: rows of data/systems.csv.

    A number that the reliability of a fleet is counted with bears the same name as one of the machine, and stays.
    """
    fleet = catalog.recorded("reliability", system)
    return {name: row for name, row in catalog.recorded("systems", system).items() if name not in fleet}


def examples(what, number, rng, facts):
    """Yield mappings from a quantity's numbers and a system's facts to examples, far apart, some of them left out.

    Inputs that do not fit each other are refused before a quantity is asked, and are no examples.
    """
    numbers = [each for each in what.inputs if not each.choices]
    done = 0
    while done < number:
        found = {}
        for each in numbers:
            low, high = max(each.low, each.least, 1e-12), min(each.high, 1e12)
            drawn = float(np.exp(rng.uniform(np.log(low), np.log(min(high, low * 10 ** rng.uniform(0.5, 13))))))
            found[each.name] = np.floor(drawn) if each.whole else drawn
            if each.default == OPTIONAL and rng.random() < 0.5:
                found[each.name] = np.nan
            elif each.low == 0 and rng.random() < 0.05:
                found[each.name] = 0.0
        if all(fitting({name: np.array([value]) for name, value in found.items()}, name).all() for name in found):
            done += 1
            yield {("input", name): np.array([value]) for name, value in found.items()} | another_domain(facts, rng)


def another_domain(facts, rng):
    """Return facts, in half of all cases with a domain some powers of two away: a reader may change it."""
    key = ("fact", "domain")
    if key not in facts or rng.random() < 0.5:
        return facts
    return facts | {key: np.maximum(facts[key] * 2.0 ** rng.integers(-3, 4), 2.0)}


def programs(what, scenario, facts, choices, asked):
    """Return the distinct Programs of a quantity on one system, under one set of words, as examples find them.

    scenario: a Rewritten; facts: {("fact", name): number or draws}.
    """

    def predict(columns):
        rows = {key[1]: column for key, column in columns.items() if key[0] == "input"}
        changes = {key[1]: column for key, column in columns.items() if key[0] == "fact"}
        return what.evaluate(scenario.given(changes), dict(choices), rows)

    found = {}
    for numbers in examples(what, asked.examples, np.random.default_rng(asked.seed), facts):
        each = write(predict, numbers)
        found.setdefault((each.code, str(each.refusal)), each)
    return list(found.values())


def layouts(domain):
    """Return (devices, of which split attention) of groups of all kinds: in a domain, over two, over many."""
    few = min(domain, 8.0)
    inside = [(1.0, 1.0), (few, 1.0), (few, 2.0 if few > 2 else 1.0), (few, few)]
    over = [(2 * domain, 1.0), (2 * domain, 2.0), (4 * domain, 2 * domain), (2 * domain, 2 * domain)]
    return [*inside, *over, (16 * domain, 16 * domain)]


def shapes(workloads):
    """Return the smallest workload of each kind: of experts, without and with shared ones, and dense."""
    table = catalog.load("workloads").loc[list(workloads)].sort_values("total_parameters")
    several = table.experts > 1
    kinds = (several & (table.shared_experts == 0), several & (table.shared_experts > 0), ~several)
    return [str(table.index[each][0]) for each in kinds if each.any()]


def steps(name, workloads, facts, alone, drawn):
    """Yield (workload, mapping from the numbers of a quantity's step and a system's facts to an example) of all kinds.

    The last of each workload are refused, which no draw is: they do not fit into memory, say, or have more devices than
    experts have use for. alone: False where another system of the same kind has found the rest, for the layouts alone
    that take all constants of the system: what no example takes is not kept.
    """
    domain = max(float(np.ravel(facts.get(("fact", "domain"), 8.0))[0]), 2.0)
    usual, refused = EXAMPLES[name]
    some = [(*each, beside) for beside in usual for each in layouts(domain)]
    some += [] if drawn else [*((8.0, 1.0, each) for each in refused), (8192.0, 1.0, usual[0])]
    some = some if alone else [some[each] for each in EVERYTHING]
    for workload in shapes(workloads):
        for ranks, tensor, beside in some:
            spread = np.nan if ranks == 8192 else float(np.gcd(int(ranks), 8))
            found = {"ranks": ranks, "tensor_devices": tensor, "expert_devices": spread, **beside}
            found = {each if isinstance(each, tuple) else ("input", each): value for each, value in found.items()}
            found = {each: np.array([value]) for each, value in found.items() if each[0] == "input" or each in facts}
            yield workload, {**facts, **found}


_ANY = {"context": 512.0, "kv_bytes_per_element": np.nan}
_DECODE = {**_ANY, "tokens_per_step": 1.5, "processed": np.nan}
_STEP = {**_ANY, "batch": 0.01, "overlap": 1.0, "part": 0.0, "stages": 1.0, "microbatches": 1.0}
EXAMPLES = {  # what is asked beside a layout: where it fits, and where it is refused
    "decode_throughput": (({**_DECODE, "batch": 0.01},), ({**_DECODE, "batch": 1e5},)),
    "prefill_throughput": (({"sequence": 512.0},), ({"sequence": 1e7},)),
    HELD: ((_ANY,), ()),
    # idle time, with both ways of overlapping; what has no place in a phase, and memory too small for weights
    "moe_idle_share": (
        tuple({**_STEP, "overlap": each} for each in (1.0, 0.0)),
        (
            {**_STEP, "batch": 1e5},
            {**_STEP, "microbatches": 2.0},
            {**_STEP, "stages": 2.0},
            {**_STEP, "stages": 1000.0},
            {**_STEP, ("fact", "memory_capacity"): 1e6},
        ),
    ),
}


def held_requests(scenario, choices, rows):
    """Return the requests per device that the memory of a layout holds."""
    return memory.largest_batch(scenario, choices["model"], choices["precision"], rows)


def most_requests(scenario, choices, rows):
    """Return the requests per device that the memory of a layout may hold, at most."""
    return held_requests(scenario.roomiest(), choices, rows)


def step_programs(name, evaluate, scenario, facts, choices, asked, alone=True):
    """Return (code, names of arguments, refusal) of distinct Programs of a step on one system, as examples find them.

    name: of a quantity; evaluate: its function, or another; choices: a precision, and what else chooses programs; the
    workload may be any. In a refusal {model} stands for it.
    """
    found = {}
    for workload, numbers in steps(name, asked.workloads, facts, alone, scenario.sampler is not None):

        def predict(columns, workload=workload):
            rows = {key[1]: column for key, column in columns.items() if key[0] == "input"}
            changes = {key[1]: column for key, column in columns.items() if key[0] == "fact"}
            return evaluate(scenario.given(changes, True), {**choices, "model": workload}, rows)

        each = write(predict, numbers)
        refusal = tuple(piece.replace(workload, "{model}") for piece in each.refusal)
        peak = f"f:peak_{choices['precision']}"
        bound = tuple(PEAK if (named := name_of(one, name)) == peak else named for one in each.bound)
        found.setdefault((each.lines, bound, refusal), None)
    return list(found)


def name_of(bound, of):
    """Return what an argument of a step's program stands for, in a letter and a name; a number as it is.

    of: the quantity, whose inputs the page may call otherwise.
    """
    if isinstance(bound, tuple):
        if bound[0] == "input":
            return f"i:{page_name(of, bound[1])}"
        return "s:" if bound[0] == "scatter" else f"{bound[0][0] if bound[0] != 'format' else 'p'}:{bound[1]}"
    if isinstance(bound, np.ndarray):
        return bound.tobytes()
    return "nan" if np.isnan(bound) else bound


def kind(system, scenario, choices, way):
    """Return what tells systems apart whose steps have other programs: which numbers they and their softwares have."""
    softwares = (scenario._plain(scenario.software, name) for name in ("all_to_all_time", "all_reduce_time"))
    having = tuple(frozenset(each.rows) for each in softwares)
    return (*choices.values(), way, frozenset(changeable(system)) & frozenset(TELLING), having)


def ways(what, scenario, choices):
    """Return {what tells the steps of serving softwares apart: the softwares} of a system; "" is its usual one.

    None tells one that does not run on it. Attention is quantised beside narrow weights, where it decodes. Of idle time
    the page answers the usual way alone.
    """
    engines = next((each.words for each in what.inputs if each.name == "engine"), ())
    phase = choices.get("phase", what.name.partition("_")[0])
    matters = WAYS if phase == "decode" and narrow(scenario, choices["precision"]) else WAYS[:2]
    found = {}
    for engine in ("", *engines):
        software = engine_of(scenario, engine or None)
        has = catalog.recorded("priors", software) if software else ()
        way = tuple(each for each in matters if each in has)
        runs = not your_serving.refusal(refuse_foreign, scenario, {"engine": engine})
        found.setdefault(way if runs else None, []).append(engine)
    return found


def narrow(scenario, precision):
    """Tell whether weights are narrower than a byte."""
    return bool(scenario._plain(scenario.facts, "formats", precision)("weight_bytes") < 1)


def choosing(what, scenario):
    """Yield (words that choose the programs of a step on a system, precisions for which they are the same).

    Where a step takes the peak of its precision a program names it so, whichever it is; the first names it alone: BF16
    is asked for by attention, too.
    """
    together = {}
    for precision in sorted(what.input("precision").words, key="bf16".__eq__):
        together.setdefault((f"peak_{precision}" in scenario.system, narrow(scenario, precision)), []).append(precision)
    phases = next((each.words for each in what.inputs if each.name == "phase"), (None,))
    for phase in phases:
        for (has, _), precisions in together.items():
            for some in [precisions] if has else [[each] for each in precisions]:
                yield {"precision": some[0], **({"phase": phase} if phase else {})}, some


def functions(name):
    """Return {side: (function that is written down, whether it draws)} of a quantity of any workload; {} of others."""
    if name == HELD:
        return {"value": (held_requests, False), "drawn": (held_requests, True), "most": (most_requests, False)}
    evaluate = idle_share if name == "moe_idle_share" else quantity(name).evaluate
    return {"value": (evaluate, False), "drawn": (evaluate, True)} if name in STEPS else {}


def step_uses(what, written, known, asked, shelves):
    """Return {key: {side: place of a list of programs}} of a step, for JSON; engines: likewise, of serving softwares
    whose way is another, or None where the page does not answer it.

    written: as `functions` has it; shelves: a Pool, and Shelves of lists of programs, of their
    sequences of lines and of refusals. Systems of one kind share what their examples found, each its own first; a
    refusal that names a system is its own.
    """
    own, uses, left = {}, {}, []
    pool, lists, sequences, refusals = shelves
    for system, sides in known.items():
        for choices, precisions in choosing(what, sides["value"][0]):
            for way, engines in ways(what, sides["value"][0], choices).items():
                places = tuple(key(system, {**choices, "precision": each}) for each in precisions)
                if what.name == "moe_idle_share" and way is not None and "" not in engines:
                    left += [(place, engine) for place in places for engine in engines]
                    continue
                given = choices | ({"engine": engines[0]} if engines[0] else {})
                for side, (evaluate, is_drawn) in written.items():
                    scenario, facts = sides["drawn" if is_drawn else "value"]
                    own_kind = kind(system, scenario, choices, way)
                    alone = (side, own_kind) not in ((of, other) for (*_, of), (other, _) in own.items())
                    asks = what.name, evaluate, scenario, facts, given, asked, alone
                    found = [] if is_drawn and way is None else step_programs(*asks)
                    own[places, tuple(engines), side] = own_kind, found
    for (places, engines, side), (own_kind, found) in own.items():
        others = [
            each
            for (*_, of), (other_kind, many) in own.items()
            if of == side and other_kind == own_kind
            for each in many
            if not any(name in piece for piece in each[2] for name in known)
        ]
        programs = []
        for lines, bound, refusal in dict.fromkeys([*found, *others]):
            sequence = pool.sequence(lines, bound)
            refused = [refusals.put(refusal, list(refusal))] if refusal else []
            programs.append([sequences.put(str(sequence), sequence), *refused])
        for place in places:
            of = uses.setdefault(place, {})
            for each in engines if "" not in engines else ("",):
                one = of.setdefault("engines", {}).setdefault(each, {}) if each else of
                one[side] = lists.put(str(programs), programs)
    for place, engine in left:
        uses[place].setdefault("engines", {})[engine] = None
    return uses


def idle_share(scenario, choices, rows):
    """Return the part of moe_idle_share that the number `part` chooses; `overlap` is a number, too."""
    shares = idle_parts(scenario, choices, rows, rows["overlap"])
    first, *others = quantity("moe_idle_share").input("part").words
    found = shares[first]
    for number, each in enumerate(others, 1):
        found = np.where(rows["part"] == number, shares[each], found)
    return found


def bind_bytes(one, making):
    """Return an argument of `name_of` as JSON: draws by their place."""
    return f"d{making.place(np.frombuffer(one))}" if isinstance(one, bytes) else one


def both_sides(value, drawn, making):
    """Return a number and its draws as JSON: [number, place of the draws], or the number where none vary.

    Of what is asked for with draws alone the number is one of them, and no program takes it.
    """
    value = float(np.ravel(value)[0])
    drawn = np.ascontiguousarray(np.ravel(np.asarray(drawn, float)))
    if drawn.size == 1 or np.all(drawn == drawn[0]):
        return value
    return [value, making.place(drawn)]


def shared_numbers(known, taken, asked, making):
    """Return what programs of steps take besides inputs and machines: constants, shapes, formats and scatter."""
    constants, scatter, usual = {}, {}, {}
    for system, sides in known.items():
        (value, _), (drawn, _) = sides["value"], sides["drawn"]
        constants[system] = {
            name: both_sides(number, drawn.kept.get((what, name), number), making)
            for (what, name), number in {**drawn.kept, **value.kept}.items()
            if what == "constant" and f"c:{name}" in taken and not name.startswith("step.")
        }
        usual[system] = engine_of(Scenario(system)) or POOLED
        if any(key[0] == "scatter" for key in drawn.kept):
            for workload in (*asked.workloads, your_training.OWN):
                found = np.ascontiguousarray(np.ravel(drawn._plain(Scenario.step_scatter, drawn, workload)))
                scatter[f"{system}|{workload}"] = making.place(found)
    sides = [Scenario(next(iter(known)), sampler) for sampler in (None, Noting(asked.draws, (asked.seed, 0), making))]
    engines = {  # what a serving software has of its own, alike on all systems
        engine: {
            f"step.{name}": both_sides(*(side.step_constants(engine)[name] for side in sides), making)
            for name in sides[0].step_constants(engine)
            if f"c:step.{name}" in taken
        }
        for engine in quantity(STEPS[0]).input("engine").words
    }
    tables = {"w:": ("workloads", asked.workloads), "p:": ("formats", quantity(STEPS[0]).input("precision").words)}
    shapes, formats = (
        {
            each: {
                name[2:]: both_sides(*(side.facts(table, each)(name[2:], 0.0) for side in sides), making)
                for name in sorted(taken)
                if name.startswith(start)
            }
            for each in names
        }
        for start, (table, names) in tables.items()
    )
    numbers = {"constants": constants, "engines": engines, "shapes": shapes, "formats": formats}
    return {**numbers, "usual": usual, "scatter": scatter}


def words(what):
    """Yield the mappings of words that a quantity takes: every op; the software that is taken where none is named."""
    found = [{}]
    for each in what.inputs:
        if not each.choices:
            continue
        accepted = ("",) if each.words == ("*",) else each.words
        found = [{**one, each.name: word} for one in found for word in accepted]
    yield from found


def key(system, choices):
    """Return the key of a use: the system and the words that are given, in the order of the inputs."""
    return "|".join([system, *filter(None, choices.values())])


def told(what, asked, uses):
    """Return what the page holds of a quantity beside its programs; draws: as many as on the command line, or more."""
    draws = max(asked.draws, what.draws)
    return {"meaning": what.meaning, "unit": what.unit, "draws": draws, "inputs": inputs(what), "uses": uses}


def page(asked):
    """Return what the page holds, as JSON can: codes, making of draws, machines, workloads, quantities with uses."""
    codes, making, found, taken = Shelf(), Making(), {}, set()
    known = {name: both(name, asked, making) for name in asked.systems}
    shelves = Pool(), Shelf(), Shelf(), Shelf()
    trained, asked_for = training(known, asked, making)
    served = serving(known, codes, making)
    asked_for |= your_serving.names(served)
    taken |= facts_among(asked_for)
    for name in OFFERED:
        what, uses = quantity(name), {}
        if name in your_training.QUANTITIES:
            uses = {each: {"value": {"quantity": name, "columns": place}} for each, place in trained["uses"].items()}
            uses = {each: {**one, "drawn": one["value"]} for each, one in uses.items()}
            found[name] = told(what, asked, uses)
            continue
        if sides := functions(name):
            uses = step_uses(what, sides, known, asked, shelves)
        if name == HELD:
            uses = {each: {side: {"holding": place} for side, place in one.items()} for each, one in uses.items()}
        for system, scenarios in known.items() if not sides and name not in your_serving.QUANTITIES else ():
            for choices in words(what):
                each = use(what, scenarios, choices, asked, codes, making)
                taken |= facts_among(bound for one in (*each["value"], *each["drawn"]) for bound in one[1])
                uses[key(system, choices)] = each
        found[name] = told(what, asked, uses)
    asked_for |= {each for each in shelves[0].names if isinstance(each, str)}
    taken |= facts_among(asked_for)
    return {
        "interval": [LOW, HIGH],
        "seed": [asked.seed, 0],
        "codes": codes.kept,
        "lines": list(shelves[0].lines),
        "names": [bind_bytes(each, making) for each in shelves[0].names],
        **dict(zip(("lists", "sequences", "refusals"), (each.kept for each in shelves[1:]), strict=True)),
        **shared_numbers(known, asked_for, asked, making),
        "systems": {name: {"facts": machine(name, taken, asked, making)} for name in asked.systems},
        "sought": {name: vars(along(name)) for name in sorted(taken)},
        "training": {name: each for name, each in trained.items() if name != "uses"},
        "serving": served,
        "making": making.lines,
        "made": making.functions,
        "workloads": {name: workload(name) for name in asked.workloads},
        "nowhere": HELD_NOWHERE,
        "domainless": {
            name: why for name in asked.systems if (why := your_serving.refusal(Scenario(name).system, "domain"))
        },
        "quantities": found,
        "choices": {
            each["name"]: each["words"]
            for what in found.values()
            for each in what["inputs"]
            if each.get("words", ["*"]) != ["*"]
        },
        "relations": relations(),
        "parameters": [[name, kind, of, float(size(unit))] for name, (kind, of, unit) in PARAMETERS.items()],
    }


def training(known, asked, making):
    """Return what the page holds of training, and the names of what it takes besides, a set; known: of `both`."""
    sides = {name: tuple(scenario for scenario, _ in each.values()) for name, each in known.items()}
    kept, names = your_training.held(sides, asked.workloads, lambda *each: both_sides(*each, making), making)
    return kept, set(names)


def serving(known, codes, making):
    """Return what the page holds of serving, for JSON; known: of `both`."""

    def priced(system, find):
        found = {}
        for side, (scenario, facts) in known[system].items():

            def asked(columns, scenario=scenario):
                return find(scenario.given({key[1]: column for key, column in columns.items()}))

            found[side] = [packed(write(asked, facts), codes, making)]
        return found

    return your_serving.held(tuple(known), priced)


def facts_among(bounds):
    """Return the numbers of the machine for which arguments stand, a set of names."""
    precisions = quantity(STEPS[0]).input("precision").words
    named = {each[2:] for each in bounds if isinstance(each, str) and each.startswith("f:")}
    return {each.format(precision=precision) for each in named for precision in precisions}


def use(what, scenarios, choices, asked, codes, making):
    """Return {value: programs, drawn: programs} of a quantity on a system, for JSON; scenarios: of `both`."""
    given = {name: word for name, word in choices.items() if word}
    found = {side: programs(what, *each, given, asked) for side, each in scenarios.items()}
    return {side: [packed(each, codes, making) for each in one] for side, one in found.items()}


def both(system, asked, making):
    """Return {value or drawn: (a Rewritten, numbers or draws of its system)}."""
    found = {}
    for side, sampler in (("value", None), ("drawn", Noting(asked.draws, (asked.seed, 0), making))):
        facts = Scenario(system, sampler).system
        numbers = {("fact", name): np.asarray(facts(name), float) for name in changeable(system)}
        found[side] = Rewritten(system, sampler), numbers
    return found


def packed(program, codes, making):
    """Return a Program as JSON can hold it: [place of its code, what its arguments stand for, refusal if it is one]."""
    bound = [bind(each, making) for each in program.bound]
    return [codes.put(program.code, program.code), bound, *([list(program.refusal)] if program.refusal else [])]


def bind(each, making):
    """Return what an argument stands for, as JSON: a number, a place of draws ("d7"), an input or a fact by name."""
    if isinstance(each, tuple):
        return f"{each[0][0]}:{each[1]}"
    if isinstance(each, np.ndarray):
        return f"d{making.place(each)}"
    return "nan" if np.isnan(each) else each


def machine(name, taken, asked, making):
    """Return the numbers of a system that answers take: value, bounds, unit, kind, source, and their draws."""
    scenario, drawn = Scenario(name), Scenario(name, Noting(asked.draws, (asked.seed, 0), making))
    found = {}
    for fact, row in changeable(name).items():
        if fact not in taken:
            continue
        draws = np.asarray(drawn.system(fact), float)
        found[fact] = {
            "value": float(scenario.system(fact)),
            "unit": row.unit,
            "size": float(size(row.unit)),
            **{side: float(getattr(row, side)) for side in ("low", "high") if np.isfinite(getattr(row, side))},
            **({"draws": making.place(draws)} if draws.size > 1 else {}),
            **{word: str(getattr(row, word)) for word in ("kind", "source", "locator")},
            "meaning": meaning(fact),
            "accepts": list(change(fact)),
        }
    return found


def along(name):
    """Return the Places among which a number of the machine is sought, as the study has them."""
    return Along(quantity(OFFERED[0]), name, {}, None, {}, 1, 0, "").places


def meaning(name):
    """Return what the nomenclature says of a name, or nothing."""
    return next((entry.meaning for symbol, entry in NOMENCLATURE.items() if str(symbol) == name), "")


def workload(name):
    """Return the numbers of a workload that the quantities of the page take."""
    facts = catalog.load("workloads").loc[name]
    taken = {page_name(name, each.name) for name in OFFERED for each in QUANTITIES[name].inputs}
    return {each: float(facts[each]) for each in sorted(taken) if each in facts.index and np.isfinite(facts[each])}


def inputs(what):
    """Return what each input of a quantity accepts, as the study checks it and says it.

    An input that means another thing in another quantity has a name of its own on the page, and `asked` on the command
    line. Words that choose no program of their own are `free`; a program takes a `numbered` one by its place.
    """
    found = []
    for each in what.inputs:
        name = page_name(what.name, each.name)
        found.append(
            {
                "name": name,
                **({} if name == each.name else {"asked": each.name}),
                "meaning": each.meaning or meaning(each.name),
                "unit": each.unit,
                "accepts": describe(each),
                "optional": each.default is not None,
                **({} if each.default in (None, OPTIONAL) else {"default": each.default}),
                **({"beyond": each.beyond} if each.beyond else {}),
                **taken_of(each),
            }
        )
        if each.choices == ("0", "1"):
            found[-1] |= {"default": float(each.default), "low": 0.0, "high": 1.0, "least": 0.0, "whole": True}
    return found


def page_name(quantity_name, name):
    """Return how the page calls an input of a quantity."""
    return RENAMED.get(quantity_name, {}).get(name, name)


def taken_of(each):
    """Return what an input takes: words, or bounds of a number; 0 or 1 is a number."""
    if not each.choices:
        return {"low": each.low, "high": min(each.high, np.finfo(float).max), "least": each.least, "whole": each.whole}
    if each.choices == ("0", "1"):
        return {}
    if each.name in FOLLOWED:
        return {"words": ["*"]}
    if each.name in NUMBERED:
        return {"words": list(each.words), "free": True, "numbered": True}
    if each.default == OPTIONAL or each.name in FREE:
        return {"words": ["", *each.words], "free": True}
    return {"words": list(each.words)}


def relations():
    """Return what must hold between two inputs: names, a program that tells it, what is accepted, what is meant."""
    numbers = {("input", "own"): np.array([2.0]), ("input", "other"): np.array([4.0])}
    found = []
    for each in RELATIONS:
        program = write(
            lambda columns, each=each: each.fits(columns["input", "own"], columns["input", "other"]), numbers
        )
        found.append(
            [each.name, each.other, program.code, [name[1] for name in program.bound], each.accepted, each.else_meant]
        )
    return found


def start(held, system, workload, job):
    """Return where a page starts: {system, workload, inputs: {name: text}} of a job, {input: number or word}.

    Inputs that a workload has are its own; those that may be left out are left out. Raises ValueError where an input
    that must be given is not.
    """
    texts = {}
    for what in held["quantities"].values():
        for each in what["inputs"]:
            if each.get("words") == ["*"]:  # a machine's own software stands in, and the workload is chosen
                continue
            name = each["name"]
            number = job.get(name, held["workloads"][workload].get(name))
            if number is None and not each["optional"]:
                raise ValueError(f"the job lacks {name}: {each['accepts']}")
            texts[name] = "" if number is None else number if isinstance(number, str) else f"{number:.12g}"
    return {"system": system, "workload": workload, "inputs": texts}


def answers(start):
    """Return what the study answers where the page starts: quantity, value, low, high, unit, in the order of OFFERED.

    start: {system, workload, inputs: {name: text}}, as the page holds it.
    """
    rows = []
    for name in OFFERED:
        what = quantity(name)
        given = {"model": start["workload"], **start["inputs"]}
        given = {each.name: given.get(page_name(name, each.name), "") for each in what.inputs}
        found = predict(
            name, pd.DataFrame([{key: word for key, word in given.items() if word != ""}]), system=start["system"]
        )
        rows.append((name, *found.loc[0, ["value", "low", "high"]], what.unit))
    return pd.DataFrame(rows, columns=["quantity", "value", "low", "high", "unit"])
