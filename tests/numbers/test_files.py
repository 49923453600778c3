"""Files of readers: no text is told by its kind, a spoilt one by its line, and writing is all or nothing."""

import pytest

from model.numbers import files


@pytest.mark.parametrize(("mark", "told"), files.KINDS.items(), ids=[str(mark) for mark in files.KINDS])
def test_each_kind_of_file_is_told_by_how_it_begins(mark, told):
    assert files.problem(mark + b"more") == told
    assert files.problem(b"a" + mark) == ""


@pytest.mark.parametrize(("divider", "name"), files.DIVIDERS.items(), ids=files.DIVIDERS.values())
def test_a_header_of_one_name_tells_its_divider(divider, name):
    assert files.divided([f"a{divider}b"]) == name
    assert files.divided(["a", f"b{divider}c"]) == files.divided(["a"]) == files.divided([]) == ""


def test_a_text_is_read_whole_without_its_mark_up_to_the_most_and_no_further(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbf" + b"a" * 97)
    assert files.text(path, 100) == "a" * 97
    assert files.text(path) == "a" * 97  # without a limit of one's own, tables of tens of megabytes, too
    assert 2**24 < files.MOST < 2**30
    with pytest.raises(ValueError, match="more than 0 MB"):
        files.text(path, 99)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\0a\n", "line 1 holds a zero byte"),
        (b"a\nb\n\0", "line 3 holds a zero byte"),
        (b"\xffa\n", "line 1 holds a byte that is not UTF-8"),
        (b"a\nb\nc\xff", "line 3 holds a byte that is not UTF-8"),
        (b"PK\x03\x04", "it is a zip archive"),
    ],
)
def test_what_spoils_a_text_is_told_with_its_line(tmp_path, content, told):
    path = tmp_path / "text"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        files.text(path)
    with pytest.raises(ValueError, match="No such file"):
        files.text(tmp_path / "none")


def test_a_file_is_written_whole_or_stays(tmp_path):
    target = tmp_path / "kept"
    files.write(target, b"first")
    files.write(target, b"second")
    assert target.read_bytes() == b"second" and [each.name for each in tmp_path.iterdir()] == ["kept"]
    with pytest.raises(TypeError):
        files.write(target, None)
    assert target.read_bytes() == b"second"


def test_parameters_are_what_a_plain_file_of_yaml_says():
    content = "system: gb200-nvl72\ndevices: 1024\nsystems: [a, 'b']\nrate: 2.0e-5\nword: 1e-8\nrent: null\n"
    assert files.parameters(content) == {
        **{"system": "gb200-nvl72", "devices": 1024, "systems": ["a", "b"], "rate": 2e-5},
        **{"word": "1e-8", "rent": None},
    }


LAUGHS = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (LAUGHS * 9, "line 2: [*]a stands for"),
        ("devices: 0100", "0100 is 64 to YAML"),
        ("downtime: 1:30", "1:30 is 90 to YAML"),
        ("devices: 1_000", "1_000 is 1000 to YAML"),
        ("devices: 0x10", "0x10 is 16 to YAML"),
        ("devices: [8, 0b1]", "0b1 is 1 to YAML"),
        ("a: 1\n\na: 2", "line 3: a stands there twice"),
        ("system: !!python/object/apply:os.getcwd []", "take the tag out"),
        ("system: !made up", "cannot be read"),
        ("system: {a: 1}", "line 1: a parameter takes"),
        ("system: " + "[" * 100_000, "line 1: a parameter takes"),
        ("devices: " + "9" * 5000, "5,000 letters"),
        ("devices: " + "9" * 400, "is too large a number"),
        ("devices: [8, -0x" + "f" * 400 + "]", "is too large a number"),
        ("devices: .inf", "is too large a number"),
        ("1: 2", "1 is no name"),
        ("- a", "holds no parameters"),
        ("", "holds no parameters"),
        ("a: 1\n---\nb: 2", "is no YAML"),
        ("a: [", "is no YAML"),
    ],
)
def test_what_yaml_makes_of_a_file_and_nobody_meant_is_refused(content, told):
    with pytest.raises(ValueError, match=told):
        files.parameters(content)
