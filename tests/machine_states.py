"""Random jobs on random machines, as the page on a reader's own machine holds them: most of them can be answered."""

import numpy as np

from model.studies.your_machine import serving, steps, training

RANGES = {  # of inputs as people ask them, and somewhat beyond
    "ranks": (1, 4096),
    "tokens": (0.5, 1e4),
    "hidden": (512, 16384),
    "experts": (8, 512),
    "topk": (1, 16),
    "bytes_per_element": (0.25, 4.5),
    "bytes": (128, 1e11),
    "devices": (1, 1e6),
    "failure_rate": (1e-12, 1e-6),
    "checkpoint_write": (0.1, 600),
    "downtime": (0.5, 4000),
    "reload": (1, 4000),
    "interval": (60, 1e5),
    "withdrawn": (1, 64),
    "repair": (3600, 1e6),
    "confidence": (0.5, 0.9999),
    "domain": (1, 1000),
    "unavailability": (1e-5, 0.25),
    "batch": (0.01, 500),
    "instance_batch": (0.01, 1e6),
    "idle_stages": (1, 64),
    "microbatches": (1, 256),
    "context": (100, 1e5),
    "sequence": (10, 1e6),
    "tensor_devices": (1, 8),
    "expert_devices": (1, 64),
    "tokens_per_step": (1, 3),
    "processed": (2, 5),
    "kv_bytes_per_element": (0.5, 2),
    "fabric_availability": (0.79, 1.0),
    "overlap": (1, 1.5),
    **dict.fromkeys(("sequences", "training_sequence", "microbatch", "stages", "chunks", "context_devices"), (1, 2)),
    **dict.fromkeys(("training_tensor_devices", "training_expert_devices"), (1, 2)),
    "speed": (2, 300),
    "instance_devices": (4, 1000),
    "input_tokens": (50, 1e5),
    "output_tokens": (10, 1e4),
    "fleet": (30, 1e6),
    "site_power": (3e4, 1e9),
    "monthly_budget": (1e4, 1e9),
    "purchase_budget": (1e6, 1e11),
    "larger_domain": (8, 600),
    "small_domain": (2, 64),
}
FACTS = {
    "memory_capacity": (40e9, 1e12),
    "memory_bandwidth": (1e12, 2e13),
    "domain": (2, 576),
    "scale_up_bandwidth": (50e9, 5e12),
    "scale_out_bandwidth": (10e9, 400e9),
}


def states(name, number, seed, held, changed=False, alike=1):
    """Return random states that ask a quantity, of what the page holds; changed: of machines with other numbers.

    alike: so many, one after another, share their machine and their words, so that the study may take them as a table.
    """
    rng, found = np.random.default_rng(seed), []
    asked = held["quantities"][name]["inputs"]
    for place in range(number):
        if place % alike == 0:
            shared, words = a_machine(rng, held, changed), the_words(rng, name, asked)
        inputs = words | {each["name"]: a_number(rng, each) for each in asked if "words" not in each}
        if name in steps.STEPS:
            inputs |= a_layout(rng)
        if name in training.QUANTITIES:
            inputs |= a_job(rng)
        if name == "moe_idle_share":
            inputs |= a_pipeline(rng, inputs["phase"])
        found.append({**shared, "inputs": inputs})
    return found


def a_machine(rng, held, changed):
    """Return {system, workload, changes}, its numbers that are changed as text."""
    system = str(rng.choice(list(held["systems"])))
    facts, changes = held["systems"][system]["facts"], {}
    for fact, bounds in FACTS.items() if changed else ():
        if fact in facts and rng.random() < 0.6:
            number = np.exp(rng.uniform(*np.log(bounds)))
            changes[fact] = f"{(np.round(number) if fact == 'domain' else number) / facts[fact]['size']:.6g}"
    return {"system": system, "workload": str(rng.choice(list(held["workloads"]))), "changes": changes}


def the_words(rng, name, asked):
    """Return a word for each input that takes words; what few machines know, or takes long, is rare."""
    words = {each["name"]: str(rng.choice(each["words"])).replace("*", "") for each in asked if "words" in each}
    if name in training.QUANTITIES:
        words["training_precision"] = str(rng.choice(["bf16", "fp8", "fp8", "fp8", "mxfp8", "nvfp4"]))
    if name in serving.QUANTITIES:
        words["layouts"] = str(rng.choice(["", "run", "all"], p=[0.4, 0.4, 0.2]))
        words["precision"] = str(rng.choice(["fp8", "fp8", "bf16", "int8", "nvfp4"]))
    if name == "moe_idle_share":
        words["engine"] = str(rng.choice(["", "", "pooled", "cann"]))
    return words


def a_number(rng, each):
    """Return a number that an input takes, or is somewhat beyond, as text; one that may be left out in half of all."""
    if each["optional"] and rng.random() < 0.5:
        return ""
    low, high = RANGES[each["name"]]  # a half of an all-reduce takes large buffers alone
    drawn = np.exp(rng.uniform(*np.log((max(low, min(each["low"] / 2, high)), high))))
    return f"{np.round(drawn):.0f}" if each["whole"] else f"{drawn:.6g}"


def moved(rng, name, state, held):
    """Return (name of a number that a quantity takes, the state with another one in its place)."""
    asked = [each for each in held["quantities"][name]["inputs"] if "words" not in each]
    each = asked[int(rng.integers(len(asked)))]
    other = a_number(rng, each | {"optional": False})
    return each["name"], state | {"inputs": state["inputs"] | {each["name"]: other}}


def a_layout(rng):
    """Return a group whose parts divide it, as text; one in four holds more than its memory or has too many devices."""
    ranks = int(rng.choice([1, 2, 4, 8, 16, 24, 32, 48, 64, 72, 100, 144, 256, 288, 512, 1024]))
    parts = [str(each) for each in range(1, ranks + 1) if ranks % each == 0]
    spread = str(rng.choice(["", str(rng.choice(parts))]))
    return {
        "ranks": str(ranks),
        "tensor_devices": str(rng.choice(["1", str(rng.choice(parts))])),
        "expert_devices": spread,
    }


def a_pipeline(rng, phase):
    """Return stages and microbatches as text, in training; one in ten of other phases has some, too."""
    if phase != "training" and rng.random() < 0.9:
        return {"idle_stages": "", "microbatches": ""}
    stages = 2 ** int(rng.integers(0, 7))
    return {"idle_stages": str(stages), "microbatches": str(stages * int(rng.choice([1, 2, 4, 8])))}


def a_job(rng):
    """Return a training job, its layout left out, or set in part or whole, as text; some do not fit, or cannot be."""
    devices, stages = 2.0 ** rng.integers(4, 15), 2.0 ** rng.integers(0, 5)
    layout = {
        "microbatch": rng.choice([1, 2, 3, 4]),
        "training_tensor_devices": 2.0 ** rng.integers(0, 4),
        "context_devices": rng.choice([1, 1, 2]),
        "training_expert_devices": 2.0 ** rng.integers(0, 8),
        "stages": stages,
        "chunks": rng.choice([1, 2, 3, 4]),
    }
    given = rng.random(len(layout)) < rng.choice([0.0, 0.0, 0.3, 1.0])
    words = (f"{number:g}" if known else "" for number, known in zip(layout.values(), given, strict=True))
    return dict(zip(layout, words, strict=True)) | {
        "devices": f"{devices * rng.choice([1, 1, 1, 1, 3]):.0f}",
        "sequences": f"{devices * 2.0 ** rng.integers(-2, 6) * rng.choice([1, 1, 3]):.0f}",
        "training_sequence": str(rng.choice(["", "", "8192", "1000", "131072"])),
    }


def asked_for(name, state, held):
    """Return the inputs of a state as the command line takes them."""
    called = {each["name"]: each.get("asked", each["name"]) for each in held["quantities"][name]["inputs"]}
    words = {key: word for key, word in state["inputs"].items() if word != "" and key in called}
    given = {called[key]: word if key in (*held["choices"], "overlap") else float(word) for key, word in words.items()}
    return given | ({"model": state["workload"]} if "model" in called else {})


def machine(state, held):
    """Return the system of a state and its changes in base units, as options of model.predict."""
    facts = held["systems"][state["system"]]["facts"]
    changes = {fact: float(word) * facts[fact]["size"] for fact, word in state["changes"].items()}
    return {"system": state["system"], "changes": changes}
