"""The laws and the symbols of the study, collected from their modules, so that no table of them is written by hand."""

import importlib
import inspect
import pkgutil

import pandas as pd

import model.laws as laws
from model.notation.equation import Equation, Model
from model.notation.nomenclature import NOMENCLATURE


def equations():
    """Return every equation of model/laws: module, law, equation, model (None where it stands alone), left, source.

    An equation belongs to the module that writes it; a dictionary of equations is a law of several parts.
    """
    found = []
    for _, module, _ in pkgutil.iter_modules(laws.__path__):
        loaded = importlib.import_module(f"{laws.__name__}.{module}")
        written = inspect.getsource(loaded)
        for name, law in vars(loaded).items():
            if f"\n{name} = " in written:  # and not imported from the module that it belongs to
                found += [(module, *row) for row in _equations(name, law)]
    frame = pd.DataFrame(found, columns=["module", "law", "equation", "model"])
    left = [str(each.lhs) for each in frame.equation]
    return frame.assign(left=left, source=[each.source for each in frame.equation])


def _equations(name, law):
    """Return (name, equation, model) of each equation of one law, none of anything else."""
    if isinstance(law, Model):
        return [(name, equation, law) for equation in law.equations]
    if isinstance(law, Equation):
        return [(name, law, None)]
    if isinstance(law, dict):
        return [(f"{name} {key}", each, None) for key, each in law.items() if isinstance(each, Equation)]
    return []


def assumptions(equations):
    """Return what each model assumes and where it answers: module, law, assumes (text), valid (conditions)."""
    rows = equations[equations.model.notna()].drop_duplicates(["module", "law"])
    assumes = ["; ".join(each.assumptions) for each in rows.model]
    return rows[["module", "law"]].assign(assumes=assumes, valid=[each.valid for each in rows.model])


def symbols(equations):
    """Return the symbols in order: name, latex, unit, meaning, modules (in whose laws they stand, in one text)."""
    names = [sorted(map(str, {each.lhs} | each.rhs.free_symbols)) for each in equations.equation]
    homes = equations[["module"]].assign(name=names).explode("name").drop_duplicates()
    homes = homes.groupby("name", sort=False).module.agg(", ".join)
    rows = [(str(each), entry.latex, entry.unit, entry.meaning) for each, entry in NOMENCLATURE.items()]
    frame = pd.DataFrame(rows, columns=["name", "latex", "unit", "meaning"])
    return frame.assign(modules=frame.name.map(homes).fillna(""))


def counts(equations, symbols):
    """Return how many symbols, equations and models there are, equations derived here, and letters of two meanings."""
    shared = symbols.latex[symbols.latex.duplicated()].nunique()
    return pd.Series(
        {
            "symbols": len(symbols),
            "equations": len(equations),
            "models": len(assumptions(equations)),
            "derived": int((equations.source == "derived").sum()),
            "shared_letters": int(shared),
        }
    )
