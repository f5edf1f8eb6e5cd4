"""Faults that are planted into a process for the attacker to find: each takes one wall of the product away.

The server's configuration file puts one when ``ATTACK_PLANT`` names it, and so does the process that opens folders.
Nothing of this is in the product.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

__all__ = ["PLANTS"]


def stream_right() -> None:
    """The right of one type of frame is not looked at."""
    from nexus_jupyter.protocol.rights import ALL_RIGHTS
    from nexus_jupyter.workspace import StreamSession

    handle = StreamSession.handle
    StreamSession.handle = lambda self, frame, rights: handle(
        self, frame, ALL_RIGHTS if frame.type == "set" else rights
    )  # type: ignore[method-assign]


def rest_right() -> None:
    """The right of one route is not looked at."""
    from nexus_jupyter.protocol.errors import NexusError
    from nexus_jupyter.protocol.problem import Problem
    from nexus_jupyter.server.panels import DraftHandler

    inner: Any = vars(DraftHandler)["post"].__wrapped__

    async def post(self: Any, name: str) -> None:
        try:
            await inner.__wrapped__(self, name)
        except NexusError as error:
            self.problem(Problem.of(error))

    DraftHandler.post = post  # type: ignore[method-assign, assignment]


def mcp_right() -> None:
    """Tools of the workspace do not look at the rights of who calls them."""
    from nexus_jupyter.mcp.caller import Caller

    Caller.need = lambda _self, _request: None  # type: ignore[method-assign]


def files_path() -> None:
    """Files are read by whatever path a handler gives."""
    from nexus_jupyter.sandbox import files

    files._parts = lambda args, **_how: [str(args.get("path"))]  # type: ignore[assignment]
    files.Files._read = lambda self, parts, _limit: self.root.joinpath(*parts).read_bytes()  # type: ignore[method-assign]


def sql_session() -> None:
    """SQL of people is neither looked at nor answered by a session that only reads."""
    from nexus_jupyter.trilog import store

    start = store.start

    def started(_module: str, *args: str, confinement: Any, **how: Any) -> Any:
        wider = replace(confinement, read=(*confinement.read, str(Path(__file__).parent.parent.parent)))
        return start("tests.attacker.plants", *args, confinement=wider, **how)

    store.start = started


def main() -> None:
    """Be the history's process, without those walls."""
    from nexus_jupyter.trilog import database, process, reading

    reading.checked = lambda _database, sql, _tables: sql  # type: ignore[assignment]
    database._READS_ONLY = {}  # type: ignore[misc]
    process.main()


def adopted() -> None:
    """A private folder that another account made is taken for one's own."""
    from nexus_jupyter.workspace import folder
    from nexus_jupyter.workspace.identity import read_identity

    folder._own = lambda private, _account: read_identity(private, None)


def links() -> None:
    """Private files are written through links."""
    from contextlib import contextmanager

    from nexus_jupyter.storage import private

    @contextmanager
    def writing(file: Path) -> Any:
        with file.open("wb") as out:
            yield out

    private.writing = writing


def arrow_inside() -> None:
    """Arrow streams are decoded in the server, and their values are not looked at."""
    import pyarrow as pa

    from nexus_jupyter.arrow import ArrowDecoder

    ArrowDecoder.decode = lambda _self, stream: pa.ipc.open_stream(stream).read_all()  # type: ignore[method-assign]


def raises() -> None:
    """A handler raises what nobody expects."""
    from nexus_jupyter.server import versions

    def version_info(_version: Any) -> Any:
        raise IndexError("list index out of range")

    versions.version_info = version_info


def blocks() -> None:
    """A handler waits in the event loop."""
    from nexus_jupyter.workspace import WorkspaceKernel

    panels = WorkspaceKernel.panels

    def slow(self: Any) -> list[str]:
        time.sleep(0.3)
        return panels(self)

    WorkspaceKernel.panels = slow  # type: ignore[method-assign]


def leaks() -> None:
    """Each frame of a stream leaves something behind."""
    from nexus_jupyter.workspace import StreamSession

    read, kept = StreamSession.read, []

    def leaking(self: Any, message: Any) -> Any:
        kept.append(b"x" * (4 << 20))
        return read(self, message)

    StreamSession.read = leaking  # type: ignore[method-assign]


def starts_program() -> None:
    """A message starts a program."""
    from nexus_jupyter.workspace import WorkspaceKernel

    undo = WorkspaceKernel.undo

    def started(self: Any, *args: Any, **how: Any) -> Any:
        subprocess.run(["/bin/true"], check=False)
        return undo(self, *args, **how)

    WorkspaceKernel.undo = started  # type: ignore[method-assign]


def dials() -> None:
    """Panels reach addresses that are not public."""
    from nexus_jupyter.sandbox import network

    network._is_public = lambda _address: True


def unbound() -> None:
    """A grant holds for whatever code the panel has."""
    from nexus_jupyter.workspace.permissions import Permissions

    Permissions.active = lambda self, panel: self.store.active(panel)  # type: ignore[method-assign]
    Permissions.valid = lambda self, grant: self.store.valid(grant)  # type: ignore[method-assign]


def unmasked() -> None:
    """Readers are told the addresses of webhooks."""
    from nexus_jupyter.protocol.alerts import AlertState

    AlertState.masked = lambda self: self  # type: ignore[method-assign]


def calls_out() -> None:
    """A message makes the server call somebody."""
    from nexus_jupyter.reactor import Reactor

    check = Reactor.format

    def calling(self: Any, text: str) -> str:
        with socket.socket(socket.AF_INET) as connection:
            connection.settimeout(1)
            connection.connect_ex(("127.0.0.1", 9))
        return check(self, text)

    Reactor.format = calling  # type: ignore[method-assign]


#: The faults by name.
PLANTS: dict[str, Callable[[], None]] = {
    "stream-right": stream_right,
    "rest-right": rest_right,
    "mcp-right": mcp_right,
    "files-path": files_path,
    "sql-session": sql_session,
    "adopted": adopted,
    "links": links,
    "arrow-inside": arrow_inside,
    "raises": raises,
    "blocks": blocks,
    "leaks": leaks,
    "starts-program": starts_program,
    "dials": dials,
    "unbound": unbound,
    "unmasked": unmasked,
    "calls-out": calls_out,
}
