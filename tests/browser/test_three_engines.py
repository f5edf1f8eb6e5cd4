"""The reactor gives the same bytes in the server's engine, in Node.js and in Chromium."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from nexus_jupyter.assets import asset
from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.reactor import Reactor

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "nexus_jupyter" / "static"
BROKEN = [
    "",
    "<",
    "<panel",
    '<panel id="p"><view><row id="r"></view></panel>',
    '<panel id="p"><view><buton id="b" label="x"/><text id="t">{cuont | monney}</text></view><data><state name="count" type="int"/></data></panel>',
    '<panel id="p"><view><button id="b" label="x" onclick="f()"/><link id="l" href="java&#10;script:alert(1)">x</link></view></panel>',
    '<panel id="p"><data><computed name="a" expr="b"/><computed name="b" expr="a"/><state name="x" type="list[" default="1"/></data></panel>',
    "<panel id=\"p\"><view><text id='t'>{0.1 + 0.2} {1234567.891 | number(2)} {1e21} {-0.5 | percent(1)} {1234567 | compact}</text></view></panel>",
    '<panel id="p"><view><markdown id="m"># A\n\n- b\n- **c** `d` &lt;script&gt;\n\n| x | y |\n|---|--:|\n| 1 | 2 |</markdown></view></panel>',
    '<!DOCTYPE x [<!ENTITY a "b">]><panel id="p"><view><script>alert(1)</script></view></panel>',
    '<panel id="p"><view>' + "<column>" * 80 + "</view></panel>",
    '<panel id="\u00e9\U0001f600"><view><text id="t">\U0001f600 {"\u00e9" | upper}</text></view></panel>',
]
#: Runs every function on every text and returns one text of all results.
PROGRAM = """
(texts) => JSON.stringify(texts.map((text) => {
  const build = nexus.check({ text });
  const drawn = nexus.render({ text, inputs: { state: {}, pages: [], aggregates: [] } });
  return [build, drawn, nexus.format({ text }), nexus.fix({ text })];
}))
"""


def texts(engine: Engine, examples: Path) -> list[str]:
    found = [path.read_text(encoding="utf-8") for path in sorted((examples / "panels").glob("*.nxml"))]
    found += [
        f'<panel id="p" title="{component["name"]}"><view>{component["example"]}</view></panel>'
        for component in Reactor(engine).components()
    ]
    for text in found[:3]:
        found += [text[: len(text) * part // 7] for part in range(1, 7)]
    return found + BROKEN


def in_node(vectors: list[Any], program_text: str = PROGRAM) -> str:
    program = f"(0, eval)(require('fs').readFileSync({json.dumps(str(STATIC / 'reactor.js'))}, 'utf8'));process.stdout.write(({program_text})(JSON.parse(require('fs').readFileSync(0, 'utf8'))))"
    return subprocess.run(
        ["node", "-e", program], input=json.dumps(vectors), capture_output=True, text=True, check=True
    ).stdout


def in_engine(engine: Engine, vectors: list[Any], program_text: str = PROGRAM) -> str:
    program = f"\n;{{ const all = {program_text.strip()}; let result; globalThis.engine = {{ receive: (texts) => {{ result = all(texts); }}, report: () => result }}; }}"
    image = engine.image(f"vectors {len(program_text)}", asset("reactor.js").decode() + program)
    limits = Limits(cpu_seconds=60, output_bytes=64 << 20)
    results = [image.call([text], limits=limits) for text in vectors]
    return "[" + ",".join(str(result)[1:-1] for result in results) + "]"


#: Checks, draws and prints the stored vectors.
VECTORS = """
(vectors) => JSON.stringify(vectors.map(({ nxml, inputs }) => [
  JSON.stringify(nexus.check({ text: nxml })), nexus.render({ text: nxml, inputs }).html, nexus.format({ text: nxml })]))
"""


@pytest.mark.browser
def test_every_engine_makes_of_each_vector_what_is_stored(browser: Browser, engine: Engine) -> None:
    files = sorted((Path(__file__).parents[1] / "vectors").glob("*.json"))
    vectors = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    assert len(vectors) >= 300
    given = [{"nxml": vector["nxml"], "inputs": vector["inputs"]} for vector in vectors]
    style = (ROOT / "js" / "components" / "panel.css").read_text(encoding="utf-8")
    page = browser.new_page()
    page.add_script_tag(path=STATIC / "reactor.js")
    made = {
        "browser": page.evaluate(VECTORS, given),
        "node": in_node(given, VECTORS),
        "server": in_engine(engine, given, VECTORS),
    }
    page.close()
    for name, text in made.items():
        for path, vector, (build, html, formatted) in zip(files, vectors, json.loads(text), strict=True):
            where = f"{path.name} in {name}"
            assert json.loads(build) == vector["build"], where
            assert html.replace(style, "") == vector["html"], where
            assert formatted == vector["formatted"], where
    assert made["browser"] == made["node"] == made["server"]


@pytest.mark.browser
def test_server_node_and_browser_agree_byte_for_byte(browser: Browser, engine: Engine, examples: Path) -> None:
    vectors = texts(engine, examples)
    assert len(vectors) > 50
    page = browser.new_page()
    page.add_script_tag(path=STATIC / "reactor.js")
    shown: Any = page.evaluate(PROGRAM, vectors)
    page.close()
    node, server = in_node(vectors), in_engine(engine, vectors)
    for name, other in (("node", node), ("server", server)):
        for text, ours, theirs in zip(vectors, json.loads(shown), json.loads(other), strict=True):
            assert ours == theirs, f"{name} differs on {text[:200]}"
    assert shown == node == server
    for _build, drawn, printed, _fixed in json.loads(shown):
        assert "<script" not in drawn["html"]
        assert "onclick" not in drawn["html"]
        assert isinstance(printed, str)
