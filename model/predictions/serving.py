"""What can be asked of a step and of serving: idle time, throughput, the frontier, the devices that are needed."""

import numpy as np

from model.laws import idle, serving
from model.laws import step as laws
from model.machine import frontier, layouts, memory, step_fit
from model.machine.step import Asked, duration, idle_shares, step
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.numbers import catalog
from model.predictions.inputs import COPIES, OPTIONAL, Input, RowError, count, mean
from model.predictions.longest import refuse_beyond
from model.predictions.quantity import Found, Quantity

PRECISIONS = ("bf16", "fp8", "int8", "nvfp4")


def workloads():
    """Return the names of the workloads of data/: any whose rows a quantity needs can be asked."""
    return tuple(catalog.read("workloads").workload.unique())


def engines():
    """Return the names of the serving softwares that have an overhead of their own, and the pooled one."""
    return (*(fit for fit, name in step_fit.names() if name == "layer_overhead"), "pooled")


MODEL = Input(
    "model",
    choices=workloads,
    meaning="a workload of data/workloads.csv, or a config.json",
    files=".json",
    known_as="workloads",
)
CONTEXT = mean("context", low=1.0, high=1e7)
PRECISION = Input("precision", choices=PRECISIONS, meaning="of weights and matrix products", known_as="formats")
ENGINE = Input(
    "engine",
    OPTIONAL,
    choices=engines,
    meaning="serving software; left out: pooled, or the machine's own",
    known_as="priors",
)
SPEED = Input("speed", low=0.1, high=1e5, meaning="tokens per second that each user gets")
CACHE = Input("kv_bytes_per_element", OPTIONAL, low=0.25, high=4.0, meaning="left out: what the format's runs use")
LAYOUTS = Input("layouts", "run", choices=("run", "all"), meaning="those near what somebody has run, or all")
DEVICES = count("devices", default=OPTIONAL, high=1e5, meaning="most devices of one instance")
SPLIT = (
    count("tensor_devices", default=1.0, high=1e4, meaning="devices that split attention"),
    count(
        "expert_devices", default=OPTIONAL, high=1e4, meaning="devices over which experts are spread; left out: ranks"
    ),
)
STEP = (
    MODEL,
    count("ranks", high=1e4, meaning="devices of the group"),
    mean("batch", high=1e6, meaning="requests per device"),
    CONTEXT,
    PRECISION,
)
DRAWS = 4000  # of a step's interval: no constant leads
HELD_NOWHERE = "no group of up to 4,096 devices holds that"
ACCEPTED = Input("tokens_per_step", 1.0, low=1.0, high=16.0, meaning="tokens credited for each request and step")


def refuse_what_does_not_fit(scenario, choices, rows):
    """Raise ValueError for the first row whose weights and cache do not fit, with what would.

    Even at the largest share of memory that is recorded as usable; rows: columns of `memory.largest_batch` and batch.
    """
    model, precision = choices["model"], choices["precision"]
    roomy = scenario.roomiest()
    held = memory.largest_batch(roomy, model, precision, rows)
    whole = 1 / rows.get("tensor_devices", 1.0)  # of a device: whoever answers a request holds all of it
    rows = {**rows, "batch": np.maximum(rows["batch"], whole)}
    if np.all(fits := held >= rows["batch"]):
        return
    row = int(np.argmin(fits))
    held, *columns = (np.broadcast_to(each, fits.shape)[row] for each in (held, *rows.values()))
    point = dict(zip(rows, columns, strict=True))
    requests, kv = point["batch"] * point["ranks"], point.get("kv_bytes_per_element")
    few = roomy.would_hold(model, precision, requests, point["context"], kv)
    most = np.maximum(held, 0.0)
    raise RowError(
        row, f"memory of {point['ranks']:g} devices holds {most:.3g} requests of {point['batch']:g} per device; {few}"
    )


def refuse_what_cannot_be(scenario, choices, rows):
    """Raise RowError for the first row with more ranks than experts, or heads of attention, have use for.

    ValueError for another's software.
    """
    refuse_foreign(scenario, choices)
    workload, dies = scenario.facts("workloads", choices["model"]), np.max(scenario.system("dies", 1))
    heads, tensor = workload("attention_heads"), rows.get("tensor_devices", np.ones(1))
    if (bad := (tensor > 1) & (tensor * dies > heads)).any():
        row = int(np.argmax(bad))
        raise RowError(
            row,
            f"{choices['model']} has {heads:g} heads of attention, too few for tensor_devices of {tensor[row]:g}: give "
            f"{np.maximum(np.floor(heads / dies), 1.0):g} or fewer, which divide ranks",
        )
    if not workload("moe_layers"):
        return
    given = rows.get("expert_devices", np.nan)
    spread, experts = np.where(np.isnan(given), rows["ranks"], given), workload("experts")
    if (bad := spread * dies > COPIES * experts).any():
        row = int(np.argmax(bad))
        raise RowError(
            row,
            f"{choices['model']} has {experts:g} experts, too few for {spread[row]:g} devices of {dies:g} "
            f"rank{'' if dies == 1 else 's'} each: give expert_devices of {COPIES * experts / dies:g} or fewer, which "
            f"divide ranks",
        )


def refuse_foreign(scenario, choices):
    """Raise ValueError where the serving software asked for does not run on the machine.

    One that is a maker's own runs on its maker's devices alone; those that are nobody's run on both.
    """
    engine, ascend = choices.get("engine"), scenario.system("runs_cann", 0.0)
    if (engine == "cann" and not ascend) or (engine == "trtllm" and ascend):
        raise ValueError(f"the engine {engine} does not run on {scenario.name}: choose another, or leave it out")


def refuse_weights_that_do_not_fit(scenario, choices, rows):
    """Raise RowError for the first row of training whose weights alone do not fit, spread over ranks and stages."""
    spread = {
        name: rows["stages"] * rows[name] for name in ("ranks", "tensor_devices", "expert_devices") if name in rows
    }
    held = memory.largest_batch(scenario.roomiest(), choices["model"], choices["precision"], rows | spread)
    if (bad := held <= 0).any():
        row = int(np.argmax(bad))
        raise RowError(
            row,
            f"memory of {np.broadcast_to(spread['ranks'], bad.shape)[row]:g} devices (ranks x stages) does not "
            f"hold the weights alone: give more ranks or stages",
        )


def moe_idle_share(scenario, choices, rows):
    """Return the share of a step in which compute units wait, or one part of it. Laws: laws.idle, laws.step."""
    return idle_parts(scenario, choices, rows, float(choices["overlap"]))[choices["part"]] + 0 * rows["ranks"]


def idle_parts(scenario, choices, rows, overlap):
    """Return the idle shares of a step by part, all of them as `all`; overlap: 1 where two microbatches may do so."""
    asked = Asked(choices["model"], choices["phase"], choices["precision"], choices.get("engine"))
    if scenario.sampler is None:
        refuse_beyond(choices, rows["context"], "context")
        refuse_what_cannot_be(scenario, choices, rows)
        if choices["phase"] == "training":
            _refuse_stages(scenario, choices, rows)
            refuse_weights_that_do_not_fit(scenario, choices, rows)
        else:
            _refuse_pipeline(choices, rows)
            refuse_what_does_not_fit(scenario, choices, rows)
    time, busy, fair = step(scenario, asked, rows, None if overlap == 1 else False)
    return idle_shares(time, busy, fair, rows.get("stages", 1.0), rows.get("microbatches", 1.0))


def _refuse_stages(scenario, choices, rows):
    """Raise RowError for the first row with more stages than the workload has layers, or microbatches to fill them."""
    layers = scenario.facts("workloads", choices["model"])("layers")
    if (bad := rows["stages"] > layers).any():
        row = int(np.argmax(bad))
        raise RowError(row, f"stages is {rows['stages'][row]:g}; it takes a whole number up to {layers:g} layers")
    stages, microbatches = np.broadcast_arrays(rows["stages"], rows["microbatches"])
    if (bad := stages > microbatches).any():
        row = int(np.argmax(bad))
        raise RowError(
            row,
            f"stages is {stages[row]:g} and microbatches {microbatches[row]:g}, which never fill that pipeline: give "
            f"microbatches of as many or more",
        )


def _refuse_pipeline(choices, rows):
    """Raise RowError for the first row that has a pipeline outside training, whose law alone knows one."""
    for name in ("stages", "microbatches"):
        if (bad := rows[name] != 1).any():
            raise RowError(int(np.argmax(bad)), f"{name} belong to phase=training, and phase is {choices['phase']}")


def decode_throughput(scenario, choices, rows):
    """Return tokens credited per second and device at a given layout and batch; 0 in a draw that does not fit.

    Laws: laws.step, laws.serving.memory. Where the software may overlap, the shorter of one batch and two microbatches.
    """
    accepted = rows["tokens_per_step"]
    processed = rows.get("processed", np.nan)
    rows = {**rows, "processed": np.where(np.isnan(processed), np.ceil(accepted), processed)}
    if scenario.sampler is None:
        refuse_beyond(choices, rows["context"], "context")
        refuse_what_cannot_be(scenario, choices, rows)
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
    if scenario.sampler is None:
        refuse_beyond(choices, rows["context"], "context")
        refuse_foreign(scenario, choices)
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
        if devices and scenario.sampler is None:
            _refuse_too_few(scenario, choices, given, devices, int(np.argmax(same)))
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


def _refuse_too_few(scenario, choices, given, devices, row):
    """Raise RowError where so many devices do not hold a workload and one request, whatever the layout."""
    few = memory.fewest_devices(
        scenario.roomiest(),
        choices["model"],
        choices["precision"],
        1.0,
        given["context"],
        given.get("kv_bytes_per_element"),
    )
    if few > devices:
        raise RowError(row, f"memory of {devices:g} devices does not hold one request: {float(few):g} devices would")


def prefill_throughput(scenario, choices, rows):
    """Return prompt tokens per second and device at a given layout. Laws: laws.step with expanded, causal attention."""
    if scenario.sampler is None:
        refuse_beyond(choices, rows["sequence"], "sequence")
        refuse_what_cannot_be(scenario, choices, rows)
        refuse_what_does_not_fit(scenario, choices, _prompts(scenario, rows))
    return prefill_rate(scenario, choices, rows)


def _prompts(scenario, rows):
    """Return the operating point of a step of prefill: prompts that fill the tokens that rows say, or usual ones."""
    chunk = rows.get("prefill_tokens")
    chunk = scenario.facts("assumptions", "prefill")("prefill_tokens") if chunk is None else chunk
    return {**rows, "context": rows["sequence"], "batch": chunk / rows["sequence"], "prefill_tokens": chunk}


def prefill_rate(scenario, choices, rows):
    """Return prompt tokens per second and device at a given layout, whether or not memory holds them.

    rows: as of the quantity and, where they are known, prefill_tokens (of a step on a device) and skew.
    """
    asked = Asked(choices["model"], "prefill", choices["precision"], choices.get("engine"))
    point = _prompts(scenario, rows)
    return point["prefill_tokens"] / (duration(scenario, asked, point) * scenario.step_scatter(asked.model))


def service_frontier(scenario, choices, rows):
    """Return tokens in and out per second and device, prefill's devices counted, at a speed per user; 0 out of reach.

    Decode runs at its best layout for the speed, prefill at the best of small groups that hold the weights. Laws:
    laws.step, laws.serving.service.
    """
    inputs, outputs = rows["input_tokens"], rows["output_tokens"]
    if scenario.sampler is None:
        refuse_beyond(choices, inputs + outputs, "input_tokens with output_tokens")
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
    model, precision = choices["model"], choices["precision"]
    widest = layouts.widest_tensor_group(scenario, model)
    few = float(memory.fewest_devices(scenario.roomiest(), model, precision, 1.0, float(np.max(lengths))))
    best = np.zeros(1)
    for ranks in (few, 2 * few, 4 * few):
        for tensor, spread in ((1.0, ranks), (ranks, ranks), (ranks, 1.0)):
            if tensor > widest:
                continue
            rows = {"ranks": np.full(len(lengths), ranks), "sequence": lengths}
            rows |= {"tensor_devices": np.full(len(lengths), tensor), "expert_devices": np.full(len(lengths), spread)}
            held = memory.largest_batch(scenario, model, precision, rows | {"context": lengths})
            best = np.maximum(best, np.where(held > 0, prefill_rate(scenario, choices, rows), 0.0))
    return best


def devices_needed(scenario, choices, rows):
    """Return the fewest devices of one instance that hold a workload and its requests. Law: laws.serving.memory."""
    if scenario.sampler is None:
        refuse_beyond(choices, rows["context"], "context")
    found = memory.fewest_devices(
        scenario,
        choices["model"],
        choices["precision"],
        rows["batch"],
        rows["context"],
        rows.get("kv_bytes_per_element"),
    )
    if scenario.sampler is None and not np.all(np.isfinite(found)):
        raise RowError(int(np.argmax(~np.isfinite(found))), HELD_NOWHERE)
    return found


LAYOUT = ("ranks", "tensor_devices", "expert_devices", "drafts", "batch")


SERVICE = (  # inputs of whatever rests on the frontier of a service
    MODEL,
    SPEED,
    mean("input_tokens", low=1.0, high=1e7),
    mean("output_tokens", low=1.0, high=1e7),
    PRECISION,
    ENGINE,
    DEVICES,
    LAYOUTS,
)
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
            count("stages", default=1.0, high=1e3, meaning="of the pipeline, in training"),
            count("microbatches", default=1.0, high=1e6, meaning="of a step of training"),
            Input(
                "part",
                "all",
                choices=("all", "exchange", "imbalance", "bubble"),
                meaning="which part of the idle share",
            ),
        ),
        moe_idle_share,
        draws=DRAWS,
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
            count(
                "processed",
                default=OPTIONAL,
                high=17.0,
                meaning="tokens processed for a request; left out: credited, whole",
            ),
            CACHE,
            ENGINE,
        ),
        decode_throughput,
        others=(laws.two_batches,),
        draws=DRAWS,
    ),
    Quantity(
        "decode_frontier",
        "token/s",
        "the best tokens per second and device at a speed per user, over batch, ranks and layout; 0 out of reach",
        serving.speed,
        symbols.decode_throughput,
        (
            MODEL,
            SPEED,
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
        draws=DRAWS,
    ),
    Quantity(
        "prefill_throughput",
        "token/s",
        "prompt tokens per second and device",
        laws.filled_one_batch,
        symbols.prefill_throughput,
        (
            MODEL,
            count("ranks", high=1e4, meaning="devices of the group"),
            *SPLIT,
            mean("sequence", low=1.0, high=1e7, meaning="tokens of a prompt"),
            PRECISION,
            ENGINE,
        ),
        prefill_throughput,
        others=(laws.filled_two_batches,),
        draws=DRAWS,
    ),
    Quantity(
        "service_frontier",
        "token/s",
        "tokens in and out per second and device, prefill's devices counted, at a speed per user; 0 out of reach",
        serving.service,
        symbols.service_throughput,
        SERVICE,
        service_frontier,
        layout=LAYOUT,
        draws=DRAWS,
    ),
    Quantity(
        "devices_needed",
        "1",
        "fewest devices of one instance that hold a workload and its requests",
        serving.memory,
        symbols.batch_limit,
        (MODEL, mean("batch", meaning="requests of the instance"), CONTEXT, PRECISION, CACHE),
        devices_needed,
    ),
)
