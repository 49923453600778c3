"""What a purchase costs a token: throughputs that a page can hold, and two machines compared at a buyer's own prices.

The search for a layout is made beforehand, at every stop of the speed, in value and draws; what a reader may then
change, prices and the busy share, is arithmetic that a page can do. `book/_ext/purchase.js` does the same.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from model.laws import serving
from model.machine.scenario import Scenario
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.notation.units import size
from model.numbers.draws import HIGH, LOW, Sampler, ratio
from model.numbers.draws import told as interval
from model.predictions.quantities import quantity
from model.studies.cluster.machine import Cluster, hourly, precisions

MILLION = 1e6
DIGITS = {"value": 10, "draws": 7}  # of a throughput that a page holds
SIDES = ("value", "low", "high")


@dataclass(frozen=True)
class Asked:
    """What the machines are asked for: models, (tokens in, tokens out) of a request, speeds per user, draws, seed."""

    models: tuple
    lengths: tuple
    speeds: tuple
    draws: int
    seed: int


@dataclass(frozen=True)
class Deal:
    """Two machines and what a buyer says of them: a model, lengths, USD for a device-hour of each, one busy share."""

    first: str
    second: str
    model: str
    lengths: str
    speed: float
    first_rent: float
    second_rent: float
    busy: float


def stops(low, high, number, named=()):
    """Return speeds from low to high, evenly in the logarithm and rounded, with those of `named` among them."""
    spaced = [float(f"{each:.3g}") for each in np.geomspace(low, high, number)]
    return tuple(sorted({*spaced, *map(float, named)}))


def key(*words):
    """Return the key of a throughput: machine, model and lengths, or of lengths: tokens in and out."""
    return "|".join(f"{each:g}" if isinstance(each, float) else str(each) for each in words)


def throughput(system, model, lengths, asked, scenarios=None):
    """Return (value, draws) of the tokens in and out per second and device at each speed, 0 where out of reach.

    All devices count, those of prefill too; each machine in its narrowest format, on layouts near what somebody has
    run. draws: shape (draws, speeds), paired between machines. scenarios: the system's, recorded and drawn, where they
    are at hand. The quantity is service_frontier.
    """
    rows = {"speed": np.array(asked.speeds)}
    for side, tokens in zip(("input", "output"), lengths, strict=True):
        rows[f"{side}_tokens"] = np.full(len(asked.speeds), tokens)
    choices = {"model": model, "precision": precisions(system)[0], "layouts": "run"}
    with np.errstate(divide="ignore"):  # a speed out of reach
        value, drawn = (
            quantity("service_frontier").values(each, choices, rows) for each in scenarios or pair(system, asked)
        )
    return np.ravel(value), drawn


def pair(system, asked):
    """Return the Scenario of a system as recorded, and as drawn."""
    return Scenario(system), Scenario(system, Sampler(asked.draws, (asked.seed, 0)))


def offered(systems, asked):
    """Return one row for each system: domain, precision, rent and its bounds in USD for a device-hour."""
    rows = {}
    for name in systems:
        recorded, drawn = (np.ravel(hourly(Cluster(name), each)) * size("h") for each in pair(name, asked))
        domain = int(Scenario(name).system("domain"))
        bounds = min(recorded[0], drawn.min()), max(recorded[0], drawn.max())
        rows[name] = (domain, precisions(name)[0], float(recorded[0]), *map(float, bounds))
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["domain", "precision", "rent", "rent_low", "rent_high"]
    )


def table(systems, asked):
    """Return what a page holds, as JSON can: speeds, machines as of `offered`, models, lengths, and throughputs.

    throughputs: {machine|model|lengths: {value: at each speed, draws: for each speed all draws}}, rounded to DIGITS.
    """
    found = {}
    for system in systems:
        scenarios = pair(system, asked)
        for model in asked.models:
            for lengths in asked.lengths:
                value, drawn = throughput(system, model, lengths, asked, scenarios)
                found[key(system, model, key(*lengths))] = {
                    "value": _rounded(value, "value"),
                    "draws": [_rounded(each, "draws") for each in drawn.T],
                }
    return {
        "interval": [LOW / 100, HIGH / 100],
        "speeds": list(asked.speeds),
        "machines": offered(systems, asked).to_dict("index"),
        "models": list(asked.models),
        "lengths": [key(*each) for each in asked.lengths],
        "throughputs": found,
    }


def _rounded(numbers, which):
    return [float(f"{each:.{DIGITS[which]}g}") for each in numbers]


def ends(value, drawn):
    """Return (low, high): the draws nearest to the ends of the interval, moved out to the value.

    No line between two draws, so that one draw without bound leaves the others as they are.
    """
    low, high = np.quantile(drawn, [LOW / 100, HIGH / 100], method="nearest")
    return min(float(low), value), max(float(high), value)


def cost(rent, busy, rate):
    """Return USD for a million tokens, infinite where no device delivers any. rent: USD/h. Law: laws.serving.cost.

    The law says it of decoding devices; of all devices it holds with the throughput of all.
    """
    point = {"rent": rent / size("h"), "busy_share": busy, "decode_throughput": np.asarray(rate, float)}
    with np.errstate(divide="ignore"):
        return np.ravel(compute(serving.cost.solve(symbols.token_cost), point)) * MILLION


def answer(held, deal):
    """Return what a buyer asked, from the mapping of `table`: a Series of floats.

    first, second and their _low, _high: USD for a million tokens; gain, _low, _high: tokens of a dollar on the first
    machine over those on the second; gaining: share of draws in which it is above one; busy: what the first must be
    busy to be as cheap as the second is at the busy share given; rent, _low, _high: the most that a device-hour of the
    first may cost; crossing, crossing_last: the lowest and the highest speed at which the two cost the same, nan where
    one of them is the cheaper one at all.
    """
    both = [held["throughputs"][key(name, deal.model, deal.lengths)] for name in (deal.first, deal.second)]
    place = held["speeds"].index(deal.speed)
    rents, found = (deal.first_rent, deal.second_rent), {}
    for name, each, rent in zip(("first", "second"), both, rents, strict=True):
        value, drawn = each["value"][place], np.array(each["draws"][place])
        low, high = ends(value, drawn)
        prices = cost(rent, deal.busy, [value, high, low])
        found |= dict(zip((name, f"{name}_low", f"{name}_high"), prices, strict=True))
    gain = float(ratio(*(each["value"][place] / rent for each, rent in zip(both, rents, strict=True))).drawn)
    drawn = ratio(*(np.array(each["draws"][place]) / rent for each, rent in zip(both, rents, strict=True))).drawn
    low, high = ends(gain, drawn)
    found |= {"gain": gain, "gain_low": low, "gain_high": high, "gaining": (drawn > 1).mean()}
    found["busy"] = float(ratio(deal.busy, gain).drawn)
    found |= {f"rent{side}": deal.first_rent * found[f"gain{side}"] for side in ("", "_low", "_high")}
    along = ratio(*(np.array(each["value"]) / rent for each, rent in zip(both, rents, strict=True))).drawn
    found |= dict(zip(("crossing", "crossing_last"), crossings(held["speeds"], along), strict=True))
    return pd.Series(found).astype(float)


def crossings(speeds, gain):
    """Return the lowest and the highest speed at which a gain passes one, between two stops straight in logarithms.

    nan where it never does. To where one of two machines delivers nothing there is no line.
    """
    found = []
    with np.errstate(divide="ignore"):
        logs, at = np.log(np.asarray(gain, float)), np.log(speeds)
    for here in range(len(logs) - 1):
        one, other = logs[here : here + 2]
        if np.isfinite([one, other]).all() and one * other < 0:
            found.append(float(np.exp(at[here] + (at[here + 1] - at[here]) * one / (one - other))))
    return (found[0], found[-1]) if found else (np.nan, np.nan)


def curves(held, model, lengths, systems, busy=1.0):
    """Return the cost of a million tokens over speeds at recorded rents: system, speed, value, low, high.

    Speeds that a machine does not reach have no row; low and high may be infinite.
    """
    rows = []
    for name in systems:
        each, rent = held["throughputs"][key(name, model, lengths)], held["machines"][name]["rent"]
        for speed, value, drawn in zip(held["speeds"], each["value"], each["draws"], strict=True):
            low, high = ends(value, np.array(drawn))
            rows.append((name, speed, *cost(rent, busy, [value, high, low])))
    frame = pd.DataFrame(rows, columns=["system", "speed", *SIDES])
    return frame[np.isfinite(frame.value)].reset_index(drop=True)


def bought(held, model, lengths, systems, against, speeds, busy=1.0):
    """Return what each machine answers at recorded rents: a row for each (system, speed) with the columns of `answer`.

    against: the machine that each is compared with.
    """
    rents = {name: machine["rent"] for name, machine in held["machines"].items()}
    found = {
        (name, speed): answer(held, Deal(name, against, model, lengths, speed, rents[name], rents[against], busy))
        for name in systems
        for speed in speeds
    }
    return pd.DataFrame(found).T


def told(costs):
    """Return a frame of value, low, high as text, a Series: two digits of the interval's width, or out of reach."""
    return costs.apply(_text, axis=1)


def _text(row):
    return interval(row.value, row.low, row.high, most=3) if np.isfinite(row.value) else "out of reach"


def percent(busy):
    """Return busy shares as text, a Series; what would have to be busy more than always is said in words."""
    return busy.map(lambda share: f"{share:.0%}" if share <= 1 else "never")


def worth(gain, names, paces, trained, system):
    """Return what a dollar buys on machines for sale over the one that all are compared with, serving first.

    gain: value, low, high by (system, speed as text); names: {system: words} of those shown; trained: a row of
    training.dollars.rented, of `system`. Columns label, kind, SIDES; a speed out of reach has no value.
    """
    rows = []
    for pace in paces.values():
        for name, words in names.items():
            found = gain.loc[(name, f"{pace:.0f}"), list(SIDES)]
            label = f"{pace:.0f} tokens/s: {words}"
            known = found.value > 0
            numbers = found if known else [np.nan] * 3
            rows.append((label if known else f"{label}, out of reach", "serving", *numbers))
    sides = (trained.dollar, trained.dollar_low, trained.dollar_high)
    rows.append((f"{trained.devices:,.0f} devices train: {names[system]}", "training", *sides))
    return pd.DataFrame(rows, columns=["label", "kind", *SIDES])


def shown(bought, names, against):
    """Return a frame of `bought` as a table for readers: machine, speed, costs and gains with intervals as text.

    names: {system: words}; of the machine that all are compared with, `against`, costs alone.
    """
    cost, gain = (
        told(bought[[name, f"{name}_low", f"{name}_high"]].set_axis(list(SIDES), axis=1)) for name in ("first", "gain")
    )
    system, speed = (bought.index.get_level_values(level) for level in (0, 1))
    table = pd.DataFrame({"machine": system.map(names), "speed": speed, "cost": cost, "gain": gain})
    table = table.assign(gaining=bought.gaining.map("{:.0%}".format), busy=percent(bought.busy))
    table.loc[system == against, ["gain", "gaining", "busy"]] = "–"
    return table.reset_index(drop=True)
