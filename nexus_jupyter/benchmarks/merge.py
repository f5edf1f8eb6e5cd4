"""Concurrent edits of one panel: how many conflicts a merge has, how many of them are true, and what it costs.

Beside it, in the same run: git's merge of the texts' lines, and a CRDT that holds the same panel.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nexus_jupyter.benchmarks.edits import Pair, pairs, true_conflict
from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.engine import Engine
from nexus_jupyter.nog import entities
from nexus_jupyter.nog.merge import Merged
from nexus_jupyter.nog.merge import merge as merge_entities
from nexus_jupyter.nog.version import keyed
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.merging import merge_texts

__all__ = ["Outcome", "merge", "simulate"]

_PAIRS = 400
_SEED = 7


@dataclass(slots=True)
class Outcome:
    """Counts over all pairs, and the times of each merge in milliseconds."""

    pairs: int = 0
    ours: int = 0
    true: int = 0
    asked: int = 0
    wrong: int = 0
    git: int = 0
    git_wrong: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)

    def timed(self, name: str, started: float) -> None:
        """Note how long something took."""
        self.times.setdefault(name, []).append((time.perf_counter() - started) * 1e3)


def simulate(count: int, *, seed: int = _SEED, crdt: bool = False) -> Outcome:
    """Merge random pairs of concurrent edits in all ways, and count."""
    reactor, outcome = Reactor(Engine.shared()), Outcome(pairs=count)
    with tempfile.TemporaryDirectory() as folder:
        for pair in pairs(count, reactor, seed=seed):
            _structural(pair, reactor, outcome)
            _lines(pair, reactor, Path(folder), outcome)
            if crdt:
                _crdt(pair, reactor, outcome)
    return outcome


def _structural(pair: Pair, reactor: Reactor, outcome: Outcome) -> None:
    sides = [_entities(reactor, text) for text in (pair.base, pair.ours.nxml, pair.theirs.nxml)]
    started = time.perf_counter()
    merged: Merged = merge_entities(sides[0], sides[1], sides[2], panel="p")
    outcome.timed("merge of entities", started)
    started = time.perf_counter()
    text, conflicts = merge_texts(reactor, "p", pair.base, pair.ours.nxml, pair.theirs.nxml)
    outcome.timed("merge of texts, checked", started)
    assert [one.entity for one in conflicts] == [one.entity for one in merged.conflicts]
    outcome.ours += bool(conflicts)
    outcome.asked += len(conflicts)
    outcome.true += sum(true_conflict(pair, one) for one in conflicts)
    outcome.wrong += not reactor.check(text).ok


def _entities(reactor: Reactor, text: str) -> dict[str, Entity]:
    return keyed(entities(reactor.check(text)).own)


def _lines(pair: Pair, reactor: Reactor, folder: Path, outcome: Outcome) -> None:
    names = [folder / name for name in ("ours", "base", "theirs")]
    for path, text in zip(names, (pair.ours.nxml, pair.base, pair.theirs.nxml), strict=True):
        path.write_text(text, encoding="utf-8")
    started = time.perf_counter()
    done = subprocess.run(["git", "merge-file", "-p", *map(str, names)], capture_output=True, check=False, text=True)
    outcome.timed("git merge-file", started)
    if done.returncode != 0:
        outcome.git += 1
    else:
        outcome.git_wrong += not reactor.check(done.stdout).ok


def _crdt(pair: Pair, reactor: Reactor, outcome: Outcome) -> None:
    """Merge the same edits in a map of maps; a CRDT has no conflicts: one side's value is dropped without a word."""
    from pycrdt import Doc, Map

    base, ours, theirs = (_entities(reactor, text) for text in (pair.base, pair.ours.nxml, pair.theirs.nxml))
    document: Doc[Map[object]] = Doc()
    root: Map[object] = Map()
    document["p"] = root
    for entity in base.values():
        root[entity.id] = Map({**entity.attrs, "@parent": entity.parent or "", "@order": entity.order})
    state = document.get_update()
    updates = []
    for side in (ours, theirs):
        copy: Doc[Map[object]] = Doc()
        copy.apply_update(state)
        _write(copy.get("p", type=Map), base, side)
        updates.append(copy.get_update())
    merged: Doc[Map[object]] = Doc()
    merged.apply_update(updates[0])
    started = time.perf_counter()
    merged.apply_update(updates[1])
    outcome.timed("pycrdt, apply an update", started)


def _write(root: object, base: dict[str, Entity], side: dict[str, Entity]) -> None:
    from pycrdt import Map

    assert isinstance(root, Map)
    for gone in base.keys() - side.keys():
        del root[gone]
    for entity in side.values():
        own = {**entity.attrs, "@parent": entity.parent or "", "@order": entity.order}
        if entity.id not in base:
            root[entity.id] = Map(own)
        elif entity != base[entity.id]:
            old = {**base[entity.id].attrs, "@parent": base[entity.id].parent or "", "@order": base[entity.id].order}
            for key in own.keys() | old.keys():
                if key not in own:
                    del root[entity.id][key]
                elif own[key] != old.get(key):
                    root[entity.id][key] = own[key]


def merge() -> list[Row]:
    """Count conflicts of 400 random pairs of edits, and time the merges."""
    return list(_rows(simulate(_PAIRS, crdt=True)))


def _rows(outcome: Outcome) -> Iterator[Row]:
    def share(name: str, count: int, of: int, target: str = "", peer: str = "") -> Row:
        percent = 100 * count / of if of else 0.0
        return Row(name, percent, percent, of, peer, target, "%")

    git = "pairs with conflicts, git's lines"
    yield share(git, outcome.git, outcome.pairs)
    yield share("pairs with conflicts, by ids", outcome.ours, outcome.pairs, "8", git)
    yield share("of those questions, true", outcome.true, outcome.asked, "100")
    yield share("merges by ids with errors", outcome.wrong, outcome.pairs, "0")
    yield share("git's clean merges with errors", outcome.git_wrong, outcome.pairs - outcome.git)
    for name, times in outcome.times.items():
        yield summary(name, times, peer="git merge-file" if name != "git merge-file" else "")
