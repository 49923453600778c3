"""One HTML file about one cluster: what its file may hold, and a page that shows the notebook and asks for nothing."""

import html
import re
import shutil

import nbformat
import pytest
import report
import scenarios
from checkout import ROOT, copy, make

from model.numbers import catalog

SCENARIOS = ROOT / "notebooks" / "scenarios"


@pytest.fixture(scope="module")
def accepts():
    return scenarios.interface(nbformat.read(report.NOTEBOOK, as_version=4))


def notebook(*outputs, text="What it is."):
    """An executed notebook of a title and one code cell with these outputs, a text before it."""
    cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("system = 1")]
    cells += [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell("secret()", outputs=list(outputs))]
    return nbformat.v4.new_notebook(cells=cells)


def output(**data):
    return nbformat.v4.new_output("display_data", {key.replace("_", "/"): value for key, value in data.items()})


@pytest.mark.parametrize("name", ["rack.yaml", "servers.yaml", "your_cluster.yaml"])
def test_the_examples_are_accepted(accepts, name):
    given = report.read(SCENARIOS / name, accepts)
    assert given["system"] in set(catalog.read("systems").system)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("system: gb200-nvl72\ndomian: 72", "unknown parameter domian; did you mean domain?"),
        ("system: gb200", "did you mean gb200-nvl72?"),
        ("devices: -1", "a whole number from 1"),
        ("devices: many", "a whole number from 1"),
        ("measured: nowhere.csv", "names no file here"),
        ("system: [a", "is no YAML"),
        ("- system", "holds no parameters"),
        ("", "holds no parameters"),
        ("1: 2", "line 1: 1 is no name of a parameter"),
        (b"\xff\xfe\x00", "is written in UTF-16"),
        ("devices: 0100", "0100 is 64 to YAML"),
        ("system: &a gb200-nvl72\nworkload: *a", "line 2: *a stands for what is written elsewhere"),
        ("devices: 8\ndevices: 16", "line 2: devices stands there twice"),
        ("devices: " + "9" * 5000, "cannot be read"),
        ("devices: " + "[" * 10_000, "a list of them"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence_that_names_it(accepts, tmp_path, text, words):
    path = tmp_path / "cluster.yaml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(report.ReportError, match=re.escape(words)) as refused:
        report.read(path, accepts)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_measurements_are_looked_for_beside_the_file(accepts, tmp_path):
    shutil.copy(SCENARIOS / "measured.csv", tmp_path / "mine.csv")
    path = tmp_path / "cluster.yaml"
    path.write_text("measured: mine.csv\n")
    assert report.read(path, accepts)["measured"] == str(tmp_path / "mine.csv")


def test_a_page_shows_what_came_out_and_no_code():
    shown = [
        output(text_html="<table id='T_a'><tr><td>5</td></tr></table>"),
        nbformat.v4.new_output("stream", text="a<b"),
    ]
    page = report.page(notebook(*shown), {"system": "<x>"}, "<b>.yaml")
    assert "<b>" not in page and "&lt;b&gt;.yaml" in page
    assert "<td>5</td>" in page and "a&lt;b" in page and "<p>What it is.</p>" in page and "&lt;x&gt;" in page
    assert "secret" not in page and "<x>" not in page


def test_a_text_of_which_nothing_came_is_left_out_and_a_glued_value_too():
    page = report.body(notebook(output(**{"application_papermill.record/text/plain": "7"})), {})
    assert "What it is." not in page and "Title" in page and "7" not in page
    assert "What it is." in report.body(notebook(text="## Part\n\nWhat it is."), {})


def test_a_long_table_is_folded_and_a_kind_without_a_form_is_refused():
    rows = "<tr><td>1</td></tr>" * (report.LONG + 1)
    page = report.body(notebook(output(text_html=f'<table id="T_all_rows">{rows}</table>')), {})
    assert "<summary>All all rows</summary>" in page
    with pytest.raises(report.ReportError, match="text/latex"):
        report.body(notebook(output(text_latex="$x$")), {})


@pytest.mark.slow
@pytest.mark.browser
def test_one_command_makes_one_file_that_asks_for_nothing(tmp_path, browser):
    project = copy(tmp_path / "project")
    code, printed = make(project, "report", "CLUSTER=notebooks/scenarios/rack.yaml")
    assert (code, "The report: reports/rack.html" in printed) == (0, True), printed
    assert [path.name for path in (project / "reports").iterdir()] == ["rack.html"]
    text = (project / "reports" / "rack.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|<link rel=.stylesheet|@import|url\((?!#)|\$|\\\(", text)
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", text)
    assert str(project) not in text
    for title in ("Predictions", "What limits each", "What would help most", "The nearest known machine"):
        assert f"<h2>{title}</h2>" in text
    assert "gb200-nvl72" in html.unescape(text) and "The largest job: " in text
    _looks_well(browser, project / "reports" / "rack.html")
    again = text
    assert make(project, "report", "CLUSTER=notebooks/scenarios/rack.yaml")[0] == 0
    assert (project / "reports" / "rack.html").read_text(encoding="utf-8") == again


def _looks_well(browser, path):
    """From disk, without a network, on a phone and on a screen, in light and in dark."""
    from axe_playwright_python.sync_playwright import Axe

    for width, scheme in ((360, "light"), (360, "dark"), (1100, "light"), (1100, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
        tab, heard = context.new_page(), []
        tab.on("request", lambda request, heard=heard: heard.append(request.url))
        tab.on("console", lambda message, heard=heard: heard.append(message.text))
        tab.goto(path.as_uri())
        assert heard == [path.as_uri()]
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert Axe().run(tab).response["violations"] == []
        context.close()


@pytest.mark.slow
def test_a_bad_file_and_none_end_with_exit_code_two_and_write_nothing(tmp_path):
    project = copy(tmp_path / "project")
    (project / "bad.yaml").write_text("system: gb200-nvl72\nranks: 0\n")
    code, printed = make(project, "report", "CLUSTER=bad.yaml")
    assert code == 2 and "bad.yaml: parameter ranks = 0" in printed and "Traceback" not in printed
    code, printed = make(project, "report")
    assert code == 2 and "make report CLUSTER=file.yaml" in printed
    assert not (project / "reports").exists()
