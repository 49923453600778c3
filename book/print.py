"""Prints a reader's edition of the book, built as one page: python book/print.py singlehtml/index.html book.pdf

It holds the opening page and each chapter's prose, laws, figures and takeaway; long tables, worked problems and
appendices stay on the site, and where a table is left out stands what it says and which file holds it. The system's
Chromium prints. Where there is none, it does not start, or NO_PDF is set, the site offers no PDF: without arguments,
this says why and exits with 1.
"""

import os
import re
import shutil
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
CHAPTERS = [  # after the opening page, in this order, and the references last
    *("method", "systems", "bandwidth", "reliability", "fabric", "moe_idle", "serving", "training", "domain_size"),
    *("generations", "validation", "blind", "claims", "purchase", "references"),
]
LEFT_OUT = "^(Worked )?[Pp]roblems?$|^Ways in$|^How the record is kept$|^All readings$|^What was frozen$"  # sections
ROWS, COLUMNS = 10, 8  # of the largest table that paper shows
WIDTH, COLUMN = 650, 311  # CSS pixels between the margins of A4, and of one of two columns
MATHEMATICS = "**/mathjax/tex-chtml.js"
PATIENCE = 600_000  # ms for all pages as one, where the notebooks of another build hold the cores
ROOT = Path(__file__).resolve().parents[1]

STYLE = """
  @page { size: A4; margin: 21mm 19mm 18mm 19mm; @bottom-right { content: counter(page); font: 8pt "DejaVu Sans"; } }
  @page :first { @bottom-right { content: none; } }
  .bd-sidebar, .bd-header-article, .bd-header, .bd-footer, .bd-footer-content, .bd-footer-article, .prev-next-footer,
  .headerlink, .skip-link, #jb-print-docs-body, .copybtn, .toggle-button, dialog, #pst-back-to-top,
  .law-notes :is(details, div.math),
  figure:has(svg.narrow) svg.study-figure.wide, :is(.slider-figure, .purchase-figure) fieldset
    { display: none !important; }
  figure:has(svg.narrow) svg.study-figure.narrow { display: block !important; max-height: 6cm; }
  .bd-main .bd-content, .bd-article-container, .bd-article, .bd-container, .bd-container__inner, .bd-main
    { display: block !important; max-width: none !important; padding: 0 !important; margin: 0 !important; }
  html, body { background: white; font-size: 10.4px; line-height: 1.42; color: #16161d; }
  body, .bd-article { font-family: "DejaVu Sans", sans-serif; hyphens: auto; }
  p, li { orphans: 3; widows: 3; margin-bottom: .55em; }
  article > section, span[id^="document-"] + section { break-before: page; }
  h1, h2, h3, h4 { display: block !important; break-after: avoid; font-family: inherit; margin: 1.1em 0 .4em; }
  h1, [data-page] > h2:first-of-type
    { font-size: 1.9rem; margin: 0 0 .9em; padding-bottom: .35em; border-bottom: 2px solid #16161d; column-span: all; }
  [data-page] section > h2, [data-page="index"] h2, [data-page] > section > h3 { font-size: 1.2rem; }
  h3 { font-size: 1.05rem; }
  [data-page] { columns: 2; column-gap: 28px; } .across { column-span: all; margin-top: .6em; }
  figure, tr, svg, div.math, .admonition, .law-notes { break-inside: avoid; }
  figure { margin: .9em 0 1.1em; }
  figure:has(tr:nth-child(12)) { break-inside: auto; }
  figcaption, .pointer { font-size: .88em; line-height: 1.35; text-align: left; }
  .glued, .glued .text_html, div.math, .pst-scrollable-table-container
    { overflow: visible !important; background: none !important; }
  .bd-article .glued svg.study-figure, .bd-article .text_html svg.study-figure
    { min-width: 0 !important; max-width: 100%; max-height: 7.5cm; width: auto; display: block; margin: 0 auto; }
  .gallery svg.study-figure { max-height: 4cm; margin: 0; }
  .bd-article table { font-size: .8em; margin: 0 auto .5em; width: auto; }
  .bd-article table :is(td, th) { padding: .18em .5em !important; }
  .bd-article table.stacked td::before { content: none !important; }
  div.math { margin: 0; } mjx-container[display="true"] { margin: .35em 0 !important; }
  .bd-article div.law-notes { margin: -.2rem 0 .7rem; font-size: .8em; }
  .admonition { padding: .5em .8em !important; margin: .8em 0 !important; box-shadow: none !important; }
  .pointer { border-left: 3px solid #bbb; padding: .1em .8em; margin: .6em 0 .9em; color: #444; }
  a { color: inherit !important; text-decoration: none !important; }
  a[href^="http"], .contents a, a.reference.internal[href] { color: #1f4e8c !important; }
  a:not([href]), a:not([href]) * { all: unset; }
  a:not([href])::before { content: none !important; }
  .cover { break-after: page; }
  .cover h1 { font-size: 2.7rem; line-height: 1.15; border: 0; margin: 2.2cm 0 .3em; max-width: 14cm; }
  .cover .subtitle { font-size: 1.3rem; color: #444; margin-bottom: 1.6em; }
  .cover .about { font-size: .95em; max-width: 13.5cm; border-top: 2px solid #16161d; padding-top: 1em; }
  .contents { margin-top: 1.6em; background: none; border: 0; box-shadow: none; padding: 0; }
  .contents ol { list-style: none; padding: 0; }
  .contents li { display: flex; gap: .5em; border-bottom: 1px dotted #aaa; padding: .28em 0; margin: 0; }
  .contents li a { flex: 1; }
  .references-small { font-size: .76em; line-height: 1.3; }
  .references-small .citation { break-inside: avoid; margin-bottom: .5em; }
  .references-small .source-key { display: none; }
"""

# Takes away what the site holds better, before mathematics are set.
SELECT = r"""([chapters, leftOut, rows, columns]) => {
  document.documentElement.dataset.theme = "light";
  const article = document.querySelector("article");
  const last = {};
  for (const mark of document.querySelectorAll("span[id^='document-']")) {
    const name = mark.id.replace("document-", ""), section = mark.nextElementSibling;
    if (chapters.includes(name)) last[name] = section;
    else section.remove();
    mark.remove();
    section.dataset.page = name;
  }
  const opening = article.querySelector(":scope > section");
  opening.dataset.page = "index";
  opening.id ||= "index";
  for (const name of chapters) article.append(last[name]);
  for (const section of article.querySelectorAll("section section")) {
    const head = section.querySelector("h2, h3")?.textContent.replace("#", "").trim();
    if (new RegExp(leftOut).test(head)) section.remove();
  }
  article.querySelectorAll("details.sd-dropdown, .toctree-wrapper, style, script").forEach((each) => each.remove());
  for (const figure of article.querySelectorAll("figure.glued")) {
    const file = figure.querySelector("figcaption a.download")?.getAttribute("href").split("/").pop();
    const page = figure.closest("[data-page]").dataset.page;
    const body = figure.querySelectorAll("tbody tr");
    const wide = figure.querySelectorAll("thead tr:last-child th").length;
    if (file && (body.length > rows || wide > columns)) {
      const caption = figure.querySelector("figcaption .caption-text").cloneNode(true);
      caption.querySelectorAll("a.download").forEach((each) => each.remove());
      caption.innerHTML = caption.innerHTML.replace(/\s*Download:[\s\S]*$/, "");
      const note = document.createElement("p");
      note.className = "pointer";
      note.id = figure.id;
      const number = figure.querySelector(".caption-number")?.textContent ?? "";
      note.append(number + " ", ...caption.childNodes,
        ` ${body.length} rows, left to the site: ${page}.html, and the file ${file}.`);
      figure.replaceWith(note);
    }
  }
  article.querySelectorAll("a.download").forEach((each) => each.remove());
  for (const link of article.querySelectorAll("a[href]")) {
    const [page, anchor] = link.getAttribute("href").split("#");
    if (/^https?:/.test(page)) continue;
    const name = anchor && decodeURIComponent(anchor);
    let target = ["", "index.html"].includes(page) && name && document.getElementById(name);
    if (!target && name?.startsWith("document-")) target = last[name.replace("document-", "")];
    if (target && article.contains(target) && target.id) link.href = "#" + target.id;
    else link.removeAttribute("href");
  }
  const cited = new Set([...article.querySelectorAll("a[href^='#']")].map((link) => link.hash.slice(1)));
  for (const entry of last.references.querySelectorAll(".citation")) {
    if (!cited.has(entry.id)) entry.remove();
    entry.parentElement?.classList.add("references-small");
  }
  article.querySelectorAll(".law-notes :is(details, div.math)").forEach((each) => each.remove());
}"""
# Makes what is too wide smaller, gives each chapter its head, and adds the opening page.
PREPARE = r"""async ([width, column, about]) => {
  await window.MathJax.startup.promise;
  const article = document.querySelector("article");
  for (const figure of article.querySelectorAll("figure:has(svg.study-figure):not(:has(svg.narrow))")) {
    figure.classList.add("across");
  }
  for (const each of article.querySelectorAll("table, mjx-container[display], pre")) {
    const natural = (size) => {
      each.style.width = each.matches("table") ? size : "";
      return Math.max(each.scrollWidth, each.getBoundingClientRect().width);
    };
    const across = natural("max-content") > 1.25 * column;
    const wide = natural("min-content");
    each.style.width = "";
    if (across) (each.closest("figure, div.math, .pst-scrollable-table-container") ?? each).classList.add("across");
    if (wide > (across ? width : column)) each.style.zoom = (across ? width : column) / wide;
  }
  const [title, ...subtitle] = document.title.split("? ");
  const cover = document.createElement("div");
  cover.className = "cover";
  cover.innerHTML = "<h1></h1><p class='subtitle'></p><p class='about'></p><nav class='contents'><ol></ol></nav>";
  cover.querySelector("h1").textContent = title + (subtitle.length ? "?" : "");
  cover.querySelector(".subtitle").textContent = subtitle.join("? ");
  cover.querySelector(".about").textContent = about;
  const heads = document.createElement("style");
  const quoted = (text) => JSON.stringify(text);
  for (const [number, chapter] of [...article.querySelectorAll("[data-page]")].entries()) {
    const words = chapter.querySelector("h1, h2").textContent.replace("#", "").trim();
    chapter.style.page = `chapter${number}`;
    heads.textContent += `@page chapter${number} { @top-left { content: ${quoted(words)}; font: 8pt "DejaVu Sans";
      color: #555; } @top-right { content: ${quoted(title + (subtitle.length ? "?" : ""))}; font: 8pt "DejaVu Sans";
      color: #555; } }\n`;
    const line = document.createElement("li");
    line.innerHTML = "<a></a><span class='at'>0</span>";
    line.firstChild.href = "#" + chapter.id;
    line.firstChild.textContent = words;
    cover.querySelector("ol").append(line);
  }
  document.head.append(heads);
  article.prepend(cover);
  return [...cover.querySelectorAll(".contents a")].map((link) => link.hash.slice(1));
}"""
FILL = """(pages) => document.querySelectorAll(".contents .at").forEach((each, i) => (each.textContent = pages[i]))"""


def about():
    """Return what the opening page says of the edition."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return (
        f"The reader's edition of version {version}: the arguments, laws and figures of each chapter. Every number was "
        "computed when the book was built. The site beside this file holds what paper has no room for: long tables as "
        "CSV, worked problems with their steps, the nomenclature, notebooks, figures with sliders, a page that "
        "computes with your own numbers, and the book in Traditional Chinese. Text and data: CC BY 4.0, code: "
        "Apache-2.0."
    )


def leaves(pdf):
    """Return the numbers of the objects that are a PDF's pages, in order."""
    objects = {int(number): body for number, body in re.findall(rb"\n(\d+) 0 obj\n(.*?)\nendobj", pdf, re.DOTALL)}

    def below(number):
        kids = re.search(rb"/Kids \[(.*?)\]", objects[number], re.DOTALL)
        if b"/Type /Pages" not in objects[number]:
            return [number]
        return [leaf for kid in re.findall(rb"(\d+) 0 R", kids[1]) for leaf in below(int(kid))]

    root = next(body for body in objects.values() if b"/Type /Catalog" in body)
    return below(int(re.search(rb"/Pages (\d+) 0 R", root)[1]))


def places(pdf):
    """Return {name: number of the page, from 1} of what a PDF's links lead to."""
    order = {number: place for place, number in enumerate(leaves(pdf), 1)}
    number = re.search(rb"/Dests (\d+) 0 R", pdf)[1]
    table = re.search(rb"\n%s 0 obj\n<<(.*?)>>\nendobj" % number, pdf, re.DOTALL)[1]
    found = re.findall(rb"/(\S+) \[(\d+) 0 R", table)
    return {name.decode(): order[int(page)] for name, page in found}


def repeatable(pdf):
    """Return the bytes of a PDF without what differs between two prints of one page, so that two builds are identical.

    Dates become zero of the clock. Names of the elements that tables refer to count on from a number that depends on
    what Chromium happened to do before: they become their ranks, which keeps their order and their length.
    """
    fixed = f"{datetime.fromtimestamp(0, UTC):%Y%m%d%H%M%S}".encode()
    pdf = re.sub(rb"(/(?:Creation|Mod)Date \(D:)\d{14}", rb"\g<1>" + fixed, pdf)
    names = sorted(set(re.findall(rb"\(node(\d{8})\)", pdf)))
    ranks = {name: b"(node%08d)" % rank for rank, name in enumerate(names, 1)}
    return re.sub(rb"\(node(\d{8})\)", lambda found: ranks[found[1]], pdf)


def refusal():
    """Return why nothing can be printed here, "" where it can."""
    if "NO_PDF" in os.environ:
        return "NO_PDF is set."
    if BROWSER is None:
        return "there is no Chromium on the path."
    try:
        with sync_playwright() as playwright:
            _chromium(playwright).close()
    except Error as error:
        return f"{BROWSER} does not start: {error.message.splitlines()[0]}"
    return ""


def print_book(page, target):
    """Write the PDF of the built page: once to see on which pages chapters begin, and again with the contents."""
    with sync_playwright() as playwright:
        chromium = _chromium(playwright)
        tab = chromium.new_page(viewport={"width": WIDTH, "height": 1000})
        tab.emulate_media(media="print", color_scheme="light")
        tab.set_default_timeout(PATIENCE)
        tab.route(MATHEMATICS, lambda route: route.abort())  # until what stays is chosen: all pages take minutes
        tab.goto(page.resolve().as_uri())
        tab.evaluate(SELECT, [CHAPTERS, LEFT_OUT, ROWS, COLUMNS])
        tab.unroute(MATHEMATICS)
        tab.add_style_tag(content=STYLE)
        tab.add_script_tag(url=(page.parent / "_static/mathjax/tex-chtml.js").resolve().as_uri())
        chapters = tab.evaluate(PREPARE, [WIDTH, COLUMN, about()])
        paper = {"prefer_css_page_size": True, "print_background": True, "tagged": True, "outline": True}
        found = places(tab.pdf(**paper))
        tab.evaluate(FILL, [found[name] for name in chapters])
        pdf = tab.pdf(**paper)
        chromium.close()
    target.write_bytes(repeatable(pdf))


def _chromium(playwright):
    return playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])


if __name__ == "__main__":
    if len(sys.argv) == 1:
        if reason := refusal():
            sys.exit(f"No PDF: {reason}")
    elif len(sys.argv) == 3:
        print_book(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        sys.exit(__doc__)
