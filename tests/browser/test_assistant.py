"""The assistant in JupyterLab: asked, watched, decided and taken back, by mouse and by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from nexus_jupyter.benchmarks.lab import menu, open_notebook, run_cell
from tests.ai.scripted import Models, Step
from tests.browser.test_components import AXE
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
SHOTS = Path(__file__).parents[2] / "test-results" / "assistant"

TILL = """<panel id="NAME" title="Till">
  <view>
    <column id="c">
      <text id="left">{stock} left</text>
      <button id="sell" label="Sell" on:press="sell()"/>
    </column>
  </view>
  <data><state name="stock" type="int" default="9"/></data>
  <logic><action name="sell">state.stock -= 1;</action></logic>
</panel>"""
START = f"""
import nexus_jupyter as nexus
ws = OPENED
for name in ('till', 'desk', 'shop', 'stand', 'booth'):
    ws.panel(name, '''{TILL}'''.replace('NAME', name))
"""
WARN = "<text id='low'>Few left</text>"
OPS = [
    {"op": "set", "id": "sell", "attr": "label", "value": "Sell one"},
    {"op": "insert", "where": "after", "at": "left", "nxml": WARN},
    {"op": "set", "id": "c", "attr": "gap", "value": "l"},
]
SAY = "A clearer button, a warning when little is left, and more room."
THREE = json.dumps({"say": SAY, "ops": OPS})
#: The second op reads a state that the first brings.
BOUND = json.dumps(
    {
        "say": "A limit, and a warning below it.",
        "ops": [
            {"op": "insert", "where": "into", "at": "data", "nxml": "<state name='limit' type='int' default='3'/>"},
            {
                "op": "insert",
                "where": "after",
                "at": "left",
                "nxml": "<row id='below'><text id='low'>Few when below {limit}</text></row>",
            },
            {"op": "set", "id": "sell", "attr": "label", "value": "Sell one"},
        ],
    }
)
KIOSK = """<panel id="kiosk" title="Kiosk">
  <view>
    <heading id="head">Kiosk at the corner</heading>
    <row id="numbers"><metric id="sold" label="Sold" value="{sold}"/><metric id="left" label="Left" value="{stock}"/></row>
    <slider id="price" label="Price" bind:value="price" min="1" max="20"/>
    <text id="takings">Takings: {sold * price}</text>
    <button id="sell" label="Sell" on:press="sell()"/>
  </view>
  <data>
    <state name="sold" type="int" default="0"/>
    <state name="stock" type="int" default="40"/>
    <state name="price" type="int" default="5"/>
  </data>
  <logic><action name="sell">state.sold += 1; state.stock -= 1;</action></logic>
</panel>"""


@pytest.fixture(scope="module")
def desk(browser: Browser, lab: Lab, models: Models) -> Iterator[Page]:
    """A notebook with an assistant, the panels that it is asked about, and cells that ask."""
    write_notebook(
        lab,
        "assistant.ipynb",
        START.replace("OPENED", "nexus.connect()"),
        "ws.assistant()",
        "ws['till']",
        "edit = ws.ask('Improve it', panel='booth'); edit",
        "edit.reject()",
        "ws['kiosk-price']",
    )
    page = browser.new_page(viewport={"width": 1280, "height": 1500})
    open_notebook(page, lab.url, "assistant.ipynb")
    for index in (0, 1, 2):
        run_cell(page, index)
    expect(page.locator(".nx-wish-form")).to_be_visible(timeout=45_000)
    expect(page.locator('.nx-panel[data-nx="till"] [data-id="left"]')).to_have_text("9 left")
    yield page
    page.close()


def wish(page: Page, text: str, about: str | None = None) -> Locator:
    """Ask, and return the place of what comes of it."""
    if about is not None:
        page.get_by_label("Panel that is meant").select_option(about)
    page.get_by_label("Your wish").fill(text)
    page.keyboard.press("Enter")
    place = page.locator(".nx-asked-item").first
    expect(place.locator(".nx-asked-text")).to_have_text(text)
    return place


def held(models: Models, text: str, before: str) -> None:
    """Have a model answer a text, and hold it where a part of it begins."""
    models.will(Step(text=text, hold_after=text.index(before) // 4 + 1))


def test_what_arrives_is_seen_two_of_three_are_accepted_and_one_is_undone(desk: Page, models: Models) -> None:
    held(models, THREE, '"gap"')
    place = wish(desk, "Make selling clearer and warn when little is left", "till")
    expect(place.locator(".nx-wish-ops li")).to_have_count(2)
    expect(place.locator(".nx-wish-ops")).to_contain_text("Sell one")
    expect(place.locator(".nx-wish-numbers")).to_contain_text(
        re.compile(r"script-1 · [\d,]+ tokens in · about \d+ out")
    )
    expect(desk.locator('.nx-panel[data-nx="till"] [data-id="sell"]')).to_have_text("Sell")
    desk.locator(".nx-assistant").first.screenshot(path=SHOTS / "arriving.png")
    models.release()
    proposal = place.locator(".nx-proposal")
    expect(proposal).to_contain_text(SAY)
    expect(proposal.get_by_role("checkbox")).to_have_count(3)
    proposal.get_by_role("checkbox").nth(2).uncheck()
    proposal.get_by_text("The text, line by line").click()
    expect(proposal.locator('.nx-diff-line[data-kind="added"]').filter(has_text="Few left")).to_have_count(1)
    desk.locator(".nx-assistant").first.screenshot(path=SHOTS / "proposal.png")
    proposal.get_by_role("button", name="Accept 2 of 3").click()
    expect(proposal).to_contain_text("2 of 3 accepted in rev")
    till = desk.locator('.nx-panel[data-nx="till"]').first
    expect(till.locator('[data-id="sell"]')).to_have_text("Sell one")
    expect(till.locator('[data-id="low"]')).to_have_text("Few left")
    expect(proposal.locator(".nx-op-mark")).to_have_text(["accepted", "accepted", "left out"])
    proposal.get_by_role("button", name="Undo change 1").click()
    expect(till.locator('[data-id="sell"]')).to_have_text("Sell")
    expect(till.locator('[data-id="low"]')).to_be_visible()
    expect(place.locator(".nx-asked-outcome")).to_contain_text("1 undone")
    desk.locator(".nx-assistant").first.screenshot(path=SHOTS / "undone.png")
    proposal.get_by_role("button", name="Undo all").click()
    expect(till.locator('[data-id="low"]')).to_have_count(0)
    expect(place.locator(".nx-asked-outcome")).to_have_text("undone")


def test_a_new_panel_is_seen_while_it_is_written(desk: Page, models: Models) -> None:
    early = int(len(KIOSK) * 0.15)
    assert "</heading>" in KIOSK[:early], "what is looked for has been written by then"
    models.will(Step(text=KIOSK, hold_after=early // 4))
    place = wish(desk, "A kiosk with a price", "+")
    expect(place.locator('.nx-wish-panel [data-id="head"]')).to_have_text("Kiosk at the corner")
    desk.locator(".nx-assistant").first.screenshot(path=SHOTS / "new-arriving.png")
    models.release()
    look = place.locator(".nx-proposal-look")
    expect(look.locator('[data-id="takings"]')).to_have_text("Takings: 0")
    place.locator(".nx-proposal").screenshot(path=SHOTS / "new-proposal.png")
    place.get_by_role("button", name="Make the panel").click()
    expect(place.locator(".nx-asked-outcome")).to_contain_text("made in rev")
    name = place.locator(".nx-asked-head .nx-op-note").inner_text().removeprefix("new: ")
    assert name == "kiosk-price", "a name is made of the wish"
    choice = desk.get_by_label("Panel that is meant").locator(f'option[value="{name}"]')
    expect(choice).to_be_attached()
    run_cell(desk, 5)
    made = desk.locator(f'.nx-panel[data-nx="{name}"]')
    expect(made.locator('[data-id="head"]')).to_have_text("Kiosk at the corner")
    place.get_by_role("button", name="Undo: take the panel away").click()
    expect(place.locator(".nx-asked-outcome")).to_have_text("undone")
    expect(choice).not_to_be_attached()
    expect(made).to_contain_text(f"There is no panel '{name}'")


def test_given_up_in_the_middle_nothing_is_left(desk: Page, models: Models) -> None:
    held(models, THREE, '"gap"')
    place = wish(desk, "Change the desk\nin two lines", "desk")
    expect(place.locator(".nx-wish-ops li")).to_have_count(2)
    desk.keyboard.press("Escape")
    expect(place.locator(".nx-asked-outcome")).to_have_text("given up")
    expect(place).to_contain_text("Nothing was changed.")
    expect(place.locator(".nx-proposal, .nx-wish-ops")).to_have_count(0)
    expect(desk.get_by_label("Your wish")).to_have_value("Change the desk\nin two lines")
    expect(desk.get_by_label("Your wish")).to_be_focused()
    for _ in range(100):
        if models.server.left.is_set():
            break
        desk.wait_for_timeout(20)  # polls another thread
    assert models.server.left.is_set(), "the model's server sees that nobody waits"
    desk.get_by_label("Your wish").fill("")


def test_all_of_it_by_keyboard(desk: Page, models: Models) -> None:
    models.will(BOUND)
    desk.get_by_label("Panel that is meant").select_option("shop")
    desk.get_by_label("Your wish").focus()
    desk.keyboard.type("Warn below")
    desk.keyboard.press("Shift+Enter")
    desk.keyboard.type("a limit")
    desk.keyboard.press("Enter")
    place = desk.locator(".nx-asked-item").first
    boxes = place.get_by_role("checkbox")
    expect(boxes.first).to_be_focused()
    desk.keyboard.press("Space")
    expect(boxes.first).not_to_be_checked()
    expect(boxes.nth(1)).not_to_be_checked()
    expect(place).to_contain_text("Without change 1, 2 goes as well: it needs it.")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Space")
    expect(boxes.first).to_be_checked()
    expect(place).to_contain_text("Change 2 needs 1, which is chosen with it.")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Space")
    expect(boxes.nth(2)).not_to_be_checked()
    desk.keyboard.press("Escape")
    expect(place.get_by_role("button", name="Show")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(boxes.first).to_be_visible()
    desk.keyboard.press("a")
    expect(place.locator(".nx-asked-outcome")).to_contain_text("2 of 3 accepted")
    expect(place.get_by_role("button", name="Undo all")).to_be_focused()
    for _ in range(2):
        desk.keyboard.press("ArrowUp")
    expect(place.get_by_role("button", name="Undo change 1")).to_be_focused()
    desk.keyboard.press("Space")
    expect(place).to_contain_text("Change 2 needs this one: undo that first, or all.")
    place.get_by_role("button", name="Undo all").focus()
    desk.keyboard.press("Enter")
    expect(place.locator(".nx-asked-outcome")).to_have_text("undone")


def test_what_was_asked_comes_back_by_the_arrow_keys(desk: Page, models: Models) -> None:
    field = desk.get_by_label("Your wish")
    field.focus()
    desk.keyboard.type("next")
    desk.keyboard.press("ArrowUp")
    expect(field).to_have_value("Warn below\na limit")
    desk.keyboard.press("ArrowUp")
    expect(field).to_have_value("Change the desk\nin two lines")
    for _ in range(4):
        desk.keyboard.press("ArrowDown")
    expect(field).to_have_value("next")
    field.fill("")
    models.will(THREE)
    place = wish(desk, "Again", "shop")
    expect(place.get_by_role("checkbox").first).to_be_focused()
    desk.keyboard.press("r")
    expect(place.locator(".nx-asked-outcome")).to_have_text("rejected")
    expect(place).to_contain_text("Rejected. Nothing was changed.")


def test_a_models_words_stay_text(desk: Page, models: Models) -> None:
    bad = '<img src=x onerror="window.hit = 1"><script>window.hit = 1</script>'
    ops = [{"op": "set", "id": "sell", "attr": "label", "value": bad}]
    answer = json.dumps({"say": bad, "ops": [*ops, {"op": "set", "id": "c", "attr": "gap", "value": "l"}]})
    held(models, answer, '"gap"')
    place = wish(desk, bad, "stand")
    expect(place.locator(".nx-wish-ops li").first).to_contain_text("<img")
    models.release()
    expect(place.locator(".nx-proposal-say")).to_have_text(bad)
    expect(place.locator(".nx-op-words").first).to_contain_text("<img src=x")
    place.get_by_text("The text, line by line").click()
    expect(place.locator(".nx-diff")).to_contain_text("onerror")
    place.get_by_text("How it would look with all changes").click()
    expect(place.locator('.nx-proposal-look [data-id="sell"]')).to_have_text(bad)
    models.will(*[f"I would rather {bad}"] * 4)
    failed = wish(desk, "Something else", "stand")
    expect(failed.locator(".nx-asked-outcome")).to_have_text("failed")
    expect(failed.get_by_role("alert")).to_contain_text("Nothing was changed")
    expect(desk.get_by_label("Your wish")).to_have_value("Something else")
    assert desk.locator(".nx-assistant img, .nx-assistant script").count() == 0
    assert desk.evaluate("window.hit") is None
    desk.get_by_label("Your wish").fill("")


def test_a_cells_proposal_has_the_same_buttons_and_says_when_it_is_over(desk: Page, models: Models) -> None:
    models.will(THREE)
    run_cell(desk, 3)
    given = desk.locator(".jp-Cell").nth(3).locator(".nx-assistant")
    expect(given).to_contain_text(SAY)
    expect(given.get_by_role("button", name="Accept all 3")).to_be_enabled()
    given.get_by_role("checkbox").first.uncheck()
    given.get_by_role("button", name="Accept 2 of 3").click()
    expect(given).to_contain_text("2 of 3 accepted in rev")
    given.get_by_role("button", name="Undo all").click()
    expect(given).to_contain_text("Taken back.")

    models.will(THREE)
    run_cell(desk, 3)
    expect(given.get_by_role("button", name="Accept all 3")).to_be_enabled(timeout=20_000)
    run_cell(desk, 4)
    expect(desk.locator(".jp-Cell").nth(4).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
    given.get_by_role("button", name="Accept all 3").hover()
    expect(given).to_contain_text("does not wait for you any more: it was decided already")
    expect(given.get_by_role("button", name="Accept all 3")).to_be_disabled()


def test_what_it_would_ask_for_is_marked_and_accepting_grants_nothing(desk: Page, models: Models) -> None:
    uses = "<uses cap='net.http' target='https://example.org' why='to look up prices'/>"
    ops = [{"op": "insert", "where": "into", "at": "logic", "nxml": uses}]
    models.will(json.dumps({"say": "Looks up prices.", "ops": ops}))
    place = wish(desk, "Look up prices", "till")
    asks = place.locator(".nx-asks")
    expect(asks).to_contain_text("net.http https://example.org")
    expect(asks).to_contain_text("\u201cto look up prices\u201d")
    expect(asks).to_contain_text("Accepting grants nothing")
    place.get_by_role("button", name="Accept").click()
    expect(place.locator(".nx-asked-outcome")).to_contain_text("accepted in rev")
    till = desk.locator('.nx-panel[data-nx="till"]').first
    till.hover()
    till.get_by_role("button", name="Permissions").click()
    expect(till.locator(".nx-permissions")).to_contain_text("https://example.org")
    expect(till.get_by_role("button", name="Always here")).to_be_visible()
    till.get_by_role("button", name="Permissions").click()


def test_it_is_readable_in_both_themes_at_all_widths(desk: Page, models: Models) -> None:
    models.will(BOUND)
    place = wish(desk, "Warn when less is left than a limit that can be set", "stand")
    expect(place.get_by_role("checkbox")).to_have_count(3)
    place.get_by_text("The text, line by line").click()
    view = desk.locator(".nx-assistant").first
    desk.add_script_tag(path=AXE)
    for theme in ("Light", "Dark"):
        menu(desk, "Settings", "Theme", f"JupyterLab {theme}")
        desk.wait_for_function(f"document.body.dataset.jpThemeName === 'JupyterLab {theme}'")
        desk.locator("#jupyterlab-splash").wait_for(state="detached")
        for width in (480, 840, 1200):
            desk.set_viewport_size({"width": width + 440, "height": 1500})
            view.evaluate("(element, width) => { element.style.width = `${width}px`; }", width)
            wide = view.evaluate(
                "element => [...element.querySelectorAll('.nx-proposal *')].filter(one => !one.closest('pre') && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'visible' && getComputedStyle(one).display !== 'inline' && !one.classList.contains('nx-hidden')).map(one => one.className)"
            )
            assert wide == [], f"nothing runs out of its place at {width} px"
            view.screenshot(path=SHOTS / f"{theme.lower()}-{width}.png")
        found = view.evaluate(
            "async (element) => (await axe.run(element)).violations.map(one => `${one.id}: ${one.nodes.map(at => at.html.slice(0, 120))}`)"
        )
        assert found == []
    view.evaluate("element => { element.style.width = ''; }")
    menu(desk, "Settings", "Theme", "JupyterLab Light")


def test_in_an_embedded_workspace_over_the_widget(page: Page, lab: Lab, models: Models) -> None:
    opened = "nexus.Workspace.open('own-assistant')"
    without = """
import os
for name in ('NEXUS_AI_URL', 'NEXUS_AI_MODEL', 'NEXUS_AI_TRANSCRIPTS'):
    os.environ.pop(name, None)
other = nexus.Workspace.open('no-model')
other.assistant()"""
    write_notebook(lab, "own.ipynb", START.replace("OPENED", opened), "ws.assistant()", "ws['till']", without)
    open_notebook(page, lab.url, "own.ipynb")
    for index in (0, 1, 2):
        run_cell(page, index)
    expect(page.locator(".nx-wish-form")).to_be_visible(timeout=45_000)
    held(models, THREE, '"gap"')
    place = wish(page, "Make selling clearer", "till")
    expect(place.locator(".nx-wish-ops li")).to_have_count(2)
    models.release()
    place.get_by_role("button", name="Accept all 3").click()
    till = page.locator('.nx-panel[data-nx="till"]').first
    expect(till.locator('[data-id="sell"]')).to_have_text("Sell one")
    place.get_by_role("button", name="Undo change 2").click()
    expect(till.locator('[data-id="low"]')).to_have_count(0)
    expect(till.locator('[data-id="sell"]')).to_have_text("Sell one")
    run_cell(page, 3)
    bare = page.locator(".nx-assistant").last
    expect(bare.locator(".nx-note")).to_contain_text("NEXUS_AI_URL")
    bare.get_by_label("Your wish").fill("A panel for sums")
    page.keyboard.press("Enter")
    expect(bare.get_by_role("alert")).to_contain_text("NEXUS_AI_URL")
    expect(bare.get_by_label("Your wish")).to_have_value("A panel for sums")
