"""The columns of a step: a microbatch has half of what grows with the requests, and rows do not see each other."""

import numpy as np
import pytest

from model.machine import step
from model.machine.scenario import Scenario
from model.machine.step import Asked
from model.numbers.draws import Sampler

ROWS = {
    "ranks": np.array([8.0, 72.0, 144.0, 256.0, 16.0, 512.0]),
    "batch": np.array([4.0, 64.0, 128.0, 3.0, 0.5, 96.0]),
    "context": np.array([1024.0, 4096.0, 2048.0, 900.0, 8192.0, 3000.0]),
    "tensor_devices": np.array([8.0, 1.0, 2.0, 1.0, 16.0, 4.0]),
    "processed": np.array([1.0, 2.0, 1.0, 4.0, 2.0, 1.0]),
}


@pytest.mark.parametrize("phase", ("decode", "prefill", "training"))
@pytest.mark.parametrize("system", ("hgx-h800", "gb200-nvl72", "cloudmatrix384"))
def test_a_microbatch_has_half_of_what_grows_with_the_requests(system, phase):
    scenario = Scenario(system)
    asked = Asked("deepseek-v3", phase, "int8" if system == "cloudmatrix384" else "fp8")
    whole, own = (
        step.columns(scenario, asked, ROWS | {"batch": batch}) for batch in (ROWS["batch"], ROWS["batch"] / 2)
    )
    half, own["batch"] = step.halved(whole), ROWS["batch"]  # those of the device stay: its throughput counts them
    assert half.keys() == own.keys()
    for name, column in own.items():
        np.testing.assert_array_equal(half[name], column, err_msg=name)


@pytest.mark.parametrize("drawn", (False, True))
@pytest.mark.parametrize("system", ("hgx-h800", "gb200-nvl72"))
def test_a_row_takes_as_long_alone_as_beside_others(system, drawn):
    scenario = Scenario(system, Sampler(20, (0, 0)) if drawn else None)
    asked = Asked("deepseek-v3", "decode", "fp8")
    together = step.step(scenario, asked, ROWS)
    for row in range(6):
        alone = step.step(scenario, asked, {name: column[row : row + 1] for name, column in ROWS.items()})
        for all_rows, one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(all_rows[..., row], np.broadcast_to(one, (*one.shape[:-1], 1))[..., 0])


def test_rows_in_two_dimensions_take_as_long_as_in_one():
    scenario, asked = Scenario("gb200-nvl72"), Asked("deepseek-v3", "decode", "fp8")
    folded = {name: column.reshape(2, 3) for name, column in ROWS.items()}
    np.testing.assert_array_equal(
        np.ravel(step.duration(scenario, asked, folded)), step.duration(scenario, asked, ROWS)
    )


def test_half_of_too_few_tokens_is_refused_where_a_software_needs_many():
    found = {name: np.array([1500.0]) for name in step.HALVED}
    assert step.halved(found)["step_tokens"] == 750.0
    with pytest.raises(ValueError, match="one of two microbatches"):
        step.halved(found | {"tokens_least": 1024.0})


def test_a_missing_peak_of_a_byte_is_named_by_all_that_would_do():
    with pytest.raises(ValueError, match="rubin-ultra-nvl576 has neither peak_fp8 nor peak_int8 in data/systems.csv"):
        step.columns(Scenario("rubin-ultra-nvl576"), Asked("deepseek-v3", "decode", "nvfp4"), ROWS)


def test_experts_are_spread_over_the_group_in_rows_that_do_not_say_over_how_many():
    groups = step.groups_of_ranks({"ranks": np.array([64.0, 64.0]), "expert_devices": np.array([np.nan, 16.0])}, 2)
    np.testing.assert_array_equal(groups["expert_devices"], [128.0, 32.0])
