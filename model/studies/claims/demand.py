"""Readings about money and demand: the rent of machines, tokens of a day, copies of a novel, slices of a pool."""

import numpy as np
import pandas as pd

from model.laws import pooling
from model.notation import nomenclature as symbols
from model.notation.units import size
from model.numbers import catalog
from model.studies.claims.rule import NUMBERS, frame, reading, said

DAY, MONTH = size("day"), 730 * size("h")


def bills(system, conditions):
    """Return readings of C11: the month's rent of as many servers, and of as many cards, as the claim counts."""
    rent, market = conditions.facts(system), conditions.facts("exchange-rate", "serving")
    month = [card("rent") * MONTH * yuan("cny_per_usd") for card, yuan in zip(rent, market, strict=True)]
    units, found = said()["C11", "units"], {}
    for key, words, each in (("servers", "80 servers of eight", rent[0]("domain")), ("cards", "80 cards", 1.0)):
        found[key] = reading("C11", "rent_per_month", words, *(units * each * card for card in month))
    return frame(found)


def offers(system, conditions):
    """Return what the claimed bill means for one card, if it is for servers, or for cards.

    Columns value, low, high: CNY for an hour; break_even: USD of a day over what a day of the measured service earns,
    were every token sold; output_cost: USD for a million tokens put out.
    """
    row = catalog.read("claims").set_index(["claim", "quantity"]).loc["C11", "rent_per_month"]
    units, in_server = said()["C11", "units"], conditions.facts(system)[0]("domain")
    day, yuan = service_day(), conditions.facts("exchange-rate", "serving")[0]("cny_per_usd")
    installed = day.nodes_average * in_server
    found = {}
    for key, each in (("servers", in_server), ("cards", 1.0)):
        hours = units * each * MONTH / size("h")
        daily = row.value / (units * each * MONTH) * DAY / yuan
        found[key] = {side: row[side] / hours for side in NUMBERS}
        found[key] |= {"break_even": daily / (day.revenue / installed)}
        found[key] |= {"output_cost": daily / (day.output_tokens / installed) * 1e6}
    return pd.DataFrame(found).T


def service_day():
    """Return the measured day of a service: tokens, nodes of eight devices, revenue in USD."""
    return catalog.chosen("serving").set_index(["set", "quantity"]).value["deepseek-day"]


def tokens_a_day():
    """Return (reading, facts) of C19: what a whole country uses, against the claimed tokens of a day.

    facts: a Series: said and national in 1e12 tokens, national_before a year earlier, per_user, over (national over
    claimed), and peak_load, the measured day's average over its peak.
    """
    serving, claimed = catalog.chosen("serving").set_index(["set", "quantity"]).value, said()
    national, day = serving["china-demand-2025-june", "tokens_per_day"], service_day()
    per_day, users = claimed["C19", "tokens_per_day"], claimed["C19", "users"]
    text = "all of China, end of June 2025"
    facts = {
        "said": per_day / 1e12,
        "national": national / 1e12,
        "national_before": serving["china-demand-2024", "tokens_per_day"] / 1e12,
        "per_user": per_day / users,
        "peak_load": day.nodes_average / day.nodes_peak,
    }
    return frame({"national": reading("C19", "tokens_per_day", text, national)}), pd.Series(facts)


def devices_needed(decode, prefill, domain, in_server):
    """Return how many devices generate C19's tokens at the mix of the measured day, and if all were put out.

    decode: value, low, high of tokens per second and device; prefill: the same, a number; domain: devices of one;
    in_server: devices of a node of the measured service. Rows measured (value only), mix, output; columns average and
    peak, domains at the peak, each with _low and _high.
    """
    day, per_day = service_day(), said()["C19", "tokens_per_day"]
    all_tokens = day.input_tokens + day.output_tokens
    peak = day.nodes_peak / day.nodes_average
    written = per_day * day.output_tokens / all_tokens / DAY
    fresh = per_day * (day.input_tokens - day.cached_input_tokens) / all_tokens / DAY
    measured = per_day / all_tokens * day.nodes_average * in_server
    rows = {"measured.average": [measured] * 3, "measured.peak": [measured * peak] * 3}
    slowest_first = ("value", "high", "low")  # the fewest devices at the highest throughput
    for key, before, after in (("mix", fresh / prefill, written), ("output", 0.0, per_day / DAY)):
        average = np.array([before + after / decode[side] for side in slowest_first])
        rows[f"{key}.average"], rows[f"{key}.peak"] = average, average * peak
        rows[f"{key}.domains"] = np.ceil(average * peak / domain)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(NUMBERS))


def copies(conditions):
    """Return the readings of C20: copies of a novel in a day's tokens, read as more than and as equal, by part.

    Keys: volume.least, volume.equal, trilogy.least, trilogy.equal.
    """
    per_day, found = said()["C19", "tokens_per_day"], {}
    book = conditions.facts("C20", "claims")
    for part in ("volume", "trilogy"):
        number = [per_day / (each(f"characters:{part}") * each("tokens_per_character")) for each in book]
        for key, quantity, words in (("least", "book_copies", "more than"), ("equal", "book_copies:equal", "equal")):
            found[f"{part}.{key}"] = reading("C20", quantity, f"{part}, {words}", *number)
    return frame(found)


def netizens(conditions):
    """Return the reading of C27: the share of a country's internet users that C19's daily users would be."""
    share = [said()["C19", "users"] / each("netizens") for each in conditions.facts("C27", "claims")]
    return frame({"share": reading("C27", "share_of_netizens", "daily users over internet users", *share)})


def pooled(servers, waiting):
    """Return the reading of C17: how busy one queue for several servers is over a queue for each, if as many wait."""
    one, several = (pooling.utilisation_at(each, waiting) for each in (1, servers))
    return frame({"pool": reading("C17", "pool_gain", f"one queue for {servers} instances", several / one)})


def stranded(instances, domains, judged):
    """Return (readings, shares) of C17: the share of a domain that jobs of one size alone leave unused.

    instances: names of data/fabric.csv, job_devices; domains: {domain: devices}; judged: the domain of the claim.
    Keys: DEVICES.DOMAIN, such as 160.384.
    """
    jobs = catalog.chosen("fabric").set_index(["topology", "quantity"]).value["serving-instances"]
    found, shares = {}, {}
    for devices in (jobs[f"job_devices:{name}"] for name in instances):
        for domain in (each for each in domains if devices <= each):
            point = pd.DataFrame({"domain": [float(domain)], "job_devices": [devices]})
            share = float(pooling.fragmentation.evaluate(symbols.stranded_share, point)[0])
            shares[f"{devices:.0f}.{domain}"] = share
            if domain == judged:
                text = f"only jobs of {devices:.0f} devices"
                found[f"{devices:.0f}.{domain}"] = reading("C17", "stranded_share", text, share)
    return frame(found), pd.Series(shares)


def slices(large, small, domain):
    """Return devices of a large and of a small serving instance, and what large ones alone leave of a domain."""
    jobs = catalog.chosen("fabric").set_index(["topology", "quantity"]).value["serving-instances"]
    big = jobs[f"job_devices:{large}"]
    return pd.Series({"large": big, "small": jobs[f"job_devices:{small}"], "rest": domain % big})
