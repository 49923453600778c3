"""How far the page Your machine and the command line are apart: the same random questions to both.

python tests/agreement.py [NUMBER [QUANTITY ...]] asks the page of the built book (make book) in Node until each
quantity has answered so many questions (10,000), or been asked ten times as many, and asks the study the same. It
prints the largest relative difference of values, and of the ends of every fiftieth interval, and what one refuses and
the other answers, or refuses in other words. A search takes the study a second: say a smaller number.
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
from machine_states import asked_for, states

import model
from model.predictions.inputs import InputError
from model.studies.your_machine import contents

SITE = Path(__file__).parents[1] / "book" / "_build" / "html" / "_static"
ALLOWED = 1e-9  # relative, of a value
BATCH = 1000
EACH = 50  # every so many answers with their intervals, which take the study many times as long
# A share of time that falls with the exponential of the job has few digits left far below what anybody asks.
FLOOR = {"effective_training_share": 1e-6}
ASK = """
const { name, states, every } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const ask = (state, i) => (i % every ? known(name, state).first : answer(name, state));
process.stdout.write(JSON.stringify(name ? states.map(ask) : yourMachine));
"""


def page(name="", asked=(), every=EACH):
    """Return what the page of the built book answers to states, every so many with its interval; or what it holds."""
    code = "".join((SITE / f"your_machine{each}.js").read_text(encoding="utf-8") for each in ("_numbers", ""))
    given = json.dumps({"name": name, "states": list(asked), "every": every})
    with tempfile.TemporaryDirectory() as folder:
        (script := Path(folder, "asked.cjs")).write_text(code + ASK, encoding="utf-8")
        node = [shutil.which("node") or "node", script]
        return json.loads(subprocess.run(node, input=given, stdout=subprocess.PIPE, text=True, check=True).stdout)


def studied(name, states, held, interval):
    """Return what the study answers to states of one machine, as rows of value, low, high; a refusal is text.

    Asked as one table, which is refused as a whole: then each half is asked.
    """
    system = states[0]["system"]
    facts = held["systems"][system]["facts"]
    changes = {fact: float(word) * facts[fact]["size"] for fact, word in states[0]["changes"].items()}
    given = pd.DataFrame([asked_for(name, state, held) for state in states])
    options = {"draws": held["quantities"][name]["draws"]} if interval else {"interval": False}
    try:
        found = model.predict(name, given, system=system, changes=changes, **options)
    except InputError as error:
        if len(states) == 1:
            return [str(error)]
        middle = len(states) // 2
        return [row for half in (states[:middle], states[middle:]) for row in studied(name, half, held, interval)]
    return list(found[["value", "low", "high"] if interval else ["value"]].to_numpy(float))


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
    """Return (largest relative difference of values, of ends, sentences of what else differs) of states and answers."""
    groups, value, ends, others = {}, 0.0, 0.0, []
    for place, (state, each) in enumerate(zip(asked, found, strict=True)):
        if not each.get("elsewhere"):
            key = (state["system"], json.dumps(state["changes"]), "refusal" in each and place, "low" in each)
            groups.setdefault(key, []).append(place)
    for (*_, interval), places in groups.items():
        for place, theirs in zip(places, studied(name, [asked[each] for each in places], held, interval), strict=True):
            ours, words = found[place], isinstance(theirs, str)
            off = apart([ours["value"]], theirs[:1]) if "value" in ours and not words else 0.0
            value = max(value, off)
            if interval and not words:
                ends = max(ends, apart([ours["low"], ours["high"]], theirs[1:], FLOOR.get(name, 0.0)))
            if off > ALLOWED or words != ("refusal" in ours) or (words and tail(theirs) != tail(ours["refusal"])):
                others.append(f"{name} of {json.dumps(asked[place])}: the page {ours}, the study {theirs}")
    return value, ends, others


def compared(name, number, held):
    """Return {asked, answered, refused, elsewhere, value, ends, others} of one quantity; others: see differences."""
    counts = {"asked": 0, "answered": 0, "refused": 0, "elsewhere": 0}
    value, ends, others = 0.0, 0.0, []
    for seed in range(-(-10 * number // min(BATCH, number))):
        asked = states(name, min(BATCH, number), [seed, number], held)
        found = page(name, asked)
        of = differences(name, asked, found, held)
        value, ends, others = max(value, of[0]), max(ends, of[1]), others + of[2]
        counts["asked"] += len(asked)
        for kind, key in (("answered", "value"), ("refused", "refusal"), ("elsewhere", "elsewhere")):
            counts[kind] += sum(key in each for each in found)
        if counts["answered"] >= number:
            break
    return {**counts, "value": value, "ends": ends, "others": others}


def main(number=10_000, names=contents.OFFERED):
    """Print a line for each quantity, and all that differs; return 1 where something does."""
    held, wrong = page(), 0
    for name in names:
        begun = time.monotonic()
        found = compared(name, number, held)
        wrong += len(found["others"])
        print(*found["others"][:20], sep="\n", end="\n" if found["others"] else "")
        told = " ".join(f"{each} {found[each]}" for each in ("asked", "answered", "refused", "elsewhere"))
        far = f"values {found['value']:.1e}, ends {found['ends']:.1e}"
        print(f"{name}: {told}; {far}; {len(found['others'])} differ; {time.monotonic() - begun:.0f} s", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    _number, *_names = sys.argv[1:] or ["10000"]
    if not _number.isdecimal() or not set(_names) <= set(contents.OFFERED):
        sys.exit("Say python tests/agreement.py [NUMBER, a whole number [QUANTITY ...]]")
    sys.exit(main(int(_number), _names or contents.OFFERED))
