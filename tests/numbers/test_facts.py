"""What transfers reach of a rate scales with a rate that is given in place of the recorded one."""

import pandas as pd
import pytest

import model
from model.numbers import catalog
from model.numbers.draws import Sampler
from model.numbers.facts import REACHED, Facts

REDUCE = pd.DataFrame([{"ranks": 144, "bytes": 1e9}])
RECORDED = [
    (system, reached, rate)
    for system in catalog.load("systems").index.unique()
    for reached, rate in REACHED.items()
    if {reached, rate} <= {*catalog.recorded("systems", system)}
]


@pytest.mark.parametrize("sampler", [None, Sampler(100, (0, 0))], ids=["value", "drawn"])
@pytest.mark.parametrize(("system", "reached", "rate"), RECORDED)
def test_the_share_that_is_reached_stays(system, reached, rate, sampler):
    known = Facts("systems", system, sampler)
    given = Facts("systems", system, sampler, {rate: 0.1 * known(rate)})
    assert given(reached) == pytest.approx(0.1 * known(reached), rel=1e-12)
    assert Facts("systems", system, sampler, {rate: 1.0, reached: 0.5})(reached) == 0.5


def test_a_slower_network_between_domains_slows_what_crosses_it():
    """It did not: the rate that transfers reach on the machine as recorded stood in, whatever the network."""
    known = Facts("systems", "gb300-nvl72")("scale_out_bandwidth")
    times = [
        model.predict("all_reduce_time", REDUCE, system="gb300-nvl72", changes=changes, interval=False).value.item()
        for changes in ({}, {"scale_out_bandwidth": known / 10}, {"scale_out_bandwidth": known / 100})
    ]
    assert times[2] > 5 * times[1] > 5 * times[0]
