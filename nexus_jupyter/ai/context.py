"""What a model is shown of a workspace for one request: the most telling parts first, as much as fits.

Pure: a graph, the tables of the language and a few readers go in, and the parts come out with what each costs and why
it is there, those that did not fit included, so that a person can see what the model saw.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nexus_jupyter.ai import prompts
from nexus_jupyter.ai.focus import likely_panel, panel_words, words
from nexus_jupyter.ai.quotation import fenced, quoted
from nexus_jupyter.nog import Graph, neighbourhood, own_attr
from nexus_jupyter.privacy import private_name, private_value, redacted
from nexus_jupyter.protocol.ai import Context, ContextPart
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Entity, Relation

__all__ = ["ContextBuilder", "ContextOptions", "Focus"]

#: Shares of the budget that a part may take at most, so that no part crowds out all others.
_PANEL, _COMPONENTS, _NEIGHBOURS, _FRAMES, _STATE, _RECENT = 0.6, 0.35, 0.12, 0.2, 0.1, 0.08
#: Entities around the panel that are looked at, and characters of one of their attributes.
_AROUND, _ATTRIBUTE = 120, 80
#: Relations that lead to what matters: by authors and capabilities, everything would be near everything.
_TELLING: tuple[Relation, ...] = (
    "contains",
    "reads",
    "writes",
    "triggers",
    "binds",
    "shows",
    "derivedFrom",
    "links",
    "instanceOf",
)
#: Components that are always told of, when not all are.
_BASIC = ("column", "row", "grid", "card", "text", "heading", "metric", "button", "input", "number", "select", "table")
_BASIC_TOO = ("chart", "slider", "toggle", "list", "item", "note")
Row = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ContextOptions:
    """What models are shown.

    Attributes
    ----------
    samples
        Rows of each frame, 0 for none at all: a model then sees the names and types of columns only.
    private
        Columns and states that are private beside those that look it, as ``NAME`` or ``FRAME.NAME``.
    """

    samples: int = 3
    private: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Focus:
    """What a request is about: a panel or none, a new panel's name or none, and frames that were named."""

    panel: str | None = None
    create: str | None = None
    frames: Sequence[str] = ()
    why: str = "it was chosen"


@dataclass
class _Budget:
    count: Callable[[str], int]
    total: int
    left: int
    parts: list[ContextPart] = field(default_factory=list)

    def add(self, name: str, text: str, reason: str, *, most: int | None = None, needed: bool = False) -> bool:
        """Take a part in if it fits; else note it as left out."""
        if not text:
            return False
        tokens = self.count(text)
        fits = needed or (tokens <= self.left and (most is None or tokens <= most))
        why = reason if fits else f"{reason}; left out, for it takes {tokens} tokens and {self._room(most)} were left"
        self.parts.append(ContextPart(name=name, tokens=tokens, reason=why, text=text, included=fits))
        if fits:
            self.left -= tokens
        return fits

    def _room(self, most: int | None) -> int:
        return max(0, self.left if most is None else min(self.left, most))


class ContextBuilder:
    """Chooses what a model is shown.

    Parameters
    ----------
    graph
        The workspace's graph.
    language
        The tables that the checker uses.
    count
        How many tokens a text takes.
    text_of
        A panel's canonical text, with all ids.
    sample
        The first rows of a frame; none when there is no such frame.
    recent
        What happened to a panel lately, in sentences, oldest first.
    newest
        The rev of each panel's newest change.
    user
        The id of the person who asks: of states that each person has for themselves, theirs are shown.
    options
        What may be shown.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        language: Mapping[str, Any],  # Any: tables of the language
        count: Callable[[str], int],
        text_of: Callable[[str], str],
        sample: Callable[[str, int], list[Row]] = lambda _name, _most: [],
        recent: Callable[[str], Sequence[str]] = lambda _panel: (),
        newest: Mapping[str, int] | None = None,
        user: str = "",
        options: ContextOptions | None = None,
    ) -> None:
        self._graph = graph
        self._language = language
        self._count = count
        self._text_of = text_of
        self._sample = sample
        self._recent = recent
        self._newest = newest or {}
        self._user = user
        self._options = options or ContextOptions()

    def focus(self, text: str) -> Focus:
        """Return what a wish is about, when nobody has said so."""
        panel, why = likely_panel(self._graph, text, self._newest)
        return Focus(panel=panel, why=why)

    def for_request(self, text: str, focus: Focus, budget: int) -> Context:
        """Return what a model is shown for a request.

        Parameters
        ----------
        text
            The request, in a person's words.
        focus
            What it is about.
        budget
            Tokens that all parts may take together. What cannot be left out, the language, the form of the answer and
            the request, is there even if it alone takes more.
        """
        request = self._request(text, focus)
        room = _Budget(self._count, budget, budget - self._count(request))
        room.add("system: language", prompts.core(self._language), "what NXML is", needed=True)
        room.add("system: answer", prompts.ANSWER, "the form that an answer must have", needed=True)
        self._add_panel(room, text, focus)
        self._add_components(room, focus)
        room.add("system: functions", prompts.functions(self._language), "what expressions may call")
        self._add_frames(room, focus)
        self._add_state(room, focus)
        self._add_neighbours(room, focus)
        self._add_recent(room, focus)
        room.add("system: findings", prompts.diagnostics(self._language), "what the checker refuses")
        parts = sorted(room.parts, key=lambda part: not part.name.startswith(prompts.SYSTEM))
        parts.append(ContextPart(name="request", tokens=self._count(request), reason="what is asked for", text=request))
        used = sum(part.tokens for part in parts if part.included)
        return Context(budget=budget, tokens=used, parts=parts)

    # Parts

    @staticmethod
    def _request(text: str, focus: Focus) -> str:
        if focus.create is not None:
            return f'Make a new panel with the id "{focus.create}". The request: {text}'
        if focus.panel is None:
            return f"Make a new panel. The request: {text}"
        return f"Change the panel '{focus.panel}'. The request: {text}"

    def _add_panel(self, room: _Budget, text: str, focus: Focus) -> None:
        if focus.panel is None:
            return
        most = int(room.total * _PANEL)
        whole = fenced(f"panel {focus.panel}", self._text_of(focus.panel))
        if room.add(f"panel {focus.panel}", whole, focus.why, most=most):
            return
        outline, shown, of = self._outline(text, focus.panel, min(room.left, most))
        reason = (
            f"the panel is too long to be shown whole: the {shown} of its {of} parts that are nearest to the request"
        )
        room.add(f"outline of {focus.panel}", outline, reason, needed=shown > 0)

    def _outline(self, text: str, panel: str, most: int) -> tuple[str, int, int]:
        """Return the parts of a panel that the words of a request lead to, one a line."""
        own = [entity for entity in self._graph.subtree(panel) if entity.type not in {"Column", "Conflict"}]
        ids = {entity.id for entity in own}
        wished = set(words(text))
        seeds = [entity.id for entity in own if entity.id != panel and wished & panel_words_of(self._graph, entity)]
        start = seeds[:50] or [panel]
        found = neighbourhood(
            self._graph,
            start,
            max(1, most - 60),
            cost=lambda entity: self._count(self._line(panel, entity)) + 1 if entity.id in ids else 0,
        )
        chosen = {entity.id for entity in found.entities} & ids
        lines = [self._line(panel, entity) for entity in own if entity.id in chosen]
        return fenced(f"parts of panel {panel}", "\n".join(lines)), len(lines), len(own)

    def _line(self, panel: str, entity: Entity) -> str:
        """Return an entity as a tag on one line, cut where it is long."""
        attrs = " ".join(
            f"{key.removeprefix('attr:')}={quoted(str(value), _ATTRIBUTE)}"
            for key, value in entity.attrs.items()
            if key.startswith("attr:")
        )
        text = entity.attrs.get("text")
        body = f" {quoted(str(text), 4 * _ATTRIBUTE)}" if text else ""
        inside = (entity.parent or "").removeprefix(f"{panel}/")
        return (
            f"<{entity.attrs.get('tag', 'panel')} id={entity.id.removeprefix(f'{panel}/')} {attrs}> in {inside}{body}"
        )

    def _add_components(self, room: _Budget, focus: Focus) -> None:
        most = int(room.total * _COMPONENTS)
        for brief in (False, True):
            text = prompts.components(self._language, brief=brief)
            if self._count(text) <= min(room.left, most):
                room.add("system: components", text, "all components" + (", in brief" if brief else ""))
                return
        used = self._used(focus)
        text = prompts.components(self._language, [*_BASIC, *_BASIC_TOO, *sorted(used)], brief=True)
        reason = "the most common components and those of the panel, in brief: there is no room for all"
        room.add("system: components", text, reason)

    def _used(self, focus: Focus) -> set[str]:
        if focus.panel is None:
            return set()
        return {str(entity.attrs.get("tag")) for entity in self._graph.subtree(focus.panel)}

    def _add_frames(self, room: _Budget, focus: Focus) -> None:
        named = self._frames(focus)
        for name in named:
            entity_id = f"frame:{name}"
            if entity_id not in self._graph:
                continue
            described = self._frame(name, self._graph.entity(entity_id))
            reason = "a frame that was named" if name in focus.frames else "a frame that the panel may show"
            room.add(
                f"frame {name}", fenced(f"frame {quoted(name, 60)}", described), reason, most=int(room.total * _FRAMES)
            )
        others = [one.attrs.get("name") for one in self._graph.of_type("Frame") if one.id.startswith("frame:")]
        left = [quoted(str(one), 60) for one in others if one is not None and one not in named]
        if left:
            room.add("frames", fenced("names of further frames", ", ".join(left[:100])), "frames that are bound")

    def _frames(self, focus: Focus) -> list[str]:
        """Return the frames that were named and those of the panel; for a new panel, all up to a few."""
        bound = [str(one.attrs.get("name")) for one in self._graph.of_type("Frame") if one.id.startswith("frame:")]
        found = list(focus.frames)
        if focus.panel is not None and focus.create is None:
            ends = {
                edge.target
                for entity in self._graph.subtree(focus.panel)
                for edge in self._graph.edges_of(entity.id)
                if edge.source == entity.id
            }
            found += [name for name in bound if f"frame:{name}" in ends]
        elif not found:
            found = bound[:5]
        return list(dict.fromkeys(found))

    def _frame(self, name: str, entity: Entity) -> str:
        columns = entity.attrs.get("columns")
        schema = [one for one in columns if isinstance(one, dict)] if isinstance(columns, list) else []
        private = self._options.private | {one.removeprefix(f"{name}.") for one in self._options.private}
        rows = self._sample(name, self._options.samples) if self._options.samples > 0 else []
        marked = {str(one["name"]) for one in schema if one.get("pii") is True}
        named = dict.fromkeys([*(str(one["name"]) for one in schema), *(key for row in rows for key in row)])
        hidden = {
            column
            for column in named
            if column in marked or private_name(column, private) or any(private_value(row.get(column)) for row in rows)
        }
        told = [
            f"{quoted(str(one['name']), 80)}: {one.get('type')}{' (private)' if str(one['name']) in hidden else ''}"
            for one in schema
        ]
        lines = [f"from=kernel:{name}, {entity.attrs.get('rows')} rows", "columns: " + ", ".join(told)]
        for row in rows[: self._options.samples]:
            shown = {key: _short(value) for key, value in row.items() if key not in hidden}
            lines.append("row: " + json.dumps(shown, ensure_ascii=False, default=str))
        return "\n".join(lines)

    def _add_state(self, room: _Budget, focus: Focus) -> None:
        if focus.panel is None or f"{focus.panel}/data" not in self._graph:
            return
        lines = []
        for entity in self._graph.children(f"{focus.panel}/data"):
            if entity.type != "State":
                continue
            name = entity.id.removeprefix(f"{focus.panel}/state.")
            value = entity.attrs.get(own_attr(self._user), entity.attrs.get("value"))
            hidden = private_name(name, self._options.private) or private_value(value)
            lines.append(f"{name} = {'(private)' if hidden else _value(value)}")
        if lines:
            text = fenced("values of states now", "\n".join(lines))
            room.add("state", text, "what the panel holds now", most=int(room.total * _STATE))

    def _add_neighbours(self, room: _Budget, focus: Focus) -> None:
        if focus.panel is None:
            return
        own = {entity.id for entity in self._graph.subtree(focus.panel)}
        found = neighbourhood(
            self._graph,
            [focus.panel],
            _AROUND,
            relations=_TELLING,
            cost=lambda entity: 0 if entity.id in own else 1,
        ).entities
        most = min(int(room.total * _NEIGHBOURS), room.left)
        lines: list[str] = []
        taken = 0
        others = [one for one in found if one.id not in own and one.type not in {"User", "Grant", "Prompt", "Conflict"}]
        for entity in others:
            line = f"{entity.type} {quoted(entity.id, 120)}{self._told(entity)}"
            taken += self._count(line) + 1
            if taken > most:
                break
            lines.append(line)
        if lines:
            left = len(others) - len(lines)
            reason = "what is nearest to the panel in the graph" + (f"; {left} more were left out" if left else "")
            room.add("neighbours", fenced("what is around the panel", "\n".join(lines)), reason)

    @staticmethod
    def _told(entity: Entity) -> str:
        shown = [
            f" {key.removeprefix('attr:')}={quoted(redacted(value), _ATTRIBUTE)}"
            for key, value in entity.attrs.items()
            if isinstance(value, str) and (key == "title" or key.startswith("attr:")) and not private_name(key)
        ]
        return "".join(shown[:5])

    def _add_recent(self, room: _Budget, focus: Focus) -> None:
        if focus.panel is None:
            return
        said = [quoted(one) for one in self._recent(focus.panel)]
        if said:
            text = fenced("what happened lately", "\n".join(said))
            room.add("recent", text, "the newest changes of the panel", most=int(room.total * _RECENT))


def panel_words_of(graph: Graph, entity: Entity) -> set[str]:
    """Return the words of one entity and its attributes."""
    texts = [entity.id.rpartition("/")[2]]
    texts += [value for key, value in entity.attrs.items() if isinstance(value, str) and key not in {"nxml", "tag"}]
    return set(words(" ".join(texts))) | (set(panel_words(graph, entity.id)) if entity.type == "Panel" else set())


def _short(value: JsonValue) -> JsonValue:
    return f"{value[:60]}…" if isinstance(value, str) and len(value) > 60 else value  # noqa: PLR2004


def _value(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 2 * _ATTRIBUTE else f"{text[: 2 * _ATTRIBUTE]}… ({len(text)} characters)"
