"""Tools that make, change and examine panels. None of them grants a capability: only people do."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from nexus_jupyter.mcp.caller import Caller
from nexus_jupyter.mcp.tool import WorkspaceTool
from nexus_jupyter.protocol.api import DashboardBody
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.patch import Change, Patch
from nexus_jupyter.protocol.query import GraphQuery
from nexus_jupyter.workspace import GraphReader, preview_edit, put_dashboard

__all__ = ["AUTHORING"]

#: Changes of the journal that one answer has at most.
_MOST = 200


class _Nothing(Contract):
    pass


class _Text(Contract):
    nxml: str = Field(description="The text of a panel, in NXML.")


class _Panel(Contract):
    panel: str = Field(description="The name of a panel; see nexus_list.")


class _Creation(_Text):
    name: str = Field(description="The panel's name, which is also the id in its text.")


class _Dashboard(Contract):
    name: str = Field(description="The name of the new panel.")
    frame: str = Field(description="The name of a bound frame; see nexus_list.")


class _Edit(Contract):
    panel: str
    patch: str = Field(
        description='Edits by id, as XML: <patch><set id="go" label="Start"/><remove id="note"/></patch>.'
    )
    rev: int | None = Field(default=None, description="The rev that the edit is based on; a stale one is refused.")


class _Undo(Contract):
    panel: str
    redo: bool = False


class _Entity(Contract):
    id: str = Field(description="The id of an entity: a panel, PANEL/ELEMENT, or PANEL/state.NAME.")


class _Journal(Contract):
    panel: str | None = None
    last: int = Field(default=20, ge=1, le=_MOST, description="How many changes, the newest ones.")


def _changed(caller: Caller, panel: str, change: Change | None) -> dict[str, JsonValue]:
    return {"panel": panel, "rev": change.rev if change else caller.kernel.head.rev, "changed": change is not None}


def _list(caller: Caller, _: _Nothing) -> tuple[str, JsonValue]:
    kernel = caller.kernel
    panels: list[JsonValue] = [{"name": name, "title": kernel.panel(name).title} for name in kernel.panels()]
    return "Panels and frames", {"panels": panels, "frames": list[JsonValue](kernel.frames.names())}


def _show(caller: Caller, wish: _Panel) -> tuple[str, JsonValue]:
    view, build = caller.kernel.panel(wish.panel, caller.person.id), caller.kernel.build(wish.panel)
    shown: dict[str, JsonValue] = {
        "panel": wish.panel,
        "title": view.title,
        "state": view.state,
        "tools": [{"name": one.name, "description": one.description} for one in build.tools],
    }
    return f"The panel '{wish.panel}' as it is now", shown


def _create(caller: Caller, wish: _Creation) -> tuple[str, JsonValue]:
    change = caller.kernel.put_panel(wish.name, wish.nxml, caller.actor, via="tool")
    return f"The panel '{wish.name}' is there", _changed(caller, wish.name, change)


def _make_dashboard(caller: Caller, wish: _Dashboard) -> tuple[str, JsonValue]:
    change = put_dashboard(caller.kernel, wish.name, DashboardBody(frame=wish.frame), caller.actor)
    nxml = caller.kernel.panel(wish.name).nxml
    return f"The dashboard '{wish.name}' is there", {**_changed(caller, wish.name, change), "nxml": nxml}


def _patch(caller: Caller, wish: _Edit) -> Patch:
    patch = caller.kernel.reactor.patch(wish.patch)
    return patch.model_copy(update={"rev": wish.rev}) if wish.rev is not None else patch


def _edit(caller: Caller, wish: _Edit) -> tuple[str, JsonValue]:
    change = caller.kernel.edit(wish.panel, _patch(caller, wish), caller.actor)
    return f"The panel '{wish.panel}' is edited", _changed(caller, wish.panel, change)


def _preview(caller: Caller, wish: _Edit) -> tuple[str, JsonValue]:
    found = preview_edit(caller.kernel, wish.panel, _patch(caller, wish))
    return "Nothing was changed; this is what the edit would do", found


def _check(caller: Caller, wish: _Text) -> tuple[str, JsonValue]:
    build = caller.kernel.reactor.check(wish.nxml)
    found: list[JsonValue] = [one.model_dump(mode="json") for one in build.diagnostics]
    return "No findings" if not found else f"{len(found)} findings", {"ok": build.ok, "diagnostics": found}


def _undo(caller: Caller, wish: _Undo) -> tuple[str, JsonValue]:
    undone = caller.kernel.undo(wish.panel, caller.actor, redo=wish.redo)
    said = "Done again" if wish.redo else "Undone"
    return said, {**_changed(caller, wish.panel, undone.change), "notes": list[JsonValue](undone.notes)}


def _graphs(caller: Caller) -> GraphReader:
    return caller.kernel.graphs.seen_by(caller.person.id)


def _match(caller: Caller, wish: GraphQuery) -> tuple[str, JsonValue]:
    limited = wish if wish.limit is not None else wish.model_copy(update={"limit": 100})
    return "Entities of the graph", _graphs(caller).match(limited).model_dump(mode="json")


def _impact(caller: Caller, wish: _Entity) -> tuple[str, JsonValue]:
    return f"What a change of '{wish.id}' would touch", _graphs(caller).impact(wish.id).model_dump(mode="json")


def _explain(caller: Caller, wish: _Entity) -> tuple[str, JsonValue]:
    return f"Why '{wish.id}' is what it is", _graphs(caller).explain(wish.id).model_dump(mode="json")


def _journal(caller: Caller, wish: _Journal) -> tuple[str, JsonValue]:
    changes = list(caller.kernel.journal.read(panel=wish.panel))[-wish.last :]
    rows: list[JsonValue] = [
        {
            "rev": change.rev,
            "ts": change.ts,
            "actor": change.actor.id,
            "cause": change.cause.kind,
            "panel": change.panel,
            "ops": len(change.ops),
        }
        for change in changes
    ]
    return f"The newest {len(rows)} changes", {"changes": rows}


#: Tools of the workspace by name.
AUTHORING: Mapping[str, WorkspaceTool] = {
    "nexus_list": WorkspaceTool("panel.read", "List the panels and the bound frames.", _Nothing, _list),
    "nexus_show": WorkspaceTool(
        "panel.read",
        "Show a panel in the conversation, where the client can, and tell what it shows.",
        _Panel,
        _show,
        True,
    ),
    "nexus_create": WorkspaceTool(
        "panel.put",
        "Create a panel from NXML, or give it a new text; refused with findings if it has errors.",
        _Creation,
        _create,
        shows=True,
    ),
    "nexus_create_dashboard": WorkspaceTool(
        "panel.put",
        "Make a dashboard of a bound frame by rules: filters, numbers, charts, rows.",
        _Dashboard,
        _make_dashboard,
        shows=True,
    ),
    "nexus_patch": WorkspaceTool("panel.edit", "Edit a panel by id; all edits are made, or none.", _Edit, _edit),
    "nexus_preview": WorkspaceTool(
        "language.check", "Say what an edit would come to, and what it would touch, without making it.", _Edit, _preview
    ),
    "nexus_check": WorkspaceTool("language.check", "Check NXML; findings have places and fixes.", _Text, _check),
    "nexus_undo": WorkspaceTool("panel.undo", "Undo or redo the person's last change of a panel.", _Undo, _undo),
    "nexus_match": WorkspaceTool(
        "graph.read",
        "Find entities of the object graph by type, conditions and steps along relations.",
        GraphQuery,
        _match,
    ),
    "nexus_impact": WorkspaceTool(
        "graph.read", "Say what would be touched if an entity changed or went.", _Entity, _impact
    ),
    "nexus_explain": WorkspaceTool(
        "graph.read", "Say which changes, runs and people made an entity what it is.", _Entity, _explain
    ),
    "nexus_journal": WorkspaceTool("journal.read", "Read the newest changes: who, when, why.", _Journal, _journal),
}
