"""Click to changed text in a real JupyterLab, with an idle and with a busy kernel, beside the same in ipywidgets."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nexus_jupyter.benchmarks.kernel import COUNTER
from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.protocol.errors import UnavailableError

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = [
    "CHROMIUM_FLAGS",
    "click",
    "jupyterlab",
    "menu",
    "notebook_page",
    "open_notebook",
    "run_all",
    "run_cell",
    "save",
]

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_CLICKS = 100
_ATTEMPTS = 6
_IPYWIDGETS = """
import ipywidgets as w
b, t = w.Button(description='+1'), w.HTML('<span id="peer">0</span>')
n = [0]
def add(_):
    n[0] += 1
    t.value = f'<span id="peer">{n[0]}</span>'
b.on_click(add); b.add_class('peer-button')
w.HBox([b, t])
"""
#: Clicks and waits in the page itself, so that the browser driver's own time is not measured.
_MEASURE = """
async ([button, value, count]) => {
  const times = [];
  const text = () => document.querySelector(value)?.textContent;
  for (let i = 0; i < count; i += 1) {
    const before = text();
    const started = performance.now();
    document.querySelector(button).click();
    while (text() === before) {
      if (performance.now() - started > 30000) throw new Error('no change');
      await new Promise((go) => { const c = new MessageChannel(); c.port1.onmessage = go; c.port2.postMessage(0); });
    }
    times.push(performance.now() - started);
    await new Promise((go) => setTimeout(go, 5));
  }
  return times;
}
"""


@contextmanager
def jupyterlab(
    folder: Path, *options: str, app: str = "jupyterlab", variables: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a JupyterLab (or ``notebook``) of its own on a folder; yields its URL with the token, and the process.

    ``variables`` are added to its environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    private = folder.parent / f"{folder.name}-jupyter"
    environment = {
        **os.environ,
        **variables,
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
    }
    _configure(private / "settings" / "@jupyterlab")
    command = [sys.executable, "-m", app, "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [
        f"--ServerApp.port={port}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        *options,
    ]
    log = private / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", process, log)
            yield f"http://127.0.0.1:{port}/{'lab' if app == 'jupyterlab' else 'tree'}?token={token}", process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configure(settings: Path) -> None:
    """Keep JupyterLab from asking about news, and from taking cells out of the page that are not in view."""
    for name, text in (
        ("apputils-extension/notification", '{"fetchNews": "false", "checkForUpdates": false}'),
        ("notebook-extension/tracker", '{"windowingMode": "none", "autoStartDefaultKernel": true}'),
    ):
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1800):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)  # polling another process's start
    raise UnavailableError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")


def open_notebook(page: Page, url: str, name: str) -> None:
    """Open a notebook and wait until its kernel is ready."""
    # A workspace of its own: JupyterLab would otherwise bring back what other pages had open.
    page.goto(url.replace("/lab?", f"/lab/workspaces/{Path(name).stem}/tree/{name}?"))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    # The toolbar calls a kernel that has not been asked for yet idle too; the status bar knows its name and its state.
    page.wait_for_selector("text=/Python 3.*\\| Idle/", timeout=60_000)


def run_cell(page: Page, index: int) -> None:
    """Run one cell, and stay until its kernel has been asked to."""
    from playwright.sync_api import TimeoutError as NotYetError

    cell = page.locator(".jp-Notebook .jp-Cell").nth(index)
    prompt = cell.locator(".jp-InputPrompt").first
    before = prompt.inner_text()
    for _ in range(_ATTEMPTS):
        # JupyterLab replaces a cell that comes into view, and what was clicked then is gone.
        cell.locator(".jp-InputArea-editor").first.click()
        page.keyboard.press("Shift+Enter")
        with suppress(NotYetError):
            prompt.filter(has_not_text=re.compile(rf"^{re.escape(before)}$")).wait_for(timeout=5_000)
            return
    raise UnavailableError(f"Cell {index} could not be run.")


def save(page: Page) -> None:
    """Save the notebook, and stay until the server has it: what is loaded before is the file as it was."""
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url):
        page.keyboard.press("Control+s")


def run_all(page: Page) -> None:
    """Run all cells."""
    menu(page, "Run", "Run All Cells")


def menu(page: Page, *labels: str) -> None:
    """Choose from JupyterLab's menu, from one menu to the next."""
    first, *rest = labels
    page.click(f".lm-MenuBar-itemLabel:text-is('{first}')")
    for label in rest[:-1]:
        page.hover(f".lm-Menu-itemLabel:text-is('{label}')")
    page.click(f".lm-Menu-itemLabel:text-is('{rest[-1]}')")


@contextmanager
def notebook_page(write: Callable[[Path], None], name: str, **options: Any) -> Iterator[tuple[Page, str]]:
    """Run JupyterLab on a folder with one notebook; yields a page of a browser, with Playwright's options, and the URL.

    Raises
    ------
    UnavailableError
        If Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UnavailableError(
            "This benchmark needs Playwright.", hint="Run: pip install 'nexus-jupyter[test]'"
        ) from error
    chromium = shutil.which("chromium")
    if chromium is None:
        raise UnavailableError("This benchmark needs Chromium.", hint="Run: apt-get install chromium")
    with tempfile.TemporaryDirectory() as base, sync_playwright() as playwright:
        folder = Path(base) / "lab"
        folder.mkdir()
        write(folder / name)
        with jupyterlab(folder) as (url, _):
            browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
            try:
                yield browser.new_page(**options), url
            finally:
                browser.close()


def click() -> list[Row]:
    """Time clicks on a counter in JupyterLab."""
    with notebook_page(_write_notebook, "bench.ipynb") as (page, url):
        return _click(page, url)


def _write_notebook(path: Path) -> None:
    import nbformat

    cells = [
        f"import nexus_jupyter as nexus\nws = nexus.connect()\nws.panel('counter', '''{COUNTER}''')",
        _IPYWIDGETS,
        "import time\ntime.sleep(12)",
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel)
    nbformat.write(notebook, path)


def _click(page: Page, url: str) -> list[Row]:
    ours = ['[data-id="plus"] button', '[data-id="value"]', _CLICKS]
    peer = [".peer-button", "#peer", _CLICKS]
    open_notebook(page, url, "bench.ipynb")
    for index in (0, 1):
        run_cell(page, index)
    page.wait_for_selector(str(ours[0]))
    page.wait_for_selector(str(peer[0]))
    page.evaluate(_MEASURE, [*ours[:2], 10])
    page.evaluate(_MEASURE, [*peer[:2], 10])
    rows = [
        summary("ipywidgets, idle kernel", page.evaluate(_MEASURE, peer)),
        summary(
            "click to text, idle kernel", page.evaluate(_MEASURE, ours), peer="ipywidgets, idle kernel", target="4 / 10"
        ),
    ]
    run_cell(page, 2)
    page.wait_for_selector("[data-status='busy']")
    busy = page.evaluate(_MEASURE, ours)
    rows.append(summary("click to text, busy kernel", busy, peer="ipywidgets, idle kernel", target="4 / 10"))
    started = time.perf_counter()
    page.evaluate(_MEASURE, [*peer[:2], 1])
    blocked = (time.perf_counter() - started) * 1e3
    rows.append(summary("ipywidgets, busy kernel (one click)", [blocked]))
    return rows
