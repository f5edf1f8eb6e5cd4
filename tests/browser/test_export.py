"""An exported page lives on without a server: opened from a file, offline, it shows, computes, runs and refuses."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from nexus_jupyter.cli import main
from nexus_jupyter.engine import Engine
from nexus_jupyter.notebook import Workspace
from tests.attacks.browser.test_pictures_and_links import PIXEL
from tests.browser.test_lab import Shot

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

TRIES = """<panel id="tries" title="Tries">
  <view>
    <button id="loop" label="Loop" on:press="loop()"/><button id="out" label="Out" on:press="out()"/><button id="bad" label="Bad" on:press="bad()"/>
    <text id="n">{n}</text><math id="m">a^2</math><text id="s">{safe}</text>
  </view>
  <data><state name="n" type="int" default="0"/><state name="safe" type="str" default="&lt;/script&gt;&lt;script&gt;window.trapped = 1&lt;/script&gt;"/></data>
  <logic>
    <uses cap="net.http" why="to try"/>
    <action name="loop">for (;;) {}</action>
    <action name="out">state.n += 1; await nx.fetch("https://example.org");</action>
    <action name="bad">state.n = 5;
      throw new Error("No ink.");</action>
  </logic>
</panel>"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, examples_folder: Path, engine: Engine) -> Path:
    folder = tmp_path_factory.mktemp("export") / "ws"
    frame = pd.read_csv(examples_folder / "data" / "seattle-weather.csv", parse_dates=["date"])
    with Workspace.open(folder) as workspace:
        workspace.bind(weather=frame)
        for name in ("counter", "board", "weather"):
            workspace.panel(name, (examples_folder / "panels" / f"{name}.nxml").read_text())
        workspace.panel("tries", TRIES)
        workspace["counter"].state["count"] = 7
    assert main(["export", str(folder), "--html", "--out", str(folder.parent / "page.html")]) == 0
    return folder.parent / "page.html"


@pytest.fixture(scope="module")
def examples_folder() -> Path:
    return Path(__file__).parents[2] / "examples"


@pytest.fixture
def offline(browser: Browser, exported: Path) -> Iterator[Page]:
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 1400})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(exported.as_uri())
    yield page
    context.close()
    assert said == []


def test_the_page_shows_before_its_code_runs_and_the_same_nodes_come_to_life(browser: Browser, exported: Path) -> None:
    plain = browser.new_context(java_script_enabled=False, offline=True)
    page = plain.new_page()
    page.goto(exported.as_uri())
    expect(page.locator('[data-nx="counter"] [data-id="value"]')).to_have_text("7")
    expect(page.locator('[data-nx="weather"] svg path.nx-line')).to_have_count(2)
    plain.close()
    live = browser.new_context(offline=True)
    page = live.new_page()
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { window.before = document.querySelector('[data-nx=counter] [data-id=value]'); }, { once: true, capture: true });"
    )
    page.goto(exported.as_uri())
    page.locator('[data-nx="counter"] .nx-dot-state[data-state=live]').wait_for()
    value = "document.querySelector('[data-nx=counter] [data-id=value]')"
    assert page.evaluate(f"{value}.isConnected && {value}.textContent") == "7"
    live.close()


def test_handlers_queries_and_undo_work_offline(offline: Page, examples_folder: Path, shot: Shot) -> None:
    counter = offline.locator('[data-nx="counter"]')
    counter.locator('[data-id="plus"] button').click()
    expect(counter.locator('[data-id="value"]')).to_have_text("8")
    expect(counter.locator('[data-id="double"]')).to_have_text("× 2 = 16")
    counter.locator(".nx-icon[title=Undo]").click(force=True)
    expect(counter.locator('[data-id="value"]')).to_have_text("7")
    weather = offline.locator('[data-nx="weather"]')
    frame = pd.read_csv(examples_folder / "data" / "seattle-weather.csv")
    for kind, count in frame["weather"].value_counts().items():
        weather.locator("select").select_option(label=str(kind))
        expect(weather.locator('[data-id="days"] .nx-metric-value')).to_have_text(str(count))
    weather.locator(".nx-step[title='Next page']").click()
    expect(weather.locator(".nx-pager [role=status]")).to_contain_text("9–16 of")
    board = offline.locator('[data-nx="board"]')
    board.get_by_placeholder("What do you want to try?").fill("From a file")
    board.get_by_role("button", name="Add").click()
    expect(board.locator(".nx-item", has_text="From a file")).to_be_visible()
    shot(offline, "12-exported")


def test_what_a_handler_asks_of_a_host_is_denied_and_a_loop_is_stopped(offline: Page) -> None:
    panel = offline.locator('[data-nx="tries"]')
    panel.get_by_role("button", name="Out").click()
    expect(panel.locator('[data-id="out"] .nx-problem')).to_contain_text("Open the notebook to use it")
    panel.get_by_role("button", name="Bad").click()
    expect(panel.locator('[data-id="bad"] .nx-problem')).to_contain_text("No ink. (line 12)")
    panel.get_by_role("button", name="Loop").click()
    expect(panel.locator('[data-id="loop"] .nx-problem')).to_contain_text("longer than 5 s", timeout=120_000)
    expect(panel.locator('[data-id="n"]')).to_have_text("0")
    expect(panel.locator(".nx-math math")).to_be_attached()
    expect(panel.locator('[data-id="s"]')).to_contain_text("</script>")
    assert offline.evaluate("window.trapped") is None


EFFECTS = """<panel id="fx" title="Payment">
  <view>
    <slider id="rate" label="Rate" bind:value="rate" min="0" max="100"/><button id="go" label="Go" on:press="go()"/>
    <button id="round" label="Round" on:press="around()"/><button id="wait" label="Wait" on:press="wait()"/>
    <text id="paid">{paid}</text><text id="seen">{seen | join(' ')}</text><text id="x">{x}</text>
  </view>
  <data><state name="rate" type="int" default="5"/><state name="paid" type="int" default="50"/><state name="x" type="int" default="0"/>
    <state name="seen" type="list[str]" default="[]"/><computed name="high" expr="rate > 9"/></data>
  <logic>
    <effect name="pay" on="rate">state.paid = event * 10; state.seen.push("pay");</effect>
    <effect name="warn" on="high">state.seen.push("warn");</effect>
    <effect name="endless" on="x">state.x += 1;</effect>
    <action name="go">state.rate = 12;</action>
    <action name="around">state.x = 1;</action>
    <action name="wait">await new Promise((done) => setTimeout(done, 60000));</action>
  </logic>
</panel>"""


def pages(browser: Browser, html: str, folder: Path) -> Page:
    (folder / "page.html").write_text(html, encoding="utf-8")
    page = browser.new_context(offline=True, viewport={"width": 1000, "height": 800}).new_page()
    page.goto((folder / "page.html").as_uri())
    page.locator(".nx-dot-state[data-state=live]").first.wait_for()
    return page


def test_effects_of_an_exported_page_run_in_order_after_each_change_and_end(browser: Browser, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        workspace.panel("fx", EFFECTS)
        html = workspace.export_html("fx")
    page = pages(browser, html, tmp_path)
    paid, seen = page.locator('[data-id="paid"]'), page.locator('[data-id="seen"]')
    page.get_by_role("button", name="Go").click()
    expect(paid).to_have_text("120")
    expect(seen).to_have_text("pay warn")
    page.get_by_label("Rate").focus()
    page.keyboard.press("ArrowRight")
    expect(paid).to_have_text("130")
    # Its condition was true before: only that of the rate has another value.
    expect(seen).to_have_text("pay warn pay")
    page.get_by_role("button", name="Round").click()
    expect(page.locator(".nx-banner")).to_contain_text("without end")
    expect(page.locator('[data-id="x"]')).to_have_text("17")
    page.get_by_role("button", name="Wait").click()
    page.locator(".nx-banner", has_text="still running").get_by_role("button", name="Cancel").click()
    expect(page.locator('[data-id="wait"] .nx-problem')).to_contain_text("cancelled", timeout=3000)
    expect(page.locator('[data-id="wait"] [aria-busy="true"]')).to_have_count(0)
    page.context.close()


ALBUM = """<panel id="album" title="Album"><view>
  <image id="own" src="files/dot.png" alt="A dot"/><image id="given" src="{given}" alt="Given"/><image id="none" src="files/none.png" alt="None"/>
  <image id="picked" src="files/{name}" alt="Picked"/><markdown id="m">![c](files/sub/dot.png) ![r](https://evil.example/r.png)</markdown>
</view><data><state name="given" type="str" default="GIVEN"/><state name="name" type="str" default="dot.png"/></data></panel>"""


def test_pictures_of_the_workspace_are_in_an_exported_page_and_in_a_saved_picture(
    browser: Browser, tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        (tmp_path / "ws" / "files" / "sub").mkdir(parents=True)
        for name in ("dot.png", "sub/dot.png"):
            (tmp_path / "ws" / "files" / name).write_bytes(PIXEL)
        given = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
        panel = workspace.panel("album", ALBUM.replace("GIVEN", given))
        assert panel.html.count(f'src="{given}"') == 4
        html = workspace.export_html("album")
    page = pages(browser, html, tmp_path)
    for name in ("own", "given", "picked", "m"):
        page.wait_for_function("name => document.querySelector(`[data-id=${name}] img`)?.naturalWidth === 1", arg=name)
    expect(page.locator("img")).to_have_count(4)
    expect(page.locator('[data-id="none"]')).to_contain_text("None: the picture is shown where")
    page.context.close()


LARGE = """<panel id="large" title="Large"><view><table id="t" data="df"/><text id="n">{df | len}</text></view>
<data><frame name="df" from="kernel:df"/></data>
<logic><lifecycle on="mount" run="begin()"/><action name="begin">state;</action></logic></panel>"""


def test_a_frame_of_more_rows_than_a_page_carries_is_cut_said_and_lies_beside(browser: Browser, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        workspace.bind(df=pd.DataFrame({"a": range(60_000)}))
        workspace.panel("large", LARGE)
        alone = workspace.export_html("large")
    assert "has 60,000 rows, of which this page has the first 50,000" in alone
    assert main(["export", str(tmp_path / "ws"), "--html", "--out", str(tmp_path / "page.html")]) == 0
    page = pages(browser, (tmp_path / "page.html").read_text(), tmp_path)
    expect(page.locator("h1")).to_have_text("Large")
    note = page.locator(".nx-export-notes")
    expect(note).to_contain_text("has 60,000 rows, of which this page has the first 50,000")
    expect(note).to_contain_text("what 'large' does when it is shown or as time passes")
    expect(page.locator('[data-id="n"]')).to_have_text("50000")
    link = note.get_by_role("link", name="page_files/df.parquet")
    assert len(pd.read_parquet(tmp_path / str(link.get_attribute("href")))) == 60_000
    page.context.close()
