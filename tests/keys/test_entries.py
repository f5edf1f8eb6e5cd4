"""A control writes only what holds: what is typed and does not is marked, said in a sentence, and taken back by Escape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from nexus_jupyter.cli import main
from nexus_jupyter.notebook import Workspace
from tests.lab import Lab, show

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PANEL = """<panel id="entries" title="Entries"><view>
  <number id="plain" label="Plain" bind:value="plain"/><number id="maybe" label="Maybe" bind:value="maybe"/>
  <number id="whole" label="Whole" bind:value="whole"/><number id="bounded" label="Bounded" bind:value="bounded" min="1" max="9"/>
  <number id="stepped" label="Stepped" bind:value="stepped" step="0.5" min="0"/><number id="declared" label="Declared" bind:value="declared"/>
  <number id="page" label="Page" bind:value="page"/>
  <input id="code" label="Code" bind:value="code" pattern="??-###" hint="As on the box."/>
  <input id="short" label="Short" bind:value="short" max-length="3"/><textarea id="long" label="Long" bind:value="long"/>
  <input id="worded" label="Worded" bind:value="worded" pattern="##" message="Two digits."/>
  <search id="term" label="Term" bind:value="term" max-length="4"/>
  <date id="day" label="Day" bind:value="day" min="2026-01-01"/><date id="due" label="Due" bind:value="due"/>
  <time id="hour" label="Hour" bind:value="hour" max="12:00"/>
  <slider id="drag" label="Drag" bind:value="drag" min="0" max="10"/>
  <multiselect id="tags" label="Tags" bind:value="tags" options="['a', 'b', 'c']"/>
  <select id="city" label="City" bind:value="city" options="['Oslo', 'Bergen']"/>
  <text id="said">{plain}|{maybe}|{whole}|{bounded}|{stepped}|{declared}|{code}|{short}|{long}|{worded}|{term}|{day}|{due}|{hour}|{drag}|{tags}|{page}</text>
</view><data>
  <state name="plain" type="float" default="2"/><state name="maybe" type="float?" default="2"/><state name="whole" type="int" default="2"/>
  <state name="bounded" type="int" default="2"/><state name="stepped" type="float" default="2"/>
  <state name="declared" type="float" default="2" max="5"/><state name="page" type="float" default="2" scope="view"/>
  <state name="code" type="str" default="ab-123"/><state name="short" type="str" default="abc"/><state name="long" type="str" default="one" max="5"/>
  <state name="worded" type="str" default="12"/><state name="term" type="str" default="abc"/>
  <state name="day" type="date" default="2026-03-09"/><state name="due" type="date?" default="2026-03-09"/>
  <state name="hour" type="str" default="09:30"/><state name="drag" type="int" default="5" max="7"/>
  <state name="tags" type="list[str]" default='["a"]' max="2"/><state name="city" type="str?"/>
</data></panel>"""


@dataclass(frozen=True)
class Entry:
    """What is typed into a control, what stands in it then, what is said, and what the state is."""

    label: str
    typed: str
    shown: str
    fault: str | None
    held: str


LABELS = ["Plain", "Maybe", "Whole", "Bounded", "Stepped", "Declared", "Code", "Short", "Long", "Worded", "Term"]
#: Where each state stands in the panel's text.
PLACES = {label: at for at, label in enumerate(LABELS)} | {"Page": 16}

ENTRIES = [
    Entry("Plain", "3.25", "3.25", None, "3.25"),
    Entry("Plain", "1,5", "1,5", "“1,5” is not a number. Write it like 1234.5.", "3.25"),
    Entry("Plain", "abc", "abc", "“abc” is not a number. Write it like 1234.5.", "3.25"),
    Entry("Plain", "", "", "This must not be empty.", "3.25"),
    Entry("Plain", "1,500", "1500", None, "1500"),
    Entry("Plain", "-1e3", "-1000", None, "-1000"),
    Entry("Plain", "1e999", "1e999", "“1e999” is not a number. Write it like 1234.5.", "-1000"),
    Entry("Maybe", "", "", None, ""),
    Entry("Maybe", "x", "x", "“x” is not a number. Write it like 1234.5.", ""),
    Entry("Whole", "2.5", "2.5", "Take a whole number.", "2"),
    Entry("Whole", "7", "7", None, "7"),
    Entry("Bounded", "0", "0", "Take at least 1.", "2"),
    Entry("Bounded", "10", "10", "Take at most 9.", "2"),
    Entry("Bounded", "9", "9", None, "9"),
    Entry("Stepped", "1.3", "1.3", "Take 1 or 1.5: it goes in steps of 0.5.", "2"),
    Entry("Stepped", "1.5", "1.5", None, "1.5"),
    Entry("Declared", "6", "6", "Take at most 5.", "2"),
    Entry("Page", "abc", "abc", "“abc” is not a number. Write it like 1234.5.", "2"),
    Entry("Code", "ab-1", "ab-1", "Write it like ??-###.", "ab-123"),
    Entry("Code", "xy-999", "xy-999", None, "xy-999"),
    Entry("Short", "abcd", "abcd", "Write at most 3 characters; these are 4.", "abc"),
    Entry("Long", "sixsix", "sixsix", "Write at most 5 characters.", "one"),
    Entry("Worded", "1", "1", "Two digits.", "12"),
    Entry("Term", "abcde", "abcde", "Write at most 4 characters; these are 5.", "abc"),
]


def enter(page: Page, control: Locator, text: str) -> None:
    """Replace what stands in a control, by keys."""
    control.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type(text)


def walk(page: Page, panel: Locator) -> None:
    """Enter all of `ENTRIES`: what does not hold stays marked after the control is left, until Escape takes it back."""
    said = panel.locator('[data-id="said"]')
    for entry in ENTRIES:
        field = panel.get_by_label(entry.label, exact=True)
        before = field.input_value()
        enter(page, field, entry.typed)
        page.keyboard.press("Tab")
        expect(field, str(entry)).to_have_value(entry.shown)
        fault = panel.locator(f'[data-id="{entry.label.lower()}"] .nx-fault')
        if entry.fault is None:
            expect(fault, str(entry)).to_have_count(0)
            expect(field).not_to_have_attribute("aria-invalid", "true")
            expect(said).to_contain_text(entry.held)
            assert (said.text_content() or "").split("|")[PLACES[entry.label]] == entry.held, entry
            continue
        expect(fault, str(entry)).to_have_text(entry.fault)
        expect(field).to_have_attribute("aria-invalid", "true")
        assert fault.get_attribute("id") in (field.get_attribute("aria-describedby") or "").split()
        # Another control is used, and what does not hold is still there.
        panel.get_by_label("Long").focus()
        expect(field).to_have_value(entry.shown)
        assert (said.text_content() or "").split("|")[PLACES[entry.label]] == entry.held, entry
        field.focus()
        page.keyboard.press("Escape")
        expect(field).to_have_value(before)
        expect(field).to_be_focused()
        page.keyboard.press("Tab")
        expect(fault).to_have_count(0)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("entries") / "ws"
    with Workspace.open(folder) as workspace:
        workspace.panel("entries", PANEL)
    assert main(["export", str(folder), "--html", "--out", str(folder.parent / "page.html")]) == 0
    return folder.parent / "page.html"


@pytest.fixture(params=["en-US", "de-DE"])
def opened(request: pytest.FixtureRequest, browser: Browser, exported: Path) -> Iterator[Page]:
    context = browser.new_context(offline=True, locale=request.param)
    page = context.new_page()
    page.goto(exported.as_uri())
    yield page
    context.close()


def test_what_does_not_hold_is_marked_and_never_written_in_a_notebook(page: Page, lab: Lab) -> None:
    panel = show(page, lab, "entries", PANEL)
    walk(page, panel)
    code = panel.get_by_label("Code")
    # The hint is still read beside the fault.
    enter(page, code, "1")
    page.keyboard.press("Tab")
    expect(panel.locator('[data-id="code"] .nx-fault')).to_have_count(1)
    assert len((code.get_attribute("aria-describedby") or "").split()) == 2


@pytest.mark.parametrize("opened", ["en-US"], indirect=True)
def test_what_does_not_hold_is_marked_and_never_written_in_an_exported_page(opened: Page) -> None:
    walk(opened, opened.locator('.nx-panel[data-nx="entries"]'))


@pytest.mark.parametrize("opened", ["de-DE"], indirect=True)
def test_numbers_have_the_decimal_mark_of_the_persons_language(opened: Page) -> None:
    panel = opened.locator('.nx-panel[data-nx="entries"]')
    said, plain = panel.locator('[data-id="said"]'), panel.get_by_label("Plain")
    for typed, shown, held in [("1,5", "1,5", "1.5"), ("1.500", "1500", "1500"), ("1.5", "1,5", "1.5")]:
        enter(opened, plain, typed)
        opened.keyboard.press("Enter")
        expect(plain).to_have_value(shown)
        expect(said).to_contain_text(f"{held}|2|2|")
    enter(opened, plain, "1,2,3")
    opened.keyboard.press("Enter")
    expect(panel.locator('[data-id="plain"] .nx-fault')).to_contain_text("Write it like 1234,5.")


@pytest.mark.parametrize("opened", ["en-US"], indirect=True)
def test_typing_is_ahead_and_arrows_step_to_what_holds(opened: Page) -> None:
    panel = opened.locator('.nx-panel[data-nx="entries"]')
    said, stepped, bounded = (
        panel.locator('[data-id="said"]'),
        panel.get_by_label("Stepped"),
        panel.get_by_label("Bounded"),
    )
    enter(opened, stepped, "3")
    expect(stepped).to_have_attribute("data-ahead", "")
    expect(said).to_contain_text("|2|2|2|")
    for key in ["ArrowUp", "ArrowUp", "ArrowDown"]:
        opened.keyboard.press(key)
    expect(stepped).to_have_value("3.5")
    expect(stepped).not_to_have_attribute("data-ahead", "")
    enter(opened, bounded, "8")
    for _ in range(3):
        opened.keyboard.press("ArrowUp")
    expect(bounded).to_have_value("9")
    opened.keyboard.press("PageDown")
    expect(bounded).to_have_value("1")
    expect(panel.locator(".nx-fault")).to_have_count(0)
    # A text that holds is seen in the panel while it is typed, and taken back by Escape.
    code = panel.get_by_label("Code")
    enter(opened, code, "zz-000")
    expect(said).to_contain_text("|zz-000|")
    opened.keyboard.type("0")
    expect(said).to_contain_text("|ab-123|")
    opened.keyboard.press("Escape")
    expect(code).to_have_value("ab-123")
    expect(code).to_be_focused()


@pytest.mark.parametrize("opened", ["en-US"], indirect=True)
def test_days_times_lists_and_sliders_write_what_holds(opened: Page) -> None:
    panel = opened.locator('.nx-panel[data-nx="entries"]')
    said = panel.locator('[data-id="said"]')
    day, due, hour = panel.get_by_label("Day"), panel.get_by_label("Due"), panel.get_by_label("Hour")
    day.focus()
    # A year is typed digit by digit, and none of the years on the way is written.
    opened.keyboard.type("0704")
    opened.keyboard.type("2027")
    opened.keyboard.press("Tab")
    expect(said).to_contain_text("|2027-07-04|2026-03-09|")
    day.focus()
    opened.keyboard.type("07042025")
    expect(panel.locator('[data-id="day"] .nx-fault')).to_have_text("Not before 2026-01-01.")
    opened.keyboard.press("Escape")
    expect(day).to_have_value("2027-07-04")
    day.focus()
    opened.keyboard.press("Delete")
    panel.get_by_label("Long").focus()
    expect(panel.locator('[data-id="day"] .nx-fault')).to_have_text("This date is not complete.")
    expect(said).to_contain_text("|2027-07-04|2026-03-09|")
    due.focus()
    for _ in range(3):
        opened.keyboard.press("Delete")
        opened.keyboard.press("ArrowRight")
    panel.get_by_label("Long").focus()
    expect(said).to_contain_text("|2027-07-04||")
    hour.focus()
    # One in the night is a time that holds, on the way to one in the afternoon, which does not.
    opened.keyboard.type("0130PM")
    expect(panel.locator('[data-id="hour"] .nx-fault')).to_have_text("Not after 12:00.")
    opened.keyboard.press("Escape")
    expect(hour).to_have_value("01:30")
    drag = panel.get_by_label("Drag")
    drag.focus()
    opened.keyboard.press("End")
    expect(panel.locator('[data-id="drag"] .nx-fault')).to_have_text("Take at most 7.")
    expect(said).to_contain_text("|01:30|5|")
    opened.keyboard.press("Escape")
    expect(drag).to_have_value("5")
    for tag in ("b", "c"):
        panel.get_by_label(tag, exact=True).focus()
        opened.keyboard.press("Space")
    expect(panel.locator('[data-id="tags"] .nx-fault')).to_have_text("Choose at most 2.")
    expect(said).to_contain_text('["a","b"]')
    opened.keyboard.press("Escape")
    expect(panel.get_by_label("c", exact=True)).not_to_be_checked()
    # Nothing chosen is shown as nothing chosen.
    expect(panel.get_by_label("City").locator("option:checked")).to_have_text("Choose…")
