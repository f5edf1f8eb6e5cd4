"""What the reactor works out from a panel's states and rows: pictures in HTML, and values of expressions.

The reactor asks for the rows and numbers that it lacks, frames answer, and it goes on, until nothing is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from nexus_jupyter.frames import FrameStore
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.pages import AggregateRequest
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.reactor import MissingAggregate, MissingPage, Part, Reactor, Rendered, Worked

__all__ = ["Renderer"]

#: What is asked for may depend on what came before; a panel settles in two rounds, this is a limit.
_ROUNDS = 4
R = TypeVar("R", Rendered, Worked)
Inputs = dict[str, JsonValue]
#: Gives a picture below files/ as an address that needs nothing, or ``None``.
Pictures = Callable[[str], str | None]


def _no_picture(_path: str) -> str | None:
    return None


class Renderer:
    """Draws panels and works out their expressions.

    Parameters
    ----------
    reactor, frames
        Those of the workspace.
    pictures
        Begins a drawing; returns what gives its pictures of the workspace's files as addresses that need nothing.
    """

    def __init__(
        self, reactor: Reactor, frames: FrameStore, pictures: Callable[[], Pictures] = lambda: _no_picture
    ) -> None:
        self._reactor = reactor
        self._frames = frames
        self._pictures = pictures

    def html(self, nxml: str, state: Inputs) -> str:
        """Return a panel as self-contained HTML; ``state`` has the values of its links too."""
        return self.drawn(nxml, state)[0]

    def drawn(self, nxml: str, state: Inputs) -> tuple[str, dict[str, str]]:
        """Return a panel as `html` does, and the pictures of the workspace's files in it by path."""
        pictures = self._pictures()
        files: dict[str, str | None] = {}

        def attempt(inputs: Inputs) -> Rendered:
            made = self._reactor.render(nxml, {**inputs, "files": dict(files)})
            if not made.missing.files:
                return made
            files.update((path, pictures(path)) for path in made.missing.files)
            return self._reactor.render(nxml, {**inputs, "files": dict(files)})

        html = self._settled(nxml, state, attempt).html
        return html, {path: found for path, found in files.items() if found is not None}

    def values(self, nxml: str, part: Part, state: Inputs) -> dict[str, JsonValue]:
        """Return the values of the expressions in a part of a panel, by name.

        Raises
        ------
        FrameError
            If one of them needs more rows at a time than an expression may read.
        """
        worked = self.worked(nxml, part, state)
        for name, problem in worked.problems.items():
            raise FrameError(f"'{name}' cannot be worked out. {problem}")
        return worked.values

    def worked(self, nxml: str, part: Part, state: Inputs) -> Worked:
        """Return the values of the expressions in a part of a panel, and why those that are null have no value."""
        return self._settled(nxml, state, lambda inputs: self._reactor.work(nxml, part, inputs))

    def _settled(self, nxml: str, state: Inputs, attempt: Callable[[Inputs], R]) -> R:
        build = self._reactor.check(nxml)
        pages: list[JsonValue] = []
        aggregates: list[JsonValue] = []
        made = attempt({"state": state, "pages": pages, "aggregates": aggregates})
        for _ in range(_ROUNDS):
            missing = made.missing
            if not missing.pages and not missing.aggregates:
                break
            pages += [self._page(build, state, wanted) for wanted in missing.pages]
            aggregates += [self._aggregate(build, state, wanted) for wanted in missing.aggregates]
            made = attempt({"state": state, "pages": pages, "aggregates": aggregates})
        return made

    def _page(self, build: Build, state: Inputs, wanted: MissingPage) -> JsonValue:
        asked = wanted.model_dump(mode="json")
        try:
            page = self._frames.page(
                build,
                wanted.query,
                state,
                offset=wanted.offset,
                limit=wanted.limit,
                order=wanted.order,
                marks=wanted.marks,
            )
        except FrameError as error:
            # A picture of a panel whose data is not there yet shows the components' empty states, which say why.
            why = f"{error.message} {error.hint}".strip()
            return {**asked, "rows": [], "total": 0, "columns": [], "drawn": None, "absent": why}
        return {
            **asked,
            "rows": page.rows(),
            "total": page.total,
            "columns": [{"name": column.name, "type": column.type, "zone": column.zone} for column in page.columns()],
            "drawn": None if page.marks is None else page.marks.model_dump(mode="json"),
        }

    def _aggregate(self, build: Build, state: Inputs, wanted: MissingAggregate) -> JsonValue:
        request = AggregateRequest(fn=wanted.fn, column=wanted.column)
        value: JsonValue = None
        with suppress(FrameError):  # shown as missing, as above
            value = self._frames.page(build, wanted.query, state, limit=0, aggregates=[request]).aggregates[0]
        return {**wanted.model_dump(mode="json"), "value": value}
