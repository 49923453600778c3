"""Gives pages that hold a figure with sliders what draws it: Vega, out of the package, and book/_ext/sliders.js."""

from pathlib import Path

import vl_convert

VEGA, OURS = "vega.js", "sliders.js"


def load(app, pagename, templatename, context, doctree):
    """Load both scripts, after the page itself has come, only where there is such a figure."""
    if (
        app.builder.format == "html"
        and app.builder.name == "html"
        and 'class="slider-figure"' in context.get("body", "")
    ):
        for script in (VEGA, OURS):
            app.add_js_file(script, loading_method="defer")


def write(app):
    """Write Vega, which vl-convert carries, as one script that works from disk: parser and view, 0.6 MB of the 0.9."""
    if app.builder.name == "html":
        source = f"/npm/vega@{vl_convert.get_vega_version()}/+esm"
        bundle = vl_convert.javascript_bundle(
            f'import {{parse, View}} from "{source}"; globalThis.vega = {{parse, View}};'
        )
        folder = Path(app.outdir, "_static")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / VEGA).write_text(f"(() => {{{bundle}}})();\n", encoding="utf-8")
        (folder / OURS).write_text(Path(__file__).with_name(OURS).read_text(encoding="utf-8"), encoding="utf-8")


def setup(app):
    app.connect("builder-inited", write)
    app.connect("html-page-context", load, priority=400)  # before others make a list of their own of the scripts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
