"""Spare devices over sizes of domains: whole domains outside, trays inside, and the useful share that is left."""

import numpy as np
import pandas as pd
from scipy.stats import binom

from model.laws import domain_faults as faults
from model.laws import domain_spares, reliability
from model.machine.scenario import Scenario
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers import catalog
from model.numbers.draws import low_high
from model.simulations import domains
from model.studies.domain_costs.topologies import sides
from model.studies.domain_size.work import fault_point

SPREAD = ["outside", "inside", "fewest", "whole", "share_installed", "share_swapped"]  # that have an interval


def points(system, sampler):
    """Return (centre, scatter): the columns of the laws of faults of a system, as recorded and as drawn."""
    return tuple(fault_point(Scenario(system, each)) for each in (None, sampler))


def conditions():
    """Return what a job meets, s: swap (a spare in the domain), elsewhere (a restart), write (a checkpoint)."""
    facts = catalog.load("reliability")
    return pd.Series(
        {
            "swap": facts.recovery_time_rescheduling["cloudmatrix384"],
            "elsewhere": facts.restart_overhead["meta-rsc"],
            "write": facts.checkpoint_write["llama3-16k"],
        }
    )


def fault_facts(centre, scatter):
    """Return value, low, high of the share of faults that drain a domain, and the hours of a device and of repairs."""
    rows = {"drain_share": sides(centre["drain_share"], scatter["drain_share"])}
    hours = {"fault_hours": 1 / centre["failure_rate"], "tray_repair_hours": centre["tray_repair"]}
    hours["drain_repair_hours"] = centre["drain_repair"]
    rows |= {name: [each / size("h"), np.nan, np.nan] for name, each in hours.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def whole(point):
    """Return the share of time in which every tray of a domain is up and no fault drains it."""
    tray = compute(faults.two_rates.solve(symbols.tray_availability), point)
    return tray ** (point["domain"] / point["tray_devices"]) * compute(
        faults.two_rates.solve(symbols.drain_availability), point
    )


def reserve(point, conditions, confidence):
    """Return spares and useful shares of one job in domains of one size; arrays like those of the point.

    outside, inside, fewest: spares over the job's devices, whole domains, trays in each domain, the lesser of both;
    held: trays kept in a domain; whole: share of time; share_installed: useful share of installed device-time where
    every fault restarts the job elsewhere, share_inside: where a spare in the domain takes over.
    """
    here = point | {"checkpoint_write": conditions.write, "downtime": 0.0}
    outside = domain_spares.outside(here, confidence)
    inside, held = domain_spares.inside(here, confidence)
    fewest = np.minimum(inside, outside)
    found = {"outside": outside, "inside": inside, "fewest": fewest}
    found = {name: each / here["devices"] for name, each in found.items()} | {"held": held, "whole": whole(here)}
    times = here | {"swap_time": conditions.swap, "drain_time": conditions.elsewhere}
    pause = compute(faults.two_recoveries.solve(symbols.recovery), times)
    share = reliability.best_checkpointing.solve(symbols.effective_training_share)
    law = faults.two_recoveries[symbols.installed_share].rhs
    for key, reload, spare in (("installed", conditions.elsewhere, fewest), ("inside", pause, inside)):
        kept = {"spare_devices": spare, "effective_training_share": compute(share, here | {"reload": reload})}
        found[f"share_{key}"] = compute(law, here | kept)
    return found


def survey(centre, scatter, jobs, sizes, conditions, confidence):
    """Return reserve() for jobs in domains of the sizes: devices, domain, draw (0: as recorded), and its results.

    share_swapped: the better of the two useful shares.
    """
    frames = []
    for job in jobs:
        for each in sizes:
            for first, source in ((0, centre), (1, scatter)):
                found = reserve(source | {"devices": job, "domain": int(each)}, conditions, confidence)
                frame = pd.DataFrame({key: np.ravel(number) for key, number in found.items()})
                frames.append(frame.assign(devices=job, domain=each, draw=first + frame.index))
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(share_swapped=frame[["share_installed", "share_inside"]].max(axis=1))


def ends(surveyed):
    """Return the survey at the recorded numbers by devices and domain, with NAME_low and NAME_high of its draws."""
    central = surveyed[surveyed.draw == 0].set_index(["devices", "domain"]).drop(columns="draw")
    drawn = surveyed[surveyed.draw > 0].groupby(["devices", "domain"])[SPREAD]
    found = {place: low_high(part, axis=0) for place, part in drawn}
    places = pd.MultiIndex.from_tuples(found, names=central.index.names)
    low, high = (pd.DataFrame([each[side] for each in found.values()], places, SPREAD) for side in (0, 1))
    return pd.concat([central, low.add_suffix("_low"), high.add_suffix("_high")], axis=1)


def change(surveyed, large, small=8):
    """Return what a domain of `large` devices adds to the useful share over a small one: value, low, high.

    Rows (devices, installed or swapped); each draw is compared with itself.
    """
    rows = {}
    for job, part in surveyed.groupby("devices"):
        for key in ("installed", "swapped"):
            by_size = part.pivot(index="draw", columns="domain", values=f"share_{key}")
            gain = (by_size[large] - by_size[small]).to_numpy()
            rows[job, key] = sides(gain[0], gain[1:])
    return pd.DataFrame(rows, index=["value", "low", "high"]).T


def simulated(seed, events=200_000):
    """Return the laws of two rates beside a simulation of domains, which knows nothing of them.

    Columns domain, drain_share, devices_out and time short of domains by law (short), each simulated with its standard
    error, and worst: the larger difference in standard errors.
    """
    rows = []
    for domain, spare, drain in ((72, 5, 0.1), (384, 5, 0.1), (72, 6, 0.5)):
        point = {"devices": 4608, "domain": domain, "failure_rate": 1e-4 / size("h"), "drain_share": drain}
        point |= {"tray_devices": 4, "tray_repair": 4 * size("h"), "drain_repair": 20 * size("h")}
        (out, out_error), (short, short_error) = domains.simulate_domains(point, spare, events, seed)
        law = compute(faults.two_rates.solve(symbols.devices_out), point)
        missing = binom.sf(spare, 4608 // domain + spare, 1 - whole(point))
        worst = max(abs(law - out) / out_error, abs(missing - short) / short_error)
        rows.append((domain, drain, law, out, out_error, missing, short, short_error, worst))
    names = "domain drain_share out out_simulated out_error short short_simulated short_error worst"
    return pd.DataFrame(rows, columns=names.split())


def devices_out(centre, scatter, sizes):
    """Return the mean devices out for each device of a job, in domains of the sizes: value, low, high."""
    law = faults.two_rates.solve(symbols.devices_out)
    rows = {
        each: sides(*(compute(law, source | {"devices": 1.0, "domain": each}) for source in (centre, scatter)))
        for each in sizes
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def trays(system, centre):
    """Return whether holding a tray of each rack back is worth it: number, used, threshold, availability, repair_hours.

    threshold: availability of a tray below which it is; repair_hours: the repair at which trays are as available.
    """
    number = catalog.load("systems").trays[system]
    threshold = faults.worthwhile_availability(int(number))
    rate = centre["tray_devices"] * centre["failure_rate"] * (1 - centre["drain_share"])
    return pd.Series(
        {
            "number": number,
            "used": catalog.load("reliability").trays_used[system],
            "threshold": threshold,
            "availability": compute(faults.two_rates.solve(symbols.tray_availability), centre),
            "repair_hours": (1 / threshold - 1) / rate / size("h"),
        }
    )


def held_back(centre, number, hours):
    """Return what holding one of `number` trays back gains at repairs of the hours: hours, gain, by their labels."""
    frame = pd.DataFrame({"tray_repair": hours * size("h")}).assign(
        **{name: each for name, each in centre.items() if name not in ("tray_repair", "domain", "devices")}, domain=72
    )
    frame["tray_availability"] = faults.two_rates.evaluate(symbols.tray_availability, frame.assign(devices=1.0))
    frame["trays"] = number
    spared, full = (faults.held_back.evaluate(each, frame) for each in (symbols.output_spared, symbols.output_whole))
    return pd.DataFrame({"hours": hours, "gain": spared / full - 1})
