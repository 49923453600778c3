"""One system: its numbers and the fitted constants of its operations, as recorded or drawn together."""

import numpy as np
import pandas as pd

from model.machine import operation_fit
from model.machine.collectives import LARGE, SMALL
from model.notation.units import size
from model.numbers import catalog
from model.numbers.configuration import shape
from model.numbers.facts import Facts

POOLED = "pooled"  # stands for a software of which no row was measured on a system


class Machine:
    """What a law may ask of a system: facts, fitted constants of its operations, residual scatter.

    With a Sampler, every answer is an array of shape (draws, 1), drawn once and kept, so that all parts of a prediction
    see the same machine; without, every answer is a number. own=False leaves the system's own
    calibration rows out: what the laws and the other systems alone would say. changes: numbers of the system, in base
    units, or draws of them, in place of the recorded ones: the same machine with another domain, say; startup: of its
    exchanges; failure_rate: of its devices. kept: a mapping, where whoever asks a search again and again on this
    machine wants the steps of its layouts kept between them; None, nothing is.
    """

    def __init__(self, system=None, sampler=None, own=True, changes=None):
        self.name, self.sampler = system, sampler
        self._without = None if own else system
        self._facts, self._constants, self._fitted_from = {}, {}, set()
        self._changes = changes or {}
        self._roomiest = None
        self.kept = None
        self._others = {}

    @property
    def system(self):
        """Return the Facts of the system's hardware."""
        if ("systems", self.name) not in self._facts:
            self._facts["systems", self.name] = Facts("systems", self.name, self.sampler, self._changes)
        return self._facts["systems", self.name]

    def facts(self, table, name):
        """Return the Facts of a name in a table of data/, the same object each time."""
        if (table, name) not in self._facts:
            own = self._changes if (table, name) == ("reliability", self.name) else None
            if table == "workloads" and str(name).endswith(".json"):
                own = shape(name)
            self._facts[table, name] = Facts(table, name, self.sampler, own)
        return self._facts[table, name]

    def software(self, quantity, name=None):
        """Return the Facts of a software: the one named, or the first with rows for this system, or the pooled one.

        Software for many tokens is never taken without being named.
        """
        known = self._softwares(quantity)
        if name is not None and name not in (*known, POOLED):
            accepted = ", ".join((*known, POOLED))
            raise ValueError(f"{self.name} has no rows to fit the software {name}: choose one of {accepted}")
        return self.facts("software", name or self._usual(quantity))

    def constants(self, quantity, software, op):
        """Return the fitted constants of an operation by name."""
        key = quantity, software, op
        if key not in self._constants:
            self._fitted_from |= operation_fit.sources(quantity, self.name, software, op)
            label = f"{self.name} {software} {'small ' if quantity == SMALL else ''}{op}"
            self._constants[key] = self._fit(quantity, software, op).constants(self.sampler, label)
            if quantity == SMALL:  # what a ring reaches is the same for large messages
                self._constants[key] = self.constants(LARGE, software, op) | self._constants[key]
            if quantity == "all_to_all_time" and "startup" in self._changes:
                self._constants[key]["startup"] = self._changes["startup"]
        return self._constants[key]

    def scatter(self, quantity, software, op, ranks=np.inf):
        """Return the factors by which single measurements scatter about the law; 1 undrawn.

        Shape (draws, 1), or (draws, rows) where ranks are given: below the fewest that were fitted, where a rank talks
        to so few others that another limit may bind, they lie further off with each halving.
        """
        if self.sampler is None:
            return 1.0
        fit, width = self._fit(quantity, software, op), 0.0
        if np.any(ranks < fit.fewest):
            halvings = np.log2(np.maximum(fit.fewest / ranks, 1.0))
            width = self.facts("priors", "exchange")("fewer_ranks") * halvings
        return self.sampler.scatter(f"{self.name} {software} {quantity} {op}", np.hypot(fit.scatter, width))

    def _fit(self, quantity, software, op):
        find = operation_fit.fit if self._without is None else operation_fit.fit_without
        return find(quantity, self.name, software, op)

    def _softwares(self, quantity):
        """Return the names of software that may be asked for."""
        return operation_fit.softwares(self.name, quantity)

    def _usual(self, quantity):
        """Return the software that stands in where none is named."""
        return next(iter(operation_fit.own_softwares(self.name, quantity)), POOLED)

    def _more(self):
        """Return what a machine like this one is made with, besides its name and what is known of its numbers."""
        return {}

    def roomiest(self):
        """Return the same machine with the largest share of memory that is recorded as usable: what may just fit."""
        if self._roomiest is None:
            row = catalog.recorded("assumptions", "serving")["memory_usable"]
            self._roomiest = self.with_facts("assumptions", "serving", {"memory_usable": row.high * size(row.unit)})
        return self._roomiest

    def with_facts(self, table, name, given):
        """Return the same machine, undrawn, with some numbers of a name in a table of data/ given, in base units."""
        other = type(self)(self.name, changes=self._changes, **self._more())
        other._facts[table, name] = Facts(table, name, None, given)
        return other

    def undrawn(self):
        """Return the same machine without draws, itself where it has none; of drawn changes, their medians."""
        if self.sampler is None:
            return self
        changes = {name: float(np.median(number)) for name, number in self._changes.items()}
        return type(self)(self.name, own=self._without is None, changes=changes, **self._more())

    def changed(self, **changes):
        """Return the same machine, with the same draws, with some of its numbers changed; each time the same one.

        changes: numbers in base units. What is read of it counts as read of this one.
        """
        key = tuple(sorted(changes.items()))
        if key not in self._others:
            both = {**self._changes, **changes}
            own = self._without is None
            self._others[key] = type(self)(self.name, self.sampler, own=own, changes=both, **self._more())
        other = self._others[key]
        other.kept = None if self.kept is None else {} if other.kept is None else other.kept
        return other

    def rows(self):
        """Return the rows of data/ used so far, as a frame: table, name, quantity and what the row says of it."""
        columns = ["table", "name", "quantity", "value", "unit", "low", "high", "kind", "source", "locator"]
        found = [
            (facts.table, facts.name, quantity, *(getattr(row, name) for name in columns[3:]))
            for facts in self._facts.values()
            for quantity, row in facts.used.items()
        ]
        parts = [pd.DataFrame(found, columns=columns), *(other.rows() for other in self._others.values())]
        return pd.concat(parts, ignore_index=True).drop_duplicates(columns[:3]) if len(parts) > 1 else parts[0]

    def sources(self):
        """Return the keys of the sources of every number used so far, rows behind fits included, sorted."""
        own = {row.source for facts in self._facts.values() for row in facts.used.values()} | self._fitted_from
        return sorted(own.union(*(other.sources() for other in self._others.values())))
