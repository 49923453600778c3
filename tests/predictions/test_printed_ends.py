"""Ends of an interval as they are printed: words where there is no bound, and JSON that every reader takes."""

import json

import pytest

# In some draws of usable memory no group holds these, and no step ends: see tests of what does not fit.
BOUNDLESS = {
    "devices_needed": ["hgx-h20", "model=llama-3.1-405b", "precision=fp8", "batch=17116", "context=61.79"],
    "training_step_time": ["hgx-h800", "model=qwen3-30b", "precision=bf16", "devices=8", "sequences=1024"],
}
USUAL = ["job_mtbf", "--system", "hgx-h100", "devices=8"]


def strict(out):
    """Return what JSON says, none of whose numbers may be Infinity or NaN: only Python reads them."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(out, parse_constant=refuse)


@pytest.mark.parametrize("name", BOUNDLESS)
def test_an_end_without_bound_is_words_null_and_inf(model, name, tmp_path):
    asked = ["predict", name, "--system", *BOUNDLESS[name]]
    code, out, err = model(*asked)
    assert (code, err) == (0, "") and " on, without an upper bound" in out and "inf" not in out
    found = strict(model(*asked, "--json")[1])
    assert found["high"] is None and "without an upper bound" in found["note"]
    assert 0 < found["low"] <= found["value"]
    table = tmp_path / "points.csv"
    pairs = [pair.split("=") for pair in BOUNDLESS[name][1:]]
    table.write_text("\n".join(",".join(words) for words in zip(*pairs, strict=True)) + "\n", encoding="utf-8")
    header, row = model("predict", name, "--system", BOUNDLESS[name][0], "--table", table)[1].splitlines()
    assert row.split(",")[header.split(",").index("high")] == "inf"


@pytest.mark.parametrize("options", [[], ["--no-interval"]])
def test_an_interval_with_two_ends_or_none_has_no_note(model, options):
    found = strict(model("predict", *USUAL, *options, "--json")[1])
    assert "note" not in found and (found["high"] is None) == bool(options)
    assert "bound" not in model("predict", *USUAL, *options)[1]
