"""JupyterLab's rules for what it shows itself do not reach panels: a control looks in a cell as it does in a page of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from nexus_jupyter.benchmarks.lab import open_notebook, run_all
from nexus_jupyter.language import gallery_text
from nexus_jupyter.notebook import Workspace
from tests.browser.test_components import TABS
from tests.lab import Lab, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

#: What rules of a page around would change; colours and fonts are the theme's, sizes those of the room that there is.
PROPERTIES = [
    *(f"{box}-{side}" for box in ("margin", "padding") for side in ("top", "right", "bottom", "left")),
    *(f"border-{side}-{what}" for side in ("top", "right", "bottom", "left") for what in ("width", "style")),
    "display", "position", "float", "white-space", "vertical-align", "text-align", "text-transform", "text-indent", "text-shadow",
    "letter-spacing", "word-break", "overflow-wrap", "list-style-type", "border-collapse", "table-layout", "box-shadow", "appearance",
    "min-width", "max-width", "max-height", "min-height", "font-weight", "font-style", "font-size", "line-height", "opacity", "cursor",
    "text-decoration-line", "overflow-x", "overflow-y", "background-image", "flex", "grid-area", "box-sizing", "border-radius", "resize",
]  # fmt: skip
#: The properties of each kind of element in each component, the first of each.
ROOT = Path(__file__).parents[2]
VARIABLES = """names => Object.fromEntries(names.map((name) => [name, getComputedStyle(document.querySelector(".jp-Cell")).getPropertyValue(name)]).filter(([, value]) => value))"""
READ = """(properties) => {
  const found = {};
  for (const one of document.querySelectorAll('[data-nx="gallery"] .nx-body *')) {
    if (one.closest("svg, .cm-editor, .nx-vega-view")) continue;
    const owner = one.closest("[data-id]");
    if (!owner || owner.closest("dialog")) continue;
    const path = [];
    for (let at = one; at !== owner; at = at.parentElement) path.unshift(at.localName + (typeof at.className === "string" && at.className ? "." + at.className : ""));
    const name = `${owner.dataset.id} ${path.join(" > ")}`;
    if (Object.hasOwn(found, name)) continue;
    const style = getComputedStyle(one);
    found[name] = Object.fromEntries(properties.map((property) => [property, style.getPropertyValue(property)]));
  }
  return found;
}"""


def test_every_control_has_in_a_cell_the_styles_that_it_has_in_a_page(
    browser: Browser, lab: Lab, tmp_path: Path
) -> None:
    with Workspace.open(tmp_path / "ws") as workspace:
        workspace.panel("gallery", gallery_text())
        (tmp_path / "page.html").write_text(workspace.export_html("gallery"), encoding="utf-8")
    alone = browser.new_page(viewport={"width": 1280, "height": 1400}, reduced_motion="reduce")
    alone.goto((tmp_path / "page.html").as_uri())
    inside = browser.new_page(viewport={"width": 1280, "height": 1400}, reduced_motion="reduce")
    write_notebook(lab, "wall.ipynb", "import nexus_jupyter as nexus\nnexus.gallery()")
    open_notebook(inside, lab.url, "wall.ipynb")
    run_all(inside)
    # In the same theme.
    inside.locator('[data-nx="gallery"] .nx-dot-state[data-state=live]').first.wait_for(timeout=60_000)
    theme = inside.evaluate(
        VARIABLES, sorted(set(re.findall(r"--jp-[\w-]+", (ROOT / "js/components/panel.css").read_text())))
    )
    alone.evaluate(
        "theme => { for (const [name, value] of Object.entries(theme)) document.body.style.setProperty(name, value); }",
        theme,
    )
    differing: dict[str, Any] = {}
    for tab in TABS:
        read = []
        for page in (alone, inside):
            panel = page.locator('[data-nx="gallery"]').first
            panel.locator(".nx-dot-state[data-state=live]").wait_for(timeout=60_000)
            panel.get_by_role("tab", name=tab, exact=True).click()
            if tab == "Input":
                expect(panel.locator(".cm-editor").first).to_be_attached()
            page.mouse.move(0, 0)
            read.append(page.evaluate(READ, PROPERTIES))
        one, other = read
        assert len(one.keys() & other.keys()) > 20
        for name in one.keys() & other.keys():
            changed = {
                key: (one[name][key], other[name][key]) for key in one[name] if one[name][key] != other[name][key]
            }
            if changed:
                differing[f"{tab}: {name}"] = changed
    alone.close()
    inside.close()
    assert differing == {}
