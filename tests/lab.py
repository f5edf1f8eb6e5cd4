"""A real JupyterLab in a real browser, once in a run: the browser's driver cannot be started twice in a process."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from nexus_jupyter.benchmarks.lab import CHROMIUM_FLAGS, jupyterlab, open_notebook, run_all
from nexus_jupyter.cli import main
from nexus_jupyter.notebook import Workspace
from tests.ai.scripted import Models

EXAMPLES = Path(__file__).parents[1] / "examples"
SHOTS = Path(__file__).parents[1] / "test-results"
#: Milliseconds: what comes in a second on an idle machine may take thirty times as long where others work.
expect.set_options(timeout=60_000)


@dataclass
class Lab:
    """A running JupyterLab on a folder."""

    url: str
    folder: Path


class _Forecast(BaseHTTPRequestHandler):
    """Answers every request with a forecast."""

    def do_GET(self) -> None:
        body = b'{"city": "Seattle", "sky": "rain"}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="session")
def forecast() -> Iterator[str]:
    """A service on another port of this machine; its origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forecast)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def models() -> Iterator[Models]:
    """A language model that answers by script, for the server and for workspaces in kernels."""
    served = Models()
    yield served
    served.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, forecast: str, models: Models) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab") / "root"
    shutil.copytree(EXAMPLES, folder)
    model = {"NEXUS_AI_URL": models.url, "NEXUS_AI_MODEL": "script-1"}
    model["NEXUS_AI_TRANSCRIPTS"] = str(folder / "transcripts")
    with jupyterlab(folder, f"--NexusApp.private_origins={forecast}", variables=model) as (url, _):
        yield Lab(url, folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 1400})
    opened.set_default_timeout(60_000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    assert [error for error in errors if "nexus" in error.lower()] == []


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keep a picture of the page, for people to look at."""
    SHOTS.mkdir(exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png")

    return take


def write_notebook(lab: Lab, name: str, *cells: str) -> None:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel)
    nbformat.write(notebook, lab.folder / name)


def run_notebook(page: Page, lab: Lab, panel: str, *cells: str) -> Locator:
    """Run a notebook of these cells, which show a panel, and return that."""
    write_notebook(lab, f"{panel}.ipynb", *cells)
    open_notebook(page, lab.url, f"{panel}.ipynb")
    run_all(page)
    shown = page.locator(f'.nx-panel[data-nx="{panel}"]').first
    shown.wait_for(timeout=60_000)
    return shown


def show(page: Page, lab: Lab, name: str, nxml: str) -> Locator:
    """Show a panel in a notebook's cell."""
    return run_notebook(
        page, lab, name, f"import nexus_jupyter as nexus\nnexus.connect().panel('{name}', '''{nxml}''')"
    )


def show_exported(page: Page, folder: Path, name: str, nxml: str) -> Locator:
    """Show a panel in an exported page."""
    with Workspace.open(folder / "ws") as workspace:
        workspace.panel(name, nxml)
    assert main(["export", str(folder / "ws"), "--html", "--out", str(folder / "page.html")]) == 0
    page.goto((folder / "page.html").as_uri())
    return page.locator(f'.nx-panel[data-nx="{name}"]').first


def allow(button: Locator) -> None:
    """Press a button that allows something, once it can be used: it waits after each move of its card."""
    # In one step: a card that is drawn again takes its buttons with it.
    button.evaluate("one => one.scrollIntoView({ block: 'nearest' })", timeout=60_000)
    expect(button).to_have_attribute("aria-disabled", "false", timeout=60_000)
    button.click()
