"""A quantity along one number, all else given: an input of its own, or a number of the system."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.notation.spelling import meant, shortened
from model.notation.units import base
from model.numbers import catalog
from model.numbers.draws import Sampler, around
from model.predictions.crossings import Places
from model.predictions.inputs import InputError, RowError, check, fitting, unknown
from model.predictions.quantity import Found, Quantity

# Numbers along which a search times the same steps again.
SHARED = ("speed", "devices", "tokens_per_step", "fleet", "site_power", "monthly_budget", "purchase_budget")
BEYOND = 100.0  # how far beyond every recorded system a number of the machine is sought


def sought(what: Quantity, of: str, given: Mapping[str, Any], where: str) -> str:
    """Return the name of the number that is sought, an input's before a system's; InputError refuses all else."""
    numbers = [each.name for each in what.inputs if not each.choices]
    facts = [each for each in catalog.load("systems").columns if each not in numbers]
    found = meant(of, [*numbers, *facts])
    if found is None:
        word = of in (each.name for each in what.inputs)
        why = f"{of} is a word, not a number" if word else f"{what.name} has no number {shortened(of)}"
        near = "" if word else unknown(what, of, given, facts)
        accepted = near if "did you mean" in near else f": choose one of {', '.join(numbers)}"
        raise InputError(f"{where}: {why}{accepted}, or a number of the system, such as scale_up_bandwidth")
    if found in given:
        raise InputError(f"{where}: {found} is what is sought: leave {found}= out, or seek another")
    return found


@dataclass(frozen=True)
class Along:
    """A quantity as a function of one number, `of`, all else given: its value, or the two ends of its interval.

    given: the other inputs; options: own and changes, as `predict` has them; draws, seed: of the interval; where: what
    a refusal calls the inputs.
    """

    what: Quantity
    of: str
    given: Mapping[str, Any]
    system: str | None
    options: Mapping[str, Any]
    draws: int
    seed: int
    where: str

    @cached_property
    def fact(self) -> bool:
        """Return whether the number is the system's, not an input."""
        return self.of not in {each.name for each in self.what.inputs}

    @cached_property
    def places(self) -> Places:
        """Return where the number is sought: all that an input takes; of a system's, far beyond what is recorded."""
        if self.fact:
            known = catalog.load("systems")[self.of].dropna()
            known, plain = known[known > 0], self.unit in ("", "1")
            whole = plain and bool((known == np.floor(known)).all())
            low, high = known.min() / BEYOND, known.max() * BEYOND
            return Places(1.0, high, True) if whole else Places(low, 1.0 if plain else high)
        each = self.what.input(self.of)
        low, high = each.low, each.high
        given = self.checked[0]
        if self.of == "experts":  # nobody visits more of them than there are
            low = max(low, float(given["topk"][0]))
        if self.of == "topk":
            high = min(high, float(given["experts"][0]))
        return Places(low, high, each.whole)

    @cached_property
    def unit(self) -> str:
        """Return the base unit of the number."""
        if not self.fact:
            return self.what.input(self.of).unit
        rows = catalog.read("systems")
        return base(rows[rows["quantity"] == self.of]["unit"].iloc[0])

    @cached_property
    def checked(self) -> tuple[dict[str, np.ndarray], dict[str, str], str | None]:
        """Return (numbers, words, system) of what is given, checked: arrays of one number."""
        frame = {key: [value] for key, value in self.given.items()}
        if not self.fact:  # anything that it takes
            frame[self.of] = [self.what.input(self.of).high]
        numbers, texts = check(self.what, pd.DataFrame(frame, index=[0]), self.system, self.where, sought=self.of)
        words = {key: each[0] for key, (_, each) in texts.items() if each[0]}
        system = words.pop("system", None)
        if self.fact and system is None:
            raise InputError(f"{self.where}: {self.of} is a number of a system: say which system")
        return numbers, words, system

    def values(self, places: np.ndarray) -> np.ndarray:
        """Return the quantity at each place; nan where it is refused, or has no finite value."""
        return self._along(places, drawn=False)[0]

    def ends(self, places: np.ndarray) -> np.ndarray:
        """Return the low and the high end of the prediction's interval at each place, as `predict` has them."""
        return self._along(places, drawn=True)[1:]

    def few(self, draws: int) -> "Along":
        """Return the same along fewer draws: where about an interval ends, for a tenth of the time."""
        return replace(self, draws=min(draws, self.draws))

    def layout(self, place: float) -> dict[str, float]:
        """Return the layout that a search finds at a place, by name; empty where there is no search."""
        found = self.what.evaluate(self._scenario(None, place), self.checked[1], self._rows(np.array([place])))
        return {key: float(value[0]) for key, value in found.layout.items()} if isinstance(found, Found) else {}

    def sources(self, place: float) -> list[str]:
        """Return the sources used at a place."""
        scenario = self._scenario(None, place)
        self.what.values(scenario, self.checked[1], self._rows(np.array([place])))
        return scenario.sources()

    def refuse(self, place: float) -> None:
        """Raise InputError with what is wrong at a place, where no place has an answer."""
        try:
            self._asked(np.array([place]), drawn=False)
        except RowError as error:
            raise InputError(f"{self.where}: no {self.of} will do; {self.of}={place:.6g}, say: {error}") from error
        except ValueError as error:
            raise InputError(f"{self.where}: {error}") from error
        raise InputError(f"{self.where}: {self.what.name} has no finite value at any {self.of}")

    def _along(self, places, drawn):
        """Return an array (value, low, high) x places; without draws the ends are the value."""
        result = np.full((3, len(places)), np.nan)
        asked = np.arange(len(places)) if self.fact else np.flatnonzero(fitting(self._rows(places), self.of))
        together = list(asked[:, None]) if self.fact else [asked] if len(asked) else []
        while together:
            part = together.pop()
            try:
                with np.errstate(all="ignore"):  # what is not finite is a hole
                    result[:, part] = self._asked(places[part], drawn)
            except RowError as error:  # a hole; the others may be fine
                together += [np.delete(part, error.row)] if len(part) > 1 else []
            except ValueError:  # of one of them, and nobody knows which
                together += list(part[:, None]) if len(part) > 1 else []
        return np.where(np.isfinite(result), result, np.nan)

    def _asked(self, places, drawn):
        rows, words = self._rows(places), self.checked[1]
        value = np.broadcast_to(self.what.values(self._scenario(None, places[0]), words, rows), len(places))
        if not drawn:
            return value, value, value
        values = self.what.values(self._scenario(self.draws, places[0]), words, rows)
        return value, *around(value, np.broadcast_to(values, (self.draws, len(places))), axis=0)

    def _rows(self, places):
        return self.checked[0] if self.fact else {**self.checked[0], self.of: places}

    def _scenario(self, draws, place):
        """Return the Scenario for a place, with draws or without: one for all places of an input."""
        if not self.fact:
            return self._drawn if draws else self._plain
        return self._made(draws, {self.of: float(place)})

    @cached_property
    def _plain(self):
        return self._made(None, {})

    @cached_property
    def _drawn(self):
        return self._made(self.draws, {})

    def _made(self, draws, more):
        changes = {**(self.options.get("changes") or {}), **more}
        return self._made_of(self.checked[2], draws, changes)

    def _made_of(self, system, draws, changes):
        """Return the Scenario of a system with draws or without."""
        sampler = Sampler(draws, (self.seed, 0)) if draws else None
        options = {"own": self.options.get("own", True), "changes": changes, "readings": self.options.get("readings")}
        scenario = Scenario(system, sampler, **options)
        if self.what.layout and self.of in SHARED:
            scenario.kept = {}
        return scenario
