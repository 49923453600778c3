"""Names as people write them: what stands for one machine, what is asked about, and what no one means by it."""

import re

import pytest

from model.notation.spelling import meant, part_of
from model.numbers import catalog
from model.predictions.inputs import InputError, named_system

KNOWN = list(catalog.read("systems").system.unique())
PARTS = sorted({part for name in KNOWN for part in name.split("-")})
DEVICES = catalog.other_names("devices")


def asked(word):
    with pytest.raises(InputError, match="^unknown system") as refusal:
        named_system(word)
    return str(refusal.value)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_one_name_stands_for_it_only_where_it_is_a_word_with_a_figure(part):
    """`all`, `in`, `2`, `8x` and a maker's name are parts of one name each, and no one means that machine by them."""
    named = part_of(part, KNOWN)
    if part in KNOWN or (len(named) == 1 and re.match(r"[a-z]+\d", part)):
        assert named_system(part.upper()) == named[0]
    else:
        assert "did you mean" in asked(part)


@pytest.mark.parametrize("name", [name for name in KNOWN if name.count("-") > 1])
def test_two_words_in_a_row_of_a_name_stand_for_it_where_no_other_has_them(name):
    parts = name.split("-")
    for pair in zip(parts[:-1], parts[1:], strict=True):
        word = " ".join(pair).title()
        expected = meant(word, KNOWN) or (name if part_of(word, KNOWN) == [name] else None)
        assert named_system(word) == expected if expected else "did you mean" in asked(word)


@pytest.mark.parametrize("around", ["8x{}", "8 x {}", "8×{}", "{}x8", "{} × 16", "8*{}"])
def test_a_name_beside_a_count_is_helped_to_the_machine(around):
    assert "did you mean hgx-h100?" in asked(around.format("H100"))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("around", ["{}", "Ascend {}", "Ascend{}", "昇腾{}", "Huawei Ascend-{} 64GB"])
def test_a_device_is_helped_to_the_machine_that_is_made_of_it(device, around):
    assert f"did you mean {DEVICES[device]}, whose device that is?" in asked(around.format(device.upper()))


def test_every_device_is_one_of_a_machine():
    assert set(DEVICES.values()) <= set(KNOWN)


@pytest.mark.parametrize("word", ["hgx", "GB300", "NVL72", "superpod", "Rubin"])
def test_a_word_that_several_share_names_them_all(word):
    several = part_of(word, KNOWN)
    assert len(several) > 1 and all(each in asked(word) for each in several)


@pytest.mark.parametrize("option", [["--system", "hgx-h200"], ["--system=hgx-h200"], ["--seed", "1", "--seed=2"]])
def test_an_option_that_is_given_twice_is_refused_and_not_the_last_one_taken(model, option):
    code, out, err = model("predict", "job_mtbf", "--system", "hgx-h100", *option, "devices=8")
    assert (code, out) == (2, "") and "is given twice" in err


def test_an_input_with_dashes_is_told_how_inputs_are_written(model):
    code, out, err = model("predict", "job_mtbf", "--system", "hgx-h100", "--devices=8")
    assert (code, out) == (2, "") and "devices=VALUE" in err
