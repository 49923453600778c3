"""Every page in a real browser, at the width of a phone: from disk and served in a sub-folder."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import SITE

PAGES = sorted(SITE.rglob("*.html")) if (SITE / "index.html").exists() else []
PAGES = [path for path in PAGES if path.parent.name != "_embed"]  # figures alone: see test_embed.py
LONG = 300_000  # ms for all intervals of a page that computes, where many others use the machine
PROSE = """() => {
    const article = document.querySelector("article")?.cloneNode(true);
    article?.querySelectorAll("pre, code, script, style").forEach(element => element.remove());
    return article?.textContent ?? "";
}"""
# axe on the whole page would take minutes. Text of the same ink on the same grounds, in all that it stands in, has the
# same contrast: the first and the last of each kind are judged in both themes. For the other rules the first rows of a
# table stand for all, and what a picture is drawn of is nothing to read.
JUDGE = """async () => {
    const styles = ["color", "backgroundColor", "backgroundImage", "opacity", "fontSize", "fontWeight", "textShadow",
        "filter", "mixBlendMode", "position"];
    const texts = () => {
        const kinds = new Map(), told = new Map([[null, ""]]);
        const kind = (element) => {
            if (!told.has(element)) {
                const own = getComputedStyle(element);
                told.set(element, [kind(element.parentElement), ...styles.map((each) => own[each])].join());
            }
            return told.get(element);
        };
        for (const element of document.body.querySelectorAll(":not(svg *, mjx-container *)")) {
            const written = [...element.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
            if (!written || !element.checkVisibility()) continue;
            const [first] = kinds.get(kind(element)) ?? [element];
            kinds.set(kind(element), [first, element]);
        }
        return [...kinds.values()].flat();
    };
    const wear = (theme) => document.documentElement.dataset.theme = theme;
    const kept = new Map(["dark", "light"].map((theme) => [wear(theme), texts()]));
    const around = new Set();
    for (let element of [...kept.values()].flat())
        for (; element; element = element.parentElement) around.add(element);
    const alike = "tbody > tr:nth-child(n+9), mjx-container > *, .highlight span, svg[role=img] > *";
    document.querySelectorAll(alike).forEach((each) => around.has(each) || each.remove());
    const resultTypes = ["violations"], rules = {"color-contrast": {enabled: false}};
    const found = {"any theme": await axe.run({resultTypes, rules})};
    for (const [theme, include] of kept) {
        wear(theme);
        found[theme] = await axe.run({include}, {resultTypes, runOnly: {type: "rule", values: ["color-contrast"]}});
    }
    return Object.entries(found).flatMap(([theme, {violations}]) => violations.map((each) => ({theme, ...each})));
}"""

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not PAGES, reason="there is no built site: run make book")]
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(SITE).as_posix())


def show(tab, address):
    """Open a page, wait until its mathematics is drawn, and return its prose."""
    tab.goto(address, wait_until="load")
    if formulas := tab.locator(".math").count():
        tab.wait_for_function("window.MathJax?.startup?.promise")
        tab.evaluate("MathJax.startup.promise")
        assert tab.locator(".math mjx-container").count() >= formulas, "mathematics is not drawn"
        assert not tab.locator("mjx-merror, [data-mjx-error]").count(), "a formula has an error"
    tab.wait_for_function("!document.querySelector('[aria-busy=true]')", timeout=LONG)  # a page that computes
    prose = tab.evaluate(PROSE)
    assert not re.search(r"\\[(\[]|\$\$", prose), "mathematics is left raw"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360, "wider than a phone"
    assert not tab.troubles
    return prose


def violations(tab):
    """Return what keeps somebody from reading the page that a tab shows, which is thinned for it."""
    tab.evaluate(AXE_SCRIPT + "; 0")
    return [
        f"{violation['theme']}: {violation['id']}: {node['target']} {node['html'][:200]}"
        for violation in tab.evaluate(JUDGE)
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@every_page
def test_a_page_can_be_read_by_everybody_and_everywhere(tab, served, path):
    served_prose = show(tab, served + path.relative_to(SITE).as_posix())
    assert show(tab, path.as_uri()) == served_prose
    assert len(re.findall(r"[㐀-鿿]|[^\s㐀-鿿]+", served_prose)) > 50 or path.stem in ("search", "search_zh")
    assert not violations(tab)


FAULTY = f"""<!doctype html><html lang="en"><head><title>A page</title><style>
    html {{background: white; color: black}} html[data-theme=dark] {{background: black; color: white}}
    html[data-theme=dark] .faint {{color: #444}} .pale {{color: #ccc}}
    </style></head><body><main><h1>A page</h1>
    <table><tbody>{"<tr><td>word</td></tr>" * 30}<tr><td class=faint>word</td></tr></tbody></table>
    <pre class=highlight><span>code</span> <span class=pale>more</span></pre><img src="data:,"></main></body></html>"""


def test_what_cannot_be_read_is_seen_also_in_a_late_row_in_one_theme_and_in_code(tab):
    tab.set_content(FAULTY)
    found = [each.partition(" [")[0].removesuffix(":") for each in violations(tab)]
    assert found == ["any theme: image-alt", "dark: color-contrast", "light: color-contrast"]


def test_a_table_sorts_by_the_column_whose_head_is_clicked(tab):
    show(tab, (SITE / "bandwidth.html").as_uri())
    tab.set_viewport_size({"width": 1280, "height": 900})  # on a phone the heads are for the ear alone
    head = tab.locator("table.sortable th", has_text="scale-up, GB/s").first
    column = """head => [...head.closest("table").tBodies[0].rows]
        .map(row => +row.cells[head.cellIndex].innerText.replace(",", ""))"""
    before = head.evaluate(column)
    head.get_by_role("button").click()
    assert head.evaluate(column) == sorted(before) != before
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert head.evaluate(column) == sorted(before, reverse=True)


def test_a_table_sorts_powers_of_ten_by_what_they_are(tab):
    show(tab, (SITE / "method.html").as_uri())
    tab.set_viewport_size({"width": 1280, "height": 900})
    head = tab.locator("table.sortable th", has_text="Largest error")
    head.get_by_role("button").click()
    column = "head => [...head.closest('table').tBodies[0].rows].map(row => row.cells[head.cellIndex].innerText)"
    shown = [
        re.split(" × 10", each.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))) for each in head.evaluate(column)
    ]
    numbers = [float(digits) * 10.0 ** int(power) for digits, power in shown]
    assert len(numbers) > 8 and numbers == sorted(numbers)
    assert [float(digits) for digits, _ in shown] != sorted(float(digits) for digits, _ in shown)


def test_chinese_characters_are_drawn_and_not_boxes(tab):
    show(tab, (SITE / "summary_zh.html").as_uri())
    drawn = tab.evaluate("""() => {
        const family = getComputedStyle(document.querySelector("article p")).fontFamily;
        return [..."超節點頻寬閒置驗證"].map((character) => {
            const canvas = document.createElement("canvas");
            const pen = canvas.getContext("2d");
            pen.font = `40px ${family}`;
            pen.fillText(character, 10, 50);
            return canvas.toDataURL();
        });
    }""")
    assert len(set(drawn)) == len(drawn), "a font without these characters draws the same box for all of them"


def test_the_first_view_of_the_opening_page_is_below_2_megabytes(tab):
    show(tab, (SITE / "index.html").as_uri())
    files = {SITE / unquote(urlsplit(url).path) for url in tab.loaded if url.startswith("file:")}
    assert len(files) > 5
    assert sum(file.stat().st_size for file in files) < 2e6, sorted((file.stat().st_size, file.name) for file in files)


@pytest.mark.parametrize(
    "words, page",
    [
        ("bandwidth", "bandwidth"),
        ("cloudmatrix384", "systems"),
        ("scale_up_bandwidth", "nomenclature"),
        ("超節點", "zh/systems"),
        ("超節點", "summary_zh"),
        ("可靠度 Llama", "zh/reliability"),
        ("域", "zh/bandwidth"),
    ],
)
def test_search_finds(tab, words, page):
    tab.goto(f"{(SITE / 'search.html').as_uri()}?q={words}")
    tab.wait_for_selector("#search-results li a")
    tab.wait_for_function("document.querySelector('#search-results > p')?.textContent.match(/\\d/)")
    found = tab.locator("#search-results li a").evaluate_all("links => links.map(link => link.pathname)")
    assert [link for link in found if link.endswith(f"/{page}.html")], found
    assert not tab.troubles


@pytest.mark.parametrize("search", ["search", "search_zh"])
def test_search_names_its_own_edition_first_and_chapters_before_notebooks(tab, search):
    tab.goto(f"{(SITE / search).as_uri()}.html?q=NVL72")
    tab.wait_for_selector("#search-results li a")
    tab.wait_for_function("document.querySelector('#search-results > p')?.textContent.match(/\\d/)")
    links = tab.locator("#search-results li a").evaluate_all("links => links.map(link => link.href)")
    links = [link for link in links if not re.search(r"/(?:changelog|references|status)\.html", link)]  # as notebooks
    found = [re.search(r"html/((?:zh/|executed/)?)\w+\.html", link)[1] or "" for link in links]
    summary = [place for place, link in enumerate(links) if "summary_zh" in link]
    found = ["zh/" if place in summary else each for place, each in enumerate(found)]
    order = ["zh/", "", "executed/"] if search == "search_zh" else ["", "executed/", "zh/"]
    assert set(found) == set(order) and found == sorted(found, key=order.index)
