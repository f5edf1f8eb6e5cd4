"""Why an entity is what it is: the changes that last touched it, and what caused those in turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from nexus_jupyter.nog.graph import Graph
from nexus_jupyter.nog.patches import PLACE
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change, Origin
from nexus_jupyter.protocol.query import AttributeCause, CauseLink, Explanation

__all__ = ["Changes", "explain", "told"]

#: Reads changes of the journal by rev; those that are not there are left out.
Changes = Callable[[Collection[int]], Mapping[int, Change]]
#: Links of one chain; effects set each other off sixteen times, and panels run each other eight.
_LONGEST = 64
_WAYS = {
    "click": "a click",
    "input": "an input",
    "api": "a call from Python or over HTTP",
    "cell": "a cell of a notebook",
    "tool": "a tool",
    "effect": "an effect",
    "lifecycle": "somebody who looked at the panel",
    "system": "another panel",
}
_DEEDS = {
    "create": "made the panel",
    "edit": "edited the panel",
    "delete": "deleted the panel",
    "set": "set the state",
    "bind": "bound the frame",
    "undo": "took back rev {of}",
    "redo": "did rev {of} again",
    "checkout": "checked out {ref}",
    "commit": "committed {ref}",
    "grant": "granted a capability",
    "prompt": "asked a model ({ref})",
    "merge": "merged {ref}",
    "revert": "reverted rev {of}",
    "resolve": "resolved a conflict",
}


def explain(graph: Graph, entity_id: str, changes: Changes, *, rev: int) -> Explanation:
    """Return why an entity is what it is.

    Parameters
    ----------
    graph
        The graph at ``rev``.
    entity_id
        What to explain.
    changes
        Reads the journal.
    rev
        The rev of the graph.

    Returns
    -------
    Explanation
        For each change that attributes owe their value to, latest first: the attributes, and the chain of causes, from
        the change itself back to the person or program that began it. ``@place`` stands for where the entity is.

    Raises
    ------
    NotFoundError
        If there is no entity of that id.
    """
    record = graph.record(entity_id)
    by_rev: dict[int, list[str]] = {}
    for name, touched in sorted(record.touched.items()):
        if name == PLACE or name in record.entity.attrs:
            by_rev.setdefault(touched, []).append(name)
    known = dict(changes(list(by_rev)))
    causes = [
        AttributeCause(attrs=by_rev[at], chain=list(_chain(known[at], changes)))
        for at in sorted(by_rev, reverse=True)
        if at in known
    ]
    return Explanation(rev=rev, entity=record.entity, causes=causes)


def _chain(change: Change, changes: Changes) -> Iterator[CauseLink]:
    """Yield a change and what caused it, back to the beginning."""
    left, seen = _LONGEST, set[int]()
    following: Change | None = change
    while following is not None and left > 0 and following.rev not in seen:
        change = following
        seen.add(change.rev)
        left -= 1
        yield _change(change)
        before, origin = change.cause.of, change.cause.parent
        while origin is not None and origin.rev is None and left > 0:
            left -= 1
            yield _run(origin, change.actor)
            origin = origin.parent
        if origin is not None:
            before = origin.rev
        following = changes([before]).get(before) if before is not None else None


def _change(change: Change) -> CauseLink:
    cause = change.cause
    return CauseLink(
        text=told(change.actor, cause, change.panel),
        rev=change.rev,
        ts=change.ts,
        actor=change.actor,
        panel=change.panel,
        **cause.model_dump(exclude={"parent", "ahead_ms"}),
    )


def _run(origin: Origin, actor: Actor) -> CauseLink:
    cause = Cause.model_validate({"kind": "run", **origin.model_dump(exclude={"rev", "panel", "parent"})})
    return CauseLink(
        text=told(actor, cause, origin.panel),
        actor=actor,
        panel=origin.panel,
        **cause.model_dump(exclude={"parent", "ahead_ms"}),
    )


def told(actor: Actor, cause: Cause, panel: str | None) -> str:
    """Say who did what, and by what way, in one line."""
    who = actor.name or actor.id
    where = f" in '{panel}'" if panel else ""
    way = _WAYS.get(cause.via, cause.via)
    on = f" on '{cause.element}'" if cause.element else ""
    if cause.kind == "run":
        action = cause.action or ""
        what = f"The effect '{action.removeprefix('effect:')}'" if cause.via == "effect" else f"The action '{action}'"
        started = {
            "effect": "set off by a change",
            "system": "started by another panel",
            "lifecycle": f"started because {who} looked at the panel",
        }.get(cause.via, f"started by {way}{on} of {who}")
        return f"{what}{where}, {started}"
    deed = _DEEDS[cause.kind].format(of=cause.of, ref=cause.ref or "a version")
    return f"{who} {deed}{where}, by {way}{on}" if cause.via != "api" else f"{who} {deed}{where}"
