"""The text of an action is more than the body of one function.

Attacker: the author of a panel. The text closes the function that is put around it, and goes on: with another action in
the place of a sibling, or with code that runs when the panel's image is made, as the first of all and in each image.

What must hold: nothing of a panel's text runs before an action is asked for; an action's text defines this action only;
a text that cannot be compiled, or not within the limits, is the failure of its own action, and its siblings work.
"""

from __future__ import annotations

import pytest

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.panel import ActionDeclaration, Parameter
from nexus_jupyter.sandbox import Job, Program, RunLimits, Sandbox

SPAN = Span(start=0, end=0, line=1, col=1)
EVIL = "globalThis.evil = 1; __define('good', async () => 'evil');"
#: Texts that end the function around them, in the form that a program has, and in others that it might have.
CLOSING = {
    "call": f"}}); {EVIL} __define('other', async () => {{",
    "comma": f"}}, (() => {{ {EVIL} }})(), async () => {{",
    "comma and arrow": f"}}, {EVIL.split(';', maxsplit=1)[0]}, () => {{",
    "statement": f"}} {EVIL} {{",
    "class": f"}} static {{ {EVIL} }} static async other() {{",
    "class element": f"}} [({EVIL.split(';', maxsplit=1)[0]})]() {{",
    "class field": "} static x = (globalThis.evil = 1); static async y() {",
    "semicolon": f"}}; {EVIL} async () => {{",
    "comment": f"}}); {EVIL} /*",
    "line comment": f"}}); {EVIL} //",
    "html comment": f"}}); {EVIL} <!--",
    "template": f"}}); {EVIL} `",
    "regular expression": f"}}); {EVIL} /x",
    "brackets": f"}}]; {EVIL} [async () => {{",
    "both": f"}} /* */ , (() => {{ {EVIL} }})() /* static {{ */ , async () => {{",
    "line separator": f"\u2028}}); {EVIL} __define('other', async () => {{",
    "nul": f"\0}}); {EVIL} __define('other', async () => {{",
}
HEAVY = {
    "parentheses": "return " + "(" * 20_000 + ")" * 20_000,
    "brackets": "return " + "[" * 20_000 + "]" * 20_000,
    "blocks": "{" * 20_000 + "}" * 20_000,
    "signs": "return " + "- " * 20_000 + "1",
    "arrows": "return " + "() => " * 20_000 + "1",
    "templates": "return " + "`${" * 5_000 + "}`" * 5_000,
    "expression": "return " + "(" * 20_000,
}


def run(engine: Engine, action: str, **bodies: str) -> object:
    actions = [ActionDeclaration(name=name, body=body, span=SPAN) for name, body in bodies.items()]
    wanted = next(declared for declared in actions if declared.name == action)
    box = Sandbox(engine, RunLimits(Limits(cpu_seconds=20)))
    return box.run(Job("p", actions, wanted, {"n": 1}, [], None, 1)).value


@pytest.mark.parametrize("form", CLOSING)
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_text_that_closes_its_function_defines_and_runs_nothing(engine: Engine, form: str, order: str) -> None:
    good = "return [typeof evil, 'good']"
    bodies = {"bad": CLOSING[form], "good": good} if order == "before" else {"good": good, "bad": CLOSING[form]}
    assert run(engine, "good", **bodies) == ["undefined", "good"]
    with pytest.raises(HandlerError, match="SyntaxError"):
        run(engine, "bad", **bodies)


@pytest.mark.parametrize("form", HEAVY)
def test_a_text_that_is_too_much_for_the_compiler_leaves_its_siblings_alone(engine: Engine, form: str) -> None:
    for bodies in ({"good": "return 1", "bad": HEAVY[form]}, {"bad": HEAVY[form], "good": "return 1"}):
        assert run(engine, "good", **bodies) == 1


def test_a_loop_before_any_action_is_asked_for_does_not_exist(engine: Engine) -> None:
    assert run(engine, "good", bad="}); for (;;); __define('x', async () => {", good="return 1") == 1


@pytest.mark.parametrize(
    "name", ["x = (globalThis.evil = 1)", "{ y = evil() }", "...rest", "x) => {}); (async (y", "if"]
)
def test_a_parameter_is_a_name(engine: Engine, name: str) -> None:
    bad = ActionDeclaration(
        name="bad",
        body="return 1",
        span=SPAN,
        params=[Parameter.model_validate({"name": name, "type": {"kind": "any"}, "required": False, "default": None})],
    )
    good = ActionDeclaration(name="good", body="return typeof evil", span=SPAN)
    box = Sandbox(engine, RunLimits(Limits(cpu_seconds=20)))
    assert box.run(Job("p", [bad, good], good, {}, [], None, 1)).value == "undefined"
    with pytest.raises(HandlerError):
        box.run(Job("p", [bad, good], bad, {}, [None], None, 1))


def test_what_is_no_body_is_refused_in_whatever_form_it_is_kept(engine: Engine) -> None:
    box = Sandbox(engine)
    forged = Program(
        "p", (("p/a", "globalThis.evil = 1"), ("p/b", "__define('b', async (x = evil()) => { \"use strict\"; \n});"))
    )
    assert set(box.images.get(forged).failures) == {"p/a", "p/b"}


@pytest.mark.parametrize(
    "body",
    ["return `}`", "return '}'", "return /[}]/.source", "// }\nreturn 1", "/* } */ return 1", "if (state.n) { return 1 } else { return 2 }",
     "const f = function () { return { a: 1 } }; return f().a", "class A { static b() { return 1 } } return A.b()",
     "return arguments === undefined ? 1 : 2", "'use strict'; return 1", "return await (async () => 1)()", "", "// only a comment"],
)  # fmt: skip
def test_ordinary_texts_are_actions(engine: Engine, body: str) -> None:
    try:
        run(engine, "a", a=body)
    except HandlerError as error:
        assert "SyntaxError" not in error.message  # noqa: PT017 - it may fail in its own way, but not to compile
