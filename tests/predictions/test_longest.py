"""A model of a config.json holds no more tokens of one request than the file gives positions; others have no limit."""

import json
from pathlib import Path

import pandas as pd
import pytest

import model
from model.numbers.configuration import positions
from model.predictions.answer import predict
from model.predictions.inputs import InputError
from model.predictions.quantities import QUANTITIES

FIELD, MOST = "max_position_embeddings", 8192
SHAPE = {
    **{"num_hidden_layers": 61, "hidden_size": 7168, "num_attention_heads": 128, "vocab_size": 129280},
    **{"n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048, "intermediate_size": 18432},
    **{"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
    **{"first_k_dense_replace": 3},
}
STEP = {"model": "config.json", "precision": "fp8"}
SERVED = STEP | {"speed": 20, "input_tokens": MOST - 1, "output_tokens": 1}
RUN = STEP | {"devices": 1024, "sequences": 1024, "sequence": MOST}
POINTS = {  # quantity: (inputs at the limit, the one that is taken beyond it)
    "moe_idle_share": (STEP | {"ranks": 16, "batch": 8, "context": MOST, "phase": "decode"}, "context"),
    "decode_throughput": (STEP | {"ranks": 16, "batch": 8, "context": MOST}, "context"),
    "decode_frontier": (STEP | {"speed": 20, "context": MOST}, "context"),
    "prefill_throughput": (STEP | {"ranks": 16, "sequence": MOST}, "sequence"),
    "service_frontier": (SERVED, "output_tokens"),
    "users_of_fleet": (SERVED | {"fleet": 4096}, "output_tokens"),
    "users_of_power": (SERVED | {"site_power": 1e7}, "output_tokens"),
    "users_of_rent": (SERVED | {"monthly_budget": 1e7}, "output_tokens"),
    "users_of_purchase": (SERVED | {"purchase_budget": 1e9}, "output_tokens"),
    "break_even_premium": (SERVED | {"domain": 16, "layouts": "run"}, "output_tokens"),
    "devices_needed": (STEP | {"batch": 8, "context": MOST}, "context"),
    "training_throughput": (RUN, "sequence"),
    "training_step_time": (RUN, "sequence"),
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a config.json with more fields, in the current folder, and returns its name."""
    monkeypatch.chdir(tmp_path)

    def written(name="config.json", **more):
        Path(name).write_text(json.dumps(SHAPE | more), encoding="utf-8")
        return name

    return written


def test_every_quantity_of_a_workload_is_asked():
    assert set(POINTS) == {name for name, what in QUANTITIES.items() if "model" in [each.name for each in what.inputs]}


@pytest.mark.parametrize("name", POINTS)
def test_no_more_tokens_are_answered_than_the_file_gives_positions(name, write):
    write(**{FIELD: MOST})
    point, longer = POINTS[name]
    system = "gb200-nvl72" if name == "users_of_purchase" else "hgx-h200"
    rows = pd.DataFrame([point, point | {longer: point[longer] + 1}])
    assert predict(name, rows.iloc[:1], system, interval=False)[0].value[0] > 0
    said = f"row 2: .*{longer} is {MOST + 1}, and {FIELD} of config.json allows {MOST}"
    with pytest.raises(InputError, match=said):
        predict(name, rows, system, interval=False)
    write()
    assert (predict(name, rows, system, interval=False)[0].value > 0).all()  # the file says nothing of it


def test_a_search_for_a_length_ends_at_the_limit(write):
    write(**{FIELD: MOST})
    point = {key: each for key, each in POINTS["decode_throughput"][0].items() if key != "context"}
    found = model.predictions.need.need("decode_throughput", 1.0, "context", point, system="hgx-h200", interval=False)
    assert f"{MOST}" in found.words()


def test_a_model_that_also_sees_has_the_positions_of_its_language_part(write):
    Path("both.json").write_text(json.dumps({"text_config": SHAPE | {FIELD: 4096}, FIELD: 77}), encoding="utf-8")
    assert positions("both.json") == 4096
