"""The comparison of two machines that a reader sets: a still picture, and the controls that bring it to life."""

import html
import json

from model.views import figures

FILE = "throughputs.json"  # beside the notebook's outputs: what book/_ext/interactive.py hands to the page
CHOICES = {"first": "Machine A", "second": "Machine B", "model": "Model", "lengths": "Tokens of a request"}
RENTS = {"firstRent": "Rent of a device-hour of A", "secondRent": "Rent of a device-hour of B"}
SPEED, BUSY = "Speed for each user", "Busy share, of both"


def figure(name, held, deal, names, dearest, drawing, data, alt):
    """Glue the comparison, show it, and write its numbers, picture and data beside the notebook's outputs.

    held: the mapping that a page holds, of model.studies.purchase.table; deal: where the controls start, a
    model.studies.purchase.Deal; names: {machine, model or lengths: words}; dearest: the highest rent to choose, USD/h.
    """
    still = figures.pictures(name, drawing, data, alt)
    if folder := figures.output_folder():
        text = json.dumps(held, separators=(",", ":"))
        (folder / FILE).write_text(text + "\n", encoding="utf-8")
    figures.show(name, _markup(name, still, held, deal, names, dearest, alt))


def _markup(name, still, held, deal, names, dearest, alt):
    """Return the figure as HTML; without scripts the still picture and what it is drawn for are all there is."""
    known = {"first": held["machines"], "second": held["machines"], "model": held["models"], "lengths": held["lengths"]}
    controls = [
        f'<div><label for="{name}-{key}">{label}</label><select id="{name}-{key}" name="{key}" autocomplete="off">'
        + "".join(_option(each, names[each], each == getattr(deal, key)) for each in known[key])
        + "</select></div>"
        for key, label in CHOICES.items()
    ]
    rents = {"firstRent": deal.first_rent, "secondRent": deal.second_rent}
    for key, label in RENTS.items():
        controls.append(_slider(name, key, label, 0.2, dearest, 0.01, f"{rents[key]:.2f}", f"{rents[key]:g} USD"))
    place = held["speeds"].index(deal.speed)
    speed = f"{deal.speed:g} tokens/s"
    controls.append(_slider(name, "speed", SPEED, 0, len(held["speeds"]) - 1, 1, place, speed))
    controls.append(_slider(name, "busy", BUSY, 1, 100, 1, f"{deal.busy * 100:.0f}", f"{deal.busy * 100:.0f} %"))
    settings = f"{names[deal.model]}, {names[deal.lengths]}, busy {deal.busy:.0%} of the time, at recorded rents"
    rows = "".join(
        f'<tr><th scope="row"><svg width="26" height="10" aria-hidden="true"><line x1="0" x2="26" y1="5" y2="5" '
        f'stroke="{color}" stroke-width="3" stroke-dasharray="{dash}"/></svg> {letter}</th><td></td><td></td></tr>'
        for letter, color, dash in (("A", "#0072b2", ""), ("B", "#d55e00", "7 3"))
    )
    return (
        f'<div class="purchase-figure"><div class="still">{still}<p><span>Drawn for:</span> '
        f"<span>{html.escape(settings)}</span>.</p></div>"
        f"<fieldset hidden><legend>Choose two machines and your prices</legend>{''.join(controls)}"
        '<button type="button">Back to the start</button></fieldset>'
        f'<div class="stage" hidden data-alt="{html.escape(alt)}"></div>'
        '<table class="answer" hidden><thead><tr><td></td><th scope="col">machine</th>'
        '<th scope="col">USD for a million tokens (5 to 95 %)</th></tr></thead>'
        f"<tbody>{rows}</tbody></table><output></output></div>"
    )


def _option(value, words, start):
    return f'<option value="{value}"{" selected data-start" if start else ""}>{html.escape(words)}</option>'


def _slider(name, key, label, low, high, step, start, words):
    return (
        f'<div><label for="{name}-{key}">{label}</label> <span class="shown" aria-hidden="true">{words}</span>'
        f'<input type="range" id="{name}-{key}" name="{key}" min="{low}" max="{high}" step="{step}" value="{start}" '
        f'aria-valuetext="{words}" autocomplete="off"></div>'
    )
