"""What several tests share: copies of data/ that may be broken, inputs that are the same in every run, a browser."""

import shutil
import signal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import settings

from model.__main__ import run
from model.machine import exchange_fit, fleets, layouts, operation_fit, readings_fit, reduce_fit, step_fit
from model.numbers import catalog

# What asks the built book takes its places from here.
EXECUTED = Path(__file__).parents[1] / "book" / "executed"
SITE = Path(__file__).parents[1] / "book" / "_build" / "html"

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what asks the built book, by the names that its module takes from here: without a book it is skipped."""
    for item in items:
        if {"EXECUTED", "SITE"} & vars(item.module).keys():
            item.add_marker("built")


def forget_fits():
    """Empty what the fits keep between calls; they are kept by name, not by the folder that the rows came from."""
    for module in (exchange_fit, fleets, layouts, operation_fit, readings_fit, reduce_fit, step_fit):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


@pytest.fixture
def refit():
    """Fits made in this test are made afresh, and none of them outlives it."""
    forget_fits()
    yield forget_fits
    forget_fits()


@pytest.fixture
def data(tmp_path, monkeypatch, refit):
    """A copy of data/, which the model reads from here on."""
    folder = tmp_path / "data"
    shutil.copytree(catalog.DATA, folder)
    monkeypatch.setattr(catalog, "DATA", folder)
    catalog._checked.cache_clear()
    yield folder
    catalog._checked.cache_clear()


@pytest.fixture
def model(capsys):
    """Return a function that runs the command line: (exit code, standard output, standard error)."""

    def ask(*arguments):
        code = run([str(each) for each in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return ask


@pytest.fixture
def interruptible():
    """Programs that the test starts hear interrupts and hang-ups, also where what runs it in the background is deaf."""
    heard = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, each) for number, each in heard.items()}
    yield
    for number, each in before.items():
        signal.signal(number, each)


CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
QUIET += ["--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM:
        pytest.skip("there is no Chromium on the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The address under which a server on this machine shows the built site: in a folder of a folder."""
    root = tmp_path_factory.mktemp("served")
    (root / "a").mkdir()
    (root / "a" / "b").symlink_to(SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=root)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a/b/"
        server.shutdown()


@pytest.fixture
def tab(browser, served):
    """A tab of phone width that keeps what goes wrong in it."""
    tab = browser.new_page(viewport={"width": 360, "height": 740})
    tab.troubles, tab.loaded = [], []
    here = ("file:", "data:", "blob:", served)
    tab.on("request", lambda request: request.url.startswith(here) or tab.troubles.append(f"asked for {request.url}"))

    def lose(request):
        if "ABORTED" not in request.failure:  # the tab itself went on to the next page before the icon had come
            tab.troubles.append(f"not loaded: {request.url}")

    tab.on("requestfailed", lose)
    tab.on("response", lambda response: response.status >= 400 and tab.troubles.append(f"not there: {response.url}"))
    tab.on("requestfinished", lambda request: tab.loaded.append(request.url))
    tab.on("console", lambda message: message.type in ("error", "warning") and tab.troubles.append(message.text))
    tab.on("pageerror", lambda error: tab.troubles.append(str(error)))
    yield tab
    tab.close()
