"""Gives pages that hold the comparison of a purchase its numbers and its script, both of the site's own."""

from pathlib import Path

NUMBERS, OURS = "purchase_numbers.js", "purchase.js"


def load(app, pagename, templatename, context, doctree):
    """Load both scripts, after the page itself has come, only where there is such a figure."""
    if app.builder.name == "html" and 'class="purchase-figure"' in context.get("body", ""):
        for script in (NUMBERS, OURS):
            app.add_js_file(script, loading_method="defer")


def write(app):
    """Write the notebook's throughputs as a script, which a page can load from disk, where it may fetch no file."""
    numbers = Path(app.srcdir, "executed", "purchase", "throughputs.json")
    if app.builder.name == "html" and numbers.is_file():
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        script = f"globalThis.purchase = {numbers.read_text(encoding='utf-8').strip()};\n"
        (folder / NUMBERS).write_text(script, encoding="utf-8")
        ours = Path(__file__).with_name(OURS).read_text(encoding="utf-8")
        (folder / OURS).write_text(f"(() => {{\n{ours}}})();\n", encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write)
    app.connect("html-page-context", load, priority=400)  # before others make a list of their own of the scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
