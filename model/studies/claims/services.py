"""Readings about serving: decode speed of a card, on a par with other machines, and how many one box can serve."""

import numpy as np
import pandas as pd

from model.machine import memory
from model.numbers import catalog
from model.predictions import ask
from model.predictions.answer import predict
from model.predictions.serving import decode_frontier, decode_throughput
from model.studies.claims.conditions import columns, ratio
from model.studies.claims.rule import NUMBERS, frame, intervals, predicted, reading, said

TOKENS = {"with": "with multi-token prediction", "without": "without multi-token prediction"}


def published(name):
    """Return the row of data/serving.csv of a set's decode throughput, with its operating point."""
    return catalog.chosen("serving").set_index(["set", "quantity"]).loc[name, "decode_throughput"]


def decode(point, conditions):
    """Return the readings of C12: decode throughput and user speed at a published operating point, and best of all.

    point: row of `published`. Keys: rate.WHAT.FIT and speed.WHAT.FIT, where WHAT is with or without multi-token
    prediction, FIT is fitted or, with the system's own rows left out, blind; frontier.WHAT; measured.
    """
    asked = pd.DataFrame({"tokens_per_step": [point.tokens_per_step, 1.0]})
    asked = asked.assign(model=conditions.workload, context=point.context, precision=point.precision)
    at_point = asked.assign(ranks=point.ranks, batch=point.batch)
    found, pace = {}, said()["C12", "user_speed"]
    for own, fit, label in ((True, "fitted", "all fits"), (False, "blind", "its own rows left out")):
        rates = predict("decode_throughput", at_point, point.system, own=own, **conditions.interval())[0]
        many = ask.draws("decode_throughput", at_point, system=point.system, own=own, **conditions.numbered())
        for place, ((what, words), (_, rate)) in enumerate(zip(TOKENS.items(), rates.iterrows(), strict=True)):
            drawn = many[:, place]
            found[f"rate.{what}.{fit}"] = predicted("C12", "decode_throughput", f"{words}, {label}", rate, drawn)
            text = f"at batch {point.batch:.0f}, {words}, {label}"
            speed = rate[list(NUMBERS)] / point.batch
            found[f"speed.{what}.{fit}"] = predicted("C12", "user_speed", text, speed, drawn / point.batch)
    best = predict("decode_frontier", asked.assign(speed=pace, layouts="all"), point.system, **conditions.interval())[0]
    for (what, words), (_, rate) in zip(TOKENS.items(), best.iterrows(), strict=True):
        text = f"best layout at {pace:.0f} per user, {words}"
        found[f"frontier.{what}"] = predicted("C12", "decode_throughput", text, rate)
    return frame(found | {"measured": reading("C12", "decode_throughput", "measured by its builders", point.value)})


def on_par(point, baselines, conditions):
    """Return the readings of C13: a machine's claimed decode throughput over other machines' services.

    point: row of `published` of the machine; baselines: {key: (words, set of data/serving.csv, its system)}. Keys:
    KEY.device, KEY.dense (8-bit peak), KEY.watt, KEY.dollar, and, both at their best layouts, KEY.frontier and
    KEY.blind, the latter with the machine's own rows left out of every fit.
    """
    ours, pace = said()["C12", "decode_throughput"], said()["C12", "user_speed"]
    own, life = conditions.facts(point.system), conditions.facts("C13", "claims")
    rent = [
        each("price") / each("domain") / paid("life") * paid("owner_cost") for each, paid in zip(own, life, strict=True)
    ]
    power = [each("system_power") / each("domain") for each in own]
    found = {}
    for key, (words, name, system) in baselines.items():
        over, theirs = ours / published(name).value, conditions.facts(system)
        found[f"{key}.device"] = reading("C13", "over_h100", f"per device, {words}", over)
        draw = [each("system_power") / each("domain") for each in theirs]
        spent = {
            "dense": ("dense 8-bit FLOP/s", [each("peak_fp8") for each in theirs], [each("peak_int8") for each in own]),
            "watt": ("watt", draw, power),
            "dollar": ("dollar", [each("rent") for each in theirs], rent),
        }
        for part, (unit, *both) in spent.items():
            number, drawn = ratio(*both)
            text = f"per {unit}, {words}"
            found[f"{key}.{part}"] = reading("C13", "over_h100", text, over * number, over * drawn)
    asked = point, pace, conditions
    ways = {"frontier": ("all fits", True), "blind": ("its own rows left out", False)}
    reached = {way: _best(point.system, "int8", *asked, own=own) for way, (_, own) in ways.items()}
    for key, (words, _, system) in baselines.items():
        theirs = _best(system, "fp8", *asked)
        for way, (label, _) in ways.items():
            text = f"per device, best layouts of both at {pace:.0f} per user, {words.partition(',')[0]}, {label}"
            found[f"{key}.{way}"] = reading("C13", "over_h100", text, *ratio(reached[way], theirs))
    return frame(found)


def _best(system, precision, point, pace, conditions, own=True):
    choices = {"model": conditions.workload, "precision": precision, "layouts": "all"}
    at = columns({"context": point.context, "tokens_per_step": point.tokens_per_step, "speed": pace})
    return [decode_frontier(each, choices, at).values for each in conditions.scenarios(system, own=own)]


def box(system, cards, tokens_per_step, most, conditions):
    """Return (readings, users) of C18: enterprises that one box serves at C12's speed, and its users at once.

    cards: how many a box may hold; most: requests per card tried. Readings under CARDS; users: value, low, high, and
    fits, the users that memory holds, under CARDS. Raises ValueError where the weights do not fit into one.
    """
    pace, choices = said()["C12", "user_speed"], {"model": conditions.workload, "precision": "int8"}
    found, users, held_by = {}, {}, {}
    for number in cards:
        point = {"ranks": float(number), "context": float(conditions.context), "tokens_per_step": tokens_per_step}
        recorded, drawn = conditions.scenarios(system)
        held = memory.largest_batch(recorded, conditions.workload, "int8", columns(point)).item()
        batches = np.arange(1.0, min(most, held) + 1)
        if not len(batches):
            raise ValueError(f"{number} cards of {system} do not hold {conditions.workload}: try more")
        point = {name: np.full(len(batches), each) for name, each in point.items()} | {"batch": batches}
        served = []
        for scenario in (recorded, drawn):
            rate = np.atleast_2d(decode_throughput(scenario, choices, point))
            served.append(number * np.where(rate / batches >= pace, batches, 0).max(axis=1))
        active = [np.ravel(each("users_per_enterprise")) for each in conditions.facts("C18", "claims")]
        found[str(number)] = reading("C18", "enterprises", f"{number} cards", *ratio(served, active))
        users[str(number)], held_by[str(number)] = tuple(served), number * batches.max()
    return frame(found), intervals(users).assign(fits=pd.Series(held_by))
