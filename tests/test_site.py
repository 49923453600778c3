"""The built site, opened from disk as a reader would: whole, drawn, and silent towards other hosts."""

import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).parents[1] / "book" / "_build" / "html"
PAGES = sorted(SITE.rglob("*.html")) if (SITE / "index.html").exists() else []
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
QUIET += ["--disable-background-networking", "--disable-component-update"]
PROSE = """() => {
    const article = document.querySelector("article")?.cloneNode(true);
    article?.querySelectorAll("pre, code, script, style").forEach(element => element.remove());
    return article?.textContent ?? "";
}"""

pytestmark = pytest.mark.skipif(not PAGES, reason="there is no built site: run make book")
needs_browser = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on the path")


class Page(HTMLParser):
    """Collects a page's ids, its links, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.path, self.ids, self.links, self.loads = path, [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += filter(None, [attributes.get("id")])
        loading = [attributes.get(key) for key in ("src", "srcset", "poster", "data", "action")]
        if tag == "link" and attributes.get("rel") not in ("canonical", "license"):
            loading.append(attributes.get("href"))
        elif tag in ("image", "use"):
            loading += [attributes.get("href"), attributes.get("xlink:href")]
        elif tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        self.loads += filter(None, loading)


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


def test_nothing_names_the_folder_it_was_built_in():
    folder = str(SITE.parents[2])
    text = [path for path in SITE.rglob("*") if path.suffix in {".html", ".js", ".ipynb", ".csv", ".svg"}]
    assert not [name(path) for path in text if folder in path.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser):
    """A tab of phone width that keeps what goes wrong in it."""
    tab = browser.new_page(viewport={"width": 360, "height": 740})
    tab.troubles = []
    tab.on(
        "request",
        lambda request: request.url.startswith(("file:", "data:", "blob:")) or tab.troubles.append(request.url),
    )
    tab.on("requestfailed", lambda request: tab.troubles.append(f"not loaded: {request.url}"))
    tab.on("console", lambda message: message.type in ("error", "warning") and tab.troubles.append(message.text))
    tab.on("pageerror", lambda error: tab.troubles.append(str(error)))
    yield tab
    tab.close()


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("path", PAGES, ids=name)
def test_opens_from_disk(tab, path):
    tab.goto(path.as_uri(), wait_until="load")
    formulas = tab.locator(".math").count()
    if formulas:
        tab.wait_for_function("window.MathJax?.startup?.promise")
        tab.evaluate("MathJax.startup.promise")
        assert tab.locator(".math mjx-container").count() >= formulas, "mathematics is not drawn"
        assert not tab.locator("mjx-merror, [data-mjx-error]").count(), "a formula has an error"
    assert not re.search(r"\\[(\[]|\$\$", tab.evaluate(PROSE)), "mathematics is left raw"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360, "wider than a phone"
    assert not tab.troubles


@pytest.mark.browser
@needs_browser
def test_search_finds_a_page(tab):
    tab.goto(f"{(SITE / 'search.html').as_uri()}?q=bandwidth")
    tab.wait_for_selector("#search-results li a")
    assert not tab.troubles


def test_a_build_server_has_all_it_needs():
    if os.environ.get("CI"):
        assert CHROMIUM, "no test may be skipped here for want of a browser"


def test_no_page_shows_a_bare_object():
    bare = re.compile(r"&lt;[A-Za-z_.]+ object(?: at 0x|&gt;)|&lt;Figure size")
    found = {path: bare.search(path.read_text(encoding="utf-8")) for path in PAGES}
    assert not [f"{name(path)}: {match[0]}" for path, match in found.items() if match]


def test_the_readme_shows_the_figure_of_the_book():
    root = SITE.parents[2]
    kept, built = root / "book/_static/domain_bound.svg", root / "book/executed/bandwidth/domain_bound.svg"
    assert kept.read_bytes() == built.read_bytes(), f"copy {built} to {kept}: the bandwidth chapter's figure changed"
