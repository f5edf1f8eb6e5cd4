"""What can be had back of a damaged journal: a whole one of the same revs, and an account of what is lost. Pure.

Up to the first fault rows are as they were. Beyond it, the next sound checkpoint tells how things were then; the rows
between are undone from there, backwards, which gives what the lost rows had done all together. That becomes a change
of the system in their place. Where no checkpoint follows, what is readable and still fits is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.errors import NexusError, PatchError, StorageError
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.protocol.patch import Cause, Change, Op, SetOp
from nexus_jupyter.storage import Checkpoint, Entry, Mark, chained, entry_of
from nexus_jupyter.storage.entries import EditOp, value_in
from nexus_jupyter.workspace.bridging import bridge, same
from nexus_jupyter.workspace.verification import Contents, Row, ranges

__all__ = ["Recovery", "recover"]


@dataclass
class Recovery:
    """A journal that is whole again.

    Attributes
    ----------
    base, first
        Where it begins, and the checkpoint of that place; ``None`` when it begins at rev 1.
    changes
        All changes after the base, without a gap.
    graph
        What they lead to.
    told
        What was lost and what was restored, a sentence each.
    aside
        Rows that could be read but not used.
    """

    base: Mark
    first: Checkpoint | None
    graph: Graph
    changes: list[Change] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    aside: list[Row] = field(default_factory=list)


def recover(contents: Contents, workspace: str) -> Recovery:
    """Make a whole journal of what could be read."""
    return _Walk(contents, workspace).run()


class _Walk:
    def __init__(self, contents: Contents, workspace: str) -> None:
        self._contents = contents
        self._workspace = workspace
        self._snapshots = _sound(contents)
        self._done = self._begin()
        self._rev = self._done.base.rev
        self._ts = self._done.base.ts
        #: Whether something was lost before the place where the walk is.
        self._filled = False

    def run(self) -> Recovery:
        last, done = self._contents.last, self._done
        empty: list[int] = []
        while self._rev < last:
            rev = self._rev + 1
            entry = self._readable(rev)
            whole = entry is not None and self._is_chained(rev)
            if entry is not None and whole and self._take(entry):
                continue
            target = next((found for found in sorted(self._snapshots) if found >= rev), None)
            if target is not None:
                self._cross(rev, target)
            elif entry is not None and self._take(entry):
                done.told.append(f"Rev {rev} is not what was written; it was kept as it is now.")
            else:
                self._set_aside([rev])
                self._fill([], rev, rev)
                empty.append(rev)
        if empty:
            done.told.append(f"Lost: rev {ranges(empty)}. Nothing tells what was changed there.")
        return done

    def _begin(self) -> Recovery:
        base = self._contents.base
        if not base.rev:
            return Recovery(base, None, Graph())
        if base.rev in self._snapshots:
            return Recovery(base, self._contents.checkpoints[base.rev], self._snapshots[base.rev])
        if not self._snapshots:
            raise StorageError(
                f"The journal begins after rev {base.rev}, and no checkpoint is left to begin with.",
                hint="Restore the workspace from a backup, or check out a commit in a new folder.",
            )
        first = self._contents.checkpoints[min(self._snapshots)]
        begun = Recovery(Mark(first.rev, first.ts, first.digest), first, self._snapshots[first.rev])
        begun.told.append(
            f"The checkpoint of rev {base.rev} is lost, so the journal begins with that of rev {first.rev} now."
        )
        begun.aside += [row for rev, row in sorted(self._contents.rows.items()) if rev <= first.rev]
        return begun

    def _readable(self, rev: int) -> Entry | None:
        row = self._contents.rows.get(rev)
        if row is None:
            return None
        try:
            return entry_of(row).model_copy(update={"workspace": self._workspace})
        except ValidationError:
            return None

    def _is_chained(self, rev: int) -> bool:
        """Tell whether a row is what was written; of one whose predecessor is lost, that cannot be told."""
        row, rows = self._contents.rows[rev], self._contents.rows
        before = rows[rev - 1]["digest"] if rev - 1 in rows else None
        if rev - 1 == self._contents.base.rev:
            before = self._contents.base.digest
        elif before is None and rev - 1 in self._contents.checkpoints:
            before = self._contents.checkpoints[rev - 1].digest
        return before is None or chained(before, row) == row["digest"]

    def _take(self, entry: Entry) -> bool:
        try:
            change = entry.whole(value_in(self._done.graph))
            applied = apply(self._done.graph, change.ops, rev=change.rev)
            if self._filled:
                # What was before it may be another value than it was made from.
                self._fits(entry, applied.graph)
                change = change.model_copy(update={"inverse": applied.inverse})
        except NexusError:
            return False
        self._done.graph = applied.graph
        self._done.changes.append(change)
        self._rev, self._ts = change.rev, max(self._ts + 1, change.ts)
        return True

    def _fits(self, entry: Entry, after: Graph) -> None:
        """Make sure that taking an entry's differences back leads to the values that there are now."""
        edited = {(op.id, name) for op in entry.ops if isinstance(op, EditOp) for name in op.edits}
        before = value_in(self._done.graph)
        for op in entry.undo(after) if edited else ():
            if not isinstance(op, SetOp):
                continue
            for name, value in op.attrs.items():
                if (op.id, name) in edited and value != before(op.id, name):
                    raise PatchError("The difference was made from another value.")

    def _cross(self, rev: int, target: int) -> None:
        """Come from before a fault to a checkpoint beyond it, keeping as many rows between as can be undone."""
        after, kept = self._snapshots[target], list[Entry]()
        graph = after
        for number in range(target, rev, -1):
            entry = self._readable(number)
            if entry is None or not self._is_chained(number):
                break
            try:
                graph = apply(graph, entry.undo(graph), rev=number).graph
            except NexusError:
                break
            kept.insert(0, entry)
        before, count = self._done.graph, len(self._done.changes)
        until = target - len(kept)
        self._fill(bridge(before, graph), rev, until)
        if not all(self._take(entry) for entry in kept) or not same(self._done.graph, after):
            del self._done.changes[count:]
            self._done.graph, until = before, target
            self._fill(bridge(before, after), rev, target)
        self._set_aside(range(rev, until + 1))
        self._done.told.append(
            f"Rev {ranges(list(range(rev, until + 1)))} could not be read as written; what it changed was restored, "
            f"as a change of the system, from the checkpoint of rev {target}."
        )

    def _fill(self, ops: Sequence[Op], first: int, last: int) -> None:
        """Put a change of the system in the place of lost ones, and changes of nothing in the places of the rest."""
        self._filled = True
        for rev in range(first, last + 1):
            self._ts += 1
            applied = apply(self._done.graph, ops if rev == first else [], rev=rev)
            self._done.graph = applied.graph
            self._done.changes.append(
                Change(
                    workspace=self._workspace,
                    rev=rev,
                    ts=self._ts,
                    actor=SYSTEM,
                    cause=Cause(kind="revert", via="system", ref="repair"),
                    panel=None,
                    ops=applied.ops,
                    inverse=applied.inverse,
                )
            )
        self._rev = last

    def _set_aside(self, revs: Sequence[int]) -> None:
        self._done.aside += [self._contents.rows[rev] for rev in revs if rev in self._contents.rows]


def _sound(contents: Contents) -> dict[int, Graph]:
    """Return the graphs of the checkpoints that are undamaged and belong to the journal, as far as that can be told."""
    found: dict[int, Graph] = {}
    for rev, checkpoint in contents.checkpoints.items():
        row = contents.rows.get(rev)
        if rev < contents.base.rev or (row is not None and row["digest"] != checkpoint.digest):
            continue
        try:
            graph = load(checkpoint.body)
            dump(graph)  # relations to entities that are not there would show now
        except StorageError:
            continue
        found[rev] = graph
    return found
