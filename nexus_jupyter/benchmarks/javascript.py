"""Benchmarks of what runs in the browser, beside other libraries for the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from nexus_jupyter.benchmarks.lab import CHROMIUM_FLAGS
from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.protocol.errors import UnavailableError

__all__ = ["layout", "rows"]

_JS = Path(__file__).parents[2] / "js"


def layout() -> list[Row]:
    """Time the layout of a panel for four widths."""
    rows = []
    for result in json.loads(_node("run.mjs", "bench/layout.ts")):
        children = f"{result['children']} children"
        ours = f"nexus, {children}"
        rows += [
            summary(f"Cassowary, {children}", result["cassowary"]),
            summary(ours, result["nexus"], peer=f"Cassowary, {children}"),
            summary(f"Yoga, without constraints, {children}", result["yoga"], peer=ours),
        ]
    return rows


def rows() -> list[Row]:
    """Time changes of a table of a thousand rows in Chromium."""
    found = _in_page(_node("bench/bundle.mjs", "rows/main.ts"), "measureRows()")
    names = {"react": "React", "preact": "Preact", "solid": "Solid", "nexus": "nexus", "panel": "nexus, whole panel"}
    return [
        summary(
            f"{task}, {name}",
            found[library][task],
            peer="" if library == "react" else f"{task}, React",
            target="0.1 x React" if (library, task) == ("nexus", "100 single updates") else "",
        )
        for task in found["react"]
        for library, name in names.items()
    ]


def _node(*command: str) -> str:
    node = shutil.which("node")
    if node is None or not (_JS / "node_modules").is_dir():
        raise UnavailableError(
            "This benchmark needs the sources and their npm packages.", hint="Run it in a checkout, after: make setup"
        )
    return subprocess.run([node, *command], cwd=_JS, capture_output=True, text=True, check=True).stdout


def _in_page(script: str, expression: str) -> Any:  # Any: what the page's program returns
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise UnavailableError(
            "This benchmark needs Playwright.", hint="Run: pip install 'nexus-jupyter[test]'"
        ) from error
    chromium = shutil.which("chromium")
    if chromium is None:
        raise UnavailableError("This benchmark needs Chromium.", hint="Run: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        try:
            page = browser.new_page()
            page.set_content("<!DOCTYPE html><body></body>")
            page.add_script_tag(content=script)
            return page.evaluate(expression)
        finally:
            browser.close()
