"""Claims: all of them are listed, the rule judges as its limits say, and the golden arithmetic comes out."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from model.laws.reliability import rate_interval
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict
from model.studies.claims import demand, faults, machines, register, services
from model.studies.claims import rule as claims
from model.studies.claims.conditions import Conditions
from model.studies.claims.rule import FALSE, MISLEADING, OPEN, PART, SCALE, SUPPORT, TRUE, UNSUPPORTED, UNTESTABLE

ROOT = Path(__file__).parents[2]
IDS = [f"C{number:02d}" for number in range(1, 28)]


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
    titles = re.findall(r"^### (C\d\d): (.+)$|^- \*\*(C\d\d): (.+?)\.\*\*", page, re.MULTILINE)
    on_page = {first or third: second or fourth for first, second, third, fourth in titles}
    assert sorted(on_page) == IDS
    assert register.titles().title.to_dict() == on_page


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

EVEN = np.linspace(0, 20, 2001)  # draws of a computed number, evenly

AGREEING = {  # draws, relation, tolerance, share that agrees with a claimed 10
    "equal, exact": (10, "equals", 0, 1),
    "equal, at the edge": ([9.5, 10.5], "equals", 0.05, 1),
    "equal, a tenth of them": (EVEN, "equals", 0.1, 0.1),
    "equal, outside": ([11, 12], "equals", 0.05, 0),
    "at least, half": (EVEN, "at least", 0, 0.5),
    "at least, touching": ([10, 9.9], "at least", 0, 0.5),
    "at most, half": (EVEN, "at most", 0, 0.5),
    "magnitude": ([0.9, 1, 100, 101], "order of magnitude", 0, 0.5),
    "a draw that never gets there": ([np.inf, 12], "at most", 0, 0),
    "a draw that is no number counts": ([np.nan, 12], "at least", 0, 0.5),
    "nothing computed": (np.nan, "equals", 0, np.nan),
}


@pytest.mark.parametrize("case", AGREEING.values(), ids=AGREEING)
def test_the_share_of_draws_that_agree(case):
    drawn, relation, tolerance, expected = case
    assert claims.agreeing(10, drawn, relation, tolerance) == pytest.approx(expected, abs=2e-3, nan_ok=True)


def test_nothing_claimed_agrees_with_nothing():
    assert np.isnan(claims.agreeing(np.nan, EVEN, "equals"))


def test_at_least_and_at_most_mirror_each_other():
    rng = np.random.default_rng(0)
    for drawn in rng.normal(10, 5, (50, 200)):
        assert claims.agreeing(10, drawn, "at least") == claims.agreeing(-10, -drawn, "at most")


def test_an_unknown_relation_and_an_unknown_support_are_refused():
    with pytest.raises(ValueError, match="unknown relation 'about': choose one of equals, at least"):
        claims.agreeing(10, EVEN, "about")
    with pytest.raises(ValueError, match="unknown support 'hearsay'"):
        claims.decide(1.0, "hearsay")


DECIDED = {  # share that agrees, support, share as a reader takes it, verdict
    "sure": (0.91, "law", np.nan, TRUE),
    "just not sure": (0.9, "law", np.nan, OPEN),
    "just not false": (0.1, "law", np.nan, OPEN),
    "false": (0.09, "law", np.nan, FALSE),
    "nothing computed": (np.nan, "law", np.nan, UNTESTABLE),
    "the maker's word": (1.0, "maker", np.nan, UNSUPPORTED),
    "fitted to what is claimed": (1.0, "fitted", np.nan, UNSUPPORTED),
    "fitted, and open": (0.5, "fitted", np.nan, UNSUPPORTED),
    "fitted, and yet false": (0.05, "fitted", np.nan, FALSE),
    "true as worded, false as taken": (0.95, "sheet", 0.05, MISLEADING),
    "true as worded, open as taken": (0.95, "sheet", 0.5, TRUE),
    "open as worded, false as taken": (0.5, "sheet", 0.05, OPEN),
    "false both ways": (0.05, "sheet", 0.05, FALSE),
}


@pytest.mark.parametrize("case", DECIDED.values(), ids=DECIDED)
def test_the_rule_decides_at_its_limits(case):
    *given, expected = case
    assert claims.decide(*given) == expected


@pytest.mark.parametrize("support", SUPPORT)
def test_no_share_lifts_what_rests_on_the_claim_itself_above_unsupported(support):
    order = [FALSE, MISLEADING, UNSUPPORTED, OPEN, PART, TRUE]  # worst first
    best = max((claims.decide(share, support) for share in np.linspace(0, 1, 101)), key=order.index)
    assert best == (UNSUPPORTED if support in claims.OWN else TRUE)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([TRUE, TRUE], TRUE),
        ([FALSE, FALSE], FALSE),
        ([TRUE, FALSE], PART),
        ([TRUE, OPEN], PART),
        ([TRUE, UNTESTABLE], PART),
        ([TRUE, MISLEADING], MISLEADING),
        ([TRUE, MISLEADING, FALSE], PART),
        ([MISLEADING, UNTESTABLE], MISLEADING),
        ([FALSE, UNTESTABLE], FALSE),
        ([OPEN, UNSUPPORTED], UNSUPPORTED),
        ([OPEN, FALSE], FALSE),
        ([UNTESTABLE], UNTESTABLE),
        ([], UNTESTABLE),
    ],
)
def test_parts_combine(parts, expected):
    assert claims.combine(parts) == claims.combine(parts[::-1]) == expected
    assert expected in SCALE


# The rule on the frozen readings.


def planted(**drawn):
    """Return judged readings of C12 whose frozen primary reading has the draws given, beside ones that hold."""
    frozen = register.frozen().set_index("claim").loc["C12"]
    many = {frozen.primary: drawn["primary"], "measured": np.full(100, 5000.0), "beside": drawn.get("beside", 5000.0)}
    found = {key: claims.reading("C12", "decode_throughput", key, np.median(each), each) for key, each in many.items()}
    return claims.judge(claims.frame(found))


@pytest.mark.parametrize(
    ("draws", "expected"),
    [(np.linspace(1900, 3000, 100), TRUE), (np.linspace(1500, 2500, 100), OPEN), (np.linspace(900, 1950, 100), FALSE)],
)
def test_planted_draws_make_a_claim_true_open_and_false(draws, expected):
    verdicts = register.verdicts(planted(primary=draws)).set_index("claim").verdict
    assert verdicts["C12"] == expected
    assert (verdicts.drop("C12") == UNTESTABLE).all()


FACTORS = {  # of a claimed number: what agrees with it, and what does not
    "equals": (1.0, 10.0),
    "at least": (2.0, 0.5),
    "at most": (0.5, 2.0),
    "order of magnitude": (3.0, 30.0),
}


def planted_everywhere(turn, agreeing, role="primary"):
    """Return readings of every part of every claim, and which: of 100 draws so many agree with a number of the claim.

    turn: which of the claim's numbers, for a part may rest on any of them; role: primary, or taken.
    """
    rows = catalog.read("claims")
    rows = rows[rows.value.notna() & rows.relation.notna()]
    parts, found = register.frozen(), []
    parts = parts[parts[role] != ""]
    for part in parts.itertuples():
        numbers = rows[rows.claim == part.claim]
        number = numbers.iloc[turn % len(numbers)]
        agrees, differs = (number.value * each for each in FACTORS[number.relation])
        drawn = np.repeat([agrees, differs], [agreeing, 100 - agreeing])
        key = getattr(part, role)
        found.append(claims.frame({key: claims.reading(part.claim, number.quantity, "planted", drawn[0], drawn)}))
    return pd.concat(found), parts


@pytest.mark.parametrize("turn", range(3))
@pytest.mark.parametrize(("agreeing", "expected"), [(100, TRUE), (50, OPEN), (0, FALSE)])
def test_planted_draws_decide_every_part_of_every_claim(turn, agreeing, expected):
    readings, parts = planted_everywhere(turn, agreeing)
    found = register.decided(claims.judge(readings)).set_index(["claim", "part"])
    assert found.verdict[found.primary == ""].eq(UNTESTABLE).all()
    for part in parts.itertuples():
        own = part.support in claims.OWN and expected != FALSE
        assert found.verdict[part.claim, part.part] == (UNSUPPORTED if own else expected), (part.claim, part.part)


def test_a_part_that_is_true_as_worded_and_false_as_taken_misleads():
    primary, _ = planted_everywhere(0, 100)
    taken, parts = planted_everywhere(0, 0, "taken")
    judged = claims.judge(pd.concat([primary, taken]))
    found = register.decided(judged).set_index(["claim", "part"]).verdict
    mine = list(zip(parts.claim, parts.part, strict=True))
    assert mine and (found.loc[mine] == MISLEADING).all()
    assert (found.drop(mine) != MISLEADING).all()
    told = register.verdicts(judged).set_index("claim")
    assert told.verdict[parts.claim.unique()].isin([MISLEADING, PART]).all()
    assert told.reading["C20"] == "planted; as a reader takes it 500,000, planted"


def test_verdicts_are_counted_by_word_and_sum_to_the_claims():
    readings, _ = planted_everywhere(0, 100)
    words = register.verdicts(claims.judge(readings)).verdict
    found = register.counts(words)
    assert found.sum() == len(IDS)
    assert found.to_dict() == {name: list(words).count(name.replace("_", " ")) for name in found.index}
    assert found.true > found.true_in_part > 0 < found.unsupported and found.misleading == found.false == 0


def test_a_reading_is_told_with_what_is_said_in_the_unit_of_its_claim():
    drawn = np.linspace(6e6, 8e6, 1001)
    readings = {
        "bill": claims.reading("C11", "rent_per_month", "servers", 7e6, drawn),
        "speed": claims.reading("C04", "speed_up", "a dispatch", 5.5),
        "copies": claims.reading("C20", "book_copies:equal", "three volumes", 19e6),
        "tokens": claims.reading("C19", "tokens_per_day", "all of China", 30e12),
        "unknown": claims.reading("C05", "nvl288", "packages", np.nan),
    }
    told = register.readings(claims.judge(claims.frame(readings))).set_index("key")
    assert told.said.to_dict() == {
        "bill": "5.5 million CNY",
        "speed": "our reading: at least 2",
        "copies": "about 1,000,000",
        "tokens": "about 10 trillion tokens a day",
        "unknown": "288",
    }
    assert np.isnan(told.agreeing["unknown"]) and pd.isna(told.computed["unknown"])
    assert told.computed["bill"] == "7.0 million CNY (6.1 to 7.9)"
    assert told.computed[["speed", "tokens"]].tolist() == ["5.5", "30 trillion tokens a day"]
    assert told.agreeing[["bill", "speed", "copies"]].tolist() == pytest.approx([0, 1, 0], abs=2e-3)


def test_ratios_leave_out_what_has_no_number_on_both_sides_and_stand_by_their_own_reading():
    readings = {
        "speed": claims.reading("C04", "speed_up", "a dispatch", 5.0, np.array([4.0, 5.0, 6.0])),
        "racks": claims.reading("C01", "racks", "domains", 8),
        "nothing": claims.reading("C06", "exchange_idle", "no wait", 0.0),
        "little": claims.reading("C15", "idle_share", "hardly any in some draws", 0.01, np.array([1e-9] * 9 + [0.01])),
        "unknown": claims.reading("C05", "nvl288", "packages", np.nan),
    }
    found = claims.ratios(claims.judge(claims.frame(readings)), left_out=("racks",)).set_index("key")
    assert found.index.tolist() == ["speed", "little"]
    ends = [f"ratio_{side}" for side in claims.NUMBERS]
    assert found.loc["speed", ends].tolist() == pytest.approx([2.5, 2.05, 2.95])
    assert found.loc["little", ends].tolist() == pytest.approx([0.2, 1e-3, 0.2])
    assert (found.claimed["speed"], found.computed["speed"], found.relation["speed"]) == (2, 5, "at least")


def test_no_other_reading_changes_a_verdict():
    draws = np.linspace(1500, 2500, 100)
    for beside in (np.full(100, 1.0), np.full(100, 1e6), np.linspace(1, 1e4, 100)):
        assert register.verdicts(planted(primary=draws, beside=beside)).set_index("claim").verdict["C12"] == OPEN


def test_a_primary_reading_without_draws_is_refused():
    frozen = register.frozen().set_index("claim").loc["C12"]
    row = pd.Series({"value": 2000.0, "low": 1900.0, "high": 2100.0})
    bare = claims.predicted("C12", "decode_throughput", "no draws", row)
    with pytest.raises(ValueError, match=f"C12 rests on the reading {frozen.primary}, which has no draws"):
        register.decided(claims.judge(claims.frame({frozen.primary: bare})))


def test_two_readings_of_one_key_are_refused():
    one = claims.frame({"packages": claims.reading("C07", "domain", "", 384)})
    with pytest.raises(ValueError, match="C07 has two readings under the key packages"):
        claims.judge(pd.concat([one, one]))


def test_every_claim_has_frozen_readings_with_a_day_and_a_reason():
    rows = register.frozen()
    assert sorted(rows.claim.unique()) == IDS
    assert not rows.duplicated(["claim", "part"]).any()
    assert rows.frozen.str.fullmatch(r"20\d\d-\d\d-\d\d").all() and rows.why.str.len().gt(20).all()
    assert ((rows.primary == "") == (rows.support == "none")).all()
    assert rows.taken[rows.primary == ""].eq("").all()


@pytest.mark.parametrize(
    ("table", "before", "after"),
    [
        ("claims_readings", "C12,throughput,rate.with.blind", "C12,throughput,rate.with.fitted"),
        ("claims_readings", "C10,recovery,promised,,maker", "C10,recovery,promised,,law"),
        ("claims", "C13,equals,over_h100,1,1,0.85,1.15", "C13,equals,over_h100,1,1,0.75,1.25"),
    ],
)
def test_an_edited_reading_or_threshold_is_seen(data, table, before, after):
    path = data / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(catalog.DataError, match="is not what was frozen on 2026-11-28: take it back, or append a row"):
        register.frozen()


def test_a_later_row_replaces_an_earlier_one(data):
    path = data / "claims_readings.csv"
    row = ["C12", "throughput", "rate.with.fitted", "", "fitted", "a reason of its own", "2030-01-01"]
    with path.open("a", encoding="utf-8") as table:
        table.write(",".join([*row, register.frozen_digest(row)]) + "\n")
    found = register.frozen().set_index("claim").loc["C12"]
    assert (found.primary, found.support, found.frozen) == ("rate.with.fitted", "fitted", "2030-01-01")


def test_the_tolerance_is_what_the_bounds_of_a_row_leave():
    rows = catalog.read("claims").set_index(["claim", "quantity"])
    assert claims.tolerance(rows.loc["C03", "job_mtbf"]) == pytest.approx(0.5 / 3)
    assert claims.tolerance(rows.loc["C07", "domain"]) == 0


def test_results_are_judged_against_the_table():
    drawn = np.linspace(1800, 2000, 1001)
    rate = claims.reading("C12", "decode_throughput", "drawn", 1900, drawn)
    judged = claims.judge(claims.frame({"rate": rate, "speed": claims.reading("C12", "user_speed", "exact", 21)}))
    assert judged.agreeing.tolist() == pytest.approx([0.4, 1], abs=2e-3)
    assert judged.low[0] == pytest.approx(1810)
    assert judged.claimed.tolist() == [1920, 20]


@pytest.mark.parametrize(
    ("claim", "quantity", "words"),
    [
        ("C12", "colour", "data/claims.csv has no colour of C12, with which the reading mine is compared"),
        ("C13", "life", "life of C13 has no relation, so the reading mine .*: write one of equals, at least"),
    ],
    ids=["no row", "a threshold of ours"],
)
def test_a_reading_of_what_nobody_claims_is_refused_by_name(claim, quantity, words):
    with pytest.raises(KeyError, match=words):
        claims.judge(claims.frame({"mine": claims.reading(claim, quantity, "", 1)}))


def test_the_weakest_kind_counts():
    assert set(register.STRENGTH) == set(catalog.KINDS)
    assert register.weakest(["measured", "derived", "claim"]) == "claim"
    with pytest.raises(ValueError, match="guess"):
        register.weakest(["guess"])


def test_evidence_is_a_row_of_data_and_every_threshold_of_ours():
    found = register.evidence()
    assert found.notna().all(axis=None)
    rows = catalog.read("claims")
    ours = rows[rows.kind == "assumed"]
    named = found[found.table == "claims"][["claim", "quantity"]].itertuples(index=False, name=None)
    assert set(zip(ours.claim, ours.quantity, strict=True)) <= set(named)
    cards = found[(found.claim == "C07") & (found.quantity == "domain")]
    assert cards[["table", "name", "kind"]].to_numpy().tolist() == [["systems", "cloudmatrix384", "spec"]]


def test_evidence_without_a_row_is_refused(data):
    with (data / "claims_evidence.csv").open("a", encoding="utf-8") as table:
        table.write("C07,systems,cloudmatrix384,colour\n")
    with pytest.raises(KeyError, match="no colour of cloudmatrix384, on which C07 rests"):
        register.evidence()


def test_only_a_claim_without_readings_says_why():
    without = register.titles().untested.dropna()
    assert sorted(without.index) == ["C22", "C23", "C24", "C25"]
    nothing = register.verdicts(claims.judge(machines.cards("cloudmatrix384")))
    assert nothing.set_index("claim").verdict["C07"] == TRUE
    assert (nothing[nothing.claim != "C07"].verdict == UNTESTABLE).all()


def test_a_quotation_has_a_translation():
    found = register.titles()
    assert found.words.notna().eq(found.english.notna()).all()
    assert found.words.dropna().str.contains("[\u4e00-\u9fff]|NVL").all()


# Readings.

CONDITIONS = Conditions("deepseek-v3", 64, 96, 4096, 128, 1e9, 40, draws=50, seed=0)


def test_a_reading_without_draws_is_exact_and_with_draws_has_their_ends():
    assert claims.reading("C07", "domain", "", 384)["low"] == 384
    found = claims.intervals({("8", "serial"): (2.0, np.linspace(1, 3, 1001)), "exact": (5.0, 5.0)})
    assert found.index.tolist() == ["8.serial", "exact"]
    assert found.loc["8.serial"].tolist() == pytest.approx([2, 1.1, 2.9])
    assert found.loc["exact"].tolist() == [5, 5, 5]


def test_a_machine_against_itself_is_even():
    found = machines.against("gb200-nvl72", "gb200-nvl72", ("fp8", "fp8"), CONDITIONS)
    assert found[["value", "low", "high"]].to_numpy() == pytest.approx(1)


def test_per_domain_is_per_device_times_the_devices():
    found = machines.against("cloudmatrix384", "gb200-nvl72", ("int8", "fp8"), CONDITIONS)
    assert found.value["devices"] == pytest.approx(384 / 72)
    for name in ("peak_bf16", "memory_capacity", "tokens"):
        ratio = found.value[f"domain.{name}"] / found.value[f"device.{name}"]
        assert ratio == pytest.approx(found.value["devices"])


def test_plans_never_help_a_leader():
    planned = ["vera-rubin-nvl144", "rubin-ultra-nvl576", "atlas-950-superpod", "nvl288"]
    found = machines.lead(machines.league(planned), "cloudmatrix384", CONDITIONS).value
    for total in machines.TOTALS:
        assert found[f"{total}.plans_counted"] <= found[f"{total}.on_sale"]


def test_a_quicker_recovery_leaves_more_and_reaches_larger_jobs():
    times = faults.recovery_times("cloudmatrix384", "ascend-4800")
    assert times.fast < times.flash < times.slow
    at = faults.by_recovery(faults.shares("llama3-16k", [16_384.0], times.tolist(), CONDITIONS), times)
    assert at.index.tolist() == ["16k.fast", "16k.flash", "16k.slow"]
    assert at.value.is_monotonic_decreasing
    assert faults.lost(at).loc["16k.slow"].tolist() == pytest.approx(
        (1 - at.loc["16k.slow", ["value", "high", "low"]]).tolist()
    )
    assert faults.largest("llama3-16k", times, CONDITIONS).value.is_monotonic_decreasing


def test_a_larger_domain_never_waits_longer_for_exchanges():
    found = claims.intervals(faults.waits("hgx-h800", (8, 72, 384), CONDITIONS)).value
    for way in faults.WAYS:
        assert found[f"8.{way}"] >= found[f"72.{way}"] >= found[f"384.{way}"] >= 0


def test_the_bill_for_servers_is_eight_times_that_for_cards():
    bills, offers = demand.bills("hgx-h800", CONDITIONS), demand.offers("hgx-h800", CONDITIONS)
    assert bills.value["servers"] == pytest.approx(8 * bills.value["cards"])
    assert offers.value["cards"] == pytest.approx(8 * offers.value["servers"])
    assert offers.break_even["cards"] == pytest.approx(8 * offers.break_even["servers"])


def test_more_devices_are_needed_at_the_peak_and_a_domain_is_whole():
    found = demand.devices_needed({"value": 2000.0, "low": 1000.0, "high": 3000.0}, 6000.0, 384, 8)
    assert (found.low <= found.value).all() and (found.value <= found.high).all()
    for mix in ("mix", "output"):
        assert (found.loc[f"{mix}.average"] < found.loc[f"{mix}.peak"]).all()
        whole = found.loc[f"{mix}.domains"]
        assert (whole == whole.round()).all() and (whole * 384 >= found.loc[f"{mix}.peak"]).all()


def test_one_queue_for_many_is_busier_than_a_queue_for_each():
    alone, many = (demand.pooled(servers, 0.2).value["pool"] for servers in (1, 48))
    assert alone == pytest.approx(1) and many > 2


def test_the_least_ratio_is_that_of_one_server_in_the_middle_and_no_more_in_any_draw():
    servers = ["hgx-h100", "hgx-h800"]
    found = machines.inside_over_outside(servers, CONDITIONS)
    assert found.value["least"] == found.value[servers].min()
    assert (found.drawn["least"] <= np.minimum(*(found.drawn[name] for name in servers)) + 1e-12).all()


def test_jobs_that_fill_a_domain_strand_nothing():
    found, shares = demand.stranded(("prefill-cloudmatrix", "decode-cloudmatrix"), (8, 384), 384)
    assert shares["16.384"] == found.value["16.384"] == 0
    assert shares["160.384"] == pytest.approx(64 / 384)
    assert "160.8" not in shares


def test_a_box_serves_no_more_than_it_holds_and_fewer_enterprises_of_more_users():
    enterprises, users = services.box("cloudmatrix384", (8, 16), 1.7, 64, CONDITIONS)
    assert (users.value <= users.fits).all()
    assert (users.low <= users.value).all()
    assert enterprises.value.tolist() == users.value.tolist()  # one user each


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
