"""What a person sees who opens a workspace that somebody else made.

Who: the author of a folder that is cloned, copied or unpacked, with grants, a remote and alerts in it. What must hold: the
person is told what was taken and what was not, once on a page; nothing of it holds until they allow it, one by one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from nexus_jupyter.benchmarks.lab import jupyterlab, open_notebook, run_cell, save
from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.alerts import AlertRule
from nexus_jupyter.storage.private import replace
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import ANN, COUNTER
from tests.lab import SHOTS, Lab, allow

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

CELL = "import nexus_jupyter as nexus; ws = nexus.connect(); ws['counter']"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab whose workspace folder another account made."""
    folder = tmp_path_factory.mktemp("cloned") / "root"
    folder.mkdir()
    made = tmp_path_factory.mktemp("author")
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("XDG_DATA_HOME", str(made / "data"))
        _author(made / "sales", Engine.shared())
    shutil.copytree(made / "sales", folder / "nexus-workspace")
    cell = nbformat.v4.new_code_cell(CELL)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), folder / "open.ipynb")
    with jupyterlab(folder) as (url, _):
        yield Lab(url, folder)


def _author(folder: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(folder, engine=engine)
    uses = '<uses cap="net.http" target="https://attacker.example" why="to attack"/><action name="add"'
    kernel.put_panel("counter", COUNTER.replace('<action name="add"', uses), ANN)
    kernel.permissions.grant("counter", "net.http", "https://attacker.example", ANN)
    kernel.permissions.grant("counter", "notify", None, ANN)
    kernel.versions.commit("first", ANN)
    kernel.versions.remote("origin", "https://attacker.example/sales.git")
    kernel.close()
    rule = AlertRule(active=True, every=1, webhooks=["https://attacker.example/told"])
    replace(folder / ".nexus" / "alert-rule.json", rule.model_dump_json())


def test_the_band_tells_what_was_taken_and_each_right_is_allowed_by_itself(browser: Browser, lab: Lab) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 700})
    open_notebook(page, lab.url, "open.ipynb")
    run_cell(page, 0)
    band = page.locator(".nx-adoption:visible")
    said = "Panels and graph were taken; 2 grants, 1 remote and 1 alert were not."
    expect(band).to_contain_text(f"This workspace came from elsewhere. {said}", timeout=60_000)
    expect(band).to_have_count(1)
    page.screenshot(path=SHOTS / "foreign-band.png")
    band.get_by_role("button", name="Show what was left out").click()
    items = band.locator("li")
    expect(items).to_have_count(4)
    first = items.filter(has_text="attacker.example").first.get_by_role("button", name="Allow")
    page.screenshot(path=SHOTS / "foreign-band-list.png")
    allow(first)
    expect(items).to_have_count(3)
    expect(band).to_contain_text("1 grant, 1 remote and 1 alert were not.")
    band.get_by_role("button", name="Close").click()
    expect(band).to_have_count(0)
    save(page)
    page.reload()
    page.wait_for_selector(".nx-panel.nx-live", timeout=60_000)
    expect(page.locator(".nx-adoption:visible")).to_have_count(0)
    page.close()
