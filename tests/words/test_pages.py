"""Every piece of code in the documentation is what it says: panels check, handlers compile, Python parses and names what there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import nexus_jupyter as nexus
from nexus_jupyter.language import check, language
from nexus_jupyter.notebook import Workspace

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (page.name, kind, code)
    for page in PAGES
    for kind, code in BLOCK.findall(page.read_text(encoding="utf-8"))
    if kind not in {"ebnf", "text", "bash", "sh"}
]
#: What pieces of panels and handlers are about.
STATES = "".join(
    f'<state name="{name}" type="{kind}"/>'
    for name, kind in {"busy": "bool", "rows": "list", "day": "str", "term": "str", "zone": "str"}.items()
)
ACTIONS = '<action name="picked" params="value: any">state.zone = value;</action>'
USES = "".join(f'<uses cap="{cap}" why="x"/>' for cap in language()["capabilities"])
ELEMENT = re.compile(r"""<([\w:]+)(?:[^>"]|"[^"]*")*?(?:/>|>.*?</\1>)""", re.DOTALL)


def panel(view: str = "", data: str = "", logic: str = "") -> str:
    return (
        '<panel xmlns="urn:nexus:nxml:1" xmlns:s="nexus:lib/stats@1" id="p">'
        f"<view>{view}</view><data>{STATES}{data}</data><logic>{ACTIONS}{logic}</logic></panel>"
    )


def around(code: str) -> str:
    """Return a panel around some elements, each in its section."""
    sections: dict[str, str] = {"view": "", "data": "", "logic": ""}
    known = language()["declarations"]
    for found in ELEMENT.finditer(code):
        tag, text = found[1], found[0]
        # There is a <link> to a page, and one to another panel.
        section = next(
            (one for one in ("data", "logic") if tag in known[one] and (tag != "link" or " name=" in text)), "view"
        )
        sections[section] += text
    return panel(**sections)


def errors(text: str) -> list[str]:
    return [str(one) for one in check(text) if one.severity == "error"]


def of(kind: str) -> list[tuple[str, str]]:
    return [(page, code) for page, found, code in BLOCKS if found == kind]


def test_there_are_blocks_of_each_kind() -> None:
    assert {kind for _, kind, _ in BLOCKS} == {"xml", "js", "python", "ts", "sql"}
    assert len(of("xml")) > 50


@pytest.mark.parametrize(("page", "code"), of("xml"))
def test_nxml_checks(page: str, code: str) -> None:
    assert errors(code if code.startswith("<panel") else around(code)) == []


@pytest.mark.parametrize(("page", "code"), of("js"))
def test_handlers_compile_and_call_what_there_is(page: str, code: str) -> None:
    assert errors(panel(logic=f'{USES}<action name="a">{code}</action>')) == []


@pytest.mark.parametrize(("page", "code"), of("ts"))
def test_the_runtime_offers_what_the_page_code_takes_from_it(page: str, code: str) -> None:
    runtime = (ROOT / "js" / "runtime" / "index.ts").read_text(encoding="utf-8")
    for name in re.search(r"const \{ ([\w, ]+) \} = await import", code)[1].split(", "):  # type: ignore[index]  # it has one
        assert re.search(rf"export \{{[^}}]*\b{name}\b", runtime), name


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("pages") / "ws") as opened:
        yield opened


@pytest.mark.parametrize(("page", "code"), of("python"))
def test_python_parses_and_names_what_there_is(page: str, code: str, workspace: Workspace) -> None:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "nexus":
                assert hasattr(nexus, node.attr), node.attr
            elif node.value.id == "ws":
                assert hasattr(workspace, node.attr), node.attr
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lstrip().startswith("<panel"):
            assert errors(node.value) == []
