"""The files of the built site: whole, described, small, and without a link that leads nowhere or elsewhere."""

import os
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from conftest import CHROMIUM, SITE

PAGES = sorted(SITE.rglob("*.html")) if (SITE / "index.html").exists() else []
CHINESE = re.compile(r"[\u4e00-\u9fff]")

pytestmark = pytest.mark.skipif(not PAGES, reason="there is no built site: run make book")


class Page(HTMLParser):
    """Collects a page's ids, its links, what it loads, its language, and the pictures that say nothing."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links, self.loads, self.mute, self.language = path, [], [], [], [], None
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += filter(None, [attributes.get("id")])
        loading = [attributes.get(key) for key in ("src", "srcset", "poster", "data", "action")]
        if tag == "html":
            self.language = attributes.get("lang")
        elif tag == "link" and attributes.get("rel") not in ("canonical", "license"):
            loading.append(attributes.get("href"))
        elif tag in ("image", "use"):
            loading += [attributes.get("href"), attributes.get("xlink:href")]
        elif tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        self.loads += filter(None, loading)
        if tag in ("img", "svg") and attributes.get("aria-hidden") != "true":
            words = attributes.get("alt" if tag == "img" else "aria-label") or ""
            # Defaults: Sphinx writes the file's address, Jupyter what Python prints.
            if len(words.split()) < 4 or re.search(r"^<|\.(svg|png)$", words):
                self.mute.append(f"<{tag}> {words!r}")


@pytest.fixture(scope="module")
def pages():
    return {path: Page(path) for path in PAGES}


def name(path):
    return path.relative_to(SITE).as_posix()


def is_elsewhere(address):
    return bool(urlsplit(address).scheme or urlsplit(address).netloc) and not address.startswith("data:")


def test_pages_load_nothing_from_other_hosts(pages):
    assert not [f"{name(path)}: {load}" for path, page in pages.items() for load in page.loads if is_elsewhere(load)]


def test_styles_load_nothing_from_other_hosts():
    remote = re.compile(r"(?:@import\s+|url\()\s*['\"]?(?:https?:)?//[^'\")]+")
    styles = {path: path.read_text(encoding="utf-8") for path in [*SITE.rglob("*.css"), *PAGES]}
    assert not [f"{name(path)}: {found[0]}" for path, text in styles.items() if (found := remote.search(text))]


def test_links_lead_to_pages_and_anchors_that_exist(pages):
    broken = []
    for path, page in pages.items():
        for address in {*page.links, *page.loads}:
            if is_elsewhere(address) or address.startswith(("data:", "#")) and len(address) < 2:
                continue
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids
            ):
                broken.append(f"{name(path)}: {address}")
    assert not broken


def test_ids_are_unique(pages):
    twice = {name(path): {i for i in page.ids if page.ids.count(i) > 1} for path, page in pages.items()}
    assert not {path: ids for path, ids in twice.items() if ids}


def test_pictures_say_what_they_show(pages):
    assert not [f"{name(path)}: {each}" for path, page in pages.items() for each in page.mute]


def test_pages_name_the_language_they_are_written_in(pages):
    wrong = []
    for path, page in pages.items():
        article = re.search(r"<article.*?</article>", page.text, re.DOTALL)
        words = re.sub(r"<[^>]*>", "", article[0]) if article else ""
        expected = "zh-Hant" if len(CHINESE.findall(words)) > len(words) / 10 else "en"
        if page.language != expected:
            wrong.append(f"{name(path)}: {page.language}, not {expected}")
    assert not wrong


def test_the_whole_site_is_below_60_megabytes():
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 60e6


def test_nothing_names_the_folder_it_was_built_in():
    folder = str(SITE.parents[2])
    text = [path for path in SITE.rglob("*") if path.suffix in {".html", ".js", ".ipynb", ".csv", ".svg"}]
    assert not [name(path) for path in text if folder in path.read_text(encoding="utf-8")]


def test_no_page_shows_a_bare_object():
    bare = re.compile(r"&lt;[A-Za-z_.]+ object(?: at 0x|&gt;)|&lt;Figure size")
    found = {path: bare.search(path.read_text(encoding="utf-8")) for path in PAGES}
    assert not [f"{name(path)}: {match[0]}" for path, match in found.items() if match]


def test_the_readme_shows_the_figure_of_the_book():
    root = SITE.parents[2]
    kept, built = root / "book/_static/domain_bound.svg", root / "book/executed/bandwidth/domain_bound.svg"
    assert kept.read_bytes() == built.read_bytes(), f"copy {built} to {kept}: the bandwidth chapter's figure changed"


def test_a_build_server_has_all_it_needs():
    if os.environ.get("CI"):
        assert CHROMIUM, "no test may be skipped here for want of a browser"
