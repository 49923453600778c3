"""One decode step in closed form against the same step as model.machine.step joins it from arrays."""

import numpy as np
import pytest

from model.machine import step
from model.machine.decode_law import decode_step
from model.machine.memory import largest_batch
from model.machine.scenario import Scenario
from model.notation.nomenclature import (
    batch_limit,
    decode_throughput,
    exchange_idle,
    imbalance_idle,
    step_time,
    user_speed,
)

ROWS = {
    "ranks": np.array([8.0, 48, 64, 72, 73, 144, 320]),
    "batch": np.array([8.0, 32, 128, 100, 64, 200, 17]),
    "context": np.array([512.0, 4096, 4096, 8192, 100, 4096, 30_000]),
}


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("system, precision", [("gb200-nvl72", "fp8"), ("cloudmatrix384", "int8")])
def test_closed_form_is_the_step(system, precision, overlap):
    asked = step.Asked("deepseek-v3", "decode", precision)
    law, numbers = decode_step(Scenario(system), asked, overlap)
    for size in (1.0, 8.0, 72.0, 384.0):
        scenario = Scenario(system, changes={"domain": size})
        processed = np.full(len(ROWS["ranks"]), 2.0)
        rows = ROWS | {"processed": processed, "drafts": np.zeros_like(processed), "kv_bytes_per_element": 2.0}
        time, busy, fair = step.step(scenario, asked, rows, overlap)
        point = {**numbers, **ROWS, "devices": ROWS["ranks"], "domain": size}
        point |= {"tokens_per_step": 1.7, "kv_bytes_per_element": 2.0}
        expected = {step_time: time, exchange_idle: 1 - busy / time, imbalance_idle: (busy - fair) / time}
        expected |= {user_speed: 1.7 / time, decode_throughput: ROWS["batch"] * 1.7 / time}
        expected[batch_limit] = largest_batch(scenario, "deepseek-v3", precision, rows)
        for found, numbers_expected in zip(
            law.answers(point, tuple(expected)).values(), expected.values(), strict=True
        ):
            np.testing.assert_allclose(found, numbers_expected, rtol=1e-11, atol=1e-14)


def test_one_batch_is_what_is_written_down_unless_two_are_asked_for():
    scenario, asked = Scenario("gb200-nvl72"), step.Asked("deepseek-v3", "decode", "fp8")
    usual, one, two = (decode_step(scenario, asked, *each)[0].solve(step_time) for each in ((), (False,), (True,)))
    assert usual == one != two


def test_a_software_to_which_no_domain_matters_is_refused():
    with pytest.raises(ValueError, match="scale-up network of hgx-h800"):
        decode_step(Scenario("hgx-h800"), step.Asked("deepseek-v3", "decode", "fp8"))
