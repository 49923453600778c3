"""What a question may say beside its inputs: whole numbers within their limits, and truth in no words."""

import numpy as np
import pytest

from model.predictions.inputs import InputError
from model.predictions.options import refuse_no_truth, refuse_numbers


@pytest.mark.parametrize(("draws", "seed"), [(20, 0), (10**6, 2**63), (np.int64(1000), np.int64(1))])
def test_whole_numbers_within_their_limits_are_taken(draws, seed):
    refuse_numbers(draws, seed)


@pytest.mark.parametrize(
    ("draws", "seed", "words"),
    [
        (19, 0, "draws is 19; it takes a whole number from 20 to 1e[+]06"),
        (10**6 + 1, 0, "draws is 1000001; it takes a whole number"),
        (100.0, 0, "draws is 100.0"),
        ("100", 0, "draws is '100'"),
        (100, -1, "seed is -1; it takes a whole number from 0 to"),
        (100, 2**63 + 1, "seed is 9223372036854775809"),
        (100, True, "seed is True"),
        (100, None, "seed is None"),
    ],
)
def test_what_is_no_such_number_is_refused_by_its_name(draws, seed, words):
    with pytest.raises(InputError, match=f"^{words}"):
        refuse_numbers(draws, seed)


def test_only_true_and_false_are_truths():
    refuse_no_truth(interval=True, own=np.bool_(False))
    for word in ("false", 0, None, 1.0):
        with pytest.raises(InputError, match=r"^own is .*; it takes True or False"):
            refuse_no_truth(interval=True, own=word)
