"""Writing panels in JupyterLab: in a .nxml file with the picture beside it, and in %%panel cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.benchmarks.lab import open_notebook
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
Shot = Callable[[Page, str], None]

MISSPELT = """<panel id="draft" title="Draft">
  <view>
    <row id="main">
      <buton id="plus" label="Add" on:press="add()"/>
      <text id="value">{count | number}</text>
    </row>
  </view>
  <data>
    <state name="count" type="int" default="7"/>
  </data>
  <logic>
    <action name="add">if (state.count < 9 && true) state.count += 1;</action>
  </logic>
</panel>
"""
GOOD = MISSPELT.replace("buton", "button")
ERROR = ".cm-lintRange-error"


def open_text(page: Page, lab: Lab, name: str, text: str) -> None:
    (lab.folder / name).write_text(text)
    # A workspace of its own: JupyterLab would otherwise bring back what other pages had open.
    page.goto(lab.url.replace("/lab?", f"/lab/workspaces/{Path(name).stem}/tree/{name}?"))
    page.wait_for_selector(".jp-FileEditor .cm-content", timeout=60_000)
    expect(page.locator(".jp-FileEditor .cm-line").first).to_contain_text("<panel")


def caret_after(page: Page, text: str) -> None:
    """Put the caret behind the first place where a text stands in a line."""
    page.locator(".cm-line", has_text=text).first.evaluate(
        """(line, text) => {
          const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
          let left = line.textContent.indexOf(text) + text.length;
          let node = walker.nextNode();
          while (left > node.data.length) { left -= node.data.length; node = walker.nextNode(); }
          line.closest('.cm-content').focus();
          getSelection().collapse(node, left);
        }""",
        text,
    )


def choose(page: Page, label: str) -> None:
    """Take what is offered at the caret."""
    page.locator(".cm-tooltip-autocomplete .cm-completionLabel").get_by_text(label, exact=True).click()


def test_an_error_is_underlined_and_its_quick_fix_mends_it(page: Page, lab: Lab, shot: Shot) -> None:
    open_text(page, lab, "misspelt.nxml", MISSPELT)
    squiggle = page.locator(ERROR)
    expect(squiggle).to_contain_text("buton")
    squiggle.first.hover()
    finding = page.locator(".cm-tooltip .cm-diagnostic-error")
    expect(finding).to_contain_text("There is no component <buton>; did you mean <button>?")
    shot(page, "30-editor-diagnostic")
    finding.get_by_role("button", name="Quick fix: write <button>").click()
    expect(page.locator(".cm-content")).to_contain_text('<button id="plus"')
    expect(squiggle).to_have_count(0)


def test_the_keyboard_finds_an_error_and_mends_it(page: Page, lab: Lab) -> None:
    open_text(page, lab, "keys.nxml", MISSPELT)
    expect(page.locator(ERROR)).to_contain_text("buton")
    caret_after(page, "<panel")
    page.keyboard.press("F8")
    page.keyboard.press("Control+.")
    expect(page.locator(".cm-content")).to_contain_text('<button id="plus"')


def test_the_file_is_shown_in_the_languages_colours(page: Page, lab: Lab) -> None:
    open_text(page, lab, "colours.nxml", GOOD)
    expect(page.locator(".jp-StatusBar-Widget, #jp-main-statusbar")).to_contain_text("NXML")
    body = page.locator(".cm-line", has_text="state.count += 1")
    expect(body.locator("span", has_text="if").first).to_have_text("if")
    expect(page.locator(".cm-line", has_text="</panel>").locator("span").first).to_have_text("</panel")


def test_what_is_written_is_completed(page: Page, lab: Lab, shot: Shot) -> None:
    open_text(page, lab, "completed.nxml", GOOD)
    caret_after(page, '<row id="main">')
    page.keyboard.type("\n<bu")
    expect(page.locator(".cm-tooltip-autocomplete li[aria-selected]")).to_contain_text("button")
    shot(page, "31-editor-completion")
    choose(page, "button")
    page.keyboard.type(" ki")
    choose(page, "kind")
    # The values of the attribute are offered at once.
    choose(page, "primary")
    expect(page.locator(".cm-line").nth(3)).to_have_text(re.compile(r'^ +<button kind="primary"$'))
    caret_after(page, "{count | number")
    page.keyboard.type(" | mon")
    choose(page, "money")
    expect(page.locator(".cm-content")).to_contain_text("{count | number | money")


def test_a_word_under_the_pointer_is_explained(page: Page, lab: Lab, shot: Shot) -> None:
    open_text(page, lab, "explained.nxml", GOOD)
    page.locator(".cm-line span", has_text="<button").first.hover()
    card = page.locator(".nx-explanation")
    expect(card).to_contain_text("Runs an action when pressed.")
    expect(card).to_contain_text("on:press")
    shot(page, "32-editor-hover")


def test_the_preview_follows_what_is_typed(page: Page, lab: Lab, shot: Shot) -> None:
    open_text(page, lab, "followed.nxml", GOOD)
    page.locator(".cm-content").click(button="right")
    page.click(".lm-Menu-itemLabel:text-is('Show Panel Preview')")
    preview = page.locator(".nx-preview")
    expect(preview.locator('[data-id="plus"] button')).to_have_text("Add")
    expect(preview.locator('[data-id="value"]')).to_have_text("7")
    expect(preview).to_contain_text("actions do not run")
    preview.get_by_role("button", name="Add").click()
    expect(preview).to_contain_text("this would run add")
    expect(preview.locator('[data-id="value"]')).to_have_text("7")
    caret_after(page, 'label="Add')
    page.keyboard.type(" one")
    expect(preview.locator('[data-id="plus"] button')).to_have_text("Add one")
    shot(page, "33-editor-preview")
    # An error leaves the picture as it was, and is told.
    caret_after(page, "{count | number")
    page.keyboard.type("s")
    expect(preview.get_by_role("status").first).to_contain_text("What you see is the text before the error. Line 5:")
    expect(preview.locator('[data-id="plus"] button')).to_have_text("Add one")
    shot(page, "34-editor-preview-error")
    page.keyboard.press("Backspace")
    # A default that is written anew is what the state is.
    caret_after(page, 'default="7')
    page.keyboard.type("0")
    expect(preview.locator('[data-id="value"]')).to_have_text("70")
    expect(preview.get_by_role("status").first).to_be_hidden()


def test_the_preview_of_a_text_that_never_was_good_says_what_is_wrong(page: Page, lab: Lab) -> None:
    open_text(page, lab, "never.nxml", MISSPELT)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+Shift+c")
    page.locator(".lm-CommandPalette-input").fill("Show Panel Preview")
    page.keyboard.press("Enter")
    preview = page.locator(".nx-preview")
    expect(preview.get_by_role("status").first).to_contain_text("Line 4: There is no component <buton>")
    expect(preview).to_contain_text("once its text has no errors")


def test_a_cell_becomes_a_panel_when_the_magic_is_typed(page: Page, lab: Lab) -> None:
    write_notebook(lab, "typed.ipynb", "")
    open_notebook(page, lab.url, "typed.ipynb")
    page.locator(".jp-Notebook .jp-Cell .cm-content").click()
    page.keyboard.type("%%panel mine\n<pan")
    choose(page, "panel")
    page.keyboard.type(">")
    expect(page.locator(ERROR).first).to_contain_text("<panel")


def test_a_panel_cell_is_checked_completed_and_explained(page: Page, lab: Lab, shot: Shot) -> None:
    write_notebook(lab, "cells.ipynb", f"%%panel draft\n{MISSPELT}", "x = '<buton/>'")
    open_notebook(page, lab.url, "cells.ipynb")
    cell = page.locator(".jp-Notebook .jp-Cell").first
    expect(page.locator(ERROR)).to_have_text("<buton")
    cell.locator(ERROR).hover()
    expect(page.locator(".cm-tooltip .cm-diagnostic-error")).to_contain_text("did you mean <button>?")
    shot(page, "35-cell-diagnostic")
    page.get_by_role("button", name="Quick fix: write <button>").click()
    expect(cell.locator(".cm-content")).to_contain_text('<button id="plus"')
    expect(page.locator(ERROR)).to_have_count(0)
    caret_after(page, '<row id="main">')
    page.keyboard.type("<sli")
    choose(page, "slider")
    expect(cell.locator(".cm-content")).to_contain_text('<row id="main"><slider')
    cell.locator(".cm-line span", has_text="<button").first.hover()
    expect(page.locator(".nx-explanation")).to_contain_text("Runs an action when pressed.")
