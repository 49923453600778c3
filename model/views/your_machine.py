"""The page on a reader's own machine: its controls, a still answer for where scripts are off, and its programs."""

import html
import json
from pathlib import Path

from model.notation import script
from model.numbers.draws import four_digits
from model.views import figures

FILE = "your_machine_numbers.js"  # beside the notebook's outputs: what book/_ext/interactive.py hands to the page


def program(held):
    """Return the script that a page loads: the printed programs, the functions that they call, and their numbers.

    held: the mapping of model.studies.your_machine.contents.page.
    """
    printed = ("codes", "lines", "made", "training", "serving", "areas")
    rest = json.dumps({name: part for name, part in held.items() if name not in printed}, separators=(",", ":"))
    codes, lines, made = (",\n".join(held[each]) for each in printed[:3])
    relating = ",\n".join(f"{json.dumps(each[2])}: {each[2]}" for each in held["relations"])
    return (
        f"globalThis.yourMachine = (() => {{\n{script.runtime()}{script.drawing()}const codes = [\n{codes}\n];\n"
        f"const lines = [\n{lines}\n];\nconst relating = {{\n{relating}\n}};\n"
        f"const held = {{ codes, lines, relating, ...{rest} }};\n"
        f"held.training = {_training(held['training'])};\n"
        f"held.drawn = maker(held.making, [\n{made}\n], held.seed);\n"
        f"held.serving = {_serving(held['serving'])};\n{_beside('training.js')}{_beside('serving_search.js')}"
        "held.trained = trainer(held.training, (...asked) => held.drawn(...asked));\nheld.served = server(held);\n"
        "return held;\n})();\n"
    )


def _beside(name):
    """Return a script of this folder."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _law(names, code):
    return f"{{names:{json.dumps(names)},call:{code}}}"


def _serving(held):
    """Return what is held of serving as JavaScript: laws as {names, call} with the functions themselves."""
    users = ",".join(
        f"{name}:{{laws:[{','.join(_law(*law) for law in each['laws'])}],price:{json.dumps(each['price'])}}}"
        for name, each in held["users"].items()
    )
    laws = ",".join(f"{name}:{_law(*law)}" for name, law in held["laws"].items())
    rest = {name: each for name, each in held.items() if name not in ("users", "laws")}
    return f"{{users:{{{users}}},laws:{{{laws}}},...{json.dumps(rest, separators=(',', ':'))}}}"


def _training(held):
    """Return what is held of training as JavaScript: laws and rules as {names, call} with the functions themselves."""
    laws = ",".join(_law(*law) for law in held["laws"])
    rules = ",".join(
        f"{{sentence:{json.dumps(sentence)},call:{code},names:{json.dumps(names)},alone:{json.dumps(alone)}}}"
        for sentence, code, names, alone in held["rules"]
    )
    even = f"{{call:{held['even'][0]},names:{json.dumps(held['even'][1])}}}"
    rest = {name: each for name, each in held.items() if name not in ("laws", "rules", "even")}
    return f"{{laws:[{laws}],rules:[{rules}],even:{even},...{json.dumps(rest, separators=(',', ':'))}}}"


def figure(name, held, start, names, answers):
    """Glue the controls, show them, and write the programs beside the notebook's outputs.

    held: of model.studies.your_machine.contents.page; start: {system, workload, inputs: {name: text}}; names: {system
    or workload: words}; answers: a frame of quantity, value, low, high, unit at the start, for where scripts are off.
    """
    if folder := figures.output_folder():
        (folder / FILE).write_text(program(held), encoding="utf-8")
    figures.show(name, _markup(name, held, start, names, answers))


def _markup(name, held, start, names, answers):
    asked = sorted(held["quantities"].items(), key=lambda each: each[0] not in held["serving"]["quantities"])
    described = {each["name"]: each for _, what in asked for each in what["inputs"]}  # a given layout says it last
    chosen = [_select(name, each, f"{each}s", held, start[each], names) for each in ("system", "workload")]
    controls = "".join(
        f"<fieldset><legend>{area}</legend>"
        f"{''.join(_input(name, described[each], start['inputs'][each]) for each in fields)}</fieldset>"
        for area, fields in _areas(held, start["inputs"]).items()
    )
    still = "".join(
        f'<tr><th scope="row"><code>{row.quantity}</code></th><td>{_said(row.value, row.unit)}</td>'
        f"<td>{_said(row.low, row.unit)} to {_said(row.high, row.unit)}</td></tr>"
        for row in answers.itertuples()
    )
    rows = "".join(
        f'<tr data-quantity="{each}"><th scope="row"><code>{each}</code><br>{html.escape(what["meaning"])}</th>'
        "<td></td><td></td></tr>"
        for each, what in held["quantities"].items()
    )
    heads = (
        '<thead><tr><th scope="col">quantity</th><th scope="col">value</th><th scope="col">5 to 95 %</th></tr></thead>'
    )
    columns = "".join(f'<th scope="col">{each}</th>' for each in ("number", "yours", "unit", "recorded", "where from"))
    return (
        f'<div class="your-machine" id="{name}-figure" data-start="{html.escape(json.dumps(start))}">'
        f'<div class="still"><table>{heads}<tbody>{still}</tbody></table></div>'
        f'<div class="job" data-live hidden><fieldset><legend>Choose a machine and a workload</legend>'
        f"{''.join(chosen)}</fieldset>"
        f'<table class="answers" aria-live="polite">{heads}<tbody>{rows}</tbody></table>'
        f"{controls}</div>"
        '<div data-live hidden><div class="buttons"><button type="button" class="copy">Copy the link</button> '
        '<button type="button" class="save">Save as a file</button> '
        '<button type="button" class="back">Back to the start</button></div>'
        f'<label for="{name}-file">Open a saved file</label> '
        f'<input class="open" id="{name}-file" type="file" accept=".yaml,.yml">'
        f'<label for="{name}-link">Link to what is set here</label> '
        f'<input class="link" id="{name}-link" type="text" readonly>'
        "<output></output>"
        "<details><summary>Change the numbers of the machine</summary>"
        f'<div class="machine" tabindex="0"><table><thead><tr>{columns}</tr></thead><tbody></tbody></table></div>'
        "</details>"
        "<details><summary>The same on the command line, and as parameters of a notebook</summary>"
        '<pre class="written" tabindex="0"></pre></details></div></div>'
    )


def _areas(held, inputs):
    """Return {area: names of its inputs}: an input stands where it is asked first."""
    found, left = {}, list(inputs)
    for area, quantities in held["areas"].items():
        asked = {each["name"] for name in quantities for each in held["quantities"][name]["inputs"]}
        found[area] = [each for each in left if each in asked]
        left = [each for each in left if each not in asked]
    return found


def _said(number, unit):
    return f"{four_digits(number)}{'' if unit == '1' else f' {unit}'}"


def _select(name, key, of, held, start, names):
    options = "".join(
        f'<option value="{each}"{" selected" if each == start else ""}>{html.escape(names[each])}</option>'
        for each in held[of]
    )
    return _labelled(name, key, key, f'<select id="{name}-{key}" name="{key}" autocomplete="off">{options}</select>')


def _input(name, each, word):
    """Return the control of one input; what it accepts is said below it."""
    key = each["name"]
    unit = f", {each['unit']}" if each["unit"] not in ("", "1") else ""
    said = f'<small id="{name}-{key}-said">{html.escape(each["meaning"] or each["accepts"])}</small>'
    given = f'id="{name}-{key}" name="{key}" autocomplete="off" aria-describedby="{name}-{key}-said"'
    if "words" in each:
        options = "".join(
            f'<option value="{one}"{" selected" if one == word else ""}>{one or "left out"}</option>'
            for one in each["words"]
        )
        control = f"<select {given}>{options}</select>"
    else:
        control = f'<input {given} type="text" inputmode="decimal" value="{word}">'
    return _labelled(name, key, f"{key.replace('_', ' ')}{unit}", control + said)


def _labelled(name, key, words, control):
    return f'<div><label for="{name}-{key}">{html.escape(words)}</label>{control}</div>'
