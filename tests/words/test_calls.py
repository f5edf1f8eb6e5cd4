"""What the checker and the documentation say that `nx` has is what it has."""

from __future__ import annotations

import re
from pathlib import Path

from nexus_jupyter.engine import Engine
from nexus_jupyter.language import check
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.sandbox import Job, Sandbox

ROOT = Path(__file__).parents[2]


def calls(engine: Engine) -> set[str]:
    """Return the calls that handlers have, by asking one."""
    body = "return Object.keys(nx).flatMap((k) => typeof nx[k] === 'function' ? [k] : Object.keys(nx[k]).map((m) => `${k}.${m}`))"
    action = ActionDeclaration(name="a", body=body, span=Span(start=0, end=0, line=1, col=1))
    found = Sandbox(engine).run(Job("p", [action], action, {}, [], None, 1)).value
    assert isinstance(found, list)
    return {str(one) for one in found}


def findings(code: str) -> list[str]:
    text = f'<panel id="p"><view><text id="t">x</text></view><logic><action name="a">{code}</action></logic></panel>'
    return [one.message for one in check(text) if one.code == "NX3018"]


def test_every_call_that_there_is_passes_the_checker_and_no_other(engine: Engine) -> None:
    there = calls(engine)
    assert len(there) >= 20
    for call in there:
        assert findings(f"return nx.{call}();") == [], call
        if "." not in call:
            assert len(findings(f"return nx.{call}.x();")) == 1, call
        head, _, last = call.rpartition(".")
        assert len(findings(f"return nx.{head}{'.' if head else ''}zz{last}();")) == 1, call


def test_every_call_in_the_documentation_is_one(engine: Engine) -> None:
    there = calls(engine) | {call.partition(".")[0] for call in calls(engine)}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for call in re.findall(r"(?<![\w./])nx\.([a-z][A-Za-z]*(?:\.[a-z][A-Za-z]*)?)(?=\()", text):
            assert call in there, f"{page.name}: nx.{call}"


def test_every_call_is_in_the_documentation(engine: Engine) -> None:
    text = (ROOT / "docs" / "handlers.md").read_text(encoding="utf-8")
    for call in sorted(calls(engine)):
        last = call.rpartition(".")[2]
        assert re.search(rf"nx\.{re.escape(call)}\b|`\.{last}`", text), call
