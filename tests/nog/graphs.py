"""Random graphs and ops for the tests of the object graph: small, with every type of op and awkward ids."""

from __future__ import annotations

from hypothesis import strategies as st

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.protocol.graph import Entity, EntityType, Relation
from nexus_jupyter.protocol.patch import (
    AppendOp,
    CodeOp,
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

__all__ = ["base", "op_lists", "plain"]

PANELS = ("p", "q")
NODES: tuple[tuple[str, EntityType], ...] = (
    ("a", "Element"),
    ("b/~1 x", "Element"),
    ("ü", "Element"),
    ("state.s", "State"),
    ("state.t", "State"),
    ("action.go", "Action"),
    ("computed.c", "Computed"),
)
RELATIONS: tuple[Relation, ...] = ("binds", "reads", "shows", "triggers", "writes", "derivedFrom", "authoredBy")


def base() -> Graph:
    """Two panels with a section of a few things each, related to each other, and a person."""
    ops: list[Op] = [InsertOp(entity=Entity(id="user:ann", type="User", attrs={"name": "Ann"}))]
    for panel in PANELS:
        ops += [
            InsertOp(entity=Entity(id=panel, type="Panel", attrs={"title": panel})),
            InsertOp(entity=Entity(id=f"{panel}/view", type="Element", parent=panel, attrs={"tag": "view"})),
            LinkOp(source=panel, relation="authoredBy", target="user:ann"),
        ]
        ops += [
            InsertOp(
                entity=Entity(
                    id=f"{panel}/{name}", type=kind, parent=f"{panel}/view", attrs={"text": "one two", "n": 1}
                )
            )
            for name, kind in NODES
        ]
        ops += [
            LinkOp(source=f"{panel}/a", relation="binds", target=f"{panel}/state.s"),
            LinkOp(source=f"{panel}/action.go", relation="writes", target=f"{panel}/state.s"),
            LinkOp(source=f"{panel}/computed.c", relation="derivedFrom", target=f"{panel}/state.t"),
        ]
    ops.append(LinkOp(source="p", relation="links", target="q"))
    return apply(Graph(), ops, rev=1).graph


def plain(graph: Graph) -> object:
    """A graph without its revs: entities, order, relations both ways, and which there are of each type."""
    return (
        {key: record.entity.model_dump() for key, record in graph.records.items()},
        {key: record.children for key, record in graph.records.items()},
        {
            key: {
                way: {rel: sorted(ends) for rel, ends in edges.items()}
                for way, edges in (("out", r.out), ("into", r.into))
            }
            for key, r in graph.records.items()
        },
        {kind: sorted(ids) for kind, ids in graph.types.items() if ids},
    )


def op_lists(panels: tuple[str, ...] = PANELS, *, max_size: int = 6) -> st.SearchStrategy[list[Op]]:
    """Lists of ops on panels; many do not apply."""
    known = [*panels, *(f"{panel}/{name}" for panel in panels for name in ("view", *(name for name, _ in NODES)))]
    fresh = [f"{panel}/new{i}" for panel in panels for i in (0, 1)]
    ids = st.sampled_from([*known, *known, *fresh, "nowhere"])
    names = st.sampled_from(["text", "n", "a/b", "~", "value"])
    values = (
        st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["one", "", "é"]) | st.just([1, {"x": None}])
    )
    kinds: list[EntityType] = ["Element", "State", "Action", "Computed", "User"]
    relations = st.sampled_from(RELATIONS)
    entities = st.builds(
        lambda i, kind, parent, attrs: Entity(id=i, type=kind, parent=parent, attrs=attrs),
        st.sampled_from([*fresh, *known]),
        st.sampled_from(kinds),
        ids,
        st.dictionaries(names, values, max_size=2),
    )
    one: st.SearchStrategy[Op] = st.one_of(
        st.builds(SetOp, id=ids, attrs=st.dictionaries(names, values, min_size=1, max_size=2)),
        st.builds(UnsetOp, id=ids, names=st.lists(names, min_size=1, max_size=2, unique=True)),
        st.builds(InsertOp, entity=entities, after=st.none() | ids),
        st.builds(RemoveOp, id=ids),
        st.builds(MoveOp, id=ids, parent=ids, before=st.none() | ids),
        st.builds(LinkOp, source=ids, relation=relations, target=ids),
        st.builds(UnlinkOp, source=ids, relation=relations, target=ids),
        st.builds(ReplaceTextOp, id=ids, attr=names, old=st.sampled_from(["one", "two"]), new=st.just("three")),
        st.builds(AppendOp, id=ids, attr=names, text=st.just("!")),
        st.builds(CodeOp, id=ids, text=st.just("return 1;")),
    )
    return st.lists(one, max_size=max_size)
