"""The values of one input at which a quantity reaches a target, each with its interval, and how they are said."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from model.predictions import crossings
from model.predictions.along import Along
from model.predictions.crossings import Crossing
from model.predictions.held_back import HeldBack

AT_MOST = ("moe_idle_share", "spare_devices", "devices_needed")  # and every time but that between interruptions
SCANNED = {False: 257, True: 65}  # places of a scan; where each costs a search, or a machine of its own, the second
SCANNED_ALL = 17  # likewise of a search over all layouts that can be
CLOSE = {False: 0.0, True: 1e-5}  # relative precision of an interval's ends, likewise; 0: all that numbers hold
FEW = 100  # draws that say about where an interval ends, where each costs a search
SAME = 1e-9  # relative difference below which answers are the same


@dataclass(frozen=True)
class Reached:
    """One value of the input at which the quantity reaches the target, in base units.

    low, high: its interval, None where none was asked for, or where the interval runs on to the limit of what can be
    asked (open names those ends). there: the quantity at the value: the target, but for whole numbers and jumps.
    upward: larger values meet the target, too.
    """

    value: float
    low: float | None
    high: float | None
    open: tuple[str, ...]
    there: float
    upward: bool
    layout: dict[str, float]


@dataclass(frozen=True)
class Need:
    """The answer to: at which value of an input does a quantity reach a target?

    answer: "value", "not unique" or "out of reach"; reached: the values, in order; nearest: (quantity, input) where the
    quantity comes nearest; limits: the smallest and the largest input that can be asked. Where it is out of reach, met:
    every value of the input is on the good side of the target; steady: the quantity does not depend on the input.
    study, held: where a reader's own measurements joined in, the answer without them, and how they fit those held back.
    """

    quantity: str
    target: float
    unit: str
    input: str
    input_unit: str
    whole: bool
    at_most: bool
    system: str | None
    inputs: dict[str, float | str]
    reached: tuple[Reached, ...]
    nearest: tuple[float, float]
    limits: tuple[float, float]
    met: bool
    steady: bool
    interval: bool
    sources: tuple[str, ...]
    study: "Need | None" = None
    held: HeldBack | None = None

    @property
    def answer(self) -> str:
        """Return which kind of answer this is."""
        if self.steady and abs(self.nearest[0] - self.target) <= SAME * abs(self.target):
            return "not unique"
        return {0: "out of reach", 1: "value"}.get(len(self.reached), "not unique")

    def record(self) -> dict[str, Any]:
        """Return the answer as a mapping for JSON; value, low, high of the input where it is unique."""
        listed = [vars(each) | {"open": list(each.open)} for each in self.reached]
        only = self.reached[0] if len(self.reached) == 1 else None
        return {
            "quantity": self.quantity,
            "target": self.target,
            "target_unit": self.unit,
            "for": self.input,
            "answer": self.answer,
            "value": only and only.value,
            "unit": self.input_unit,
            "low": only and only.low,
            "high": only and only.high,
            "values": listed,
            "nearest": None if self.reached else {"value": self.nearest[0], "at": self.nearest[1]},
            "limits": list(self.limits),
            "met_everywhere": self.met,
            "system": self.system,
            "inputs": self.inputs,
            "sources": list(self.sources),
            "sentence": self.words(),
            **({"without": self.study.record(), "held_back": self.held.record()} if self.study and self.held else {}),
        }

    def words(self) -> str:
        """Return the answer as a sentence; with a reader's measurements two more lines, as `predict` has them."""
        if self.study and self.held:
            without = f"  with {self.held.from_file()}; without them: {self.study.words()}"
            return "\n".join([self._words(), without, f"  {self.held.words()}"])
        return self._words()

    def _words(self):
        on = f" on {self.system}" if self.system else ""
        bound = ("at most " if self.at_most else "at least ") if self.whole and self.reached else ""
        goal = f"{self.quantity} of {bound}{_with(self.target, self.unit)}{on}"
        if self.reached:
            places = "; ".join(map(self._one, self.reached))
            return f"{goal} needs {places}" if len(self.reached) == 1 else f"not unique: {goal} lies at {places}"
        least, most = self.limits
        value, at = self.nearest
        if self.steady:
            return f"{self.answer}: {goal}; it is {_with(value, self.unit)} whatever {self.input} is"
        side = "more" if value > self.target else "less"
        return (
            f"out of reach: {goal}; it is {side} for all of {self.input} from {least:.6g} to "
            f"{_with(most, self.input_unit)}{', and every value will do' if self.met else ''}; the nearest is "
            f"{_with(value, self.unit)} at {self.input} = {_with(at, self.input_unit)}"
        )

    def _one(self, each):
        digits = 12 if self.whole else 4
        ends = ["no end" if end in each.open else f"{getattr(each, end) or 0:.{digits}g}" for end in ("low", "high")]
        interval = f" (5 to 95 %: {' to '.join(ends)})" if self.interval else ""
        text = f"{self.input} = {_with(each.value, self.input_unit, 12 if self.whole else 6)}"
        side = "" if not self.whole else " or more" if each.upward else " or less"
        exact = np.isclose(each.there, self.target, rtol=1e-6, atol=0)
        return f"{text}{side}{interval}{'' if exact else f', with {_with(each.there, self.unit)} there'}"


def _with(number, unit, digits=6):
    return f"{number:.{digits}g}" + ("" if unit in ("", "1") else f" {unit}")


def solved(along: Along, target: float, interval: bool) -> Need:
    """Return the Need of a target along a number; interval: whether its ends are sought."""
    what, whole = along.what, along.places.whole
    numbers, words, system = along.checked
    slow = along.fact or bool(what.layout)
    at_most = what.name in AT_MOST or (what.unit == "s" and what.name != "job_mtbf")

    def gain(values):
        return (target - values if at_most else values - target) / (abs(target) or 1.0)

    def curve(places):
        return gain(along.values(places))

    grid = along.places.grid(SCANNED_ALL if words.get("layouts") == "all" else SCANNED[slow])
    values = along.values(grid)
    if not np.isfinite(values).any():
        along.refuse(float(grid[len(grid) // 2]))
    places, values = (each[np.isfinite(values)] for each in (grid, values))
    places, values = crossings.edges(along.values, grid, places, values, whole)
    found = crossings.crossings(curve, places, gain(values), whole)
    if not found:  # a summit between two places may still reach it
        side = -1.0 if gain(values[0]) >= 0 else 1.0
        best = crossings.summit(lambda each: side * curve(each), places, side * gain(values), whole)
        places, values = crossings.merged(along.values, places, values, np.array([best]))
        found = crossings.crossings(curve, places, gain(values), whole)
    steady = bool(np.ptp(values) <= SAME * np.max(np.abs(values)))
    touching = places[np.abs(gain(values)) <= SAME]
    if not found and not steady and len(touching):  # it comes to the target, and goes no further
        ends = dict.fromkeys((float(touching[0]), float(touching[-1])))
        found = [Crossing(place, upward=number == 0) for number, place in enumerate(ends)]
    nearest = int(np.argmin(np.abs(values - target)))
    place = found[0].place if found else float(places[nearest])
    return Need(
        quantity=what.name,
        target=target,
        unit=what.unit,
        input=along.of,
        input_unit=along.unit,
        whole=whole,
        at_most=at_most,
        system=system,
        inputs={key: float(each[0]) for key, each in numbers.items() if key != along.of} | words,
        reached=tuple(_reached(along, each, gain, places, interval, at_most, slow) for each in found),
        nearest=(float(values[nearest]), float(places[nearest])),
        limits=(float(places[0]), float(places[-1])),
        interval=interval,
        steady=steady,
        met=not found and bool(gain(values[nearest]) >= -SAME),
        sources=tuple(along.sources(place)),
    )


def _end(along, curve, start, ladder, meeting, slow):
    """Return (place, whether it ends there) as crossings.outward does; curve: from an Along to its curve.

    Where each place costs a search, few draws say about where: all of them are asked only there and beside it.
    """
    whole, precision = along.places.whole, CLOSE[slow]
    if slow and len(ladder):
        near, ended = crossings.outward(curve(along.few(FEW)), start, ladder, meeting, whole, 1e-3, 1)
        limits = float(start), float(ladder[-1])
        found = ended and crossings.refined(curve(along), near, meeting, limits, whole, precision)
        if found:
            return found, True
        if not ended and (curve(along)(ladder[-1:])[0] >= 0) != meeting:
            return limits[1], False
    return crossings.outward(curve(along), start, ladder, meeting, whole, precision, 1 if slow else 16)


def _reached(along, crossing, gain, places, interval, at_most, slow):
    """Return the Reached of a crossing, with its interval where one is asked for."""
    place = np.array([crossing.place])
    ends: dict[str, float | None] = {"low": None, "high": None}
    endless = []
    if interval:
        beyond = {"high": places[places > crossing.place], "low": places[places < crossing.place][::-1]}
        for end, ladder in beyond.items():
            meeting = (end == "high") == crossing.upward  # out there the value meets the target
            side = int(meeting == at_most)  # the end of the prediction's interval that comes to the target there

            def curve(drawn, side=side):
                return lambda each: gain(drawn.ends(each)[side])

            ends[end], ended = _end(along, curve, crossing.place, ladder, meeting, slow)
            if not ended:
                ends[end] = None
                endless.append(end)
    there = float(along.values(place)[0])
    return Reached(
        value=crossing.place,
        open=tuple(endless),
        there=there,
        upward=crossing.upward,
        layout=along.layout(crossing.place),
        **ends,
    )
