"""No text that means harm runs in Chromium: a global trap and the browser's policy reports are the witnesses."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGE = """<!DOCTYPE html><html><head>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-ours'; style-src 'unsafe-inline'">
<script nonce="ours">
  window.trapped = []; window.reports = [];
  for (const name of ["alert", "confirm", "prompt", "msgbox"]) window[name] = (what) => window.trapped.push(`${name}(${what})`);
  addEventListener("securitypolicyviolation", (event) => window.reports.push([event.effectiveDirective, event.blockedURI, event.sample]));
</script>
<script nonce="ours">PROGRAM</script></head><body></body></html>"""


def test_no_payload_runs_in_any_place_by_any_way_of_drawing(browser: Browser, tmp_path: Path) -> None:
    out = tmp_path / "trapped.js"
    command = [
        "npx",
        "esbuild",
        "../tests/js/trapped.ts",
        "--bundle",
        "--format=iife",
        "--loader:.css=text",
        f"--outfile={out}",
    ]
    subprocess.run(command, cwd=ROOT / "js", check=True, capture_output=True, env=None)
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    opened: list[str] = []
    context.on("page", lambda other: opened.append(other.url))
    page.set_content(
        PAGE.replace("PROGRAM", out.read_text().replace("</script", "<\\/script").replace("<!--", "<\\!--"))
    )
    counted = page.evaluate("runPayloads()")
    assert counted["payloads"] >= 150
    assert counted["elements"] > 20_000
    # The witnesses see: what a page runs by itself is reported, and what calls the trap is trapped.
    reports = page.evaluate("new Promise((done) => setTimeout(() => done(window.reports), 200))")
    assert page.evaluate("window.trapped") == []
    assert [report for report in reports if not report[0].startswith("img-")] == []
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)><svg onload=alert(2)></svg>')"
    )
    page.wait_for_function("window.reports.some(([directive]) => directive.startsWith('script-src'))")
    page.evaluate("alert('seen')")
    assert page.evaluate("window.trapped") == ["alert(seen)"]
    assert page.url == "about:blank"
    assert opened == []
    context.close()
