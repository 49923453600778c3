"""Numbers that a chapter puts into its laws: published counts come out, and each law's own relations hold."""

import numpy as np
import pytest

from model.laws import domain_faults, fabric, pooling, reliability
from model.machine import fabric_prices
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.substitution import example
from model.numbers import catalog
from model.studies.domain_costs import examples, spares
from model.studies.interruptions import example as running
from model.studies.interruptions import rates

PRICES = (20_000.0, 500.0)  # of a switch and a link, made up: any will do
WRITE = {"checkpoint_write": 10.0, "downtime": 300.0, "reload": 300.0}
DEVICES, RATE, REPAIR = 16_384, 5.4e-9, 86_400.0


# Fabrics and domains.


@pytest.mark.parametrize(
    ("topology", "endpoints", "switches", "links"),
    [
        ("fat-tree-2", 2048, 96, 2048),
        ("slim-fly", 32_928, 1568, 32_928),
        ("dragonfly", 261_632, 16_352, 384_272),
    ],
)
def test_a_published_network_has_its_published_counts(topology, endpoints, switches, links):
    found = examples.network(topology, PRICES)
    assert [found[name] for name in ("endpoints", "switches", "links")] == [endpoints, switches, links]
    paid = example(fabric.cost, found)
    assert paid["fabric_cost"] == pytest.approx(switches * PRICES[0] + links * PRICES[1])
    facts = catalog.load("fabric").loc["scale-up"]
    assert paid["fabric_power"] == pytest.approx(
        switches * found["radix"] * facts.port_power + 2 * links * facts.module_power
    )
    assert example(fabric.cost, examples.network(topology))["fabric_cost"] == 0, "without prices it costs nothing"


def test_a_domain_s_numbers_lead_to_what_its_fabric_costs_a_device():
    bandwidth = catalog.load("systems").scale_up_bandwidth["gb200-nvl72"]
    for domain in (72, 384):
        worked = example(fabric.scale_up, examples.scale_up("gb200-nvl72", domain, PRICES))
        (cost,) = fabric_prices.domain_fabric([symbols.fabric_device_cost], [domain], bandwidth, PRICES)
        assert worked["fabric_device_cost"] == pytest.approx(np.ravel(cost)[0]) and worked["domain"] == domain


@pytest.fixture(scope="module")
def centre():
    return spares.points("gb200-nvl72", None)[0]


def test_faults_of_an_example_are_those_of_the_laws_at_its_numbers(centre):
    conditions = spares.conditions()
    found = examples.faults(centre, DEVICES, 72, 18, conditions)
    assert found["domains"] == DEVICES // 72 and found["trays"] == 18
    out = 1 - found["tray_availability"] ** (72 / found["tray_devices"]) * found["drain_availability"]
    assert found["domain_unavailability"] == pytest.approx(out) and 0 < out < 0.5
    pause = (1 - found["drain_share"]) * conditions.swap + found["drain_share"] * conditions.elsewhere
    assert found["recovery"] == pytest.approx(pause)
    clustered = example(domain_faults.clustered_domains, found)
    assert clustered["dispersion"] == pytest.approx(1 + (found["domains"] - 1) * found["correlation"])
    alone = example(domain_faults.clustered_domains, found | {"correlation": 0.0})
    assert alone["dispersion"] == pytest.approx(1), "independent domains scatter as a binomial count does"


def test_the_installed_share_is_the_surveyed_one_and_the_law_leads_back_to_it(centre):
    conditions = spares.conditions()
    worse = centre | {"failure_rate": 2 * centre["failure_rate"]}
    surveyed = spares.survey(centre, worse, (DEVICES,), (8, 72), conditions, 0.99)
    found = examples.installed(surveyed, DEVICES, 72)
    row = surveyed[(surveyed.domain == 72) & (surveyed.draw == 0)].iloc[0]
    assert found["spare_devices"] == pytest.approx(row.fewest * DEVICES)
    law = domain_faults.two_recoveries[symbols.installed_share].rhs
    assert compute(law, found) == pytest.approx(row.share_installed)
    assert row.share_installed < found["effective_training_share"] < 1


@pytest.mark.parametrize("instance", [8, 160])
def test_a_pool_waits_as_the_closed_form_of_erlang_says(instance):
    """The example comes by the recurrence, from no server on; the closed form is an incomplete gamma function."""
    found = examples.pool(0.75, 384, instance)
    servers = 384 // instance
    assert found["pool"] == servers and found["offered_load"] == pytest.approx(0.75 * servers)
    assert found["waiting_probability"] == pytest.approx(float(pooling.waiting(servers, 0.75 * servers)))
    margin = found["staffing_margin"]
    assert found["offered_load"] + margin * np.sqrt(found["offered_load"]) == pytest.approx(servers)
    cut = example(pooling.fragmentation, found)
    assert cut["stranded_share"] == pytest.approx(1 - servers * instance / 384)


# A job that is interrupted.


@pytest.fixture(scope="module")
def put():
    return running.numbers(DEVICES, RATE, WRITE, REPAIR)


def test_a_job_s_example_saves_at_the_interval_at_which_its_share_is_largest(put):
    share = reliability.checkpointing.solve(symbols.effective_training_share)
    assert put["job_mtbf"] == pytest.approx(1 / (DEVICES * RATE)) and put["interval"] == put["best_interval"]
    assert put["effective_training_share"] == pytest.approx(float(compute(share, put)))
    for other in (0.8, 1.25):
        away = put | {"interval": other * put["interval"]}
        assert compute(share, away) < put["effective_training_share"]
    assert put["checkpoint_gap"] == put["interval"] and put["restart"] == 600


def test_numbers_beside_the_job_are_the_run_s_count_and_one_device_s(put):
    run = catalog.load("reliability").loc[rates.RUN]
    counted = compute(reliability.counting[symbols.failure_rate].rhs, put | {"devices": run.devices})
    assert counted == pytest.approx(run.interruptions / (run.devices * run.observation))
    assert put["part_life"] == pytest.approx(1 / RATE) and put["wall_interval"] == put["job_mtbf"]
    assert put["unavailability"] == pytest.approx(REPAIR * RATE / (1 + REPAIR * RATE))
    assert put["domain"] == 8 and running.numbers(DEVICES, RATE, WRITE, REPAIR, "supernode")["domain"] == 384
    early = compute(reliability.fresh_parts[symbols.first_failure].rhs, put)
    assert put["shape"] < 1 and early < put["job_mtbf"], "parts that fail early bring a new job's first fault sooner"


def test_the_unavailability_that_keeps_a_domain_whole_does_so():
    law = running.kept_whole()
    for domain, share in ((8, 0.9), (384, 0.99)):
        out = compute(law.rhs, {"domain": domain, "whole_domain_share": share})
        assert (1 - out) ** domain == pytest.approx(share)


def test_a_week_is_seven_days_and_a_quiet_day_has_no_fault_of_its_poisson_count():
    week = running.week(1000, 1 / (1000 * 86_400))  # one fault a day
    assert week.interruptions == pytest.approx(7) and week.quiet == pytest.approx(np.exp(-1))


def test_both_readings_of_a_published_gap_are_the_same_time_and_the_restart_is_the_measured_one():
    clock = running.clock(DEVICES, RATE)
    assert clock["wall_interval"] == clock["job_mtbf"] == pytest.approx(1 / (DEVICES * RATE))
    shares = example(reliability.clock, clock)
    assert shares["wall_availability"] < shares["uptime_availability"] < 1, "the same gap of time up is longer"
    assert clock["downtime"] == catalog.load("reliability").restart_overhead["meta-rsc"]
