"""Says how heavy the built site is and how soon its opening page shows: python book/measure.py

For a report, not for a test: the time is that of this machine, from disk, as the middle of several visits.
"""

import sys
from pathlib import Path
from statistics import median
from urllib.parse import unquote, urlsplit

from playwright.sync_api import sync_playwright
from print import BROWSER

SITE = Path(__file__).parent / "_build" / "html"
VISITS = 5
PAINT = """() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
    .observe({type: "largest-contentful-paint", buffered: true}))"""


def visit(browser):
    """Return the milliseconds to the largest paint of one first visit, and the files that it loaded."""
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    loaded = []
    tab.on("requestfinished", lambda request: loaded.append(request.url))
    tab.goto((SITE / "index.html").as_uri(), wait_until="load")
    tab.wait_for_timeout(500)
    paint = tab.evaluate(PAINT)
    tab.close()
    return paint, {Path(unquote(urlsplit(url).path)) for url in loaded if url.startswith("file:")}


if __name__ == "__main__":
    if BROWSER is None:
        sys.exit("Nothing measured: there is no Chromium on the path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        visits = [visit(browser) for _ in range(VISITS)]
        browser.close()
    first = sum(path.stat().st_size for path in visits[0][1])
    whole = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    print(f"Largest paint of the opening page: {median(paint for paint, _ in visits) / 1000:.2f} s")
    print(f"Its first view: {first / 1e6:.2f} MB. The whole site: {whole / 1e6:.0f} MB.")
