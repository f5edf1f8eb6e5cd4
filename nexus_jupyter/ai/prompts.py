"""What a model is told before it is asked: the language and the form of its answer.

All of it is made from the tables that the checker uses, so it cannot say what does not hold. It is the same for every
request to an endpoint and comes first, so that providers keep it at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nexus_jupyter.ai.quotation import FENCE_RULE
from nexus_jupyter.protocol.ai import Context, Message

__all__ = ["ANSWER", "components", "core", "diagnostics", "functions", "messages", "repair"]

Table = Mapping[str, Any]  # Any: a table of the language
#: Parts whose names begin so are told as the system, all others as the person.
SYSTEM = "system: "

_BEGINNING = """You make and change panels of Nexus: small live tools inside a notebook. A panel is a text in NXML:
<panel xmlns="urn:nexus:nxml:1" id="NAME" title="Title">
  <view>components, top to bottom</view>
  <data>states, computed values, tables</data>
  <logic>actions and what they may do</logic>
</panel>
Write view first. Attributes with {expression} and texts with {expression} follow the data; `bind:value="state"` binds
an input, `on:press="action(arguments)"` runs an action. Expressions: a subset of JavaScript without assignment, plus
pipes such as {total | money}. In a `for` over a list state, `bind:value="item.field"` binds the item's field.
Code of actions is JavaScript with `state`, `args`, `event` and `nx`, written as it is: `nx.error(text)` shows a message
and goes on, `nx.fail(text)` ends the action and takes its changes back.
Every element has an id; what is declared is named KIND.NAME: state.count, action.reset, query.view.
"""

ANSWER = """To change a panel, answer with one JSON object and nothing before it:
{"say":"What changes, in one sentence.","ops":[
{"op":"set","id":"go","attr":"label","value":"Start"},
{"op":"unset","id":"go","attr":"if"},
{"op":"insert","where":"after","at":"go","nxml":"<badge id=\\"b\\">{n}</badge>"},
{"op":"remove","id":"note"},
{"op":"move","id":"kpi","where":"before","at":"rows"},
{"op":"replace","id":"action.add","old":"by * 2","new":"by"},
{"op":"code","id":"action.add","text":"@b1"}]}
`where` is into, before or after; a section is named by its tag: view, data, logic. attr "text" is what stands between
the tags. Only the ops that the request needs; ids stay. Long code or NXML may follow the JSON in a fenced block that is
named like this, and is meant by "@b1" (without such a block, it stands in the JSON itself):
```b1
state.n += args.by;
```
To make a new panel, answer with its whole NXML and nothing else. What a panel wants from outside it must ask for with
<uses cap="..." target="..." why="..."/>; only people allow it.
"""


def core(language: Table) -> str:
    """Return what NXML is: declarations, directives, types, capabilities."""
    meanings: Mapping[str, str] = language["meanings"]
    lines = [_BEGINNING, FENCE_RULE, "", "Declarations (! is required):"]
    for section, declarations in language["declarations"].items():
        for name, attributes in declarations.items():
            lines.append(f"{section} <{name} {' '.join(attributes)}> {_first(meanings.get(name, ''))}")
    lines.append("On all components: " + "; ".join(f"{name}: {doc}" for name, doc in language["directives"].items()))
    types = [*language["types"], *language["typeForms"]]
    lines.append(f"Types: {', '.join(types)}, and records declared with <type>.")
    lines.append(f"Capabilities: {', '.join(language['capabilities'])}.")
    return "\n".join(lines)


def components(language: Table, names: Sequence[str] | None = None, *, brief: bool = False) -> str:
    """Return one line for each component, or for some; ``brief`` leaves out what they are for."""
    chosen = [one for one in language["components"] if names is None or one["name"] in names]
    return "Components (! is required):\n" + "\n".join(_component(one, brief=brief) for one in chosen)


def _component(one: Table, *, brief: bool) -> str:
    props = ", ".join(_prop(name, prop, brief=brief) for name, prop in one["props"].items())
    events = "".join(f" on:{name}" for name in one["events"])
    within = f" in {'|'.join(one['within'])}" if one.get("within") else ""
    slots = f" slots {','.join(one['slots'])}" if one.get("slots") else ""
    head = f"{one['name']}({props}){events}{slots}{within}"
    return head if brief else f"{head} {one['doc']}"


def _prop(name: str, prop: Table, *, brief: bool) -> str:
    kind = "|".join(prop["oneOf"]) if prop.get("oneOf") else "" if prop["type"] == "str" else prop["type"]
    mark = "!" if prop.get("required") else ""
    bound = "bind:" if prop.get("bind") else ""
    return f"{bound}{name}{mark}" + (f":{kind}" if kind and not brief else "")


def functions(language: Table) -> str:
    """Return the functions that expressions may call."""
    return "Functions: " + "; ".join(f"{one['name']} {one['doc'].rstrip('.')}" for one in language["functions"])


def diagnostics(language: Table) -> str:
    """Return what the checker refuses."""
    errors = [one["title"] for one in language["diagnostics"] if one["severity"] == "error"]
    return "The checker refuses: " + "; ".join(errors) + "."


def messages(context: Context) -> list[Message]:
    """Return a context as it is sent: the stable part as the system's, the rest as the person's."""
    shown = [part for part in context.parts if part.included]
    system = [part.text for part in shown if part.name.startswith(SYSTEM)]
    asked = [part.text for part in shown if not part.name.startswith(SYSTEM)]
    return [Message(role="system", content="\n\n".join(system)), Message(role="user", content="\n\n".join(asked))]


def repair(answer: str, errors: Sequence[str]) -> list[Message]:
    """Return the messages that ask once more after an answer with errors."""
    told = "\n".join(f"- {error}" for error in errors)
    return [
        Message(role="assistant", content=answer),
        Message(
            role="user",
            content=f"Nothing was changed, for the checker refuses this:\n{told}\nAnswer again, as a whole.",
        ),
    ]


def _first(doc: str) -> str:
    """Return the first sentence, without examples."""
    found = next(_sentences(doc), "")
    return found.replace("`", "")


def _sentences(doc: str) -> Iterator[str]:
    for sentence in doc.split(". "):
        yield sentence.rstrip(".") + "."
