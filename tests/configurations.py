"""Files config.json as makers publish them: two by hand, and one for every shape of data/."""

from model.numbers import catalog

LATENT = {
    **{"num_hidden_layers": 61, "hidden_size": 7168, "num_attention_heads": 128, "vocab_size": 129280},
    **{"n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "n_shared_experts": 1},
    **{"first_k_dense_replace": 3, "intermediate_size": 18432, "q_lora_rank": 1536, "kv_lora_rank": 512},
    **{"qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
}
GROUPED = {
    **{"num_hidden_layers": 126, "hidden_size": 16384, "num_attention_heads": 128, "num_key_value_heads": 8},
    **{"vocab_size": 128256, "intermediate_size": 53248},
}
WORKLOADS = tuple(catalog.load("workloads").index)


def published(name):
    """Return the fields of a config.json that the rows of a workload of data/ stand for."""
    row = catalog.load("workloads").loc[name]
    latent = row.kv_elements / row.layers != 2 * row.key_value_heads * row.head_dimension and not row.windowed_layers
    fields = {"num_hidden_layers": row.layers, "hidden_size": row.hidden, "num_attention_heads": row.attention_heads}
    fields |= {"vocab_size": row.vocabulary}
    if latent:
        ranks = ("q_lora_rank", "kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")
        fields |= {each: LATENT[each] for each in ranks}
    else:
        fields |= {"num_key_value_heads": row.key_value_heads, "head_dim": row.head_dimension}
    if row.windowed_layers:
        kinds = ["sliding_attention", "full_attention"] * int(row.windowed_layers)
        fields |= {"sliding_window": row.attention_window, "layer_types": kinds}
    dense = row.dense_ffn_parameters / 3 / row.hidden
    if row.moe_layers:
        routed = [0.0] * int(row.dense_layers) + [1.0] * int(row.moe_layers)
        fields |= {"num_experts": row.experts, "num_experts_per_tok": row.topk, "moe_layer_freq": routed}
        fields |= {"moe_intermediate_size": row.expert_hidden, "n_shared_experts": row.shared_experts}
        dense -= row.moe_layers * row.shared_experts * row.expert_hidden
    if row.dense_layers:
        fields["intermediate_size"] = dense / row.dense_layers
    return {key: int(each) if isinstance(each, float) else each for key, each in fields.items()}
