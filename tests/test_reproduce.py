"""Two books are compared whole: a file that differs is named, and only the page of the clock may."""

import pytest
from reproduce import CLOCK, MADE, contents, judged

PAGE = f"{MADE[1]}/index.html"
BOOK = {PAGE: "a page", CLOCK: "3 s", f"{MADE[0]}/systems.ipynb": "a notebook"}


def book(folder, texts):
    """Write the files of a book and return what is compared of it."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return contents(folder, *MADE)


OTHERS = {
    "another page": (BOOK | {PAGE: "a paga"}, PAGE),
    "a page more": (BOOK | {f"{MADE[1]}/zh/new.html": ""}, f"{MADE[1]}/zh/new.html"),
    "no page of the clock": ({name: text for name, text in BOOK.items() if name != CLOCK}, CLOCK),
}


@pytest.mark.parametrize(("other", "name"), OTHERS.values(), ids=OTHERS)
def test_a_file_that_differs_is_named(tmp_path, other, name):
    same, lines = judged(book(tmp_path / "one", BOOK), book(tmp_path / "other", other))
    assert not same and lines[1:] == [name]


def test_only_the_page_of_the_clock_may_differ(tmp_path):
    same, lines = judged(book(tmp_path / "one", BOOK), book(tmp_path / "other", BOOK | {CLOCK: "4 s"}))
    assert same and lines[0].startswith("3 files, ")


def test_without_a_book_nothing_is_the_same(tmp_path):
    assert not judged(contents(tmp_path, *MADE), contents(tmp_path, *MADE))[0]
