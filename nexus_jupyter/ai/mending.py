"""Applying the fixes that findings carry, and working them into the edits that brought the findings.

Only errors are mended, and only where an edit has touched: what a person wrote and nobody asked about stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from nexus_jupyter.ai.edits import Edit
from nexus_jupyter.nog.panels import node_entities
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.diagnostics import Diagnostic, TextEdit
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.panel import Build, Node
from nexus_jupyter.protocol.patch import InsertOp, Op, SetOp, UnsetOp

__all__ = ["errors_of", "mend", "mended_edits"]

#: Fixes may uncover errors that have fixes of their own.
_ROUNDS = 4


def errors_of(found: Sequence[Diagnostic]) -> list[str]:
    """Return the errors among findings as a model is told of them: by node, since it has seen no lines."""
    return [_told(one) for one in found if one.severity == "error"]


def _told(one: Diagnostic) -> str:
    where = f" at {one.node}" if one.node else ""
    mend = f" {one.fix.sentence}" if one.fix else ""
    return f"{one.code}{where}: {one.message}{mend}"


def mend(nxml: str, build: Build, check: Callable[[str], Build]) -> tuple[str, Build, list[str]]:
    """Return a text with the certain fixes of its errors applied, its build, and what was done, in words.

    Parameters
    ----------
    nxml, build
        The text, and what the checker says of it.
    check
        Checks a text.
    """
    done: list[str] = []
    for _ in range(_ROUNDS):
        found = [(one, one.fix) for one in build.diagnostics if one.severity == "error" and one.fix and one.fix.certain]
        if not found:
            break
        edits = list[TextEdit]()
        for one, fix in found:
            if not any(_overlap(edit, other) for edit in fix.edits for other in edits):
                edits += fix.edits
                done.append(f"{one.message} {fix.title[:1].upper()}{fix.title[1:]}.")
        nxml = _edited(nxml, edits)
        build = check(nxml)
    return nxml, build, done


def _overlap(one: TextEdit, other: TextEdit) -> bool:
    return (one.start < other.end and other.start < one.end) or (one.start, one.end) == (other.start, other.end)


def _edited(text: str, edits: Sequence[TextEdit]) -> str:
    """Apply edits, whose places are counted in UTF-16 code units."""
    units = text.encode("utf-16-le")
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        units = units[: 2 * edit.start] + edit.text.encode("utf-16-le") + units[2 * edit.end :]
    return units.decode("utf-16-le")


def mended_edits(edits: Sequence[Edit], before: Build, after: Build) -> list[Edit]:
    """Return edits that lead to the mended panel, as far as what was mended is theirs.

    Parameters
    ----------
    edits
        Those that led to the build with errors.
    before, after
        The builds of that text and of the mended one, whose generated ids are written out.
    """
    panel = before.id
    made = [Edit(list(edit.ops), list(edit.brings)) for edit in edits]
    owners = _owners(made)
    pairs = dict(_paired(before, after))
    new = [node.id for section in after.sections for node in section.children if node.id not in set(pairs.values())]
    entities = {entity.id: entity for entity in _entities(after)}
    for entity in _entities(before):
        partner = entities.get(f"{panel}/{pairs.get(entity.id.removeprefix(f'{panel}/'), '')}")
        owner = owners.get(entity.id)
        if (
            partner is None
            or owner is None
            or (partner.id, partner.type, partner.attrs)
            == (
                entity.id,
                entity.type,
                entity.attrs,
            )
        ):
            continue
        made[owner] = _worked_in(made[owner], entity, partner)
    for section in after.sections:
        made += [_brought(node, section.name, panel) for node in section.children if node.id in new]
    return made


def _owners(edits: Sequence[Edit]) -> Mapping[str, int]:
    """Return which edit last touched what."""
    owners: dict[str, int] = {}
    for number, edit in enumerate(edits):
        for op in edit.ops:
            owners[_target(op)] = number
    return owners


def _target(op: Op) -> str:
    return op.entity.id if isinstance(op, InsertOp) else str(getattr(op, "id", ""))


def _paired(before: Build, after: Build) -> Iterator[tuple[str, str]]:
    """Yield ids of nodes that stand for the same in both: by place, or by id where something came or went."""
    sections = {section.name: section.children for section in after.sections}
    for section in before.sections:
        yield from _alongside(section.children, sections.get(section.name, []))


def _alongside(before: Sequence[Node], after: Sequence[Node]) -> Iterator[tuple[str, str]]:
    if len(before) == len(after):
        couples = list(zip(before, after, strict=True))
    else:
        by_id = {node.id: node for node in after}
        couples = [(node, by_id[node.id]) for node in before if node.id in by_id]
    for one, other in couples:
        yield one.id, other.id
        yield from _alongside(one.children, other.children)


def _entities(build: Build) -> Iterator[Entity]:
    for section in build.sections:
        parent = f"{build.id}/{section.name}"
        yield from node_entities(section.children, parent, build.id, in_view=section.name == "view")


def _worked_in(edit: Edit, old: Entity, new: Entity) -> Edit:
    ops: list[Op] = []
    inserted = False
    for op in edit.ops:
        if isinstance(op, InsertOp) and op.entity.id == old.id:
            inserted = True
            kept = {"generated": True} if op.entity.attrs.get("generated") else {}
            entity = op.entity.model_copy(update={"id": new.id, "type": new.type, "attrs": {**new.attrs, **kept}})
            ops.append(op.model_copy(update={"entity": entity}))
        elif isinstance(op, InsertOp) and op.entity.parent == old.id and new.id != old.id:
            ops.append(op.model_copy(update={"entity": op.entity.model_copy(update={"parent": new.id})}))
        else:
            ops.append(op)
    if not inserted:
        changed: dict[str, JsonValue] = {
            key: value for key, value in new.attrs.items() if old.attrs.get(key) != value and key != "tag"
        }
        gone = [key for key in old.attrs if key not in new.attrs and key != "generated"]
        ops += [SetOp(id=old.id, attrs=changed)] if changed else []
        ops += [UnsetOp(id=old.id, names=gone)] if gone else []
    return Edit(ops, edit.brings)


def _brought(node: Node, section: str, panel: str) -> Edit:
    """Return the edit that inserts what a fix has added, such as the declaration of a capability."""
    made = list(node_entities([node], f"{panel}/{section}", panel, in_view=section == "view"))
    made[0] = made[0].model_copy(update={"parent": section})
    return Edit([InsertOp(entity=entity) for entity in made], [one.id.removeprefix(f"{panel}/") for one in made])
