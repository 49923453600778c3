"""A workload from the config.json that is published with its weights: its shape, or what of it cannot be read."""

import json
from functools import cache
from typing import Any

from model.notation.spelling import shortened
from model.numbers.files import text

MOST = 2**22  # bytes of a config.json; published ones have some thousand
EXPERTS = ("n_routed_experts", "num_experts", "num_local_experts")  # one thing, as model families name it
PARTS_OF_EXPERTS = ("num_experts_per_tok", "moe_intermediate_size", "n_shared_experts")
PARTS_OF_LATENT = ("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
REFUSED = {  # a field that says attention is of a kind whose work and cache have no law here
    "index_topk": "sparse attention with an indexer",
    "linear_num_value_heads": "linear attention",
    "mamba_num_heads": "state-space layers",
    "attn_type_list": "linear attention",
    "attention_chunk_size": "chunked attention",
}


class ConfigurationError(ValueError):
    """A config.json that cannot be read as a workload; the message names the file and the field."""


def shape(path: str) -> dict[str, float]:
    """Return the quantities of a workload, by the names of data/workloads.csv, from the path of a config.json.

    Latent and grouped-query attention, with or without windowed layers; dense layers and layers of experts. Raises
    ConfigurationError where the file cannot be read, a field is missing, or attention is of another kind.
    """
    try:
        return dict(_shape(path, text(path, MOST)))
    except ConfigurationError:
        raise
    except ValueError as error:
        raise ConfigurationError(f"{path} cannot be read as a config.json: {error}") from error


@cache
def _shape(path, content):
    """Return the shape of a config.json from its text; path: for messages."""
    fields = _read(path, content)
    layers, hidden, heads = (_number(path, fields, key) for key in _BASIC)
    experts = next((count for key in EXPERTS if (count := _optional(path, fields, key))), 0)
    _refuse_half(path, fields, experts)
    dense = _dense_layers(path, fields, layers) if experts else layers
    moe = layers - dense
    wide = _optional(path, fields, "intermediate_size")
    narrow = _optional(path, fields, "moe_intermediate_size") or wide
    shared = _optional(path, fields, "shared_expert_intermediate_size")
    shared = shared or _optional(path, fields, "n_shared_experts") * narrow
    if not narrow or (dense and not wide):
        raise ConfigurationError(f"{path}: intermediate_size is missing; a positive number is needed")
    vocabulary = _number(path, fields, "vocab_size") * hidden
    attention = _attention(path, fields, layers, hidden, heads)
    ffn = 3 * hidden * (dense * wide + moe * shared)
    read = layers * attention.pop("parameters") + ffn + moe * hidden * experts + vocabulary
    expert = 3 * hidden * narrow if experts else 0
    topk = _number(path, fields, "num_experts_per_tok", most=experts) if experts else 0
    held = 0 if _flag(path, fields, "tie_word_embeddings") else vocabulary
    return {
        **{"layers": layers, "hidden": hidden, "dense_layers": dense, "moe_layers": moe},
        **{"experts": max(experts, 1), "topk": topk, "expert_parameters": expert, "expert_hidden": narrow},
        **{"dense_parameters": read, "dense_ffn_parameters": ffn, "embedding_parameters": held},
        "total_parameters": read + held + moe * experts * expert,
        "active_parameters": read + moe * topk * expert,
        "state_elements": 0.0,
        **attention,
    }


_BASIC = ("num_hidden_layers", "hidden_size", "num_attention_heads")
LARGEST = 1e7  # no size of a model is larger; the largest vocabularies have some hundred thousand words
DEEPEST = 10_000  # layers


def _read(path, content):
    try:
        fields = json.loads(content)
    except RecursionError as error:
        raise ConfigurationError(f"{path} cannot be read as a config.json: it is nested too deeply") from error
    if isinstance(fields, dict):  # a model that also sees keeps the shape of its language part apart
        fields = fields.get("text_config", fields)
    if not isinstance(fields, dict) or not fields:
        raise ConfigurationError(f"{path} holds no fields: give the config.json of a model")
    for key, kind in REFUSED.items():
        if fields.get(key):
            raise ConfigurationError(f"{path}: {key} says {kind}, for which this study has no law of cache and work")
    return fields


def _refuse_half(path, fields, experts):
    """Refuse a file with a part of what describes experts or latent attention: it would be read as another model."""
    if not experts and (found := [key for key in PARTS_OF_EXPERTS if fields.get(key)]):
        raise ConfigurationError(
            f"{path}: {found[0]} is there, but no number of experts: give one of {', '.join(EXPERTS)}"
        )
    if experts and not fields.get("num_local_experts") and not fields.get("moe_intermediate_size"):
        raise ConfigurationError(f"{path}: moe_intermediate_size is missing; the width of an expert is needed")
    if fields.get("kv_lora_rank") is None and (found := [key for key in PARTS_OF_LATENT if fields.get(key)]):
        raise ConfigurationError(f"{path}: {found[0]} says latent attention, but kv_lora_rank is missing")


def _number(path, fields, key, most=LARGEST):
    number = fields.get(key)
    if number is None or _optional(path, fields, key, most) == 0:
        raise ConfigurationError(f"{path}: {key} is {number!r}; a positive number is needed")
    return number


def _optional(path, fields, key, most=LARGEST):
    """Return a whole number of a field, 0 where it is missing or null."""
    number = fields.get(key)
    most = DEEPEST if key == "num_hidden_layers" else most
    whole = isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= most
    if number is not None and not (whole and number == int(number)):
        raise ConfigurationError(
            f"{path}: {key} is {shortened(repr(number))}; a whole number up to {most:,.0f} is needed"
        )
    return int(number or 0)


def _flag(path, fields, key):
    flag = fields.get(key)
    if flag is not None and not isinstance(flag, bool):
        raise ConfigurationError(f"{path}: {key} is {shortened(repr(flag))}; true or false is needed")
    return flag


def _list(path, fields, key, layers):
    """Return the list of a field, empty where it is missing or null."""
    found = fields.get(key)
    if found is not None and not (isinstance(found, list) and len(found) <= layers):
        told = shortened(repr(found))
        raise ConfigurationError(f"{path}: {key} is {told}; a list of at most one item a layer is needed")
    return found or []


def _dense_layers(path, fields, layers):
    """Return the layers without routed experts."""
    if listed := _list(path, fields, "mlp_only_layers", layers):
        return len(listed)
    frequency: Any = fields.get("moe_layer_freq")
    if isinstance(frequency, list):
        return layers - sum(map(bool, _list(path, fields, "moe_layer_freq", layers)))
    steps = ("interleave_moe_layer_step", "decoder_sparse_step", "moe_layer_freq")
    step = next((found for key in steps if (found := _optional(path, fields, key))), 1)
    return _optional(path, fields, "first_k_dense_replace", layers) or layers - layers // step


def _attention(path, fields, layers, hidden, heads):
    """Return what attention holds, caches and works: latent where keys have a rank, else grouped queries."""
    windowed = _windowed(path, fields, layers)
    places = {"attention_layers": layers - windowed, "windowed_layers": windowed}
    places["attention_window"] = _optional(path, fields, "sliding_window") or 1
    if fields.get("kv_lora_rank") is not None:
        rank, rope, plain, value = (
            _number(path, fields, key) for key in ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
        )
        query = _optional(path, fields, "q_lora_rank")
        asked = hidden * query + query * heads * (plain + rope) if query else hidden * heads * (plain + rope)
        kept = hidden * (rank + rope) + rank * heads * (plain + value)
        cached = rank + rope
        found = {
            "parameters": asked + kept + heads * value * hidden,
            "attention_flop_per_context": 2 * heads * (rank + rope + rank),
            "attention_flop_per_context_expanded": 2 * heads * (plain + rope + value),
            "key_value_heads": 1,
        }
    else:
        groups = _optional(path, fields, "num_key_value_heads", heads) or heads
        head = _optional(path, fields, "head_dim") or hidden / heads
        cached = 2 * groups * head
        found = {
            "parameters": 2 * hidden * heads * head + 2 * hidden * groups * head,
            "attention_flop_per_context": 4 * heads * head,
            "attention_flop_per_context_expanded": 4 * heads * head,
            "key_value_heads": groups,
        }
    found["kv_elements"] = (layers - windowed) * cached
    found["kv_elements_windowed"] = windowed * cached
    return found | places


def _windowed(path, fields, layers):
    """Return the layers that keep only a window of the context."""
    if not _optional(path, fields, "sliding_window") or _flag(path, fields, "use_sliding_window") is False:
        return 0
    if kinds := _list(path, fields, "layer_types", layers):
        return sum(kind == "sliding_attention" for kind in kinds)
    return layers
