"""Finds the layout of a training step that fits into memory and takes least time: all layouts at once, as arrays."""

from functools import lru_cache

import numpy as np

from model.laws import training as laws
from model.machine import training_step
from model.machine.training_step import JOB, LAYOUT

TENSOR = {True: 8, False: 4}  # most devices of a tensor group that are tried, of a dense model and of one with experts
CONTEXT = {True: 2, False: 1}
EXPERTS, STAGES = 64, 32  # most devices, and most stages, that are tried
CHUNKS = MICROBATCH = (1.0, 2.0, 4.0, 8.0)
MOST_DEVICES = 2**20  # of a job, when the fewest that hold it are sought


def best(columns, job, given, overlap=1.0):
    """Return {name: number} of the layout (LAYOUT) that trains fastest, or None where none fits into memory.

    columns: of the law, undrawn, that neither job nor layout set (Scenario.training_columns); job: mapping of devices,
    sequences, sequence; given: mapping of the parts of the layout that are set.
    """
    found = fastest(columns, job, given, overlap)
    return {name: float(each[0]) for name, each in found.items()} if found else None


def fastest(columns, job, given, overlap=1.0, number=1):
    """Return {name: array} of at most that many layouts that fit, fastest first, or None; arguments as of `best`."""
    grid = layouts(
        columns["experts"] if columns["moe_layers"] else 1.0,
        columns["layers"],
        columns["domain"],
        job["devices"],
        job["sequences"],
        tuple(sorted(given.items())),
    )
    held = laws.answers({**columns, **job, **grid, "overlap": overlap}, laws.PARTS[:2])
    place = np.flatnonzero(training_step.fits(held))
    if not len(place):
        return None
    size = len(grid["stages"])
    held = {name: each[place] if np.shape(each) == (size,) else each for name, each in held.items()}
    speed = laws.answers(held, laws.PARTS[2:])["training_throughput"]
    rows = place[np.argsort(-speed, kind="stable")[:number]]
    return {name: grid[name][rows] for name in LAYOUT}


@lru_cache(maxsize=256)  # draws and domains ask for one job again and again; a table may hold very many
def layouts(experts, layers, domain, devices, sequences, given=()):
    """Return columns of every layout to be tried, read-only arrays by name; experts: 1 for a dense model.

    Tensor groups stay inside a domain, experts are spread over devices that hold one stage, every microbatch is whole,
    every chunk has a layer, and chunks need as many microbatches as there are stages. given: pairs of name and number.
    """
    dense = experts <= 1
    choices = {
        "microbatch": np.array(MICROBATCH),
        "tensor_devices": _powers(min(domain, TENSOR[dense])),
        "context_devices": _powers(CONTEXT[dense]),
        "expert_devices": _powers(1 if dense else min(experts, EXPERTS)),
        "stages": _powers(min(layers, STAGES)),
        "chunks": np.array(CHUNKS),
    }
    choices |= {name: np.array([number]) for name, number in given}
    grid = {
        name: each.ravel() for name, each in zip(choices, np.meshgrid(*choices.values(), indexing="ij"), strict=True)
    }
    good = np.logical_and.reduce([fine for _, fine, _ in rules(grid, layers, devices, sequences)])
    good &= even(grid, devices, sequences, "chunks" in dict(given))
    found = {name: each[good] for name, each in grid.items()}
    for each in found.values():
        each.flags.writeable = False
    return found


def even(rows, devices, sequences, given):
    """Tell which layouts have one chunk, or more that every round of microbatches fills; given: chunks are set."""
    rounds = (
        sequences * rows["tensor_devices"] * rows["context_devices"] * rows["stages"] / devices / rows["microbatch"]
    )
    chosen = given | (rows["chunks"] == 1)
    return (chosen | (rows["stages"] > 1)) & (
        chosen | (rounds % np.minimum(rows["stages"], np.maximum(rounds, 1)) == 0)
    )


def _powers(most):
    """Return the powers of two up to a number, from 1."""
    return 2.0 ** np.arange(int(np.log2(most)) + 1)


def rules(rows, layers, devices, sequences):
    """Yield (sentence, array of bool, bool): what a layout must keep, which rows do, and whether a part alone can tell.

    A part alone is told with 1 in place of all others.
    """
    group = rows["tensor_devices"] * rows["context_devices"] * rows["stages"]
    data = devices / group
    yield "tensor_devices x context_devices x stages divide devices", (data >= 1) & (data == np.floor(data)), True
    rounds = sequences / (np.maximum(np.floor(data), 1) * rows["microbatch"])
    yield (
        "microbatch x devices / (tensor_devices x context_devices x stages) divides sequences",
        (rounds >= 1) & (rounds == np.floor(rounds)),
        False,
    )
    spread = devices / (rows["expert_devices"] * rows["stages"])
    yield "expert_devices x stages divide devices", (spread >= 1) & (spread == np.floor(spread)), True
    yield "stages x chunks are at most layers", rows["stages"] * rows["chunks"] <= layers, True


def fewest_devices(columns, job, overlap=1.0):
    """Return the fewest devices, doubled from one, on which some layout of a job fits; None where none does."""
    devices = 1.0
    while devices <= MOST_DEVICES:
        if best(columns, {**job, "devices": devices}, {}, overlap):
            return devices
        devices *= 2
    return None


def complete(columns, rows):
    """Return rows with every part of the layout that is not a number filled in with the best, where one fits.

    rows: mapping of arrays of one length: JOB, overlap, LAYOUT. Equal questions are answered once.
    """
    table = np.stack([np.asarray(rows[name], float) for name in (*JOB, "overlap", *LAYOUT)])
    asked = np.flatnonzero(np.isnan(table).any(axis=0))
    if not len(asked):
        return rows
    # not a number equals nothing, itself included: 0 stands for a part that is not given
    questions, place = np.unique(np.nan_to_num(table[:, asked]), axis=1, return_inverse=True)
    for number, question in enumerate(questions.T):
        job = dict(zip(JOB, map(float, question), strict=False))
        given = {n: float(v) for n, v in zip(LAYOUT, question[len(JOB) + 1 :], strict=True) if v > 0}
        layout = best(columns, job, given, float(question[len(JOB)]))
        if layout:
            same = asked[np.ravel(place) == number]
            table[len(JOB) + 1 :, same] = np.array([layout[name] for name in LAYOUT])[:, None]
    return {**rows, **dict(zip(LAYOUT, table[len(JOB) + 1 :], strict=True))}
