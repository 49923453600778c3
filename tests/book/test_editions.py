"""The two editions of the book say the same: no number, figure, law, verdict, code or source differs between halves."""

import re
import sys
from pathlib import Path
from posixpath import join, normpath

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import halves  # noqa: E402

CHINESE = halves.chinese_pages()
TRANSLATED = [name for name in CHINESE if name != halves.SUMMARY]  # the summary tells parts of many pages
FENCE = re.compile(r"^(`{3,})(?:\{([\w:-]+)\}[ ]*(.*)|(\w*))\n((?:.*\n)*?)\1$", re.MULTILINE)
OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)


def text_of(name):
    return halves.path_of(name).read_text(encoding="utf-8")


def label(name):
    return name.removeprefix("zh-")


def held(text, folder=""):
    """Return what must be the same in both halves, as {kind: set}; folder: that of the page, for its paths."""

    def place(path):
        return normpath(join(folder, path))

    found = {"values": set(), "laws": set(), "figures": set(), "code": set()}
    for address in re.findall(r"\{glue:text\}`([^`]+)`", text):
        found["values"].add(place(address))
    for claim in re.findall(r"\{verdict\}`(C\d\d)`", text):
        found["values"].add(f"executed/claims.ipynb::verdict.{claim}:s")
    for _, name, argument, language, body in FENCE.findall(text):
        if name == "glue:math":
            numbered = re.search(r"^:label: (\S+)$", body, re.MULTILINE)
            found["laws"].add((place(argument), numbered and label(numbered[1])))
        elif name.startswith("glue:"):
            found["figures"].add((name, place(argument)))
        elif name == "math" or not name:
            found["code"].add((language, OPTION.sub("", body)))
        elif name in ("literalinclude", "include"):
            found["code"].add((name, place(argument)))
        else:
            found["code"].add((name, argument))
    found["laws"] |= {(each, None) for each in re.findall(r"\$\$.*?\$\$", text, re.DOTALL)}
    found["letters"] = set(
        re.findall(r"(?<![$`\w])\$[^$\n]+\$(?!\$)", re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL))
    )
    found["sources"] = set(re.findall(r"(\{cite:\w+\}`[^`]+`)", text))
    found["downloads"] = {place(each) for each in re.findall(r"\{download\}`[^`]*<([^`]+)>`", text)}
    found["labels"] = {label(each) for each in labels(text)}
    named = re.findall(r"\{(?:eq|numref|ref)\}`(?:[^`<]*<)?([^`>]+)>?`", text)
    found["references"] = {label(each) for each in named}
    return found


def labels(text):
    return re.findall(r"^:(?:name|label): (\S+)$", text, re.MULTILINE) + re.findall(r"^\((\S+)\)=$", text, re.MULTILINE)


def differences(english, chinese):
    """Return what only one of two pages holds, as lines."""
    one, two = held(english), held(chinese, halves.FOLDER)
    lines = []
    for kind, here in one.items():
        lines += [f"{kind}: {each} is missing" for each in sorted(map(str, here - two[kind]))]
        lines += [f"{kind}: {each} is new" for each in sorted(map(str, two[kind] - here))]
    return lines


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_number_figure_law_verdict_or_source_differs_between_the_halves(name):
    found = differences(text_of(halves.other(name)), text_of(name))
    assert not found, f"book/{name}.md against book/{halves.other(name)}.md:\n" + "\n".join(found)


@pytest.mark.parametrize("name", CHINESE)
def test_a_chinese_page_is_as_new_as_its_english_half(name):
    assert halves.path_of(halves.other(name)).is_file(), f"book/{name}.md has no English half"
    command = f"python book/_ext/halves.py {name.removeprefix(halves.FOLDER)}"
    assert halves.recorded(name), f"book/{name}.md says of no English page that it tells it: {command}"
    assert name not in halves.older(), (
        f"book/{halves.other(name)}.md has changed since book/{name}.md was written: read `git log -p` of it, "
        f"bring the Chinese page up to date, then run {command}"
    )


@pytest.mark.parametrize("name", CHINESE)
def test_a_chinese_page_says_its_language_and_marks_its_labels(name):
    text = text_of(name)
    assert "\nlang: zh-Hant\n" in halves.FRONT.match(text)[0]
    assert not [each for each in labels(text) if not each.startswith("zh-")]


@pytest.mark.parametrize("name", CHINESE)
def test_links_of_a_chinese_page_stay_in_the_chinese_edition_where_it_has_the_page(name):
    text, folder = text_of(name), name.rpartition("/")[0]
    targets = {normpath(join(folder, each)) for each in re.findall(r"\]\(([\w./-]+)\.md(?:#[\w-]+)?\)", text)}
    astray = {each for each in targets - {halves.other(name)} if halves.other(each) in CHINESE}
    assert not astray, f"link to {sorted(map(halves.other, astray))}"
    known = {each for page in CHINESE for each in labels(text_of(page))}
    named = re.findall(r"\{(?:eq|numref|ref)\}`(?:[^`<]*<)?([^`>]+)>?`|\]\(#?([\w-]+)\)", text)
    assert not [each for pair in named for each in pair if each and f"zh-{each}" in known]


ENGLISH = """# Page

It takes {glue:text}`executed/a.ipynb::b:.2f` µs, by {eq}`eq-c`, {cite:p}`one2020` with $G$.
**{glue:text}`executed/claims.ipynb::verdict.C01:s`**

```{glue:math} executed/a.ipynb::law
:label: eq-c
```

```{glue:figure} executed/a.ipynb::d
:name: d

Words. {download}`Data (CSV) <executed/a/d.csv>`
```

```bash
run it
```
"""
MOVED = ENGLISH.replace("executed/", "../executed/").replace("eq-c", "zh-eq-c").replace(":name: d", ":name: zh-d")
MOVED = MOVED.replace("Words", "字").replace("{glue:text}`../executed/claims.ipynb::verdict.C01:s`", "{verdict}`C01`")


def test_other_words_are_no_difference():
    assert differences(ENGLISH, MOVED) == []


@pytest.mark.parametrize(
    "there, here, kind",
    [
        ("::b:.2f", "::b:.1f", "values"),
        ("::b:.2f", "::e:.2f", "values"),
        ("`C01`", "`C02`", "values"),
        ("::law", "::other", "laws"),
        ("eq-c\n", "eq-d\n", "laws"),
        ("ipynb::d", "ipynb::e", "figures"),
        ("glue:figure", "glue:table", "figures"),
        ("one2020", "two2020", "sources"),
        ("$G$", "$H$", "letters"),
        ("d.csv", "e.csv", "downloads"),
        ("run it", "run that", "code"),
        ("{eq}`zh-eq-c`", "式", "references"),
        (":name: zh-d", ":name: zh-e", "labels"),
    ],
)
def test_a_difference_is_seen(there, here, kind):
    assert there in MOVED
    found = differences(ENGLISH, MOVED.replace(there, here))
    assert found and any(line.startswith(f"{kind}: ") for line in found)
    assert differences(ENGLISH, MOVED + "\n{glue:text}`../executed/a.ipynb::more:.0f`") == [
        "values: executed/a.ipynb::more:.0f is new"
    ]


def test_a_half_that_changed_is_told_and_can_be_recorded(tmp_path):
    (tmp_path / "zh").mkdir()
    for name, text in {"index": "#", "a": "# A", "summary_zh": "---\nlang: zh-Hant\n---\n# 甲"}.items():
        halves.path_of(name, tmp_path).write_text(f"{text}\n", encoding="utf-8")
    page = halves.path_of("zh/a", tmp_path)
    page.write_text("---\nlang: zh-Hant\n---\n# 甲\n---\n", encoding="utf-8")
    assert halves.older(tmp_path) == ["summary_zh", "zh/a"]
    halves.record("zh/a", tmp_path)
    halves.record("zh/a", tmp_path)
    assert halves.older(tmp_path) == ["summary_zh"]
    assert re.fullmatch(r'---\nlang: zh-Hant\nhalf: "\w{16}"\n---\n# 甲\n---\n', page.read_text(encoding="utf-8"))
    halves.path_of("a", tmp_path).write_text("# B\n", encoding="utf-8")
    assert halves.older(tmp_path) == ["summary_zh", "zh/a"]
    page.write_text("# 甲\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"zh/a\.md: it begins with no front matter"):
        halves.record("zh/a", tmp_path)
