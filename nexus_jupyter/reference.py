"""The language reference, written from the tables that the checker uses: ``python -m nexus_jupyter.reference FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nexus_jupyter.language import language

__all__ = ["reference"]

_HEAD = """# NXML reference

Written by `make reference` from the grammar, the registry of components and the catalogue of findings; not by hand.
"""

_GRAMMAR = """## Grammar

```ebnf
panel    = "<panel" xmlns? pack* id title? ">" view? data? logic? doc? "</panel>" ;   (* sections in any order *)
pack     = "xmlns:" NAME "=" '"nexus:lib/' NAME "@" DIGITS '"' ;
element  = "<" TAG attribute* ( "/>" | ">" ( element | text )* "</" TAG ">" ) ;
attribute= NAME ( "=" quoted )? | "bind:" NAME "=" STATE | "on:" EVENT "=" call ;
text     = ( character | "{" expression "}" | "{{" | "}}" | entity )* ;
entity   = "&lt;" | "&gt;" | "&amp;" | "&quot;" | "&apos;" | "&#" DIGITS ";" | "&#x" HEX ";" ;
call     = ACTION ( "(" ( expression ( "," expression )* )? ")" )? ;
```

Expressions are a part of JavaScript without assignment:

```ebnf
expression = pipe ;
pipe       = choice ( "|" FUNCTION ( "(" arguments ")" )? )* ;
choice     = default ( "?" expression ":" choice )? ;
default    = or ( "??" or )* ;        or  = and ( ( "||" | "or" ) and )* ;     and = equal ( ( "&&" | "and" ) equal )* ;
equal      = order ( ( "==" | "!=" ) order )* ;   order = sum ( ( "<" | "<=" | ">" | ">=" | "in" ) sum )* ;
sum        = product ( ( "+" | "-" ) product )* ; product = unary ( ( "*" | "/" | "%" ) unary )* ;
unary      = ( "!" | "not" | "-" | "+" ) unary | primary ( "." NAME | "?." NAME | "[" expression "]" )* ;
primary    = NUMBER | TEXT | "true" | "false" | "null" | NAME | FUNCTION "(" arguments ")" | "[" arguments "]"
           | "{" ( NAME ":" expression ),* "}" | "(" expression ")" ;
```

The code of `<action>` and `<effect>` is JavaScript and is taken as it is, up to the closing tag.
"""


_BRACES = """## Texts and expressions in attributes

`{k}` is an expression, `k` is a text: `label="Rows"`, `label="{n} rows"`, `value="{n}"`. Only where there can be no
text, because the attribute takes a number, yes or no, a list, a record or rows, or is `if`, `for` or `key`, the braces
may be left out: `options="regions"`, `page="size"`, `if="n > 1"`. `bind:value="k"` names a state, which the control
shows and changes; `on:press="add(n)"` names an action, with expressions as its arguments. A record has braces of its
own: `props="{ zone: 'UTC' }"`. Braces that are no expression are doubled: `{{` and `}}`. `value="k"`, where `k` is a
state, was once read as `{k}`; it still is, with a warning that has a fix.

In a `for` over a list that is a state, `bind:` takes a field of the item. What is changed is that field of that item,
found by its `key`, whatever others have done to the list meanwhile:

```xml
<panel xmlns="urn:nexus:nxml:1" id="todo" title="To do">
  <view>
    <row id="task" for="task in tasks | sort('title')" key="task.id">
      <checkbox id="done" label="{task.title}" bind:value="task.done"/>
    </row>
    <text id="left">{tasks | where('done', '==', false) | len} to do</text>
  </view>
  <data>
    <type name="Task" fields="id: str, title: str, done: bool"/>
    <state name="tasks" type="list[Task]" default='[{"id": "a", "title": "Measure", "done": false}]'/>
  </data>
</panel>
```
"""


def reference() -> str:
    """Return the reference as Markdown."""
    known = language()
    parts = [_HEAD, _GRAMMAR, *_declarations(known), *_components(known), *_functions(known), *_findings(known)]
    return "\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _declarations(known: dict[str, Any]) -> Iterator[str]:  # Any: a table of the language
    limits = known["limits"]
    yield "## Limits\n"
    yield (
        f"A text has at most {limits['length']:,} characters, {limits['nodes']:,} nodes, {limits['depth']} levels, and "
        f"{limits['attributes']} attributes in a tag.\n"
    )
    yield "## Names\n"
    rule = known["nameRule"]
    yield (
        f"Panels and elements are found by their `id`: {rule}. No two elements of a panel have the same, and none "
        "has the name of a section. Names of states, actions and all else that expressions and code use are the same "
        "without `-`.\n"
    )
    yield "## Declarations\n"
    types = ", ".join(f"`{name}`" for name in [*known["types"], *known["typeForms"]])
    yield f"Types: {types}, and declared ones.\n"
    for section in ("data", "logic"):
        yield f"### In `<{section}>`\n"
        rows = [
            [
                f"`<{tag}>`",
                " ".join(f"`{name.removesuffix('!')}`{'*' if name.endswith('!') else ''}" for name in names),
                known["meanings"][tag],
            ]
            for tag, names in known["declarations"][section].items()
        ]
        yield _table(["declaration", "attributes (* required)", "meaning"], rows)
    yield f"Capabilities: {', '.join(f'`{name}`' for name in known['capabilities'])}.\n"
    yield _BRACES
    yield "## Attributes of every element\n"
    yield _table(["attribute", "meaning"], [[f"`{name}`", meaning] for name, meaning in known["directives"].items()])


def _components(known: dict[str, Any]) -> Iterator[str]:  # Any: a table of the language
    yield "## Components\n"
    for category in dict.fromkeys(component["category"] for component in known["components"]):
        yield f"### {category.capitalize()}\n"
        for component in known["components"]:
            if component["category"] == category:
                yield from _component(component, component["name"])
    for pack in known["packs"]:
        yield f"### Pack `nexus:lib/{pack['name']}`\n\n{pack['doc']}\n"
        for component in pack["components"]:
            yield from _component(component, f"s:{component['name']}")


def _component(component: dict[str, Any], name: str) -> Iterator[str]:  # Any: a component's table
    yield f"#### `<{name}>`\n\n{component['doc']}\n"
    if component["within"]:
        yield f"Stands in {' or '.join(f'`<{parent}>`' for parent in component['within'])}.\n"
    rows = []
    for prop, spec in component["props"].items():
        takes = " ".join(f"`{value}`" for value in spec["oneOf"]) if "oneOf" in spec else f"`{spec['type']}`"
        if spec["type"] in {"int", "float"}:
            takes += _bounds(spec)
        marks = ("*" if spec.get("required") else "") + (" (bind)" if spec.get("bindable") else "")
        rows.append([f"`{prop}`{marks}", takes, spec["doc"]])
    rows += [[f"`on:{event}`", "action", f"`$event` is {gives}."] for event, gives in component["events"].items()]
    rows += [[f'`slot="{slot}"`', "element", meaning] for slot, meaning in component["slots"].items()]
    if rows:
        yield _table(["attribute", "takes", "meaning"], rows)
    yield f"```xml\n{component['example']}\n```\n"


def _bounds(spec: dict[str, Any]) -> str:  # Any: a property's table
    if "least" in spec and "most" in spec:
        return f" {spec['least']} to {spec['most']}"
    return f" from {spec['least']}" if "least" in spec else f" above {spec['above']}" if "above" in spec else ""


def _functions(known: dict[str, Any]) -> Iterator[str]:  # Any: a table of the language
    yield "## Functions\n"
    yield "Called as `f(x, a)` or `x | f(a)`; the number of arguments counts the piped one.\n"
    rows = [
        [
            f"`{one['name']}`",
            str(one["least"]) if one["least"] == one["most"] else f"{one['least']}\u2013{one['most']}",
            one["returns"],
            "yes" if one["sql"] else "",
            one["doc"],
        ]
        for one in known["functions"]
    ]
    yield _table(["function", "arguments", "gives", "in queries", "meaning"], rows)


def _findings(known: dict[str, Any]) -> Iterator[str]:  # Any: a table of the language
    yield "## Findings\n"
    yield "1xxx syntax, 2xxx structure, 3xxx names and types, 5xxx tools, 6xxx safety, 7xxx layout, 8xxx patches.\n"
    yield _table(
        ["code", "severity", "finding"],
        [[f"`{one['code']}`", one["severity"], one["title"]] for one in known["diagnostics"]],
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
