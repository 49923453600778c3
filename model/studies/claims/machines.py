"""Readings about what machines are: peaks, bandwidths, sizes of domains, one machine against another and all others."""

import numpy as np
import pandas as pd

from model.notation.units import size
from model.numbers import catalog
from model.predictions.serving import decode_throughput
from model.studies.claims.conditions import ratio
from model.studies.claims.rule import frame, intervals, reading, said

PARTS = {
    "peak_bf16": "compute, BF16",
    "scale_up_bandwidth": "scale-up bandwidth",
    "memory_bandwidth": "memory bandwidth",
    "memory_capacity": "memory",
}
SPENT = {"system_power": "watt", "price": "dollar"}
TOTALS = {  # of one domain: key, header, unit, the number that its bounds come from
    "bf16": ("BF16, PFLOP/s", "PFLOP/s", "peak_bf16"),
    "narrowest": ("narrowest format, PFLOP/s", "PFLOP/s", "peak_int8"),
    "scale_up": ("scale-up, TB/s", "TB/s", "scale_up_bandwidth"),
    "memory": ("memory, TB/s", "TB/s", "memory_bandwidth"),
}


def machines():
    """Return one row for each system of data/systems.csv in base units, also for those without a number."""
    return catalog.load("systems").reindex(catalog.read("systems").system.unique())


def peaks(pod, racks):
    """Return the readings of C01: the FP4 peak of a pod as its maker says, and of its racks, dense; its domains.

    racks: {key: system} whose racks may be meant.
    """
    known, exa, number = machines(), size("EFLOP/s"), said()["C01", "racks"]
    found = {"sparse": reading("C01", "peak_fp4", "sparse", known.system_peak_nvfp4_sparse[pod] / exa)}
    for key, name in racks.items():
        dense = number * known.domain[name] * known.peak_nvfp4[name] / exa
        found[key] = reading("C01", "peak_fp4", f"dense, racks of {name}", dense)
    domains = known.devices[pod] / known.domain[pod]
    return frame(found | {"domains": reading("C01", "racks", "domains that InfiniBand joins", domains)})


def inside_over_outside(servers, conditions):
    """Return the readings of C02 by server: bandwidth inside over outside, and under server.devices the devices.

    Keys least and devices: of the server with the least ratio, and of the one with the most devices.
    """
    found, many, most = {}, [], []
    for name in servers:
        up, out = ([facts(f"scale_{way}_bandwidth") for facts in conditions.facts(name)] for way in ("up", "out"))
        both = ratio(up, out)
        found[name] = reading("C02", "bandwidth_ratio", f"{name}, inside over outside", *both)
        held = conditions.facts(name)[0]("domain")
        found[f"{name}.devices"] = reading("C02", "server_devices", f"{name}, devices", held)
        many.append(np.broadcast_arrays(*both, np.empty(conditions.draws))[:2])
        most.append(held)
    least = (np.min(each, axis=0) for each in zip(*many, strict=True))
    found["least"] = reading("C02", "bandwidth_ratio", "every server, the least ratio", *least)
    found["devices"] = reading("C02", "server_devices", "every server, the most devices", max(most))
    return frame(found)


def announced(names):
    """Return the readings of C05: packages and dies of one domain. names: {quantity of the claim: system}."""
    known, found = machines(), {}
    for number, name in names.items():
        packages, dies = known.domain[name], known.domain[name] * known.compute_dies[name]
        found[f"{number}.dies"] = reading("C05", number, f"{number.upper()}, dies of one domain", dies)
        found[f"{number}.packages"] = reading("C05", number, f"{number.upper()}, packages of one domain", packages)
    return frame(found)


def joined_before(conditions):
    """Return the reading of C26: devices of the largest domain that another maker had joined before."""
    others = conditions.facts("C26", "claims")[0]("joined_before")
    return frame({"others": reading("C26", "others_domain", "devices that another maker had joined before", others)})


def cards(name):
    """Return the reading of C07: packages of one domain."""
    return frame({"packages": reading("C07", "domain", "packages of one domain", machines().domain[name])})


def counts(name):
    """Return what one domain of a system is made of, as a Series: plain counts; dies counts ranks."""
    row = machines().loc[name]
    counted = row[["domain", "nodes", "cabinets", "l1_switches", "l2_switches", "optical_modules"]]
    return pd.concat([counted, pd.Series({"dies": row.domain * row.dies})])


def against(ours, theirs, precisions, conditions):
    """Return the readings of C08: one machine over another, per domain, per device, per watt and per dollar.

    precisions: of the decode step of each. Keys: devices; domain.NAME and device.NAME, per.watt, per.dollar;
    device.tokens, domain.tokens for decoded tokens, predicted.
    """
    facts = [conditions.facts(name) for name in (ours, theirs)]

    def over(quantity):
        return ratio(*([each(quantity) for each in pair] for pair in facts))

    many = float(over("domain")[0][0])
    found = {"devices": reading("C08", "over_nvl72", "devices of a domain", many)}
    for name, label in PARTS.items():
        number, drawn = over(name)
        found[f"domain.{name}"] = reading("C08", "over_nvl72", f"{label}, per domain", many * number, many * drawn)
        found[f"device.{name}"] = reading("C08", "over_nvl72", f"{label}, per device", number, drawn)
    compute = over("peak_bf16")
    for name, label in SPENT.items():
        number, drawn = (many * each / spent for each, spent in zip(compute, over(name), strict=True))
        found[f"per.{label}"] = reading("C08", "over_nvl72", f"compute, BF16, per {label}", number, drawn)
    rates = []
    for name, precision in zip((ours, theirs), precisions, strict=True):
        choices = {"model": conditions.workload, "precision": precision}
        rates.append([decode_throughput(each, choices, conditions.decode()) for each in conditions.scenarios(name)])
    number, drawn = ratio(*rates)
    found["device.tokens"] = reading("C08", "over_nvl72", "decoded tokens, per device", number, drawn)
    found["domain.tokens"] = reading("C08", "over_nvl72", "decoded tokens, per domain", many * number, many * drawn)
    return frame(found)


def spent(ours, theirs, conditions):
    """Return what a domain of one machine takes over that of another, watt and dollar: value, low, high."""
    found = {}
    for name, label in SPENT.items():
        found[label] = ratio(*([each(name) for each in conditions.facts(system)] for system in (ours, theirs)))
    return intervals(found)


def bus(name, conditions):
    """Return the readings of C09: bandwidth inside the domain over that outside, as specified and as achieved."""
    found = {}
    for key, word in (("specified", "bandwidth"), ("achieved", "achievable")):
        both = ([facts(f"scale_{way}_{word}") for facts in conditions.facts(name)] for way in ("up", "out"))
        found[key] = reading("C09", "bandwidth_gain", f"{key}, per device", *ratio(*both))
    return frame(found)


def league(planned, left_out=()):
    """Return the totals of one domain of every system whose domain is known, widest bandwidth first.

    planned: systems that were not on sale when the claim was made; left_out: rows that are jobs or boxes.
    """
    known = machines().drop(index=list(left_out))
    known = known.assign(peak_int8=known[["peak_fp8", "peak_int8", "peak_nvfp4"]].max(axis=1))
    table = pd.DataFrame({"system": known.index, "domain": known.domain.to_numpy()})
    for header, unit, number in TOTALS.values():
        table[header] = (known[number] * known.domain / size(unit)).to_numpy()
    table["on sale in April 2025"] = np.where(table.system.isin(planned), "no", "yes")
    return table[table.domain.notna()].sort_values(TOTALS["scale_up"][0], ascending=False)


def lead(totals, name, conditions):
    """Return the readings of C14: a machine's totals over the best other one's, on sale and with plans counted.

    totals: a frame of `league`. Keys: TOTAL.on_sale, TOTAL.plans_counted.
    """
    ours, others = totals[totals.system == name].iloc[0], totals[totals.system != name]
    on_sale = others[others["on sale in April 2025"] == "yes"]
    recorded, drawn = conditions.facts(name)
    found = {}
    for key, (header, _, number) in TOTALS.items():
        spread = drawn(number) / recorded(number)
        for way, rivals in (("on sale", on_sale), ("plans counted", others)):
            value = ours[header] / rivals[header].max()
            text = f"{header.split(',')[0]}, {way}"
            found[f"{key}.{way.replace(' ', '_')}"] = reading("C14", "over_next", text, value, value * spread)
    return frame(found)
