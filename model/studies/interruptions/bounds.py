"""What the useful share can never exceed, and what is lost to first order, derived from the law."""

import sympy as sp

from model.laws import reliability
from model.notation import nomenclature as symbols
from model.notation.equation import latex


def bounds():
    """Return expressions that bound the useful share: no_writes (saving costs nothing), no_faults (nothing fails)."""
    share = reliability.checkpointing[symbols.effective_training_share].rhs
    return {
        "no_writes": sp.limit(share.subs(symbols.checkpoint_write, 0), symbols.interval, 0),
        "no_faults": sp.limit(share, symbols.job_mtbf, sp.oo),
    }


def at_most(bound):
    """Return the relation that says that the useful share is at most the bound."""
    return sp.Le(symbols.effective_training_share, bound, evaluate=False)


def first_order_loss():
    """Return the loss of useful time at Young's interval, to first order in the rate of interruptions."""
    share = reliability.checkpointing[symbols.effective_training_share].rhs
    root = sp.Symbol("root", positive=True)  # 1/sqrt(MTBF): what is small
    young = sp.sqrt(2 * symbols.checkpoint_write * symbols.job_mtbf)
    small = share.subs(symbols.interval, young).subs(symbols.job_mtbf, 1 / root**2)
    return sp.expand(sp.series(1 - small, root, 0, 3).removeO().subs(root, 1 / sp.sqrt(symbols.job_mtbf)))


def loss():
    """Return (equation, LaTeX) of first_order_loss; the LaTeX says the order of what it leaves out."""
    equation = sp.Eq(1 - symbols.effective_training_share, first_order_loss())
    return equation, rf"{latex(equation)} + O({latex(symbols.job_mtbf)}^{{-3/2}})"
