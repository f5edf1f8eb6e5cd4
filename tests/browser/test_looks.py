"""How panels look where people have set something: forced colours, a dark page, narrow rows, a shadow root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nexus_jupyter.notebook import Workspace
from tests.lab import SHOTS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LOOKS = """<panel id="looks" title="Looks"><view>
  <row id="r"><toggle id="on" label="On" bind:value="on"/><toggle id="off" label="Off" bind:value="off"/><badge id="b" kind="success">fine</badge><badge id="w" kind="error">bad</badge></row>
  <range id="range" label="Span" bind:value="span"/><color id="colour" label="Colour" value="#cc3366"/>
  <chart id="c" kind="line" x="m" y="v" by="g" data="[{m: 1, v: 2, g: 'a'}, {m: 2, v: 5, g: 'a'}, {m: 1, v: 3, g: 'b'}, {m: 2, v: 1, g: 'b'}]" title="Growth"/>
  <tabs id="tabs"><tab id="one" label="One"><text id="t1">First</text></tab><tab id="two" label="Two"><text id="t2">Second</text></tab></tabs>
  <row id="six" equal="true"><metric id="m1" label="A" value="1"/><metric id="m2" label="B" value="2"/><metric id="m3" label="C" value="3"/><metric id="m4" label="D" value="4"/><metric id="m5" label="E" value="5"/><metric id="m6" label="F" value="6"/></row>
  <link id="link" href="https://jupyter.org">the page of Jupyter</link><text id="money">{1234.5 | money}</text>
  <grid id="g"><card id="left" title="Left" min="360"><text id="lt">a</text></card><card id="right" title="Right" min="360"><text id="rt">b</text></card></grid>
  <file id="file" label="Notes"/><editor id="code" label="Code" bind:value="code"/><button id="after" label="After" on:press="add()"/>
  <kanban id="k" label="Tasks" columns="['todo', 'done']" cards="{cards}" on:move="move($event)"/><text id="n">{n}</text>
</view><data><state name="on" type="bool" default="true"/><state name="off" type="bool" default="false"/><state name="span" type="list" default="[20, 60]"/>
<state name="code" type="str" default=""/><state name="n" type="int" default="0"/><state name="cards" type="list" default='[{"id": "a", "title": "Measure", "column": "todo"}]'/></data>
<logic><action name="add">state.n += 1;</action><action name="move" params="to: any">state.n += 10;</action></logic></panel>"""


@pytest.fixture(scope="module")
def looks(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("looks")
    with Workspace.open(folder / "ws") as workspace:
        workspace.panel("looks", LOOKS)
        (folder / "page.html").write_text(workspace.export_html("looks"), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 1600}, reduced_motion="reduce")
    page.goto((folder / "page.html").as_uri())
    page.locator(".nx-dot-state[data-state=live]").wait_for()
    yield page
    page.close()


def colour(page: Page, selector: str, name: str, pseudo: str = "") -> str:
    found = page.evaluate("([s, n, p]) => getComputedStyle(document.querySelector(s), p)[n]", [selector, name, pseudo])
    return str(found)


def luminance(rgb: str) -> float:
    # What can be seen through is laid on white, which is the ground where colours are forced here.
    *parts, alpha = [float(part) for part in f"{rgb}, 1".split("(")[1].replace(")", "").split(",")[:4]]
    mixed = [part / 255 * alpha + 1 - alpha for part in parts]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in mixed]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_what_is_said_by_colour_is_seen_where_colours_are_forced(looks: Page) -> None:
    looks.emulate_media(forced_colors="active")
    panel = looks.locator(".nx-panel")
    panel.screenshot(path=SHOTS / "looks-forced.png")
    ground = colour(looks, ".nx-panel", "backgroundColor")
    on, off = (colour(looks, f'[data-id="{name}"] .nx-toggle', "backgroundColor") for name in ("on", "off"))
    assert on != off
    for name, ground_of in (("on", on), ("off", off)):
        knob = colour(looks, f'[data-id="{name}"] .nx-toggle', "backgroundColor", "::before")
        assert contrast(knob, ground_of) > 3, name
    assert contrast(colour(looks, ".nx-dot-state", "backgroundColor"), ground) > 3
    keys = looks.eval_on_selector_all(".nx-key", "keys => keys.map((key) => getComputedStyle(key).backgroundColor)")
    assert len(set(keys)) == 2
    assert ground not in keys
    chosen, other = (
        colour(looks, f'.nx-tab-button[aria-selected="{is_on}"]', "borderBottomColor") for is_on in ("true", "false")
    )
    assert chosen != other
    looks.emulate_media(forced_colors="none")


def test_a_dark_page_has_dark_bars_and_words_that_can_be_read(looks: Page) -> None:
    looks.emulate_media(color_scheme="dark")
    looks.locator(".nx-panel").screenshot(path=SHOTS / "looks-dark.png")
    assert colour(looks, ".nx-panel", "colorScheme") == "dark"
    ground = colour(looks, ".nx-panel", "backgroundColor")
    for name in ("b", "w"):
        assert contrast(colour(looks, f'[data-id="{name}"]', "color"), ground) >= 4.5, name
    looks.emulate_media(color_scheme="light")
    assert colour(looks, ".nx-panel", "colorScheme") == "light"


def test_rows_stay_in_one_line_and_links_and_numbers_look_like_what_they_are(looks: Page) -> None:
    tops = looks.eval_on_selector_all('[data-id="six"] > *', "all => all.map((one) => one.getBoundingClientRect().top)")
    assert len(set(tops)) == 1
    looks.set_viewport_size({"width": 870, "height": 1600})
    left, right = (looks.locator(f'[data-id="{name}"]').bounding_box() for name in ("left", "right"))
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"], "two columns of 360 pixels fit into 836"
    looks.set_viewport_size({"width": 1000, "height": 1600})
    assert "underline" in colour(looks, '[data-id="link"]', "textDecorationLine")
    assert colour(looks, '[data-id="link"]', "color") != colour(looks, '[data-id="n"]', "color")
    expect(looks.locator('[data-id="money"]')).to_have_text("1,234.50")
    assert colour(looks, ".nx-file", "color") == "rgba(0, 0, 0, 0)"
    looks.locator(".nx-panel").screenshot(path=SHOTS / "looks-light.png")


def test_ctrl_z_takes_back_where_nothing_is_written(looks: Page) -> None:
    number = looks.locator('[data-id="n"]')
    looks.get_by_role("button", name="After").click()
    expect(number).to_have_text("1")
    card = looks.locator(".nx-kanban .nx-item")
    card.focus()
    looks.keyboard.press("Alt+ArrowRight")
    expect(number).to_have_text("11")
    card.focus()
    looks.keyboard.press("Control+z")
    expect(number).to_have_text("1")
    looks.keyboard.press("Control+z")
    expect(number).to_have_text("0")
    looks.keyboard.press("Control+Shift+z")
    expect(number).to_have_text("1")
    looks.keyboard.press("Control+y")
    expect(number).to_have_text("11")


def test_the_keyboard_gets_out_of_an_editor_which_says_how(looks: Page) -> None:
    editor = looks.locator('[data-id="code"] .cm-content')
    editor.click()
    expect(looks.get_by_text("After Escape, Tab goes on")).to_be_visible()
    looks.keyboard.type("a")
    looks.keyboard.press("Tab")
    expect(editor).to_be_focused()
    looks.keyboard.press("Escape")
    expect(editor).to_be_focused()
    looks.keyboard.press("Tab")
    expect(looks.get_by_role("button", name="After")).to_be_focused()


SHADOW = """async (code) => {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const { preview } = await import(url);
  document.body.innerHTML = '<div id="host"></div>';
  const root = document.getElementById("host").attachShadow({ mode: "open" });
  const element = document.createElement("div");
  preview(element).update('<panel id="p" title="P"><view><button id="b" label="Press"/></view></panel>');
  root.append(element);
}"""


def test_a_panel_in_a_shadow_root_has_its_styles(page: Page) -> None:
    code = (Path(__file__).parents[2] / "nexus_jupyter" / "static" / "runtime.js").read_text(encoding="utf-8")
    page.goto("about:blank")
    page.evaluate(SHADOW, code)
    button = page.locator("#host .nx-button")
    expect(button).to_have_css("border-radius", "3px")
    expect(button).to_have_css("min-height", "28px")
