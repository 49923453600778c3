"""Puts under each page what stands behind it: notebooks, data, source, last change; and writes the sitemap."""

import os
import re
import subprocess
from functools import cache
from itertools import chain
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

from nbformat import read

PDF = "supernodes.pdf"  # the build puts it into the site where a browser can print it, and then sets STUDY_PDF


def quoted(env, docname):
    """Return the notebooks that a page quotes, its own first, and the data files of the figures and tables it shows."""
    folder, name = Path(env.srcdir, "executed"), docname.rpartition("/")[2]
    if docname.startswith("executed/"):
        return [name], sorted(folder.glob(f"{name}/*.csv"))
    source = Path(env.doc2path(docname)).read_text(encoding="utf-8")
    notebooks = {each for each in re.findall(r"executed/(\w+)", source) if (folder / f"{each}.ipynb").is_file()}
    shown = {folder / each / f"{key}.csv" for each, key in re.findall(r"executed/(\w+)(?:\.ipynb::|/)(\w+)", source)}
    return sorted(notebooks, key=lambda each: (each != name, each)), sorted(filter(Path.is_file, shown))


def tables(folder, notebooks):
    """Return the files that the notebooks read."""
    stored = [folder.parent / "notebooks" / f"{name}.ipynb" for name in notebooks]
    names = sorted({table for path in stored for table in _listed(path)})
    return [folder / "references.bib" if name == "references" else folder.parent / f"data/{name}.csv" for name in names]


@cache
def _listed(path):
    return read(path, as_version=4).metadata["study"]["tables"]


def last_change(files, folder):
    """Return the date of the last commit that touched the files, "" where no history tells it."""
    ask = {"cwd": folder, "capture_output": True, "text": True}
    try:
        shallow = subprocess.run(["git", "rev-parse", "--is-shallow-repository"], **ask).stdout.strip()
        if shallow != "false":  # no repository, or a clone cut short: that dates every file by its first commit
            return ""
        return subprocess.run(["git", "log", "-1", "--format=%cs", "--", *files], **ask).stdout.strip()
    except FileNotFoundError:
        return ""


def files_behind(env, docname):
    """Return the files of one page as lists: notebooks as stored and as executed, data drawn and read, the source."""
    folder = Path(env.srcdir)
    notebooks, drawn = quoted(env, docname)
    own = [name for name in notebooks if name == docname.rpartition("/")[2]]
    stored = [folder.parent / "notebooks" / f"{name}.ipynb" for name in notebooks]
    executed = [folder / "executed" / path.name for path in stored]
    source = stored if docname.startswith("executed/") else [Path(env.doc2path(docname))]
    return stored, executed, drawn, tables(folder, own or notebooks), source


def download(env, docname, path):
    """Return where the site offers the file; before pages are written, this also has it copied there."""
    return f"_downloads/{env.dlfiles.add_file(docname, os.path.relpath(path, env.srcdir))}"


def offer_files(app, env):
    """Have the files of every page copied."""
    for docname in env.found_docs:
        for path in chain.from_iterable(files_behind(env, docname)):
            download(env, docname, path)


def description_of(name, key):
    """Return where the site has the JSON that says what the CSV of a notebook's figure or table holds."""
    return f"_data/{name}/{key}.json"


def described(app, pathto, path):
    """Return where the site describes a CSV that it draws, "" where no page says what it is."""
    place = description_of(path.parent.name, path.stem)
    return pathto(place, 1) if Path(app.outdir, place).is_file() else ""


def put_behind(app, pagename, templatename, context, doctree):
    """Give templates/behind.html its lists of (name, address)."""
    if app.builder.name != "html" or pagename not in app.env.found_docs:
        return
    pathto, root = context["pathto"], Path(app.srcdir).parent
    stored, executed, drawn, tables_read, (source,) = files_behind(app.env, pagename)

    def address(path):
        return pathto(download(app.env, pagename, path), 1)

    place = address(source)
    if repository := app.config.html_theme_options.get("repository_url"):
        branch = app.config.html_theme_options.get("repository_branch") or "main"
        place = f"{repository}/blob/{branch}/{os.path.relpath(source, root)}"
    context["behind"] = {
        "notebooks": [
            (before.stem, pathto(f"executed/{before.stem}"), address(before), address(after))
            for before, after in zip(stored, executed, strict=True)
        ],
        "drawn": [(path.name, address(path), described(app, pathto, path)) for path in drawn],
        "read": [(path.name, address(path)) for path in tables_read],
        "source": place,
        "comment": f"{repository}/issues/new?title={quote(pagename)}" if repository else "",
        "changed": last_change([str(source), *map(str, stored)], root),
        "pdf": pathto(PDF, 1) if "STUDY_PDF" in os.environ else "",
    }


def offer_source_once(app, pagename, templatename, context, doctree):
    """Lead the theme's button to the page's source among the downloads: the site holds no other copy."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button["label"] == "download-source-button":
                source = Path(app.env.doc2path(pagename))
                button["url"] = context["pathto"](download(app.env, pagename, source), 1)


def write_sitemap(app, error):
    """List the pages under the address that html.baseurl gives; without one, relative to the sitemap."""
    if error or app.builder.name != "html":
        return
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">']
    for name in sorted(app.env.found_docs):
        address = (app.config.html_baseurl or "") + app.builder.get_target_uri(name)
        lines.append(f"  <url><loc>{escape(address)}</loc></url>")
    Path(app.outdir, "sitemap.xml").write_text("\n".join([*lines, "</urlset>", ""]), encoding="utf-8")


def setup(app):
    app.connect("env-updated", offer_files)
    app.connect("html-page-context", put_behind)
    app.connect("html-page-context", offer_source_once, priority=900)  # after the theme has made its buttons
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
