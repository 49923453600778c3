"""What drives an answer: indices of functions whose variance is known by hand, and one number at a time."""

from inspect import signature

import numpy as np
import pytest

from model.predictions.inputs import InputError
from model.predictions.sensitivity import factors, indices, one_at_a_time, ranking


def weighted(sampler, **weights):
    """Return a sum of what the sampler draws by label, each with its weight: variances are a twelfth of the squares."""
    return sum(weight * sampler.unit(label) for label, weight in weights.items())


def shares(function, **options):
    return indices(function, 1024, **options).set_index("factor")


def test_of_a_sum_each_part_explains_its_share_of_the_variance_alone():
    found = indices(lambda sampler: weighted(sampler, small=1.0, large=3.0, middle=2.0), 1024)
    assert found.factor.tolist() == ["large", "middle", "small"]
    expected = np.array([9, 4, 1]) / 14
    assert found["first"].to_numpy() == pytest.approx(expected, abs=0.03)
    assert found["total"].to_numpy() == pytest.approx(expected, abs=0.03)


def test_of_a_product_about_its_middle_neither_part_explains_anything_alone():
    found = shares(lambda sampler: (sampler.unit("one") - 0.5) * (sampler.unit("other") - 0.5))
    assert found["first"].to_numpy() == pytest.approx([0, 0], abs=0.05)
    assert found["total"].to_numpy() == pytest.approx([1, 1], abs=0.05)


def test_one_number_alone_explains_all_and_none_nothing():
    found = indices(lambda sampler: sampler.unit("only"))
    assert found.to_dict("records") == [{"factor": "only", "first": 1.0, "total": 1.0}]
    assert indices(lambda sampler: np.ones((1, 1))).empty


def test_ranks_do_not_see_how_far_an_answer_leaps():
    def leap(sampler):
        return np.exp(30 * weighted(sampler, large=3.0, small=1.0))

    def plain(sampler):
        return weighted(sampler, large=3.0, small=1.0)

    leaping, straight = shares(leap, ranked=True), shares(plain, ranked=True)
    np.testing.assert_allclose(leaping.loc[straight.index], straight, atol=1e-12)
    assert straight.total["large"] == pytest.approx(shares(plain).total["large"], abs=0.05)


def test_the_seed_repeats_the_indices_and_the_answer_may_be_one_number():
    def asked(sampler):
        return weighted(sampler, one=1.0, other=1.0)

    assert indices(asked, 64, seed=3).equals(indices(asked, 64, seed=3))
    assert not indices(asked, 64, seed=3).equals(indices(asked, 64, seed=4))


def test_one_number_after_another_goes_low_and_high_and_the_rest_stays_in_the_middle():
    labels, answers = one_at_a_time(lambda sampler: weighted(sampler, one=1.0, other=10.0))
    assert labels == ["one", "other"]
    assert answers.ravel() == pytest.approx([5.5, 5.05, 5.95, 1.0, 10.0])
    _, answers = one_at_a_time(lambda sampler: weighted(sampler, one=1.0, other=10.0), 0.0, 1.0)
    assert answers.ravel() == pytest.approx([5.5, 5.0, 6.0, 0.5, 10.5])


def test_as_many_points_as_are_usual_are_a_power_of_two_as_the_sequence_needs():
    for function in (indices, ranking):
        usual = signature(function).parameters["points"].default
        assert usual >= 128 and usual & (usual - 1) == 0


def test_a_label_that_is_drawn_twice_is_one_factor():
    assert factors(lambda sampler: weighted(sampler, b=1.0, a=1.0) + sampler.unit("b")) == ["b", "a"]


def test_a_predictions_factors_are_the_numbers_that_vary_in_it():
    found = ranking("job_mtbf", {"devices": 16384}, "llama3-16k", points=64)
    assert len(found) == 1 and found.total[0] == 1
    assert ranking("job_mtbf", {"devices": 16384, "failure_rate": 1e-9}, points=64).empty
    with pytest.raises(InputError, match="the inputs: job_mtbf needs devices"):
        ranking("job_mtbf", {"failure_rate": 1e-9})
