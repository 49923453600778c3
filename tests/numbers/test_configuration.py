"""A workload from its published config.json: the same shape as the rows of data/, or a refusal that names the field."""

import json

import pytest

from model.numbers import catalog
from model.numbers.configuration import ConfigurationError, shape

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


@pytest.fixture
def config(tmp_path):
    def write(fields):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(fields), encoding="utf-8")
        return str(path)

    return write


@pytest.mark.parametrize(("fields", "name"), [(LATENT, "deepseek-v3"), (GROUPED, "llama-3.1-405b")])
def test_a_configuration_says_what_the_rows_of_its_workload_say(config, fields, name):
    rows, found = catalog.load("workloads").loc[name], shape(config(fields))
    exact = {"layers", "hidden", "experts", "topk", "expert_parameters", "moe_layers", "kv_elements", "key_value_heads"}
    exact |= {"attention_flop_per_context", "attention_flop_per_context_expanded", "dense_ffn_parameters"}
    for quantity in exact:
        assert found[quantity] == rows[quantity], quantity
    for quantity in ("dense_parameters", "total_parameters", "active_parameters"):
        assert found[quantity] == pytest.approx(rows[quantity], rel=0.03), quantity


def test_windowed_layers_keep_a_window(config):
    kinds = ["sliding_attention", "full_attention"] * 18
    fields = {
        **{"num_hidden_layers": 36, "hidden_size": 2880, "num_attention_heads": 64, "num_key_value_heads": 8},
        **{"head_dim": 64, "vocab_size": 201088, "num_local_experts": 128, "num_experts_per_tok": 4},
        **{"intermediate_size": 2880, "sliding_window": 128, "layer_types": kinds},
    }
    found, rows = shape(config(fields)), catalog.load("workloads").loc["gpt-oss-120b"]
    assert found["windowed_layers"] == 18
    for quantity in ("kv_elements", "kv_elements_windowed", "attention_window", "expert_parameters"):
        assert found[quantity] == rows[quantity], quantity


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"index_topk": 2048}, "index_topk says sparse attention"),
        ({"num_hidden_layers": None}, "num_hidden_layers is None; a positive number is needed"),
        ({"num_experts_per_tok": "8"}, "num_experts_per_tok is '8'"),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_field_s_name(config, change, words):
    with pytest.raises(ConfigurationError, match=words):
        shape(config(LATENT | change))


def test_a_file_that_is_none_is_refused_by_its_name(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.json cannot be read"):
        shape(str(tmp_path / "nothing.json"))
