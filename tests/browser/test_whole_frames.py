"""Live panels: functions over rows see all of them, and what reads too many at a time says so."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.lab import Lab, run_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CELL = """import pandas as pd, nexus_jupyter as nexus
ws = nexus.connect()
n = 6000
days = pd.date_range("2024-01-01", periods=n, freq="D", tz="Europe/Berlin")
ids = [2**53 + 1 + 2 * i for i in range(n)]
ws.bind(whole=pd.DataFrame({"i": range(n), "id": ids, "d": days}))
ws.panel("whole", '''<panel id="whole"><view>
  <slider id="s" label="From" bind:value="low" min="0" max="6000"/>
  <text id="n">{f | where('i', '&gt;', low) | len} of {f | len}, last {f | last | get('i')}, {f[low].i}</text>
  <text id="all">{f | pluck('i') | join}</text>
  <column id="c"><text id="item" for="r in f" key="r.i">{r.i};</text></column>
  <select id="one" label="Id" bind:value="chosen" options="{f | where('i', '&lt;', 3) | pluck('id')}"/>
  <table id="t" data="{f | where('id', '==', chosen)}"/>
  <table id="u" data="none"/>
</view><data><state name="low" type="int" default="5"/><state name="chosen" type="str"/>
<frame name="f" from="kernel:whole"/><frame name="none" from="kernel:nothing"/></data></panel>''')"""


def test_a_live_panel_counts_all_rows_and_says_where_it_reads_too_many(page: Page, lab: Lab) -> None:
    panel = run_notebook(page, lab, "whole", CELL)
    expect(panel.locator('[data-id="n"]')).to_have_text("5994 of 6000, last 5999, 5", timeout=60_000)
    expect(panel.locator(".nx-cut", has_text="needs 6000 rows of f at a time")).to_have_count(1)
    expect(panel.locator(".nx-cut", has_text="The first 1,000 of 6,000 rows.")).to_have_count(1)
    expect(panel.locator('[data-id="u"] .nx-empty')).to_contain_text("ws.bind(nothing=...)")
    table = panel.locator('[data-id="t"]')
    expect(table).to_contain_text("No rows are left by the filter.")
    panel.locator("select").select_option(label=str(2**53 + 3))
    expect(table.locator("tbody tr")).to_have_count(1)
    expect(table.locator("tbody")).to_contain_text("2024-01-02")
    expect(table.locator("tbody")).to_contain_text(str(2**53 + 3))
    expect(table.locator("thead")).to_contain_text("d (Europe/Berlin)")
