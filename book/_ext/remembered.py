"""Remembers what another extension looks up anew for every citation: pybtex goes through all that is installed."""

from functools import cache

import pybtex.plugin


def setup(app):
    if not hasattr(pybtex.plugin._load_entry_point, "cache_info"):
        pybtex.plugin._load_entry_point = cache(pybtex.plugin._load_entry_point)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
