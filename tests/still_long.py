"""Notebooks whose cells are still to be cut down, and their values to be glued by names that can be searched.

Take one out with its rewriting: a test fails when it stays here for no reason.
"""

STILL_LONG = {"moe_idle", "serving", "validation"}
UNSEARCHED = STILL_LONG  # whose names are put together in a loop or come from data/
UNQUOTED = STILL_LONG  # that glue for sweeps and reports what no page quotes
