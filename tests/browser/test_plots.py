"""Charts of answers, as a notebook shows them, in both themes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from nexus_jupyter.notebook.plots import bars, steps, tree

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
SHOTS = Path(__file__).parents[2] / "test-results" / "components"
THEMES = {"light": "--jp-ui-font-color1: #212121", "dark": "--jp-ui-font-color1: #eee; --jp-ui-font-color2: #bbb"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_numbers_behind_a_chart_open_by_keyboard(page: Page, theme: str) -> None:
    times = pd.to_datetime(["2026-11-23 10:00", "2026-11-23 11:30", "2026-11-23 12:00"], utc=True)
    until = pd.Timestamp("2026-11-23 14:00", tz="UTC")
    history = pd.DataFrame({"valid_from": times, "value": [1200, 90, 1800], "actor": "ann"})
    latency = pd.DataFrame(
        {"panel": ["sales", "a panel with a long name indeed"], "p50_ms": [2.1, 8], "p99_ms": [9, 31]}
    )
    causes = pd.DataFrame(
        {"step": [0, 1, 2, 1], "text": ["ann clicked on 'sale'", "sale ran", "seasonal ran", "rev 7"]}
    )
    plots = [
        steps(history, "state.total of the panel sales", until=until),
        steps(history.assign(value=["north", "south", "north"]), "state.region", until=until),
        bars(latency, "How long it took", "panel", ["p50_ms", "p99_ms"], unit="ms"),
        tree(causes, "What caused what"),
    ]
    body = "".join(plot._repr_html_() for plot in plots)
    background = "#fff" if theme == "light" else "#111"
    page.set_viewport_size({"width": 800, "height": 1200})
    page.set_content(
        f'<body data-jp-theme-light="{"true" if theme == "light" else "false"}" '
        f'style="{THEMES[theme]}; background: {background}">{body}</body>'
    )
    first = page.get_by_text("The numbers").first
    first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="1800")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="What caused what")).to_be_visible()
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"plots-{theme}.png")
