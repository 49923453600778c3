"""A scenario that is asked again and again, and whose numbers are columns of the prediction being written down."""

import numpy as np

from model.machine.scenario import Scenario
from model.notation.equation import tape as tape_of
from model.numbers.facts import Facts


class Rewritten(Scenario):
    """A Scenario that is asked again and again with other numbers of its system, and keeps all else that it knows.

    named: numbers of workloads, precisions and fits become Columns of their own too, so that one program does for all
    systems and workloads; `kept` has each under its key as it was asked for. `recorded` has the recorded value of what
    was drawn from data/.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.named, self.kept, self.recorded, self._most = False, {}, {}, ""

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
        found.named, found.kept, found.recorded, found._most = self.named, self.kept, self.recorded, ".most"
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
        key = self._kind, f"{self._start}{quantity}{self._more}"
        found = self._scenario.column(key, number)
        if self._scenario.sampler is not None and quantity in self._facts.rows:
            self._scenario.recorded[key] = Facts(self.table, self.name)(quantity)
        if quantity != "shared_experts":
            return found
        assert found == float(number), "a number is itself: the comparison becomes a condition"
        return number
