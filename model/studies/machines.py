"""Machines side by side: what the tables show of each, how firm the numbers are, and how its two networks compare."""

import pandas as pd

from model.laws import fabric
from model.notation import nomenclature as symbols
from model.notation.units import size
from model.numbers import catalog
from model.predictions.answer import predict

SHOWN = {  # quantity: unit, heading
    "domain": ("1", "domain, devices"),
    "devices": ("1", "devices in all"),
    "dies": ("1", "ranks per device"),
    "scale_up_bandwidth": ("GB/s", "scale-up, GB/s"),
    "scale_out_bandwidth": ("GB/s", "scale-out, GB/s"),
    "peak_bf16": ("TFLOP/s", "BF16, TFLOP/s"),
    "peak_fp8": ("TFLOP/s", "FP8, TFLOP/s"),
    "peak_int8": ("TFLOP/s", "INT8, TFLOP/s"),
    "peak_nvfp4": ("TFLOP/s", "FP4, TFLOP/s"),
    "memory_capacity": ("GiB", "memory, GiB"),
    "memory_bandwidth": ("TB/s", "memory, TB/s"),
    "device_power": ("W", "device, W"),
    "system_power": ("kW", "domain, kW"),
    "price": ("USD", "domain, USD"),
}
FAILURES = {"failure_rate": "1/(1000 node day)", "interruptions": "1"}
NETWORKS = ["domain", "scale_up_bandwidth", "scale_out_bandwidth"]
FIRM = ["spec", "measured", "derived"]  # kinds of evidence that somebody stands for


def counted_rates(names):
    """Return the failure rates of systems whose interruptions were counted, in the unit of FAILURES, by name."""
    asked = pd.DataFrame({"system": list(names), "devices": 1})
    gaps = predict("job_mtbf", asked, interval=False)[0].value if len(asked) else pd.Series(dtype=float)
    return pd.Series(1 / gaps.to_numpy() / size(FAILURES["failure_rate"]), index=list(names))


def evidence(systems):
    """Return how many rows of each kind stand behind the systems; attributes rows, missing, and firm, a share."""
    rows = catalog.read("systems")
    rows = rows[rows.system.isin(systems)]
    kinds = rows[rows.value.notna()].kind.value_counts().reindex(catalog.KINDS, fill_value=0)
    kinds.attrs = {"rows": len(rows), "missing": int(rows.value.isna().sum()), "firm": kinds[FIRM].sum() / kinds.sum()}
    return kinds


def networks(systems):
    """Return domain, both bandwidths in GB/s, and their ratio, of the systems whose domain and scale-up are known."""
    frame = catalog.load("systems").reindex(systems)[NETWORKS].dropna(subset=NETWORKS[:2])
    frame[NETWORKS[1:]] /= size("GB")
    return frame.assign(ratio=frame.scale_up_bandwidth / frame.scale_out_bandwidth)


def drawn(systems):
    """Return what a drawing of each system needs, base units, smallest domain first; those without a domain left out.

    Columns domain, dies, both bandwidths (the one between domains may be missing), tiers: of switches that a domain of
    that size takes, by laws.fabric.scale_up.
    """
    frame = catalog.load("systems").reindex(systems)[[*NETWORKS, "dies"]].dropna(subset=NETWORKS[:2])
    frame = frame.fillna({"dies": 1.0})
    facts = catalog.load("fabric").loc["scale-up", ["radix", "copper_domain"]]
    frame["tiers"] = fabric.scale_up.evaluate(symbols.tiers, frame.assign(**facts))
    return frame.sort_values(["domain", "scale_up_bandwidth"], kind="stable")


def alike(networks, edge):
    """Return one row for systems with the same two networks: their numbers, and `system`, the names in one text.

    Where nobody published the rate between domains, it is `edge`, and the column known is False.
    """
    frame = networks.fillna({"scale_out_bandwidth": edge}).rename_axis("system").reset_index()
    groups = frame.groupby(["scale_out_bandwidth", "scale_up_bandwidth", "domain"], sort=False)
    found = groups.system.agg(", ".join).reset_index()
    return found.assign(known=found.scale_out_bandwidth != edge)


def sizes():
    """Return devices, dies and kilowatts that the text compares, by a short name."""
    machines = catalog.load("systems")
    ultra = machines.loc["rubin-ultra-nvl576"]
    return pd.Series(
        {
            "ultra_devices": ultra.domain,
            "ultra_dies": ultra.domain * ultra.compute_dies,
            "pod_domain": machines.domain["superpod-8x-gb300-nvl72"],
            "pod_devices": machines.devices["superpod-8x-gb300-nvl72"],
            "vera_domain": machines.domain["vera-rubin-nvl144"],
            "supernode_over_server": machines.domain["cloudmatrix384"] / machines.domain["hgx-h800"],
            "supernode_kilowatts": machines.system_power["cloudmatrix384"] / size("kW"),
            "rack_kilowatts": machines.system_power["gb200-nvl72"] / size("kW"),
        }
    )


def totals(rack="gb200-nvl72", supernode="cloudmatrix384"):
    """Return what a domain can send inside itself at one time, TB/s, and the memory of a device by both readings of GB.

    rack, supernode: TB/s; over: their ratio; written (as a maker writes it), decimal and binary (1e9 bytes), more.
    """
    machines = catalog.load("systems").loc[[rack, supernode]]
    rate = machines.scale_up_bandwidth * machines.domain / size("TB/s")
    held = machines.memory_capacity[supernode]
    written = held / size("GiB")
    found = {"rack": rate[rack], "supernode": rate[supernode], "over": rate[supernode] / rate[rack]}
    found |= {"rack_devices": machines.domain[rack], "supernode_devices": machines.domain[supernode]}
    rates = machines.scale_up_bandwidth / size("GB/s")
    found |= {"rack_rate": rates[rack], "supernode_rate": rates[supernode]}
    return pd.Series(found | {"written": written, "binary": held / size("GB"), "more": held / size("GB") / written - 1})


def data_sheets(rack="gb200-nvl72", server="hgx-h100"):
    """Return what a maker's sheet says of a rack and of a server beside what one may compare.

    one_way, both_ways (GB/s of a device), rack_sheet (TB/s, both ways), devices; dense and sparse peak (TFLOP/s) of the
    server, over and over_mixed: the rack's dense peak, and its sparse one, over the server's dense one.
    """
    machines = catalog.load("systems")
    rate, peak = machines.scale_up_bandwidth[rack], machines.peak_fp8 / size("TFLOP/s")
    return pd.Series(
        {
            "one_way": rate / size("GB/s"),
            "both_ways": 2 * rate / size("GB/s"),
            "rack_sheet": 2 * rate * machines.domain[rack] / size("TB/s"),
            "devices": machines.domain[rack],
            "dense": peak[server],
            "sparse": 2 * peak[server],
            "over": peak[rack] / peak[server],
            "over_mixed": 2 * peak[rack] / peak[server],
        }
    )
