"""Useful work of a training dollar on thousands of devices, by size of the domain, and what turns the gain."""

from functools import partial

import numpy as np
import pandas as pd

from model.machine.scenario import Scenario
from model.numbers.draws import Sampler, around, ratio
from model.predictions import sensitivity
from model.predictions.reliability import failure_rate
from model.studies.domain_size import asked, survey
from model.studies.domain_size.work import training_work

MEASURES = ("device", "dollar")


def sizes_of(system, model, numbers, sizes, draws, seed):
    """Return what domains of each size deliver over those of the first, by job: devices, and columns of asked.relative.

    numbers: devices of the jobs. Faults, spares and the fabric counted; the layout anew at each size and in each draw:
    the question of the chapter on the size of a domain, and its answer.
    """
    jobs = {f"{devices}": devices for devices in numbers}
    question = asked.Asked(model, tuple(sizes), jobs, (), {})
    frame = asked.relative(asked.ask(system, question, draws, seed))
    frame = frame[frame.measure.isin(MEASURES)].reset_index(drop=True)
    return frame.assign(devices=frame.workload.map(jobs))


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
        value = float(value[0, 0])
        low, high = around(value, many)
        gaining = float((many > premium).mean())
        over = (each / premium for each in (value, low, high))
        rows.append((devices, premium, value, low, high, *over, gaining))
    names = ["devices", "premium", "device", "device_low", "device_high", "dollar", "dollar_low", "dollar_high"]
    return pd.DataFrame(rows, columns=[*names, "gaining"])


def turning(system, model, devices, pair, most=8):
    """Return what moves the gain for a device of one of two sizes over the other: factor, low, high, swing.

    One number after another at its 5 and 95 % points, the others in the middle; the `most` widest swings first. low,
    high: the gain then.
    """
    question = {"jobs": [devices], "speeds": [], "precision": "fp8", "conditions": {}, "model": model}
    gain = partial(survey.gain, system=system, sizes=list(pair), measure="device", **question)
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
    rate = {"failure_rate": failure_rate(large)}
    above, below = (
        training_work(each, float(devices), model)[1]["trained"]
        for each in (large, Scenario(server, sampler, changes=rate))
    )
    return ratio(above, below).drawn
