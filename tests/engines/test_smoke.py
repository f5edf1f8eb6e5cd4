"""A panel in a notebook's cell, in Firefox and in WebKit: it is run, pressed, typed in, and keeps its keys to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.amount import SLOW
from tests.engines.driver import Driver, firefox, webkit
from tests.keys.test_wall import CONTROLS, FOCUS, KINDS, NOTEBOOK, PLAIN
from tests.lab import SHOTS, Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

ENGINES: dict[str, Callable[[Path], AbstractContextManager[Driver]]] = {"firefox": firefox, "webkit": webkit}
#: Keys of the command mode that would delete, insert, cut, run or join cells.
HARMFUL = [["d", "d"], ["b"], ["a"], ["x"], ["z"], ["m"], ["Shift+M"], ["Shift+Enter"]]
SAID = "return document.querySelector('.nx-panel [data-id=said]')?.textContent ?? ''"
PANEL = "document.querySelector('.nx-panel')"


@pytest.fixture(scope="module", params=ENGINES)
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lab: Lab) -> Iterator[Driver]:
    name = f"keys-{request.param}"
    panel = CONTROLS.replace('id="keys"', f'id="{name}"')
    text = f"import nexus_jupyter as nexus\nnexus.connect().panel('{name}', '''{panel}''')"
    write_notebook(lab, f"{name}.ipynb", "before = 1", text, "after = 1")
    with ENGINES[request.param](tmp_path_factory.mktemp(request.param)) as driver:
        driver.open(lab.url.replace("/lab?", f"/lab/workspaces/{name}/tree/{name}.ipynb?"))
        driver.until(
            "return document.querySelector('#jp-main-statusbar')?.textContent ?? ''", lambda text: "| Idle" in text
        )
        # As a person does: into the first cell, and on.
        driver.click(".jp-Notebook .jp-Cell .cm-content")
        driver.press("Shift+Enter", "Shift+Enter", "Shift+Enter")
        driver.until(SAID, lambda text: text.startswith(" | 5 | Oslo"))
        yield driver
        SHOTS.mkdir(exist_ok=True)
        driver.shot(SHOTS / f"40-{request.param}.png")


def cells(driver: Driver) -> int:
    return int(driver.run("return document.querySelectorAll('.jp-Notebook .jp-Cell').length"))


def focus(driver: Driver, css: str) -> None:
    driver.click(f".nx-panel {css}")


def says(driver: Driver, words: str) -> None:
    driver.until(SAID, lambda text: words in text)


def test_keys_do_in_a_control_what_they_mean_there(driver: Driver) -> None:
    before = cells(driver)
    focus(driver, "[data-id=story] textarea")
    driver.press(*"one", "Enter", *"dd", "Enter", *"x")
    says(driver, "one\ndd\nx | ")
    driver.press("Tab", "Home", "ArrowRight", "ArrowUp", "d", "d", "b", "ArrowDown", "ArrowRight")
    says(driver, "x | 2 | ")
    driver.press("Tab", "ArrowDown")
    says(driver, "| Bergen |")
    driver.press("Tab", "ArrowDown", "ArrowDown")
    says(driver, "| c |")
    driver.press("Tab", "Space")
    says(driver, "| true |")
    driver.press("Tab", *"adx", "Enter")
    says(driver, "| adx | 1")
    driver.press("Tab", "Enter")
    says(driver, "| adx | 2")
    driver.press("Space")
    says(driver, "| adx | 3")
    focus(driver, "[data-id=more] button")
    says(driver, "| adx | 4")
    assert cells(driver) == before


def test_no_key_of_the_command_mode_acts_on_the_notebook_from_a_control(driver: Driver) -> None:
    kinds: list[str] = driver.run(f"return ({KINDS})({PANEL})")
    pressed = 0
    for kind in kinds:
        before: Any = driver.run(f"return ({NOTEBOOK})()")
        for keys in PLAIN.values() if SLOW else HARMFUL:
            if keys != ["Enter"]:
                assert driver.run(f"return ({FOCUS})({PANEL}, arguments[0])", kind)
                driver.press(*keys)
                pressed += 1
                assert driver.run(f"return ({NOTEBOOK})()") == before, f"{keys} from {kind}"
    print(f"{len(kinds)} kinds of controls, {pressed} shortcuts pressed")  # noqa: T201 - shown by pytest -rP
    assert len(kinds) >= 6


def test_escape_goes_back_to_the_notebook(driver: Driver) -> None:
    before = cells(driver)
    focus(driver, "[data-id=size] input")
    driver.press("Escape")
    driver.until("return document.activeElement.matches('.jp-Cell.jp-mod-active, .jp-Notebook')", bool)
    driver.press("b")
    driver.until("return document.querySelectorAll('.jp-Notebook .jp-Cell').length", lambda count: count == before + 1)
