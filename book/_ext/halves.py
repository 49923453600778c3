"""Tells which Chinese pages are older than their English halves: python book/_ext/halves.py [NAME ...]

A Chinese page keeps in its front matter, as `half`, a digest of the English page whose words it says. Without a name
this lists the pages whose English half has changed since, and exits with 1 where there is one; with names, as
`bandwidth` or `summary_zh`, it records that those pages say again what their English halves say.
"""

import hashlib
import re
import sys
from pathlib import Path

BOOK = Path(__file__).parents[1]
FOLDER = "zh/"
SEARCH = "search_zh"  # the search page of the Chinese edition, which the build makes
SUMMARY, OPENING = "summary_zh", "index"  # a summary of its own, which stands in for the opening page
LINE = re.compile(r'(?<=\n)half: "(\w*)"\n')
FRONT = re.compile(r"\A---\n(?:.*\n)*?---\n")


def is_chinese(name):
    """Tell whether a page, named as Sphinx does (bandwidth, zh/bandwidth), is of the Chinese edition."""
    return name in (SUMMARY, SEARCH) or name.startswith(FOLDER)


def other(name):
    """Return the name that a page's half in the other language has, or would have if it were there."""
    if name in (SUMMARY, OPENING):
        return OPENING if name == SUMMARY else SUMMARY
    return name.removeprefix(FOLDER) if is_chinese(name) else FOLDER + name


def path_of(name, book=BOOK):
    return book / f"{name}.md"


def chinese_pages(book=BOOK):
    """Return the names of the pages of the Chinese edition, the summary first."""
    return [SUMMARY, *sorted(f"{FOLDER}{path.stem}" for path in book.glob(f"{FOLDER}*.md"))]


def digest(name, book=BOOK):
    """Return the digest of a page as it is now."""
    return hashlib.sha256(path_of(name, book).read_bytes()).hexdigest()[:16]


def recorded(name, book=BOOK):
    """Return the digest that a Chinese page keeps of its English half, "" where it keeps none."""
    front = FRONT.match(path_of(name, book).read_text(encoding="utf-8"))
    found = front and LINE.search(front[0])
    return found[1] if found else ""


def older(book=BOOK):
    """Return the Chinese pages whose English half is not the one that they keep the digest of."""
    return [name for name in chinese_pages(book) if recorded(name, book) != digest(other(name), book)]


def record(name, book=BOOK):
    """Write the digest of the English half into a Chinese page; ValueError where it has no front matter."""
    path = path_of(name, book)
    text = path.read_text(encoding="utf-8")
    front = FRONT.match(text)
    if not front:
        raise ValueError(f"{path}: it begins with no front matter: ---, lang: zh-Hant, ---")
    lines = LINE.sub("", front[0]).removesuffix("---\n") + f'half: "{digest(other(name), book)}"\n---\n'
    path.write_text(lines + text[front.end() :], encoding="utf-8")


def main(asked):
    """Record the pages that are named, or list those that are older; return the exit code."""
    known = {name.removeprefix(FOLDER): name for name in chinese_pages()}
    if unknown := [each for each in asked if each.removeprefix(FOLDER) not in known]:
        print(f"No Chinese page: {', '.join(unknown)}. There are: {', '.join(known)}.", file=sys.stderr)
        return 2
    for each in asked:
        record(known[each.removeprefix(FOLDER)])
    if asked:
        return 0
    for name in (stale := older()):
        english = path_of(other(name)).name
        print(f"book/{name}.md is older than book/{english}: bring it up to date, then")
        print(f"  python book/_ext/halves.py {name.removeprefix(FOLDER)}")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
