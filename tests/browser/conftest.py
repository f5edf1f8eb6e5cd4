"""A real JupyterLab in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from nexus_jupyter.benchmarks.lab import CHROMIUM_FLAGS, jupyterlab

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOTS = Path(__file__).parents[2] / "test-results"


@dataclass
class Lab:
    """A running JupyterLab on a folder."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab") / "root"
    shutil.copytree(EXAMPLES, folder)
    with jupyterlab(folder) as (url, _):
        yield Lab(url, folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 1400})
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    assert [error for error in errors if "nexus" in error.lower()] == []


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keep a picture of the page, for people to look at."""
    SHOTS.mkdir(exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png")

    return take
