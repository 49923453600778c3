"""Gives the page on a reader's own machine its programs and its script, both of the site's own."""

from pathlib import Path

NUMBERS, OURS = "your_machine_numbers.js", "your_machine.js"


def load(app, pagename, templatename, context, doctree):
    """Load both scripts, after the page itself has come, only where there is such a figure."""
    if app.builder.name == "html" and 'class="your-machine"' in context.get("body", ""):
        for script in (NUMBERS, OURS):
            app.add_js_file(script, loading_method="defer")


def write(app):
    """Copy the notebook's programs, which are a script, and the page's own beside them."""
    numbers = Path(app.srcdir, "executed", "your_machine", NUMBERS)
    if app.builder.name == "html" and numbers.is_file():
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NUMBERS).write_text(numbers.read_text(encoding="utf-8"), encoding="utf-8")
        ours = Path(__file__).with_name(OURS).read_text(encoding="utf-8")
        (folder / OURS).write_text(f"(() => {{\n{ours}}})();\n", encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write)
    app.connect("html-page-context", load, priority=400)  # before others make a list of their own of the scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
