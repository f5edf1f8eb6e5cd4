"""Panels as MCP Apps: shown by the official host's side of the bridge, in a real browser, alive on a real server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Route, expect

from nexus_jupyter.protocol.base import JsonValue
from tests.lab import Lab

ROOT = Path(__file__).parents[2]
#: What a client lets a page do that asks for nothing: the extension's own default.
DEFAULT_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; connect-src 'none'"
)
TALLY = """<panel xmlns="urn:nexus:nxml:1" id="clicks" title="Clicks">
  <view>
    <button id="plus" label="+1" on:press="add(1)"/><button id="bad" label="Bad" on:press="bad()"/>
    <input id="who" label="Who" bind:value="who"/>
    <text id="value">{count} of {who}</text><math id="m">a^2</math>
    <markdown id="link">[Jupyter](https://jupyter.org)</markdown>
    <table id="rows" data="parts"/>
  </view>
  <data><frame name="parts" from="nog:nodes()"/><state name="count" type="int" default="0" min="0" max="100"/><state name="who" type="str" default="nobody"/></data>
  <logic>
    <uses cap="panel.read" why="to list its parts"/>
    <action name="add" params="by: int = 1">state.count += by; return state.count;</action>
    <action name="bad">throw new Error("No ink.");</action>
    <tool name="add" action="add">Add to the tally.</tool>
  </logic>
</panel>"""


@dataclass
class Host:
    """A page that hosts one app, and what it has kept."""

    page: Page
    pages: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def app(self) -> FrameLocator:
        return self.page.frame_locator("iframe")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The host's script, built."""
    out = tmp_path_factory.mktemp("host") / "host.js"
    command = ["npx", "esbuild", "../tests/js/apphost.ts", "--bundle", "--format=iife", f"--outfile={out}"]
    environment = {**os.environ, "NODE_PATH": str(ROOT / "js" / "node_modules")}
    subprocess.run(command, cwd=ROOT / "js", check=True, capture_output=True, env=environment)
    return out.read_text()


@pytest.fixture
def host(browser: Browser, lab: Lab, script: str) -> Iterator[Host]:
    """A host on the server's origin, whose app's frame has an origin of its own and may run its own scripts only."""
    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    found = Host(page)
    base, _, token = lab.url.partition("lab?token=")
    parts = urlsplit(base)
    origin = f"{parts.scheme}://{parts.netloc}"

    def serve(route: Route) -> None:
        address = route.request.url
        if address == f"{origin}/host":
            body = "<!doctype html><iframe sandbox='allow-scripts' width=800 height=600></iframe><script src=/host.js></script>"
            route.fulfill(body=body, content_type="text/html")
        elif address == f"{origin}/host.js":
            route.fulfill(body=script, content_type="text/javascript")
        elif address.startswith(f"{origin}/app/"):
            headers = {"Content-Security-Policy": DEFAULT_POLICY}
            route.fulfill(body=found.pages[-1], content_type="text/html", headers=headers)
        else:
            if route.request.frame != page.main_frame:
                found.asked.append(address)
            route.continue_()

    def keep(html: str) -> str:
        found.pages.append(html)
        return f"{origin}/app/{len(found.pages)}"

    page.route("**/*", serve)
    page.expose_function("keep", keep)
    page.goto(f"{origin}/host")
    page.evaluate("([url, token]) => connect(url, token)", [f"{base}nexus/mcp", token])
    made = page.evaluate("(nxml) => call('nexus_create', {name: 'clicks', nxml})", TALLY)
    assert not made.get("isError"), made
    allowed = httpx2.post(
        f"{base}nexus/api/grants",
        headers={"Authorization": f"token {token}"},
        json={"panel": "clicks", "cap": "panel.read"},
        trust_env=False,
    )
    allowed.raise_for_status()
    yield found
    assert found.asked == [], "an app's page loads nothing from anywhere"
    context.close()


def count(host: Host) -> JsonValue:
    """Return the state that the server has."""
    answer = host.page.evaluate("call('nexus_show', {panel: 'clicks'})")
    value: JsonValue = answer["structuredContent"]["state"]["count"]
    return value


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_click_in_a_clients_page_changes_the_state_on_the_server(host: Host) -> None:
    before = count(host)
    assert isinstance(before, int)
    shown = host.page.evaluate("show('clicks__add', {by: 2}, 'light')")
    assert shown["uri"] == "ui://nexus/panels/clicks.html"
    assert shown["mime"] == "text/html;profile=mcp-app"
    assert shown["meta"]["ui"]["csp"]["connectDomains"] == []
    value = host.app.locator("[data-id=value]")
    expect(value).to_contain_text(f"{before + 2} of")  # what the call came to
    host.app.locator("[data-id=plus] button").click()
    expect(value).to_contain_text(f"{before + 3} of")
    assert count(host) == before + 3
    expect(host.app.locator("[data-id=m] math")).to_be_visible()  # code that the page carries compressed
    expect(host.app.locator("[data-id=rows]")).to_contain_text("ClicksPanel")  # rows come through the client too
    host.app.get_by_label("Who").fill("Ann")
    host.app.get_by_label("Who").press("Tab")
    expect(value).to_contain_text(f"{before + 3} of Ann")
    host.app.locator("[data-id=bad] button").click()
    expect(host.app.get_by_text("No ink.").first).to_be_visible()
    host.page.evaluate("tell('clicks__add', {by: 1})")  # the model goes on, and the page sees it
    expect(value).to_contain_text(f"{before + 4} of Ann")
    host.app.get_by_role("link", name="Jupyter").click()
    host.page.wait_for_function("opened.length === 1 && sizes.some((height) => height > 0)")
    assert host.page.evaluate("opened") == ["https://jupyter.org/"]
    host.page.evaluate("leave()")


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_panel_that_a_model_shows_is_found_by_the_calls_argument_and_takes_the_clients_theme(host: Host) -> None:
    shown = host.page.evaluate("show('nexus_show', {panel: 'clicks'}, 'dark')")
    assert shown["uri"] == "ui://nexus/panel.html"
    expect(host.app.locator("[data-id=value]")).to_be_visible()
    expect(host.app.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    host.page.evaluate("dress('light')")
    expect(host.app.locator("body")).to_have_attribute("data-jp-theme-light", "true")
