"""Figures alone: one bare page for each figure of the book, small, with what is behind it, and without other hosts."""

import html
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import SITE

EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"
BARE = sorted((SITE / "_embed").glob("*.html"))
NUMBERED = re.compile(r'<span class="caption-number">(?:Fig\.|圖)')
MARKUP = (
    '<p>before</p><figure class="glued align-default" id="some-figure">\n<svg class="study-figure"></svg><figcaption>'
    '<p><span class="caption-number">Fig. 1 </span><a href="laws.html#one">law</a> <a href="#here">here</a> '
    '<a href="https://example.org/">other</a> <a download="" href="_downloads/1f/times.csv">Data</a></p>'
    "</figcaption>\n</figure><p>after</p>"
)
built = pytest.mark.skipif(not BARE, reason="there is no built site: run make book")


@pytest.fixture
def embed(monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSIONS))
    monkeypatch.delitem(sys.modules, "embed", raising=False)
    import embed

    return embed


def page(embed, name="chapter", body=MARKUP, base=""):
    """Return (body with controls, scripts that were asked for) of a page."""
    scripts = []
    app = SimpleNamespace(
        builder=SimpleNamespace(name="html"),
        config=SimpleNamespace(html_baseurl=base),
        add_js_file=lambda name, **_: scripts.append(name),
    )
    embed.add_controls(app, name, "page.html", context := {"body": body}, None)
    return context["body"], scripts


def test_each_figure_gets_a_control_that_leads_to_its_page(embed):
    body, scripts = page(embed)
    assert scripts == ["embed.js"] and body.count('<details class="embed">') == 1
    assert '<a href="_embed/some-figure.html">This figure alone</a>' in body
    assert body.index("</figcaption>") < body.index("<details") < body.index("</figure>") < body.index("after")
    body, _ = page(embed, "zh/chapter", base="https://study.example/")
    assert '<a href="../_embed/some-figure.html">單獨的這張圖</a>' in body
    frame = html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", body, re.S)[1])
    assert frame.startswith('<iframe src="https://study.example/_embed/some-figure.html"')
    assert page(embed, body="<p>no figure</p>") == ("<p>no figure</p>", [])


@pytest.mark.parametrize("chapter", ["chapter.html", "zh/chapter.html"])
def test_a_bare_page_has_the_figure_its_sources_and_a_link_back(embed, tmp_path, chapter):
    text, _ = page(embed, chapter.removesuffix(".html"))
    (tmp_path / chapter).parent.mkdir(exist_ok=True)
    (tmp_path / chapter).write_text(f"<head><title>A chapter</title></head>{text}", encoding="utf-8")
    (told := tmp_path / "_data/notebook/times.json").parent.mkdir(parents=True)
    rows = [{"table": "systems", "source": "maker2024"}] if chapter == "chapter.html" else []
    tables = {"systems": ["maker2024", "press2025"], "priors": ["fit2026"]}
    told.write_text(json.dumps({"tables": tables, "rows": rows}), encoding="utf-8")
    (path,) = embed.write(tmp_path, [chapter])
    bare, folder = path.read_text(encoding="utf-8"), chapter.removesuffix("chapter.html")
    assert path == tmp_path / "_embed/some-figure.html" and '<details class="embed">' not in bare
    for address in (f"{folder}chapter.html#some-figure", f"{folder}laws.html#one", f"{folder}chapter.html#here"):
        assert f'href="../{address}"' in bare
    assert f'href="../{folder}_downloads/1f/times.csv"' in bare and 'href="https://example.org/"' in bare
    assert 'href="../references.html#maker2024"' in bare and "systems.csv" in bare
    assert ("press2025" in bare) == ("priors.csv" in bare) == (not rows)  # the rows alone, where they are known
    assert f'lang="{"zh-Hant" if folder else "en"}"' in bare and "<script" not in bare


def test_a_figure_takes_the_sources_of_its_own_notebook_before_those_of_another(embed, tmp_path):
    for folder, source in (("another", "press2025"), ("chapter", "maker2024"), ("later", "press2026")):
        (told := tmp_path / f"_data/{folder}/times.json").parent.mkdir(parents=True)
        told.write_text(json.dumps({"tables": {"systems": [source]}, "rows": []}), encoding="utf-8")
    assert embed.sources(tmp_path, "zh/chapter.html", MARKUP) == {"systems": ["maker2024"]}
    assert embed.sources(tmp_path, "laws.html", MARKUP) == {"systems": ["press2025"]}  # the first of those there are
    assert embed.sources(tmp_path, "chapter.html", "no data") == {}


def test_a_figure_loads_what_draws_it_and_mathematics_where_it_has_some(embed):
    formula, slider = '<span class="math notranslate">', '<div class="slider-figure">'
    assert embed.loads("<p>plain</p>") == []
    assert embed.loads(formula) == ["mathjax/tex-chtml.js"]
    assert embed.loads(slider) == [embed.VEGA, embed.OURS]
    assert embed.loads(slider + formula) == [embed.VEGA, embed.OURS, "mathjax/tex-chtml.js"]


def site(folder, name="html"):
    """A site in a folder, as Sphinx leaves it, with one chapter."""
    (folder / "_static").mkdir()
    (folder / "chapter.html").write_text(f"<title>A chapter</title>{MARKUP}", encoding="utf-8")
    builder = SimpleNamespace(name=name, get_target_uri=lambda page: f"{page}.html")
    return SimpleNamespace(builder=builder, outdir=str(folder), env=SimpleNamespace(found_docs={"chapter"}))


def test_bare_pages_are_written_with_the_site_and_again_with_the_next(embed, tmp_path):
    app = site(tmp_path)
    for _ in range(2):
        embed.write_all(app, None)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {"chapter.html", "_embed/some-figure.html", "_static/embed.js"}
    assert (tmp_path / "_static/embed.js").read_bytes() == (EXTENSIONS / "embed.js").read_bytes()


@pytest.mark.parametrize(("name", "error"), [("singlehtml", None), ("html", ValueError("a page"))])
def test_no_bare_page_is_written_of_one_page_for_all_nor_where_the_site_failed(embed, tmp_path, name, error):
    embed.write_all(site(tmp_path, name), error)
    assert not (tmp_path / "_embed").exists()


def test_two_figures_of_one_name_are_refused(embed, tmp_path):
    for chapter in ("one.html", "two.html"):
        (tmp_path / chapter).write_text(f"<title>A chapter</title>{MARKUP}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"two figures are called some-figure, on one\.html and two\.html"):
        embed.write(tmp_path, ["one.html", "two.html"])


@built
def test_every_figure_of_the_book_has_a_page():
    pages = [path for path in SITE.rglob("*.html") if path.parent.name != "_embed"]
    shown = sum(len(NUMBERED.findall(path.read_text(encoding="utf-8"))) for path in pages)
    assert len(BARE) == shown > 40


@built
def test_no_bare_page_leads_nowhere_or_loads_from_elsewhere():
    for path in BARE:
        text = path.read_text(encoding="utf-8")
        assert len(text) < 400_000, path
        for tag, address in re.findall(r'<(\w+)\b[^>]*?\s(?:href|src)="([^"]*)"', text):
            parts = urlsplit(html.unescape(address))
            assert tag == "a" or not (parts.scheme or parts.netloc), (path, address)
            if parts.scheme == "" and parts.path:
                assert (path.parent / parts.path).resolve().is_file(), (path, address)


SHOWN = [path for path in BARE if path.stem in ("domain-bound", "bound-sliders", "zh-domain-bound", "your-own-machine")]


@built
@pytest.mark.browser
@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_bare_page_can_be_read_in_light_and_dark_from_disk(tab, path, scheme):
    tab.emulate_media(color_scheme=scheme)
    tab.goto(path.as_uri(), wait_until="load")
    tab.locator("figure :is(svg, table):visible").first.wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360 and not tab.troubles
    tab.evaluate(AXE_SCRIPT + "; 0")
    found = tab.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa']})")["violations"]
    assert not [each["id"] for each in found if each["impact"] in ("serious", "critical")]
    ground, ink = tab.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    dark, light = (sum(map(int, re.findall(r"\d+", each)[:3])) for each in (ground, ink))
    assert (dark < light) == (scheme == "dark")


@built
@pytest.mark.browser
def test_every_figure_shows_itself_alone_from_disk(tab):
    """Drawn at a real size, no wider than a phone, asking no other host, with a title and its sources."""
    seen = "figure :is(svg, canvas, .answers):visible"
    for path in BARE:
        tab.goto(path.as_uri(), wait_until="load")
        tab.locator(seen).first.wait_for()
        boxes = tab.locator(seen).evaluate_all("all => all.map(each => each.getBoundingClientRect())")
        assert max(box["width"] for box in boxes) >= 200 and max(box["height"] for box in boxes) >= 80, path.stem
        assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path.stem
        origin = tab.locator(".behind > p").inner_text()
        assert tab.title() and origin in (f"From {tab.title()}", f"出自 {tab.title()}"), path.stem
        behind = tab.locator(".behind summary")
        told = "data/" in behind.inner_text() if behind.count() else not tab.locator("figcaption a[download]").count()
        assert told, f"{path.stem} does not say its sources"
        assert not tab.troubles, (path.stem, tab.troubles)
