"""What runs may ask of their workspace: other panels, frames, functions of the notebook, and effects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.sandbox.host import Answerable, Arguments, Caller, Operations
from nexus_jupyter.sandbox.values import plain_value
from nexus_jupyter.workspace.desk import desk_of
from nexus_jupyter.workspace.effects import Effect
from nexus_jupyter.workspace.links import exported_action, exports_values

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["workspace_operations"]

#: How many panels may run each other in a chain.
_DEEPEST = 8
#: Rows of a table that a handler is given at a time; the answer says whether more follow.
_ROWS = 10_000
_TEXT = 10_000
_PROMPT = 100_000
_LEVELS = {"info", "warning", "error"}


def workspace_operations(kernel: WorkspaceKernel) -> Operations:
    """Return the operations that concern a workspace, by name."""

    async def send(caller: Caller, args: Arguments) -> Answerable:
        panel, action = str(args.get("panel")), str(args.get("action"))
        caller.token.require("panel.send", f"{panel}.{action}")
        if caller.depth >= _DEEPEST:
            raise RequestError(f"More than {_DEEPEST} panels run each other in a chain.")
        given = args.get("args") or {}
        if not isinstance(given, (dict, list)):
            raise RequestError("Arguments are given by name as an object, or by position as an array.")
        action = exported_action(kernel.build(panel), action)
        with kernel.recorder.within(caller.traceparent, user=caller.actor.id):
            run = kernel.execution.start(
                panel, action, given, caller.actor, via="system", depth=caller.depth + 1, parent=caller.origin
            )
        return (await asyncio.wrap_future(run)).value

    async def read(caller: Caller, args: Arguments) -> Answerable:
        panel = str(args.get("panel"))
        caller.token.require("panel.read", panel)
        # What a panel exports is what it means others to see; one that exports nothing hides nothing.
        if exports_values(kernel.build(panel)):
            return await asyncio.to_thread(kernel.links.exports, panel, caller.actor.id)
        return dict(kernel.panel(panel, caller.actor.id).state)

    async def frame(caller: Caller, args: Arguments) -> Answerable:
        name = str(args.get("name"))
        caller.token.require("frame.read", name)
        options = args.get("options") or {}
        offset, limit, columns = _window(options)
        table = await asyncio.to_thread(kernel.frames.table, name)
        if columns is not None:
            unknown = [column for column in columns if column not in table.column_names]
            if unknown:
                raise RequestError(f"The frame '{name}' has no column '{unknown[0]}'; it has {table.column_names}.")
            table = table.select(columns)
        rows = await asyncio.to_thread(table.slice(offset, limit).to_pylist)
        left = max(0, table.num_rows - offset) > len(rows)
        return {"total": table.num_rows, "truncated": left, "rows": [plain_value(row) for row in rows]}

    async def call(caller: Caller, args: Arguments) -> Answerable:
        name = str(args.get("name"))
        caller.token.require("kernel.call", name)
        given = args.get("args") or {}
        if not isinstance(given, dict):
            raise RequestError("Arguments of a function of the notebook are given by name, as an object.")
        return await asyncio.wrap_future(kernel.functions.call(name, given))

    async def complete(caller: Caller, args: Arguments) -> Answerable:
        panel, prompt = caller.token.panel, str(args.get("prompt"))
        caller.token.require("ai.complete", panel)
        if len(prompt) > _PROMPT:
            raise RequestError(f"A prompt has at most {_PROMPT} characters; this one has {len(prompt)}.")
        desk = desk_of(kernel)
        with kernel.recorder.within(caller.traceparent, user=caller.actor.id):
            # Away from here: the router is made by the first who asks, and may read files.
            asked = await asyncio.to_thread(desk.complete, prompt, caller.actor, panel)
        return await asyncio.wrap_future(asked)

    return {
        "ai.complete": complete,
        "panel.send": send,
        "panel.read": read,
        "frame.read": frame,
        "kernel.call": call,
        **_effects(kernel),
    }


def _effects(kernel: WorkspaceKernel) -> Operations:
    def cause(caller: Caller, kind: Any, name: str, data: Any) -> None:  # Any: checked by the contract
        kernel.effects.cause(Effect(kind=kind, panel=caller.token.panel, actor=caller.actor.id, name=name, data=data))

    async def notify(caller: Caller, args: Arguments) -> Answerable:
        caller.token.require("notify", caller.token.panel)
        level = str(args.get("level"))
        cause(caller, "notify", level if level in _LEVELS else "info", str(args.get("message"))[:_TEXT])
        return None

    async def error(caller: Caller, args: Arguments) -> Answerable:
        # Needs no grant: a handler that fails shows its message as well.
        cause(caller, "notify", "error", str(args.get("message"))[:_TEXT])
        return None

    async def clipboard(caller: Caller, args: Arguments) -> Answerable:
        caller.token.require("clipboard", caller.token.panel)
        cause(caller, "clipboard", "", str(args.get("text"))[: 10 * _TEXT])
        return None

    async def emit(caller: Caller, args: Arguments) -> Answerable:
        event = str(args.get("event"))[:200]
        caller.token.require("agent.emit", event)
        cause(caller, "event", event, args.get("data"))
        return None

    return {"error": error, "notify": notify, "clipboard": clipboard, "agent.emit": emit}


def _window(options: Any) -> tuple[int, int, list[str] | None]:  # Any: whatever JavaScript passed
    if not isinstance(options, dict) or set(options) - {"offset", "limit", "columns"}:
        raise RequestError("A frame is read with { offset, limit, columns }.")
    offset, limit, columns = options.get("offset", 0), options.get("limit", _ROWS), options.get("columns")
    if not _is_count(offset) or not _is_count(limit):
        raise RequestError("offset and limit are whole numbers, 0 or more.")
    if columns is not None and not (isinstance(columns, list) and all(isinstance(name, str) for name in columns)):
        raise RequestError("columns is an array of names.")
    return offset, min(limit, _ROWS), columns


def _is_count(value: Any) -> bool:  # Any: whatever JavaScript passed
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
