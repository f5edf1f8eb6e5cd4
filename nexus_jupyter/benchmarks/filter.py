"""Select to filtered count and repainted chart, 100,000 x 5 rows in JupyterLab, beside ipywidgets with pandas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nexus_jupyter.benchmarks.lab import notebook_page, open_notebook, run_cell
from nexus_jupyter.benchmarks.measure import Row, summary

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["filtering"]

_TIMES = 40
_ROWS = """
import numpy as np, pandas as pd
chance, rows = np.random.default_rng(0), 100_000
df = pd.DataFrame({
    'date': pd.date_range('2024-01-01', '2025-12-31', periods=rows).normalize(),
    'region': chance.choice(['north', 'south', 'east', 'west'], rows, p=[0.4, 0.3, 0.2, 0.1]),
    'product': chance.choice([f'Product {chr(65 + i)}' for i in range(18)], rows),
    'sales_eur': chance.gamma(2, 50, rows).round(2),
    'discount_pct': chance.integers(0, 40, rows),
})
"""
_OURS = f"import nexus_jupyter as nexus\nws = nexus.connect(){_ROWS}ws.panel('sales', df)"
#: The same filter, count and line, drawn as SVG by hand: the quickest way that ipywidgets has.
_PEER = """
import ipywidgets as w
s = w.Dropdown(options=['all', 'north', 'south', 'east', 'west'])
n, c = w.HTML('<span id="peer-count">100000</span>'), w.HTML()
def show(change):
    kept = df if s.value == 'all' else df[df['region'] == s.value]
    n.value = f'<span id="peer-count">{len(kept)}</span>'
    sums = kept.groupby(kept['date'].dt.to_period('M'))['sales_eur'].sum()
    points = ' '.join(f'{i * 20},{200 - 200 * v / sums.max():.1f}' for i, v in enumerate(sums))
    c.value = f'<svg width="500" height="200"><polyline id="peer-line" points="{points}"/></svg>'
s.observe(show, 'value'); s.add_class('peer-select'); show(None)
w.VBox([s, n, c])
"""
#: Chooses and waits in the page itself, without keeping a processor busy; the chart counts as repainted in the first
#: frame after it has changed.
_MEASURE = """
async ([select, count, chart, times]) => {
  const box = document.querySelector(select);
  const text = () => document.querySelector(count)?.textContent;
  const line = () => {
    const found = document.querySelector(chart);
    return found?.getAttribute('d') ?? found?.getAttribute('points');
  };
  const changed = () => new Promise((go, fail) => {
    const late = setTimeout(() => fail(new Error('no change')), 30000);
    const seen = new MutationObserver(() => { seen.disconnect(); clearTimeout(late); go(); });
    seen.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  const counts = [], charts = [];
  for (let i = 0; i < times; i += 1) {
    const [oldText, oldLine] = [text(), line()];
    const started = performance.now();
    box.selectedIndex = (box.selectedIndex + 1) % box.options.length;
    box.dispatchEvent(new Event('change', { bubbles: true }));
    let counted = 0, drawn = 0;
    while (!counted || !drawn) {
      await changed();
      if (!counted && text() !== oldText) counted = performance.now() - started;
      if (!drawn && line() && line() !== oldLine) {
        await new Promise(requestAnimationFrame);
        drawn = performance.now() - started;
      }
    }
    counts.push(counted); charts.push(drawn);
    await new Promise((go) => setTimeout(go, 50));
  }
  return [counts, charts];
}
"""


def filtering() -> list[Row]:
    """Time choices in a select, with an idle kernel."""
    with notebook_page(_write_notebook, "filter.ipynb", viewport={"width": 1280, "height": 2400}) as (page, url):
        return _measured(page, url)


def _write_notebook(path: Path) -> None:
    import nbformat

    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(cell) for cell in (_OURS, _PEER)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


def _measured(page: Page, url: str) -> list[Row]:
    ours = ["#nx-sales-choose_region", '[data-id="count"] .nx-metric-value', '[data-id="over_time"] path.nx-line']
    peer = [".peer-select select", "#peer-count", "#peer-line"]
    open_notebook(page, url, "filter.ipynb")
    for index, selectors in enumerate((ours, peer)):
        run_cell(page, index)
        page.wait_for_selector(selectors[2], state="attached", timeout=60_000)
    for selectors in (ours, peer):
        page.evaluate(_MEASURE, [*selectors, 5])
    peer_counts, peer_charts = page.evaluate(_MEASURE, [*peer, _TIMES])
    counts, charts = page.evaluate(_MEASURE, [*ours, _TIMES])
    return [
        summary("ipywidgets and pandas, count", peer_counts),
        summary("ipywidgets and pandas, chart", peer_charts),
        summary("select to filtered count", counts, peer="ipywidgets and pandas, count", target="15"),
        summary("select to repainted chart", charts, peer="ipywidgets and pandas, chart", target="30"),
    ]
