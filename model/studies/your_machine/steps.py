"""Steps of serving as programs that take every number by name: one does for all workloads and machines of a kind."""

import numpy as np

from model.machine import memory
from model.machine.machine import POOLED
from model.machine.scenario import Scenario
from model.machine.step import engine_of
from model.numbers import catalog
from model.predictions.program import Noting, write
from model.predictions.quantities import quantity
from model.predictions.serving import idle_parts, refuse_foreign
from model.studies.your_machine import serving, training
from model.studies.your_machine.inputs import HELD, page_name
from model.studies.your_machine.programs import both_sides, changeable, key

# Asked of any workload: one program does for all systems of a kind, and all workloads.
STEPS = ("decode_throughput", "prefill_throughput", "moe_idle_share")
EVERYTHING = (2, 6)  # places in `layouts` of groups that exchange and reduce, in a domain and between domains
SMALL = 8.0  # devices of a domain between which a tensor group is split over the heads of any workload
PEAK = "f:peak_{precision}"  # of products in the precision of a step, whichever it is
# What of a serving software is no number of its steps, but the way that they take: rows of data/priors.csv.
WAYS = ("always_overlaps", "separates_shared_experts", "quantised_attention")
# Numbers of a system that the study asks for with another in their place: systems without them are of another kind.
TELLING = ("dies", "scale_out_achievable", "in_switch_reduction", "runs_cann", "peak_fp8", "peak_int8")
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


def layouts(domain):
    """Return (devices, of which split attention) of groups of all kinds: in a domain, over two, over many."""
    few = min(domain, 8.0)
    inside = [(1.0, 1.0), (few, 1.0), (few, 2.0 if few > 2 else 1.0), (few, few)]
    over = [(2 * domain, 1.0), (2 * domain, 2.0), (4 * domain, 2 * domain), (2 * domain, 2 * domain)]
    return [*inside, *over, (16 * domain, 16 * domain)]


def shapes(workloads):
    """Return (smallest workload, the one with most heads) of each kind: experts, some shared or none of them; dense."""
    table = catalog.load("workloads").loc[list(workloads)].sort_values("total_parameters")
    several = table.experts > 1
    kinds = (several & (table.shared_experts == 0), several & (table.shared_experts > 0), ~several)
    found = [table[each].attention_heads for each in kinds if each.any()]
    return [(str(heads.index[0]), str(heads.idxmax())) for heads in found]


def steps(name, workloads, facts, alone, drawn):
    """Yield (workload, mapping from the numbers of a quantity's step and a system's facts to an example) of all kinds.

    The last of each kind of workload are refused, which no draw is: they do not fit into memory, say, or have more
    devices than experts or heads have use for. alone: False where another system of the same kind has found the rest,
    for the layouts alone that take all constants of the system: what no example takes is not kept. A domain is small,
    and the system's own, too.
    """
    domain, dies = (
        float(np.ravel(facts.get(("fact", each), usual))[0]) for each, usual in (("domain", SMALL), ("dies", 1.0))
    )
    small = min(max(domain, 2.0), SMALL)
    usual, refused = EXAMPLES[name]
    some = [(*each, {**beside, ("fact", "domain"): small}) for beside in usual for each in layouts(small)]
    if alone and domain > small:
        some += [(*each, beside) for beside in usual for each in layouts(domain)]
    if not drawn:
        some += [*((8.0, 1.0, each) for each in refused), (8192.0, 1.0, usual[0]), (1024.0, 1024.0, usual[0])]
    some = some if alone else [some[each] for each in EVERYTHING]
    heads = catalog.load("workloads").attention_heads
    for smallest, widest in shapes(workloads):
        for ranks, tensor, beside in some:
            workload = smallest if tensor * dies <= heads[smallest] else widest
            spread = np.nan if ranks == 8192 else float(np.gcd(int(ranks), 8))
            found = {"ranks": ranks, "tensor_devices": tensor, "expert_devices": spread, **beside}
            found = {each if isinstance(each, tuple) else ("input", each): value for each, value in found.items()}
            found = {each: np.array([value]) for each, value in found.items() if each[0] == "input" or each in facts}
            yield workload, {**facts, **found}


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
    telling = frozenset(changeable(system)) & {*TELLING, f"peak_{choices['precision']}"}  # without it all is refused
    return (*choices.values(), way, telling, having)


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
        runs = not serving.refusal(refuse_foreign, scenario, {"engine": engine})
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


def idle_share(scenario, choices, rows):
    """Return the part of moe_idle_share that the number `part` chooses; `overlap` is a number, too."""
    shares = idle_parts(scenario, choices, rows, rows["overlap"])
    first, *others = quantity("moe_idle_share").input("part").words
    found = shares[first]
    for number, each in enumerate(others, 1):
        found = np.where(rows["part"] == number, shares[each], found)
    return found


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


def bind_bytes(one, making):
    """Return an argument of `name_of` as JSON: draws by their place."""
    return f"d{making.place(np.frombuffer(one))}" if isinstance(one, bytes) else one


def shared_numbers(known, taken, asked, making):
    """Return what programs of steps take besides inputs and machines: constants, shapes, formats and scatter."""
    constants, scatter, usual = {}, {}, {}
    for system, sides in known.items():
        (value, _), (drawn, _) = sides["value"], sides["drawn"]
        constants[system] = {
            key[1]: both_sides(value.kept.get(key, drawn.recorded.get(key)), drawn.kept.get(key), making)
            for key in {**drawn.kept, **value.kept}
            if key[0] == "constant" and f"c:{key[1]}" in taken and not key[1].startswith("step.")
        }
        usual[system] = engine_of(Scenario(system)) or POOLED
        if any(key[0] == "scatter" for key in drawn.kept):
            for workload in (*asked.workloads, training.OWN):
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
