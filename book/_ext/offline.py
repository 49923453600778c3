"""Keeps the site free of requests to other hosts, and lets it open from disk."""

import re
from importlib.util import find_spec
from pathlib import Path

from sphinx.util.fileutil import copy_asset, copy_asset_file

MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"


def copy_mathjax(app, error):
    """Copy the 2 MB of MathJax that the pages can load, of the 24 in the package."""
    if error is None and app.builder.format == "html":
        target = Path(app.outdir, "_static", "mathjax")
        for folder in ("output/chtml/fonts", "input/tex/extensions"):
            copy_asset(MATHJAX / folder, target / folder)
        copy_asset_file(MATHJAX / "tex-chtml.js", target)


def drop_ballast(app, error):
    """Leave out 1.5 MB of script, since the theme's webfont draws the same icons, and what no page needs."""
    if error is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            page.write_text(re.sub(r"<script[^>]*/fontawesome\.js[^>]*></script>", "", text), encoding="utf-8")
        for ballast in ("_static/scripts/fontawesome.js", "_static/**/*.map", "_static/*.html", ".buildinfo"):
            for file in Path(app.outdir).glob(ballast):
                file.unlink()


def drop_mathjax(app, pagename, templatename, context, doctree):
    """Load MathJax, half of what a first visit would load, only where there is mathematics."""
    if not re.search(r'class="[^"]*\bmath\b|\\[(\[]', context.get("body", "")):
        scripts = context["script_files"]
        context["script_files"] = [script for script in scripts if "mathjax" not in str(script).lower()]


def setup(app):
    app.add_config_value("comments_config", {}, "env")  # Jupyter Book sets it also where sphinx_comments is off
    app.config.mathjax_path = "mathjax/tex-chtml.js"
    app.connect("html-page-context", drop_mathjax)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", drop_ballast)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
