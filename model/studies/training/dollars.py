"""Useful work of a training dollar on thousands of devices, by size of the domain, and what turns the gain."""

from functools import partial

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.numbers.draws import Sampler, low_high
from model.predictions import sensitivity
from model.studies.domain_size import survey
from model.studies.domain_size.bill import bill
from model.studies.domain_size.work import training_work

MEASURES = ("device", "dollar")


def sizes_of(system, model, numbers, sizes, draws, seed):
    """Return what domains of each size deliver over those of the first: devices, domain, measure, SIDES, gaining.

    numbers: devices of the jobs. Faults, spares and the fabric counted; the layout anew at each size and in each draw.
    The size as sold has one tier of switches: its fabric is known, and draws of the switch with fewer ports are not
    taken. gaining: share of draws that deliver more than the first size. Columns value, low, high; trained: tokens per
    second and installed device, recorded.
    """
    own = float(Scenario(system).system("domain"))
    rows = []
    known = {"radix": own, "copper_domain": own}
    worked = [
        survey.survey(system, sizes, numbers, [], "fp8", {}, model, sampler)
        for sampler in (None, _sampler(draws, seed))
    ]
    prices = [
        bill(Scenario(system, sampler), sizes, **known)["device_price"] for sampler in (None, _sampler(draws, seed))
    ]
    for devices in numbers:
        value, many = (each["training", devices] for each in worked)
        for measure in MEASURES:
            over, spread = (
                each / price if measure == "dollar" else each for each, price in zip((value, many), prices, strict=True)
            )
            spread = (spread / spread[:, :1])[np.isfinite(spread).all(axis=1)]
            low, high = low_high(spread, axis=0)
            frame = {"devices": devices, "domain": sizes, "measure": measure, "value": (over / over[:, :1])[0]}
            frame |= {"low": low, "high": high, "gaining": (spread > 1).mean(axis=0), "trained": value[0]}
            rows.append(pd.DataFrame(frame))
    return pd.concat(rows, ignore_index=True)


def rented(rack, server, model, numbers, draws, seed):
    """Return what a rented rack delivers for a dollar over rented servers: devices, device, dollar, each with sides.

    Rents are owners' costs of one source in three tiers, which both machines share: their ratio is that of the lowest
    tier. Both fail at the rack's rate, of which there is an estimate alone. Columns devices, premium, device,
    device_low, device_high, dollar, dollar_low, dollar_high, gaining.
    """
    premium = float(Scenario(rack).system("rent") / Scenario(server).system("rent"))
    rows = []
    for devices in numbers:
        value, many = (_over(rack, server, model, devices, sampler) for sampler in (None, _sampler(draws, seed)))
        value, sides = float(value[0, 0]), low_high(many)
        gaining = float((many > premium).mean())
        rows.append((devices, premium, value, *sides, value / premium, *(sides / premium), gaining))
    names = ["devices", "premium", "device", "device_low", "device_high", "dollar", "dollar_low", "dollar_high"]
    return pd.DataFrame(rows, columns=[*names, "gaining"])


def turning(system, model, devices, pair, most=8):
    """Return what moves the gain for a device of one of two sizes over the other: factor, low, high, swing.

    One number after another at its 5 and 95 % points, the others in the middle; the `most` widest swings first. low,
    high: the gain then.
    """
    asked = {"jobs": [devices], "speeds": [], "precision": "fp8", "conditions": {}, "model": model}
    gain = partial(survey.gain, system=system, sizes=list(pair), measure="device", **asked)
    labels, answers = sensitivity.one_at_a_time(gain)
    answers = np.exp(np.ravel(answers))
    frame = pd.DataFrame({"factor": labels, "low": answers[1::2], "high": answers[2::2]})
    frame = frame.assign(swing=(frame.high - frame.low).abs(), middle=answers[0])
    return frame.sort_values("swing", ascending=False, ignore_index=True).head(most)


def _sampler(draws, seed):
    return Sampler(draws, (seed, 0))


def _over(rack, server, model, devices, sampler):
    """Return the tokens per second and installed device of a rack over those of servers, shape (draws or 1, 1)."""
    large = Scenario(rack, sampler)
    rate = {"failure_rate": large.facts("reliability", rack)("failure_rate")}
    above, below = (
        training_work(each, float(devices), model)[1]["trained"]
        for each in (large, Scenario(server, sampler, changes=rate))
    )
    return above / below
