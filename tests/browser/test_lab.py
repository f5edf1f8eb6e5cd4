"""What people do, in JupyterLab, in headless Chromium: the tests of one page follow each other like a person's steps."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nexus_jupyter.benchmarks.lab import menu, open_notebook, run_all, run_cell, save
from tests.lab import Lab, allow, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
Shot = Callable[[Page, str], None]
COUNTER = '.nx-panel[data-nx="counter"]'
WEATHER = '.nx-panel[data-nx="weather"]'


def value(page: Page) -> str:
    return page.locator(f'{COUNTER} [data-id="value"]').first.text_content() or ""


@pytest.fixture(scope="module")
def first(browser: Browser, lab: Lab) -> Iterator[Page]:
    """The first example, run once, and kept open for the steps below."""
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    open_notebook(page, lab.url, "01-first-panel.ipynb")
    run_all(page)
    page.locator(".jp-Notebook .jp-Cell").last.locator(".jp-OutputArea-output").wait_for(timeout=120_000)
    yield page
    page.close()


def test_the_first_notebook_runs_without_errors(first: Page, lab: Lab, shot: Shot) -> None:
    expect(
        first.locator(
            ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error'], .jp-RenderedText[data-mime-type*='stderr']"
        )
    ).to_have_count(0)
    for panel in ("counter", "board", "weather"):
        expect(first.locator(f'.nx-panel[data-nx="{panel}"]').first).to_be_visible()
    expect(first.locator(f"{WEATHER} [data-id='monthly'] svg path.nx-line")).to_have_count(2)
    first.locator(COUNTER).first.scroll_into_view_if_needed()
    shot(first, "01-lab")
    for panel in ("counter", "board", "weather"):
        first.locator(f'.nx-panel[data-nx="{panel}"]').first.screenshot(
            path=Path(__file__).parents[2] / "test-results" / f"panel-{panel}.png"
        )


def test_a_click_changes_the_page_through_a_handler_on_the_server(first: Page) -> None:
    before = int(value(first))
    first.locator(f'{COUNTER} [data-id="plus"] button').first.click()
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(str(before + 1))
    expect(first.locator(f'{COUNTER} [data-id="double"]').first).to_have_text(f"× 2 = {2 * before + 2}")


def test_the_dashboard_filters(first: Page, shot: Shot) -> None:
    weather = first.locator(WEATHER).first
    expect(weather.locator('[data-id="days"] .nx-metric-value')).to_have_text("1,461")
    weather.locator("select").select_option(label="snow")
    expect(weather.locator('[data-id="days"] .nx-metric-value')).to_have_text("23")
    expect(weather.locator(".nx-pager [role=status]")).to_have_text("1–8 of 23")
    expect(weather.locator('[data-id="about"]')).to_contain_text("23 of 1461")
    weather.scroll_into_view_if_needed()
    shot(first, "02-filtered")
    weather.locator(".nx-step[title='Next page']").click()
    expect(weather.locator(".nx-pager [role=status]")).to_have_text("9–16 of 23")
    weather.locator("th button", has_text="temp max").click()
    expect(weather.locator("th[aria-sort=descending]")).to_have_count(1)
    weather.locator("select").select_option(label="all")
    expect(weather.locator('[data-id="days"] .nx-metric-value')).to_have_text("1,461")


def test_a_card_moves_by_keyboard_and_the_flowchart_is_drawn(first: Page, shot: Shot) -> None:
    board = first.locator('.nx-panel[data-nx="board"]').first
    card = board.locator(".nx-item", has_text="Compare both")
    card.focus()
    first.keyboard.press("Alt+ArrowRight")
    expect(board.locator(".nx-card", has_text="Doing (3)")).to_be_visible()
    board.get_by_placeholder("What do you want to try?").fill("Write it up")
    board.get_by_role("button", name="Add").click()
    expect(board.locator(".nx-item", has_text="Write it up")).to_be_visible()
    expect(board.get_by_placeholder("What do you want to try?")).to_have_value("")
    board.get_by_role("tab", name="Flow").click()
    expect(board.locator(".nx-node")).to_have_count(6)
    board.scroll_into_view_if_needed()
    shot(first, "03-flow")
    board.get_by_role("tab", name="Board").click()


def test_undo_and_source_are_in_the_title_row(first: Page) -> None:
    before = value(first)
    first.locator(f'{COUNTER} [data-id="plus"] button').first.click()
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(str(int(before) + 1))
    first.locator(f"{COUNTER} .nx-icon[title=Undo]").first.click(force=True)
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(before)
    first.locator(f"{COUNTER} .nx-icon[title='Show source']").first.click(force=True)
    expect(first.locator(f"{COUNTER} .nx-source").first).to_contain_text('<button id="plus"')
    first.locator(f"{COUNTER} .nx-icon[title='Show source']").first.click(force=True)


def test_dragging_the_slider_is_one_change(first: Page) -> None:
    slider = first.locator(f"{COUNTER} input[type=range]").first
    slider.focus()
    for _ in range(3):
        first.keyboard.press("ArrowRight")
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(slider.input_value())


def test_while_the_kernel_is_busy_a_click_still_works(first: Page) -> None:
    last = first.locator(".jp-Notebook .jp-Cell").last
    last.click()
    first.keyboard.press("Escape")
    first.keyboard.press("b")
    first.keyboard.press("Enter")
    first.keyboard.type("import time; time.sleep(20)")
    first.keyboard.press("Shift+Enter")
    first.wait_for_selector("[data-status='busy']")
    before = int(value(first))
    first.locator(f'{COUNTER} [data-id="plus"] button').first.click()
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(str(before + 1))
    expect(first.locator("[data-status='busy']").first).to_be_attached()
    first.locator(f"{WEATHER} select").first.select_option(label="fog")
    expect(first.locator(f'{WEATHER} [data-id="days"] .nx-metric-value').first).to_have_text("411")
    expect(first.locator("[data-status='busy']").first).to_be_attached()
    first.locator(f"{WEATHER} select").first.select_option(label="all")
    first.wait_for_selector("[data-status='idle']", timeout=30_000)


def test_the_notebook_as_html_shows_the_panels_without_a_kernel(
    first: Page, lab: Lab, browser: Browser, shot: Shot
) -> None:
    first.keyboard.press("Escape")
    save(first)
    first.wait_for_function("!document.querySelector('.jp-mod-dirty')")
    html = lab.folder / "saved.html"
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "html",
        "--output",
        str(html),
        str(lab.folder / "01-first-panel.ipynb"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    offline = browser.new_context(offline=True, viewport={"width": 1000, "height": 1600})
    page = offline.new_page()
    page.goto(html.as_uri())
    for panel in ("counter", "board", "weather"):
        expect(page.locator(f'.nx-panel[data-nx="{panel}"]').first).to_be_visible()
    expect(page.locator(".nx-mark").first).to_have_text("static")
    expect(page.locator(f"{WEATHER} svg path.nx-line")).to_have_count(2)
    page.locator(WEATHER).first.scroll_into_view_if_needed()
    shot(page, "04-saved-html")
    offline.close()


def test_after_a_reload_and_without_running_a_cell_the_panels_are_live(first: Page) -> None:
    before = int(value(first))
    first.reload()
    first.wait_for_selector(f'{COUNTER} [data-id="plus"] button', timeout=60_000)
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(str(before))
    first.locator(f'{COUNTER} [data-id="plus"] button').first.click()
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(str(before + 1))


def test_after_a_kernel_restart_the_state_is_there(first: Page) -> None:
    before = int(value(first))
    menu(first, "Kernel", "Restart Kernel…")
    first.click(".jp-Dialog .jp-mod-warn, .jp-Dialog .jp-mod-accept")
    first.wait_for_selector("[data-status='idle']", timeout=60_000)
    first.locator(f'{COUNTER} [data-id="plus"] button').first.click()
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(str(before + 1))
    run_cell(first, 1)
    run_cell(first, 3)
    expect(first.locator(f'{COUNTER} [data-id="value"]').first).to_have_text(str(before + 1))


FAULTY = """<panel id="faulty" title="Faulty">
  <view>
    <row id="r">
      <button id="loop" label="Loop" on:press="loop()"/>
      <button id="eat" label="Eat" on:press="eat()"/>
      <button id="dive" label="Dive" on:press="dive()"/>
      <button id="ok" label="Fine" on:press="ok()"/>
      <text id="value">{n}</text>
    </row>
  </view>
  <data><state name="n" type="int" default="0"/></data>
  <logic>
    <action name="loop">state.n = 99; for (;;) {}</action>
    <action name="eat">state.n = 99; const a = []; for (;;) a.push(new Array(1000).fill(1));</action>
    <action name="dive">state.n = 99; function f() { return f() + 1; } f();</action>
    <action name="ok">state.n += 1;</action>
  </logic>
</panel>"""


def test_a_handler_that_misbehaves_is_stopped_and_the_panel_says_so(page: Page, lab: Lab, shot: Shot) -> None:
    write_notebook(
        lab, "faulty.ipynb", f"import nexus_jupyter as nexus\nnexus.connect().panel('faulty', '''{FAULTY}''')"
    )
    open_notebook(page, lab.url, "faulty.ipynb")
    run_all(page)
    panel = page.locator('.nx-panel[data-nx="faulty"]').first
    for times, (name, says) in enumerate(
        (("Eat", "128 MB"), ("Dive", "too deeply"), ("Loop", "longer than 5 s")), start=1
    ):
        panel.get_by_role("button", name=name).click()
        expect(panel.locator(f'[data-id="{name.lower()}"] .nx-problem')).to_contain_text(says, timeout=120_000)
        expect(panel.locator(f'[data-id="{name.lower()}"] .nx-problem')).to_contain_text("line")
        panel.get_by_role("button", name="Fine").click()
        expect(panel.locator('[data-id="value"]')).to_have_text(str(times))
    panel.get_by_text("Show source").first.click()
    expect(panel.locator(".nx-source [data-marked]")).to_contain_text("for (;;)")
    shot(page, "05-faults")


ASKING = """<panel id="forecast" title="Forecast">
  <view>
    <row id="r">
      <button id="ask" label="Ask" on:press="ask()"/>
      <button id="rate" label="Rate" on:press="rate()"/>
      <button id="wait" label="Wait" on:press="wait()"/>
      <text id="sky">{sky}</text>
    </row>
  </view>
  <data><state name="sky" type="str" default="unknown"/></data>
  <logic>
    <uses cap="net.http" target="ORIGIN" why="to ask for tomorrow's weather"/>
    <uses cap="kernel.call" target="rate" why="to rate it with your own function"/>
    <uses cap="notify" why="to tell you when it is there"/>
    <action name="ask">
      const answer = await nx.fetch("ORIGIN/tomorrow");
      state.sky = (await answer.json()).sky;
    </action>
    <action name="rate">state.sky = await nx.kernel.call("rate", { sky: state.sky }); nx.notify("Rated.");</action>
    <action name="wait">await nx.fetch("ORIGIN/tomorrow"); for (;;) {}</action>
  </logic>
</panel>"""


def test_a_panel_asks_for_what_it_needs_and_works_after_one_grant(
    page: Page, lab: Lab, forecast: str, shot: Shot
) -> None:
    text = ASKING.replace("ORIGIN", forecast)
    write_notebook(
        lab,
        "asking.ipynb",
        f"import nexus_jupyter as nexus\nws = nexus.connect()\nws.panel('forecast', '''{text}''')",
        "@ws.expose\ndef rate(sky: str) -> str:\n    return f'{sky}, 2 of 10'",
        "import time; time.sleep(4)",
    )
    open_notebook(page, lab.url, "asking.ipynb")
    run_all(page)
    panel = page.locator('.nx-panel[data-nx="forecast"]').first
    asked = panel.locator(".nx-permission").filter(has_text=forecast)
    expect(asked).to_contain_text("to ask for tomorrow's weather", timeout=60_000)
    panel.get_by_role("button", name="Ask", exact=True).click()
    expect(panel.locator('[data-id="ask"] .nx-problem')).to_contain_text("net.http")
    shot(page, "07-asking")
    allow(asked.get_by_role("button", name="Always here"))
    expect(asked).to_have_count(0)
    panel.get_by_role("button", name="Ask", exact=True).click()
    expect(panel.locator('[data-id="sky"]')).to_have_text("rain")
    # A function of the notebook: refused, then allowed for an hour, then it waits for the kernel, which sleeps.
    rating = panel.locator(".nx-permission").filter(has_text="run the function rate")
    rating.get_by_role("button", name="No").click()
    panel.get_by_role("button", name="Rate").click()
    expect(panel.locator('[data-id="rate"] .nx-problem')).to_contain_text("kernel.call")
    allow(rating.get_by_role("button", name="For an hour"))
    notes = panel.locator(".nx-permission").filter(has_text="show you notes")
    allow(notes.get_by_role("button", name="Always here"))
    panel.get_by_role("button", name="Rate").click()
    expect(panel.locator('[data-id="sky"]')).to_have_text("rain, 2 of 10")
    expect(panel.locator(".nx-messages")).to_contain_text("Rated.")
    # What takes long can be cancelled, and what was allowed can be taken back.
    panel.get_by_role("button", name="Wait").click()
    panel.locator(".nx-messages").get_by_role("button", name="Cancel").click(timeout=10_000)
    expect(panel.locator('[data-id="wait"] .nx-problem')).to_contain_text("was cancelled")
    panel.hover()
    panel.get_by_role("button", name="Permissions").click()
    shot(page, "07-allowed")
    asked.get_by_role("button", name="Take back").click()
    panel.get_by_role("button", name="Ask", exact=True).click()
    expect(panel.locator('[data-id="ask"] .nx-problem')).to_contain_text("net.http")


def test_a_panel_in_the_kernel_itself_works_by_comm(page: Page, lab: Lab, shot: Shot) -> None:
    write_notebook(
        lab,
        "embedded.ipynb",
        "import nexus_jupyter as nexus\nfrom pathlib import Path\nws = nexus.Workspace.open('embedded-workspace')\nws",
        "import pandas as pd\nws.bind(weather=pd.read_csv('data/seattle-weather.csv', parse_dates=['date']))",
        "ws.panel('counter', Path('panels/counter.nxml').read_text())",
        "ws.panel('weather', Path('panels/weather.nxml').read_text())",
    )
    open_notebook(page, lab.url, "embedded.ipynb")
    run_all(page)
    page.wait_for_selector(f'{COUNTER} [data-id="plus"] button', timeout=60_000)
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("embedded in this process")
    page.locator(f'{COUNTER} [data-id="plus"] button').click()
    expect(page.locator(f'{COUNTER} [data-id="value"]')).to_have_text("1")
    expect(page.locator(f"{COUNTER} .nx-dot-state")).to_have_attribute("aria-label", "live · kernel")
    page.locator(f"{WEATHER} select").select_option(label="snow")
    expect(page.locator(f'{WEATHER} [data-id="days"] .nx-metric-value')).to_have_text("23")
    shot(page, "06-embedded")


def test_the_widget_alone_works_where_there_is_no_lab_extension(page: Page, lab: Lab) -> None:
    write_notebook(
        lab,
        "widget.ipynb",
        "import nexus_jupyter as nexus\nfrom pathlib import Path\nfrom nexus_jupyter.notebook.widget import PanelWidget\n"
        "nexus.connect().panel('counter', Path('panels/counter.nxml').read_text())\nPanelWidget('counter')",
    )
    open_notebook(page, lab.url, "widget.ipynb")
    run_all(page)
    page.wait_for_selector(f'.jp-OutputArea-output > .lm-Widget > {COUNTER} [data-id="plus"] button', timeout=60_000)
    expect(page.locator(f"{COUNTER} .nx-dot-state")).to_have_attribute("aria-label", "live · server")
    before = int(value(page))
    page.locator(f'{COUNTER} [data-id="plus"] button').click()
    expect(page.locator(f'{COUNTER} [data-id="value"]')).to_have_text(str(before + 1))


@pytest.mark.parametrize("width", [480, 840, 1200])
def test_a_panel_fits_every_width_in_both_themes(browser: Browser, lab: Lab, width: int) -> None:
    page = browser.new_page(viewport={"width": width + 120, "height": 1300})
    open_notebook(page, lab.url, "01-first-panel.ipynb")
    weather = page.locator(WEATHER).first
    weather.locator("svg path.nx-line").first.wait_for(timeout=60_000)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        menu(page, "Settings", "Theme", theme)
        page.wait_for_function(f"document.body.dataset.jpThemeName === '{theme}'")
        weather.scroll_into_view_if_needed()
        overflow = weather.evaluate(
            "(e) => e.querySelector('.nx-body').scrollWidth - e.querySelector('.nx-body').clientWidth"
        )
        assert overflow <= 1
        page.screenshot(path=Path(__file__).parents[2] / "test-results" / f"07-{width}-{theme.split()[1].lower()}.png")
    menu(page, "Settings", "Theme", "JupyterLab Light")
    page.close()
