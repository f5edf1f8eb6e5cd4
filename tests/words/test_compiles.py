"""Code that the sandbox cannot compile is a finding at its place, and no other code is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nexus_jupyter.cli import main
from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.language import check
from nexus_jupyter.protocol.diagnostics import Diagnostic, Span
from nexus_jupyter.protocol.errors import NXMLError, PatchError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.protocol.patch import Patch
from nexus_jupyter.sandbox.images import PanelImages, Program
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import ANN

ROOT = Path(__file__).parents[1]
PANEL = '<panel id="p"><view><button id="b" label="B" on:press="a()"/></view>\n<logic><action name="a">{}</action></logic></panel>'
HOSTILE = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "hostile").glob("*.js"))}
#: Broken code, and what is said of it, from which word on.
BROKEN = [
    ("state.n = ;", "';' is not expected here", ";"),
    ("if (state.n > 1 { state.n = 1; }", "'{' is not expected here", "{"),
    ("state.n += 1;\nfor (const x of [1, 2]) { state.n += x;", "it ends too early; something is not closed", ";"),
    ("const a = 'one;\nreturn a;", "unterminated string constant", "'"),
    ("return `one;", "unterminated template", "o"),
    ("let a = 1; let a = 2;", "identifier 'a' has already been declared", "a"),
    ("const a;", "';' is not expected here", ";"),
    ("return /[/;", "unterminated regular expression", "["),
    ("return /(/;", "invalid regular expression: /(/: Unterminated group", "("),
    ("1 = 2;", "assigning to rvalue", "1"),
    ("state.n +=+ 1 1;", "'1' is not expected here", "1"),
    ("def f(x): return x", "'f' is not expected here", "f"),
    ("} ; globalThis.x = 1; {", "this closes the function that the code is the body of", "}"),
    ("}, () => {", "this closes the function that the code is the body of", "}"),
    ("with (state) { n = 1; }", "'with' in strict mode", "with"),
    ("return 010;", "invalid number", "010"),
    ("import x from 'y';", "'import' and 'export' may only appear at the top level", "import"),
    ("state.n = 1\u00a0+ é;  }", "this closes", "}"),
    ("break;", "unsyntactic break", "break"),
    ("function f() { await 1; }", "'1' is not expected here", "1"),
    ("state?.n = 1;", "optional chaining cannot appear in left-hand side", "state"),
    ("return await;", "';' is not expected here", ";"),
    ("<b>x</b>", "'<' is not expected here", "<"),
    ("state.n = 1; // }\n}", "this closes", "}"),
]  # fmt: skip
#: Forms of the language, of which the checker's parser and the engine must think alike.
FORMS = [
    "return 1_000 ** 2;", "return a?.b?.[0]?.();", "let a = null; a ??= 1; a ||= 2; a &&= 3;", "for await (const x of []) {}",
    "class A { #x = 1; static { this.y = 1; } static #z() {} get v() { return #x in this; } }", "return /(?<a>.)\\k<a>/dgimsuy;",
    "return /[\\p{L}--[a-z]]/v;", "return /(?<a>x)|(?<a>y)/;", "return /(?i:a)/;", "return /(?<=a)b(?<!c)/;", "label: for (;;) { break label; }", "try {} catch {} finally {}",
    "return 1n + 0x1fn;", "return `a${`b${1}`}c`;", "const { a, ...b } = {}; const [c, , ...d] = [];", "return async function* () { yield* []; };",
    "return new.target;", "return super.x;", "return arguments;", "return import.meta;", "return import('x');", "<!-- x", "--> x", "#!x", "return <a/>;",
    "using a = null;", "await using a = null;", "@d class A {}", "let let = 1;", "var yield = 1;", "var await = 1;", "const static = 1;", "return async () => await 1;",
    "return function (a, a) {};", "delete x;", "eval = 1;", "arguments = 1;", "return '\\08';", "return 08;", 'return "\u2028";', "var \\u0061b = 1;", "a: a: 1;", "continue;",
    "if (1) function f() {}", "switch (1) { case 1: let a; default: let b; }", "let a; var a;", "{ function f() {} function f() {} }", "try {} catch (e) { let e; }",
    "return { __proto__: 1, __proto__: 2 };", "return ({ a = 1 });", "return -1 ** 2;", "return a ?? b || c;", "for (let of []) {}", "for (async of []) {}", "return 'use strict';",
    "let state = 1;", "const nx = 1;", "var event = 1;", "let args = 1;", "return async (x) => { 'use strict'; };", "return (x = 1) => { 'use strict'; };", "throw\n1;", "yield 1;", "enum A {}", "interface A {}", "let x: number = 1;", "return x as string;", "return x!;", "\\u{61} = 1;", "a.\\u0062 = 1;", "return 0b12;", "return 1.e3 + .5;", "return 1a;", "return /a/gg;", "return /a/x;", "return /\\u{110000}/u;", "return /a{2,1}/;", "return /\\1(a)/u;", "return /[b-a]/;", "return /]/u;", "return /{/;", "return /{/u;", "class A extends B { constructor() { super(); } }", "class A { constructor() {} constructor() {} }", "class A { constructor() { super(); } }", "class A { #x; #x; }", "return this.#x;", "class A { static prototype() {} }", "new.target = 1;", "new a?.b();", "a?.`b`;", "import.meta.x;", "for (const x = 1 of []) {}", "for (const x in {}, {}) {}", "for (const x of [], []) {}", "async () => { for await (const x in {}) {} }", "if (1) let x;", "if (1) class A {}", "while (1) const x = 1;", "do 1; while (0) 2;", "() => {}()", "() => {} || 1", "return ({}) => 1;", "({}) = 1;", "[a] += 1;", "({ a: 1 } = {});", "({ get a() {}, set a(x) {} });", "({ get a(x) {} });", "({ set a() {} });", "({ async *a() {} });", "(a, b) = 1;", "(a) = 1;", "((a)) => 1;", "(a, ) => 1;", "(, a) => 1;", "f(a, );", "f(, a);", "f(...a, b);", "[...a, ];", "let [...a, ] = [];", "let { ...{ a } } = {};", "return\n/a/;",
]  # fmt: skip
#: What the engine takes although the language does not.
LENIENT = {"new a?.b();"}


def fault(code: str) -> Diagnostic | None:
    found = [one for one in check(PANEL.format(code)) if one.code in {"NX3020", "NX1006"}]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.fixture(scope="module")
def images(engine: Engine) -> PanelImages:
    return PanelImages(engine, Limits(), kept=1)


def compiles(images: PanelImages, code: str) -> bool:
    action = ActionDeclaration(name="a", body=code, span=Span(start=0, end=0, line=1, col=1))
    return not images.get(Program.of("p", [action])).failures


@pytest.mark.parametrize(("code", "says", "word"), BROKEN)
def test_broken_code_is_a_finding_at_its_place(images: PanelImages, code: str, says: str, word: str) -> None:
    found = fault(code)
    assert found is not None
    assert says in found.message
    text = PANEL.format(code)
    assert text[found.span.start : found.span.end].startswith(word), text[found.span.start : found.span.end]
    before = text[: found.span.start]
    assert (found.span.line, found.span.col) == (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert not compiles(images, code)


def test_checker_and_engine_agree_on_what_compiles(images: PanelImages) -> None:
    vectors = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "vectors").glob("*.json"))]
    codes = {action["body"]: vector["name"] for vector in vectors for action in vector["build"]["actions"]}
    codes |= {code: name for name, code in HOSTILE.items() if "</action" not in code} | {code: code for code in FORMS}
    different = [
        (name, found.message if found else "the engine refuses it")
        for code, name in codes.items()
        if code not in LENIENT and ((found := fault(code)) is None) != compiles(images, code)
    ]
    assert not different, "\n".join(f"{name}: {says}" for name, says in different)


def test_no_panel_with_broken_code_gets_into_a_workspace(
    kernel: WorkspaceKernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = PANEL.format("const x = ;")
    column = len('<logic><action name="a">const x = ;')
    with pytest.raises(NXMLError, match="';' is not expected here") as caught:
        kernel.put_panel("p", broken, ANN)
    assert [(one.code, one.span.line, one.span.col) for one in caught.value.diagnostics] == [("NX3020", 2, column)]
    kernel.put_panel("p", PANEL.format("return 1"), ANN)
    patch = Patch.model_validate({"panel": "p", "ops": [{"op": "code", "id": "action.a", "text": "return ("}]})
    with pytest.raises(PatchError, match="it ends too early"):
        kernel.edit("p", patch, ANN)
    assert "return 1" in kernel.panel("p").nxml
    (tmp_path / "p.nxml").write_text(broken, encoding="utf-8")
    assert main(["check", str(tmp_path / "p.nxml")]) == 1
    assert f"p.nxml:2:{column}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["class", "await", "let", "eval", "arguments", "static", "yield"])
def test_a_parameter_that_no_function_can_have_is_a_finding(name: str) -> None:
    text = (
        PANEL.replace('name="a">', f'name="a" params="{name}: str">').replace('"a()"', "\"a('x')\"").format("return 1")
    )
    assert [one.code for one in check(text)] == ["NX2016"]


def test_an_effect_and_a_condition_around_it_are_told_apart() -> None:
    text = '<panel id="p"><data><state name="n" type="int"/></data><logic><effect name="e" on="n &gt; 1">if (</effect></logic></panel>'
    assert [one.code for one in check(text)] == ["NX3020"]


def test_code_that_nests_deeper_than_a_parser_can_go_is_left_to_the_engine() -> None:
    for code in [
        "return " + "!" * 60_000 + "1;",
        "return 1" + " + 1" * 20_000 + ";",
        "return " + "a => " * 15_000 + "1;",
    ]:
        assert [one.code for one in check(PANEL.format(code)) if one.code != "NX2012"] in ([], ["NX3020"])
