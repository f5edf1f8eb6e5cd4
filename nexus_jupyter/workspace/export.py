"""Panels as one HTML file that lives on by itself: pictures, rows, code and engine in it, and nothing asked for."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyarrow as pa

from nexus_jupyter.assets import LAZY, inline_json, inline_script, packed
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError, NotFoundError
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.sandbox import Program

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["ExportedPage", "export_html"]

#: Rows of one frame that a page may carry.
_ROWS = 50_000
#: A page may run its own code and the engine's, show the pictures that lie in it, and ask nothing of anybody.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; connect-src blob: data:; base-uri 'none'; "
    "form-action 'none'"
)
_STYLE = (
    "body{margin:0 auto;padding:16px;max-width:1200px;font-family:system-ui,sans-serif}"
    "h1{font-size:20px;font-weight:600;margin:0 0 12px}.nx-export-notes{font-size:13px;color:#616161}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}.nx-export-notes{color:#aaa}a{color:#90caf9}}"
)


@dataclass(frozen=True, slots=True)
class ExportedPage:
    """A page, and what of the workspace's rows it does not have.

    Attributes
    ----------
    html
        The page.
    cut
        The names of the bound frames of which it has a part.
    """

    html: str
    cut: list[str]


def export_html(
    kernel: WorkspaceKernel, names: Sequence[str], user: str, *, title: str | None = None, beside: str = ""
) -> ExportedPage:
    """Return panels as they are now as one self-contained HTML page.

    The page shows the same HTML that a saved notebook has, and brings it to life: states, queries and handlers work in
    the reader's browser, on the rows of this moment. What a handler asks of its host is denied. Of a frame of more than
    50,000 rows it has the first; the page says so, and what else does not go on in it.

    Parameters
    ----------
    kernel
        The workspace.
    names
        Which panels, in order; all when none is named.
    user
        Whose values of personal states.
    title
        The page's; the panels' titles when left out.
    beside
        The folder beside the page in which all rows of frames that are cut will lie, as ``NAME.parquet``; the page
        links to them.

    Raises
    ------
    NotFoundError
        If there is no panel of a name.
    """
    names = names or kernel.panels()
    if not names:
        raise NotFoundError("There are no panels to export.", hint="Make one with ws.panel(name, nxml).")
    panels: dict[str, JsonValue] = {}
    frames: dict[str, JsonValue] = {}
    pictures: dict[str, JsonValue] = {}
    totals: dict[str, int] = {}
    drawn: list[str] = []
    notes: list[str] = []
    tags: set[str] = set()
    for name in names:
        view = kernel.panel(name, user)
        build = kernel.build(name)
        panels[name] = {
            "nxml": view.nxml,
            "build": build.model_dump(mode="json"),
            "state": view.state,
            "links": kernel.links.values(name, user),
            "files": [[file, source] for file, source in Program.of(name, build.handlers).files],
        }
        for frame in build.frames:
            if frame.source not in frames:
                frames[frame.source], totals[frame.source] = _rows(kernel, build, frame.name)
        html, found = kernel.renderer.drawn(view.nxml, kernel.links.state(name, user))
        pictures.update(found)
        drawn.append(html.replace("nx-picture", "nx-live", 1))
        notes += _resting(build)
        tags |= set(re.findall(r"<([a-z]+)", view.nxml))
    code = ["worker.js", "engine.wasm", "sandbox.js", *(file for tag, file in LAZY.items() if tag in tags)]
    payload = {"panels": panels, "frames": frames, "files": pictures, "code": {name: packed(name) for name in code}}
    heading = title or ", ".join(kernel.panel(name).title for name in names)
    cut = [source for source, total in totals.items() if total > _ROWS]
    notes = [escape(note) for note in notes] + [_cut_note(source, totals[source], beside) for source in cut]
    said = f'<footer class="nx-export-notes"><ul>{"".join(f"<li>{note}</li>" for note in notes)}</ul></footer>'
    html = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(heading)}</h1>{''.join(drawn)}</main>{said if notes else ''}"
        f'<script type="application/json" id="nexus-payload">{inline_json(payload)}</script>'
        f'<script type="module">{inline_script("page.js")}</script></body></html>\n'
    )
    return ExportedPage(html, [name for name in map(_bound, cut) if name is not None])


def _rows(kernel: WorkspaceKernel, build: Build, frame: str) -> tuple[str, int]:
    """Return the first rows of a frame as an Arrow stream in base64, and how many there are; none when it is empty."""
    try:
        page = kernel.frames.page(build, frame, {}, limit=_ROWS)
    except FrameError:
        return _encoded(pa.table({})), 0
    return _encoded(page.table), page.total


def _resting(build: Build) -> Iterator[str]:
    """Yield a sentence for each thing of a panel that does not go on in a page."""
    if build.lifecycle:
        yield f"No server is behind this page: what '{build.id}' does when it is shown or as time passes is not done."
    for frame in build.frames:
        if frame.call is not None:
            yield f"'{frame.name}' of '{build.id}' has the rows of the moment of saving: its function is elsewhere."
    if build.links:
        yield f"What '{build.id}' takes from other panels is as it was at the moment of saving."


def _bound(source: str) -> str | None:
    """Return the name under which a source was bound, where it was."""
    place, _, name = source.partition(":")
    return name if place == "kernel" and "(" not in name else None


def _cut_note(source: str, total: int, beside: str) -> str:
    bound = _bound(source)
    part = f"of which this page has the first {_ROWS:,}; its numbers and charts are of those."
    what = f"{escape(bound or source)} has {total:,} rows, {part}"
    if not beside or bound is None:
        return what
    file = f"{beside}/{bound}.parquet"
    return f'{what} All of them are in <a href="{escape(quote(file))}" download>{escape(file)}</a>.'


def _encoded(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return base64.b64encode(bytes(sink.getvalue())).decode()
