"""Inputs: what each takes, what is refused with its row and its remedy, and names that stand for one another."""

import datetime
import re
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from model.predictions import inputs
from model.predictions.inputs import OPTIONAL, Input, InputError, Relation, check, count, describe, fitting, mean
from model.predictions.quantities import QUANTITIES, quantity

EXCHANGE = quantity("all_to_all_time")


def asked(*given, system="optional", layout=()):
    """Return a stand-in of a quantity with some inputs."""
    return SimpleNamespace(
        name="q",
        inputs=given,
        system=system,
        layout=layout,
        input=lambda name: next(e for e in given if e.name == name),
    )


def numbers(each, *values, first=1):
    """Return what an input reads from a column of values."""
    return check(asked(each), pd.DataFrame({each.name: pd.Series(values)}), None, "here", first)[0][each.name].tolist()


def refused(each, *values, first=1):
    """Return what is said of a column of values that an input does not take."""
    with pytest.raises(InputError) as told:
        numbers(each, *values, first=first)
    return str(told.value)


# Numbers.


def test_a_number_is_taken_from_the_low_end_to_the_high_one():
    each = Input("x", low=2.0, high=5.0)
    assert numbers(each, 2, 3.5, 5) == [2, 3.5, 5]
    assert refused(each, 3, 1.999) == "here row 2: x is '1.999'; it takes a number from 2 to 5"
    assert refused(each, 5.001) == "here row 1: x is '5.001'; it takes a number from 2 to 5"
    assert "row 12: x is '9'" in refused(each, 3, 4, 9, first=10)
    endless = Input("x", low=2.0)
    assert numbers(endless, 1e300) == [1e300]
    assert refused(endless, np.inf).endswith("it takes a number from 2")
    assert refused(endless, 10**400).endswith("it takes a number from 2")


def test_a_count_is_whole():
    each = count("x", high=9)
    assert numbers(each, 1, 9, "4", "4.0") == [1, 9, 4, 4]
    assert refused(each, 2.5) == "here row 1: x is '2.5'; it takes a number from 1 to 9, whole"
    assert numbers(mean("x"), 2.5) == [2.5] and refused(mean("x"), 1e-4).endswith("from 0.001 to 1e+09")


def test_zero_or_so_much_at_least():
    each = Input("x", low=0.0, least=10.0, high=99.0)
    assert numbers(each, 0, 10, 99) == [0, 10, 99]
    assert refused(each, 9.99) == "here row 1: x is '9.99'; it takes 0, or a number from 10 to 99"
    assert refused(each, -1).endswith("it takes 0, or a number from 10 to 99")


def test_what_more_than_the_most_is_likely_to_be_is_told_there_alone():
    each = Input("x", low=1.0, high=9.0, beyond="was it per hour?")
    assert refused(each, 10).endswith("9; was it per hour?") and "hour" not in refused(each, 0.5)
    assert "hour" not in refused(each, 0.5, 10)  # of the first that is wrong


def test_an_empty_field_is_the_default_or_left_out_or_refused():
    assert numbers(Input("x", 7.0), 3, None, "", " ") == [3, 7, 7, 7]
    assert np.isnan(numbers(Input("x", OPTIONAL), 3, None)).tolist() == [False, True]
    assert refused(Input("x", low=1.0, high=2.0), 1, None) == "here row 2: x is ''; it takes a number from 1 to 2"
    found, _ = check(asked(Input("x", 7.0), Input("y", OPTIONAL)), pd.DataFrame({"z": [1, 2]}), None, "here")
    assert {name: column.tolist() for name, column in found.items()} == {"x": [7, 7]}
    with pytest.raises(InputError, match=re.escape("here: q needs x (a number from 1 to 2)")):
        check(asked(Input("x", low=1.0, high=2.0)), pd.DataFrame({"z": [1]}), None, "here")


@pytest.mark.parametrize(
    "word", ["many", "1,5", "0x10", "nan", "1_000", "٣", "1e", True, 1j, datetime.date(2025, 1, 1), [3]], ids=repr
)
def test_what_is_no_number_is_refused_and_not_left_out(word):
    column = pd.Series([3.0, word], dtype=object)
    for default in (None, OPTIONAL, 7.0):
        with pytest.raises(InputError, match="here row 2: x is"):
            check(asked(Input("x", default)), pd.DataFrame({"x": column}), None, "here")


def test_numbers_are_read_from_whatever_holds_them():
    assert numbers(Input("x"), " 3 ", "+4", ".5", "6.", "7e2", Decimal("8"), np.float32(9)) == [3, 4, 0.5, 6, 700, 8, 9]
    frame = pd.DataFrame({"x": pd.array([1, None], dtype="Int64")})
    assert np.isnan(check(asked(Input("x", OPTIONAL)), frame, None, "here")[0]["x"]).tolist() == [False, True]
    with pytest.raises(InputError, match="x is 'True'"):
        check(asked(Input("x")), pd.DataFrame({"x": [True, False]}), None, "here")
    with pytest.raises(InputError, match="x is '1 days"):
        check(asked(Input("x")), pd.DataFrame({"x": pd.to_timedelta([1], unit="D")}), None, "here")


# Words.


def test_words_are_taken_in_any_letters_and_an_empty_one_is_the_default():
    each = Input("w", "run", choices=("run", "all ways"))
    codes, words = check(asked(each), pd.DataFrame({"w": ["ALL-WAYS", None, "run", " "]}), None, "here")[1]["w"]
    assert [words[code] for code in codes] == ["all ways", "run", "run", "run"]
    with pytest.raises(InputError, match=r"here row 3: w is 'rum'; did you mean run\?; it takes one of run"):
        check(asked(each), pd.DataFrame({"w": ["run", "run", "rum"]}), None, "here")
    _, texts = check(asked(each, Input("v", OPTIONAL, choices=("a",))), pd.DataFrame({"x": [1, 2]}), None, "here")
    assert {name: [words[code] for code in codes] for name, (codes, words) in texts.items()} == {
        "system": ["", ""],
        "w": ["run", "run"],
        "v": ["", ""],
    }
    optional = Input("v", OPTIONAL, choices=("a",))
    assert check(asked(optional), pd.DataFrame({"v": ["", "a"]}), None, "here")[1]["v"][1] == ["", "a"]


def test_a_word_that_must_be_given_is_not_left_empty():
    with pytest.raises(InputError, match="here row 2: w is ''"):
        check(asked(Input("w", choices=("a",))), pd.DataFrame({"w": ["a", ""]}), None, "here")


def test_a_truth_that_a_table_made_a_number_is_its_word():
    each = Input("overlap", "1", choices=("0", "1"))
    assert check(asked(each), pd.DataFrame({"overlap": [0.0, 1.0]}), None, "here")[1]["overlap"][1] == ["0", "1"]
    other = Input("w", choices=("1",))
    with pytest.raises(InputError, match="w is '1.0'"):
        check(asked(other), pd.DataFrame({"w": [1.0]}), None, "here")


def test_a_file_stands_for_a_word_and_a_makers_name_before_it_does_not_matter():
    each = quantity("decode_throughput").input("model")
    found = check(asked(each), pd.DataFrame({"model": ["deepseek-ai/DeepSeek-V3", "own.json"]}), None, "here")
    assert found[1]["model"][1] == ["deepseek-v3", "own.json"]
    with pytest.raises(InputError, match="model is 'own.yaml'.*, or the path of a .json file"):
        check(asked(each), pd.DataFrame({"model": ["own.yaml"]}), None, "here")


def test_what_each_takes_is_said_in_words():
    assert describe(Input("ranks", low=1.0, high=8.0)) == "a number from 1 to 8"
    assert describe(Input("repair", low=1.0)) == "a number from 1, in s"
    assert describe(count("ranks", low=2.0)) == "a number from 2 to 1e+09, whole"
    assert describe(Input("downtime", low=0.0, least=10.0, high=1e3)) == "0, or a number from 10 to 1000, in s"
    assert describe(Input("w", choices=("a", "b"))) == "one of a, b"
    assert describe(Input("w", choices=lambda: ("a",), files=".json")) == "one of a, or the path of a .json file"
    assert describe(Input("w", choices=("*",))) == "a name listed by `python -m model systems`"
    assert Input("w", choices=("a",)).unit == "" and Input("unheard_of").unit == "1"


# Systems.


def test_a_system_is_named_by_its_name_or_a_whole_part_that_no_other_has():
    assert [inputs.named_system(word) for word in ("HGX H100", "h100", "gb200")] == [
        "hgx-h100",
        "hgx-h100",
        "gb200-nvl72",
    ]
    for word in ("hgx", "h1"):
        with pytest.raises(InputError, match=f"^there: unknown system {word}.*your_cluster answers"):
            inputs.named_system(word, "there: ")


def systems(what, frame, system):
    codes, words = check(what, pd.DataFrame(frame), system, "here")[1]["system"]
    return [words[code] for code in codes]


def test_rows_without_a_system_take_the_one_for_all_and_where_there_is_none_are_refused():
    each, needy = Input("x", 1.0), asked(Input("x", 1.0), system="required")
    assert systems(asked(each), {"x": [1, 2], "system": ["H100", ""]}, "gb200") == ["hgx-h100", "gb200-nvl72"]
    assert systems(asked(each), {"x": [1]}, None) == [""]
    with pytest.raises(InputError, match="here row 2: q needs a system"):
        systems(needy, {"x": [1, 2], "system": ["H100", None]}, None)
    with pytest.raises(InputError, match="here row 2: unknown system none"):
        systems(needy, {"x": [1, 2], "system": ["H100", "none"]}, None)
    with pytest.raises(InputError, match="here: unknown system none"):
        systems(needy, {"x": [1, 2]}, "none")


# Relations.


def test_every_relation_is_told_by_its_row_and_both_numbers():
    pairs = {  # input: (a number that fits, one that does not, the other's)
        ("topk", "experts"): (8, 9, 8),
        ("ranks", "experts"): (32, 33, 8),
        ("withdrawn", "devices"): (8, 9, 8),
        ("interval", "checkpoint_write"): (60, 59, 60),
        ("tensor_devices", "ranks"): (4, 3, 8),
        ("expert_devices", "ranks"): (4, 3, 8),
        ("processed", "tokens_per_step"): (2, 1, 1.5),
        ("downtime", "reload"): (20, 10, 15),
    }
    assert {(each.name, each.other) for each in inputs.RELATIONS} == set(pairs)
    for (name, other), (fits, apart, number) in pairs.items():
        what = asked(Input(name, OPTIONAL), Input(other, OPTIONAL))
        frame = pd.DataFrame({name: [fits, None, apart], other: [number, number, number]})
        check(what, frame.head(2), None, "here")
        with pytest.raises(InputError, match=f"here row 3: {name} is '{apart}.*{other} is {number:g}"):
            check(what, frame, None, "here")
        for sought in (name, other):
            check(what, frame, None, "here", sought=sought)
        check(what, frame[[name]], None, "here")


def test_places_that_do_not_fit_are_holes():
    given = {"topk": np.array([4.0, 8.0, 9.0, np.nan]), "experts": np.array([8.0])}
    assert fitting(given, "topk").tolist() == [True, True, False, True]
    assert fitting(given | {"experts": np.array([np.nan])}, "topk").all()
    both = {"ranks": np.array([6.0, 8.0, 64.0]), "tensor_devices": np.array([4.0]), "experts": np.array([8.0])}
    assert fitting(both, "ranks").tolist() == [False, True, False]  # divided, and not too many for the experts
    assert fitting({"topk": np.array([9.0])}, "topk").tolist() == [True]
    assert fitting(both | {"topk": np.array([99.0])}, "ranks").tolist() == [False, True, False]  # which is not its own


def test_a_relation_of_a_default_is_not_asked():
    what = asked(Input("topk", 9.0), Input("experts", 8.0))
    check(what, pd.DataFrame({"x": [1]}), None, "here")
    with pytest.raises(InputError, match="topk is '9'; it takes a number up to experts, and experts is 8"):
        check(what, pd.DataFrame({"topk": [9]}), None, "here")
    assert isinstance(inputs.RELATIONS[0], Relation)


# Columns.


def test_columns_that_are_no_inputs_pass_and_those_that_look_like_one_are_asked_about():
    assert inputs.others(EXCHANGE, ["ranks", "system", "set", "measured"]) == ["set", "measured"]
    for column, near in {
        "rank": "ranks",
        "hiden": "hidden",
        "number_of_ranks": "ranks",
        "topK (experts)": "topk",
        "world_size": "ranks",
        "numGPUs": "ranks",
        "kernel": "software",
        "dtype": "bytes_per_element",
    }.items():
        with pytest.raises(InputError, match=f"here: unknown column .*; did you mean {near}?"):
            inputs.refuse_columns(EXCHANGE, [column], "here")
        inputs.refuse_columns(EXCHANGE, [column], "here", [column])
    inputs.refuse_columns(EXCHANGE, ["gpu", "ranks", "measured"], "here", ["gpu"])


def test_a_word_of_the_field_means_an_input_that_is_not_given():
    names = [each.name for each in EXCHANGE.inputs]
    assert inputs.alike("gpus", names) == "ranks" and inputs.alike("gpus", names, ["ranks"]) is None
    assert inputs.alike("wall", names) is None and inputs.alike("x", names) is None


def test_what_is_passed_must_be_there_and_no_input():
    for column, words in (("ranks", "ranks is an input of"), ("colour", "there is no column colour")):
        with pytest.raises(InputError, match=f"here: {words}"):
            inputs.refuse_columns(EXCHANGE, ["ranks"], "here", [column])
    found = asked(Input("x", 1.0), layout=("stages",))
    with pytest.raises(InputError, match="stages is what q finds"):
        inputs.refuse_columns(found, ["x", "stages"], "here")
    inputs.refuse_columns(found, ["x", "stages"], "here", ["stages"])


def test_a_column_stands_there_once_under_one_name():
    what = quantity("decode_throughput")
    for columns, words in (
        (["ranks", "ranks"], "the column ranks stands there twice"),
        (["", ""], "two columns no name"),
        (["model", "workload"], "workload and model are one input"),
    ):
        with pytest.raises(InputError, match=f"here: {words}"):
            inputs.refuse_columns(what, columns, "here")
    assert inputs.synonyms(what, ["workload"]) == {"workload": "model"}
    assert inputs.synonyms(what, ["model"]) == inputs.synonyms(EXCHANGE, ["workload"]) == {}
    assert "workload" not in inputs.others(what, ["workload", "set"])


def test_names_that_were_read_for_others_are_told():
    what = quantity("decode_throughput")
    frame = pd.DataFrame({"model": ["DeepSeek V3", "deepseek-r1", None], "system": ["H100", "hgx-h200", ""]})
    assert inputs.renamed(frame, what, "GB200") == {
        "deepseek-r1": "deepseek-v3",
        "H100": "hgx-h100",
        "GB200": "gb200-nvl72",
    }
    assert inputs.renamed(pd.DataFrame({"ranks": [8]}), what) == {}


def test_an_unknown_name_is_answered_with_the_nearest_or_with_all():
    assert inputs.unknown(EXCHANGE, "rank", []) == "; did you mean ranks?"
    assert inputs.unknown(EXCHANGE, "colour", []).startswith(": choose one of op, ranks")
    assert inputs.unknown(EXCHANGE, "drws", [], ["draws"]) == "; did you mean draws?"


def test_nothing_is_no_table():
    with pytest.raises(InputError, match="here is empty: give at least one row"):
        check(EXCHANGE, pd.DataFrame({"ranks": []}), None, "here")


def test_each_input_of_a_quantity_is_described_and_takes_its_default():
    for what in QUANTITIES.values():
        for each in what.inputs:
            assert describe(each)
            if isinstance(each.default, float):
                assert max(each.low, 0.0) <= each.default <= each.high, (what.name, each.name)
            elif each.choices and each.default not in (None, OPTIONAL):
                assert each.default in each.words
