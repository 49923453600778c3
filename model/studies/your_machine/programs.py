"""Predictions written down as programs, with the numbers that they take, as JSON can hold them.

A program is one branch of a quantity's own function (model.predictions.program). Branches are found by asking many
examples; what no branch of the page answers the page refuses, and names the command that answers it.
"""

from dataclasses import dataclass
from itertools import count, islice, product

import numpy as np

from model.machine.scenario import Scenario
from model.numbers import catalog
from model.predictions.inputs import OPTIONAL, fitting
from model.predictions.program import Noting, write
from model.studies.your_machine.scenario import Rewritten

DOMAIN = ("fact", "domain")
# Devices of a domain: each power of two beyond the widest that was measured cuts an all-reduce into more groups.
DOMAINS = tuple(2.0**power for power in range(1, 11))


@dataclass(frozen=True)
class Asked:
    """What the page is built for: systems, workloads, examples that seek branches, draws at least, seed."""

    systems: tuple
    workloads: tuple
    examples: int
    draws: int
    seed: int


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


def both(system, asked, making):
    """Return {value or drawn: (a Rewritten, numbers or draws of its system)}."""
    found = {}
    for side, sampler in (("value", None), ("drawn", Noting(asked.draws, (asked.seed, 0), making))):
        facts = Scenario(system, sampler).system
        numbers = {("fact", name): np.asarray(facts(name), float) for name in changeable(system)}
        found[side] = Rewritten(system, sampler), numbers
    return found


def examples(what, number, rng, facts):
    """Yield mappings from a quantity's numbers and a system's facts to examples: corners, and so many far apart.

    Some inputs are left out. Those that do not fit each other are refused before a quantity is asked, and are no
    examples. A reader may change the domain: corners have all of DOMAINS, too, and half of the others one of them.
    """
    numbers = [each for each in what.inputs if not each.choices]
    drawn = ({each.name: _drawn(each, rng) for each in numbers} for _ in count())
    others = [facts | {DOMAIN: np.array([size])} for size in DOMAINS if DOMAIN in facts]
    at_corners = product(filter(fit, corners(numbers)), [facts, *others])
    fits = islice(filter(fit, drawn), number)
    far = ((found, others[rng.integers(len(others))] if others and rng.random() < 0.5 else facts) for found in fits)
    for found, machine in (*at_corners, *far):
        yield {("input", name): np.array([value]) for name, value in found.items()} | machine


def fit(found):
    """Tell whether the inputs of an example, numbers by name, fit each other."""
    return all(fitting({name: np.array([value]) for name, value in found.items()}, name).all() for name in found)


def corners(numbers):
    """Yield examples of inputs at the end of what they take: all at one, or one at the other.

    Of those that may be left out all are given, one is left out, or all are. What is refused far out no random example
    may meet.
    """
    optional = {each.name for each in numbers if each.default == OPTIONAL}
    lefts = {frozenset(), frozenset(optional), *(frozenset([name]) for name in optional)}
    for left, side, other in product(sorted(lefts, key=sorted), (0, 1), (None, *numbers)):
        at = {each.name: _reach(each)[1 - side if each is other else side] for each in numbers}
        yield at | dict.fromkeys(left, np.nan)


def _reach(each):
    """Return the least and the largest number of an input that examples take."""
    return max(each.low, each.least, 1e-12), min(each.high, 1e12)


def _drawn(each, rng):
    """Return a number of an input, by its logarithm, or what stands for one that is left out, or 0."""
    low, high = _reach(each)
    drawn = float(np.exp(rng.uniform(np.log(low), np.log(min(high, low * 10 ** rng.uniform(0.5, 13))))))
    if each.default == OPTIONAL and rng.random() < 0.5:
        return np.nan
    if each.low == 0 and rng.random() < 0.05:
        return 0.0
    return np.floor(drawn) if each.whole else drawn


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


def use(what, scenarios, choices, asked, codes, making):
    """Return {value: programs, drawn: programs} of a quantity on a system, for JSON; scenarios: of `both`."""
    given = {name: word for name, word in choices.items() if word}
    found = {side: programs(what, *each, given, asked) for side, each in scenarios.items()}
    return {side: [packed(each, codes, making) for each in one] for side, one in found.items()}


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


def both_sides(value, drawn, making):
    """Return a number and its draws as JSON: [number, place of the draws], or the number where none vary.

    A number is None where draws alone asked for what was fitted, and no program takes it for a value; draws are None
    of a limit at which values alone are refused, and the number stands.
    """
    value = None if value is None else float(np.ravel(value)[0])
    drawn = np.ascontiguousarray(np.ravel(np.asarray(value if drawn is None else drawn, float)))
    if drawn.size == 1 or np.all(drawn == drawn[0]):
        return float(drawn[0]) if value is None else value
    return [value, making.place(drawn)]
