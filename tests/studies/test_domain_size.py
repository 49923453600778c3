"""Useful work over domain sizes: shares close, limits hold, and the break-even line is where both sides are equal."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from model.laws import domain_size as laws
from model.laws import two_tiers
from model.machine.scenario import Scenario
from model.notation.equation import compute
from model.notation.nomenclature import (
    break_even_ranks,
    domain_gain,
    needed_share,
    parallel_time,
    ranks,
    small_step_time,
)
from model.numbers.draws import Sampler, low_high
from model.predictions import sensitivity
from model.predictions.answer import predict
from model.predictions.reliability import job_mtbf
from model.studies.domain_size import asked as questions
from model.studies.domain_size import groups, shares
from model.studies.domain_size import survey as surveys
from model.studies.domain_size import work as domain_size
from model.studies.domain_size.bill import bill, own_fabric
from model.studies.training import dollars, jobs

ROOT = Path(__file__).parents[2]

CONDITIONS = {"context": 4096.0, "tokens_per_step": 1.7, "kv_bytes_per_element": 2.0}
SIZES = [8, 72, 384, 8192]


def machine(size, sampler=None, name="gb200-nvl72"):
    return Scenario(name, sampler, changes={"domain": float(size)})


# Training.


def trained(size, sampler=None, name="gb200-nvl72", devices=16_384.0, **options):
    return domain_size.training_work(machine(size, sampler, name), devices, "deepseek-v3", **options)


@pytest.mark.parametrize("name", ["gb200-nvl72", "cloudmatrix384", "hgx-b200"])
@pytest.mark.parametrize("sampler", [None, Sampler(50, 3)], ids=["recorded", "drawn"])
@pytest.mark.parametrize("size", SIZES)
def test_the_shares_of_a_dollar_s_time_close(size, sampler, name):
    shares, found = trained(size, sampler, name)
    assert set(shares) == set(domain_size.PARTS)
    assert sum(shares.values()) == pytest.approx(np.ones_like(found["trained"]), abs=1e-12)
    assert all(np.all(share >= -1e-12) for share in shares.values())


def test_useful_time_is_the_same_whatever_the_domain():
    """So that the useful share is in proportion to the tokens trained."""
    found = [trained(size) for size in SIZES]
    ratios = [shares["useful"] / step["trained"] for shares, step in found]
    assert ratios == pytest.approx(np.full_like(ratios, ratios[0]), rel=1e-9)


def test_without_faults_nothing_goes_to_spares_and_faults():
    shares, found = trained(384, given={"failure_rate": 1e-18})
    assert shares["spares"][0, 0] == 0
    assert shares["faults"][0, 0] < 1e-4
    assert found["trained"][0, 0] == pytest.approx(found["training_throughput"][0, 0], rel=1e-4)


def test_without_faults_a_larger_domain_never_trains_less():
    """A wide group in a small domain pays for what leaves it: nothing is free."""
    sampler = Sampler(40, 5)
    speeds = np.hstack([trained(size, sampler)[1]["training_throughput"] for size in SIZES])
    assert (np.diff(speeds, axis=1) >= -1e-9 * speeds[:, 1:]).all()
    assert (speeds[:, 1] > 1.005 * speeds[:, 0]).mean() > 0.9


def test_the_layout_chosen_beats_every_group_that_is_set():
    free = trained(72)[1]
    alone = [trained(72, layout={"expert_devices": 2.0**n})[1]["trained"][0, 0] for n in range(3, 7)]
    assert free["trained"][0, 0] == pytest.approx(max(alone), rel=1e-12)


def test_who_waits_for_exchanges_gains_more_from_a_larger_domain():
    gains = [trained(72, overlap=way)[1]["trained"] / trained(8, overlap=way)[1]["trained"] for way in (True, False)]
    assert gains[0] < gains[1]


def test_a_job_of_any_number_of_devices_takes_whole_groups():
    job = jobs.of_devices(machine(72), "deepseek-v3", 100_000.0)
    assert job.devices == 98_304
    assert job.devices % jobs.WHOLE == 0
    assert jobs.of_devices(machine(72), "deepseek-v3", 256.0).devices == 256


def test_quick_recovery_inside_a_domain_never_loses():
    for size in SIZES:
        usual, swapped = (trained(size, devices=100_000.0, swap=way)[1]["trained"] for way in (False, True))
        assert swapped >= usual * (1 - 1e-12)


def test_a_job_that_bends_loses_less_to_spares():
    for size in SIZES:
        usual, bent = (trained(size, bends=way)[0]["spares"] for way in (False, True))
        assert bent <= usual


# Serving.


def test_at_the_machine_s_own_size_serving_is_the_frontier_less_faults():
    served, _ = domain_size.serving_work(machine(72), "deepseek-v3", "nvfp4", CONDITIONS, np.array([50.0]))
    inputs = pd.DataFrame([{"model": "deepseek-v3", "precision": "nvfp4", "speed": 50.0, **CONDITIONS}])
    whole = predict("decode_frontier", inputs, system="gb200-nvl72", interval=False)[0].value[0]
    assert 0.99 * whole < served[0, 0] < whole


def test_a_speed_out_of_reach_serves_nothing():
    served, _ = domain_size.serving_work(machine(72), "deepseek-v3", "nvfp4", CONDITIONS, np.array([50.0, 1e5]))
    assert served[0, 0] > 0
    assert served[0, 1] == 0


# Money and watts.


def test_at_the_machine_s_own_size_a_device_costs_and_draws_what_it_does():
    for name, devices in (("gb200-nvl72", 72), ("cloudmatrix384", 384)):
        system = Scenario(name).system
        found = bill(Scenario(name), [devices])
        assert found["device_price"][0, 0] == pytest.approx(system("price") / devices)
        assert found["device_draw"][0, 0] == pytest.approx(system("system_power") / devices)


def test_a_larger_domain_is_never_cheaper_in_any_draw():
    for name in ("gb200-nvl72", "cloudmatrix384"):
        price = bill(Scenario(name, Sampler(60, 1)), [8, 16, 64, 72, 144, 384, 8192])["device_price"]
        assert price.shape == (60, 7)
        assert (np.diff(price, axis=1) >= -1e-9 * price[:, 1:]).all()


def test_a_size_on_sale_has_the_machine_s_own_fabric_and_no_other_a_lesser_one():
    """72 ports of one tier of copper join the rack and all that is smaller; four tiers of sizes tell who has two."""
    rack = Scenario("gb200-nvl72", Sampler(60, 1))
    price = bill(rack, [8, 16, 64, 72, 144])["device_price"]
    assert price[:, 1:4] == pytest.approx(price[:, [0] * 3], rel=1e-12)
    assert (price[:, 4] > 1.05 * price[:, 3]).all()
    found = own_fabric(rack, [8, 72, 144])
    assert {name: set(each[:, 1]) for name, each in found.items()} == {"radix": {72.0}, "copper_domain": {72.0}}
    assert all((each[:, [0, 2]] >= 72).all() and each[:, 2].max() > 100 for each in found.values())
    assert set(own_fabric(Scenario("cloudmatrix384", Sampler(60, 1)), [384])["radix"][:, 0]) == {48.0}
    assert own_fabric(Scenario("hgx-b200"), [8]) == {}  # nobody says what its switches are: drawn at every size


def test_a_fabric_dearer_than_its_machine_takes_the_whole_price_and_no_draw_falls_out():
    cheap = Scenario("gb200-nvl72", Sampler(60, 1), changes={"price": 72 * 7_000.0})
    found = bill(cheap, [8, 72, 384])
    assert 0.3 < found["contradicts"].mean() < 0.9
    assert np.isfinite(found["device_price"]).all()
    assert found["device_price"][:, 1] == pytest.approx(7_000)
    whole = found["contradicts"][:, 0]
    assert found["fabric_device_cost"][whole, 1] == pytest.approx(7_000)
    assert (found["fabric_device_cost"][~whole, 1] < 7_000).all()


# Faults.


def test_fleets_differ_in_this_study_as_in_predictions():
    for name in ("gb200-nvl72", "cloudmatrix384"):
        both = [Scenario(name, each) for each in (None, Sampler(100, 4))]
        for scenario in both:
            rate = domain_size.fault_point(scenario)["failure_rate"]
            assert rate == pytest.approx(1 / job_mtbf(scenario, {}, {"devices": 1.0}), rel=1e-12)
        low, high = low_high(domain_size.fault_point(both[1])["failure_rate"])
        assert high / low > 10  # a factor of five either way, where one machine's bounds are a factor of three wide


# The break-even line.

positive = st.floats(0.1, 10)


@given(positive, positive, positive, st.floats(1.0, 1.5))
def test_the_gain_is_one_on_the_break_even_line(time, volume, inner, premium):
    point = {
        "compute_time": time,
        "volume": volume,
        "small_domain": 8.0,
        "scale_up_bandwidth": inner,
        "scale_out_bandwidth": inner / 9,
        "premium": premium,
    }
    line = laws.break_even
    if compute(line.solve(needed_share), point) >= 0.99:
        return
    least = compute(line.solve(break_even_ranks), point)
    assert compute(line.solve(domain_gain), {**point, "ranks": least}) == pytest.approx(1, rel=1e-9)
    assert compute(line.solve(domain_gain), {**point, "ranks": 1.01 * least}) >= 1


def test_the_line_is_the_solution_that_sympy_finds():
    line = laws.break_even
    (found,) = sp.solve(sp.Eq(line.solve(domain_gain), 1), ranks)
    assert sp.simplify(found - line.solve(break_even_ranks)) == 0


def test_the_small_step_is_the_two_tier_law_where_its_outer_network_binds():
    point = {"volume": 1.0, "ranks": 64.0, "scale_up_bandwidth": 9.0, "scale_out_bandwidth": 1.0, "compute_time": 2.0}
    small = compute(laws.break_even.solve(small_step_time), point | {"small_domain": 8.0})
    exchange = compute(two_tiers.two_tier.solve(parallel_time), point | {"domain": 8.0})
    assert small == pytest.approx(2 + exchange)


# Surveys.


@pytest.fixture(scope="module")
def asked():
    return {"jobs": [16_384], "speeds": [50.0], "precision": "nvfp4", "conditions": CONDITIONS, "model": "deepseek-v3"}


def test_a_survey_is_its_parts(asked):
    found = surveys.survey("gb200-nvl72", [8, 72], **asked)
    assert (
        found["training", 16_384][0, 1]
        == domain_size.training_work(machine(72), 16_384.0, "deepseek-v3")[1]["trained"][0, 0]
    )
    worth = surveys.worth(None, "gb200-nvl72", [8, 72], "watt", **asked)
    watts = bill(Scenario("gb200-nvl72"), [8, 72])["device_draw"]
    assert worth[0, 1] == pytest.approx(found["serving", 50.0][0] / watts[0])


def test_the_optimum_is_where_the_work_is_largest():
    work = np.array([[1.0, 3.0, 2.0], [4.0, 1.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
    size, gain = surveys.optimum(work, [8, 72, 384])
    assert size.tolist() == [72, 8, 8, 384]
    assert gain.tolist() == [3, 1, 1, np.inf]  # where nothing works nothing is gained


def test_one_number_at_a_time_moves_one_number():
    def product(sampler):
        return sampler.bounds("a", 1.0, 4.0) * sampler.bounds("b", 1.0, 9.0)

    labels, answers = sensitivity.one_at_a_time(product, low=0.0, high=1.0)
    assert labels == ["a", "b"]
    assert np.ravel(answers) == pytest.approx([6, 3, 12, 2, 18])


def test_rare_leaps_hide_nothing_from_ranked_indices():
    def leaping(sampler):
        return sampler.unit("a") + 1e3 * (sampler.unit("b") > 0.995)

    plain, ranked = (
        sensitivity.indices(leaping, points=256, ranked=each).set_index("factor") for each in (False, True)
    )
    assert plain.total["b"] > 0.9
    assert ranked.first["a"] > 0.9 > 0.1 > ranked.first["b"]


def test_turning_ranks_by_what_the_usual_size_loses():
    work = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 2.0], [1.0, 2.0], [1.0, 4.0]])
    frame = surveys.turning(["a", "b"], work, [8, 72])
    assert frame.loc[0, ["factor", "end", "size"]].tolist() == ["a", "high", 8]
    assert frame.loc[0, "regret"] == pytest.approx(1 / 3)
    assert frame.regret.iloc[1:].tolist() == [0, 0, 0]


# Frames of the chapter.


@pytest.fixture(scope="module")
def surveyed():
    jobs = {"training_large": 100_000, "training_job": 16_384}
    question = questions.Asked("deepseek-v3", (8, 72), jobs, (50.0,), CONDITIONS)
    return questions.ask("gb200-nvl72", question, draws=20, seed=0)


def test_workloads_are_named_smallest_job_first(surveyed):
    assert list(surveyed.asked.titles()) == ["training_job", "training_large", "serving_50"]
    assert surveyed.asked.titles()["training_large"] == "training, 100,000 devices"
    assert surveyed.asked.arguments()["jobs"] == [16_384, 100_000]


def test_only_machines_with_every_number_are_bases():
    assert "gb200-nvl72" in questions.bases([])
    assert questions.bases(["nvl288", "gb200-nvl72"]) == ["gb200-nvl72"]
    with pytest.raises(ValueError, match="none of .'nvl288'. has all of"):
        questions.bases(["nvl288"])


def test_work_is_relative_to_the_smallest_domain(surveyed):
    found = questions.relative(surveyed).set_index(["domain", "workload", "measure"])
    assert found.loc[8, ["value", "low", "high"]].to_numpy() == pytest.approx(1)
    assert (found.low <= found.value).all() and (found.value <= found.high).all()


def test_the_best_size_is_one_that_was_asked_and_never_loses(surveyed):
    sizes, gains = questions.best(surveyed, clear=0.05)
    assert set(sizes.to_numpy().ravel()) <= {8.0, 72.0}
    assert (sizes.low <= sizes.value).all() and (sizes.value <= sizes.high).all()
    assert (gains[["value", "low", "high"]] >= 1).all(axis=None)
    assert gains.clear.between(0, 1).all()
    assert (questions.best(surveyed, clear=0.0)[1].clear >= gains.clear).all()


def test_the_parts_of_a_dollar_are_the_whole(surveyed):
    stacks = shares.stacks("gb200-nvl72", surveyed.asked)
    assert stacks[list(shares.PARTS)].sum(axis=1).to_numpy() == pytest.approx(1)
    assert (stacks[list(shares.PARTS)] >= 0).all(axis=None)


def test_who_waits_for_exchanges_works_less_in_each_domain(surveyed):
    asked, rows = surveyed.asked, surveyed.asked.arguments(precision=surveyed.precision, speeds=[])
    usual, serial = (surveys.survey(surveyed.system, **rows, **way) for way in ({}, {"overlap": False}))
    assert set(usual) == {("training", devices) for devices in asked.jobs.values()}
    for key in usual:
        assert (serial[key] < usual[key]).all()
    found = shares.ways(surveyed, {"serial": {"overlap": False}})
    assert (found.gain_device >= 1).all()  # the smallest is one of those to choose from


def test_the_map_starts_at_one_and_has_every_pair(surveyed):
    field = groups.throughputs(surveyed, 128)
    assert len(field) == 2 * len(groups.widths(surveyed, 128))
    assert field[field.domain == 8][["device", "dollar"]].to_numpy() == pytest.approx(1)
    narrow = field[field.group == 8]
    assert narrow.device.to_numpy() == pytest.approx(1, rel=1e-6)  # a group that fits gains nothing


def test_a_larger_group_than_the_line_asks_for_pays(surveyed):
    even = groups.even(surveyed, (72,), 64.0, 128).loc[72]
    assert even.premium >= 1
    assert even.needed > 0
    field = groups.throughputs(surveyed, 128).set_index(["domain", "group"]).dollar
    assert (field[72, 64.0] > 1) == (even.ranks < 64)


def test_a_worked_problem_is_available_less_often_in_a_larger_domain():
    found = groups.problems("gb200-nvl72", (8, 72, 384))
    assert found.group.tolist() == [8, 72, 72]
    assert (found[["up", "serving"]] <= 1).all(axis=None)
    assert found.serving[8] >= found.serving[72] >= found.serving[384] > 0
    assert found.price[384] > found.price[8]


def test_the_example_says_what_the_chapter_s_frames_say(surveyed):
    put = groups.examples(surveyed, 72, 16_384, 72.0, 128)
    problem = groups.problems("gb200-nvl72", (72,)).loc[72]
    assert put["useful"]["serving_share"] == pytest.approx(problem.serving)
    assert put["resized"]["device_price"] == pytest.approx(problem.price)
    assert 0 < put["bare"]["bare_price"] < problem.price
    trained = questions.relative(surveyed).set_index(["workload", "measure", "domain"]).recorded
    assert put["useful"]["trained"] == pytest.approx(trained["training_job", "device", 72])
    even = groups.even(surveyed, (72,), 72.0, 128).loc[72]
    assert put["even"]["break_even_ranks"] == pytest.approx(even.ranks)
    assert put["even"]["domain_gain"] > 1


def test_more_devices_share_the_experts_and_each_keeps_less():
    layout = {"stages": 4.0, "tensor_devices": 1.0, "context_devices": 1.0, "microbatch": 1.0, "chunks": 1.0}
    kept = groups.state("gb200-nvl72", "deepseek-v3", 16_384, layout, (8, 64))
    assert kept[8] > kept[64] > 0


def test_every_draw_counts_where_few_sizes_reach_a_speed():
    """Fast users whom domains of eight serve in a part of the draws alone: the rest gains without bound, or nothing."""
    question = questions.Asked("deepseek-v3", (8, 72), {}, (100.0,), CONDITIONS)
    surveyed = questions.ask("cloudmatrix384", question, draws=60, seed=0)
    found = questions.relative(surveyed).set_index(["measure", "domain"]).loc["dollar"]
    _, many = surveyed.both(("serving", 100.0), "dollar")
    assert found.none_smallest[72] == pytest.approx((many[:, 0] == 0).mean())
    assert found.gaining[72] == pytest.approx((many[:, 1] > many[:, 0]).mean())
    assert np.isinf(found.high[72]) == (((many[:, 0] == 0) & (many[:, 1] > 0)).mean() > 0.05)


def test_two_chapters_have_one_answer_to_one_question(surveyed):
    """What a domain of 72 trains for a dollar does not depend on what else a chapter asks."""
    other = dollars.sizes_of("gb200-nvl72", "deepseek-v3", [16_384], [8, 32, 72], draws=20, seed=0)
    ours = questions.relative(surveyed)
    ours = ours[(ours.workload == "training_job") & ours.measure.isin(dollars.MEASURES)]
    pair = [each.set_index(["measure", "domain"]) for each in (ours, other)]
    numbers = ["recorded", "value", "low", "high", "gaining"]
    assert (
        pair[0]
        .loc[[("device", 72), ("dollar", 72)], numbers]
        .equals(pair[1].loc[[("device", 72), ("dollar", 72)], numbers])
    )


def test_two_chapters_draw_alike():
    """So that what they print agrees to the last digit, as their studies do."""
    asked = {}
    for name in ("domain_size", "training"):
        cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        [given] = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
        asked[name] = {}
        exec(given, asked[name])
    assert [asked["training"][name] for name in ("draws", "seed", "workload")] == [
        asked["domain_size"][name] for name in ("draws", "seed", "workload")
    ]
