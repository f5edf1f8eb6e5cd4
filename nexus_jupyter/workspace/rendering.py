"""A panel as static HTML: the reactor draws, frames answer what the drawing asks for."""

from __future__ import annotations

from contextlib import suppress

from nexus_jupyter.frames import FrameStore
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.stream import AggregateRequest
from nexus_jupyter.reactor import MissingAggregate, MissingPage, Reactor
from nexus_jupyter.workspace.panels import PanelView

__all__ = ["static_html"]

#: What a component asks for may depend on what it got before; a panel settles in two rounds, this is a limit.
_ROUNDS = 4


def static_html(reactor: Reactor, frames: FrameStore, view: PanelView) -> str:
    """Return a panel as it is now as self-contained HTML."""
    build = reactor.check(view.nxml)
    pages: list[JsonValue] = []
    aggregates: list[JsonValue] = []
    html = ""
    for _ in range(_ROUNDS):
        inputs: dict[str, JsonValue] = {"state": view.state, "pages": pages, "aggregates": aggregates}
        rendered = reactor.render(view.nxml, inputs)
        html = rendered.html
        missing = rendered.missing
        if not missing.pages and not missing.aggregates:
            break
        pages += [_page(frames, build, view, wanted) for wanted in missing.pages]
        aggregates += [_aggregate(frames, build, view, wanted) for wanted in missing.aggregates]
    return html


def _page(frames: FrameStore, build: Build, view: PanelView, wanted: MissingPage) -> JsonValue:
    asked = wanted.model_dump(mode="json")
    try:
        page = frames.page(
            build, wanted.query, view.state, offset=wanted.offset, limit=wanted.limit, order=wanted.order
        )
    except FrameError:
        # A picture of a panel whose data is not there yet shows the components' empty states.
        return {**asked, "rows": [], "total": 0, "columns": []}
    return {
        **asked,
        "rows": page.rows(),
        "total": page.total,
        "columns": [{"name": column.name, "type": column.type} for column in page.columns()],
    }


def _aggregate(frames: FrameStore, build: Build, view: PanelView, wanted: MissingAggregate) -> JsonValue:
    request = AggregateRequest(fn=wanted.fn, column=wanted.column)
    value: JsonValue = None
    with suppress(FrameError):  # shown as missing, as above
        value = frames.page(build, wanted.query, view.state, limit=0, aggregates=[request]).aggregates[0]
    return {**wanted.model_dump(mode="json"), "value": value}
