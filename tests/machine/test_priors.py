"""Priors of constants: their bounds are 5 and 95 % points, and rows without a range are no priors."""

import numpy as np
from scipy.stats import norm

from model.machine.estimate import EXPONENTS
from model.machine.priors import priors
from model.notation.units import size
from model.numbers import catalog

ROWS = catalog.chosen("priors")


def test_one_in_twenty_lies_below_the_low_bound_and_one_above_the_high_one():
    found = priors()
    np.testing.assert_allclose(np.exp(found["mean"]), found.value * found.unit.map(size), rtol=1e-12)
    found = found[~found.quantity.isin(EXPONENTS)]
    middle = np.sqrt(found.low * found.high)  # of a log-normal, in its own unit
    for bound, share in ((found.low, 0.05), (found.high, 0.95)):
        np.testing.assert_allclose(norm.cdf(np.log(bound / middle) / found.sd), share, rtol=1e-9)


def test_rows_with_a_range_above_zero_are_priors_and_no_others():
    found = set(zip(priors().fit, priors().quantity, strict=True))
    for row in ROWS.itertuples():
        ranged = np.isfinite(row.low) and 0 < row.low < row.high
        assert ((row.fit, row.quantity) in found) == ranged, row
    assert any(row.low == 0 for row in ROWS.itertuples()) and ROWS.low.isna().any()  # of both kinds there are some


def test_a_row_whose_bounds_are_one_number_is_none(data):
    table = data / "priors.csv"
    text = table.read_text(encoding="utf-8")
    row = next(each for each in text.splitlines() if each.startswith("step,block_scaling,"))
    fields = row.split(",")
    fields[4] = fields[5] = fields[2]
    table.write_text(text.replace(row, ",".join(fields)), encoding="utf-8")
    catalog._checked.cache_clear()
    priors.cache_clear()
    found = set(zip(priors().fit, priors().quantity, strict=True))
    assert ("step", "block_scaling") not in found and ("step", "skew") in found
