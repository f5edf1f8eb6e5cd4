"""A panel in front ends whose pages do not say that their server has Nexus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.benchmarks.lab import jupyterlab
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PANEL = """<panel id="count"><view><text id="n">{n}</text><button id="more" label="More" on:press="more()"/></view>
<data><state name="n" type="int" default="0"/></data><logic><action name="more">state.n += 1;</action></logic></panel>"""


@pytest.fixture
def url(tmp_path: Path) -> Any:
    folder = tmp_path / "root"
    folder.mkdir()
    shows = f"import nexus_jupyter as nexus\nnexus.connect().panel('count', '''{PANEL}''')"
    write_notebook(Lab("", folder), "count.ipynb", shows)
    with jupyterlab(folder) as (url, _):
        yield url


def test_a_panel_lives_in_voila(page: Page, url: str) -> None:
    page.goto(url.replace("/lab?", "/voila/render/count.ipynb?"))
    expect(page.locator('.nx-panel [data-id="n"]')).to_have_text("0", timeout=120_000)
    page.locator('.nx-panel [data-id="more"] button').click()
    expect(page.locator('.nx-panel [data-id="n"]')).to_have_text("1")
