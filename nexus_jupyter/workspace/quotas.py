"""How much of a workspace there may be, and how fast it may change: per workspace and per person."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from nexus_jupyter.engine import pack
from nexus_jupyter.nog import Applied, Graph, is_personal
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import QuotaError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import InsertOp, Op, SetOp
from nexus_jupyter.workspace.panels import panel_names, panel_states

__all__ = ["QuotaGuard", "Quotas"]

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits that the owner of a server sets; what would exceed one is refused, and nothing is changed.

    Attributes
    ----------
    panels, panels_per_user
        Panels in the workspace, and of one person.
    state_bytes, panel_state_bytes
        Bytes that the values of all states may take as JSON, and those of one panel.
    state_value_bytes
        Bytes that one value of a state may take as MessagePack, whether an action, a page or Python gives it.
    changes_per_minute, changes_per_minute_per_user
        Changes of the workspace; short bursts may take what a minute allows at once.
    files
        Files that panels may keep.
    """

    panels: int = 1000
    panels_per_user: int = 1000
    state_bytes: int = 256 << 20
    panel_state_bytes: int = 32 << 20
    state_value_bytes: int = 4 << 20
    changes_per_minute: int = 240_000
    changes_per_minute_per_user: int = 60_000
    files: int = 10_000


class QuotaGuard:
    """Refuses changes that would exceed a quota.

    Parameters
    ----------
    quotas
        The limits.
    clock
        Seconds; only differences matter.
    """

    def __init__(self, quotas: Quotas, clock: Callable[[], float] = time.monotonic) -> None:
        self._quotas = quotas
        self._clock = clock
        self._workspace = _Rate(quotas.changes_per_minute)
        self._people: dict[str, _Rate] = {}
        #: What the entities of states take; an entity never changes, so its size is found by itself.
        self._sizes: dict[str, tuple[Entity, int]] = {}
        self._panels: dict[str, int] | None = None

    def check(self, actor: Actor, panel: str | None, before: Graph, applied: Applied) -> None:
        """Raise `QuotaError` if a change may not be made; called by the one writer of the workspace."""
        self._check_panels(actor, applied)
        if panel is not None:  # a version that is brought back has what it had
            self._check_values(before, applied)
        self._check_states(panel, before, applied)
        if actor.kind == "system":
            return
        now = self._clock()
        mine = self._people.setdefault(actor.id, _Rate(self._quotas.changes_per_minute_per_user))
        for rate, whose, option in (
            (mine, "You change", "changes_per_minute_per_user"),
            (self._workspace, "Everybody together changes", "changes_per_minute"),
        ):
            wait = rate.wait(now)
            if wait > 0:
                raise QuotaError(
                    f"{whose} this workspace more often than {rate.limit} times a minute.",
                    hint=f"Wait {wait:.0f} s. {_raise(option)}",
                )
        mine.take()
        self._workspace.take()

    def _check_panels(self, actor: Actor, applied: Applied) -> None:
        if not any(isinstance(op, InsertOp) and op.entity.type == "Panel" for op in applied.ops):
            return
        count = len(applied.graph.types.get("Panel", ()))
        if count > self._quotas.panels:
            raise QuotaError(
                f"The workspace has {count - 1} panels, and may have {self._quotas.panels}.",
                hint=f"Delete one. {_raise('panels')}",
            )
        user = f"user:{actor.id}"
        made = applied.graph.record(user).into.get("authoredBy", ()) if user in applied.graph else ()
        mine = sum(1 for entity_id in made if applied.graph.entity(entity_id).type == "Panel")
        if mine > self._quotas.panels_per_user:
            raise QuotaError(
                f"You have made {mine - 1} panels here, and may have {self._quotas.panels_per_user}.",
                hint=f"Delete one of them. {_raise('panels_per_user')}",
            )

    def _check_values(self, before: Graph, applied: Applied) -> None:
        limit = self._quotas.state_value_bytes
        for op in applied.ops:
            if not _is_of_state(op):
                continue
            entity_id = op.entity.id if isinstance(op, InsertOp) else op.id
            if entity_id not in applied.graph:
                continue
            entity = applied.graph.entity(entity_id)
            # A float of three characters takes nine bytes; nothing else grows as much.
            if self._entity_size(entity) * 3 <= limit:
                continue
            had = before.entity(entity.id).attrs if entity.id in before else {}
            for name, value in entity.attrs.items():
                if (name == "value" or is_personal(name)) and value is not had.get(name):
                    self._check_value(entity, value, had.get(name))

    def _check_value(self, entity: Entity, value: JsonValue, old: JsonValue) -> None:
        limit, size = self._quotas.state_value_bytes, len(pack(value))
        # What is too large already, since it was allowed then, may shrink.
        if size > limit and size >= len(pack(old)):
            panel, _, name = entity.id.partition("/state.")
            raise QuotaError(
                f"The state '{name}' of '{panel}' would take {size:,} bytes, and may take {limit:,}.",
                hint=f"Keep large data in frames or files instead. {_raise('state_value_bytes')}",
            )

    def _check_states(self, panel: str | None, before: Graph, applied: Applied) -> None:
        if not any(_is_of_state(op) for op in applied.ops):
            return
        if self._panels is None:
            self._panels = {name: self._size(before, name) for name in panel_names(before)}
        graph, known = applied.graph, self._panels
        sizes = {name: size for name, size in known.items() if name in graph}
        for name in panel_names(graph) if panel is None else [panel]:
            sizes[name] = self._size(graph, name)
            # What is too large already, since the quota was smaller then, may shrink.
            if sizes[name] > self._quotas.panel_state_bytes and sizes[name] > known.get(name, 0):
                raise self._too_much(f"The states of '{name}'", sizes[name], "panel_state_bytes")
        total = sum(sizes.values())
        if total > self._quotas.state_bytes and total > sum(known.values()):
            raise self._too_much("All states of the workspace", total, "state_bytes")
        self._panels = sizes

    def _too_much(self, what: str, size: int, option: str) -> QuotaError:
        limit = getattr(self._quotas, option)
        return QuotaError(
            f"{what} would take {size / 1e3:,.1f} kB, and may take {limit / 1e3:,.1f} kB.",
            hint=f"Keep large data in frames or files instead. {_raise(option)}",
        )

    def _size(self, graph: Graph, panel: str) -> int:
        return sum(self._entity_size(entity) for entity in panel_states(graph, panel))

    def _entity_size(self, entity: Entity) -> int:
        known = self._sizes.get(entity.id)
        if known is not None and known[0] is entity:
            return known[1]
        size = sum(len(json.dumps(value)) for value in _values(entity))
        self._sizes[entity.id] = (entity, size)
        return size


class _Rate:
    """A bucket that fills evenly and holds what a minute allows."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._left = float(limit)
        self._at: float | None = None

    def wait(self, now: float) -> float:
        """Return the seconds until one more is allowed."""
        if self._at is not None:
            self._left = min(float(self.limit), self._left + (now - self._at) * self.limit / _MINUTE)
        self._at = now
        return 0.0 if self._left >= 1 else max(1.0, (1 - self._left) * _MINUTE / self.limit)

    def take(self) -> None:
        """Count one."""
        self._left -= 1


def _values(entity: Entity) -> Iterator[object]:
    for key, value in entity.attrs.items():
        if key == "value" or is_personal(key):
            yield value


def _is_of_state(op: Op) -> TypeGuard[InsertOp | SetOp]:
    if isinstance(op, InsertOp):
        return op.entity.type == "State"
    return isinstance(op, SetOp) and "/state." in op.id


def _raise(option: str) -> str:
    return f"The owner of the server can allow more: NexusApp.quota_{option}."
