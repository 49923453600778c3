"""Readings of claims: published values, arithmetic by hand from the rows, limits, and the same number asked elsewhere.

Each reading is read by its key, so that a row in another's place, a ratio upside down or a wrong pair of seeds is seen.
"""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import model
from model.machine.scenario import Scenario
from model.numbers import catalog
from model.numbers.draws import Sampler, around
from model.numbers.facts import Facts
from model.predictions.quantities import QUANTITIES
from model.studies import idle
from model.studies.claims import demand, exchanges, faults, machines, services
from model.studies.claims import rule as claims
from model.studies.claims.conditions import Conditions

CONDITIONS = Conditions("deepseek-v3", 64, 96, 4096, 128, 1e9, 40, draws=50, seed=0)
POD, GB300, NVL72, CM384 = "superpod-8x-gb300-nvl72", "gb300-nvl72", "gb200-nvl72", "cloudmatrix384"
H100, H800, H200, LLAMA = "hgx-h100", "hgx-h800", "hgx-h200", "llama3-16k"
SIDES = list(claims.NUMBERS)
ROUTED = {"hidden": 7168, "experts": 256, "topk": 8, "tokens": 128}  # a token of DeepSeek-V3, and how many
PLANNED = {"nvl144": "vera-rubin-nvl144", "nvl288": "nvl288", "nvl576": "rubin-ultra-nvl576"}


@pytest.fixture
def known():
    return catalog.load("systems")


@pytest.fixture
def said():
    return claims.said()


def asked(quantity, **inputs):
    """Return value, low, high of one prediction by the public face, with the conditions' draws."""
    return model.predict(quantity, **CONDITIONS.interval(), **inputs).iloc[0][SIDES].astype(float)


def hold_their_own_draws(readings):
    """Tell whether the ends of each reading that `predict` gave are those of the draws that were asked for beside it.

    Not for readings made of a number and its draws, whose ends are those of these draws whatever they are; for them
    there is `drawn_by_hand`.
    """
    drawn = readings[[len(each) > 1 for each in readings.drawn]]
    ends = np.array([around(row.value, row.drawn) for row in drawn.itertuples()])
    return len(drawn) and np.allclose(drawn[["low", "high"]].to_numpy(float), ends)


def drawn_by_hand(readings, draws):
    """Tell whether readings have the draws given by key, and every other one is exact: one draw, which is its value."""
    same = [np.allclose(readings.drawn[key], np.ravel(each), rtol=1e-12) for key, each in draws.items()]
    exact = readings.drop(list(draws))
    return all(same) and [each.tolist() for each in exact.drawn] == [[value] for value in exact.value]


def numbers(system, *quantities, table="systems"):
    """Return the draws of recorded numbers, with the conditions' seed."""
    facts = Facts(table, system, Sampler(CONDITIONS.draws, CONDITIONS.seed))
    return [facts(each) for each in quantities]


def answers(quantity, system, choices, later=0, **inputs):
    """Return the draws of a predicted quantity, with the conditions' seed or a later one."""
    point = {name: np.array([float(number)]) for name, number in inputs.items()}
    scenario = Scenario(system, Sampler(CONDITIONS.draws, CONDITIONS.seed + later))
    return QUANTITIES[quantity].values(scenario, choices, point)


# What machines are.


def test_the_peak_of_a_pod_is_the_sparse_one_and_its_racks_are_domains_apart():
    found = machines.peaks(POD, {"gb300": GB300, "gb200": NVL72}).value
    assert found["sparse"] == pytest.approx(11.5, abs=0.05)  # as its maker says
    assert found["gb300"] == pytest.approx(8 * 72 * 15e-3) and found["gb200"] == pytest.approx(8 * 72 * 10e-3)
    assert found["domains"] == 8


def test_names_of_machines_count_dies_where_packages_are_fewer():
    """Announced: 144 dies in 72 packages, then 576 in 144; of the third name no machine is known."""
    found = machines.announced(PLANNED).value
    assert found[["nvl144.dies", "nvl144.packages", "nvl576.dies", "nvl576.packages"]].tolist() == [144, 72, 576, 144]
    assert found[["nvl288.dies", "nvl288.packages"]].isna().all()


def test_counts_of_a_domain_are_those_that_its_builders_publish():
    """CloudMatrix384: 384 devices of two dies on 48 nodes in 16 cabinets, with 6,912 optical modules."""
    found = machines.counts(CM384)
    assert found[["domain", "nodes", "cabinets", "optical_modules", "dies"]].tolist() == [384, 48, 16, 6912, 768]
    assert found.l1_switches / found.nodes == 7 and found.l2_switches / 7 == 16


def test_one_domain_over_another_has_the_published_ratios():
    """An analyst's table of CloudMatrix384 over NVL72: 2.1 times the memory bandwidth, 5.3 times the devices."""
    found = machines.against(CM384, NVL72, ("int8", "fp8"), CONDITIONS)
    assert found.value["domain.memory_bandwidth"] == pytest.approx(2.1, abs=0.05)
    assert found.value["devices"] == pytest.approx(5.3, abs=0.05)
    names = (*machines.PARTS, "system_power", "price")
    apart = [dict(zip(names, numbers(system, *names), strict=True)) for system in (CM384, NVL72)]
    over = {name: apart[0][name] / apart[1][name] for name in names}
    step = {"ranks": 64, "batch": 96, "context": 4096, "tokens_per_step": 1}
    tokens = [
        answers("decode_throughput", system, {"model": "deepseek-v3", "precision": form}, **step)
        for system, form in ((CM384, "int8"), (NVL72, "fp8"))
    ]
    over_device = {name: over[name] for name in machines.PARTS} | {"tokens": tokens[0] / tokens[1]}
    expected = {f"device.{name}": each for name, each in over_device.items()}
    expected |= {f"domain.{name}": each * 384 / 72 for name, each in over_device.items()}
    compute = over["peak_bf16"] * 384 / 72
    expected |= {"per.watt": compute / over["system_power"], "per.dollar": compute / over["price"]}
    assert drawn_by_hand(found, expected)


def test_what_a_domain_takes_and_what_it_computes_for_that_multiply_to_its_compute():
    found = machines.against(CM384, NVL72, ("int8", "fp8"), CONDITIONS)
    spent = machines.spent(CM384, NVL72, CONDITIONS)
    assert spent.value["watt"] == pytest.approx(559 / 132)
    assert spent.value["dollar"] == pytest.approx(8.2 / 3.1)
    for label in ("watt", "dollar"):
        assert found.value[f"per.{label}"] * spent.value[label] == pytest.approx(found.value["domain.peak_bf16"])
        assert spent.low[label] < spent.value[label] < spent.high[label]


def test_decoded_tokens_of_two_machines_are_those_that_are_predicted():
    found = machines.against(CM384, NVL72, ("int8", "fp8"), CONDITIONS).value
    rates = [
        asked("decode_throughput", system=system, model="deepseek-v3", ranks=64, batch=96, context=4096, precision=form)
        for system, form in ((CM384, "int8"), (NVL72, "fp8"))
    ]
    assert found["device.tokens"] == pytest.approx(rates[0].value / rates[1].value)


def test_a_bus_is_compared_with_the_network_outside():
    found = machines.bus(CM384, CONDITIONS)
    assert found.value["specified"] == pytest.approx(392 / 50)
    assert found.value["achieved"] == pytest.approx(328 / 48.5)
    assert found.low["specified"] == found.high["specified"] and found.low["achieved"] < found.high["achieved"]


def test_a_league_lists_totals_of_a_domain_widest_first(known):
    """NVL72 computes 180 PFLOP/s in BF16, as its maker's sheet says, and 720 in dense FP4."""
    found = machines.league([PLANNED["nvl144"]], left_out=[LLAMA]).set_index("system")
    assert found.loc[NVL72, "BF16, PFLOP/s"] == pytest.approx(180)
    assert found.loc[NVL72, "narrowest format, PFLOP/s"] == pytest.approx(720)
    assert found.loc[NVL72, "memory, TB/s"] == pytest.approx(72 * 8)
    assert found["scale-up, TB/s"].dropna().is_monotonic_decreasing
    assert set(found.index) == set(known.index[known.domain.notna()]) - {LLAMA}
    assert found.index[found["on sale in April 2025"] == "no"].tolist() == [PLANNED["nvl144"]]


def test_a_lead_is_over_the_best_other_one_and_plans_are_counted_apart():
    headers = [header for header, *_ in machines.TOTALS.values()]
    totals = pd.DataFrame({"system": [CM384, NVL72, "weaker", "planned"]} | dict.fromkeys(headers, [10.0, 5, 1, 20]))
    totals["on sale in April 2025"] = ["yes", "yes", "yes", "no"]
    found = machines.lead(totals, CM384, CONDITIONS)
    for total in machines.TOTALS:
        assert found.value[[f"{total}.on_sale", f"{total}.plans_counted"]].tolist() == [2, 0.5]
        middle = np.median(found.drawn[f"{total}.on_sale"])
        assert middle == pytest.approx(2, rel=0.1), "draws of the ratio, not of the machine"
    assert found.loc["bf16.on_sale", "reading"] == "BF16, on sale"


def test_another_maker_had_joined_a_pod_of_chips_before(said):
    assert machines.joined_before(CONDITIONS).value["others"] == 4096 > said["C26", "others_domain"]


# Faults.


def test_the_gap_between_counted_faults_has_the_exact_interval_of_a_count(known):
    """419 interruptions in 54 days; the interval of a Poisson count by chi squared."""
    found = faults.counted(LLAMA, CONDITIONS)
    hours = 54 * 24
    ends = [2 * hours / chi2.ppf(0.95, 2 * 419 + 2), 2 * hours / chi2.ppf(0.05, 2 * 419)]
    assert found.loc["gap", SIDES].tolist() == pytest.approx([hours / 419, *ends])
    assert np.percentile(found.drawn["gap"], [5, 50, 95]) == pytest.approx([ends[0], hours / 419, ends[1]], rel=0.02)
    assert found.value["devices"] == known.devices[LLAMA] == 16_384


@pytest.fixture(scope="module")
def recovered():
    """Return (times of recovery, shares of jobs of the claims' sizes at them)."""
    times = faults.recovery_times(CM384, "ascend-4800")
    return times, faults.by_recovery(faults.shares(LLAMA, [16_384.0, 1e5], sorted(times), CONDITIONS), times)


def test_readings_of_recovery_are_minutes_and_the_share_at_their_own_size_and_time(recovered):
    times, at = recovered
    found = faults.recoveries(at, times)
    assert found.value["measured"] == 2.5 and found.value["promised"] == 10
    assert set(found.index) == {
        "measured",
        "promised",
        *(f"{n}k.{name}" for n in (16, 100) for name in ("slow", "flash")),
    }
    for key, devices, seconds in (("16k.slow", 16_384, 600), ("16k.flash", 16_384, 150), ("100k.flash", 1e5, 150)):
        share = asked(
            "effective_training_share",
            system=LLAMA,
            devices=devices,
            downtime=seconds,
            checkpoint_write=CONDITIONS.checkpoint_write,
            reload=0.0,
        )
        assert found.loc[key, SIDES].tolist() == pytest.approx(share.tolist())
        assert found.loc[key, "reading"].startswith(f"{devices:,.0f} devices, recovery in {seconds / 60:g} min")


def test_the_largest_job_loses_what_is_allowed_and_a_larger_one_more(recovered, said):
    times, _ = recovered
    found = faults.largest(LLAMA, times, CONDITIONS)
    assert (found.low <= found.value).all() and (found.value <= found.high).all()
    target = said["C10", "effective_training_share"]
    for name, seconds in times.items():
        shares = faults.shares(LLAMA, np.round(found.value[name] * np.array([1, 1.02])), [seconds], CONDITIONS).value
        assert shares[0] >= target > shares[1]


def test_what_links_cost_is_set_over_what_faults_cost(said):
    times = pd.Series({"slow": 600.0, "fast": 30.0})
    at = pd.DataFrame({"devices": said["C21", "devices"], "downtime": times})
    at = at.assign(value=[0.8, 0.9], low=[0.8, 0.9], high=[0.8, 0.9])  # certain
    links, waiting = (np.array([0.1]), np.array([0.05, 0.15])), {(8, "serial"): (np.array([0.3]), np.full(2, 0.3))}
    found = faults.links_over_faults(links, waiting, at, times, CONDITIONS_OF_TWO)
    assert found.value.to_dict() == pytest.approx(
        {"run.slow": 0.5, "run.fast": 1, "8.serial.slow": 1.5, "8.serial.fast": 3}
    )
    assert found.drawn["run.slow"].tolist() == pytest.approx([0.25, 0.75])
    assert found.reading["8.serial.fast"] == "domains of 8, nothing overlapped, recovery in 0.5 min"


CONDITIONS_OF_TWO = Conditions("deepseek-v3", 64, 96, 4096, 128, 1e9, 40, draws=2, seed=0)


def explained(**inputs):
    """Return the lines and the numbers of a training step's law by name, as its explanation prints them."""
    told = model.explain("training_step_time", system=H800, model="deepseek-v3", precision="fp8", **inputs)
    frames = (told.equations, told.numbers)
    return pd.concat([frame.set_index("symbol").value for frame in frames])


def exchanged(law):
    """Return the seconds that exchanges, collectives and hops take of a step: each microbatch's, one after another."""
    return law.microbatches * (law.evenness * (law.collective_time + law.exchange_wait) + law.hop_time)


def test_the_share_that_a_published_run_exchanges_is_what_the_explanation_of_its_step_adds_up_to():
    """DeepSeek-V3: 2,048 devices, 15,360 sequences of 4,096 tokens, experts over 64 devices, 16 stages."""
    value, drawn = exchanges.trained(H800, CONDITIONS)
    law = explained(devices=2048, sequences=15_360, sequence=4096, expert_devices=64, stages=16)
    assert value.item() == pytest.approx(exchanged(law) / law.training_step_time)
    assert len(drawn) == CONDITIONS.draws and 0 < drawn.min() < value < drawn.max() < 1


def test_links_of_a_large_job_take_exchanges_and_gradients_as_explained():
    value, drawn = faults.linked(H800, CONDITIONS)
    sizes = catalog.chosen("assumptions").set_index(["topic", "quantity"]).value["training"]
    devices = 1e5 // 1024 * 1024
    law = explained(devices=devices, sequences=devices * sizes.device_sequences, sequence=sizes.sequence)
    taken = exchanged(law) + law.gradient_time + law.optimiser_time
    assert value.item() == pytest.approx(taken / law.training_step_time)
    assert len(drawn) == CONDITIONS.draws and drawn.min() < value < drawn.max()


def test_a_dispatch_is_what_is_predicted_of_the_dies_of_its_devices_in_such_a_domain():
    found = faults.dispatches(CM384, (8, 384), CONDITIONS)
    for domain in (8, 384):
        point = {**ROUTED, "op": "dispatch", "ranks": 2 * 64, "bytes_per_element": 1}  # two dies each
        time = model.predict("all_to_all_time", system=CM384, changes={"domain": domain}, interval=False, **point)
        assert found.value[str(domain)] == pytest.approx(time.value[0])
    assert found.value["8"] > found.value["384"]


def test_software_that_sees_no_domain_gains_nothing_from_one_and_the_pooled_one_does():
    alone, pooled = (made(H800, (8, 72), CONDITIONS).value for made in (faults.dispatches, faults.pooled_dispatches))
    assert alone["8"] == pytest.approx(alone["72"])
    assert pooled["72"] < pooled["8"] / 1.5


def test_faults_come_in_proportion_to_devices_and_a_platform_at_its_maker_rate_has_one_a_day():
    far = faults.gap_between_faults(LLAMA, 1e5, CONDITIONS)
    assert far.value * 1e5 == pytest.approx(54 * 86_400 / 419 * 16_384)
    rates = {"maker": ("feixing-2", "the maker's"), "llama": (LLAMA, "as counted")}
    gaps, readings = faults.platform(rates, 600.0, CONDITIONS)
    assert gaps.value["maker"] == pytest.approx(24, rel=1e-3)
    assert gaps.value["llama"] * 3600 * 1e4 == pytest.approx(far.value * 1e5)
    assert (gaps.low < gaps.value).all() and (gaps.value < gaps.high).all()
    assert readings.value["maker"] > readings.value["llama"] > 0.9
    assert readings.reading["llama"] == "as counted"


# Exchanges.


def test_a_rack_over_a_server_is_the_ratio_of_the_predicted_times():
    found = exchanges.speed_ups(H100, NVL72, CONDITIONS)
    cases = {
        "dispatch": ("all_to_all_time", {"op": "dispatch", "ranks": 64, "bytes_per_element": 1, **ROUTED}),
        "combine": ("all_to_all_time", {"op": "combine", "ranks": 64, "bytes_per_element": 2, **ROUTED}),
        "dispatch_8": ("all_to_all_time", {"op": "dispatch", "ranks": 8, "bytes_per_element": 1, **ROUTED}),
        "reduce": ("all_reduce_time", {"ranks": 64, "bytes": 1e9}),
        "reduce_8": ("all_reduce_time", {"ranks": 8, "bytes": 1e9}),
    }
    for key, (quantity, inputs) in cases.items():
        server, rack = (
            model.predict(quantity, system=each, interval=False, **inputs).value[0] for each in (H100, NVL72)
        )
        assert found.value[key] == pytest.approx(server / rack) and server > rack
    assert found.value["domain"] == 72
    assert found.value["compute"] == pytest.approx(72 * 2500 / (8 * 989.5))
    expected = {}
    for key, (quantity, inputs) in cases.items():
        point, choices = dict(inputs), {}
        if "op" in point:
            choices["op"] = point.pop("op")
        server, rack = (answers(quantity, each, choices, later, **point) for later, each in enumerate((H100, NVL72)))
        expected[key] = server / rack
    assert drawn_by_hand(found, expected)


def test_a_machine_against_itself_is_even_and_only_its_measurements_scatter():
    found = exchanges.speed_ups(H100, H100, CONDITIONS)
    speeds = found.drop("domain")
    assert speeds.value.to_numpy() == pytest.approx(1)
    assert found.loc["compute", SIDES].tolist() == [1, 1, 1]
    laws = speeds.drop("compute")
    assert (laws.low < 1).all() and (laws.high > 1).all(), "the two are drawn apart"


def test_waits_of_a_decode_step_are_those_of_the_chapter_on_idle_time_at_their_own_place():
    spans = [(CM384, 320, "int8"), (NVL72, 64, "fp8"), (NVL72, 256, "fp8")]
    found = exchanges.decode_waits(spans, CONDITIONS)
    case = idle.Case("deepseek-v3", 4096)
    for system, ranks, _ in spans:
        serial, best = (found.value[f"{system}.{ranks}.{overlap}"] for overlap in (0, 1))
        times = idle.timed(case, system, case.rows(ranks, 96))
        assert serial == pytest.approx(idle.shares(times)["serial", "exchange"].item())
        assert best <= serial
    assert found.value[f"{NVL72}.256.0"] > found.value[f"{NVL72}.64.0"], "a part leaves the rack"
    assert hold_their_own_draws(found)
    assert found.reading[f"{NVL72}.64.0"] == f"{NVL72}, 64 devices, nothing overlapped"


def test_the_training_run_is_asked_as_its_report_describes_it():
    """DeepSeek-V3: 16 stages, experts over 64 devices, and 15,360 sequences over 128 pipelines."""
    run = exchanges.training(H800, CONDITIONS)
    assert (run["ranks"], run["stages"], run["microbatches"], run["context"]) == (64, 16, 120, 4096)


@pytest.fixture(scope="module")
def losses():
    return exchanges.training_losses(H800, CONDITIONS)


def test_losses_of_a_training_step_compose(losses):
    """Exchange and imbalance add up inside a step; the bubble of 16 stages and 120 microbatches is around it."""
    for overlap in (0, 1):
        exchange, imbalance, bubble, whole = (
            losses.value[f"{part}.{overlap}"] for part in ("exchange", "imbalance", "bubble", "all")
        )
        assert bubble == pytest.approx(15 / (120 + 15))
        assert 1 - whole == pytest.approx((1 - exchange - imbalance) * (1 - bubble))
    assert losses.value["exchange.1"] < losses.value["exchange.0"]


def test_what_unequal_experts_cost_is_read_off_the_published_rates():
    """Prefill with real routing over the same with even routing: 50,302 of 59,337 and 5,655 of 6,688 tokens/s."""
    found = exchanges.uneven({"servers": "sglang-h100-prefill", "supernode": "cm384-prefill"})
    assert found["servers"] == pytest.approx(1 - 50_302 / 59_337, abs=1e-6)
    assert found["supernode"] == pytest.approx(1 - 5_655 / 6_688, abs=1e-6)


def test_readings_of_idle_time_are_the_run_the_parts_by_way_and_what_was_measured(losses):
    found = exchanges.idle(losses, (np.array([0.2]), np.linspace(0.1, 0.3, 50)), 0.15)
    assert found.index.tolist() == ["run", "exchange.0", "exchange.1", "imbalance.0", "imbalance.1", "measured"]
    assert found.value[["run", "measured"]].tolist() == [0.2, 0.15]
    parts = ["exchange.0", "exchange.1", "imbalance.0", "imbalance.1"]
    assert found.loc[parts, SIDES].equals(losses.loc[parts, SIDES].astype(float))
    assert found.reading["imbalance.0"] == "imbalance, nothing overlapped"


def test_what_a_large_domain_leaves_of_the_wait_is_the_ratio_of_two_predicted_shares():
    found = exchanges.left(H800, {NVL72: "fp8", CM384: "int8"}, 1.01, CONDITIONS)
    step = {"model": "deepseek-v3", "phase": "decode", "ranks": 64, "batch": 96, "context": 4096}
    waits = {
        name: asked("moe_idle_share", system=name, precision=form, overlap=0, part="exchange", **step).value
        for name, form in ((H800, "fp8"), (NVL72, "fp8"), (CM384, "int8"))
    }
    for name in (NVL72, CM384):
        assert found.value[name] == pytest.approx(waits[name] / waits[H800]) and found.value[name] < 1
    assert found.value["measured"] == 1.01
    assert found.loc["bubble", SIDES].tolist() == [1, 1, 1], "the same pipeline has the same bubble on both"
    point = {"ranks": 64, "batch": 96, "context": 4096, "stages": 1, "microbatches": 1}
    drawn = {}
    for name, form in ((H800, "fp8"), (NVL72, "fp8"), (CM384, "int8")):
        choices = {"model": "deepseek-v3", "phase": "decode", "precision": form, "overlap": "0", "part": "exchange"}
        drawn[name] = answers("moe_idle_share", name, choices, **point)
    assert drawn_by_hand(found, {name: drawn[name] / drawn[H800] for name in (NVL72, CM384)})


# Money, service and demand.


def test_a_bill_is_machines_times_hours_times_rent(known):
    found = demand.bills(H800, CONDITIONS)
    yuan = catalog.chosen("serving").set_index(["set", "quantity"]).value["exchange-rate", "cny_per_usd"]
    assert found.value["cards"] == pytest.approx(80 * 730 * known.rent[H800] * 3600 * yuan)
    month = 730 * 3600 * numbers(H800, "rent")[0] * numbers("exchange-rate", "cny_per_usd", table="serving")[0]
    assert drawn_by_hand(found, {"cards": 80 * month, "servers": 640 * month})


def test_what_a_bill_means_for_a_card_agrees_with_the_margin_that_the_service_publishes(said):
    """At 2 USD an hour the measured day costs 87,072 USD and, were all sold, earns 562,027: 545 % over cost."""
    offers = demand.offers(H800, CONDITIONS)
    yuan = catalog.chosen("serving").set_index(["set", "quantity"]).value["exchange-rate", "cny_per_usd"]
    for key, each in (("servers", 8), ("cards", 1)):
        assert offers.value[key] == pytest.approx(said["C11", "rent_per_month"] / (80 * each * 730))
        assert (offers.low[key], offers.high[key]) == pytest.approx((5e6 / (80 * each * 730), 6e6 / (80 * each * 730)))
        at_two_dollars = offers.loc[key, ["break_even", "output_cost"]] * 2 * yuan / offers.value[key]
        assert 1 / at_two_dollars.break_even - 1 == pytest.approx(5.45, abs=0.01)
        assert at_two_dollars.output_cost == pytest.approx(87_072 / 168e3, rel=1e-4)


def test_a_country_uses_what_officials_count(said):
    """30 trillion tokens a day at the end of June 2025, 0.1 at the start of 2024; the article says 10."""
    found, facts = demand.tokens_a_day()
    assert found.value["national"] == pytest.approx(30e12)
    assert facts[["said", "national", "national_before"]].tolist() == pytest.approx([10, 30, 0.1])
    assert facts.per_user == pytest.approx(10e12 / 300e6) and facts.peak_load == pytest.approx(226.75 / 278)


def test_devices_are_tokens_of_a_second_over_what_a_device_gives():
    """The measured day: 608 billion tokens in, 342 of them cached, 168 out, on 226.75 servers, 278 at the peak."""
    found = demand.devices_needed({"value": 2000.0, "low": 1000.0, "high": 4000.0}, 6000.0, 384, 8)
    each = 10e12 / 86_400  # tokens of a second
    assert found.value["output.average"] == pytest.approx(each / 2000)
    assert found.loc["output.average", ["low", "high"]].tolist() == pytest.approx([each / 4000, each / 1000])
    mix = each * 168 / 776 / 2000 + each * (608 - 342) / 776 / 6000
    assert found.value["mix.average"] == pytest.approx(mix)
    assert found.value["mix.domains"] == np.ceil(mix * 278 / 226.75 / 384)
    assert found.value["measured.average"] == pytest.approx(10e12 / 776e9 * 226.75 * 8)
    assert found.value["measured.peak"] == pytest.approx(10e12 / 776e9 * 278 * 8)


def test_copies_of_a_novel_are_fewer_the_longer_it_is_and_both_readings_are_one_number():
    found = demand.copies(CONDITIONS)
    for part, characters in (("volume", 200e3), ("trilogy", 880e3)):
        assert found.value[f"{part}.least"] == pytest.approx(10e12 / (characters * 0.6))
        assert found.loc[f"{part}.least", SIDES].equals(found.loc[f"{part}.equal", SIDES])
    assert found.quantity["volume.least"] == "book_copies" and found.quantity["volume.equal"] == "book_copies:equal"
    parts = ("volume", "trilogy")
    *long, each = numbers("C20", *(f"characters:{part}" for part in parts), "tokens_per_character", table="claims")
    copies = {part: 10e12 / (characters * each) for part, characters in zip(parts, long, strict=True)}
    assert drawn_by_hand(found, {f"{part}.{way}": copies[part] for part in parts for way in ("least", "equal")})


def test_users_are_a_share_of_those_who_use_the_internet():
    found = demand.netizens(CONDITIONS).loc["share"]
    assert found.value == pytest.approx(300 / 1100) and 0.25 <= found.low < found.value < found.high <= 0.3


def test_large_slices_leave_room_for_whole_small_ones():
    """Published instances: 160 devices decode, 16 take prompts; 384 hold two of the former and 64 devices more."""
    found = demand.slices("decode-cloudmatrix", "prefill-cloudmatrix", 384)
    assert found[["large", "small", "rest"]].tolist() == [160, 16, 64]
    assert found.rest % found.small == 0


@pytest.fixture(scope="module")
def point():
    return services.published("cm384-decode")


@pytest.fixture(scope="module")
def decoded(point):
    return services.decode(point, CONDITIONS)


def test_the_published_point_is_the_one_that_its_builders_measured(point):
    assert (point.value, point.batch, point.ranks, point.system) == (1943, 96, 160, CM384)


def test_the_speed_of_a_user_is_the_throughput_of_a_card_shared_by_its_requests(decoded):
    for what in services.TOKENS:
        for fit in ("fitted", "blind"):
            rate, speed = (decoded.loc[f"{name}.{what}.{fit}"] for name in ("rate", "speed"))
            assert speed[SIDES].tolist() == pytest.approx((rate[SIDES] / 96).tolist())
            assert speed.drawn == pytest.approx(rate.drawn / 96)
    assert decoded.value["measured"] == 1943
    assert hold_their_own_draws(decoded)


def test_decode_is_predicted_with_and_without_its_own_rows_and_further_tokens(decoded, point):
    inputs = {"model": "deepseek-v3", "ranks": 160, "batch": 96, "context": point.context, "precision": "int8"}
    for fit, own in (("fitted", True), ("blind", False)):
        for what, tokens in (("with", point.tokens_per_step), ("without", 1.0)):
            rate = asked("decode_throughput", system=CM384, own=own, tokens_per_step=tokens, **inputs)
            assert decoded.loc[f"rate.{what}.{fit}", SIDES].tolist() == pytest.approx(rate.tolist())
    blind, fitted = (decoded.loc[f"rate.with.{fit}"] for fit in ("blind", "fitted"))
    assert blind.high - blind.low > fitted.high - fitted.low, "less is known without its own rows"
    assert decoded.value["frontier.with"] > decoded.value["frontier.without"]


@pytest.fixture(scope="module")
def par(point):
    baselines = {
        "h800": ("H800, DeepSeek's service", "h800-service-decode", H800),
        "h100": ("H100, SGLang", "sglang-h100-decode", H100),
    }
    return services.on_par(point, baselines, CONDITIONS)


def test_par_per_device_per_flop_per_watt_and_per_dollar_by_hand(par, known):
    ours, life, cost = 1920.0, 1461 * 86_400, 1.7
    rent = 8.2e6 / 384 / life * cost  # USD a second that a device costs its owner
    for key, system, served in (("h800", H800, 1850), ("h100", H100, 2785)):
        over = par.value[f"{key}.device"]
        assert over == pytest.approx(ours / served, rel=1e-3)
        assert par.value[f"{key}.dense"] == pytest.approx(over * 1979 / 1504)
        assert par.value[f"{key}.watt"] == pytest.approx(over * (10.2 / 8) / (559 / 384))
        assert par.value[f"{key}.dollar"] == pytest.approx(over * known.rent[system] / rent)


def test_draws_of_par_are_those_of_what_both_machines_take(par, point):
    """Of a device of the one: its share of its domain's price over its life, and of its power; of the other its own."""
    price, power, packages, peak = numbers(CM384, "price", "system_power", "domain", "peak_int8")
    life, cost = numbers("C13", "life", "owner_cost", table="claims")
    ours, speed = ({"model": "deepseek-v3", "precision": form, "layouts": "all"} for form in ("int8", "fp8"))
    at = {"context": point.context, "tokens_per_step": point.tokens_per_step, "speed": 20}
    reached = answers("decode_frontier", CM384, ours, **at)
    expected = {}
    for key, system, served in (("h800", H800, "h800-service-decode"), ("h100", H100, "sglang-h100-decode")):
        over = 1920 / services.published(served).value
        own_peak, own_power, own_packages, rent = numbers(system, "peak_fp8", "system_power", "domain", "rent")
        expected[f"{key}.dense"] = over * own_peak / peak
        expected[f"{key}.watt"] = over * (own_power / own_packages) / (power / packages)
        expected[f"{key}.dollar"] = over * rent / (price / packages / life * cost)
        expected[f"{key}.frontier"] = reached / answers("decode_frontier", system, speed, **at)
    found = par.drop(["h800.blind", "h100.blind"])  # without its own rows: the ratio is that of the test below
    assert drawn_by_hand(found, expected)


def test_par_at_the_best_layouts_is_the_ratio_of_two_frontiers(par, point, said):
    inputs = {"model": "deepseek-v3", "layouts": "all", "interval": False, "speed": said["C12", "user_speed"]}
    inputs |= {"context": point.context, "tokens_per_step": point.tokens_per_step}
    theirs = model.predict("decode_frontier", system=H100, precision="fp8", **inputs).value[0]
    for way, own in (("frontier", True), ("blind", False)):
        ours = model.predict("decode_frontier", system=CM384, precision="int8", own=own, **inputs).value[0]
        assert par.value[f"h100.{way}"] == pytest.approx(ours / theirs)


def test_a_box_that_holds_no_weights_is_refused():
    with pytest.raises(ValueError, match="1 cards of cloudmatrix384 do not hold deepseek-v3: try more"):
        services.box(CM384, (1,), 1.7, 8, CONDITIONS)
