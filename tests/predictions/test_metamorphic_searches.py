"""What must hold between answers of searches, whatever was fitted: users of a fleet, premiums, training.

Points are drawn at random; which layout is best may change with each, and yet answers grow and fall as they must.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model.machine.training_search import EXPERTS, STAGES, TENSOR
from model.numbers import catalog
from model.predictions.answer import predict
from model.predictions.capacity import MONTH
from model.predictions.inputs import InputError

FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
SERVERS = ("hgx-h100", "hgx-h200", "hgx-b200")
WORKLOADS = ("deepseek-v3", "gpt-oss-120b", "llama-3.1-70b")
SEARCHED = 0.005  # how far a search over batches may end from its best
USERS = {  # quantity: (the input that says how many devices serve, as much as some thousand cost, a system)
    "users_of_fleet": ("fleet", 4096, "hgx-h200"),
    "users_of_power": ("site_power", 1e7, "hgx-h200"),
    "users_of_rent": ("monthly_budget", 1e7, "hgx-h200"),
    "users_of_purchase": ("purchase_budget", 1e9, "gb200-nvl72"),
}
LENGTHS = {"input_tokens": st.integers(16, 8192), "output_tokens": st.integers(16, 8192)}
SERVED = st.fixed_dictionaries(
    {"model": st.sampled_from(WORKLOADS), "speed": st.floats(5, 60), "precision": st.just("fp8"), **LENGTHS}
)
RUNS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(WORKLOADS),
        "devices": st.sampled_from([64, 128, 512, 1024]),
        "sequences": st.sampled_from([1024, 2048, 8192]),
        "sequence": st.sampled_from([2048, 4096, 8192]),
        "precision": st.just("bf16"),
    }
)


def ask(name, system, *points, **options):
    """Return the answers of points, or skip the example where one is refused, as out of memory."""
    try:
        return predict(name, pd.DataFrame(points), system, **{"interval": False} | options)[0]
    except InputError:
        assume(False)


@pytest.mark.parametrize("name", USERS)
@given(point=SERVED, factor=st.floats(1.1, 20))
@FEW
def test_users_are_in_proportion_to_what_serves_them(name, point, factor):
    given_by, usual, system = USERS[name]
    few, many = ask(name, system, point | {given_by: usual}, point | {given_by: factor * np.rint(usual)}).value
    assert many == pytest.approx(factor * few, rel=1e-9)


@pytest.mark.parametrize("name", USERS)
@given(point=SERVED, faster=st.floats(1.05, 4))
@FEW
def test_faster_users_are_fewer_and_so_are_those_who_ask_or_are_told_more(name, point, faster):
    given_by, usual, system = USERS[name]
    point = point | {given_by: usual}
    longer = [point | {each: 2 * point[each]} for each in LENGTHS]
    found = ask(name, system, point, point | {"speed": faster * point["speed"]}, longer[0]).value
    assert found[1] <= found[0] * (1 + SEARCHED)  # each token sooner
    assert found[2] <= found[0] * (1 + SEARCHED)  # a longer prompt for the same words


@given(point=SERVED, system=st.sampled_from(SERVERS), fleet=st.integers(64, 10**6))
@FEW
def test_users_are_what_the_service_of_their_devices_credits_them(point, system, fleet):
    """From the frontier of the service: a user takes what is told and asked, at the speed of the words told."""
    users = ask("users_of_fleet", system, point | {"fleet": fleet}).value[0]
    served = ask("service_frontier", system, point).value[0]
    each = point["speed"] * (point["input_tokens"] + point["output_tokens"]) / point["output_tokens"]
    assert users == pytest.approx(fleet * served / each, rel=1e-9)


@given(point=SERVED, budget=st.floats(1e6, 1e9))
@FEW
def test_rented_and_powered_users_are_those_of_so_many_devices(point, budget):
    """By hand: a month is 730.5 hours; the rate and the power of a device are the machine's."""
    known = catalog.load("systems").loc["hgx-h200"]
    by_rent, by_power = (
        ask(name, "hgx-h200", point | {given_by: budget}).value[0]
        for name, given_by in (("users_of_rent", "monthly_budget"), ("users_of_power", "site_power"))
    )
    alone = ask("users_of_fleet", "hgx-h200", point | {"fleet": 100_000}).value[0] / 100_000
    assert MONTH == 730.5 * 3600
    rent, power = budget / (by_rent / alone) / MONTH * 3600, budget / (by_power / alone)
    assert 0.5 < rent < 20  # dollars an hour
    assert 400 < power < 3000  # W
    if "serving_power" in known and np.isfinite(known.serving_power):
        assert power == pytest.approx(known.serving_power, rel=1e-6)


@pytest.mark.slow
@given(point=SERVED, system=st.sampled_from(SERVERS), number=st.sampled_from(["memory_bandwidth", "peak_fp8"]))
@FEW
def test_faster_memory_and_products_serve_no_fewer(point, system, number):
    recorded = catalog.load("systems").loc[system, number]
    usual, better = (
        ask("users_of_fleet", system, point | {"fleet": 4096}, changes={number: factor * recorded}).value[0]
        for factor in (1, 2)
    )
    assert better >= usual * (1 - SEARCHED)


@given(point=SERVED, system=st.sampled_from(SERVERS), domain=st.sampled_from([8, 16, 64, 144]))
@FEW
def test_a_domain_is_worth_itself_and_two_premiums_make_a_third(point, system, domain):
    """As much for a dollar: from 8 to a domain, and from there to 256, is from 8 to 256."""
    steps = [(8, domain), (domain, 256), (8, 256), (domain, domain)]
    points = [point | {"small_domain": small, "domain": large, "layouts": "run"} for small, large in steps]
    first, second, both, none = ask("break_even_premium", system, *points).value
    assert none == pytest.approx(1, rel=1e-12)
    assert first * second == pytest.approx(both, rel=1e-9)


@given(point=RUNS, system=st.sampled_from(SERVERS))
@FEW
def test_time_and_throughput_of_a_step_say_the_same(point, system):
    rate, time = (ask(name, system, point) for name in ("training_throughput", "training_step_time"))
    tokens = point["sequences"] * point["sequence"]
    assert time.value[0] * rate.value[0] * point["devices"] == pytest.approx(tokens, rel=1e-9)
    for name in ("microbatch", "tensor_devices", "expert_devices", "stages", "chunks"):
        assert rate[name][0] == time[name][0]


@given(point=RUNS, system=st.sampled_from(SERVERS))
@FEW
def test_a_part_of_a_layout_that_is_given_is_never_better_than_the_one_that_is_found(point, system):
    """As long as the search tries it: experts over at most 64 devices, tensor groups of four, of eight where dense."""
    found = ask("training_throughput", system, point)
    layout = {name: found[name][0] for name in found.columns[4:]}
    again = ask("training_throughput", system, point | layout).value[0]
    assert again == pytest.approx(found.value[0], rel=1e-9)
    dense = catalog.load("workloads").loc[point["model"]].get("experts", np.nan) <= 1
    most = {"tensor_devices": TENSOR[bool(dense)], "stages": STAGES, "expert_devices": EXPERTS}
    for name in most:
        for each in {layout[name] / 2, 2 * layout[name]}:
            if not 1 <= each <= most[name]:
                continue
            try:
                other = predict("training_throughput", pd.DataFrame([point | {name: each}]), system, False)[0]
            except InputError:
                continue
            assert other.value[0] <= found.value[0] * (1 + 1e-9)


@given(point=RUNS, system=st.sampled_from(SERVERS), number=st.sampled_from(["peak_bf16", "scale_out_bandwidth"]))
@FEW
def test_training_on_faster_hardware_is_never_slower(point, system, number):
    recorded = catalog.load("systems").loc[system, number]
    usual, better = (
        ask("training_throughput", system, point, changes={number: factor * recorded}).value[0] for factor in (1, 2)
    )
    assert better >= usual * (1 - 1e-9)


@given(points=st.lists(RUNS, min_size=2, max_size=3), order=st.randoms(use_true_random=False))
@FEW
def test_the_order_of_a_table_of_jobs_changes_nothing(points, order):
    alone = [ask("training_throughput", "hgx-b200", each, interval=True, draws=40) for each in points]
    places = list(range(len(points)))
    order.shuffle(places)
    together = ask("training_throughput", "hgx-b200", *(points[each] for each in places), interval=True, draws=40)
    for row, each in enumerate(places):
        for column in ("value", "low", "high"):
            assert together[column][row] == pytest.approx(alone[each][column][0], rel=1e-9)
        assert together.low[row] <= together.value[row] <= together.high[row]
