"""A workload from its published config.json: the same shape as the rows of data/, or a refusal that names the field."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from configurations import GROUPED, LATENT, WORKLOADS, published

import model
from model.numbers import catalog
from model.numbers.configuration import TABLE, ConfigurationError, columns, positions, shape

NODE = shutil.which("node")
EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"


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
        ({"num_hidden_layers": None}, "num_hidden_layers is missing; a positive number is needed"),
        ({"num_experts_per_tok": "8"}, "num_experts_per_tok is text; a whole number up to 256"),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_field_s_name(config, change, words):
    with pytest.raises(ConfigurationError, match=words):
        shape(config(LATENT | change))


DENSE = {
    **{"num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8},
    **{"intermediate_size": 14336, "vocab_size": 32000},
}
ANOTHER_SHAPE = {
    "state spaces beside attention": {"mamba_n_heads": 32, "mamba_d_state": 256},
    "attention in some layers": {"attn_layer_indices": [9, 18, 27]},
    "a pattern of layers": {"hybrid_override_pattern": "M-M*"},
    "recurrent blocks": {"block_types": ["recurrent", "attention"], "lru_width": 4096},
    "convolutions": {"conv_L_cache": 3},
    "linear attention, described aside": {"linear_attn_config": {"kda_layers": [1, 2, 3]}},
    "linear attention between": {"layer_group_size": 8},
    "shared caches": {"num_kv_shared_layers": 15},
    "caches of two layers in one": {"use_cla": True, "cla_share_factor": 2},
    "compressed caches": {"compress_ratios": [4, 128]},
    "heads of another name": {"multi_query_group_num": 2},
    "heads of each layer": {"num_key_value_heads_per_layer": [8, 4]},
    "experts of another name": {"moe_num_experts": 64},
    "windows of another name": {"swa_num_key_value_heads": 8},
    "cross attention": {"cross_attention_layers": [3, 8]},
    "blocks one by one": {"block_configs": [{"attention": {}}]},
    "kinds of layers": {"layer_types": ["full_attention"] * 31 + ["linear_attention"]},
    "kinds of few layers": {"layer_types": ["full_attention"] * 31},
    "windows of no width": {"layer_types": ["sliding_attention"] * 32},
    "an encoder": {"is_encoder_decoder": True},
    "two matrices": {"hidden_act": "relu2"},
    "two matrices, in GPT-NeoX's words": {"hidden_act": "gelu_fast", "model_type": "gpt_neox"},
    "heads that divide nothing": {"hidden_size": 4100},
    "groups that divide no heads": {"num_key_value_heads": 7},
    "a layer with linear attention": {"attn_type_list": [1] * 31 + [0]},
}


@pytest.mark.parametrize("more", ANOTHER_SHAPE.values(), ids=ANOTHER_SHAPE)
def test_a_model_of_another_kind_is_not_taken_for_one_that_is_known(config, pages, more):
    with pytest.raises(ConfigurationError, match="config.json: ") as refusal:
        shape(config(DENSE | more))
    assert any(field in str(refusal.value) for field in (*more, "sliding_window", "num_attention_heads"))
    (page,) = pages([json.dumps(DENSE | more)])
    assert page["refusal"] in str(refusal.value)


def test_fields_that_change_no_shape_change_nothing(config):
    more = {"attention_dropout": 0.1, "layer_norm_eps": 1e-5, "moe_router_dtype": "fp32", "num_nextn_predict_layers": 1}
    more |= {"mamba_n_heads": None, "num_shared_experts": 0, "block_types": [], "use_cla": False, "rope_theta": 1e6}
    more |= {"attn_type_list": [1] * 32, "hidden_act": "silu", "text_config": None, "max_window_layers": 8}
    assert shape(config(DENSE | more)) == shape(config(DENSE))


# What the makers say of their models' sizes: none is a row of data/.
SIZES = {
    "gemma2-9b": (
        9.24e9,
        {"num_hidden_layers": 42, "hidden_size": 3584, "num_attention_heads": 16, "num_key_value_heads": 8}
        | {"head_dim": 256, "intermediate_size": 14336, "vocab_size": 256000, "model_type": "gemma2"},
    ),
    "mixtral-8x22b": (
        141e9,
        {"num_hidden_layers": 56, "hidden_size": 6144, "num_attention_heads": 48, "num_key_value_heads": 8}
        | {"intermediate_size": 16384, "vocab_size": 32768, "num_local_experts": 8, "num_experts_per_tok": 2},
    ),
    "ling-1t": (
        1000e9,
        {"num_hidden_layers": 80, "hidden_size": 8192, "num_attention_heads": 64, "num_key_value_heads": 8}
        | {"head_dim": 128, "intermediate_size": 18432, "moe_intermediate_size": 2048, "num_experts": 256}
        | {"num_experts_per_tok": 8, "num_shared_experts": 1, "first_k_dense_replace": 4, "vocab_size": 157184},
    ),
}


@pytest.mark.parametrize(("size", "fields"), SIZES.values(), ids=SIZES)
def test_a_model_has_as_many_parameters_as_its_makers_say(config, size, fields):
    assert shape(config(fields))["total_parameters"] == pytest.approx(size, rel=0.01)


def test_shared_experts_are_counted_under_either_name(config):
    fields = SIZES["ling-1t"][1]
    without = shape(config(fields | {"num_shared_experts": 0}))["active_parameters"]
    for name in ("num_shared_experts", "n_shared_experts"):
        given = {key: each for key, each in fields.items() if key != "num_shared_experts"} | {name: 1}
        assert shape(config(given))["active_parameters"] - without == 76 * 3 * 8192 * 2048


@pytest.mark.parametrize(
    ("more", "windowed"),
    [
        ({"sliding_window": 4096}, 32),
        ({"sliding_window": 4096, "use_sliding_window": False}, 0),
        ({"sliding_window": 4096, "use_sliding_window": True, "max_window_layers": 20}, 12),
        ({"sliding_window": 4096, "use_sliding_window": True, "max_window_layers": 40}, 0),
        ({"sliding_window": 1024, "sliding_window_pattern": 6}, 27),
        ({"sliding_window": 4096, "model_type": "gemma2"}, 16),
        ({"sliding_window": 1024, "model_type": "gemma3_text"}, 27),
        ({"sliding_window": 4096, "model_type": "cohere2"}, 24),
        ({"sliding_window": None, "sliding_window_pattern": 6}, 0),
    ],
)
def test_as_many_layers_keep_a_window_as_the_fields_say(config, more, windowed):
    found = shape(config(DENSE | more))
    assert (found["windowed_layers"], found["attention_layers"]) == (windowed, 32 - windowed)


def test_a_file_that_is_none_is_refused_by_its_name(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nothing\.json cannot be read"):
        shape(str(tmp_path / "nothing.json"))


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_comes_out_of_its_configuration(name):
    rows, found = catalog.load("workloads").loc[name], columns(json.dumps(published(name)))
    exact = set(found) & set(rows.dropna().index)
    exact -= {"dense_parameters", "total_parameters", "active_parameters", "embedding_parameters"}
    exact -= {"feedforward_elements"}  # a mean over layers, which the row rounds to ten digits
    assert len(exact) >= 19
    for quantity in exact:
        assert found[quantity] == rows[quantity], quantity
    assert found["feedforward_elements"] == pytest.approx(rows.feedforward_elements, rel=1e-9)
    for quantity in ("dense_parameters", "total_parameters", "active_parameters"):
        assert found[quantity] == pytest.approx(rows[quantity], rel=0.03), quantity


def test_a_query_without_a_rank_of_its_own_is_kept_whole_in_training():
    found = columns(json.dumps(LATENT | {"q_lora_rank": None}))
    assert found["attention_kept_elements"] == 128 * (128 + 64) + 512 + 64 + 128 * 128
    assert found["attention_elements"] == columns(json.dumps(LATENT))["attention_elements"]


@pytest.mark.parametrize("name", ["glm-4.5", "gpt-oss-120b", "llama-3.1-405b"])
def test_training_is_as_fast_from_the_configuration_as_from_the_rows(config, name):
    job = {"devices": 1024.0, "sequences": 2048.0, "sequence": 4096.0, "precision": "fp8"}
    asked = [job | {"model": each} for each in (name, config(published(name)))]
    rows, found = model.predict("training_throughput", pd.DataFrame(asked), system="gb200-nvl72", interval=False).value
    assert found == pytest.approx(rows, rel=0.01)


# The same in a page.

SCRIPT = "<script>alert(1)</script>"
ODD = (None, True, False, 0, -1, 1.5, 1e300, 12, 10**30, "", "8", SCRIPT, [], [1], [None, 0, "", {}, 1], {}, {"a": 1})
CONTENTS = ("", "null", "[]", "{}", "[1, 2]", "3", '"text"', "{", '{"a": NaN}', '{"a": 1e999}', SCRIPT, "\ufeff{}")
CONTENTS += ('{"text_config": null}', '{"text_config": 1}', "[" * 100_000, '{"__proto__": {"hidden_size": 5}}')
CONTENTS += ('{"constructor": {"prototype": 1}}', '{"hidden_size": 1, "hidden_size": 2}', "x" * (TABLE["longest"] + 1))


def inside(field, given):
    """Return fields of which one, or one inside another, holds what is given."""
    for name in reversed(str(field).split(".")):
        given = {name: given}
    return given


def cases():
    """Return texts of files: every real shape, each of their fields missing and odd, and files that are none."""
    rng = np.random.default_rng(5)
    found = [*CONTENTS, *(json.dumps(published(name)) for name in WORKLOADS)]
    named = sorted({each for step in TABLE["steps"] for each in step.get("fields", [step.get("field")]) if each})
    named += ["model_type", "num_kv_heads", "Mamba_Layers", "layer_norm_eps", "moe_router_dtype", f"{SCRIPT} layer"]
    for base in (LATENT, GROUPED, published("gpt-oss-120b"), published("glm-4.5")):
        for field in named:
            found += [json.dumps({key: each for key, each in base.items() if key != field})]
            found += [json.dumps(base | inside(field, each)) for each in ODD]
        found += [
            json.dumps(base | inside(rng.choice(named), ODD[rng.integers(len(ODD))]) | inside(rng.choice(named), 12))
            for _ in range(500)
        ]
    return [*found, *(json.dumps({"text_config": published(name), "model_type": "x"}) for name in WORKLOADS)]


@pytest.fixture
def pages(monkeypatch):
    """Return a function that has a page read texts of files."""
    if NODE is None:
        pytest.skip("there is no node on the path")
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    monkeypatch.delitem(sys.modules, "configuration", raising=False)
    import configuration

    code = f"{configuration.script()}\nconst texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
    code += "\nconsole.log(JSON.stringify(texts.map(readConfiguration)));"

    def read(texts):
        done = subprocess.run(
            [NODE, "-e", code], input=json.dumps(list(texts)), capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    return read


def test_a_page_reads_what_the_command_line_reads_and_refuses_the_same(pages):
    texts = cases()
    read = refused = 0
    for text, page in zip(texts, pages(texts), strict=True):
        try:
            said = columns(text)
        except ConfigurationError as error:
            refused += 1
            assert set(page) == {"refusal"} and SCRIPT not in page["refusal"], text[:200]
            if " is nested" not in str(error) and "cannot be read" not in str(error) and len(text) < TABLE["longest"]:
                assert str(error).removeprefix(": ").removeprefix(" ") in page["refusal"], text[:200]
        else:
            read += 1
            assert list(page["columns"]) == list(said) == TABLE["columns"], text[:200]
            assert columns(page["kept"]) == said and len(page["kept"]) <= len(text), text[:200]
            assert list(page["columns"].values()) == pytest.approx(list(said.values()), rel=1e-12), text[:200]
    assert read > 500 and refused > 1500


MOST = "max_position_embeddings"
STRETCHED = ("rope_scaling", "rope_parameters")
LENGTHS = {  # what a file says of its positions, and how many they are
    **{json.dumps({MOST: each}): np.inf for each in (None, 0)},
    **{json.dumps({MOST: 40_960, "rope_scaling": each}): 40_960 for each in (None, {}, [4], {"type": "default"})},
    json.dumps({MOST: 131_072, "rope_scaling": {"factor": 8, f"original_{MOST}": 8192}}): 131_072,
    **{json.dumps({MOST: 32_768, name: {"factor": 4.0, f"original_{MOST}": 32_768}}): 131_072 for name in STRETCHED},
    **{json.dumps({MOST: 32_768, name: {"factor": 2.5}}): 81_920 for name in STRETCHED},
    **{json.dumps({"rope_scaling": {"factor": 4, f"original_{MOST}": 4096}}): np.inf},
}


def test_positions_are_those_of_the_file_or_what_it_stretches_them_to(pages, config):
    assert positions(config(LATENT)) == np.inf
    for (more, most), page in zip(
        LENGTHS.items(), pages([json.dumps(LATENT | json.loads(each)) for each in LENGTHS]), strict=True
    ):
        for said in (LATENT | json.loads(more), json.loads(page["kept"])):
            assert positions(config(said)) == most, more


@pytest.mark.parametrize(
    "more", [{MOST: True}, {MOST: "many"}, {MOST: -1}, {MOST: 4096, "rope_scaling": {"factor": "4"}}]
)
def test_positions_that_are_no_number_are_refused(more, pages, config):
    with pytest.raises(ConfigurationError, match="a number up to .* is needed") as refusal:
        positions(config(LATENT | more))
    (page,) = pages([json.dumps(LATENT | more)])
    assert page["refusal"] in str(refusal.value)


def test_a_page_keeps_the_fields_that_count_and_no_other(pages):
    more = {"architectures": ["SomethingForCausalLM"], "rope_scaling": {"type": "yarn"}, "note": SCRIPT}
    (page,) = pages([json.dumps({"text_config": published("glm-4.5") | more, "model_type": "x"})])
    assert json.loads(page["kept"]) == published("glm-4.5") and SCRIPT not in page["kept"]


def test_every_second_layer_of_experts_leaves_the_rest_dense(config):
    """DeepSeek's shape with experts in every n-th layer: the others hold a dense block each, and routers cost a row."""
    fields = {key: value for key, value in LATENT.items() if key != "first_k_dense_replace"}
    for step in (2, 4):
        found = shape(config(fields | {"moe_layer_freq": step, "num_hidden_layers": 60}))
        assert found["moe_layers"] == 60 // step
        assert found["dense_ffn_parameters"] == pytest.approx(
            3 * 7168 * (18432 * (60 - 60 // step) + 2048 * 60 // step), rel=1e-12
        )


def test_a_router_has_a_row_of_the_hidden_width_for_each_expert(config):
    more = shape(config(LATENT | {"n_routed_experts": 320}))
    fewer = shape(config(LATENT))
    assert more["dense_parameters"] - fewer["dense_parameters"] == 58 * 7168 * 64
