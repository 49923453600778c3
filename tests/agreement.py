"""How far the page Your machine and the command line are apart: the same random questions to both.

python tests/agreement.py [NUMBER [QUANTITY ...]] asks the page of the built book (make book) in Node until each
quantity has answered so many questions (10,000), or been asked ten times as many, and asks the study the same, in
tables of questions on one machine. It prints the largest relative difference of values, and of the ends of every
fiftieth interval, and what one refuses and the other answers, or refuses in other words.

With `ends` before NUMBER it asks for the intervals of so many machines (10), half of them changed, and prints how far
their ends are apart with the page's number of draws, and with that of the command line. With `need` it asks so many
questions (100) for the value of an input that gives a target.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from machine_states import asked_for, machine, moved, states

import model
from model.predictions.inputs import InputError
from model.predictions.quantities import quantity
from model.studies.your_machine import contents

SITE = Path(__file__).parents[1] / "book" / "_build" / "html" / "_static"
ALLOWED = 1e-9  # relative, of a value
FOUND = 1e-6  # relative, of a value that is sought
BATCH, ALIKE = 960, 24  # questions to one Node; so many after one another share machine and words
EACH = 50  # every so many answers with their intervals, which take the study many times as long
# A share of time that falls with the exponential of the job has few digits left far below what anybody asks.
FLOOR = {"effective_training_share": 1e-6}
ASK = """
const { name, states, every, sought } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const ask = (state, i) => (i % every ? known(name, state).first : answer(name, state));
const seek = (state, i) => need(name, ...sought[i], state);
process.stdout.write(JSON.stringify(name ? states.map(sought.length ? seek : ask) : yourMachine));
"""


def page(name="", asked=(), every=EACH, sought=()):
    """Return what the page of the built book answers to states, every so many with its interval; or what it holds.

    sought: of each state (target, input) where the value of an input is sought.
    """
    code = "".join((SITE / f"your_machine{each}.js").read_text(encoding="utf-8") for each in ("_numbers", ""))
    given = json.dumps({"name": name, "states": list(asked), "every": every, "sought": list(sought)})
    with tempfile.TemporaryDirectory() as folder:
        (script := Path(folder, "asked.cjs")).write_text(code + ASK, encoding="utf-8")
        node = [shutil.which("node") or "node", script]
        return json.loads(subprocess.run(node, input=given, stdout=subprocess.PIPE, text=True, check=True).stdout)


def studied(name, states, held, **options):
    """Return what the study answers to states of one machine, as rows of value, low, high; a refusal is text.

    Asked as one table, which is refused as a whole: then each half is asked. options: of model.predict.
    """
    given = pd.DataFrame([asked_for(name, state, held) for state in states])
    try:
        found = model.predict(name, given, **machine(states[0], held), **options)
    except InputError as error:
        if len(states) == 1:
            return [str(error)]
        middle = len(states) // 2
        return [row for half in (states[:middle], states[middle:]) for row in studied(name, half, held, **options)]
    return list(found[["value", "low", "high"]].to_numpy(float))


def tail(sentence):
    """Return a refusal without where it stands and without how a number is written."""
    if "; it takes" in sentence:
        return sentence.rpartition("; it takes ")[2]
    return re.split(r" row \d+: ", sentence)[-1]


def apart(ours, theirs, floor=0.0):
    """Return the largest relative difference of numbers, and none where they are closer than a floor."""
    ours, theirs = np.array([np.inf if each is None else each for each in ours], float), np.asarray(theirs, float)
    with np.errstate(invalid="ignore", divide="ignore"):  # infinite ends
        alike = (ours == theirs) | (np.abs(ours - theirs) < floor)
        return float(np.max(np.where(alike, 0.0, np.abs(ours / theirs - 1)), initial=0.0))


def differences(name, asked, found, held):
    """Return (largest relative difference of values, of ends, sentences of what else differs) of states and answers.

    What the page refuses of one machine in the same words down to the numbers is asked of the study once.
    """
    groups, value, ends, others = {}, 0.0, 0.0, []
    for place, (state, each) in enumerate(zip(asked, found, strict=True)):
        if not each.get("elsewhere"):
            key = (state["system"], json.dumps(state["changes"]), each.get("refusal"), "low" in each)
            groups.setdefault(key, []).append(place)
    for (*_, refused, interval), places in groups.items():
        options = {"draws": held["quantities"][name]["draws"]} if interval else {"interval": False}
        places = places if refused is None else places[:1]
        for place, theirs in zip(places, studied(name, [asked[each] for each in places], held, **options), strict=True):
            ours, words = found[place], isinstance(theirs, str)
            off = apart([ours["value"]], theirs[:1]) if "value" in ours and not words else 0.0
            value = max(value, off)
            if interval and not words:
                ends = max(ends, apart([ours["low"], ours["high"]], theirs[1:], FLOOR.get(name, 0.0)))
            if off > ALLOWED or words != ("refusal" in ours) or (words and tail(theirs) != tail(ours["refusal"])):
                others.append(f"{name} of {json.dumps(asked[place])}: the page {ours}, the study {theirs}")
    return value, ends, others


def compared(name, number, held):
    """Return {asked, answered, refused, elsewhere, value, ends, others} of one quantity; others: see differences.

    Every second batch is asked of machines with other numbers.
    """
    counts = {"asked": 0, "answered": 0, "refused": 0, "elsewhere": 0}
    value, ends, others = 0.0, 0.0, []
    for seed in range(-(-10 * number // min(BATCH, number))):
        asked = states(name, min(BATCH, number), [seed, number], held, seed % 2 == 1, ALIKE)
        found = page(name, asked)
        of = differences(name, asked, found, held)
        value, ends, others = max(value, of[0]), max(ends, of[1]), others + of[2]
        counts["asked"] += len(asked)
        for kind, key in (("answered", "value"), ("refused", "refusal"), ("elsewhere", "elsewhere")):
            counts[kind] += sum(key in each for each in found)
        if counts["answered"] >= number:
            break
    return {**counts, "value": value, "ends": ends, "others": others}


def intervals(name, number, held):
    """Return {machines, systems, page, study, value, ends, usual} of the intervals of one quantity on so many machines.

    Every second machine is changed, and a system comes again where no other answers. page, study: draws of both; ends:
    the largest relative difference with as many draws as the page takes, usual: as the study takes.
    """
    asked = [state for seed in range(50 * number) for state in states(name, 1, [seed, 0], held, seed % 2 == 1)]
    answered = [state for state, each in zip(asked, page(name, asked, len(asked) + 1), strict=True) if "value" in each]
    again = pd.Series([each["system"] for each in answered]).groupby([each["system"] for each in answered]).cumcount()
    chosen = [answered[place] for place in again.sort_values(kind="stable").index[:number]]
    told = {"machines": len(chosen), "systems": len({each["system"] for each in chosen}), "value": 0.0}
    draws = {"ends": held["quantities"][name]["draws"], "usual": quantity(name).draws}
    for state, ours in zip(chosen, page(name, chosen, 1), strict=True):
        for key, many in draws.items():
            ((value, *theirs),) = studied(name, [state], held, draws=many)
            off = apart([ours["low"], ours["high"]], theirs, FLOOR.get(name, 0.0))
            told |= {"value": max(told["value"], apart([ours["value"]], [value])), key: max(told.get(key, 0.0), off)}
    return told | {"page": draws["ends"], "study": draws["usual"]}


def round_trips(name, number, held):
    """Return {asked, ..., value, others} of the value of an input that gives a target, as `compared`.

    A target lies close to what the quantity is elsewhere along that input, so that it is mostly reached.
    """
    counts = {"asked": 0, "answered": 0, "refused": 0, "elsewhere": 0}
    value, others = 0.0, []
    for seed in range(20):
        rng = np.random.default_rng([seed, number, 1])
        asked = states(name, number, [seed, number, 2], held, seed % 2 == 1)
        of, there = zip(*(moved(rng, name, state, held) for state in asked), strict=True)
        reached = page(name, there, len(asked) + 1)
        targets = [float(f"{each.get('value', 0.0) * rng.uniform(0.9, 1.1):.6g}") for each in reached]
        chosen = [place for place, target in enumerate(targets) if target][: number - counts["answered"]]
        given, questions = [asked[place] for place in chosen], [(targets[place], of[place]) for place in chosen]
        for state, question, ours in zip(given, questions, page(name, given, sought=questions), strict=True):
            kind = next((each for each in ("refusal", "elsewhere") if each in ours), "answered")
            counts["asked"] += 1
            counts["refused" if kind == "refusal" else kind] += 1
            off = 0.0 if kind == "elsewhere" else trip(name, state, *question, ours, held)
            value = max(value, off)
            if off > FOUND:
                others.append(f"{name} = {question[0]} for {question[1]} of {json.dumps(state)}: the page {ours}")
        if counts["asked"] - counts["elsewhere"] >= number:
            break
    return counts | {"value": value, "others": others}


def trip(name, state, target, of, ours, held):
    """Return how far what the page found for a target is from what the study does; infinite where they say no alike."""
    called = {each["name"]: each.get("asked", each["name"]) for each in held["quantities"][name]["inputs"]}[of]
    given = {key: word for key, word in asked_for(name, state, held).items() if key != called}
    try:
        theirs = model.need(name, target, called, given, **machine(state, held), interval=False)
    except InputError:
        return 0.0 if "refusal" in ours else np.inf
    if ours.get("answer") != theirs.answer or len(ours["reached"]) != len(theirs.reached):
        return np.inf
    if [each["upward"] for each in ours["reached"]] != [each.upward for each in theirs.reached]:
        return np.inf
    return apart([each["value"] for each in ours["reached"]], [each.value for each in theirs.reached])


def main(kind="answers", number="", *names):
    """Print a line for each quantity, and all that differs; return 1 where something does."""
    ask, usual = {"answers": (compared, 10_000), "ends": (intervals, 10), "need": (round_trips, 100)}[kind]
    held, wrong = page(), 0
    for name in names or contents.OFFERED:
        begun = time.monotonic()
        found = ask(name, int(number or usual), held)
        others = found.pop("others", [])
        wrong += len(others)
        print(*others[:20], sep="\n", end="\n" if others else "")
        words = {each: f"{said:.1e}" if isinstance(said, float) else said for each, said in found.items()}
        told = " ".join(f"{each} {word}" for each, word in words.items())
        print(f"{name}: {told}; {len(others)} differ; {time.monotonic() - begun:.0f} s", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    _words = sys.argv[1:]
    _words = _words if _words[:1] in (["ends"], ["need"]) else ["answers", *_words]
    if not all(each.isdecimal() for each in _words[1:2]) or not set(_words[2:]) <= set(contents.OFFERED):
        sys.exit("Say python tests/agreement.py [ends or need] [NUMBER, a whole number [QUANTITY ...]]")
    sys.exit(main(*_words))
