"""A notebook file that somebody else wrote, opened in JupyterLab.

Who: the author of a notebook that is cloned, mailed or downloaded. With what: outputs that name a panel of the reader's workspace
whose mount action acts, outputs that bring NXML or a proposal of their own, and pictures and links in the saved HTML. What must
hold: until the notebook is trusted, or the person presses "Show live", nothing of the workspace is mounted, subscribed to or run;
and in no case is anything drawn from what the output holds besides names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import Browser, Page, WebSocket, expect

from nexus_jupyter.benchmarks.lab import jupyterlab
from tests.lab import SHOTS, Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
MIME = "application/vnd.nexus.panel.v1+json"

#: What the reader has, and would not have run by opening a file.
VICTIM = """<panel xmlns="urn:nexus:nxml:1" id="victim" title="Transfers">
  <view><column id="c"><text id="sent">{sent} sent</text><button id="send" label="Send" on:press="send()"/></column></view>
  <data><state name="sent" type="int" default="0"/></data>
  <logic><action name="send">state.sent += 1;</action><lifecycle on="mount" run="send()"/></logic>
</panel>
"""
EVIL_NXML = """<panel xmlns="urn:nexus:nxml:1" id="evil" title="Evil"><view><text id="t">OF THE FILE</text>
<vega id="v" label="v" spec="{ mark: 'bar' }"/></view></panel>"""
PROPOSAL = {
    "id": "p-1", "panel": "victim", "say": "OF THE FILE", "model": "m", "patch": None, "after": EVIL_NXML, "before": "",
    "ops": [{"index": 0, "words": "OF THE FILE", "needs": [], "touched": [], "parts": []}],
}  # fmt: skip
PICTURE = (
    "<div class='nx-panel'><b>Transfers, as they were</b><img src='https://evil.example/seen.png' onerror='trap()'>"
    "<img src='/logout'><a href='https://evil.example/'>more</a><script>trap()</script>"
    "<p style='background:url(https://evil.example/style)'>text</p></div>"
)

#: What stands in an output, beside the picture.
OUTPUTS: dict[str, Any] = {
    "a panel": {"panel": "victim"},
    "a panel with text": {"panel": "victim", "nxml": EVIL_NXML, "about": EVIL_NXML, "draft": EVIL_NXML},
    "a proposal as a record": {"view": "assistant", "about": PROPOSAL},
    "a proposal as text": {"view": "assistant", "about": json.dumps(PROPOSAL)},
    "a proposal that is none": {"view": "assistant", "about": "{"},
    "ops that are none": {"view": "assistant", "about": {"id": 5, "ops": 7}},
    "a time bar": {"view": "timebar", "about": {"from": "x", "to": [], "speed": -1}},
    "a panel that is no name": {"panel": {"toString": "victim"}},
    "no record": "victim",
    "nothing": None,
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab of one reader, whose workspace has the panel that the notebooks name."""
    folder = tmp_path_factory.mktemp("reader") / "root"
    folder.mkdir()
    # JupyterLab's table of contents looks for headings in outputs of HTML, and loads the pictures in them while it does.
    contents = folder.parent / "root-jupyter" / "settings" / "@jupyterlab" / "toc-extension"
    contents.mkdir(parents=True)
    (contents / "registry.jupyterlab-settings").write_text('{"includeOutput": false}')
    with jupyterlab(folder) as (url, _):
        yield Lab(url, folder)


def write(lab: Lab, name: str, output: Any) -> Path:  # Any: a hostile file may hold anything
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    data = {MIME: output, "text/html": PICTURE, "text/plain": "Transfers"}
    cell = nbformat.v4.new_code_cell("1", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
    path = lab.folder / name
    path.write_text(json.dumps(notebook))
    return path


class Watched:
    """A page, what it said over the panels' socket, and which addresses outside of the server it asked for."""

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page = page
        self.sent: list[str] = []
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("websocket", self._opened)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.add_init_script("window.trapped = 0; window.trap = () => { window.trapped += 1; };")
        page.route("https://evil.example/**", lambda route: (self.asked.append(route.request.url), route.abort()))
        page.route("**/logout", lambda route: (self.asked.append(route.request.url), route.abort()))
        self._lab = lab

    def _opened(self, socket: WebSocket) -> None:
        if "/nexus/" in socket.url:
            self.sent.append("opened")
            socket.on("framesent", lambda payload: self.sent.append(str(payload)))

    def open(self, name: str) -> None:
        self.page.goto(self._lab.url.replace("/lab?", f"/lab/workspaces/{Path(name).stem}/tree/{name}?"))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell .jp-OutputArea-output", timeout=60_000)


@pytest.fixture
def watched(browser: Browser, lab: Lab) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1100, "height": 700})
    yield Watched(page, lab)
    page.close()


@pytest.fixture(scope="module")
def victim(lab: Lab, browser: Browser) -> None:
    """Make the reader's panel, as the reader: over the server."""
    page = browser.new_page()
    page.goto(lab.url)
    token = lab.url.split("token=")[1]
    origin = lab.url.split("/lab?")[0]
    answer = page.request.put(
        f"{origin}/nexus/api/panels/victim",
        headers={"Authorization": f"token {token}"},
        data={"nxml": VICTIM},
    )
    assert answer.ok, answer.text()
    page.close()


def sent(lab: Lab, page: Page) -> int:
    """Return how often the panel's mount action has run."""
    origin, token = lab.url.split("/lab?token=")
    answer = page.request.get(f"{origin}/nexus/api/panels/victim", headers={"Authorization": f"token {token}"})
    return int(answer.json()["state"]["sent"])


@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_untrusted_output_is_a_picture_that_asks_nothing(
    watched: Watched, lab: Lab, victim: None, kind: str
) -> None:
    write(lab, "found.ipynb", OUTPUTS[kind])
    before = sent(lab, watched.page)
    watched.open("found.ipynb")
    page = watched.page
    output = page.locator(".jp-OutputArea-output").first
    expect(output.get_by_text("Transfers, as they were")).to_be_visible()
    expect(output.get_by_role("button", name="Show live")).to_be_visible()
    expect(output.locator("img, script, .nx-live")).to_have_count(0)
    expect(page.get_by_text("OF THE FILE")).to_have_count(0)
    output.screenshot(path=SHOTS / "untrusted-notebook.png")
    assert watched.sent == []
    assert watched.asked == []
    assert page.evaluate("window.trapped") == 0
    assert sent(lab, page) == before
    assert [error for error in watched.errors if "evil" in error or "JSON" in error] == []


def test_show_live_shows_the_panel_of_the_workspace(watched: Watched, lab: Lab, victim: None) -> None:
    write(lab, "live.ipynb", OUTPUTS["a panel with text"])
    watched.open("live.ipynb")
    page = watched.page
    page.get_by_role("button", name="Show live").click()
    panel = page.locator('.nx-panel[data-nx="victim"]')
    expect(panel.get_by_role("button", name="Send")).to_be_visible()
    expect(page.get_by_text("OF THE FILE")).to_have_count(0)
    page.screenshot(path=SHOTS / "untrusted-shown-live.png")


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_trusted_output_is_live_and_draws_nothing_of_its_own(
    watched: Watched, lab: Lab, victim: None, kind: str
) -> None:
    path = write(lab, "trusted.ipynb", OUTPUTS[kind])
    trust(path)
    watched.open("trusted.ipynb")
    page = watched.page
    output = page.locator(".jp-OutputArea-output").first
    expect(output.get_by_role("button", name="Show live")).to_have_count(0)
    if isinstance(OUTPUTS[kind], dict) and OUTPUTS[kind].get("panel") == "victim":
        expect(page.locator('.nx-panel[data-nx="victim"]').get_by_role("button", name="Send")).to_be_visible()
    elif isinstance(OUTPUTS[kind], dict) and OUTPUTS[kind].get("view") == "assistant":
        expect(output.locator(".nx-assistant .nx-title").first).to_be_visible()
    elif isinstance(OUTPUTS[kind], dict) and OUTPUTS[kind].get("view") == "timebar":
        expect(output.locator(".nx-live").first).to_be_visible()
    else:
        expect(output).to_contain_text("This output names no panel. Run the cell again.")
    expect(page.get_by_text("OF THE FILE")).to_have_count(0)
    assert [error for error in watched.errors if "JSON" in error or "undefined" in error] == []


def trust(path: Path) -> None:
    """Sign a notebook as the reader would with *Trust Notebook*; the server reads the same key and database."""
    NotebookNotary().sign(nbformat.read(path, as_version=4))
