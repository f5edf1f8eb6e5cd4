"""Answers of the object graph, as people look at them in a notebook: as a table, as objects, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from nexus_jupyter.nog.query import Pattern, Predicate
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.query import Explanation, GraphAnswer, GraphQuery, Impact

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EntitiesView", "ExplanationView", "ImpactView", "MatchView"]


class _Table:
    """Something that is shown as a table, with what was cut below it."""

    @property
    def frame(self) -> pd.DataFrame:
        """All rows."""
        raise NotImplementedError

    @property
    def truncated(self) -> str:
        """What was cut by a limit, in a sentence; empty if nothing was."""
        return ""

    def _repr_html_(self) -> str:
        note = f"<p><em>Not all: {escape(self.truncated)}.</em></p>" if self.truncated else ""
        return f"{self.frame.to_html(max_rows=60)}{note}"

    def __repr__(self) -> str:
        note = f"\nNot all: {self.truncated}." if self.truncated else ""
        return f"{self.frame!r}{note}"


class EntitiesView(_Table):
    """Entities: iterate over them, or take ``frame``."""

    def __init__(self, answer: GraphAnswer) -> None:
        self._answer = answer

    @property
    def rev(self) -> int:
        """The rev that it is about."""
        return self._answer.rev

    @property
    def entities(self) -> list[Entity]:
        """The entities, in order."""
        return self._answer.entities

    @property
    def truncated(self) -> str:
        """What was cut by a limit, in a sentence; empty if nothing was."""
        return self._answer.truncated

    @property
    def frame(self) -> pd.DataFrame:
        """The entities: id, type, parent, attrs, and score where they were ranked."""
        import pandas as pd

        rows = [entity.model_dump(include={"id", "type", "parent", "attrs"}) for entity in self.entities]
        table = pd.DataFrame(rows, columns=["id", "type", "parent", "attrs"])
        return table.assign(score=self._answer.scores) if self._answer.scores else table

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    def __len__(self) -> int:
        return len(self.entities)


class MatchView(Pattern, _Table):
    """A query, answered when it is first looked at: iterate over its entities, or take ``frame``."""

    def __init__(
        self,
        ask: Callable[[GraphQuery], GraphAnswer],
        query: GraphQuery,
        predicates: Sequence[tuple[int, Predicate]] = (),
    ) -> None:
        super().__init__(query, predicates)
        if predicates:
            raise RequestError(
                "A query is sent to the workspace as data, so it takes no functions.",
                hint="Compare attributes: .where('label', 'contains', 'Save'), or filter the result in Python.",
            )
        self._ask = ask
        self._answer: EntitiesView | None = None

    @property
    def answer(self) -> EntitiesView:
        """What was found."""
        if self._answer is None:
            self._answer = EntitiesView(self._ask(self.query))
        return self._answer

    @property
    def entities(self) -> list[Entity]:
        """The entities that were found."""
        return self.answer.entities

    @property
    def truncated(self) -> str:
        """What was cut by a limit, in a sentence; empty if nothing was."""
        return self.answer.truncated

    @property
    def frame(self) -> pd.DataFrame:
        """The entities: id, type, parent, attrs."""
        return self.answer.frame

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.answer)

    def __len__(self) -> int:
        return len(self.answer)

    def _next(self, query: GraphQuery, predicates: Sequence[tuple[int, Predicate]]) -> MatchView:
        return MatchView(self._ask, query, predicates)


class ImpactView(_Table):
    """What would be touched if an entity changed or went, nearest first."""

    def __init__(self, impact: Impact) -> None:
        self._impact = impact

    @property
    def ids(self) -> list[str]:
        """Ids of all that would be touched."""
        return [one.entity.id for one in self._impact.touched]

    @property
    def truncated(self) -> str:
        """What was cut by a limit, in a sentence; empty if nothing was."""
        return self._impact.truncated

    @property
    def frame(self) -> pd.DataFrame:
        """What is touched: id, type, distance, and the path there in words."""
        import pandas as pd

        rows = [
            {
                "id": one.entity.id,
                "type": one.entity.type,
                "distance": len(one.path),
                "path": " > ".join([self._impact.id, *(f"{hop.id} ({hop.relation})" for hop in one.path)]),
            }
            for one in self._impact.touched
        ]
        return pd.DataFrame(rows, columns=["id", "type", "distance", "path"])

    def __len__(self) -> int:
        return len(self._impact.touched)


class ExplanationView(_Table):
    """Why an entity is what it is; ``explanation`` has it as objects."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each link of each chain: attrs, step, rev, ts, actor, kind, via, panel, action, text."""
        import pandas as pd

        columns = ["attrs", "step", "rev", "ts", "actor", "kind", "via", "panel", "action", "text"]
        rows = [
            {
                "attrs": ", ".join(cause.attrs),
                "step": step,
                "actor": link.actor.id if link.actor else None,
                **link.model_dump(include={"rev", "ts", "kind", "via", "panel", "action", "text"}),
            }
            for cause in self.explanation.causes
            for step, link in enumerate(cause.chain)
        ]
        table = pd.DataFrame(rows, columns=columns)
        return table.assign(rev=table["rev"].astype("Int64"), ts=pd.to_datetime(table["ts"], utc=True))

    def _repr_html_(self) -> str:
        entity = self.explanation.entity
        parts = [f"<p><strong>{escape(entity.id)}</strong> ({entity.type}) at rev {self.explanation.rev}</p><ul>"]
        for cause in self.explanation.causes:
            parts.append(f"<li><strong>{escape(', '.join(cause.attrs))}</strong><ul>")
            for step, link in enumerate(cause.chain):
                rev = f" <small>rev {link.rev}</small>" if link.rev is not None else ""
                parts.append(f"<li>{'because: ' if step else ''}{escape(link.text)}{rev}</li>")
            parts.append("</ul></li>")
        return "".join([*parts, "</ul>"])
