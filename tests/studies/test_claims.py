"""Claims: all of them are listed, the rule judges as its limits say, and the golden arithmetic comes out."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from model.laws.reliability import rate_interval
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict
from model.studies import claims
from model.studies.claims import CONDITION, FAILS, HOLDS, UNTESTED, VERDICTS

ROOT = Path(__file__).parents[2]
IDS = [f"C{number:02d}" for number in range(1, 26)]


@pytest.fixture
def said():
    return catalog.read("claims").set_index(["claim", "quantity"]).value


# What the table holds.


def test_every_claim_is_listed_once_for_each_number():
    rows = catalog.read("claims")
    assert sorted(rows.claim.unique()) == IDS
    assert not rows.duplicated(["claim", "quantity"]).any()


def test_a_claim_has_one_title_in_the_table_and_on_its_page():
    page = (ROOT / "book" / "claims.md").read_text(encoding="utf-8")
    notebook = json.loads((ROOT / "notebooks" / "claims.ipynb").read_text(encoding="utf-8"))
    code = "".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    titles = re.findall(r"^### (C\d\d): (.+)$|^- \*\*(C\d\d): (.+?)\.\*\*", page, re.MULTILINE)
    on_page = {first or third: second or fourth for first, second, third, fourth in titles}
    assert sorted(on_page) == IDS
    assert dict(re.findall(r'^    "(C\d\d)": "([^"]+)",$', code.split("titles = {")[1].split("}")[0], re.M)) == on_page


def test_a_number_has_the_article_or_a_sheet_as_source_and_one_of_ours_has_bounds():
    rows = catalog.read("claims")
    assert set(rows.kind) == {"claim", "assumed", "spec"}
    assert (rows[rows.kind == "claim"].source == "article2025").all()
    assert not rows[rows.kind == "spec"].source.isin(["article2025", "assumption"]).any()
    assert (rows[rows.kind == "assumed"].source == "assumption").all()
    assert rows[rows.kind == "assumed"][["low", "high"]].notna().all(axis=None)


def test_a_claim_without_a_number_says_so():
    rows = catalog.read("claims")
    assert rows[rows.value.isna()].note.str.startswith("missing: nothing is claimed that could be computed").all()


def test_relations_are_those_of_the_rule():
    assert set(catalog.read("claims").relation.dropna()) == set(claims.RELATIONS)


@pytest.mark.parametrize(
    ("claim", "quantity", "other", "name"),
    [
        ("C11", "rent_per_month", "article-rent", "rent_per_month"),
        ("C11", "units", "article-rent", "units"),
        ("C12", "decode_throughput", "article-cm384-decode", "decode_throughput"),
        ("C12", "user_speed", "article-cm384-decode", "user_speed"),
        ("C18", "enterprises", "article-box", "enterprises"),
        ("C19", "tokens_per_day", "article-demand", "tokens_per_day"),
        ("C19", "users", "article-demand", "users"),
        ("C20", "book_copies", "article-demand", "book_copies"),
    ],
)
def test_what_another_table_quotes_from_the_article_is_the_same_number(said, claim, quantity, other, name):
    serving = catalog.chosen("serving").set_index(["set", "quantity"]).value
    assert said[claim, quantity] == serving[other, name]


# The rule.

RULE = {  # computed, low, high, relation, tolerance, verdict on a claimed 10
    "equal, exact": (10, 10, 10, "equals", 0, HOLDS),
    "equal, inside": (10.2, 9.6, 10.4, "equals", 0.05, HOLDS),
    "equal, at the edge": (10.5, 9.5, 10.5, "equals", 0.05, HOLDS),
    "equal, partly": (10.2, 9, 12, "equals", 0.05, CONDITION),
    "equal, wider than the tolerance on both sides": (10, 1, 100, "equals", 0.05, CONDITION),
    "equal, touching from above": (11, 10.5, 12, "equals", 0.05, CONDITION),
    "equal, outside": (12, 11, 13, "equals", 0.05, FAILS),
    "equal, outside below": (5, 4, 6, "equals", 0.05, FAILS),
    "at least, above": (12, 10, 14, "at least", 0, HOLDS),
    "at least, spans": (12, 9, 14, "at least", 0, CONDITION),
    "at least, the middle below": (9, 8, 10, "at least", 0, CONDITION),
    "at least, below": (9, 8, 9.9, "at least", 0, FAILS),
    "at most, below": (9, 8, 10, "at most", 0, HOLDS),
    "at most, spans": (9, 8, 11, "at most", 0, CONDITION),
    "at most, above": (12, 11, 13, "at most", 0, FAILS),
    "magnitude, inside": (30, 20, 90, "order of magnitude", 0, HOLDS),
    "magnitude, below": (0.5, 0.4, 0.9, "order of magnitude", 0, FAILS),
    "magnitude, spans": (80, 60, 200, "order of magnitude", 0, CONDITION),
    "no bounds": (12, np.nan, np.nan, "at least", 0, HOLDS),
    "one bound": (12, 9, np.nan, "at least", 0, CONDITION),
    "nothing computed": (np.nan, np.nan, np.nan, "equals", 0, UNTESTED),
}


@pytest.mark.parametrize("case", RULE.values(), ids=RULE)
def test_the_rule_judges_at_its_limits(case):
    computed, low, high, relation, tolerance, expected = case
    assert claims.verdict(10, computed, low, high, relation, tolerance) == expected


def test_nothing_claimed_cannot_be_tested():
    assert claims.verdict(np.nan, 3, 2, 4, "equals") == UNTESTED


def test_at_least_and_at_most_mirror_each_other():
    rng = np.random.default_rng(0)
    for low, computed, high in np.sort(rng.uniform(0, 20, (200, 3))):
        mirrored = claims.verdict(-10, -computed, -high, -low, "at most")
        assert claims.verdict(10, computed, low, high, "at least") == mirrored


def test_a_wider_interval_never_makes_a_verdict_firmer():
    order = {HOLDS: 1, FAILS: 1, CONDITION: 0}
    rng = np.random.default_rng(1)
    for relation in claims.RELATIONS:
        for middle, width, more in rng.uniform(1, 30, (100, 3)):
            narrow = claims.verdict(10, middle, middle - width, middle + width, relation, 0.1)
            wide = claims.verdict(10, middle, middle - width - more, middle + width + more, relation, 0.1)
            assert order[wide] <= order[narrow]


def test_an_unknown_relation_and_crossed_bounds_are_refused():
    with pytest.raises(ValueError, match="unknown relation 'about': choose one of equals, at least"):
        claims.verdict(10, 10, 9, 11, "about")
    with pytest.raises(ValueError, match="low 11 lies above high 9"):
        claims.verdict(10, 10, 11, 9, "equals")


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([HOLDS, HOLDS], HOLDS),
        ([FAILS, FAILS], FAILS),
        ([HOLDS, FAILS], CONDITION),
        ([HOLDS, CONDITION], CONDITION),
        ([HOLDS, UNTESTED], HOLDS),
        ([UNTESTED], UNTESTED),
        ([], UNTESTED),
    ],
)
def test_readings_combine(readings, expected):
    assert claims.combine(readings) == expected
    assert expected in VERDICTS


def test_the_tolerance_is_what_the_bounds_of_a_row_leave():
    rows = catalog.read("claims").set_index(["claim", "quantity"])
    assert claims.tolerance(rows.loc["C03", "job_mtbf"]) == pytest.approx(0.5 / 3)
    assert claims.tolerance(rows.loc["C07", "domain"]) == 0


def test_results_are_judged_against_the_table():
    drawn = np.linspace(1800, 2000, 1001)
    judged = claims.judge(
        [
            claims.result("C12", "decode_throughput", "drawn", 1900, drawn),
            claims.result("C12", "user_speed", "exact", 21),
        ]
    )
    assert judged.verdict.tolist() == [CONDITION, HOLDS]
    assert judged.low[0] == pytest.approx(1810)
    assert judged.claimed.tolist() == [1920, 20]
    with pytest.raises(KeyError):
        claims.judge([claims.result("C12", "colour", "", 1)])


def test_the_weakest_kind_counts():
    assert set(claims.STRENGTH) == set(catalog.KINDS)
    assert claims.weakest(["measured", "derived", "claim"]) == "claim"
    with pytest.raises(ValueError, match="guess"):
        claims.weakest(["guess"])


def test_evidence_is_a_row_of_data():
    found = claims.evidence([("systems", "cloudmatrix384", "domain"), ("systems", "cloudmatrix384", "peak_bf16")] * 2)
    assert found.kind.tolist() == ["spec", "spec"]
    with pytest.raises(KeyError, match="no colour of cloudmatrix384"):
        claims.evidence([("systems", "cloudmatrix384", "colour")])


# Golden arithmetic.


def test_the_peak_of_eight_racks_is_the_sparse_one(said):
    machines = catalog.load("systems")
    pod = machines.loc["superpod-8x-gb300-nvl72"]
    assert pod.system_peak_nvfp4_sparse / size("EFLOP/s") == pytest.approx(8 * 1.44)
    for name, expected in (("gb200-nvl72", 5.76), ("gb300-nvl72", 8.64)):
        dense = said["C01", "racks"] * machines.domain[name] * machines.peak_nvfp4[name] / size("EFLOP/s")
        assert dense == pytest.approx(expected)
    assert pod.devices / pod.domain == 8


def test_the_time_between_faults_of_llama(said):
    gap = predict("job_mtbf", pd.DataFrame({"devices": [said["C03", "devices"]]}), "llama3-16k", interval=False)[0]
    assert gap.value[0] / size("h") == pytest.approx(3.093, abs=5e-4)
    low, high = sorted(1 / each for each in rate_interval(419, 54 * 24))
    assert (low, high) == (pytest.approx(2.85, abs=5e-3), pytest.approx(3.36, abs=5e-3))


def test_the_rent_fits_servers_and_not_cards():
    rent = catalog.read("claims").set_index(["claim", "quantity"]).loc["C11", "rent_per_month"]
    hourly = [rent[side] / (80 * 730) for side in ("low", "high")]
    assert np.round(np.array(hourly) / 8, 1).tolist() == [10.7, 12.8]
    assert np.round(hourly).tolist() == [86, 103]


def test_users_of_a_card_and_tokens_of_a_user(said):
    assert said["C12", "decode_throughput"] / said["C12", "user_speed"] == 96
    assert said["C19", "tokens_per_day"] / said["C19", "users"] == pytest.approx(33_333, abs=1)


def test_average_over_peak_of_the_measured_day():
    day = catalog.chosen("serving").set_index(["set", "quantity"]).value["deepseek-day"]
    assert day.nodes_average / day.nodes_peak == pytest.approx(0.816, abs=5e-4)


def test_on_par_depends_on_the_baseline(said):
    serving = catalog.chosen("serving").set_index(["set", "quantity"]).value
    rates = [serving[f"{key}-decode", "decode_throughput"] for key in ("h800-service", "vllm-h200", "sglang-h100")]
    assert np.round(rates).tolist() == [1850, 2200, 2785]
    assert np.round(said["C12", "decode_throughput"] / np.array(rates), 2).tolist() == [1.04, 0.87, 0.69]
