"""From a system, a software and rows of operating conditions to the columns of the exchange and all-reduce laws."""

import numpy as np

from model.laws.all_reduce import all_reduce
from model.laws.exchange import all_to_all, merged_copies, unmerged_copies
from model.notation.equation import compute
from model.notation.nomenclature import all_reduce_time, all_to_all_time

LARGE, SMALL = "all_reduce_time", "small_all_reduce_time"  # the two protocols of an all-reduce


def fitted_names(quantity, software):
    """Return the names of a software's fitted constants: start-up time and efficiency of its fastest tier.

    A small message reaches the efficiency of a large one, less its flags: only its start-up time is fitted.
    """
    if quantity == SMALL:
        return ("startup",)
    return ("startup", "inner_efficiency" if software("uses_scale_up") else "outer_efficiency")


def all_to_all_columns(system, software, rows):
    """Return every column of the exchange law but the fitted constants.

    system, software: Facts. rows: mapping of arrays ranks, tokens, hidden, topk, bytes_per_element and, where fewer
    copies travel between domains than inside, outer_copies.
    """
    ranks, dies = rows["ranks"], system("dies", 1)
    copies = merged_copies if software("merges_copies") else unmerged_copies
    uses_scale_up = software("uses_scale_up")
    local = local_ranks(ranks, system("domain") * dies) if uses_scale_up else np.ones_like(ranks)
    sent = compute(copies.rhs, {"topk": rows["topk"], "ranks": ranks})
    scale_bytes = software("scale_bytes", 0.0) * rows["hidden"] / software("scale_block", 1.0)
    return {
        "outer_copies": sent,
        **rows,
        **_fabric(system, dies, np.any(ranks > local)),
        "copies": sent,
        "scale_bytes": np.where(rows["bytes_per_element"] < 2, scale_bytes, 0.0),
        "local_ranks": local,
        "package_ranks": np.minimum(dies, local),
        "inner_efficiency": 1.0,  # where the scale-up network is not used; a fitted constant replaces it
        "crossings": np.where(ranks > local, 2.0, 0.0),
    }


def all_reduce_columns(system, software, rows):
    """Return every column of the all-reduce law but the fitted constants; rows: mapping of arrays ranks, bytes."""
    ranks = rows["ranks"]
    local = local_ranks(ranks, system("domain"))
    return {
        **_fabric(system, 1, np.any(ranks > local)),
        "ranks": ranks,
        "message": rows["bytes"],
        "local_ranks": local,
        "parts": local,
        "message_share": 1.0,
        "serial_share": software("serial_share"),
        "in_switch": system("in_switch_reduction", 0.0),
    }


def small_all_reduce_columns(system, software, rows):
    """Return the columns for small messages: their protocol sends a flag with every word, and no switch reduces it."""
    columns = all_reduce_columns(system, software, rows)
    return {**columns, "parts": 1.0, "in_switch": 0.0, "message_share": software("message_share")}


def local_ranks(ranks, domain):
    """Return the ranks that share a domain: spread evenly over as few domains (sizes in ranks) as hold them."""
    return ranks / np.ceil(ranks / domain)


def _fabric(system, dies, crosses):
    """Return both bandwidths of one rank, and what transfers reach of the outer one where no fit says so.

    Where nothing crosses domains the scale-out network need not be known: its columns then multiply zero bytes.
    """
    inner = {"scale_up_bandwidth": system("scale_up_bandwidth") / dies}
    if not crosses:
        return {**inner, "scale_out_bandwidth": 1.0, "scale_out_latency": 0.0, "outer_efficiency": 1.0}
    scale_out = system("scale_out_bandwidth")
    return {
        **inner,
        "scale_out_bandwidth": scale_out / dies,
        "scale_out_latency": system("scale_out_latency"),
        "outer_efficiency": system("scale_out_achievable", scale_out) / scale_out,
    }


OPERATIONS = {  # quantity: (law, its left-hand side, what makes the columns)
    "all_to_all_time": (all_to_all, all_to_all_time, all_to_all_columns),
    LARGE: (all_reduce, all_reduce_time, all_reduce_columns),
    SMALL: (all_reduce, all_reduce_time, small_all_reduce_columns),
}


def time(quantity, columns, constants, law=None, target=None):
    """Return the time of an operation, in s, from its columns and a mapping of fitted constants.

    The names decide: constants given replace columns of the same name. law: a variant in place of the chosen one.
    target: an expression of the law in place of the whole time. Checks the law's region of validity.
    """
    chosen, whole, _ = OPERATIONS[quantity]
    law = law or chosen
    columns = {**columns, **constants}
    for condition in law.valid:
        if not np.all(compute(condition, columns)):
            raise ValueError(f"{quantity}: {condition} fails")
    return compute(law.solve(whole if target is None else target), columns)


def reduce_times(scenario, software, rows, startup=None):
    """Return the times of an all-reduce, s, by the protocols LARGE and SMALL; the faster one is what runs.

    software: Facts; rows: mapping of arrays ranks, bytes; startup: of small messages, s, in place of the fitted one.
    """
    for protocol in (LARGE, SMALL):
        columns = OPERATIONS[protocol][2](scenario.system, software, rows)
        constants = scenario.constants(protocol, software.name, "all_reduce")
        if protocol == SMALL and startup is not None:
            constants = {**constants, "startup": startup}
        yield time(protocol, columns, constants)
