"""The files of the built site: whole, described, small, and without a link that leads nowhere or elsewhere."""

import json
import os
import re
import struct
import subprocess
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from runpy import run_path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from conftest import CHROMIUM, SITE

ROOT = Path(__file__).parents[2]
SEARCHES = {"search.html", "search_zh.html"}  # which the build itself makes
PAGES = sorted(SITE.rglob("*.html")) if (SITE / "index.html").exists() else []
PAGES = [path for path in PAGES if path.parent.name != "_embed"]  # figures alone: see test_embed.py
CHINESE = re.compile(r"[\u4e00-\u9fff]")
OTHER = re.compile(  # English on a Chinese page, code, and what a picture's style says
    r"<div lang=\"en\">.*?</figure>|<pre.*?</pre>|<style.*?</style>|<script.*?</script>", re.DOTALL
)

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
            told = len(words.split()) + len(CHINESE.findall(words)) / 2  # Chinese words are about two characters long
            if told < 4 or re.search(r"^<|\.(svg|png)$", words):
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
            if is_elsewhere(address) or address in ("", "#") or address.startswith("data:"):
                continue
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids
            ):
                broken.append(f"{name(path)}: {address}")
    assert not broken


def test_equations_named_in_tables_have_the_numbers_that_stand_beside_them(pages):
    number = re.compile(r'class="eqno">\((\d+)\)<a class="headerlink" href="#(equation-[\w-]+)"')
    beside = {place: digits for page in pages.values() for digits, place in number.findall(page.text)}
    named = re.findall(r'<td[^>]*>.*?href="[\w.]*#(equation-[\w-]+)">\((\d+)\)<', pages[SITE / "claims.html"].text)
    assert len(named) > 10
    assert [(place, digits) for place, digits in named if beside[place] != digits] == []


def test_ids_are_unique(pages):
    twice = {name(path): {i for i in page.ids if page.ids.count(i) > 1} for path, page in pages.items()}
    assert not {path: ids for path, ids in twice.items() if ids}


def test_pictures_say_what_they_show(pages):
    assert not [f"{name(path)}: {each}" for path, page in pages.items() for each in page.mute]


def test_pages_name_the_language_they_are_written_in(pages):
    wrong = []
    for path, page in pages.items():
        article = re.search(r"<article.*?</article>", page.text, re.DOTALL)
        words = re.sub(r"<[^>]*>", "", OTHER.sub("", article[0])) if article else ""
        chinese = path.name == "search_zh.html" or len(CHINESE.findall(words)) > len(words) / 20
        expected = "zh-Hant" if chinese else "en"
        if page.language != expected:
            wrong.append(f"{name(path)}: {page.language}, not {expected}")
    assert not wrong


def behind(page):
    """Return what stands at the end of a page: (text of the line, addresses) by its term."""
    found = re.search(r'<dl class="behind">(.*?)</dl>', page.text, re.DOTALL)
    lines = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", found[1], re.DOTALL) if found else []
    return {term: (text, re.findall(r'href="([^"]*)"', text)) for term, text in lines}


def test_chapters_offer_their_notebook_and_the_data_behind_their_figures(pages):
    chapters = [SITE / f"{path.stem}.html" for path in ROOT.glob("notebooks/*.ipynb")]
    chapters = [path for path in chapters if path in pages]
    assert len(chapters) > 5
    for path in chapters:
        lines = behind(pages[path])
        _, (page, stored, executed, *_) = next(value for term, value in lines.items() if term.startswith("Notebook"))
        assert page == f"executed/{path.stem}.html"
        assert (path.parent / stored).read_bytes() == (ROOT / f"notebooks/{path.stem}.ipynb").read_bytes()
        assert (path.parent / executed).read_bytes() == (ROOT / f"book/executed/{path.stem}.ipynb").read_bytes()
        if not list((ROOT / f"book/executed/{path.stem}").glob("*.csv")):  # what it shows is reckoned in the page
            assert "Data shown here" not in lines
            continue
        shown = lines["Data shown here"][1]
        offered = {address.rpartition("/")[2] for address in shown if address.endswith(".csv")}
        told = {address.rpartition("/")[2] for address in shown if address.endswith(".json")}
        page = (ROOT / "book" / f"{path.stem}.md").read_text(encoding="utf-8")
        captioned = {f"{name}.csv" for name in re.findall(r"<executed/\w+/([\w-]+)\.csv>", page)}
        assert told == {name.replace(".csv", ".json") for name in offered & captioned} > set()
        assert {f"{name}.csv" for name in re.findall(r"/(\w+)\.csv", pages[path].text)} >= offered > set()


@cache
def lines(table):
    return (ROOT / "data" / f"{table}.csv").read_text(encoding="utf-8").splitlines()


def test_each_figure_says_in_json_what_its_data_are():
    described = [json.loads(path.read_text(encoding="utf-8")) for path in (SITE / "_data").rglob("*.json")]
    assert len(described) > 50
    for each in described:
        assert len(each["caption"]) > 20 and each["tables"] and each["columns"], each["name"]
        assert (SITE / each["page"]).is_file() and (SITE / each["notebook"]).is_file()
        for row in each["rows"]:
            line = lines(row["table"])[row["line"] - 1]
            assert line.startswith(f"{row['name']},") and f",{row['quantity']}," in line and row["source"] in line, row
            assert row["source"] in each["tables"][row["table"]], row
    assert sum(len(each["rows"]) > 10 for each in described) > 40
    keys = set(re.findall(r'<code[^>]* id="([^"]+)"', (SITE / "references.html").read_text(encoding="utf-8")))
    named = {key for each in described for sources in each["tables"].values() for key in sources}
    assert len(named) > 20 and named <= keys


def test_quoted_numbers_lead_to_the_cell_that_computed_them(pages):
    for name in ("bandwidth", "reliability"):
        links = re.findall(
            rf'<a tabindex="-1" class="to-cell [^>]*href="(executed/{name}.html#[\w-]+-cell-\d+)"',
            pages[SITE / f"{name}.html"].text,
        )
        assert len(links) > 20


def test_every_page_is_described_and_the_machines_files_list_them(pages):
    bare = [
        name(path)
        for path, page in pages.items()
        if path.name not in SEARCHES and not re.search(r'<meta name="description" content="[^"]{20,310}"', page.text)
    ]
    assert not bare
    guide = (SITE / "llms.txt").read_text(encoding="utf-8")
    sources = [*ROOT.glob("book/*.md"), *ROOT.glob("book/zh/*.md")]
    named = [path.relative_to(ROOT / "book").with_suffix(".html").as_posix() for path in sources]
    assert all(f"]({each}" in guide or f"/{each}" in guide for each in named)
    feed = ElementTree.parse(SITE / "feed.xml").getroot()
    versions = re.findall(r"^## (\S+) \(", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == len(versions)


def test_a_link_to_a_page_is_shown_with_title_words_and_a_picture(pages):
    for path, page in pages.items():
        if path.name in SEARCHES:
            continue
        told = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]+)"', page.text))
        assert told.keys() == {"title", "description", "type", "image"}, name(path)
        assert re.search(r"<title>([^<]+)", page.text)[1].startswith(told["title"]), name(path)
        picture = (path.parent / told["image"]).read_bytes()
        assert struct.unpack(">II", picture[16:24]) == (1200, 630)  # width and height, as the head of a PNG has them


def test_every_page_offers_its_source_and_says_when_it_changed(pages):
    sources = [path for path in PAGES if (ROOT / "book" / path.relative_to(SITE)).with_suffix(".md").exists()]
    assert len(sources) > 10
    for path in sources:
        text, addresses = next(value for term, value in behind(pages[path]).items() if term in ("This page", "本頁"))
        offered = path.parent / addresses[0]
        assert offered.read_bytes() == (ROOT / "book" / path.relative_to(SITE)).with_suffix(".md").read_bytes()
        assert re.search(r"(?:last change: |最後修改：)(?:\d{4}-\d\d-\d\d|unknown|不詳)", text)


def test_the_date_of_a_change_is_not_guessed(tmp_path):
    furniture = run_path(str(ROOT / "book/_ext/furniture.py"))
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b", "-C", str(tmp_path)]
    (tmp_path / "page.md").write_text("one")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "one", "--date", "2020-01-02T03:04:05"]):
        subprocess.run([*git, *command], check=True, env=os.environ | {"GIT_COMMITTER_DATE": "2020-01-02T03:04:05"})
    assert furniture["last_change"](["page.md"], tmp_path) == "2020-01-02"
    assert furniture["last_change"](["other.md"], tmp_path) == ""
    subprocess.run(["git", "clone", "-q", "--depth", "1", tmp_path.as_uri(), str(tmp_path / "cut")], check=True)
    assert furniture["last_change"](["page.md"], tmp_path / "cut") == ""


def test_the_status_page_tells_how_every_notebook_ran(pages):
    text = pages[SITE / "status.html"].text
    for path in ROOT.glob("notebooks/*.ipynb"):
        row = re.search(rf'<tr><td[^>]*><a href="executed/{path.stem}.html">.*?</tr>', text)[0]
        assert re.search(
            r"complete: \d+ values.*<td[^>]*>\d+\.\d</td><td[^>]*>[\d.]+</td><td[^>]*>\d{4}-\d\d-\d\d \d\d:\d\d</td>",
            row,
        )


def test_the_sitemap_lists_the_pages():
    listed = set(re.findall(r"<loc>(.*?)</loc>", (SITE / "sitemap.xml").read_text(encoding="utf-8")))
    assert listed == {name(path) for path in PAGES} - SEARCHES


def test_the_book_is_offered_as_a_pdf_where_a_browser_could_print_it(pages):
    path = SITE / "supernodes.pdf"
    offering = {name(page) for page, read in pages.items() if re.search(r'href="[./]*supernodes\.pdf"', read.text)}
    assert offering == ({name(page) for page in PAGES} - SEARCHES if path.exists() else set())
    if not CHROMIUM:
        pytest.skip("there is no Chromium on the path to print it")
    pdf = path.read_bytes()
    inside = re.findall(rb"/Subtype /Link[^>]*/Dest /(\S+)", pdf)
    number = re.search(rb"/Dests (\d+) 0 R", pdf)[1]
    table = re.search(rb"\n%s 0 obj\n<<(.*?)>>\nendobj" % number, pdf, re.DOTALL)[1]
    assert len(inside) > 200
    assert not [link for link in set(inside) if b"/" + link + b" " not in table], "links that lead nowhere"
    assert b"file:" not in pdf, "a link into this machine"
    printer = run_path(str(ROOT / "book/print.py"))
    assert 40 <= len(printer["leaves"](pdf)) <= 70, "a reader's edition, not all that the site holds"
    found = printer["places"](pdf)
    sources = [ROOT / "book" / f"{each}.md" for each in ("index", *printer["CHAPTERS"])]
    titles = [re.search(r"^# (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)[1] for path in sources]
    chapters = [found[re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")] for title in titles]
    assert chapters == sorted(set(chapters)) and chapters[0] == 2, "each chapter begins a page, in order"
    assert chapters[-1] < len(printer["leaves"](pdf))
    left_out = ("nomenclature", "changelog", "status-of-this-build", "glossary", "blind-every", "frozen-table")
    assert not [each for each in left_out if each in found]
    assert len(re.findall(rb"/Title \(", pdf)) > 50, "an outline"
    assert b"/StructTreeRoot" in pdf and b"/Lang (en)" in pdf, "it can be read aloud"


def test_a_pdf_does_not_depend_on_when_it_was_printed():
    repeatable = run_path(str(ROOT / "book/print.py"))["repeatable"]
    prints = [
        f"<</CreationDate (D:2026010{i}000000+00'00') /Kids [(node000000{16 + i}) (node000000{21 + i})] "
        f"/Headers (node000000{16 + i})>>".encode()
        for i in (1, 2)
    ]
    assert prints[0] != prints[1] and len({repeatable(each) for each in prints}) == 1
    assert len(repeatable(prints[0])) == len(prints[0])
    assert b"[(node00000001) (node00000002)] /Headers (node00000001)" in repeatable(prints[0])


def test_the_whole_site_is_below_70_megabytes():
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 70e6


def test_nothing_names_the_folder_it_was_built_in():
    folder = str(ROOT)
    text = [path for path in SITE.rglob("*") if path.suffix in {".html", ".js", ".ipynb", ".csv", ".svg"}]
    assert not [name(path) for path in text if folder in path.read_text(encoding="utf-8")]


def test_no_page_shows_a_bare_object():
    bare = re.compile(r"&lt;[A-Za-z_.]+ object(?: at 0x|&gt;)|&lt;Figure size")
    found = {path: bare.search(path.read_text(encoding="utf-8")) for path in PAGES}
    assert not [f"{name(path)}: {match[0]}" for path, match in found.items() if match]


QUOTED = ("changelog.html", "references.html", "status.html")  # versions, page numbers and digests of others
BARE = re.compile(r"(?<![\w.,/:#-])(?!(?:19|20)\d\d\b)(\d{4,}|-?\d+(?:\.\d+)?e[+-]?\d+)(?![\w/:-]|\.\d)")
CODE = "pre, code, .literal, #T_parameters"  # and what a file of parameters may hold, which is typed like code
# A maker's name for a number, and a sentence that was frozen with a claim.
AS_SAID = ("16384 H100", "4800 other devices", "4800 個裝置")


def bare_numbers(markup):
    """Return the numbers of a page's text without thousands between commas, or with Python's powers of ten."""
    page = BeautifulSoup(markup, "html.parser")
    article = page.find("article") or page
    for each in article.select(f"{CODE}, script, style, svg, .math, nav, select, input"):
        each.decompose()
    text = article.get_text(" ")
    for each in AS_SAID:
        text = text.replace(each, "")
    return [text[max(0, found.start() - 30) : found.end()] for found in BARE.finditer(text)]


def test_numbers_in_text_and_tables_are_written_for_readers():
    found = {name(path): bare_numbers(path.read_text(encoding="utf-8")) for path in PAGES if path.name not in QUOTED}
    assert not {page: numbers for page, numbers in found.items() if numbers}


@pytest.mark.parametrize("number", ["12350", "1.2e-05", "8e+06", "65536"])
def test_the_check_sees_a_number_that_is_not(number):
    assert bare_numbers(f"<article><td>{number}</td> of 1,024 in 2025</article>")
    assert not bare_numbers(f"<article><code>{number}</code> and 12,350 of 2025, 1.24 × 10⁻⁵</article>")


def test_the_readme_shows_the_figure_of_the_book():
    kept, built = ROOT / "book/_static/domain_bound.svg", ROOT / "book/executed/bandwidth/domain_bound.svg"
    assert kept.read_bytes() == built.read_bytes(), f"copy {built} to {kept}: the bandwidth chapter's figure changed"


def test_a_build_server_has_all_it_needs():
    if os.environ.get("CI"):
        assert CHROMIUM, "no test may be skipped here for want of a browser"
