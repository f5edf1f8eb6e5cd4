"""What a panel is at one moment, read from the graph."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nexus_jupyter.nog import Graph, is_personal, own_attr
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import ConflictError, NotFoundError, NXMLError, RequestError, StateError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.panel import ActionDeclaration, Build, StateDeclaration
from nexus_jupyter.protocol.patch import InsertOp, Op, SetOp
from nexus_jupyter.protocol.stream import StatePlace
from nexus_jupyter.protocol.types import check_value

__all__ = [
    "NAME_RULE",
    "PanelView",
    "bind_arguments",
    "check_state",
    "panel_names",
    "panel_states",
    "panel_view",
    "personal",
    "placed",
    "refuse_errors",
    "refuse_misnamed",
    "refuse_taken",
    "state_id",
    "state_op",
    "view_scoped",
]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
#: `_NAME` in words; those of the language.
NAME_RULE = "a name has letters, digits, _ and -, begins with a letter or _, and is at most 100 characters long"

#: Records inside each other, as in types.
_DEEP = 32


@dataclass(frozen=True, slots=True)
class PanelView:
    """A panel's text and the values of its states, as one person has them."""

    name: str
    title: str
    nxml: str
    state: dict[str, JsonValue]
    #: Names of the states of scope ``view``, whose values in ``state`` are their defaults.
    view: frozenset[str] = frozenset()

    @property
    def kept(self) -> dict[str, JsonValue]:
        """The values that the workspace has, which those of scope ``view`` are not."""
        return {name: value for name, value in self.state.items() if name not in self.view}


def panel_names(graph: Graph) -> list[str]:
    """Return the names of all panels, sorted."""
    return [entity.id for entity in graph.of_type("Panel")]


def panel_view(graph: Graph, name: str, user: str | None = None) -> PanelView:
    """Read a panel, with the values that its states of scope ``user`` have for a person.

    Raises
    ------
    NotFoundError
        If there is no panel of that name.
    """
    if name not in graph or graph.entity(name).type != "Panel":
        names = panel_names(graph)
        known = f"Panels here: {', '.join(names)}." if names else "There are no panels here yet."
        raise NotFoundError(f"There is no panel '{name}'.", hint=known)
    attrs = graph.entity(name).attrs
    prefix = f"{name}/state."
    states = {entity.id.removeprefix(prefix): entity.attrs for entity in panel_states(graph, name)}
    view = frozenset(state for state, found in states.items() if found.get("attr:scope") == "view")
    return PanelView(
        name=name,
        title=str(attrs.get("title", name)),
        nxml=str(attrs.get("nxml", "")),
        state={
            state: found.get("default")
            if state in view
            else found.get(own_attr(user) if user else "", found.get("value"))
            for state, found in states.items()
        },
        view=view,
    )


def panel_states(graph: Graph, panel: str) -> list[Entity]:
    """Return the entities of a panel's states."""
    section = f"{panel}/data"
    return [entity for entity in graph.children(section) if entity.type == "State"] if section in graph else []


def state_id(panel: str, name: str) -> str:
    """Return the graph id of a state."""
    return f"{panel}/state.{name}"


def state_op(build: Build, name: str, value: JsonValue, user: str) -> SetOp:
    """Return the op that gives a state a value: for everybody, or for one person, as its scope says.

    Raises
    ------
    StateError
        If the state has the scope ``view``: the workspace has no value of it.
    """
    scope = next((declaration.scope for declaration in build.state if declaration.name == name), "shared")
    if scope == "view":
        raise StateError(
            f"state.{name} has the scope view: each page that shows the panel has a value of its own, which only "
            "that page changes.",
            hint='Set it in the page, or declare it with scope="user" or scope="shared".',
        )
    own = scope == "user"
    return SetOp(id=state_id(build.id, name), attrs={own_attr(user) if own else "value": value})


def placed(name: str, there: JsonValue, at: StatePlace, value: JsonValue) -> JsonValue:
    """Return a list with a field of one of its items changed.

    Raises
    ------
    ConflictError
        If the item is not there any more.
    RequestError
        If the place is none.
    """
    if not at.path or max(len(at.path), len(at.key or [])) > _DEEP:
        raise RequestError("A field of an item is named by one to 32 names.")
    items = list(there) if isinstance(there, list) else []
    index = at.index
    if at.key is not None:
        index = next((i for i, item in enumerate(items) if _part(item, at.key) == at.equals), -1)
    if not 0 <= index < len(items):
        raise ConflictError(f"The item of state.{name} that was to be changed is not there any more.")
    items[index] = _changed(name, items[index], at.path, value)
    return items


def _part(item: JsonValue, path: Sequence[str]) -> JsonValue:
    for field in path:
        item = item.get(field) if isinstance(item, dict) else None
    return item


def _changed(name: str, item: JsonValue, path: Sequence[str], value: JsonValue) -> JsonValue:
    if not path:
        return value
    if not isinstance(item, dict):
        raise ConflictError(f"The item of state.{name} that was to be changed has no field '{path[0]}' any more.")
    return {**item, path[0]: _changed(name, item.get(path[0]), path[1:], value)}


def personal(ops: Sequence[Op], user: str) -> list[Op]:
    """Return ops as one person may see them: their own values as the states' values, those of others left out."""
    seen: list[Op] = []
    for op in ops:
        if isinstance(op, SetOp):
            attrs = _own(op.attrs, user)
            if attrs:
                seen.append(op.model_copy(update={"attrs": attrs}))
        elif isinstance(op, InsertOp):
            entity = op.entity.model_copy(update={"attrs": _own(op.entity.attrs, user)})
            seen.append(op.model_copy(update={"entity": entity}))
        else:
            seen.append(op)
    return seen


def _own(attrs: dict[str, JsonValue], user: str) -> dict[str, JsonValue]:
    if not any(is_personal(key) for key in attrs):
        return attrs
    shared = {key: value for key, value in attrs.items() if not is_personal(key)}
    mine = own_attr(user)
    return {**shared, "value": attrs[mine]} if mine in attrs else shared


def check_state(build: Build, name: str, value: JsonValue) -> None:
    """Raise unless a value may become the value of a state.

    Raises
    ------
    NotFoundError
        If the panel declares no such state.
    StateError
        If the value is of another type, or out of bounds.
    """
    declaration = _declaration(build, name)
    where = f"state.{name}"
    check_value(declaration.type, value, where)
    _refuse_half_characters(value, where)
    size = value if isinstance(value, (int, float)) else len(value) if isinstance(value, (str, list)) else None
    if size is None or isinstance(value, bool):
        return
    kind = "" if isinstance(value, (int, float)) else "The length of "
    if declaration.min is not None and size < declaration.min:
        raise StateError(f"{kind}{where} must be at least {declaration.min:g}, not {size:g}.")
    if declaration.max is not None and size > declaration.max:
        raise StateError(f"{kind}{where} must be at most {declaration.max:g}, not {size:g}.")


def _refuse_half_characters(value: JsonValue, where: str) -> None:
    """Raise `StateError` for half of a surrogate pair: JSON can spell it, and nothing can store or send it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise StateError(
            f"{where} holds half of a character (U+{ord(error.object[error.start]):04X}), which cannot be kept.",
            hint="A text was cut within a character. Cut it before or after the character.",
        ) from error


def _declaration(build: Build, name: str) -> StateDeclaration:
    for declaration in build.state:
        if declaration.name == name:
            return declaration
    names = ", ".join(declaration.name for declaration in build.state) or "none"
    raise NotFoundError(f"The panel '{build.id}' has no state '{name}'.", hint=f"Its states: {names}.")


def bind_arguments(action: ActionDeclaration, args: list[JsonValue] | dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Match arguments, by position or by name, with an action's parameters.

    Raises
    ------
    RequestError
        If one is missing, unknown or surplus.
    StateError
        If one is of another type than declared.
    """
    names = [parameter.name for parameter in action.params]
    if isinstance(args, list):
        if len(args) > len(names):
            raise RequestError(f"The action '{action.name}' takes {len(names)} arguments, not {len(args)}.")
        args = dict(zip(names, args, strict=False))
    for name in args:
        if name not in names:
            takes = ", ".join(names) or "none"
            raise RequestError(f"The action '{action.name}' has no parameter '{name}'.", hint=f"It takes: {takes}.")
    bound: dict[str, JsonValue] = {}
    for parameter in action.params:
        if parameter.name in args:
            check_value(parameter.type, args[parameter.name], parameter.name)
            bound[parameter.name] = args[parameter.name]
        elif parameter.required:
            raise RequestError(f"The action '{action.name}' needs the argument '{parameter.name}'.")
        else:
            bound[parameter.name] = parameter.default
    return bound


def view_scoped(build: Build, values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return those values that only the view knows, checked; it may not pretend others."""
    names = {declaration.name for declaration in build.state if declaration.scope == "view"}
    for name in names & values.keys():
        check_state(build, name, values[name])
    return {name: values[name] for name in names & values.keys()}


def refuse_taken(name: str, kind: str, prompt: str | None) -> None:
    """Raise `ConflictError` if a panel that a model made would take the place of one that is there."""
    if prompt is not None and kind != "create":
        raise ConflictError(f"There is a panel '{name}' meanwhile.", hint="Ask again, with another name.")


def refuse_misnamed(name: str, build: Build) -> None:
    """Raise `RequestError` if a name is none, or a text is that of another panel."""
    if not _NAME.fullmatch(name):
        raise RequestError(f"'{name}' cannot be the name of a panel: {NAME_RULE}.", hint=f"'{build.id}' would do.")
    if build.id != name:
        raise RequestError(
            f"The text is that of the panel '{build.id}', but it was given the name '{name}'.",
            hint=f"Write <panel id=\"{name}\" ...>, or use the name '{build.id}'.",
        )


def refuse_errors(name: str, build: Build) -> None:
    """Raise `NXMLError` if a text may not become a panel."""
    errors = [diagnostic for diagnostic in build.diagnostics if diagnostic.severity == "error"]
    if errors:
        count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
        lines = "\n".join(f"  {diagnostic}" for diagnostic in errors[:10])
        raise NXMLError(f"The panel '{name}' has {count}:\n{lines}", diagnostics=build.diagnostics)
