"""What can be asked of a step and of serving: idle time, throughput, the frontier, the devices that are needed."""

import numpy as np

from model.laws import idle, serving
from model.laws import step as laws
from model.machine import frontier, layouts, memory, step_fit
from model.machine.step import Asked, duration, idle_shares, step
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.numbers import catalog
from model.predictions.inputs import OPTIONAL, Input, RowError, count
from model.predictions.quantity import Found, Quantity

PRECISIONS = ("bf16", "fp8", "int8", "nvfp4")


def workloads():
    """Return the names of the workloads of data/: any whose rows a quantity needs can be asked."""
    return tuple(catalog.read("workloads").workload.unique())


def engines():
    """Return the names of the serving softwares that have an overhead of their own, and the pooled one."""
    return (*(fit for fit, name in step_fit.names() if name == "layer_overhead"), "pooled")


MODEL = Input("model", choices=workloads, meaning="a workload of data/workloads.csv, or a config.json", files=".json")
CONTEXT = count("context")
PRECISION = Input("precision", choices=PRECISIONS, meaning="of weights and matrix products")
ENGINE = Input("engine", OPTIONAL, choices=engines, meaning="serving software; left out: pooled, or the machine's own")
CACHE = Input("kv_bytes_per_element", OPTIONAL, low=0.25, high=4.0, meaning="left out: what the format's runs use")
LAYOUTS = Input("layouts", "run", choices=("run", "all"), meaning="those near what somebody has run, or all")
DEVICES = count("devices", default=OPTIONAL, meaning="most devices of one instance")
SPLIT = (
    count("tensor_devices", default=1.0, meaning="devices that split attention"),
    count("expert_devices", default=OPTIONAL, meaning="devices over which experts are spread; left out: ranks"),
)
STEP = (
    MODEL,
    count("ranks", meaning="devices of the group"),
    count("batch", low=1e-3, meaning="requests per device"),
    CONTEXT,
    PRECISION,
)
ACCEPTED = Input("tokens_per_step", 1.0, low=1.0, high=16.0, meaning="tokens credited for each request and step")


def refuse_what_does_not_fit(scenario, choices, rows):
    """Raise ValueError for the first row whose weights and cache do not fit, with what would.

    Even at the largest share of memory that is recorded as usable; rows: columns of `memory.largest_batch` and batch.
    """
    model, precision = choices["model"], choices["precision"]
    roomy = scenario.roomiest()
    held = memory.largest_batch(roomy, model, precision, rows)
    if np.all(fits := held >= rows["batch"]):
        return
    row = int(np.argmin(fits))
    held, *columns = (np.broadcast_to(each, fits.shape)[row] for each in (held, *rows.values()))
    point = {name: float(number) for name, number in zip(rows, columns, strict=True)}
    needed = memory.fewest_devices(
        roomy, model, precision, point["batch"] * point["ranks"], point["context"], point.get("kv_bytes_per_element")
    )
    most = max(float(held), 0.0)
    few = f"{float(needed):g} devices would hold that many requests in all" if np.isfinite(needed) else "no group would"
    raise RowError(
        row, f"memory of {point['ranks']:g} devices holds {most:.3g} requests of {point['batch']:g} per device; {few}"
    )


def moe_idle_share(scenario, choices, rows):
    """Return the share of a step in which compute units wait, or one part of it. Laws: laws.idle, laws.step."""
    asked = Asked(choices["model"], choices["phase"], choices["precision"], choices.get("engine"))
    if choices["phase"] == "decode" and scenario.sampler is None:
        refuse_what_does_not_fit(scenario, choices, rows)
    tried = None if choices["overlap"] == "1" else False
    time, busy, fair = step(scenario, asked, rows, tried)
    shares = idle_shares(time, busy, fair, rows.get("stages", 1.0), rows.get("microbatches", 1.0))
    return shares[choices["part"]] + 0 * rows["ranks"]


def decode_throughput(scenario, choices, rows):
    """Return tokens credited per second and device at a given layout and batch; 0 in a draw that does not fit.

    Laws: laws.step, laws.serving.memory. Where the software may overlap, the shorter of one batch and two microbatches.
    """
    accepted = rows["tokens_per_step"]
    processed = rows.get("processed", np.nan)
    rows = {**rows, "processed": np.where(np.isnan(processed), np.ceil(accepted), processed)}
    if scenario.sampler is None:
        refuse_what_does_not_fit(scenario, choices, rows)
    asked = Asked(choices["model"], "decode", choices["precision"], choices.get("engine"))
    time = duration(scenario, asked, rows)
    throughput = rows["batch"] * accepted / (time * scenario.step_scatter(asked.model))
    if scenario.sampler is None:
        return throughput
    fits = memory.largest_batch(scenario, asked.model, asked.precision, rows) >= rows["batch"]
    return np.where(fits, throughput, 0.0)


def decode_frontier(scenario, choices, rows):
    """Return the best tokens per second and device at a speed per user, 0 out of reach, with its layout.

    Laws: laws.step, laws.serving. Over layouts that were run on the machine, or all, and over drafts where none is
    given.
    """
    asked = Asked(choices["model"], "decode", choices["precision"], choices.get("engine"))
    names = ("context", "tokens_per_step", "kv_bytes_per_element", "devices")
    conditions = (np.asarray(rows.get(name, np.nan), float) for name in names)
    *beside, asked_speeds = np.broadcast_arrays(*conditions, rows["speed"])
    columns = np.nan_to_num(np.stack(beside), nan=-1.0)  # not given, and equal to itself
    distinct, place = np.unique(columns, axis=1, return_inverse=True)
    result = np.zeros((scenario.sampler.draws if scenario.sampler else 1, len(asked_speeds)))
    layout = {name: np.full(len(asked_speeds), np.nan) for name in LAYOUT}
    known = layouts.run(scenario.name) if choices["layouts"] == "run" else layouts.possible(scenario, asked.model)
    scatter = scenario.step_scatter(asked.model)
    for number, values in enumerate(distinct.T):
        same = np.ravel(place) == number
        given = {name: float(value) for name, value in zip(names, values, strict=True) if value >= 0}
        accepted, devices = given.pop("tokens_per_step", None), given.pop("devices", None)
        found = frontier.curves(scenario, asked, given, layouts.within(known, devices), accepted)
        throughput, batch, chosen = frontier.best(scenario, asked, found, asked_speeds[same], scatter)
        result[:, same] = throughput
        if scenario.sampler is None and found is not None:
            reached = throughput[0] > 0
            at = [found.layout[each] for each in chosen[0]]
            found_at = {
                "ranks": [each.ranks for each in at],
                "tensor_devices": [each.tensor_devices for each in at],
                "expert_devices": [each.expert_devices for each in at],
                "drafts": found.drafts[chosen[0]],
                "batch": batch[0],
            }
            for name, column in found_at.items():
                layout[name][same] = np.where(reached, column, np.nan)
    return Found(result, layout) if scenario.sampler else Found(result[0], layout)


def prefill_throughput(scenario, choices, rows):
    """Return prompt tokens per second and device at a given layout. Laws: laws.step with expanded, causal attention."""
    if scenario.sampler is None:
        refuse_what_does_not_fit(scenario, choices, _prompts(scenario, rows))
    return prefill_rate(scenario, choices, rows)


def _prompts(scenario, rows):
    """Return the operating point of a step of prefill: as many prompts as fill it."""
    chunk = scenario.facts("assumptions", "prefill")("prefill_tokens")
    return {**rows, "context": rows["sequence"], "batch": chunk / rows["sequence"]}


def prefill_rate(scenario, choices, rows):
    """Return prompt tokens per second and device at a given layout, whether or not memory holds them."""
    asked = Asked(choices["model"], "prefill", choices["precision"], choices.get("engine"))
    point = _prompts(scenario, rows)
    tokens = point["batch"] * point["context"]
    return tokens / (duration(scenario, asked, point) * scenario.step_scatter(asked.model))


def service_frontier(scenario, choices, rows):
    """Return tokens in and out per second and device, prefill's devices counted, at a speed per user; 0 out of reach.

    Decode runs at its best layout for the speed, prefill at the best of small groups that hold the weights. Laws:
    laws.step, laws.serving.service.
    """
    inputs, outputs = rows["input_tokens"], rows["output_tokens"]
    decode = decode_frontier(scenario, choices, rows | {"context": inputs + outputs / 2})
    prefill = _prefill_rates(scenario, choices, inputs)
    columns = {
        "input_tokens": inputs,
        "output_tokens": outputs,
        "decode_throughput": decode.values,
        "prefill_throughput": prefill,
    }
    total = compute(serving.service.solve(symbols.service_throughput), columns)
    return Found(np.where(decode.values > 0, total, 0.0), decode.layout)


def _prefill_rates(scenario, choices, lengths):
    """Return the best prefill rate of small groups that hold the weights, for prompts of several lengths."""
    model, precision, domain = choices["model"], choices["precision"], float(np.median(scenario.system("domain")))
    few = float(memory.fewest_devices(scenario.roomiest(), model, precision, 1.0, float(np.max(lengths))))
    best = np.zeros(1)
    for ranks in (few, 2 * few, 4 * few):
        for tensor, spread in ((1.0, ranks), (ranks, ranks), (ranks, 1.0)):
            if tensor > domain:
                continue
            rows = {"ranks": np.full(len(lengths), ranks), "sequence": lengths}
            rows |= {"tensor_devices": np.full(len(lengths), tensor), "expert_devices": np.full(len(lengths), spread)}
            held = memory.largest_batch(scenario, model, precision, rows | {"context": lengths})
            best = np.maximum(best, np.where(held > 0, prefill_rate(scenario, choices, rows), 0.0))
    return best


def devices_needed(scenario, choices, rows):
    """Return the fewest devices of one instance that hold a workload and its requests. Law: laws.serving.memory."""
    found = memory.fewest_devices(
        scenario,
        choices["model"],
        choices["precision"],
        rows["batch"],
        rows["context"],
        rows.get("kv_bytes_per_element"),
    )
    if scenario.sampler is None and not np.all(np.isfinite(found)):
        raise RowError(int(np.argmax(~np.isfinite(found))), "no group of up to 4,096 devices holds that")
    return found


LAYOUT = ("ranks", "tensor_devices", "expert_devices", "drafts", "batch")


QUANTITIES = (
    Quantity(
        "moe_idle_share",
        "1",
        "share of a step in which a device's compute units wait",
        idle.idle,
        symbols.moe_idle_share,
        (
            *STEP,
            *SPLIT,
            CACHE,
            ENGINE,
            Input("phase", choices=("prefill", "decode", "training"), meaning="what the step does"),
            Input("overlap", "1", choices=("0", "1"), meaning="1: two microbatches hide each other's exchanges"),
            count("stages", default=1.0),
            count("microbatches", default=1.0),
            Input(
                "part",
                "all",
                choices=("all", "exchange", "imbalance", "bubble"),
                meaning="which part of the idle share",
            ),
        ),
        moe_idle_share,
    ),
    Quantity(
        "decode_throughput",
        "token/s",
        "tokens accepted per second and device",
        laws.one_batch,
        symbols.decode_throughput,
        (
            *STEP,
            *SPLIT,
            ACCEPTED,
            count("processed", default=OPTIONAL, meaning="tokens processed for a request; left out: credited, whole"),
            CACHE,
            ENGINE,
        ),
        decode_throughput,
    ),
    Quantity(
        "decode_frontier",
        "token/s",
        "the best tokens per second and device at a speed per user, over batch, ranks and layout; 0 out of reach",
        serving.speed,
        symbols.decode_throughput,
        (
            MODEL,
            Input("speed", low=1e-3, high=1e6, meaning="tokens per second that each user gets"),
            CONTEXT,
            PRECISION,
            Input("tokens_per_step", OPTIONAL, low=1.0, high=16.0, meaning="left out: the best number of drafts"),
            CACHE,
            ENGINE,
            DEVICES,
            LAYOUTS,
        ),
        decode_frontier,
        layout=LAYOUT,
    ),
    Quantity(
        "prefill_throughput",
        "token/s",
        "prompt tokens per second and device",
        laws.serial,
        symbols.step_time,
        (
            MODEL,
            count("ranks", meaning="devices of the group"),
            *SPLIT,
            count("sequence", meaning="tokens of a prompt"),
            PRECISION,
            ENGINE,
        ),
        prefill_throughput,
    ),
    Quantity(
        "service_frontier",
        "token/s",
        "tokens in and out per second and device, prefill's devices counted, at a speed per user; 0 out of reach",
        serving.service,
        symbols.service_throughput,
        (
            MODEL,
            Input("speed", low=1e-3, high=1e6, meaning="tokens per second that each user gets"),
            count("input_tokens"),
            count("output_tokens"),
            PRECISION,
            ENGINE,
            DEVICES,
            LAYOUTS,
        ),
        service_frontier,
        layout=LAYOUT,
    ),
    Quantity(
        "devices_needed",
        "1",
        "fewest devices of one instance that hold a workload and its requests",
        serving.memory,
        symbols.batch_limit,
        (MODEL, count("batch", low=1e-3, meaning="requests of the instance"), CONTEXT, PRECISION, CACHE),
        devices_needed,
    ),
)
