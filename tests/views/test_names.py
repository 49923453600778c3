"""Names as people write them: every identifier has one, none is given twice, and files keep the identifiers."""

import pandas as pd

from model.numbers import catalog
from model.views import figures, names

OPS = (("dispatch", 1), ("combine", 2))


def rows(kind):
    table = catalog.words("names")
    return table[table.kind == kind]


def test_every_identifier_has_a_name_and_every_name_an_identifier():
    assert set(rows("system").name) == set(catalog.read("systems").system)
    assert set(rows("workload").name) == set(catalog.read("workloads").workload)
    used = set(catalog.read("network").software.dropna()) | set(catalog.read("serving_runs").engine.dropna())
    used |= set(catalog.read("serving").engine.dropna()) | set(catalog.read("software").software)
    assert set(rows("software").name) == used
    formats = set(catalog.read("formats").format) - {"combine"}  # what comes back from experts, whatever the format
    assert set(rows("format").name) == formats


def test_no_two_systems_and_no_two_workloads_are_called_alike():
    for kind in ("system", "workload", "format"):
        assert rows(kind).shown.is_unique and rows(kind).short.is_unique


def test_identifiers_are_shown_as_names_and_other_texts_as_they_are():
    assert names.shown("gb200-nvl72") == "GB200 NVL72"
    assert names.renamed("gb200-nvl72, a thing, cloudmatrix384") == "GB200 NVL72, a thing, Huawei CloudMatrix384"
    assert names.labels(["hgx-h100"]) == {"hgx-h100": "H100 × 8"}
    assert names.spelled("hgx-h100 deepep outer_efficiency, fp8") == "8 × H100 server DeepEP outer efficiency, FP8"
    assert names.spelled("training training efficiency_fp8") == "training efficiency FP8"


def test_a_table_shows_names_and_its_file_keeps_identifiers(tmp_path, monkeypatch):
    glued = {}
    monkeypatch.setenv("STUDY_OUTPUT", str(tmp_path))
    monkeypatch.setattr(figures, "glue", lambda key, value, display: glued.update({key: value.data}))
    frame = pd.DataFrame({"system": ["hgx-h100"], "gb200-nvl72": [2.0]})
    figures.table("times", frame, names.formats(frame), names.heads(frame))
    assert "8 × H100 server" in glued["times"] and "hgx-h100" not in glued["times"]
    assert "GB200 NVL72" in glued["times"] and "gb200-nvl72" not in glued["times"]
    assert (tmp_path / "times.csv").read_text(encoding="utf-8").split() == ["system,gb200-nvl72", "hgx-h100,2.0"]


def test_what_is_alike_in_all_rows_stands_in_the_file_alone(tmp_path, monkeypatch):
    glued = {}
    monkeypatch.setenv("STUDY_OUTPUT", str(tmp_path))
    monkeypatch.setattr(figures, "glue", lambda key, value, display: glued.update({key: value.data}))
    frame = pd.DataFrame({"hours": [2.0, 3.0], "runs": [89, 89], "ways": ["one", "two"]})
    assert figures.alike(frame) == ["runs"] and figures.alike(frame.head(1)) == []
    figures.table("times", frame, hidden=figures.alike(frame))
    assert "89" not in glued["times"] and "runs" not in glued["times"] and "ways" in glued["times"]
    assert (tmp_path / "times.csv").read_text(encoding="utf-8").startswith("hours,runs,ways\n")


def test_inputs_are_said_in_words_without_what_all_share():
    rows = ["software=nccl ranks=144 bytes=536870912", "software=nccl ranks=144 bytes=1073741824"]
    assert names.asked(rows) == ["512 MiB", "1 GiB"]
    rows = [f"op={op} bytes_per_element={many} ranks={ranks} tokens=128" for op, many in OPS for ranks in (32, 64)]
    assert names.asked(rows)[1:3] == ["dispatch, 64 ranks", "combine, 32 ranks"]
    assert names.asked(["bytes=1000 model=deepseek-v3 tokens_per_step=1.7"]) == [
        "DeepSeek-V3, 1,000 bytes, tokens per step 1.7"
    ]


def test_every_set_of_blind_predictions_has_a_name():
    recorded = set().union(
        *(set(catalog.texts(catalog.DATA / f"{each}.csv")["set"]) for each in ("blind", "blind_sets", "forecasts"))
    )
    assert recorded - set(rows("set").name) <= set(rows("system").name)
    assert set(rows("set").name) <= recorded


def test_a_table_too_wide_for_a_phone_names_each_cell_and_stands_on_end(monkeypatch):
    glued = {}
    monkeypatch.setattr(figures, "glue", lambda key, value, display: glued.update({key: value.data}))
    frame = pd.DataFrame(
        {"claim": ["C01"], "key": ["x"], 'said "so"': ["true, and so on"], "why it is": ["a rule says so of it"]}
    )
    figures.table("narrow", frame[["claim", "key"]])
    figures.table("claims", frame, hidden=["key"])
    assert "stacked" not in glued["narrow"] and "data-head" not in glued["narrow"]
    assert 'data-head="claim"' in glued["claims"] and 'data-head="said &quot;so&quot;"' in glued["claims"]
    assert 'data-head="key"' not in glued["claims"] and "stacked" in glued["claims"]
