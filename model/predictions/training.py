"""What can be asked of training: throughput and time of one step, at a given layout or at the best that fits."""

import numpy as np

from model.laws import training as laws
from model.machine import training_fit, training_search, training_step
from model.machine.training_step import JOB, LAYOUT, Training
from model.notation import nomenclature as symbols
from model.predictions.inputs import OPTIONAL, Input, RowError, count
from model.predictions.longest import refuse_beyond
from model.predictions.quantity import Found, Quantity
from model.predictions.serving import MODEL

PRECISIONS = ("bf16", "fp8", "mxfp8", "nvfp4")
# Formats without a peak of their own, and the peak of the generation of machines that has their products.
BLOCK_SCALED = {"mxfp8": "peak_nvfp4"}
TAILS = 20_000  # draws: forty constants, of which none leads, with the tails of Student's t


def training_throughput(scenario, choices, rows):
    """Return the Found tokens per second and device of a training step with its layout. Law: laws.training.

    Parts of the layout that are left out are the best that fits, found without draws: the interval is that of the
    layout named. A draw in which it does not fit counts as 0.
    """
    asked = Training(choices["model"], choices["precision"], choices.get("release"))
    rows = dict(zip(rows, np.broadcast_arrays(*rows.values()), strict=True))
    length = len(rows["devices"])
    if scenario.sampler is None:
        refuse_beyond(choices, rows["sequence"], "sequence")
    rows |= {name: np.full(length, np.nan) for name in LAYOUT if name not in rows}
    rows["overlap"] = np.full(length, float(choices["overlap"]))
    if asked.precision in BLOCK_SCALED and BLOCK_SCALED[asked.precision] not in scenario.system:
        raise ValueError(f"{scenario.name} has no products of {asked.precision}: give precision=fp8 or bf16")
    undrawn = scenario.undrawn()
    columns = undrawn.training_columns(asked)
    refuse_what_does_not_divide(columns, rows, scenario.facts("workloads", asked.model)("attention_heads"))
    rows = training_search.complete(columns, rows)
    if scenario.sampler is None:
        refuse_what_does_not_fit(columns, rows)
    found = laws.answers({**scenario.training_columns(asked), **rows})
    values = np.broadcast_to(
        found["training_throughput"] / scenario.training_scatter(asked.model), _shape(scenario, length)
    )
    if scenario.sampler is not None:
        values = np.where(training_step.fits(found), values, 0.0)
    return Found(values, {name: rows[name] for name in LAYOUT})


def training_step_time(scenario, choices, rows):
    """Return the Found seconds of a training step with its layout. Law: laws.training; as training_throughput."""
    found = training_throughput(scenario, choices, rows)
    with np.errstate(divide="ignore"):
        return Found(rows["sequences"] * rows["sequence"] / (found.values * rows["devices"]), found.layout)


def _shape(scenario, length):
    return (scenario.sampler.draws, length) if scenario.sampler else (length,)


def refuse_what_does_not_divide(columns, rows, heads):
    """Raise RowError for the first row whose given layout breaks a rule, with the rule.

    columns: of the law; heads: of attention.
    """
    layout = {name: np.where(np.isnan(rows[name]), 1.0, rows[name]) for name in LAYOUT}
    whole = ~np.isnan(np.stack([rows[name] for name in LAYOUT])).any(axis=0)
    spread = columns["experts"] if columns["moe_layers"] else 1.0
    checks = [
        *training_search.rules(layout, columns["layers"], rows["devices"], rows["sequences"]),
        (f"tensor_devices are at most {heads:g}, the model's heads", layout["tensor_devices"] <= heads, True),
        (f"expert_devices are at most {spread:g} for this model", layout["expert_devices"] <= spread, True),
    ]
    for rule, fine, alone in checks:
        if (bad := ~fine & (whole | alone)).any():
            raise RowError(int(np.argmax(bad)), f"this layout cannot be: {rule}")


def refuse_what_does_not_fit(columns, rows):
    """Raise RowError for the first row that no layout, or not the given one, fits into memory, with what would."""
    table = np.stack([rows[name] for name in LAYOUT])
    missing = np.isnan(table).any(axis=0)
    found = laws.answers({**columns, **rows}, laws.PARTS[:2])
    bad = missing | ~training_step.fits(found)
    if not bad.any():
        return
    row = int(np.argmax(bad))
    job = {name: float(rows[name][row]) for name in JOB}
    room = columns["memory_share"] * columns["memory_capacity"] / 2**30
    needs = f"each device may fill {room:,.0f} GiB"
    if not missing[row]:
        much = found["needed_bytes"][row] / 2**30
        needs = f"this layout needs {much:,.0f} GiB of each device, which may fill {room:,.0f}"
    other = training_search.best(columns, job, {}, float(rows["overlap"][row]))
    if other:
        raise RowError(row, f"{needs}: {', '.join(f'{name}={number:g}' for name, number in other.items())} would fit")
    few = training_search.fewest_devices(columns, job, float(rows["overlap"][row]))
    hint = f"{few:,.0f} devices would hold this job" if few else "no number of devices holds a job of so few sequences"
    if few and few <= job["devices"]:  # memory is enough of it
        hint = f"{hint}, for its sequences can be shared out evenly among so many"
    raise RowError(row, f"{needs}, and no layout of {job['devices']:,.0f} devices does with that: {hint}")


def releases():
    """Return the names of the releases of training software that have runs."""
    return training_fit.releases()


INPUTS = (
    MODEL,
    count("devices", high=1e7, meaning="of the job"),
    count("sequences", high=1e7, meaning="of one step, all devices"),
    count("sequence", default=4096.0, low=16.0, high=1e7, meaning="tokens of a sequence"),
    Input("precision", choices=PRECISIONS, meaning="of matrix products", known_as="formats"),
    Input("overlap", "1", choices=("0", "1"), meaning="1: another microbatch's work covers exchanges between domains"),
    Input("release", OPTIONAL, choices=releases, meaning="of the software; left out: the mean of all releases"),
    count("microbatch", default=OPTIONAL, meaning="sequences; this and what follows left out: the best that fits"),
    count("tensor_devices", default=OPTIONAL, meaning="devices that split each product"),
    count("context_devices", default=OPTIONAL, meaning="devices that split a sequence"),
    count("expert_devices", default=OPTIONAL, meaning="devices over which experts are spread"),
    count("stages", default=OPTIONAL, meaning="of the pipeline"),
    count("chunks", default=OPTIONAL, meaning="virtual stages on each device"),
)

QUANTITIES = (
    Quantity(
        "training_throughput",
        "token/s",
        "tokens trained per second and device, at the best layout where none is given",
        laws.step,
        symbols.training_throughput,
        INPUTS,
        training_throughput,
        layout=LAYOUT,
        draws=TAILS,
    ),
    Quantity(
        "training_step_time",
        "s",
        "time of one training step, at the best layout where none is given",
        laws.step,
        symbols.training_step_time,
        INPUTS,
        training_step_time,
        layout=LAYOUT,
        draws=TAILS,
    ),
)
