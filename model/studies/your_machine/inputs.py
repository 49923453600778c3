"""Inputs as the page calls, checks and explains them."""

import numpy as np

from model.notation.nomenclature import NOMENCLATURE
from model.predictions.inputs import OPTIONAL, RELATIONS, describe
from model.predictions.program import write
from model.studies.your_machine import serving, training

HELD = "devices_needed"  # found by the page itself, among groups of devices, from programs of what memory holds
FOLLOWED = ("model", "software")  # words that a page does not ask for: the workload, the machine's own software
FREE = ("layouts",)  # words that choose no program
NUMBERED = ("part",)  # a word that programs take as a number, its place among the words
# Inputs that mean another thing in another quantity have names of their own on the page.
RENAMED = {
    **dict.fromkeys(training.QUANTITIES, training.RENAMED),
    **dict.fromkeys(serving.QUANTITIES, serving.RENAMED),
    "moe_idle_share": {"stages": "idle_stages"},
    HELD: {"batch": "instance_batch"},
}


def page_name(quantity_name, name):
    """Return how the page calls an input of a quantity."""
    return RENAMED.get(quantity_name, {}).get(name, name)


def inputs(what):
    """Return what each input of a quantity accepts, as the study checks it and says it.

    An input that means another thing in another quantity has a name of its own on the page, and `asked` on the command
    line. Words that choose no program of their own are `free`; a program takes a `numbered` one by its place.
    """
    found = []
    for each in what.inputs:
        name = page_name(what.name, each.name)
        found.append(
            {
                "name": name,
                **({} if name == each.name else {"asked": each.name}),
                "meaning": each.meaning or meaning(each.name),
                "unit": each.unit,
                "accepts": describe(each),
                "optional": each.default is not None,
                **({} if each.default in (None, OPTIONAL) else {"default": each.default}),
                **({"beyond": each.beyond} if each.beyond else {}),
                **taken_of(each),
            }
        )
        if each.choices == ("0", "1"):
            found[-1] |= {"default": float(each.default), "low": 0.0, "high": 1.0, "least": 0.0, "whole": True}
    return found


def taken_of(each):
    """Return what an input takes: words, or bounds of a number; 0 or 1 is a number."""
    if not each.choices:
        return {"low": each.low, "high": min(each.high, np.finfo(float).max), "least": each.least, "whole": each.whole}
    if each.choices == ("0", "1"):
        return {}
    if each.name in FOLLOWED:
        return {"words": ["*"]}
    if each.name in NUMBERED:
        return {"words": list(each.words), "free": True, "numbered": True}
    if each.default == OPTIONAL or each.name in FREE:
        return {"words": ["", *each.words], "free": True}
    return {"words": list(each.words)}


def meaning(name):
    """Return what the nomenclature says of a name, or nothing."""
    return next((entry.meaning for symbol, entry in NOMENCLATURE.items() if str(symbol) == name), "")


def relations():
    """Return what must hold between two inputs: names, a program that tells it, what is accepted, what is meant."""
    numbers = {("input", "own"): np.array([2.0]), ("input", "other"): np.array([4.0])}
    found = []
    for each in RELATIONS:
        program = write(
            lambda columns, each=each: each.fits(columns["input", "own"], columns["input", "other"]), numbers
        )
        found.append(
            [each.name, each.other, program.code, [name[1] for name in program.bound], each.accepted, each.else_meant]
        )
    return found
