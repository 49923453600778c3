"""How uneven random routing leaves ranks: the law of balls in bins, and a simulation."""

import pandas as pd
import sympy as sp

from model.laws import idle
from model.notation import nomenclature as symbols
from model.notation.equation import Equation, compute
from model.numbers import catalog
from model.simulations import routing


def random_loads(case, groups, tokens):
    """Return the load ratio of random routing by the law of balls in bins, over ranks and tokens of each."""
    shape = catalog.load("workloads").loc[case.workload]
    frame = pd.DataFrame(
        [(group, each) for group in groups for each in tokens], columns=["group_devices", "step_tokens"]
    )
    frame = frame.assign(topk=shape.topk, experts=shape.experts)
    return frame.assign(load_ratio=idle.balls_in_bins.evaluate(symbols.load_ratio, frame))


def simulated_loads(case, most):
    """Return the same by simulation, with the law's error; most: {ranks: most tokens of each that are simulated}."""
    rows = [(group, each) for group, limit in most.items() for each in (8, 32, 128, 512) if each <= limit]
    shape = catalog.load("workloads").loc[case.workload]
    ends = int(shape.experts), int(shape.topk)
    found = [(*row, *routing.simulate_load_ratio(row[0], *ends, row[1], 12, case.seed)) for row in rows]
    frame = pd.DataFrame(found, columns=["group_devices", "step_tokens", "load_ratio", "standard_error"])
    law = idle.balls_in_bins.evaluate(symbols.load_ratio, frame.assign(topk=shape.topk, experts=shape.experts))
    return frame.assign(error=law / frame.load_ratio - 1)


def tokens_needed():
    """Return the tokens of a rank at which random routing leaves a load ratio, as an Equation."""
    [found] = sp.solve(sp.Eq(symbols.load_ratio, idle.balls_in_bins[symbols.load_ratio].rhs), symbols.step_tokens)
    return Equation(symbols.step_tokens, found)


def tokens_at(case, share, ranks):
    """Return the tokens of a rank at which its mean rank waits that share of the experts' time, by random routing."""
    shape = catalog.load("workloads").loc[case.workload]
    point = {"load_ratio": 1 / (1 - share), "topk": shape.topk, "experts": shape.experts, "group_devices": float(ranks)}
    return float(compute(tokens_needed().rhs, point))
