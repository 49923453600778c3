"""Scale-up against scale-out: one balanced exchange over two tiers of network, and where the two meet."""

import sympy as sp

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    domain,
    inner_share,
    inner_time,
    outer_time,
    parallel_time,
    ranks,
    scale_out_bandwidth,
    scale_up_bandwidth,
    serial_time,
    startup,
    volume,
)

one_tier = Model(
    equations=(Equation(parallel_time, startup + volume / scale_out_bandwidth, "hockney1994"),),
    assumptions=("one sender, one receiver", "a message costs a start-up time and its bytes at a constant rate"),
)

two_tier = Model(
    equations=(
        Equation(inner_share, (domain - 1) / (ranks - 1)),
        Equation(inner_time, inner_share * volume / scale_up_bandwidth, "hockney1994"),
        Equation(outer_time, (1 - inner_share) * volume / scale_out_bandwidth, "hockney1994"),
        Equation(parallel_time, sp.Max(inner_time, outer_time), "williams2009"),
        Equation(serial_time, inner_time + outer_time),
    ),
    assumptions=(
        "every peer gets the same share of the bytes",
        "ranks fill domains one after another",
        "no start-up time, no congestion: a bound that no software beats",
    ),
    valid=(sp.Gt(ranks, 1), sp.Ge(domain, 1), sp.Ge(ranks, domain)),
)


def meeting_domain():
    """Return the domain size at which inner and outer transfers take equally long, as an expression of the inputs.

    Below it the scale-out network binds, above it the scale-up network does. Source: derived from two_tier.
    """
    balance = sp.Eq(two_tier.solve(inner_time), two_tier.solve(outer_time))
    return sp.simplify(sp.solve(balance, domain)[0])
