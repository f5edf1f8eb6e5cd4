"""Panels as one HTML file that lives on by itself: pictures, rows, code and engine in it, and nothing asked for."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import pyarrow as pa

from nexus_jupyter.assets import LAZY, inline_json, inline_script, packed
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError, NotFoundError
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.sandbox import Program

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["export_html"]

#: Rows of one frame that a page may carry.
_ROWS = 50_000
#: A page may run its own code and the engine's, show the pictures that lie in it, and ask nothing of anybody.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; connect-src blob: data:; base-uri 'none'; "
    "form-action 'none'"
)
_STYLE = "body{margin:0 auto;padding:16px;max-width:1200px;font-family:system-ui,sans-serif}"


def export_html(kernel: WorkspaceKernel, names: Sequence[str], user: str, *, title: str | None = None) -> str:
    """Return panels as they are now as one self-contained HTML page.

    The page shows the same HTML that a saved notebook has, and brings it to life: states, queries and handlers work in
    the reader's browser, on the rows of this moment. What a handler asks of its host is denied.

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

    Raises
    ------
    NotFoundError
        If there is no panel of a name.
    FrameError
        If a panel reads a frame of more rows than a page may carry.
    """
    names = names or kernel.panels()
    if not names:
        raise NotFoundError("There are no panels to export.", hint="Make one with ws.panel(name, nxml).")
    panels: dict[str, JsonValue] = {}
    frames: dict[str, JsonValue] = {}
    drawn: list[str] = []
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
                frames[frame.source] = _rows(kernel, build, frame.name)
        drawn.append(kernel.html(name, user).replace("nx-picture", "nx-live", 1))
        tags |= set(re.findall(r"<([a-z]+)", view.nxml))
    code = ["worker.js", "engine.wasm", "sandbox.js", *(file for tag, file in LAZY.items() if tag in tags)]
    payload = {"panels": panels, "frames": frames, "code": {name: packed(name) for name in code}}
    heading = title or ", ".join(kernel.panel(name).title for name in names)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head>'
        f"<body><main>{''.join(drawn)}</main>"
        f'<script type="application/json" id="nexus-payload">{inline_json(payload)}</script>'
        f'<script type="module">{inline_script("page.js")}</script></body></html>\n'
    )


def _rows(kernel: WorkspaceKernel, build: Build, frame: str) -> str:
    """Return a frame's rows as an Arrow stream in base64; empty when it has none yet."""
    try:
        page = kernel.frames.page(build, frame, {}, limit=_ROWS)
    except FrameError:
        return _encoded(pa.table({}))
    if page.total > _ROWS:
        raise FrameError(
            f"The frame '{frame}' of the panel '{build.id}' has {page.total} rows; a page carries {_ROWS} at most.",
            hint="Aggregate it in the notebook, and let the panel read the smaller table.",
        )
    return _encoded(page.table)


def _encoded(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return base64.b64encode(bytes(sink.getvalue())).decode()
