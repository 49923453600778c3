"""The comparison of the page Your machine with the study: it finds no difference, and finds one that is planted."""

import shutil

import agreement
import pytest
from conftest import SITE

pytestmark = [
    pytest.mark.skipif(not (SITE / "_static/your_machine.js").exists(), reason="there is no built site: run make book"),
    pytest.mark.skipif(not shutil.which("node"), reason="there is no Node on the path"),
]


@pytest.fixture(scope="module")
def held():
    return agreement.page()


@pytest.mark.parametrize("name", ["decode_throughput", "job_mtbf", "all_gather_time"])
def test_the_page_of_the_built_book_says_what_the_study_does(name, held):
    found = agreement.compared(name, 60, held)
    assert found["answered"] >= 60 and found["refused"] and not found["others"], found
    assert 0 <= found["value"] < 1e-12 and found["ends"] < 1e-9, found


@pytest.mark.parametrize("change", [{"value": 1.0}, {"refusal": "for no reason"}, {"low": 0.0}], ids=str)
def test_one_answer_that_differs_is_named(change, held, monkeypatch):
    def faulty(*asked):
        found = answered(*asked)
        place = next(i for i, each in enumerate(found) if "low" in each)
        planted.append(asked)
        if len(planted) == 1:
            found[place] = change if "refusal" in change else found[place] | change
        return found

    answered, planted = agreement.page, []
    monkeypatch.setattr(agreement, "page", faulty)
    found = agreement.compared("job_mtbf", 60, held)
    if "low" in change:
        assert found["ends"] == 1 and not found["others"]
    else:
        (other,) = found["others"]
        assert other.startswith("job_mtbf of {") and str(next(iter(change.values()))) in other
