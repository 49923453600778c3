"""Gives pages that hold an interactive figure its numbers and its script, both of the site's own."""

from pathlib import Path

# Class of a figure: its notebook, whose name its script bears, too, and the file of numbers that the notebook writes.
FIGURES = {"purchase-figure": ("purchase", "throughputs.json")}
FIGURES |= {"your-machine": ("your_machine", "your_machine_numbers.js")}
BESIDE = {"your_machine": ("state.js",)}  # scripts that a figure's own takes in


def scripts(name):
    """Return the names of the two scripts of a figure, numbers first."""
    return f"{name}_numbers.js", f"{name}.js"


def load(app, pagename, templatename, context, doctree):
    """Load both scripts, after the page itself has come, only where there is such a figure."""
    held = [name for shown, (name, _) in FIGURES.items() if f'class="{shown}"' in context.get("body", "")]
    for script in (each for name in held if app.builder.name == "html" for each in scripts(name)):
        app.add_js_file(script, loading_method="defer")


def write(app):
    """Write the numbers of each notebook as a script, for a page from disk may fetch no file, and the page's own."""
    for name, file in FIGURES.values():
        held = Path(app.srcdir, "executed", name, file)
        if app.builder.name == "html" and held.is_file():
            folder = Path(app.outdir, "_static")
            folder.mkdir(parents=True, exist_ok=True)
            numbers, own = scripts(name)
            text = held.read_text(encoding="utf-8")
            text = f"globalThis.{name} = {text.strip()};\n" if held.suffix == ".json" else text
            (folder / numbers).write_text(text, encoding="utf-8")
            parts = (Path(__file__).with_name(each) for each in (*BESIDE.get(name, ()), own))
            ours = "".join(each.read_text(encoding="utf-8") for each in parts)
            (folder / own).write_text(f"(() => {{\n{ours}}})();\n", encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write)
    app.connect("html-page-context", load, priority=400)  # before others make a list of their own of the scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
