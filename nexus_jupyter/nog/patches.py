"""Applying a patch to the graph: a pure function, all or nothing, that also gives the inverse."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from immutables import Map

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.nog.order import between
from nexus_jupyter.nog.sharing import share, weight
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import ConflictError, NexusError, PatchError
from nexus_jupyter.protocol.graph import RELATION_ENDS, Entity, Relation, relation_allowed
from nexus_jupyter.protocol.patch import (
    AppendOp,
    InsertOp,
    LinkOp,
    MoveOp,
    Op,
    RemoveOp,
    ReplaceTextOp,
    SetOp,
    UnlinkOp,
    UnsetOp,
)

__all__ = ["Applied", "apply"]

#: Keys in `Record.touched`: for parent and order, and for being there at all.
PLACE, BORN = "@place", "@born"
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Applied:
    """A graph after a patch, the ops as they took effect (places resolved), and the ops that take them back.

    All of them share the values that they have in common, also with the graph before. ``replaced`` is about how many
    bytes of that graph are not in this one: what it costs to keep both.
    """

    graph: Graph
    ops: list[Op]
    inverse: list[Op]
    replaced: int = 0


def apply(graph: Graph, ops: Sequence[Op], *, rev: int) -> Applied:
    """Apply ops in order, all or none.

    Parameters
    ----------
    graph
        The graph to start from; it is not changed.
    ops
        Ops with ids of the graph.
    rev
        The rev that the result will have; remembered per attribute for the detection of stale edits.

    Raises
    ------
    PatchError
        If an op cannot be applied; ``index`` says which.
    ConflictError
        If an op carries ``seen`` and what it edits was changed after that rev.
    """
    draft = _Draft(graph, rev)
    done: list[Op] = []
    inverse: list[Op] = []
    for index, op in enumerate(ops):
        try:
            taken, undo = draft.take(op)
        except ConflictError:
            raise
        except NexusError as error:
            where = f"Op {index + 1} of {len(ops)} ({_named(op)}): "
            raise PatchError(where + error.message, index=index, hint=error.hint) from error
        done += taken
        inverse[:0] = undo
    return Applied(draft.graph(), done, inverse, draft.replaced)


def _named(op: Op) -> str:
    """Name an op in a sentence."""
    match op:
        case InsertOp():
            return f"insert {op.entity.id}"
        case LinkOp() | UnlinkOp():
            return f"{op.op} {op.source} {op.relation} {op.target}"
        case _:
            return f"{op.op} {op.id}"


class _Draft:
    """A graph under change. Only `apply` sees it."""

    def __init__(self, graph: Graph, rev: int) -> None:
        self._base = graph
        self._records = dict[str, Record | None]()
        self._types = graph.types
        self._rev = rev
        self.replaced = 0

    def graph(self) -> Graph:
        records = self._base.records.mutate()
        for entity_id, record in self._records.items():
            if record is not None:
                records[entity_id] = record
            elif entity_id in records:
                del records[entity_id]
        return Graph(records.finish(), self._types)

    def take(self, op: Op) -> tuple[list[Op], list[Op]]:
        """Apply one op; return what was done and what undoes it."""
        match op:
            case SetOp():
                return self._assign(op.id, dict(op.attrs), seen=op.seen)
            case UnsetOp():
                return self._unset(op)
            case InsertOp():
                return self._insert(op)
            case RemoveOp():
                return self._remove(op)
            case MoveOp():
                return self._move(op)
            case LinkOp() | UnlinkOp():
                return self._relate(op)
            case ReplaceTextOp():
                return self._edit_text(op.id, op.attr, op.seen, lambda text: _replace_once(text, op.old, op.new))
            case AppendOp():
                return self._edit_text(op.id, op.attr, op.seen, lambda text: text + op.text)
            case _:
                if self._get(op.id).entity.type not in {"Action", "Effect"}:
                    raise PatchError(f"'{op.id}' is no action, so it has no code.")
                return self._assign(op.id, {"text": op.text}, seen=op.seen)

    # Reading and writing records

    def _get(self, entity_id: str) -> Record:
        record = self._records[entity_id] if entity_id in self._records else self._base.records.get(entity_id)
        if record is None:
            raise PatchError(f"There is nothing with the id '{entity_id}'.")
        return record

    def _has(self, entity_id: str) -> bool:
        if entity_id in self._records:
            return self._records[entity_id] is not None
        return entity_id in self._base.records

    def _fresh(self, record: Record, keys: list[str], seen: int | None) -> None:
        if seen is None:
            return
        # What the patch itself has done before is no surprise to it.
        born = record.touched.get(BORN, 0)
        if seen < born != self._rev:
            # Another thing may have the id now: an edit that was meant for the one before must not reach it.
            raise ConflictError(
                f"'{record.entity.id}' was made in rev {born}, after the rev {seen} that this edit was based on.",
                hint="Look at the newest version and make the edit again.",
            )
        for key in keys:
            changed = record.touched.get(key, 0)
            if seen < changed != self._rev:
                what = "its place" if key == PLACE else f"'{key}'"
                raise ConflictError(
                    f"'{record.entity.id}' was edited by somebody else: {what} changed in rev {changed}, "
                    f"after the rev {seen} that this edit was based on.",
                    hint="Look at the newest version and make the edit again.",
                )

    # Ops on attributes

    def _assign(self, entity_id: str, attrs: dict[str, JsonValue], *, seen: int | None) -> tuple[list[Op], list[Op]]:
        record = self._get(entity_id)
        self._fresh(record, list(attrs), seen)
        old = record.entity.attrs
        changed = {key: value for key, value in attrs.items() if key not in old or old[key] != value}
        if not changed:
            return [], []
        for key in changed.keys() & old.keys():
            changed[key], replaced = share(changed[key], old[key])
            self.replaced += replaced
        self._write_attrs(record, {**old, **changed}, list(changed))
        undo: list[Op] = []
        if before := {key: old[key] for key in changed if key in old}:
            undo.append(_set(entity_id, before))
        if added := [key for key in changed if key not in old]:
            undo.append(UnsetOp(id=entity_id, names=added))
        return [_set(entity_id, changed)], undo

    def _unset(self, op: UnsetOp) -> tuple[list[Op], list[Op]]:
        record = self._get(op.id)
        self._fresh(record, op.names, op.seen)
        gone = {name: record.entity.attrs[name] for name in op.names if name in record.entity.attrs}
        if not gone:
            return [], []
        rest = {key: value for key, value in record.entity.attrs.items() if key not in gone}
        self._write_attrs(record, rest, list(gone))
        self.replaced += weight(*gone.values())
        return [UnsetOp(id=op.id, names=list(gone))], [_set(op.id, gone)]

    def _edit_text(
        self, entity_id: str, attr: str, seen: int | None, edit: Callable[[str], str]
    ) -> tuple[list[Op], list[Op]]:
        text = self._get(entity_id).entity.attrs.get(attr)
        if not isinstance(text, str):
            raise PatchError(f"'{entity_id}' has no text '{attr}'.")
        return self._assign(entity_id, {attr: edit(text)}, seen=seen)

    def _write_attrs(self, record: Record, attrs: dict[str, JsonValue], keys: list[str]) -> None:
        entity = record.entity.model_copy(update={"attrs": attrs})
        self._records[entity.id] = replace(record, entity=entity, touched=self._touch(record, keys))

    def _touch(self, record: Record, keys: list[str]) -> Map[str, int]:
        return record.touched.update(dict.fromkeys(keys, self._rev))

    # Ops on structure

    def _insert(self, op: InsertOp) -> tuple[list[Op], list[Op]]:
        entity = op.entity
        if self._has(entity.id):
            raise PatchError(f"There is already something with the id '{entity.id}'.")
        if entity.parent is not None:
            self._check_contains(entity.parent, entity)
            order = self._place(entity.parent, entity.order, op.before, op.after)
            entity = entity.model_copy(update={"order": order})
        touched = Map(dict.fromkeys((*entity.attrs, PLACE, BORN), self._rev))
        self._records[entity.id] = Record(entity, touched=touched)
        self._types = self._types.set(entity.type, self._types.get(entity.type, Map()).set(entity.id, None))
        if entity.parent is not None:
            self._adopt(entity.parent, entity)
        return [InsertOp(entity=entity)], [RemoveOp(id=entity.id)]

    def _remove(self, op: RemoveOp) -> tuple[list[Op], list[Op]]:
        top = self._get(op.id)
        self._fresh(top, [*top.entity.attrs, PLACE], op.seen)
        inserts: list[Op] = []
        links: list[Op] = []
        stack = [op.id]
        doomed: list[str] = []
        while stack:
            record = self._get(stack.pop())
            doomed.append(record.entity.id)
            inserts.append(InsertOp(entity=record.entity))
            self.replaced += weight(*record.entity.attrs.values())
            stack.extend(reversed(record.children))
        for entity_id in doomed:
            links += self._cut(entity_id)
        if top.entity.parent is not None:
            self._disown(top.entity.parent, op.id)
        for entity_id in doomed:
            kind = self._get(entity_id).entity.type
            self._types = self._types.set(kind, self._types[kind].delete(entity_id))
            self._records[entity_id] = None
        return [RemoveOp(id=op.id)], inserts + links

    def _cut(self, entity_id: str) -> list[Op]:
        """Take away all relations of an entity; return the ops that make them again."""
        record = self._get(entity_id)
        links = [
            LinkOp(source=entity_id, relation=relation, target=target)
            for relation, targets in record.out.items()
            for target in targets
        ] + [
            LinkOp(source=source, relation=relation, target=entity_id)
            for relation, sources in record.into.items()
            for source in sources
            if source != entity_id
        ]
        for link in links:
            self._set_edge(link.source, link.relation, link.target, present=False)
        return list[Op](links)

    def _move(self, op: MoveOp) -> tuple[list[Op], list[Op]]:
        record = self._get(op.id)
        self._fresh(record, [PLACE], op.seen)
        entity = record.entity
        if entity.parent is None:
            raise PatchError(f"'{op.id}' is not inside anything, so it cannot be moved.")
        ancestor: str | None = op.parent
        while ancestor is not None:
            if ancestor == op.id:
                raise PatchError(f"'{op.id}' cannot be moved into itself.")
            ancestor = self._get(ancestor).entity.parent
        self._check_contains(op.parent, entity)
        self._disown(entity.parent, op.id)
        order = self._place(op.parent, op.order, op.before, op.after)
        moved = entity.model_copy(update={"parent": op.parent, "order": order})
        self._records[op.id] = replace(record, entity=moved, touched=self._touch(record, [PLACE]))
        self._adopt(op.parent, moved)
        return (
            [MoveOp(id=op.id, parent=op.parent, order=order)],
            [MoveOp(id=op.id, parent=entity.parent, order=entity.order)],
        )

    def _check_contains(self, parent: str, entity: Entity) -> None:
        if not self._has(parent):
            raise PatchError(f"There is nothing with the id '{parent}' to put '{entity.id}' into.")
        kind = self._get(parent).entity.type
        if not relation_allowed("contains", kind, entity.type):
            raise PatchError(f"A {kind} cannot contain a {entity.type} ('{parent}' and '{entity.id}').")

    def _place(self, parent: str, order: str, before: str | None, after: str | None) -> str:
        siblings = self._get(parent).children
        if before is None and after is None:
            if order:
                return order
            last = self._order(siblings[-1]) if siblings else ""
            return between(last, None)
        anchor = before if before is not None else after
        assert anchor is not None
        at = self._position(siblings, self._order(anchor), anchor) if self._has(anchor) else len(siblings)
        if at == len(siblings) or siblings[at] != anchor:
            raise PatchError(f"'{anchor}' is not inside '{parent}'.")
        index = at + (0 if before is not None else 1)
        low = self._order(siblings[index - 1]) if index > 0 else ""
        # Two who were put in the same place have the same key: there is room only behind both.
        while index < len(siblings) and self._order(siblings[index]) <= low:
            index += 1
        return between(low, self._order(siblings[index]) if index < len(siblings) else None)

    def _order(self, entity_id: str) -> str:
        return self._get(entity_id).entity.order

    def _adopt(self, parent: str, entity: Entity) -> None:
        record = self._get(parent)
        at = self._position(record.children, entity.order, entity.id)
        children = (*record.children[:at], entity.id, *record.children[at:])
        self._records[parent] = replace(record, children=children)

    def _disown(self, parent: str, entity_id: str) -> None:
        record = self._get(parent)
        at = self._position(record.children, self._order(entity_id), entity_id)
        rest = record.children[:at] + record.children[at + 1 :]
        self._records[parent] = replace(record, children=rest)

    def _position(self, children: tuple[str, ...], order: str, entity_id: str) -> int:
        """Return where among children, which are in order, one stands or would stand."""
        return bisect_left(children, (order, entity_id), key=lambda child: (self._order(child), child))

    # Ops on relations

    def _relate(self, op: LinkOp | UnlinkOp) -> tuple[list[Op], list[Op]]:
        source, target = self._get(op.source), self._get(op.target)
        self._fresh(source, [], op.seen)
        self._fresh(target, [], op.seen)
        if op.relation == "contains":
            raise PatchError("What contains what is changed by insert, move and remove.")
        if not relation_allowed(op.relation, source.entity.type, target.entity.type):
            sources, targets = (" or ".join(sorted(ends)) for ends in RELATION_ENDS[op.relation])
            raise PatchError(
                f"The relation '{op.relation}' cannot go from a {source.entity.type} ('{op.source}') "
                f"to a {target.entity.type} ('{op.target}').",
                hint=f"It goes from {sources} to {targets}.",
            )
        present = isinstance(op, LinkOp)
        if (op.target in source.out.get(op.relation, ())) == present:
            return [], []
        self._set_edge(op.source, op.relation, op.target, present=present)
        link = LinkOp(source=op.source, relation=op.relation, target=op.target)
        unlink = UnlinkOp(source=op.source, relation=op.relation, target=op.target)
        return ([link], [unlink]) if present else ([unlink], [link])

    def _set_edge(self, source: str, relation: Relation, target: str, *, present: bool) -> None:
        start = self._get(source)
        self._records[source] = replace(start, out=_with(start.out, relation, target, present=present))
        end = self._get(target)
        self._records[target] = replace(end, into=_with(end.into, relation, source, present=present))


def _set(entity_id: str, attrs: dict[str, JsonValue]) -> SetOp:
    """Return an op with values that were checked before; checking them again would copy what is to be shared."""
    return SetOp.model_construct(_fields_set={"id", "attrs"}, op="set", id=entity_id, attrs=attrs, seen=None)


def _with(edges: Map[K, Map[str, None]], relation: K, entity_id: str, *, present: bool) -> Map[K, Map[str, None]]:
    ids: Map[str, None] = edges.get(relation, Map())
    if present:
        return edges.set(relation, ids.set(entity_id, None))
    rest = ids.delete(entity_id) if entity_id in ids else ids
    if rest:
        return edges.set(relation, rest)
    return edges.delete(relation) if relation in edges else edges


def _replace_once(text: str, old: str, new: str) -> str:
    count = text.count(old) if old else 0
    if count != 1:
        raise PatchError(f"The text to replace occurs {count} times, not once: {old!r}.")
    return text.replace(old, new)
