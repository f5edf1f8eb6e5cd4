"""The golden set: sixty wishes with what must hold of the panel afterwards, and judges that need no model to agree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from nexus_jupyter.protocol.graph import Entity

__all__ = ["Task", "holds", "start", "tasks", "unchanged"]


@dataclass(frozen=True, slots=True)
class Task:
    """One wish.

    Attributes
    ----------
    id
        Its name.
    instruction
        What a person says.
    panel
        The panel that it is about; none where a new one is wished for.
    create
        The new panel's name.
    goal
        What must hold afterwards, each a condition on one node or on some node of a kind.
    may
        Nodes that may change beside those of the goal.
    by_hand
        An answer that a person wrote as an example of the form: edits, or the text of a panel. No model said it.
    """

    id: str
    instruction: str
    panel: str | None
    goal: list[dict[str, Any]]  # Any: JSON
    by_hand: Any  # Any: JSON
    create: str | None = None
    may: list[str] = field(default_factory=list)

    @property
    def answer(self) -> str:
        """The answer by hand, as a model would give it."""
        return self.by_hand if isinstance(self.by_hand, str) else json.dumps(self.by_hand, ensure_ascii=False)


def tasks() -> list[Task]:
    """Return all tasks."""
    read = json.loads(files(__name__).joinpath("tasks.json").read_text(encoding="utf-8"))
    return [Task(**one) for one in read["tasks"]]


def start(panel: str) -> str:
    """Return the text of a panel that tasks begin with."""
    return files(__name__).joinpath("panels", f"{panel}.nxml").read_text(encoding="utf-8")


def holds(task: Task, panel: str, after: Mapping[str, Entity]) -> list[str]:
    """Return what of a task's goal does not hold, in words; nothing when it is reached."""
    return [json.dumps(one, ensure_ascii=False) for one in task.goal if not _one(one, panel, after)]


def _one(goal: Mapping[str, Any], panel: str, after: Mapping[str, Entity]) -> bool:  # Any: JSON
    if "tag" in goal:
        return any(
            entity.attrs.get("tag") == goal["tag"] and all(word in _text(entity) for word in goal["has"])
            for entity in after.values()
        )
    entity = after.get(_full(panel, goal["id"]))
    if "gone" in goal:
        return (entity is None) == bool(goal["gone"])
    if entity is None:
        return False
    if "before" in goal:
        other = after.get(_full(panel, goal["before"]))
        return other is not None and entity.parent == other.parent and entity.order < other.order
    value = _attribute(entity, goal["attr"])
    if "set" in goal:
        return (value is not None) == bool(goal["set"])
    return bool(value == goal["is"]) if "is" in goal else str(goal["has"]) in str(value)


def unchanged(task: Task, panel: str, before: Mapping[str, Entity], after: Mapping[str, Entity]) -> list[str]:
    """Return nodes that were changed although nobody asked for it."""
    named = {_full(panel, one) for one in [*task.may, *_named(task.goal)]} | {panel}
    return [
        entity_id
        for entity_id, entity in before.items()
        if entity_id not in named
        and not (entity.parent in named and entity.parent != panel)
        and (entity_id not in after or _meaning(after[entity_id]) != _meaning(entity))
    ]


def _named(goal: Iterable[Mapping[str, Any]]) -> list[str]:  # Any: JSON
    return [one[key] for one in goal for key in ("id", "before") if key in one]


def _full(panel: str, node: str) -> str:
    return panel if node == panel else f"{panel}/{node}"


def _attribute(entity: Entity, name: str) -> object:
    return entity.attrs.get(name if name in {"text", "title"} and name in entity.attrs else f"attr:{name}")


def _text(entity: Entity) -> str:
    return " ".join(
        f"{key.removeprefix('attr:')}={value}"
        for key, value in entity.attrs.items()
        if key.startswith("attr:") or key == "text"
    )


def _meaning(entity: Entity) -> tuple[str | None, dict[str, object]]:
    attrs: dict[str, object] = {
        key: value for key, value in entity.attrs.items() if key.startswith("attr:") or key in {"tag", "text"}
    }
    return entity.parent, attrs
