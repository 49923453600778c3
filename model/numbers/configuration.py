"""A workload from the config.json that is published with its weights: its shape, or what of it cannot be read."""

import json
from functools import cache
from pathlib import Path

EXPERTS = ("n_routed_experts", "num_experts", "num_local_experts")  # one thing, as model families name it
REFUSED = {  # a field that says attention is of a kind whose work and cache have no law here
    "index_topk": "sparse attention with an indexer",
    "linear_num_value_heads": "linear attention",
    "mamba_num_heads": "state-space layers",
    "attn_type_list": "linear attention",
    "attention_chunk_size": "chunked attention",
}


class ConfigurationError(ValueError):
    """A config.json that cannot be read as a workload; the message names the file and the field."""


@cache
def shape(path: str) -> dict[str, float]:
    """Return the quantities of a workload, by the names of data/workloads.csv, from the path of a config.json.

    Latent and grouped-query attention, with or without windowed layers; dense layers and layers of experts. Raises
    ConfigurationError where the file cannot be read, a field is missing, or attention is of another kind.
    """
    fields = _read(path)
    layers, hidden, heads = (_number(path, fields, key) for key in _BASIC)
    experts = next((fields[key] for key in EXPERTS if fields.get(key)), 0)
    dense = _dense_layers(fields, layers) if experts else layers
    moe = layers - dense
    wide = fields.get("intermediate_size") or 0
    narrow = fields.get("moe_intermediate_size") or wide
    shared = fields.get("shared_expert_intermediate_size") or (fields.get("n_shared_experts") or 0) * narrow
    vocabulary = _number(path, fields, "vocab_size") * hidden
    attention = _attention(path, fields, layers, hidden, heads)
    ffn = 3 * hidden * (dense * wide + moe * shared)
    read = layers * attention.pop("parameters") + ffn + moe * hidden * experts + vocabulary
    expert = 3 * hidden * narrow if experts else 0
    topk = _number(path, fields, "num_experts_per_tok") if experts else 0
    held = 0 if fields.get("tie_word_embeddings") else vocabulary
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


def _read(path):
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read as a config.json: {error}") from error
    if not isinstance(fields, dict):
        raise ConfigurationError(f"{path} holds no fields: give the config.json of a model")
    fields = fields.get("text_config", fields)  # a model that also sees keeps the shape of its language part apart
    for key, kind in REFUSED.items():
        if fields.get(key):
            raise ConfigurationError(f"{path}: {key} says {kind}, for which this study has no law of cache and work")
    return fields


def _number(path, fields, key):
    number = fields.get(key)
    if isinstance(number, bool) or not isinstance(number, int | float) or number <= 0:
        raise ConfigurationError(f"{path}: {key} is {number!r}; a positive number is needed")
    return number


def _dense_layers(fields, layers):
    """Return the layers without routed experts."""
    if listed := fields.get("mlp_only_layers"):
        return len(listed)
    if isinstance(frequency := fields.get("moe_layer_freq"), list):
        return layers - sum(map(bool, frequency))
    step = fields.get("interleave_moe_layer_step") or fields.get("decoder_sparse_step") or 1
    return fields.get("first_k_dense_replace") or layers - layers // step


def _attention(path, fields, layers, hidden, heads):
    """Return what attention holds, caches and works: latent where keys have a rank, else grouped queries."""
    windowed = _windowed(fields, layers)
    places = {"attention_layers": layers - windowed, "windowed_layers": windowed}
    places["attention_window"] = fields.get("sliding_window") or 1
    if "kv_lora_rank" in fields:
        rank, rope, plain, value = (
            _number(path, fields, key) for key in ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
        )
        query = fields.get("q_lora_rank")
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
        groups = fields.get("num_key_value_heads") or heads
        head = fields.get("head_dim") or hidden / heads
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


def _windowed(fields, layers):
    """Return the layers that keep only a window of the context."""
    if not fields.get("sliding_window") or fields.get("use_sliding_window") is False:
        return 0
    if kinds := fields.get("layer_types"):
        return sum(kind == "sliding_attention" for kind in kinds)
    return layers
