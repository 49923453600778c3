"""Prints the book, built as one page, as a PDF: python book/print.py singlehtml/index.html book.pdf

The system's Chromium prints. Where there is none, it does not start, or NO_PDF is set, the site offers no PDF: without
arguments, this says why and exits with 1.
"""

import os
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
LEFT_OUT = ["executed/", "status"]  # code and tables without end; what differs in each build
WIDTH = 690  # CSS pixels between the margins of A4
PATIENCE = 600_000  # ms for all pages as one, where the notebooks of another build hold the cores

STYLE = """
  .bd-sidebar, .bd-header-article, .bd-header, .bd-footer, .bd-footer-content, .bd-footer-article, .prev-next-footer,
  .headerlink, .skip-link, #jb-print-docs-body, .copybtn, .toggle-button, dialog, #pst-back-to-top
    { display: none !important; }
  .bd-main .bd-content, .bd-article-container, .bd-article, .bd-container__inner
    { display: block; max-width: none !important; padding: 0 !important; margin: 0 !important; }
  html, body { background: white; font-size: 13px; }
  .cover { height: 24cm; padding-top: 7cm; break-after: page; }
  .cover p { font-size: 2.4rem; line-height: 1.2; }
  .cover p + p { font-size: 1.4rem; }
  span[id^="document-"] + section, article > section { break-before: page; }
  h1, h2, h3, h4 { display: block !important; break-after: avoid; }
  figure, tr, svg, div.math, .admonition { break-inside: avoid; }
  figure:has(tr:nth-child(12)) { break-inside: auto; }
  .glued, .glued .text_html, div.math, .pst-scrollable-table-container { overflow: visible !important; }
  svg.study-figure { min-width: 0 !important; max-width: 100%; }
  a:not([href]), a:not([href]) * { all: unset; }
  a:not([href])::before { content: none !important; }
  .contents ol { list-style: none; padding: 0; }
"""

# Takes away what paper cannot do, opens what is folded, and makes what is too wide smaller.
PREPARE = """async ([leftOut, width]) => {
  await window.MathJax?.startup?.promise;
  document.documentElement.dataset.theme = "light";
  for (const mark of document.querySelectorAll("span[id^='document-']")) {
    if (leftOut.some((name) => mark.id.startsWith("document-" + name))) {
      mark.nextElementSibling.remove();
      mark.remove();
    }
  }
  document.querySelectorAll("details").forEach((each) => (each.open = true));
  document.querySelectorAll(".toggle-hidden").forEach((each) => each.classList.remove("toggle-hidden"));
  for (const link of document.querySelectorAll("a[href]")) {
    const [page, anchor] = link.getAttribute("href").split("#");
    if (/^https?:/.test(page)) continue;
    let target = ["", "index.html"].includes(page) && document.getElementById(decodeURIComponent(anchor));
    if (target && target.id.startsWith("document-")) target = target.nextElementSibling;  // an empty mark has no place
    if (target && target.id) link.href = "#" + target.id;
    else link.removeAttribute("href");
  }
  for (const each of document.querySelectorAll("table, mjx-container[display], pre")) {
    const wide = Math.max(each.scrollWidth, each.getBoundingClientRect().width);
    if (wide > width) each.style.zoom = width / wide;
  }
  const article = document.querySelector("article");
  const contents = document.createElement("nav");
  contents.className = "contents";
  contents.innerHTML = "<h2>Contents</h2><ol></ol>";
  for (const chapter of article.querySelectorAll(":scope > section, span[id^='document-'] + section")) {
    const link = document.createElement("a");
    link.href = "#" + chapter.id;
    link.textContent = chapter.querySelector("h1, h2").textContent.replace("#", "");
    contents.lastElementChild.appendChild(document.createElement("li")).appendChild(link);
  }
  const cover = document.createElement("div");
  cover.className = "cover";
  cover.innerHTML = "<p></p><p></p>";
  const [title, ...subtitle] = document.title.split("? ");
  cover.firstElementChild.textContent = title + (subtitle.length ? "?" : "");
  cover.lastElementChild.textContent = subtitle.join("? ");
  article.prepend(cover, contents);
}"""
NUMBER = '<div style="width: 100%; font-size: 8px; text-align: center"><span class="pageNumber"></span></div>'


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
    """Write the PDF of the built page."""
    with sync_playwright() as playwright:
        chromium = _chromium(playwright)
        tab = chromium.new_page(viewport={"width": WIDTH, "height": 1000})
        tab.emulate_media(media="print", color_scheme="light")
        tab.goto(page.resolve().as_uri(), timeout=PATIENCE)
        tab.add_style_tag(content=STYLE)
        tab.evaluate(PREPARE, [LEFT_OUT, WIDTH])
        margins = {"top": "16mm", "bottom": "16mm", "left": "14mm", "right": "14mm"}
        paper = {"format": "A4", "margin": margins, "print_background": True, "tagged": True, "outline": True}
        footer = {"display_header_footer": True, "header_template": "<span></span>", "footer_template": NUMBER}
        pdf = tab.pdf(**paper, **footer)
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
